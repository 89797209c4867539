"""A folder of pictures that is too large for memory: read as they are needed. What a folder may hold is in user.py."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gan_repro.data import source, streams

_CHUNK = 2**24  # bytes of images that evaluation reads at once


class Pictures(streams.Stream):
    """A Source of image files that are decoded when a batch takes them.

    Batches, labels and digest are those of a source.InMemory of the same pictures, bit for bit.
    """

    def __init__(
        self,
        spec: source.Spec,
        files: Mapping[str, Sequence[Path]],
        labels: Mapping[str, np.ndarray] | None,
        decode: Callable[[Path], np.ndarray],
    ) -> None:
        """Args:
        spec: the Spec.
        files: {split: list of Path}.
        labels: {split: integers (n,)}, or None.
        decode: Path -> uint8 of the Spec's height and width, with its channels or one. Raises DataError.
        """
        self.spec = spec
        self._paths, self._decoded = files, decode
        self._labels = {split: np.asarray(values, np.int32) for split, values in (labels or {}).items()}

    def rows(self, split: str, chosen: Any) -> np.ndarray:
        """uint8 (m, height, width, channels): the images that `chosen` indexes, a slice or integers (m,); reads these alone."""
        paths = self._paths[split]
        at = np.arange(len(paths))[chosen]
        images = np.empty((len(at), *self.spec.shape), np.uint8)
        for row, i in zip(images, at):
            row[...] = self._image(paths[i])
        return images

    def labels(self, split: str) -> np.ndarray | None:
        """int32 (n,), or None where there are no classes."""
        return self._labels.get(split)

    def digest(self) -> str:
        """sha256 over all images and labels, as source.InMemory's: reads every file."""
        digest = hashlib.sha256()
        for split in sorted(self._paths):
            digest.update(split.encode())
            for path in self._paths[split]:
                digest.update(self._image(path))
            if split in self._labels:
                digest.update(source.buffer(self._labels[split]))
        return digest.hexdigest()

    def open(self, epoch: int, seed: int, skip: int = 0, size: int | None = None) -> Any:
        """An iterator over (uint8 (size, *shape), int32 (size,)) from batch `skip` on, in the order of InMemory."""
        import tensorflow as tf

        if size is None:
            raise ValueError("a stream is opened for batches of a size")
        paths, labels = self._paths["train"], self._labels.get("train", np.zeros(self.spec.sizes["train"], np.int32))
        rows = source.permutation(len(paths), epoch, seed).numpy()[skip * size :]

        def read(row):
            image = tf.numpy_function(lambda i: self._image(paths[i]), [row], tf.uint8)
            return tf.ensure_shape(image, self.spec.shape), tf.gather(labels, row)

        data = tf.data.Dataset.from_tensor_slices(rows).map(read, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        return iter(data.batch(size, drop_remainder=True).prefetch(4))

    def batch(self, feed: Any, i: Any, size: int) -> tuple[Any, Any]:
        """Graph code: the next batch, x float32 (size, *shape), scaled, and labels int32 (size,); errors as Stream's."""
        images, labels = feed.get_next()
        return self._scaled_batch(images, labels, size)

    def _image(self, path):
        return np.ascontiguousarray(np.broadcast_to(self._decoded(path), self.spec.shape))

    def _chunks(self, split, n):
        step = max(1, _CHUNK // math.prod(self.spec.shape))
        for at in range(0, n, step):
            yield at, self.rows(split, slice(at, min(at + step, n)))
