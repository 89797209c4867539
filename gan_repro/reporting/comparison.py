"""Tables: published numbers beside the measured ones, and their verdicts, as rows of text.

Reading and averaging records is not here (records.py), nor the rule of verdicts (verdicts.py), nor the file formats
(formats.py), nor any published number (they stand in the experiments).
"""

import dataclasses
import math
from dataclasses import dataclass

from gan_repro.data.names import dataset_kind
from gan_repro.papers.configuration import plain
from gan_repro.papers.experiment import level
from gan_repro.papers.recipe import fields_of
from gan_repro.reporting import metrics, records, verdicts
from gan_repro.system.errors import RunError

GENERATED = "Generated from results/records/*.json by `python -m gan_repro.tables`; do not edit."
TITLES = {"mnist": "MNIST", "tfd": "TFD", "cifar10": "CIFAR-10"}
# What 0 says in a recipe, where it is no number.
ZEROS = {"steps_per_epoch": "the whole epoch"}


@dataclass(frozen=True)
class Line:
    """One measured number: a Summary with its run (number from 1, records of the group), label, and Verdict or None.

    `section` is "ours", "variant" (is_variant) or "sanity"; `departures` says where the conditions were not the published ones;
    `main`: it is of the run's main generator, which is judged: the best by validation, else the last.
    """

    run: int
    members: list
    label: str
    section: str
    summary: records.Summary
    departures: tuple[str, ...]
    verdict: verdicts.Verdict | None
    main: bool


@dataclass(frozen=True)
class Table:
    """What a table shows. `columns`: (data set, metric, unit, space); `others`: lines that fall in no column."""

    name: str
    experiments: list
    groups: list
    columns: list
    titles: dict
    published: list
    lines: list
    others: list


def departures(experiment, members, summary, number):
    """Where a measurement's conditions differ from those of a Published number, as a tuple of phrases; () under these.

    Compared are the preset, the epochs played, every field of the recipe that touches the training (--set), and the
    protocol of the evaluation. More epochs than the paper preset's are no departure, nor are fewer where nobody published
    how many there were: the row shows them.
    """
    record = members[0]
    found = [] if level(record["preset"]) == "paper" else [f"{record['preset']} preset"]
    paper = paper_recipe(experiment, record)
    if paper is None:
        return (*found, "the experiment has no paper preset for these data")
    epochs = getattr(paper, "total_epochs", getattr(paper, "epochs", 0))
    if record["epochs"] < epochs and not number.open_schedule:
        found.append(f"{record['epochs']:,g} of the preset's {epochs:,g} epochs")
    found += [change(*each) for each in differences(paper, record)]
    protocol = metrics.of(summary.metric, [experiment]).protocols.get(summary.dataset, {})
    for key, value in protocol.items():
        if getattr(summary, key) != value:
            found.append(f"evaluation: {change(key, getattr(summary, key), value, 'paper')}")
    return (*found, number.departure) if number.departure else tuple(found)


def paper_recipe(experiment, record):
    """The recipe of the paper level of a record's model ("paper-tfd" for "quick-tfd"), or None."""
    preset = "paper" + record["preset"].removeprefix(level(record["preset"]))
    return experiment.recipes.get(dataset_kind(record["dataset"]), {}).get(preset)


def is_variant(experiment, record):
    """Whether --set changed what the run's preset trains, apart from how long."""
    preset = experiment.recipes.get(dataset_kind(record["dataset"]), {}).get(record["preset"])
    return preset is not None and any(differences(preset, record, schedule=False))


def differences(recipe, record, schedule=True):
    """(key, value used, the recipe's) of each field that touches the training and differs; None where it is in one only.

    Of its schedule (experiment.bounded) `epochs` is never among them: the record says how many were played. `schedule`:
    whether the rest is; a row's label does without it, where the epochs and steps played stand.
    """
    wanted, used = plain(dataclasses.asdict(recipe)), record["config"]["recipe"]
    left_out = {"epochs"} | fields_of(recipe, "evaluation") | (set() if schedule else fields_of(recipe, "schedule"))
    for key in sorted((wanted.keys() | used.keys()) - left_out):
        if wanted.get(key) != used.get(key):
            yield key, used.get(key), wanted.get(key)


