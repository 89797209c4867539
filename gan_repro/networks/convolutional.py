"""The convolutional networks of DCGAN, WGAN and their kin: strided stacks with batch norm, and with labels in every layer.

Which of them a paper uses, and with what numbers, is not here; dense and maxout networks are in mlp.py.
"""

import dataclasses
import math

import keras

from gan_repro.networks.layers import LabelMaps, OneHot
from gan_repro.system.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Normalisation:
    """Batch normalisation: statistics of the minibatch in training, moving averages of them in test mode.

    Attributes:
      gain: whether there are a learned gain, from N(1, gain_deviation^2), and a learned shift, from 0.
      epsilon: added to the variance.
      momentum: of the moving averages: mean <- momentum mean + (1 - momentum) mean of the minibatch.
      gain_deviation: see gain.
    """

    gain: bool
    epsilon: float
    momentum: float
    gain_deviation: float = 0.02

    def layer(self, name):
        """The Keras layer; it computes its statistics in float32 under any policy."""
        return keras.layers.BatchNormalization(
            momentum=self.momentum,
            epsilon=self.epsilon,
            center=self.gain,
            scale=self.gain,
            gamma_initializer=keras.initializers.RandomNormal(1.0, self.gain_deviation),
            name=name,
        )


class _Stack:
    """What both builders share: layers one after the other, each of which may see the label."""

    def __init__(self, x, classes, kernel_size, deviation, normalisation, activation):
        self.x, self.inputs = x, [x]
        self.kernel_size, self.deviation = kernel_size, deviation
        self.normalisation, self.activation, self.one_hot = normalisation, activation, None
        if classes:
            labels = keras.Input((), dtype="int32", name="labels")
            self.inputs.append(labels)
            self.one_hot = OneHot(classes, name="one_hot")(labels)

    def _options(self, name, dtype):
        start = keras.initializers.RandomNormal(0.0, self.deviation)
        return {"use_bias": False, "kernel_initializer": start, "name": name, "dtype": dtype}

    def dense(self, units, name, dtype=None):
        """A dense layer on the activations and the label."""
        if self.one_hot is not None:
            self.x = keras.layers.Concatenate(name=f"{name}_and_label")([self.x, self.one_hot])
        self.x = keras.layers.Dense(units, **self._options(name, dtype))(self.x)

    def convolution(self, channels, stride, name, up=None, dtype=None):
        """A convolution on the activations and constant maps of the label; `up`: how the image grows, None: it shrinks."""
        if up == "upsampling_convolution":
            if stride > 1:
                self.x = keras.layers.UpSampling2D(stride, name=f"{name}_upsampling")(self.x)
            stride = 1
        before, transposed = self.x, up == "transposed_convolution"
        kind = keras.layers.Conv2DTranspose if transposed else keras.layers.Conv2D
        self.x = kind(channels, self.kernel_size, stride, padding="same", **self._options(name, dtype))(before)
        if self.one_hot is not None:
            start = keras.initializers.RandomNormal(0.0, self.deviation)
            size = tuple(before.shape[1:3])
            maps = LabelMaps(size, self.kernel_size, stride, transposed, start, name=f"{name}_labels", dtype=dtype)
            self.x = maps([self.x, self.one_hot])

    def close(self, name, normalise=True):
        """Normalises, where there is a normalisation, and applies the activation."""
        if normalise and self.normalisation is not None:
            self.x = self.normalisation.layer(f"{name}_norm")(self.x)
        self.x = self.activation(f"{name}_activation")(self.x)

    def model(self, name):
        """The Keras model of all that."""
        return keras.Model(self.inputs if len(self.inputs) > 1 else self.inputs[0], self.x, name=name)


def check_growth(spec, strides, named):
    """Checks that `generator` with these strides can make images of a data set.

    Args:
      spec: data.source.Spec. strides: as of `generator`. named: what decides them, for the message: "generator_strides = ...".

    Raises:
      UsageError: height or width is no multiple of the strides' product.
    """
    growth = math.prod(strides)
    if any(pixels % growth for pixels in spec.shape[:2]):
        raise UsageError(
            f"images of {spec.title} are {spec.shape[0]} x {spec.shape[1]}; with {named} height and width must be multiples of "
            f"{growth}"
        )


