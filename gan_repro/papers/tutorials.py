"""The two games that beginners' tutorials train, dense and convolutional, as recipes that make their networks and rules.

Experiments that train them, or measure tricks with them, share these.
"""

import dataclasses
import math
import typing

from gan_repro.data.source import Spec
from gan_repro.papers.adam import AdamRecipe
from gan_repro.papers.experiment import Phase
from gan_repro.papers.recipe import bounded
from gan_repro.papers.tricks import Tricks
from gan_repro.system.errors import UsageError

if typing.TYPE_CHECKING:
    import keras

    from gan_repro.networks.norms import Norm
    from gan_repro.training.losses import Objective
    from gan_repro.training.rules import Rules
    from gan_repro.training.schedule import UpdateSchedule

STRIDES = (2, 2, 2)  # of the convolutional networks: 4 -> 8 -> 16 -> 32 in G, and back in D


@dataclasses.dataclass(frozen=True, kw_only=True)
class Game(AdamRecipe, Tricks):
    """What both have: Adam for both players, and the rules.

    Attributes:
      learning_rate: of both players.
    """

    batch_size: int = bounded(128, low=1, high=10**6, smoke=16)
    latent: int = bounded(100, low=1, high=10**5)
    learning_rate: float = bounded(1e-3, above=0, high=1000.0)

    def _rules(self, loss: "Objective", schedule: "UpdateSchedule", features: str) -> "Rules":
        """The Rules; `features`: the layer of D whose output is matched."""
        from gan_repro.training.rules import Rules

        pair = self.adam(self.learning_rate), self.adam(self.learning_rate)
        return Rules(loss=loss, optimizers=pair, schedule=schedule, features=features)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dense(Game):
    """Two dense networks: G z -> ReLU layers -> sigmoid pixels, or points; D -> ReLU layers -> logit. D moves, then G.

    Attributes:
      latent, prior: z.
      generator_units, discriminator_units: of the hidden layers.
      output: G's last activation: "sigmoid" of pixels, "linear" of points.
    """

    beta_1: float = bounded(0.9, low=0, below=1)
    prior: typing.Literal["uniform_-1_1", "gaussian"] = "uniform_-1_1"
    generator_units: tuple[int, ...] = bounded((128,), low=1, high=10**5, smoke=16)
    discriminator_units: tuple[int, ...] = bounded((128,), low=1, high=10**5, smoke=16)
    output: typing.Literal["sigmoid", "linear"] = "sigmoid"
    generator_norm: typing.Literal["batch", "layer", "weight", "spectral", "none"] = "none"
    discriminator_norm: typing.Literal["batch", "layer", "weight", "spectral", "none"] = "none"

    def generator(self, spec: Spec) -> "keras.Model":
        """G, Xavier normal (initial.glorot_normal)."""
        from gan_repro.networks import initial, mlp, norms

        norm, outputs = norms.of(self.generator_norm), math.prod(spec.shape)
        layers = norms.dense_layers(
            self.generator_units, outputs, "output", norm, initial.glorot_normal, output_activation=self.output
        )
        return mlp.generator(self.latent, layers, spec.shape)

    def discriminator(self, spec: Spec) -> "keras.Model":
        """D, Xavier normal; its features are those of the last hidden layer."""
        from gan_repro.networks import initial, mlp, norms

        norm, units = norms.of(self.discriminator_norm), self.discriminator_units
        layers = norms.dense_layers(
            units, 1, "logit", norm, initial.glorot_normal, dropout=self.dropout, minibatch=self.minibatch
        )
        return mlp.discriminator(layers, spec.shape)

    def rules(self, spec: Spec) -> "Rules":
        """The non-saturating loss."""
        from gan_repro.training import losses, schedule

        return self._rules(losses.non_saturating_pair(), schedule.alternating(), "features")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Convolutional(Game):
    """Convolutions of stride 2 in both networks, for images in a frame that their strides fit.

    Attributes:
      latent, prior: z.
      generator_channels: of G's image of 4 x 4 pixels and of what follows.
      discriminator_channels: of D's first three convolutions; the fourth is the one of 4 x 4 pixels to the logit.
      kernel_size: of all convolutions.
      upsampling: how G's images grow: by transposed convolutions, or nearest neighbours followed by a convolution.
      one_batch: D's updates see real and generated images in one batch, over both of which its loss is the mean.
      n_critic: G is updated on every so many-th minibatch; D on all.
      negative_slope: of D's leaky ReLU.
      norm_epsilon, norm_momentum: see norms.of.
      init_std: weights are N(0, init_std^2).
    """

    learning_rate: float = bounded(2e-4, above=0, high=1000.0)
    prior: typing.Literal["gaussian", "uniform_-1_1"] = "gaussian"
    generator_channels: tuple[int, ...] = bounded((256, 128, 64), low=1, high=10**4, smoke=8)
    discriminator_channels: tuple[int, ...] = bounded((64, 128, 256), low=1, high=10**4, smoke=8)
    kernel_size: int = bounded(4, low=1, high=100)
    upsampling: typing.Literal["transposed_convolution", "upsampling_convolution"] = "transposed_convolution"
    one_batch: bool = False
    n_critic: int = bounded(2, low=1, high=10**6)
    negative_slope: float = bounded(0.2, low=0, high=1)
    norm_epsilon: float = bounded(1e-5, above=0, high=1.0)
    norm_momentum: float = bounded(0.9, low=0, below=1)
    init_std: float = bounded(0.02, above=0, high=100.0)

    def __post_init__(self):
        super().__post_init__()
        for name in ("generator_channels", "discriminator_channels"):
            if len(getattr(self, name)) != len(STRIDES):
                raise UsageError(f"{name} must have {len(STRIDES)} numbers")
        if self.one_batch and self.minibatch_kernels:
            raise UsageError(
                "minibatch_kernels and one_batch: how near the others of a minibatch are says something of real or of "
                "generated images alone; set one_batch=false"
            )

    def _norm(self, kind: str) -> "Norm":
        from gan_repro.networks import norms

        return norms.of(kind, self.norm_epsilon, self.norm_momentum, self.init_std)

    def generator(self, spec: Spec) -> "keras.Model":
        """G: z -> 4 x 4 pixels -> three times twice as large -> tanh."""
        from gan_repro.networks import convolutional, sizes

        depth = sizes.depth(spec, STRIDES)
        return convolutional.generator(
            self.latent,
            spec.shape,
            self.generator_channels[-depth:],
            STRIDES[-depth:],
            self.kernel_size,
            base_by_channel=True,
            upsampling=self.upsampling,
            init_std=self.init_std,
            **self._norm(self.generator_norm).of_generator(),
        )

    def discriminator(self, spec: Spec) -> "keras.Model":
        """D: images -> three convolutions -> the fourth, a logit; its features are what the fourth sees."""
        from gan_repro.networks import convolutional, sizes

        depth = sizes.depth(spec, STRIDES)
        return convolutional.discriminator(
            spec.shape,
            self.discriminator_channels[:depth],
            STRIDES[:depth],
            self.kernel_size,
            negative_slope=self.negative_slope,
            dropout=self.dropout,
            minibatch=self.minibatch,
            init_std=self.init_std,
            **self._norm(self.discriminator_norm).of_discriminator(),
        )

    def rules(self, spec: Spec) -> "Rules":
        """The non-saturating loss; D moves on every minibatch."""
        from gan_repro.training import losses, schedule

        loss = losses.non_saturating_pair(0.5 if self.one_batch else 1.0)
        return self._rules(loss, schedule.alternating(self.n_critic, one_batch=self.one_batch), "flat")


def _start_at_data(*given: typing.Any) -> None:
    from gan_repro.training import tricks  # imports TensorFlow

    tricks.start_at_data(*given)


def phases() -> tuple[Phase, ...]:
    """The only phase of a training by either recipe."""
    return (
        Phase(
            generator=lambda recipe, spec: recipe.generator(spec),
            discriminator=lambda recipe, spec: recipe.discriminator(spec),
            game=lambda recipe, spec: recipe.rules(spec),
            initialise=_start_at_data,
        ),
    )
