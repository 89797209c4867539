"""What people see of a queue: a table that lives on a terminal (with rich), plain lines elsewhere, and tables of studies."""

import contextlib
import importlib.util
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gan_repro.reporting.record import Record
from gan_repro.studies.cost import Estimate, Estimates, makespan
from gan_repro.studies.places import Found, Places, State
from gan_repro.studies.queue import Event, Job, jobs
from gan_repro.studies.study import Planned, Study
from gan_repro.system.numbers import duration, spans

EVERY = 60.0  # seconds between plain lines on how far the queue is
Row = tuple[str, str, str, str]


def rows(
    runs: Sequence[Planned],
    places: Places,
    begun: Mapping[str, float],
    recorded: Mapping[str, Record] | None = None,
) -> list[Row]:
    """(name, state, progress, time left) of each run that is played now, or failed.

    Args:
      runs: all of the queue's.
      places: its folder.
      begun: {name: time.time() when it began} of those that are played.
      recorded: as of Places.look.
    """
    found = []
    for each in runs:
        seen = places.look(each, recorded, begun)
        if seen.state is State.RUNNING:
            found.append((each.name, seen.state.value, _progress(seen), places.left(each)))
        elif seen.state is State.FAILED:
            found.append((each.name, seen.state.value, seen.line, ""))
    return found


def _progress(seen: Found) -> str:
    return f"step {seen.step:,} of {seen.steps:,}, {seen.share:.0%}" if seen.step and seen.steps else "starting, or evaluating"


