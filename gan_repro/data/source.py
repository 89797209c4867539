"""The protocol of every data source, and the one that holds its images in memory.

Where images come from (TFDS, files, rendering) is not here: one module per origin, each returning a source.
"""

import dataclasses
import hashlib
import math
from collections.abc import Callable, Mapping

import numpy as np

from gan_repro.data.scaling import UNIT
from gan_repro.system.errors import DataError, UsageError

SPLITS = ("train", "validation", "test")
ALIGNED = 64  # bytes: where TensorFlow's kernels want a tensor's memory to begin


class DatasetUnavailable(DataError):
    """A data set can be had in no way: it is not prepared in the data directory and there is no network to fetch it."""


@dataclasses.dataclass(frozen=True)
class Spec:
    """What a consumer may know of a data set without touching an image.

    Attributes:
      name: what the user asked for: "mnist", "glyphs", "npz:PATH", ...
      title: the name for captions and tables, such as "MNIST" or "glyphs (built in; not MNIST)".
      shape: (height, width, channels) of one image.
      classes: number of classes; 0 where there are no labels.
      sizes: images per split.
      scaling: what the networks see instead of pixels 0..255.
    """

    name: str
    title: str
    shape: tuple[int, int, int]
    classes: int
    sizes: Mapping[str, int]
    scaling: Callable = UNIT

    def steps_per_epoch(self, batch_size, limit=0):
        """Whole minibatches that the training images give (a ragged last one is dropped), at most `limit` if that is > 0.

        Raises:
          UsageError: there are fewer training images than one minibatch takes.
        """
        whole = self.sizes["train"] // batch_size
        if whole < 1:
            raise UsageError(f"batch_size = {batch_size}: {self.title} has only {self.sizes['train']} training images")
        return min(limit or whole, whole)


@dataclasses.dataclass(frozen=True)
class Described:
    """A data set of which no image is at hand, only its Spec (its `sizes` are {}): enough to build a run's networks."""

    spec: Spec


def permutation(n, epoch, seed):
    """int32 (n,): a uniformly random permutation fixed by (seed, epoch)."""
    import tensorflow as tf

    from gan_repro.system import randomness

    keys = tf.random.stateless_uniform([n], randomness.seed_pair(seed, epoch, randomness.SHUFFLE), alg="philox")
    return tf.argsort(keys, stable=True)  # 50,000 keys of 23 bits collide; stable order keeps that deterministic


def mean(source, split):
    """float64 (1, height, width, channels), 0..255: the mean image of a split, of images uint8.

    Sums of bytes are whole numbers far below 2^53: float64 adds them without error, in whatever parts they come.
    """
    total = np.zeros(math.prod(source.spec.shape))
    for chunk in source.chunks(split):
        total += chunk.reshape(len(chunk), -1).sum(axis=0, dtype=np.float64)
    return (total / source.spec.sizes[split]).reshape(1, *source.spec.shape)


def empty(shape):
    """uint8 array of `shape`, not filled, whose memory TensorFlow can take for a tensor's: it begins at a multiple of 64."""
    size = math.prod(shape)
    memory = np.empty(size + ALIGNED, np.uint8)
    start = -memory.ctypes.data % ALIGNED
    return memory[start : start + size].reshape(shape)


def aligned(images):
    """A copy of uint8 `images` in such memory."""
    copy = empty(images.shape)
    copy[...] = images
    return copy


