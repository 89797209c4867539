"""Drawing images from a generator, outside of training. Where its weights come from is not here."""

import math

import numpy as np
import tensorflow as tf

from gan_repro import randomness


def balanced_labels(n, classes):
    """int32 (n,): 0, 1, ..., classes - 1, 0, 1, ...: every class equally often, as far as n allows."""
    return np.arange(n, dtype=np.int32) % classes


def images_of(network, z, labels=None, chunk=1000):
    """The images that a generator makes of given z, in test mode.

    Args:
      network: Keras model: z, or [z, labels], to images.
      z: float32 (n, size).
      labels: int (n,), for a conditional generator.
      chunk: images computed at a time.

    Returns:
      float32 (n, h, w, c), in the range that the generator was trained on.
    """
    inputs = [np.asarray(z), np.asarray(labels, np.int32)] if len(network.inputs) > 1 else [np.asarray(z)]
    images = []
    for i in range(0, len(z), chunk):
        part = [array[i : i + chunk] for array in inputs]
        images.append(np.asarray(network(part if len(part) > 1 else part[0], training=False), np.float32))
    return np.concatenate(images)


def sample_images(network, prior, n, seed, labels=None, chunk=1000, classes=0):
    """Draws images from a generator, in test mode.

    Args:
      network: Keras model: z, or [z, labels], to images.
      prior: priors.Prior.
      n: how many.
      seed: int; image j is a function of (seed, j // chunk) and the weights alone.
      labels: int (n,), for a conditional generator; None: balanced_labels.
      chunk: images computed at a time.
      classes: how many a conditional generator knows.

    Returns:
      float32 (n, h, w, c), in the range that the generator was trained on.
    """
    if labels is None and len(network.inputs) > 1:
        labels = balanced_labels(n, classes)
    labels = None if labels is None else np.asarray(labels, np.int32)
    images = []
    for i in range(math.ceil(n / chunk)):
        # Whole chunks, also where fewer are wanted: the last bits of a product depend on its shape.
        inputs = prior.draw(chunk, randomness.seed_pair(seed, i, randomness.SAMPLE))
        if labels is not None:
            part = labels[i * chunk : (i + 1) * chunk]
            inputs = [inputs, tf.constant(np.pad(part, (0, chunk - len(part))))]
        images.append(np.asarray(network(inputs, training=False), np.float32)[: n - i * chunk])
    return np.concatenate(images)
