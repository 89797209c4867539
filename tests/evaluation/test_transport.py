"""Wasserstein-1: scipy's distance on a line, permutations tried one by one, cases done by hand, quadrature for Gaussians."""

import itertools

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from gan_repro.evaluation import transport

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("n", [1, 2, 7, 300])
def test_on_a_line_it_is_scipys(n):
    x, y = RNG.normal(size=(n, 1)), RNG.gamma(2.0, size=(n, 1))
    assert transport.wasserstein(x, y) == pytest.approx(stats.wasserstein_distance(x[:, 0], y[:, 0]), rel=1e-10)


@pytest.mark.parametrize("dimensions", [2, 5])
def test_no_permutation_is_shorter(dimensions):
    x, y = RNG.normal(size=(6, dimensions)), RNG.normal(0.3, 2.0, size=(6, dimensions))
    tried = [np.linalg.norm(x - y[list(order)], axis=1).mean() for order in itertools.permutations(range(6))]
    assert transport.wasserstein(x, y) == pytest.approx(min(tried), rel=1e-12)


def test_by_hand():
    square = [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert transport.wasserstein(square, square[::-1]) == 0
    assert transport.wasserstein(square, np.add(square, [3, 4])) == pytest.approx(5)  # a shift moves every point as far
    assert transport.wasserstein([[0, 0], [10, 0]], [[10, 1], [0, 2]]) == pytest.approx(1.5)
    # Leaving the shared point where it is costs (0 + 2) / 2, moving both points costs (sqrt 2 + sqrt 2) / 2.
    assert transport.wasserstein([[0, 0], [1, 1]], [[1, 1], [2, 0]]) == pytest.approx(1)
    assert transport.wasserstein([[0, 0], [1, 0]], [[1, 0], [2, 0]]) == pytest.approx(1)


def test_it_is_a_metric_between_point_sets():
    x, y, z = RNG.normal(size=(3, 50, 2))
    assert transport.wasserstein(x, y) == pytest.approx(transport.wasserstein(y, x), rel=1e-12)
    assert transport.wasserstein(x, z) < transport.wasserstein(x, y) + transport.wasserstein(y, z)
    assert transport.wasserstein(3 * x, 3 * y) == pytest.approx(3 * transport.wasserstein(x, y), rel=1e-12)
    assert transport.wasserstein(x, x[::-1]) == 0


@pytest.mark.parametrize(
    "x, y",
    [
        (np.zeros((2, 2)), np.zeros((3, 2))),
        (np.zeros((2, 2)), np.zeros((2, 3))),
        (np.zeros(2), np.zeros(2)),
        (np.zeros((0, 2)), np.zeros((0, 2))),
        ([[0.0, np.nan]], [[0.0, 0.0]]),
        ([[0.0, 0.0]], [[0.0, np.inf]]),
    ],
)
def test_what_is_not_two_equal_point_sets_is_refused(x, y):
    with pytest.raises(ValueError, match="must"):
        transport.wasserstein(x, y)


@pytest.mark.parametrize(
    "p, q", [((-3, 1), (3, 1)), ((0, 1), (0, 2)), ((1, 0.5), (0.5, 2)), ((0, 0), (0, 1)), ((2, 3), (2, 3))]
)
def test_of_gaussians_it_is_the_area_between_the_distribution_functions(p, q):
    laws = [stats.norm(mean, max(std, 1e-9)) for mean, std in (p, q)]
    area = quad(lambda x: abs(laws[0].cdf(x) - laws[1].cdf(x)), -15, 15, points=[0, 0.5, 1], limit=400)[0]
    assert transport.wasserstein_gaussians(*p, *q) == pytest.approx(area, abs=1e-6)
    assert transport.wasserstein_gaussians(*q, *p) == transport.wasserstein_gaussians(*p, *q)


def test_of_gaussians_by_hand():
    assert transport.wasserstein_gaussians(-3, 1, 3, 1) == 6
    assert transport.wasserstein_gaussians(0, 0, 0, 1) == pytest.approx(np.sqrt(2 / np.pi))  # E|Z|
    for bad in ((0, -1, 0, 1), (0, 1, np.nan, 1), (np.inf, 1, 0, 1)):
        with pytest.raises(ValueError, match="standard deviations"):
            transport.wasserstein_gaussians(*bad)
