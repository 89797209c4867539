"""What each remedy for collapse is worth, alone: on a ring where a GAN without one fails, and on a thousand modes of digits."""

import gan_repro as gr
from experiments.remedies import ring, stacked

EXPERIMENT = gr.Experiment(
    name="remedies",
    short_name="remedies",
    title="What each remedy for collapse is worth alone, over seeds",
    reference="no paper: the ring and the stacked digits of Metz et al. 2016 with one remedy at a time",
    table="tricks",
    models={"ring": ring.MODEL, "stacked": stacked.MODEL},
    effects=(ring.EFFECTS, stacked.EFFECTS),
    **gr.prose(__file__),
)
