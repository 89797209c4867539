"""Stacked MNIST of Metz et al. 2016 (section 3.3.1, Table 1): small networks, and a D that is smaller still.

Networks and constants are those of PacGAN's repetition of it (fjxmlzn/PacGAN), which are known.
"""

import dataclasses
import typing

import gan_repro as gr
from experiments.unrolled.game import Recipe, game


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stacked(Recipe):
    """PacGAN's networks.

    Attributes:
      generator_channels: of G's small image and of its transposed convolutions; the last convolution has stride 1.
      discriminator_channels: of D's convolutions of stride 2: (2, 4, 8) is a quarter of the whole D's, (4, 8, 16) half.
      kernel_size: of all convolutions.
      negative_slope: of D's leaky ReLU.
      norm_epsilon, norm_momentum: of batch norm, in G and in D.
      init_std: weights are N(0, init_std^2).
    """

    batch_size: int = gr.bounded(128, low=1, high=10**6, smoke=16)
    n_samples: int = gr.bounded(25_600, low=2, high=10**6, role="evaluation", smoke=500)
    objective: typing.Literal["minimax", "non_saturating"] = "non_saturating"
    fresh_noise: bool = False
    generator_learning_rate: float = gr.bounded(1e-4, above=0, high=1000.0)
    discriminator_learning_rate: float = gr.bounded(2e-4, above=0, high=1000.0)
    beta_2: float = gr.bounded(0.99, low=0, below=1)
    generator_channels: tuple[int, ...] = gr.bounded((64, 32, 16, 8), low=1, high=10**4, smoke=4)
    discriminator_channels: tuple[int, ...] = gr.bounded((2, 4, 8), low=1, high=10**4, smoke=2)
    kernel_size: int = gr.bounded(3, low=1, high=100)
    negative_slope: float = gr.bounded(0.3, low=0, high=1)
    norm_epsilon: float = gr.bounded(1e-5, above=0, high=1.0)
    norm_momentum: float = gr.bounded(0.9, low=0, below=1)
    init_std: float = gr.bounded(0.02, above=0, high=100.0)

    def __post_init__(self):
        super().__post_init__()
        for name in ("generator_channels", "discriminator_channels"):
            if not getattr(self, name):
                raise gr.UsageError(f"{name} must have at least one number")


# 500,000 minibatches.
PAPER = Stacked(epochs=2500, steps_per_epoch=200, samples_every=250)
QUICK = dataclasses.replace(
    PAPER,
    epochs=40,
    steps_per_epoch=100,
    batch_size=64,
    generator_learning_rate=5e-4,
    discriminator_learning_rate=1e-3,
    samples_every=5,
)


def _shared(recipe):
    """What both networks have."""
    return {
        "normalisation": gr.convolutional.Normalisation(True, recipe.norm_epsilon, recipe.norm_momentum, 0.0),
        "init_std": recipe.init_std,
        "use_bias": "without_norm",
    }


def generator(recipe, spec):
    """G: z -> 4 x 4 pixels -> transposed convolutions of stride 2, and a last one of stride 1 -> tanh pixels."""
    channels = recipe.generator_channels
    strides = (2,) * (len(channels) - 1) + (1,)
    more = {"base_by_channel": True, "any_size": True, **_shared(recipe)}
    return gr.convolutional.generator(recipe.latent, spec.shape, channels, strides, recipe.kernel_size, **more)


def discriminator(recipe, spec):
    """D: images -> convolutions of stride 2, batch norm behind each -> logits (m, 1)."""
    channels = recipe.discriminator_channels
    more = {"negative_slope": recipe.negative_slope, "normalise_first": True, **_shared(recipe)}
    return gr.convolutional.discriminator(spec.shape, channels, (2,) * len(channels), recipe.kernel_size, **more)


MODEL = gr.Model(
    title="Unrolled GAN, small convolutional networks",
    datasets=("stacked_mnist", "stacked_glyphs"),
    presets={"paper": PAPER, "quick": QUICK},
    scaling=lambda recipe: gr.Linear(-1.0, 1.0),
    phases=(gr.Phase(generator=generator, discriminator=discriminator, game=game),),
    measures=(gr.measures.ModesRead(),),
    figures=(gr.figures.Curves(), gr.figures.Samples(), gr.figures.Interpolation()),
)

# Metz et al. 2016, Table 1: (modes, KL) by D's size and K, with what follows the +- in print.
PRINTED = {
    "1/4": {
        0: (30.6, 20.73, 5.99, 0.42),
        1: (65.4, 34.75, 5.911, 0.14),
        5: (236.4, 63.30, 4.67, 0.43),
        10: (327.2, 74.67, 4.66, 0.46),
    },
    "1/2": {
        0: (628.0, 140.9, 2.58, 0.75),
        1: (523.6, 55.77, 2.44, 0.26),
        5: (732.0, 44.98, 1.66, 0.09),
        10: (817.4, 37.91, 1.43, 0.12),
    },
}
PUBLISHED = tuple(
    gr.Published(
        "unrolled",
        f"Unrolled GAN, {steps} steps ahead, D of {size} size",
        "stacked_mnist",
        metric,
        unit,
        value,
        None,
        "Metz et al. 2016, Table 1, as Lin et al. 2018 (PacGAN), Table 3, has it",
        note=f"printed with \N{PLUS-MINUS SIGN} {spread:g}",
        unverified=True,
    )
    for size, rows in PRINTED.items()
    for steps, (modes, modes_spread, divergence, divergence_spread) in rows.items()
    for metric, unit, value, spread in (
        ("modes_read", "modes", modes, modes_spread),
        ("modes_kl", "nats", divergence, divergence_spread),
    )
)