class InMemory:
    """A data set that fits in memory: images stay uint8 on the device and are scaled there, a batch at a time.

    The protocol that training relies on, which every other source (procedural, streaming) has too:
      spec: a Spec.
      open(epoch, seed, skip, size): eager, once per epoch: the feed, any structure of tensors (or an iterator), from which
        `batch` draws. The order is a function of (seed, epoch) alone; `skip` is the number of batches already played
        in this epoch, `size` that of a batch (only streams need these two).
      batch(feed, i, size): graph code: batch i of the epoch, (x, labels). Called for i = skip, skip + 1, ... in turn.
      images(split), labels(split), scaled(split, limit): numpy, for evaluation and figures.
      require(split): raises DataError where `images` would, of more images than a source can hold: asked before training
        for what evaluation will need at once.
      chunks(split), rows(split, chosen): all images in turn, and some of them, whatever their number (sources of files).
      digest(): sha256 of the data, for the manifest.
    """

    def __init__(self, spec, images, labels=None):
        """Args:
        spec: the Spec; its sizes are checked against the arrays.
        images: {split: uint8 (n, height, width, channels)}.
        labels: {split: integers (n,) in 0..classes-1}, or None.
        """
        for split, array in images.items():
            if array.dtype != np.uint8 or array.shape[1:] != spec.shape or len(array) != spec.sizes[split]:
                raise ValueError(f"{split}: {array.dtype} {array.shape} does not fit {spec}")
        self.spec = spec
        self._images = dict(images)
        self._labels = {split: np.asarray(values, np.int32) for split, values in (labels or {}).items()}
        self._device = None

    def images(self, split):
        """uint8 (n, height, width, channels), 0..255, in the order of the data set."""
        return self._images[split]

    def require(self, split):
        """Nothing: all images are held."""
        del split

    def chunks(self, split):
        """Yields uint8 (m, height, width, channels), the images of a split in order: here all at once."""
        yield self._images[split]

    def rows(self, split, chosen):
        """uint8 (m, height, width, channels): the images that `chosen` indexes, a slice or integers (m,)."""
        return self._images[split][chosen]

    def labels(self, split):
        """int32 (n,), or None where the data set has no labels."""
        return self._labels.get(split)

    def scaled(self, split, limit=None):
        """float32 (n, height, width, channels): the first `limit` images as the networks see them."""
        return self.spec.scaling(self._images[split][:limit].astype(np.float32))

    def digest(self):
        """sha256 over all images and labels, split by split, as hexadecimal text."""
        digest = hashlib.sha256()
        for split in sorted(self._images):
            digest.update(split.encode())
            digest.update(np.ascontiguousarray(self._images[split]))
            if split in self._labels:
                digest.update(np.ascontiguousarray(self._labels[split]))
        return digest.hexdigest()

    def device_arrays(self):
        """The training images (uint8) and labels (int32 tensor; zeros without labels), made once.

        A tensor on a CPU: `images` itself where that was made by `aligned`, else a copy. A tf.Variable with a GPU.
        """
        if self._device is None:
            import tensorflow as tf

            images = self._images["train"]
            labels = self._labels.get("train", np.zeros(len(images), np.int32))
            with tf.init_scope():  # eager, even when the first call comes from a graph that is being traced
                if tf.config.list_logical_devices("GPU"):
                    # A variable because only its gather has a GPU kernel for uint8: a constant would be gathered on the
                    # host, and travel there whole, in every step.
                    pixels = tf.Variable(images, trainable=False)
                else:
                    if images.ctypes.data % ALIGNED or not images.flags.c_contiguous or not images.flags.writeable:
                        images = self._images["train"] = aligned(images)
                    pixels = tf.experimental.dlpack.from_dlpack(images.__dlpack__())  # the same memory, not a copy
                self._device = pixels, tf.constant(labels)
        return self._device

    def open(self, epoch, seed, skip=0, size=None):
        """The order of epoch `epoch`: int32 (n,), a uniformly random permutation fixed by (seed, epoch)."""
        del skip, size  # a permutation is entered anywhere
        self.device_arrays()  # before any graph is traced
        return permutation(self.spec.sizes["train"], epoch, seed)

    def batch(self, order, i, size):
        """Graph code: images and labels of batch `i`.

        Args:
          order: what `open` returned.
          i: int32 scalar, 0 <= i < n // size (a ragged last batch is dropped).
          size: Python int.

        Returns:
          x float32 (size, height, width, channels), scaled; labels int32 (size,).
        """
        import tensorflow as tf

        images, labels = self.device_arrays()
        rows = tf.slice(order, [i * size], [size])
        return self.spec.scaling(tf.cast(tf.gather(images, rows), tf.float32)), tf.gather(labels, rows)
