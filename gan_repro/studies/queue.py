"""The queue: plays planned runs, a process each, by any number of workers, until all are finished, failed or stopped.

It keeps nothing but files (places.py): killed at any moment, it is started again with the same runs and goes on. Workers are
those of a concurrent.futures.Executor: threads of this process that each wait for one, or a cluster's (cluster.py).
"""

import concurrent.futures
import dataclasses
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from gan_repro.reporting.record import Record
from gan_repro.studies.places import Places, State
from gan_repro.studies.player import Outcome, Stop
from gan_repro.studies.study import Planned
from gan_repro.system import files

TICK = 0.25  # seconds between looks at what has ended


@dataclasses.dataclass
class Job:
    """The runs of one folder: the same seed with ever more epochs, played one after the other.

    Attributes:
      runs: in the order of their epochs.
      minutes: that all of them will take, as estimated; None: nobody knows.
    """

    runs: list[Planned]
    minutes: float | None = None


@dataclasses.dataclass(frozen=True)
class Event:
    """Something to be said: a run began, or it ended by an Outcome. `left`: jobs that are not done."""

    planned: Planned
    outcome: Outcome | None
    left: int


def jobs(runs: Iterable[Planned], minutes: Callable[[Planned], float | None] = lambda planned: None) -> list[Job]:
    """Planned runs as Jobs, the cheapest first, and those of which nobody knows before the others: they may be short.

    Args:
      runs: in any order.
      minutes: what a run will take from its beginning, or None.
    """
    found: dict[str, list[Planned]] = {}
    for each in runs:
        found.setdefault(each.folder, []).append(each)
    made = []
    for members in found.values():
        members.sort(key=lambda each: each.epochs)
        made.append(Job(members, minutes(members[-1])))  # the last one goes on where the others end
    return sorted(made, key=lambda job: job.minutes or 0.0)


def work(
    queued: Sequence[Job],
    places: Places,
    executor: concurrent.futures.Executor,
    play: Callable[[Planned], Outcome],
    stop: Stop,
    say: Callable[[Event], object] = lambda event: None,
    look: Callable[[], object] = lambda: None,
    width: Callable[[], int] | None = None,
) -> dict[str, Outcome]:
    """Plays the runs of all jobs.

    The caller holds `places.locked()`: no run is played by two processes.

    Args:
      queued: the jobs, in the order in which they are begun.
      places: the queue's folder.
      executor: whose workers call `play`, each for one run at a time.
      play: plays a run (player.play); must be such that the executor can call it.
      stop: asked, ends the work early.
      say: called with an Event when a run begins or ends.
      look: called about four times a second, to draw.
      width: how many runs the executor plays at once, which may change; None: what a pool of this process says.

    Returns:
      {name of a run: its Outcome} of all that were played. A run after one of the same job that did not finish is not.
    """
    outcomes: dict[str, Outcome] = {}
    waiting = [list(job.runs) for job in queued]
    running: dict[concurrent.futures.Future, list[Planned]] = {}
    left = len(waiting)
    status = _Status(places)

    def begin(runs):
        say(Event(runs[0], None, left))
        running[executor.submit(play, runs[0])] = runs

    threads = getattr(executor, "_max_workers", len(waiting))
    while waiting or running:
        while waiting and len(running) < (width() if width else threads) and not stop.asked():
            begin(waiting.pop(0))
        if stop.asked() and not running:
            break
        status.write([runs[0].name for runs in running.values()], len(waiting))
        if not running:  # no worker is there
            stop.wait(TICK)
        done, _ = concurrent.futures.wait(running, TICK, concurrent.futures.FIRST_COMPLETED)
        for future in done:
            runs = running.pop(future)
            outcome = future.result()
            outcomes[runs[0].name] = outcome
            rest = runs[1:]
            left -= outcome.ended != "finished" or not rest
            say(Event(runs[0], outcome, left))
            if outcome.ended == "finished" and rest and not stop.asked():
                begin(rest)
        look()
    status.write([], len(waiting))
    return outcomes


class _Status:
    """status.json, written when what it says has changed."""

    def __init__(self, places: Places) -> None:
        self.path = places.status
        self.last: dict[str, object] = {}
        self.begun: dict[str, float] = {}

    def write(self, running: Sequence[str], waiting: int) -> None:
        """Notes which runs are played and how many jobs wait."""
        self.begun = {name: self.begun.get(name, time.time()) for name in running}
        now = {"process": os.getpid(), "running": self.begun, "waiting": waiting}
        if now != self.last:
            files.write_json(self.path, now)
            self.last = now


def unfinished(runs: Iterable[Planned], places: Places, recorded: Mapping[str, Record] | None = None) -> list[Planned]:
    """Those of planned runs that are finished neither among the records (study.by_identity) nor in the queue's folder."""
    done = (State.RECORDED, State.FINISHED)
    return [each for each in runs if places.look(each, recorded).state not in done]
