"""Contestants as data, and measuring them: interleaved rounds, medians, spread."""

import dataclasses
import gc
import statistics
import time
from collections.abc import Callable

from gan_repro.system.errors import RunError

TURN_SECONDS = 4  # about as long is a turn at most, where the untimed units in front of it say how long one takes


class NotRun(Exception):
    """A contestant cannot run on this machine; the message says why, for its row."""


@dataclasses.dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
      name: "full" or "quick".
      preset: of the recipes: which networks.
      rounds: how often each contestant's turn comes.
      mlp_steps, convolutional_steps, loop_steps: steps of one turn, of goodfellow2014, of dcgan, and of the loop around it.
      parzen: samples (and test images) of the Parzen protocol; a tenth of them are its validation images.
      small: the same for the formulas that cannot do so many.
      large: side of the large matrix product.
      batches, widths, samples: of growth.py.
      devices: numbers of logical CPUs, of growth.py.
      dtypes: in which arithmetic the steps are measured.
      compiled: whether torch.compile takes part: it compiles for minutes.
    """

    name: str
    preset: str
    rounds: int
    mlp_steps: int
    convolutional_steps: int
    loop_steps: int
    parzen: int
    small: int
    large: int
    batches: tuple[int, ...]
    widths: tuple[int, ...]
    samples: tuple[int, ...]
    devices: tuple[int, ...]
    dtypes: tuple[str, ...]
    compiled: bool


FULL = Size(
    "full",
    preset="paper",
    rounds=7,
    mlp_steps=100,
    convolutional_steps=6,
    loop_steps=500,
    parzen=10_000,
    small=1000,
    large=2048,
    batches=(25, 50, 100, 200, 400, 800, 1600),
    widths=(300, 600, 1200, 2400, 4800),
    samples=(1000, 3000, 10_000, 30_000, 100_000),
    devices=(1, 2),
    dtypes=("float32", "bfloat16"),
    compiled=True,
)
QUICK = Size(
    "quick",
    preset="smoke",
    rounds=2,
    mlp_steps=10,
    convolutional_steps=2,
    loop_steps=20,
    parzen=1000,
    small=200,
    large=512,
    batches=(25, 50),
    widths=(64, 128),
    samples=(500, 1000),
    devices=(),
    dtypes=("float32",),
    compiled=False,
)


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A contestant that is ready.

    Attributes:
      run: n -> does n units and waits until they are done; returns the seconds that they took, or None: then the clock
        around the call counts.
      weights: () -> {"generator": [arrays], "discriminator": [arrays]}: the trainable weights now, numpy; None where
        nothing is trained.
      more: () -> {name: number}: what the last turn measured besides.
      close: called when the task is done.
    """

    run: Callable
    weights: Callable | None = None
    more: Callable = dict
    close: Callable = lambda: None


@dataclasses.dataclass(frozen=True)
class Contestant:
    """One row of a task.

    Attributes:
      name: unique in its task.
      what: one line: what exactly runs.
      prepare: () -> Prepared. Raises NotRun where it cannot be had.
      units: how many units a turn does.
      dtype: of its arithmetic.
      scale: its seconds times this stand in the table: of what is measured at a smaller size.
      note: what a reader must know of the number ("measured at ..., times 100"), or "".
    """

    name: str
    what: str
    prepare: Callable
    units: int = 1
    dtype: str = "float32"
    scale: float = 1.0
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Task:
    """Contestants that do the same work, in turns.

    Attributes:
      name: for --only's modules, goals and JSON.
      title, unit: for the table; a time is that of one unit.
      contestants: list of Contestant.
      warm: units that each does in front of every turn, whose times are not kept: the caches are its own, then.
      most: at most so many rounds.
      once_before: whether each runs one unit before anything is timed: where it compiles something that it keeps.
      same_networks: whether all must train as many numbers.
    """

    name: str
    title: str
    unit: str
    contestants: list
    warm: int = 0
    most: int = 1000
    once_before: bool = True
    same_networks: bool = True


@dataclasses.dataclass(frozen=True)
class Row:
    """What came of a contestant.

    Attributes:
      task, name, what, dtype, unit, note: as there.
      seconds: of one unit, one number a round; empty where it was not run.
      not_run: why, or "".
      parameters: {"generator": n, "discriminator": n}: trainable numbers; {} where nothing is trained.
      more: other numbers that came with it, such as memory.
    """

    task: str
    name: str
    what: str
    dtype: str
    unit: str
    note: str = ""
    seconds: tuple[float, ...] = ()
    not_run: str = ""
    parameters: dict = dataclasses.field(default_factory=dict)
    more: dict = dataclasses.field(default_factory=dict)

    @property
    def median(self):
        """Seconds; NaN where it was not run."""
        return statistics.median(self.seconds) if self.seconds else float("nan")


def measure(task, rounds, say=lambda line: None):
    """Prepares a task's contestants, lets them take turns, and returns their Rows, in order.

    In each round everyone has one turn; the order moves on by one from round to round, so that nobody always follows the
    same. What is prepared runs once before anything is timed: compilation does not count.

    Args:
      task: Task.
      rounds: how many, unless the task wants fewer.
      say: called with a line of text before something that takes time.

    Raises:
      RunError: two contestants of the task train networks of other sizes.
    """
    ready, why = {}, {}
    try:
        for contestant in task.contestants:
            say(f"{task.name}: preparing {contestant.name}")
            try:
                prepared = contestant.prepare()
                if task.once_before:
                    prepared.run(1)
                ready[contestant.name] = prepared
            except NotRun as reason:
                why[contestant.name] = str(reason)
        parameters = {name: _count(prepared) for name, prepared in ready.items()}
        if task.same_networks:
            check_sizes(task.name, parameters)
        seconds: dict[str, list[float]] = {name: [] for name in ready}
        by_name = {contestant.name: contestant for contestant in task.contestants}
        names = list(ready)
        rounds = min(rounds, task.most)
        gc.collect()
        for i in range(rounds):
            say(f"{task.name}: round {i + 1} of {rounds}")
            first = i % max(len(names), 1)
            for name in names[first:] + names[:first]:
                seconds[name].append(_turn(ready[name], by_name[name], task.warm))
        more = {name: prepared.more() for name, prepared in ready.items()}
    finally:
        for prepared in ready.values():
            prepared.close()
    return [
        Row(
            task.name,
            each.name,
            each.what,
            each.dtype,
            task.unit,
            each.note,
            tuple(seconds.get(each.name, ())),
            why.get(each.name, ""),
            parameters.get(each.name, {}),
            more.get(each.name, {}),
        )
        for each in task.contestants
    ]


def _turn(prepared, contestant, warm):
    units = contestant.units
    if warm:
        # Arithmetic that the processor lacks (bfloat16) can be ten times slower than planned for: fewer units, then.
        units = max(1, min(units, int(TURN_SECONDS * warm / _timed(prepared, warm))))
    return _timed(prepared, units) * contestant.scale / units


def _timed(prepared, units):
    start = time.perf_counter()
    seconds = prepared.run(units)
    return time.perf_counter() - start if seconds is None else seconds


def _count(prepared):
    if prepared.weights is None:
        return {}
    return {role: sum(int(array.size) for array in arrays) for role, arrays in prepared.weights().items()}


def check_sizes(task, parameters):
    """Raises RunError unless all contestants that train anything train as many numbers: `parameters` as of Row, by name."""
    trained = {name: counts for name, counts in parameters.items() if counts}
    if len({tuple(sorted(counts.items())) for counts in trained.values()}) > 1:
        raise RunError(f"{task}: the contestants' networks are of different sizes: {trained}")
