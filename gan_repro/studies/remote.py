"""What happens on a worker of a cluster: a run is played there, in the queue's folder if the worker sees it, else in its own.

cluster.py, on the machine of the queue, calls it by way of dask.distributed.
"""

import contextlib
import dataclasses
import functools
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gan_repro.studies import cargo, player
from gan_repro.studies.places import Places
from gan_repro.studies.player import Outcome
from gan_repro.studies.study import Planned
from gan_repro.system import files, machine
from gan_repro.system.errors import RunError
from gan_repro.system.lazy import lazy

distributed: Any = lazy("distributed")

AGREE = ("gan_repro", "tensorflow", "keras", "numpy")
EVERY = 5.0  # seconds between what a worker passes on of a run's log
_STOPS: dict[str, player.Stop] = {}  # {token: asked to end all runs of that queue}


@functools.cache
def about() -> dict[str, str]:
    """{what must be the same on all machines: what it is here}: versions, the commit, a digest of the code. No TensorFlow."""
    told = machine.versions()
    found = {name: told.get(name, "none") for name in ("python", *AGREE)}
    return found | {"commit": (machine.commit() or "none")[:12], "code": _code()}


def _code():
    """The beginning of a sha256 over the Python files of gan_repro and experiments."""
    above = Path(__file__).resolve().parents[2]
    found = sorted(each for package in ("gan_repro", "experiments") for each in (above / package).rglob("*.py"))
    lines = [f"{each.relative_to(above)} {files.sha256(each)}\n" for each in found]
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:12]


def difference(address: str, there: Mapping[str, str], here: Mapping[str, str]) -> str:
    """One line that says in what a worker differs from the machine of the queue; "" where it does not."""
    names = [name for name in here if there.get(name) != here[name]]
    said = ", ".join(f"{name} {there.get(name, 'none')} and not {here[name]}" for name in names)
    return f"worker {address} has {said}: install the same there, or leave it out" if names else ""


def ask(token: str) -> None:
    """Asks all runs of a queue to save themselves and end, on the worker that this is called on."""
    _STOPS.setdefault(token, player.Stop()).ask()


def ignore_interrupts() -> None:
    """Leaves Ctrl-C, which a terminal sends to all processes of a local cluster, to the one that has the queue."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


def sees(marker: str) -> bool:
    """Whether this worker sees the file that the queue wrote into its folder: then it shares that folder."""
    with contextlib.suppress(OSError):
        return Path(marker).read_text(encoding="utf-8") == Path(marker).name
    return False


def look(marker: str) -> dict[str, Any]:
    """What the queue asks each worker before anything runs."""
    return {"about": about(), "shares": sees(marker)}


def hold(token: str, dask_worker: Any) -> cargo.Hold:
    """What came to a worker for a queue."""
    return cargo.Hold(Path(dask_worker.local_directory, f"gan_repro-{token[:8]}"))


# What dask's Client.run calls gets its worker as `dask_worker`.


def lacks(token: str, data: cargo.Data, dask_worker: Any = None) -> bool:
    """Whether data must be sent to this worker."""
    return hold(token, dask_worker).data_dir(data) is None


def take(token: str, what: str, piece: cargo.Piece, first: bool, dask_worker: Any = None) -> None:
    """cargo.Hold.take, on this worker."""
    hold(token, dask_worker).take(what, piece, first)


def settle(token: str, what: str, data: cargo.Data | None, dask_worker: Any = None) -> None:
    """cargo.Hold.settle, on this worker."""
    hold(token, dask_worker).settle(what, data)


def forget(token: str, dask_worker: Any = None) -> None:
    """Removes what came to this worker for a queue that has ended."""
    shutil.rmtree(hold(token, dask_worker).folder, ignore_errors=True)
    _STOPS.pop(token, None)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a worker says of a run that it was given.

    Attributes:
      address: the worker's.
      wants: "": it was played; "data", "run" (its folder as far as it came): it was not, these must be sent first;
        "another": it was not, and must not be, here.
      line: why another worker must have it.
      outcome: of the player.
      shares: whether the worker shares the queue's folder.
      run, log: of a worker that does not, the run's folder and what its process printed.
    """

    address: str
    wants: str = ""
    line: str = ""
    outcome: Outcome | None = None
    shares: bool = True
    run: tuple[cargo.Piece, ...] = ()
    log: bytes = b""


