"""The programs as a user starts them: their environment, real processes, the arguments of small runs.

Nothing is tested here.
"""

import os
import subprocess
import sys

from support import ROOT

G, T = "--experiment=goodfellow2014", "--experiment=theis2015"

# Seconds of work: two minibatches an epoch for networks of a few units. No part of the program is left out.
TINY = [
    "--preset=smoke",
    "--set=steps_per_epoch=2",
    "--set=batch_size=20",
    "--set=generator_units=16",
    "--set=discriminator_units=8",
    "--set=n_samples=50",
    "--set=averages=ema-.5",
]


def environment():
    """The environment of a user with the package at hand, no data, and no network whatever machine this is."""
    kept = {key: value for key, value in os.environ.items() if key.lower() not in ("no_proxy", "tfds_data_dir")}
    nowhere = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    return kept | nowhere | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def command(module, *arguments, cwd, first=None):
    """A real process: `python -m gan_repro.<module> ...` in the folder `cwd`, with a folder of modules that come first."""
    words = [sys.executable, "-m", f"gan_repro.{module}", *map(str, arguments)]
    there = environment() | ({"PYTHONPATH": f"{first}{os.pathsep}{ROOT}"} if first else {})
    return subprocess.run(words, cwd=cwd, env=there, capture_output=True, text=True, timeout=300)


def contents(folder):
    """{path: (bytes, time of change)} of everything below a folder."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in found}
