"""Points in the plane: modes and densities, the papers' constants, batches that are functions of (seed, epoch, i)."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from gan_repro import data
from gan_repro.data import points2d
from gan_repro.evaluation import modes

NAMES = ("ring8", "grid25", "swissroll")


def batch(name, i=0, epoch=0, seed=0, size=100):
    source = data.load(name)
    return source.batch(source.open(epoch, seed), tf.constant(i), size)[0].numpy().reshape(size, 2)


@pytest.mark.parametrize("name", NAMES)
def test_each_is_known_by_name_and_is_of_points(name):
    source = data.load(name)
    assert source.spec.name == name and source.spec.shape == (1, 1, 2) and source.spec.classes == 0
    points, labels = source.batch(source.open(0, 0), tf.constant(0), 20)
    assert points.shape == (20, 1, 1, 2) and points.dtype == tf.float32 and labels.shape == (20,)
    assert source.images("test").shape == (10_000, 1, 1, 2) and source.images("test").dtype == np.float32


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_is_a_function_of_seed_epoch_and_i_alone(name):
    first = batch(name, 3, 2, 7)
    np.testing.assert_array_equal(batch(name, 3, 2, 7), first)
    for other in (batch(name, 2, 2, 7), batch(name, 3, 1, 7), batch(name, 3, 2, 6), batch(name, 3, 7, 2)):
        assert not np.isin(first, other).any()


def test_the_ring_is_that_of_metz_et_al():
    source = data.load("ring8")
    assert source.std == 0.02 and source.means.shape == (8, 2)
    np.testing.assert_allclose(np.linalg.norm(source.means, axis=1), 2, rtol=1e-12)
    # gan_toy.py: on the axes and on the diagonals
    angles = np.sort(np.degrees(np.arctan2(*source.means.T)) % 360).round(9) % 360
    np.testing.assert_allclose(np.sort(angles), np.arange(8) * 45)


def test_the_grid_is_that_of_the_script():
    source = data.load("grid25")
    assert source.std == pytest.approx(0.05 / 2.828)
    wanted = {(x / 2.828, y / 2.828) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}
    np.testing.assert_allclose(sorted(map(tuple, source.means)), sorted(wanted))


@pytest.mark.parametrize("name", ["ring8", "grid25"])
def test_densities_integrate_to_1_and_are_those_of_scipy(name):
    source = data.load(name)
    mesh = np.linspace(-6, 6, 61) * source.std
    window = np.stack(np.meshgrid(mesh, mesh), -1)
    cell = (mesh[1] - mesh[0]) ** 2
    found = sum(source.density(window + mean).sum() * cell for mean in source.means)  # the modes are further apart than that
    assert found == pytest.approx(1, abs=1e-6)
    point = source.means[1] + source.std * np.array([0.5, -1.0])
    laws = (stats.multivariate_normal(mean, source.std**2) for mean in source.means)
    wanted = np.mean([law.pdf(point) for law in laws])
    assert source.density(point) == pytest.approx(wanted, rel=1e-9) and source.density(window).shape == (61, 61)


@pytest.mark.parametrize("name", ["ring8", "grid25"])
def test_points_of_both_draws_are_of_the_law(name):
    source = data.load(name)
    for points in (source.scaled("test").reshape(-1, 2).astype(float), batch(name, size=10_000).astype(float)):
        nearest, good = modes.at_modes(points, source.means, source.std)
        assert modes.covered(nearest, good) == len(source.means)
        assert good.mean() == pytest.approx(1 - np.exp(-4.5), abs=0.005)  # Rayleigh's law within 3 standard deviations
        assert stats.chisquare(np.bincount(nearest)).pvalue > 1e-4
        away = (points - source.means[nearest]) / source.std
        assert stats.kstest(away.ravel(), "norm").pvalue > 1e-4


def test_the_swiss_roll_is_that_of_scikit_learn():
    # For a noise of 0 the points lie on t (cos t, sin t) / 7.5, t from 1.5 pi to 4.5 pi
    source = points2d.SwissRoll(data.load("swissroll").spec, noise=0.0)
    drawn = source.draw(2000, np.random.default_rng(0)), source.draw_tensor(2000, tf.constant([1, 2])).numpy()
    for points in drawn:
        x, y = points.reshape(-1, 2).astype(float).T * 7.5
        t = np.hypot(x, y)
        np.testing.assert_allclose(np.stack([t * np.cos(t), t * np.sin(t)]), [x, y], atol=1e-4)
        assert stats.kstest(t, stats.uniform(1.5 * np.pi, 3 * np.pi).cdf).pvalue > 1e-4
    noisy = data.load("swissroll").draw(2000, np.random.default_rng(0)).reshape(-1, 2)
    assert 0.2 / 7.5 < np.std(noisy - drawn[0].reshape(-1, 2)) < 0.3 / 7.5


def test_the_digest_is_that_of_the_law():
    digests = {data.load(name).digest() for name in NAMES}
    assert len(digests) == 3 and data.load("ring8").digest() in digests
    source = data.load("ring8")
    assert points2d.Mixture(source.spec, source.means, 0.03).digest() not in digests


def test_modes_are_counted_by_good_samples():
    means = points2d.ring(4, 1.0)
    samples = [means[0], means[0] + [0.29, 0], means[1] + [0.31, 0], means[2] * 1.2, [0.4, 0.1]]
    nearest, good = modes.at_modes(samples, means, 0.1)
    assert nearest.tolist() == [0, 0, 1, 2, 0] and good.tolist() == [True, True, False, True, False]
    assert modes.covered(nearest, good) == 2
    with pytest.raises(ValueError, match="samples must be"):
        modes.at_modes(np.zeros((0, 2)), means, 0.1)
    with pytest.raises(ValueError, match="finite"):
        modes.at_modes([[np.nan, 0]], means, 0.1)
