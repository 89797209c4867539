"""The protocol of every data source, and the one that holds its images in memory.

One module for each origin of images (TFDS, files, rendering, a law) gives such sources; README.md says how to add one.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gan_repro.data.scaling import UNIT, Scaling
from gan_repro.system.errors import DataError, UsageError

SPLITS = ("train", "validation", "test")
Folds = list[tuple[np.ndarray, np.ndarray]]  # (validation, test) images of each fold, as the networks see them
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
    scaling: Scaling = UNIT

    def steps_per_epoch(self, batch_size: int, limit: int = 0) -> int:
        """Whole minibatches that the training images give (a ragged last one is dropped), at most `limit` if that is > 0.

        Raises:
          UsageError: there are fewer training images than one minibatch takes.
        """
        whole = self.sizes["train"] // batch_size
        if whole < 1:
            raise UsageError(f"batch_size = {batch_size}: {self.title} has only {self.sizes['train']} training images")
        return min(limit or whole, whole)


@typing.runtime_checkable
class Source(typing.Protocol):
    """A data set as training, evaluation and figures use it.

    Images are uint8, 0..255, of shape (n, height, width, channels); points of a law (drawn.py) are float32 "images" of one
    pixel. Splits are those of SPLITS. Numbers that only TensorFlow's graph sees are tensors, the others numpy arrays.

    Attributes:
      spec: what may be known without touching an image; `data.load` sets its scaling.
    """

    spec: Spec

    def images(self, split: str) -> np.ndarray:
        """uint8 (n, height, width, channels), in the order of the data set. DataError: more than can be held at once."""

    def labels(self, split: str) -> np.ndarray | None:
        """int32 (n,), 0..classes-1; None where there are no classes."""

    def scaled(self, split: str, limit: int | None = None) -> np.ndarray:
        """float32 (n, height, width, channels): the first `limit` images, or all, as the networks see them (spec.scaling)."""

    def require(self, split: str) -> None:
        """Nothing; DataError where `images` would raise it: asked before a training for what evaluation holds at once."""

    def chunks(self, split: str) -> Iterator[np.ndarray]:
        """Yields uint8 (m, height, width, channels): the images of a split in order, however many."""

    def rows(self, split: str, chosen: Any) -> np.ndarray:
        """uint8 (m, height, width, channels): the images that `chosen` indexes, a slice or integers (m,), however many."""

    def folds(self) -> Folds | None:
        """(validation, test) of each fold where the data are divided several times over; None where there is one division."""

    def digest(self) -> str:
        """sha256 of all that the data are, as hexadecimal text: a run goes on with data of the same digest alone."""

    def open(self, epoch: int, seed: int, skip: int = 0, size: int | None = None) -> Any:
        """The feed of an epoch, once per epoch and eagerly: any structure of tensors, or an iterator.

        The order of the epoch is a function of (seed, epoch) alone.

        Args:
          epoch, seed: see there.
          skip: batches of this epoch that were played already.
          size: images of a batch. Only streams need these two.
        """

    def batch(self, feed: Any, i: Any, size: int) -> tuple[Any, Any]:
        """Graph code: x float32 (size, height, width, channels), scaled, and labels int32 (size,), zeros without classes.

        Args:
          feed: what `open` returned.
          i: int32 scalar: skip, skip + 1, ... in turn; a ragged last batch is dropped.
          size: Python int.
        """


# (name, data_dir, whether data may be downloaded) -> the Source; raises DatasetUnavailable or DataError.
Loader = Callable[[str, "str | Path | None", bool], Source]


@dataclasses.dataclass
class Described:
    """A data set of which no image is at hand, only its Spec (its `sizes` are {}): enough to build a run's networks.

    A Source, of which everything but `spec` raises DataError.
    """

    spec: Spec

    def _missing(self) -> typing.NoReturn:
        raise DataError(f"{self.spec.title}: no data are at hand here, only what a run's folder says of them")

    def images(self, split: str) -> np.ndarray:
        """Raises DataError, as all that follow."""
        self._missing()

    def labels(self, split: str) -> np.ndarray | None:
        """See images."""
        self._missing()

    def scaled(self, split: str, limit: int | None = None) -> np.ndarray:
        """See images."""
        self._missing()

    def require(self, split: str) -> None:
        """See images."""
        self._missing()

    def chunks(self, split: str) -> Iterator[np.ndarray]:
        """See images."""
        self._missing()

    def rows(self, split: str, chosen: Any) -> np.ndarray:
        """See images."""
        self._missing()

    def folds(self) -> Folds | None:
        """See images."""
        self._missing()

    def digest(self) -> str:
        """See images."""
        self._missing()

    def open(self, epoch: int, seed: int, skip: int = 0, size: int | None = None) -> Any:
        """See images."""
        self._missing()

    def batch(self, feed: Any, i: Any, size: int) -> tuple[Any, Any]:
        """See images."""
        self._missing()


def permutation(n: int, epoch: int, seed: int) -> Any:
    """int32 (n,): a uniformly random permutation fixed by (seed, epoch)."""
    import tensorflow as tf

    from gan_repro.system import randomness

    keys = tf.random.stateless_uniform([n], randomness.seed_pair(seed, epoch, randomness.SHUFFLE), alg="philox")
    return tf.argsort(keys, stable=True)  # 50,000 keys of 23 bits collide; stable order keeps that deterministic


def mean(source: Source, split: str) -> np.ndarray:
    """float64 (1, height, width, channels), 0..255: the mean image of a split, of images uint8.

    Sums of bytes are whole numbers far below 2^53: float64 adds them without error, in whatever parts they come.
    """
    total = np.zeros(math.prod(source.spec.shape))
    for chunk in source.chunks(split):
        total += chunk.reshape(len(chunk), -1).sum(axis=0, dtype=np.float64)
    return (total / source.spec.sizes[split]).reshape(1, *source.spec.shape)


def empty(shape: tuple[int, ...]) -> np.ndarray:
    """uint8 array of `shape`, not filled, whose memory TensorFlow can take for a tensor's: it begins at a multiple of 64."""
    size = math.prod(shape)
    memory = np.empty(size + ALIGNED, np.uint8)
    start = -memory.ctypes.data % ALIGNED
    return memory[start : start + size].reshape(shape)


