"""p(z): the distributions from which generators take their noise, and paths through z space. Networks are not here."""

import dataclasses

import numpy as np

# The noise kinds of goodfeli/adversarial (__init__.py) under plain names, and those of CGAN and DCGAN.
_DRAWS = {
    "uniform_unit_variance": lambda shape, pair: _uniform(shape, pair, -(3.0**0.5), 3.0**0.5),
    "uniform_0_1": lambda shape, pair: _uniform(shape, pair, 0.0, 1.0),
    "uniform_-1_1": lambda shape, pair: _uniform(shape, pair, -1.0, 1.0),
    "gaussian": lambda shape, pair: _normal(shape, pair),
    "spherical": lambda shape, pair: _on_sphere(shape, pair),
}
KINDS = tuple(_DRAWS)
# Paths between two points of a prior's support that can leave it: a cube is convex, a sphere is not.
_STRAYS = {
    "linear": ("spherical",),
    "spherical": ("uniform_unit_variance", "uniform_0_1", "uniform_-1_1"),
}


# TensorFlow is imported when something is drawn: experiments, which name priors, are listed without it.


def _uniform(shape, pair, low, high):
    import tensorflow as tf

    return tf.random.stateless_uniform(shape, pair, low, high, alg="philox")


def _normal(shape, pair):
    import tensorflow as tf

    return tf.random.stateless_normal(shape, pair, alg="philox")


def _on_sphere(shape, pair):
    import tensorflow as tf

    return tf.math.l2_normalize(_normal(shape, pair), axis=-1)


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

    def strays(self, path):
        """Whether the path of that name in PATHS, between two points that this prior can draw, may leave its support."""
        return self.kind in _STRAYS[path]


def of(recipe):
    """The Prior of a recipe with the fields `prior`, one of KINDS, and `latent`, the dimension of z."""
    return Prior(recipe.prior, recipe.latent)


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

    Between opposite directions every half circle is a shortest arc: the one towards the coordinate axis most nearly at right
    angles to them is taken. A point at 0 has no direction, and in one dimension there is no arc: there it is the line.
    """
    start, end = np.asarray(start, np.float64), np.asarray(end, np.float64)
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    if min(lengths) == 0 or len(start) == 1:
        return line(start, end, steps)
    first, last = start / lengths[0], end / lengths[1]
    across = last - (first @ last) * first
    angle = np.arctan2(np.linalg.norm(across), first @ last)  # exact also where the arc cosine of a rounded cosine is not
    if np.linalg.norm(across) < 1e-6:  # float32 directions: what is left of `across` is rounding
        axis = np.zeros_like(first)
        axis[np.abs(first).argmin()] = 1
        across, angle = axis - (first @ axis) * first, 0.0 if first @ last > 0 else np.pi
    across = across / np.linalg.norm(across)
    share = np.linspace(0.0, 1.0, steps)[:, None]
    direction = np.cos(share * angle) * first + np.sin(share * angle) * across
    return (((1 - share) * lengths[0] + share * lengths[1]) * direction).astype(np.float32)


PATHS = {"linear": line, "spherical": great_circle}


def loop(stops, steps, path):
    """A closed walk: from each stop to the next one and from the last back to the first, without the first one's return.

    Args:
      stops: float (n, d).
      steps: points from one stop to the next, the first of them the stop itself.
      path: one of PATHS.

    Returns:
      float32 (n * steps, d).
    """
    legs = zip(stops, np.roll(stops, -1, axis=0))
    return np.concatenate([PATHS[path](start, end, steps + 1)[:-1] for start, end in legs])
