"""Families of networks that several papers use: MLP generators and maxout discriminators. Recipes are not here."""

import contextlib
import math

import keras
import numpy as np

from gan_repro.layers import Dropout, Maxout


@contextlib.contextmanager
def precision(policy):
    """Layers built inside compute in `policy` ("float32", "mixed_bfloat16"); Keras's own policy comes back after it."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def uniform(limit):
    """pylearn2's irange: U(-limit, limit), from Keras's global seed (keras.utils.set_random_seed)."""
    return keras.initializers.RandomUniform(-limit, limit)


def start_at_marginals(layer, images):
    """Sets a sigmoid output layer's bias so that it begins at the mean image: pylearn2's init_sigmoid_bias_from_marginals.

    Args:
      layer: keras.layers.Dense with sigmoid outputs, one per pixel.
      images: uint8 (n, h, w, c), the training images.
    """
    mean = images.reshape(len(images), -1).mean(axis=0, dtype=np.float64) / 255
    mean = np.clip(mean, 1e-7, 1 - 1e-7)
    layer.bias.assign(np.log(mean / (1 - mean)))


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
    x = z = keras.Input((latent,), name="z")
    for i, (units, activation) in enumerate(hidden):
        x = keras.layers.Dense(units, activation, kernel_initializer=uniform(irange), name=f"hidden_{i}")(x)
    # Every layer has a name: Keras's own count up through a process, and would stand in the file of the weights.
    # The output is float32 in every precision: eight bits of mantissa would quantise the pixels.
    x = keras.layers.Dense(
        math.prod(shape),
        output_activation,
        kernel_initializer=uniform(output_irange or irange),
        dtype="float32",
        name="output",
    )(x)
    return keras.Model(z, keras.layers.Reshape(shape, dtype="float32", name="images")(x), name="generator")


def maxout_discriminator(shape, hidden, irange, input_dropout, hidden_dropout):
    """Images (m, *shape) -> maxout layers -> logits (m, 1), float32; dropout in front of every layer, the last too.

    Args:
      shape: (height, width, channels).
      hidden: [(units, pieces), ...].
      irange: weights U(-irange, irange); biases 0.
      input_dropout, hidden_dropout: (keep probability, scale) at the first layer's input and at all others'.
    """
    images = keras.Input(shape, name="images")
    x = keras.layers.Flatten()(images)
    dropout = input_dropout
    for units, pieces in hidden:
        x = Dropout(*dropout)(x)
        x = Maxout(units, pieces, uniform(irange))(x)
        dropout = hidden_dropout
    x = Dropout(*dropout, dtype="float32")(x)
    logits = keras.layers.Dense(1, kernel_initializer=uniform(irange), dtype="float32", name="logit")(x)
    return keras.Model(images, logits, name="discriminator")
