"""Gaussian Parzen-window log-likelihood, the measure of Table 1 of Goodfellow et al. 2014 (section 5).

The choice of the width and the protocol are here; drawing samples, loading data and making tables are not.
"""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike

from gan_repro.evaluation import distances
from gan_repro.system.errors import DataError

# Ten widths, log-spaced from .1 to 1, in units of pixels scaled to [0, 1]: goodfeli/adversarial, parzen_ll.py.
SIGMAS = tuple(float(sigma) for sigma in np.logspace(-1, 0, 10))

_TOLERANCE = 0.008  # nats that may be lost to rounding; 0.01 is promised
_DEPTH = 32  # nats below the nearest sample's weight: all that lies deeper adds less than n e^-32 of it, 1e-8 of a million
_SIGMA_RANGE = (1e-12, 1e12)  # squares and quotients of widths in here cannot overflow


class ParzenWindow:
    """The density (1/n) sum_i N(x; s_i, sigma^2 I) around n samples.

    log p(x) = logmeanexp_i(-0.5 * ||(x - s_i) / sigma||^2) - d log(sigma sqrt(2 pi)), in nats.

    Source: Goodfellow et al. 2014, section 5 (after Breuleux et al. 2009); goodfeli/adversarial, parzen_ll.py.
    """

    def __init__(self, samples: ArrayLike) -> None:
        """Args:
          samples: numbers (n, ...), flattened to (n, d); not uint8 pixels. Kept, not copied: do not change it later.

        Raises:
          DataError: samples is empty, not finite, not numbers, or uint8.
        """
        samples = _pixels(samples, "samples")
        self.n, self.d = samples.shape
        self._points = distances.Points(samples)

    def log_likelihood(self, x: ArrayLike, sigma: ArrayLike, chunk: int | None = None) -> np.ndarray:
        """The log-density at every row of x, in nats.

        Within 0.01 nat per row of the same formula evaluated in float64 from differences, for sigma from .1 to 1 and
        any chunk. The same inputs give the same bits.

        Args:
          x: numbers (m, ...), flattened to (m, d); not uint8 pixels.
          sigma: a number > 0, or a sequence of them: all are evaluated in one pass over the distances.
          chunk: at most so many rows of x at a time; by default as many as some tens of megabytes hold.

        Returns:
          float64 (m,), or (n_sigma, m) for a sequence.

        Raises:
          DataError: x is empty, not finite, not numbers, uint8 or of another d; a sigma is not finite or not > 0
            (valid are 1e-12 to 1e12); chunk is less than 1.
        """
        x = _pixels(x, "x")
        sigmas = _widths(sigma)
        result = np.empty((sigmas.size, len(x)))
        precisions = 1 / sigmas.ravel() ** 2
        normalisers = self.d * np.log(sigmas.ravel() * math.sqrt(2 * math.pi)) + math.log(self.n)

        def threshold(half, error):
            # At widths where the distances' error is worth more than the tolerance, whatever carries weight has to be
            # recomputed: what lies beyond the window weighs, all n together, too little for its error to matter.
            nats = np.outer(precisions, error)
            with np.errstate(divide="ignore"):
                wrong = nats + np.log(-np.expm1(-nats))  # log(e^nats - 1): how much of a weight may be wrong
            log_lost = math.log(self.n / _TOLERANCE) + wrong
            window = 2 * error + np.maximum(log_lost, 0) / precisions[:, None]
            return half.min(axis=1) + np.where(nats > _TOLERANCE, window, -np.inf).max(axis=0)

        def finish(block):
            nearest = np.minimum.reduceat(block.exact, block.starts)
            half = block.half
            half[block.rows, block.columns] = np.inf  # these are summed apart, from their exact distances
            half -= (nearest - block.constant).astype(half.dtype)[:, None]
            excess = block.exact - nearest[block.rows]
            weights = np.empty_like(half)
            for i, precision in enumerate(precisions):
                total = _sum_of_weights(half, precision, weights)
                total += np.add.reduceat(np.exp(-precision * excess), block.starts)
                result[i, block.index] = np.log(total) - precision * nearest - normalisers[i]

        self._points.sweep(x, threshold, finish, chunk)
        return result.reshape(sigmas.shape + (len(x),))


