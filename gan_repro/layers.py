"""Layers that Keras lacks: maxout, and dropout whose masks are a function of (seed, step, stream).

Networks made of them are not here (networks.py), nor what happens to weights after an update (constraints.py).
"""

import keras
import tensorflow as tf

from gan_repro import randomness


class Maxout(keras.layers.Layer):
    """Maxout: the maximum over `pieces` linear maps, unit by unit (Goodfellow et al. 2013, "Maxout networks").

    (m, d) -> (m, units). The pieces of a unit are `units` columns apart, not consecutive as in pylearn2
    (models/maxout.py): the same model under initialisers that treat all columns alike, and the maximum then runs over
    contiguous memory. There is no implicit zero piece (pylearn2's min_zero False).

    Args:
      units: number of outputs.
      pieces: linear maps per output.
      kernel_initializer, bias_initializer, kernel_constraint: as in keras.layers.Dense; a constraint sees the
        (d, pieces * units) kernel, so that a column is one linear piece.
    """

    def __init__(self, units, pieces, kernel_initializer, bias_initializer="zeros", kernel_constraint=None, **kwargs):
        super().__init__(**kwargs)
        self.units, self.pieces = units, pieces
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)

    def build(self, input_shape):
        """Makes the kernel (d, pieces * units) and the bias (pieces * units,)."""
        columns = self.pieces * self.units
        self.kernel = self.add_weight(
            shape=(input_shape[-1], columns),
            initializer=self.kernel_initializer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = self.add_weight(shape=(columns,), initializer=self.bias_initializer, name="bias")

    def call(self, inputs):
        """(m, d) -> (m, units)."""
        linear = tf.matmul(inputs, tf.convert_to_tensor(self.kernel)) + tf.convert_to_tensor(self.bias)
        # A chain of maxima over views: its gradient is a chain of selections, cheaper than that of reduce_max, which
        # compares every piece with the maximum, counts ties and divides.
        best, *others = tf.split(linear, self.pieces, axis=-1)
        for piece in others:
            best = tf.maximum(best, piece)
        return best

    def compute_output_shape(self, input_shape):
        """(m, d) -> (m, units)."""
        return (*input_shape[:-1], self.units)


class Dropout(keras.layers.Layer):
    """Dropout with an explicit scale, as pylearn2 has it: keep with probability `keep`, multiply by `scale`.

    The mask is per example and per unit, and comes from the open `randomness.network_call`. At test time the layer is
    the identity: the scale is not applied there (pylearn2: include_probs / input_scales, models/mlp.py).

    Args:
      keep: probability that a unit stays, in (0, 1]; 1 makes the layer the identity.
      scale: what a kept unit is multiplied by in training.

    Raises:
      RuntimeError: called in training mode outside `randomness.network_call`.
    """

    def __init__(self, keep, scale, **kwargs):
        super().__init__(**kwargs)
        self.keep, self.scale = keep, scale

    def call(self, inputs, training=False):
        """Any shape -> the same shape."""
        if not training or self.keep == 1:
            return inputs
        uniform = tf.random.stateless_uniform(tf.shape(inputs), randomness.layer_pair(), alg="philox")
        return tf.where(uniform < self.keep, inputs * tf.cast(self.scale, inputs.dtype), tf.zeros([], inputs.dtype))

    def compute_output_shape(self, input_shape):
        """The same shape."""
        return input_shape
