"""Intervals of means over few runs, and of correlations, by the bootstrap: whole runs are drawn again, not points within one.

The percentile interval of Efron and Tibshirani 1993, section 13.3. Nothing is read or written here.
"""

import itertools
import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from gan_repro.reporting.verdicts import CONFIDENCE, LEVEL

MOST = 8  # runs whose resamples are enumerated: of 8 there are 8^8, 6,435 of them different
DRAWN = 10_000  # resamples of more runs
NOTE = (
    f"In square brackets stands the {LEVEL} percentile bootstrap over runs, of rank correlations, whose t interval could pass "
    f"1. Of up to {MOST} runs every resample is counted. Three runs have 27; all but two, three times the lowest run and three "
    "times the highest, have their means within the interval, which ends a third of the way from the lowest and from the "
    "highest run to the middle one. So it says how far the three lie apart, and not with that confidence where many runs "
    "would: even between the lowest and the highest of three lies the median of all runs in three of four cases only."
)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The percentile bootstrap interval, at verdicts.CONFIDENCE, of the mean over runs.

    An end is the first mean, from outside, up to which lies a share of (1 - CONFIDENCE) / 2 of the resamples or more.

    Args:
      values: one number of each run, two or more. Of up to MOST every resample is counted, of more DRAWN are drawn.

    Returns:
      (low, high), min(values) <= low <= high <= max(values), in the unit of the values.
    """
    n = len(values)
    runs = np.array(values, np.float64)
    if n > MOST:
        drawn = np.random.default_rng(0).integers(n, size=(DRAWN, n))
        orders = np.ones(DRAWN)
    else:
        drawn = np.array(list(itertools.combinations_with_replacement(range(n), n)))
        orders = np.array([_orders(each) for each in drawn], np.float64)
    # The sums of one set of runs are the same to the last bit, in whatever order these are: an end is a mean of runs.
    means = np.sort(runs[drawn], axis=1).mean(axis=1)
    return _end(means, orders), -_end(-means, orders)


def rank_correlation(pairs: Sequence[tuple[Sequence[float], Sequence[float]]], confidence: float) -> tuple[float, float, float]:
    """The mean over pairs of Spearman's correlation over runs, with its percentile bootstrap interval.

    A draw of runs is one for all pairs, which are of the same runs. Pairs of which one side has one value only are left out of
    the mean of that draw.

    Args:
      pairs: (numbers, numbers), one of each run in the same order, with a correlation each.
      confidence: of the interval, in (0, 1).

    Returns:
      (mean, low, high), in [-1, 1].
    """
    from scipy import stats  # takes a second, and most programs ask for no correlation

    values = np.array(pairs, np.float64)  # (pairs, 2, runs)
    n = values.shape[-1]
    drawn = np.concatenate([[np.arange(n)], np.random.default_rng(0).integers(n, size=(DRAWN, n))])
    found = []
    for pair in values:
        ranks = stats.rankdata(pair[:, drawn], axis=-1) - (n + 1) / 2
        products, squares = ranks.prod(axis=0).sum(axis=-1), (ranks**2).sum(axis=-1).prod(axis=0)
        found.append(np.divide(products, np.sqrt(squares), out=np.full(len(drawn), np.nan), where=squares > 0))
    known = np.array(found)[:, ~np.isnan(found).all(axis=0)]
    means = np.nanmean(known, axis=0)
    low, high = np.quantile(means[1:], [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(means[0]), float(low), float(high)


def _orders(drawn):
    """How many resamples, which are ordered, one multiset of runs stands for."""
    return math.factorial(len(drawn)) // math.prod(math.factorial(times) for times in Counter(drawn.tolist()).values())


def _end(means, orders):
    """The lowest mean up to which lie enough of the resamples."""
    order = np.argsort(means)
    share = np.cumsum(orders[order]) / orders.sum()
    return float(means[order][np.searchsorted(share, (1 - CONFIDENCE) / 2)])