def buffer(array: np.ndarray) -> Any:
    """The array in C order, as hashlib takes it; copied only where it is not in that order."""
    return np.ascontiguousarray(array)


def aligned(images: np.ndarray) -> np.ndarray:
    """A copy of uint8 `images` in such memory."""
    copy = empty(images.shape)
    copy[...] = images
    return copy


class InMemory:
    """A Source that fits in memory: images stay uint8 on the device and are scaled there, a batch at a time."""

    def __init__(self, spec: Spec, images: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray] | None = None) -> None:
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
        self._device: tuple[Any, Any] | None = None

    def images(self, split: str) -> np.ndarray:
        """uint8 (n, height, width, channels), 0..255, in the order of the data set."""
        return self._images[split]

    def require(self, split: str) -> None:
        """Nothing: all images are held."""
        del split

    def chunks(self, split: str) -> Iterator[np.ndarray]:
        """Yields uint8 (m, height, width, channels), the images of a split in order: here all at once."""
        yield self._images[split]

    def rows(self, split: str, chosen: Any) -> np.ndarray:
        """uint8 (m, height, width, channels): the images that `chosen` indexes, a slice or integers (m,)."""
        return self._images[split][chosen]

    def labels(self, split: str) -> np.ndarray | None:
        """int32 (n,), or None where the data set has no labels."""
        return self._labels.get(split)

    def scaled(self, split: str, limit: int | None = None) -> np.ndarray:
        """float32 (n, height, width, channels): the first `limit` images as the networks see them."""
        return self.spec.scaling(self._images[split][:limit].astype(np.float32))

    def folds(self) -> Folds | None:
        """None: there is one division."""
        return None

    def digest(self) -> str:
        """sha256 over all images and labels, split by split, as hexadecimal text."""
        digest = hashlib.sha256()
        for split in sorted(self._images):
            digest.update(split.encode())
            digest.update(buffer(self._images[split]))
            if split in self._labels:
                digest.update(buffer(self._labels[split]))
        return digest.hexdigest()

    def device_arrays(self) -> tuple[Any, Any]:
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

    def open(self, epoch: int, seed: int, skip: int = 0, size: int | None = None) -> Any:
        """The order of epoch `epoch`: int32 (n,), a uniformly random permutation fixed by (seed, epoch)."""
        del skip, size  # a permutation is entered anywhere
        self.device_arrays()  # before any graph is traced
        return permutation(self.spec.sizes["train"], epoch, seed)

    def batch(self, feed: Any, i: Any, size: int) -> tuple[Any, Any]:
        """Graph code: images and labels of batch `i`.

        Args:
          feed: what `open` returned.
          i: int32 scalar, 0 <= i < n // size (a ragged last batch is dropped).
          size: Python int.

        Returns:
          x float32 (size, height, width, channels), scaled; labels int32 (size,).
        """
        import tensorflow as tf

        images, labels = self.device_arrays()
        rows = tf.slice(feed, [i * size], [size])
        return self.spec.scaling(tf.cast(tf.gather(images, rows), tf.float32)), tf.gather(labels, rows)