def names(experiments):
    """The names of all tables: where published numbers stand, and where the experiments' records do; sorted."""
    return sorted({table for each in experiments for table in (each.table, *(entry.table for entry in each.published))})


def build(name, experiments, groups):
    """Puts a table together.

    Args:
      name: as Published.table and Experiment.table.
      experiments: all Experiments, of other tables too.
      groups: what records.group gives, of all experiments.

    Returns:
      Table.

    Raises:
      RunError: a record is of no experiment that there is.
    """
    by_name = {experiment.name: experiment for experiment in experiments}
    for members in groups:
        if members[0]["experiment"] not in by_name:
            file, unknown = records.file_name(members[0]), members[0]["experiment"]
            raise RunError(f"record {file} is of an unknown experiment {unknown!r}; valid: {', '.join(by_name)}")
    published = [(each, number) for each in experiments for number in each.published if number.table == name]
    groups = [members for members in groups if by_name[members[0]["experiment"]].table == name]

    def place(members):
        """An experiment's own order of its data sets; within one the order of the records."""
        owner, kind = members[0]["experiment"], dataset_kind(members[0]["dataset"])
        kinds = list(by_name[owner].recipes)
        return list(by_name).index(owner), kinds.index(kind) if kind in kinds else len(kinds)

    groups, lines = sorted(groups, key=place), []
    for run, members in enumerate(groups, start=1):
        summaries = sorted(records.summaries(members), key=_order)
        main = "best" if any(summary.generator == "best" for summary in summaries) else "last"
        lines += [_line(by_name[members[0]["experiment"]], run, members, summary, main) for summary in summaries]
    shown = {number.metric for _, number in published} or {line.summary.metric for line in lines if line.section != "sanity"}
    columns = [column(number) for _, number in published]
    headline = [line for line in lines if line.summary.metric in shown and line.summary.split in (None, "test")]
    columns += [column(line.summary) for line in headline]
    data = [record["manifest"]["data"] | {"dataset": record["dataset"]} for members in groups for record in members]
    return Table(
        name=name,
        experiments=[each for each in experiments if name in names([each])],
        groups=groups,
        columns=list(dict.fromkeys(columns)),
        titles={entry["dataset"]: entry["title"] for entry in data} | TITLES,
        published=published,
        lines=headline,
        others=[line for line in lines if line not in headline],
    )


def stands_in(generator):
    """Whether a measurement's "generator" is none: training images or centroids in place of samples."""
    return not (generator in ("best", "last") or generator.startswith("averaged-"))


def _order(summary):
    return {"best": 0, "last": 1}.get(summary.generator, 2)


def run_title(experiment, record):
    """Such as "quick-tfd preset, generator_units 2,000, 2,000 (paper preset: 8,000, 8,000), 39 epochs, 4,368 steps".

    What touches the training and is not as in the paper recipe of the same model is named, the schedule by what was played.
    """
    paper = paper_recipe(experiment, record)
    settings = [change(*each) for each in differences(paper, record, schedule=False)] if paper else []
    return ", ".join([f"{record['preset']} preset", *settings, *_played(record)])


def change(key, used, wanted, whose="paper preset"):
    """Such as "generator_units 2,000, 2,000 (paper preset: 8,000, 8,000)"."""
    shown = (ZEROS[key] if key in ZEROS and value == 0 else _field(value) for value in (used, wanted))
    return "{0} {1} ({3}: {2})".format(key, *shown, whose)


def _row_title(experiment, record):
    """run_title as short as a row wants it: more than two settings are counted; beside the commands they are named."""
    paper = paper_recipe(experiment, record)
    changed = list(differences(paper, record, schedule=False)) if paper else []
    if len(changed) < 3:
        return run_title(experiment, record)
    return ", ".join([f"{record['preset']} preset, {len(changed)} settings unlike the paper preset's", *_played(record)])


