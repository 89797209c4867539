"""Priors: ranges, moments, dependence on the seed alone; paths through z space."""

import numpy as np
import pytest

from gan_repro.latent import priors
from gan_repro.system import randomness


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


def test_great_circle_of_random_points_is_shoemakes_formula():
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = rng.normal(size=(2, 50)).astype(np.float32).astype(np.float64)
        long, short = np.linalg.norm(a), np.linalg.norm(b)
        angle = np.arccos(a @ b / (long * short))
        t = np.linspace(0, 1, 9)[:, None]
        arc = (np.sin((1 - t) * angle) * a / long + np.sin(t * angle) * b / short) / np.sin(angle)
        found = priors.great_circle(a, b, 9)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, arc * ((1 - t) * long + t * short), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("tilt", [0, 1e-9, 1e-7, 1e-5, 1e-3])
@pytest.mark.parametrize("sign", [1, -1])
def test_great_circle_of_almost_parallel_points(sign, tilt):
    """However nearly parallel or opposite: both ends are there, lengths change linearly, steps are of one angle."""
    rng = np.random.default_rng(1)
    a, across = rng.normal(size=(2, 30))
    b = sign * 2 * (a + tilt * across)
    path = np.float64(priors.great_circle(a, b, 13))
    np.testing.assert_allclose(path[[0, -1]], [a, b], atol=1e-5)
    lengths = np.linalg.norm(path, axis=1)
    np.testing.assert_allclose(lengths, np.linspace(lengths[0], lengths[-1], 13), rtol=1e-6)
    units = path / lengths[:, None]
    angles = 2 * np.arcsin(np.linalg.norm(np.diff(units, axis=0), axis=1) / 2)
    whole = 2 * np.arcsin(np.linalg.norm(units[-1] - units[0]) / 2)
    np.testing.assert_allclose(angles, whole / 12, atol=1e-4)


@pytest.mark.parametrize(("start", "end"), [([0.0, 0.0], [2.0, 4.0]), ([2.0, 4.0], [0.0, 0.0]), ([-1.0], [3.0])])
def test_great_circle_without_an_arc_is_the_line(start, end):
    np.testing.assert_array_equal(priors.great_circle(start, end, 5), priors.line(start, end, 5))


def test_loop_comes_back():
    path = priors.loop(np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0]]), 4, "linear")
    wanted = [[0, 0], [1, 0], [2, 0], [3, 0], [4, 0], [4, 1], [4, 2], [4, 3], [4, 4], [3, 3], [2, 2], [1, 1]]
    np.testing.assert_allclose(path, wanted)


@pytest.mark.parametrize("kind", priors.KINDS)
@pytest.mark.parametrize("path", sorted(priors.PATHS))
def test_which_paths_leave_the_support(kind, path):
    """Seen in points drawn near the edge of the support: the largest of 50 numbers, or the length."""
    z = draw(kind)
    edge = {"uniform_unit_variance": 3**0.5, "uniform_0_1": 1, "uniform_-1_1": 1}.get(kind, np.inf)
    paths = np.concatenate([priors.PATHS[path](a, b, 7) for a, b in zip(z[:300], z[300:600])])
    outside = (np.abs(paths) > edge * 1.0001).any()
    if kind == "spherical":
        outside = (np.abs(np.linalg.norm(paths, axis=1) - 1) > 1e-3).any()
    assert priors.Prior(kind, 50).leaves_support(path) == outside
