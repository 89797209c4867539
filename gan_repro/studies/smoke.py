"""Every experiment and model once, in seconds each: whether the whole machinery holds.

No data are needed: digits that the program renders (data/glyphs.py) stand in for them, as few as a user's small file has,
and coloured ones for photographs.
"""

from pathlib import Path

import numpy as np

from gan_repro.data.names import RENDERED
from gan_repro.papers import configuration
from gan_repro.papers.experiment import Model
from gan_repro.studies.study import Planned
from gan_repro.system import files

IMAGES, SIDE = 2000, 32  # of which so large are the coloured ones


def planned(folder: Path) -> list[Planned]:
    """A run with the preset smoke of every model of every experiment, from seed 0.

    Args:
      folder: where `write_data` has put its files.
    """
    found = []
    for name in configuration.names():
        experiment = configuration.find(name)
        for each, model in experiment.models.items():
            found.append(Planned(configuration.resolve(experiment, _data(model, folder), each, "smoke")))
    return found


def _data(model: Model, folder: Path) -> str:
    """Digits, coloured ones for models that take no grey ones of their own; what is drawn for models of that."""
    if "npz" not in model.datasets:
        return next((dataset for dataset in RENDERED if dataset in model.datasets), model.datasets[0])
    return f"npz:{folder / ('digits.npz' if 'glyphs' in model.datasets else 'coloured.npz')}"


def write_data(folder: Path) -> None:
    """Writes digits.npz, and coloured.npz: the same in random colours on random colours, SIDE x SIDE; both with labels."""
    from gan_repro import data

    digits = data.load("glyphs")
    images, labels = np.concatenate(list(digits.chunks("validation")))[:IMAGES], digits.labels("validation")
    assert labels is not None
    rng = np.random.default_rng(0)
    margin = (SIDE - images.shape[1]) // 2
    ink = np.pad(images, ((0, 0), (margin, margin), (margin, margin), (0, 0))) / 255
    front, back = rng.integers(0, 256, (2, len(images), 1, 1, 3))
    coloured = (ink * front + (1 - ink) * back).astype(np.uint8)
    for name, pixels in (("coloured", coloured), ("digits", images)):  # the last one there says that both are
        files.write_arrays(folder / f"{name}.npz", {"images": pixels, "labels": labels[:IMAGES]})
