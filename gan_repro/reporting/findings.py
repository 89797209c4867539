"""Findings: what came of a paper, prose in results/findings/, with places for numbers that are filled in from records.

A place is {RECORD | METRIC | WEIGHTS OR REFERENCE}, such as
{cgan-mnist-paper-300epochs-seed0 | parzen_log_likelihood | best}: the name of a record's file, with "*" for several seeds, over
which it is then the mean. Behind a further "|" may stand which number ("value", "error": over images, "std": over seeds,
"draws": the deviation over sets of samples of one training, "n_samples": how many carry it), and key=value of the measurement
where several have that metric: {... | best | std}, {... | best | n_samples=50000 split=test}. {RECORD | epochs}, {RECORD |
steps}, minibatches, and {RECORD | minutes} are of the run itself, {RECORD | recipe | KEY} is a constant of its recipe, and
{RECORD | validation | WEIGHTS | EPOCH} is what the validation read at an epoch, in nats. A place that no record fills is an
error, and so is a decimal number, or one of thousands (1,000), that stands in no place: nothing would say when it ceases to be
true.
"""

import fnmatch
import re
import statistics
from collections.abc import Sequence
from pathlib import Path

from gan_repro.papers.configuration import value_in_words
from gan_repro.reporting.groups import Group, identity
from gan_repro.reporting.record import Record
from gan_repro.system import files
from gan_repro.system.errors import RunError
from gan_repro.system.numbers import with_error

FOLDER = "findings"
HEADLINES = 3  # lines of a table's findings that results/README.md shows; the others stand on the table's page
_PLACE = re.compile(r"\{([^{}]*)\}")
_LOOSE = re.compile(r"(?<![\w.])(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d*\.\d+)(?!\w|\.\w)")  # none: a file's name, a version
_FIELDS = ("value", "error", "std", "draws", "n_samples")


def read(results: str | Path, name: str, records: Sequence[Record]) -> str:
    """The findings of a table, filled: the text of results/findings/NAME.md; "" where there is none.

    Raises:
      RunError: the file cannot be read, or holds what `filled` refuses.
    """
    path = Path(results) / FOLDER / f"{name}.md"
    if not path.exists():
        return ""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"cannot read {path}: {files.reason(error) if isinstance(error, OSError) else error}") from error
    return filled(text, records, path).strip()


def apart(text: str) -> tuple[str, str, str]:
    """Findings in their parts, each "" where there is none.

    Returns:
      what stands before the first point of the list: with it the table's own page begins; the first HEADLINES points, a line
      each; the others.
    """
    lines = text.splitlines()
    first = next((number for number, line in enumerate(lines) if line.startswith("* ")), len(lines))
    points = lines[first:]
    return "\n".join(lines[:first]).strip(), "\n".join(points[:HEADLINES]), "\n".join(points[HEADLINES:])


def filled(text: str, records: Sequence[Record], where: object) -> str:
    """`text` with its places filled in.

    Args:
      records: those that may be named.
      where: the file, for messages.

    Raises:
      RunError: a place names no record or no measurement of it, or a number that wants a place has none; with the line.
    """
    lines = []
    for number, line in enumerate(text.splitlines(), start=1):
        rest = _PLACE.sub("", line)
        if loose := _LOOSE.search(rest):
            raise RunError(f"{where}, line {number}: {loose[0]} stands in no place; write {{RECORD | METRIC | WEIGHTS}}")
        if "{" in rest or "}" in rest:
            raise RunError(f"{where}, line {number}: a place must begin with {{ and end with }} in the same line")
        try:
            lines.append(_PLACE.sub(lambda place: _number(place[1], records), line))
        except ValueError as error:
            raise RunError(f"{where}, line {number}: {error}") from error
    return "\n".join(lines)


def _number(place: str, records: Sequence[Record]) -> str:
    """What stands in a place. Raises ValueError: nothing does."""
    name, *words = [word.strip() for word in place.split("|")]
    members = [record for record in records if fnmatch.fnmatchcase(record.stem, name)]
    if not members:
        raise ValueError(f"there is no record {name}")
    if len({identity(record) for record in members}) > 1:
        raise ValueError(f"{name} are records that differ in more than the seed")
    if words == ["epochs"]:
        return members[0].played
    if words == ["steps"]:
        steps = {record.cost.steps for record in members}
        if len(steps) > 1 or None in steps:
            raise ValueError(f"{{{place}}}: the steps of {name} are not known, or differ")
        return f"{steps.pop():,}"
    if words == ["minutes"]:
        low, high = (f"{bound(record.cost.minutes for record in members):,.0f}" for bound in (min, max))
        return low if low == high else f"{low} to {high}"
    if len(words) < 2:
        raise ValueError(f"{{{place}}}: must be RECORD | METRIC | WEIGHTS or RECORD | epochs, steps or minutes")
    metric, subject, *rest = words
    if metric == "recipe":
        if subject not in members[0].recipe or rest:
            raise ValueError(f"{{{place}}}: must be RECORD | recipe | KEY, and the recipe of {name} has this KEY")
        return value_in_words(members[0].recipe[subject])
    if metric == "validation":
        return with_error(statistics.fmean(_validated(record, subject, rest, place) for record in members), None)[0]
    field = next((word for word in rest if word in _FIELDS), "value")
    pairs = [pair for word in rest if word not in _FIELDS for pair in word.split()]
    if wrong := [pair for pair in pairs if "=" not in pair]:
        raise ValueError(f"{{{place}}}: {wrong[0]} is none of {', '.join(_FIELDS)} and no KEY=VALUE")
    asked = dict(pair.split("=", 1) for pair in pairs)
    found = [
        summary
        for summary in Group(tuple(sorted(members, key=lambda record: record.seed))).summaries()
        if (summary.metric, str(summary.subject)) == (metric, subject)
        and all(str(vars(summary).get(key)) == value for key, value in asked.items())
    ]
    if len(found) != 1:
        raise ValueError(f"{{{place}}}: {len(found)} measurements are of that kind, there must be one")
    summary = found[0]
    if len(summary.seeds) < len(members):
        raise ValueError(f"{{{place}}}: of {len(members)} records {len(summary.seeds)} have it")
    error = summary.standard_error or summary.std_over_seeds
    number = {
        "value": summary.value,
        "error": summary.standard_error,
        "std": summary.std_over_seeds,
        "draws": summary.std_over_draws,
        "n_samples": summary.n_samples,
    }[field]
    if number is None:
        raise ValueError(f"{{{place}}}: no {field} is known")
    if field == "n_samples":
        return f"{number:,}"
    return with_error(number, error)[0] if field == "value" else with_error(number, number)[1]


def _validated(record: Record, weights: str, rest: Sequence[str], place: str) -> float:
    """What the validation of a run read of some weights at the epoch that `rest` names. Raises ValueError: nothing."""
    curve = record.curves.validation.get(weights)
    points = {f"{epoch:g}": value for epoch, value in zip(curve.epoch, curve.value)} if curve else {}
    value = points.get(rest[0]) if len(rest) == 1 else None
    if value is None:
        raise ValueError(f"{{{place}}}: must be RECORD | validation | WEIGHTS | EPOCH, and {record.stem} has a number there")
    return value
