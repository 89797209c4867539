"""The law of (theta, U), U uniform in [0, 1]: an upright line in the plane, each point an "image" of one pixel, two channels.

Source: Arjovsky et al. 2017, Example 1.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gan_repro.data import source
from gan_repro.data.drawn import SIZES, Drawn


class UprightLine(Drawn):
    """The law of (theta, U), U ~ U[0, 1)."""

    def __init__(self, spec: source.Spec, theta: float = 0.0) -> None:
        """Args:
        spec: the Spec, for images of shape (1, 1, 2) without classes.
        theta: where the line stands.
        """
        super().__init__(spec)
        self.theta = theta
        self.law = f"({theta!r}, U[0, 1))"

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """float32 (n, 1, 1, 2), as Drawn.draw."""
        points = np.full((n, 1, 1, 2), self.theta, np.float32)
        points[..., 1] = rng.random((n, 1, 1), np.float32)
        return points

    def draw_tensor(self, n: int, pair: Any) -> Any:
        """float32 (n, 1, 1, 2), as Drawn.draw_tensor."""
        import tensorflow as tf

        u = tf.random.stateless_uniform([n, 1, 1, 1], pair, alg="philox")
        return tf.concat([tf.fill([n, 1, 1, 1], tf.constant(self.theta, tf.float32)), u], -1)


def load(name: str, data_dir: str | Path | None = None, download: bool = False) -> UprightLine:
    """The data set "parallel_lines": P_0, the line through the origin. There are no files."""
    del data_dir, download
    return UprightLine(source.Spec(name, "(0, U), U uniform in [0, 1]", (1, 1, 2), 0, SIZES))


SOURCES: Mapping[str, source.Loader] = {"parallel_lines": load}  # as data.load takes an experiment's own
