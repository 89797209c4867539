"""A trained run and its data as pixels in [0, 1] of the data's own images: without a frame, and whatever the networks see.

So numbers of models that see digits in a frame, or in [-1, 1], are numbers of the same images as those of other models.
"""

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from gan_repro.data.scaling import UNIT
from gan_repro.data.source import Source
from gan_repro.evaluation.measurement import Measurement, Run


def of_data(source: Source) -> tuple[Source, Callable[[np.ndarray], np.ndarray]]:
    """The data's own images, which networks would see in [0, 1], and what makes pixels of them of images that a model draws.

    Args:
      source: data as the model sees them, in a frame (preparation.Padded) or not. It is left as it is.

    Returns:
      (Source, float32 (n, h, w, c) -> float32 (n, h', w', c) in [0, 1]); the function raises DataError where what the networks
      see does not lead back to pixels.
    """
    scaling = source.spec.scaling
    own = copy.copy(getattr(source, "inside", source))
    own.spec = dataclasses.replace(own.spec, scaling=UNIT)
    cropped = getattr(source, "cropped", lambda images: images)
    return own, lambda images: scaling.unit(cropped(images))


class Pixels:
    """A Run (measurement.Run) whose data and samples are pixels in [0, 1] of the data's own images; otherwise another run.

    Attributes:
      source: its data.
      unit: makes pixels of images as the networks see them (`of_data`).
    """

    def __init__(self, run: Run) -> None:
        """`run`: runs.trained.Finished; nothing of it changes."""
        self._run = run
        self.source, self.unit = of_data(run.source)

    def __getattr__(self, name: str) -> Any:
        """All else is the run's own."""
        return getattr(self._run, name)

    def samples(self, *arguments: Any, **options: Any) -> np.ndarray:
        """As the run's, float32 (n, h, w, c) in [0, 1]; DataError as of_data."""
        return self.unit(self._run.samples(*arguments, **options))

    def images(self, *arguments: Any, **options: Any) -> np.ndarray:
        """As `samples`."""
        return self.unit(self._run.images(*arguments, **options))

    def measurement(self, *arguments: Any, **rest: Any) -> Measurement:
        """As the run's, of the data without a frame."""
        return self._run.measurement(*arguments, **({"dataset": self.source.spec.name} | rest))
