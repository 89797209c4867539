"""p(z): the distributions from which generators take their noise, and paths through z space. Networks are not here."""

import dataclasses

import numpy as np
import tensorflow as tf

# The noise kinds of goodfeli/adversarial (__init__.py) under plain names, and those of CGAN and DCGAN.
_DRAWS = {
    "uniform_unit_variance": lambda shape, pair: _uniform(shape, pair, -(3.0**0.5), 3.0**0.5),
    "uniform_0_1": lambda shape, pair: _uniform(shape, pair, 0.0, 1.0),
    "uniform_-1_1": lambda shape, pair: _uniform(shape, pair, -1.0, 1.0),
    "gaussian": lambda shape, pair: tf.random.stateless_normal(shape, pair, alg="philox"),
    "spherical": lambda shape, pair: tf.math.l2_normalize(
        tf.random.stateless_normal(shape, pair, alg="philox"), axis=-1
    ),
}
KINDS = tuple(_DRAWS)


def _uniform(shape, pair, low, high):
    return tf.random.stateless_uniform(shape, pair, low, high, alg="philox")


@dataclasses.dataclass(frozen=True)
class Prior:
    """A distribution over z.

    Attributes:
      kind: one of KINDS; "uniform_unit_variance" is U(-sqrt 3, sqrt 3), pylearn2's 'uniform' noise.
      size: the dimension of z.
    """

    kind: str
    size: int

    def draw(self, n, pair):
        """float32 (n, size), a function of the int32 (2,) seed `pair` alone; graph code."""
        return _DRAWS[self.kind]([n, self.size], pair)


def line(start, end, steps):
    """Points on the straight line between two points of z space, both ends included.

    Args:
      start, end: float (d,).
      steps: number of points, >= 2.

    Returns:
      float32 (steps, d).
    """
    share = np.linspace(0.0, 1.0, steps)[:, None]
    return ((1 - share) * np.asarray(start, np.float64) + share * np.asarray(end, np.float64)).astype(np.float32)


def great_circle(start, end, steps):
    """Spherical interpolation (Shoemake 1985): constant angular speed; lengths change linearly. As `line` otherwise.

    Where the two directions coincide or are opposite, there is no unique arc, and the line is returned.
    """
    start, end = np.asarray(start, np.float64), np.asarray(end, np.float64)
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    cosine = np.clip(start @ end / max(lengths[0] * lengths[1], 1e-300), -1.0, 1.0)
    angle = np.arccos(cosine)
    if np.sin(angle) < 1e-6:
        return line(start, end, steps)
    share = np.linspace(0.0, 1.0, steps)[:, None]
    direction = np.sin((1 - share) * angle) * start / lengths[0] + np.sin(share * angle) * end / lengths[1]
    length = (1 - share) * lengths[0] + share * lengths[1]
    return (length * direction / np.sin(angle)).astype(np.float32)
