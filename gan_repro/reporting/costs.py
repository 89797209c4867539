"""What runs cost by their records: minutes of a run and of its evaluation, on this processor and on others.

No guess: of a run of which there is no record of the same preset nothing is known.
"""

import contextlib
import dataclasses
import functools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from gan_repro.papers import configuration
from gan_repro.reporting import records
from gan_repro.reporting.record import Config, Record, read
from gan_repro.system import machine, schema
from gan_repro.system.errors import RunError
from gan_repro.system.numbers import duration

_PACKAGE = Path(__file__).parent.parent


def kind(config: Mapping) -> str:
    """What two configurations (Config.as_dict) share that cost the same for an epoch: all but the seed and the epochs."""
    return json.dumps(
        {key: value for key, value in configuration.identity(dict(config)).items() if key != "seed"}, sort_keys=True
    )


def kind_of(config: configuration.Config) -> str:
    """`kind` of a Config."""
    return _kind_of(dataclasses.replace(config, seed=0))


@functools.cache  # a study asks of hundreds of seeds
def _kind_of(config):
    return kind(config.as_dict())


def model(processor: str | None) -> str:
    """A processor without the number of its cores."""
    return (processor or "").partition(" (")[0]


class Known:
    """What is known of the cost of runs.

    Args:
      entries: the records to learn from.
      processor: of this machine, as Record.machine has it; None: the one that machine.processor gives.
    """

    def __init__(self, entries: Iterable[Record], processor: str | None = None) -> None:
        self.processor = model(processor or machine.processor())
        self.by_kind: dict[str, list[Record]] = {}
        self.by_step: dict[tuple, list[Record]] = {}
        for entry in entries:
            self.by_kind.setdefault(kind(schema.plain(entry.config)), []).append(entry)
            self.by_step.setdefault(_step(entry), []).append(entry)

    def like(self, config: configuration.Config) -> list[Record]:
        """Records of runs that cost the same for an epoch."""
        return self.by_kind.get(kind_of(config), [])

    def near(self, config: configuration.Config) -> list[Record]:
        """Records of the same model, data, preset and minibatches an epoch: of those with the fewest other settings.

        What a step of theirs takes may be several times what one of this run does: such an estimate is a rough one.
        """
        wanted = schema.parse(Config, config.as_dict(), "a configuration")
        found: dict[int, list[Record]] = {}
        for entry in self.by_step.get(_step(wanted), []):
            found.setdefault(_other_settings(entry.config, wanted), []).append(entry)
        return found[min(found)] if found else []

    def here(self, config: configuration.Config) -> list[Record]:
        """Those of this processor, or of the GPU or the machines that were named in its place."""
        return [entry for entry in self.like(config) if model(entry.machine) == self.processor]

    def evaluation(self, config: configuration.Config) -> float | None:
        """Minutes of a run's evaluation: the mean of this processor's records, else of all; None: not known."""
        for entries in (self.here(config), self.like(config)):
            if found := [minutes for entry in entries if (minutes := evaluation(entry)) is not None]:
                return sum(found) / len(found)
        return None


def _step(found: Record | Config) -> tuple:
    """What runs share whose epochs have as many minibatches of as many images."""
    names = found.experiment, found.dataset, found.model, found.preset
    return *names, found.recipe.get("batch_size"), found.recipe.get("steps_per_epoch", 0)


def _other_settings(one: Config, other: Config) -> int:
    """In how many fields of the recipe that make another run two configurations differ."""
    first, second = (configuration.identity(schema.plain(each))["recipe"] for each in (one, other))
    return sum(first.get(key) != second.get(key) for key in first.keys() | second.keys())


def alike(entries: Sequence[Record]) -> list[Record]:
    """Those of the first one's processor: times on different ones have no mean."""
    return [entry for entry in entries if model(entry.machine) == model(entries[0].machine)]


def epochs(config: configuration.Config) -> float:
    """The epochs of all stages of a Config; 0: nothing is trained."""
    return float(getattr(config.recipe, "total_epochs", 0))


