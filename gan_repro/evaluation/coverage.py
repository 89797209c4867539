"""How much of the data a generator covers: improved precision and recall, and how evenly it draws the classes.

Features and classes come from elsewhere (classifier.py); in another network's features these are other numbers.
"""

import numpy as np
from numpy.typing import ArrayLike

from gan_repro.evaluation import distances
from gan_repro.evaluation.neighbours import nearest
from gan_repro.system.errors import DataError

K = 3  # of precision and recall, as in the paper
_BLOCK = 1000  # generated examples compared with all real ones at a time
_ROUNDING = 2.0**-50  # times d and the squared norms: what products of float64 numbers may be off by, with room


def precision_recall(real: ArrayLike, generated: ArrayLike, k: int = K) -> tuple[float, float]:
    """Improved precision and recall: the shares of one set that lie within the manifold of the other.

    A set's manifold is the union of balls around its examples, each reaching to the example's k-th nearest neighbour in
    the set, itself not counted; its surface belongs to it. Both numbers depend on how many examples there are: compare
    only numbers of equally many.

    Args:
      real, generated: features, numbers (n, ...) and (m, ...), flattened to (n, d) and (m, d); n, m > k.
      k: 1 or more.

    Returns:
      (precision: share of generated within the real manifold, recall: share of real within the generated one), 0 to 1.

    Raises:
      DataError: an array is not numbers or not finite; d differs; there are not more than k examples of both.

    Source: Kynkaanniemi et al. 2019, Improved Precision and Recall Metric for Assessing Generative Models, section 2.
    """
    real = distances.as_rows(real, "real features").astype(np.float64)
    generated = distances.as_rows(generated, "generated features").astype(np.float64)
    if real.shape[1] != generated.shape[1]:
        raise DataError(f"features have shapes {real.shape} and {generated.shape}; valid are (n, d) and (m, d)")
    fewest = min(len(real), len(generated))
    if not isinstance(k, (int, np.integer)) or not 1 <= k < fewest:
        raise DataError(f"k is {k!r}; valid is an integer from 1 to one less than the examples, {fewest - 1}")
    # Column k, because in its own set an example is its own nearest neighbour.
    real_radii, generated_radii = (nearest(rows, rows, k + 1)[1][:, k] for rows in (real, generated))

    centre = real.mean(axis=0)
    centred = real - centre
    norms = np.square(centred).sum(axis=1)
    covered, found = np.zeros(len(generated), bool), np.zeros(len(real), bool)
    for start in range(0, len(generated), _BLOCK):
        rows = slice(start, start + _BLOCK)
        block = generated[rows]
        around = block - centre
        its_norms = np.square(around).sum(axis=1)
        squared = its_norms[:, None] + norms - 2 * around @ centred.T
        slack = _ROUNDING * real.shape[1] * (its_norms.max() + norms.max() + np.square(centre).sum())
        covered[rows] = _within(block, real, squared, real_radii[None], slack).any(axis=1)
        found |= _within(block, real, squared, generated_radii[rows, None], slack).any(axis=0)
    return float(covered.mean()), float(found.mean())


def _within(x, points, squared, radii, slack):
    """bool (b, n): whether ||x - point|| <= radius. `squared` (b, n) is ||x - point||^2 up to `slack`."""
    radii = np.broadcast_to(radii, squared.shape)
    depth = np.square(radii) - squared
    within = depth > slack
    close = np.nonzero(np.abs(depth) <= slack)  # products cannot tell: measured again, from differences
    within[close] = np.sqrt(2 * distances.half_squared(x, points, *close)) <= radii[close]
    return within


def class_histogram(labels: ArrayLike, classes: int) -> np.ndarray:
    """How often each class occurs: int64 (classes,).

    Args:
      labels: integers (n,), 0 to classes - 1, n at least 1.
      classes: how many there are.

    Raises:
      DataError: labels is empty, not integers, or holds others.
    """
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.ndim != 1 or labels.size == 0:
        raise DataError(f"labels has dtype {labels.dtype} and shape {labels.shape}; valid are integers (n,) with n >= 1")
    if labels.min() < 0 or labels.max() >= classes:
        raise DataError(f"labels go from {labels.min()} to {labels.max()}; valid are 0 to {classes - 1}")
    return np.bincount(labels, minlength=classes)


def kl_from_uniform(histogram: ArrayLike) -> float:
    """KL(p || uniform) of the shares p of a histogram: 0 where all are equal, log(classes) where there is one class only.

    Args:
      histogram: counts >= 0 (classes,), not all 0.

    Returns:
      float, nats.

    Raises:
      DataError: another shape, no counts, or a count that is negative or not finite.
    """
    counts = np.asarray(histogram, np.float64)
    if counts.ndim != 1 or not np.isfinite(counts).all() or (counts < 0).any() or not counts.any():
        raise DataError(f"histogram is {histogram!r}; valid are counts >= 0 (classes,), not all 0")
    shares = counts[counts > 0] / counts.sum()
    return float((shares * np.log(shares * len(counts))).sum())
