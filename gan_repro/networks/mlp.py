"""Dense networks that several papers use: MLP and deconvolution generators, MLP and maxout discriminators."""

import math
from collections.abc import Sequence
from typing import Any

import keras

from gan_repro.networks.constraints import MaxColumnNorm
from gan_repro.networks.initial import Start, uniform
from gan_repro.networks.layers import CeilMaxPool2D, Dropout, Maxout, MaxoutConv2D, UntiedBias

Shape = tuple[int, int, int]  # (height, width, channels) of an image


# ---- generators ----------------------------------------------------------------------------------------------------


def dense(
    units: int,
    activation: str | None,
    initializer: Any,
    name: str,
    bias: float = 0.0,
    max_column_norm: float | None = None,
    dtype: str | None = None,
) -> keras.layers.Dense:
    """keras.layers.Dense as pylearn2 has it: every constant written out.

    Every layer has a name: Keras's own count up through a process, and would stand in the file of the weights.

    Args:
      units, activation, name, dtype: as Keras.
      initializer: of the weights.
      bias: the number at which all biases start.
      max_column_norm: limit of each column's norm after an update (constraints.MaxColumnNorm), or None.
    """
    return keras.layers.Dense(
        units,
        activation,
        kernel_initializer=initializer,
        bias_initializer=keras.initializers.Constant(bias),
        kernel_constraint=None if max_column_norm is None else MaxColumnNorm(max_column_norm),
        name=name,
        dtype=dtype,
    )


def relu_layers(
    units: Sequence[int], outputs: int, name: str, start: Start, last_start: Start | None = None
) -> list[keras.layers.Dense]:
    """Dense layers hidden_0, hidden_1, ... with ReLU, then a linear one in float32: what either player on points is made of.

    Args:
      units: of the hidden layers.
      outputs, name: of the last one.
      start: () -> a new initialiser, called for each kernel (initial.he); biases are 0.
      last_start: that of the last layer; None: start.
    """
    hidden = [dense(n, "relu", start(), f"hidden_{i}") for i, n in enumerate(units)]
    return [*hidden, dense(outputs, None, (last_start or start)(), name, dtype="float32")]


def generator(latent: int, layers: Sequence[keras.layers.Layer], shape: Shape) -> keras.Model:
    """z (m, latent) -> layers, one after the other -> images (m, *shape), float32.

    Args:
      latent: dimension of z.
      layers: Keras layers; the last one gives math.prod(shape) numbers per image, in float32: eight bits of mantissa
        would quantise the pixels. They may belong to another model as well, and then share its weights.
      shape: (height, width, channels).
    """
    x = z = keras.Input((latent,), name="z")
    for layer in layers:
        x = layer(x)
    return keras.Model(z, keras.layers.Reshape(shape, dtype="float32", name="images")(x), name="generator")


def mlp_generator(
    latent: int,
    hidden: Sequence[tuple[int, str]],
    shape: Shape,
    output_activation: str,
    irange: float,
    output_irange: float | None = None,
    max_column_norm: float | None = None,
) -> keras.Model:
    """z (m, latent) -> dense layers -> images (m, *shape), float32.

    Args:
      latent: dimension of z.
      hidden: [(units, activation), ...].
      shape: (height, width, channels).
      output_activation: "sigmoid", "tanh", "linear".
      irange: weights U(-irange, irange); biases 0.
      output_irange: of the output layer; None: irange.
      max_column_norm: limit of each column's norm after an update, in all layers; None: none.
    """
    layers = [
        dense(units, activation, uniform(irange), f"hidden_{i}", max_column_norm=max_column_norm)
        for i, (units, activation) in enumerate(hidden)
    ]
    start = uniform(output_irange or irange)
    output = dense(math.prod(shape), output_activation, start, "output", max_column_norm=max_column_norm, dtype="float32")
    return generator(latent, [*layers, output], shape)


