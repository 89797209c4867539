"""The ring of Metz et al. 2016, where a GAN without a remedy fails: MLPs on points."""

import dataclasses

import gan_repro as gr
from experiments.remedies.game import Norm, Remedies, phases


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ring(gr.ring.Game, Remedies, gr.ring.Networks):
    """The ring's networks and Adam, and one remedy."""

    batch_size: int = gr.bounded(512, low=1, high=10**6, smoke=16)
    generator_norm: Norm = "none"
    discriminator_norm: Norm = "none"


PAPER = Ring(epochs=500, steps_per_epoch=50, samples_every=500)
QUICK = dataclasses.replace(PAPER, epochs=200, batch_size=128, generator_learning_rate=5e-4, discriminator_learning_rate=5e-4)

MODEL = gr.Model(
    title="MLPs on points",
    datasets=gr.PLANE,
    presets={"paper": PAPER, "quick": QUICK},
    critic=lambda recipe: recipe.loss != "cross_entropy",
    phases=phases("features"),
    measures=(gr.measures.ModesCovered(),),
)

EFFECTS = gr.Effects(
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
)
