"""What each trick that is told of GANs is worth, alone: on a ring of Gaussians and on digits, over seeds. It is no paper's."""

import dataclasses
import math

import gan_repro as gr

RING = gr.tutorials.Dense(
    epochs=100, generator_units=(128, 128), discriminator_units=(128, 128), output="linear", samples_every=100
)
DIGITS = gr.tutorials.Convolutional(epochs=50)
DIGITS_QUICK = gr.tutorials.Convolutional(
    epochs=4, steps_per_epoch=250, generator_channels=(128, 64, 32), discriminator_channels=(32, 64, 128)
)
MARGINS = (
    "Margins and the number below which a run counts as collapsed stand in experiments/tricks.py, and stood there before any "
    "run was looked at."
)

EXPERIMENT = gr.Experiment(
    name="tricks",
    short_name="tricks",
    title="What each trick is worth alone, over seeds",
    reference="no paper: the tricks of Salimans et al. 2016, ganhacks, and others, each played with the tutorials' models",
    models={
        "ring": gr.Model(
            title="MLP on points",
            datasets=("ring8", "grid25", "swissroll"),
            presets={"paper": RING, "quick": dataclasses.replace(RING, epochs=20)},
            phases=gr.tutorials.phases(),
            measures=(gr.measures.ModesCovered(),),
        ),
        "digits": gr.Model(
            title="DCGAN on digits",
            datasets=("mnist", "glyphs", *gr.OWN),
            presets={"paper": DIGITS, "quick": DIGITS_QUICK},
            prepare=lambda recipe: gr.PadToMultiple(math.prod(gr.tutorials.STRIDES)),
            scaling=lambda recipe: gr.Linear(-1.0, 1.0),
            phases=gr.tutorials.phases(),
            measures=(gr.measures.ReadByClassifier(),),
        ),
    },
    effects=(
        gr.Effects(
            "The ring: what each trick does",
            f"Each trick alone, with the tutorials' MLP on a ring of eight Gaussians. {MARGINS}",
            "ring",
            "ring8",
            "quick",
            (gr.Outcome("modes_covered", 0.5), gr.Outcome("good_samples", 5.0), gr.Outcome("wasserstein_distance", 0.05)),
            ("modes_covered", 4),
            changes=20,
        ),
        gr.Effects(
            "MNIST: what each trick does",
            f"Each trick alone, with the tutorials' DCGAN on MNIST, shortened. {MARGINS}",
            "digits",
            "mnist",
            "quick",
            (gr.Outcome("frechet_distance", 0.1, relative=True), gr.Outcome("recall", 5.0), gr.Outcome("precision", 5.0)),
            ("recall", 10),
            changes=21,
        ),
    ),
    **gr.prose(__file__),
)
