"""The ring of Metz et al. 2016 (section 3.1, Appendix A, Figure 2): MLPs on points in the plane."""

import dataclasses
import math

import gan_repro as gr
from experiments.unrolled.game import Recipe, game

keras = gr.lazy("keras")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Points(Recipe):
    """The networks of Appendix A.

    Attributes:
      generator_units, discriminator_units: of the ReLU layers.
      gain: every kernel begins as an orthogonal matrix times this.
      shrink: what points are multiplied by in front of D's first layer.
    """

    batch_size: int = gr.bounded(512, low=1, high=10**6, smoke=16)
    generator_units: tuple[int, ...] = gr.bounded((128, 128), low=1, high=10**5, smoke=16)
    discriminator_units: tuple[int, ...] = gr.bounded((128,), low=1, high=10**5, smoke=16)
    gain: float = gr.bounded(0.8, above=0, high=100.0)
    shrink: float = gr.bounded(0.25, above=0, high=100.0)


# 25,000 minibatches; Figure 2 shows the generator after every 5,000.
PAPER = Points(epochs=500, steps_per_epoch=50, samples_every=100)
QUICK = dataclasses.replace(
    PAPER, epochs=200, batch_size=128, generator_learning_rate=5e-4, discriminator_learning_rate=5e-4, samples_every=40
)


def _layers(units, gain, outputs, name):
    """ReLU layers and a linear one called `name`."""
    return gr.mlp.relu_layers(units, outputs, name, lambda: gr.initial.orthogonal(gain))


def generator(recipe, spec):
    """G: z -> ReLU layers -> points (m, 1, 1, 2)."""
    layers = _layers(recipe.generator_units, recipe.gain, math.prod(spec.shape), "output")
    return gr.mlp.generator(recipe.latent, layers, spec.shape)


def discriminator(recipe, spec):
    """D: points, made smaller -> a ReLU layer -> logits (m, 1)."""
    shrink = keras.layers.Rescaling(recipe.shrink, name="shrink")
    return gr.mlp.discriminator([shrink, *_layers(recipe.discriminator_units, recipe.gain, 1, "logit")], spec.shape)


MODEL = gr.Model(
    title="Unrolled GAN, MLPs",
    datasets=gr.PLANE,
    presets={"paper": PAPER, "quick": QUICK},
    phases=(gr.Phase(generator=generator, discriminator=discriminator, game=game),),
    measures=(gr.measures.ModesCovered(),),
    figures=gr.figures.OF_POINTS,
)
