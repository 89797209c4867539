"""Bootstrap intervals over runs, against every resample written out, and against SciPy's own bootstrap."""

import itertools

import numpy as np
import pytest
from scipy import stats

from gan_repro.reporting import resampling, verdicts

TAIL = (1 - verdicts.CONFIDENCE) / 2
rng = np.random.default_rng(0)


@pytest.mark.parametrize("values", [[0.97, 0.99], [0.5, 0.5, 0.9], rng.random(3), rng.random(4), rng.random(5), [0.3] * 4])
def test_ends_are_quantiles_of_the_means_of_all_resamples(values):
    means = [np.mean(each) for each in itertools.product(np.float64(values), repeat=len(values))]
    low = np.quantile(means, TAIL, method="inverted_cdf")
    high = -np.quantile(np.negative(means), TAIL, method="inverted_cdf")
    assert resampling.interval(values) == pytest.approx((low, high), rel=1e-12)


def test_of_three_runs_two_resamples_of_27_lie_outside():
    low, high = resampling.interval([0.2, 0.8, 0.5])
    assert (low, high) == pytest.approx(((2 * 0.2 + 0.5) / 3, (2 * 0.8 + 0.5) / 3))
    means = [np.mean(each) for each in itertools.product([0.2, 0.5, 0.8], repeat=3)]
    assert sum(not low - 1e-9 <= mean <= high + 1e-9 for mean in means) == 2


def test_correlations_near_1_have_intervals_below_it_where_students_reaches_beyond():
    values = [0.9999, 0.98, 0.96]
    mean, half = np.mean(values), verdicts.half_width(np.std(values, ddof=1), 3)
    assert mean + half > 1
    low, high = resampling.interval(values)
    assert min(values) < low < mean < high < max(values)


@pytest.mark.parametrize("n", [resampling.MOST, resampling.MOST + 1])
def test_of_more_runs_it_is_scipys_counted_or_drawn(n):
    values = np.random.default_rng(n).normal(size=n)
    known = stats.bootstrap((values,), np.mean, confidence_level=verdicts.CONFIDENCE, method="percentile", n_resamples=50_000)
    assert resampling.interval(values) == pytest.approx(tuple(known.confidence_interval), abs=0.03)


def test_an_interval_is_moved_and_scaled_with_its_values_and_knows_no_order():
    values = np.array([0.1, 0.4, 0.7, 0.8])
    low, high = resampling.interval(values)
    assert resampling.interval(values[::-1]) == (low, high)
    assert resampling.interval(3 - 2 * values) == pytest.approx((3 - 2 * high, 3 - 2 * low))


def test_rank_correlations_are_scipys_in_the_mean_and_runs_are_drawn_for_all_pairs_at_once(monkeypatch):
    monkeypatch.setattr(resampling, "DRAWN", 300)
    base, alike, unlike = rng.integers(9, size=(3, 12)).astype(float)
    pairs = [(base + alike, base), (unlike, base), (np.array([7.0] * 11 + [8.0]), base)]  # some draws leave the 8 out
    drawn = np.random.default_rng(0).integers(12, size=(300, 12))
    means = []
    for runs in [np.arange(12), *drawn]:
        each = [stats.spearmanr(a[runs], b[runs]).statistic for a, b in pairs if np.ptp(a[runs]) > 0 and np.ptp(b[runs]) > 0]
        means.append(np.mean(each))
    expected = means[0], *np.quantile(means[1:], [0.025, 0.975])
    assert resampling.rank_correlation(pairs, 0.95) == pytest.approx(expected, abs=1e-12)


def test_what_rises_together_has_a_rank_correlation_of_1_without_doubt():
    x = np.arange(12.0)
    assert resampling.rank_correlation([(x, x**3)], 0.95) == pytest.approx((1, 1, 1))
    assert resampling.rank_correlation([(x, -x), (x, x)], 0.95) == pytest.approx((0, 0, 0), abs=1e-12)