def _played(record):
    steps = record["cost"].get("steps")
    epochs = [f"{record['epochs']:,g} epochs"] if record["epochs"] else []  # nothing is trained
    return [*epochs, *([f"{steps:,} steps"] if steps else [])]


def _field(value):
    """A recipe's value for a reader: thousands apart, lists without brackets."""
    if isinstance(value, list):
        return ", ".join(map(_field, value)) or "none"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return f"{value:,}" if isinstance(value, int) else f"{value:.15g}" if isinstance(value, float) else str(value)


def _line(experiment, run, members, summary, main):
    """`main`: the generator of the run's first row, which is judged."""
    generator = summary.generator
    section = "variant" if is_variant(experiment, members[0]) else "ours"
    if stands_in(generator):
        # "best, without dropout" is the run's own generator, drawn from in another way.
        own = not stands_in(generator.partition(",")[0])
        alone = f"run {run}, {generator}" if own else generator
        of_d = metrics.of(summary.metric, [experiment]).of_d
        label, section = alone if own or of_d else f"{generator} in place of samples", "sanity"
    elif generator == main:
        name = experiment.model(members[0]["preset"], members[0]["dataset"])
        label = f"{name}, run {run}: {_row_title(experiment, members[0])}{', last weights' if main == 'last' else ''}"
    elif generator == "last":
        label = f"run {run}, last weights instead of the best by validation"
    else:
        label = f"run {run}, average of G's weights ({generator.removeprefix('averaged-')}), not in the paper"
    away, judged = (), None
    judges = section != "sanity" and generator == main and summary.split in (None, "test")
    for number in experiment.published:
        if judges and number.ours and _answers(summary, number):
            away = departures(experiment, members, summary, number)
            judged = _verdict(experiment, summary, number, away)
    return Line(run, members, label, section, summary, away, judged, generator == main)


def _verdict(experiment, summary, number, away):
    """The Verdict on a Summary; None where nobody says which way is better or how near is near enough."""
    metric = metrics.of(summary.metric, [experiment])
    margin = metric.margins.get(summary.dataset)
    if metric.better is None or margin is None:
        return None
    ours = (summary.value, summary.deviation, len(summary.seeds))
    theirs = (number.value, number.standard_error, margin.around(number.value, metric.better))
    return verdicts.judge(*ours, *theirs, metric.better, away)


def column(entry):
    """The column of a Summary or a Published number: (data set, metric, unit, space)."""
    return entry.dataset, entry.metric, entry.unit, getattr(entry, "space", None)


def _answers(summary, number):
    """Whether a Summary measures what a Published number says."""
    return column(summary) == column(number) and number.n_samples in (None, summary.n_samples)


# ---- numbers and rows, the same for every format -------------------------------------------------------------------


def digits(value, error):
    """`value` (and an error like it) with as many decimals as two significant digits of `error` need, as (text, text).

    Without an error, or with the error 0, four significant digits.
    """
    if not error:
        return f"{value:.4g}", "0" if error == 0 else ""
    decimals = min(12, max(0, 1 - math.floor(math.log10(error))))
    return f"{value:.{decimals}f}", f"{error:.{decimals}f}"


def measured(summary):
    """Such as "221.3 ± 2.1 SE ± 3.4 SD (3 seeds; σ .167 and .215, n 10,000)", "82.80 ± 0.41 SE (1 seed)"."""
    value, error = digits(summary.value, summary.standard_error or summary.deviation)
    text = value if summary.standard_error is None else f"{value} ± {error} SE"
    if summary.deviation is not None:
        text += f" ± {digits(summary.value, summary.deviation)[1]} SD"
    seeds = f"{len(summary.seeds)} seed{'s' if len(summary.seeds) > 1 else ''}"
    seeds += f", {summary.n_folds} folds" if summary.n_folds else ""
    seeds += "".join(f"; {text}" for text in _more_errors(summary))
    *others, last = [width(sigma) for sigma in summary.sigmas] or [""]
    edge = " at the grid's edge" if summary.sigma_at_edge else ""
    how = [f"σ {', '.join(others)}{' and ' if others else ''}{last}{edge}"] if last else []
    how += [f"n {summary.n_samples:,}"] if summary.n_samples and not metrics.of(summary.metric).over_checkpoints else []
    beside = f"; {paired(summary.paired)}" if summary.paired else ""
    return f"{text} ({'; '.join([seeds, ', '.join(how)] if how else [seeds])}){beside}"


