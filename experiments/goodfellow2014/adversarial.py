"""What the four image models of Goodfellow et al. 2014 share: the recipe's fields, D, the game, the figures."""

import dataclasses
import typing

import gan_repro as gr

Noise = typing.Literal["uniform_unit_variance", "gaussian", "spherical"]  # the kinds of goodfeli/adversarial (__init__.py)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(gr.pylearn2.Recipe):
    """goodfeli/adversarial's YAML files. The defaults are mnist.yaml's.

    Attributes:
      latent, prior: z; "uniform_unit_variance" is U(-sqrt 3, sqrt 3).
      generator_units, generator_irange: G's hidden layers; every layer's weights U(-irange, irange).
      discriminator_units, pieces, discriminator_irange: D's maxout layers; every layer's weights U(-irange, irange).
      input_keep, input_scale, hidden_keep, hidden_scale: D's dropout: keep probability and scale at the input of its
        first layer, and at the input of every other one, the sigmoid output layer too. It stays on in G's gradient.
      classifier_metrics: whether a classifier of the data reads samples as well, which is not in the paper: its estimator alone
        cannot tell better samples from smoother ones.
      order: "simultaneous" as in adversarial's YAML files: both players move from the same old parameters; "alternating" as in
        the paper's Algorithm 1 with k = 1: D moves, then G against the new D, with noise of its own.
    """

    latent: int = gr.bounded(100, low=1, high=10**5)
    prior: Noise = "uniform_unit_variance"
    generator_units: tuple[int, ...] = gr.bounded((1200, 1200), low=1, high=10**5, smoke=64)
    generator_irange: float = gr.bounded(0.05, above=0, high=100.0)
    discriminator_units: tuple[int, ...] = gr.bounded((240, 240), low=1, high=10**5, smoke=16)
    pieces: int = gr.bounded(5, low=1, high=100)
    discriminator_irange: float = gr.bounded(0.005, above=0, high=100.0)
    input_keep: float = gr.bounded(0.8, above=0, high=1)
    input_scale: float = gr.bounded(1.25, above=0, high=1000.0)
    hidden_keep: float = gr.bounded(0.5, above=0, high=1)
    hidden_scale: float = gr.bounded(2.0, above=0, high=1000.0)
    order: typing.Literal["simultaneous", "alternating"] = "simultaneous"
    classifier_metrics: bool = gr.bounded(True, role="evaluation", smoke=False)


def discriminator(recipe, spec, **more):
    """D: maxout layers -> logit, with dropout. Keras model in the current precision; `more` as maxout_discriminator's."""
    return gr.mlp.maxout_discriminator(
        spec.shape,
        [(units, recipe.pieces) for units in recipe.discriminator_units],
        recipe.discriminator_irange,
        (recipe.input_keep, recipe.input_scale),
        (recipe.hidden_keep, recipe.hidden_scale),
        **more,
    )


def game(recipe, spec):
    """The paper's game, by its code: both players move on one minibatch (k = 1), with its objective, in the recipe's order."""
    return recipe.rules(spec, gr.schedule.SCHEDULES[recipe.order]())


def beside(run):
    """What the paper's estimator measures in the place of samples: the mean image, which a collapsed game comes near."""
    return gr.evaluation.variety.likelihood_of_the_mean_image(run)


FIGURES = (gr.figures.Curves(), gr.figures.NearestNeighbours(), gr.figures.Interpolation(), gr.figures.Averages())
VARIETY = gr.measures.Variety(field="classifier_metrics")
