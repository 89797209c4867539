"""What the four image models of Goodfellow et al. 2014 share: the recipe's fields, optimizers, the game, the figures.

The models are beside it (mnist.py, tfd.py, cifar10.py), as is the game on the line of Figure 1 (gaussian1d.py).
"""

import dataclasses
import typing

from gan_repro.experiment import TrainingRecipe, bounded

Noise = typing.Literal["uniform_unit_variance", "gaussian", "spherical"]  # the kinds of goodfeli/adversarial (__init__.py)


@dataclasses.dataclass(frozen=True, kw_only=True)
class AdversarialRecipe(TrainingRecipe):
    """goodfeli/adversarial's YAML files, and the pylearn2 of June 2014 that they run on. The defaults are mnist.yaml's.

    Attributes:
      latent, prior: z; "uniform_unit_variance" is U(-sqrt 3, sqrt 3).
      generator_units, generator_irange: G's hidden layers; every layer's weights U(-irange, irange).
      discriminator_units, pieces, discriminator_irange: D's maxout layers; every layer's weights U(-irange, irange).
      input_keep, input_scale, hidden_keep, hidden_scale: D's dropout: keep probability and scale at the input of its
        first layer, and at the input of every other one, the sigmoid output layer too. It stays on in G's gradient.
      order: "simultaneous" as in adversarial's YAML files: both players move from the same old parameters; "alternating" as in
        the paper's Algorithm 1 with k = 1: D moves, then G against the new D, with noise of its own.
      objective, d_loss_weight: G minimises -log D(G(z)); D's loss has the factor 1/2 (adversarial: AdversaryCost2).
      learning_rate, learning_rate_decay, learning_rate_minimum: divided by the decay after every update.
      momentum, momentum_final, momentum_saturates: linear per epoch from the first to the final value, reached in
        epoch `momentum_saturates`.
    """

    batch_size: int = bounded(100, low=1, high=10**6)
    latent: int = bounded(100, low=1, high=10**5)
    prior: Noise = "uniform_unit_variance"
    generator_units: tuple[int, ...] = bounded((1200, 1200), low=1, high=10**5)
    generator_irange: float = bounded(0.05, above=0, high=100.0)
    discriminator_units: tuple[int, ...] = bounded((240, 240), low=1, high=10**5)
    pieces: int = bounded(5, low=1, high=100)
    discriminator_irange: float = bounded(0.005, above=0, high=100.0)
    input_keep: float = bounded(0.8, above=0, high=1)
    input_scale: float = bounded(1.25, above=0, high=1000.0)
    hidden_keep: float = bounded(0.5, above=0, high=1)
    hidden_scale: float = bounded(2.0, above=0, high=1000.0)
    order: typing.Literal["simultaneous", "alternating"] = "simultaneous"
    objective: typing.Literal["non_saturating", "minimax"] = "non_saturating"
    d_loss_weight: float = bounded(0.5, above=0, high=1000.0)
    learning_rate: float = bounded(0.1, above=0, high=1000.0)
    learning_rate_decay: float = bounded(1.000004, low=1, high=10.0)
    learning_rate_minimum: float = bounded(1e-6, low=0, high=1000.0)
    momentum: float = bounded(0.5, low=0, below=1)
    momentum_final: float = bounded(0.7, low=0, below=1)
    momentum_saturates: int = bounded(250, low=1, high=10**6)


def prior(config):
    """p(z)."""
    from gan_repro.priors import Prior

    return Prior(config.recipe.prior, config.recipe.latent)


def discriminator(recipe, spec, **more):
    """D: maxout layers -> logit, with dropout. Keras model in the current precision; `more` as maxout_discriminator's."""
    from gan_repro import networks

    return networks.maxout_discriminator(
        spec.shape,
        [(units, recipe.pieces) for units in recipe.discriminator_units],
        recipe.discriminator_irange,
        (recipe.input_keep, recipe.input_scale),
        (recipe.hidden_keep, recipe.hidden_scale),
        **more,
    )


def optimizer(recipe, steps_per_epoch):
    """Momentum SGD with the learning rate decaying per update and the momentum growing per epoch."""
    from gan_repro import optimizers

    return optimizers.MomentumSGD(
        optimizers.ExponentialDecay(recipe.learning_rate, recipe.learning_rate_decay, recipe.learning_rate_minimum),
        optimizers.LinearMomentum(recipe.momentum, recipe.momentum_final, recipe.momentum_saturates, steps_per_epoch),
    )


def seed_weights(config, tag=0):
    """Fixes the initial weights of what is built next; `tag` numbers the stages of a run."""
    import keras
    import numpy as np

    # The same seed in a second stage would draw its new layers with the very numbers of the first stage's.
    keras.utils.set_random_seed(int(np.random.SeedSequence([config.seed, tag]).generate_state(1)[0]) if tag else config.seed)


def game(config, source, g, d, sampler, tag=0, averages=()):
    """The paper's game, by its code: both players move on one minibatch (k = 1), with its objective, in the recipe's order.

    Args:
      config, source: of the run.
      g, d: the networks, Keras models.
      sampler: a float32 copy of G's architecture.
      tag: number of the stage.
      averages: kinds of averages of G's weights to keep.
    """
    from gan_repro import losses, order
    from gan_repro.game import Player, from_recipe

    recipe = config.recipe
    source.require("test")  # by the log-likelihood, after the training
    steps_per_epoch = source.spec.steps_per_epoch(recipe.batch_size, recipe.steps_per_epoch)
    objective = losses.OBJECTIVES[recipe.objective](recipe.d_loss_weight)
    return from_recipe(
        config,
        source,
        Player(g, optimizer(recipe, steps_per_epoch), objective.generator),
        Player(d, optimizer(recipe, steps_per_epoch), objective.discriminator),
        prior(config),
        order.OrderOfPlay(recipe.order),
        objective,
        sampler,
        averages=averages,
        tag=tag,
    )


def parzen_validation(source, limit=None):
    """images -> the best mean log-likelihood over the sigma grid of the first `limit` validation images, nats."""
    from gan_repro.evaluation import parzen

    validation = source.scaled("validation", limit)
    return lambda images: parzen.choose_sigma(parzen.ParzenWindow(images), validation)[1].max()


def draw_figures(run):
    """Figure 2 (samples beside the nearest training images) of every generator kept, Figure 3 of the first, curves."""
    from gan_repro.reporting import draw

    draw.curves(run)
    for kind in run.kinds():
        draw.nearest_neighbours(run, kind)
    draw.interpolation(run, run.kinds()[0])
    draw.averages(run, run.kinds())
