"""What each remedy for collapse is worth, alone: on the ring of Metz et al. 2016, where a GAN without one fails."""

import dataclasses
import typing

import gan_repro as gr

Norm = typing.Literal["batch", "layer", "weight", "spectral", "none"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(gr.ring.Game, gr.Tricks, gr.ring.Networks):
    """The ring's networks and Adam of Metz et al. 2016, and one remedy; together the defaults are the game without one.

    Attributes:
      unroll: updates of D that G's loss looks ahead (Metz et al. 2016), whose objective is "minimax".
      objective: with the loss "cross_entropy".
      loss: "cross_entropy"; "clipped_critic": WGAN, its weights clipped, by RMSprop (Arjovsky et al. 2017); "penalised_critic":
        with a gradient penalty (Gulrajani et al. 2017).
      n_critic: minibatches of D to one update of G.
      clip: of the clipped critic's weights; .01 as in Arjovsky et al. 2017 and gan_toy.py.
      penalty: weight of the gradient penalty; .1 as in gan_toy.py.
    """

    batch_size: int = gr.bounded(512, low=1, high=10**6, smoke=16)
    unroll: int = gr.bounded(0, low=0, high=100)
    objective: typing.Literal["non_saturating", "minimax"] = "non_saturating"
    loss: typing.Literal["cross_entropy", "clipped_critic", "penalised_critic"] = "cross_entropy"
    n_critic: int = gr.bounded(1, low=1, high=10**6)
    clip: float = gr.bounded(0.01, above=0, high=1000.0)
    penalty: float = gr.bounded(0.1, above=0, high=10**6)
    generator_norm: Norm = "none"
    discriminator_norm: Norm = "none"

    def __post_init__(self):
        super().__post_init__()
        for wrong, why in self._contradictions():
            if wrong:
                raise gr.UsageError(why)

    def _contradictions(self):
        """(whether it is so, what then stands against what) of remedies that do not go together."""
        clipped, penalised = self.loss == "clipped_critic", self.loss == "penalised_critic"
        new_targets = self.smoothing != 1 or self.soft_labels or self.flipped_labels
        yield self.unroll and clipped, "unroll, loss = clipped_critic: weights that are clipped do not move by gradients alone"
        yield self.unroll and self.replay, "unroll, replay: the D that G looks ahead at sees no old samples"
        yield (
            self.unroll and not self.dropout_in_g_update,
            "unroll, dropout_in_g_update = false: the D that G looks ahead at would learn without dropout",
        )
        yield (
            self.objective == "minimax" and (clipped or penalised),
            f"objective = minimax, loss = {self.loss}: a critic has an objective of its own",
        )
        yield (
            self.objective == "minimax" and new_targets,
            "objective = minimax, smoothing, soft_labels, flipped_labels: G would no longer lose what D gains",
        )
        yield (
            clipped and self.discriminator_norm != "none",
            f"loss = clipped_critic, discriminator_norm = {self.discriminator_norm}: clipping would bound what the norm "
            "multiplies by, and not how steep the critic is",
        )
        yield (
            penalised and (self.minibatch_kernels or self.discriminator_norm == "batch"),
            "loss = penalised_critic: the penalty is of each point's own gradient, and minibatch_kernels or discriminator_norm "
            "= batch let a score depend on the other points",
        )


def discriminator(recipe, spec):
    """D of the ring, with a norm, dropout, minibatch discrimination."""
    return recipe.discriminator(spec, recipe.discriminator_norm, dropout=recipe.dropout, minibatch=recipe.minibatch)


def game(recipe, spec):
    """D moves, on each minibatch, then G, on every n_critic-th, against the new D or one some updates ahead of it."""
    del spec
    schedule = gr.schedule.alternating(recipe.n_critic, fresh_noise=recipe.fresh_noise)
    return gr.Rules(schedule=schedule, features="features", unroll=recipe.unroll, **_of_loss(recipe))


def _of_loss(recipe):
    """Both players' terms and optimizers, and what bounds D's weights, as arguments of gr.Rules."""
    if recipe.loss == "clipped_critic":
        rates = recipe.generator_learning_rate, recipe.discriminator_learning_rate
        rmsprop = tuple(gr.optimizers.RMSprop(rate) for rate in rates)
        return {"loss": gr.losses.wasserstein(), "optimizers": rmsprop, "constraint": gr.constraints.WeightClip(recipe.clip)}
    if recipe.loss == "penalised_critic":
        loss = gr.losses.wasserstein()
        penalised = (*loss.discriminator, gr.losses.gradient_penalty(recipe.penalty))
        return {"loss": dataclasses.replace(loss, discriminator=penalised), "optimizers": recipe.optimizers}
    pair = gr.losses.OBJECTIVES[recipe.objective]()
    pair = gr.losses.zero_sum(pair) if recipe.objective == "minimax" else pair
    return {"loss": pair, "optimizers": recipe.optimizers}


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
            title="MLPs on points",
            datasets=gr.PLANE,
            presets={"paper": PAPER, "quick": QUICK},
            critic=lambda recipe: recipe.loss != "cross_entropy",
            phases=(
                gr.Phase(
                    generator=lambda recipe, spec: recipe.generator(spec, recipe.latent, recipe.generator_norm),
                    discriminator=discriminator,
                    game=game,
                    initialise=lambda *given: gr.tricks.start_at_data(*given),
                ),
            ),
            measures=(gr.measures.ModesCovered(),),
        ),
    },
    effects=(
        gr.Effects(
            "Remedies for collapse, on the ring of Metz et al. 2016",
            "Each remedy with the same networks and as many minibatches; looking ahead is compared with the same minimax "
            "game that does not, a critic with a D that moves as often. A mode counts as covered by one good sample, so that a "
            "wide cloud covers them all: rows are in the order of the distance from the data, and the share of good samples "
            "stands beside the modes. Margins and the number below which a run counts as collapsed are those of the tricks, "
            "taken over when it was known how the unrolled game ends on this ring.",
            "ring",
            "ring8",
            "quick",
            (gr.Outcome("wasserstein_distance", 0.05), gr.Outcome("modes_covered", 0.5), gr.Outcome("good_samples", 5.0)),
            ("modes_covered", 4),
            changes=18,
        ),
    ),
    **gr.prose(__file__),
)
