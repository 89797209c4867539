"""What is measured of a trained run, one object for each protocol: a paper's model lists those that are its own.

Each is called with the run (runs.trained.Finished) and gives its measurements; how is in measure.py, loaded when it is called.
"""

import dataclasses
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from gan_repro.data.source import Source, Spec
from gan_repro.evaluation.measurement import Measurement, Run
from gan_repro.system.errors import DataError, UsageError


@dataclasses.dataclass(frozen=True)
class ParzenLogLikelihood:
    """Log-likelihood under a Parzen window of samples, as Goodfellow et al. 2014 (section 5, Table 1).

    Attributes:
      validation_images: the width is chosen on the first so many (of each fold); None: on all.
      validates: whether it chooses the best generator while the model is trained.
      pixels: whether it is of pixels in [0, 1] of the data's own images, whatever networks see (pixels.Pixels): else numbers
        of a model that sees others compare with none.
      beside: (run) -> {name: measure.Sets} of what is measured beside the run's own generators, or None.
    """

    validation_images: int | None = None
    validates: bool = True
    pixels: bool = False
    beside: Callable | None = None

    def requires(self, recipe: Any, spec: Spec) -> tuple[str, ...]:
        """The splits of the data that it takes."""
        del recipe, spec
        return ("test",)

    def validation(self, recipe: Any, source: Source) -> Callable[[np.ndarray], float] | None:
        """What validates a training: images -> nats of validation images; None where it does not."""
        del recipe
        from gan_repro.evaluation import measure, pixels

        if not self.validates:
            return None
        if not self.pixels:
            return measure.parzen_validation(source, self.validation_images)
        own, unit = pixels.of_data(source)
        validation = measure.parzen_validation(own, self.validation_images)
        return lambda images: validation(unit(images))

    def __call__(self, run: Run) -> list[Measurement]:
        """The measurements of every generator of the run."""
        from gan_repro.evaluation import measure
        from gan_repro.evaluation.pixels import Pixels

        run = Pixels(run) if self.pixels else run
        return measure.parzen_log_likelihood(run, self.validation_images, self.beside(run) if self.beside else None)


def other_chains(changes: dict[str, Callable[[Any], dict[str, Any]]]) -> Callable:
    """What ParzenLogLikelihood measures beside a run of chains (`beside`): its first generator's samples by other chains.

    How much a number owes to constants of the chains stands beside it so. Nothing where the recipe's field `other_chains` is
    false.

    Args:
      changes: {what it is: (recipe) -> {field of the recipe: value}}.
    """

    def beside(run: Any) -> dict:
        from gan_repro.evaluation import measure
        from gan_repro.evaluation.measurement import Subject

        if not run.config.recipe.other_chains:
            return {}
        weights, config = run.kinds()[0], run.config

        def changed(change):
            recipe = dataclasses.replace(config.recipe, **change(config.recipe))
            return dataclasses.replace(run, config=dataclasses.replace(config, recipe=recipe))

        sets = {what: measure.draws(changed(change), weights) for what, change in changes.items()}
        return {Subject(weights, variant=what): each for what, each in sets.items()}

    return beside


@dataclasses.dataclass(frozen=True)
class ReadByClassifier:
    """What classifiers of the data make of samples: labels read, Frechet distance, precision, recall. In no paper here.

    They see pixels of the data's own images: of digits that networks see in a frame, what lies inside it. Of data without
    labels `otherwise` is measured; without it nothing is, and a line says so.

    Attributes:
      field: the field of the recipe that switches it off, or "".
      beside: (run) -> {name: (samples, labels)} of what is read beside the run's own generators, or None.
      otherwise: the measure of data without labels, such as Variety(), or None.
    """

    field: str = ""
    beside: Callable | None = None
    otherwise: Callable | None = None

    def _switched_on(self, recipe):
        return not self.field or bool(getattr(recipe, self.field))

    def check(self, recipe: Any, spec: Spec) -> None:
        """Raises UsageError or DataError where there will be too few samples or test images."""
        from gan_repro.evaluation import measure

        if (spec.classes or self.otherwise) and self._switched_on(recipe):
            measure.check_enough_to_judge(recipe, spec)

    def __call__(self, run: Run) -> list[Measurement]:
        """The measurements of every generator of the run."""
        from gan_repro.evaluation import classifier, measure
        from gan_repro.evaluation.pixels import Pixels

        if not self._switched_on(run.config.recipe):
            return []
        if not run.source.spec.classes and self.otherwise:
            return self.otherwise(run)
        if not run.source.spec.classes:
            print(
                f"note: no classifier reads the samples (no Frechet distance, precision, recall): {run.source.spec.title} has "
                "no labels to train one on",
                file=sys.stderr,
            )
            return []
        run, drawn = Pixels(run), self.beside(run) if self.beside else {}
        beside = {subject: [(run.unit(images), labels)] for subject, (images, labels) in drawn.items()}
        judge, second = classifier.of(run.source), classifier.of(run.source, second=True)
        found = measure.read_by_classifier(run, judge, second=second)
        return found + (measure.read_by_classifier(run, judge, beside, second) if beside else [])


