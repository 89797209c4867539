"""Layers whose kernel is a function of the weight that they learn: weight normalisation and spectral normalisation."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf


class Reparametrised(keras.layers.Layer):
    """Stands in front of a Keras layer with a kernel: it computes with `of_learned(kernel)` in the kernel's place."""

    _seen: Any = None  # the kernel of the call that is being made
    _kernel: Any  # the learned weight: Keras's own name of it
    bias: Any  # of the Keras layer; None: it has none

    @property
    def kernel(self) -> Any:
        """The learned weight; while the layer is called what it computes with."""
        return self._kernel if self._seen is None else self._seen

    @kernel.setter
    def kernel(self, weight: Any) -> None:
        """Keras's own way to make the weight."""
        self._kernel = weight

    def call(self, inputs: Any, training: bool = False) -> Any:
        """As the Keras layer's."""
        learned = tf.cast(tf.convert_to_tensor(self._kernel), tf.float32)
        seen = tf.cast(self.of_learned(learned, training), self.compute_dtype)
        try:
            self._seen = seen
            return super().call(inputs)
        finally:
            self._seen = None

    def save_own_variables(self, store: Any) -> None:
        """Every weight: the Keras layer's own way would write the kernel and the bias alone."""
        keras.layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store: Any) -> None:
        """What `save_own_variables` wrote."""
        keras.layers.Layer.load_own_variables(self, store)

    def of_learned(self, kernel: tf.Tensor, training: bool) -> tf.Tensor:
        """float32 of the kernel's shape -> the same shape; `training`: whether the layer is called in training mode."""
        raise NotImplementedError

    def plain(self) -> keras.layers.Layer:
        """A new layer of the Keras class behind this one, of the same configuration."""
        own: Any = next(kind for kind in type(self).__mro__ if kind.__module__.partition(".")[0] == "keras")
        return own.from_config(self.get_config())

    def plain_weights(self) -> list[np.ndarray]:
        """What makes `plain` compute as this layer does in test mode: its kernel, and its bias where there is one."""
        kernel = self.of_learned(tf.cast(tf.convert_to_tensor(self._kernel), tf.float32), False)
        return [np.asarray(each) for each in (kernel, self.bias) if each is not None]

    def _outputs(self) -> int:
        """The axis of the kernel along which the layer's outputs lie."""
        return -2 if isinstance(self, keras.layers.Conv2DTranspose) else -1


class WeightNorm(Reparametrised):
    """w = g v / |v|, for each output (Salimans and Kingma 2016, eq. 2).

    v is the layer's own kernel; g is learned as well and begins with |v|, so that the layer begins as it would without. The
    paper's start from the data of a first minibatch is not taken.
    """

    def build(self, input_shape: Any) -> None:
        """Makes the kernel and g, of one number for each output."""
        super().build(input_shape)
        lengths = self._lengths(tf.convert_to_tensor(self._kernel))
        self.g = self.add_weight(shape=lengths.shape, initializer="ones", name="g")
        self.g.assign(lengths)

    def _lengths(self, kernel):
        axes = [axis for axis in range(kernel.shape.rank) if axis != kernel.shape.rank + self._outputs()]
        return tf.sqrt(tf.reduce_sum(tf.square(kernel), axis=axes, keepdims=True))

    def of_learned(self, kernel: tf.Tensor, training: bool) -> tf.Tensor:
        """g v / |v|."""
        del training
        return tf.cast(tf.convert_to_tensor(self.g), tf.float32) * kernel / self._lengths(kernel)


class SpectralNorm(Reparametrised):
    """w / sigma, sigma the largest singular value of w as a matrix (outputs, all else) (Miyato et al. 2018, Algorithm 1).

    sigma is u^T w v, u and v from one step of the power iteration at each call in training mode, through which no gradient
    goes. In test mode u stays. A convolution's matrix is that of its kernel, as in the paper, not of what it does to an image.
    """

    EPSILON = 1e-12

    def build(self, input_shape: Any) -> None:
        """Makes the kernel and u, of one number for each output."""
        super().build(input_shape)
        outputs = self._kernel.shape[self._outputs()]
        self.u = self.add_weight(shape=(outputs, 1), initializer=keras.initializers.RandomNormal(), trainable=False, name="u")

    def of_learned(self, kernel: tf.Tensor, training: bool) -> tf.Tensor:
        """w / sigma."""
        rank, outputs = kernel.shape.rank, self._outputs()
        order = [rank + outputs, *(axis for axis in range(rank) if axis != rank + outputs)]
        matrix = tf.transpose(kernel, order)
        matrix = tf.reshape(matrix, (matrix.shape[0], -1))
        fixed, u = tf.stop_gradient(matrix), tf.cast(tf.convert_to_tensor(self.u), tf.float32)
        v = tf.math.l2_normalize(tf.matmul(fixed, u, transpose_a=True), epsilon=self.EPSILON)
        if training:
            u = tf.math.l2_normalize(tf.matmul(fixed, v), epsilon=self.EPSILON)
            self.u.assign(u)
        sigma = tf.reduce_sum(u * tf.matmul(matrix, v)) / tf.maximum(tf.norm(u), self.EPSILON)
        return kernel / sigma


def _made(norm: type, layer: type) -> type:
    made = type(f"{norm.__name__}{layer.__name__}", (norm, layer), {"__doc__": f"{layer.__name__} with {norm.__name__}."})
    return keras.saving.register_keras_serializable(package="gan_repro")(made)


WeightConv2D = _made(WeightNorm, keras.layers.Conv2D)
WeightConv2DTranspose = _made(WeightNorm, keras.layers.Conv2DTranspose)
WeightDense = _made(WeightNorm, keras.layers.Dense)
SpectralConv2D = _made(SpectralNorm, keras.layers.Conv2D)
SpectralConv2DTranspose = _made(SpectralNorm, keras.layers.Conv2DTranspose)
SpectralDense = _made(SpectralNorm, keras.layers.Dense)
