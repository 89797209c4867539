"""Tables: published numbers beside the measured ones, and their verdicts, as rows of text.

The rule of verdicts is in verdicts.py, numbers as text in cells.py, the files in formats.py.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from gan_repro.data.names import dataset_kind
from gan_repro.evaluation.measurement import Quantity
from gan_repro.papers.experiment import Experiment
from gan_repro.papers.shown import Effects, Published
from gan_repro.reporting import beside, cells, effects, metrics, verdicts
from gan_repro.reporting.beside import Shown
from gan_repro.reporting.conditions import answering, condition_differences, is_variant, model, run_title
from gan_repro.reporting.effects import Row
from gan_repro.reporting.groups import Group, Summary
from gan_repro.reporting.record import Record
from gan_repro.system.errors import RunError
from gan_repro.system.numbers import with_error

GENERATED = "Generated from results/records/*.json by `python -m gan_repro.tables`; do not edit."
TITLES = {"mnist": "MNIST", "tfd": "TFD", "cifar10": "CIFAR-10", "stacked_mnist": "stacked MNIST"}


class Column(NamedTuple):
    """What the numbers of a column have in common; space and condition as in measurement.Quantity."""

    dataset: str
    metric: str
    unit: str
    space: str | None = None
    condition: str | None = None


@dataclass(frozen=True)
class Line:
    """One measured number.

    Attributes:
      run: of the table, from 1. group: its records.
      label: what the row is called.
      section: "ours", "variant" (conditions.is_variant), or "reference": of reference samples, or of the run's own weights with
        something else done to their samples.
      summary: the number over the seeds.
      condition_differences: where the conditions were not the published ones.
      verdict: of the main generator, and of the last weights where these are others; None where there is nothing to compare
        with.
      main: whether it is of the run's main generator: the best by validation, else the last.
    """

    run: int
    group: Group
    label: str
    section: Literal["ours", "variant", "reference"]
    summary: Summary
    condition_differences: tuple[str, ...]
    verdict: verdicts.Verdict | None
    main: bool


@dataclass(frozen=True)
class Table:
    """What a table shows.

    Attributes:
      name: "table1" of results/table1.md.
      experiments: that have records or published numbers in it.
      groups: its runs, in the order of their numbers.
      columns: of the compact table.
      titles: {data set: title}.
      published: the numbers that stand in it, each with its experiment.
      lines: measured numbers of the columns. others: those that fall in none.
      beside: its papers' tables beside other papers.
      effects: what single changes do, each with its experiment and its effects.Rows.
    """

    name: str
    experiments: Sequence[Experiment]
    groups: Sequence[Group]
    columns: Sequence[Column]
    titles: Mapping[str, str]
    published: Sequence[tuple[Experiment, Published]]
    lines: Sequence[Line]
    others: Sequence[Line]
    beside: Sequence[Shown] = ()
    effects: Sequence[tuple[Experiment, Effects, list[Row]]] = ()

    def own(self) -> list[Experiment]:
        """The experiments whose records stand in it."""
        return [each for each in self.experiments if each.table == self.name]

    def owner(self, group: Group) -> Experiment:
        """The experiment that a group is of."""
        return next(each for each in self.experiments if each.name == group.first.experiment)

    def of(self, experiment: Experiment) -> list[Line]:
        """The lines of an experiment's runs."""
        return [line for line in self.lines if line.group.first.experiment == experiment.name]


def names(experiments: Iterable[Experiment]) -> list[str]:
    """The names of all tables: where published numbers stand, and where the experiments' records do; sorted."""
    return sorted({table for each in experiments for table in (each.table, *(entry.table for entry in each.published))})


