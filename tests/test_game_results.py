"""What a game's result depends on: seeds, not the length of calls, averages, XLA or the number of replicas."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import games, marks
from support.games import OFF, equal, final, play, two_replicas

from gan_repro.latent import priors
from gan_repro.networks import constraints, precision
from gan_repro.system.errors import UsageError
from gan_repro.training import losses, optimizers, schedule

pytestmark = pytest.mark.played

# ---- seeds and calls -------------------------------------------------------------------------------------------------


def test_the_length_of_calls_never_changes_the_result(digits):
    reference = final(digits, averages=("ema-.9", "mean-from-1"))
    assert equal(reference, final(digits, chunks=[1, 5, 4, 7, 6], averages=("ema-.9", "mean-from-1")))


@pytest.mark.slow
def test_seeds_decide(digits):
    first, again, other = final(digits), final(digits), final(digits, seed=1)
    assert equal(first, again) and not equal(first, other)


@pytest.mark.slow
def test_getting_ready_plays_nothing_and_changes_nothing(digits):
    ready, plain = games.build(digits), games.build(digits)
    before = games.weights(ready)
    ready.prepare()
    assert ready.step == 0 and ready.traces == 1
    for name, array in games.weights(ready).items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)
    play(ready, 13), play(plain, 13)
    assert ready.traces == 1
    for name, array in games.weights(ready).items():
        np.testing.assert_array_equal(array, games.weights(plain)[name], err_msg=name)


def test_samples_are_a_function_of_seed_and_weights(digits):
    played = games.build(digits)
    a = played.sample(30, seed=5)
    assert a.shape == (30, 8, 8, 1) and a.dtype == np.float32 and a.min() >= 0 and a.max() <= 1
    np.testing.assert_array_equal(a, played.sample(30, seed=5))
    np.testing.assert_array_equal(a[:7], played.sample(7, seed=5))
    assert (a != played.sample(30, seed=6)).any()


# ---- averages --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_averages_never_touch_the_training(digits):
    plain, averaged = final(digits), final(digits, averages=("ema-.99",))
    assert all(np.array_equal(plain[name], averaged[name]) for name in plain)


def test_averages_follow_their_definition(digits):
    played = games.build(digits, averages=("ema-.95", "mean-from-2"), schedule=schedule.alternating())
    snapshots, expected = [], {}
    for t in range(1, 61):
        played.steps(1)
        if t % 10 == 0:
            snapshots.append(played.generator.network.weights[0].numpy().astype(np.float64))
    average = 0.0
    for k, w in enumerate(snapshots, 1):
        average = average + max(1 - 0.95**10, 1 / k) * (w - average)
    expected["ema-.95"] = average
    expected["mean-from-2"] = np.mean(snapshots[1:], axis=0)  # two epochs of 10 minibatches: from step 20 on
    for kind, values in expected.items():
        np.testing.assert_allclose(played.weights(kind).weights[0].numpy(), values, rtol=1e-5, atol=1e-6)


def test_a_uniform_average_is_the_last_weights_that_it_saw_before_it_begins(digits):
    played = games.build(digits, averages=("mean-from-5",))
    play(played, 20)
    seen = [weight.numpy() for weight in played.generator.network.weights]
    play(played, 3)  # too few for another look
    for a, b in zip(played.weights("mean-from-5").weights, seen):
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-6, atol=1e-8)


# ---- precision, XLA --------------------------------------------------------------------------------------------------


def test_bfloat16_trains_and_samples_in_float32(digits):
    played = games.build(digits, precision="mixed_bfloat16")
    metrics = play(played, 20)
    assert np.isfinite(metrics["d_loss"]).all()
    assert {w.dtype for w in played.generator.network.weights} == {"float32"}
    assert played.generator.network.layers[1].compute_dtype == "bfloat16"
    samples = played.sample(200, seed=0)
    assert played.sampler.layers[1].compute_dtype == "float32"
    exact = samples.astype(np.float64).ravel()
    assert len(np.unique(exact)) > 5000  # bfloat16 pixels in (0, 1) would take a few hundred values


def test_precision_policy_comes_back():
    with precision.policy("mixed_bfloat16"):
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    assert keras.config.dtype_policy().name == "float32"


class FixedPrior(priors.Prior):
    """The same z at every step: XLA draws other bits from the same seed, which is not what is compared here."""

    def draw(self, n, pair):
        del pair
        return tf.constant(np.random.default_rng(5).normal(size=(n, self.size)), tf.float32)


@pytest.mark.slow
def test_xla_computes_the_same_step(digits, monkeypatch):
    monkeypatch.setattr(priors, "Prior", FixedPrior)
    plain, compiled = (final(digits, n=3, dropout=OFF, jit_compile=jit) for jit in (False, True))
    for name, values in plain.items():
        np.testing.assert_allclose(compiled[name], values, rtol=1e-4, atol=1e-5, err_msg=name)


# ---- several replicas ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "order",
    marks.slow_after(1, [schedule.simultaneous(), schedule.alternating(n_critic=2), schedule.alternate_minibatches()]),
)
def test_two_replicas_equal_one_device(digits, order):
    options = {"dropout": OFF, "schedule": order, "averages": ("mean-from-0",), "constraint": constraints.WeightClip(0.25)}
    one = games.build(digits, **options)
    metrics = play(one, 10)
    with two_replicas().scope():
        two = games.build(digits, **options)
        metrics_two = play(two, 10)
    a, b = games.weights(one), games.weights(two)
    for name in a:
        np.testing.assert_allclose(b[name], a[name], atol=1e-5, err_msg=name)
    for name in metrics:
        np.testing.assert_allclose(metrics_two[name], metrics[name], atol=1e-5)


@pytest.mark.slow
def test_replicas_draw_from_different_seeds(digits):
    """The loss is a hash of the seed that a term draws from: the mean over replicas is that of one only if they agree."""

    def spy(current):
        return tf.cast(current.seed()[0] % 1000, tf.float32) + 0.0 * losses.log_real(current)

    def hashes():
        played = games.build(digits, d_terms=(losses.Term("spy", spy),), schedule=schedule.alternating())
        return play(played, 5)["d_loss"]

    one = hashes()
    with two_replicas().scope():
        two = hashes()
    assert (np.abs(one - two) > 0.4).all()


@pytest.mark.slow
def test_max_column_norm_holds_on_two_replicas(digits):
    with two_replicas().scope():
        keras.utils.set_random_seed(0)
        played = games.build(digits)
        kernel = played.discriminator.network.layers[3].kernel
        kernel.constraint = constraints.MaxColumnNorm(0.2)
        play(played, 2)
    assert np.linalg.norm(kernel.numpy(), axis=0).max() <= 0.2 * (1 + 1e-5)


@pytest.mark.parametrize(
    "order",
    marks.slow_after(1, [schedule.simultaneous(), schedule.alternating(n_critic=3), schedule.alternate_minibatches()]),
)
def test_unrolled_as_on_several_machines_the_step_is_the_same(digits, order):
    """A MultiWorkerMirroredStrategy of this process alone. Several processes are in test_many_machines.py."""
    options = {"schedule": order, "averages": ("ema-.9",)}
    expected = final(digits, **options)
    with tf.distribute.MultiWorkerMirroredStrategy().scope():
        played = games.build(digits, **options)
        play(played, 23)
    assert played.traces == (1 if order.n_critic == 1 and not order.g_alone else 2)
    assert equal(expected, games.weights(played))


def test_a_scaled_loss_is_refused_on_several_machines(digits, monkeypatch):
    monkeypatch.setattr(
        optimizers, "MomentumSGD", lambda *given: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(*given))
    )
    with tf.distribute.MultiWorkerMirroredStrategy().scope(), pytest.raises(UsageError, match="scales the loss .float16"):
        games.build(digits)
