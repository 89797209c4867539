"""Mixing of chains against chains with known answers: independent draws, AR(1), chains that stand still or stay apart."""

import itertools

import numpy as np
import pytest

from gan_repro.evaluation import chains
from gan_repro.system.errors import DataError


def autoregressive(rho, m=1, n=20_000, d=1, seed=0):
    """float64 (m, n, d): stationary AR(1) of unit variance; its autocorrelation time is (1 + rho) / (1 - rho)."""
    noise = np.random.default_rng(seed).normal(size=(n, m, d))
    values = np.empty((n, m, d))
    values[0] = noise[0]
    for t in range(1, n):
        values[t] = rho * values[t - 1] + np.sqrt(1 - rho**2) * noise[t]
    return values.swapaxes(0, 1)


@pytest.mark.parametrize("m, n, d", [(1, 7, 1), (3, 50, 4), (2, 129, 3)])
def test_autocorrelation_is_the_definition(m, n, d):
    values = np.random.default_rng(0).normal(size=(m, n, d)).cumsum(axis=1)
    deviations = values - values.mean(axis=(0, 1))
    sums = [sum((deviations[:, t] * deviations[:, t + k]).sum() for t in range(n - k)) for k in range(n)]
    np.testing.assert_allclose(chains.autocorrelation(values), np.array(sums) / sums[0], atol=1e-12)


def test_autocorrelation_does_not_depend_on_the_blocks(monkeypatch):
    values = np.random.default_rng(0).normal(size=(2, 40, 9)).cumsum(axis=1)
    whole = chains.autocorrelation(values)
    monkeypatch.setattr(chains, "_BLOCK", 1)
    np.testing.assert_allclose(chains.autocorrelation(values), whole, atol=1e-13)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9, 0.98])
def test_time_of_an_autoregression(rho):
    exact = (1 + rho) / (1 - rho)
    assert chains.autocorrelation_time(autoregressive(rho, m=4, d=8)) == pytest.approx(exact, rel=0.1)


def test_time_of_neighbours_on_opposite_sides():
    found = chains.autocorrelation_time(autoregressive(-0.5, m=4, d=8))
    assert found == pytest.approx(1 / 3, rel=0.15)
    alternating = np.tile([1.0, -1.0], 500)[None]
    assert chains.autocorrelation_time(alternating) == pytest.approx(1 / 3)  # 1 / log10(1000)


def test_of_vectors_the_larger_variance_counts_more():
    fast, slow = autoregressive(0.0, m=2, seed=1), autoregressive(0.9, m=2, seed=2)
    both = np.concatenate([fast, 3 * slow], axis=2)
    assert chains.autocorrelation_time(both) == pytest.approx((1 * 1 + 9 * 19) / 10, rel=0.15)


def test_effective_samples_predict_the_error_of_the_mean():
    """Over many short runs the variance of the mean is that of so many independent numbers."""
    runs = autoregressive(0.8, m=400, n=1000)[:, :, 0]
    effective = np.mean([chains.effective_samples(run[None]) for run in runs])
    assert 1 / runs.mean(axis=1).var() == pytest.approx(effective, rel=0.25)
    errors = [chains.mean_and_error(run[None])[1] for run in runs]
    assert np.mean(errors) == pytest.approx(runs.mean(axis=1).std(), rel=0.15)


def test_the_error_of_independent_numbers_is_the_usual_one():
    values = np.random.default_rng(0).normal(size=(1, 5000))
    mean, error = chains.mean_and_error(values)
    assert mean == pytest.approx(values.mean())
    assert error == pytest.approx(values.std(ddof=1) / np.sqrt(5000), rel=0.1)


@pytest.mark.parametrize("value", [0.0, 0.1, -7.3])
@pytest.mark.parametrize("m", [1, 3])
def test_chains_that_stand_still_are_one_sample_each(value, m):
    values = np.full((m, 100, 2), value)
    assert chains.autocorrelation_time(values) == pytest.approx(100)
    assert chains.effective_samples(values) == pytest.approx(m)
    if m == 1:
        assert chains.mean_and_error(values[..., 0]) == (pytest.approx(value), None)


def test_chains_that_stay_apart_are_one_sample_each():
    apart = np.repeat(np.random.default_rng(0).normal(size=(20, 1, 3)), 500, axis=1)
    noisy = apart + 1e-3 * np.random.default_rng(1).normal(size=apart.shape)
    assert chains.effective_samples(apart) == pytest.approx(20)
    assert chains.effective_samples(noisy) == pytest.approx(20, rel=0.01)


def test_changes_by_hand():
    np.testing.assert_array_equal(chains.changes([[1, 1, 2, 1], [0, 0, 0, 0]]), [[0, 1, 1], [0, 0, 0]])


def test_visited_by_hand():
    np.testing.assert_array_equal(chains.visited([[5, 5, 2, 5, 7]], 3), [[2, 2, 3]])
    np.testing.assert_array_equal(chains.visited([[5, 5, 2, 5, 7]], 1), [[1] * 5])
    np.testing.assert_array_equal(chains.visited([[5, 5, 2, 5, 7]], 5), [[3]])


@pytest.mark.parametrize("length", [1, 2, 10, 97])
def test_visited_is_the_definition(length):
    labels = np.random.default_rng(0).integers(6, size=(3, 97))
    expected = [[len(set(row[i : i + length])) for i in range(97 - length + 1)] for row in labels.tolist()]
    np.testing.assert_array_equal(chains.visited(labels, length), expected)


def test_visited_by_independent_draws():
    labels = np.random.default_rng(0).integers(10, size=(4, 20_000))
    for length in (10, 20):
        mean, error = chains.mean_and_error(chains.visited(labels, length))
        assert abs(mean - 10 * (1 - 0.9**length)) < 5 * error
        assert error < 0.05
    mean, error = chains.mean_and_error(chains.changes(labels))
    assert abs(mean - 0.9) < 5 * error < 0.02


BAD = {
    "no samples": np.zeros((1, 0)),
    "one number": np.float64(1.0),
    "no chain": np.zeros(5),
    "not finite": np.array([[1.0, np.nan]]),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("function", [chains.autocorrelation, chains.effective_samples, chains.mean_and_error])
def test_values_that_are_none(name, function):
    with pytest.raises(DataError, match="along chains"):
        function(BAD[name])


def test_labels_that_are_none():
    functions = chains.changes, lambda labels: chains.visited(labels, 1)
    for labels, function in itertools.product(([[0.5, 1.0]], [1, 2], np.zeros((2, 0), int)), functions):
        with pytest.raises(DataError, match="integers"):
            function(labels)
    for length in (0, 4):
        with pytest.raises(DataError, match="valid are 1 to 3"):
            chains.visited([[1, 2, 3]], length)
    with pytest.raises(DataError, match="2 consecutive samples"):
        chains.changes([[1]])