def build(name: str, experiments: Sequence[Experiment], groups: Sequence[Group]) -> Table:
    """Puts a table together.

    Args:
      name: as Published.table and Experiment.table.
      experiments: all Experiments, of other tables too.
      groups: what groups.group gives, of all experiments.

    Raises:
      RunError: a record is of no experiment that there is.
    """
    by_name = {experiment.name: experiment for experiment in experiments}
    for record in (group.first for group in groups):
        if record.experiment not in by_name:
            file = f"{record.stem}.json" if record.stem else record.command
            raise RunError(f"record {file} is of an unknown experiment {record.experiment!r}; valid: {', '.join(by_name)}")
    published = [(each, number) for each in experiments for number in each.published if number.table == name]

    def place(group: Group) -> tuple[int, ...]:
        """An experiment's own order of its data sets and models; within one the order of the records."""
        owner, kind = by_name[group.first.experiment], dataset_kind(group.first.dataset)
        lists = (list(by_name), owner.name), (owner.datasets, kind), (list(owner.models), group.first.model)
        return tuple(each.index(one) if one in each else len(each) for each, one in lists)

    everything = groups
    groups = sorted((group for group in groups if by_name[group.first.experiment].table == name), key=place)
    lines = []
    for run, group in enumerate(groups, start=1):
        summaries = sorted(group.summaries(), key=_order)
        main = "best" if any(str(summary.subject) == "best" for summary in summaries) else "last"
        lines += [_line(by_name[group.first.experiment], run, group, summary, main) for summary in summaries]
    shown = {number.metric for _, number in published} or {line.summary.metric for line in lines if line.section != "reference"}
    columns = [column(number) for _, number in published]
    headline = [line for line in lines if line.summary.metric in shown and line.summary.split in (None, "test")]
    columns += [column(line.summary) for line in headline]
    return Table(
        name=name,
        experiments=[each for each in experiments if name in names([each])],
        groups=groups,
        columns=list(dict.fromkeys(columns)),
        titles={name: each.data.title for group in groups for each in group for name in (each.dataset, each.data.name)}
        | TITLES,
        published=published,
        lines=headline,
        others=[line for line in lines if line not in headline],
        beside=[
            beside.shown(each, name, experiments, everything)
            for owner in experiments
            if owner.table == name
            for each in owner.beside
        ],
        effects=[
            (owner, each, effects.rows(each, owner, groups))
            for owner in experiments
            if owner.table == name
            for each in owner.effects
        ],
    )


def _order(summary: Summary) -> int:
    return {"best": 0, "last": 1}.get(str(summary.subject), 2)


def _line(experiment: Experiment, run: int, group: Group, summary: Summary, main: str) -> Line:
    """`main`: the weights of the run's first row; they and the last ones are compared with published numbers."""
    section: Literal["ours", "variant", "reference"] = "variant" if is_variant(experiment, group.first) else "ours"
    subject = str(summary.subject)
    if summary.reference or summary.variant:
        of_d = metrics.of(summary.metric, [experiment]).of_d
        label = f"run {run}, {subject}" if summary.variant else subject if of_d else f"{subject} in place of samples"
        section = "reference"
    elif subject == main:
        title = run_title(experiment, group.first, counted=True)
        label = f"{model(experiment, group.first)}, run {run}: {title}{', last weights' if main == 'last' else ''}"
    elif subject == "last":
        label = f"run {run}, last weights instead of the best by validation"
    else:
        label = f"run {run}, average of G's weights ({subject}), not in the paper"
    away: tuple[str, ...] = ()
    verdict = None
    compared = section != "reference" and subject in (main, "last") and summary.split in (None, "test")
    for number in experiment.published:
        if compared and number.ours and answers(experiment, group.first, summary, number):
            away = condition_differences(experiment, group, summary, number)
            verdict = _verdict(experiment, summary, number, away)
    return Line(run, group, label, section, summary, away, verdict, subject == main)


def _verdict(experiment: Experiment, summary: Summary, number: Published, away: tuple[str, ...]) -> verdicts.Verdict | None:
    """The Verdict on a Summary; None where nobody says which way is better or how near is near enough."""
    metric = metrics.of(summary.metric, [experiment])
    margin = metric.margins.get(summary.dataset)
    if metric.better is None or margin is None:
        return None
    ours = (summary.value, summary.std_over_seeds, len(summary.seeds))
    theirs = (number.value, number.standard_error, margin.around(number.value, metric.better))
    return verdicts.compare(*ours, *theirs, metric.better, away)


def own_model(experiment: Experiment, number: Published) -> str:
    """The name in tables of the first model that answers to a published number: the paper's own where none has those data."""
    models = answering(experiment, number)
    return experiment.models[models[0]].title if models else number.row


def column(entry: Quantity | Published) -> Column:
    """The column of a Quantity, such as a Summary, or of a Published number."""
    if isinstance(entry, Published):
        return Column(entry.dataset, entry.metric, entry.unit)
    return Column(entry.dataset, entry.metric, entry.unit, entry.space, entry.condition)


def answers(experiment: Experiment, record: Record, found: Quantity, number: Published) -> bool:
    """Whether a Quantity of a Record measures what a Published number says, of a model that answers to it."""
    if column(found) != column(number) or number.n_samples not in (None, found.n_samples):
        return False
    own = record.model
    return own not in experiment.models or own in answering(experiment, number)


# ---- rows, the same for every format -------------------------------------------------------------------------------


def _data(table: Table, entry: Column) -> str:
    return ", ".join(part for part in (table.titles.get(entry.dataset, entry.dataset), entry.space, entry.condition) if part)