def minutes(config: configuration.Config, known: Sequence[Record]) -> float:
    """Minutes of a run from its beginning, as records of the same kind took: each epoch's share, and the evaluation as a whole.

    Where a record does not tell the two apart, all of it is the epochs'; where nothing is trained, all of it is the run's.
    """

    return sum(_minutes(entry, epochs(config) or 1) for entry in known) / len(known)


def left(record: Record) -> float:
    """Minutes until a run is finished, by its own record: the epochs that it lacks at their rate so far, and an evaluation."""
    return 0.0 if record.complete else _minutes(record, record.planned - record.epochs)


def _minutes(record: Record, n: float) -> float:
    """Minutes of n epochs as a record's took, and of its evaluation."""
    rest = evaluation(record) or 0.0
    return rest + (record.cost.minutes - rest) / (record.epochs or 1) * n


def evaluation(record: Record) -> float | None:
    """The minutes of a record's evaluation; None: not known."""
    cost = record.cost
    if not (cost.steps and cost.steps_per_second):
        return None
    return max(0.0, cost.minutes - cost.steps / cost.steps_per_second / 60)


# ---- before a run ----------------------------------------------------------------------------------------------------


def at_hand(config: configuration.Config) -> Iterator[Record]:
    """The records of runs on the same data that lie beside the program, in results/ or packaged, each once.

    Damaged ones are left out: what they would tell is a hint.
    """
    seen = set()
    name = records.prefix(schema.parse(Config, config.as_dict(), "a configuration"))
    folders = (
        (_PACKAGE.parent / "results" / "records").glob(f"{name}-*.json"),
        (_PACKAGE / "trained").glob(f"{name}/record.json"),
    )
    for path in (path for found in folders for path in sorted(found)):
        with contextlib.suppress(RunError):
            record = read(path, whole=False)
            if record.command not in seen:
                seen.add(record.command)
                yield record


@dataclasses.dataclass(frozen=True)
class Expected:
    """What records tell of how long a run takes, before it begins.

    Attributes:
      lines: for people; what no record tells is left out.
      here: whether they say how long it takes on this machine, with as many cores.
      evaluation: seconds of its evaluation; None: not known.
    """

    lines: tuple[str, ...]
    here: bool
    evaluation: float | None


def expected(config: configuration.Config, processor: str, own: Record | None = None) -> Expected:
    """What is Expected of a run, and of the quick preset in place of the paper's.

    Args:
      config: of the run.
      processor: where it is to train, as Record.machine has it.
      own: its record of fewer epochs, which tells most of its evaluation.
    """
    known = Known(at_hand(config), processor)
    lines = []
    here = known.here(config)
    if here:
        told = f"with the evaluation, by {_count(here)} of {here[0].machine}"
        lines.append(f"about {duration(60 * minutes(config, here))} {told}")
    if config.preset == "paper":
        experiment = configuration.find(config.experiment)
        quick = configuration.resolve(experiment, config.dataset, config.model, "quick", config.seed)
        if like := alike(known.here(quick) or known.like(quick)):
            told = f"by {_count(like)} of {model(like[0].machine)}"
            lines.append(f"--preset=quick: about {duration(60 * minutes(quick, like))}, {told}")
    lasts = evaluation(own) if own else None
    lasts = known.evaluation(config) if lasts is None else lasts
    there = any(entry.machine == processor for entry in here)  # else the first steps tell, too
    return Expected(tuple(lines), there, None if lasts is None else 60 * lasts)


def machine_of(manifest: Mapping) -> str:
    """What Record.machine will be of a run with this manifest (runs.manifests), a JSON value."""
    device = manifest["processor"] if manifest["device"] == "CPU" else manifest["device"]
    workers = manifest.get("workers", 1)
    return device if workers == 1 else f"{workers} x {device}"


def _count(entries: Sequence[Record]) -> str:
    return f"{len(entries)} record{'s' if len(entries) > 1 else ''}"
