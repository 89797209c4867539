"""Goodfellow et al. 2014, "Generative Adversarial Nets": the paper's models, each in a module of this folder."""

import gan_repro as gr
from experiments.goodfellow2014 import cifar10, gaussian1d, mnist, points, tfd

TABLE_1: dict[str, dict[str, tuple[float, float]]] = {  # nats, and their standard error
    "mnist": {"DBN": (138, 2), "Stacked CAE": (121, 1.6), "Adversarial nets": (225, 2)},
    "tfd": {"DBN": (1909, 66), "Stacked CAE": (2110, 50), "Adversarial nets": (2057, 26)},
}

ROWS = (("DBN", "bengio2013", "dbn"), ("Stacked CAE", "bengio2013", "cae"), ("Deep GSN", "bengio2014", "gsn"))
LIGHTER_D = ("generator_irange", "output_irange", "d_loss_weight")  # deviation 12: without it one picture is drawn
ONE_LAYER = (("DBN of one layer, an RBM", "bengio2013", "dbn1"), ("CAE of one layer", "bengio2013", "cae1"))

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
    beside=(
        gr.Beside(
            "The rows beside each other, on MNIST",
            "The four rows of the paper's table, and models of one layer of Bengio et al. 2013, by one evaluator. Published "
            "numbers are those of each model's own paper. Games draw independent samples; samples of chains resemble each "
            "other. Class changes are those from one kept sample to the next, 20 Gibbs steps apart for RBMs, ten steps for "
            "autoencoders and one for the GSN. The effective number says how many independent samples have a mean as good as "
            "that of all chains together: 100 chains of RBMs and autoencoders, one of the GSN. Annealed importance sampling "
            "gives the log-probability of binary pixels under the RBMs' own distribution, which is no number of samples.",
            "mnist",
            (*ROWS, ("Adversarial nets", "goodfellow2014", "mnist"), *ONE_LAYER),
            (
                "parzen_log_likelihood",
                "ais_log_probability",
                "frechet_distance",
                "precision",
                "recall",
                "class_kl",
                "class_changes",
                "effective_samples",
            ),
            samples="Twenty states are a short walk: autoencoder and GSN stay with one digit, and their class changes say how "
            "often whole chains leave it",
        ),
        gr.Beside(
            "The rows beside each other, on faces in TFD's place",
            "Other data than the paper's: these rows are compared with each other only, image by image where a run has kept "
            "the number of each. Fréchet distance, precision and recall are of features that read by how many quarters a face "
            "was turned; the variety is the mean distance of two samples after 4 x 4 pooling, by that of training images.",
            "npz:LFWcrop-48x48.npz",
            (*ROWS, ("Adversarial nets", "goodfellow2014", "tfd")),
            ("parzen_log_likelihood", "frechet_distance", "precision", "recall", "pooled_variety", "effective_samples"),
            paired="parzen_log_likelihood",
            samples="The rows of autoencoder, GSN and adversarial nets are nearly one face each; no chain has a quarter of the "
            "training images' variety",
        ),
    ),
    side_by_side=(
        gr.SideBySide(
            "figure2",
            "Figure 2 of Goodfellow et al. 2014 by this program: samples, not selected; outlined in the last column is the "
            "training image nearest to the sample beside it",
            (
                gr.Panel("a) MNIST", "mnist", "mnist"),
                gr.Panel("b) TFD", "tfd", "tfd", ("bottom_irange", "bottom_bias")),
                gr.Panel("c) CIFAR-10, fully connected", "cifar10", "cifar10", LIGHTER_D),
                gr.Panel("d) CIFAR-10, convolutional", "convolutional", "cifar10", LIGHTER_D),
            ),
        ),
    ),
    **gr.prose(__file__),
)
