"""The networks and the game of Arjovsky et al. 2017, for the WGAN and for the GAN beside it (WassersteinGAN)."""

import dataclasses
import math
import typing

import gan_repro as gr

keras = gr.lazy("keras")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(gr.AdamRecipe):
    """Algorithm 1 as the authors' code runs it (WassersteinGAN: main.py, models/dcgan.py, models/mlp.py); its defaults.

    Attributes:
      objective: "wasserstein", or "non_saturating": the GAN with the -log D trick that the paper sets beside it.
      latent, prior: z.
      generator, critic: "convolutional" (DCGAN's) or "mlp": linear layers of `units` with ReLU; G's ends without tanh.
      units: of each hidden layer of an MLP.
      generator_channels, critic_channels: of the convolutional ones; every convolution has stride 2.
      kernel_size: of all convolutions.
      generator_norm, critic_norm: whether there is batch norm; a GAN's D is named critic here, too.
      norm_epsilon, norm_momentum, norm_gain_std: see convolutional.Normalisation.
      negative_slope: of the critic's leaky ReLU.
      init_std: convolutions' weights are N(0, init_std^2).
      optimizer, learning_rate, rho: of both players; rho and epsilon of RMSprop, epsilon and the betas of Adam.
      clip: every parameter of the critic is clipped to [-clip, clip], batch norm's too; 0: none is.
      clip_before: before each of the critic's updates, as in the code, and not after it, as in Algorithm 1.
      n_critic: minibatches for the critic to one of G's updates.
      warmup_first, warmup_every, warmup_length: n_critic is warmup_length before G's first `warmup_first` updates and before
        every warmup_every-th one (0: never).
      samples_every: epochs between grids of samples, and between the looks at estimate and quality (Figures 3 and 4).
    """

    batch_size: int = gr.bounded(64, low=1, high=10**6, smoke=16)
    samples_every: int = gr.bounded(5, low=1, high=10**6, role="evaluation", smoke=1)
    objective: typing.Literal["wasserstein", "non_saturating"] = "wasserstein"
    latent: int = gr.bounded(100, low=1, high=10**5)
    prior: typing.Literal["gaussian", "uniform_-1_1"] = "gaussian"
    generator: typing.Literal["convolutional", "mlp"] = "convolutional"
    critic: typing.Literal["convolutional", "mlp"] = "convolutional"
    units: tuple[int, ...] = gr.bounded((512, 512, 512), low=1, high=10**5)
    generator_channels: tuple[int, ...] = gr.bounded((512, 256, 128, 64), low=1, high=10**4, smoke=8)
    critic_channels: tuple[int, ...] = gr.bounded((64, 128, 256, 512), low=1, high=10**4, smoke=8)
    kernel_size: int = gr.bounded(4, low=1, high=100)
    generator_norm: bool = True
    critic_norm: bool = True
    norm_epsilon: float = gr.bounded(1e-5, above=0, high=1.0)
    norm_momentum: float = gr.bounded(0.9, low=0, below=1)
    norm_gain_std: float = gr.bounded(0.02, low=0, high=100.0)
    negative_slope: float = gr.bounded(0.2, low=0, high=1)
    init_std: float = gr.bounded(0.02, above=0, high=100.0)
    optimizer: typing.Literal["rmsprop", "adam"] = "rmsprop"
    learning_rate: float = gr.bounded(5e-5, above=0, high=1000.0)
    rho: float = gr.bounded(0.99, low=0, below=1)
    clip: float = gr.bounded(0.01, low=0, high=1000.0)
    clip_before: bool = True
    n_critic: int = gr.bounded(5, low=1, high=10**6)
    warmup_first: int = gr.bounded(25, low=0, high=10**6, smoke=1)
    warmup_every: int = gr.bounded(500, low=0, high=10**9)
    warmup_length: int = gr.bounded(100, low=1, high=10**6, smoke=8)

    def __post_init__(self):
        super().__post_init__()
        for name in ("generator_channels", "units"):
            if not getattr(self, name):
                raise gr.UsageError(f"{name} must have at least one number")


