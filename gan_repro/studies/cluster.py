"""A queue's runs on many machines, by dask.distributed: a local cluster, or the workers of a scheduler that is there.

A worker that sees the queue's folder plays in it. To any other the data of a run travel, once, and its folder comes back.
What happens there is in remote.py. README.md in this folder shows how to start workers under SLURM, PBS and Kubernetes.
"""

import concurrent.futures
import contextlib
import dataclasses
import logging
import os
import re
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gan_repro.runs.workdir import Workdir
from gan_repro.studies import cargo, player, remote
from gan_repro.studies.places import Places
from gan_repro.studies.player import Outcome, Stop
from gan_repro.studies.study import Planned
from gan_repro.system import files
from gan_repro.system.command_line import warn
from gan_repro.system.errors import RunError, UsageError

LOCAL = "local"
PATIENCE = 8.0  # seconds in which a scheduler must answer, and have workers
TICK = 0.5
_ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx)://.+:\d+")


@dataclasses.dataclass
class _Task:
    """A run that was given to the cluster.

    Attributes:
      planned, play: the run, and what plays it.
      data: that it needs.
      outer: what the queue waits for.
      inner: dask's Future.
      only: addresses of the workers that may have it; None: all.
      at: where it began, each time.
      logged: how long its log was then.
    """

    planned: Planned
    play: remote.Play
    data: cargo.Data | None
    outer: concurrent.futures.Future
    inner: Any = None
    only: list[str] | None = None
    at: list[str] = dataclasses.field(default_factory=list)
    logged: int = 0


