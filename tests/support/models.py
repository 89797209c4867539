"""Every model of every experiment, on images of noise: smoke presets, small minibatches. Nothing is tested here."""

from gan_repro import data
from gan_repro.data import names
from gan_repro.papers import configuration
from gan_repro.papers.experiment import level
from support import noise

SMALLER = {"n_samples": 50, "batch_size": 20}
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


def fields(experiment, dataset, preset):
    """{field: value} of a model's recipe, as it is now, with SMALLER."""
    return noise.config(experiment, _path(dataset), preset, **SMALLER).as_dict()["recipe"]


def stages(experiment, dataset, preset, recipe=None, twice=False):
    """(name, game after no minibatch, a second one or None) of each stage, played in turn.

    Args:
      experiment, dataset, preset: of `games()`.
      recipe: {field: value} to be set; by default SMALLER.
      twice: whether there is to be a second game of each stage.
    """
    changed = {field: tuple(value) if isinstance(value, list) else value for field, value in (recipe or SMALLER).items()}
    config = noise.config(experiment, _path(dataset), preset, **changed)
    found = configuration.find(experiment)
    images = shape(experiment, dataset, preset)
    source = data.load(dataset) if dataset in POINTS else noise.source(images, found.scaling(config), 300, 10)
    played = None
    for stage in found.stages(config, source):
        second = stage.build(played) if twice else None
        played = stage.build(played)
        yield stage.name, played, second


def _path(dataset):
    """The data set as a flag has it; the file of a user's own data is not looked at."""
    return dataset + ":x" if dataset in names.PATHS else dataset