def depth(spec, strides, exact=True):
    """How many of the last `strides` suit the images of a data set: all that leave a small image of 3 pixels or more.

    So one list of widths serves images of 28, 32, 48 and 64 pixels: a smaller image takes fewer layers, those nearest to it.

    Args:
      spec: data.source.Spec.
      strides: how many times larger each convolution of G makes the image.
      exact: whether an image must come out at its very size, as G's must. A convolution downwards rounds odd sizes up: for a D
        without such a G, any size will do.

    Returns:
      int, at least 2, or the number of strides where there are fewer.

    Raises:
      UsageError: height or width is no multiple of the last two strides' product; the message names the nearest that are.
    """
    height, width, _ = spec.shape
    fewest = min(2, len(strides))
    for number in range(len(strides), fewest - 1, -1):
        growth = math.prod(strides[-number:])
        if height % growth == width % growth == 0 and min(height, width) // growth >= 3:
            return number
    growth = math.prod(strides[-fewest:])
    if not exact or height % growth == width % growth == 0:
        return fewest
    near = [" x ".join(str(max(1, pixels // growth + more) * growth) for pixels in (height, width)) for more in (0, 1)]
    raise UsageError(
        f"images of {spec.title} are {height} x {width}: height and width must be multiples of {growth}, such as "
        f"{' or '.join(dict.fromkeys(near))}"
    )


def generator(
    latent,
    shape,
    channels,
    strides,
    kernel_size,
    *,
    hidden=(),
    classes=0,
    normalisation=None,
    seed_by_channel=False,
    output_activation="tanh",
    upsampling="transposed_convolution",
    deviation=0.02,
):
    """z (m, latent) [, labels int32 (m,)] -> dense layers -> convolutions upwards -> images (m, *shape), float32.

    Every layer but the last is followed by the normalisation and ReLU; there are no biases. Where there are classes, every
    layer sees the label as well (dcgan_code: mnist/train_cond_dcgan.py).

    Args:
      latent: dimension of z.
      shape: (height, width, channels) of the images.
      channels: of the small image that the last dense layer makes, and of all convolutions' outputs but the last one's.
      strides: how many times larger each convolution makes the image; as many as `channels`. Height and width must be
        multiples of their product.
      kernel_size: of the square kernels.
      hidden: units of dense layers in front.
      classes: 0 for an unconditional generator.
      normalisation: Normalisation, or None.
      seed_by_channel: the small image is normalised channel by channel (dcgan.torch, WassersteinGAN, where a transposed
        convolution of one pixel makes it) and not unit by unit (dcgan_code).
      output_activation: "tanh" or "sigmoid".
      upsampling: "transposed_convolution", or "upsampling_convolution": nearest neighbours, then a convolution.
      deviation: weights are N(0, deviation^2).

    Raises:
      ValueError: `strides` do not fit `channels` or the shape.

    Source: Radford et al. 2015, section 3; kernels of 5 (dcgan_code) or 4 (dcgan.torch, WassersteinGAN).
    """
    growth = math.prod(strides)
    if len(strides) != len(channels) or any(pixels % growth for pixels in shape[:2]):
        raise ValueError(f"strides {strides} do not fit channels {channels} and images of {shape[0]} x {shape[1]} pixels")
    size = (shape[0] // growth, shape[1] // growth)
    z = keras.Input((latent,), name="z")
    stack = _Stack(z, classes, kernel_size, deviation, normalisation, lambda name: keras.layers.ReLU(name=name))
    for i, units in enumerate(hidden):
        stack.dense(units, f"hidden_{i}")
        stack.close(f"hidden_{i}")
    stack.dense(math.prod(size) * channels[0], "seed")
    image = keras.layers.Reshape((*size, channels[0]), name="seed_image")
    if seed_by_channel:
        stack.x = image(stack.x)
    stack.close("seed")
    if not seed_by_channel:
        stack.x = image(stack.x)
    for i, (width, stride) in enumerate(zip(channels[1:], strides)):
        stack.convolution(width, stride, f"up_{i}", upsampling)
        stack.close(f"up_{i}")
    # float32: eight bits of mantissa would quantise the pixels
    stack.convolution(shape[2], strides[-1], "output", upsampling, dtype="float32")
    stack.x = keras.layers.Activation(output_activation, dtype="float32", name="images")(stack.x)
    return stack.model("generator")


def discriminator(
    shape, channels, strides, kernel_size, *, hidden=(), classes=0, normalisation=None, slope=0.2, deviation=0.02
):
    """Images (m, *shape) [, labels int32 (m,)] -> convolutions downwards -> dense layers -> (m, 1), float32.

    Every layer but the last is followed by leaky ReLU, and of these every one but the first by the normalisation before it;
    there are no biases. The outputs behind each leaky ReLU of a convolution are called down_0_activation, ...

    Args:
      shape: (height, width, channels) of the images.
      channels, strides: of the convolutions; an odd size is rounded up.
      kernel_size: of the square kernels.
      hidden: units of dense layers behind them.
      classes: where there are any, every layer sees the label as well.
      normalisation: Normalisation, or None.
      slope: of the leaky ReLU below 0.
      deviation: weights are N(0, deviation^2).

    Raises:
      ValueError: not as many strides as channels.

    Source: as `generator`. WassersteinGAN's last layer, a 4 x 4 convolution to one pixel, is the dense layer here.
    """
    if len(strides) != len(channels):
        raise ValueError(f"strides {strides} do not fit channels {channels}")
    images = keras.Input(shape, name="images")

    def leaky(name):
        return keras.layers.LeakyReLU(negative_slope=slope, name=name)

    stack = _Stack(images, classes, kernel_size, deviation, normalisation, leaky)
    for i, (width, stride) in enumerate(zip(channels, strides)):
        stack.convolution(width, stride, f"down_{i}")
        stack.close(f"down_{i}", normalise=i > 0)
    stack.x = keras.layers.Flatten(name="flat")(stack.x)
    for i, units in enumerate(hidden):
        stack.dense(units, f"hidden_{i}")
        stack.close(f"hidden_{i}")
    stack.dense(1, "logit", dtype="float32")
    return stack.model("discriminator")
