"""The convolutional networks of DCGAN, WGAN and their kin: strided stacks with normalisation, and with labels in every layer.

A paper's recipe says which of them it uses, and with what numbers. Which image sizes they take: sizes.py. Dense and maxout
networks: mlp.py.
"""

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

import keras

from gan_repro.networks import initial
from gan_repro.networks.layers import Dropout, GaussianNoise, LabelMaps, OneHot
from gan_repro.networks.minibatch import MinibatchDiscrimination
from gan_repro.networks.sizes import fits

Shape = tuple[int, int, int]  # (height, width, channels) of an image
Factory = Callable[..., keras.layers.Layer]  # called as the Keras layer class that it takes the place of
Biases = bool | Literal["without_norm"]  # which layers have them; "without_norm": those that no normalisation follows


class Normaliser(Protocol):
    """What stands between a layer and its activation."""

    def layer(self, name: str) -> keras.layers.Layer:
        """A new Keras layer of that name: (m, units) or (m, h, w, c) -> the same shape."""


@dataclasses.dataclass(frozen=True)
class Normalisation:
    """Batch normalisation: statistics of the minibatch in training, moving averages of them in test mode.

    Attributes:
      gain: whether there are a learned gain, from N(1, gain_init_std^2), and a learned shift, from 0.
      epsilon: added to the variance.
      momentum: of the moving averages: mean <- momentum mean + (1 - momentum) mean of the minibatch.
      gain_init_std: see gain.
    """

    gain: bool
    epsilon: float
    momentum: float
    gain_init_std: float = 0.02

    def layer(self, name: str) -> keras.layers.Layer:
        """The Keras layer; it computes its statistics in float32 under any policy."""
        return keras.layers.BatchNormalization(
            momentum=self.momentum,
            epsilon=self.epsilon,
            center=self.gain,
            scale=self.gain,
            gamma_initializer=initial.normal(self.gain_init_std, 1.0),
            name=name,
        )


@dataclasses.dataclass(frozen=True)
class LayerNormalisation:
    """Layer normalisation: statistics of each example over all its units, or pixels and channels, in training and test mode.

    No example depends on another one, which a gradient penalty on each example's gradient takes (Gulrajani et al. 2017,
    section 4). Source: Ba et al. 2016.

    Attributes:
      gain: whether there are a learned gain, from 1, and a learned shift, from 0, for each unit or channel.
      epsilon: added to the variance.
    """

    gain: bool = True
    epsilon: float = 1e-5

    def layer(self, name: str) -> keras.layers.Layer:
        """The Keras layer; it computes its statistics in float32 under any policy."""
        # One group of all channels: keras.layers.LayerNormalization over all axes would learn a gain for every pixel.
        return keras.layers.GroupNormalization(1, epsilon=self.epsilon, center=self.gain, scale=self.gain, name=name)


