"""Goodfellow et al. 2014, "Generative Adversarial Nets": the paper's models, each in a module of this folder."""

import gan_repro as gr
from experiments.goodfellow2014 import cifar10, gaussian1d, mnist, points, tfd

TABLE_1: dict[str, dict[str, tuple[float, float]]] = {  # nats, and their standard error
    "mnist": {"DBN": (138, 2), "Stacked CAE": (121, 1.6), "Adversarial nets": (225, 2)},
    "tfd": {"DBN": (1909, 66), "Stacked CAE": (2110, 50), "Adversarial nets": (2057, 26)},
}

EXPERIMENT = gr.Experiment(
    name="goodfellow2014",
    short_name="Goodfellow et al. 2014",
    title="Generative Adversarial Nets: MLP generator, maxout discriminator, simultaneous updates",
    reference="Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville, Bengio; NeurIPS 2014; arXiv:1406.2661",
    table="table1",
    models={
        "mnist": mnist.MODEL,
        "tfd": tfd.MODEL,
        "cifar10": cifar10.MODEL,
        "convolutional": cifar10.CONVOLUTIONAL,
        "line": gaussian1d.MODEL,
        "points": points.MODEL,
    },
    metrics=gaussian1d.METRICS,
    published=gr.parzen_rows("table1", TABLE_1, "Goodfellow et al. 2014, Table 1", ours=lambda row: row == "Adversarial nets"),
    key_figures=(
        gr.KeyFigure(
            "mnist",
            "mnist",
            "samples-best",
            "Figure 2a: samples of the MNIST model; the last column is the training image nearest to the sample beside it",
        ),
        gr.KeyFigure("mnist", "mnist", "interpolation-best", "Figure 3: from z to z in a straight line"),
        gr.KeyFigure(
            "line",
            "gaussian1d",
            "figure1",
            "Figure 1, played instead of drawn: densities, D and the optimal D at four moments of a game on a line",
        ),
        gr.KeyFigure(
            "mnist",
            "mnist",
            "log-likelihood",
            "Not in the paper: log-likelihood along the training, beside the published number",
        ),
        gr.KeyFigure(
            "mnist",
            "mnist",
            "averages",
            "Not in the paper: the same z through the weights and through averages of them, with their log-likelihoods",
        ),
    ),
    side_by_side=(
        gr.SideBySide(
            "figure2",
            "Figure 2 of Goodfellow et al. 2014 by this program: samples, not selected; outlined in the last column is the "
            "training image nearest to the sample beside it",
            (
                gr.Panel("a) MNIST", "mnist", "mnist"),
                gr.Panel("b) TFD", "tfd", "tfd"),
                gr.Panel("c) CIFAR-10, fully connected", "cifar10", "cifar10"),
                gr.Panel("d) CIFAR-10, convolutional", "convolutional", "cifar10"),
            ),
        ),
    ),
    **gr.prose(__file__),
)