class Executor(concurrent.futures.Executor):
    """What the queue gives its runs to.

    Args:
      client: of dask.distributed.
      places: the queue's.
      play: what workers do with a run.
      stop: of the queue; asked by itself where the scheduler is lost.
      most: runs at once; None: as many as the workers have threads.
    """

    def __init__(self, client: Any, places: Places, play: remote.Play, stop: Stop, most: int | None) -> None:
        self.client, self.places, self.play, self.stop, self.most = client, places, play, stop, most
        self.threads: dict[str, int] = client.nthreads()
        self.refused: set[str] = set()  # workers
        self.tasks: dict[str, _Task] = {}
        self.closed = threading.Event()
        self._waits = False
        client.subscribe_topic(play.token, self._told)
        self._watching = threading.Thread(target=self._watch, daemon=True)
        self._watching.start()

    def width(self) -> int:
        """How many runs it plays at once, now: workers come and go."""
        threads = sum(number for address, number in self.threads.items() if address not in self.refused)
        return threads if self.most is None else min(threads, self.most)

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> concurrent.futures.Future:
        """Gives `fn`, a remote.Play, and a Planned to a worker. The Future's result is an Outcome, whatever happens."""
        del kwargs
        (planned,) = args
        outer: concurrent.futures.Future = concurrent.futures.Future()
        try:
            data = cargo.data_of(planned.config.dataset, self.play.data_dir)
        except OSError as error:
            outer.set_result(Outcome("failed", f"{planned.config.dataset} cannot be read: {files.reason(error)}"))
            return outer
        task = self.tasks[planned.name] = _Task(planned, fn, data, outer)
        self._send(task)
        return outer

    def close(self) -> None:
        """Stops watching."""
        self.closed.set()
        self._watching.join(2 * PATIENCE)

    def _send(self, task, only=None):
        """Gives a task to the workers `only`, or to all that may have it."""
        if task.outer.done():
            return
        good = [address for address in self.threads if address not in self.refused]
        task.only = only or (good if self.refused else None)
        if task.only == []:
            self._end(task, Outcome("failed", "no worker has this version of the package"))
            return
        begun = Workdir(self.places.run(task.planned)).begun()
        task.inner = self.client.submit(task.play, task.planned, task.data, begun, pure=False, workers=task.only)
        task.inner.add_done_callback(lambda inner: self._done(task, inner))

    def _end(self, task, outcome):
        self.tasks.pop(task.planned.name, None)
        if not task.outer.done():
            task.outer.set_result(outcome)

    def _done(self, task, inner):
        """Called when a worker has answered, or cannot any more; in a thread for all of these."""
        if inner is not task.inner or task.outer.done():
            return
        try:
            answer = inner.result()
            if answer.wants == "another":
                self._refuse(task, answer)
            elif answer.wants:
                self._upload(task, answer)
            else:
                self._end(task, self._received(task, answer))
        except concurrent.futures.CancelledError:
            self._lost_scheduler()
        except Exception as error:  # what a worker let out, or a message that broke off; the other runs go on
            self._end(task, self._failed(task, error))

    def _refuse(self, task, answer):
        if answer.address not in self.refused:
            self.refused.add(answer.address)
            warn(answer.line)
        self.threads = self.client.nthreads()
        self._send(task)

    def _upload(self, task, answer):
        """Sends a worker what it wants for a run, and the run once more."""
        where: list[str] | None = [answer.address]
        try:
            self._pieces(task, answer.wants, where)
        except Exception:  # whatever a message meets whose receiver goes away
            if answer.address in self.client.nthreads():
                raise
            where = None
        self._send(task, where)

    def _pieces(self, task, wants, where):
        token, data = self.play.token, task.data if wants == "data" else None
        if data and not all(self.client.run(remote.lacks, token, data, workers=where).values()):
            return  # another run on this worker wanted the same
        what = data.digest if data else task.planned.name
        pieces = cargo.pieces(data.below(data.root)) if data else cargo.run_pieces(self.places.run(task.planned))
        for number, piece in enumerate(pieces):
            self.client.run(remote.take, token, what, piece, number == 0, workers=where)
        self.client.run(remote.settle, token, what, data, workers=where)

    def _received(self, task, answer):
        """The Outcome of a run that was played; where it was elsewhere, what came of it is put into its folder."""
        outcome, planned = answer.outcome, task.planned
        if not answer.shares:
            self._log(task, answer.log, whole=True)
            cargo.receive(self.places, planned, answer.run)
            if outcome.ended in ("finished", "over"):
                self.places.keep(planned)
            elif outcome.ended == "failed":
                self.places.fail(planned, outcome.line)
        if len(task.at) > 1 and outcome.ended != "stopped":
            step = outcome.begun_at or 0
            anew = "" if answer.shares else f", since {answer.address} does not share {self.places.path}"
            said = f"went on elsewhere from step {step:,}" if step else f"began anew elsewhere{anew}"
            line = f"its worker {task.at[-2]} was lost, it {said}"
            outcome = dataclasses.replace(outcome, line="; ".join(filter(None, [line, outcome.line])))
        return outcome

    def _failed(self, task, error):
        from distributed.scheduler import KilledWorker

        if isinstance(error, RunError):
            line = str(error)
        elif isinstance(error, KilledWorker):
            line = f"{error.allowed_failures + 1} workers, one after the other, were lost while they played it"
        else:
            line = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        with contextlib.suppress(RunError):
            self.places.fail(task.planned, line)
        return Outcome("failed", line)

    def _told(self, event):
        """What a worker tells of a run that it plays: that it begins, or what its process printed."""
        _, told = event
        task = self.tasks.get(told["run"])
        if task is None:
            return
        if "said" in told:
            self._log(task, told["said"])
            return
        address, shares = told["at"], told["shares"]
        if not shares:
            task.logged = os.path.getsize(self.places.log(task.planned)) if self.places.log(task.planned).exists() else 0
        if task.at:
            how = "goes on from its last checkpoint" if shares else f"begins anew: it does not share {self.places.path}"
            warn(f"{task.planned.name}: worker {task.at[-1]} was lost; on {address} it {how}")
        task.at.append(address)

    def _log(self, task, said, whole=False):
        """Adds what a process elsewhere printed to a run's log: in pieces as it comes, at the end all of it once."""
        log = self.places.log(task.planned)
        with contextlib.suppress(OSError):
            log.parent.mkdir(parents=True, exist_ok=True)
            with open(log, "ab") as file:
                if whole:
                    file.truncate(task.logged)
                file.write(said)

    def _watch(self):
        while not self.closed.wait(TICK):
            try:
                if self.client.status != "running":
                    self._lost_scheduler()
                    return
                self.threads = self.client.nthreads()
                if self.stop.asked():
                    self.client.run(remote.ask, self.play.token, on_error="ignore")
                self._look_after_tasks()
            except Exception as error:  # a message that broke off: the next look says whether that was all
                logging.getLogger(__name__).debug("%s", error)

    def _look_after_tasks(self):
        """Nobody waits for ever for workers that are gone."""
        for task in list(self.tasks.values()):
            alone = not (task.at and task.at[-1] in self.threads)
            if alone and self.stop.asked():
                inner, task.inner = task.inner, None
                inner.cancel()
                self._end(task, Outcome("stopped"))
            elif task.only is not None and not set(task.only) & set(self.threads):
                inner, task.inner = task.inner, None
                inner.cancel()
                self._send(task)
        if bool(self.tasks) and not self.threads and not self._waits:
            warn("no worker is left; the runs go on when one joins the scheduler")
        self._waits = not self.threads

    def _lost_scheduler(self):
        line = "" if self.stop.asked() else "the connection to the scheduler was lost; the same command goes on"
        self.stop.ask()
        for task in list(self.tasks.values()):
            self._end(task, Outcome("failed" if line else "stopped", line))


