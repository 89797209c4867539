"""The terms of the losses against their equations in float64 numpy, and golden values. The game is in test_game_*.py."""

import types

import numpy as np
import pytest
import tensorflow as tf

from gan_repro.system.errors import UsageError
from gan_repro.training import losses

REAL = np.array([[2.0], [-1.0], [0.5]])
GENERATED = np.array([[-3.0], [0.25], [40.0]])


def total(terms, context):
    return float(losses.total(terms, losses.values_of(terms, context)))


def value(terms):
    return total(terms, types.SimpleNamespace(d_real=REAL.astype(np.float32), d_generated=GENERATED.astype(np.float32)))


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
    assert total(losses.minimax().discriminator, play) == pytest.approx(np.log(4), rel=1e-6)


def test_large_logits_stay_finite():
    play = types.SimpleNamespace(d_real=np.float32([[-1e4]]), d_generated=np.float32([[1e4]]))
    for pair in (losses.minimax(), losses.non_saturating_pair()):
        assert np.isfinite(total(pair.discriminator, play))
        assert np.isfinite(total(pair.generator, play))


def test_squared_weights_are_half_the_sum_of_squares_of_one_players_weights():
    weights = {"generator": [np.array([[1.0, -2.0], [3.0, 0.5]]), np.array([4.0])], "discriminator": [np.array([7.0])]}
    play = types.SimpleNamespace(trainable=lambda role: [weight.astype(np.float32) for weight in weights[role]])
    assert float(losses.squared_weights("generator")(play)) == pytest.approx((1 + 4 + 9 + 0.25 + 16) / 2)
    assert float(losses.squared_weights("discriminator")(play)) == pytest.approx(24.5)


def test_what_is_shown_of_ds_output():
    assert float(losses.minimax().d_output(0.0)) == 0.5
    assert float(losses.wasserstein().d_output(3.0)) == 3.0


# ---- cross-entropy ----------------------------------------------------------------------------------------------------


def with_heads(**heads):
    """A context in which D has these heads, each {"real", "generated": array}; None is the first of them."""
    return types.SimpleNamespace(
        head=lambda name, which: (heads[name] if name else next(iter(heads.values())))[which].astype(np.float32),
        labels=np.array([2, 0, 1]),
        generated_labels=np.array([1, 1, 0]),
    )


@pytest.mark.parametrize("target", [0, 0.1, 0.9, 1.0])
def test_cross_entropy_with_a_constant(target):
    context = with_heads(source={"real": REAL, "generated": GENERATED})
    for which, logits in (("real", REAL), ("generated", GENERATED)):
        expected = (target * np.log1p(np.exp(-logits)) + (1 - target) * np.log1p(np.exp(logits))).mean()
        term = losses.cross_entropy(which, target)
        assert float(term.value(context)) == pytest.approx(expected, rel=1e-6)
        assert which in term.name and term.weight == 1


def test_cross_entropy_with_constants_makes_the_known_pairs():
    context = with_heads(source={"real": REAL, "generated": GENERATED})
    d_terms = losses.cross_entropy("real", 1.0), losses.cross_entropy("generated", 0.0)
    assert total(d_terms, context) == pytest.approx(value(losses.minimax().discriminator), rel=1e-6)
    g_terms = (losses.cross_entropy("generated", 1.0),)
    assert total(g_terms, context) == pytest.approx(value(losses.non_saturating_pair().generator), rel=1e-6)


def test_cross_entropy_with_labels_is_that_of_the_softmax():
    logits = {which: np.random.default_rng(i).normal(size=(3, 4)) for i, which in enumerate(("real", "generated"))}
    context = with_heads(source={"real": REAL, "generated": GENERATED}, classes=logits)
    for which, labels in (("real", context.labels), ("generated", context.generated_labels)):
        shares = np.exp(logits[which]) / np.exp(logits[which]).sum(1, keepdims=True)
        term = losses.cross_entropy(which, "labels", head="classes", weight=0.5)
        assert float(term.value(context)) == pytest.approx(-np.log(shares[range(3), labels]).mean(), rel=1e-6)
        assert total((term,), context) == pytest.approx(-0.5 * np.log(shares[range(3), labels]).mean(), rel=1e-6)


@pytest.mark.parametrize(
    "given", [("fake", 1.0), ("real", 1.1), ("real", -1), ("real", np.nan), ("real", "ones"), ("real", None)]
)
def test_wrong_cross_entropies_are_refused(given):
    with pytest.raises(UsageError) as caught:
        losses.cross_entropy(*given)
    assert repr(given[1 if given[0] == "real" else 0]) in str(caught.value) and "\n" not in str(caught.value)


# ---- gradient penalty -------------------------------------------------------------------------------------------------


def test_the_gradient_penalty_of_a_quadratic():
    """D(x) = |x|^2 / 2 has the gradient x: the penalty is the mean of (|x^| - 1)^2, larger slopes and smaller ones."""
    random = np.random.default_rng(0)
    x, samples = (random.normal(size=(6, 2, 2, 1)) * scale for scale in (0.2, 0.9))
    context = types.SimpleNamespace(
        x=tf.constant(x, tf.float32),
        samples=tf.constant(samples, tf.float32),
        seed=lambda: tf.constant([1, 2]),
        discriminate=lambda images: tf.reduce_sum(tf.square(images), axis=[1, 2, 3], keepdims=True)[:, 0, 0] / 2,
        pick=lambda output, head: output,
        check_apart=lambda what: None,
    )
    share = tf.random.stateless_uniform([6, 1, 1, 1], [1, 2], alg="philox").numpy()
    norms = np.sqrt(np.square(share * x + (1 - share) * samples).sum(axis=(1, 2, 3)))
    assert (norms < 1).any() and (norms > 1).any()
    term = losses.gradient_penalty()
    assert float(term.value(context)) == pytest.approx(np.square(norms - 1).mean(), rel=1e-5)
    assert term.weight == 10 and len(np.unique(share)) == 6
