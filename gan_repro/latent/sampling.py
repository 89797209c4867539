"""Drawing images from a generator, outside of training."""

import math

import keras
import numpy as np
import tensorflow as tf

from gan_repro.latent.chains import Chain
from gan_repro.latent.priors import Prior
from gan_repro.system import randomness

_MASKS = 1  # of the sampling stream: dropout masks; z uses that stream without a number


def balanced_labels(n: int, classes: int) -> np.ndarray:
    """int32 (n,): 0, 1, ..., classes - 1, 0, 1, ...: every class equally often, as far as n allows."""
    return np.arange(n, dtype=np.int32) % classes


def sample_images(
    network: keras.Model,
    prior: Prior | Chain,
    n: int,
    seed: int,
    labels: np.ndarray | None = None,
    chunk: int = 1000,
    classes: int = 0,
) -> np.ndarray:
    """Draws images from a generator, in test mode.

    Args:
      network: Keras model: z, or [z, labels], to images.
      prior: priors.Prior, or chains.Chain, of which samples are no draws apart: it says what they are.
      n: how many.
      seed: int; image j is a function of (seed, j // chunk) and the weights alone, dropout masks too where G keeps them on.
      labels: int (n,), for a conditional generator; None: balanced_labels.
      chunk: images computed at a time.
      classes: how many a conditional generator knows.

    Returns:
      float32 (n, h, w, c), in the range that the generator was trained on.
    """
    if labels is None and len(network.inputs) > 1:
        labels = balanced_labels(n, classes)
    return prior.images(network, n, seed, labels, chunk)


def draw(prior: Prior | Chain, n: int, seed: int, chunk: int = 1000) -> np.ndarray:
    """z float32 (n, size) from a priors.Prior; z j is a function of (seed, j // chunk) and j % chunk alone."""
    parts = [prior.draw(chunk, randomness.seed_pair(seed, i, randomness.SAMPLE)).numpy() for i in range(math.ceil(n / chunk))]
    return np.concatenate(parts)[:n]


def images_of(
    network: keras.Model,
    z: np.ndarray,
    labels: np.ndarray | None = None,
    chunk: int = 100,
    seed: int | None = None,
    strips: int = 1,
) -> np.ndarray:
    """float32 (n, h, w, c): what a generator makes of z float32 (n, size), in test mode.

    Args:
      network: Keras model: z, or [z, labels], to images.
      z: the noise.
      labels: int (n,) for a conditional generator, float (n, classes) for one of `with_shares`; others see none.
      chunk: images computed at a time, always whole: the last bits of a product depend on its shape.
      seed: of the dropout masks where G keeps them on (layers.Dropout, `always`), one for each image; None: all images
        get one and the same mask, so that they differ by z and label alone.
      strips: z are so many equally long walks, one behind the other: without a seed each of them has a mask of its own.
    """
    labels = labels if len(network.inputs) > 1 else None
    if strips > 1 and seed is None and keeps_dropout(network):
        given = np.split(z, strips), [None] * strips if labels is None else np.split(np.asarray(labels), strips)
        chunk = min(chunk, len(z) // strips)
        return np.concatenate([_images_of(network, *walk, chunk, None, mask=j) for j, walk in enumerate(zip(*given))])
    return _images_of(network, z, labels, chunk, seed)


def keeps_dropout(network: keras.Model) -> bool:
    """Whether a generator's dropout stays on when samples are drawn (layers.Dropout, `always`)."""
    return any(getattr(layer, "always", False) for layer in network.layers)


def _images_of(network, z, labels, chunk, seed, mask=0):
    """`mask`: number of the one that all images share where there is no seed."""
    images = []
    for start in range(0, len(z), chunk):
        part = [z[start : start + chunk]]
        if labels is not None:
            part.append(np.asarray(labels[start : start + chunk], network.inputs[1].dtype))
        size = len(part[0])
        inputs = [tf.constant(np.pad(array, [(0, chunk - size)] + [(0, 0)] * (array.ndim - 1))) for array in part]
        of = (mask, 0) if seed is None else (seed, start // chunk)
        with randomness.network_call(randomness.seed_pair(*of, randomness.SAMPLE, _MASKS), seed is None):
            found = network(inputs if len(inputs) > 1 else inputs[0], training=False)
        images.append(np.asarray(found, np.float32)[:size])
    return np.concatenate(images)


def with_shares(network: keras.Model) -> keras.Model:
    """A conditional generator that takes shares of its classes, float32 (m, classes), where it took labels: points between.

    The same weights, behind the layer "one_hot". Trained were only the corners, one class alone.

    Raises:
      ValueError: the generator has no such layer.
    """
    shares = network.get_layer("one_hot").output
    return keras.Model([network.inputs[0], shares], network.output, name=network.name)