def _sum_of_weights(depth, precision, room):
    """The sum of exp(-precision depth) along each row of float (b, n), but for what is negligible; `room`: another such array.

    With narrow windows few samples weigh anything, and exponentials take the most time.
    """
    weighing = np.flatnonzero(depth < _DEPTH / precision)
    if weighing.size < depth.size // 8:
        weights = np.exp(-precision * depth.reshape(-1)[weighing].astype(np.float64))
        return np.bincount(weighing // depth.shape[1], weights, len(depth)).astype(np.float64)  # of none they are integers
    with np.errstate(over="ignore"):  # minus infinity is as good as any weight below e^-88
        np.multiply(depth, depth.dtype.type(-precision), out=room)
    np.exp(room, out=room)
    return room.sum(axis=1, dtype=np.float64)


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A Parzen-window estimate as Table 1 prints it.

    Attributes:
      value: mean log-likelihood of the test examples, nats.
      standard_error: standard deviation (ddof 0, as in parzen_ll.py) over test examples / sqrt(n_test), nats.
      sigma: the width chosen on the validation examples.
      n_samples, n_test: how many samples carry the density, how many test examples are judged.
      at_edge: whether sigma is the smallest or largest of its grid, so that a better one may lie outside.
    """

    value: float
    standard_error: float
    sigma: float
    n_samples: int
    n_test: int
    at_edge: bool


def choose_sigma(window: ParzenWindow, validation: ArrayLike, sigmas: ArrayLike = SIGMAS) -> tuple[float, np.ndarray]:
    """The width of highest mean log-likelihood on validation examples; of equal ones the first.

    Args:
      window: a ParzenWindow.
      validation: numbers (m, ...), flattened to (m, d).
      sigmas: the grid, a sequence of numbers > 0.

    Returns:
      (sigma, float64 (n_sigma,) mean nats per width).

    Raises:
      DataError: as ParzenWindow.log_likelihood.
    """
    means = window.log_likelihood(validation, np.atleast_1d(sigmas)).mean(axis=1)
    return float(np.atleast_1d(sigmas)[np.argmax(means)]), means


def evaluate(samples: ArrayLike, validation: ArrayLike, test: ArrayLike, sigmas: ArrayLike = SIGMAS) -> Estimate:
    """The protocol of Table 1 as its code has it: the width is chosen on validation examples, the test examples are judged.

    The paper's MNIST numbers: 10,000 samples, the first 1,000 of train[50000:60000] for validation, the 10,000 test
    images, pixels in [0, 1]. The same samples serve both steps; evaluate_sets takes others. Cutting the arrays
    is the caller's.

    Args:
      samples, validation, test: numbers (n, ...), each flattened to (n, d).
      sigmas: the grid.

    Returns:
      Estimate.

    Raises:
      DataError: as ParzenWindow and ParzenWindow.log_likelihood.

    Source: Goodfellow et al. 2014, section 5 and Table 1; goodfeli/adversarial, parzen_ll.py.
    """
    window = ParzenWindow(samples)
    sigma, _ = choose_sigma(window, validation, sigmas)
    nats = window.log_likelihood(test, sigma)
    value, error = mean_and_error([nats])
    edge = sigma in (np.min(sigmas), np.max(sigmas))
    return Estimate(value, error, sigma, n_samples=window.n, n_test=len(nats), at_edge=edge)


def evaluate_sets(
    choosing: ArrayLike, reported: Iterable[ArrayLike], folds: Iterable[tuple[ArrayLike, ArrayLike]], sigmas: ArrayLike = SIGMAS
) -> tuple[list[float], list[np.ndarray]]:
    """The protocol of Table 1 with choice and report apart: some samples choose the widths, others judge the test examples.

    Args:
      choosing: numbers (n, ...), flattened to (n, d): on each fold's validation examples they choose its width.
      reported: iterable of sets of samples, each as `choosing`; of many a few are held at a time.
      folds: sequence of (validation, test), each as in `evaluate`, of one generator: several for TFD.
      sigmas: the grid.

    Returns:
      (list of the folds' widths, list of the folds' float64 (n_set, n_test): nats of each test example under each set).

    Raises:
      DataError: there is no fold or no set; and as `evaluate`.
    """
    folds = list(folds)
    if not folds:
        raise DataError("there are no folds; valid is one pair (validation, test) or more")
    window = ParzenWindow(choosing)
    chosen = [choose_sigma(window, validation, sigmas)[0] for validation, _ in folds]
    windows = (window if samples is choosing else ParzenWindow(samples) for samples in reported)
    nats = [[each.log_likelihood(test, sigma) for (_, test), sigma in zip(folds, chosen)] for each in windows]
    if not nats:
        raise DataError("no samples are to be reported; valid is one set of them or more")
    return chosen, [np.array(sets) for sets in zip(*nats)]


@overload
def mean_and_error(folds: Sequence[np.ndarray], across: Literal[False] = False) -> tuple[float, float]:
    """Of one fold: there is an error."""


@overload
def mean_and_error(folds: Sequence[np.ndarray], across: bool) -> tuple[float, float | None]:
    """Across folds: of a single one there is none."""


def mean_and_error(folds: Sequence[np.ndarray], across: bool = False) -> tuple[float, float | None]:
    """Mean and standard error of numbers of test examples.

    Args:
      folds: list of float (n,), a number for each test example of each fold.
      across: False: of one fold, over its examples: standard deviation (ddof 0, as in parzen_ll.py) / sqrt(n). True: the
        mean over the folds' means, and across them: standard deviation (ddof 1) / sqrt(number of folds).

    Returns:
      (mean, standard error): floats; the error None across a single fold, which says nothing of it.
    """
    values = np.array([rows.mean() for rows in folds]) if across else folds[0]
    error = None if across and len(values) < 2 else float(values.std(ddof=int(across)) / math.sqrt(len(values)))
    return float(values.mean()), error


def _pixels(values, name) -> np.ndarray:
    """Rows (n, d); uint8 is refused, because widths of .1 to 1 mean nothing between pixels of 0 to 255."""
    rows = distances.as_rows(values, name)
    if rows.dtype == np.uint8:
        raise DataError(f"{name} has dtype uint8; valid are pixels scaled as the widths are, such as to [0, 1]")
    return rows


def _widths(sigma) -> np.ndarray:
    """sigma as float64, () or (n_sigma,)."""
    try:
        sigmas = np.asarray(sigma, np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"sigma is {sigma!r}; valid is a number > 0 or a sequence of them") from error
    if sigmas.ndim > 1 or sigmas.size == 0:
        raise DataError(f"sigma has shape {sigmas.shape}; valid is one number or a sequence of at least one")
    low, high = _SIGMA_RANGE
    if not np.all((sigmas >= low) & (sigmas <= high)):
        raise DataError(f"sigma is {sigma!r}; valid are finite numbers > 0, from {low:g} to {high:g}")
    return sigmas
