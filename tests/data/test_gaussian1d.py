"""The Gaussian on a line as a data source: batches are functions of (seed, epoch, i), moments and density are those of it.

The protocol as InMemory keeps it is tested in test_source.py.
"""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from scipy.integrate import quad

from gan_repro import data
from gan_repro.data import gaussian1d
from gan_repro.data.scaling import Linear
from gan_repro.system.errors import UsageError

LAW = stats.norm(gaussian1d.MEAN, gaussian1d.STD)


def batch(i=0, epoch=0, seed=0, size=100, of=None):
    source = of or data.load("gaussian1d")
    return source.batch(source.open(epoch, seed), tf.constant(i), size)[0].numpy().ravel()


def test_it_is_known_by_name_and_says_what_it_is():
    spec = data.load("gaussian1d").spec
    assert spec.name == "gaussian1d" and spec.title == "N(1, 0.5²) in one dimension"
    assert spec.shape == (1, 1, 1) and spec.classes == 0
    assert spec.sizes == {"train": 50_000, "validation": 10_000, "test": 10_000}
    assert spec.steps_per_epoch(100) == 500
    with pytest.raises(UsageError, match="Did you mean gaussian1d"):
        data.load("gaussian1")


def test_a_batch_is_a_function_of_seed_epoch_and_i_alone():
    first = batch(3, 2, 7)
    used = data.load("gaussian1d")
    for epoch, i in ((0, 0), (2, 9), (1, 3)):
        batch(i, epoch, 7, of=used)
    tf.random.set_seed(99)
    np.testing.assert_array_equal(batch(3, 2, 7, of=used), first)
    others = [batch(2, 2, 7), batch(3, 1, 7), batch(3, 2, 6), batch(2, 3, 7), batch(3, 7, 2), batch(7, 2, 3)]
    for other in others:
        assert not np.isin(first, other).any()


def test_an_epoch_is_entered_anywhere():
    source = data.load("gaussian1d")
    late = source.open(1, 5, skip=4)
    for i in (4, 5):
        np.testing.assert_array_equal(source.batch(late, i, 10)[0].numpy().ravel(), batch(i, 1, 5, 10))


def test_a_batch_is_graph_code_and_traced_once():
    source = data.load("gaussian1d")
    traced = []

    @tf.function(autograph=False)
    def play(feed, n):
        traced.append(1)
        body = lambda i, total: (i + 1, total + tf.reduce_sum(source.batch(feed, i, 50)[0]))  # noqa: E731
        return tf.while_loop(lambda i, total: i < n, body, (tf.constant(0), tf.constant(0.0)))[1]

    for epoch in range(2):
        found = play(source.open(epoch, 3), tf.constant(4)).numpy()
        assert found == pytest.approx(sum(batch(i, epoch, 3, 50).sum() for i in range(4)), rel=1e-5)
    assert len(traced) == 1


def test_shapes_and_types():
    source = data.load("gaussian1d")
    x, labels = source.batch(source.open(0, 0), tf.constant(0), 20)
    assert x.shape == (20, 1, 1, 1) and x.dtype == tf.float32
    assert labels.shape == (20,) and labels.dtype == tf.int32 and not labels.numpy().any()
    assert source.images("test").shape == (10_000, 1, 1, 1) and source.images("test").dtype == np.float32
    assert source.labels("train") is None


@pytest.mark.slow
def test_points_of_training_and_of_every_split_are_of_that_law():
    source = data.load("gaussian1d")
    drawn = {split: source.scaled(split).ravel() for split in source.spec.sizes}
    drawn["an epoch"] = np.concatenate([batch(i, of=source) for i in range(500)])
    drawn["first points of batches"] = np.array([batch(i, size=1, of=source)[0] for i in range(500)])
    for name, points in drawn.items():
        n = len(points)
        assert abs(points.mean() - LAW.mean()) < 5 * LAW.std() / np.sqrt(n), name
        assert abs(points.var() - LAW.var()) < 5 * LAW.var() * np.sqrt(2 / n), name
        assert stats.kstest(points.astype(float), LAW.cdf).pvalue > 1e-4, name
        assert len(np.unique(points)) > 0.95 * n, name


def test_scaled_is_fixed_and_its_first_points_stay_the_first():
    source, other = data.load("gaussian1d"), data.load("gaussian1d")
    for split in source.spec.sizes:
        np.testing.assert_array_equal(source.scaled(split, 100), other.scaled(split)[:100])
        np.testing.assert_array_equal(source.images(split), source.scaled(split))
    assert not np.isin(source.scaled("validation"), source.scaled("test")).all()
    with pytest.raises(ValueError, match="read-only"):
        source.scaled("test")[0] = 0


def test_scaling_means_nothing_here():
    scaled = data.load("gaussian1d", scaling=Linear(-1.0, 1.0))
    np.testing.assert_array_equal(batch(of=scaled), batch())
    np.testing.assert_array_equal(scaled.scaled("test"), data.load("gaussian1d").scaled("test"))


def test_the_digest_is_that_of_the_data():
    source = data.load("gaussian1d")
    assert len(source.digest()) == 64 and source.digest() == data.load("gaussian1d").digest()
    assert gaussian1d.Gaussian(source.spec, std=0.4).digest() != source.digest()


def test_density_and_quantile():
    source = data.load("gaussian1d")
    x = np.linspace(-3, 5, 101, dtype=np.float32)
    assert source.density(x).dtype == np.float64
    np.testing.assert_allclose(source.density(x), LAW.pdf(x.astype(np.float64)), rtol=1e-12)
    assert quad(source.density, -6, 8)[0] == pytest.approx(1, abs=1e-9)
    np.testing.assert_allclose(source.quantile([0.001, 0.5, 0.9]), LAW.ppf([0.001, 0.5, 0.9]), rtol=1e-12)
