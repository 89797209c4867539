"""Divergences between two samples of points, counted in the cells of a grid: Jensen-Shannon, Kullback-Leibler, total variation.

Densities on a line, known or computed, are in divergences.py; distances that know how far apart points are, in transport.py.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import rel_entr


def frequencies(x: ArrayLike, y: ArrayLike, cell: float) -> tuple[np.ndarray, np.ndarray]:
    """The shares of two point sets in the cubes of a grid, of which one is centred at the origin.

    Args:
      x, y: float (n, d) and (m, d), n, m >= 1.
      cell: edge of a cube, > 0.

    Returns:
      (p, q): float64 (k,), for the k cubes that hold any point; each sums to 1.

    Raises:
      ValueError: shapes that do not fit, no points, numbers that are not finite, or a cell <= 0.
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1] or not (len(x) and len(y)):
        raise ValueError(f"the point sets must be (n, d) and (m, d), n, m >= 1, not {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all() and np.isfinite(cell) and cell > 0):
        raise ValueError(f"the points must be finite, and the cell > 0, not {cell}")
    found, index = np.unique(np.floor(np.concatenate([x, y]) / cell + 0.5), axis=0, return_inverse=True)
    index = index.reshape(-1)
    p, q = (np.bincount(part, minlength=len(found)) / len(part) for part in (index[: len(x)], index[len(x) :]))
    return p, q


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """JSD(p || q) of two distributions over the same k cells: 0 to log 2, nats.

    Of two samples' frequencies it is too large by about (k - 1) (1/n + 1/m) / 8 where the laws are one (the second-order
    term of the logarithm, a chi-square), and does not see what happens inside of a cell.

    Args:
      p, q: float (k,), >= 0, each summing to 1.
    """
    return float((rel_entr(2 * p, p + q) + rel_entr(2 * q, p + q)).sum() / 4)


def kullback_leibler(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p || q) of two distributions over the same cells, nats; infinity where q leaves out a cell that p has."""
    return float(rel_entr(p, q).sum())


def total_variation(p: np.ndarray, q: np.ndarray) -> float:
    """sup |P(A) - Q(A)| of two distributions over the same cells: half of the sum of |p - q|, 0 to 1."""
    return float(np.abs(p - q).sum() / 2)
