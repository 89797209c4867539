"""Layers that Keras lacks: maxout (dense, convolutional), pooling in ceil mode, labels, untied biases, dropout, noise.

mlp.py and convolutional.py make networks of them; constraints.py says what happens to weights after an update.
"""

import functools
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from gan_repro.system import randomness


class Configured(keras.layers.Layer):
    """A layer whose arguments are its attributes of the same names: a saved model keeps those that `arguments` names."""

    arguments: ClassVar[tuple[str, ...]] = ()

    def get_config(self) -> dict[str, Any]:
        """The arguments; those that are Keras's objects, such as initialisers, serialised."""
        own = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in self.arguments}
        return super().get_config() | own


@keras.saving.register_keras_serializable(package="gan_repro")
class Maxout(Configured):
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

    arguments = ("units", "pieces", "kernel_initializer", "bias_initializer", "kernel_constraint")

    def __init__(
        self,
        units: int,
        pieces: int,
        kernel_initializer: Any,
        bias_initializer: Any = "zeros",
        kernel_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units, self.pieces = units, pieces
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)

    def build(self, input_shape: Any) -> None:
        """Makes the kernel (d, pieces * units) and the bias (pieces * units,)."""
        columns = self.pieces * self.units
        self.kernel = self.add_weight(
            shape=(input_shape[-1], columns),
            initializer=self.kernel_initializer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = self.add_weight(shape=(columns,), initializer=self.bias_initializer, name="bias")

    def call(self, inputs: Any) -> tf.Tensor:
        """(m, d) -> (m, units)."""
        linear = tf.matmul(inputs, tf.convert_to_tensor(self.kernel)) + tf.convert_to_tensor(self.bias)
        return _maximum_of_pieces(linear, self.pieces)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """(m, d) -> (m, units)."""
        return (*input_shape[:-1], self.units)


def _maximum_of_pieces(linear, pieces):
    """(..., pieces * units) -> (..., units)."""
    # One reduction over a view: a chain of maxima over slices copies them, and its gradient puts them together again.
    apart = tf.reshape(linear, tf.concat([tf.shape(linear)[:-1], [pieces, linear.shape[-1] // pieces]], 0))
    return tf.reduce_max(apart, axis=-2)


@keras.saving.register_keras_serializable(package="gan_repro")
class MaxoutConv2D(Configured):
    """Maxout convolution: the maximum over `pieces` linear maps at every pixel (pylearn2: models/maxout.py, MaxoutConvC01B).

    (m, h, w, c) -> (m, h + 2 padding - kernel_size + 1, ..., channels), zero padding, stride 1, biases tied. The pieces
    of a channel are `channels` maps apart, not consecutive: see Maxout. What pylearn2 pools inside its layer is
    CeilMaxPool2D here.

    Args:
      channels: number of output channels.
      pieces: linear maps per channel.
      kernel_size: of the square kernel.
      padding: zeros added on each side.
      kernel_initializer: of the kernel (kernel_size, kernel_size, c, pieces * channels); the bias starts at 0.
    """

    arguments = ("channels", "pieces", "kernel_size", "padding", "kernel_initializer")

    def __init__(
        self, channels: int, pieces: int, kernel_size: int, padding: int, kernel_initializer: Any, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.channels, self.pieces, self.kernel_size, self.padding = channels, pieces, kernel_size, padding
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape: Any) -> None:
        """Makes the kernel and the bias (pieces * channels,)."""
        maps = self.pieces * self.channels
        shape = (self.kernel_size, self.kernel_size, input_shape[-1], maps)
        self.kernel = self.add_weight(shape=shape, initializer=self.kernel_initializer, name="kernel")
        self.bias = self.add_weight(shape=(maps,), initializer="zeros", name="bias")

    def call(self, inputs: Any) -> tf.Tensor:
        """(m, h, w, c) -> (m, h', w', channels)."""
        p = self.padding
        inputs = tf.pad(inputs, [[0, 0], [p, p], [p, p], [0, 0]])
        linear = tf.nn.conv2d(inputs, tf.convert_to_tensor(self.kernel), 1, "VALID") + tf.convert_to_tensor(self.bias)
        return _maximum_of_pieces(linear, self.pieces)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """(m, h, w, c) -> (m, h', w', channels)."""
        grown = 2 * self.padding - self.kernel_size + 1
        return (input_shape[0], input_shape[1] + grown, input_shape[2] + grown, self.channels)


@keras.saving.register_keras_serializable(package="gan_repro")
class CeilMaxPool2D(keras.layers.Layer):
    """Max-pooling in ceil mode: the last window may reach over the edge, where it sees nothing (cuda-convnet's rule).

    (m, h, w, c) -> (m, ceil((h - size) / stride) + 1, ..., c). Keras's "same" would pad on both sides.
    """

    def __init__(self, size: int, stride: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size, self.stride = size, stride

    def _windows(self, pixels):
        return -(-(pixels - self.size) // self.stride) + 1

    def call(self, inputs: Any) -> tf.Tensor:
        """(m, h, w, c) -> (m, h', w', c).

        By comparisons of shifted slices and not by TensorFlow's op: with oneDNN's kernels on two cores and AVX2 (TensorFlow
        2.21) the gradient of that had another last bit in 7 of 40 trainings, and XLA has no deterministic one on a GPU.
        """
        for axis in (1, 2):
            inputs = self._largest(inputs, axis)
        return inputs

    def _largest(self, x, axis):
        """The maximum over each window along one axis."""
        last = (self._windows(x.shape[axis]) - 1) * self.stride
        edge = [(0, 0)] * 4
        edge[axis] = (0, last + self.size - x.shape[axis])
        x = tf.pad(x, edge, constant_values=x.dtype.min)
        windows = [[slice(None)] * axis + [slice(i, i + last + 1, self.stride)] for i in range(self.size)]
        return functools.reduce(tf.maximum, [x[tuple(each)] for each in windows])

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """(m, h, w, c) -> (m, h', w', c)."""
        m, h, w, c = input_shape
        return (m, self._windows(h), self._windows(w), c)


@keras.saving.register_keras_serializable(package="gan_repro")
class OneHot(keras.layers.Layer):
    """Labels int32 (m,) -> (m, classes) of 0 and 1."""

    def __init__(self, classes: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.classes = classes

    def call(self, labels: Any) -> tf.Tensor:
        """int32 (m,) -> (m, classes)."""
        return tf.one_hot(labels, self.classes, dtype=self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """(m,) -> (m, classes)."""
        return (*input_shape, self.classes)


@keras.saving.register_keras_serializable(package="gan_repro")
class LabelMaps(Configured):
    """What a convolution adds where its input also has a constant map for each class, 1 for the label's and 0 elsewhere.

    [y (m, h, w, c), one-hot labels (m, classes)] -> y + k * maps, (m, h, w, c). By linearity the convolution of an input
    with appended maps is the sum of the convolution of the input (y) and that of the maps. The latter depends on the label
    and the place alone: it is computed once for each class, not for each image, and looked up. Since the map is 1 everywhere,
    it is the sum of the kernel's taps that do not fall on the padding: one product with a constant matrix.

    Args:
      size: (height, width) of that input.
      kernel_size, stride: of the convolution that made y, padding "same".
      transposed: whether that one was transposed (the image grows by `stride`).
      kernel_initializer: of the kernel (kernel_size, kernel_size, classes, c), or (..., c, classes) if transposed.
    """

    arguments = ("size", "kernel_size", "stride", "transposed", "kernel_initializer")

    def __init__(
        self, size: tuple[int, int], kernel_size: int, stride: int, transposed: bool, kernel_initializer: Any, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.size, self.kernel_size, self.stride, self.transposed = size, kernel_size, stride, transposed
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape: Any) -> None:
        """Makes the kernel."""
        (_, *_, c), (_, classes) = input_shape
        ends = (c, classes) if self.transposed else (classes, c)
        shape = (self.kernel_size, self.kernel_size, *ends)
        self.kernel = self.add_weight(shape=shape, initializer=self.kernel_initializer, name="kernel")

    def call(self, inputs: Any) -> tf.Tensor:
        """[(m, h, w, c), (m, classes)] -> (m, h, w, c)."""
        y, one_hot = inputs
        _, h, w, c = y.shape
        classes = one_hot.shape[1]
        rows, columns = (self._taps(small, large) for small, large in zip(self.size, (h, w)))
        places = np.einsum("yi,xj->yxij", rows, columns).reshape(h * w, -1)  # 1 where a tap meets the map, 0 in the padding
        kernel = tf.cast(tf.convert_to_tensor(self.kernel), y.dtype)
        if self.transposed:
            kernel = tf.transpose(kernel, (0, 1, 3, 2))
        table = tf.matmul(tf.constant(places, y.dtype), tf.reshape(kernel, (-1, classes * c)))
        table = tf.transpose(tf.reshape(table, (h * w, classes, c)), (1, 0, 2))
        looked_up = tf.matmul(tf.cast(one_hot, y.dtype), tf.reshape(table, (classes, h * w * c)))
        return y + tf.reshape(looked_up, (-1, h, w, c))

    def _taps(self, before, after):
        """Along one side, (after, kernel_size) of 0 and 1: whether an output's sum has a tap on a pixel of the input."""
        large, small = (after, before) if self.transposed else (before, after)
        padding = max((small - 1) * self.stride + self.kernel_size - large, 0) // 2
        output, tap = np.ogrid[:after, : self.kernel_size]
        if self.transposed:
            pixel, between = np.divmod(output + padding - tap, self.stride)
        else:
            pixel, between = output * self.stride - padding + tap, 0
        return ((pixel >= 0) & (pixel < before) & (between == 0)).astype(np.float32)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The shape of y."""
        return input_shape[0]


@keras.saving.register_keras_serializable(package="gan_repro")
class UntiedBias(keras.layers.Layer):
    """A bias for every pixel and channel (pylearn2: tied_b False), starting at 0. Any shape (m, ...) -> the same."""

    def build(self, input_shape: Any) -> None:
        """Makes the bias, of the shape of one example."""
        self.bias = self.add_weight(shape=input_shape[1:], initializer="zeros", name="bias")

    def call(self, inputs: Any) -> tf.Tensor:
        """(m, ...) -> the same shape."""
        return inputs + tf.convert_to_tensor(self.bias)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The same shape."""
        return input_shape


@keras.saving.register_keras_serializable(package="gan_repro")
class Dropout(keras.layers.Layer):
    """Dropout with an explicit scale, as pylearn2 has it: keep with probability `keep`, multiply by `scale`.

    The mask is per example and per unit, and comes from the open `randomness.network_call`. At test time the layer is
    the identity: the scale is not applied there (pylearn2: include_probs / input_scales, models/mlp.py).

    Args:
      keep: probability that a unit stays, in (0, 1]; 1 makes the layer the identity.
      scale: what a kept unit is multiplied by in training.
      always: at test time, too, it does what it does in training: a generator's source of noise besides z.

    Raises:
      RuntimeError: a mask is wanted outside `randomness.network_call`.
    """

    def __init__(self, keep: float, scale: float, always: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep, self.scale, self.always = keep, scale, always

    def call(self, inputs: Any, training: bool = False) -> tf.Tensor:
        """Any shape -> the same shape."""
        if not (training or self.always) or self.keep == 1:
            return inputs
        drawn = randomness.layer_pair()
        if drawn is None:
            return inputs
        pair, shared = drawn
        shape = tf.shape(inputs)
        uniform = tf.random.stateless_uniform(tf.concat([[1], shape[1:]], 0) if shared else shape, pair, alg="philox")
        # A product, whose gradient is one more product; a selection's is two selections.
        return inputs * (tf.cast(uniform < self.keep, inputs.dtype) * tf.cast(self.scale, inputs.dtype))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The same shape."""
        return input_shape


@keras.saving.register_keras_serializable(package="gan_repro")
class GaussianNoise(keras.layers.Layer):
    """Adds N(0, std^2) to every unit of every example in training; the identity in test mode. Any shape -> the same.

    The numbers come from the open `randomness.network_call`, as Dropout's masks do. Source: the noise on D's activations in
    Odena et al. 2016 and Salimans et al. 2016.

    Args:
      std: >= 0; with 0 the layer is the identity.

    Raises:
      RuntimeError: noise is wanted outside `randomness.network_call`.
    """

    def __init__(self, std: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.std = std

    def call(self, inputs: Any, training: bool = False) -> tf.Tensor:
        """Any shape -> the same shape."""
        if not training or self.std == 0:
            return inputs
        drawn = randomness.layer_pair()
        if drawn is None:
            return inputs
        pair, shared = drawn
        shape = tf.shape(inputs)
        noise = tf.random.stateless_normal(tf.concat([[1], shape[1:]], 0) if shared else shape, pair, alg="philox")
        return inputs + tf.cast(self.std * noise, inputs.dtype)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The same shape."""
        return input_shape
