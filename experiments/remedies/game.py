"""The remedies for collapse as fields of a recipe, each alone, and the game that is played with them."""

import dataclasses
import functools
import typing

import gan_repro as gr

Norm = typing.Literal["batch", "layer", "weight", "spectral", "none"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Remedies(gr.Tricks):
    """Fields beside those of a ring.Game; together the defaults are the game without a remedy.

    Attributes:
      unroll: updates of D that G's loss looks ahead (Metz et al. 2016), whose objective is "minimax".
      objective: with the loss "cross_entropy".
      loss: "cross_entropy"; "clipped_critic": WGAN, its weights clipped, by RMSprop (Arjovsky et al. 2017); "penalised_critic":
        with a gradient penalty (Gulrajani et al. 2017).
      n_critic: minibatches of D to one update of G.
      clip: of the clipped critic's weights; .01 as in Arjovsky et al. 2017 and gan_toy.py.
      penalty: weight of the gradient penalty; .1 as in gan_toy.py, on images 10 as in Gulrajani et al. 2017.
    """

    unroll: int = gr.bounded(0, low=0, high=100)
    objective: typing.Literal["non_saturating", "minimax"] = "non_saturating"
    loss: typing.Literal["cross_entropy", "clipped_critic", "penalised_critic"] = "cross_entropy"
    n_critic: int = gr.bounded(1, low=1, high=10**6)
    clip: float = gr.bounded(0.01, above=0, high=1000.0)
    penalty: float = gr.bounded(0.1, above=0, high=10**6)
    generator_norm: Norm = "batch"
    discriminator_norm: Norm = "batch"

    def __post_init__(self):
        super().__post_init__()
        for wrong, why in self._contradictions():
            if wrong:
                raise gr.UsageError(why)

    def _contradictions(self):
        """(whether it is so, what then stands against what) of remedies that do not go together.

        A clipped critic may have batch norm, as that of Arjovsky et al. 2017 has.
        """
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
            clipped and self.discriminator_norm not in ("none", "batch"),
            f"loss = clipped_critic, discriminator_norm = {self.discriminator_norm}: clipping would bound what the norm "
            "multiplies by, and not how steep the critic is",
        )
        yield (
            penalised and (self.minibatch_kernels or self.discriminator_norm == "batch"),
            "loss = penalised_critic: the penalty is of each example's own gradient, and minibatch_kernels or "
            "discriminator_norm = batch let a score depend on the other examples",
        )


def generator(recipe, spec):
    """G, with a norm."""
    return recipe.generator(spec, recipe.latent, recipe.generator_norm)


def discriminator(recipe, spec):
    """D, with a norm, dropout, minibatch discrimination."""
    return recipe.discriminator(spec, recipe.discriminator_norm, dropout=recipe.dropout, minibatch=recipe.minibatch)


def phases(features):
    """The only phase of a training; `features`: the layer of D whose output is matched."""
    game = functools.partial(_game, features=features)
    return (gr.Phase(generator=generator, discriminator=discriminator, game=game, initialise=_start_at_data),)


def _start_at_data(*given):
    gr.tricks.start_at_data(*given)  # found when it is called: it takes TensorFlow


def _game(recipe, spec, features):
    """D moves, on each minibatch, then G, on every n_critic-th, against the new D or one some updates ahead of it."""
    del spec
    schedule = gr.schedule.alternating(recipe.n_critic, fresh_noise=recipe.fresh_noise)
    return gr.Rules(schedule=schedule, features=features, unroll=recipe.unroll, **_of_loss(recipe))


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
