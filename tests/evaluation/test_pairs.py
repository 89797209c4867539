"""Distances of all pairs, means of blocks and Gaussian draws, against plain numpy and scipy in float64."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from gan_repro.evaluation import pairs
from gan_repro.system.errors import DataError


def test_the_mean_distance_is_that_of_all_pairs():
    rows = np.random.default_rng(0).normal(3, 2, (2300, 7)).astype(np.float32)  # more than one block
    value, error = pairs.mean_distance(rows.reshape(2300, 7, 1, 1))
    assert value == pytest.approx(pdist(np.float64(rows)).mean(), rel=1e-9)
    assert error > 0


def test_its_error_is_how_much_it_differs_from_one_draw_of_a_set_to_the_next():
    rng = np.random.default_rng(1)
    found = [pairs.mean_distance(rng.normal(size=(60, 3))) for _ in range(400)]
    values, errors = np.array(found).T
    assert errors.mean() == pytest.approx(values.std(ddof=1), rel=0.1)


def test_pairs_far_from_the_origin_are_told_apart_and_equal_ones_are_at_0():
    rows = 1e6 + np.random.default_rng(2).normal(0, 1e-3, (50, 4))
    assert pairs.mean_distance(rows)[0] == pytest.approx(pdist(rows).mean(), rel=1e-6)
    assert pairs.mean_distance(np.full((5, 3), 0.3)) == (pytest.approx(0, abs=1e-12), pytest.approx(0, abs=1e-12))
    assert pairs.mean_distance([[0.0, 0.0], [3.0, 4.0]]) == (5.0, None)


@pytest.mark.parametrize("rows", [np.zeros((1, 3)), np.full((3, 2), np.nan)])
def test_what_has_no_pairs_is_refused(rows):
    with pytest.raises(DataError):
        pairs.mean_distance(rows)


@pytest.mark.parametrize("shape", [(3, 8, 8, 2), (2, 10, 7, 1), (2, 2, 3, 3)])
def test_blocks_are_the_means_of_their_pixels(shape):
    images = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    expected = [
        [image[y : y + 4, x : x + 4, k].mean(dtype=np.float64) for y, x, k in np.ndindex(shape[1:]) if y % 4 == x % 4 == 0]
        for image in images
    ]
    np.testing.assert_allclose(pairs.pooled(images, 4), expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(pairs.pooled(images, 1), np.float64(images).reshape(shape[0], -1))


def test_independent_noise_of_pixels_hardly_counts_in_blocks():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(300, 16, 16, 1))
    smooth = np.repeat(np.repeat(rng.normal(size=(300, 4, 4, 1)), 4, axis=1), 4, axis=2)
    ratio = pairs.mean_distance(pairs.pooled(noise, 4))[0] / pairs.mean_distance(pairs.pooled(smooth, 4))[0]
    assert ratio == pytest.approx(1 / 4, rel=0.05)
    assert pairs.mean_distance(noise)[0] == pytest.approx(pairs.mean_distance(smooth)[0], rel=0.05)


def test_draws_have_the_moments_of_the_images_and_no_others():
    rng = np.random.default_rng(0)
    images = (rng.exponential(size=(40, 2, 3, 1)) @ rng.normal(size=(1, 2))).astype(np.float32)  # far from Gaussian
    rows = np.float64(images).reshape(40, -1)
    drawn = np.float64(pairs.gaussian_like(images, 40_000, 0)).reshape(40_000, -1)
    scale = rows.std(axis=0).max()
    np.testing.assert_allclose(drawn.mean(axis=0), rows.mean(axis=0), atol=0.03 * scale)
    np.testing.assert_allclose(np.cov(drawn.T, ddof=0), np.cov(rows.T, ddof=0), atol=0.04 * scale**2)
    standard = (drawn - drawn.mean(axis=0)) / drawn.std(axis=0)
    np.testing.assert_allclose((standard**3).mean(axis=0), 0, atol=0.06)
    np.testing.assert_allclose((standard**4).mean(axis=0), 3, atol=0.15)


def test_draws_follow_from_their_seed_and_lie_where_the_images_lie():
    images = np.random.default_rng(0).normal(size=(5, 4, 4, 3)).astype(np.float32)
    drawn = pairs.gaussian_like(images, 1200, 3)
    assert drawn.shape == (1200, 4, 4, 3) and drawn.dtype == np.float32
    np.testing.assert_array_equal(drawn, pairs.gaussian_like(images, 1200, 3))
    assert (drawn != pairs.gaussian_like(images, 1200, 4)).all()
    centred = np.float64(drawn - images.mean(axis=0)).reshape(1200, -1)
    assert np.linalg.matrix_rank(centred, tol=1e-4) == 4  # five images span four directions about their mean
