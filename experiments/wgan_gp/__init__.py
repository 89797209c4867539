"""Gulrajani et al. 2017, "Improved Training of Wasserstein GANs": a penalty on the critic's gradient in place of clipping."""

import dataclasses
from typing import Any

import gan_repro as gr
from experiments.wgan_gp import networks

# 200,000 updates of G, n_critic minibatches for each, as the scripts: an epoch of MNIST are 1,000 minibatches of 50.
DIGITS = networks.Images(epochs=1000, samples_every=20)
DIGITS_QUICK = dataclasses.replace(
    DIGITS, epochs=20, steps_per_epoch=250, channels=(16, 32, 64), learning_rate=5e-4, samples_every=2
)
# gan_cifar.py; 625 minibatches of 64 are all 40,000 images that are not for validation, and an epoch of larger sets.
CIFAR10 = networks.Images(
    epochs=1600, steps_per_epoch=625, batch_size=64, channels=(128, 256, 512), generator_norm=True, samples_every=20
)
CIFAR10_QUICK = dataclasses.replace(
    CIFAR10, epochs=20, steps_per_epoch=250, channels=(32, 64, 128), learning_rate=5e-4, samples_every=2
)
# 100,000 updates of G; 195 minibatches of 256 an epoch.
POINTS = networks.Points(epochs=2564, samples_every=100)
POINTS_QUICK = dataclasses.replace(POINTS, epochs=40, units=(128, 128, 128), learning_rate=1e-3, samples_every=10)

PLANE = {"ring8": "8 Gaussians", "grid25": "25 Gaussians", "swissroll": "the swiss roll"}
SHOWN_BESIDE = (
    "Each is trained by its own recipe (learning rates and widths differ), and its critic is on its way, not at an optimum "
    "against a fixed G as in the paper's Figure 1. Of one seed of each: level sets of the critic with data and samples, and, "
    "as in Figure 1b, the gradients in its layers and its weights."
)
NATS = gr.measures.ParzenLogLikelihood(validation_images=1000, validates=False, pixels=True)  # beside the other games' digits
IMAGES: dict[str, Any] = {
    "critic": lambda recipe: True,
    "phases": (gr.Phase(generator=networks.generator, discriminator=networks.critic, game=networks.game),),
    "measures": (gr.measures.ReadByClassifier(), gr.measures.SlopesOfD()),
    "figures": (gr.figures.Curves(), gr.figures.Samples(), gr.figures.Interpolation(), gr.figures.DepthOfD()),
}

EXPERIMENT = gr.Experiment(
    name="wgan_gp",
    short_name="WGAN-GP",
    title="WGAN with a gradient penalty: slopes of 1 between data and samples, layer norm in the critic, Adam",
    reference="Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville; NIPS 2017; arXiv:1704.00028",
    models={
        "digits": gr.Model(
            title="WGAN-GP, small convolutional networks",
            datasets=("mnist", "glyphs", *gr.OWN),
            presets={"paper": DIGITS, "quick": DIGITS_QUICK},
            **IMAGES | {"measures": (NATS, *IMAGES["measures"])},
        ),
        "cifar10": gr.Model(
            title="WGAN-GP, DCGAN-like networks",
            datasets=("cifar10", "svhn_cropped", "celeb_a", "lsun/bedroom", *gr.OWN),
            presets={"paper": CIFAR10, "quick": CIFAR10_QUICK},
            scaling=lambda recipe: gr.Linear(-1.0, 1.0),
            **IMAGES,
        ),
        "toy": gr.Model(
            title="WGAN-GP, MLPs",
            datasets=gr.PLANE,
            presets={"paper": POINTS, "quick": POINTS_QUICK},
            critic=lambda recipe: True,
            phases=(gr.Phase(generator=networks.points_generator, discriminator=networks.points_critic, game=networks.game),),
            measures=(gr.measures.ModesCovered(), gr.measures.SlopesOfD()),
            figures=gr.figures.OF_POINTS,
        ),
    },
    claims=tuple(
        gr.Claim(
            "Algorithm 1",
            f"the penalty holds the critic's slope near 1 where it acts, on {what}",
            "mean slope at random points between test points and samples from .9 to 1.1 after the training; set when the runs "
            "were known",
            dataset,
            (("toy", "d_slope"),),
            lambda slope: 0.9 <= slope <= 1.1,
        )
        for dataset, what in PLANE.items()
    ),
    key_figures=(
        gr.KeyFigure("digits", "mnist", "samples-last", "Samples of digits, of which about half are legible"),
        gr.KeyFigure("cifar10", "cifar10", "samples-last", "Samples of CIFAR-10: colours and blurred shapes, no objects"),
        *(
            gr.KeyFigure("toy", name, "surface-last", f"Figure 1a: level sets of the critic on {what}, with data and samples")
            for name, what in PLANE.items()
        ),
    ),
    beside=tuple(
        gr.Beside(
            f"Clipping beside the penalty, on {what}",
            SHOWN_BESIDE,
            dataset,
            (("weight clipping", "wgan", "points"), ("gradient penalty", "wgan_gp", "toy")),
            ("modes_covered", "good_samples", "wasserstein_distance", "d_slope"),
            figures=("surface-last", "depth"),
        )
        for dataset, what in PLANE.items()
    ),
    **gr.prose(__file__),
)
