"""Random images of any shape as a data source, an experiment's configurations, and what holds for each of its games.

Nothing is tested here.
"""

import dataclasses

import numpy as np

from gan_repro.data.scaling import UNIT
from gan_repro.data.source import InMemory, Spec
from gan_repro.papers import configuration


def source(shape, scaling=UNIT, train=200, classes=0):
    """InMemory with `train` training, 50 validation and 50 test images of uniform noise; black and white occur.

    With `classes`, they have random labels, and every class occurs.
    """
    rng = np.random.default_rng(0)
    sizes = {"train": train, "validation": 50, "test": 50}
    images = {split: rng.integers(0, 256, (n, *shape), np.uint8) for split, n in sizes.items()}
    images["train"][0, 0], images["train"][1, 0] = 0, 255
    labels = {split: rng.permutation(np.arange(n) % classes) for split, n in sizes.items()} if classes else None
    return InMemory(Spec("noise", "noise", shape, classes, sizes, scaling), images, labels)


def config(name, dataset, preset="paper", seed=0, **changes):
    """A resolved Config of experiment `name`, with fields of its recipe changed."""
    found = configuration.resolve(configuration.find(name), dataset, preset, seed)
    return dataclasses.replace(found, recipe=dataclasses.replace(found.recipe, **changes))


def shapes(network):
    """The shapes of its weights, in their order."""
    return [tuple(weight.shape) for weight in network.weights]


def values(played):
    """{name: array} of all that a game's next step depends on."""
    return {name: variable.numpy() for name, variable in played.state().items()}


def assert_learns_repeats_and_resumes(stage, n, at):
    """Two equal games of n minibatches end with the same bits, and so does one that is set back to its state after `at`.

    No weight of either player stays as it began. Returns the first game.
    """
    first, second = stage.build(None), stage.build(None)
    before = values(first)
    play(first, at)
    kept = values(first)
    play(first, n - at)
    after = values(first)
    for name in before:
        if name.startswith(("generator/", "discriminator/")):
            assert (after[name] != before[name]).any(), name
    play(second, n)
    assert_equal(values(second), after)
    for name, variable in second.state().items():
        variable.assign(kept[name])
    second.restored()
    play(second, n - at)
    assert_equal(values(second), after)
    return first


def assert_equal(found, expected):
    """Of two {name: array}: to the bit."""
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def play(played, n):
    """Plays n minibatches, in calls that end with the epochs; the metrics, {name: masked (n,)}."""
    parts = []
    while n:
        now = min(n, played.steps_per_epoch - played.step % played.steps_per_epoch)
        parts.append(played.steps(now))
        n -= now
    return {name: np.ma.concatenate([part[name] for part in parts]) for name in parts[0]}
