"""What runs cost: estimated from records and from 20 steps measured on this machine, and what a queue of them takes.

No guess: a run of which neither says anything has no estimate. The roughest is by records of other settings.
"""

import dataclasses
import heapq
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from gan_repro.reporting import costs
from gan_repro.reporting.record import Record
from gan_repro.studies.study import Planned
from gan_repro.system import files
from gan_repro.system.errors import RunError
from gan_repro.training.timing import STEPS


@dataclasses.dataclass(frozen=True)
class Estimate:
    """What a run will take.

    Attributes:
      minutes: of one worker.
      source: where they are from, a phrase: "record, this processor", "20 steps here, evaluation unknown", ...
      rough: whether they are of runs with other settings (costs.Known.near).
    """

    minutes: float
    source: str
    rough: bool = False


class Estimates:
    """Estimates of planned runs.

    Args:
      entries: the records to learn from.
      file: where measured speeds are kept; they may be missing.
      processor: of this machine, as machine.processor gives it.
    """

    def __init__(self, entries: Iterable[Record], file: str | Path, processor: str | None = None) -> None:
        self.file, self.known = Path(file), costs.Known(entries, processor)
        self.measured: dict[str, dict] = files.read_json(self.file) if self.file.exists() else {}

    def of(self, planned: Planned) -> Estimate | None:
        """The Estimate of a run from its beginning; None: nobody knows."""
        known, here = self.known.like(planned.config), self.known.here(planned.config)
        if here:
            return Estimate(costs.minutes(planned.config, here), "records, this processor")
        if measured := self.measured.get(self._key(planned)):
            minutes = planned.epochs * measured["steps_per_epoch"] / measured["steps_per_second"] / 60
            evaluation = self.known.evaluation(planned.config)
            if evaluation is not None:
                return Estimate(minutes + evaluation, f"{STEPS} steps here, evaluation from records")
            return Estimate(minutes, f"{STEPS} steps here, evaluation not known")
        if known:
            known = costs.alike(known)
            return Estimate(costs.minutes(planned.config, known), f"records, {costs.model(known[0].machine)}")
        if near := costs.alike(self.known.near(planned.config)):
            told = f"roughly, records of other settings, {costs.model(near[0].machine)}"
            return Estimate(costs.minutes(planned.config, near), told, rough=True)
        return None

    def _key(self, planned):
        return f"{self.known.processor} {planned.row.kind}"

    def unknown(self, runs: Iterable[Planned]) -> list[Planned]:
        """One run of each kind that no record of this processor and no measurement tells of; those that train nothing aside."""
        found: dict[str, Planned] = {}
        for each in runs:
            estimate = self.of(each)
            told = estimate is not None and estimate.source.endswith("this processor")
            if each.epochs and not told and self._key(each) not in self.measured:
                found.setdefault(self._key(each), each)
        return list(found.values())

    def measure(self, planned: Planned, data_dir: str | Path | None = None) -> None:
        """Times STEPS steps of a run in a process of its own, on one core, and keeps the speed.

        Raises:
          RunError: they could not be played: why, in the words of that process.
        """
        config = json.dumps({**planned.config.as_dict(), "data_dir": data_dir and str(data_dir)})
        words = [sys.executable, "-m", "gan_repro.studies.speed", config]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            raise RunError(
                f"{planned.name}: {lines[-1].removeprefix('error: ') if lines else 'its speed could not be measured'}"
            )
        self.measured[self._key(planned)] = json.loads(done.stdout.splitlines()[-1])
        files.write_json(self.file, self.measured)


def makespan(minutes: Sequence[float], workers: int) -> float:
    """How long a queue takes: jobs of these minutes in this order, each begun by the first of `workers` that is free."""
    free = [0.0] * min(workers, max(1, len(minutes)))
    for each in minutes:
        heapq.heapreplace(free, free[0] + each)
    return max(free)