def column_title(table: Table, entry: Column) -> str:
    """The heading of a column, such as "MNIST, nats"."""
    several = len({other.metric for other in table.columns}) > 1
    name = f": {metrics.of(entry.metric, table.experiments).heading}" if several else ""
    return f"{_data(table, entry)}{name}{metrics.of_unit(entry.unit)}"


def not_run(number: Published) -> str:
    """What stands in place of a measurement that nobody has made, and why where that is known."""
    return "not run" + (f": {number.unavailable}" if number.unavailable else "")


def main_rows(table: Table) -> list[list[str]]:
    """The compact table: [header, rows...] of cells; a row of one cell is a heading."""
    header = ["Model", *(column_title(table, entry) for entry in table.columns)]
    rows = [header]
    if table.published:
        rows += [["Published"], *_rows(table, ((n.row, column(n), cells.printed(n)) for _, n in table.published))]
    measured: list[list[str]] = []
    for experiment in table.own():
        own = [line for line in table.of(experiment) if line.section == "ours"]
        measured += _rows(table, _cells(table, own))
        wanted = [number for owner, number in table.published if owner is experiment and number.ours]
        missing = [
            each for each in wanted if not any(answers(experiment, line.group.first, line.summary, each) for line in own)
        ]
        measured += _rows(table, ((own_model(experiment, number), column(number), not_run(number)) for number in missing))
    rows += [["Measured by this program" if measured else "Nothing of it is measured by this program"], *measured]
    variants = [line for line in table.lines if line.section == "variant" and line.main]
    if variants:
        rows += [["Ablations (--set)"], *_rows(table, _cells(table, variants))]
    reference = _once(line for line in table.lines if line.section == "reference")
    if reference:
        rows += [["For comparison"], *_rows(table, dict.fromkeys(_cells(table, reference)))]
    return rows


def elsewhere(table: Table) -> list[tuple[str, Table]]:
    """[(title of a data set, its compact table)] of runs that have no number in the compact table: no paper prints any."""
    shown = {line.run for line in table.lines}
    by_data: dict[str, list[Line]] = {}
    for line in table.others:
        if line.run not in shown and line.summary.split in (None, "test"):
            by_data.setdefault(line.summary.dataset, []).append(line)
    return [
        (
            table.titles.get(name, name),
            replace(table, published=(), lines=lines, columns=list(dict.fromkeys(column(line.summary) for line in lines))),
        )
        for name, lines in by_data.items()
    ]


def _once(lines: Iterable[Line]) -> list[Line]:
    """Without a number that several runs of one experiment measured of the same data: that over most seeds stays."""
    found: dict[tuple, Line] = {}
    for line in lines:
        numbers = (line.summary.value, line.summary.standard_error, line.summary.n_samples)
        # A mean of equal numbers is not equal to the last bit, nor is one number on two processors.
        key = line.label, column(line.summary), *(each and f"{each:.6g}" for each in numbers)
        if key not in found or len(line.summary.seeds) > len(found[key].summary.seeds):
            found[key] = line
    return list(found.values())


def _cells(table: Table, lines: Iterable[Line]) -> list[tuple[str, Column, str]]:
    return [(line.label, column(line.summary), cells.measured(line.summary, table.experiments)) for line in lines]


def _rows(table: Table, found: Iterable[tuple[str, Column, str]]) -> list[list[str]]:
    """Rows of (label, column, text): one for each label, in their order; a second one where a cell is taken already."""
    rows: list[list[str]] = []
    for label, entry, text in found:
        place = table.columns.index(entry) + 1
        row = next((row for row in rows if row[0] == label and not row[place]), None)
        if row is None:
            row = [label, *[""] * len(table.columns)]
            rows.append(row)
        row[place] = text
    return rows


def compared(table: Table) -> Iterator[tuple[Experiment, Published, list[tuple[Line, verdicts.Verdict]]]]:
    """Each published number that is ours to reproduce, with the lines that stand against it, in the order of their runs.

    Of a run whose best weights were kept there are two, the best and the last. Ablations answer another question
    (investigation.py) and are left out.
    """
    for experiment, number in ((owner, entry) for owner, entry in table.published if entry.ours):
        lines = (line for line in table.of(experiment) if not is_variant(experiment, line.group.first))
        against = (each for each in lines if answers(experiment, each.group.first, each.summary, number))
        yield experiment, number, [(each, each.verdict) for each in against if each.verdict]


