"""Plays one planned run in a process of its own, from wherever it is: its training, its evaluation, its record.

The process is `gan_repro.run` with a run's folder; this module starts it on cores of its own, waits, and says what came of it.
"""

import contextlib
import dataclasses
import fcntl
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from gan_repro.runs import runner
from gan_repro.studies.places import Places, State
from gan_repro.studies.study import Planned
from gan_repro.system import files, locks
from gan_repro.system.errors import RunError, StageError

Command = Callable[[Planned, Path], Sequence[str]]
POLL = 0.2  # seconds
PATIENCE = 120.0  # seconds that a process which was asked to end may take to save its run
STOPPED, OVER = "stopped", "over"  # instead of an exit code: it was asked to end, its minutes are over


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of playing a run.

    Attributes:
      ended: "finished"; "failed"; "over": its minutes are, it is recorded as far as it came; "stopped": it was asked to end,
        or its minutes were over in a stage before the last one, of which there is nothing to record. After the last two the
        same command goes on.
      line: one line: why it failed, or what else happened to it (the worker that played it was lost); "": nothing.
      seconds: it took, here.
      begun_at: the step from which it went on, 0 from its beginning; None where it did not say.
    """

    ended: str
    line: str = ""
    seconds: float = 0.0
    begun_at: int | None = None


class Stop:
    """Asks processes to end, once and for all: those that run, and those that would be started."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def ask(self) -> None:
        """Asks."""
        self._event.set()

    def asked(self) -> bool:
        """Whether somebody asked."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Waits until somebody asks, at most so long; returns whether somebody did."""
        return self._event.wait(seconds)


def command(planned: Planned, workdir: Path, data_dir: str | Path | None = None) -> list[str]:
    """Module and arguments that give a planned run in the folder `workdir`."""
    words = shlex.split(runner.command(planned.config))[2:]  # without "python -m"
    return [*words, f"--workdir={workdir}", *([f"--data_dir={data_dir}"] if data_dir else [])]


def evaluation(workdir: Path, data_dir: str | Path | None = None) -> list[str]:
    """Module and arguments that record a run as far as it came."""
    return ["gan_repro.evaluate", f"--workdir={workdir}", *([f"--data_dir={data_dir}"] if data_dir else [])]


@contextlib.contextmanager
def cores(number: int) -> Iterator[str]:
    """Yields `number` cores of this machine, as "0,1", that no other process has by this function; "-" where there are none.

    A file for each core in the folder of temporary files is locked meanwhile: the lock dies with its owner.
    """
    with contextlib.ExitStack() as stack:
        taken: list[str] = []
        if number and hasattr(os, "sched_getaffinity"):
            folder = Path(tempfile.gettempdir()) / f"gan_repro-cores-{os.getuid()}"
            with contextlib.suppress(OSError):
                folder.mkdir(mode=0o700, exist_ok=True)
                for core in sorted(os.sched_getaffinity(0)):
                    lock = stack.enter_context(open(folder / str(core), "a"))
                    with contextlib.suppress(OSError):
                        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        taken.append(str(core))
                    if len(taken) == number:
                        break
        yield ",".join(taken) if number and len(taken) == number else "-"


def play(
    planned: Planned,
    places: Places,
    stop: Stop,
    n_cores: int = 1,
    data_dir: str | Path | None = None,
    command: Callable[..., Sequence[str]] = command,
) -> Outcome:
    """Plays a planned run to its end, or until `stop`.

    Args:
      planned: the run. places: where it and its record go. stop: asks for an early end.
      n_cores: that it gets to itself; 0: all, shared.
      data_dir: as of gan_repro.run.
      command: (planned, workdir, data_dir) -> module and arguments; tests put another program in its place.

    Returns:
      Outcome. Of a failure nothing is raised: the others go on.
    """
    start = time.monotonic()
    try:
        places.failure(planned).unlink(missing_ok=True)
        workdir = places.run(planned)
        _wait_for(workdir, stop)
        with cores(n_cores) as where:
            code = _process(command(planned, workdir, data_dir), where, planned, places, stop, planned.minutes)
            begun_at = _begun_at(places.log(planned))  # before an evaluation adds to the log
            over = code == OVER
            if over:
                code = _process(evaluation(workdir, data_dir), where, planned, places, stop)
                if code == StageError.exit_code:
                    line = "its minutes are over before its last stage, so nothing is recorded; the same command goes on"
                    return Outcome("stopped", line, time.monotonic() - start, begun_at)
        if code == STOPPED:
            return Outcome("stopped", "", time.monotonic() - start)
        if code:
            line = _why(code, places.log(planned))
            places.fail(planned, line)
            return Outcome("failed", line, time.monotonic() - start)
        places.keep(planned)
        if over and places.look(planned).state is not State.FINISHED:
            line = "it is recorded as far as it came; the same command goes on"
            return Outcome("over", line, time.monotonic() - start, begun_at)
        return Outcome("finished", "", time.monotonic() - start, begun_at)
    except (RunError, OSError) as error:
        with contextlib.suppress(RunError):
            places.fail(planned, str(error))
        return Outcome("failed", str(error), time.monotonic() - start)


def _wait_for(workdir, stop):
    """Waits while a process that outlived its parent saves the run; the run's own lock keeps a second one out anyway."""
    until = time.monotonic() + PATIENCE
    while locks.taken(workdir / ".lock") and time.monotonic() < until and not stop.asked():
        stop.wait(POLL)


def _process(words, where, planned, places, stop, minutes=None):
    """The exit code of a process; STOPPED where `stop` asked it to end, OVER where it was because its minutes are over."""
    if stop.asked():
        return STOPPED
    log = places.log(planned)
    log.parent.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + minutes * 60 if minutes else float("inf")
    environment = {name: value for name, value in os.environ.items() if name != "TF_CONFIG"}  # each run is of one machine
    arguments = [sys.executable, "-m", "gan_repro.studies.child", str(os.getpid()), where, *words]
    with open(log, "ab") as out:
        out.write(f"\n$ {shlex.join(words)}\n".encode())
        out.flush()
        # A session of its own: Ctrl-C reaches it through `stop` alone, once.
        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, env=environment
        )
    while True:
        try:
            return process.wait(POLL)
        except subprocess.TimeoutExpired:
            if not stop.asked() and time.monotonic() <= until:
                continue
        process.terminate()
        try:
            code = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            code = -signal.SIGTERM  # its last checkpoint stands
        if code in (128 + signal.SIGTERM, -signal.SIGTERM):
            return STOPPED if stop.asked() else OVER
        return code


def _why(code, log):
    """One line: what a process that failed said last."""
    if code < 0:
        number = -code
        return f"ended by signal {number}{' (not enough memory?)' if number == signal.SIGKILL else ''}; its log: {log}"
    if code == 128 + signal.SIGTERM:
        return f"somebody asked it to end; it saved itself, and the next command goes on (log: {log})"
    lines = _tail(log)
    said = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")] or lines[-1:]
    return f"{said[-1] if said else f'exit code {code}'} (log: {log})"


def _begun_at(log):
    """The step that the last process of a log says that it goes on from."""
    found = [line for line in _tail(log) if line.startswith("continuing from step ")]
    return int(found[0].split()[3].replace(",", "")) if found else 0


def _tail(log):
    """The lines that the last process of a log printed."""
    try:
        last = log.read_text(encoding="utf-8", errors="replace").rpartition("\n$ ")[2]
        return [line for line in last.splitlines()[1:] if line.strip()]
    except OSError as error:
        return [f"cannot read its log: {files.reason(error)}"]
