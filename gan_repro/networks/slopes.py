"""Gradients of D's output: with respect to what it sees, and to what its layers give."""

import keras
import numpy as np
import tensorflow as tf


def norms(network: keras.Model, points: np.ndarray) -> np.ndarray:
    """Euclidean norms of the gradient of a network's output at points, in test mode.

    Args:
      network: of one input and one output (m, 1), such as D.
      points: float32 (n, h, w, c).

    Returns:
      float64 (n,).
    """
    seen = tf.constant(points, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(seen)
        output = network(seen, training=False)
    return _norms(tape.gradient(output, seen))


def weighted(network: keras.Model) -> list[keras.layers.Layer]:
    """Its layers with a kernel, in their order."""
    return [layer for layer in network.layers if hasattr(layer, "kernel")]


def through(network: keras.Model, points: np.ndarray) -> dict[str, float]:
    """The mean norm of the gradient of a network's output with respect to its input, and to what each layer gives.

    Args:
      network, points: as `norms`.

    Returns:
      {"input", then the name of each layer with a kernel but the last: float}.
    """
    layers = weighted(network)[:-1]
    whole = keras.Model(network.inputs, [*(layer.output for layer in layers), network.outputs[0]])
    seen = tf.constant(points, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(seen)
        *inner, output = whole(seen, training=False)
    found = tape.gradient(output, [seen, *inner])
    return {name: float(_norms(each).mean()) for name, each in zip(["input", *(layer.name for layer in layers)], found)}


def _norms(gradient: tf.Tensor) -> np.ndarray:
    flat = np.asarray(gradient, np.float64).reshape(gradient.shape[0], -1)
    return np.linalg.norm(flat, axis=1)
