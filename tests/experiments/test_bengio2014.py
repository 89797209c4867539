"""The deep GSN against float64 numpy with the same noise: walkback losses, their gradients; the law of the noise; the chain."""

import dataclasses
import itertools
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import make_digits, noise, papers

from experiments import bengio2014
from experiments.bengio2014 import network
from gan_repro.data.scaling import UNIT
from gan_repro.papers import configuration
from gan_repro.system import randomness
from gan_repro.system.errors import UsageError

pytestmark = pytest.mark.played

SHAPE = (2, 3, 1)
LAYERS = [(5,), (5, 4), (5, 4, 3)]


def recipe(**changes):
    return dataclasses.replace(bengio2014.EXPERIMENT.models["gsn"].recipe("smoke", "mnist"), **changes)


def made(units, seed=0):
    """A network of these hidden layers whose weights are all random, and the recipe."""
    keras.utils.set_random_seed(seed)
    found, rng = recipe(hidden_units=units, walkback=3), np.random.default_rng(seed)
    model = network.make(found, SimpleNamespace(shape=SHAPE, scaling=UNIT))
    model.set_weights([np.float32(0.7 * rng.normal(size=weight.shape)) for weight in model.get_weights()])
    return model, found


class Recorded:
    """randomness.Draws that keeps what it gave."""

    def __init__(self):
        self.draws, self.given = randomness.Draws(randomness.seed_pair(0, 0)), {}

    def __getattr__(self, name):
        def draw(*arguments):
            found = getattr(self.draws, name)(*arguments)
            self.given.setdefault(name, []).append(np.asarray(found, np.float64))
            return found

        return draw


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def walkback_losses(kernels, biases, x, given, steps, rate):
    """The losses of all steps in float64, straight from the paper's recursion, with given noise and given drawn pixels."""
    normals, pixels = iter(given.get("normal", ())), iter(given.get("bernoulli", ()))
    (u,) = given["uniform"]
    top = len(kernels)
    h = [np.where(u < rate / 2, 1.0, np.where(u < rate, 0.0, x)), *(np.zeros((len(x), kernel.shape[1])) for kernel in kernels)]
    losses = []
    for step in range(steps):
        if step:
            h[0] = next(pixels)
        for first in (1, 0):  # odd layers, then even ones
            for i in range(first, top + 1, 2):
                total = biases[i] + (h[i - 1] @ kernels[i - 1] if i else 0) + (h[i + 1] @ kernels[i].T if i < top else 0)
                if i == 0:
                    p = sigmoid(total)
                    losses.append(-(x * np.log(p) + (1 - x) * np.log(1 - p)).mean())
                elif i == 1:
                    h[i] = np.tanh(total)
                else:
                    before, after = next(normals), next(normals)
                    h[i] = np.tanh(total + before) + after
    return losses


@pytest.mark.parametrize("units", LAYERS)
def test_losses_and_gradients_of_a_walkback_are_those_of_numpy(units):
    model, found = made(units)
    x = np.float32(np.random.default_rng(1).random((4, *SHAPE)))
    recorded = Recorded()
    gradients, values = network.walkback(found)(model, tf.constant(x), SimpleNamespace(draws=recorded))
    layers = model.get_layer("layers")
    weights = [[np.asarray(weight, np.float64) for weight in each] for each in (layers.kernels, layers.biases)]
    flat = np.float64(x).reshape(len(x), -1)

    def losses():
        return walkback_losses(*weights, flat, recorded.given, found.walkback, found.salt_and_pepper)

    assert len(losses()) == 3
    assert float(values["loss"]) == pytest.approx(sum(losses()), rel=1e-5)
    assert float(values["reconstruction"]) == pytest.approx(losses()[-1], rel=1e-5)
    assert len(gradients) == len(model.trainable_variables) == 2 * len(units) + 1
    for gradient, array in zip(gradients, itertools.chain(*weights)):
        wanted, step = np.empty_like(array), 1e-6
        for place in np.ndindex(array.shape):
            kept, ends = array[place], []
            for sign in (1, -1):
                array[place] = kept + sign * step
                ends.append(sum(losses()))
            array[place] = kept
            wanted[place] = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(gradient, wanted, atol=2e-6, rtol=2e-4)


