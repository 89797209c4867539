"""The record of a run: what it was, what it cost, what was measured of it. Reading one is the only door for its JSON.

Where records are kept, and what they are called, is in records.py; how many of them are put together, in groups.py.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from gan_repro.evaluation.measurement import Curves, Measurement
from gan_repro.papers import configuration
from gan_repro.system import files
from gan_repro.system.errors import RunError, UsageError
from gan_repro.system.schema import NOT_JSON, parse, plain

SCHEMA = 2
DETAILS = "measurements.txt"  # beside record.json in a run's folder: a line for each measurement
Output = Literal["probability", "score"]


@dataclasses.dataclass(frozen=True)
class Config:
    """What was run, as configuration.Config.as_dict gives it; `recipe`: {field: JSON value}, every field of the recipe."""

    experiment: str
    dataset: str
    model: str
    preset: str
    seed: int
    recipe: Mapping[str, object]


@dataclasses.dataclass(frozen=True)
class Data:
    """The data of a run: its name and title, the shape (h, w, c) of an image, how many classes, sha256 of all of them.

    `shape` and `classes` are None where they were not noted. `inside` is the shape of an image without the frame that was put
    around it (preparation.Pad); None: there is none, or it was not noted.
    """

    name: str
    title: str
    shape: tuple[int, ...] | None
    classes: int | None
    sha256: str
    inside: tuple[int, ...] | None = None


@dataclasses.dataclass(frozen=True)
class Draw:
    """Which draw of z chooses the epoch and the widths: "validation", one that is not reported."""

    draw: str


@dataclasses.dataclass(frozen=True)
class Ran:
    """On which processor, or GPU, a training went on, from which step (minibatches over all stages)."""

    machine: str
    step: int


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What decides the bits of a training besides its configuration: the run's manifest.json.

    Attributes:
      commit: of the code, "+" behind it where files differed; None: of no checkout.
      choice: None where the training chose its epoch by the very samples that were first reported.
      data, seed, precision, jit_compile: as in the configuration.
      versions, processor, device, threads, tensor_float_32, environment, deterministic_ops, platform: as
        machine.conditions gives them; None where they were not noted.
      continued_under: other conditions under which the training went on, each {condition: value}.
      evaluated_under: those that were others when it was evaluated.
      weights_sha256: {weights: sha256 of their file}.
      reported_anew: by which commit and of which packaged files it was measured anew (shipped.report).
      workers: machines that trained together; processor, device and threads are the chief's.
      ran_on: every machine that the training went on, in turn; () where only `processor` was noted.
    """

    commit: str | None
    choice: Draw | None
    data: Data
    seed: int
    precision: str
    jit_compile: bool
    versions: Mapping[str, str]
    processor: str
    device: str
    threads: Mapping[str, int | None]
    tensor_float_32: bool | None
    environment: Mapping[str, str] | None
    deterministic_ops: str
    platform: str
    continued_under: tuple[Mapping[str, object], ...]
    evaluated_under: Mapping[str, object] | None
    weights_sha256: Mapping[str, str]
    reported_anew: Mapping[str, object] | None
    workers: int = 1
    ran_on: tuple[Ran, ...] = ()


@dataclasses.dataclass(frozen=True)
class Choice:
    """The epoch whose weights are "best".

    Attributes:
      epoch: played when they were chosen, over all stages.
      value: of the validation that chose them.
      draw: "validation": by a draw of z that is not reported; "reported": by the one that the run was first reported with.
    """

    epoch: float
    value: float
    draw: Literal["validation", "reported"]


