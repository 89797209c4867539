"""Runs that are killed: the real command as a process, ended at a chosen moment, and what its folder must hold in the end.

Which runs are killed when, and how often, is in test_kills.py.
"""

import csv
import dataclasses
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import support
from gan_repro.system import files

# The real program, but for three things. Calls of the step are short and checkpoints many, so that runs of seconds are
# ended, and go on, inside an epoch, on fast machines too. Rows of metrics.csv are short. The file named by the first
# argument is never ready: a checkpoint comes in pieces, within a second, but for the last one; any other file is written
# but does not take its name.
PROGRAM = """
import io, os, sys, time
import numpy as np
from gan_repro import run
from gan_repro.training import trainer

slow, trainer.LOG_EVERY = sys.argv.pop(1), int(sys.argv.pop(1))
trainer.LONGEST_CALL, trainer.CHECKPOINT_SECONDS, trainer.CHECKPOINT_SHARE = 3, 0.0, 1.0
savez, replace = np.savez, os.replace

def savez_in_pieces(file, *arrays, **named):
    if not (slow and hasattr(file, "name") and os.path.basename(file.name).startswith(f".{slow}")):
        return savez(file, *arrays, **named)
    whole = io.BytesIO()
    savez(whole, *arrays, **named)
    content = whole.getvalue()
    for i in range(50):
        file.write(content[i * len(content) // 50 : (i + 1) * len(content) // 50])
        file.flush()
        time.sleep(0.02 if i < 48 else 600)

def replace_late(old, new):
    if os.path.basename(new) == slow:
        time.sleep(600)
    replace(old, new)

np.savez, os.replace = savez_in_pieces, replace_late
sys.exit(run.main(sys.argv))
"""
PATIENCE = 300  # seconds for anything that a process is waited for


@dataclasses.dataclass(frozen=True)
class Run:
    """A run to be killed.

    Attributes:
      arguments: of the command, without its folder.
      steps, epochs: minibatches an epoch, and the epochs of all its stages.
      row: minibatches averaged in a row of metrics.csv.
      environment: more variables.
    """

    arguments: tuple[str, ...]
    steps: int
    epochs: int
    row: int
    environment: dict

    def start(self, folder, log, slow="", again=None):
        """The process that begins or continues the run in `folder`; `slow`: the name of the file that is never ready.

        `again`: the command line that an ended process printed, whose arguments are then taken instead of ours.
        """
        arguments = [*self.arguments, f"--workdir={folder}"] if again is None else shlex.split(again)[3:]
        words = [sys.executable, "-c", PROGRAM, slow, str(self.row), *arguments]
        return self.process(words, log)

    def process(self, words, log):
        """A process; what it says is added to the file `log`."""
        with open(log, "ab") as out:
            environment = os.environ | self.environment | {"PYTHONPATH": str(support.ROOT), "PYTHONUNBUFFERED": "1"}
            return subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT, cwd=support.ROOT, env=environment)

    def whole(self, folder):
        """Plays it without a break."""
        end(self.start(folder, Path(f"{folder}.log")), folder, 0)


@dataclasses.dataclass(frozen=True)
class Moment:
    """When a process is ended.

    Attributes:
      step: as soon as metrics.csv has a row of so many minibatches; or
      writing: while the file of that name is written.
      delay: so many seconds later.
      number: the signal.
    """

    step: int | None = None
    writing: str = ""
    delay: float = 0.0
    number: int = signal.SIGKILL

    def come(self, folder):
        """Whether it is here."""
        if self.writing:
            return bool(half_written(folder, self.writing))
        return bool(found := rows(folder)) and int(found[-1]["step"]) >= self.step


def half_written(folder, name=""):
    """The temporary files in the folder, of the file `name` or of all."""
    return [path for path in folder.rglob(f".{name}*{files.TEMPORARY}*") if path.exists()]


