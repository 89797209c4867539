"""Tests of the k-means centroids on data whose clusters are known.

Their likelihood on real MNIST takes minutes and is not tested here.
"""

import sys

import numpy as np
import pytest

from gan_repro.evaluation.centroids import kmeans
from gan_repro.system.errors import DataError, UserError


def blobs(seed):
    """300 images (4, 4, 1) around three values, in random order; one blob of each."""
    generator = np.random.default_rng(seed)
    centres = np.repeat([0.0, 5.0, 10.0], 100)[:, None] + generator.normal(0, 0.1, (300, 16))
    return generator.permutation(centres).reshape(300, 4, 4, 1)


@pytest.fixture(autouse=True)
def _needs_scikit_learn():
    pytest.importorskip("sklearn")


def test_finds_known_clusters():
    images = blobs(0)
    best = None
    for seed in range(5):  # random starts may put two centroids in one blob; some of five do not
        centroids = kmeans(images, 3, seed, iterations=50)
        assert centroids.shape == (3, 4, 4, 1) and centroids.dtype == np.float32
        levels = np.sort(centroids.mean(axis=(1, 2, 3)))
        best = levels if best is None or abs(levels - [0, 5, 10]).max() < abs(best - [0, 5, 10]).max() else best
    np.testing.assert_allclose(best, [0, 5, 10], atol=0.05)


def test_one_cluster_is_the_mean():
    images = np.random.default_rng(0).integers(0, 256, (50, 3, 3), np.uint8)
    np.testing.assert_allclose(kmeans(images, 1, seed=0)[0], images.mean(axis=0), rtol=1e-5)


def test_as_many_clusters_as_images_are_the_images():
    images = np.random.default_rng(0).random((20, 6))
    centroids = kmeans(images, 20, seed=3)
    np.testing.assert_allclose(centroids[np.lexsort(centroids.T)], images[np.lexsort(images.T)], rtol=1e-5)


def test_lloyd_steps_lower_the_error():
    images = np.random.default_rng(0).random((400, 10))

    def error(centroids):
        return ((images[:, None] - centroids) ** 2).sum(axis=2).min(axis=1).mean()

    errors = [error(kmeans(images, 20, seed=1, iterations=i)) for i in (1, 3, 20)]
    assert errors[0] > errors[1] > errors[2]


def test_seed_decides():
    images = np.random.default_rng(0).random((500, 10))
    first = kmeans(images, 30, seed=7)
    np.testing.assert_array_equal(first, kmeans(images, 30, seed=7))
    assert not np.array_equal(first, kmeans(images, 30, seed=8))


def test_input_is_left_alone():
    images = np.random.default_rng(0).random((50, 10), dtype=np.float32)
    before = images.copy()
    kmeans(images, 5, seed=0)
    np.testing.assert_array_equal(images, before)


def test_duplicates_do_not_warn(recwarn):
    kmeans(np.zeros((20, 4)), 3, seed=0)
    assert not recwarn.list


@pytest.mark.parametrize("k", [0, 11, 2.0])
def test_k_out_of_range(k):
    with pytest.raises(DataError, match="k is .* number of images, 10"):
        kmeans(np.zeros((10, 2)), k, seed=0)


def test_other_errors():
    with pytest.raises(DataError, match="iterations is 0"):
        kmeans(np.zeros((10, 2)), 2, seed=0, iterations=0)
    with pytest.raises(DataError, match="images has shape"):
        kmeans(np.zeros((0, 2)), 2, seed=0)


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.cluster", None)
    with pytest.raises(UserError, match=r'pip install "gan_repro\[baselines\]"'):
        kmeans(np.zeros((10, 2)), 2, seed=0)
