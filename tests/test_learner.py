"""Learner: one network and its rule as a Trainable: its updates, its metrics, its averages, exact resume, what it refuses."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import games
from support.loops import StopAt, assert_same, rows

from gan_repro.latent.chains import Chain
from gan_repro.networks import initial, tied
from gan_repro.runs.workdir import Workdir
from gan_repro.system.errors import RunError, UsageError
from gan_repro.system.signals import Interrupted
from gan_repro.training import history, learner, optimizers, trainer

pytestmark = pytest.mark.played

CHAIN = Chain(
    start=lambda network, m, draws: draws.uniform([m, *network.input_shape[1:]]),
    step=lambda network, x, draws: network(x),
    image=lambda network, x, draws: x,
    chains=4,
    burn_in=1,
)


def squares(network, x, context):
    """Mean squared error of the reconstruction of noisy images, beside the mean output."""
    again = network(x + context.draws.normal(tf.shape(x), 0.1))
    return {"error": tf.reduce_mean((again - x) ** 2), "mean_output": tf.reduce_mean(again)}


def rule(loss=squares, metrics=("error", "mean_output"), **fields):
    """Momentum SGD of a loss."""
    gradients = learner.gradients_of(loss)
    return learner.LearningRule(optimizer=optimizers.MomentumSGD(0.5, 0.5), gradients=gradients, metrics=metrics, **fields)


def build(source, init_seed=1, given=None, units=(6,), **options):
    """A Learner of a small stack on `source`, minibatches of 20."""
    keras.utils.set_random_seed(init_seed)

    def network():
        return tied.stack(source.spec.shape, units, [initial.normal(0.1) for _ in units])

    return learner.Learner(network(), given or rule(), CHAIN, source, 20, 0, sampler=network(), **options)


def test_a_step_is_the_rules_update(digits):
    """One step of momentum SGD on the reference's own gradient, and its metrics."""
    held = tf.Variable(tf.zeros([20, *digits.spec.shape]), trainable=False)

    def loss(network, x, context):
        held.assign(x)
        return {"error": tf.reduce_mean((network(x) - x) ** 2)}

    played = build(digits, given=rule(loss, ("error",), variables={"x": held}))
    before = [variable.numpy() for variable in played.network.trainable_variables]
    metrics = played.steps(1)
    x = held.numpy().astype(np.float64)
    flat = x.reshape(20, -1)
    w, b, c = (each.astype(np.float64) for each in before)

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    h = sigmoid(flat @ w + b)
    r = sigmoid(h @ w.T + c)
    assert metrics["error"][0] == pytest.approx(((r - flat) ** 2).mean(), rel=1e-5)
    d_down = 2 * (r - flat) / flat.size * r * (1 - r)
    d_up = d_down @ w * h * (1 - h)
    expected = flat.T @ d_up + d_down.T @ h, d_up.sum(axis=0), d_down.sum(axis=0)
    for variable, old, gradient in zip(played.network.trainable_variables, before, expected):
        np.testing.assert_allclose(variable.numpy(), old - 0.5 * gradient, atol=1e-6)


def test_metrics_are_the_rules_and_a_sum_of_gradients(digits):
    played = build(digits)
    found = played.steps(3)
    assert list(found) == ["error", "mean_output", "gradient"] and played.metrics == ("error", "mean_output")
    assert all(len(values) == 3 and values.count() == 3 for values in found.values())
    assert played.step == 3 and played.others() == {} and not played.probabilities


def test_many_steps_in_one_call_are_those_of_many_calls(digits):
    whole, parts = build(digits, averages=("mean-from-0",)), build(digits, averages=("mean-from-0",))
    games.play(whole, 23)
    for n in (1, 4, 5, 7, 3, 3):
        parts.steps(n)
    assert games.equal(games.weights(whole), games.weights(parts)) and whole.traces == 1
    assert parts.step == 23 and any(name.startswith("average/") for name in games.weights(whole))


def test_averages_are_of_the_networks_weights(digits):
    played = build(digits, averages=("ema-.9",))
    games.play(played, 40)
    last, average = (played.weights(kind).get_weights() for kind in played.kinds())
    assert played.kinds() == ("last", "ema-.9") and any((a != b).any() for a, b in zip(last, average))
    for weight, now in zip(played.network.weights, last):
        np.testing.assert_array_equal(weight.numpy(), now)


def test_samples_are_the_chains(digits):
    played = build(digits)
    np.testing.assert_array_equal(played.sample(8, 5), CHAIN.images(played.network, 8, 5))
    samples, real = played.monitor_batch()
    assert samples.shape == real.shape and np.isfinite(samples).all()


def test_frozen_layers_stay(digits):
    played = build(digits, units=(6, 5))
    layers = tied.layers(played.network)
    layers[0].trainable = False
    again = learner.Learner(
        played.network, rule(), CHAIN, digits, 20, 0, sampler=tied.stack(digits.spec.shape, (6, 5), [initial.normal(0.1)] * 2)
    )
    before = [layer.get_weights() for layer in layers]
    again.steps(5)
    after = [layer.get_weights() for layer in layers]
    assert all((a == b).all() for a, b in zip(before[0], after[0]))
    assert all((a != b).any() for a, b in zip(before[1], after[1]))


