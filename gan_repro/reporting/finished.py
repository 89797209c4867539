"""One run, for who has just made it: a small table of its numbers, what must be known of them, and all of them in lines."""

import dataclasses
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from gan_repro.evaluation import real_images
from gan_repro.evaluation.measurement import Measurement
from gan_repro.papers.experiment import Experiment
from gan_repro.papers.shown import Published
from gan_repro.reporting import cells, comparison, metrics
from gan_repro.reporting.conditions import condition_differences, model
from gan_repro.reporting.groups import Group
from gan_repro.reporting.record import DETAILS, Record
from gan_repro.system.numbers import aligned, duration, with_error

HEADINGS = ("", "measured", "published", "training images")
WIDTH = 100  # characters of a line
FEW = 3  # differences, or figures, that are named; of more there is a number


def heading(experiment: Experiment, record: Record) -> str:
    """Which run it is, such as "CGAN: MLP on MNIST; paper preset, 300 epochs, seed 0"."""
    played = f", {record.played} epoch{'' if record.planned == 1 else 's'}" if record.epochs else ""
    what = f"{experiment.short_name}: {model(experiment, record)} on {record.data.title}"
    return f"{what}; {record.preset} preset{played}, seed {record.seed}"


def tested(entries: Iterable[Measurement]) -> list[Measurement]:
    """Those that are of no split of the data but the one that is reported: what validation images gave is left out."""
    return [entry for entry in entries if entry.split != "validation"]


def main(entries: Iterable[Measurement]) -> list[Measurement]:
    """The measurements that a run is about: of its best weights by validation, else the last; of all, where it has none.

    Those of samples to which something else was done (variants), and of validation images, are left out.
    """
    entries = tested(entries)
    own = [entry for entry in entries if entry.weights and not entry.variant]
    best = [entry for entry in own if entry.weights == "best"]
    return best or [entry for entry in own if entry.weights == "last"] or own or entries


def label(entry: Measurement, among: Sequence[Measurement], experiment: Experiment) -> str:
    """What a measurement is, as far as that tells it from the others: "error of a 1-NN classifier, %; 10,000 samples"."""
    alike = [each for each in among if each.metric == entry.metric]
    parts = [f"{metrics.of(entry.metric, [experiment]).heading}{metrics.of_unit(entry.unit)}"]
    for name in ("reference", "variant", "condition", "space", "n_samples"):
        value = getattr(entry, name)
        if value is not None and len({getattr(each, name) for each in alike}) > 1:
            parts.append(f"{value:,} sample{'' if value == 1 else 's'}" if name == "n_samples" else value)
    return "; ".join(parts)


def published(experiment: Experiment, record: Record, entry: Measurement) -> Published | None:
    """The published number that a measurement of a run answers to, or None, as of averages of weights and of references."""
    if entry.weights not in ("best", "last") or entry.variant:
        return None
    wanted = (number for number in experiment.published if number.ours)
    return next((number for number in wanted if comparison.answers(experiment, record, entry, number)), None)


def rows(experiment: Experiment, record: Record, entries: Sequence[Measurement]) -> list[list[str]]:
    """[HEADINGS, a row for each of `entries`]: the number, the published one, what training images have in place of samples.

    The latter is the record's own, else one that comes with the program.
    """
    found, shipped = [list(HEADINGS)], real_images.shipped(record.data.sha256)
    for entry in entries:
        number = published(experiment, record, entry)
        alike = [each for each in shipped if each.n_validation in (None, entry.n_validation)]
        real = [each for each in (*record.measurements, *alike) if each.reference in metrics.REAL]
        own = [each for each in real if entry.weights and _same_quantity(each, entry)]
        printed = "" if number is None else cells.printed(number)
        found.append([label(entry, entries, experiment), _number(entry), printed, _number(own[0]) if own else ""])
    return found


def _same_quantity(one: Measurement, other: Measurement) -> bool:
    """Whether two measurements are of one thing, but for whose samples they are, and of how many images."""
    first, second = (
        dataclasses.replace(each.quantity, weights=None, reference="", variant=None, n_test=None) for each in (one, other)
    )
    return first == second


def _number(entry: Measurement) -> str:
    value, error = with_error(entry.value, entry.standard_error)
    return f"{value} ± {error}" if error else value


def table(experiment: Experiment, record: Record) -> str:
    """The rows of the run's own weights as aligned text of at most WIDTH columns; columns without a number are left out."""
    found = rows(experiment, record, main(record.measurements))
    if len(found) == 1:
        return "Nothing was measured."
    columns = [column for column in zip(*found) if any(column[1:])]
    return aligned(list(zip(*columns)), WIDTH)


