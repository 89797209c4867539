"""Points on a line drawn from a Gaussian: data sets whose density is known. Each point is an "image" of one pixel.

Goodfellow et al. 2014 play on such a line in Figure 1, Arjovsky et al. 2017 in Figure 2.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gan_repro.data import source
from gan_repro.data.drawn import SIZES, Drawn

MEAN, STD = 1.0, 0.5  # the highest density, .8, fits on D's scale of 0 to 1; 0, where untrained networks map to, is in the tail
# The real ones of two Gaussians; where the generated ones are is the experiment's choice.
TWO_MEAN, TWO_STD = -3.0, 1.0


class Gaussian(Drawn):
    """N(mean, std²) in one dimension."""

    def __init__(self, spec: source.Spec, mean: float = MEAN, std: float = STD) -> None:
        """Args:
        spec: the Spec, for images of shape (1, 1, 1) without classes.
        mean, std: of the density; std > 0.
        """
        super().__init__(spec)
        self.mean, self.std = mean, std
        self.law = f"N({mean!r}, {std!r}^2)"

    def density(self, x: Any) -> np.ndarray:
        """The density at the points x, float64 of x's shape."""
        standard = (np.asarray(x, np.float64) - self.mean) / self.std
        return np.exp(-0.5 * standard**2) / (self.std * np.sqrt(2 * np.pi))

    def quantile(self, share: Any) -> np.ndarray:
        """The points below which a share of the density lies, float64; share in (0, 1)."""
        from scipy.special import ndtri

        return self.mean + self.std * ndtri(np.asarray(share, np.float64))

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """float32 (n, 1, 1, 1), as Drawn.draw."""
        return rng.normal(self.mean, self.std, (n, 1, 1, 1)).astype(np.float32)

    def draw_tensor(self, n: int, pair: Any) -> Any:
        """float32 (n, 1, 1, 1), as Drawn.draw_tensor."""
        import tensorflow as tf

        return tf.random.stateless_normal([n, 1, 1, 1], pair, self.mean, self.std, alg="philox")


def load(name: str, data_dir: str | Path | None = None, download: bool = False) -> Gaussian:
    """The data sets "gaussian1d": a Gaussian; "two_gaussians": the real one of two. There are no files."""
    del data_dir, download
    mean, std, what = {
        "gaussian1d": (MEAN, STD, "in one dimension"),
        "two_gaussians": (TWO_MEAN, TWO_STD, "in one dimension, to be told from another Gaussian"),
    }[name]
    return Gaussian(source.Spec(name, f"N({mean:g}, {std:g}²) {what}", (1, 1, 1), 0, SIZES), mean, std)


SOURCES: Mapping[str, source.Loader] = {"gaussian1d": load, "two_gaussians": load}  # as data.load takes an experiment's own
