"""The games of Arjovsky et al. 2017 as data: recipe, networks, order of play, for the WGAN and for the GAN beside it.

Which numbers belong to which data set is in __init__.py, what a trained run shows in evidence.py.
"""

import dataclasses
import typing

from gan_repro.data.scaling import Linear
from gan_repro.latent import priors
from gan_repro.papers.recipe import TrainingRecipe, bounded
from gan_repro.system.errors import UsageError


@dataclasses.dataclass(frozen=True, kw_only=True)
class WganRecipe(TrainingRecipe):
    """Algorithm 1 as the authors' code runs it (WassersteinGAN: main.py, models/dcgan.py, models/mlp.py); its defaults.

    Attributes:
      objective: "wasserstein", or "non_saturating": the GAN with the -log D trick that the paper sets beside it.
      latent, prior: z.
      generator, critic: "convolutional" (DCGAN's) or "mlp": linear layers of `units` with ReLU; G's ends without tanh.
      units: of each hidden layer of an MLP.
      generator_channels, critic_channels: of the convolutional ones; every convolution has stride 2.
      kernel_size: of all convolutions.
      generator_norm, critic_norm: whether there is batch norm; a GAN's D is named critic here, too.
      norm_epsilon, norm_momentum, norm_gain_deviation: see convolutional.Normalisation.
      slope: of the critic's leaky ReLU.
      deviation: convolutions' weights are N(0, deviation^2).
      optimizer, learning_rate, rho, beta_1, beta_2, epsilon: of both players; rho of RMSprop, the betas of Adam.
      clip: every parameter of the critic is clipped to [-clip, clip], batch norm's too; 0: none is.
      clip_before: before each of the critic's updates, as in the code, and not after it, as in Algorithm 1.
      n_critic: minibatches for the critic to one of G's updates.
      long_phases, long_every, long_length: n_critic is long_length before G's first `long_phases` updates and before
        every long_every-th one (0: never).
    """

    batch_size: int = bounded(64, low=1, high=10**6)
    objective: typing.Literal["wasserstein", "non_saturating"] = "wasserstein"
    latent: int = bounded(100, low=1, high=10**5)
    prior: typing.Literal["gaussian", "uniform_-1_1"] = "gaussian"
    generator: typing.Literal["convolutional", "mlp"] = "convolutional"
    critic: typing.Literal["convolutional", "mlp"] = "convolutional"
    units: tuple[int, ...] = bounded((512, 512, 512), low=1, high=10**5)
    generator_channels: tuple[int, ...] = bounded((512, 256, 128, 64), low=1, high=10**4)
    critic_channels: tuple[int, ...] = bounded((64, 128, 256, 512), low=1, high=10**4)
    kernel_size: int = bounded(4, low=1, high=100)
    generator_norm: bool = True
    critic_norm: bool = True
    norm_epsilon: float = bounded(1e-5, above=0, high=1.0)
    norm_momentum: float = bounded(0.9, low=0, below=1)
    norm_gain_deviation: float = bounded(0.02, low=0, high=100.0)
    slope: float = bounded(0.2, low=0, high=1)
    deviation: float = bounded(0.02, above=0, high=100.0)
    optimizer: typing.Literal["rmsprop", "adam"] = "rmsprop"
    learning_rate: float = bounded(5e-5, above=0, high=1000.0)
    rho: float = bounded(0.99, low=0, below=1)
    beta_1: float = bounded(0.5, low=0, below=1)
    beta_2: float = bounded(0.999, low=0, below=1)
    epsilon: float = bounded(1e-8, above=0, high=1.0)
    clip: float = bounded(0.01, low=0, high=1000.0)
    clip_before: bool = True
    n_critic: int = bounded(5, low=1, high=10**6)
    long_phases: int = bounded(25, low=0, high=10**6)
    long_every: int = bounded(500, low=0, high=10**9)
    long_length: int = bounded(100, low=1, high=10**6)

    def __post_init__(self):
        super().__post_init__()
        for name in ("generator_channels", "units"):
            if not getattr(self, name):
                raise UsageError(f"{name} must have at least one number")


def scaling(config):
    """Pixels in [-1, 1]."""
    del config
    return Linear(-1.0, 1.0)


def _normalisation(recipe, wanted):
    from gan_repro.networks.convolutional import Normalisation

    given = (recipe.norm_epsilon, recipe.norm_momentum, recipe.norm_gain_deviation)
    return Normalisation(True, *given) if wanted else None


