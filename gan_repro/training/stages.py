"""What the loop trains: a Trainable, which plays minibatches, and a run's Stages, each with a Trainable of its own."""

import dataclasses
from collections.abc import Callable
from typing import Protocol


class Trainable(Protocol):
    """What the loop can train: the adversarial game, and whatever else plays by this."""

    step: int
    steps_per_epoch: int
    sampler: object
    source: object  # its data (data/source.py)
    probabilities: bool  # whether d_real and d_generated are
    metrics: tuple[str, ...]  # what of `steps` metrics.csv keeps; those with a "/" in the name are no curves of the record

    def prepare(self):
        """Gets the first step ready without playing it: UserError where it cannot be played.

        The loop calls it before anything is written; of a later stage when that one begins, since it takes the networks of
        the stage before.
        """

    def steps(self, n):
        """Plays n minibatches, not beyond the epoch's end: {metric: masked float32 (n,)}.

        A run stops at the first one that is not finite; those that `metrics` does not name are not kept.
        """

    def state(self):
        """{name: tf.Variable}: all that the next step depends on."""

    def restored(self):
        """Called after the variables of `state` were given other values."""

    def kinds(self):
        """The generators to be had: "last", "ema-.9999", ... (papers/weights_names.py)"""

    def weights(self, kind):
        """A Keras model with the weights of one of `kinds`, overwritten by the next call."""

    def others(self):
        """{name: Keras model}: the networks besides the generator whose last weights a run keeps."""

    def sample(self, n, seed, labels=None, kind="last"):
        """float32 (n, h, w, c)."""

    def monitor_batch(self):
        """(samples, real images), float32 (n, h, w, c) each, for monitors.diversity."""


@dataclasses.dataclass(frozen=True)
class Stage:
    """A part of a run with a Trainable of its own (TFD has two).

    Attributes:
      name: for messages and metrics.csv.
      epochs: its length.
      build: the Trainable of the stage before it (None for the first) -> its Trainable.
      validate: images float32 (n, h, w, c) -> a number to be maximised; None: no validation, and no best generator.
      validation_samples: how many images `validate` is given.
      validate_every: epochs between validations. A stage that ends before the first one is validated at its end: there
        is always a best generator. Given more epochs, the stage forgets that validation: it is then what it would have
        been with them at once.
    """

    name: str
    epochs: int
    build: Callable[[Trainable | None], Trainable]
    validate: Callable | None = None
    validation_samples: int = 10_000
    validate_every: int = 5
