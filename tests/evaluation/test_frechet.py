"""The Fréchet distance against closed forms and scipy's matrix root."""

import numpy as np
import pytest
from scipy import linalg

from gan_repro.evaluation.frechet import frechet_distance
from gan_repro.system.errors import DataError


def test_it_is_the_formula_with_scipys_matrix_root():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(300, 7)) @ rng.normal(size=(7, 7)), 1 + rng.normal(size=(200, 7)) @ rng.normal(size=(7, 7))
    ca, cb = np.cov(a.T), np.cov(b.T)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(ca + cb - 2 * linalg.sqrtm(ca @ cb).real)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(b, a) == pytest.approx(expected, rel=1e-9)


def test_of_a_shifted_copy_it_is_the_squared_shift_and_of_a_copy_0():
    a = np.random.default_rng(1).normal(size=(100, 3))
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(a, a + [3.0, 0, 4.0]) == pytest.approx(25, rel=1e-9)
    assert frechet_distance(a, 2 * (a - a.mean(0)) + a.mean(0)) == pytest.approx(np.trace(np.cov(a.T)), rel=1e-9)


def test_dead_features_do_no_harm():
    a = np.random.default_rng(2).normal(size=(100, 5))
    a[:, 2:] = 0
    b = a.copy()
    b[:, 4] = 1
    assert frechet_distance(a, b) == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize(
    "a, b", [(np.ones((3, 2)), np.ones((3, 4))), (np.ones(3), np.ones(3)), (np.ones((1, 2)), np.ones((3, 2)))]
)
def test_shapes_that_do_not_fit(a, b):
    with pytest.raises(DataError, match="valid are"):
        frechet_distance(a, b)
    with pytest.raises(DataError, match="not finite"):
        frechet_distance(np.full((3, 2), np.nan), np.ones((3, 2)))
