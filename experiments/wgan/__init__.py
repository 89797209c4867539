"""Arjovsky et al. 2017, "Wasserstein GAN": the two figures of its theory, Example 1 and the saturated discriminator.

Each is a module of this folder. The game, the evaluators and the tables are not here.
"""

from experiments.wgan import parallel_lines, two_gaussians
from gan_repro.experiment import Experiment

MODELS = {parallel_lines.LinesRecipe: parallel_lines, two_gaussians.CriticsRecipe: two_gaussians}

DEVIATIONS = (
    "Figure 1 is drawn from closed forms in the paper. Here they are beside what samples of both laws give: W1 by the best "
    "pairing of 500 points, the others by counting 10,000 points in square cells of 1/20, ten times for each theta.",
    "Figure 2: the paper gives neither the Gaussians nor the networks nor the training. Ours are N(-3, 1) and N(3, 1), one "
    "layer of 100 leaky ReLU units for both players, Adam for D, and for the critic RMSprop and weight clipping at .1, with "
    "which no slope can be steeper than 100 x .1 x .1 = 1. The lower panel, the gradients for G, is ours.",
)


def _model(config):
    return MODELS[type(config.recipe)]


EXPERIMENT = Experiment(
    name="wgan",
    title="Wasserstein GAN: a critic with clipped weights in place of the discriminator",
    reference="Arjovsky, Chintala, Bottou; ICML 2017; arXiv:1701.07875",
    recipes={"parallel_lines": parallel_lines.RECIPES, "two_gaussians": two_gaussians.RECIPES},
    generator=lambda config, spec: _model(config).generator(config, spec),
    prior=lambda config: _model(config).prior(config),
    pictures=two_gaussians.pictures,
    stages=lambda config, source: _model(config).stages(config, source),
    evaluate=lambda run: _model(run.config).evaluate(run),
    row="WGAN",
    table="wgan",
    deviations=DEVIATIONS,
)
