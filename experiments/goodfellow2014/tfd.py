"""The TFD model of Goodfellow et al. 2014 (goodfeli/adversarial: tfd_pretrain/*.yaml): two stages; Figure 2b, Table 1.

What it shares with the other models is not here (rules.py).
"""

import dataclasses

from experiments.goodfellow2014 import rules
from gan_repro.papers.recipe import bounded
from gan_repro.system.errors import UsageError

STACK = ("hidden_0", "hidden_1", "output")  # the layers of the first stage's G, which the second one puts its own below


@dataclasses.dataclass(frozen=True, kw_only=True)
class TfdRecipe(rules.AdversarialRecipe):
    """goodfeli/adversarial: tfd_pretrain/pretrain.yaml, then train.yaml.

    First G is z -> ReLU -> sigmoid -> sigmoid pixels. Then its z is replaced by the sigmoid outputs of a new bottom, z ->
    ReLU -> sigmoid, and all of it is trained on, against a new D, all schedules from their start.

    Attributes:
      epochs: of the second stage.
      pretrain_epochs: of the first stage.
      generator_units: of the first stage's G.
      bottom_units: of the new bottom; the last one takes the place of z, so it is as large as `latent`.
      sigmoid_bias: where the biases of hidden sigmoid layers start.
      sparse_connections: the output layer's weights: so many N(0, 1) into each pixel (sparse_init), the rest 0.
      max_column_norm: of every layer of G and D, after every update.
    """

    epochs: int = bounded(22, low=1, high=10**6, role="schedule")
    pretrain_epochs: int = bounded(50, low=1, high=10**6, role="schedule")
    prior: rules.Noise = "gaussian"
    generator_units: tuple[int, ...] = bounded((8000, 8000), low=1, high=10**5)
    bottom_units: tuple[int, ...] = bounded((8000, 100), low=1, high=10**5)
    sigmoid_bias: float = bounded(-2.0, low=-100.0, high=100.0)
    sparse_connections: int = bounded(100, low=1, high=10**6)
    discriminator_units: tuple[int, ...] = bounded((1200, 1200), low=1, high=10**5)
    max_column_norm: float = bounded(1.9365, above=0, high=1e6)
    learning_rate: float = bounded(0.05, above=0, high=1000.0)

    @property
    def total_epochs(self):
        """Those of both stages."""
        return self.pretrain_epochs + self.epochs

    def __post_init__(self):
        super().__post_init__()
        for name in ("generator_units", "bottom_units"):
            if len(getattr(self, name)) != 2:
                raise UsageError(f"{name} = {getattr(self, name)}: must be two numbers: a ReLU and a sigmoid layer")
        if self.bottom_units[1] != self.latent:
            raise UsageError(
                f"bottom_units = {self.bottom_units}, latent = {self.latent}: the last of bottom_units takes the place of z, "
                "so it must equal latent"
            )
        if self.generator_units[1] < self.sparse_connections:
            raise UsageError(
                f"sparse_connections = {self.sparse_connections}: must be <= {self.generator_units[1]}, the last of "
                "generator_units"
            )


PAPER = TfdRecipe(samples_every=2, validate_every=2)
# A quarter of the width (a sixteenth of the work in G's middle) and some 4,400 minibatches: minutes instead of days.
QUICK = TfdRecipe(
    epochs=12,
    pretrain_epochs=27,
    steps_per_epoch=112,
    generator_units=(2000, 2000),
    bottom_units=(2000, 100),
    averages=("exponential-.999",),
    samples_every=3,
    validate_every=3,
)
SMOKE = TfdRecipe(
    epochs=1,
    pretrain_epochs=1,
    steps_per_epoch=20,
    generator_units=(64, 128),
    bottom_units=(64, 100),
    discriminator_units=(16, 16),
    n_samples=500,
    samples_every=1,
    validate_every=1,
)
RECIPES = {"paper": PAPER, "quick": QUICK, "smoke": SMOKE}


def _sigmoid(recipe, units, name):
    from gan_repro.networks import initial, mlp

    start = initial.uniform(recipe.generator_irange)
    return mlp.dense(units, "sigmoid", start, name, bias=recipe.sigmoid_bias, max_column_norm=recipe.max_column_norm)


def _relu(recipe, units, name):
    from gan_repro.networks import initial, mlp

    start = initial.uniform(recipe.generator_irange)
    return mlp.dense(units, "relu", start, name, max_column_norm=recipe.max_column_norm)


def _stack(recipe, spec):
    """The layers of the first stage's G, in the order of STACK."""
    import math

    from gan_repro.networks import initial, mlp

    relu, sigmoid = recipe.generator_units
    sparse = initial.Sparse(recipe.sparse_connections)
    output = mlp.dense(
        math.prod(spec.shape), "sigmoid", sparse, STACK[2], max_column_norm=recipe.max_column_norm, dtype="float32"
    )
    return [_relu(recipe, relu, STACK[0]), _sigmoid(recipe, sigmoid, STACK[1]), output]


def _with_bottom(recipe, spec, stack):
    from gan_repro.networks import mlp

    relu, sigmoid = recipe.bottom_units
    bottom = [_relu(recipe, relu, "bottom_0"), _sigmoid(recipe, sigmoid, "bottom_1")]
    return mlp.generator(recipe.latent, [*bottom, *stack], spec.shape)


def generator(config, spec):
    """The second stage's G: z -> ReLU -> sigmoid -> ReLU -> sigmoid -> sigmoid pixels."""
    return _with_bottom(config.recipe, spec, _stack(config.recipe, spec))


def pretrained_generator(config, spec):
    """The first stage's G: z -> ReLU -> sigmoid -> sigmoid pixels."""
    from gan_repro.networks import mlp

    return mlp.generator(config.recipe.latent, _stack(config.recipe, spec), spec.shape)


def stages(config, source):
    """Two stages: G's upper part on z itself, then everything, with the new bottom between."""
    from gan_repro.data.source import mean
    from gan_repro.evaluation import measure
    from gan_repro.networks import initial, precision
    from gan_repro.training.trainer import Stage

    recipe, spec = config.recipe, source.spec

    def pretrain(before):
        del before
        rules.seed_weights(config)
        with precision.policy(recipe.precision):
            g = pretrained_generator(config, spec)
            d = rules.discriminator(recipe, spec, max_column_norm=recipe.max_column_norm)
        initial.start_at_marginals(g.get_layer("output"), mean(source, "train"))
        return rules.game(config, source, g, d, pretrained_generator(config, spec), averages=())

    def train(before):
        rules.seed_weights(config, tag=1)
        with precision.policy(recipe.precision):
            g = _with_bottom(recipe, spec, [before.generator.network.get_layer(name) for name in STACK])
            d = rules.discriminator(recipe, spec, max_column_norm=recipe.max_column_norm)
        return rules.game(config, source, g, d, generator(config, spec), tag=1)

    validate = measure.parzen_validation(source)
    rest = validate, recipe.n_samples, recipe.validate_every
    return Stage("pretrain", recipe.pretrain_epochs, pretrain, *rest), Stage("train", recipe.epochs, train, *rest)


def evaluate(run):
    """Table 1's log-likelihood of every generator kept, fold by fold where the data have folds; Figures 2b and 3."""
    from gan_repro.evaluation import measure

    found = measure.parzen_log_likelihood(run)
    rules.draw_figures(run, found)
    return found