class _Heard(player.Stop):
    """Asked when the queue asks, or is gone: then nobody waits for the run any more. Passes a run's log on, meanwhile.

    Args:
      token: of the queue.
      log: a file to pass on; None: the queue sees it.
      tell: called with a dict for the queue.
    """

    def __init__(self, token: str, log: Path | None, tell: Callable[[dict], object]) -> None:
        super().__init__()
        self.all = _STOPS.setdefault(token, player.Stop())
        self.worker = distributed.get_worker()
        self.key = self.worker.get_current_task()
        self.log, self.tell, self.told, self.last = log, tell, 0, time.monotonic()

    def asked(self) -> bool:
        """Whether somebody asked; the player looks several times a second."""
        if not super().asked() and (self.all.asked() or self._given_up()):
            self.ask()
        self._pass_on()
        return super().asked()

    def wait(self, seconds: float) -> bool:
        """As Stop.wait."""
        self.all.wait(seconds)
        return self.asked()

    def _given_up(self):
        """Whether the scheduler took the task back, as it does when the client that gave it goes away."""
        task = self.worker.state.tasks.get(self.key)
        return task is None or task.state == "cancelled"

    def _pass_on(self):
        if self.log is None or time.monotonic() - self.last < EVERY:
            return
        self.last = time.monotonic()
        with contextlib.suppress(OSError), open(self.log, "rb") as file:
            file.seek(self.told)
            said = file.read(2**16)
            self.told += len(said)
            if said:
                self.tell({"said": said})


@dataclasses.dataclass(frozen=True)
class Play:
    """Plays runs on whatever worker it is called on.

    Attributes:
      token: of the queue; the topic of what it is told.
      folder: the queue's, absolute.
      marker: the file in it that tells whether a worker shares it.
      cores: as of player.play.
      data_dir: as of gan_repro.run, absolute; None: none.
      expected: `about` where the queue is.
      command: as of player.play.
    """

    token: str
    folder: str
    marker: str
    cores: int
    data_dir: str | None
    expected: Mapping[str, str]
    command: Callable[..., Sequence[str]] = player.command

    def __call__(self, planned: Planned, data: cargo.Data | None, begun: bool) -> Answer:
        """Plays a run, or says what it takes to play it here.

        Args:
          planned: the run.
          data: what it needs that lies where the queue is.
          begun: whether its folder there holds something to go on from.
        """
        worker = distributed.get_worker()
        address, here = worker.address, hold(self.token, worker)
        if line := difference(address, about(), self.expected):
            return Answer(address, "another", line)
        shares = sees(self.marker)
        try:
            data_dir, wants = self._data_dir(data, shares, here)
            sent = None if shares else here.run(planned.name)
            if wants or (begun and not shares and sent is None):
                return Answer(address, wants or "run", shares=shares)
            self._tell({"run": planned.name, "at": address, "shares": shares})
            if shares:
                places = Places(self.folder)
                return Answer(address, outcome=self._play(planned, places, data_dir, None))
            return self._elsewhere(planned, address, data_dir, sent)
        except (RunError, OSError) as error:
            return Answer(address, outcome=Outcome("failed", f"worker {address}: {error}"), shares=shares)

    def _data_dir(self, data, shares, here):
        """(--data_dir for a run here, "" or "data" where they must be sent)."""
        if data is None:
            return (self.data_dir if shares else None), ""
        found = here.data_dir(data)
        if found is None and data.size > cargo.LARGE:
            size = f"{data.size / 2**30:.0f} GiB"
            raise RunError(f"{data.base} is not here, and with {size} too large to be sent; prepare it here")
        return found or None, "data" if found is None else ""

    def _play(self, planned, places, data_dir, log):
        stop = _Heard(self.token, log, lambda told: self._tell({"run": planned.name} | told))
        return player.play(planned, places, stop, self.cores, data_dir, self.command)

    def _elsewhere(self, planned, address, data_dir, sent):
        """Plays a run in a folder of this worker's own, and packs it."""
        with tempfile.TemporaryDirectory(dir=distributed.get_worker().local_directory) as scratch:
            places = Places(scratch)
            log = places.log(planned)
            if sent is not None:
                os.replace(sent, places.run(planned))
            outcome = self._play(planned, places, data_dir, log)
            outcome = dataclasses.replace(outcome, line=outcome.line.replace(str(places.path), self.folder))
            run = tuple(cargo.run_pieces(places.run(planned)))
            return Answer(address, "", "", outcome, False, run, log.read_bytes() if log.exists() else b"")

    def _tell(self, told: dict) -> None:
        distributed.get_worker().log_event(self.token, told)
