"""Priors: ranges, moments, dependence on the seed alone; paths through z space."""

import numpy as np
import pytest

from gan_repro import priors, randomness


def draw(kind, n=4000, seed=0):
    return priors.Prior(kind, 50).draw(n, randomness.seed_pair(seed, 0, randomness.PRIOR)).numpy()


@pytest.mark.parametrize(
    ("kind", "low", "high", "mean", "std"),
    [
        ("uniform_unit_variance", -(3**0.5), 3**0.5, 0, 1),
        ("uniform_0_1", 0, 1, 0.5, 12**-0.5),
        ("uniform_-1_1", -1, 1, 0, 3**-0.5),
        ("gaussian", -np.inf, np.inf, 0, 1),
        ("spherical", -1, 1, 0, 50**-0.5),
    ],
)
def test_moments(kind, low, high, mean, std):
    z = draw(kind)
    assert z.shape == (4000, 50) and z.dtype == np.float32
    assert z.min() >= low and z.max() <= high
    assert z.mean() == pytest.approx(mean, abs=5 * std / np.sqrt(z.size))
    assert z.std() == pytest.approx(std, rel=0.01)


def test_every_kind_is_tested():
    assert set(priors.KINDS) == {"uniform_unit_variance", "uniform_0_1", "uniform_-1_1", "gaussian", "spherical"}


def test_spherical_has_length_one():
    np.testing.assert_allclose(np.linalg.norm(draw("spherical"), axis=1), 1, rtol=1e-5)


def test_draws_are_a_function_of_the_seed():
    np.testing.assert_array_equal(draw("gaussian", seed=3), draw("gaussian", seed=3))
    assert (draw("gaussian", seed=3) != draw("gaussian", seed=4)).all(axis=1).any()


def test_line():
    path = priors.line([0.0, 2.0], [4.0, 0.0], 5)
    np.testing.assert_allclose(path, [[0, 2], [1, 1.5], [2, 1], [3, 0.5], [4, 0]])


def test_great_circle_keeps_length_and_angular_speed():
    path = priors.great_circle([2.0, 0.0], [0.0, 2.0], 4)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), 2, rtol=1e-6)
    np.testing.assert_allclose(np.degrees(np.arctan2(path[:, 1], path[:, 0])), [0, 30, 60, 90], atol=1e-4)


def test_great_circle_of_equal_directions_is_the_line():
    np.testing.assert_allclose(priors.great_circle([1.0, 0.0], [3.0, 0.0], 3), [[1, 0], [2, 0], [3, 0]])