def deconvolution_generator(
    latent: int,
    hidden: Sequence[tuple[int, str]],
    base_size: int,
    kernel_size: int,
    stride: int,
    channels: int,
    irange: float,
    output_irange: float,
    max_column_norm: float | None = None,
) -> keras.Model:
    """z (m, latent) -> dense layers -> one deconvolution -> images (m, s, s, channels), float32.

    s = stride (base_size - 1) + kernel_size. The last dense layer is seen as base_size x base_size pixels of as many
    channels as that gives: the small image that G grows from. The deconvolution (the gradient of a valid convolution) has a
    bias of its own for every output pixel and channel, and no nonlinearity (goodfeli/adversarial: deconv.py).

    Args:
      latent: dimension of z.
      hidden: [(units, activation), ...]; the last units are a multiple of base_size**2.
      base_size, kernel_size, stride, channels: of the deconvolution.
      irange, output_irange: weights U(-irange, irange), those of the deconvolution U(-output_irange, output_irange);
        biases 0.
      max_column_norm: limit of each column's norm after an update, in the dense layers; None: none.
    """
    x = z = keras.Input((latent,), name="z")
    for i, (units, activation) in enumerate(hidden):
        x = dense(units, activation, uniform(irange), f"hidden_{i}", max_column_norm=max_column_norm)(x)
    x = keras.layers.Reshape((base_size, base_size, hidden[-1][0] // base_size**2), name="seed_image")(x)
    # use_bias=False: Keras's own bias is one per channel
    x = keras.layers.Conv2DTranspose(
        channels,
        kernel_size,
        stride,
        "valid",
        use_bias=False,
        kernel_initializer=uniform(output_irange),
        dtype="float32",
        name="output",
    )(x)
    return keras.Model(z, UntiedBias(dtype="float32", name="output_bias")(x), name="generator")


# ---- discriminators ------------------------------------------------------------------------------------------------


def discriminator(layers: Sequence[keras.layers.Layer], shape: Shape) -> keras.Model:
    """Images (m, *shape) -> pixels in a row (m, d) -> layers, one after the other -> what the last one gives, mostly (m, 1).

    Args:
      layers: Keras layers; the last one gives D's output in float32. They may belong to another model as well, and then
        share its weights.
      shape: (height, width, channels).
    """
    images = keras.Input(shape, name="images")
    x = keras.layers.Flatten(name="flat")(images)
    for layer in layers:
        x = layer(x)
    return keras.Model(images, x, name="discriminator")


def maxout_discriminator(
    shape: Shape,
    hidden: Sequence[tuple[int, int]],
    irange: float,
    input_dropout: tuple[float, float],
    hidden_dropout: tuple[float, float],
    convolutions: Sequence[tuple[int, int, int, int, int, int]] = (),
    max_column_norm: float | None = None,
) -> keras.Model:
    """Images (m, *shape) -> maxout layers -> logits (m, 1), float32; dropout in front of every layer, the last too.

    Args:
      shape: (height, width, channels).
      hidden: [(units, pieces), ...], dense maxout layers.
      irange: weights U(-irange, irange); biases 0.
      input_dropout, hidden_dropout: (keep probability, scale) at the first layer's input and at all others'.
      convolutions: [(channels, pieces, kernel size, padding, pool size, pool stride), ...], maxout convolutions with
        max-pooling in front of the dense layers.
      max_column_norm: limit of each column's norm after an update, in the dense layers and the last; None: none.
    """
    x = images = keras.Input(shape, name="images")
    dropout = input_dropout
    for i, (channels, pieces, kernel_size, padding, pool_size, pool_stride) in enumerate(convolutions):
        x = Dropout(*dropout)(x)
        x = MaxoutConv2D(channels, pieces, kernel_size, padding, uniform(irange), name=f"convolution_{i}")(x)
        x = CeilMaxPool2D(pool_size, pool_stride, name=f"pool_{i}")(x)
        dropout = hidden_dropout
    x = keras.layers.Flatten()(x)
    for i, (units, pieces) in enumerate(hidden):
        constraint = None if max_column_norm is None else MaxColumnNorm(max_column_norm)
        x = Dropout(*dropout)(x)
        x = Maxout(units, pieces, uniform(irange), kernel_constraint=constraint, name=f"maxout_{i}")(x)
        dropout = hidden_dropout
    x = Dropout(*dropout, dtype="float32")(x)
    logit = dense(1, None, uniform(irange), "logit", max_column_norm=max_column_norm, dtype="float32")
    return keras.Model(images, logit(x), name="discriminator")
