"""Measurements: one number of a run, with what it is of, its errors, and how it was taken; and curves along a training.

What makes them of samples is in measure.py. A record keeps them as JSON (system/schema.py).
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self

import numpy as np

from gan_repro.data.source import Source
from gan_repro.system import schema

PARZEN = "parzen_log_likelihood"  # the metric that chooses epochs, and that pages and figures of its own are about
BY_IMAGE = 1000  # test images whose numbers a record keeps: it is read as text


class Run(Protocol):
    """A trained run as measures take it, such as runs.trained.Finished, which says what each of these gives."""

    @property
    def config(self) -> Any:
        """Its papers.configuration.Config."""

    @property
    def source(self) -> Source:
        """Its data."""

    def __hash__(self) -> int:
        """What is made of a run is kept by it."""

    def kinds(self) -> list[str]:
        """The generators whose weights are there."""

    def fingerprint(self, kind: str) -> str:
        """The same for weights of the same bytes: where the last epoch is the best one, both are measured at once."""

    def generator(self, kind: str) -> Any:
        """A Keras model with the weights of `kind`."""

    def discriminator(self) -> Any:
        """A Keras model: D with its last weights."""

    def conditional(self) -> bool:
        """Whether its generators take labels."""

    def prior(self) -> Any:
        """The latent.priors.Prior of its noise, or the latent.chains.Chain of its samples."""

    def samples(
        self, kind: str, n: int | None = None, seed: int | None = None, labels: np.ndarray | None = None, draw: Any = 0
    ) -> np.ndarray:
        """float32 (n, h, w, c) of its noise."""

    def images(
        self, kind: str, z: np.ndarray, labels: np.ndarray | None = None, seed: int | None = None, strips: int = 1
    ) -> np.ndarray:
        """float32 (n, h, w, c) of z float32 (n, size)."""

    def measurement(
        self,
        metric: str,
        unit: str,
        value: float,
        standard_error: float | None,
        weights: str | None = None,
        **rest: Any,
    ) -> "Measurement":
        """A Measurement of its data set."""


@dataclasses.dataclass(frozen=True)
class Subject:
    """Whose samples a number is of: exactly one of `weights` and `reference` is given.

    Attributes:
      weights: of the run's generator: "best", "last", "ema-DECAY", "mean-from-EPOCH" (papers/weights_names.py).
      reference: the samples that were measured in place of a generator's, such as "training images".
      variant: what else was done to the weights' samples, such as "without dropout".

    Raises:
      ValueError: both or none of weights and reference, or a variant of a reference.
    """

    weights: str | None = None
    reference: str | None = None
    variant: str | None = None

    def __post_init__(self) -> None:
        if (self.weights is None) == (self.reference is None):
            raise ValueError("weights or reference must be given, and not both")
        if self.variant is not None and self.weights is None:
            raise ValueError("variant must be null where there are no weights")

    def __str__(self) -> str:
        """Such as "best", "best, without dropout", "training images"."""
        return ", ".join(part for part in (self.weights, self.reference, self.variant) if part)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Quantity:
    """What is measured, and under which protocol: numbers of equal quantities are numbers of one and the same thing.

    Attributes:
      metric, unit: such as "parzen_log_likelihood", "nats".
      dataset: of the run, as --dataset takes it.
      weights, reference, variant: whose samples, as Subject has them.
      space: what of the data is seen, such as "contrast-normalised to norm 55"; None: pixels in [0, 1], or no matter.
      condition: under which condition the number holds, such as "theta = 0" or "proved by D"; None: there is one only.
      split: of which images, such as "test"; None: of none.
      n_test: images of that split, over all folds.
      n_samples: samples that carry the number (of an SVM: labelled images).
      n_folds: folds over which the number is the mean (and the standard error is taken, instead of over images).
      The last four are None where there are none.
    """

    metric: str
    unit: str
    dataset: str
    weights: str | None
    reference: str | None
    variant: str | None = None
    space: str | None = None
    condition: str | None = None
    split: str | None = None
    n_test: int | None = None
    n_samples: int | None = None
    n_folds: int | None = None

    def __post_init__(self) -> None:
        Subject(self.weights, self.reference, self.variant)

    @property
    def subject(self) -> Subject:
        """Whose samples the number is of."""
        return Subject(self.weights, self.reference, self.variant)

    @property
    def quantity(self) -> "Quantity":
        """This without what was found: equal for two measurements of one thing."""
        return Quantity(**{field.name: getattr(self, field.name) for field in dataclasses.fields(Quantity)})


@dataclasses.dataclass(frozen=True)
class Paired:
    """How a number differs from another one of the same run, example by example.

    Attributes:
      to: the other one's Subject as text.
      difference: the mean difference, this one minus the other, in the unit of the number.
      standard_error: >= 0, over images, across folds or over seeds; None: not known.
    """

    to: str
    difference: float
    standard_error: float | None

    def __post_init__(self) -> None:
        _not_negative(self, "standard_error")


@dataclasses.dataclass(frozen=True)
class Sweep:
    """What a Parzen log-likelihood owes to sigma and to the number of samples (measure.parzen_sweep), in nats.

    Attributes:
      sigma: the widths (n_sigma), ascending. n_samples: the numbers of samples (n_count), ascending.
      n_test: test images over all folds.
      value: (n_count, n_sigma) mean nats of the test images, with folds the mean over folds.
      chosen_sigma: (n_count, n_fold) the width of parzen.SIGMAS that each fold's validation images choose.
      chosen_value: (n_count,) what the protocol gives with so many samples: each fold at its chosen width.
    """

    sigma: tuple[float, ...]
    n_samples: tuple[int, ...]
    n_test: int
    value: tuple[tuple[float, ...], ...]
    chosen_sigma: tuple[tuple[float, ...], ...]
    chosen_value: tuple[float, ...]

    def __post_init__(self) -> None:
        for name in ("sigma", "n_samples"):
            values = getattr(self, name)
            if not values or values[0] <= 0 or list(values) != sorted(set(values)):
                raise ValueError(f"{name} must be ascending numbers > 0")
        rows = len(self.n_samples)
        for name in ("value", "chosen_sigma", "chosen_value"):
            if len(getattr(self, name)) != rows:
                raise ValueError(f"{name} must have {rows} entries, one for each of n_samples")
        if any(len(row) != len(self.sigma) for row in self.value):
            raise ValueError(f"value must have {len(self.sigma)} numbers in each row, one for each sigma")
        if any(not row or not set(row) <= set(self.sigma) for row in self.chosen_sigma):
            raise ValueError("chosen_sigma must be among sigma")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measurement(Quantity):
    """One number of a run.

    Attributes:
      value: in `unit`.
      standard_error: >= 0, over test images, folds or trials; None: not known.
      sigma: the width of the Parzen window that validation images chose; with folds None, and `sigmas` has one for each fold.
      sigma_at_edge: whether one of them is the first or the last of the grid.
      n_validation: images that chose sigma, over all folds.
      sweep: what the number owes to sigma and the number of samples.
      n_draws, std_over_draws: over how many draws of z the number is the mean, and their standard deviation (n - 1).
      n_subsets, std_over_subsets: the same of subsets of real images.
      classifier_difference: the number by a second classifier of the same data minus this one.
      paired: how it differs from the first number of the same metric.
      by_image: the number of each test image, in their order, where they are at most BY_IMAGE: what numbers of other models
        are compared by, image by image.
      histogram: how often the classifier reads each class.
      n_checkpoints, n_trials: over how many the number is taken.
      curve: lists along a parameter, such as {"theta": ..., "mean": ..., "deviation": ...}.
      cost, cost_at_edge: C of a support vector machine, and whether it is the first or the last of the grid.
      All that do not apply are None.

    Raises:
      ValueError: an error is negative, or as Subject.
    """

    value: float
    standard_error: float | None
    sigma: float | None = None
    sigmas: tuple[float, ...] | None = None
    sigma_at_edge: bool | None = None
    n_validation: int | None = None
    sweep: Sweep | None = None
    n_draws: int | None = None
    std_over_draws: float | None = None
    n_subsets: int | None = None
    std_over_subsets: float | None = None
    classifier_difference: float | None = None
    paired: Paired | None = None
    by_image: tuple[float, ...] | None = None
    histogram: tuple[int, ...] | None = None
    n_checkpoints: int | None = None
    n_trials: int | None = None
    curve: Mapping[str, tuple[float, ...]] | None = None
    cost: float | None = None
    cost_at_edge: bool | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("standard_error", "std_over_draws", "std_over_subsets"):
            _not_negative(self, name)

    @property
    def widths(self) -> tuple[float, ...]:
        """The widths of the Parzen windows: one, one for each fold, or none."""
        return self.sigmas or (() if self.sigma is None else (self.sigma,))


def of(
    dataset: str, metric: str, unit: str, value: float, standard_error: float | None, weights: str | None = None, **rest: Any
) -> Measurement:
    """A Measurement of numbers as numpy has them.

    Args:
      dataset, metric, unit, value, standard_error, weights: its fields.
      rest: other fields of it, as far as they apply.

    Raises:
      RunError: a field is unknown, or its value is not what it takes.
    """
    found = {
        "metric": metric,
        "unit": unit,
        "value": float(value),
        "standard_error": None if standard_error is None else float(standard_error),
        "dataset": dataset,
        "weights": weights,
        "reference": None,
    }
    return schema.parse(Measurement, schema.plain(found | rest), f"a measurement of {metric}")


def _not_negative(found, name: str) -> None:
    if (getattr(found, name) or 0) < 0:
        raise ValueError(f"{name} must be >= 0")


@dataclasses.dataclass(frozen=True)
class Curve:
    """Validation of one generator along a training.

    Attributes:
      epoch: ascending. value: in nats, as many; None: nothing was measured then.
    """

    epoch: tuple[float, ...]
    value: tuple[float | None, ...]

    def __post_init__(self) -> None:
        _check_epochs(self.epoch, "epoch", self.value)
        if not self.epoch:
            raise ValueError("epoch must not be empty")

    def known(self) -> dict[float, float]:
        """{epoch: value} where there is one."""
        return {epoch: value for epoch, value in zip(self.epoch, self.value) if value is not None}


@dataclasses.dataclass(frozen=True)
class Curves:
    """What was read along a training.

    Attributes:
      training: {"epoch": ascending, metric of training/history.py: as many numbers, None where there is none}; {} where
        nothing was trained.
      validation: {weights: Curve}, "last" first; {} where nothing was validated.
    """

    training: Mapping[str, tuple[float | None, ...]] = dataclasses.field(default_factory=dict)
    validation: Mapping[str, Curve] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.training:
            if "epoch" not in self.training:
                raise ValueError("training.epoch is missing")
            _check_epochs(self.training["epoch"], "training.epoch", *self.training.values())
        ordered = dict(sorted(self.validation.items(), key=lambda item: (item[0] != "last", item[0])))
        object.__setattr__(self, "validation", ordered)

    def __bool__(self) -> bool:
        return bool(self.training)

    @classmethod
    def of(cls, found: Mapping[str, Mapping]) -> Self:
        """The Curves of the lists that training/history.curves gives; {}: of nothing."""
        training = {name: tuple(values) for name, values in found.get("training", {}).items()}
        validation = {name: Curve(tuple(c["epoch"]), tuple(c["value"])) for name, c in found.get("validation", {}).items()}
        return cls(training, validation)


def _check_epochs(epochs: Sequence, name: str, *beside: Sequence) -> None:
    if any(epoch is None for epoch in epochs) or list(epochs) != sorted(set(epochs)):
        raise ValueError(f"{name} must be ascending numbers")
    if any(len(values) != len(epochs) for values in beside):
        raise ValueError(f"{name} and the lists beside it must be of one length")
