"""Measurements of samples that somebody else's model drew: the protocols of measure.py on arrays alone."""

import contextlib
import dataclasses
import functools
import hashlib
import json
import operator
import sys
import types
from typing import Any, cast

import numpy as np

from gan_repro.data.scaling import UNIT
from gan_repro.data.source import Source
from gan_repro.evaluation import classifier, coverage, inception, measure, measurement, neighbours, parzen, real_images
from gan_repro.evaluation.classifier import Classifier
from gan_repro.evaluation.measurement import Measurement, Subject
from gan_repro.system import files
from gan_repro.system.errors import DataError, RunError

SAMPLES = Subject(reference="these samples")
VALIDATION_IMAGES = 1000  # that choose sigma (goodfeli/adversarial: parzen_ll.py was called with --limit_size 1000)
QUERIES = 1000  # samples whose nearest training image is looked for
OF_LABELS = ("label_accuracy", "nearest_neighbour_error")  # metrics that samples without labels do not have
PROCEDURE = 1  # part of the name of kept numbers of real images: raise it whenever these are measured in another way


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


def measured(
    images: np.ndarray, source: Source, labels: np.ndarray | None = None, extract: inception.Extract | None = None
) -> list[Measurement]:
    """What the estimators say of samples, and of as many training images in their place.

    Args:
      images: float32 (n, h, w, c) in [0, 1], in any order, sorted by class for instance: what takes a part of them takes a
        random one, always the same.
      source: the data, scaled to [0, 1], with a validation and a test part.
      labels: int (n,), the classes that were asked for; None: not known.
      extract: the Inception network (inception.extractor); None: its features are left out.

    Returns:
      Measurements of SAMPLES and, from `of_real_images`, measure.TRAINING_IMAGES:
        "parzen_log_likelihood" (nats): Goodfellow et al. 2014, section 5; sigma from the first VALIDATION_IMAGES.
        "frechet_distance", "precision", "recall", "class_kl", and with labels "label_accuracy": as the classifier of the data
          reads at most as many samples as there are test images; of data with labels.
        "nearest_neighbour_error" (%), of test images: of a classifier fitted on the samples, with labels.
        "training_distance" (Euclidean, pixels in [0, 1]): mean distance of the first QUERIES samples from the nearest training
          image; in the training images' place stand test images ("test images").
        "inception_frechet_distance" (squared units), of the samples alone, with `extract`: from as many training images.

    Raises:
      DataError: the data are points, or have too few test images.
    """
    spec = source.spec
    if spec.scaling != UNIT or spec.shape[:2] == (1, 1):
        raise DataError(f"{spec.title}: samples of images are scored, as pixels in [0, 1]")
    if spec.classes and spec.sizes["test"] <= coverage.K:
        raise DataError(f"{spec.title} has {spec.sizes['test']} test images; {coverage.K + 1} or more are needed")
    of_inception = [inception.measured(images, source, extract, SAMPLES)] if extract else []  # first: the file may be unfit
    judge = classifier.of(source) if spec.classes else None
    order = np.random.default_rng(0).permutation(len(images))
    images, labels = images[order], None if labels is None else labels[order]
    found = _of(SAMPLES, [(images, labels)], source, judge)
    found.append(_training_distance(SAMPLES, images, source))
    found += of_inception
    beside = _kept(source, len(images), judge)
    return found + [each for each in beside if labels is not None or each.metric not in OF_LABELS]


def of_real_images(source: Source, n: int, judge: Classifier | None) -> list[Measurement]:
    """What stands beside n samples: as many training images, or all, and the distance of test images from these.

    Of training images the numbers are means over measure.SUBSETS disjoint subsets, or as many as there are.

    Args:
      source: as for `measured`.
      n: how many samples there are.
      judge: the classifier of the data; None: they have no labels.
    """
    sets: list[tuple[np.ndarray, np.ndarray | None]] = []
    for part in measure.disjoint(measure.random_order(source), n):
        labels = cast(np.ndarray, source.labels("train"))[part] if source.spec.classes else None
        sets.append((UNIT(source.rows("train", part).astype(np.float32)), labels))
    found = _of(measure.TRAINING_IMAGES, sets, source, judge)
    test = Subject(reference="test images")
    return [*found, _training_distance(test, source.scaled("test", QUERIES), source)]


def file_name(data_sha256: str, n: int, judge: Classifier | None) -> str:
    """Of the file in which `of_real_images` is kept; it says what they follow from.

    It is looked for beside the classifier that came with the program, then in the user's cache.

    Args:
      data_sha256: Source.digest of the data; n, judge: as for `of_real_images`.
    """
    procedure = [PROCEDURE, VALIDATION_IMAGES, QUERIES, parzen.SIGMAS, coverage.K, measure.SUBSETS]
    key = [procedure, data_sha256, n, judge.sha256() if judge else None]
    return f"real-images-{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:24]}.json"


def _kept(source, n, judge):
    """of_real_images, measured once for all samples of this number."""
    name = file_name(source.digest(), n, judge)
    cached = files.cache_folder() / name
    for path in (*real_images.SHIPPED.glob(f"classifier-*/{name}"), cached):
        with contextlib.suppress(RunError):  # it can be made again
            kept = real_images.read(path).measurements
            return [dataclasses.replace(each, dataset=source.spec.name) for each in kept]  # equal data of another name
    found = of_real_images(source, n, judge)
    try:
        files.write_json(cached, real_images.as_json(source.digest(), found))
    except RunError as error:
        print(f"note: numbers of real images are not cached and will be measured again next time: {error}", file=sys.stderr)
    return found


def _of(subject, sets, source, judge):
    """The measurements of sets (images, labels or None) of one size, but their distance from training images."""
    given: Any = _Given(source, len(sets[0][0]))
    makers = tuple(functools.partial(operator.itemgetter(0), each) for each in sets)
    beside = {subject: measure.Sets("subsets", None, makers)}
    found = measure.parzen_log_likelihood(given, VALIDATION_IMAGES, beside, sweeps=False)
    if judge:
        m = source.spec.sizes["test"]
        read = [(images[:m], None if labels is None else labels[:m]) for images, labels in sets]
        found += measure.read_by_classifier(given, judge, {subject: read})
    if sets[0][1] is not None:
        found += measure.classifier_errors(given, subject, sets)
    return found


def _training_distance(subject, images, source):
    lengths = neighbours.in_training_images(images[:QUERIES], source)[1]
    error = float(lengths.std(ddof=1) / np.sqrt(len(lengths)))
    rest = {**vars(subject), "n_samples": len(lengths)}
    unit = "Euclidean, of pixels"
    return _Given(source, len(images)).measurement("training_distance", unit, float(lengths.mean()), error, **rest)
