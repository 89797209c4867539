"""How long a command takes to its first step, and to its help, in processes of their own."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from gan_repro.benchmark.rounds import Contestant, Prepared, Task
from gan_repro.benchmark.steps import IMAGES
from gan_repro.system.errors import RunError

ROOT = Path(__file__).resolve().parent.parent.parent  # of the checkout, or of what holds the installed packages


def environment():
    """The environment in which a child finds the same packages."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONPATH": path}


def command(code):
    """A Python program -> Prepared: its time from start to end."""

    def run(n):
        for _ in range(n):
            done = subprocess.run([sys.executable, *code], env=environment(), capture_output=True, text=True, check=False)
            if done.returncode:
                raise RunError(f"python {' '.join(code)} failed: {done.stderr[-300:]}")

    return Prepared(run)


def _first_step(preset):
    """The time until the progress line reports: the first two steps, each a call of its own, are done then."""
    files = contextlib.ExitStack()
    folder = Path(files.enter_context(tempfile.TemporaryDirectory()))
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, 28, 28), np.uint8)
    np.savez(folder / "random.npz", images=images)
    words = ["-m", "gan_repro.run", "--experiment=goodfellow2014", f"--preset={preset}"]

    def run(n):
        seconds = 0.0
        for _ in range(n):
            with tempfile.TemporaryDirectory(dir=folder) as place:
                own = [f"--dataset=npz:{folder / 'random.npz'}", f"--workdir={place}/run"]
                start = time.perf_counter()
                with subprocess.Popen(
                    [sys.executable, *words, *own],
                    env=environment(),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                ) as child:
                    said = []
                    try:
                        for line in child.stdout or ():
                            said.append(line)
                            if line.startswith("epoch 1"):
                                break
                        seconds += time.perf_counter() - start
                    finally:
                        child.kill()
                if not said or not said[-1].startswith("epoch 1"):
                    raise RunError(f"the run ended before its first step: {''.join(said)[-300:]}")
        return seconds

    return Prepared(run, close=files.close)


def _sample():
    files = contextlib.ExitStack()
    place = Path(files.enter_context(tempfile.TemporaryDirectory())) / "samples.png"
    drawn = command(["-m", "gan_repro.sample", "--experiment=goodfellow2014", f"--out={place}"])
    return Prepared(drawn.run, close=files.close)


def tasks(size):
    """First step, samples and --help; for comparison what importing the libraries alone takes."""
    found = [
        Contestant(
            "command to first step",
            "goodfellow2014 from an .npz of 50,000 images, until its first steps are reported",
            lambda: _first_step(size.preset),
        ),
        Contestant(
            "import of the libraries",
            "python -c 'import tensorflow, keras'",
            lambda: command(["-c", "import tensorflow, keras"]),
        ),
        Contestant(
            "samples of a packaged generator", "python -m gan_repro.sample --experiment=goodfellow2014: 100 samples", _sample
        ),
        Contestant("--help", "python -m gan_repro.run --help", lambda: command(["-m", "gan_repro.run", "--help"])),
    ]
    return [
        Task("startup", "From command to first step", "command", found, most=3 if size.name == "full" else 1, once_before=False)
    ]