def test_a_layer_that_one_step_does_not_use_has_no_gradient():
    model, found = made((5, 4))
    x = tf.constant(np.float32(np.random.default_rng(1).random((4, *SHAPE))))
    gradients, _ = network.walkback(dataclasses.replace(found, walkback=1))(model, x, SimpleNamespace(draws=Recorded()))
    names = [weight.name for weight, gradient in zip(model.trainable_variables, gradients) if gradient is None]
    assert names == ["kernel_1", "bias_2"]


def test_a_network_without_noise_is_its_recursion():
    model, _ = made((5, 4))
    x = np.float32(np.random.default_rng(1).random((4, *SHAPE)))
    w1, w2, b0, b1, b2, _ = (np.float64(weight) for weight in model.get_weights())
    flat = np.float64(x).reshape(4, -1)
    h2 = np.tanh(np.tanh(flat @ w1 + b1) @ w2 + b2)
    wanted = sigmoid(np.tanh(flat @ w1 + h2 @ w2.T + b1) @ w1.T + b0)
    np.testing.assert_allclose(np.asarray(model(x)).reshape(4, -1), wanted, rtol=1e-5)


def draws(step=0):
    return randomness.Draws(randomness.seed_pair(0, step))


def test_salt_and_pepper():
    n, rate = 100_000, 0.4
    found = np.asarray(network.corrupted(tf.fill([n, 3], 0.3), rate, draws()))
    for value, share in ((0.0, rate / 2), (1.0, rate / 2), (np.float32(0.3), 1 - rate)):
        assert (found == value).mean() == pytest.approx(share, abs=5 * 0.5 / np.sqrt(3 * n))
    left = (found == np.float32(0.3)).mean(axis=1)  # pixels are independent
    assert left.var() == pytest.approx(rate * (1 - rate) / 3, rel=0.03)
    assert np.asarray(network.corrupted(tf.fill([5, 3], 0.3), 0.0, draws())).max() == np.float32(0.3)


def test_pixels_that_are_drawn_and_corrupted_at_once_have_the_law_of_both():
    means = np.float32([[0.0, 0.1, 0.5, 0.9, 1.0]])
    n, rate = 100_000, 0.4
    both = np.asarray(network.sampled_and_corrupted(tf.tile(means, [n, 1]), rate, draws()))
    drawn = draws(1).bernoulli(tf.tile(means, [n, 1]))
    apart = np.asarray(network.corrupted(drawn, rate, draws(2)))
    assert set(np.unique(both)) == {0.0, 1.0}
    np.testing.assert_allclose(both.mean(axis=0), apart.mean(axis=0), atol=0.01)
    np.testing.assert_allclose(both.mean(axis=0), 0.6 * means[0] + 0.2, atol=0.01)


def test_hidden_noise_stands_before_and_after_the_tanh_of_every_layer_but_the_first():
    model, _ = made((5, 4))
    model.set_weights([0 * weight for weight in model.get_weights()])
    n, std = 50_000, 2.0
    states, logits = network.update(model.get_layer("layers"), [tf.zeros([n, 6]), None, None], std, draws())
    assert not np.asarray(states[1]).any() and not np.asarray(logits).any()
    z = np.random.default_rng(0).normal(size=10**6)
    wanted = std**2 + np.square(np.tanh(std * z)).mean()
    h = np.asarray(states[2], np.float64)
    assert h.mean() == pytest.approx(0, abs=0.03) and h.var() == pytest.approx(wanted, rel=0.02)
    assert abs(np.corrcoef(h.T) - np.eye(4)).max() < 0.03


# ---- the chain -------------------------------------------------------------------------------------------------------