def caveats(experiment: Experiment, record: Record) -> list[str]:
    """What a reader must know of the table, a sentence or two each, the most important first."""
    shown = main(record.measurements)
    found = []
    if record.preset == "smoke":
        found.append("A smoke run only shows that all of it works: its numbers mean nothing.")
    if not record.complete:
        found.append("The run has not finished: these are the numbers of what was played so far.")
    if any(entry.sigma_at_edge for entry in shown):
        found.append("Sigma is at the edge of its grid: a better width may lie beyond, and the log-likelihood be higher.")
    away: dict[str, None] = {}
    for entry in shown:
        if number := published(experiment, record, entry):
            away |= dict.fromkeys(condition_differences(experiment, Group((record,)), entry, number))
    if away:
        found.append(f"Not the published conditions: {_few(list(away))}.")
    for what in dict.fromkeys(notice.what for notice in record.notices):
        found.append(f"Noticed while it trained: {what}, epochs {_spans(record, what)}.")
    return [*found, *_how(record, shown)]


def _how(record: Record, shown: Sequence[Measurement]) -> list[str]:
    """Whose weights, over how many images and samples, and with which errors."""
    of_weights = {entry.weights for entry in shown if entry.weights}
    parts = []
    if "best" in of_weights:
        epoch = f", epoch {record.choice.epoch:,g}" if record.choice else ""
        parts.append(f"weights: best by validation{epoch}{' (the last)' if _one(record) else ''}")
    elif of_weights:
        parts.append("weights: the last")
    for name, what in (("n_test", "images"), ("n_samples", "samples")):
        counts = sorted({getattr(entry, name) for entry in shown} - {None})
        if counts:
            parts.append(f"{f'{counts[0]:,} to ' if len(counts) > 1 else ''}{counts[-1]:,} {what}")
    if any(entry.standard_error is not None for entry in shown):
        parts.append("±: one standard error")
    return ["; ".join(parts).capitalize() + "."] if parts else []


def _spans(record: Record, what: str) -> str:
    """In which epochs something was noticed, such as "3 to 18, 24"; of many spans the ends, and how many there are."""
    found = [notice for notice in record.notices if notice.what == what]
    if len(found) > FEW:
        return f"{found[0].first} to {found[-1].last} ({len(found)} times)"
    return ", ".join(f"{each.first}{f' to {each.last}' if each.last > each.first else ''}" for each in found)


def _few(texts: Sequence[str]) -> str:
    more = len(texts) - FEW
    return "; ".join(texts[:FEW]) + (f"; and {more} more" if more > 0 else "")


def report(experiment: Experiment, record: Record, folder: Path) -> str:
    """What a run ends with: the table, what must be known of it, and where all the rest lies.

    Args:
      folder: of the run.
    """
    figures = [path.name for path in sorted((folder / "figures").glob("*.png"))]
    figures.sort(key=lambda name: not name.startswith("samples"))
    files = [name for name in ("record.json", DETAILS) if (folder / name).exists()]
    lines = ["", *textwrap.wrap(heading(experiment, record), WIDTH), _spent(record), "", table(experiment, record), ""]
    for text in caveats(experiment, record):
        lines += textwrap.wrap(text, WIDTH, subsequent_indent="  ", break_long_words=False)
    lines += ["", f"folder   {folder}", f"numbers  {len(record.measurements)} in {', '.join(files)}"]
    if figures:
        lines += [f"figures  figures/: {', '.join(figures[:FEW])}{f' and {len(figures) - FEW} more' if figures[FEW:] else ''}"]
    return "\n".join(lines)


def _spent(record: Record) -> str:
    steps = f"{record.cost.steps:,} steps, " if record.cost.steps else ""
    return f"{steps}{duration(60 * record.cost.minutes)} with the evaluation, {record.trained_on}"


def details(experiment: Experiment, record: Record) -> str:
    """The text of DETAILS: every measurement of a record, a line each; where the best epoch was the last one, one for both.

    Over how many images a number is stands beside it: few of them make any number, and its error, a matter of luck.
    """
    known, one = {entry.quantity for entry in record.measurements}, _one(record)
    lines = [heading(experiment, record), ""]
    for entry in record.measurements:
        both = one and _is_of_two(entry, known)
        if both and entry.weights == "last":
            continue
        value, error = with_error(entry.value, entry.standard_error)
        over = "" if entry.n_test is None else f" over {entry.n_test:,} {entry.split or ''}".rstrip() + " images"
        rest = [part for part in (entry.space, entry.condition) if part]
        rest += [] if entry.sigma is None else [f"sigma {entry.sigma:.3f}{' at the edge' if entry.sigma_at_edge else ''}"]
        rest += [] if entry.n_samples is None else [f"{entry.n_samples:,} samples"]
        subject = str(entry.subject).replace("best", "best = last", 1) if both else entry.subject
        what = f"{entry.metric} ({entry.dataset}, {subject})"
        lines.append(f"{what}: {value}{error and f' +- {error}'} {entry.unit}{over}{'; ' if rest else ''}{', '.join(rest)}")
    return "\n".join(lines) + "\n"


def _one(record: Record) -> bool:
    """Whether the best weights by validation are the last ones."""
    digests = record.manifest.weights_sha256
    return "best" in digests and digests["best"] == digests.get("last")


def _is_of_two(entry: Measurement, known: set) -> bool:
    """Whether a measurement is of the best weights or the last, and the same quantity is known of the others."""
    names = ("best", "last")
    return entry.weights in names and known.issuperset(dataclasses.replace(entry.quantity, weights=each) for each in names)
