"""The game of Metz et al. 2016, and what its recipes share."""

import dataclasses
import typing

import gan_repro as gr


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(gr.ring.Game):
    """Section 2.2: G's loss before D some updates ahead. The defaults are those of the ring (Appendix A).

    Attributes:
      unroll: K, the updates of D that G's loss looks ahead; 0: the GAN as it is.
      objective: "minimax": G descends on the whole value function that D ascends on; "non_saturating": on -E log D(G(z)).
    """

    unroll: int = gr.bounded(10, low=0, high=100, smoke=2)
    objective: typing.Literal["minimax", "non_saturating"] = "minimax"


def game(recipe, spec):
    """D moves, then G against a D that is `unroll` updates ahead of the new one; each by Adam."""
    del spec
    pair = gr.losses.OBJECTIVES[recipe.objective]()
    if recipe.objective == "minimax":
        pair = gr.losses.zero_sum(pair)
    return gr.Rules(
        loss=pair,
        optimizers=recipe.optimizers,
        schedule=gr.schedule.alternating(fresh_noise=recipe.fresh_noise),
        unroll=recipe.unroll,
    )
