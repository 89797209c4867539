"""p(z): the distributions from which generators take their noise, and paths through z space.

TensorFlow is imported when something is drawn: experiments, which name priors, are listed without it.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

# (shape, int32 (2,) seed) -> float32 z of that shape, graph code.
_DRAWS: Mapping[str, Callable[[list[int], Any], Any]] = {
    "uniform_unit_variance": lambda shape, pair: _uniform(shape, pair, -(3.0**0.5), 3.0**0.5),
    "uniform_0_1": lambda shape, pair: _uniform(shape, pair, 0.0, 1.0),
    "uniform_-1_1": lambda shape, pair: _uniform(shape, pair, -1.0, 1.0),
    "gaussian": lambda shape, pair: _normal(shape, pair),
    "spherical": lambda shape, pair: _on_sphere(shape, pair),
}
# The distributions that a Prior knows. The noise of goodfeli/adversarial (__init__.py) under plain names: uniform of unit
# variance, U(-sqrt 3, sqrt 3), is pylearn2's 'uniform'; gaussian, N(0, 1); spherical, uniform on the unit sphere. CGAN takes
# z from U(0, 1), DCGAN from U(-1, 1). Each number of z is drawn by itself, but for those on the sphere.
KINDS = tuple(_DRAWS)
# For each of PATHS the kinds whose support it can leave between two points of it: a cube is convex, a sphere is not.
_LEAVING = {
    "linear": ("spherical",),
    "spherical": ("uniform_unit_variance", "uniform_0_1", "uniform_-1_1"),
}


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
    interpolates: ClassVar[bool] = True  # whether there is a z, with points between two of it
    what: ClassVar[str] = "z"  # what follows from the seed, in words

    def images(
        self,
        network: Any,
        n: int,
        seed: int,
        labels: np.ndarray | None = None,
        chunk: int = 1000,
        at_once: int | None = None,
    ) -> np.ndarray:
        """float32 (n, h, w, c): what a generator makes of n draws. As sampling.sample_images; `at_once` images at a time."""
        from gan_repro.latent import sampling

        return sampling.images_of(network, sampling.draw(self, n, seed, chunk), labels, at_once or chunk, seed)

    def noise(self, n: int, seed: int) -> dict[str, np.ndarray]:
        """{"z": float32 (n, size)}: what the first n images of a seed are made of."""
        from gan_repro.latent import sampling

        return {"z": sampling.draw(self, n, seed)}

    def brief(self, n: int) -> "Prior":
        """What draws n samples to be glanced at while a training goes on: this prior itself."""
        del n
        return self

    def draw(self, n: int, pair: Any) -> Any:
        """float32 (n, size), a function of the int32 (2,) seed `pair` alone; graph code."""
        return _DRAWS[self.kind]([n, self.size], pair)

    def leaves_support(self, path: str) -> bool:
        """Whether the path of that name in PATHS, between two points that this prior can draw, may leave its support."""
        return self.kind in _LEAVING[path]


def of(recipe: Any) -> Prior:
    """The Prior of a recipe with the fields `prior`, one of KINDS, and `latent`, the dimension of z."""
    return Prior(recipe.prior, recipe.latent)


def line(start: Any, end: Any, steps: int) -> np.ndarray:
    """Points on the straight line between two points of z space, both ends included.

    Args:
      start, end: float (d,).
      steps: number of points, >= 2.

    Returns:
      float32 (steps, d).
    """
    share = np.linspace(0.0, 1.0, steps)[:, None]
    return ((1 - share) * np.asarray(start, np.float64) + share * np.asarray(end, np.float64)).astype(np.float32)


def great_circle(start: Any, end: Any, steps: int) -> np.ndarray:
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


# The paths between two points of z space, by the name that a user gives: (start, end, steps) -> float32 (steps, d).
PATHS: Mapping[str, Callable[[Any, Any, int], np.ndarray]] = {"linear": line, "spherical": great_circle}


def through(stops: np.ndarray, steps: int, path: str = "linear") -> np.ndarray:
    """A walk from each stop to the next one, both ends included.

    Args:
      stops: float (n, d), n >= 2.
      steps: from one stop to the next.
      path: one of PATHS.

    Returns:
      float32 ((n - 1) * steps + 1, d); point j * steps is stop j.
    """
    legs = [PATHS[path](start, end, steps + 1)[:-1] for start, end in zip(stops, stops[1:])]
    return np.concatenate([*legs, np.asarray(stops[-1:], np.float32)])


def sheet(nodes: np.ndarray, steps: int, path: str) -> np.ndarray:
    """A surface through the nodes of a lattice: walks along its rows, and down between the points of these.

    Args:
      nodes: float (rows, columns, d), two of each at least.
      steps: from one node to the next.
      path: one of PATHS. In a prior whose support it does not leave (Prior.leaves_support) the surface does not either.

    Returns:
      float32 ((rows - 1) * steps + 1, (columns - 1) * steps + 1, d).
    """
    along = np.stack([through(row, steps, path) for row in nodes])
    return np.stack([through(along[:, j], steps, path) for j in range(along.shape[1])], axis=1)


def loop(stops: np.ndarray, steps: int, path: str) -> np.ndarray:
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