def _more_errors(summary):
    """What a Summary knows of a number's errors beside those over images and seeds, as texts, such as "draws ± 0.4"."""
    deviations = {"draws": summary.draw_deviation, "subsets": summary.subset_deviation}
    found = [f"{name} ± {value:.2g}" for name, value in deviations.items() if value is not None]
    return found + ([] if summary.judge_difference is None else [f"second judge {summary.judge_difference:+.2g}"])


def paired(found):
    """A records.Paired as a text, such as "paired with best +26.9 ± 0.6"."""
    difference, error = digits(found.difference, found.standard_error)
    sign = "" if difference.startswith("-") else "+"
    return f"paired with {found.to.removeprefix('averaged-')} {sign}{difference}" + (f" ± {error}" if error else "")


def width(sigma):
    """A width in three significant digits, without the zero before the point: ".215", ".1", "1"."""
    return f"{sigma:.3g}".removeprefix("0")


def printed(number):
    """A Published number as a text: "225 ± 2", "2.98 (n 50,000; unverified)"."""
    error = "" if number.standard_error is None else f" ± {number.standard_error:g}"
    how = [] if number.n_samples is None else [f"n {number.n_samples:,}"]
    how += ["unverified"] if number.unverified else []
    return f"{number.value:g}{error}" + (f" ({'; '.join(how)})" if how else "")


def _data(table, dataset, space):
    return ", ".join([table.titles.get(dataset, dataset), *([space] if space else [])])


def _column_title(table, entry):
    dataset, metric, unit, space = entry
    several = len({metric for _, metric, *_ in table.columns}) > 1
    name = f": {metrics.of(metric, table.experiments).heading}" if several else ""
    return f"{_data(table, dataset, space)}{name}{metrics.of_unit(unit)}"


def _not_run(number):
    return "not run" + (f": {number.unavailable}" if number.unavailable else "")


def main_rows(table):
    """The compact table: [header, rows...] of cells; a row of one cell is a heading."""
    header = ["Model", *(_column_title(table, entry) for entry in table.columns)]
    rows = [header]
    if table.published:
        rows += [["Published"], *_rows(table, ((n.row, column(n), printed(n)) for _, n in table.published))]
    rows.append(["Measured by this program"])
    for experiment in (each for each in table.experiments if each.table == table.name):
        own = [line for line in _of(table.lines, experiment) if line.section == "ours"]
        rows += _rows(table, map(_cell, own))
        wanted = [number for number in experiment.published if number.ours and number.table == table.name]
        missing = [number for number in wanted if not any(_answers(line.summary, number) for line in own)]
        rows += _rows(table, ((experiment.row, column(number), _not_run(number)) for number in missing))
    variants = [line for line in table.lines if line.section == "variant" and line.main]
    if variants:
        rows += [["Recipes with a detail changed (--set)"], *_rows(table, map(_cell, variants))]
    # Several runs of one experiment measure the same stand-in on the same data: once is enough.
    sanity = list(dict.fromkeys(_cell(line) for line in table.lines if line.section == "sanity"))
    if sanity:
        rows += [["For comparison"], *_rows(table, sanity)]
    return rows


def _cell(line):
    return line.label, column(line.summary), measured(line.summary)


def _rows(table, cells):
    """Rows of (label, column, text): one for each label, in their order; a second one where a cell is taken already."""
    rows = []
    for label, entry, text in cells:
        place = table.columns.index(entry) + 1
        row = next((row for row in rows if row[0] == label and not row[place]), None)
        if row is None:
            row = [label, *[""] * len(table.columns)]
            rows.append(row)
        row[place] = text
    return rows


