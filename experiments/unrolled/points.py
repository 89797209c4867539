"""The ring of Metz et al. 2016 (section 3.1, Appendix A, Figure 2): MLPs on points in the plane."""

import dataclasses

import gan_repro as gr
from experiments.unrolled.game import Recipe, game


@dataclasses.dataclass(frozen=True, kw_only=True)
class Points(Recipe, gr.ring.Networks):
    """The networks of Appendix A."""

    batch_size: int = gr.bounded(512, low=1, high=10**6, smoke=16)


# 25,000 minibatches; Figure 2 shows the generator after every 5,000.
PAPER = Points(epochs=500, steps_per_epoch=50, samples_every=100)
QUICK = dataclasses.replace(
    PAPER, epochs=200, batch_size=128, generator_learning_rate=5e-4, discriminator_learning_rate=5e-4, samples_every=40
)


MODEL = gr.Model(
    title="Unrolled GAN, MLPs",
    datasets=gr.PLANE,
    presets={"paper": PAPER, "quick": QUICK},
    phases=(
        gr.Phase(
            generator=lambda recipe, spec: recipe.generator(spec, recipe.latent),
            discriminator=lambda recipe, spec: recipe.discriminator(spec),
            game=game,
        ),
    ),
    measures=(gr.measures.ModesCovered(),),
    figures=gr.figures.OF_POINTS,
)
