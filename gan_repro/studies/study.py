"""Studies: small TOML files that name the runs behind a page of results, and what they ask for as planned runs.

    title = "CGAN: Table 1, MNIST"
    pages = ["cgan.md"]

    [[runs]]
    experiment = "cgan"
    seeds = "0-2"

A file `everything.toml` may hold only `title` and `studies = ["cgan", ...]`. README.md in this folder explains each field.
"""

import dataclasses
import functools
import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from gan_repro.papers import configuration
from gan_repro.reporting import costs, record, records
from gan_repro.system import files, schema
from gan_repro.system.choices import choose
from gan_repro.system.errors import RunError, UsageError

FOLDER = "studies"  # in the folder of results
MOST_SEEDS = 10_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Runs:
    """A table [[runs]] of a study: runs that differ in the seed and in at most one setting.

    Attributes:
      experiment, dataset, model, preset, epochs: as the flags of gan_repro.run.
      seeds: such as "0", "0-4", "0, 2, 5-7".
      settings: {field of the recipe: value, or a list of values}, as --set. Every run has the single values. Of the lists
        one at a time departs from the preset: a row for each value of each list, so that a row shows what one change does.
      minutes: at most so many that a run is played in one go; it is stopped then, and recorded as N of M epochs;
        the next go continues it. None: as long as it takes.
      pictures: False: its pictures stay in its folder, such as generated faces that are not ours to publish.
    """

    experiment: str
    dataset: str | None = None
    model: str | None = None
    preset: str = "paper"
    seeds: str = "0"
    epochs: int | None = None
    settings: Mapping[str, object] | None = None
    minutes: float | None = None
    pictures: bool = True

    def __post_init__(self) -> None:
        self.seed_numbers()
        if self.minutes is not None and not 0 < self.minutes < math.inf:
            raise ValueError(f"minutes must be > 0, not {self.minutes}")
        if empty := [key for key, value in (self.settings or {}).items() if value == []]:
            raise ValueError(f"settings.{empty[0]} is an empty list: leave it out, or name values")

    def seed_numbers(self) -> list[int]:
        """The numbers in `seeds`, sorted, each once. Raises ValueError: it names none, or is no list of numbers."""
        found: set[int] = set()
        for part in self.seeds.split(","):
            numbers = re.fullmatch(r"\s*(\d{1,10})(?:\s*-\s*(\d{1,10}))?\s*", part)
            if not numbers:
                raise ValueError(f'seeds must be numbers and ranges, such as "0, 2, 5-7", not {self.seeds!r:.50}')
            first, last = int(numbers[1]), int(numbers[2] or numbers[1])
            if not first <= last < first + MOST_SEEDS:
                raise ValueError(f"seeds must be ranges of 1 to {MOST_SEEDS:,} ascending numbers, not {part.strip()!r}")
            found.update(range(first, last + 1))
        return sorted(found)

    def rows(self) -> Iterator[list[str]]:
        """The settings of each row, as --set takes them: "key=value"."""
        given = dict(self.settings or {})
        lists = {key: values for key, values in given.items() if isinstance(values, list)}
        single = {key: value for key, value in given.items() if key not in lists}
        rows = [single | {key: value} for key, values in lists.items() for value in values] or [single]
        for row in rows:
            yield [f"{key}={_text(value)}" for key, value in row.items()]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclasses.dataclass(frozen=True)
class Study:
    """A study as its file has it; `name` is the file's without its suffix.

    Attributes:
      title: one line.
      pages: the pages of results that its runs are shown on.
      runs: its own.
      studies: names of studies whose runs are among its own.
      name: not in the file.
    """

    title: str
    pages: tuple[str, ...] = ()
    runs: tuple[Runs, ...] = ()
    studies: tuple[str, ...] = ()
    name: str = dataclasses.field(default="", metadata=schema.NOT_JSON)

    def __post_init__(self) -> None:
        if not self.runs and not self.studies:
            raise ValueError("runs: a study names runs, or other studies")


@dataclasses.dataclass(frozen=True)
class Planned:
    """A run that a study asks for.

    Attributes:
      config: what is run.
      minutes, pictures: as of Runs.
    """

    config: configuration.Config
    minutes: float | None = None
    pictures: bool = True

    @property
    def epochs(self) -> float:
        """Over all stages; 0 where nothing is trained."""
        return float(getattr(self.config.recipe, "total_epochs", 0))

    @functools.cached_property
    def row(self) -> "Row":
        """What it shares with the runs from other seeds."""
        return _row(dataclasses.replace(self.config, seed=0), self.epochs)

    @property
    def identity(self) -> str:
        """What it has in common with the record of the same run, of whatever data."""
        return _identity(self.row.kind, self.epochs, self.config.seed)

    @property
    def name(self) -> str:
        """That of its record (records.name)."""
        return f"{self.row.name}-seed{self.config.seed}"

    @property
    def folder(self) -> str:
        """The name of its run's folder: without the epochs, since a run that is given more of them goes on in it."""
        return f"{self.row.folder}-seed{self.config.seed}"


