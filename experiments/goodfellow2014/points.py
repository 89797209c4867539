"""The game of Goodfellow et al. 2014 on points in the plane: their rules, the MLPs of Gulrajani et al. 2017 (gan_toy.py)."""

import dataclasses
import math
import typing

import gan_repro as gr
from experiments.goodfellow2014 import adversarial


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(gr.pylearn2.Recipe):
    """mnist.yaml's game and SGD, at a tenth of its learning rate. Nothing of it is in the paper but the rules of the game.

    Attributes:
      learning_rate: with mnist.yaml's .1 the loss of D becomes infinite within some steps.
      latent, prior: z.
      units: of the ReLU layers of either player.
      order: as of the image models.
    """

    batch_size: int = gr.bounded(256, low=1, high=10**6, smoke=16)
    learning_rate: float = gr.bounded(0.01, above=0, high=1000.0)
    latent: int = gr.bounded(2, low=1, high=10**5)
    prior: adversarial.Noise = "gaussian"
    units: tuple[int, ...] = gr.bounded((512, 512, 512), low=1, high=10**5, smoke=16)
    order: typing.Literal["simultaneous", "alternating"] = "simultaneous"


# As many minibatches, and in `quick` as narrow networks, as the other games on points.
PAPER = Recipe(epochs=2564, samples_every=100)
QUICK = dataclasses.replace(PAPER, epochs=40, units=(128, 128, 128), samples_every=10)


def _layers(recipe, outputs, name):
    return gr.mlp.relu_layers(recipe.units, outputs, name, gr.initial.he, gr.initial.glorot)


def generator(recipe, spec):
    """G: z -> ReLU layers -> points (m, 1, 1, 2)."""
    return gr.mlp.generator(recipe.latent, _layers(recipe, math.prod(spec.shape), "output"), spec.shape)


def discriminator(recipe, spec):
    """D: points -> ReLU layers -> logits (m, 1), without dropout."""
    return gr.mlp.discriminator(_layers(recipe, 1, "logit"), spec.shape)


MODEL = gr.Model(
    title="Adversarial nets, MLPs",
    datasets=gr.PLANE,
    presets={"paper": PAPER, "quick": QUICK},
    phases=(gr.Phase(generator=generator, discriminator=discriminator, game=adversarial.game),),
    measures=(gr.measures.ModesCovered(), gr.measures.SlopesOfD()),
    figures=gr.figures.OF_POINTS,
)
