"""The convolutional GAN that beginners' tutorials train on digits, and its variant with up-sampling. It is no paper's."""

import dataclasses
import math
import typing

import gan_repro as gr

DCGAN = gr.tutorials.Convolutional(epochs=50)
UPSAMPLING = dataclasses.replace(
    DCGAN, upsampling="upsampling_convolution", one_batch=True, d_dropout=0.4, discriminator_norm="none"
)
_QUICK: dict[str, typing.Any] = {
    "epochs": 8,
    "steps_per_epoch": 250,
    "generator_channels": (128, 64, 32),
    "discriminator_channels": (32, 64, 128),
    "samples_every": 1,
}


def _model(title, paper):
    return gr.Model(
        title=title,
        datasets=("mnist", "glyphs", *gr.OWN),
        presets={"paper": paper, "quick": dataclasses.replace(paper, **_QUICK)},
        prepare=lambda recipe: gr.PadToMultiple(math.prod(gr.tutorials.STRIDES)),
        scaling=lambda recipe: gr.Linear(-1.0, 1.0),
        phases=gr.tutorials.phases(),
        measures=(
            gr.measures.ParzenLogLikelihood(validation_images=1000, validates=False, pixels=True),
            gr.measures.ReadByClassifier(),
        ),
        figures=(gr.figures.Curves(), gr.figures.Samples(), gr.figures.Interpolation()),
    )


EXPERIMENT = gr.Experiment(
    name="tutorial_dcgan",
    short_name="tutorial: DCGAN",
    title="The convolutional GAN of beginners' tutorials, with transposed convolutions or with up-sampling",
    reference="no paper: what tutorials have in common; after Radford et al. 2015, arXiv:1511.06434",
    table="tutorials",
    models={
        "dcgan": _model("Tutorial DCGAN", DCGAN),
        "upsampling": _model("Tutorial DCGAN, up-sampling, dropout, one batch", UPSAMPLING),
    },
    key_figures=(
        gr.KeyFigure("dcgan", "mnist", "samples-last", "Samples of the tutorials' convolutional GAN; many are no digits"),
        gr.KeyFigure("upsampling", "mnist", "samples-last", "Samples of its variant with up-sampling; many are no digits"),
    ),
    beside=(
        gr.Beside(
            "The tutorials' models beside the papers', on MNIST",
            "What the models that a beginner meets reach beside those that papers published. Each is trained by its own recipe "
            "for as long as the row says; log-likelihoods reward smooth samples, so the Fréchet distance and the recall stand "
            "beside them.",
            "mnist",
            (
                ("tutorial, MLP", "tutorial_mlp", "mlp"),
                ("tutorial, DCGAN", "tutorial_dcgan", "dcgan"),
                ("tutorial, up-sampling", "tutorial_dcgan", "upsampling"),
                ("Goodfellow et al. 2014", "goodfellow2014", "mnist"),
                ("CGAN", "cgan", "mlp"),
                ("DCGAN, conditional", "dcgan", "mnist"),
                ("WGAN-GP", "wgan_gp", "digits"),
                ("ACGAN", "acgan", "digits"),
            ),
            ("parzen_log_likelihood", "frechet_distance", "precision", "recall", "class_kl"),
        ),
    ),
    **gr.prose(__file__),
)
