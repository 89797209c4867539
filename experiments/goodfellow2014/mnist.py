"""The MNIST model of Goodfellow et al. 2014 (goodfeli/adversarial: mnist.yaml): Figure 2a, Figure 3, Table 1.

What it shares with the other models is not here (rules.py).
"""

import dataclasses

from experiments.goodfellow2014 import rules
from gan_repro.papers.recipe import bounded

# parzen_ll.py was called with --limit_size 1000: sigma is chosen on the first 1,000 validation images.
VALIDATION_IMAGES = 1000


@dataclasses.dataclass(frozen=True, kw_only=True)
class MnistRecipe(rules.AdversarialRecipe):
    """goodfeli/adversarial: mnist.yaml. G: two ReLU layers, sigmoid pixels; D: two maxout layers.

    Attributes:
      judged: whether a classifier of labelled data judges samples as well, which the paper does not do: its estimator alone
        cannot tell better samples from smoother ones.
    """

    judged: bool = bounded(True, role="evaluation")


# mnist.yaml names no number of epochs: it runs until it is killed. The best generator by validation is kept.
RECIPES = {
    "paper": MnistRecipe(
        epochs=1000,
        samples_every=10,
        averages=("exponential-.9995", "exponential-.9999", "exponential-.99995", "uniform-5"),
    ),
    # D wins the first epochs, and how long G takes to come back differs from seed to seed: after 20 epochs two of five
    # seeds were at 63 and 76 nats of test images, after 25 all were past 90.
    "quick": MnistRecipe(epochs=25, averages=("exponential-.9995",)),
    "smoke": MnistRecipe(
        epochs=2,
        steps_per_epoch=20,
        generator_units=(64, 64),
        discriminator_units=(16, 16),
        n_samples=500,
        samples_every=1,
        validate_every=1,
        judged=False,
    ),
}


def generator(config, spec):
    """G: z -> ReLU layers -> sigmoid pixels. Keras model in the current precision."""
    from gan_repro.networks import mlp

    recipe = config.recipe
    hidden = [(units, "relu") for units in recipe.generator_units]
    return mlp.mlp_generator(recipe.latent, hidden, spec.shape, "sigmoid", recipe.generator_irange)


def stages(config, source):
    """One stage: the whole game."""
    from gan_repro.data.source import mean
    from gan_repro.evaluation import measure
    from gan_repro.networks import initial, precision
    from gan_repro.training.trainer import Stage

    recipe, spec = config.recipe, source.spec
    if recipe.judged and spec.classes:
        measure.check_enough_to_judge(recipe, spec)

    def build(before):
        del before
        rules.seed_weights(config)
        with precision.policy(recipe.precision):
            g, d = generator(config, spec), rules.discriminator(recipe, spec)
        initial.start_at_marginals(g.get_layer("output"), mean(source, "train"))
        return rules.game(config, source, g, d, generator(config, spec))

    validate = measure.parzen_validation(source, VALIDATION_IMAGES)
    return (Stage("game", recipe.epochs, build, validate, recipe.n_samples, recipe.validate_every),)


def evaluate(run):
    """Table 1's log-likelihood of every generator kept; Figures 2a and 3; what a classifier makes of the samples."""
    from gan_repro.evaluation import classifier, measure

    found = measure.parzen_log_likelihood(run, VALIDATION_IMAGES)
    rules.draw_figures(run, found)
    if run.config.recipe.judged and run.source.spec.classes:
        judge, second = classifier.of(run.source), classifier.of(run.source, second=True)
        found += measure.read_by_classifier(run, judge, second=second)
    return found
