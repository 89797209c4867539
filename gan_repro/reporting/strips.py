"""Pictures of tables that put models beside each other (beside.Shown): some samples of each, of the figures that runs left."""

import functools
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from gan_repro.figures import draw, grids, panels
from gan_repro.reporting.beside import Shown

LENGTH = 20  # samples of each model: a row of a chain's own figure
WEIGHTS = ("best", "last")
Draw = Callable[[Path], None]  # writes a figure to a path


def figures(every: Iterable[Shown], folder: Path) -> dict[str, Draw]:
    """{name: what draws it} of the tables of which two models or more left a figure in `folder`, one of them of a chain.

    Raises:
      RunError: a run's figure is damaged.
    """
    drawn: dict[str, Draw] = {}
    for shown in every:
        if not any((folder / f"{stem}-chain-{weights}.png").is_file() for stem in shown.stems.values() for weights in WEIGHTS):
            continue
        rows = {label: row for label, stem in shown.stems.items() if (row := _row(folder, stem)) is not None}
        if len(rows) > 1:
            title = f"{shown.what.title}: of chains {LENGTH} consecutive samples, else independent ones; not selected"
            drawn[shown.strips] = functools.partial(_write, rows, title)
    return drawn


def _row(folder: Path, stem: str) -> tuple[bool, np.ndarray] | None:
    """(whether they are of a chain, uint8 (LENGTH, h, w, 3)) of a run's figures; None: it has none of either kind."""
    # Short chains fill fewer rows than a figure has room for.
    layouts = {"chain": [(rows, draw.CHAIN[1]) for rows in range(draw.CHAIN[0], 0, -1)], "samples": [(draw.ROWS, draw.COLUMNS)]}
    for kind, possible in layouts.items():
        for path in (folder / f"{stem}-{kind}-{weights}.png" for weights in WEIGHTS):
            for rows, columns in possible if path.is_file() else ():
                if (images := panels.taken_apart(path, rows, columns)) is not None:
                    return kind == "chain", images[0].reshape(-1, *images[0].shape[2:])[:LENGTH]
    return None


def _write(rows: dict[str, tuple[bool, np.ndarray]], title: str, path: Path) -> None:
    images = np.concatenate([each for _, each in rows.values()]) / np.float32(255)
    labels = [[label, "a chain" if chain else "independent"] for label, (chain, _) in rows.items()]
    grids.sample_grid(path, images, len(rows), LENGTH, title, labels=labels)
