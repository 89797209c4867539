"""Every experiment and model once, in seconds each: whether the whole machinery holds.

No data are needed: digits that the program renders (data/glyphs.py) stand in for them, coloured ones for photographs.
"""

from pathlib import Path

import numpy as np

from gan_repro.papers import configuration
from gan_repro.papers.experiment import Model
from gan_repro.studies.study import Planned
from gan_repro.system import files

SIDE, IMAGES = 32, 3000  # of the coloured digits


def planned(coloured: Path) -> list[Planned]:
    """A run with the preset smoke of every model of every experiment, from seed 0.

    Args:
      coloured: the file of `write_coloured`, for models of photographs.
    """
    found = []
    for name in configuration.names():
        experiment = configuration.find(name)
        for each, model in experiment.models.items():
            dataset = _data(model, coloured)
            found.append(Planned(configuration.resolve(experiment, dataset, each, "smoke")))
    return found


def _data(model: Model, coloured: Path) -> str:
    if "glyphs" in model.datasets:
        return "glyphs"
    return f"npz:{coloured}" if "npz" in model.datasets else model.datasets[0]


def write_coloured(path: Path) -> None:
    """Writes digits of random colours on random colours, SIDE x SIDE, with their labels, as a user's own .npz."""
    from gan_repro import data

    digits = data.load("glyphs")
    images, labels = np.concatenate(list(digits.chunks("validation")))[:IMAGES], digits.labels("validation")
    assert labels is not None
    rng = np.random.default_rng(0)
    margin = (SIDE - images.shape[1]) // 2
    ink = np.pad(images, ((0, 0), (margin, margin), (margin, margin), (0, 0))) / 255
    front, back = rng.integers(0, 256, (2, len(images), 1, 1, 3))
    files.write_arrays(path, {"images": (ink * front + (1 - ink) * back).astype(np.uint8), "labels": labels[:IMAGES]})
