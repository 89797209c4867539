"""A dask scheduler and workers as processes on the loopback network, in folders of their own. Nothing is tested here."""

import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from support import ROOT, planned

OWN = "WORKER_FOLDER"  # names a worker's folder to the programs that it starts
HIDE = "HIDDEN_FOLDER"

# For machines where nobody may make a mount namespace: the worker then is told that it does not see the queue.
PRELOAD = "from gan_repro.studies import remote\nremote.sees = lambda marker: False\n"


@dataclasses.dataclass(frozen=True)
class Command:
    """planned.command, with `folder` on the machine of the worker, and a look at the data that the run is to find.

    Attributes:
      seconds: as planned.command.
      folder: of the journal; None: the worker's own.
      sha256: of the bytes of the file of npz:PATH, as the run would find it; None: none is looked for.
    """

    seconds: object = 0.01
    folder: str | None = None
    sha256: str | None = None

    def __call__(self, run, workdir, data_dir=None):
        seconds = self.seconds
        if self.sha256 is not None:
            from gan_repro.data import user

            content = user.path_of(run.config.dataset, data_dir).read_bytes()
            seconds = seconds if hashlib.sha256(content).hexdigest() == self.sha256 else "fail"
        return planned.command(self.folder or os.environ[OWN], seconds)(run, workdir)


def wait(until, seconds=120):
    """Waits until something is so, and returns it."""
    end = time.monotonic() + seconds
    while not (found := until()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
    return found


class Cluster:
    """A scheduler and its workers.

    Args:
      folder: of its files.
      hidden: a folder that workers with hide=True do not see.
    """

    def __init__(self, folder, hidden):
        self.folder, self.hidden, self.workers = Path(folder), Path(hidden), {}
        told = self.folder / "scheduler.json"
        words = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        self.scheduler = self._start([*words, "--scheduler-file", told], self.folder, {})
        self.address = wait(lambda: told.exists() and told.read_text() and json.loads(told.read_text())["address"])

    def _start(self, words, folder, extra, prefix=()):
        path = os.pathsep.join([extra.pop("PATH_FIRST", ""), str(ROOT / "tests/support"), str(ROOT / "tests"), str(ROOT)])
        environment = os.environ | {"PYTHONPATH": path.lstrip(os.pathsep)} | extra
        with open(folder / "log", "ab") as log:
            return subprocess.Popen(
                [*prefix, sys.executable, "-m", "gan_repro.studies.child", str(os.getpid()), "-", *map(str, words)],
                cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def add(self, name, hide=False, nanny=False, **extra):
        """Starts a worker, with a nanny, dask's process that starts a lost one anew, or without. `extra`: its environment."""
        folder = self.folder / name
        folder.mkdir()
        words = ["distributed.cli.dask_worker", self.address, "--nthreads", 1, "--no-dashboard", "--name", name]
        words += ["--host", "127.0.0.1", "--local-directory", folder / "dask", "--death-timeout", "150"]
        words += ["--nanny" if nanny else "--no-nanny"]
        prefix = ()
        if hide and (unshare := _unshare()):
            prefix = (*unshare, "sh", "-c", f'mount -t tmpfs none "${HIDE}" && exec "$@"', "sh")
        elif hide:
            (folder / "preload.py").write_text(PRELOAD)
            words += ["--preload", folder / "preload.py"]
        extra = {OWN: str(folder), HIDE: str(self.hidden)} | extra
        self.workers[name] = self._start(words, folder, extra, prefix)

    def ready(self, number):
        """Waits until there are so many workers."""
        import distributed

        with distributed.Client(self.address, set_as_default=False, timeout=120) as client:
            client.wait_for_workers(number, timeout=120)

    def kill(self, name):
        """Ends a worker and its nanny at once."""
        _kill(self.workers.pop(name))

    def close(self):
        """Ends all processes."""
        for process in [*self.workers.values(), self.scheduler]:
            _kill(process)


def _kill(process):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


def _unshare():
    """The command that gives a process a view of the file system of its own; None where nobody may."""
    for words in (("unshare", "-m"), ("unshare", "-rm")):
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            if shutil.which("unshare") and not subprocess.run([*words, "true"], capture_output=True, timeout=10).returncode:
                return words
    return None
