"""Pictures at the head of results/README.md: samples of several models of a paper, a panel each (Experiment.side_by_side)."""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from gan_repro.data import scaling
from gan_repro.evaluation import pairs
from gan_repro.figures import draw, panels
from gan_repro.papers import weights_names
from gan_repro.papers.configuration import value_in_words
from gan_repro.papers.experiment import Experiment
from gan_repro.papers.shown import Panel, SideBySide
from gan_repro.reporting import records
from gan_repro.reporting.beside import REFERENCE
from gan_repro.reporting.comparison import Table
from gan_repro.reporting.conditions import differences, is_variant
from gan_repro.reporting.record import Record

POOL = 4  # pixels: noise from one to the next is no variety
LEAST = 50  # % of real images' variety: below it samples count as collapsed
COLLAPSED = 0.1  # where real images' is not known: of the variance of all pooled pixels shown, between the samples
RULE = (
    f"Variety is the mean distance of two images after {POOL} x {POOL} mean pooling. Collapsed: less than {LEAST} % of real "
    f"images'; where that is not measured, less than {100 * COLLAPSED:g} % of the pooled pixels' variance between samples, the "
    "rest between places"
)
WEIGHTS = ("best", "last")
DISTANCE, VARIETY = "pooled_distance", "pooled_variety"  # of measures.Variety

Draw = Callable[[Path], None]  # writes a figure to a path


def figures(built: Iterable[Table], folder: Path) -> dict[str, Draw]:
    """{name: what draws it}: the pictures of all papers for which a panel at least has a run with samples in `folder`.

    Raises:
      RunError: a run's figure of samples is damaged.
    """
    drawn: dict[str, Draw] = {}
    for table, owner, shown in _all(built):
        found = [_panel(owner, panel, *_chosen(table, owner, panel, folder)) for panel in shown.panels]
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


@dataclasses.dataclass(frozen=True, eq=False)
class _Found:
    """A run's figure of samples.

    Attributes:
      run: its number in the table. record: its record. weights: of the samples. path: of the figure.
      images: as figures.panels.taken_apart; None: the figure is no grid of samples.
      variety: what is said of it. collapsed: whether it is too little.
    """

    run: int
    record: Record
    weights: str
    path: Path
    images: tuple[np.ndarray, np.ndarray | None] | None
    variety: str
    collapsed: bool


def _chosen(table: Table, owner: Experiment, panel: Panel, folder: Path) -> tuple[_Found | None, _Found | None]:
    """(what a panel shows, the collapsed run in whose place it stands); None: there is none.

    Runs on the paper's data come before others, samples that have not collapsed before those that have, runs of a preset
    before those with the panel's settings, the paper preset before the quick one, more epochs before fewer, lower seeds before
    higher ones; of a run the best weights before the last ones. Other ablations, and averages of weights, are no paper's.
    """
    found = []
    for run, group in enumerate(table.groups, start=1):
        of_model = (group.first.experiment, group.first.model) == (owner.name, panel.model)
        if of_model and _changed(owner, group.first).keys() <= {*panel.settings}:
            found += [each for record in group if (each := _found(table, owner, run, record, folder))]

    def by_conditions(each):
        record = each.record
        return bool(_changed(owner, record)), record.preset != "paper", -record.epochs, each.run, record.seed

    def order(each):
        return each.record.dataset != panel.dataset, each.collapsed, *by_conditions(each)

    shown = min(found, key=order, default=None)
    rivals = [each for each in found if shown and each.record.dataset == shown.record.dataset]
    first = min(rivals, key=by_conditions, default=None)
    return shown, None if first is shown else first


def _found(table: Table, owner: Experiment, run: int, record: Record, folder: Path) -> _Found | None:
    """A record's figure of samples in `folder`, or None."""
    for weights in WEIGHTS:
        path = folder / f"{records.stem(record)}-samples-{weights}.png"
        if path.is_file():
            images = panels.taken_apart(path, draw.ROWS, draw.COLUMNS)
            judged = ("", True) if images is None else _variety(table, owner, record, weights, images[0])
            return _Found(run, record, weights, path, images, *judged)
    return None


