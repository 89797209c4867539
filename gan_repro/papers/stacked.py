"""The game and the networks of PacGAN's repetition of Metz et al. 2016 on stacked MNIST, which other experiments play, too.

Source: fjxmlzn/PacGAN: stacked_MNIST_experiments/unrolled_GAN_experiment.
"""

import dataclasses
import typing

from gan_repro.data.source import Spec
from gan_repro.papers import ring
from gan_repro.papers.recipe import bounded
from gan_repro.system.errors import UsageError

if typing.TYPE_CHECKING:
    import keras

DATASETS = ("stacked_mnist", "stacked_glyphs")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Game(ring.Game):
    """Its constants, in place of the ring's (both players see the same z), and its networks, batch norm in both.

    What a normalisation takes away again has no bias.

    Attributes:
      generator_channels: of G's small image and of its transposed convolutions; the last convolution has stride 1.
      discriminator_channels: of D's convolutions of stride 2: (2, 4, 8) is a quarter of the whole D's, (4, 8, 16) half.
      kernel_size: of all convolutions.
      negative_slope: of D's leaky ReLU.
      norm_epsilon, norm_momentum: see norms.of.
      init_std: weights are N(0, init_std^2).
    """

    batch_size: int = bounded(128, low=1, high=10**6, smoke=16)
    n_samples: int = bounded(25_600, low=2, high=10**6, role="evaluation", smoke=500)
    fresh_noise: bool = False
    generator_learning_rate: float = bounded(1e-4, above=0, high=1000.0)
    discriminator_learning_rate: float = bounded(2e-4, above=0, high=1000.0)
    beta_2: float = bounded(0.99, low=0, below=1)
    generator_channels: tuple[int, ...] = bounded((64, 32, 16, 8), low=1, high=10**4, smoke=4)
    discriminator_channels: tuple[int, ...] = bounded((2, 4, 8), low=1, high=10**4, smoke=2)
    kernel_size: int = bounded(3, low=1, high=100)
    negative_slope: float = bounded(0.3, low=0, high=1)
    norm_epsilon: float = bounded(1e-5, above=0, high=1.0)
    norm_momentum: float = bounded(0.9, low=0, below=1)
    init_std: float = bounded(0.02, above=0, high=100.0)

    def __post_init__(self):
        super().__post_init__()
        for name in ("generator_channels", "discriminator_channels"):
            if not getattr(self, name):
                raise UsageError(f"{name} must have at least one number")

    def generator(self, spec: Spec, latent: int, norm: str = "batch") -> "keras.Model":
        """G: z -> 4 x 4 pixels -> transposed convolutions of stride 2, and a last one of stride 1 -> tanh pixels."""
        from gan_repro.networks import convolutional

        strides = (2,) * (len(self.generator_channels) - 1) + (1,)
        return convolutional.generator(
            latent,
            spec.shape,
            self.generator_channels,
            strides,
            self.kernel_size,
            base_by_channel=True,
            any_size=True,
            init_std=self.init_std,
            **self._made(norm, "generator"),
        )

    def discriminator(self, spec: Spec, norm: str = "batch", **more: typing.Any) -> "keras.Model":
        """D: images -> convolutions of stride 2, each with the norm -> logits (m, 1).

        Args:
          spec: of the data.
          norm: see norms.of.
          more: of convolutional.discriminator.
        """
        from gan_repro.networks import convolutional

        return convolutional.discriminator(
            spec.shape,
            self.discriminator_channels,
            (2,) * len(self.discriminator_channels),
            self.kernel_size,
            normalise_first=True,
            negative_slope=self.negative_slope,
            init_std=self.init_std,
            **self._made(norm, "discriminator"),
            **more,
        )

    def _made(self, kind, role):
        """Arguments of a network: what stands for the norm, and biases but for those that it takes away."""
        from gan_repro.networks import norms

        norm = norms.of(kind, self.norm_epsilon, self.norm_momentum, 0.0)
        made = norm.of_generator() if role == "generator" else norm.of_discriminator()
        return made | {"use_bias": made["use_bias"] or "without_norm"}


# What `quick` presets change: 4,000 minibatches of 64 at five times the learning rates; PacGAN has 500,000 of 128.
QUICK: dict[str, typing.Any] = {
    "epochs": 40,
    "steps_per_epoch": 100,
    "batch_size": 64,
    "generator_learning_rate": 5e-4,
    "discriminator_learning_rate": 1e-3,
}
