"""What the four image models of Goodfellow et al. 2014 share: the recipe's fields, D, the game, the figures.

The models are beside it (mnist.py, tfd.py, cifar10.py), as is the game on the line of Figure 1 (gaussian1d.py).
"""

import dataclasses
import typing

from gan_repro.latent import priors
from gan_repro.papers.pylearn2 import Pylearn2Recipe
from gan_repro.papers.recipe import bounded

Noise = typing.Literal["uniform_unit_variance", "gaussian", "spherical"]  # the kinds of goodfeli/adversarial (__init__.py)


@dataclasses.dataclass(frozen=True, kw_only=True)
class AdversarialRecipe(Pylearn2Recipe):
    """goodfeli/adversarial's YAML files. The defaults are mnist.yaml's.

    Attributes:
      latent, prior: z; "uniform_unit_variance" is U(-sqrt 3, sqrt 3).
      generator_units, generator_irange: G's hidden layers; every layer's weights U(-irange, irange).
      discriminator_units, pieces, discriminator_irange: D's maxout layers; every layer's weights U(-irange, irange).
      input_keep, input_scale, hidden_keep, hidden_scale: D's dropout: keep probability and scale at the input of its
        first layer, and at the input of every other one, the sigmoid output layer too. It stays on in G's gradient.
      order: "simultaneous" as in adversarial's YAML files: both players move from the same old parameters; "alternating" as in
        the paper's Algorithm 1 with k = 1: D moves, then G against the new D, with noise of its own.
    """

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


def discriminator(recipe, spec, **more):
    """D: maxout layers -> logit, with dropout. Keras model in the current precision; `more` as maxout_discriminator's."""
    from gan_repro.networks import mlp

    return mlp.maxout_discriminator(
        spec.shape,
        [(units, recipe.pieces) for units in recipe.discriminator_units],
        recipe.discriminator_irange,
        (recipe.input_keep, recipe.input_scale),
        (recipe.hidden_keep, recipe.hidden_scale),
        **more,
    )


def seed_weights(config, tag=0):
    """Fixes the initial weights of what is built next; `tag` numbers the stages of a run."""
    import keras
    import numpy as np

    # The same seed in a second stage would draw its new layers with the very numbers of the first stage's.
    keras.utils.set_random_seed(int(np.random.SeedSequence([config.seed, tag]).generate_state(1)[0]) if tag else config.seed)


def game(config, source, g, d, sampler, **options):
    """The paper's game, by its code: both players move on one minibatch (k = 1), with its objective, in the recipe's order.

    Args:
      config, source: of the run.
      g, d: the networks, Keras models.
      sampler: a float32 copy of G's architecture.
      options: further arguments of game.AdversarialGame: the `tag` of a second stage, `averages` other than the recipe's.
    """
    from gan_repro.papers import pylearn2
    from gan_repro.training import schedule

    source.require("test")  # by the log-likelihood, after the training
    return pylearn2.game(config, source, g, d, priors.of(config), schedule.SCHEDULES[config.recipe.order](), sampler, **options)


def draw_figures(run, measurements):
    """Figure 2 (samples beside the nearest training images) of every generator kept, Figure 3 of the first, curves.

    `measurements`: the run's, of which log-likelihoods stand beside the rows of the averages.
    """
    from gan_repro.figures import draw

    draw.curves(run)
    for kind in run.kinds():
        draw.nearest_neighbours(run, kind)
    draw.interpolation(run, run.kinds()[0])
    draw.averages(run, run.kinds(), measurements)
