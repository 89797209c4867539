"""Tests of exact nearest neighbours against direct float64 distances.

Figures made of them are not tested here.
"""

import numpy as np
import pytest

from gan_repro.errors import DataError
from gan_repro.evaluation.neighbours import nearest


def reference(queries, references, k):
    """Indices and distances of the k nearest, from differences in float64; of ties the lowest index."""
    queries, references = (np.asarray(a, np.float64).reshape(len(a), -1) for a in (queries, references))
    lengths = np.stack([np.sqrt(((query - references) ** 2).sum(axis=1)) for query in queries])
    indices = np.argsort(lengths, axis=1, kind="stable")[:, :k]
    return indices, np.take_along_axis(lengths, indices, axis=1)


def uniform(seed, *shape):
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def check(queries, references, k=1):
    indices, lengths = nearest(queries, references, k)
    expected_indices, expected_lengths = reference(queries, references, k)
    assert indices.shape == lengths.shape == (len(queries), k)
    assert indices.dtype == np.int64 and lengths.dtype == np.float64
    np.testing.assert_array_equal(indices, expected_indices)
    np.testing.assert_allclose(lengths, expected_lengths, rtol=1e-12, atol=1e-12)


def test_hand_computed():
    indices, lengths = nearest([[0.0, 0.0], [3.0, 3.0]], [[3.0, 4.0], [0.0, 2.0], [9.0, 9.0]], k=2)
    assert indices.tolist() == [[1, 0], [0, 1]]
    np.testing.assert_allclose(lengths, [[2, 5], [1, np.sqrt(10)]])


@pytest.mark.parametrize("k", [1, 5, 700])
def test_random_images(k):
    check(uniform(0, 60, 8, 8, 1), uniform(1, 700, 8, 8, 1), k)


def test_near_ties_far_from_the_origin():
    # References a few float32 units apart: products of float32 numbers cannot tell which is nearer.
    query = uniform(0, 1, 784) + np.float32(8)
    references = np.repeat(query, 500, axis=0) + np.float32(0.1)
    references[np.arange(500), np.arange(500)] += 1e-5 * np.random.default_rng(1).permutation(500).astype(np.float32)
    check(query, references, k=3)


def test_clusters_far_apart():
    references = np.concatenate([uniform(0, 300, 50), uniform(1, 300, 50) + np.float32(1e4)])
    check(references[::20] + np.float32(0.01), references, k=4)


def test_ties_go_to_the_first():
    references = np.repeat(uniform(0, 3, 20), 40, axis=0)
    indices, lengths = nearest(references[[0, 40, 80]], references, k=2)
    assert indices.tolist() == [[0, 1], [40, 41], [80, 81]]
    assert not lengths.any()


def test_bytes_are_not_wrapped_around():
    generator = np.random.default_rng(0)
    check(generator.integers(0, 256, (20, 30), np.uint8), generator.integers(0, 256, (200, 30), np.uint8), k=2)


@pytest.mark.parametrize("k", [0, -1, 4, 1.5, "2"])
def test_k_out_of_range(k):
    with pytest.raises(DataError, match="k is .* valid is an integer from 1 to the number of references, 3"):
        nearest(np.zeros((2, 2)), np.zeros((3, 2)), k)


def test_errors():
    good = np.zeros((3, 2))
    with pytest.raises(DataError, match="queries has shape"):
        nearest(np.zeros((0, 2)), good)
    with pytest.raises(DataError, match="references has 1 of 6 values"):
        nearest(good, [[0, 0], [np.nan, 0], [0, 0]])
    with pytest.raises(DataError, match="cannot be compared"):
        nearest(np.zeros((3, 5)), good)
