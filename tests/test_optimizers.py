"""Optimizers and their schedules against the originals' formulas in float64 numpy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_repro.training.optimizers import Adam, ExponentialDecay, LinearDecay, LinearMomentum, MomentumSGD, RMSprop


def test_updates_follow_pylearn2_across_epochs():
    """v <- mu v - lr g, p <- p + v; lr decays per update, mu grows per epoch of 3 updates."""
    start = np.array([1.0, -2.0, 3.0])
    variable = keras.Variable(start.astype(np.float32))
    optimizer = MomentumSGD(ExponentialDecay(0.1, 1.05, 0.07), LinearMomentum(0.5, 0.7, 3, 3))
    optimizer.build([variable])

    @tf.function
    def update(g):
        optimizer.apply([g], [variable])

    p, v = start.copy(), np.zeros(3)
    for t in range(12):
        g = np.sin(np.arange(3) + t)
        lr = max(0.1 / 1.05**t, 0.07)
        epoch = t // 3 + 1  # 1-based, as in pylearn2
        mu = 0.5 + 0.2 * min((epoch - 1) / (3 - 1), 1)
        v = mu * v - lr * g
        p = p + v
        update(tf.constant(g, tf.float32))
        np.testing.assert_allclose(variable.numpy(), p, rtol=2e-6)
    assert int(optimizer.iterations) == 12


def test_decay_of_the_paper_keeps_its_digits():
    """1.000004 in float32 would be 1.0000038: after 100,000 updates that is 2 % off."""
    schedule = ExponentialDecay(0.1, 1.000004, 1e-6)
    for t in (0, 1, 100_000, 1_000_000):
        assert float(schedule(t)) == pytest.approx(0.1 / 1.000004**t, rel=1e-5)
    assert float(schedule(10**8)) == pytest.approx(1e-6)


@pytest.mark.parametrize(
    ("epoch", "expected"), [(1, 0.5), (2, 0.5 + 0.2 / 249), (125, 0.5 + 0.2 * 124 / 249), (250, 0.7), (999, 0.7)]
)
def test_momentum_of_the_paper(epoch, expected):
    schedule = LinearMomentum(0.5, 0.7, 250, 500)
    assert float(schedule(500 * (epoch - 1))) == pytest.approx(expected, rel=1e-6)
    assert float(schedule(500 * epoch - 1)) == pytest.approx(expected, rel=1e-6)


def test_a_constant_momentum():
    variable = keras.Variable([1.0])
    optimizer = MomentumSGD(0.5, 0.9)
    optimizer.build([variable])
    for _ in range(2):
        optimizer.apply([tf.constant([1.0])], [variable])
    assert variable.numpy() == pytest.approx(1 - 0.5 - 0.95)


def test_rmsprop_is_pytorchs_also_where_gradients_are_tiny():
    """v <- .99 v + .01 g^2; p <- p - lr g / (sqrt(v) + 1e-8): torch/optim/rmsprop.py."""
    start = np.array([0.01, -0.02, 0.03])
    variable = keras.Variable(start.astype(np.float32))
    optimizer = RMSprop(5e-5)
    optimizer.build([variable])
    p, v = start.copy(), np.zeros(3)
    for t in range(8):
        g = 1e-7 * np.sin(np.arange(3) + t)
        v = 0.99 * v + 0.01 * g**2
        p = p - 5e-5 * g / (np.sqrt(v) + 1e-8)
        optimizer.apply([tf.constant(g, tf.float32)], [variable])
        np.testing.assert_allclose(variable.numpy(), p, rtol=1e-5)
    assert np.abs(p - start).min() > 1e-5  # the gradients are tiny, the steps are not


def test_adam_is_keras_adam_in_one_pass():
    """m <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g^2; p <- p - lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon)."""
    start = np.array([[1.0, -2.0, 3.0]])
    ours, theirs = (keras.Variable(start.astype(np.float32)) for _ in range(2))
    optimizers = {}
    for kind, variable in ((Adam, ours), (keras.optimizers.Adam, theirs)):
        optimizers[kind] = kind(ExponentialDecay(0.01, 1.1, 0.0), beta_1=0.5, beta_2=0.9, epsilon=1e-3)
        optimizers[kind].build([variable])

    @tf.function
    def update(g):
        optimizers[Adam].apply([g], [ours])
        optimizers[keras.optimizers.Adam].apply([g], [theirs])

    p, m, v = start.copy(), 0.0, 0.0
    for t in range(1, 13):
        g = 0.01 * np.sin(np.arange(3) + t)[None]
        m, v = 0.5 * m + 0.5 * g, 0.9 * v + 0.1 * g**2
        p = p - 0.01 / 1.1 ** (t - 1) * np.sqrt(1 - 0.9**t) / (1 - 0.5**t) * m / (np.sqrt(v) + 1e-3)
        update(tf.constant(g, tf.float32))
        np.testing.assert_allclose(ours.numpy(), p, rtol=1e-6)
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)
    moments = [[w.numpy() for w in optimizer.variables[2:]] for optimizer in optimizers.values()]
    for mine, its in zip(*moments, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-5)
    with pytest.raises(ValueError, match="keras.optimizers.Adam"):
        Adam(0.1, amsgrad=True)


@pytest.mark.parametrize(
    ("epoch", "expected"), [(1, 1.0), (100, 1.0), (101, 1.0), (102, 0.99), (151, 0.5), (200, 0.01), (201, 0.0), (500, 0.0)]
)
def test_linear_decay_goes_to_zero_behind_the_last_epoch(epoch, expected):
    """dcgan_code: lr - lr0 / niter_decay at the end of every epoch after the first niter = 100."""
    schedule = LinearDecay(2e-4, 100, 100, 195)
    assert float(schedule(195 * (epoch - 1))) == pytest.approx(2e-4 * expected, rel=1e-4, abs=1e-12)
    assert float(schedule(195 * epoch - 1)) == pytest.approx(2e-4 * expected, rel=1e-4, abs=1e-12)
