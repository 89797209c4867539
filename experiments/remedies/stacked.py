"""Stacked MNIST of Metz et al. 2016, a thousand modes, with PacGAN's networks and a D of a quarter of the size."""

import dataclasses

import gan_repro as gr
from experiments.remedies.game import Remedies, phases


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stacked(gr.stacked.Game, Remedies):
    """PacGAN's constants and networks, batch norm in both, and one remedy."""

    penalty: float = gr.bounded(10.0, above=0, high=10**6)


PAPER = Stacked(epochs=2500, steps_per_epoch=200, samples_every=2500)
QUICK = dataclasses.replace(PAPER, samples_every=40, **gr.stacked.QUICK)

MODEL = gr.Model(
    title="small convolutional networks on stacked digits",
    datasets=gr.stacked.DATASETS,
    presets={"paper": PAPER, "quick": QUICK},
    scaling=lambda recipe: gr.Linear(-1.0, 1.0),
    critic=lambda recipe: recipe.loss != "cross_entropy",
    phases=phases("flat"),
    measures=(gr.measures.ModesRead(),),
    figures=(gr.figures.Curves(), gr.figures.Samples()),
)

EFFECTS = gr.Effects(
    "Remedies for collapse, on the thousand modes of stacked MNIST",
    "Each remedy with the same networks and as many minibatches; a critic is compared with a D that moves as often and has the "
    "same norm. Margins and the number below which a run counts as collapsed, a tenth of the modes, were fixed before any of "
    "these runs.",
    "stacked",
    "stacked_mnist",
    "quick",
    (gr.Outcome("modes_read", 50.0), gr.Outcome("modes_kl", 0.2)),
    ("modes_read", 100),
    changes=11,
)
