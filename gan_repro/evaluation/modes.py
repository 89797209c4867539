"""Which modes of a mixture of Gaussians samples reach, and how many samples lie at one."""

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
