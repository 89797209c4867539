"""The dense GAN that beginners' tutorials train first, on digits. It is no paper's."""

import dataclasses
import math
import typing

import gan_repro as gr


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(gr.Tricks):
    """Two dense networks with one hidden layer each.

    Attributes:
      latent, prior: z.
      generator_units, discriminator_units: of the hidden ReLU layers.
      output: G's last activation: "sigmoid" of pixels, "linear" of points.
      learning_rate, beta_1, beta_2, epsilon: of Adam, for both players.
    """

    batch_size: int = gr.bounded(128, low=1, high=10**6, smoke=16)
    latent: int = gr.bounded(100, low=1, high=10**5)
    prior: typing.Literal["uniform_-1_1", "gaussian"] = "uniform_-1_1"
    generator_units: tuple[int, ...] = gr.bounded((128,), low=1, high=10**5, smoke=16)
    discriminator_units: tuple[int, ...] = gr.bounded((128,), low=1, high=10**5, smoke=16)
    output: typing.Literal["sigmoid", "linear"] = "sigmoid"
    generator_norm: typing.Literal["batch", "layer", "weight", "spectral", "none"] = "none"
    discriminator_norm: typing.Literal["batch", "layer", "weight", "spectral", "none"] = "none"
    learning_rate: float = gr.bounded(1e-3, above=0, high=1000.0)
    beta_1: float = gr.bounded(0.9, low=0, below=1)
    beta_2: float = gr.bounded(0.999, low=0, below=1)
    epsilon: float = gr.bounded(1e-8, above=0, high=1.0)


DIGITS = Recipe(epochs=100)


def generator(recipe, spec):
    """G: z -> ReLU layers -> sigmoid pixels, or points."""
    norm = gr.norms.of(recipe.generator_norm)
    layers = gr.norms.dense_layers(
        recipe.generator_units,
        math.prod(spec.shape),
        "output",
        norm,
        gr.initial.glorot_normal,
        output_activation=recipe.output,
    )
    return gr.mlp.generator(recipe.latent, layers, spec.shape)


def discriminator(recipe, spec):
    """D: pixels -> ReLU layers -> logit."""
    norm = gr.norms.of(recipe.discriminator_norm)
    layers = gr.norms.dense_layers(
        recipe.discriminator_units,
        1,
        "logit",
        norm,
        gr.initial.glorot_normal,
        dropout=recipe.dropout,
        minibatch=recipe.minibatch,
    )
    return gr.mlp.discriminator(layers, spec.shape)


def game(recipe, spec):
    """D, then G, on every minibatch; the non-saturating loss."""

    def adam():
        return gr.optimizers.Adam(recipe.learning_rate, beta_1=recipe.beta_1, beta_2=recipe.beta_2, epsilon=recipe.epsilon)

    rules = gr.Rules(loss=gr.losses.non_saturating_pair(), optimizers=(adam(), adam()), schedule=gr.schedule.alternating())
    return gr.tricks.played(rules, recipe, spec, features="features")


PHASES = (gr.Phase(generator=generator, discriminator=discriminator, game=game),)
EXPERIMENT = gr.Experiment(
    name="tutorial_mlp",
    short_name="tutorial: MLP",
    title="The dense GAN of beginners' tutorials",
    reference="no paper: what tutorials have in common; after Goodfellow et al. 2014, arXiv:1406.2661",
    table="tutorials",
    models={
        "mlp": gr.Model(
            title="Tutorial MLP",
            datasets=("mnist", "glyphs", *gr.OWN),
            presets={"paper": DIGITS, "quick": dataclasses.replace(DIGITS, epochs=20)},
            phases=PHASES,
            measures=(
                gr.measures.ParzenLogLikelihood(validation_images=1000, validates=False),
                gr.measures.ReadByClassifier(),
            ),
            figures=(gr.figures.Curves(), gr.figures.Samples(), gr.figures.Interpolation()),
        ),
    },
    key_figures=(gr.KeyFigure("mlp", "mnist", "samples-last", "Samples of the tutorials' dense GAN"),),
    **gr.prose(__file__),
)