class _Stack:
    """What both builders share: layers one after the other, each of which may see the label."""

    def __init__(
        self,
        x: keras.KerasTensor,
        classes: int,
        kernel_size: int,
        start: initial.Start,
        use_bias: Biases,
        normalisation: Normaliser | None,
        activation: Callable[[str], keras.layers.Layer],
        layers: Mapping[str, Factory],
        dropout: tuple[float, float] | None = None,
        noise_std: float = 0.0,
    ) -> None:
        self.x, self.inputs = x, [x]
        self.kernel_size, self.start, self.use_bias = kernel_size, start, use_bias
        self.normalisation, self.activation, self.layers = normalisation, activation, layers
        self.dropout, self.noise_std = dropout, noise_std
        self.normalised = False  # whether a normalisation follows the last layer
        self.one_hot = None
        if classes:
            labels = keras.Input((), dtype="int32", name="labels")
            self.inputs.append(labels)
            self.one_hot = OneHot(classes, name="one_hot")(labels)

    def _options(self, name: str, dtype: str | None, normalised: bool) -> dict[str, Any]:
        self.normalised = normalised and self.normalisation is not None
        use_bias = not self.normalised if self.use_bias == "without_norm" else self.use_bias
        return {"use_bias": use_bias, "kernel_initializer": self.start(), "name": name, "dtype": dtype}

    def dense(self, units: int, name: str, dtype: str | None = None, with_label: bool = True, normalised: bool = True) -> None:
        """A dense layer on the activations and, `with_label`, the label; `normalised`: `close` normalises what it gives."""
        if with_label and self.one_hot is not None:
            self.x = keras.layers.Concatenate(name=f"{name}_and_label")([self.x, self.one_hot])
        self.x = self.layers["dense"](units, **self._options(name, dtype, normalised))(self.x)

    def convolution(
        self,
        channels: int,
        stride: int,
        name: str,
        up: str | None = None,
        dtype: str | None = None,
        size: tuple[int, int] | None = None,
        normalised: bool = True,
    ) -> None:
        """A convolution on the activations and constant maps of the label; `up`: how the image grows, None: it shrinks.

        `size`: of the image that a transposed convolution makes; None: `stride` times as large. `normalised`: as of `dense`.
        """
        if up == "upsampling_convolution":
            if stride > 1:
                self.x = keras.layers.UpSampling2D(stride, name=f"{name}_upsampling")(self.x)
            stride = 1
        before, transposed = self.x, up == "transposed_convolution"
        kind = self.layers["transposed_convolution" if transposed else "convolution"]
        options = self._options(name, dtype, normalised)
        if size not in (None, tuple(stride * pixels for pixels in before.shape[1:3])):
            least = [(pixels - 1) * stride + self.kernel_size % 2 for pixels in before.shape[1:3]]
            options["output_padding"] = tuple(wanted - pixels for wanted, pixels in zip(size, least))
        self.x = kind(channels, self.kernel_size, stride, padding="same", **options)(before)
        if self.one_hot is not None:
            size = tuple(before.shape[1:3])
            maps = LabelMaps(size, self.kernel_size, stride, transposed, self.start(), name=f"{name}_labels", dtype=dtype)
            self.x = maps([self.x, self.one_hot])

    def close(self, name: str) -> None:
        """Normalises what is to be, applies the activation, adds noise and drops out where there is any."""
        if self.normalised and self.normalisation is not None:
            self.x = self.normalisation.layer(f"{name}_norm")(self.x)
        self.x = self.activation(f"{name}_activation")(self.x)
        if self.noise_std:
            self.x = GaussianNoise(self.noise_std, name=f"{name}_noise")(self.x)
        if self.dropout is not None:
            self.x = Dropout(*self.dropout, name=f"{name}_dropout")(self.x)

    def model(self, name: str) -> keras.Model:
        """The Keras model of all that."""
        return keras.Model(self.inputs if len(self.inputs) > 1 else self.inputs[0], self.x, name=name)


