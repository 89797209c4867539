"""The terms of the losses against their equations in float64 numpy, and golden values. The game is in test_game.py."""

import types

import numpy as np
import pytest

from gan_repro.training import losses

REAL = np.array([[2.0], [-1.0], [0.5]])
GENERATED = np.array([[-3.0], [0.25], [40.0]])


def value(terms):
    play = types.SimpleNamespace(d_real=REAL.astype(np.float32), d_generated=GENERATED.astype(np.float32))
    return float(losses.total(terms, play))


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


@pytest.mark.parametrize("weight", [1.0, 0.5])
def test_discriminator_maximises_the_value_function(weight):
    # eq. 1: V = E log D(x) + E log(1 - D(G(z))); log(1 - sigmoid(40)) needs log1p in float64
    expected = -weight * (np.log(sigmoid(REAL)).mean() + (-np.log1p(np.exp(GENERATED))).mean())
    assert value(losses.minimax(weight).discriminator) == pytest.approx(expected, rel=1e-6)
    assert value(losses.non_saturating_pair(weight).discriminator) == pytest.approx(expected, rel=1e-6)


def test_generators():
    assert value(losses.minimax().generator) == pytest.approx(-np.log1p(np.exp(GENERATED)).mean(), rel=1e-6)
    assert value(losses.non_saturating_pair().generator) == pytest.approx(np.log1p(np.exp(-GENERATED)).mean(), rel=1e-6)
    assert value(losses.wasserstein().generator) == pytest.approx(-GENERATED.mean(), rel=1e-6)
    assert value(losses.wasserstein().discriminator) == pytest.approx(GENERATED.mean() - REAL.mean(), rel=1e-6)


def test_golden_values():
    """Written down once from the equations by hand: a change of sign, weight or mean shows here."""
    assert value(losses.minimax().discriminator) == pytest.approx(14.262932, abs=1e-5)
    assert value(losses.minimax().generator) == pytest.approx(-13.624842, abs=1e-5)
    assert value(losses.non_saturating_pair(0.5).discriminator) == pytest.approx(7.1314659, abs=1e-5)
    assert value(losses.non_saturating_pair(0.5).generator) == pytest.approx(1.2081757, abs=1e-5)
    assert value(losses.wasserstein().discriminator) == pytest.approx(11.916667, abs=1e-5)
    assert value(losses.wasserstein().generator) == pytest.approx(-12.416667, abs=1e-5)


def test_an_undecided_discriminator_loses_log_4():
    play = types.SimpleNamespace(d_real=np.zeros((5, 1), np.float32), d_generated=np.zeros((5, 1), np.float32))
    assert float(losses.total(losses.minimax().discriminator, play)) == pytest.approx(np.log(4), rel=1e-6)


def test_large_logits_stay_finite():
    play = types.SimpleNamespace(d_real=np.float32([[-1e4]]), d_generated=np.float32([[1e4]]))
    for pair in (losses.minimax(), losses.non_saturating_pair()):
        assert np.isfinite(float(losses.total(pair.discriminator, play)))
        assert np.isfinite(float(losses.total(pair.generator, play)))


def test_squared_weights_are_half_the_sum_of_squares_of_one_players_weights():
    weights = {"generator": [np.array([[1.0, -2.0], [3.0, 0.5]]), np.array([4.0])], "discriminator": [np.array([7.0])]}
    play = types.SimpleNamespace(trainable=lambda role: [weight.astype(np.float32) for weight in weights[role]])
    assert float(losses.squared_weights("generator")(play)) == pytest.approx((1 + 4 + 9 + 0.25 + 16) / 2)
    assert float(losses.squared_weights("discriminator")(play)) == pytest.approx(24.5)


def test_readouts():
    assert float(losses.minimax().readout(0.0)) == 0.5
    assert float(losses.wasserstein().readout(3.0)) == 3.0