def _of(lines, experiment):
    return [line for line in lines if line.members[0]["experiment"] == experiment.name]


def verdict_rows(table):
    """Each published number that is ours to reproduce, against every run of it: [header, rows...].

    Recipes with a detail changed answer another question (investigation.py) and are left out.
    """
    rows = [["Published", "Ours", f"Ours - published, {verdicts.LEVEL} interval", "Margin", "Run", "Verdict"]]
    for experiment, number in ((owner, entry) for owner, entry in table.published if entry.ours):
        label = f"{number.row}, {_column_title(table, column(number))}: {printed(number)}"
        lines = (line for line in _of(table.lines, experiment) if not is_variant(experiment, line.members[0]))
        judged = [line for line in lines if line.verdict and _answers(line.summary, number)]
        for line in judged:
            found = [measured(line.summary), _interval(line, number), f"± {line.verdict.margin:.2g}"]
            rows.append([label, *found, f"{line.run}", _in_words(line, number)])
        if not judged:
            rows.append([label, "", "", "", "", _not_run(number)])
    return rows


def _interval(line, number):
    """Such as "-14.3 ± 6.2", or "-14.3 (1 of 3 seeds; error over images 2.3)", with the decimals of the published number."""
    found, seeds = line.verdict, len(line.summary.seeds)
    decimals = max(1, len(f"{number.value:g}".partition(".")[2]))
    difference = f"{found.difference:+.{decimals}f}"
    if found.half_width is not None:
        return f"{difference} ± {found.half_width:.{decimals}f}"
    error = line.summary.standard_error
    images = "" if error is None else f"; error over images {error:.{decimals}f}"
    return f"{difference} ({seeds} of {verdicts.MIN_SEEDS} seeds{images})"


def _in_words(line, number):
    """A verdict with what it rests on, such as "other conditions: quick preset", "not reached in 250 epochs"."""
    word, seeds = line.verdict.word, len(line.summary.seeds)
    if word == "falls short" and number.open_schedule:
        return f"not reached in {line.members[0]['epochs']:,g} epochs (how many were published is not known)"
    if word == "undecided" and seeds < verdicts.MIN_SEEDS:
        return f"undecided: {seeds} of {verdicts.MIN_SEEDS} seeds"
    return f"{word}: {'; '.join(line.departures)}" if line.departures else word


def not_run_rows(table):
    """What the papers of a table show and nobody has measured here: [header, rows...]."""
    own = [each for each in table.experiments if each.table == table.name]
    return [["Paper", "Not run", "Why"], *([each.known_as, what, why] for each in own for what, why in each.not_run)]


def detail_rows(table, lines):
    """The protocol of measured numbers: [header, rows...]."""
    rows = [
        [
            "Run",
            "Metric",
            "Data",
            "Generator",
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
        summary, record = line.summary, line.members[0]
        value, error = digits(summary.value, summary.standard_error or summary.deviation)
        images = "" if summary.n_test is None else f"{summary.n_test:,}"
        rows.append(
            [
                str(line.run),
                metrics.of(summary.metric, table.experiments).heading + metrics.of_unit(summary.unit),
                _data(table, summary.dataset, summary.space),
                summary.generator,
                value,
                "" if summary.standard_error is None else error,
                "1 seed" if summary.deviation is None else digits(summary.value, summary.deviation)[1],
                ", ".join(_more_errors(summary)),
                paired(summary.paired) if summary.paired else "",
                ", ".join(map(str, summary.seeds)),
                ", ".join(f"{sigma:.3g}" for sigma in summary.sigmas),
                "" if summary.n_samples is None else f"{summary.n_samples:,}",
                f"{images} in {summary.n_folds} folds" if summary.n_folds else images,
                summary.split or "",
                record["preset"],
                f"{record['epochs']:,g}",
            ]
        )
    return rows