def rows(folder):
    """The whole rows of metrics.csv, as dicts."""
    path = folder / "metrics.csv"
    if not path.exists():
        return []
    whole = path.read_text(encoding="utf-8").rpartition("\n")[0]  # the last line may be half written
    return list(csv.DictReader(whole.splitlines()))


def end(process, folder, code):
    """Waits until a process has ended by itself with that exit code."""
    try:
        found = process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait()
    assert found == code, f"{folder}: exit code {found}\n{Path(f'{folder}.log').read_text()}"


def end_at(run, folder, moment, again=None):
    """Begins or continues a run and ends its process at that Moment.

    Returns:
      (start, left): the step that the process began at (0: the beginning); paths of the files that it left half written.
    """
    log = Path(f"{folder}.log")
    before = log.stat().st_size if log.exists() else 0
    process = run.start(folder, log, moment.writing, again)
    try:
        deadline = time.monotonic() + PATIENCE
        while not moment.come(folder):
            assert process.poll() is None, f"it ended before {moment}:\n{log.read_text()}"
            assert time.monotonic() < deadline, f"{moment} did not come:\n{log.read_text()}"
            time.sleep(0.002)
        time.sleep(moment.delay)
        process.send_signal(moment.number)
    except BaseException:
        process.kill()
        raise
    killed = moment.number == signal.SIGKILL
    end(process, folder, -signal.SIGKILL if killed else 128 + moment.number)
    return started(log.read_bytes()[before:].decode()), half_written(folder)


def told(folder):
    """The command line that the last process printed, as the one to continue with."""
    return re.findall(r"^  (python -m gan_repro\.run .+)$", Path(f"{folder}.log").read_text(), re.MULTILINE)[-1]


def started(text):
    """The step that a process said it continued from; 0: it began."""
    found = re.findall(r"continuing from step ([\d,]+)", text)
    return int(found[0].replace(",", "")) if found else 0


def finish(run, folder, words=None):
    """Continues the run in `folder` to its end; the step that it began at. `words`: another command than ours."""
    log = Path(f"{folder}.log")
    before = log.stat().st_size
    end(run.start(folder, log) if words is None else run.process(words, log), folder, 0)
    return started(log.read_bytes()[before:].decode())


# ---- what two folders must have in common ----------------------------------------------------------------------------

TIMED = ("record.json", "manifest.json", ".lock")  # they have times in them, or nothing


def assert_same_run(whole, broken):
    """Checks that two folders hold the same run: weights, metrics, pictures byte for byte, checkpoint, record."""
    found, expected = (
        {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()} for folder in (broken, whole)
    )
    newest = max(name for name in expected if name.startswith("checkpoints"))
    assert newest == max(name for name in found if name.startswith("checkpoints"))
    assert _played(found[newest]) == _played(expected[newest])
    found, expected = (
        {name: path for name, path in paths.items() if not name.startswith("checkpoints")} for paths in (found, expected)
    )
    assert found.keys() == expected.keys()
    assert any(name.endswith(".weights.h5") for name in expected) and "metrics.csv" in expected
    for name in expected:
        if not name.endswith(TIMED):
            assert found[name].read_bytes() == expected[name].read_bytes(), name
    a, b = (files.read_json(paths["record.json"]) for paths in (found, expected))
    for key in ("measurements", "curves", "choice", "epochs", "complete", "config"):
        assert a[key] == b[key], key
    assert a["manifest"]["weights_sha256"] == b["manifest"]["weights_sha256"] and a["manifest"]["continued_under"] == []
    assert a["cost"]["steps"] == b["cost"]["steps"]


def _played(path):
    """{name: bytes, type, shape} of a checkpoint's arrays, and what else it keeps but the time."""
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    notes = json.loads(str(arrays.pop("__notes__")))
    del notes["seconds"]
    return {name: (array.tobytes(), array.dtype, array.shape) for name, array in arrays.items()}, notes
