"""Arjovsky, Chintala and Bottou 2017, "Wasserstein GAN": recipes by data set, the GAN beside it, the paper's figures.

The image models are in rules.py, what they show in evidence.py; Figures 1 and 2 in parallel_lines.py and two_gaussians.py.
"""

import dataclasses
from typing import Any

from experiments.wgan import evidence, parallel_lines, rules, two_gaussians
from experiments.wgan.rules import WganRecipe
from gan_repro.papers.experiment import Claim, Experiment, KeyFigure, of_models

# The GAN of Figures 4 to 7: the same networks and noise, dcgan.torch's optimizer, D and G on every minibatch.
_GAN = {
    "objective": "non_saturating",
    "optimizer": "adam",
    "learning_rate": 2e-4,
    "clip": 0.0,
    "n_critic": 1,
    "long_phases": 0,
    "long_every": 0,
}


def _compared(recipe, narrow):
    """{name: recipe}: the WGAN and the GAN, each with the three generators of Figures 5, 6 and 7.

    Args:
      recipe: the WGAN with the DCGAN generator.
      narrow: generator_channels of Figure 6's generator: as many filters in each layer.
    """
    variants = {
        "": {},
        "-nonorm": {"generator_norm": False, "generator_channels": narrow},
        "-mlp": {"generator": "mlp"},
    }
    return {
        f"{suffix}{side}": dataclasses.replace(recipe, **changes, **game)
        for suffix, changes in variants.items()
        for side, game in (("", {}), ("-gan", _GAN))
    }


def _presets(**levels):
    """{preset: recipe} of (recipe, narrow) of each level: paper, quick and smoke, each with the models of _compared."""
    named = {level: _compared(*given) for level, given in levels.items()}
    suffixes = next(iter(named.values()))
    return {f"{level}{suffix}": recipes[suffix] for suffix in suffixes for level, recipes in named.items()}


# Widths, learning rate and long phases for two CPU cores.
_QUICK: dict[str, Any] = {
    "epochs": 25,
    "steps_per_epoch": 400,
    "learning_rate": 2e-4,
    "long_phases": 5,
    "samples_every": 1,
}
_SMOKE: dict[str, Any] = {
    "epochs": 3,
    "steps_per_epoch": 12,
    "batch_size": 16,
    "long_phases": 1,
    "long_length": 8,
    "n_samples": 200,
    "samples_every": 1,
}
_TWENTY_EIGHT = WganRecipe(epochs=100, generator_channels=(128, 64), critic_channels=(64, 128))
_THIRTY_TWO = WganRecipe(epochs=100, generator_channels=(256, 128, 64), critic_channels=(64, 128, 256))
_SIXTY_FOUR = WganRecipe(epochs=25, samples_every=1)  # main.py's defaults

MNIST = _presets(
    paper=(_TWENTY_EIGHT, (64, 64)),
    quick=(dataclasses.replace(_TWENTY_EIGHT, generator_channels=(64, 32), critic_channels=(32, 64), **_QUICK), (32, 32)),
    smoke=(dataclasses.replace(_TWENTY_EIGHT, generator_channels=(8, 4), critic_channels=(4, 8), **_SMOKE), (4, 4)),
)
CIFAR10 = _presets(
    paper=(_THIRTY_TWO, (64, 64, 64)),
    quick=(
        dataclasses.replace(_THIRTY_TWO, generator_channels=(64, 32, 16), critic_channels=(16, 32, 64), **_QUICK),
        (16, 16, 16),
    ),
    smoke=(dataclasses.replace(_THIRTY_TWO, generator_channels=(8, 8, 4), critic_channels=(4, 8, 8), **_SMOKE), (4, 4, 4)),
)
SIXTY_FOUR = _presets(
    paper=(_SIXTY_FOUR, (64,) * 4),
    quick=(
        dataclasses.replace(_SIXTY_FOUR, generator_channels=(64, 64, 32, 16), critic_channels=(16, 32, 64, 64), **_QUICK),
        (16,) * 4,
    ),
    smoke=(dataclasses.replace(_SIXTY_FOUR, generator_channels=(8, 8, 8, 4), critic_channels=(4, 8, 8, 8), **_SMOKE), (4,) * 4),
)

# A user's own images are learnt by the 64 x 64 networks, or by those that the preset names.
_OWN = (
    SIXTY_FOUR
    | {f"{preset}-32": recipe for preset, recipe in CIFAR10.items()}
    | {f"{preset}-28": recipe for preset, recipe in MNIST.items()}
)