def _variety(table: Table, owner: Experiment, record: Record, weights: str, samples: np.ndarray) -> tuple[str, bool]:
    """(what is said of how varied the samples of a run are, whether that is too little).

    By the record's own measurement; else that of the samples shown, uint8 (rows, columns, h, w, 3), by what another record
    says of real images of the same data; else without these.
    """
    own = next((each for each in record.measurements if (each.metric, str(each.subject)) == (VARIETY, weights)), None)
    if own:
        share, whose = own.value, f"{own.n_samples:,} samples" if own.n_samples else "samples"
    elif real := _real(table, owner, record, samples.shape[2:4]):
        distance, channels = real
        pixels = samples.reshape(-1, *samples.shape[2:])[..., :channels] / 255
        share, whose = 100 * pairs.mean_distance(pairs.pooled(pixels, POOL))[0] / distance, "the samples shown"
    else:
        between = between_samples(samples)
        said = f"{100 * between:.0f} % of the variance lies between samples"
        return (f"collapsed: {said}", True) if between < COLLAPSED else (said, False)
    said = f"{share:.0f} % of real images' variety, of {whose}"
    return (f"collapsed: {said}", True) if share < LEAST else (said, False)


def _real(table: Table, owner: Experiment, record: Record, size: tuple[int, ...]) -> tuple[float, int] | None:
    """(mean distance of two real images of a record's data in pooled pixels in [0, 1], their channels), of any record.

    None: it is not known, or a figure of the run does not show these pixels of an image of h x w.
    """
    model = owner.models[record.model]
    if not isinstance(model.scaling(model.recipe(record.preset, record.dataset)), scaling.Linear):
        return None
    wanted = DISTANCE, pairs.space(POOL), REFERENCE
    for other in (other for group in table.groups for other in group):
        data = other.data
        if data.sha256 == record.data.sha256 and data.shape and data.shape[:2] == size:
            for each in other.measurements:
                if (each.metric, each.space, each.reference) == wanted and each.value > 0:
                    return each.value, data.shape[2]
    return None


def _changed(owner: Experiment, record: Record) -> dict[str, object]:
    """{field: value} of what --set changed of its preset, but for the precision."""
    if not is_variant(owner, record):
        return {}
    preset = owner.models[record.model].recipe(record.preset, record.dataset)
    return {key: used for key, used, _ in differences(preset, record, schedule=False) if key != "precision"}


def _panel(owner: Experiment, panel: Panel, shown: _Found | None, collapsed: _Found | None) -> panels.Panel:
    """A panel of the run that it shows, which names the collapsed one in whose place that stands."""
    if shown is None:
        return panels.Panel(panel.heading, [], instead="not run")
    record, images = shown.record, shown.images
    heading = panel.heading if record.dataset == panel.dataset else f"{panel.heading}; here {record.data.title}"
    lines = [
        f"run {shown.run}: {record.preset} preset, {record.epochs:,g} epochs, seed {record.seed}; "
        f"{weights_names.title(shown.weights)}"
    ]
    if changed := _changed(owner, record):
        lines.append("with " + ", ".join(f"{key} {value_in_words(value)}" for key, value in changed.items()))
    if images is None:
        return panels.Panel(heading, lines, instead=f"no grid of samples in {shown.path.name}")
    if collapsed and collapsed.images is not None:
        lines.append(f"in place of run {collapsed.run}, seed {collapsed.record.seed}, which has collapsed")
    return panels.Panel(heading, [*lines, shown.variety], *images, instead="nearest images are not published")


def between_samples(samples: np.ndarray) -> float:
    """The share of the variance of pooled pixels that lies between samples at the same place, in [0, 1].

    0: all samples are one picture, or all pixels are equal; 1: every place has the same mean over samples.

    Args:
      samples: uint8 (rows, columns, h, w, c).
    """
    pixels = samples.reshape(-1, *samples.shape[2:])
    pooled = pairs.pooled(pixels, POOL).reshape(len(pixels), -1, pixels.shape[3])
    whole = pooled.var(axis=(0, 1)).mean()
    return float(pooled.var(axis=0).mean() / whole) if whole else 0.0
