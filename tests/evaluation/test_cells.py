"""Divergences of samples counted in cells: scipy's numbers, cases done by hand, the bias of the plug-in estimate."""

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from gan_repro.evaluation import cells


def test_frequencies_by_hand():
    p, q = cells.frequencies([[0.0, 0.0], [0.4, -0.4], [1.0, 0.0], [0.6, 0.1]], [[0.0, 2.0], [1.4, -0.2]], 1.0)
    # The cubes (0, 0), (0, 2) and (1, 0), each around its point.
    np.testing.assert_allclose(p, [0.5, 0.0, 0.5])
    np.testing.assert_allclose(q, [0.0, 0.5, 0.5])
    assert cells.jensen_shannon(p, q) == pytest.approx(np.log(2) / 2)
    assert cells.total_variation(p, q) == 0.5
    assert cells.kullback_leibler(p, q) == np.inf


def test_they_are_scipys():
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.ones(20), 2)
    p[3] = 0
    p /= p.sum()
    assert cells.jensen_shannon(p, q) == pytest.approx(jensenshannon(p, q) ** 2, rel=1e-12)
    assert cells.kullback_leibler(p, q) == pytest.approx(stats.entropy(p, q), rel=1e-12)
    best = np.maximum(p - q, 0).sum()  # P(A) - Q(A) where A is all cells in which p is larger
    assert cells.total_variation(p, q) == pytest.approx(best, rel=1e-12)


def test_equal_and_disjoint():
    p = np.full(4, 0.25)
    assert cells.jensen_shannon(p, p) == cells.kullback_leibler(p, p) == cells.total_variation(p, p) == 0
    p, q = cells.frequencies(np.zeros((5, 3)), np.ones((7, 3)), 0.1)
    assert cells.jensen_shannon(p, q) == pytest.approx(np.log(2)) and cells.total_variation(p, q) == 1


def test_the_bias_is_as_documented():
    """Over 300 draws of 1,000 and 2,000 points of one law in 20 cells."""
    rng = np.random.default_rng(1)
    drawn = rng.integers(20, size=(300, 3000, 1))
    found = [cells.jensen_shannon(*cells.frequencies(points[:1000], points[1000:], 1.0)) for points in drawn]
    assert np.mean(found) == pytest.approx(19 * (1 / 1000 + 1 / 2000) / 8, rel=0.1)


@pytest.mark.parametrize(
    "x, y, cell",
    [
        (np.zeros((2, 2)), np.zeros((2, 3)), 1.0),
        (np.zeros(2), np.zeros(2), 1.0),
        (np.zeros((0, 2)), np.zeros((1, 2)), 1.0),
        ([[np.nan]], [[0.0]], 1.0),
        ([[0.0]], [[0.0]], 0.0),
    ],
)
def test_what_cannot_be_counted_is_refused(x, y, cell):
    with pytest.raises(ValueError, match="must"):
        cells.frequencies(x, y, cell)
