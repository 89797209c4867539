"""Figures of points over several runs, of what is kept beside their records (figures.densities.Moments)."""

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from gan_repro.figures import densities
from gan_repro.papers.experiment import Experiment
from gan_repro.reporting import records
from gan_repro.reporting.conditions import change, differences, is_variant, model, played
from gan_repro.reporting.groups import Group
from gan_repro.reporting.record import Record

KIND = "strips"  # of the figure of an experiment's data set: PREFIX-strips.png
GAMES = "games-on-points.png"
KEPT = "moments.npz"  # behind the name of a record, in the folder of figures

Draw = Callable[[Path], None]  # writes a figure to a path


def figures(found: Sequence[Experiment], groups: Sequence[Group], folder: Path) -> dict[str, Draw]:
    """{name: what draws it}: the figure of each experiment and data set with moments of two recipes or more, and GAMES.

    Of each group the first seed is shown whose moments are there; in GAMES of each experiment a group that is no ablation,
    where there are two experiments or more: of the preset that most of them have.

    Args:
      found: the Experiments.
      groups: all.
      folder: where the moments are.

    Raises:
      RunError: a file of moments is damaged.
    """
    by_name, prefix_of = {experiment.name: experiment for experiment in found}, records.prefixes(groups)
    rows: dict[str, list[tuple[Record, Path]]] = {}
    games: dict[str, dict[str, list[tuple[Record, Path]]]] = {}
    for each in groups:
        owner, kept = by_name[each.first.experiment], _moments(each, folder)
        if kept is None or each.first.model not in owner.models:
            continue
        record, path = kept
        rows.setdefault(prefix_of(record), []).append((record, path))
        if not is_variant(owner, record):
            games.setdefault(record.data.title, {}).setdefault(owner.short_name, []).append((record, path))
    drawn: dict[str, Draw] = {}
    for prefix, own in rows.items():
        first, owner = own[0][0], by_name[own[0][0].experiment]
        if len(own) > 1:
            seeds = {record.seed for record, _ in own}
            of = f", seed {seeds.pop()}" if len(seeds) == 1 else ""
            title = f"{model(owner, first)} on {first.data.title}: densities of G along the training{of}"
            drawn[f"{prefix}-{KIND}.png"] = functools.partial(_strips, _named(owner, own), title)
    if len({game for own in games.values() for game in own}) > 1:
        drawn[GAMES] = functools.partial(_games, games)
    return drawn


def _named(owner: Experiment, rows: Sequence[tuple[Record, Path]]) -> list[tuple[str, Path]]:
    """[(what a row is called, its moments)], by preset and settings: those that any of the records departs in."""
    recipes = [owner.models[record.model].recipe(record.preset, record.dataset) for record, _ in rows]
    own = [differences(recipe, record, schedule=False) for recipe, (record, _) in zip(recipes, rows)]
    keys = sorted({key for each in own for key, _, _ in each})
    found = []
    seeds = {record.seed for record, _ in rows}
    for recipe, (record, path) in zip(recipes, rows):
        used = played(recipe, record)
        values = [used.get(key) for key in keys]
        settings = [change(key, value, None).partition(" (")[0] for key, value in zip(keys, values)]
        order = record.preset != "paper", [(str(type(value)), value) for value in values if value is not None]
        seed = [f"seed {record.seed}"] if len(seeds) > 1 else []
        found.append((order, ", ".join([f"{record.preset} preset", *settings, *seed]), path))
    return [(name, path) for _, name, path in sorted(found)]


def _moments(members: Iterable[Record], folder: Path) -> tuple[Record, Path] | None:
    """The first seed that has them, and where."""
    paths = ((record, folder / f"{records.stem(record)}-{KEPT}") for record in members)
    return next(((record, path) for record, path in paths if path.is_file()), None)


def _strips(rows: Sequence[tuple[str, Path]], title: str, path: Path) -> None:
    shown: dict[str, densities.Moments] = {}
    for number, (name, kept) in enumerate(rows, start=1):
        shown[name if name not in shown else f"{name} ({number})"] = densities.Moments.read(kept)
    densities.strips(path, shown, title)


def _games(games: dict[str, dict[str, list[tuple[Record, Path]]]], path: Path) -> None:
    names = list(dict.fromkeys(name for own in games.values() for name in own))
    presets = Counter(
        preset for own in games.values() for found in own.values() for preset in {each.preset for each, _ in found}
    )
    rows = {}
    for data, own in games.items():
        real, cells = None, {}
        for name in (each for each in names if each in own):
            record, kept = max(own[name], key=lambda each: presets[each[0].preset])
            moments = densities.Moments.read(kept)
            real = moments.real if real is None else real
            cells[name] = f"{name}\n{record.preset}, {moments.steps[-1]:,} steps", moments.points[-1]
        assert real is not None
        rows[data] = real, cells
    densities.table(
        path, rows, "Games on points in the plane, each by its own recipe: densities of the last G of one seed, and of the data"
    )