@dataclasses.dataclass(frozen=True)
class Variety:
    """How varied samples are, noise of pixels not counted, and how near to the data. In no paper here.

    It sees what the networks see, so that data that do not lead back to pixels (scaling.ContrastNormalised) are measured, too:
    means of blocks of pixels, and features of a classifier of its own, of data without labels of turned images.

    Attributes:
      field: the field of the recipe that switches the classifier off, or "".
      pooling: the side of a block in pixels.
    """

    field: str = ""
    pooling: int = 4

    def _judged(self, recipe):
        return not self.field or bool(getattr(recipe, self.field))

    def requires(self, recipe: Any, spec: Spec) -> tuple[str, ...]:
        """The splits of the data that it takes."""
        del spec
        return ("test",) if self._judged(recipe) else ()

    def check(self, recipe: Any, spec: Spec) -> None:
        """Raises UsageError or DataError where there will be too few samples or test images."""
        from gan_repro.evaluation import measure

        if self._judged(recipe):
            measure.check_enough_to_judge(recipe, spec)

    def __call__(self, run: Run) -> list[Measurement]:
        """The measurements of every generator of the run, and of real images, the mean image and a Gaussian."""
        from gan_repro.evaluation import variety

        return variety.variety(run, self.pooling, self._judged(run.config.recipe))


@dataclasses.dataclass(frozen=True)
class NearestNeighbourError:
    """Errors of a nearest neighbour classifier fitted on labelled samples (Radford et al. 2015, Table 3)."""

    def __call__(self, run: Run) -> list[Measurement]:
        """The measurements of a conditional generator; of another one none."""
        from gan_repro.evaluation import measure

        return measure.nearest_neighbour_error(run) if run.conditional() else []


@dataclasses.dataclass(frozen=True)
class VectorArithmetic:
    """Where the results of vector arithmetic in z stand (Radford et al. 2015, section 6.3.2, with measured concepts).

    Attributes:
      concepts: two names of arithmetic.STATISTICS.
    """

    concepts: tuple[str, str]

    def __call__(self, run: Run) -> list[Measurement]:
        """The measurements of the first generator of the run."""
        from gan_repro.evaluation import arithmetic, representations

        weights, statistics = run.kinds()[0], arithmetic.named(self.concepts)
        return representations.arithmetic_percentiles(run, weights, arithmetic.trials(run, weights, statistics), statistics)


@dataclasses.dataclass(frozen=True)
class ModesCovered:
    """Modes that samples reach and the share of good samples, of data that are Gaussians in the plane (data.points2d).

    A sample is good within three standard deviations of a mode; a mode is covered by one good sample. Beside them stands the
    Wasserstein-1 distance of samples from test points, of data without modes alone that.

    Attributes:
      samples: how many are drawn; 2,500 in VEEGAN and PacGAN.
      pairs: of samples and test points for the distance.
    """

    samples: int = 2500
    pairs: int = 500

    def requires(self, recipe: Any, spec: Spec) -> tuple[str, ...]:
        """The splits of the data that it takes."""
        del recipe, spec
        return ("test",)

    def __call__(self, run: Run) -> list[Measurement]:
        """The measurements of every generator of the run."""
        from gan_repro.evaluation import reached

        return reached.modes_covered(run, self.samples, self.pairs)


