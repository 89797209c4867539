"""Figures of points over several runs, of what is kept beside their records (figures.densities.Moments)."""

import functools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from gan_repro.figures import densities
from gan_repro.papers.experiment import Experiment
from gan_repro.reporting import records
from gan_repro.reporting.conditions import change, differences, is_variant, model
from gan_repro.reporting.groups import Group

KIND = "densities"  # of the figure of an experiment's data set: PREFIX-densities.png
GAMES = "games-on-points.png"
KEPT = "moments.npz"  # behind the name of a record, in the folder of figures

Draw = Callable[[Path], None]  # writes a figure to a path


def figures(found: Sequence[Experiment], groups: Sequence[Group], folder: Path) -> dict[str, Draw]:
    """{name: what draws it}: the figure of each experiment and data set with moments of two recipes or more, and GAMES.

    Of each group the first seed is shown whose moments are there; in GAMES of each experiment the first group that is no
    ablation, where there are two experiments or more.

    Args:
      found: the Experiments.
      groups: all.
      folder: where the moments are.

    Raises:
      RunError: a file of moments is damaged.
    """
    by_name, prefix_of = {experiment.name: experiment for experiment in found}, records.prefixes(groups)
    rows: dict[str, list[tuple[str, Path]]] = {}
    games: dict[str, dict[str, Path]] = {}
    titles: dict[str, str] = {}
    for each in groups:
        record, path = each.first, _moments(each, folder)
        owner = by_name[record.experiment]
        if path is None or record.model not in owner.models:
            continue
        recipe = owner.models[record.model].recipe(record.preset, record.dataset)
        settings = [change(*each).partition(" (")[0] for each in differences(recipe, record, schedule=False)]
        prefix = prefix_of(record)
        rows.setdefault(prefix, []).append((", ".join([f"{record.preset} preset", *settings]), path))
        titles[prefix] = f"{model(owner, record)} on {record.data.title}: densities of G along the training"
        if not is_variant(owner, record):
            games.setdefault(record.data.title, {}).setdefault(owner.short_name, path)
    drawn: dict[str, Draw] = {
        f"{prefix}-{KIND}.png": functools.partial(_strips, own, titles[prefix]) for prefix, own in rows.items() if len(own) > 1
    }
    if len({game for own in games.values() for game in own}) > 1:
        drawn[GAMES] = functools.partial(_games, games)
    return drawn


def _moments(members: Iterable, folder: Path) -> Path | None:
    paths = (folder / f"{records.stem(record)}-{KEPT}" for record in members)
    return next((path for path in paths if path.is_file()), None)


def _strips(rows: Sequence[tuple[str, Path]], title: str, path: Path) -> None:
    shown: dict[str, densities.Moments] = {}
    for number, (name, kept) in enumerate(rows, start=1):
        shown[name if name not in shown else f"{name} ({number})"] = densities.Moments.read(kept)
    densities.strips(path, shown, title)


def _games(games: dict[str, dict[str, Path]], path: Path) -> None:
    names = list(dict.fromkeys(name for own in games.values() for name in own))
    rows = {}
    for data, own in games.items():
        kept = {name: densities.Moments.read(own[name]) for name in names if name in own}
        last: dict[str, np.ndarray] = {name: each.points[-1] for name, each in kept.items()}
        rows[data] = next(iter(kept.values())).real, dict.fromkeys(names) | last
    densities.table(path, rows, "Games on points in the plane: densities of the last generator of one seed, and of the data")
