"""The game of Metz et al. 2016, and what its recipes share."""

import dataclasses
import typing

import gan_repro as gr


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(gr.TrainingRecipe):
    """Section 2.2: G's loss before D some updates ahead. The defaults are those of the ring (Appendix A).

    Attributes:
      unroll: K, the updates of D that G's loss looks ahead; 0: the GAN as it is.
      objective: "minimax": G descends on the whole value function that D ascends on; "non_saturating": on -E log D(G(z)).
      fresh_noise: whether G's update draws z of its own, and not D's again.
      latent, prior: z.
      generator_learning_rate, discriminator_learning_rate, beta_1, beta_2, epsilon: of Adam; beta_2 and epsilon are
        TensorFlow's own on the ring.
    """

    unroll: int = gr.bounded(10, low=0, high=100, smoke=2)
    objective: typing.Literal["minimax", "non_saturating"] = "minimax"
    fresh_noise: bool = True
    latent: int = gr.bounded(256, low=1, high=10**5)
    prior: typing.Literal["gaussian", "uniform_-1_1"] = "gaussian"
    generator_learning_rate: float = gr.bounded(1e-4, above=0, high=1000.0)
    discriminator_learning_rate: float = gr.bounded(1e-4, above=0, high=1000.0)
    beta_1: float = gr.bounded(0.5, low=0, below=1)
    beta_2: float = gr.bounded(0.999, low=0, below=1)
    epsilon: float = gr.bounded(1e-8, above=0, high=1.0)


def game(recipe, spec):
    """D moves, then G against a D that is `unroll` updates ahead of the new one; each by Adam."""
    del spec
    pair = gr.losses.OBJECTIVES[recipe.objective]()
    if recipe.objective == "minimax":
        pair = gr.losses.zero_sum(pair)

    def adam(rate):
        return gr.optimizers.Adam(rate, beta_1=recipe.beta_1, beta_2=recipe.beta_2, epsilon=recipe.epsilon)

    return gr.Rules(
        loss=gr.unrolled.unroll(pair, recipe.unroll),
        optimizers=(adam(recipe.generator_learning_rate), adam(recipe.discriminator_learning_rate)),
        schedule=gr.schedule.alternating(fresh_noise=recipe.fresh_noise),
    )
