"""The benchmark of networks that learn alone: PyTorch's walkback is ours, products counted by hand, every row runs."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from gan_repro.benchmark import floors, goals, learners, rounds, steps, walkback
from gan_repro.system import randomness

TINY = dataclasses.replace(rounds.QUICK, large=32)


def test_the_operations_of_the_papers_walkback_are_counted():
    """Forward 4 times up and down between pixels and h1, 3 times between h1 and h2; three products each, but for pixels."""
    low, high = 784 * 1500, 1500 * 1500
    listed = walkback.products((784, 1500, 1500), 4, 100)
    assert floors.flops(listed) == 2 * 100 * (3 * (8 * low + 6 * high) - 4 * low)
    (once,) = {tuple(walkback.products((784, 30, 20), 1, 7))}
    assert floors.flops(once) == 2 * 7 * (3 * 2 - 1) * 784 * 30


@pytest.mark.parametrize("times", [1, 3])
def test_the_steps_of_pytorch_are_ours(times, monkeypatch):
    """From our weights, without noise, and pixels that are rounded where they would be drawn."""
    torch = pytest.importorskip("torch")
    settings = ("batch_size=8", f"walkback={times}", "hidden_noise=0", "salt_and_pepper=0", "learning_rate=5")
    monkeypatch.setattr(torch, "bernoulli", lambda p: (p > 0.5).to(p.dtype))
    monkeypatch.setattr(randomness.Draws, "bernoulli", lambda self, p: tf.cast(p > 0.5, p.dtype))
    learner = steps.game("bengio2014", "smoke", settings=settings, images=100)
    trainer = walkback.TorchWalkback(steps.configured("bengio2014", "smoke", settings=settings)[1].recipe, 784)
    with torch.no_grad():
        for parameter, variable in zip(trainer.parameters, learner.network.trainable_variables, strict=True):
            parameter.copy_(torch.from_numpy(variable.numpy().copy()))
            trainer.optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)  # else the first gradient
    minibatches, batch = [], learner.source.batch

    def noted(*where):
        minibatches.append(batch(*where))
        return minibatches[-1]

    learner.prepare()
    monkeypatch.setattr(learner.source, "batch", noted)
    tf.config.run_functions_eagerly(True)
    try:
        learner.steps(3)
    finally:
        tf.config.run_functions_eagerly(False)
    before = [parameter.detach().numpy().copy() for parameter in trainer.parameters]
    for x, _ in minibatches:
        trainer.step(torch.from_numpy(x.numpy().reshape(len(x), -1)))
    assert len(minibatches) == 3 and (before[0] != trainer.parameters[0].detach().numpy()).any()
    for mine, other in zip(learner.network.trainable_variables, trainer.parameters):
        np.testing.assert_allclose(mine.numpy(), other.detach().numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_every_row_runs_on_networks_of_one_size():
    (task,) = walkback.tasks(dataclasses.replace(TINY, convolutional_steps=1))
    rows = rounds.measure(task, 1)
    assert all(row.seconds for row in rows if not row.name.startswith("PyTorch") or not row.not_run)
    (counts,) = {tuple(row.parameters.items()) for row in rows if row.parameters}
    assert dict(counts) == {"network": 784 * 32 + 32 * 32 + 784 + 32 + 32}
    there = {(row.task, row.name) for row in rows}
    assert {key for goal in goals.GOALS for key in goal.rows if key[0] == "gsn"} <= there


def test_an_rbms_step_is_five_products():
    listed = learners.products(784, 1024, 100)
    assert floors.flops(listed) == 5 * 2 * 100 * 784 * 1024
    assert [kind for _, kind, _ in listed].count(floors.TO_WEIGHTS) == 2


def test_all_rbms_train_as_many_numbers_and_move():
    task = next(task for task in learners.tasks(rounds.QUICK) if task.name == "rbm")
    found = rounds.measure(task, 1)
    assert {row.name: row.parameters.get("network") for row in found if row.parameters} == {
        row.name: 784 * 16 + 16 + 784 for row in found if row.parameters
    }
    assert next(row for row in found if row.name == "ours, float32").seconds
    prepared = learners.ours("smoke")
    before = prepared.weights()["network"]
    prepared.run(2)
    assert all((a != b).any() for a, b in zip(before, prepared.weights()["network"]))
