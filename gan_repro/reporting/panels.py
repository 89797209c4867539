"""Pictures at the head of results/README.md: samples of several models of a paper, a panel each (Experiment.side_by_side)."""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from gan_repro.figures import draw, panels
from gan_repro.papers import weights_names
from gan_repro.papers.configuration import value_in_words
from gan_repro.papers.experiment import Experiment
from gan_repro.papers.shown import Panel, SideBySide
from gan_repro.reporting import records
from gan_repro.reporting.comparison import Table
from gan_repro.reporting.conditions import differences, is_variant
from gan_repro.reporting.record import Record

COLLAPSED = 0.1  # of the variance of all pooled pixels shown, between the samples: below it they count as one picture
POOL = 4  # pixels: noise from one to the next is no variety
RULE = (
    f"Collapsed: after {POOL} x {POOL} mean pooling less than {COLLAPSED:.0%} of the variance lies between samples, the rest "
    "between places".replace("%", " %")
)
WEIGHTS = ("best", "last")

Draw = Callable[[Path], None]  # writes a figure to a path


def figures(built: Iterable[Table], folder: Path) -> dict[str, Draw]:
    """{name: what draws it}: the pictures of all papers for which a panel at least has a run with samples in `folder`.

    Raises:
      RunError: a run's figure of samples is damaged.
    """
    drawn: dict[str, Draw] = {}
    for table, owner, shown in _all(built):
        found = [_panel(owner, panel, _chosen(table, owner, panel, folder)) for panel in shown.panels]
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

    Runs on the paper's data come before others, samples that have not collapsed before those that have, runs of a preset
    before those with the panel's settings, the paper preset before the quick one, more epochs before fewer, lower seeds before
    higher ones; of a run the best weights before the last ones. Other ablations, and averages of weights, are no paper's.
    """
    found = []
    for run, group in enumerate(table.groups, start=1):
        first = group.first
        if (first.experiment, first.model) != (owner.name, panel.model) or not _changed(owner, first).keys() <= {
            *panel.settings
        }:
            continue
        for record in group:
            names = (folder / f"{records.stem(record)}-samples-{weights}.png" for weights in WEIGHTS)
            path, weights = next(((each, w) for each, w in zip(names, WEIGHTS) if each.is_file()), (None, ""))
            if path is not None:
                found.append((run, record, weights, path))

    def order(each):
        run, record, _, path = each
        images = panels.taken_apart(path, draw.ROWS, draw.COLUMNS)
        collapsed = images is not None and between_samples(images[0]) < COLLAPSED
        away = record.dataset != panel.dataset, collapsed, bool(_changed(owner, record)), record.preset != "paper"
        return *away, -record.epochs, run, record.seed

    return min(found, key=order, default=None)


def _changed(owner: Experiment, record: Record) -> dict[str, object]:
    """{field: value} of what --set changed of its preset, but for the precision."""
    if not is_variant(owner, record):
        return {}
    preset = owner.models[record.model].recipe(record.preset, record.dataset)
    return {key: used for key, used, _ in differences(preset, record, schedule=False) if key != "precision"}


def _panel(owner: Experiment, panel: Panel, chosen: tuple[int, Record, str, Path] | None) -> panels.Panel:
    if chosen is None:
        return panels.Panel(panel.heading, [], instead="not run")
    run, record, weights, path = chosen
    heading = panel.heading if record.dataset == panel.dataset else f"{panel.heading}; here {record.data.title}"
    lines = [
        f"run {run}: {record.preset} preset, {record.epochs:,g} epochs, seed {record.seed}; {weights_names.title(weights)}"
    ]
    if changed := _changed(owner, record):
        lines.append("with " + ", ".join(f"{key} {value_in_words(value)}" for key, value in changed.items()))
    images = panels.taken_apart(path, draw.ROWS, draw.COLUMNS)
    if images is None:
        return panels.Panel(heading, lines, instead=f"no grid of samples in {path.name}")
    share = between_samples(images[0])
    said = f"{share:.0%} of the variance lies between samples".replace("%", " %")
    return panels.Panel(
        heading,
        [*lines, f"collapsed: {said}" if share < COLLAPSED else said],
        *images,
        instead="nearest images are not published",
    )


def between_samples(samples: np.ndarray) -> float:
    """The share of the variance of pooled pixels that lies between samples at the same place, in [0, 1].

    0: all samples are one picture, or all pixels are equal; 1: every place has the same mean over samples.

    Args:
      samples: uint8 (rows, columns, h, w, c), h and w of POOL or more; what POOL leaves over at the edges is left out.
    """
    pixels = samples.reshape(-1, *samples.shape[2:]).astype(np.float64)
    n, height, width, channels = pixels.shape
    pixels = pixels[:, : height // POOL * POOL, : width // POOL * POOL]
    pixels = pixels.reshape(n, height // POOL, POOL, width // POOL, POOL, channels).mean(axis=(2, 4))
    whole = pixels.var(axis=(0, 1, 2)).mean()
    return float(pixels.var(axis=0).mean() / whole) if whole else 0.0
