"""The figures of a trained run, one object for each: a paper's model lists those that it shows.

Each is called with the run (runs.trained.Finished) and its measurements and writes its pictures; how is in draw.py, loaded
when it is called.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from gan_repro.evaluation import measurement
from gan_repro.evaluation.measurement import Measurement
from gan_repro.papers.experiment import Experiment, Model


class Folder(Protocol):
    """A run's folder as figures see it, such as runs.workdir.Workdir."""

    @property
    def figures(self) -> Path:
        """Where its pictures go."""

    @property
    def samples(self) -> Path:
        """Where those are that the training drew."""


class Run(measurement.Run, Protocol):
    """A trained run as figures take it, such as runs.trained.Finished: what measures take, and what titles and curves say."""

    @property
    def experiment(self) -> Experiment:
        """Its paper."""

    @property
    def model(self) -> Model:
        """The model that was trained."""

    @property
    def settings(self) -> tuple[str, ...]:
        """What is unlike its preset, in words (configuration.settings)."""

    @property
    def workdir(self) -> Folder:
        """Its folder."""

    @property
    def figures_of_data(self) -> Path:
        """The folder of figures that show images of the data."""

    @property
    def curves(self) -> measurement.Curves:
        """Along the training."""

    @property
    def epochs(self) -> float:
        """How many were played; 0: it is not known."""

    @property
    def step(self) -> int:
        """How many minibatches were."""


@dataclasses.dataclass(frozen=True)
class _OfEach:
    """A figure of every generator of a run, or of the first one: best where validation chose one, else last."""

    first_only: bool = False

    def _weights(self, run: Run) -> list[str]:
        return run.kinds()[:1] if self.first_only else run.kinds()


class Curves:
    """Losses, D's outputs and validation along the training."""

    def __call__(self, run: Run, measurements: Sequence[Measurement]) -> None:
        """Writes figures/curves.png."""
        from gan_repro.figures import draw

        draw.curves(run)


class Samples(_OfEach):
    """A hundred random samples, or many points in front of real ones. Of a conditional generator ClassRows shows more."""

    def __call__(self, run: Run, measurements: Sequence[Measurement]) -> None:
        """Writes figures/samples-WEIGHTS.png, of a generator that takes no labels."""
        from gan_repro.figures import draw

        for weights in () if run.conditional() else self._weights(run):
            draw.samples(run, weights)


class ClassRows(_OfEach):
    """A row of samples for each label, the same z down each column (Mirza and Osindero 2014, Figure 2)."""

    def __call__(self, run: Run, measurements: Sequence[Measurement]) -> None:
        """Writes figures/classes-WEIGHTS.png, of a conditional generator."""
        from gan_repro.figures import draw

        for weights in self._weights(run) if run.conditional() else ():
            draw.class_rows(run, weights)


class NearestNeighbours(_OfEach):
    """Samples beside the training images nearest to them (Goodfellow et al. 2014, Figure 2)."""

    def __call__(self, run: Run, measurements: Sequence[Measurement]) -> None:
        """Writes figures/samples-WEIGHTS.png."""
        from gan_repro.figures import draw

        for weights in self._weights(run):
            draw.nearest_neighbours(run, weights)


@dataclasses.dataclass(frozen=True)
class Interpolation(_OfEach):
    """Straight lines between pairs of random z (Goodfellow et al. 2014, Figure 3)."""

    first_only: bool = True

    def __call__(self, run: Run, measurements: Sequence[Measurement]) -> None:
        """Writes figures/interpolation-WEIGHTS.png."""
        from gan_repro.figures import draw

        for weights in self._weights(run):
            draw.interpolation(run, weights)


@dataclasses.dataclass(frozen=True)
class Walk(_OfEach):
    """Walks through nine random z (Radford et al. 2015, Figure 4)."""

    first_only: bool = True

    def __call__(self, run: Run, measurements: Sequence[Measurement]) -> None:
        """Writes figures/walk-WEIGHTS.png."""
        from gan_repro.figures import draw

        for weights in self._weights(run):
            draw.walk(run, weights)


@dataclasses.dataclass(frozen=True)
class ValueSurface(_OfEach):
    """Level sets of D's output in the plane, with data and samples (Gulrajani et al. 2017, Figure 1a), of points."""

    first_only: bool = True

    def __call__(self, run: Run, measurements: Sequence[Measurement]) -> None:
        """Writes figures/surface-WEIGHTS.png."""
        from gan_repro.figures import draw

        for weights in self._weights(run):
            draw.surface(run, weights)


@dataclasses.dataclass(frozen=True)
class ConsecutiveSamples(_OfEach):
    """Consecutive samples of one chain in reading order, of a model that is sampled along chains (latent.chains.Chain)."""

    first_only: bool = True

    def __call__(self, run: Run, measurements: Sequence[Measurement]) -> None:
        """Writes figures/chain-WEIGHTS.png."""
        from gan_repro.figures import draw

        for weights in self._weights(run):
            draw.consecutive_samples(run, weights)


class ClassesVisited:
    """Classes among consecutive samples of a chain against how many these are (Bengio et al. 2013, Figures 4e and 4f)."""

    def __call__(self, run: Run, measurements: Sequence[Measurement]) -> None:
        """Writes figures/classes-visited.png, where classes were read (evaluation.measures.ChainMixing)."""
        from gan_repro.figures import draw

        draw.classes_visited(run, measurements)


class Densities:
    """Densities of points in the plane along the training, the data's last (Metz et al. 2016, Figure 2)."""

    def __call__(self, run: Run, measurements: Sequence[Measurement]) -> None:
        """Writes figures/densities.png, and figures/moments.npz: what pages draw of several runs (reporting.densities)."""
        from gan_repro.figures import draw

        draw.densities_along(run)


class DepthOfD:
    """How gradients go through D's layers, and what its weights are (Gulrajani et al. 2017, Figure 1b)."""

    def __call__(self, run: Run, measurements: Sequence[Measurement]) -> None:
        """Writes figures/depth.png."""
        from gan_repro.figures import draw

        draw.depth(run)


class Averages:
    """The same z through every generator of the run, with log-likelihoods."""

    def __call__(self, run: Run, measurements: Sequence[Measurement]) -> None:
        """Writes figures/averages.png, where there is more than one generator."""
        from gan_repro.figures import draw

        draw.averages(run, run.kinds(), measurements)


@dataclasses.dataclass(frozen=True)
class VectorArithmetic:
    """Vector arithmetic in z (Radford et al. 2015, Figure 7).

    Attributes:
      concepts: two names of evaluation.arithmetic.STATISTICS.
    """

    concepts: tuple[str, str]

    def __call__(self, run: Run, measurements: Sequence[Measurement]) -> None:
        """Writes figures/arithmetic-WEIGHTS.png, of the first generator."""
        from gan_repro.evaluation import arithmetic
        from gan_repro.figures import draw

        weights, statistics = run.kinds()[0], arithmetic.named(self.concepts)
        draw.vector_arithmetic(run, weights, arithmetic.trials(run, weights, statistics), statistics)


OF_POINTS = ValueSurface(), DepthOfD(), Densities(), Curves(), Samples()  # of a game on points in the plane
