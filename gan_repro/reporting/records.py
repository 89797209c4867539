"""Records as files: those of a folder of results, their names, and adding the record of a finished run."""

import re
import shlex
from collections.abc import Iterable
from pathlib import Path

from gan_repro.papers import configuration
from gan_repro.reporting.conditions import differences
from gan_repro.reporting.groups import Group, identity
from gan_repro.reporting.record import Record, read
from gan_repro.system import files
from gan_repro.system.errors import RunError, UsageError

LONGEST = 80  # characters of a name's settings: with what figures add to it, it fits into the 255 bytes of a file's name


def read_folder(folder: str | Path) -> list[Record]:
    """Every record in `folder`, sorted by the name of its file (Record.stem); [] where there is no folder.

    Raises:
      RunError: a record is unreadable, not JSON, damaged, or of a kind that has no place among results.
    """
    found = []
    for path in sorted(Path(folder).glob("[!.]*.json")):
        record = read(path)
        _refuse(record, path)
        found.append(record)
    return found


def _refuse(record: Record, where: object, folder: Path | None = None) -> None:
    """Raises RunError for what must not stand among results: unfinished runs, smoke runs, the built-in glyphs.

    `folder`: the run's, if it is known: the command in a record names none, and would begin another run elsewhere.
    """
    if not record.complete:
        again = f"{record.command} {shlex.quote(f'--workdir={folder}')}" if folder else record.command
        raise RunError(f"{where}: the run has not finished; give its command again to continue it: {again}")
    if record.preset == "smoke":
        raise RunError(f"{where}: a smoke run measures nothing; results take the presets paper and quick")
    if "glyphs" in [record.dataset, *(measurement.dataset for measurement in record.measurements)]:
        raise RunError(f"{where}: glyphs are the program's own digits, no paper's; results take real data sets only")


def finished(run_folder: str | Path) -> Record:
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
    record = read(path)
    _refuse(record, path, run_folder)
    return record


def add(run_folder: str | Path, results_folder: str | Path) -> Path:
    """Copies a finished run's record into `results_folder`/records. A record of the same run is replaced.

    Returns:
      Path of the copy, `name` of the record; where another run has that name, with as much behind it as tells them apart:
      eight digits of the data's sha256 where the data are others, else a number.

    Raises:
      RunError: as `finished` and `read_folder`.
    """
    record = finished(run_folder)
    folder = Path(results_folder) / "records"
    there = {other.stem: other for other in read_folder(folder)}
    same = [stem for stem, other in there.items() if (identity(other), other.seed) == (identity(record), record.seed)]
    path = folder / f"{same[0] if same else _free(record, there)}.json"
    files.write_json(path, record.to_json())
    return path


def _free(record: Record, there: dict[str, Record]) -> str:
    """The name of a record that is not `there` yet."""
    first = name(record)
    if first in there and there[first].data.sha256 != record.data.sha256:
        first += f"-{record.data.sha256[:8]}"
    names = [first, *(f"{first}-{number}" for number in range(2, len(there) + 3))]
    return next(each for each in names if each not in there)


def prefix(record: Record) -> str:
    """<experiment>-<data set>; PATH of npz:PATH and images:PATH becomes its last name, with plain characters only."""
    kind, colon, rest = record.dataset.partition(":")
    safe = re.sub(r"[^A-Za-z0-9.]+", "-", Path(rest).stem).strip("-.")
    return f"{record.experiment}-{kind.replace('/', '-')}{f'_{safe}' if colon else ''}"


def prefixes(groups: Iterable[Group]):
    """How the names of figures over all runs of an experiment on some data begin: a function of a record.

    It is `prefix`, with eight digits of the data's sha256 behind where `groups` have other data of that name.
    """
    known: dict[str, set[str]] = {}
    for record in (record for group in groups for record in group):
        known.setdefault(prefix(record), set()).add(record.data.sha256)

    def of(record: Record) -> str:
        first, digits = prefix(record), record.data.sha256[:8]
        return f"{first}-{digits}" if len(known[first]) > 1 else first

    return of


def name(record: Record) -> str:
    """The telling name, such as "goodfellow2014-mnist-paper-order=alternating-50epochs-seed0" or "wgan-mnist-mlp-quick-...".

    The model stands in it where it is not the data set's own.

    It has every setting that changes the training or its schedule and is not the preset's, as far as LONGEST characters
    reach, then how many more there are; and no epochs where nothing is trained. Its characters are plain ones.
    """
    epochs = [f"{record.epochs:.10g}epochs"] if record.epochs else []
    return "-".join([prefix(record), *_model(record), record.preset, *_settings(record), *epochs, f"seed{record.seed}"])


def _model(record: Record) -> list[str]:
    try:
        own = configuration.find(record.experiment).model_for(record.dataset)
    except UsageError:
        own = ""
    return [record.model] if record.model != own else []


def _settings(record: Record) -> list[str]:
    try:
        recipe = configuration.find(record.experiment).models[record.model].recipe(record.preset, record.dataset)
    except (KeyError, UsageError):
        return []
    shown: list[str] = []
    changed = [f"{key}={_plain(used)}" for key, used, _ in differences(recipe, record)]
    while changed and len("-".join([*shown, changed[0]])) <= LONGEST:
        shown.append(changed.pop(0))
    return shown + ([f"{len(changed)}-more"] if changed else [])


def _plain(value: object) -> str:
    """A setting's value in characters that every file system takes."""
    text = ",".join(map(_plain, value)) if isinstance(value, (list, tuple)) else str(value)
    return re.sub(r"[^A-Za-z0-9.,_+-]+", "-", text) or "none"


def stem(record: Record) -> str:
    """How the names of a record's figures begin: the name of its file, or the telling one where it was read from none."""
    return record.stem or name(record)
