"""Records: what a finished run leaves behind (JSON); reading, checking, collecting and summarising them over seeds.

How a record is made is not here (the programs do that), nor how it looks in a table (comparison.py).
"""

import hashlib
import json
import math
import re
import statistics
from dataclasses import dataclass
from pathlib import Path

from gan_repro.papers import configuration
from gan_repro.papers.configuration import filled
from gan_repro.papers.experiment import level
from gan_repro.system import files
from gan_repro.system.errors import RunError

SCHEMA = 1
CHOICE = {"draw": "validation"}  # of z: it chooses the epoch and the widths, and is not reported. In manifests since it is so
OLD_RULE = "epoch chosen under the old rule"  # by the very samples that the run's numbers were first reported with
_NUMBER = (int, float)
_FIELDS = {
    "schema": int,
    "experiment": str,
    "dataset": str,
    "preset": str,
    "seed": int,
    "epochs": _NUMBER,
    "config": dict,
    "config.experiment": str,
    "config.dataset": str,
    "config.preset": str,
    "config.seed": int,
    "config.recipe": dict,
    "manifest": dict,
    "manifest.data": dict,
    "manifest.data.sha256": str,
    "manifest.data.title": str,
    "cost": dict,
    "cost.minutes": _NUMBER,
    "command": str,
    "measurements": list,
    "curves": dict,
}
_OPTIONAL = {"cost.steps": int, "cost.processor": str, "manifest.device": str}
_CHOICE = {"draw": str}
_CHOICE_OPTIONAL = {"note": str}
_MEASUREMENT = {"metric": str, "unit": str, "value": _NUMBER, "dataset": str, "generator": str}
_MEASUREMENT_OPTIONAL = {
    "standard_error": _NUMBER,
    "n_test": int,
    "n_samples": int,
    "n_folds": int,
    "sigma": _NUMBER,
    "sigmas": list,
    "split": str,
    "space": str,
    "sweep": dict,
    "histogram": list,
    "n_draws": int,
    "draw_deviation": _NUMBER,
    "n_subsets": int,
    "subset_deviation": _NUMBER,
    "judge_difference": _NUMBER,
    "paired": dict,
}
_PAIRED = {"to": str, "difference": _NUMBER}
# What makes a measurement another one. Sigma is chosen by validation, run by run: a result, not a part of the protocol. Nor
# are the draws and subsets over which a number is the mean: with more of them it is the same number, better known.
_PROTOCOL = ("metric", "unit", "dataset", "space", "generator", "split", "n_test", "n_samples", "n_folds")
_MEANS = ("standard_error", "draw_deviation", "subset_deviation", "judge_difference")  # over seeds, in a Summary
_WORDS = {int: "a whole number", str: "text", dict: "an object", list: "a list", _NUMBER: "a number"}


@dataclass(frozen=True)
class Paired:
    """How a measurement differs from another one of the same runs, over the seeds of a group.

    Attributes:
      to: the "generator" of the other one.
      difference: mean over seeds of the mean difference, example by example: this one minus the other.
      standard_error: of several seeds that of the mean over them (n - 1 in the deviation), of one seed that over its test
        images or folds; None where neither is known.
    """

    to: str
    difference: float
    standard_error: float | None


@dataclass(frozen=True)
class Summary:
    """One measurement over the seeds of a group.

    Attributes:
      metric, unit, dataset, generator, split, n_test, n_samples: as in the measurements; None where they say nothing.
      space: what of the data was measured, such as "contrast-normalised to norm 55"; None: pixels in [0, 1], or no matter.
      n_folds: over how many folds the mean is taken (and the standard error, instead of over images), or None.
      value: mean over seeds.
      standard_error: mean over seeds of the standard error over test images (or folds), or None.
      deviation: standard deviation over seeds (n - 1 in the denominator); None with one seed.
      seeds: tuple of int, sorted.
      sigmas: tuple of the distinct Parzen widths that validation chose, over seeds and folds, sorted.
      sigma_at_edge: whether one of them was the first or the last of the grid: a better one may lie beyond.
      draw_deviation: mean over seeds of the standard deviation over draws of z.
      subset_deviation: mean over seeds of that over subsets of real images.
      judge_difference: mean over seeds, with its sign, of the number by a second classifier minus this one. The two judges
        are the same for all seeds, so it is by how much another judge would have moved `value`.
      paired: a Paired.
      The last four are None where a seed does not say them (older records do not), `paired` also where the seeds are compared
      with different generators.
    """

    metric: str
    unit: str
    dataset: str
    space: str | None
    generator: str
    split: str | None
    n_test: int | None
    n_samples: int | None
    n_folds: int | None
    value: float
    standard_error: float | None
    deviation: float | None
    seeds: tuple[int, ...]
    sigmas: tuple[float, ...]
    sigma_at_edge: bool = False
    draw_deviation: float | None = None
    subset_deviation: float | None = None
    judge_difference: float | None = None
    paired: Paired | None = None


