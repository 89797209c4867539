"""Statistics of images by hand, percentiles, the choice of exemplars, and the arithmetic itself with a linear generator."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from gan_repro.data.scaling import Linear
from gan_repro.evaluation import arithmetic, representations
from gan_repro.latent import priors
from gan_repro.runs.trained import Finished


def picture(*rows):
    return np.float32(rows)[None, :, :, None]


def test_brightness_and_balance():
    image = picture([0, 0, 0.5, 1], [0, 0.5, 0, 0])
    assert arithmetic.brightness(image) == pytest.approx([0.25])
    assert arithmetic.balance(image) == pytest.approx([(1.5 - 0.5) / 2])
    assert arithmetic.balance(image[:, :, ::-1]) == pytest.approx([-0.5])
    assert arithmetic.balance(np.zeros((1, 4, 4, 3))) == [0]
    odd = picture([1, 9, 3])  # the middle column belongs to neither half
    assert arithmetic.balance(odd) == pytest.approx([0.5])


def test_slant_is_pixels_to_the_right_for_each_one_up():
    line = np.zeros((1, 9, 9, 1))
    for up in range(9):
        line[0, 8 - up, up, 0] = 0.7
    assert arithmetic.slant(line) == pytest.approx([1.0])
    assert arithmetic.slant(line[:, ::-1]) == pytest.approx([-1.0])
    upright = np.zeros((1, 9, 9, 3))
    upright[:, :, 4] = 1
    assert arithmetic.slant(upright) == pytest.approx([0.0])
    assert np.isfinite(arithmetic.slant(np.zeros((1, 5, 5, 1)))).all()


def test_percentiles_count_equal_values_half():
    assert arithmetic.percentiles(np.array([0.0, 2.0, 2.5, 9.0]), np.array([3.0, 1.0, 2.0, 2.0])).tolist() == [0, 50, 75, 100]


def test_exemplars_are_high_in_one_and_middling_in_the_other():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 1000))
    found = arithmetic.exemplars(first, second)
    shares = np.stack([arithmetic.percentiles(v, v) for v in (first, second)])
    assert found.shape == (3, 3) and len(set(found.ravel())) == 9
    for chosen, target in zip(found, ((95, 50), (50, 50), (50, 95))):
        distances = np.hypot(shares[0] - target[0], shares[1] - target[1])
        assert set(chosen) == set(np.argsort(distances)[:3]) and distances[chosen].max() < 6


class Run(Finished):
    """A finished run of a linear generator: each image is a linear map of z, and of the label where there are any."""

    def generator(self, kind):
        z = keras.Input((4,))
        start = keras.initializers.RandomNormal(stddev=0.05, seed=1)
        pixels = keras.layers.Dense(36, kernel_initializer=start, use_bias=False)
        if not self.source.spec.classes:
            return keras.Model(z, keras.layers.Reshape((6, 6, 1))(pixels(z)))
        labels = keras.Input((), dtype="int32")
        shift = keras.layers.Lambda(lambda label: keras.ops.cast(label, "float32")[:, None] / 10)(labels)
        return keras.Model([z, labels], keras.layers.Reshape((6, 6, 1))(pixels(z) + shift))

    def prior(self):
        return priors.Prior("uniform_-1_1", 4)


def run(classes=0, seed=0):
    spec = SimpleNamespace(name="blobs", title="blobs", classes=classes, scaling=Linear(-1.0, 1.0))
    return Run(None, SimpleNamespace(seed=seed), SimpleNamespace(spec=spec), None, {})


CHOSEN = arithmetic.BRIGHTNESS, arithmetic.BALANCE


@pytest.mark.parametrize("classes", [0, 3])
def test_with_a_linear_generator_the_arithmetic_on_z_and_on_pixels_agree(classes):
    found = arithmetic.trials(run(classes), "last", CHOSEN, n=4)
    network = run(classes).generator("last")
    for i, trial in enumerate(found):
        assert trial.images.shape == (3, 3, 6, 6, 1) and trial.results.shape == (9, 6, 6, 1)
        np.testing.assert_allclose(trial.results[4], trial.pixels, atol=1e-6)
        np.testing.assert_allclose(trial.means, trial.images.mean(axis=1), atol=1e-6)
        apart = np.abs(trial.results - trial.results[4]).max(axis=(1, 2, 3))
        largest = 0.25 * np.abs(network.get_weights()[0]).sum(axis=0).max()
        assert apart[4] == 0 and (np.delete(apart, 4) > 0).all() and apart.max() <= largest
        if classes:
            assert np.mean([trial.images.mean(), trial.means.mean()]) == pytest.approx(i % 3 / 10, abs=0.1)
    assert np.mean([trial.percentiles for trial in found], axis=0) == pytest.approx([90, 90], abs=9)
    again = arithmetic.trials(run(classes), "last", CHOSEN, n=2)
    np.testing.assert_array_equal(again[1].results, found[1].results)
    other = arithmetic.trials(run(classes, seed=1), "last", CHOSEN, n=1)
    assert (other[0].images != found[0].images).any() and (found[0].images != found[1].images).any()


def test_measurements_are_means_over_trials():
    shares = np.array([(90.0, 50.0), (94.0, 60.0), (98.0, 100.0)])
    trials = [SimpleNamespace(percentiles=row) for row in shares]
    bright, right = representations.arithmetic_percentiles(run(), "last", trials, CHOSEN)
    assert (bright.metric, right.metric) == ("arithmetic_brightness_percentile", "arithmetic_balance_percentile")
    assert (bright.value, right.value) == pytest.approx((94, 70))
    assert bright.standard_error == pytest.approx(4 / np.sqrt(3))
    assert bright.n_trials == 3 and bright.n_samples == 1000 and bright.unit == "%"
    assert representations.arithmetic_percentiles(run(), "last", trials[:1], CHOSEN)[0].standard_error is None