# ---- in the loop ------------------------------------------------------------------------------------------------------


def grown(source):
    """(before) -> a Learner with two layers, the lower one of which is that of a Learner with one."""

    def grow(before):
        made = build(source, init_seed=2, units=(6, 5), tag=1)
        tied.take_over(made.network, before.network)
        return learner.Learner(
            made.network, rule(), CHAIN, source, 20, 0, sampler=made.sampler, tag=1, averages=("mean-from-0",)
        )

    return grow


def loop(source, folder, callbacks=(), epochs=(2, 3)):
    """A Loop of two stages, layer by layer."""
    builds = (lambda before: build(source)), grown(source)
    stages = [
        trainer.Stage(f"layer {i}", n, made, (lambda images: float(images.mean())) if i else None, 8, 2)
        for i, (n, made) in enumerate(zip(epochs, builds))
    ]
    return trainer.Loop(stages, Workdir(folder), 0, callbacks, lambda line: None)


def test_layers_are_trained_one_after_the_other(digits, tmp_path):
    made = loop(digits, tmp_path)
    played = made.run()
    table = rows(tmp_path)
    assert [row["stage"] for row in table] == ["layer 0"] * 2 + ["layer 1"] * 3
    assert list(table[0])[:5] == ["stage", "epoch", "step", "error", "mean_output"]
    assert [row["validation_last"] != "" for row in table] == [False, False, False, True, False]
    assert Workdir(tmp_path).kinds() == ["best", "last", "mean-from-0"]
    first = build(digits)
    games.play(first, 20)
    for a, b in zip(tied.layers(first.network)[0].get_weights(), tied.layers(played.network)[0].get_weights()):
        np.testing.assert_array_equal(a, b)
    curves = history.curves(made.progress.rows)
    assert list(curves["training"]) == ["epoch", "error", "mean_output", "diversity"]
    assert len(curves["training"]["error"]) == 5 and list(curves["validation"]) == ["last", "mean-from-0"]


@pytest.mark.slow
@pytest.mark.parametrize("at", [33, *(pytest.param(step, marks=pytest.mark.slow) for step in (7, 20))])
def test_an_interrupted_training_goes_on_to_the_same_bits(digits, tmp_path, at, monkeypatch):
    monkeypatch.setattr(trainer, "CALL_SECONDS", 0.0)  # one minibatch a call
    whole = loop(digits, tmp_path / "whole")
    whole.run()
    with pytest.raises(Interrupted):
        loop(digits, tmp_path / "parts", [StopAt(at)]).run()
    again = loop(digits, tmp_path / "parts")
    again.run()
    assert_same(games.weights(again.trainable), games.weights(whole.trainable))
    assert rows(tmp_path / "parts") == rows(tmp_path / "whole")


# ---- what it refuses --------------------------------------------------------------------------------------------------


def test_a_loss_that_is_not_finite_ends_the_run(digits, tmp_path):
    def loss(network, x, context):
        bad = tf.where(context.step == 4, float("nan"), 1.0)
        return {"error": bad * tf.reduce_mean((network(x) - x) ** 2)}

    stage = trainer.Stage("learning", 1, lambda before: build(digits, given=rule(loss, ("error",))))
    with pytest.raises(RunError, match="error became nan at step 5"):
        trainer.Loop([stage], Workdir(tmp_path), 0, (), print).run()


@pytest.mark.parametrize(
    "given, words",
    [
        (lambda: rule(metrics=("error",)), "names error"),
        (lambda: rule(lambda network, x, context: {"error": tf.reduce_mean(x)}, ("error",)), "learn nothing"),
        (lambda: rule(metrics=("a,b",)), "without commas"),
        (lambda: rule(metrics=()), "give them names"),
        (lambda: dataclasses.replace(rule(), gradients=lambda *given: ([], {})), "0 gradients for the 3"),
    ],
)
def test_rules_that_cannot_be(digits, given, words):
    with pytest.raises(UsageError, match=words):
        build(digits, given=given()).prepare()


def test_a_variable_that_no_checkpoint_would_keep(digits):
    memory = tf.Variable(0.0, trainable=False, name="memory")

    def loss(network, x, context):
        memory.assign_add(1.0)
        return {"error": tf.reduce_mean((network(x) - x) ** 2) + 0 * memory}

    with pytest.raises(UsageError, match="memory.*must own it: LearningRule"):
        build(digits, given=rule(loss, ("error",))).prepare()
    kept = build(digits, given=rule(loss, ("error",), variables={"memory": memory}))
    kept.steps(3)
    assert float(kept.state()["rule/memory"]) == 3


def test_several_devices_are_refused(digits):
    with games.two_replicas().scope(), pytest.raises(UsageError, match="2 devices: a network that learns alone takes one"):
        build(digits)
