"""The Fréchet distance between two sets of features, each seen as a Gaussian (Heusel et al. 2017, eq. 6, without Inception).

The features are classifier.py's; in another network's features it is another number.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

from gan_repro.system.errors import DataError


def frechet_distance(a: ArrayLike, b: ArrayLike) -> float:
    """||mu_a - mu_b||^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)), the squared Wasserstein-2 distance of the two Gaussians.

    Args:
      a, b: float (n, d) and (m, d), n, m >= 2; evaluated in float64. Biased upwards by few samples: compare only numbers
        of equally many.

    Returns:
      A number >= 0, in squared units of the features.

    Raises:
      DataError: shapes that do not fit, too few rows, or numbers that are not finite.
    """
    a, b = (np.asarray(values, np.float64) for values in (a, b))
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise DataError(f"features have shapes {a.shape} and {b.shape}; valid are (n, d) and (m, d) with n, m >= 2")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise DataError("features hold numbers that are not finite")
    covariances = [np.atleast_2d(np.cov(values, rowvar=False)) for values in (a, b)]
    # tr (C_a C_b)^(1/2) is the sum of the roots of the eigenvalues of C_a^(1/2) C_b C_a^(1/2), which is symmetric: unlike
    # the matrix root of a product it stays real where a covariance is singular (dead features).
    values, vectors = linalg.eigh(covariances[0])
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    eigenvalues = np.clip(linalg.eigvalsh(root @ covariances[1] @ root), 0, None)
    distance = np.square(a.mean(0) - b.mean(0)).sum() + sum(np.trace(c) for c in covariances) - 2 * np.sqrt(eigenvalues).sum()
    return float(max(distance, 0.0))
