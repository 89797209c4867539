"""What pages show of a paper beside its runs: published numbers, claims, tables, effects of changes, pictures; as data."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Published:
    """A number printed in a paper.

    Attributes:
      table: the table of this project where it stands ("table1" -> results/table1.md).
      row: the model's name there.
      dataset: "mnist", "tfd", ...: the column.
      metric, unit: as in a record's measurements ("parzen_log_likelihood", "nats").
      value, standard_error: the printed numbers.
      source: paper and place.
      ours: whether this experiment's own records are to be held against it (the verdict).
      n_samples: how many samples it takes, where one metric has several numbers that differ in that; else None.
      note: what a reader must know, or "".
      unavailable: why it cannot be measured by anyone at once ("TFD is given out on request"), or "".
      departure: in what this experiment's conditions are never the published ones, such as other training data, or "":
        the verdict is then "other conditions".
      open_schedule: whether neither paper nor code says how long the model was trained: fewer epochs than our paper
        preset's are then no other conditions, and a number that falls short is "not reached in N epochs".
      unverified: whether it is quoted from memory and has not been checked against the paper.
    """

    table: str
    row: str
    dataset: str
    metric: str
    unit: str
    value: float
    standard_error: float | None
    source: str
    ours: bool = False
    n_samples: int | None = None
    note: str = ""
    unavailable: str = ""
    departure: str = ""
    open_schedule: bool = False
    unverified: bool = False


def parzen_rows(
    table: str,
    rows: Mapping[str, Mapping[str, tuple[float, float]]],
    source: str,
    ours: Callable[[str], bool] = lambda row: True,
    open_schedule: bool = True,
) -> tuple[Published, ...]:
    """The Parzen log-likelihoods that a paper prints, in nats.

    Args:
      table, source, open_schedule: as Published's.
      rows: {data set: {row: (value, standard error)}}.
      ours: row -> as Published's.
    """
    return tuple(
        Published(
            table,
            row,
            dataset,
            "parzen_log_likelihood",
            "nats",
            value,
            error,
            source,
            ours=ours(row),
            open_schedule=open_schedule,
            unavailable="TFD is given out on request" if dataset == "tfd" else "",
        )
        for dataset, printed in rows.items()
        for row, (value, error) in printed.items()
    )


@dataclasses.dataclass(frozen=True)
class Budget:
    """What compared runs have alike where it is not the epochs, such as G's updates where D's are not as many.

    Attributes:
      what: in words, in the plural.
      of: ({field: JSON value} of the recipe, minibatches played) -> how many of it the training had.
    """

    what: str
    of: Callable[[Mapping[str, Any], int], int]


@dataclasses.dataclass(frozen=True)
class Claim:
    """What a paper shows without a number, and when runs of ours are said to show it, too.

    Attributes:
      figure: where the paper shows it.
      says: what it shows, in words.
      criterion: ours, in words.
      dataset: of our runs.
      uses: (model, metric) of each measurement that the criterion is about, of the last weights: ("mlp-gan", "recall").
      holds: (*values) -> whether the criterion is met.
      departure: in what our conditions are never the paper's, such as other data, or "".
      budget: what the runs of the models have alike; None: their epochs.
    """

    figure: str
    says: str
    criterion: str
    dataset: str
    uses: tuple[tuple[str, str], ...]
    holds: Callable[..., bool]
    departure: str = ""
    budget: Budget | None = None


@dataclasses.dataclass(frozen=True)
class Beside:
    """A table that puts models of several papers beside each other, on the page of the experiment that names it.

    Attributes:
      title: its heading.
      text: what there is to see, a sentence or two without numbers.
      dataset: of the runs.
      models: (what the row is called, name of the experiment, name of its model) of each.
      metrics: the columns, names as in a record's measurements.
      paired: the one of them whose differences, image by image, make a second table, or "".
      figures: figures of each model's run that are shown beside each other: what follows the run's name in results/figures,
        such as "surface-last".
      samples: what there is to see in the picture of the models' samples, which opens with what they are; or "".
    """

    title: str
    text: str
    dataset: str
    models: tuple[tuple[str, str, str], ...]
    metrics: tuple[str, ...]
    paired: str = ""
    figures: tuple[str, ...] = ()
    samples: str = ""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a change of a recipe is judged by.

    Attributes:
      metric: as in a record's measurements, of the run's own weights.
      margin: a difference whose interval lies within it counts as none: in the metric's unit, or a share of what is measured
        without the change.
      relative: whether it is such a share.
    """

    metric: str
    margin: float
    relative: bool = False


@dataclasses.dataclass(frozen=True)
class Effects:
    """A table and a figure of what single changes of a recipe (--set) do, paired over seeds.

    Attributes:
      title: the heading.
      text: what is compared, without numbers that were measured.
      model, dataset, preset: of the runs; the unchanged preset is among them.
      outcomes: by which changes are judged; rows are sorted by the first.
      collapse: (metric, number): a run below it counts as collapsed.
      changes: how many are planned: intervals that hold together are for so many, whatever has been played.
    """

    title: str
    text: str
    model: str
    dataset: str
    preset: str
    outcomes: tuple[Outcome, ...]
    collapse: tuple[str, float]
    changes: int = 1


@dataclasses.dataclass(frozen=True)
class KeyFigure:
    """A figure that opens the paper's section of results/README.md.

    Attributes:
      model, dataset: of the run that it is of.
      kind: what follows the run's name in results/figures, such as "samples-best"; or the data set's, "log-likelihood".
      caption: what there is to see, and which figure of the paper it is.
    """

    model: str
    dataset: str
    kind: str
    caption: str


@dataclasses.dataclass(frozen=True)
class Panel:
    """A panel of SideBySide: samples of one model.

    Attributes:
      heading: as the paper calls it, such as "b) TFD".
      model: whose run it shows.
      dataset: the paper's; where no run is on it, one on other data of the model is shown, and the panel names these.
      settings: fields of the recipe that --set may have changed in a run that is shown, and the panel then names: changes
        without which the samples are one picture. A run of a preset comes before it, unless its samples have collapsed.
    """

    heading: str
    model: str
    dataset: str
    settings: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class SideBySide:
    """A picture that sets samples of several models of a paper beside each other, at the head of results/README.md.

    Attributes:
      name: what follows the experiment's name in results/figures, such as "figure2".
      caption: what there is to see, and which figure of the paper it is.
      panels: in reading order.
    """

    name: str
    caption: str
    panels: tuple[Panel, ...]
