"""The game and the networks of Metz et al. 2016 on points (section 3.1, Appendix A), which other experiments play on, too."""

import dataclasses
import math
import typing

from gan_repro.data.source import Spec
from gan_repro.papers.adam import AdamRecipe
from gan_repro.papers.recipe import bounded

if typing.TYPE_CHECKING:
    import keras


@dataclasses.dataclass(frozen=True, kw_only=True)
class Game(AdamRecipe):
    """Two players that move by Adam, each at a rate of its own; the defaults are those of the ring.

    Attributes:
      fresh_noise: whether G's update draws z of its own, and not D's again.
      latent, prior: z.
      generator_learning_rate, discriminator_learning_rate: of Adam, whose beta_2 and epsilon are TensorFlow's own on the ring.
    """

    fresh_noise: bool = True
    latent: int = bounded(256, low=1, high=10**5)
    prior: typing.Literal["gaussian", "uniform_-1_1"] = "gaussian"
    generator_learning_rate: float = bounded(1e-4, above=0, high=1000.0)
    discriminator_learning_rate: float = bounded(1e-4, above=0, high=1000.0)

    @property
    def optimizers(self) -> "tuple[keras.optimizers.Optimizer, keras.optimizers.Optimizer]":
        """New ones of G and D."""
        return self.adam(self.generator_learning_rate), self.adam(self.discriminator_learning_rate)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Networks:
    """The networks of Appendix A, as fields beside those of a Game.

    Attributes:
      generator_units, discriminator_units: of the ReLU layers.
      gain: every kernel begins as an orthogonal matrix times this.
      shrink: what points are multiplied by in front of D's first layer.
    """

    generator_units: tuple[int, ...] = bounded((128, 128), low=1, high=10**5, smoke=16)
    discriminator_units: tuple[int, ...] = bounded((128,), low=1, high=10**5, smoke=16)
    gain: float = bounded(0.8, above=0, high=100.0)
    shrink: float = bounded(0.25, above=0, high=100.0)

    def generator(self, spec: Spec, latent: int, norm: str = "none") -> "keras.Model":
        """z -> ReLU layers -> points (m, 1, 1, 2); `norm`: see norms.of."""
        from gan_repro.networks import mlp

        return mlp.generator(latent, self._layers(self.generator_units, math.prod(spec.shape), "output", norm), spec.shape)

    def discriminator(self, spec: Spec, norm: str = "none", **more: typing.Any) -> "keras.Model":
        """Points, made smaller -> a ReLU layer -> logits (m, 1); `more`: as norms.dense_layers takes it."""
        import keras

        from gan_repro.networks import mlp

        shrink = keras.layers.Rescaling(self.shrink, name="shrink")
        return mlp.discriminator([shrink, *self._layers(self.discriminator_units, 1, "logit", norm, **more)], spec.shape)

    def _layers(self, units, outputs, name, norm, **more):
        from gan_repro.networks import initial, norms

        return norms.dense_layers(units, outputs, name, norms.of(norm), lambda: initial.orthogonal(self.gain), **more)
