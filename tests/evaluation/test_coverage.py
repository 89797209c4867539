"""Improved precision and recall against brute force and by hand; histograms and their KL against scipy."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from gan_repro.evaluation import coverage
from gan_repro.system.errors import DataError


def precision_recall(real, generated, k=coverage.K):
    return coverage.precision_recall(coverage.manifold(real, k), coverage.manifold(generated, k, "generated features"))


def reference(real, generated, k):
    """The definition, with all distances from differences in float64."""
    real, generated = (np.asarray(a, np.float64) for a in (real, generated))
    across = cdist(generated, real)
    real_radii, generated_radii = (np.sort(cdist(a, a), axis=1)[:, k] for a in (real, generated))
    return (across <= real_radii).any(axis=1).mean(), (across <= generated_radii[:, None]).any(axis=0).mean()


def gaussian(seed, n, d=5, spread=1.0, shift=0.0):
    return np.float32(shift + spread * np.random.default_rng(seed).normal(size=(n, d)))


def test_by_hand():
    # On a line, k = 1. Balls of real: [-1, 1], [0, 2], [1, 13]; of generated: [2, 2] twice, [-51, -49], [-52, -50].
    real, generated = [[0.0], [1.0], [7.0]], [[2.0], [2.0], [-50.0], [-51.0]]
    assert precision_recall(real, generated, k=1) == (0.5, 0.0)
    # Balls of generated: [2, 2] twice, [2, 8], which holds 7. And 2 lies on the surface of [0, 2].
    assert precision_recall(real, [[2.0], [2.0], [5.0]], k=1) == (1.0, 1 / 3)


@pytest.mark.parametrize("k", [1, 3, 10])
@pytest.mark.parametrize("spread, shift", [(1.0, 0.0), (0.3, 0.5), (2.0, 0.0), (1.0, 30.0)])
def test_random_features(k, spread, shift):
    real, generated = gaussian(0, 300), gaussian(1, 200, spread=spread, shift=shift)
    assert precision_recall(real, generated, k) == pytest.approx(reference(real, generated, k), abs=1e-12)


def test_more_than_one_block_far_from_the_origin():
    real, generated = gaussian(0, 400, shift=1e4), gaussian(1, 2300, spread=0.9, shift=1e4)
    precision, recall = precision_recall(real, generated)
    assert (precision, recall) == pytest.approx(reference(real, generated, 3), abs=1e-12)
    assert 0 < precision < 1


def test_surfaces_belong_to_the_manifold():
    # Points of a grid: nearly all distances are equal to some radius.
    grid = np.stack(np.meshgrid(*[np.arange(7.0)] * 3), axis=-1).reshape(-1, 3) / 10 + 0.1
    real, generated = grid[::2], grid[1::2]
    assert precision_recall(real, generated, 3) == reference(real, generated, 3) == (1.0, 1.0)


def test_ties_on_surfaces_are_told_exactly():
    """Points of a grid: their distances are exact from differences, but their centre and products with it are rounded."""
    found = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        real, generated = (rng.integers(0, 3, (n, 4)) / 8 + 0.125 for n in (40, 30))
        found.append(precision_recall(real, generated, 2))
        assert found[-1] == pytest.approx(reference(real, generated, 2), abs=1e-12)
    assert min(min(pair) for pair in found) < 0.99  # not all of them saturate


@pytest.mark.parametrize("scale", [1e-24, 1e-20, 1e-10, 1e20])
def test_the_scale_of_features_does_not_matter(scale):
    real, generated = np.float64(gaussian(0, 100)), np.float64(gaussian(1, 80, spread=0.7))
    expected = reference(real, generated, 3)
    assert precision_recall(scale * real, scale * generated) == pytest.approx(expected, abs=1e-12) and 0 < expected[1] < 1


def test_copies_and_collapse():
    real = gaussian(0, 100)
    assert precision_recall(real, real) == (1.0, 1.0)
    assert precision_recall(real, real[::-1]) == (1.0, 1.0)
    collapsed = np.repeat(real[:1], 50, axis=0)
    assert precision_recall(real, collapsed) == (1.0, 0.01)
    assert precision_recall(real, real + 1000) == (0.0, 0.0)


def test_the_two_sets_change_places():
    a, b = gaussian(0, 200), gaussian(1, 150, spread=0.5)
    assert precision_recall(a, b) == precision_recall(b, a)[::-1]


@pytest.mark.parametrize("k", [0, 3, 1.5])
def test_k_out_of_range(k):
    with pytest.raises(DataError, match="k is .* valid is an integer from 1 to one less than the examples, [23]"):
        precision_recall(np.eye(4), np.eye(4)[:3], k)


def test_features_that_do_not_fit():
    with pytest.raises(DataError, match=r"\(9, 2\) and \(9, 3\)"):
        precision_recall(np.ones((9, 2)), np.ones((9, 3)))
    with pytest.raises(DataError, match="generated features has 1 of 18 values"):
        precision_recall(np.ones((9, 2)), np.array([[np.nan, 0]] + [[0, 0]] * 8))


def test_histograms():
    assert coverage.class_histogram([2, 0, 2, 2], 4).tolist() == [1, 0, 3, 0]
    assert coverage.kl_from_uniform([1, 0, 3, 0]) == pytest.approx(0.25 * math.log(1) + 0.75 * math.log(3))
    assert coverage.kl_from_uniform([0, 7, 0]) == pytest.approx(math.log(3))
    assert coverage.kl_from_uniform([5, 5, 5]) == 0
    counts = np.random.default_rng(0).integers(0, 50, 12)
    assert coverage.kl_from_uniform(counts) == pytest.approx(stats.entropy(counts, np.ones(12)), abs=1e-14)


@pytest.mark.parametrize("labels", [[], [0, 3], [-1, 0], [0.5], [[0]]])
def test_labels_that_are_none(labels):
    with pytest.raises(DataError, match="labels .* valid are"):
        coverage.class_histogram(labels, 3)


@pytest.mark.parametrize("histogram", [[], [0, 0], [-1, 2], [np.nan, 1], [[1, 2]]])
def test_histograms_that_are_none(histogram):
    with pytest.raises(DataError, match="valid are counts"):
        coverage.kl_from_uniform(histogram)


@pytest.mark.parametrize("copies", [1, coverage.K, coverage.K + 1, 30])
def test_copies_of_an_image_have_the_radii_of_the_definition(copies):
    """Of a collapsed generator: more copies than k have a ball of radius 0."""
    real, generated = gaussian(0, 60), np.concatenate([gaussian(1, 20), np.repeat(gaussian(2, 1), copies, axis=0)])
    assert precision_recall(real, generated) == pytest.approx(reference(real, generated, coverage.K))
    radii = coverage.manifold(np.repeat(gaussian(2, 1), copies + coverage.K, axis=0)).radii
    assert (radii == 0).all()
