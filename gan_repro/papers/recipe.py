"""Recipes: what a paper fixes, field by field, with ranges; every model's recipe is a subclass of Recipe."""

import dataclasses
import operator
import re
import typing
from typing import Any

from gan_repro.data.source import Spec
from gan_repro.system.errors import UsageError

LATEST = 10**6  # epochs
AUTO = "auto"  # a precision that is left open


def bounded(
    default: Any = dataclasses.MISSING,
    *,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    below: float | None = None,
    role: str = "training",
    smoke: Any = None,
) -> Any:
    """A dataclass field whose number, or every number of whose tuple, satisfies low <= n <= high and above < n < below.

    `role` says what two runs that differ in the field differ in: "training": in what is trained; "schedule": in how long;
    "evaluation": only in what is kept, shown and measured of it, or in roundings; "pictures": only in which pictures are
    drawn on the way. Tables compare recipes by it, and `identity` tells runs apart; a field that is declared without
    `bounded` has the role "training".

    `smoke` is the field's value in the preset smoke (`smoke_of`); of a tuple one number stands for each of its numbers.
    """
    limits = {"low": low, "high": high, "above": above, "below": below}
    return dataclasses.field(default=default, metadata=limits | {"role": role, "smoke": smoke})


def smoke_of(recipe: "Recipe") -> "Recipe":
    """The recipe of the preset smoke, which trains small networks for seconds: each field as `bounded` says, or as it is."""
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(recipe):
        small, value = field.metadata.get("smoke"), getattr(recipe, field.name)
        if small is not None:
            each = isinstance(value, tuple) and not isinstance(small, tuple)
            changes[field.name] = (small,) * len(value) if each else small
    return dataclasses.replace(recipe, **changes)


def fields_of(recipe: "Recipe | type[Recipe]", role: str) -> set[str]:
    """The names of the fields of a Recipe that have a role of `bounded`: a set. "pictures" are a part of "evaluation"."""
    roles = (role, "pictures") if role == "evaluation" else (role,)
    return {field.name for field in dataclasses.fields(recipe) if field.metadata.get("role", "training") in roles}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """What every run has. An experiment's recipe is a subclass with the paper's own fields; `--set` reaches all of them.

    Attributes:
      n_samples: samples that an evaluation draws.
    """

    n_samples: int = bounded(10_000, low=2, high=10**6, role="evaluation", smoke=500)

    def __post_init__(self):
        for field in dataclasses.fields(self):
            _check_range(field, getattr(self, field.name))


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingRecipe(Recipe):
    """What every run that trains a generator has besides.

    Attributes:
      epochs: passes over the training images; not part of what makes two configurations different (more epochs continue).
      batch_size: images of a minibatch.
      steps_per_epoch: at most so many minibatches an epoch; 0: as many whole ones as the training images give.
      precision: Keras's dtype policy of the networks: their arithmetic; variables are float32 in both. AUTO, which no preset
        has: the one of the two whose steps take less time on the machine where the run begins (runs/precisions.py).
      jit_compile: compile the step with XLA (on CPUs slower: Keras's matrix products then bypass oneDNN).
      averages: averages of the generator's weights to keep beside it: "ema-DECAY" or "mean-from-EPOCH"
        (averages.py). They never touch the training.
      validate_every: epochs between validations; the best generator is chosen among these.
      samples_every: epochs between grids of samples.
    """

    epochs: int = bounded(low=1, high=LATEST, role="schedule", smoke=2)
    batch_size: int = bounded(low=1, high=10**6)
    steps_per_epoch: int = bounded(0, low=0, high=10**9, role="schedule", smoke=20)
    precision: typing.Literal["float32", "mixed_bfloat16", "auto"] = "float32"
    jit_compile: bool = bounded(False, role="evaluation")
    averages: tuple[str, ...] = bounded((), role="evaluation", smoke=())
    validate_every: int = bounded(5, low=1, high=10**6, role="evaluation", smoke=1)
    samples_every: int = bounded(5, low=1, high=10**6, role="pictures", smoke=1)

    def minibatches(self, spec: Spec) -> int:
        """Minibatches of an epoch on the data of a data.source.Spec: int."""
        return spec.steps_per_epoch(self.batch_size, self.steps_per_epoch)

    @property
    def total_epochs(self) -> int:
        """The epochs of all stages together; a recipe with more than one stage says so."""
        return self.epochs

    def __post_init__(self):
        super().__post_init__()
        parsed = [parse_average(kind) for kind in self.averages]
        twice = [kind for kind, value in zip(self.averages, parsed) if parsed.count(value) > 1]
        if twice:
            raise UsageError(f"averages: {', '.join(twice)}: each may be named once")


def _check_range(field, value):
    limits = field.metadata
    if not any(limits.get(key) is not None for key in ("low", "high", "above", "below")):
        return
    tests = {
        "low": operator.ge,
        "high": operator.le,
        "above": operator.gt,
        "below": operator.lt,
    }
    signs = {"low": ">=", "high": "<=", "above": ">", "below": "<"}
    given = {key: limits[key] for key in tests if limits.get(key) is not None}
    values = value if isinstance(value, tuple) else (value,)
    if not all(tests[key](value, limit) for value in values for key, limit in given.items()):
        valid = " and ".join(f"{signs[key]} {limit}" for key, limit in given.items())
        raise UsageError(f"{field.name} = {value}: must be {valid}")


def parse_average(kind: str) -> tuple[float, int]:
    """Splits "ema-.9999" or "mean-from-5" into (decay, first epoch).

    Returns:
      (decay, epoch): decay in (0, 1) with epoch 0 for an exponential moving average; decay 1.0 with the epoch (0-based
      number of whole epochs played before averaging begins) for a mean.

    Raises:
      UsageError: anything else.
    """
    found = re.fullmatch(r"(ema|mean-from)-([0-9.e-]{1,30})", kind)  # it is a part of files' names
    valid = f"ema-DECAY (0 < DECAY < 1) and mean-from-EPOCH (0 <= EPOCH <= {LATEST})"
    try:
        if found and found[1] == "ema" and 0 < float(found[2]) < 1:
            return float(found[2]), 0
        if found and found[1] == "mean-from" and 0 <= int(found[2]) <= LATEST:
            return 1.0, int(found[2])
    except ValueError as error:
        raise UsageError(f"averages: {kind!r}: {error}; valid are {valid}") from error
    raise UsageError(f"averages: {kind!r}: valid are {valid}, in plain digits")
