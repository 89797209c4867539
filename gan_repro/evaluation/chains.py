"""How a Markov chain mixes: class changes along it, classes visited, its autocorrelation time, the effective number of samples.

Consecutive samples of a chain resemble each other, so that 10,000 of them say less of its law than 10,000 independent ones.
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import fft

from gan_repro.system.errors import DataError

_BLOCK = 2**21  # numbers that are transformed at a time: 32 MB of complex ones


def changes(labels: ArrayLike) -> np.ndarray:
    """Where consecutive samples are of different classes.

    Args:
      labels: integers (m, n): the classes along m chains of n samples, n >= 2.

    Returns:
      bool (m, n - 1).

    Raises:
      DataError: another shape, no integers, or fewer than 2 samples in a chain.
    """
    found = _labels(labels, 2)
    return found[:, 1:] != found[:, :-1]


def visited(labels: ArrayLike, length: int) -> np.ndarray:
    """How many classes occur among `length` consecutive samples, from each sample that has so many behind it.

    Of independent samples of k equally likely classes it is k (1 - (1 - 1/k)**length) on average.

    Args:
      labels: integers (m, n): the classes along m chains of n samples.
      length: 1 to n.

    Returns:
      int64 (m, n - length + 1).

    Raises:
      DataError: another shape, no integers, or chains shorter than `length`.

    Source: Bengio, Mesnil, Dauphin, Rifai 2013, Figures 4e and 4f.
    """
    found = _labels(labels, length)
    total = np.zeros((len(found), found.shape[1] - length + 1), np.int64)
    for label in np.unique(found):
        so_far = np.cumsum(np.pad(found == label, [(0, 0), (1, 0)]), axis=1)
        total += so_far[:, length:] > so_far[:, :-length]
    return total


def autocorrelation(values: ArrayLike) -> np.ndarray:
    """The autocorrelation of what is read along chains, at every lag.

    Of vectors the autocovariances of all numbers are added up before they are divided by the added variances: it is the
    autocorrelation that the squared distance of the chains' mean from the law's depends on. Deviations are taken from the
    mean over all chains, so that chains that stay apart are correlated for ever. Sums at lag k are divided by n and not by
    n - k: their expectation is smaller by the factor 1 - k/n, and the sequence is a positive definite one.

    Args:
      values: float (m, n, ...): numbers or vectors along m chains of n samples.

    Returns:
      float64 (n,), 1 at lag 0. Of values that never change, 1 - k/n.

    Raises:
      DataError: another shape, nothing, or numbers that are not finite.
    """
    rows = np.asarray(values, np.float64)
    if rows.ndim < 2 or not rows.size or not np.isfinite(rows).all():
        raise DataError(f"values along chains have shape {rows.shape}; valid are finite numbers (chains, samples, ...)")
    m, n = rows.shape[:2]
    rows = rows.reshape(m, n, -1)
    length = fft.next_fast_len(2 * n, real=True)  # so that the end of a chain does not meet its beginning
    power = np.zeros(length // 2 + 1)
    step = max(1, _BLOCK // (m * length))
    for start in range(0, rows.shape[2], step):
        part = rows[:, :, start : start + step]
        power += np.square(np.abs(fft.rfft(part - part.mean(axis=(0, 1)), length, axis=1))).sum(axis=(0, 2))
    sums = fft.irfft(power, length)[:n]
    return sums / sums[0] if sums[0] > 0 else 1 - np.arange(n) / n


def autocorrelation_time(values: ArrayLike) -> float:
    """The integrated autocorrelation time: how many consecutive samples say as much of the mean as one independent sample.

    1 + 2 sum_k rho_k, of `autocorrelation`, over lags by twos for as long as the sums rho_2t + rho_2t+1 are positive, and
    these made to fall: Geyer's initial monotone sequence. Beyond that there is noise alone. An estimate from a chain that is
    not many times longer than its own time is too small.

    Args:
      values: float (m, n, ...), as for `autocorrelation`.

    Returns:
      float, in samples: 1 of independent ones, below 1 where neighbours are on opposite sides of the mean (at least
      1 / log10(m n), as Stan bounds it), n of values that never change.

    Raises:
      DataError: as `autocorrelation`.

    Source: Geyer 1992, "Practical Markov chain Monte Carlo", Statistical Science 7, section 3.3; the bound: Stan Reference
    Manual, effective sample size.
    """
    values = np.asarray(values)
    rho = autocorrelation(values)
    pairs = np.append(rho, np.zeros(len(rho) % 2)).reshape(-1, 2).sum(axis=1)
    noise = np.flatnonzero(pairs <= 0)
    kept = np.minimum.accumulate(pairs[: noise[0]] if len(noise) else pairs)
    least = 1 / max(1.0, math.log10(values.shape[0] * len(rho)))
    return max(float(2 * kept.sum() - 1), least)


def effective_samples(values: ArrayLike) -> float:
    """How many independent samples have a mean that is as good as that of the chains: m n / autocorrelation_time.

    Args:
      values: float (m, n, ...), as for `autocorrelation`.

    Raises:
      DataError: as `autocorrelation`.
    """
    m, n = np.shape(values)[:2] if np.ndim(values) >= 2 else (1, 1)
    return m * n / autocorrelation_time(values)


def mean_and_error(values: ArrayLike) -> tuple[float, float | None]:
    """The mean of numbers along chains, and its standard error, which their autocorrelation makes larger.

    Args:
      values: float or bool (m, n).

    Returns:
      (mean, sqrt(variance / (effective_samples - 1)), variance with m n in the denominator: of independent numbers the usual
      one; None where the chains hold no more than one effective sample.

    Raises:
      DataError: another shape, nothing, or numbers that are not finite.
    """
    rows = np.asarray(values, np.float64)
    if rows.ndim != 2:
        raise DataError(f"numbers along chains have shape {rows.shape}; valid is (chains, samples)")
    effective = effective_samples(rows)
    known = rows.size > 1 and effective > 1 + 1e-9
    return float(rows.mean()), float(rows.std() / math.sqrt(effective - 1)) if known else None


def _labels(labels, length):
    """int (m, n) of what is given. Raises DataError: another shape, no integers, or n < length."""
    found = np.asarray(labels)
    if found.dtype.kind not in "iu" or found.ndim != 2 or not found.size:
        raise DataError(f"classes along chains have dtype {found.dtype} and shape {found.shape}; valid are integers (m, n)")
    if not 1 <= length <= found.shape[1]:
        raise DataError(f"{length} consecutive samples of chains of {found.shape[1]}: valid are 1 to {found.shape[1]}")
    return found