@dataclasses.dataclass(frozen=True)
class Notice:
    """What was noticed while the run trained ("collapsed", "saturated"; training/monitors.py), from which epoch to which."""

    what: str
    first: int
    last: int


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a run took: minutes with its evaluation, minibatches, and on which processor; None: not noted.

    `memory`: bytes, the most that the process which evaluated it held, with all that it trained before.
    """

    minutes: float
    steps: int | None
    steps_per_second: float | None
    processor: str | None
    memory: int | None = None


@dataclasses.dataclass(frozen=True)
class Record:
    """What a run leaves behind, one JSON file.

    Attributes:
      schema: SCHEMA.
      experiment, dataset, model, preset, seed: which run it is; config has them, too.
      epochs: played, over all stages; 0: nothing was trained.
      complete: whether all epochs asked for were played.
      d_output: what D says of an image in each stage of the training, a probability or a score (of a critic); one entry where
        it is the same in all; () where no D was trained.
      choice: of the epoch; None where the last weights alone are kept.
      notices: in the order in which they began.
      config: of the run. manifest: of its training. cost: of both.
      command: the command line that gives it.
      measurements: no two of one quantity.
      curves: along the training.
      stem: the name of the file that it was read from without its suffix, "" of none; not in the JSON.
    """

    schema: int
    experiment: str
    dataset: str
    model: str
    preset: str
    seed: int
    epochs: float
    complete: bool
    d_output: tuple[Output, ...]
    choice: Choice | None
    notices: tuple[Notice, ...]
    config: Config
    manifest: Manifest
    cost: Cost
    command: str
    measurements: tuple[Measurement, ...]
    curves: Curves
    stem: str = dataclasses.field(default="", compare=False, metadata=NOT_JSON)

    def __post_init__(self) -> None:
        if self.epochs < 0:
            raise ValueError("epochs must be >= 0")
        for name in ("experiment", "dataset", "model", "preset", "seed"):
            if getattr(self, name) != getattr(self.config, name):
                raise ValueError(f"{name} is {getattr(self, name)!r}, config.{name} {getattr(self.config, name)!r}")
        seen = set()
        for entry in self.measurements:
            if entry.quantity in seen:
                raise ValueError(f"measurements have {entry.metric} of {entry.subject} twice")
            seen.add(entry.quantity)

    @classmethod
    def from_json(cls, value: object, where: object, stem: str = "") -> "Record":
        """The Record of a JSON value.

        Args:
          value: as files.read_json gives it.
          where: the file's name, for the message.
          stem: as the attribute.

        Raises:
          RunError: a field is missing, unknown or wrong, or the schema is another; the message names file and field.
        """
        found = value.get("schema") if isinstance(value, dict) else None
        if isinstance(found, int) and not isinstance(found, bool) and found != SCHEMA:
            raise RunError(f"{where}: schema is {found}; this version reads {SCHEMA}")
        return dataclasses.replace(parse(cls, value, where), stem=stem)

    def to_json(self) -> dict:
        """The JSON value of which `from_json` makes this again."""
        return plain(self)

    @property
    def recipe(self) -> Mapping[str, object]:
        """{field: JSON value} of the run's recipe."""
        return self.config.recipe

    @property
    def data(self) -> Data:
        """The data that it was trained and measured on."""
        return self.manifest.data

    @property
    def planned(self) -> float:
        """The epochs that were asked for, over all stages; those played where the record is complete.

        Of an experiment, a model or a recipe that this program has no more they are those of its last stage.
        """
        if self.complete:
            return self.epochs
        try:
            return float(getattr(configuration.from_dict(plain(self.config)).recipe, "total_epochs", 0))
        except (UsageError, KeyError, TypeError, AttributeError):
            return float(self._last_stage)

    @property
    def _last_stage(self) -> int | float:
        """The epochs of its last stage as they were asked for."""
        last = self.recipe.get("epochs", self.epochs)
        assert isinstance(last, (int, float))
        return last

    @property
    def played(self) -> str:
        """Its epochs in words: "90", of a run that was not finished "45 of 90"."""
        return f"{self.epochs:,g}" + ("" if self.complete else f" of {self.planned:,g}")

    @property
    def second_stage(self) -> float:
        """The epoch behind which the last of several stages begins, or 0: there is one stage."""
        return self.planned - self._last_stage

    @property
    def machines(self) -> tuple[str, ...]:
        """Every machine that the run was trained on, in turn, each once."""
        return tuple(dict.fromkeys(ran.machine for ran in self.manifest.ran_on)) or (self.machine,)

    @property
    def trained_on(self) -> str:
        """Its machines in words: "NVIDIA H200 to step 55,335, then AMD EPYC, AVX2 (1 core)"."""
        ran = self.manifest.ran_on
        turns = [each for before, each in zip((None, *ran), ran) if before is None or each.machine != before.machine]
        ends = [*(f" to step {each.step:,}" for each in turns[1:]), ""]
        return ", then ".join(each.machine + end for each, end in zip(turns, ends)) or self.machine

    @property
    def machine(self) -> str:
        """What the cost was measured on: the processor, or the GPU; "2 x ..." of two machines."""
        device = (self.cost.processor or "CPU") if self.manifest.device == "CPU" else self.manifest.device
        return device if self.manifest.workers == 1 else f"{self.manifest.workers} x {device}"


def read(path: str | Path, whole: bool = True) -> Record:
    """The Record in a file.

    Args:
      path: the file.
      whole: whether its measurements and curves are read, too: they are most of it, and take most of the time.

    Raises:
      RunError: it is missing, not JSON or damaged; the message names file and field.
    """
    value = files.read_json(path)
    if not whole and isinstance(value, dict):
        value |= {"measurements": [], "curves": {"training": {}, "validation": {}}}
    return Record.from_json(value, path, Path(path).stem)
