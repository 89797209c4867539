"""The MNIST model of Goodfellow et al. 2014 (goodfeli/adversarial: mnist.yaml): Figure 2a, Figure 3, Table 1."""

import dataclasses

import gan_repro as gr
from experiments.goodfellow2014 import adversarial


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(adversarial.Recipe):
    """goodfeli/adversarial: mnist.yaml. G: two ReLU layers, sigmoid pixels; D: two maxout layers.

    Attributes:
      max_column_norm: of every layer of G and D, after every update; 0: none, as in mnist.yaml. 1.9365 is that of an earlier
        file (goodfeli/galatea: adversarial/reboot_early.yaml) and of the TFD model.
    """

    max_column_norm: float = gr.bounded(0.0, low=0, high=1e6)


PRESETS = {
    # mnist.yaml names no number of epochs: it runs until it is killed. The best generator by validation is kept.
    "paper": Recipe(
        epochs=1000,
        samples_every=10,
        averages=("ema-.9995", "ema-.9999", "ema-.99995", "mean-from-5"),
    ),
    # D wins the first epochs, and how long G takes to come back differs from seed to seed: after 20 epochs two of five
    # seeds had not come back, after 25 all had.
    "quick": Recipe(epochs=25, averages=("ema-.9995",)),
}


def generator(recipe, spec):
    """G: z -> ReLU layers -> sigmoid pixels."""
    hidden = [(units, "relu") for units in recipe.generator_units]
    norm = recipe.max_column_norm or None
    return gr.mlp.mlp_generator(recipe.latent, hidden, spec.shape, "sigmoid", recipe.generator_irange, max_column_norm=norm)


def discriminator(recipe, spec):
    """D: maxout layers -> logit, with dropout."""
    return adversarial.discriminator(recipe, spec, max_column_norm=recipe.max_column_norm or None)


MODEL = gr.Model(
    title="Adversarial nets",
    datasets=("mnist", "glyphs", *gr.OWN),
    presets=PRESETS,
    phases=(
        gr.Phase(
            generator=generator,
            discriminator=discriminator,
            game=adversarial.game,
            initialise=gr.pylearn2.start_at_marginals,
        ),
    ),
    measures=(
        # parzen_ll.py was called with --limit_size 1000: sigma is chosen on the first 1,000 validation images
        gr.measures.ParzenLogLikelihood(validation_images=1000),
        gr.measures.ReadByClassifier(field="classifier_metrics"),
    ),
    figures=adversarial.FIGURES,
)
