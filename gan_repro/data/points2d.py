"""Points in the plane drawn from a known law: a ring and a grid of Gaussians, a swiss roll. Each is an "image" of one pixel.

A generator that leaves out modes is seen to do so here: the modes and the density are known. Metz et al. 2016 play on the
ring; Gulrajani et al. 2017 on all three (Figure 1; improved_wgan_training: gan_toy.py).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gan_repro.data import source
from gan_repro.data.drawn import SIZES, Drawn

# Metz et al. 2016, Appendix A: "std 0.02 ... on a circle of radius 2"; gan_toy.py has the same and divides it by 1.414.
RING_MODES, RING_RADIUS, RING_STD = 8, 2.0, 0.02
# gan_toy.py: 25 Gaussians of std .05 on {-4, -2, 0, 2, 4}^2, all divided by 2.828.
GRID_SIDE, GRID_STEP, GRID_STD, GRID_SCALE = 5, 2.0, 0.05, 2.828
# gan_toy.py: sklearn.datasets.make_swiss_roll(noise=.25), its first and its third coordinate, divided by 7.5.
ROLL_NOISE, ROLL_SCALE = 0.25, 7.5


class Mixture(Drawn):
    """Gaussians of one width, equally often."""

    def __init__(self, spec: source.Spec, means: Any, std: float) -> None:
        """Args:
        spec: the Spec, for images of shape (1, 1, 2) without classes.
        means: the modes, float (k, 2).
        std: of each of them in every direction; > 0.
        """
        super().__init__(spec)
        self.means, self.std = np.array(means, np.float64), float(std)
        self.law = f"Gaussians of std {self.std!r} at {self.means.tolist()}"

    def density(self, points: Any) -> np.ndarray:
        """The density at points (..., 2): float64 (...)."""
        points = np.asarray(points, np.float64)
        squares = np.square(points[..., None, :] - self.means).sum(-1)
        return np.exp(-squares / (2 * self.std**2)).mean(-1) / (2 * np.pi * self.std**2)

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """float32 (n, 1, 1, 2), as Drawn.draw."""
        points = self.means[rng.integers(len(self.means), size=n)] + self.std * rng.normal(size=(n, 2))
        return points.astype(np.float32).reshape(n, 1, 1, 2)

    def draw_tensor(self, n: int, pair: Any) -> Any:
        """float32 (n, 1, 1, 2), as Drawn.draw_tensor."""
        import tensorflow as tf

        from gan_repro.system import randomness

        which, noise = (randomness.seed_pair(pair[0], pair[1], stream) for stream in (_WHICH, _NOISE))
        chosen = tf.random.stateless_uniform([n], which, 0, len(self.means), tf.int32, alg="philox")
        points = tf.gather(tf.constant(self.means, tf.float32), chosen)
        points += self.std * tf.random.stateless_normal([n, 2], noise, alg="philox")
        return tf.reshape(points, [n, 1, 1, 2])


class SwissRoll(Drawn):
    """(t cos t, t sin t) with t = 3/2 pi (1 + 2 u), u ~ U[0, 1), plus Gaussian noise, divided by a number.

    It has no modes. Source: gan_toy.py, and scikit-learn's make_swiss_roll, whose second coordinate is left out.
    """

    def __init__(self, spec: source.Spec, noise: float = ROLL_NOISE, scale: float = ROLL_SCALE) -> None:
        """Args:
        spec: the Spec, for images of shape (1, 1, 2) without classes.
        noise: its standard deviation, before the division.
        scale: what all is divided by.
        """
        super().__init__(spec)
        self.noise, self.scale = float(noise), float(scale)
        self.law = f"swiss roll, noise {self.noise!r}, divided by {self.scale!r}"

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """float32 (n, 1, 1, 2), as Drawn.draw."""
        t = 1.5 * np.pi * (1 + 2 * rng.random(n))
        points = t[:, None] * np.stack([np.cos(t), np.sin(t)], 1) + self.noise * rng.normal(size=(n, 2))
        return (points / self.scale).astype(np.float32).reshape(n, 1, 1, 2)

    def draw_tensor(self, n: int, pair: Any) -> Any:
        """float32 (n, 1, 1, 2), as Drawn.draw_tensor."""
        import tensorflow as tf

        from gan_repro.system import randomness

        along, noise = (randomness.seed_pair(pair[0], pair[1], stream) for stream in (_WHICH, _NOISE))
        t = 1.5 * np.pi * (1 + 2 * tf.random.stateless_uniform([n, 1], along, alg="philox"))
        points = t * tf.concat([tf.cos(t), tf.sin(t)], 1)
        points += self.noise * tf.random.stateless_normal([n, 2], noise, alg="philox")
        return tf.reshape(points / self.scale, [n, 1, 1, 2])


_WHICH, _NOISE = 1, 2  # streams of a batch's seed


def ring(modes: int = RING_MODES, radius: float = RING_RADIUS) -> np.ndarray:
    """float64 (modes, 2): equally spaced points of a circle, the first one on the first axis."""
    angle = 2 * np.pi * np.arange(modes) / modes
    return radius * np.stack([np.cos(angle), np.sin(angle)], 1)


def grid(side: int = GRID_SIDE, step: float = GRID_STEP) -> np.ndarray:
    """float64 (side², 2): the points of a square grid around 0."""
    along = step * (np.arange(side) - (side - 1) / 2)
    return np.stack(np.meshgrid(along, along, indexing="ij"), -1).reshape(-1, 2)


def load(name: str, data_dir: str | Path | None = None, download: bool = False) -> Drawn:
    """The data sets "ring8", "grid25" and "swissroll". There are no files."""
    del data_dir, download

    def spec(title: str) -> source.Spec:
        return source.Spec(name, title, (1, 1, 2), 0, SIZES)

    if name == "ring8":
        return Mixture(spec("a ring of 8 Gaussians"), ring(), RING_STD)
    if name == "grid25":
        return Mixture(spec("a grid of 25 Gaussians"), grid() / GRID_SCALE, GRID_STD / GRID_SCALE)
    return SwissRoll(spec("a swiss roll"))


PLANE = ("ring8", "grid25", "swissroll")
SOURCES: Mapping[str, source.Loader] = dict.fromkeys(PLANE, load)  # as gaussian1d.SOURCES
