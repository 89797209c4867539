"""Three digits on top of each other as the channels of one image: a thousand classes, each a mode that a generator may miss.

Training sees new triples in every minibatch; evaluation triples that were drawn once. Source: Metz et al. 2016, section 3.3.1;
Srivastava et al. 2017 (VEEGAN) and Lin et al. 2018 (PacGAN) have the same, or a fixed set of triples.
"""

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gan_repro.data import source
from gan_repro.data.names import STACKED

CHANNELS, BASE = 3, 10  # digits of an image, and values of a digit
MODES = BASE**CHANNELS
SIZES = {"train": 50_000, "validation": 10_000, "test": 10_000}  # as MNIST's: what an epoch is, and what evaluation takes
PLACES = BASE ** np.arange(CHANNELS - 1, -1, -1, dtype=np.int32)  # the first channel has the hundreds
_SEED = 16110216  # with a split's position in SIZES: the seed of its triples
_TRIPLES = 2  # of the shuffling stream; drawn.py has 1
_CHUNK = 1000


def number(digits: Any) -> np.ndarray:
    """The class of each image, 0 to 999: int (n,) of its digits int (n, CHANNELS), the first channel's first."""
    return np.asarray(digits) @ PLACES


class Stacked:
    """Triples of images of one channel and ten classes, as a Source.

    A training minibatch is a function of (seed, epoch, its number, size) alone: each digit is drawn by itself, uniformly from
    all training images. The triples of `images` are drawn once for each split, from its own images.

    Attributes:
      digits: the source of the single images.
    """

    def __init__(self, spec: source.Spec, digits: source.InMemory) -> None:
        """Args:
        spec: the Spec: as many rows and columns as the digits, CHANNELS channels, MODES classes.
        digits: the single images.
        """
        self.spec, self.digits = spec, digits
        self._rows: dict[str, np.ndarray] = {}

    def _triples(self, split):
        """int (n, CHANNELS): of which images a split's are made."""
        if split not in self._rows:
            rng = np.random.default_rng([_SEED, list(SIZES).index(split)])
            self._rows[split] = rng.integers(self.digits.spec.sizes[split], size=(self.spec.sizes[split], CHANNELS))
        return self._rows[split]

    def _made(self, split, triples):
        return np.moveaxis(self.digits.images(split)[triples][..., 0], 1, -1)

    def _classes(self, split):
        return self.digits.labels(split)

    def class_shares(self) -> np.ndarray:
        """float64 (MODES,): how often each class is drawn in training, without drawing: products of the digits' shares."""
        counts = np.bincount(self._classes("train"), minlength=BASE)
        one = counts / counts.sum()
        return np.einsum("i,j,k->ijk", one, one, one).ravel()

    def images(self, split: str) -> np.ndarray:
        """uint8 (n, height, width, CHANNELS), made anew at each call."""
        return self._made(split, self._triples(split))

    def labels(self, split: str) -> np.ndarray:
        """int32 (n,), 0 to 999."""
        return number(self._classes(split)[self._triples(split)]).astype(np.int32)

    def require(self, split: str) -> None:
        """Nothing: all images can be held."""
        del split

    def chunks(self, split: str) -> Iterator[np.ndarray]:
        """Yields uint8 (m, height, width, CHANNELS), a thousand at a time."""
        triples = self._triples(split)
        for at in range(0, len(triples), _CHUNK):
            yield self._made(split, triples[at : at + _CHUNK])

    def rows(self, split: str, chosen: Any) -> np.ndarray:
        """uint8 (m, height, width, CHANNELS): the images that `chosen` indexes, a slice or integers (m,)."""
        return self._made(split, self._triples(split)[chosen])

    def scaled(self, split: str, limit: int | None = None) -> np.ndarray:
        """float32 (n, height, width, CHANNELS): the first `limit` images as the networks see them."""
        return self.spec.scaling(self.rows(split, slice(limit)).astype(np.float32))

    def folds(self) -> source.Folds | None:
        """None: there is one division."""
        return None

    def digest(self) -> str:
        """sha256 of the digits' digest and of how they are stacked, as hexadecimal text."""
        how = f"{CHANNELS} channels, {sorted(self.spec.sizes.items())}, triples of seed {_SEED}"
        return hashlib.sha256(f"{self.digits.digest()} {how}".encode()).hexdigest()

    def open(self, epoch: int, seed: int, skip: int = 0, size: int | None = None) -> Any:
        """int32 (2,): (seed, epoch), all that the batches of an epoch depend on."""
        del skip, size  # batches are drawn one by one: an epoch is entered anywhere
        import tensorflow as tf

        self.digits.device_arrays()  # before any graph is traced
        return tf.constant([seed, epoch], tf.int32)

    def batch(self, feed: Any, i: Any, size: int) -> tuple[Any, Any]:
        """Graph code: batch `i`.

        Args:
          feed: what `open` returned.
          i: int32 scalar, 0 <= i.
          size: Python int.

        Returns:
          x float32 (size, height, width, CHANNELS), scaled; labels int32 (size,), 0 to 999.
        """
        import tensorflow as tf

        from gan_repro.system import randomness

        images, labels = self.digits.device_arrays()
        pair = randomness.seed_pair(feed[0], feed[1], randomness.SHUFFLE, _TRIPLES, i)
        n = self.digits.spec.sizes["train"]
        triples = tf.random.stateless_uniform([size, CHANNELS], pair, 0, n, tf.int32, alg="philox")
        channels = [tf.cast(tf.gather(images, triples[:, channel]), tf.float32) for channel in range(CHANNELS)]
        classes = tf.reduce_sum(tf.gather(labels, triples) * tf.constant(PLACES), axis=1)
        return self.spec.scaling(tf.concat(channels, axis=-1)), classes


def stack(digits: source.InMemory, name: str) -> Stacked:
    """The Stacked of a source of single images. Raises ValueError: they have more than one channel, or not ten classes."""
    spec = digits.spec
    if spec.shape[2] != 1 or spec.classes != BASE:
        raise ValueError(
            f"{spec.title}: images of one channel and {BASE} classes can be stacked, not {spec.shape}, {spec.classes}"
        )
    title = f"stacked {spec.title}"
    return Stacked(
        dataclasses.replace(spec, name=name, title=title, shape=(*spec.shape[:2], CHANNELS), classes=MODES, sizes=SIZES), digits
    )


def load(name: str, data_dir: str | Path | None = None, download: bool = False) -> Stacked:
    """The data set "stacked_mnist" or "stacked_glyphs"; errors as from_tfds.load or glyphs.load."""
    from gan_repro.data import from_tfds, glyphs

    loaders = {"stacked_mnist": from_tfds.load, "stacked_glyphs": glyphs.load}
    return stack(loaders[name](name.removeprefix(STACKED), data_dir, download), name)


SOURCES: Mapping[str, source.Loader] = {"stacked_mnist": load, "stacked_glyphs": load}
