"""Random images of any shape as a data source, an experiment's configurations, and what holds for each of its games.

Nothing is tested here.
"""

import dataclasses

import numpy as np

from gan_repro import data
from gan_repro.data.scaling import UNIT
from gan_repro.data.source import InMemory, Spec
from gan_repro.papers import configuration
from gan_repro.training import rules


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


def config(name, dataset=None, preset="paper", seed=0, model=None, **changes):
    """A resolved Config of experiment `name`, with fields of its recipe changed."""
    found = configuration.resolve(configuration.find(name), dataset, model, preset, seed)
    return dataclasses.replace(found, recipe=dataclasses.replace(found.recipe, **changes))


SHAPES = {
    "cifar10": (32, 32, 3),
    "celeb_a": (64, 64, 3),
    "tfd": (48, 48, 1),
    "tfd96": (96, 96, 1),
    "stacked_mnist": (28, 28, 3),
}
POINTS = ("gaussian1d", "two_gaussians", "ring8", "grid25", "swissroll")
SIZES = {("wgan", "dcgan"): ("cifar10", "celeb_a"), ("goodfellow2014", "tfd"): ("tfd96",)}  # beside a model's first data set


def games():
    """(experiment, model, data set) of every model, and of more sizes of images for some."""
    found = []
    for name in configuration.names():
        for model, each in configuration.find(name).models.items():
            if each.phases:
                sets = (each.datasets[0] if (name, model) != ("dcgan", "svhn") else None, *SIZES.get((name, model), ()))
                found += [(name, model, dataset) for dataset in sets if dataset]
    return found


def built(name, model, dataset, twice=False, **fields):
    """(name, game) of each stage of a smoke preset on noise, in turn; with `twice` (name, game, another that is equal).

    A stage's game is built when it is asked for, and must have been played by then where that matters to the next.
    """
    run = config(name, dataset, "smoke", model=model, **(fields or {"n_samples": 50, "batch_size": 20}))
    if dataset in POINTS:
        images = data.load(dataset)
    else:
        images = source(SHAPES.get(dataset, (28, 28, 1)), configuration.scaling_of(run), 300, 10)
    played = None
    for stage in rules.stages(run, images):
        more = (stage.build(played),) if twice else ()
        played = stage.build(played)
        yield (stage.name, played, *more)


def evaluate(finished):
    """The measurements of a runs.trained.Finished, whose figures are drawn as well, as after a training."""
    found = finished.measure()
    finished.draw(found)
    return found


def unmeasured(experiment, measures=()):
    """An Experiment whose models have these measures instead of theirs, and no figures."""
    models = {name: dataclasses.replace(model, measures=measures, figures=()) for name, model in experiment.models.items()}
    return dataclasses.replace(experiment, models=models)


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
    assert_repeats_and_resumes(first, second, n, at)
    after = values(first)
    for name in before:
        if name.startswith(("generator/", "discriminator/")):
            assert (after[name] != before[name]).any(), name
    return first


def assert_repeats_and_resumes(first, second, n, at):
    """Two equal trainings of n minibatches end with the same bits, and so does one that is set back to its state after `at`."""
    play(first, at)
    kept = values(first)
    play(first, n - at)
    play(second, n)
    assert_equal(values(second), values(first))
    for name, variable in second.state().items():
        variable.assign(kept[name])
    second.restored()
    play(second, n - at)
    assert_equal(values(second), values(first))


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
