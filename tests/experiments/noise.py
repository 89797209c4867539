"""Random images of any shape as a data source, and an experiment's configurations, for the tests of whole experiments."""

import dataclasses

import numpy as np

from gan_repro import experiment as experiments
from gan_repro.data.source import InMemory, Spec
from gan_repro.scaling import UNIT


def source(shape, scaling=UNIT, train=200):
    """InMemory with `train` training, 50 validation and 50 test images of uniform noise; black and white occur."""
    rng = np.random.default_rng(0)
    sizes = {"train": train, "validation": 50, "test": 50}
    images = {split: rng.integers(0, 256, (n, *shape), np.uint8) for split, n in sizes.items()}
    images["train"][0, 0], images["train"][1, 0] = 0, 255
    return InMemory(Spec("noise", "noise", shape, 0, sizes, scaling), images)


def config(name, dataset, preset="paper", seed=0, **changes):
    """A resolved Config of experiment `name`, with fields of its recipe changed."""
    found = experiments.resolve(experiments.find(name), dataset, preset, seed)
    return dataclasses.replace(found, recipe=dataclasses.replace(found.recipe, **changes))


def shapes(network):
    """The shapes of its weights, in their order."""
    return [tuple(weight.shape) for weight in network.weights]
