"""What happens to weights after an update: maximal column norm and weight clipping."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="gan_repro")
class MaxColumnNorm(keras.constraints.Constraint):
    """Scales each column of a kernel (d, units) down to an L2 norm of at most `limit`; biases are not touched.

    pylearn2's semantics (models/mlp.py, max_col_norm): W[:, j] <- W[:, j] * clip(n_j, 0, limit) / (1e-7 + n_j) with
    n_j = ||W[:, j]||: a column is what comes into one linear unit. Use it as a layer's `kernel_constraint`.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit

    def __call__(self, w: Any) -> tf.Tensor:
        """float (d, units) -> the same."""
        w = tf.convert_to_tensor(w)
        norms = tf.sqrt(tf.reduce_sum(tf.square(w), axis=0, keepdims=True))
        return w * (tf.clip_by_value(norms, 0.0, self.limit) / (1e-7 + norms))

    def get_config(self) -> dict[str, Any]:
        """The arguments, for a saved model."""
        return {"limit": self.limit}


@keras.saving.register_keras_serializable(package="gan_repro")
class WeightClip(keras.constraints.Constraint):
    """Clips every element of a weight to [-limit, limit] (Arjovsky et al. 2017, Algorithm 1, line 7).

    As a player's `constraint` it is applied to all of its trainable weights, biases and batch-norm parameters too, as
    in the authors' code (WassersteinGAN:main.py clamps every parameter of the critic).
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit

    def __call__(self, w: Any) -> tf.Tensor:
        """Any shape -> the same."""
        return tf.clip_by_value(tf.convert_to_tensor(w), -self.limit, self.limit)

    def get_config(self) -> dict[str, Any]:
        """The arguments, for a saved model."""
        return {"limit": self.limit}
