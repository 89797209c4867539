"""Layers whose weights serve both directions, and stacks of them: RBMs, autoencoders with tied weights, deep GSNs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gan_repro.data.scaling import UNIT
from gan_repro.data.source import Spec
from gan_repro.networks.layers import Configured
from gan_repro.system.errors import UsageError

Activation = str | Callable | None
PREFIX, _MEAN = "tied_", "mean_image"


@keras.saving.register_keras_serializable(package="gan_repro")
class Tied(Configured):
    """One matrix between two layers of units: up, v W + b, and down, h W' + c, both before the activation.

    (m, d) -> (m, units), and with `back` (m, units) -> (m, d), in the weights' own dtype (float32 of mixed_bfloat16, too, which
    the products alone are computed in).

    Args:
      units: of the upper layer.
      kernel_initializer: of W (d, units); both biases begin at zero.
    """

    arguments = ("units", "kernel_initializer")

    def __init__(self, units: int, kernel_initializer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape: Any) -> None:
        """Makes W (d, units) and the biases of the upper layer (units,) and of the lower one (d,)."""
        self.size = input_shape[-1]
        self.kernel = self.add_weight(shape=(self.size, self.units), initializer=self.kernel_initializer, name="kernel")
        self.hidden_bias = self.add_weight(shape=(self.units,), initializer="zeros", name="hidden_bias")
        self.visible_bias = self.add_weight(shape=(self.size,), initializer="zeros", name="visible_bias")

    def call(self, inputs: Any, back: bool = False) -> tf.Tensor:
        """`up`, or `down` where `back`."""
        return self.down(inputs) if back else self.up(inputs)

    def up(self, v: tf.Tensor) -> tf.Tensor:
        """v W + b, (m, units), of v (m, d)."""
        return self.product(v) + tf.convert_to_tensor(self.hidden_bias.value)

    def down(self, h: tf.Tensor) -> tf.Tensor:
        """h W' + c, (m, d), of h (m, units)."""
        return self.product(h, back=True) + tf.convert_to_tensor(self.visible_bias.value)

    def product(self, x: tf.Tensor, back: bool = False) -> tf.Tensor:
        """x W, (m, units), of x (m, d); with `back` x W', (m, d), of x (m, units)."""
        return self._matmul(x, tf.convert_to_tensor(self.kernel.value), transpose_b=back)

    def outer(self, v: tf.Tensor, h: tf.Tensor) -> tf.Tensor:
        """v' h, (d, units), of v (m, d) and h (m, units): what a gradient of W is made of."""
        return self._matmul(v, h, transpose_a=True)

    def _matmul(self, a, b, **transposed):
        product = tf.matmul(tf.cast(a, self.compute_dtype), tf.cast(b, self.compute_dtype), **transposed)
        return tf.cast(product, self.variable_dtype)

    def compute_output_spec(self, inputs: Any, back: bool = False) -> keras.KerasTensor:
        """(m, d) -> (m, units); with `back` (m, units) -> (m, d)."""
        return keras.KerasTensor((*inputs.shape[:-1], self.size if back else self.units), dtype=self.variable_dtype)


@keras.saving.register_keras_serializable(package="gan_repro")
class MeanImage(keras.layers.Layer):
    """Leaves images as they are and holds the mean of the training images, which chains begin at: (d,), first 1/2."""

    def build(self, input_shape: Any) -> None:
        """Makes the weight, which no training moves."""
        self.mean = self.add_weight(
            shape=(input_shape[-1],), initializer=keras.initializers.Constant(0.5), trainable=False, name="mean"
        )

    def call(self, inputs: Any) -> Any:
        """`inputs`."""
        return inputs


def check_unit(spec: Spec) -> None:
    """Raises UsageError where networks see pixels beyond [0, 1], which are no probabilities of binary units."""
    if spec.scaling != UNIT:
        raise UsageError(f"{spec.title}: {spec.scaling}: binary units stand for pixels in [0, 1], which a Model has by default")