def check(record, where):
    """Checks a record against the schema.

    Args:
      record: what the JSON file held.
      where: the file's name, for the message.

    Raises:
      RunError: a field is missing or wrong; the message names it.
    """
    if not isinstance(record, dict):
        raise RunError(f"{where} is damaged: it must hold an object, not {type(record).__name__}")
    for name, kind in _FIELDS.items():
        _require(record, name, kind, where)
    for name, kind in _OPTIONAL.items():
        place, key = name.split(".")
        if record[place].get(key) is not None:
            _require(record, name, kind, where)
    if record["schema"] != SCHEMA:
        raise RunError(f"{where}: schema is {record['schema']}; this version reads {SCHEMA}")
    if record["epochs"] < 0:
        raise RunError(f"{where} is damaged: epochs must be >= 0")
    for name in ("experiment", "dataset", "preset", "seed"):
        if record[name] != record["config"][name]:
            raise RunError(f"{where} is damaged: {name} is {record[name]!r}, config.{name} {record['config'][name]!r}")
    for index, measurement in enumerate(record["measurements"]):
        place = f"{where}: measurements[{index}]"
        if not isinstance(measurement, dict):
            raise RunError(f"{place} must be an object")
        for name, kind in _MEASUREMENT.items():
            _require(measurement, name, kind, place)
        for name, kind in _MEASUREMENT_OPTIONAL.items():
            if measurement.get(name) is not None:
                _require(measurement, name, kind, place)
        for name in ("standard_error", "draw_deviation", "subset_deviation"):
            if (measurement.get(name) or 0) < 0:
                raise RunError(f"{place}.{name} must be >= 0")
        if measurement.get("paired") is not None:
            _check_paired(measurement["paired"], f"{place}.paired")
        if not _are_numbers(measurement.get("sigmas") or []):
            raise RunError(f"{place}.sigmas must be numbers")
        if measurement.get("sweep") is not None:
            _check_sweep(measurement["sweep"], f"{place}.sweep")
    if record.get("choice") is not None:  # older records have none
        _check_choice(record["choice"], f"{where}: choice")
    _check_curves(record["curves"], where)
    _check_notices(record.get("notices", []), where)  # older records have none
    for place, number in _numbers(record, ""):
        if not math.isfinite(number):
            raise RunError(f"{where} is damaged: {place} is {number}")