def _linear(units, activation, inputs, name, dtype=None):
    """A dense layer as PyTorch starts it: weights and biases U(-1, 1) / sqrt(inputs) (torch/nn/modules/linear.py)."""

    def start():  # one for each weight: a Keras initialiser returns the same numbers at each call
        return keras.initializers.RandomUniform(-(inputs**-0.5), inputs**-0.5)

    return keras.layers.Dense(units, activation, kernel_initializer=start(), bias_initializer=start(), name=name, dtype=dtype)


def _linears(units, inputs):
    """Hidden ReLU layers."""
    return [_linear(n, "relu", before, f"hidden_{i}") for i, (before, n) in enumerate(zip((inputs, *units), units))]


def _convolutional(recipe, norm):
    """What both convolutional networks share; `norm`: whether they have batch norm."""
    given = (recipe.norm_epsilon, recipe.norm_momentum, recipe.norm_gain_std)
    return {
        "normalisation": gr.convolutional.Normalisation(True, *given) if norm else None,
        "init_std": recipe.init_std,
    }


def _left_out(recipe, spec):
    """How many convolutions of stride 2 are too many for the images, in G and in the critic."""
    depth, strides = gr.sizes.depth, (2,) * len(recipe.generator_channels)
    return len(strides) - depth(spec, strides, exact=recipe.generator == "convolutional")


def generator(recipe, spec):
    """G: z -> pixels."""
    if recipe.generator == "mlp":
        hidden = _linears(recipe.units, recipe.latent)
        last = _linear(math.prod(spec.shape), None, recipe.units[-1], "output", dtype="float32")
        return gr.mlp.generator(recipe.latent, [*hidden, last], spec.shape)
    channels = recipe.generator_channels[_left_out(recipe, spec) :]
    return gr.convolutional.generator(
        recipe.latent,
        spec.shape,
        channels,
        (2,) * len(channels),
        recipe.kernel_size,
        base_by_channel=True,
        **_convolutional(recipe, recipe.generator_norm),
    )


def critic(recipe, spec):
    """The critic, or a GAN's D: images -> scores (m, 1), without sigmoid."""
    if recipe.critic == "mlp":
        images = keras.Input(spec.shape, name="images")
        x = keras.layers.Flatten(name="flat")(images)
        for layer in _linears(recipe.units, math.prod(spec.shape)):
            x = layer(x)
        return keras.Model(images, _linear(1, None, recipe.units[-1], "logit", dtype="float32")(x), name="discriminator")
    left_out = _left_out(recipe, spec)
    channels = recipe.critic_channels[: max(0, len(recipe.critic_channels) - left_out)]
    if recipe.critic_channels and not channels and left_out < len(recipe.generator_channels):
        raise gr.UsageError(
            f"critic_channels = {recipe.critic_channels}: the images are too small for {left_out} of the strided layers, in "
            f"both networks, which leaves the critic none; give {left_out + 1} numbers or more"
        )
    return gr.convolutional.discriminator(
        spec.shape,
        channels,
        (2,) * len(channels),
        recipe.kernel_size,
        negative_slope=recipe.negative_slope,
        **_convolutional(recipe, recipe.critic_norm),
    )


def _optimizer(recipe):
    if recipe.optimizer == "rmsprop":
        if given := [name for name in ("beta_1", "beta_2") if getattr(recipe, name) != getattr(type(recipe), name)]:
            raise gr.UsageError(
                f"{', '.join(given)}: of Adam, and the optimizer is rmsprop; leave it as it is, or set optimizer"
            )
        return gr.optimizers.RMSprop(recipe.learning_rate, recipe.rho, recipe.epsilon)
    return recipe.adam(recipe.learning_rate)


def schedule(recipe):
    """n_critic updates of the critic for one of G's, more of them at first and now and then."""
    warmup = gr.schedule.CriticWarmup(recipe.warmup_first, recipe.warmup_every, recipe.warmup_length)
    return gr.schedule.alternating(recipe.n_critic, warmup=warmup if recipe.warmup_first or recipe.warmup_every else None)


def game(recipe, spec):
    """Algorithm 1, whose critic is clipped."""
    del spec
    return gr.Rules(
        loss=gr.losses.OBJECTIVES[recipe.objective](),
        optimizers=(_optimizer(recipe), _optimizer(recipe)),
        schedule=schedule(recipe),
        constraint=gr.constraints.WeightClip(recipe.clip) if recipe.clip else None,
        constrain_first=recipe.clip_before,
    )