MODELS = {
    WganRecipe: (rules, evidence),
    parallel_lines.LinesRecipe: (parallel_lines,),
    two_gaussians.CriticsRecipe: (two_gaussians,),
}

DEVIATIONS = (
    "The paper trains on LSUN bedrooms at 64 x 64 (`--dataset=lsun/bedroom`, not at hand here). MNIST at 28 x 28 and CIFAR-10 "
    "at 32 x 32 take the same stacks with two and three strided layers instead of four.",
    "WassersteinGAN (main.py) clips before each of the critic's updates, Algorithm 1 after it: here before "
    "(`--set=clip_before=false` for the other).",
    "WassersteinGAN (main.py) ends the critic's phase with the data, so that G moves at the end of every epoch, however short "
    "the phase; here a phase goes on into the next epoch.",
    "The ragged last minibatch of an epoch is dropped; WassersteinGAN (main.py) plays it. Of MNIST's 50,000 images these are "
    "16, other ones each time (781 minibatches instead of 782).",
    "The critic's last layer, a 4 x 4 convolution to one number averaged over the minibatch, is a dense layer without bias: "
    "the same map. G's first, a transposed convolution of one pixel, likewise.",
    "Samples are drawn with moving averages of the batch statistics, so that an image depends on its own z alone; the code "
    "draws them with those of the minibatch.",
    "The MLP generator has three hidden layers of 512, as in models/mlp.py; Figure 3's caption says four.",
    "The paper does not say how its GAN is trained: here with Adam at 2e-4 (beta_1 .5), D and G once on each minibatch, as in "
    "dcgan.torch, and for as many minibatches as the WGAN. G then moves about five times as often.",
    "Figure 6's generator without batch norm has as many filters in each layer, as the paper's text says; models/dcgan.py "
    "keeps doubling them.",
    "The estimates' curves are means over 100 minibatches that go through a running median of 5 of them; the paper's go "
    "through a median filter of 101 iterations.",
    "Figure 1 is drawn from closed forms in the paper. Here they are beside what samples of both laws give: W1 by the best "
    "pairing of 500 points, the others by counting 10,000 points in square cells of 1/20, ten times for each theta.",
    "Figure 2: the paper gives neither the Gaussians nor the networks nor the training. Ours are N(-3, 1) and N(3, 1), one "
    "layer of 100 leaky ReLU units for both players, Adam for D, and for the critic RMSprop and weight clipping at .1, with "
    "which no slope can be steeper than 100 x .1 x .1 = 1. The lower panel, the gradients for G, is ours.",
)
FINDINGS = {
    "mnist": (
        "All of it is one seed, so correlations have no interval. The critic's estimate falls as the Fréchet distance of "
        "samples falls (Figure 3): over 25 epochs their rank correlation is .996, most of it a common trend, that of their "
        "changes .83; over 100 epochs, where both come to a plateau, .969 and .54.",
        "The GAN's lower bound of the Jensen-Shannon divergence says less (Figure 4): with DCGAN's generator it falls in the "
        "first half of the training, as the distance does, then rises a little while the distance stands still; where the GAN "
        "fails it goes to log 2 and stays there.",
        "With DCGAN's generator both learn (Figure 5), the GAN better: Fréchet distance 48 against 87, with five times as "
        "many updates of G; after 100 epochs the WGAN has 55. Without batch norm in a narrow generator the WGAN learns (125) "
        "and the GAN fails (537; Figure 6).",
        "With an MLP as generator (Figure 7), after 63 epochs and about 4,800 updates of G (the paper: about 226,000), the "
        "WGAN draws about ten pictures over and over: Fréchet distance 234, recall 0, class 4 hardly ever. It drew one until "
        "epoch 18 and more kinds ever since, so this is not where it ends; the GAN beside it has not been played again. Both "
        "were played for 25 epochs before with networks whose every bias equalled the first row of its kernel, and called "
        "collapsed, the WGAN in part: those records were taken away.",
    ),
}

DIGITS = "digits instead of bedrooms"
_VALUES, _CHANGES = "estimate_quality_correlation", "estimate_quality_change_correlation"


def _learning(figure, says, suffix, gan):
    """A claim of who learns; one who draws a few pictures over and over reaches none of the real ones: recall is 0."""
    return Claim(
        figure,
        says,
        f"recall above 1 % of the WGAN, {'and' if gan else 'not'} of the GAN",
        "mnist",
        ((suffix, "recall"), (f"{suffix}-gan", "recall")),
        lambda ours, theirs: ours > 1 and (theirs > 1) == gan,
        DIGITS,
    )


