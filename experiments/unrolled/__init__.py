"""Metz et al. 2016, "Unrolled Generative Adversarial Networks": G looks ahead, at the D that its own samples will make of D."""

import gan_repro as gr
from experiments.unrolled import points, stacked

EXPERIMENT = gr.Experiment(
    name="unrolled",
    short_name="Unrolled GAN",
    title="Unrolled GAN: G's gradient goes through the next updates of D",
    reference="Metz, Poole, Pfau, Sohl-Dickstein; ICLR 2017; arXiv:1611.02163",
    models={"points": points.MODEL, "stacked": stacked.MODEL},
    published=stacked.PUBLISHED,
    claims=(
        gr.Claim(
            "Figure 2",
            "looking ten updates ahead, G covers the modes of a ring, and half of its samples are good",
            "every one of 8 modes has a good sample at the end, and half of all samples are good; set when the runs were known",
            "ring8",
            (("points", "modes_covered"), ("points", "good_samples")),
            lambda modes, good: modes == 8 and good >= 50,
        ),
    ),
    key_figures=(
        gr.KeyFigure("points", "ring8", "strips", "Figure 2: densities of G along the training on a ring, the data last"),
    ),
    **gr.prose(__file__),
)
