"""Tests of exact nearest neighbours, and the classifier made of them, against direct float64 distances.

Figures made of them are not tested here.
"""

import numpy as np
import pytest

from gan_repro.data.scaling import UNIT
from gan_repro.evaluation.neighbours import binomial_error, classify, nearest
from gan_repro.system.errors import DataError


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


# ---- the classifier ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k, expected", [(1, 7), (2, 7), (3, 7), (4, 5), (5, 7), (6, 5)])
def test_most_votes_win_and_of_equal_ones_the_nearest(k, expected):
    # From 0: label 7 at 1, 5 at 2, 9 at 3, 5 at 4, 7 at 5, 5 at 6. With 4 label 5 has two votes, with 5 it ties with 7.
    references, labels = [[3.0], [1.0], [2.0], [4.0], [6.0], [5.0]], np.array([9, 7, 5, 5, 5, 7], np.int32)
    found = classify([[0.0]], references, labels, k)
    assert found.tolist() == [expected] and found.dtype == np.int32


@pytest.mark.parametrize("k", [1, 2, 5, 8])
def test_random_images_are_classified_as_by_votes_in_float64(k):
    queries, references = uniform(0, 80, 6, 6, 1), uniform(1, 300, 6, 6, 1)
    labels = np.random.default_rng(2).integers(0, 4, 300)
    expected = []
    for row in reference(queries, references, k)[0]:
        votes = list(labels[row])
        expected.append(max(votes, key=lambda label: (votes.count(label), -votes.index(label))))
    assert classify(queries, references, labels, k).tolist() == expected


def test_the_error_of_a_share_is_that_of_its_examples():
    wrong = np.array([0, 0, 0, 1, 1])
    assert binomial_error(wrong.mean(), 5) == pytest.approx(wrong.std() / np.sqrt(5))
    assert binomial_error(0.0, 9) == 0


def test_labels_that_do_not_fit():
    with pytest.raises(DataError, match=r"labels has .* shape \(2,\); valid are integers \(3,\)"):
        classify(np.zeros((1, 2)), np.zeros((3, 2)), [0, 1])
    with pytest.raises(DataError, match="labels has dtype float64"):
        classify(np.zeros((1, 2)), np.zeros((1, 2)), [0.0])


@pytest.mark.slow
@pytest.mark.parametrize("n, wrong", [(60_000, 309), (50_000, 334)])
def test_real_mnist(real_mnist, n, wrong):
    images, labels = (
        np.concatenate([values("train"), values("validation")])[:n] for values in (real_mnist.images, real_mnist.labels)
    )
    test = UNIT(real_mnist.images("test").astype(np.float32))
    predicted = classify(test, UNIT(images.astype(np.float32)), labels)
    assert np.count_nonzero(predicted != real_mnist.labels("test")) == wrong
