"""Points on a line drawn from a Gaussian: a data set whose density is known. Each point is an "image" of one pixel.

Nothing is stored or read. What a game on this line should look like is not here (Goodfellow et al. 2014, Figure 1).
"""

import hashlib

import numpy as np

from gan_repro.data import source

MEAN, STD = 1.0, 0.5  # the highest density, .8, fits on D's scale of 0 to 1; 0, where untrained networks map to, is in the tail
SIZES = {"train": 50_000, "validation": 10_000, "test": 10_000}  # as MNIST's: what an epoch is, and what evaluation takes

_SEED = 14062661  # with a split's position in SIZES: the seed of that split
_POINTS = 1  # of the shuffling stream: the draws themselves; InMemory uses that stream without a number


class Gaussian:
    """N(mean, std²) in one dimension; the protocol is that of source.InMemory.

    Training sees fresh points in every epoch, the density itself and not a finite sample of it: batch i is a function of
    (seed, epoch, i, size) alone. Evaluation sees points that are drawn once for each split, from a fixed seed.

    The points are what networks see, and `spec.scaling` is not applied to them: there are no pixels 0..255 here.
    """

    def __init__(self, spec, mean=MEAN, std=STD):
        """Args:
          spec: the Spec, for images of shape (1, 1, 1) without classes.
          mean, std: of the density; std > 0.
        """
        self.spec, self.mean, self.std = spec, mean, std
        self._drawn = {}

    def density(self, x):
        """The density at the points x, float64 of x's shape."""
        standard = (np.asarray(x, np.float64) - self.mean) / self.std
        return np.exp(-0.5 * standard**2) / (self.std * np.sqrt(2 * np.pi))

    def quantile(self, share):
        """The points below which a share of the density lies, float64; share in (0, 1)."""
        from scipy.special import ndtri

        return self.mean + self.std * ndtri(np.asarray(share, np.float64))

    def images(self, split):
        """float32 (n, 1, 1, 1): the points of a split, as `scaled` gives them."""
        if split not in self._drawn:
            draw = np.random.default_rng([_SEED, list(SIZES).index(split)])
            points = draw.normal(self.mean, self.std, (self.spec.sizes[split], 1, 1, 1)).astype(np.float32)
            points.flags.writeable = False  # every caller gets the same array
            self._drawn[split] = points
        return self._drawn[split]

    def labels(self, split):
        """None: there are no classes."""
        del split

    def scaled(self, split, limit=None):
        """float32 (n, 1, 1, 1): the first `limit` points of a split."""
        return self.images(split)[:limit]

    def digest(self):
        """sha256 of the density's parameters and of all splits' points, as hexadecimal text."""
        digest = hashlib.sha256(f"N({self.mean!r}, {self.std!r}^2)".encode())
        for split in sorted(self.spec.sizes):
            digest.update(split.encode() + self.images(split).tobytes())
        return digest.hexdigest()

    def open(self, epoch, seed, skip=0, size=None):
        """int32 (2,): (seed, epoch), all that the batches of an epoch depend on."""
        del skip, size  # batches are drawn one by one: an epoch is entered anywhere
        import tensorflow as tf

        return tf.constant([seed, epoch], tf.int32)

    def batch(self, feed, i, size):
        """Graph code: batch `i`.

        Args:
          feed: what `open` returned.
          i: int32 scalar, 0 <= i.
          size: Python int.

        Returns:
          x float32 (size, 1, 1, 1); labels int32 (size,), zeros.
        """
        import tensorflow as tf

        from gan_repro import randomness

        pair = randomness.seed_pair(feed[0], feed[1], randomness.SHUFFLE, _POINTS, i)
        points = tf.random.stateless_normal([size, 1, 1, 1], pair, self.mean, self.std, alg="philox")
        return points, tf.zeros([size], tf.int32)


def load(name):
    """The data set "gaussian1d": a Gaussian."""
    title = f"N({MEAN:g}, {STD:g}²) in one dimension"
    return Gaussian(source.Spec(name, title, (1, 1, 1), 0, SIZES))
