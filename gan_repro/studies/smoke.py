"""Every experiment and model once, in seconds each, and all pages of these runs: whether the whole machinery holds.

No data are needed: digits that the program renders (data/glyphs.py) stand in for them, coloured ones for photographs.
"""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from gan_repro.papers import configuration
from gan_repro.papers.experiment import Model
from gan_repro.studies.places import Places, State
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


def everything(places: Places, play: Callable[[Sequence[Planned], Places], int]) -> int:
    """Plays all of them and writes their pages into `places`/results.

    Args:
      places: where they are played.
      play: plays planned runs; returns an exit code.

    Returns:
      the exit code of `play`.
    """
    from gan_repro import tables

    coloured = places.path / f"digits-{SIDE}x{SIDE}x3.npz"
    if not coloured.exists():
        write_coloured(coloured)
    runs = planned(coloured)
    code = play([each for each in runs if places.look(each).state is not State.FINISHED], places)
    scratch = places.path / "results"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    finished = [places.finished(each) for each in runs if places.look(each).state is State.FINISHED]
    for line in tables.add(finished, scratch, strict=False):
        print(line)
    print(f"{len(finished)} of {len(runs)} runs finished; their pages: {scratch / 'README.md'}")
    return code
