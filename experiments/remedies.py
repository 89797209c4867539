"""What each remedy for collapse is worth, alone: on the ring of Metz et al. 2016, where the game without one collapses."""

import dataclasses
import math
import typing

import gan_repro as gr
from experiments.unrolled import points

keras = gr.lazy("keras")

Norm = typing.Literal["batch", "layer", "weight", "spectral", "none"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(points.Points, gr.Tricks):
    """The ring's networks and Adam of Metz et al. 2016 (Appendix A), and one remedy; each field's default is none.

    Attributes:
      unroll: updates of D that G's loss looks ahead (Metz et al. 2016).
      objective: with the loss "cross_entropy"; "minimax" is the one of Metz et al.
      loss: "cross_entropy"; "clipped_critic": WGAN, its weights clipped, by RMSprop (Arjovsky et al. 2017); "penalised_critic":
        with a gradient penalty (Gulrajani et al. 2017).
      n_critic: minibatches of D to one update of G.
      clip: of the clipped critic's weights.
      penalty: weight of the gradient penalty; .1 as in gan_toy.py.
    """

    unroll: int = gr.bounded(0, low=0, high=100)
    objective: typing.Literal["non_saturating", "minimax"] = "non_saturating"
    loss: typing.Literal["cross_entropy", "clipped_critic", "penalised_critic"] = "cross_entropy"
    n_critic: int = gr.bounded(1, low=1, high=10**6)
    clip: float = gr.bounded(0.1, above=0, high=1000.0)
    penalty: float = gr.bounded(0.1, above=0, high=10**6)
    generator_norm: Norm = "none"
    discriminator_norm: Norm = "none"

    def __post_init__(self):
        super().__post_init__()
        if self.unroll and self.loss == "clipped_critic":
            raise gr.UsageError("unroll, loss = clipped_critic: weights that are clipped do not move by gradients alone")


def _layers(recipe, units, outputs, name, kind, **more):
    def start():
        return gr.initial.orthogonal(recipe.gain)

    return gr.norms.dense_layers(units, outputs, name, gr.norms.of(kind), start, **more)


def generator(recipe, spec):
    """G of the ring, with a norm."""
    layers = _layers(recipe, recipe.generator_units, math.prod(spec.shape), "output", recipe.generator_norm)
    return gr.mlp.generator(recipe.latent, layers, spec.shape)


def discriminator(recipe, spec):
    """D of the ring, with a norm, dropout, minibatch discrimination."""
    more = {"dropout": recipe.dropout, "minibatch": recipe.minibatch}
    layers = _layers(recipe, recipe.discriminator_units, 1, "logit", recipe.discriminator_norm, **more)
    return gr.mlp.discriminator([keras.layers.Rescaling(recipe.shrink, name="shrink"), *layers], spec.shape)


def game(recipe, spec):
    """D moves, on each minibatch, then G, on every n_critic-th, against the new D."""
    rules = points.game(recipe, spec)
    rules = dataclasses.replace(rules, schedule=gr.schedule.alternating(recipe.n_critic, fresh_noise=recipe.fresh_noise))
    if recipe.loss != "cross_entropy":
        rules = dataclasses.replace(rules, **_of_critic(recipe))
    return gr.tricks.played(rules, recipe, spec, "features")


def _of_critic(recipe):
    """What the rules of the two Wasserstein losses have in place of the cross-entropy's."""
    loss = gr.losses.wasserstein()
    if recipe.loss == "penalised_critic":
        penalised = (*loss.discriminator, gr.losses.gradient_penalty(recipe.penalty))
        return {"loss": gr.unrolled.unroll(dataclasses.replace(loss, discriminator=penalised), recipe.unroll)}
    rates = recipe.generator_learning_rate, recipe.discriminator_learning_rate
    optimizers = tuple(gr.optimizers.RMSprop(rate) for rate in rates)
    return {"loss": loss, "optimizers": optimizers, "constraint": gr.constraints.WeightClip(recipe.clip)}


PAPER = Recipe(epochs=500, steps_per_epoch=50, samples_every=500)
QUICK = dataclasses.replace(PAPER, epochs=200, batch_size=128, generator_learning_rate=5e-4, discriminator_learning_rate=5e-4)

EXPERIMENT = gr.Experiment(
    name="remedies",
    short_name="remedies",
    title="What each remedy for collapse is worth alone, over seeds",
    reference="no paper: the ring of Metz et al. 2016 with one remedy at a time",
    table="tricks",
    models={
        "ring": gr.Model(
            title="MLPs on points, no remedy",
            datasets=gr.PLANE,
            presets={"paper": PAPER, "quick": QUICK},
            critic=lambda recipe: recipe.loss != "cross_entropy",
            phases=(gr.Phase(generator=generator, discriminator=discriminator, game=game),),
            measures=(gr.measures.ModesCovered(),),
        ),
    },
    effects=(
        gr.Effects(
            "Remedies for collapse, on the ring where the game without one collapses",
            "Each remedy alone, with the networks of Metz et al. 2016, on as many minibatches. Margins and the number below "
            "which a run counts as collapsed stand in experiments/remedies.py.",
            "ring",
            "ring8",
            "quick",
            (gr.Outcome("modes_covered", 0.5), gr.Outcome("good_samples", 5.0), gr.Outcome("wasserstein_distance", 0.05)),
            ("modes_covered", 4),
        ),
    ),
    **gr.prose(__file__),
)
