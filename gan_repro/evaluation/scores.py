"""Measurements of samples that somebody else's model drew: the protocols of measure.py on arrays alone."""

import types
from typing import Any, cast

import numpy as np

from gan_repro.data.scaling import UNIT
from gan_repro.data.source import Source
from gan_repro.evaluation import classifier, coverage, measure, measurement, neighbours
from gan_repro.evaluation.measurement import Measurement, Subject
from gan_repro.system.errors import DataError

SAMPLES = Subject(reference="these samples")
VALIDATION_IMAGES = 1000  # that choose sigma (goodfeli/adversarial: parzen_ll.py was called with --limit_size 1000)
QUERIES = 1000  # samples whose nearest training image is looked for


class _Given:
    """As much of a measurement.Run as the measures take of samples that were given: they are beside no generator."""

    def __init__(self, source: Source, n: int) -> None:
        self.source, self.config = source, types.SimpleNamespace(recipe=types.SimpleNamespace(n_samples=n))

    def kinds(self) -> list[str]:
        """[]: there is no generator."""
        return []

    def measurement(self, metric: str, unit: str, value: float, error: float | None, **rest: Any) -> Measurement:
        """As measurement.of."""
        return measurement.of(self.source.spec.name, metric, unit, value, error, **rest)


def measured(images: np.ndarray, source: Source, labels: np.ndarray | None = None) -> list[Measurement]:
    """What the estimators say of samples, and of as many training images in their place.

    Args:
      images: float32 (n, h, w, c) in [0, 1], in random order where they are more than the test images.
      source: the data, scaled to [0, 1], with a validation and a test part.
      labels: int (n,), the classes that were asked for; None: not known.

    Returns:
      Measurements of SAMPLES and measure.TRAINING_IMAGES:
        "parzen_log_likelihood" (nats): Goodfellow et al. 2014, section 5; sigma from the first VALIDATION_IMAGES.
        "frechet_distance", "precision", "recall", "class_kl", and with labels "label_accuracy": as the classifier of the data
          reads at most as many samples as there are test images; of data with labels.
        "nearest_neighbour_error" (%), of test images: of a classifier fitted on the samples, with labels.
        "training_distance" (Euclidean, pixels in [0, 1]): mean distance of the first QUERIES samples from the nearest training
          image; in the training images' place stand test images ("test images").

    Raises:
      DataError: the data are points, or have too few test images.
    """
    spec = source.spec
    if spec.scaling != UNIT or spec.shape[:2] == (1, 1):
        raise DataError(f"{spec.title}: samples of images are scored, as pixels in [0, 1]")
    n, run = len(images), _Given(source, len(images))
    given: Any = run
    order = measure.random_order(source)[:n]
    training = UNIT(source.rows("train", order).astype(np.float32))
    theirs = None if labels is None else cast(np.ndarray, source.labels("train"))[order]
    pairs: dict[Subject, tuple[np.ndarray, Any]] = {SAMPLES: (images, labels), measure.TRAINING_IMAGES: (training, theirs)}
    sets = {subject: measure.subsets(each, [slice(None)]) for subject, (each, _) in pairs.items()}
    found = measure.parzen_log_likelihood(given, VALIDATION_IMAGES, sets, sweeps=False)
    if spec.classes:
        judged = min(n, spec.sizes["test"])
        if judged <= coverage.K:
            raise DataError(f"{spec.title} has {spec.sizes['test']} test images; {coverage.K + 1} or more are needed")
        read = {subject: (each[:judged], None if own is None else own[:judged]) for subject, (each, own) in pairs.items()}
        found += measure.read_by_classifier(given, classifier.of(source), read)
    if labels is not None:
        for subject, each in pairs.items():
            found += measure.classifier_errors(given, subject, [each])
    for subject, queries in ((SAMPLES, images), (Subject(reference="test images"), source.scaled("test", QUERIES))):
        lengths = neighbours.in_training_images(queries[:QUERIES], source)[1]
        error = float(lengths.std(ddof=1) / np.sqrt(len(lengths)))
        rest = {**vars(subject), "n_samples": len(lengths)}
        found.append(run.measurement("training_distance", "Euclidean, of pixels", float(lengths.mean()), error, **rest))
    return found