@pytest.fixture
def eagerly():
    """Nothing is traced: what is computed is the same."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def images(model, n=6, seed=3, **changes):
    return network.chain(recipe(hidden_units=(5, 4), **changes)).images(model, n, seed)


@pytest.mark.usefixtures("eagerly")
def test_the_chain_starts_at_the_first_test_image_which_is_dropped():
    model, _ = made((5, 4))
    start = np.float32(np.random.default_rng(5).random(SHAPE))
    network.start_at_test_image(model, SimpleNamespace(scaled=lambda split, n: {"test": start[None]}[split][:n]))
    kept, dropped = images(model, burn_in=0), images(model)
    np.testing.assert_array_equal(kept[0], start)
    np.testing.assert_array_equal(kept[1:], dropped[:-1])
    assert (kept[1] != start).all() and kept.min() >= 0 and kept.max() <= 1


@pytest.mark.usefixtures("eagerly")
def test_thinning_and_chains():
    model, _ = made((5, 4))
    np.testing.assert_array_equal(images(model, 3, thinning=2), images(model)[::2])
    three = images(model, 6, chains=3).reshape(3, 2, *SHAPE)
    assert all((three[i] != three[j]).any() for i, j in ((0, 1), (0, 2), (1, 2)))
    assert (images(model, seed=3) != images(model, seed=4)).any()


def test_a_step_of_the_chain_is_a_step_of_the_walkback():
    """From the same state, with the same random numbers, as numpy has it in float64."""
    model, found = made((5, 4))
    rng = np.random.default_rng(2)
    pixels, h2 = np.float32(rng.integers(0, 2, (3, 6))), np.float32(rng.normal(size=(3, 4)))
    recorded = Recorded()
    chain = network.chain(found)
    means, visible, top = chain.step(model, (tf.zeros([3, 6]), tf.constant(pixels), tf.constant(h2)), recorded)
    w1, w2, b0, b1, b2, _ = (np.float64(weight) for weight in model.get_weights())
    before, after = recorded.given["normal"]
    h1 = np.tanh(pixels @ w1 + h2 @ w2.T + b1)
    np.testing.assert_allclose(means, sigmoid(h1 @ w1.T + b0), rtol=1e-5)
    np.testing.assert_allclose(top, np.tanh(h1 @ w2 + b2 + before) + after, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(visible, recorded.given["bernoulli"][0])
    np.testing.assert_array_equal(chain.image(model, (means, visible, top), recorded), np.reshape(means, (3, *SHAPE)))


# ---- training --------------------------------------------------------------------------------------------------------


def test_updates_are_those_of_the_code():
    """buf <- .5 buf + .5 g; w <- w - rate buf: the rate falls by half a percent after every epoch."""
    model, found = made((5, 4))
    spec = make_digits().spec
    optimizer = bengio2014.rule(dataclasses.replace(found, batch_size=20), spec).optimizer
    weight, rng = keras.Variable(np.ones(3, np.float32)), np.random.default_rng(0)
    optimizer.build([weight])
    wanted, buffer = np.ones(3), np.zeros(3)
    for _ in range(10):  # an epoch
        gradient = rng.normal(size=3)
        buffer = 0.5 * buffer + 0.5 * gradient
        wanted -= 0.25 * buffer
        optimizer.apply([tf.constant(np.float32(gradient))], [weight])
        np.testing.assert_allclose(weight.numpy(), wanted, rtol=1e-5)
    assert float(optimizer.learning_rate) == pytest.approx(0.125 * 0.995)


def test_training_lowers_the_reconstruction_of_digits():
    from gan_repro.training import rules

    config = noise.config("bengio2014", "glyphs", "smoke", epochs=100, batch_size=50, steps_per_epoch=0, learning_rate=2.0)
    (stage,) = rules.stages(config, make_digits())
    played = noise.play(stage.build(None), 160)
    assert played["reconstruction"][-20:].mean() < 0.9 * played["reconstruction"][:5].mean()
    np.testing.assert_array_less(played["reconstruction"] * 2, played["loss"])  # one of four steps


@pytest.mark.parametrize("setting, words", [("hidden_units=", "one layer or more"), ("hidden_units=0", "must be >= 1")])
def test_layers_of_zero_are_refused(setting, words):
    arguments = configuration.find("bengio2014"), "mnist", None, "smoke", 0, None, [setting]
    assert words in papers.message(configuration.resolve, *arguments)


def test_chains_of_one_sample_are_refused():
    from gan_repro.training import rules

    config = noise.config("bengio2014", "glyphs", "smoke", n_samples=50, chains=30)
    with pytest.raises(UsageError, match="60 or more"):
        rules.stages(config, make_digits())


def test_published_numbers_stand_here_alone():
    printed = {
        (number.row, number.dataset): (number.value, number.standard_error) for number in bengio2014.EXPERIMENT.published
    }
    assert printed == {("Deep GSN", "mnist"): (214, 1.1), ("Deep GSN", "tfd"): (1890, 29)}
    assert all(number.ours and number.table == "table1" for number in bengio2014.EXPERIMENT.published)
    assert "Deep GSN" not in {number.row for number in papers.goodfellow().published}


def test_trainings_repeat_and_resume():
    """Five updates, stopped after two, end with the same bytes as five in one; the rate falls in between."""
    (_, first, second), *_ = noise.built("bengio2014", "gsn", "mnist", twice=True, n_samples=50, batch_size=100)
    noise.assert_repeats_and_resumes(first, second, 5, 2)
