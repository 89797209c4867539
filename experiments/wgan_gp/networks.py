"""The networks and the game of Gulrajani et al. 2017 (improved_wgan_training: gan_mnist.py, gan_cifar.py, gan_toy.py)."""

import dataclasses
import math
import typing

import gan_repro as gr

keras = gr.lazy("keras")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Game(gr.AdamRecipe):
    """Algorithm 1.

    Attributes:
      latent, prior: z.
      penalty: lambda, the weight of the gradient penalty.
      n_critic: minibatches for the critic to one of G's updates.
      learning_rate: of both players; Adam's epsilon is TensorFlow's own.
    """

    latent: int = gr.bounded(128, low=1, high=10**5)
    prior: typing.Literal["gaussian", "uniform_-1_1"] = "gaussian"
    penalty: float = gr.bounded(10.0, low=0, high=10**6)
    n_critic: int = gr.bounded(5, low=1, high=10**6)
    learning_rate: float = gr.bounded(1e-4, above=0, high=1000.0)
    beta_2: float = gr.bounded(0.9, low=0, below=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Images(Game):
    """gan_mnist.py; what gan_cifar.py has else stands in its presets.

    Attributes:
      channels: of the critic's convolutions, in their order; G has them in reverse.
      kernel_size: of all convolutions, whose strides are 2.
      negative_slope: of the critic's leaky ReLU.
      generator_norm: whether G has batch norm (gan_cifar.py).
      critic_norm: "layer": layer norm in the critic behind every convolution but the first (section 4, "No critic batch
        normalization"); "none", as in both scripts.
      norm_epsilon, norm_momentum: of the normalisations; momentum of G's moving averages.
    """

    batch_size: int = gr.bounded(50, low=1, high=10**6, smoke=16)
    channels: tuple[int, ...] = gr.bounded((64, 128, 256), low=1, high=10**4, smoke=8)
    kernel_size: int = gr.bounded(5, low=1, high=100)
    negative_slope: float = gr.bounded(0.2, low=0, high=1)
    generator_norm: bool = False
    critic_norm: typing.Literal["layer", "none"] = "layer"
    norm_epsilon: float = gr.bounded(1e-5, above=0, high=1.0)
    norm_momentum: float = gr.bounded(0.9, low=0, below=1)

    def __post_init__(self):
        super().__post_init__()
        if not self.channels:
            raise gr.UsageError("channels must have at least one number")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Points(Game):
    """gan_toy.py.

    Attributes:
      units: of the ReLU layers of either player.
    """

    batch_size: int = gr.bounded(256, low=1, high=10**6, smoke=16)
    latent: int = gr.bounded(2, low=1, high=10**5)
    penalty: float = gr.bounded(0.1, low=0, high=10**6)
    units: tuple[int, ...] = gr.bounded((512, 512, 512), low=1, high=10**5, smoke=16)


def _spread(inputs, outputs):
    """A Keras initialiser as tflib's convolutions start: U(-a, a) of variance 4 / (inputs + outputs) of a unit."""
    return gr.initial.uniform(math.sqrt(12 / (inputs + outputs)))


def generator(recipe, spec):
    """G: z -> a small image -> transposed convolutions, cropped where the next size is odd -> sigmoid or tanh pixels.

    gan_mnist.py crops 8 x 8 to 7 x 7; so images of any size come out.
    """
    height, width, depth = spec.shape
    channels, area = recipe.channels[::-1], recipe.kernel_size**2
    sizes = [tuple(-(-side // 2**i) for side in (height, width)) for i in range(len(channels), -1, -1)]

    def close(x, name):
        if recipe.generator_norm:
            norm = gr.convolutional.Normalisation(True, recipe.norm_epsilon, recipe.norm_momentum, 0.0)
            x = norm.layer(f"{name}_norm")(x)
        return keras.layers.ReLU(name=f"{name}_activation")(x)

    x = z = keras.Input((recipe.latent,), name="z")
    x = gr.mlp.dense(math.prod(sizes[0]) * channels[0], None, gr.initial.glorot(), "seed")(x)
    x = keras.layers.Reshape((*sizes[0], channels[0]), name="seed_image")(close(x, "seed"))
    for i, (before, after) in enumerate(zip(channels, (*channels[1:], depth))):
        last = i + 1 == len(channels)
        name = "output" if last else f"up_{i}"
        start = _spread(before * area / 4, after * area)
        options = {"padding": "same", "kernel_initializer": start, "dtype": "float32" if last else None, "name": name}
        x = keras.layers.Conv2DTranspose(after, recipe.kernel_size, 2, **options)(x)
        over = [(0, 2 * small - large) for small, large in zip(sizes[i], sizes[i + 1])]
        if any(pixels for _, pixels in over):
            x = keras.layers.Cropping2D(over, name=f"{name}_cropped", dtype="float32" if last else None)(x)
        x = keras.layers.Activation(_output(spec), dtype="float32", name="images")(x) if last else close(x, name)
    return keras.Model(z, x, name="generator")


def _output(spec):
    """G's last function: what fits the pixels that the networks see."""
    return "tanh" if spec.scaling == gr.Linear(-1.0, 1.0) else "sigmoid"


def critic(recipe, spec):
    """The critic: images -> convolutions of stride 2 with leaky ReLU -> scores (m, 1)."""
    x = images = keras.Input(spec.shape, name="images")
    area, before = recipe.kernel_size**2, spec.shape[2]
    for i, after in enumerate(recipe.channels):
        start = _spread(before * area, after * area / 4)
        x = keras.layers.Conv2D(after, recipe.kernel_size, 2, "same", kernel_initializer=start, name=f"down_{i}")(x)
        if i and recipe.critic_norm == "layer":
            x = gr.convolutional.LayerNormalisation(True, recipe.norm_epsilon).layer(f"down_{i}_norm")(x)
        x = keras.layers.LeakyReLU(negative_slope=recipe.negative_slope, name=f"down_{i}_activation")(x)
        before = after
    x = keras.layers.Flatten(name="flat")(x)
    return keras.Model(images, gr.mlp.dense(1, None, gr.initial.glorot(), "logit", dtype="float32")(x), name="discriminator")


def _layers(recipe, outputs, name):
    """ReLU layers, started as He et al. 2015, and a linear one called `name`."""
    return gr.mlp.relu_layers(recipe.units, outputs, name, gr.initial.he, gr.initial.glorot)


def points_generator(recipe, spec):
    """G of gan_toy.py: z -> ReLU layers -> points (m, 1, 1, 2)."""
    return gr.mlp.generator(recipe.latent, _layers(recipe, math.prod(spec.shape), "output"), spec.shape)


def points_critic(recipe, spec):
    """The critic of gan_toy.py: points -> ReLU layers -> scores (m, 1)."""
    return gr.mlp.discriminator(_layers(recipe, 1, "logit"), spec.shape)


def game(recipe, spec):
    """Algorithm 1: n_critic updates of the critic, with the gradient penalty, for one of G's."""
    del spec
    pair = gr.losses.wasserstein()
    loss = dataclasses.replace(pair, discriminator=(*pair.discriminator, gr.losses.gradient_penalty(recipe.penalty)))

    optimizers = recipe.adam(recipe.learning_rate), recipe.adam(recipe.learning_rate)
    return gr.Rules(loss=loss, optimizers=optimizers, schedule=gr.schedule.alternating(recipe.n_critic))
