"""Stacked MNIST of Metz et al. 2016 (section 3.3.1, Table 1): small networks, and a D that is smaller still.

Networks and constants are those of PacGAN's repetition of it, which are known (gr.stacked).
"""

import dataclasses
import typing

import gan_repro as gr
from experiments.unrolled.game import Recipe, game


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stacked(gr.stacked.Game, Recipe):
    """PacGAN's constants and networks."""

    objective: typing.Literal["minimax", "non_saturating"] = "non_saturating"


# 500,000 minibatches.
PAPER = Stacked(epochs=2500, steps_per_epoch=200, samples_every=250)
QUICK = dataclasses.replace(PAPER, samples_every=5, **gr.stacked.QUICK)


MODEL = gr.Model(
    title="Unrolled GAN, small convolutional networks",
    datasets=gr.stacked.DATASETS,
    presets={"paper": PAPER, "quick": QUICK},
    scaling=lambda recipe: gr.Linear(-1.0, 1.0),
    phases=(
        gr.Phase(
            generator=lambda recipe, spec: recipe.generator(spec, recipe.latent),
            discriminator=lambda recipe, spec: recipe.discriminator(spec),
            game=game,
        ),
    ),
    measures=(gr.measures.ModesRead(),),
    figures=(gr.figures.Curves(), gr.figures.Samples(), gr.figures.Interpolation()),
)

# Metz et al. 2016, Table 1: (modes, KL) by D's size and K, with what follows the +- in print.
PRINTED = {
    "1/4": {
        0: (30.6, 20.73, 5.99, 0.42),
        1: (65.4, 34.75, 5.911, 0.14),
        5: (236.4, 63.30, 4.67, 0.43),
        10: (327.2, 74.67, 4.66, 0.46),
    },
    "1/2": {
        0: (628.0, 140.9, 2.58, 0.75),
        1: (523.6, 55.77, 2.44, 0.26),
        5: (732.0, 44.98, 1.66, 0.09),
        10: (817.4, 37.91, 1.43, 0.12),
    },
}
PUBLISHED = tuple(
    gr.Published(
        "unrolled",
        f"Unrolled GAN, {steps} steps ahead, D of {size} size",
        "stacked_mnist",
        metric,
        unit,
        value,
        None,
        "Metz et al. 2016, Table 1, as Lin et al. 2018 (PacGAN), Table 3, has it",
        note=f"printed with \N{PLUS-MINUS SIGN} {spread:g}",
        unverified=True,
    )
    for size, rows in PRINTED.items()
    for steps, (modes, modes_spread, divergence, divergence_spread) in rows.items()
    for metric, unit, value, spread in (
        ("modes_read", "modes", modes, modes_spread),
        ("modes_kl", "nats", divergence, divergence_spread),
    )
)