@dataclasses.dataclass(frozen=True)
class ModesRead:
    """Classes that a classifier reads in samples of stacked digits, and how often (data.stacked; Metz et al. 2016, Table 1).

    The classifier of the single digits reads each channel; of other data nothing is measured.

    Attributes:
      samples: how many are drawn; 25,600 in PacGAN's code. At most the recipe's n_samples.
    """

    samples: int = 25_600

    def __call__(self, run: Run) -> list[Measurement]:
        """The measurements of every generator of the run."""
        from gan_repro.data import stacked
        from gan_repro.evaluation import classifier, reached

        if not isinstance(run.source, stacked.Stacked):
            return []
        return reached.modes_read(run, classifier.of(run.source.digits), self.samples)


@dataclasses.dataclass(frozen=True)
class SlopesOfD:
    """How steep D's output is between test images and samples: where a gradient penalty looks (Gulrajani et al. 2017).

    Attributes:
      points: how many are looked at.
    """

    points: int = 1000

    def requires(self, recipe: Any, spec: Spec) -> tuple[str, ...]:
        """The splits of the data that it takes."""
        del recipe, spec
        return ("test",)

    def __call__(self, run: Run) -> list[Measurement]:
        """The measurements of the last D, of one that takes no labels."""
        from gan_repro.evaluation import steepness

        return [] if run.conditional() else steepness.slopes_of_d(run, self.points)

    def check(self, recipe: Any, spec: Spec) -> None:
        """Raises DataError where there are too few test images for a standard error."""
        del recipe
        if spec.sizes["test"] < 2:
            raise DataError(f"{spec.title}: {spec.sizes['test']} test image: the slopes of D take two or more")


@dataclasses.dataclass(frozen=True)
class ChainMixing:
    """How the chains that samples are drawn along mix: class changes, classes visited, effective number of samples.

    Classes and features are those of the data's own classifier (ReadByClassifier); of data without labels, or where the
    field of the recipe that switches the classifier off does so, the pixels alone are looked at.

    Attributes:
      field: the field of the recipe that switches the classifier off, or "".
      chains: the field of the recipe that says how many chains there are, or "": one.
      thinning: the field that says how many steps lie between consecutive samples of a chain, or "": one.
    """

    field: str = ""
    chains: str = ""
    thinning: str = ""

    def check(self, recipe: Any, spec: Spec) -> None:
        """Raises UsageError where a chain will have no two consecutive samples."""
        del spec
        chains = getattr(recipe, self.chains) if self.chains else 1
        if recipe.n_samples < 2 * chains:
            raise UsageError(
                f"n_samples = {recipe.n_samples}: {chains} chain{'s' * (chains > 1)} of two consecutive samples take "
                f"{2 * chains} or more"
            )

    def __call__(self, run: Run) -> list[Measurement]:
        """The measurements of every generator of the run, and of training images in random order."""
        from gan_repro.evaluation import classifier, mixing

        read = run.source.spec.classes and (not self.field or getattr(run.config.recipe, self.field))
        return mixing.chain_mixing(run, classifier.of(run.source) if read else None)


@dataclasses.dataclass(frozen=True)
class DiversityWithinClasses:
    """How alike pairs of images of one class are, samples beside training images (Odena et al. 2016, section 4.2).

    Attributes:
      pairs: of each class; 100 in the paper.
    """

    pairs: int = 100

    def check(self, recipe: Any, spec: Spec) -> None:
        """Raises DataError where the images are too small."""
        del recipe
        from gan_repro.evaluation import similarity

        similarity.scales(*spec.shape[:2])

    def __call__(self, run: Run) -> list[Measurement]:
        """The measurements of every generator of the run that takes labels."""
        from gan_repro.evaluation import labelled

        return labelled.diversity_within_classes(run, self.pairs) if run.conditional() else []


@dataclasses.dataclass(frozen=True)
class ClassesReadByD:
    """How many test images D reads right, of a D that has a head for the classes (Odena et al. 2016).

    Attributes:
      head: its name.
    """

    head: str = "classes"

    def requires(self, recipe: Any, spec: Spec) -> tuple[str, ...]:
        """The splits of the data that it takes."""
        del recipe, spec
        return ("test",)

    def __call__(self, run: Run) -> list[Measurement]:
        """One measurement, of the last D."""
        from gan_repro.evaluation import labelled

        return labelled.classes_read_by_d(run, self.head)