@contextlib.contextmanager
def connected(
    address: str,
    workers: int | None,
    where: Places,
    data_dir: str | Path | None,
    stop: Stop,
    cores: int = 1,
    command: Callable[..., Sequence[str]] = player.command,
) -> Iterator[tuple[Executor, remote.Play]]:
    """Yields an Executor and what it is to call for a run, for queue.work.

    Args:
      address: of a scheduler, "tcp://HOST:PORT"; "local": a cluster is started on this machine, and ends with the block.
      workers: so many runs at once, at most; of a local cluster: its processes. None: as many as there are threads.
      where: the queue's folder.
      data_dir: as of gan_repro.run.
      stop: asks all runs to save themselves and end.
      cores, command: as of player.play.

    Raises:
      UsageError: dask.distributed is not installed, or the address is none.
      RunError: no scheduler answers, it has no workers, or one of them has other versions or cannot import the package.
    """
    try:
        import distributed
    except ImportError as error:
        raise UsageError("--cluster takes dask.distributed, which is not installed: pip install -e '.[cluster]'") from error
    if address != LOCAL and not _ADDRESS.fullmatch(address):
        raise UsageError(f"--cluster={address}: must be local, or the address of a scheduler such as tcp://HOST:8786")
    _quiet()
    token = uuid.uuid4().hex
    with contextlib.ExitStack() as stack:
        if address == LOCAL:
            cluster = distributed.LocalCluster(
                n_workers=workers or 1,
                threads_per_worker=1,
                dashboard_address="127.0.0.1:0",  # any free port; None would take 8787, and warn where it is taken
                memory_limit=0,  # a run is a process of its own
                silence_logs=logging.CRITICAL,
            )
            address = stack.enter_context(cluster).scheduler_address
            client = stack.enter_context(_client(distributed, address))
            client.run(remote.ignore_interrupts)
        else:
            client = stack.enter_context(_client(distributed, address))
        marker = stack.enter_context(_marker(where, token))
        _check(client, address, str(marker), where)
        folder = os.path.abspath(where.path)
        own_data = os.path.abspath(os.path.expanduser(data_dir)) if data_dir else None
        play = remote.Play(token, folder, str(marker), cores, own_data, remote.about(), command)
        executor = Executor(client, where, play, stop, workers)
        stack.callback(_forget, client, token)
        stack.callback(executor.close)
        yield executor, play


@contextlib.contextmanager
def _client(distributed: Any, address: str) -> Iterator[Any]:
    try:
        with warnings.catch_warnings(action="ignore"):  # of versions, which are looked at below
            client = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except Exception as error:  # all that a name, a network or another kind of server can answer
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise RunError(f"no scheduler answers at {address} ({reason}); start one with: dask scheduler") from error
    with client:
        yield client


def _forget(client: Any, token: str) -> None:
    """Leaves nothing of a queue on its workers, as far as they still answer."""
    if client.status == "running":
        with contextlib.suppress(Exception):  # whatever a message meets whose receiver goes away
            client.run(remote.forget, token, on_error="ignore")


@contextlib.contextmanager
def _marker(where: Places, token: str) -> Iterator[Path]:
    """Yields a file in the queue's folder by which workers know whether they share it."""
    for old in where.own.glob("shared-*"):  # of a process that was killed
        old.unlink(missing_ok=True)
    marker = Path(os.path.abspath(where.own)) / f"shared-{token}"
    files.write_text(marker, marker.name)
    try:
        yield marker
    finally:
        marker.unlink(missing_ok=True)


def _check(client: Any, address: str, marker: str, where: Places) -> None:
    """Says what workers there are. Raises RunError where there are none, or one does not fit."""
    until = time.monotonic() + PATIENCE
    while not client.nthreads():
        if time.monotonic() > until:
            raise RunError(f"the scheduler at {address} has no workers; start some with: dask worker --nthreads 1 {address}")
        time.sleep(0.1)
    found: Mapping[str, Any] = client.run(remote.look, marker, on_error="return")
    wrong = list(_wrong(found))
    if wrong:
        others = f" ({len(wrong) - 1} more workers do not fit either)" if len(wrong) > 1 else ""
        raise RunError(wrong[0] + others)
    sharing, threads = sum(each["shares"] for each in found.values()), sum(client.nthreads().values())
    apart = len(found) - sharing
    rest = f"; to {apart} of them, which do not share {where.path}, data and results travel" if apart else ""
    print(f"{len(found)} workers for {threads} runs at once{rest}", flush=True)


def _wrong(found: Mapping[str, Any]) -> Iterable[str]:
    for worker, told in sorted(found.items()):
        if isinstance(told, BaseException):
            yield f"worker {worker} cannot use this version of gan_repro ({str(told).partition(chr(10))[0]}): install it there"
        elif line := remote.difference(worker, told["about"], remote.about()):
            yield line


def _quiet() -> None:
    """Keeps dask's logs from the terminal: what matters of them is said in lines of ours."""
    import distributed.comm.tcp  # noqa: F401 - makes its loggers
    import distributed.nanny  # noqa: F401

    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
