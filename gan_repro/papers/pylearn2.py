"""The game of goodfeli/adversarial, on the pylearn2 of June 2014: its SGD as fields of a recipe, its two players.

Papers whose code or procedure it is build on it; their networks, priors and orders of play are not here.
"""

import dataclasses
import typing

from gan_repro.papers.recipe import TrainingRecipe, bounded


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pylearn2Recipe(TrainingRecipe):
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

    def optimizer(self, steps_per_epoch):
        """Momentum SGD with the learning rate decaying per update and the momentum growing per epoch."""
        from gan_repro.training import optimizers

        return optimizers.MomentumSGD(
            optimizers.ExponentialDecay(self.learning_rate, self.learning_rate_decay, self.learning_rate_minimum),
            optimizers.LinearMomentum(self.momentum, self.momentum_final, self.momentum_saturates, steps_per_epoch),
        )


def game(config, source, g, d, prior, schedule, sampler, **options):
    """The AdversarialGame of two networks by the objective and the optimizers of a Pylearn2Recipe.

    Args:
      config, source: of the run.
      g, d: the networks, Keras models.
      prior, schedule, sampler, options: as game.from_recipe takes them.
    """
    from gan_repro.training import losses
    from gan_repro.training.game import Player, from_recipe

    recipe = config.recipe
    steps_per_epoch = source.spec.steps_per_epoch(recipe.batch_size, recipe.steps_per_epoch)
    objective = losses.OBJECTIVES[recipe.objective](recipe.d_loss_weight)
    players = [
        Player(network, recipe.optimizer(steps_per_epoch), terms)
        for network, terms in ((g, objective.generator), (d, objective.discriminator))
    ]
    return from_recipe(config, source, *players, prior, schedule, objective, sampler, **options)