def generator(
    latent: int,
    shape: Shape,
    channels: Sequence[int],
    strides: Sequence[int],
    kernel_size: int,
    *,
    hidden: Sequence[int] = (),
    classes: int = 0,
    labels_in_every_layer: bool = True,
    normalisation: Normaliser | None = None,
    base_norm: bool = True,
    base_by_channel: bool = False,
    any_size: bool = False,
    output_activation: str = "tanh",
    upsampling: str = "transposed_convolution",
    init_std: float = 0.02,
    initializer: initial.Start | None = None,
    use_bias: Biases = False,
    convolution: Factory = keras.layers.Conv2D,
    transposed_convolution: Factory = keras.layers.Conv2DTranspose,
    dense: Factory = keras.layers.Dense,
) -> keras.Model:
    """z (m, latent) [, labels int32 (m,)] -> dense layers -> convolutions upwards -> images (m, *shape), float32.

    Every layer but the last is followed by the normalisation and ReLU. Where there are classes, every layer sees the label as
    well (dcgan_code: mnist/train_cond_dcgan.py), or the first one alone.

    Args:
      latent: dimension of z.
      shape: (height, width, channels) of the images.
      channels: of the base, the small image that the last dense layer makes, and of all convolutions' outputs but the last
        one's.
      strides: how many times larger each convolution makes the image; as many as `channels`. Height and width must be
        multiples of their product (sizes.depth).
      kernel_size: of the square kernels.
      hidden: units of dense layers in front.
      classes: 0 for an unconditional generator.
      labels_in_every_layer: False: the one-hot label stands beside z at the input, and nowhere else (Odena et al. 2016).
      normalisation: Normalisation, LayerNormalisation, or another Normaliser; None: there is none.
      base_norm: whether the base is normalised, too.
      base_by_channel: the base is normalised channel by channel (dcgan.torch, WassersteinGAN, where a transposed convolution
        of one pixel makes it) and not unit by unit (dcgan_code).
      any_size: images of any height and width: each transposed convolution then makes an image of half the next one's size,
        rounded up, as 4 x 4 -> 7 x 7 -> 14 x 14. No labels.
      output_activation: "tanh" or "sigmoid".
      upsampling: "transposed_convolution", or "upsampling_convolution": nearest neighbours, then a convolution.
      init_std: weights are N(0, init_std^2).
      initializer: in place of that: makes a new Keras initialiser for every weight (initial.he, initial.glorot).
      use_bias: whether layers have biases, from 0. "without_norm": those that no normalisation follows, since batch and
        instance norm take a bias away again. Layer norm does not: with it True.
      convolution, transposed_convolution, dense: make the layers that have weights, in place of Keras's classes and called as
        those are; such as convolutions with spectral normalisation. The weights of labels' maps are no part of them.

    Raises:
      ValueError: `strides` do not fit `channels` or the shape, or any_size is wanted with labels or without transposed
        convolutions.

    Source: Radford et al. 2015, section 3; kernels of 5 (dcgan_code) or 4 (dcgan.torch, WassersteinGAN).
    """
    if len(strides) != len(channels) or not (any_size or fits(shape, strides)):
        raise ValueError(f"strides {strides} do not fit channels {channels} and images of {shape[0]} x {shape[1]} pixels")
    if any_size and (classes or upsampling != "transposed_convolution"):
        raise ValueError("any_size: transposed convolutions without labels make images of any size")
    sizes: list[Any] = [tuple(-(-side // math.prod(strides[i:])) for side in shape[:2]) for i in range(len(strides) + 1)]
    base = sizes[0]
    z = keras.Input((latent,), name="z")
    start = initializer or functools.partial(initial.normal, init_std)
    made = {"convolution": convolution, "transposed_convolution": transposed_convolution, "dense": dense}
    stack = _Stack(z, classes, kernel_size, start, use_bias, normalisation, lambda name: keras.layers.ReLU(name=name), made)
    for i, units in enumerate(hidden):
        stack.dense(units, f"hidden_{i}", with_label=i == 0 or labels_in_every_layer)
        stack.close(f"hidden_{i}")
    # The base is called "seed" in files of weights that exist.
    with_label = not hidden or labels_in_every_layer
    stack.dense(math.prod(base) * channels[0], "seed", with_label=with_label, normalised=base_norm)
    if not labels_in_every_layer:
        stack.one_hot = None
    image = keras.layers.Reshape((*base, channels[0]), name="seed_image")
    if base_by_channel:
        stack.x = image(stack.x)
    stack.close("seed")
    if not base_by_channel:
        stack.x = image(stack.x)
    wanted = sizes[1:] if any_size else [None] * len(strides)
    for i, (width, stride) in enumerate(zip(channels[1:], strides)):
        stack.convolution(width, stride, f"up_{i}", upsampling, size=wanted[i])
        stack.close(f"up_{i}")
    # float32: eight bits of mantissa would quantise the pixels
    stack.convolution(shape[2], strides[-1], "output", upsampling, dtype="float32", size=wanted[-1], normalised=False)
    stack.x = keras.layers.Activation(output_activation, dtype="float32", name="images")(stack.x)
    return stack.model("generator")


def discriminator(
    shape: Shape,
    channels: Sequence[int],
    strides: Sequence[int],
    kernel_size: int,
    *,
    hidden: Sequence[int] = (),
    classes: int = 0,
    normalisation: Normaliser | None = None,
    normalise_first: bool = False,
    negative_slope: float = 0.2,
    dropout: tuple[float, float] | None = None,
    noise_std: float = 0.0,
    minibatch: tuple[int, int] | None = None,
    heads: Mapping[str, int] | None = None,
    init_std: float = 0.02,
    initializer: initial.Start | None = None,
    use_bias: Biases = False,
    convolution: Factory = keras.layers.Conv2D,
    dense: Factory = keras.layers.Dense,
) -> keras.Model:
    """Images (m, *shape) [, labels int32 (m,)] -> convolutions downwards -> dense layers -> (m, 1), float32.

    Every layer but the last is followed by leaky ReLU, and of these every one but the first by the normalisation before it.
    The outputs behind each leaky ReLU of a convolution are called down_0_activation, ...

    Args:
      shape: (height, width, channels) of the images.
      channels, strides: of the convolutions; an odd size is rounded up.
      kernel_size: of the square kernels.
      hidden: units of dense layers behind them.
      classes: where there are any, every layer sees the label as well.
      normalisation: Normalisation, LayerNormalisation, or another Normaliser; None: there is none.
      normalise_first: whether the first layer has it, too.
      negative_slope: of the leaky ReLU below 0.
      dropout: (keep probability, scale) of layers.Dropout behind every leaky ReLU; None: there is none.
      noise_std: of layers.GaussianNoise behind every leaky ReLU, in front of the dropout; 0: there is none.
      minibatch: (kernels, dimensions) of a minibatch.MinibatchDiscrimination in front of the last layers; None: there is none.
      heads: {name: units} of several last layers side by side, such as {"logit": 1, "classes": 10}: the network gives
        {name: (m, units), float32}. None: one of 1 unit, "logit", and the network gives its output itself.
      init_std: weights are N(0, init_std^2).
      initializer, use_bias, convolution, dense: as `generator`.

    Raises:
      ValueError: not as many strides as channels, or no head.

    Source: as `generator`. WassersteinGAN's last layer, a 4 x 4 convolution to one pixel, is the dense layer here.
    """
    if len(strides) != len(channels):
        raise ValueError(f"strides {strides} do not fit channels {channels}")
    if heads is not None and not heads:
        raise ValueError("heads must have at least one")
    images = keras.Input(shape, name="images")

    def leaky(name: str) -> keras.layers.Layer:
        return keras.layers.LeakyReLU(negative_slope=negative_slope, name=name)

    start = initializer or functools.partial(initial.normal, init_std)
    made = {"convolution": convolution, "dense": dense}
    stack = _Stack(images, classes, kernel_size, start, use_bias, normalisation, leaky, made, dropout, noise_std)
    for i, (width, stride) in enumerate(zip(channels, strides)):
        stack.convolution(width, stride, f"down_{i}", normalised=normalise_first or i > 0)
        stack.close(f"down_{i}")
    stack.x = keras.layers.Flatten(name="flat")(stack.x)
    for i, units in enumerate(hidden):
        stack.dense(units, f"hidden_{i}")
        stack.close(f"hidden_{i}")
    if minibatch is not None:
        stack.x = MinibatchDiscrimination(*minibatch, start(), name="minibatch")(stack.x)
    features, outputs = stack.x, {}
    for name, units in (heads or {"logit": 1}).items():
        stack.x = features
        stack.dense(units, name, dtype="float32", normalised=False)
        outputs[name] = stack.x
    stack.x = outputs if heads else outputs["logit"]
    return stack.model("discriminator")
