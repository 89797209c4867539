"""Which modes samples reach: of a mixture of Gaussians, where they lie; of classes, how often each is drawn."""

import numpy as np
from numpy.typing import ArrayLike

NEAR = 3.0  # standard deviations within which a sample is a good one


def at_modes(samples: ArrayLike, means: ArrayLike, std: float, near: float = NEAR) -> tuple[np.ndarray, np.ndarray]:
    """The mode nearest to each sample, and whether the sample is a good one: not further away than `near` times std.

    Args:
      samples: float (n, d), n >= 1.
      means: float (k, d), k >= 1: the modes.
      std: of each mode in every direction, > 0.
      near: > 0.

    Returns:
      (int (n,), bool (n,)). Of equally near modes the first is the nearest.

    Raises:
      ValueError: shapes that do not fit, or numbers that are not finite.

    Source: Srivastava et al. 2017 (VEEGAN), section 5.1; Lin et al. 2018 (PacGAN), section 4.1.
    """
    samples, means = np.asarray(samples, np.float64), np.asarray(means, np.float64)
    if samples.ndim != 2 or means.ndim != 2 or samples.shape[1] != means.shape[1] or not min(len(samples), len(means)):
        raise ValueError(f"samples must be (n, d) and modes (k, d), n, k >= 1, not {samples.shape} and {means.shape}")
    if not (np.isfinite(samples).all() and np.isfinite(means).all()):
        raise ValueError("samples and modes must be finite")
    distances = np.linalg.norm(samples[:, None] - means, axis=-1)
    return distances.argmin(1), distances.min(1) <= near * std


def covered(nearest: np.ndarray, good: np.ndarray) -> int:
    """How many modes have a good sample, of what `at_modes` gives."""
    return len(np.unique(nearest[good]))


def divergence(counts: ArrayLike, shares: ArrayLike) -> float:
    """The Kullback-Leibler divergence of observed classes from a law: sum q log(q / p) in nats, q = counts / their sum.

    A class that was not drawn adds nothing; of n fair draws the expected value is about (k - 1) / (2 n).

    Args:
      counts: integers >= 0 (k,), not all 0.
      shares: float (k,), > 0, of sum 1: p.

    Raises:
      ValueError: shapes that do not fit, no draw, or a class that the law never gives.
    """
    counts, shares = np.asarray(counts, np.float64), np.asarray(shares, np.float64)
    if counts.shape != shares.shape or counts.ndim != 1 or counts.sum() <= 0 or (counts < 0).any():
        raise ValueError(f"counts and shares must be (k,), with a draw or more, not {counts.shape} and {shares.shape}")
    drawn = counts > 0
    if (shares[drawn] <= 0).any():
        raise ValueError("a class was drawn that the law never gives")
    observed = counts[drawn] / counts.sum()
    return float(np.sum(observed * np.log(observed / shares[drawn])))
