"""The folder of a queue: run folders, finished records, logs, failures; and the state of a planned run, read off its files.

    RUN/                      the run's folder, as of gan_repro.run
    .queue/finished/NAME/     record.json and figures/ of a finished run, or of one whose minutes were over (Runs.minutes),
                              which goes on in RUN/, as does a longer run of the same seed
    .queue/logs/NAME.log      what its process printed
    .queue/failed/NAME.txt    one line: why it failed
    .queue/status.json        what the process at work does; it holds a lock on .queue/lock

Nothing else is kept: whatever ends the process, the next one reads the state off these files.
"""

import contextlib
import dataclasses
import enum
import os
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from gan_repro.reporting import records
from gan_repro.reporting.record import Record, read
from gan_repro.runs.workdir import Workdir
from gan_repro.studies.study import Planned, identity_of
from gan_repro.system import files, locks
from gan_repro.system.errors import RunError

DEFAULT = Path("runs/reproduce")
_STEP = re.compile(rb"step ([\d,]+)(?:/| of )([\d,]+)")  # as training.callbacks.ProgressLine and the runner say it
_LEFT = re.compile(rb"steps/s  (.{1,20}) left")


class State(enum.Enum):
    """What there is of a planned run; the value is said to people."""

    RECORDED = "in results"
    FINISHED = "finished"
    RUNNING = "running"
    FAILED = "failed"
    BEGUN = "begun"
    MISSING = "missing"


@dataclasses.dataclass(frozen=True)
class Found:
    """What was found of a planned run.

    Attributes:
      state: of it.
      line: why it failed; else "".
      step, steps: where its training is and where it ends, as it last said; None where it has not said.
      record: the one in the queue's folder, unless results has it or one of as many epochs: of a finished run, or of one that
        goes on.
    """

    state: State
    line: str = ""
    step: int | None = None
    steps: int | None = None
    record: Record | None = None

    @property
    def share(self) -> float:
        """How much of the training is done: 0 to 1."""
        if self.state in (State.RECORDED, State.FINISHED):
            return 1.0
        return self.step / self.steps if self.step and self.steps else 0.0


class Places:
    """The folder of a queue; made when first written to."""

    def __init__(self, path: str | Path = DEFAULT) -> None:
        self.path = Path(path)
        self.own = self.path / ".queue"
        self.status = self.own / "status.json"

    def run(self, planned: Planned) -> Path:
        """The run's folder; one of its own beside a longer run of the same seed, which cannot become shorter again."""
        folder = self.path / planned.folder
        with contextlib.suppress(RunError, KeyError, TypeError, AttributeError):
            there = files.read_json(folder / "config.json")["recipe"]["epochs"]
            if there > planned.config.as_dict()["recipe"]["epochs"]:
                return self.path / planned.name
        return folder

    def finished(self, planned: Planned) -> Path:
        """The folder of its finished record and figures."""
        return self.own / "finished" / planned.name

    def records(self) -> list[Record]:
        """Those of all finished runs; a damaged one is none."""
        found = []
        for path in sorted(self.own.glob("finished/[!.]*/record.json")):
            with contextlib.suppress(RunError):
                found.append(read(path, whole=False))  # what it cost is enough
        return found

    def failure(self, planned: Planned) -> Path:
        """The file that says why it failed."""
        return self.own / "failed" / f"{planned.name}.txt"

    def log(self, planned: Planned) -> Path:
        """The file that its process prints to; not that of a shorter run in the same folder, whose end is another one."""
        return self.own / "logs" / f"{planned.name}.log"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps every other process from playing runs of this queue; the lock dies with its owner, however that ends.

        Raises:
          RunError: another process has it, or the folder cannot be made.
        """
        busy = f"another process plays the runs of {self.path} (--status shows them); wait, or give another --workdir"
        with locks.held(self.own / "lock", "a queue's folder", busy, patience=1.0):
            yield

    def at_work(self) -> bool:
        """Whether a process holds the lock."""
        return locks.taken(self.own / "lock")

    def look(self, planned: Planned, recorded: Mapping[str, Record] | None = None, running: Collection[str] = ()) -> Found:
        """The state of a planned run. One that was recorded before it was finished is begun.

        Args:
          planned: the run.
          recorded: the records in results (study.by_identity).
          running: names of the runs that are played now.
        """
        there, kept = (recorded or {}).get(planned.identity), None
        if there and there.complete:
            return Found(State.RECORDED)
        with contextlib.suppress(RunError):  # none, or a damaged one: then the run's own folder has it, or it is played again
            kept = read(self.finished(planned) / "record.json")
        if kept and kept.complete:
            return Found(State.FINISHED, record=kept)
        begun = Workdir(self.run(planned)).begun()
        step, steps = self._progress(planned)
        if steps is None and kept and begun and kept.cost.steps:  # its log ends with the evaluation
            step, steps = kept.cost.steps, round(kept.cost.steps / kept.epochs * kept.planned)
        new = None if kept and there and kept.epochs <= there.epochs else kept
        if planned.name in running:
            return Found(State.RUNNING, "", step, steps, new)
        with contextlib.suppress(FileNotFoundError):  # nothing failed, or it is played again now
            return Found(State.FAILED, self.failure(planned).read_text(encoding="utf-8").strip(), step, steps, new)
        return Found(State.BEGUN if begun or kept or there else State.MISSING, "", step, steps, new)

    def left(self, planned: Planned) -> str:
        """How long its training said last that it will take, in words; "" where it has not said."""
        said = _LEFT.findall(self._end(planned))
        return said[-1].decode() if said else ""

    def _end(self, planned):
        """The last bytes that its process printed."""
        try:
            with open(self.log(planned), "rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - 4000))
                return log.read().rpartition(b"\n$ ")[2]
        except OSError:
            return b""

    def _progress(self, planned):
        said = _STEP.findall(self._end(planned))
        return tuple(int(number.replace(b",", b"")) for number in said[-1]) if said else (None, None)

    def keep(self, planned: Planned) -> Record:
        """Takes the record and the figures of a run out of its folder, whole or not at all: a longer run may go on there.

        Returns:
          the record.

        Raises:
          RunError: there is none, or one of another run.
        """
        run, into = self.run(planned), self.finished(planned)
        found = read(run / "record.json")
        if identity_of(found) != planned.identity:
            raise RunError(f"{run / 'record.json'} is not the record of {planned.name}")
        temporary = into.with_name(f"{files.TEMPORARY}-{into.name}")
        shutil.rmtree(temporary, ignore_errors=True)
        try:
            (temporary / "figures").mkdir(parents=True)
            files.write_json(temporary / "record.json", found.to_json())
            for picture in records.beside(run) if planned.pictures else ():
                shutil.copyfile(picture, temporary / "figures" / picture.name)
            shutil.rmtree(into, ignore_errors=True)
            os.replace(temporary, into)
        except OSError as error:
            raise RunError(f"cannot write {into}: {files.reason(error)}") from error
        self.failure(planned).unlink(missing_ok=True)
        return found

    def fail(self, planned: Planned, line: str) -> None:
        """Notes why a run failed."""
        files.write_text(self.failure(planned), line + "\n")
