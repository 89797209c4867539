"""The dense GAN that beginners' tutorials train first, on digits. It is no paper's."""

import dataclasses

import gan_repro as gr

DIGITS = gr.tutorials.Dense(epochs=100)

EXPERIMENT = gr.Experiment(
    name="tutorial_mlp",
    short_name="tutorial: MLP",
    title="The dense GAN of beginners' tutorials",
    reference="no paper: what tutorials have in common; after Goodfellow et al. 2014, arXiv:1406.2661",
    table="tutorials",
    models={
        "mlp": gr.Model(
            title="Tutorial MLP",
            datasets=("mnist", "glyphs", *gr.OWN),
            presets={"paper": DIGITS, "quick": dataclasses.replace(DIGITS, epochs=20)},
            phases=gr.tutorials.phases(),
            measures=(
                gr.measures.ParzenLogLikelihood(validation_images=1000, validates=False),
                gr.measures.ReadByClassifier(),
            ),
            figures=(gr.figures.Curves(), gr.figures.Samples(), gr.figures.Interpolation()),
        ),
    },
    key_figures=(gr.KeyFigure("mlp", "mnist", "samples-last", "Samples of the tutorials' dense GAN; many are ones"),),
    **gr.prose(__file__),
)
