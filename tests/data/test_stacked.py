"""Stacked digits: every channel is a digit of its split, labels are the numbers, batches are functions of (seed, epoch, i)."""

import numpy as np
import pytest
import tensorflow as tf
from support import noise

from gan_repro import data
from gan_repro.data import stacked
from gan_repro.data.scaling import UNIT, Linear
from gan_repro.evaluation import modes


@pytest.fixture
def digits():
    """300 training images of 4 x 3 random pixels, of which no two are alike, with labels 0 to 9."""
    return noise.source((4, 3, 1), train=300, classes=10)


@pytest.fixture
def triples(digits):
    return stacked.stack(digits, "triples")


def batch(source, i=0, epoch=0, seed=0, size=200):
    x, labels = source.batch(source.open(epoch, seed), tf.constant(i), size)
    return x.numpy(), labels.numpy()


def digit_of(channels, images):
    """Which of images (n, h, w) each of channels (m, h, w) is: int (m,); exactly one is."""
    same = (channels[:, None] == images[None]).all(axis=(2, 3))
    assert (same.sum(axis=1) == 1).all()
    return same.argmax(axis=1)


def test_a_label_is_the_number_that_the_channels_show_the_first_one_with_the_hundreds(triples, digits):
    x, labels = batch(triples)
    shown = UNIT(digits.images("train")[..., 0].astype(np.float32))
    read = [digits.labels("train")[digit_of(x[..., channel], shown)] for channel in range(3)]
    np.testing.assert_array_equal(labels, 100 * read[0] + 10 * read[1] + read[2])
    assert len(set(labels)) > 150 and labels.dtype == np.int32


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_what_is_evaluated_is_made_of_its_own_split_with_its_labels(triples, digits, split):
    images, labels = triples.rows(split, slice(100)), triples.labels(split)[:100]
    own = digits.images(split)[..., 0]
    read = [digits.labels(split)[digit_of(images[..., channel], own)] for channel in range(3)]
    np.testing.assert_array_equal(labels, stacked.number(np.stack(read, 1)))
    np.testing.assert_array_equal(images, triples.rows(split, slice(100)))


def test_digits_are_drawn_by_themselves_and_alike_often(triples, digits):
    """Each of the 300 digits about equally often in each channel, and as a pair with no preference."""
    x, _ = batch(triples, size=9000)
    shown = UNIT(digits.images("train")[..., 0].astype(np.float32))
    found = np.stack([digit_of(x[..., channel], shown) for channel in range(3)], 1)
    counts = np.stack([np.bincount(column, minlength=300) for column in found.T])
    assert counts.min() > 8 and counts.max() < 62  # 30 +- 5.5 each
    correlations = np.corrcoef(found.T)[np.triu_indices(3, 1)]
    assert np.abs(correlations).max() < 0.05


def test_a_batch_is_a_function_of_seed_epoch_and_i_alone(triples):
    first, labels = batch(triples, 3, 2, 7, 50)
    again, same = batch(triples, 3, 2, 7, 50)
    np.testing.assert_array_equal(again, first)
    np.testing.assert_array_equal(same, labels)
    for other in (batch(triples, 2, 2, 7, 50), batch(triples, 3, 1, 7, 50), batch(triples, 3, 2, 6, 50)):
        assert (other[0] != first).any(axis=(1, 2, 3)).all()


def test_networks_see_scaled_pixels(digits):
    triples = stacked.stack(digits, "triples")
    plain, _ = batch(triples)
    triples.spec = type(triples.spec)(**vars(triples.spec) | {"scaling": Linear(-1.0, 1.0)})
    np.testing.assert_allclose(batch(triples)[0], 2 * plain - 1, atol=1e-6)


def test_shares_of_the_classes_are_those_of_the_digits(triples, digits):
    shares = triples.class_shares()
    one = np.bincount(digits.labels("train")) / 300
    assert shares.shape == (1000,) and shares.sum() == pytest.approx(1)
    assert shares[407] == pytest.approx(one[4] * one[0] * one[7])
    drawn = np.bincount(batch(triples, size=50_000)[1], minlength=1000)
    assert modes.divergence(drawn, shares) == pytest.approx(999 / 2 / 50_000, rel=0.3)


def test_what_are_no_digits_is_refused():
    for source in (noise.source((4, 3, 3), classes=10), noise.source((4, 3, 1), classes=2), noise.source((4, 3, 1))):
        with pytest.raises(ValueError, match="stacked"):
            stacked.stack(source, "triples")


@pytest.mark.slow
def test_mnist_is_stacked_by_name(real_mnist):
    found = data.load("stacked_mnist")
    assert found.spec.title == "stacked MNIST" and found.spec.shape == (28, 28, 3) and found.spec.classes == 1000
    assert found.digest() != real_mnist.digest()
    np.testing.assert_array_equal(found.digits.images("test"), real_mnist.images("test"))


# ---- the divergence --------------------------------------------------------------------------------------------------


def test_a_divergence_is_that_of_float64_by_hand():
    assert modes.divergence([1, 3, 0], [0.5, 0.25, 0.25]) == pytest.approx(0.25 * np.log(0.5) + 0.75 * np.log(3))
    assert modes.divergence([2, 2], [0.5, 0.5]) == 0
    assert modes.divergence([5, 0, 0, 0], np.full(4, 0.25)) == pytest.approx(np.log(4))


@pytest.mark.parametrize(
    "counts, shares", [([1], [0.5, 0.5]), ([0, 0], [0.5, 0.5]), ([1, 1], [1.0, 0.0]), ([-1, 2], [0.5, 0.5])]
)
def test_what_is_no_divergence_is_refused(counts, shares):
    with pytest.raises(ValueError):
        modes.divergence(counts, shares)
