"""Records as files: those of a folder of results, their names, and adding the record of a finished run."""

import hashlib
import json
import re
import shlex
from collections.abc import Iterable
from pathlib import Path

from gan_repro.data.names import RENDERED
from gan_repro.papers import configuration
from gan_repro.reporting.conditions import differences
from gan_repro.reporting.groups import Group, identity
from gan_repro.reporting.record import Config, Record, read
from gan_repro.system import files
from gan_repro.system.errors import RunError, UsageError

LONGEST = 80  # characters of a name's settings: with what figures add to it, it fits into the 255 bytes of a file's name


def read_folder(folder: str | Path, strict: bool = True, whole: bool = True) -> list[Record]:
    """Every record in `folder`, sorted by the name of its file (Record.stem); [] where there is no folder.

    `strict`: whether what has no place among results is refused; only a trial of the program takes it. `whole`: as of
    record.read.

    Raises:
      RunError: a record is unreadable, not JSON, damaged, or of a kind that has no place among results.
    """
    found = []
    for path in sorted(Path(folder).glob("[!.]*.json")):
        record = read(path, whole)
        _refuse(record, path, strict)
        found.append(record)
    return found


def _refuse(record: Record, where: object, strict: bool) -> None:
    """Raises RunError for what must not stand among results: smoke runs, the built-in glyphs."""
    if not strict:
        return
    if record.preset == "smoke":
        raise RunError(f"{where}: a smoke run measures nothing; results take the presets paper and quick")
    if {record.dataset, *(measurement.dataset for measurement in record.measurements)} & set(RENDERED):
        raise RunError(f"{where}: glyphs are the program's own digits, no paper's; results take real data sets only")


def finished(run_folder: str | Path, strict: bool = True, partial: bool = False) -> Record:
    """The record of a finished run; with `partial` also of one that was ended before, and measured as it stood.

    `strict` as of `read_folder`.

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
    if not record.complete and not partial:
        # The command in a record names no folder, and would begin another run elsewhere.
        again = f"{record.command} {shlex.quote(f'--workdir={run_folder}')}"
        raise RunError(f"{path}: the run has not finished; give its command again to continue it: {again}")
    _refuse(record, path, strict)
    return record


def beside(run_folder: str | Path) -> list[Path]:
    """What of a run's figures goes along with its record: its pictures, and the arrays of which pages draw several runs.

    Folders among them are not looked into: they hold images that are not ours to publish (Finished.figures_of_data).
    """
    folder = Path(run_folder, "figures")
    return sorted([*folder.glob("[!.]*.png"), *folder.glob("moments.npz")])


def add(run_folder: str | Path, results_folder: str | Path, strict: bool = True, partial: bool = False) -> Path:
    """Copies a finished run's record into `results_folder`/records. A record of the same run is replaced.

    Args and Raises as `place`. Returns: path of the copy.
    """
    record, path = place(run_folder, results_folder, strict, partial)
    files.write_json(path, record.to_json())
    return path


def place(
    run_folder: str | Path, results_folder: str | Path, strict: bool = True, partial: bool = False
) -> tuple[Record, Path]:
    """A finished run's record, and where it belongs in `results_folder`/records.

    `strict` and `partial` as of `finished`.

    Returns:
      (Record, Path); the path is that of a record of the same run, else `name` of the record; where another run has that
      name, with as much behind it as tells them apart: eight digits of the data's sha256 where the data are others, else a
      number.

    Raises:
      RunError: as `finished` and `read_folder`.
    """
    record = finished(run_folder, strict, partial)
    folder = Path(results_folder) / "records"
    there = {other.stem: other for other in read_folder(folder, strict)}
    same = [stem for stem, other in there.items() if (identity(other), other.seed) == (identity(record), record.seed)]
    return record, folder / f"{same[0] if same else _free(record, there)}.json"


def _free(record: Record, there: dict[str, Record]) -> str:
    """The name of a record that is not `there` yet."""
    first = name(record)
    if first in there and there[first].data.sha256 != record.data.sha256:
        first += f"-{record.data.sha256[:8]}"
    names = [first, *(f"{first}-{number}" for number in range(2, len(there) + 3))]
    return next(each for each in names if each not in there)


def prefix(record: Record | Config) -> str:
    """<experiment>-<data set>; PATH of npz:PATH and images:PATH becomes its last name, with plain characters only."""
    kind, colon, rest = record.dataset.partition(":")
    safe = re.sub(r"[^A-Za-z0-9.]+", "-", Path(rest).stem).strip("-.")
    return f"{record.experiment}-{kind.replace('/', '-')}{f'_{safe}' if colon else ''}"


def prefixes(groups: Iterable[Group]):
    """How the names of figures over all runs of a model on some data begin: a function of a record.

    It is `prefix`, with eight digits of the data's sha256 behind where `groups` have other data of that name, and then the
    model where it is not the data set's own.
    """
    known: dict[str, set[str]] = {}
    for record in (record for group in groups for record in group):
        known.setdefault(prefix(record), set()).add(record.data.sha256)

    def of(record: Record) -> str:
        first, digits = prefix(record), record.data.sha256[:8]
        return "-".join([first, *([digits] if len(known[first]) > 1 else []), *_model(record.config)])

    return of


def name(record: Record) -> str:
    """The telling name of a record's run: `run_name` with the epochs played, of a run that was ended before "12of50epochs"."""
    return run_name(record.config, record.epochs, "" if record.complete else f"of{record.planned:g}")


def run_name(config: Config, epochs: float, asked: str = "") -> str:
    """Such as "goodfellow2014-mnist-paper-order=alternating-50epochs-seed0" or "wgan-mnist-mlp-quick-...".

    It is `row_name` and the seed.
    """
    return f"{row_name(config, epochs, asked)}-seed{config.seed}"


def row_name(config: Config, epochs: float, asked: str = "") -> str:
    """What the names of a row's runs, which differ in the seed only, have in common.

    It has every setting that changes the training or its schedule and is not the preset's, as far as LONGEST characters
    reach, and for the others "-1a2b3c4d-more", the first digits of a sha256 of them; the model where it is not the data set's
    own; and no epochs where nothing is trained, or where `epochs` is 0. Its characters are plain ones. `asked` stands behind
    the epochs.
    """
    played = [f"{epochs:.10g}{asked}epochs"] if epochs else []
    return "-".join([prefix(config), *_model(config), config.preset, *_settings(config), *played])


def _model(config: Config) -> list[str]:
    try:
        own = configuration.find(config.experiment).model_for(config.dataset)
    except UsageError:
        own = ""
    return [config.model] if config.model != own else []


def _settings(config: Config) -> list[str]:
    try:
        recipe = configuration.find(config.experiment).models[config.model].recipe(config.preset, config.dataset)
    except (KeyError, UsageError):
        return []
    changed = [(key, used) for key, used, _ in differences(recipe, config)]
    words = [f"{key}={_plain(used)}" for key, used in changed]
    n = max(n for n in range(len(words) + 1) if len("-".join(words[:n])) <= LONGEST)
    digest = hashlib.sha256(json.dumps(changed[n:]).encode()).hexdigest()
    return words[:n] + ([f"{digest[:8]}-more"] if changed[n:] else [])


def _plain(value: object) -> str:
    """A setting's value in characters that every file system takes."""
    text = ",".join(map(_plain, value)) if isinstance(value, (list, tuple)) else str(value)
    return re.sub(r"[^A-Za-z0-9.,_+-]+", "-", text) or "none"


def stem(record: Record) -> str:
    """How the names of a record's figures begin: the name of its file, or the telling one where it was read from none."""
    return record.stem or name(record)