@dataclasses.dataclass(frozen=True)
class Row:
    """What runs that differ in the seed only have in common.

    Attributes:
      kind: text that is equal exactly for configurations that differ in seed and epochs only: an epoch of them costs the same.
      name: how the names of their records begin.
      folder: how the names of their folders do.
    """

    kind: str
    name: str
    folder: str


@functools.cache
def _row(config: configuration.Config, epochs: float) -> Row:
    """Kept, since a study has hundreds of runs of a row; `config` has seed 0."""
    found = schema.parse(record.Config, config.as_dict(), config.experiment)
    return Row(costs.kind_of(config), records.row_name(found, epochs), records.row_name(found, 0))


def _identity(kind: str, epochs: float, seed: int) -> str:
    return f"{kind} {float(epochs)} epochs, seed {seed}"


def identity_of(found: record.Record) -> str:
    """The `identity` of a record's run, of one that was not finished as of the whole."""
    return _identity(costs.kind(schema.plain(found.config)), found.planned, found.config.seed)


def by_identity(entries: Iterable[record.Record]) -> dict[str, record.Record]:
    """{identity of a run: its record}, of several that of most epochs: a run may have been recorded before it was finished."""
    return {identity_of(entry): entry for entry in sorted(entries, key=lambda entry: entry.epochs)}


def read_folder(folder: str | Path) -> dict[str, Study]:
    """{name: Study} of every .toml in a folder, sorted by name.

    Raises:
      RunError: there is none, or one cannot be read or does not fit; the message names file and field.
      UsageError: one names itself, by way of others or not, or one that is not there.
    """
    paths = sorted(Path(folder).glob("[!.]*.toml"))
    if not paths:
        raise RunError(f"there are no studies (*.toml) in {folder}; name the folder of results with --results=DIR")
    found = {path.stem: _read(path) for path in paths}
    for name in found:
        _check_names(found, name, ())
    return found


def _read(path: Path) -> Study:
    try:
        value = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"cannot read {path}: {files.reason(error)}") from error
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError
        raise RunError(f"{path} is not TOML: {error}") from error
    study = schema.parse(Study, value, path, wrong="cannot be used")
    return dataclasses.replace(study, name=path.stem)


def _check_names(found: Mapping[str, Study], name: str, above: tuple[str, ...]) -> None:
    if name in above:
        raise UsageError(f"study {name} names itself: {' -> '.join([*above[above.index(name) :], name])}")
    for other in found[name].studies:
        choose(f"study (in {name}.toml)", other, found)
        _check_names(found, other, (*above, name))


def planned(found: Mapping[str, Study], names: Iterable[str]) -> dict[str, list[Planned]]:
    """{name: the runs of the study and of those that it names}, each once, in their order.

    Args:
      found: all studies.
      names: those that are asked for.

    Raises:
      UsageError: as `own`.
    """
    made = functools.cache(lambda name: own(found[name]))  # once, although one study names others

    def below(name: str) -> Iterator[Planned]:
        yield from made(name)
        for other in found[name].studies:
            yield from below(other)

    return {name: _once(below(name)) for name in names}


def _once(runs: Iterable[Planned]) -> list[Planned]:
    kept: dict[str, Planned] = {}
    for each in runs:
        kept.setdefault(each.identity, each)
    return list(kept.values())


def own(study: Study) -> list[Planned]:
    """The runs of a study's own tables, each once, in their order.

    Raises:
      UsageError: an experiment, data set, model, preset, field or value is not valid; the message names the study.
    """
    try:
        return _once(each for table in study.runs for each in _planned(table))
    except UsageError as error:
        raise UsageError(f"study {study.name}: {error}") from error


def _planned(runs: Runs) -> Iterator[Planned]:
    experiment = configuration.find(runs.experiment)
    seeds = runs.seed_numbers()
    for settings in runs.rows():  # the largest seed is checked with the rest
        row = configuration.resolve(experiment, runs.dataset, runs.model, runs.preset, seeds[-1], runs.epochs, settings)
        if configuration.undecided(row):
            raise UsageError("settings.precision = auto: each machine would choose for itself; name one, or a list of both")
        for seed in seeds:
            yield Planned(dataclasses.replace(row, seed=seed), runs.minutes, runs.pictures)