def verdict_rows(table: Table) -> list[list[str]]:
    """Every published number against every run of it, its best weights and its last: [header, rows...]."""
    rows = [["Published", "Ours", f"Ours - published, {verdicts.LEVEL} interval", "Margin", "Run", "Verdict"]]
    for _, number, found in compared(table):
        label = f"{number.row}, {column_title(table, column(number))}: {cells.printed(number)}"
        both = {line.run for line, _ in found if not line.main}
        for line, verdict in found:
            weights = f", {line.summary.subject} weights" if line.run in both else ""
            shown = [
                cells.measured(line.summary, table.experiments),
                _interval(line, verdict, number),
                f"± {verdict.margin:.2g}",
            ]
            rows.append([label, *shown, f"{line.run}{weights}", in_words(line, verdict, number)])
        if not found:
            rows.append([label, "", "", "", "", not_run(number)])
    return rows


def _interval(line: Line, found: verdicts.Verdict, number: Published) -> str:
    """Such as "-14.3 ± 6.2", or "-14.3 (1 of 3 seeds; error over images 2.3)", with the decimals of the published number."""
    seeds = len(line.summary.seeds)
    decimals = max(1, len(f"{number.value:g}".partition(".")[2]))
    difference = f"{found.difference:+.{decimals}f}"
    if found.half_width is not None:
        return f"{difference} ± {found.half_width:.{decimals}f}"
    error = line.summary.standard_error
    images = "" if error is None else f"; error over images {error:.{decimals}f}"
    return f"{difference} ({seeds} of {verdicts.MIN_SEEDS} seeds{images})"


def in_words(line: Line, found: verdicts.Verdict, number: Published) -> str:
    """A verdict with what it rests on, such as "other conditions: quick preset", "not reached in 250 epochs"."""
    word, seeds = found.word, len(line.summary.seeds)
    if word == "falls short" and number.open_schedule:
        return f"not reached in {line.group.first.epochs:,g} epochs (how many were published is not known)"
    if word == "undecided" and seeds < verdicts.MIN_SEEDS:
        return f"undecided: {seeds} of {verdicts.MIN_SEEDS} seeds"
    return f"{word}: {'; '.join(line.condition_differences)}" if line.condition_differences else word


def not_run_rows(table: Table) -> list[list[str]]:
    """What the papers of a table show and nobody has measured here: [header, rows...]."""
    return [["Paper", "Not run", "Why"], *([each.short_name, what, why] for each in table.own() for what, why in each.not_run)]


def chosen_rows(table: Table) -> list[list[str]]:
    """What validation chose in each run whose training was validated: [header, rows...], a cell for all seeds of a run."""
    rows = [["Run", "Model", "Recipe", "Best weights after epoch", "Nats of validation images", "Seeds"]]
    for run, group in enumerate(table.groups, start=1):
        choices = [record.choice for record in group if record.choice]
        if choices:
            owner = table.owner(group)
            epochs, values = ([f"{each.epoch:,g}" for each in choices], [f"{each.value:,.1f}" for each in choices])
            named = model(owner, group.first), run_title(owner, group.first)
            seeds = [str(record.seed) for record in group if record.choice]
            rows.append([str(run), *named, *map("; ".join, (epochs, values, seeds))])
    return rows


def detail_rows(table: Table, lines: Iterable[Line]) -> list[list[str]]:
    """The protocol of measured numbers: [header, rows...]."""
    rows = [
        [
            "Run",
            "Metric",
            "Data",
            "Weights or reference samples",
            "Value",
            "SE (over images, folds or trials)",
            "SD over seeds",
            "Other errors",
            "Paired difference",
            "Seeds",
            "sigma",
            "Samples",
            "Images",
            "Split",
            "Preset",
            "Epochs",
        ]
    ]
    for line in lines:
        summary, record = line.summary, line.group.first
        value, error = with_error(summary.value, summary.standard_error or summary.std_over_seeds)
        images = "" if summary.n_test is None else f"{summary.n_test:,}"
        rows.append(
            [
                str(line.run),
                metrics.of(summary.metric, table.experiments).heading + metrics.of_unit(summary.unit),
                _data(table, column(summary)),
                str(summary.subject),
                value,
                "" if summary.standard_error is None else error,
                "1 seed" if summary.std_over_seeds is None else with_error(summary.value, summary.std_over_seeds)[1],
                ", ".join(cells.more_errors(summary)),
                cells.paired(summary.paired) if summary.paired else "",
                ", ".join(map(str, summary.seeds)),
                ", ".join(f"{sigma:.3g}" for sigma in summary.sigmas),
                "" if summary.n_samples is None else f"{summary.n_samples:,}",
                f"{images} in {summary.n_folds} folds" if summary.n_folds else images,
                summary.split or "",
                record.preset,
                record.played,
            ]
        )
    return rows
