"""Pictures at the head of results/README.md: samples of several models of a paper, a panel each (Experiment.side_by_side)."""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from gan_repro.figures import draw, panels
from gan_repro.papers import weights_names
from gan_repro.papers.experiment import Experiment
from gan_repro.papers.shown import Panel, SideBySide
from gan_repro.reporting import records
from gan_repro.reporting.comparison import Table
from gan_repro.reporting.conditions import is_variant
from gan_repro.reporting.record import Record

COLLAPSED = 0.1  # of the variance of all pixels of the samples shown, between the samples: below it they count as one picture
RULE = f"Collapsed: less than {COLLAPSED:.0%} of the variance of the pixels shown lies between samples".replace("%", " %")

Draw = Callable[[Path], None]  # writes a figure to a path


def figures(built: Iterable[Table], folder: Path) -> dict[str, Draw]:
    """{name: what draws it}: the pictures of all papers for which a panel at least has a run with samples in `folder`.

    Raises:
      RunError: a run's figure of samples is damaged.
    """
    drawn: dict[str, Draw] = {}
    for table, owner, shown in _all(built):
        found = [_panel(panel, _chosen(table, owner, panel, folder)) for panel in shown.panels]
        if any(panel.samples is not None for panel in found):
            drawn[name(owner, shown)] = functools.partial(panels.write, panels=found, caption=f"{shown.caption}. {RULE}.")
    return drawn


def opening(built: Iterable[Table], names: Sequence[str]) -> list[tuple[str, str, str]]:
    """(file, caption, name of the table whose runs it shows) of all papers' pictures that are among the names of figures."""
    every = ((name(owner, shown), shown.caption, table.name) for table, owner, shown in _all(built))
    return [each for each in every if each[0] in names]


def name(owner: Experiment, shown: SideBySide) -> str:
    """Of the picture in results/figures."""
    return f"{owner.name}-{shown.name}.png"


def _all(built: Iterable[Table]) -> Iterator[tuple[Table, Experiment, SideBySide]]:
    return ((table, owner, shown) for table in built for owner in table.own() for shown in owner.side_by_side)


def _chosen(table: Table, owner: Experiment, panel: Panel, folder: Path) -> tuple[int, Record, str, Path] | None:
    """(run, record, weights, its figure of samples) that a panel shows; None: there is none.

    Runs on the paper's data come before others, the paper preset before the quick one, more epochs before fewer, lower seeds
    before higher ones; of a run the best weights before the last ones. Ablations, and averages of weights, are no paper's.
    """
    runs = [
        (run, group)
        for run, group in enumerate(table.groups, start=1)
        if (group.first.experiment, group.first.model) == (owner.name, panel.model) and not is_variant(owner, group.first)
    ]

    def order(numbered):
        first = numbered[1].first
        return first.dataset != panel.dataset, first.preset != "paper", -first.epochs

    for run, group in sorted(runs, key=order):
        for record in group:
            for weights in ("best", "last"):
                path = folder / f"{records.stem(record)}-samples-{weights}.png"
                if path.is_file():
                    return run, record, weights, path
    return None


def _panel(panel: Panel, chosen: tuple[int, Record, str, Path] | None) -> panels.Panel:
    if chosen is None:
        return panels.Panel(panel.heading, [], instead="not run")
    run, record, weights, path = chosen
    heading = panel.heading if record.dataset == panel.dataset else f"{panel.heading}; here {record.data.title}"
    lines = [
        f"run {run}: {record.preset} preset, {record.epochs:,g} epochs, seed {record.seed}; {weights_names.title(weights)}"
    ]
    images = panels.taken_apart(path, draw.ROWS, draw.COLUMNS)
    if images is None:
        return panels.Panel(heading, lines, instead=f"no grid of samples in {path.name}")
    share = between_samples(images[0])
    said = f"{share:.0%} of the pixels' variance lies between samples".replace("%", " %")
    return panels.Panel(
        heading,
        [*lines, f"collapsed: {said}" if share < COLLAPSED else said],
        *images,
        instead="nearest images are not published",
    )


def between_samples(samples: np.ndarray) -> float:
    """The share of the pixels' variance that lies between samples at the same place, in [0, 1].

    0: all samples are one picture, or all pixels are equal; 1: every place has the same mean over samples.

    Args:
      samples: uint8 (rows, columns, h, w, c).
    """
    pixels = samples.reshape(-1, *samples.shape[2:]).astype(np.float64)
    whole = pixels.var(axis=(0, 1, 2)).mean()
    return float(pixels.var(axis=0).mean() / whole) if whole else 0.0