CLAIMS = (
    Claim(
        "Figure 3",
        "the critic's estimate falls as samples get better",
        "rank correlation of the estimate and the Fréchet distance of samples above .5; of their changes, too",
        "mnist",
        (("", _VALUES), ("", _CHANGES)),
        lambda values, changes: min(values, changes) > 0.5,
        DIGITS,
    ),
    Claim(
        "Figure 4",
        "a GAN's estimate of the Jensen-Shannon divergence does not",
        "both correlations below .5, and below the WGAN's",
        "mnist",
        (("", _VALUES), ("-gan", _VALUES), ("", _CHANGES), ("-gan", _CHANGES)),
        lambda ours, theirs, our_changes, their_changes: theirs < min(ours, 0.5) and their_changes < min(our_changes, 0.5),
        f"{DIGITS}; most epochs lie on a plateau of the GAN's Fréchet distance, where correlations are of noise",
    ),
    _learning("Figure 5", "with DCGAN's generator both learn", "", gan=True),
    _learning("Figure 6", "without batch norm in a narrow generator the WGAN learns, the GAN fails", "-nonorm", gan=False),
    _learning("Figure 7", "with an MLP as generator the WGAN learns, the GAN collapses", "-mlp", gan=False),
)

PROTOCOL = (
    "Fréchet distance, precision and recall: 10,000 samples against 10,000 test images, in the features of a classifier that "
    "was trained on the same data. Rank correlation: of the training's own estimate with the Fréchet distance of 2,000 "
    "samples, over the epochs. The generator is the last one."
)
KEY_FIGURES = (
    KeyFigure(
        "mnist",
        "estimate",
        "Figure 3, on digits: samples along the WGAN's training, the critic's estimate, and the samples' Fréchet distance",
    ),
    KeyFigure("mnist", "estimate", "Figure 4: the same of the GAN and its bound of the Jensen-Shannon divergence", "-gan"),
    KeyFigure("two_gaussians", "figure2", "Figure 2: a discriminator and a critic between two Gaussians"),
    KeyFigure("parallel_lines", "figure1", "Figure 1: distances between the laws of two parallel lines"),
)
NOT_RUN = (
    (
        "LSUN bedrooms at 64 x 64 (Figures 5 to 7)",
        "3 million images, 46 GB: they cannot be had here. `--dataset=lsun/bedroom` runs the recipe on them.",
    ),
    ("The curves at the paper's size, 64 x 64 (Figures 3 and 4)", "of the same bedrooms; here they are of smaller images."),
    (
        "CIFAR-10 at 32 x 32, not in the paper",
        "run for seconds only, with the smoke preset; `--dataset=cifar10 --preset=quick` is meant for two cores.",
    ),
    (
        "An MLP for both players (Figures 3 and 4, the third panel)",
        "not tried: `--set=critic=mlp --set=generator=mlp` plays it.",
    ),
    ("G's loss along a GAN's training (Figure 8)", "of the same bedrooms; every run's curves have it for its own data."),
)


EXPERIMENT = Experiment(
    name="wgan",
    title="Wasserstein GAN: a clipped critic without sigmoid, RMSprop, five critic steps to one of G",
    reference="Arjovsky, Chintala, Bottou; ICML 2017; arXiv:1701.07875",
    recipes={
        "mnist": MNIST,
        "cifar10": CIFAR10,
        "svhn_cropped": CIFAR10,
        "celeb_a": SIXTY_FOUR,
        "lsun/bedroom": SIXTY_FOUR,
        "parallel_lines": parallel_lines.RECIPES,
        "two_gaussians": two_gaussians.RECIPES,
        "glyphs": MNIST,
        "npz": _OWN,
        "images": _OWN,
    },
    **of_models(MODELS),
    critic=lambda recipe: (False, True) if "critic_learning_rate" in recipe else recipe.get("objective") == "wasserstein",
    row="WGAN",
    models={
        "": "WGAN, DCGAN generator",
        "-gan": "GAN, DCGAN generator",
        "-nonorm": "WGAN, DCGAN generator without batch norm",
        "-nonorm-gan": "GAN, DCGAN generator without batch norm",
        "-mlp": "WGAN, MLP generator",
        "-mlp-gan": "GAN, MLP generator",
        "parallel_lines": "Distances between distributions",
        "two_gaussians": "Discriminator and critic",
    },
    table="wgan",
    deviations=DEVIATIONS,
    not_run=NOT_RUN,
    claims=CLAIMS,
    findings=FINDINGS,
    protocol=PROTOCOL,
    key_figures=KEY_FIGURES,
    short="WGAN",
)
