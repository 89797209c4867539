"""What the measured times are to be, as data: ratios within one run, each with its limit."""

import dataclasses
import statistics
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Goal:
    """One goal.

    Attributes:
      name: for the table.
      rows: (task, contestant) of each time that it takes.
      limit: of the value.
      value: their seconds, in that order -> the value.
      unit: "x" for a ratio, "s", "%".
      at_least: whether the limit is the lowest good value instead of the highest.
    """

    name: str
    rows: tuple[tuple[str, str], ...]
    limit: float
    value: Callable = lambda ours, other: ours / other
    unit: str = "x"
    at_least: bool = False


def _step(task, title, dtype, peer, limit, what):
    ours = (task, f"ours, {dtype}")
    return Goal(f"{title} step, {dtype}, of {what}", (ours, (task, peer)), limit)


def _itself(seconds):
    return seconds


def _above(seconds, others):
    return seconds - others


_IMPORT = ("startup", "import of the libraries")
_MLP, _DCGAN = ("goodfellow2014", "Goodfellow 2014"), ("dcgan", "DCGAN")
GOALS = (
    _step(*_MLP, "float32", "PyTorch eager, float32", 0.55, "PyTorch eager's in float32"),
    _step(*_MLP, "bfloat16", "PyTorch eager, float32", 0.4, "PyTorch eager's in float32"),
    _step(*_MLP, "bfloat16", "PyTorch eager, bfloat16", 0.4, "PyTorch eager's in bfloat16"),
    _step(*_MLP, "float32", "products, own shapes, float32", 1.4, "its products at their own shapes"),
    _step(*_MLP, "bfloat16", "products, own shapes, bfloat16", 1.4, "its products at their own shapes"),
    _step(*_DCGAN, "float32", "PyTorch eager, float32", 0.55, "PyTorch eager's in float32"),
    _step(*_DCGAN, "bfloat16", "PyTorch eager, bfloat16", 0.9, "PyTorch eager's in bfloat16"),
    _step("rbm", "RBM", "float32", "products, own shapes, float32", 1.5, "its products at their own shapes"),
    _step("gsn", "Deep GSN", "float32", "products, own shapes, float32", 1.5, "its products at their own shapes"),
    _step("gsn", "Deep GSN", "float32", "PyTorch eager, float32", 1.0, "PyTorch eager's in float32"),
    Goal(
        "Gradient penalty's step on points, float32, of PyTorch eager's",
        (("gradient penalty", "ours, float32"), ("gradient penalty", "PyTorch eager, float32")),
        0.8,
    ),
    Goal(
        "Gradient penalty's step on points, float32, of its products at their own shapes",
        (("gradient penalty", "ours, float32"), ("gradient penalty", "products, own shapes, float32")),
        1.4,
    ),
    Goal(
        "Unrolled step on points, float32, of PyTorch eager's",
        (("unrolled", "ours, float32"), ("unrolled", "PyTorch eager, float32")),
        0.8,
    ),
    Goal(
        "Parzen protocol, of one product of all test images and all samples",
        (("parzen", "ours"), ("parzen", "one product")),
        1.5,
    ),
    Goal(
        "Parzen protocol, how many times faster than the direct formula",
        (("parzen", "direct formula"), ("parzen", "ours")),
        200,
        at_least=True,
    ),
    Goal(
        "Between steps (data, logging, checkpoints, Python), of an epoch",
        (("loop", "the loop, an epoch"), ("loop", "the step alone")),
        3,
        lambda loop, step: 100 * (1 - step / loop),
        "%",
    ),
    Goal(
        "Command to first step, above importing TensorFlow and Keras",
        (("startup", "command to first step"), _IMPORT),
        1,
        _above,
        "s",
    ),
    Goal(
        "Samples of a packaged generator, above importing TensorFlow and Keras",
        (("startup", "samples of a packaged generator"), _IMPORT),
        1.5,
        _above,
        "s",
    ),
    Goal("--help", (("startup", "--help"),), 1, _itself, "s"),
    Goal(
        "Two runs at once on a core each, of one after the other on two cores",
        (("workers", "at once, a core each"), ("workers", "one after the other, two cores each")),
        1,
    ),
    Goal(
        "What a queue adds to a run, of a run of a minute",
        (("queue", "in a queue"), ("queue", "a process alone")),
        2,
        lambda queued, alone: 100 * (queued - alone) / 60,
        "%",
    ),
)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """A goal and what was measured: the median over the rounds, their least and greatest value, and the word for it."""

    goal: Goal
    value: float | None
    low: float | None
    high: float | None
    word: str


def verdict(goal, rows):
    """The Verdict on a Goal: "met", "missed", or "not measured" where one of its rows was not run.

    Values are taken round by round, where all of a goal's contestants had their turn shortly after one another.

    Args:
      goal: Goal.
      rows: rounds.Rows.
    """
    found = {(row.task, row.name): row.seconds for row in rows}
    times = [found.get(key, ()) for key in goal.rows]
    values = [goal.value(*each) for each in zip(*times)]
    if not values:
        return Verdict(goal, None, None, None, "not measured")
    value = statistics.median(values)
    met = value >= goal.limit if goal.at_least else value <= goal.limit
    return Verdict(goal, value, min(values), max(values), "met" if met else "missed")
