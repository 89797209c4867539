"""Families of networks that several papers use: MLP and deconvolution generators, maxout discriminators. No recipes here."""

import contextlib
import math

import keras
import numpy as np

from gan_repro.networks.constraints import MaxColumnNorm
from gan_repro.networks.layers import CeilMaxPool2D, Dropout, Maxout, MaxoutConv2D, UntiedBias


@contextlib.contextmanager
def precision(policy):
    """Layers built inside compute in `policy` ("float32", "mixed_bfloat16"); Keras's own policy comes back after it."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


# ---- initial weights -----------------------------------------------------------------------------------------------


def uniform(limit):
    """pylearn2's irange: U(-limit, limit), from Keras's global seed (keras.utils.set_random_seed)."""
    return keras.initializers.RandomUniform(-limit, limit)


class Sparse(keras.initializers.Initializer):
    """pylearn2's sparse_init: into each unit come exactly `connections` weights N(0, deviation^2), the others are 0.

    Which inputs they come from is random and distinct (models/mlp.py, Linear). From Keras's global seed.
    """

    def __init__(self, connections, deviation=1.0):
        self.connections, self.deviation = connections, deviation

    def __call__(self, shape, dtype=None):
        """float32 (d, units).

        Raises:
          ValueError: there are fewer inputs than connections.
        """
        inputs, units = shape
        if inputs < self.connections:
            raise ValueError(f"{inputs} inputs cannot give {self.connections} distinct connections")
        random = np.random.default_rng(keras.random.SeedGenerator().state.numpy().astype(np.uint32))
        kernel = np.zeros((units, inputs), np.float32)
        # A row at a time: all at once would be a second matrix of 8000 x 2304 numbers, in float64
        for row in kernel:
            row[random.choice(inputs, self.connections, replace=False)] = random.normal(0, self.deviation, self.connections)
        return keras.ops.convert_to_tensor(kernel.T, dtype or "float32")


def start_at_marginals(layer, mean):
    """Sets a sigmoid output layer's bias so that it begins at the mean image: pylearn2's init_sigmoid_bias_from_marginals.

    Args:
      layer: keras.layers.Dense with sigmoid outputs, one per pixel.
      mean: (h, w, c) or (1, h, w, c), the mean of the training images, in 0..255 (data.source.mean).
    """
    mean = np.clip(np.reshape(mean, -1).astype(np.float64) / 255, 1e-7, 1 - 1e-7)
    layer.bias.assign(np.log(mean / (1 - mean)))


# ---- generators ----------------------------------------------------------------------------------------------------


def dense(units, activation, initializer, name, bias=0.0, max_column_norm=None, dtype=None):
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


def generator(latent, layers, shape):
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


def mlp_generator(latent, hidden, shape, output_activation, irange, output_irange=None):
    """z (m, latent) -> dense layers -> images (m, *shape), float32.

    Args:
      latent: dimension of z.
      hidden: [(units, activation), ...].
      shape: (height, width, channels).
      output_activation: "sigmoid", "tanh", "linear".
      irange: weights U(-irange, irange); biases 0.
      output_irange: of the output layer; None: irange.
    """
    layers = [dense(units, activation, uniform(irange), f"hidden_{i}") for i, (units, activation) in enumerate(hidden)]
    output = dense(math.prod(shape), output_activation, uniform(output_irange or irange), "output", dtype="float32")
    return generator(latent, [*layers, output], shape)


def deconvolution_generator(latent, hidden, seed_size, kernel_size, stride, channels, irange, output_irange):
    """z (m, latent) -> dense layers -> one deconvolution -> images (m, s, s, channels), float32.

    s = stride (seed_size - 1) + kernel_size. The last dense layer is seen as seed_size x seed_size pixels of as many
    channels as that gives. The deconvolution (the gradient of a valid convolution) has a bias of its own for every output
    pixel and channel, and no nonlinearity (goodfeli/adversarial: deconv.py).

    Args:
      latent: dimension of z.
      hidden: [(units, activation), ...]; the last units are a multiple of seed_size**2.
      seed_size, kernel_size, stride, channels: of the deconvolution.
      irange, output_irange: weights U(-irange, irange), those of the deconvolution U(-output_irange, output_irange);
        biases 0.
    """
    x = z = keras.Input((latent,), name="z")
    for i, (units, activation) in enumerate(hidden):
        x = dense(units, activation, uniform(irange), f"hidden_{i}")(x)
    x = keras.layers.Reshape((seed_size, seed_size, hidden[-1][0] // seed_size**2), name="seed_image")(x)
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


def maxout_discriminator(shape, hidden, irange, input_dropout, hidden_dropout, convolutions=(), max_column_norm=None):
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