class Watch:
    """Shows a queue while it works.

    Args:
      queued: its jobs.
      places: its folder.
      workers: how many there are.
    """

    def __init__(self, queued: Sequence[Job], places: Places, workers: int) -> None:
        self.queued, self.places, self.workers = queued, places, workers
        self.runs = [each for job in queued for each in job.runs]
        self.begun: dict[str, float] = {}
        self.ended: dict[str, str] = {}
        self.live: Any = None  # rich.live.Live
        self._said = time.monotonic()

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Draws the live table within it, where the output is a terminal and rich is there."""
        if not (sys.stdout.isatty() and importlib.util.find_spec("rich")):
            yield
            return
        from rich.live import Live

        with Live(self._table(), refresh_per_second=2) as self.live:
            yield

    def say(self, event: Event) -> None:
        """Says that a run began or ended: one line each."""
        name, outcome = event.planned.name, event.outcome
        if outcome is None:
            self.begun[name] = time.time()
            self._print(f"begins: {name}")
            return
        self.begun.pop(name, None)
        self.ended[name] = outcome.ended
        went_on = f", from step {outcome.begun_at:,}" if outcome.begun_at else ""
        reason = f": {outcome.line}" if outcome.line else ""
        ended = "its minutes are over" if outcome.ended == "over" else outcome.ended
        self._print(f"{ended}: {name} ({duration(outcome.seconds)}{went_on}){reason}; {event.left} to go")

    def look(self) -> None:
        """Draws anew; without a terminal a line a minute."""
        if self.live is not None:
            if time.monotonic() - self._said > 1:
                self._said = time.monotonic()
                self.live.update(self._table())
        elif time.monotonic() - self._said > EVERY:
            self._said = time.monotonic()
            for name, _, progress, left in self._rows():
                print(f"  {name}: {progress}{left and f', {left} left'}", flush=True)
            print(f"  {self._summary()}", flush=True)

    def _print(self, line: str) -> None:
        if self.live is not None:
            self.live.console.print(line, highlight=False, markup=False)
        else:
            print(line, flush=True)

    def _summary(self) -> str:
        counts = {ended: list(self.ended.values()).count(ended) for ended in ("finished", "over", "failed")}
        said = [f"{number} {ended}" for ended, number in counts.items() if number]
        rest_of = [each for job in self.queued if not self._over(job) for each in job.runs]
        waiting = [each for each in rest_of if each.name not in self.ended and each.name not in self.begun]
        said += [f"{len(self.begun)} running", f"{len(waiting)} waiting"]
        rest = [job.minutes for job in self.queued if not self._over(job)]
        known = [each for each in rest if each is not None]
        if known:
            unknown = f", and {len(rest) - len(known)} of unknown length" if len(known) < len(rest) else ""
            said.append(f"about {duration(60 * makespan(known, self.workers))} left at most{unknown}")
        return ", ".join(said)

    def _over(self, job: Job) -> bool:
        """Whether nothing of it will be played any more: after a run that did not finish the others of its job are not."""
        ended = [self.ended.get(each.name) for each in job.runs]
        return ended[-1] is not None or any(each not in (None, "finished") for each in ended)

    def _rows(self) -> list[Row]:
        return rows([each for each in self.runs if each.name in self.begun], self.places, self.begun)

    def _table(self):
        from rich.table import Table

        table = Table("run", "state", "progress", "left", caption=self._summary())
        for row in self._rows():
            table.add_row(*row)
        return table


def states(
    found: Mapping[str, Study],
    runs: Mapping[str, Sequence[Planned]],
    places: Places,
    recorded: Mapping[str, Record],
    estimates: Estimates,
    workers: int,
) -> Iterator[str]:
    """Lines on studies: of each what is there, what is missing, and what that will take.

    Runs of which there is nothing to say but the seed share a line. Those of the studies that a shown one names are counted.

    Args:
      found: the studies that are shown.
      runs: {study: its planned runs}.
      places: the queue's folder.
      recorded: the records in results (study.by_identity).
      estimates: of runs.
      workers: how many would play.
    """
    once = {each.identity: each for name in found for each in runs[name]}
    looks = {identity: places.look(each, recorded) for identity, each in once.items()}
    for name, study in found.items():
        seen = [(each, looks[each.identity]) for each in runs[name]]
        counts = [(state, sum(each.state is state for _, each in seen)) for state in State]
        yield f"{name}: {study.title}"
        yield f"    {len(seen)} runs: {', '.join(f'{number} {state.value}' for state, number in counts if number)}"
        rest = [(each, look) for each, look in seen if look.state not in (State.RECORDED, State.FINISHED)]
        if rest:
            costs = [(each, look, estimates.of(each)) for each, look in rest]
            if known := _known(costs):
                yield f"    left: {duration(60 * makespan(known, workers))} on {workers} core{'s' * (workers > 1)}"
            elsewhere = {each.identity for other in study.studies for each in runs.get(other, ())}
            yield from _rest((each, look, cost) for each, look, cost in costs if each.identity not in elsewhere)


def _known(costs: Iterable[tuple[Planned, Found, Estimate | None]]) -> list[float]:
    """Minutes that are left of each job of runs, the cheapest first; without those of unknown length."""
    left = {each: cost.minutes * (1 - look.share) if cost else None for each, look, cost in costs}
    return [job.minutes for job in jobs(left, lambda planned: left[planned]) if job.minutes is not None]


def _rest(costs: Iterable[tuple[Planned, Found, Estimate | None]]) -> Iterator[str]:
    """A line on each run that is not done; one on those of a row that are told of in the same words."""
    together: dict[tuple[str, str, str], list[int]] = {}
    for each, look, cost in costs:
        told = f"{duration(60 * cost.minutes * (1 - look.share))} ({cost.source})" if cost else "of unknown length"
        progress = f", {_progress(look)}" if look.step else ""
        words = f"{told}{progress}{look.line and f': {look.line}'}"
        together.setdefault((look.state.value, each.row.name, words), []).append(each.config.seed)
    for (state, row, words), seeds in together.items():
        name = f"{row}-seed{seeds[0]}" if len(seeds) == 1 else f"{row}, seeds {spans(seeds)}, each"
        yield f"      {state}: {name}: {words}"
