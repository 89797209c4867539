"""Minibatch discrimination (Salimans et al. 2016, section 3.2): how near the other examples of the minibatch are."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from gan_repro.networks.layers import Configured


def _distances(rows):
    """|M_ib - M_jb|_1 of a list with a tensor (kernels, m) for each dimension: (kernels, m, m)."""
    return tf.add_n([tf.abs(row[:, :, None] - row[:, None, :]) for row in rows])


@tf.custom_gradient
def _near(rows):
    """Sums of exp(-distance) over the other examples, of M (dimensions, kernels, m): (kernels, m).

    Its gradient is written out since it keeps one tensor (kernels, m, m) where a tape keeps one for each dimension. It is
    differentiable itself.
    """
    parts = tf.unstack(rows)
    near = tf.exp(-_distances(parts))

    def gradient(upstream):
        weights = near * (upstream[:, :, None] + upstream[:, None, :])
        found = [-tf.reduce_sum(tf.sign(row[:, :, None] - row[:, None, :]) * weights, axis=-1) for row in parts]
        return tf.stack(found)

    return tf.reduce_sum(near, axis=-1) - 1, gradient  # itself, at distance 0


@keras.saving.register_keras_serializable(package="gan_repro")
class MinibatchDiscrimination(Configured):
    """How near the other examples of the minibatch are: (m, d) -> (m, d + kernels) (Salimans et al. 2016, section 3.2).

    M_i = x_i T, a matrix of kernels x dimensions; behind x_i stands, for each kernel b, the sum over the other examples j of
    exp(-|M_ib - M_jb|_1), plus a bias. As in the authors' code (openai/improved-gan: nn.py, MinibatchLayer) a column of T is a
    direction times a learned scale, and scales and biases start from data (`start_at`): with a plain start all
    examples are near, or none is, and the sums say nothing.

    Args:
      kernels: B of the paper. dimensions: C.
      kernel_initializer: of the directions, (d, kernels * dimensions), of which each column's length is left out.
    """

    arguments = ("kernels", "dimensions", "kernel_initializer")
    mixes_examples = True  # what it gives of one depends on the others

    def __init__(self, kernels: int, dimensions: int, kernel_initializer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernels, self.dimensions = kernels, dimensions
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape: Any) -> None:
        """Makes directions (d, columns), the logarithm of each column's scale, and of each kernel a bias, both 0."""
        shape = (input_shape[-1], self.kernels * self.dimensions)
        self.kernel = self.add_weight(shape=shape, initializer=self.kernel_initializer, name="kernel")
        self.log_scale = self.add_weight(shape=shape[1:], initializer="zeros", name="log_scale")
        self.bias = self.add_weight(shape=(self.kernels,), initializer="zeros", name="bias")

    def call(self, inputs: Any) -> tf.Tensor:
        """(m, d) -> (m, d + kernels)."""
        near = tf.transpose(_near(self._rows(inputs))) + tf.cast(tf.convert_to_tensor(self.bias), inputs.dtype)
        return tf.concat([inputs, near], axis=-1)

    def start_at(self, inputs: Any) -> None:
        """Sets scales so that the nearest other example lies at distance 2 in the mean, and biases so that sums have mean 0.

        Args:
          inputs: a first minibatch float (m, d), m >= 2, as the layer sees it.
        """
        inputs = tf.cast(inputs, self.variable_dtype)  # as it is, where layers compute in other numbers
        distances = _distances(tf.unstack(self._rows(inputs)))
        others = tf.linalg.set_diag(distances, tf.fill(tf.shape(distances)[:2], distances.dtype.max))
        nearest = tf.reduce_mean(tf.reduce_min(others, axis=-1), axis=-1)
        by = tf.repeat(tf.math.log(tf.maximum(nearest, 1e-12) / 2), self.dimensions)
        self.log_scale.assign(tf.convert_to_tensor(self.log_scale) - by)
        self.bias.assign(-tf.reduce_mean(_near(self._rows(inputs)), axis=-1))

    def _rows(self, inputs):
        """M of inputs (m, d): (dimensions, kernels, m)."""
        kernel = tf.convert_to_tensor(self.kernel)
        kernel *= tf.exp(tf.convert_to_tensor(self.log_scale)) * tf.math.rsqrt(tf.reduce_sum(tf.square(kernel), axis=0))
        rows = tf.matmul(inputs, tf.cast(kernel, inputs.dtype))
        # Examples last: sums over a few numbers that lie beside each other take twice as long on a CPU.
        return tf.transpose(tf.reshape(rows, (-1, self.kernels, self.dimensions)), (2, 1, 0))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """(m, d) -> (m, d + kernels)."""
        return (*input_shape[:-1], input_shape[-1] + self.kernels)
