"""Points drawn from a known law: a data set without files. Each point is an "image" of one pixel.

README.md has an example of a law.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from gan_repro.data.source import Folds, Spec

SIZES = {"train": 50_000, "validation": 10_000, "test": 10_000}  # as MNIST's: what an epoch is, and what evaluation takes

_SEED = 14062661  # with a split's position in SIZES: the seed of that split
_POINTS = 1  # of the shuffling stream: the draws themselves; InMemory uses that stream without a number


class Drawn:
    """A law as a Source. A subclass has the law: its text, its two draws.

    Training sees fresh points in every epoch, the law itself and not a finite sample of it: batch i is a function of
    (seed, epoch, i, size) alone. Evaluation sees points that are drawn once for each split, from a fixed seed.

    The points are what networks see, and `spec.scaling` is not applied to them: there are no pixels 0..255 here.

    Attributes:
      law: text that tells this law from every other one: what the digest begins with.
    """

    law: str

    def __init__(self, spec: Spec) -> None:
        """Args:
        spec: the Spec, for images of shape (1, 1, dimensions) without classes.
        """
        self.spec = spec
        self._drawn: dict[str, np.ndarray] = {}

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """float32 (n, *spec.shape): points of the law from a numpy Generator."""
        raise NotImplementedError

    def draw_tensor(self, n: int, pair: Any) -> Any:
        """Graph code: float32 (n, *spec.shape), a function of the int32 (2,) seed `pair` alone."""
        raise NotImplementedError

    def images(self, split: str) -> np.ndarray:
        """float32 (n, *spec.shape): the points of a split, as `scaled` gives them."""
        if split not in self._drawn:
            points = self.draw(self.spec.sizes[split], np.random.default_rng([_SEED, list(SIZES).index(split)]))
            points.flags.writeable = False  # every caller gets the same array
            self._drawn[split] = points
        return self._drawn[split]

    def labels(self, split: str) -> None:
        """None: there are no classes."""
        del split

    def require(self, split: str) -> None:
        """Nothing: all points can be held."""
        del split

    def chunks(self, split: str) -> Iterator[np.ndarray]:
        """Yields float32 (n, *spec.shape): the points of a split at once."""
        yield self.images(split)

    def rows(self, split: str, chosen: Any) -> np.ndarray:
        """float32 (m, *spec.shape): the points that `chosen` indexes, a slice or integers (m,)."""
        return self.images(split)[chosen]

    def folds(self) -> Folds | None:
        """None: there is one division."""
        return None

    def scaled(self, split: str, limit: int | None = None) -> np.ndarray:
        """float32 (n, *spec.shape): the first `limit` points of a split."""
        return self.images(split)[:limit]

    def digest(self) -> str:
        """sha256 of the law and of all splits' points, as hexadecimal text."""
        digest = hashlib.sha256(self.law.encode())
        for split in sorted(self.spec.sizes):
            digest.update(split.encode() + self.images(split).tobytes())
        return digest.hexdigest()

    def open(self, epoch: int, seed: int, skip: int = 0, size: int | None = None) -> Any:
        """int32 (2,): (seed, epoch), all that the batches of an epoch depend on."""
        del skip, size  # batches are drawn one by one: an epoch is entered anywhere
        import tensorflow as tf

        return tf.constant([seed, epoch], tf.int32)

    def batch(self, feed: Any, i: Any, size: int) -> tuple[Any, Any]:
        """Graph code: batch `i`.

        Args:
          feed: what `open` returned.
          i: int32 scalar, 0 <= i.
          size: Python int.

        Returns:
          x float32 (size, *spec.shape); labels int32 (size,), zeros.
        """
        import tensorflow as tf

        from gan_repro.system import randomness

        pair = randomness.seed_pair(feed[0], feed[1], randomness.SHUFFLE, _POINTS, i)
        return self.draw_tensor(size, pair), tf.zeros([size], tf.int32)
