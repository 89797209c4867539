"""Data whose labels say how far each image was turned: what a classifier of data without labels learns to read.

Source: Gidaris, Singh, Komodakis 2018, Unsupervised Representation Learning by Predicting Image Rotations, section 2.
"""

import dataclasses
import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from gan_repro.data.source import Described, Source
from gan_repro.evaluation.measure import random_order

IMAGES = 10_000  # training images that are turned, at most: four of each take a classifier about a minute of one core
EPOCHS = 1  # of the classifier: one reads 99 % of the turns of faces, and each image is in it four times


class Turned(Described):
    """A Source with every image of another in all its quarter turns; of images that are not square, upright and upside down.

    As much of one as evaluation.classifier takes: `spec`, `rows`, `chunks`, `labels`, `digest`. Labels count the turns.
    """

    def __init__(self, source: Source) -> None:
        """`source`: the data; it is left as it is."""
        spec = source.spec
        turns = (0, 1, 2, 3) if spec.shape[0] == spec.shape[1] else (0, 2)
        self._source, self._turns, self._order = source, turns, random_order(source)
        self._n = {split: min(n, IMAGES) if split == "train" else n for split, n in spec.sizes.items()}
        sizes = {split: n * len(turns) for split, n in self._n.items()}
        super().__init__(dataclasses.replace(spec, title=f"{spec.title}, turned", classes=len(turns), sizes=sizes))

    def rows(self, split: str, chosen: Any) -> np.ndarray:
        """uint8 (m, height, width, channels), of integers (m,): the turn is the index divided by the number of images."""
        turns, images = np.divmod(np.asarray(chosen), self._n[split])
        found = self._source.rows(split, self._order[images] if split == "train" else images).copy()
        for label, turn in enumerate(self._turns[1:], start=1):
            found[turns == label] = np.rot90(found[turns == label], turn, (1, 2))
        return found

    def chunks(self, split: str) -> Iterator[np.ndarray]:
        """Yields uint8 (m, height, width, channels): all images, then all of them in the next turn, and so on.

        Raises:
          ValueError: of the training images, of which there are some in an order of their own: `rows` has them.
        """
        if split == "train":
            raise ValueError("turned training images are had by rows, not by chunks")
        for turn in self._turns:
            for chunk in self._source.chunks(split):
                yield np.rot90(chunk, turn, (1, 2))

    def labels(self, split: str) -> np.ndarray:
        """int32 (n,)."""
        return np.repeat(np.arange(len(self._turns), dtype=np.int32), self._n[split])

    def digest(self) -> str:
        """sha256 of the source's digest and of what is done to it, as hexadecimal text."""
        return hashlib.sha256(f"{self._source.digest()} {self._turns} {IMAGES}".encode()).hexdigest()
