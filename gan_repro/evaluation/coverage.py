"""How much of the data a generator covers: improved precision and recall, and how evenly it draws the classes.

Features and classes come from elsewhere (classifier.py); in another network's features these are other numbers.
"""

import dataclasses
import threading

import numpy as np
from numpy.typing import ArrayLike

from gan_repro.evaluation import distances
from gan_repro.evaluation.neighbours import nearest
from gan_repro.system.errors import DataError

K = 3  # of precision and recall, as in the paper
_BLOCK = 1000  # examples compared with all points at a time, of those whose distances have to be taken in float64
_ROUNDING = 2.0**-50  # times d and the squared norms: what products of float64 numbers may be off by, with room


@dataclasses.dataclass(frozen=True, eq=False)
class Manifold:
    """The union of balls around examples, each reaching to its k-th nearest neighbour; a ball's surface belongs to it.

    Attributes:
      rows: float64 (n, d), the centres.
      radii: float64 (n,).
    """

    rows: np.ndarray
    radii: np.ndarray


def manifold(examples: ArrayLike, k: int = K, name: str = "features") -> Manifold:
    """The Manifold of a set of examples, that are compared with several others.

    Args:
      examples: features, numbers (n, ...), flattened to (n, d); n > k.
      k: 1 or more: which neighbour within the set, the example itself not counted.
      name: what to call them in a message.

    Raises:
      DataError: not numbers or not finite; there are not more than k.

    Source: Kynkaanniemi et al. 2019, Improved Precision and Recall Metric for Assessing Generative Models, section 2.
    """
    rows = distances.as_rows(examples, name).astype(np.float64)
    if not isinstance(k, (int, np.integer)) or not 1 <= k < len(rows):
        raise DataError(f"k is {k!r}; valid is an integer from 1 to one less than the examples, {len(rows) - 1}")
    # A collapsed generator draws one image again and again: all of these are neighbours at 0, which nobody need look for.
    _, group, counts = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    apart = counts[group.reshape(-1)] <= k
    radii = np.zeros(len(rows))
    if apart.any():
        radii[apart] = nearest(rows[apart], rows, k + 1)[1][:, k]  # column k: an example is its own nearest neighbour
    return Manifold(rows, radii)


def precision_recall(real: Manifold, generated: Manifold) -> tuple[float, float]:
    """Improved precision and recall: the shares of one set that lie within the manifold of the other.

    Both numbers depend on how many examples there are: compare only numbers of equally many.

    Args:
      real, generated: manifolds of (n, d) and (m, d).

    Returns:
      (precision: share of generated within the real manifold, recall: share of real within the generated one), 0 to 1.

    Raises:
      DataError: d differs.

    Source: Kynkaanniemi et al. 2019, section 2.
    """
    if real.rows.shape[1] != generated.rows.shape[1]:
        raise DataError(f"features have shapes {real.rows.shape} and {generated.rows.shape}; valid are (n, d) and (m, d)")
    depths = _depths(real, generated)
    shares = []
    for (depth, slack), points, other in zip(depths, (real, generated), (generated, real)):
        within = depth > slack
        unsure = np.abs(depth) <= slack
        within[unsure] = _within(other.rows[unsure], points)
        shares.append(float(within.mean()))
    return shares[0], shares[1]


def _depths(real, generated):
    """How deep each generated example lies within the real manifold, and each real one within the generated one.

    Half of the difference of squares, of radius and distance, of the ball that reaches farthest beyond it: negative outside.
    Returns ((depth (m,), slack (m,)), (depth (n,), slack)): a depth is off by its slack at most.
    """
    half_real, half_generated = (0.5 * np.square(each.radii) for each in (real, generated))
    depth, slack = np.empty(len(generated.rows)), np.empty(len(generated.rows))
    of_real, theirs = np.full(len(real.rows), -np.inf), np.zeros(1)
    lock = threading.Lock()

    def finish(block):
        kind = block.half.dtype
        radii = half_real.astype(kind)
        own = half_generated[block.index]
        depth[block.index] = (radii - block.half).max(axis=1) - block.constant
        # Twice the distances' error, which is of sums as large: the differences here are rounded once more.
        bound = 2 * block.error + 4 * np.finfo(kind).eps * (half_real.max() + half_generated.max())
        slack[block.index] = bound
        columns = ((own - block.constant).astype(kind)[:, None] - block.half).max(axis=0)
        with lock:
            np.maximum(of_real, columns, out=of_real)
            theirs[0] = max(theirs[0], bound.max())

    distances.Points(real.rows).sweep(generated.rows, lambda half, error: np.full(len(half), -np.inf), finish)
    return (depth, slack), (of_real, theirs[0])


def _within(x, points):
    """bool (b,): whether rows of x (b, d) are within the Manifold `points`, exactly: near surfaces, from differences."""
    centre = points.rows.mean(axis=0)
    centred = points.rows - centre
    norms = np.square(centred).sum(axis=1)
    found = np.zeros(len(x), bool)
    for start in range(0, len(x), _BLOCK):
        block = x[start : start + _BLOCK]
        around = block - centre
        its_norms = np.square(around).sum(axis=1)
        depth = np.square(points.radii) - (its_norms[:, None] + norms - 2 * around @ centred.T)
        slack = _ROUNDING * x.shape[1] * (its_norms.max() + norms.max() + np.square(centre).sum())
        within = depth > slack
        close = np.nonzero(np.abs(depth) <= slack)  # products cannot tell: measured again, from differences
        within[close] = np.sqrt(2 * distances.half_squared(block, points.rows, *close)) <= points.radii[close[1]]
        found[start : start + _BLOCK] = within.any(axis=1)
    return found


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
