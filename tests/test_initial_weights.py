"""No two weights of a game begin with the same numbers. A Keras 3 initialiser returns the same ones at each call."""

import dataclasses

import numpy as np
import pytest
from support import noise

from gan_repro import data
from gan_repro.data import names
from gan_repro.papers import configuration
from gan_repro.papers.experiment import level

RUN = 8  # numbers in a row that are not equal by chance
SHAPES = {
    "cifar10": (32, 32, 3),
    "svhn_cropped": (32, 32, 3),
    "celeb_a": (64, 64, 3),
    "lsun/bedroom": (64, 64, 3),
    "tfd": (48, 48, 1),
    "tfd96": (96, 96, 1),
}
USERS = {
    "dcgan": (64, 64, 3),
    "wgan": (64, 64, 3),
    "smoke-tfd": (48, 48, 1),
    "smoke-cifar10": (32, 32, 3),
    "smoke-convolutional": (32, 32, 3),
}  # of npz:PATH, by experiment and preset
POINTS = ("gaussian1d", "two_gaussians")


def shape(experiment, dataset, preset):
    """(height, width, channels) of the data of a run."""
    users = USERS.get(preset, USERS.get(experiment, (28, 28, 1)))
    return users if dataset in names.PATHS else SHAPES.get(dataset, (28, 28, 1))


def games():
    """(experiment, data set, preset) of every model: smoke presets, and each size of images for an experiment's first one."""
    found = {}
    for name in configuration.names():
        for dataset, presets in configuration.find(name).recipes.items():
            for preset in (each for each in presets if level(each) == "smoke" and hasattr(presets[each], "epochs")):
                size = shape(name, dataset, preset) if preset == "smoke" else None
                found.setdefault((name, type(presets[preset]), preset, size), (name, dataset, preset))
    return list(found.values())


def repeated(weights):
    """The names of weights that share a run of RUN numbers, not all the same, with another one or with themselves.

    Runs are told apart by 64 bits made of all their numbers.
    """
    factors = np.random.default_rng(0).integers(0, 2**64, RUN, np.uint64)
    runs, owners = [], []
    for owner, weight in enumerate(weights):
        flat = np.float32(weight.numpy()).ravel()
        ends = len(flat) - RUN + 1
        if ends > 0:
            bits = flat.view(np.uint32).astype(np.uint64)
            hashed = sum(factor * bits[i : ends + i] for i, factor in enumerate(factors))
            constant = np.logical_and.reduce([flat[i : ends + i] == flat[:ends] for i in range(1, RUN)])
            runs.append(hashed[~constant])
            owners.append(np.full(len(runs[-1]), owner))
    _, index, counts = np.unique(np.concatenate(runs), return_inverse=True, return_counts=True)
    return sorted({weights[owner].path for owner in np.concatenate(owners)[counts[index] > 1]})


def test_a_shared_run_is_noticed():
    import keras

    start = keras.initializers.RandomUniform(-1, 1, seed=1)
    layers = [keras.layers.Dense(units, kernel_initializer=start, name=f"d{units}") for units in (20, 30)]
    for layer in layers:
        layer.build((None, 10))
    assert repeated([layer.kernel for layer in layers]) == ["d20/kernel", "d30/kernel"]
    assert repeated([layers[0].kernel, *(layer.bias for layer in layers)]) == []


@pytest.mark.parametrize(("name", "dataset", "preset"), games())
def test_no_two_weights_begin_alike(name, dataset, preset):
    path = ":x" if dataset in names.PATHS else ""
    config = noise.config(name, dataset + path, preset)
    config = dataclasses.replace(config, recipe=dataclasses.replace(config.recipe, n_samples=50, batch_size=20))
    scaling = configuration.find(name).scaling(config)
    source = data.load(dataset) if dataset in POINTS else noise.source(shape(name, dataset, preset), scaling, 300, 10)
    played = None
    for stage in configuration.find(name).stages(config, source):
        played = stage.build(played)
        networks = played.generator.network, played.discriminator.network
        weights = list({id(weight): weight for network in networks for weight in network.weights}.values())
        assert len(weights) > 1 and repeated(weights) == [], stage.name
