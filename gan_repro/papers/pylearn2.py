"""The recipe and the rules of goodfeli/adversarial, on the pylearn2 of June 2014. Papers that build on its code share them."""

import dataclasses
import typing

from gan_repro.data.source import Source, Spec
from gan_repro.papers.recipe import TrainingRecipe, bounded
from gan_repro.papers.tricks import GameTricks

if typing.TYPE_CHECKING:
    import keras

    from gan_repro.training.optimizers import MomentumSGD
    from gan_repro.training.rules import Rules
    from gan_repro.training.schedule import UpdateSchedule


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(GameTricks):
    """What the YAML files say of the game and of both players' SGD. The defaults are mnist.yaml's.

    Attributes:
      objective, d_loss_weight: G minimises -log D(G(z)); D's loss has the factor 1/2 (adversarial: AdversaryCost2).
      learning_rate, learning_rate_decay, learning_rate_minimum: divided by the decay after every update.
      momentum, momentum_final, momentum_saturates: linear per epoch from the first to the final value, reached in
        epoch `momentum_saturates`.
    """

    batch_size: int = bounded(100, low=1, high=10**6)
    objective: typing.Literal["non_saturating", "minimax"] = "non_saturating"
    d_loss_weight: float = bounded(0.5, above=0, high=1000.0)
    learning_rate: float = bounded(0.1, above=0, high=1000.0)
    learning_rate_decay: float = bounded(1.000004, low=1, high=10.0)
    learning_rate_minimum: float = bounded(1e-6, low=0, high=1000.0)
    momentum: float = bounded(0.5, low=0, below=1)
    momentum_final: float = bounded(0.7, low=0, below=1)
    momentum_saturates: int = bounded(250, low=1, high=10**6)

    def rules(self, spec: Spec, schedule: "UpdateSchedule") -> "Rules":
        """The training.rules.Rules: this objective, this SGD for both players, and a schedule."""
        from gan_repro.training import losses
        from gan_repro.training.rules import Rules

        loss = losses.OBJECTIVES[self.objective](self.d_loss_weight)
        return Rules(loss=loss, optimizers=(self.sgd(spec), self.sgd(spec)), schedule=schedule)

    def sgd(self, spec: Spec) -> "MomentumSGD":
        """Momentum SGD with the learning rate decaying per update and the momentum growing per epoch."""
        from gan_repro.training import optimizers

        return optimizers.MomentumSGD(
            optimizers.ExponentialDecay(self.learning_rate, self.learning_rate_decay, self.learning_rate_minimum),
            optimizers.LinearMomentum(self.momentum, self.momentum_final, self.momentum_saturates, self.minibatches(spec)),
        )


def start_at_marginals(generator: "keras.Model", discriminator: "keras.Model", source: Source, recipe: TrainingRecipe) -> None:
    """Sets the bias of G's layer "output" so that it begins at the mean training image (init_sigmoid_bias_from_marginals)."""
    del discriminator, recipe
    from gan_repro.data.source import mean
    from gan_repro.networks import initial

    initial.start_at_marginals(generator.get_layer("output"), mean(source, "train"))
