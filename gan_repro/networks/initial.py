"""Initial weights: the distributions that layers start from, and a start of the output bias at the mean image.

A Keras 3 initialiser object returns the same numbers at each call: two weights that share one begin alike. Every function
below makes a new object at each call, so call it once for every weight. The numbers come from Keras's global seed
(keras.utils.set_random_seed) and the order of the calls.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

Start = Callable[[], keras.initializers.Initializer]  # makes a new initialiser object at each call


def uniform(limit: float) -> keras.initializers.Initializer:
    """U(-limit, limit): pylearn2's irange."""
    return keras.initializers.RandomUniform(-limit, limit)


def normal(init_std: float, mean: float = 0.0) -> keras.initializers.Initializer:
    """N(mean, init_std^2), not truncated: DCGAN's weights (Radford et al. 2015, section 3: init_std 0.02)."""
    return keras.initializers.RandomNormal(mean, init_std)


def he() -> keras.initializers.Initializer:
    """U(-a, a) with a = sqrt(6 / inputs of a unit): He et al. 2015, for layers in front of ReLU."""
    return keras.initializers.HeUniform()


def glorot() -> keras.initializers.Initializer:
    """U(-a, a) with a = sqrt(6 / (inputs + outputs of a unit)): Glorot and Bengio 2010; Keras's own default."""
    return keras.initializers.GlorotUniform()


def orthogonal(gain: float = 1.0) -> keras.initializers.Initializer:
    """A random orthogonal matrix times `gain` (Saxe et al. 2014); of one that is not square, rows or columns are orthogonal."""
    return keras.initializers.Orthogonal(gain)


def glorot_normal() -> keras.initializers.Initializer:
    """N(0, 2 / (inputs + outputs of a unit)), not truncated: Glorot and Bengio 2010 ("Xavier normal")."""
    return keras.initializers.VarianceScaling(1.0, "fan_avg", "untruncated_normal")


@keras.saving.register_keras_serializable(package="gan_repro")
class Sparse(keras.initializers.Initializer):
    """pylearn2's sparse_init: into each unit come exactly `connections` weights N(0, init_std^2), the others are 0.

    Which inputs they come from is random and distinct (models/mlp.py, Linear).
    """

    def __init__(self, connections: int, init_std: float = 1.0) -> None:
        self.connections, self.init_std = connections, init_std

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> keras.KerasTensor:
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
            row[random.choice(inputs, self.connections, replace=False)] = random.normal(0, self.init_std, self.connections)
        return keras.ops.convert_to_tensor(kernel.T, dtype or "float32")

    def get_config(self) -> dict[str, Any]:
        """The arguments, for a saved model."""
        return {"connections": self.connections, "init_std": self.init_std}


def start_at_marginals(layer: keras.layers.Layer, mean: np.ndarray, bias: str = "bias") -> None:
    """Sets a sigmoid output layer's bias so that it begins at the mean image: pylearn2's init_sigmoid_bias_from_marginals.

    Args:
      layer: keras.layers.Dense, or another, with sigmoid outputs, one per pixel.
      mean: (h, w, c) or (1, h, w, c), the mean of the training images, in 0..255 (data.source.mean).
      bias: the name of the layer's attribute.
    """
    mean = np.clip(np.reshape(mean, -1).astype(np.float64) / 255, 1e-7, 1 - 1e-7)
    getattr(layer, bias).assign(np.log(mean / (1 - mean)))
