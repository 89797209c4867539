"""The TFD model of Goodfellow et al. 2014 (goodfeli/adversarial: tfd_pretrain/*.yaml): two stages; Figure 2b, Table 1."""

import dataclasses
import math

import gan_repro as gr
from experiments.goodfellow2014 import adversarial

STACK = ("hidden_0", "hidden_1", "output")  # the layers of the first stage's G, which the second one puts its own below


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(adversarial.Recipe):
    """goodfeli/adversarial: tfd_pretrain/pretrain.yaml, then train.yaml.

    First G is z -> ReLU -> sigmoid -> sigmoid pixels. Then its z is replaced by the sigmoid outputs of a new bottom, z ->
    ReLU -> sigmoid, and all of it is trained on, against a new D, all schedules from their start.

    Attributes:
      epochs: of the second stage.
      pretrain_epochs: of the first stage.
      generator_units: of the first stage's G.
      bottom_units: of the new bottom; the last one takes the place of z, so it is as large as `latent`.
      sigmoid_bias: where the biases of hidden sigmoid layers start.
      bottom_irange, bottom_bias: of the new bottom, in the place of generator_irange and sigmoid_bias.
      sparse_connections: the output layer's weights: so many N(0, 1) into each pixel (sparse_init), the rest 0.
      max_column_norm: of every layer of G and D, after every update.
    """

    epochs: int = gr.bounded(22, low=1, high=10**6, role="schedule", smoke=1)
    pretrain_epochs: int = gr.bounded(50, low=1, high=10**6, role="schedule", smoke=1)
    prior: adversarial.Noise = "gaussian"
    generator_units: tuple[int, ...] = gr.bounded((8000, 8000), low=1, high=10**5, smoke=(64, 128))
    bottom_units: tuple[int, ...] = gr.bounded((8000, 100), low=1, high=10**5, smoke=(64, 100))
    sigmoid_bias: float = gr.bounded(-2.0, low=-100.0, high=100.0)
    bottom_irange: float = gr.bounded(0.05, above=0, high=100.0)
    bottom_bias: float = gr.bounded(-2.0, low=-100.0, high=100.0)
    sparse_connections: int = gr.bounded(100, low=1, high=10**6)
    discriminator_units: tuple[int, ...] = gr.bounded((1200, 1200), low=1, high=10**5, smoke=16)
    max_column_norm: float = gr.bounded(1.9365, above=0, high=1e6)
    learning_rate: float = gr.bounded(0.05, above=0, high=1000.0)

    @property
    def total_epochs(self):
        """Those of both stages."""
        return self.pretrain_epochs + self.epochs

    def __post_init__(self):
        super().__post_init__()
        for name in ("generator_units", "bottom_units"):
            if len(getattr(self, name)) != 2:
                raise gr.UsageError(f"{name} = {getattr(self, name)}: must be two numbers: a ReLU and a sigmoid layer")
        if self.bottom_units[1] != self.latent:
            raise gr.UsageError(
                f"bottom_units = {self.bottom_units}, latent = {self.latent}: the last of bottom_units takes the place of z, "
                "so it must equal latent"
            )
        if self.generator_units[1] < self.sparse_connections:
            raise gr.UsageError(
                f"sparse_connections = {self.sparse_connections}: must be <= {self.generator_units[1]}, the last of "
                "generator_units"
            )


PRESETS = {
    "paper": Recipe(samples_every=2, validate_every=2),
    # A quarter of the width (a sixteenth of the work in G's middle) and some 4,400 minibatches: minutes instead of days.
    "quick": Recipe(
        epochs=12,
        pretrain_epochs=27,
        steps_per_epoch=112,
        generator_units=(2000, 2000),
        bottom_units=(2000, 100),
        averages=("ema-.999",),
        samples_every=3,
        validate_every=3,
    ),
}


def _dense(recipe, units, activation, name, irange, sigmoid_bias):
    bias = sigmoid_bias if activation == "sigmoid" else 0.0
    start = gr.initial.uniform(irange)
    return gr.mlp.dense(units, activation, start, name, bias=bias, max_column_norm=recipe.max_column_norm)


def _stack(recipe, spec):
    """The layers of the first phase's G, in the order of STACK."""
    relu, sigmoid = recipe.generator_units
    sparse, norm = gr.initial.Sparse(recipe.sparse_connections), recipe.max_column_norm
    pixels = gr.mlp.dense(math.prod(spec.shape), "sigmoid", sparse, STACK[2], max_column_norm=norm, dtype="float32")
    start = recipe.generator_irange, recipe.sigmoid_bias
    return [_dense(recipe, relu, "relu", STACK[0], *start), _dense(recipe, sigmoid, "sigmoid", STACK[1], *start), pixels]


def _with_bottom(recipe, spec, stack):
    relu, sigmoid = recipe.bottom_units
    start = recipe.bottom_irange, recipe.bottom_bias
    bottom = [_dense(recipe, relu, "relu", "bottom_0", *start), _dense(recipe, sigmoid, "sigmoid", "bottom_1", *start)]
    return gr.mlp.generator(recipe.latent, [*bottom, *stack], spec.shape)


def pretrained_generator(recipe, spec):
    """The first phase's G: z -> ReLU -> sigmoid -> sigmoid pixels."""
    return gr.mlp.generator(recipe.latent, _stack(recipe, spec), spec.shape)


def generator(recipe, spec):
    """The second phase's G: z -> ReLU -> sigmoid -> ReLU -> sigmoid -> sigmoid pixels."""
    return _with_bottom(recipe, spec, _stack(recipe, spec))


def grow(recipe, spec, before):
    """The second phase's G, whose upper part are the layers of the first phase's."""
    return _with_bottom(recipe, spec, [before.get_layer(name) for name in STACK])


def discriminator(recipe, spec):
    """D: maxout layers -> logit, with dropout and bounded columns."""
    return adversarial.discriminator(recipe, spec, max_column_norm=recipe.max_column_norm)


MODEL = gr.Model(
    title="Adversarial nets",
    datasets=("tfd", "tfd96", *gr.OWN),
    presets=PRESETS,
    phases=(
        gr.Phase(
            name="pretrain",
            epochs="pretrain_epochs",
            generator=pretrained_generator,
            discriminator=discriminator,
            game=adversarial.game,
            initialise=gr.pylearn2.start_at_marginals,
            averages=False,
        ),
        gr.Phase(name="train", generator=generator, discriminator=discriminator, game=adversarial.game, grow=grow),
    ),
    measures=(gr.measures.ParzenLogLikelihood(beside=adversarial.beside), adversarial.VARIETY),
    figures=adversarial.FIGURES,
)