def _strides(channels):
    return (2,) * len(channels)


def _check(recipe, spec):
    """Raises UsageError where the recipe's convolutional networks cannot make such images."""
    from gan_repro.networks import convolutional

    if recipe.generator == "convolutional":
        channels = recipe.generator_channels
        convolutional.check_growth(spec, _strides(channels), f"{len(channels)} generator_channels")


def _linear(units, activation, inputs, name, dtype=None):
    """A dense layer as PyTorch starts it: weights and biases U(-1, 1) / sqrt(inputs) (torch/nn/modules/linear.py)."""
    import keras

    def start():  # one for each weight: a Keras initialiser returns the same numbers at each call
        return keras.initializers.RandomUniform(-(inputs**-0.5), inputs**-0.5)

    return keras.layers.Dense(units, activation, kernel_initializer=start(), bias_initializer=start(), name=name, dtype=dtype)


def _linears(units, inputs):
    """Hidden ReLU layers."""
    return [_linear(n, "relu", before, f"hidden_{i}") for i, (before, n) in enumerate(zip((inputs, *units), units))]


def generator(config, spec):
    """G: z -> pixels. Keras model in the current precision."""
    import math

    from gan_repro.networks import convolutional, mlp

    recipe = config.recipe
    _check(recipe, spec)
    if recipe.generator == "mlp":
        hidden = _linears(recipe.units, recipe.latent)
        last = _linear(math.prod(spec.shape), None, recipe.units[-1], "output", dtype="float32")
        return mlp.generator(recipe.latent, [*hidden, last], spec.shape)
    return convolutional.generator(
        recipe.latent,
        spec.shape,
        recipe.generator_channels,
        _strides(recipe.generator_channels),
        recipe.kernel_size,
        normalisation=_normalisation(recipe, recipe.generator_norm),
        base_by_channel=True,
        init_std=recipe.deviation,
    )


def critic(config, spec):
    """The critic, or a GAN's D: images -> scores (m, 1), without sigmoid. Keras model in the current precision."""
    import math

    import keras

    from gan_repro.networks import convolutional

    recipe = config.recipe
    if recipe.critic == "mlp":
        images = keras.Input(spec.shape, name="images")
        x = keras.layers.Flatten(name="flat")(images)
        for layer in _linears(recipe.units, math.prod(spec.shape)):
            x = layer(x)
        return keras.Model(images, _linear(1, None, recipe.units[-1], "logit", dtype="float32")(x), name="discriminator")
    return convolutional.discriminator(
        spec.shape,
        recipe.critic_channels,
        _strides(recipe.critic_channels),
        recipe.kernel_size,
        normalisation=_normalisation(recipe, recipe.critic_norm),
        negative_slope=recipe.slope,
        init_std=recipe.deviation,
    )


def _optimizer(recipe):
    from gan_repro.training import optimizers

    if recipe.optimizer == "rmsprop":
        return optimizers.RMSprop(recipe.learning_rate, recipe.rho, recipe.epsilon)
    return optimizers.Adam(recipe.learning_rate, beta_1=recipe.beta_1, beta_2=recipe.beta_2, epsilon=recipe.epsilon)


def stages(config, source):
    """One stage: the whole game."""
    from gan_repro.evaluation import measure
    from gan_repro.networks import constraints, precision
    from gan_repro.training import losses, schedule
    from gan_repro.training.game import Player, from_recipe
    from gan_repro.training.trainer import Stage

    recipe, spec = config.recipe, source.spec
    _check(recipe, spec)
    if spec.classes:
        measure.check_enough_to_judge(recipe, spec)
    objective = losses.OBJECTIVES[recipe.objective]()
    phases = schedule.LongPhases(recipe.long_phases, recipe.long_every, recipe.long_length)
    long = recipe.long_phases or recipe.long_every

    def build(before):
        import keras

        del before
        keras.utils.set_random_seed(config.seed)
        with precision.policy(recipe.precision):
            g, d = generator(config, spec), critic(config, spec)
        clip = constraints.WeightClip(recipe.clip) if recipe.clip else None
        return from_recipe(
            config,
            source,
            Player(g, _optimizer(recipe), objective.generator),
            Player(d, _optimizer(recipe), objective.discriminator, clip, recipe.clip_before),
            priors.of(config),
            schedule.OrderOfPlay("alternating", g_every=recipe.n_critic, long_phases=phases if long else None),
            objective,
            generator(config, spec),
        )

    return (Stage("game", recipe.epochs, build),)