def _require(fields, name, kind, where):
    value = fields
    for key in name.split("."):
        if key not in value:
            raise RunError(f"{where} is damaged: the field {name} is missing")
        value = value[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise RunError(f"{where} is damaged: {name} must be {_WORDS[kind]}, not {value!r}")


def _are_numbers(values, kind=_NUMBER):
    return all(isinstance(value, kind) and not isinstance(value, bool) for value in values)


def _check_paired(paired, where):
    """What measure.parzen_log_likelihood says of a difference between two generators."""
    for name, kind in _PAIRED.items():
        _require(paired, name, kind, where)
    if paired.get("standard_error") is not None:
        _require(paired, "standard_error", _NUMBER, where)
        if paired["standard_error"] < 0:
            raise RunError(f"{where}.standard_error must be >= 0")


def _check_choice(choice, where):
    """With which draw of z the run's epoch and widths were chosen, and what is to be said of it."""
    if not isinstance(choice, dict):
        raise RunError(f"{where} must be an object")
    for name, kind in _CHOICE.items():
        _require(choice, name, kind, where)
    for name, kind in _CHOICE_OPTIONAL.items():
        if choice.get(name) is not None:
            _require(choice, name, kind, where)


def _check_sweep(sweep, where):
    """A sweep is as measure.parzen_sweep gives it: a row for each of n_samples, in `value` a column for each sigma."""
    for name in ("sigma", "n_samples", "value", "chosen_sigma", "chosen_value"):
        _require(sweep, name, list, where)
    _require(sweep, "n_test", int, where)
    sigmas, rows = sweep["sigma"], len(sweep["n_samples"])
    for name, kind in (("sigma", _NUMBER), ("n_samples", int)):
        values = sweep[name]
        if not values or not _are_numbers(values, kind) or values[0] <= 0 or values != sorted(set(values)):
            raise RunError(f"{where}.{name} must be ascending numbers > 0")
    for name in ("value", "chosen_sigma", "chosen_value"):
        if len(sweep[name]) != rows:
            raise RunError(f"{where}.{name} must have {rows} entries, one for each of n_samples")
    lists = [row for name in ("value", "chosen_sigma") for row in sweep[name]]
    if not all(isinstance(row, list) and _are_numbers(row) for row in [*lists, sweep["chosen_value"]]):
        raise RunError(f"{where}: value, chosen_sigma and chosen_value must hold numbers")
    if any(len(row) != len(sigmas) for row in sweep["value"]):
        raise RunError(f"{where}.value must have {len(sigmas)} numbers in each row, one for each sigma")
    if any(not row or not set(row) <= set(sigmas) for row in sweep["chosen_sigma"]):
        raise RunError(f"{where}.chosen_sigma must be among sigma")


def _check_curves(curves, where):
    """Curves are as metrics.curves gives them: {"training": a curve, "validation": {kind: a curve with the list "value"}}."""
    for name, curve in curves.items():
        if not isinstance(curve, dict):
            raise RunError(f"{where} is damaged: curves.{name} must be an object")
        if name.startswith("validation"):
            for kind, each in curve.items():
                _check_curve(each, ("epoch", "value"), f"curves.{name}.{kind}", where)
                if not each["epoch"]:
                    raise RunError(f"{where} is damaged: curves.{name}.{kind} is empty")
        else:
            _check_curve(curve, ("epoch",), f"curves.{name}", where)


def _check_curve(curve, needed, name, where):
    """A curve is an object of lists of one length: "epoch", ascending numbers, and others, of numbers or null."""
    lists = isinstance(curve, dict) and curve.keys() >= set(needed) and all(isinstance(each, list) for each in curve.values())
    if not lists or len({len(each) for each in curve.values()}) != 1:
        raise RunError(f"{where} is damaged: {name} must hold lists of one length, among them {' and '.join(needed)}")
    epochs = curve["epoch"]
    if not _are_numbers(epochs) or epochs != sorted(set(epochs)):
        raise RunError(f"{where} is damaged: {name}.epoch must be ascending numbers")
    for key, values in curve.items():
        if not _are_numbers(value for value in values if value is not None):
            raise RunError(f"{where} is damaged: {name}.{key} must hold numbers or null")


def _check_notices(notices, where):
    """Notices are as monitors.record_problems keeps them: what from which epoch to which."""
    if not isinstance(notices, list) or not all(isinstance(entry, dict) for entry in notices):
        raise RunError(f"{where} is damaged: notices must be a list of objects")
    for index, entry in enumerate(notices):
        for name, kind in (("what", str), ("first", int), ("last", int)):
            _require(entry, name, kind, f"{where}: notices[{index}]")


def _numbers(value, place):
    """(place, number) of every float anywhere in a JSON value."""
    if isinstance(value, float):
        yield place, value
    elif isinstance(value, (dict, list)):
        for key, entry in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _numbers(entry, f"{place}.{key}".lstrip("."))


def read_files(folder):
    """[(file name without .json, record)] of every record in `folder`, sorted by name; [] where there is no folder.

    A record has that name besides, as "stem": figures of it begin with it.

    Raises:
      RunError: a record is unreadable, not JSON, damaged, or of a kind that has no place among results.
    """
    found = []
    for path in sorted(Path(folder).glob("[!.]*.json")):
        record = files.read_json(path)
        check(record, path)
        _refuse(record, path)
        found.append((path.stem, record | {"config": filled(record["config"]), "stem": path.stem}))
    return found


def _refuse(record, where):
    """Raises RunError for what must not stand among results: unfinished runs, smoke runs, the built-in glyphs."""
    if record.get("complete") is False:
        raise RunError(f"{where}: the run has not finished; give its command again to continue it: {record['command']}")
    if level(record["preset"]) == "smoke":
        raise RunError(f"{where}: a smoke run measures nothing; results take the presets paper and quick")
    if "glyphs" in [record["dataset"], *(measurement["dataset"] for measurement in record["measurements"])]:
        raise RunError(f"{where}: glyphs are the program's own digits, no paper's; results take real data sets only")


def identity(record):
    """What two records share if they may be averaged: what tells runs apart but the seed, the epochs played, and the data.

    Returns:
      text, equal exactly for records of one group. The epochs planned are not among it (configuration.identity).
    """
    config = {key: value for key, value in configuration.identity(record["config"]).items() if key != "seed"}
    return json.dumps([config, float(record["epochs"]), record["manifest"]["data"]["sha256"]], sort_keys=True)


def group(records):
    """Puts records together that are equal but for the seed.

    Args:
      records: checked records, in any order.

    Returns:
      list of lists of records, each sorted by seed; groups sorted by experiment, data set, preset (paper levels first),
      more epochs first.

    Raises:
      RunError: two records are of the same run.
    """
    groups = {}
    for record in sorted(records, key=lambda record: record["seed"]):
        groups.setdefault(identity(record), []).append(record)
    for members in groups.values():
        seeds = [record["seed"] for record in members]
        for seed in seeds:
            if seeds.count(seed) > 1:
                raise RunError(f"two records of the same run: {file_name(members[seeds.index(seed)])}; delete one")

    def order(item):
        text, (record, *_) = item
        preset = (level(record["preset"]) != "paper", record["preset"])
        return record["experiment"], record["dataset"], preset, -record["epochs"], text

    return [members for _, members in sorted(groups.items(), key=order)]


def longest(groups):
    """{seed: its record with most epochs}, by seed: a run that was continued has a shorter record as well."""
    found = {}
    for record in sorted((each for members in groups for each in members), key=lambda record: record["epochs"]):
        found[record["seed"]] = record
    return {seed: found[seed] for seed in sorted(found)}


def prefix(record):
    """<experiment>-<data set>; PATH of npz:PATH and images:PATH becomes its last name, with plain characters only."""
    kind, colon, rest = record["dataset"].partition(":")
    safe = re.sub(r"[^A-Za-z0-9.]+", "-", Path(rest).stem).strip("-.")
    return f"{record['experiment']}-{kind.replace('/', '-')}{f'_{safe}' if colon else ''}"


def prefixes(groups):
    """How the names of figures over all runs of an experiment on some data begin: a function of a record.

    It is `prefix`, with eight digits of the data's sha256 behind where `groups` have other data of that name.
    """
    known = {}
    for record in (record for members in groups for record in members):
        known.setdefault(prefix(record), set()).add(record["manifest"]["data"]["sha256"])

    def of(record):
        name, digits = prefix(record), record["manifest"]["data"]["sha256"][:8]
        return f"{name}-{digits}" if len(known[name]) > 1 else name

    return of


def file_name(record):
    """The telling name, such as goodfellow2014-mnist-paper-500epochs-seed0.json; without epochs where nothing is trained."""
    epochs = f"{record['epochs']:.10g}epochs-" if record["epochs"] else ""
    return f"{prefix(record)}-{record['preset']}-{epochs}seed{record['seed']}.json"


def stem(record):
    """How the names of a record's figures begin: the name of its file, or the telling one where it was read from none."""
    return record.get("stem") or file_name(record).removesuffix(".json")


def finished(run_folder):
    """The record of a finished run.

    Raises:
      RunError: no such folder, no record (the run has not finished), a damaged one, a smoke run, or the glyphs.
    """
    run_folder = Path(run_folder)
    path = run_folder / "record.json"
    if not run_folder.is_dir():
        raise RunError(f"there is no folder {run_folder}")
    if not path.exists():
        raise RunError(f"{run_folder} has no record.json: the run has not finished; give its command again")
    record = files.read_json(path)
    check(record, path)
    _refuse(record, path)
    return record


def add(run_folder, results_folder):
    """Copies a finished run's record into `results_folder`/records. A record of the same run is replaced.

    Returns:
      Path of the copy. Where its telling name is taken by a run of another configuration (--set), eight digits of the
      configuration's sha256 are appended.

    Raises:
      RunError: as `finished` and `read_files`.
    """
    record = finished(run_folder)
    folder = Path(results_folder) / "records"
    there = dict(read_files(folder))
    name = Path(file_name(record)).stem
    same = [stem for stem, other in there.items() if (identity(other), other["seed"]) == (identity(record), record["seed"])]
    if same:
        name = same[0]
    elif name in there:
        name += "-" + hashlib.sha256(identity(record).encode()).hexdigest()[:8]
    path = folder / f"{name}.json"
    files.write_json(path, record)
    return path


def summaries(members):
    """Summarises every measurement of a group over its seeds.

    Args:
      members: the records of one group.

    Returns:
      list of Summary, in the order of the first record's measurements.

    Raises:
      RunError: a record measures the same thing twice.
    """
    found = {}
    for record in members:
        for measurement in record["measurements"]:
            entry = found.setdefault(protocol(measurement), {})
            if record["seed"] in entry:
                what = f"{measurement['metric']} of {measurement['generator']}"
                raise RunError(f"{file_name(record)} is damaged: {what} is there twice")
            entry[record["seed"]] = measurement
    return [_summary(key, by_seed) for key, by_seed in found.items()]


def protocol(measurement):
    """What makes a measurement another one: equal tuples are of one and the same number."""
    return tuple(measurement.get(key) for key in _PROTOCOL)


def choice(best, manifest):
    """What a record says of the choice, as its "choice", of a run that is reported on draws of z that have chosen nothing.

    Args:
      best: the record's: None where no epoch was chosen.
      manifest: the run's; one without "choice" is of a training that began under the old rule.
    """
    return CHOICE | ({"note": OLD_RULE} if best is not None and "choice" not in manifest else {})


def choice_note(record):
    """What is to be said of how a run's epoch was chosen: OLD_RULE or ""; "" where no epoch was chosen.

    A record without "choice" is of a version that knew the old rule alone.
    """
    if record.get("best") is None:
        return ""
    choice = record.get("choice")
    return OLD_RULE if choice is None else choice.get("note") or ""


def _summary(key, by_seed):
    values = [entry["value"] for entry in by_seed.values()]
    sigmas = {sigma for entry in by_seed.values() for sigma in [entry.get("sigma"), *(entry.get("sigmas") or [])]}
    return Summary(
        **dict(zip(_PROTOCOL, key)),
        value=statistics.fmean(values),
        deviation=statistics.stdev(values) if len(values) > 1 else None,
        seeds=tuple(sorted(by_seed)),
        sigmas=tuple(sorted(sigmas - {None})),
        sigma_at_edge=any(entry.get("sigma_at_edge", False) for entry in by_seed.values()),
        **{name: _mean(by_seed, name) for name in _MEANS},
        paired=_paired([entry.get("paired") for entry in by_seed.values()]),
    )


def _mean(by_seed, name):
    """The mean over seeds of a field, or None where one of them does not say it."""
    values = [entry.get(name) for entry in by_seed.values()]
    return None if None in values else statistics.fmean(values)


def _paired(found):
    """The Paired of the seeds' "paired", or None."""
    if None in found or len({entry["to"] for entry in found}) > 1:
        return None
    differences = [entry["difference"] for entry in found]
    error = found[0].get("standard_error")
    if len(found) > 1:
        error = statistics.stdev(differences) / math.sqrt(len(found))
    return Paired(found[0]["to"], statistics.fmean(differences), error)
