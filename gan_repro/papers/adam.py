"""Adam in a recipe: what most games here move both players by."""

import dataclasses
import typing

from gan_repro.papers.recipe import bounded
from gan_repro.papers.tricks import GameTricks

if typing.TYPE_CHECKING:
    import keras


@dataclasses.dataclass(frozen=True, kw_only=True)
class AdamRecipe(GameTricks):
    """Constants of Adam; the defaults are those of Radford et al. 2015 (section 4), which others took over.

    Attributes:
      beta_1, beta_2, epsilon: of both players (optimizers.Adam).
    """

    beta_1: float = bounded(0.5, low=0, below=1)
    beta_2: float = bounded(0.999, low=0, below=1)
    epsilon: float = bounded(1e-8, above=0, high=1.0)

    def adam(self, learning_rate: typing.Any) -> "keras.optimizers.Optimizer":
        """A new optimizer; `learning_rate`: a number or a Keras schedule."""
        from gan_repro.training import optimizers  # imports TensorFlow

        return optimizers.Adam(learning_rate, beta_1=self.beta_1, beta_2=self.beta_2, epsilon=self.epsilon)