def stack(
    shape: tuple[int, int, int],
    units: Sequence[int],
    kernels: Sequence[Any],
    hidden: Activation = "sigmoid",
    visible: Activation = "sigmoid",
    scale: float = 1.0,
) -> keras.Model:
    """Images (m, *shape) -> up through all layers, down again -> their reconstruction (m, *shape), float32.

    The layers are called tied_0, tied_1, ... from the pixels up; between two of them units go through `hidden` both ways.

    Args:
      shape: (height, width, channels).
      units: of each layer, one or more, each >= 1.
      kernels: an initialiser for each of them, no two alike (networks.initial).
      hidden, visible: activations of hidden units and of pixels, as Keras takes them.
      scale: the lowest layer sees pixels divided by this, and its output is multiplied by it.
    """
    x = images = keras.Input(shape, name="images")
    x = MeanImage(name=_MEAN, dtype="float32")(keras.layers.Flatten(name="pixels")(x))
    x = x if scale == 1 else keras.layers.Rescaling(1 / scale, name="scaled", dtype="float32")(x)
    made = [
        Tied(size, kernel, name=f"{PREFIX}{i}", dtype=keras.config.dtype_policy())
        for i, (size, kernel) in enumerate(zip(units, kernels, strict=True))
    ]
    for i, layer in enumerate(made):
        x = keras.layers.Activation(hidden, name=f"up_{i}", dtype="float32")(layer(x))
    for i, layer in reversed(list(enumerate(made))):
        x = keras.layers.Activation(hidden if i else visible, name=f"down_{i}", dtype="float32")(layer(x, back=True))
    x = x if scale == 1 else keras.layers.Rescaling(scale, name="unscaled", dtype="float32")(x)
    return keras.Model(images, keras.layers.Reshape(shape, dtype="float32", name="reconstruction")(x), name="network")


def below(network: keras.Model, x: tf.Tensor) -> tf.Tensor:
    """What the top layer of a stack sees of images (m, h, w, c): float32 (m, d), through the layers below it."""
    made = layers(network)
    x = tf.reshape(x, [-1, made[0].size])
    x = x if scale_of(network) == 1 else x / scale_of(network)
    for i, layer in enumerate(made[:-1]):
        x = network.get_layer(f"up_{i}")(layer.up(x))
    return x


def keep_mean(network: keras.Model, mean: np.ndarray) -> None:
    """Gives a stack the mean of the training images (1, h, w, c), in 0..255 (data.source.mean), of networks that see [0, 1]."""
    network.get_layer(_MEAN).mean.assign(mean.reshape(-1) / 255)


def begun(network: keras.Model, m: int, draws: Any) -> tf.Tensor:
    """What the top layer sees of m images of independent pixels, zeros and ones, with the means of the training images."""
    mean = tf.cast(tf.convert_to_tensor(network.get_layer(_MEAN).mean.value), layers(network)[0].variable_dtype)
    return below(network, draws.bernoulli(tf.broadcast_to(tf.clip_by_value(mean, 0.0, 1.0), [m, mean.shape[0]])))


def decoded(network: keras.Model, v: tf.Tensor) -> tf.Tensor:
    """Images float32 (m, h, w, c) of what the top layer of a stack sees, v (m, d): down through the layers below it."""
    for i in reversed(range(len(layers(network)) - 1)):
        v = network.get_layer(f"down_{i}")(layers(network)[i].down(v))
    return pixels(network, v)


def pixels(network: keras.Model, v: tf.Tensor) -> tf.Tensor:
    """Images float32 (m, h, w, c) of what the lowest layer of a stack sees of them, v (m, d)."""
    return tf.reshape(v * scale_of(network), [-1, *network.output_shape[1:]])


def scale_of(network: keras.Model) -> float:
    """The `scale` of a stack."""
    return next((layer.scale for layer in network.layers if layer.name == "unscaled"), 1.0)


def layers(network: keras.Model) -> list[Tied]:
    """The Tied layers of a network, from the pixels up."""
    found = [layer for layer in network.layers if isinstance(layer, Tied)]
    return sorted(found, key=lambda layer: int(layer.name.removeprefix(PREFIX)))


def take_over(network: keras.Model, before: keras.Model) -> None:
    """Gives the lower layers of a stack the weights of a shorter one, and freezes them: what greedy training does."""
    for layer, learned in zip(layers(network), layers(before)):
        layer.set_weights(learned.get_weights())
        layer.trainable = False
