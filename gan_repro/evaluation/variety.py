"""How varied the samples of a finished run are, and how near they come to the data, as measurements of its record.

Two yardsticks stand in place of samples, which know no more of the data than their first moments: the mean image, and draws
of a Gaussian. What is computed of images is in pairs.py, coverage.py and frechet.py.
"""

import dataclasses

import numpy as np

from gan_repro.data.scaling import UNIT
from gan_repro.data.source import Source
from gan_repro.evaluation import classifier, coverage, frechet, measure, pairs, turns
from gan_repro.evaluation.classifier import Classifier
from gan_repro.evaluation.measurement import Measurement, Run, Subject

MEAN_IMAGE = Subject(reference="the mean training image")
GAUSSIAN = Subject(reference="draws of a Gaussian with the training images' mean and covariance")
DISTANCES = {"pooled_distance": "pooled_variety", "feature_distance": "feature_variety"}  # and by those of real images
TURNS_SPACE = "features of a network that reads turns of the data"
_CHUNK = 10_000  # training images that are scaled at a time


def mean_image(source: Source) -> np.ndarray:
    """float32 (1, h, w, c): the mean of the training images as the networks see them."""
    total = np.zeros(source.spec.shape)
    for images in source.chunks("train"):
        for start in range(0, len(images), _CHUNK):
            seen = source.spec.scaling(images[start : start + _CHUNK].astype(np.float32))
            total += seen.sum(axis=0, dtype=np.float64)
    return (total / source.spec.sizes["train"]).astype(np.float32)[None]


def likelihood_of_the_mean_image(run: Run) -> dict[Subject, measure.Sets]:
    """What measures.ParzenLogLikelihood takes as `beside`: the mean training image as the one sample."""
    return {MEAN_IMAGE: measure.subsets(mean_image(run.source), [slice(None)])}


def variety(run: Run, size: int, judged: bool = True) -> list[Measurement]:
    """How varied samples of every generator of a run are, and how near to held-out images; and real images in their place.

    All in the space that the networks see, of as many samples as the run's recipe says, at most as many as there are training
    images; of the first draw of z that has chosen nothing. Distances between images are of all pairs. Features are those of
    the classifier of the data as the networks see them; of data without labels, of a classifier that reads by how many
    quarters images were turned. In place of samples stand training images (up to measure.SUBSETS disjoint subsets), the
    mean training image, and draws of a Gaussian with mean and covariance of the first of these subsets.

    Args:
      run: runs.trained.Finished of a generator without labels.
      size: of the blocks of pixels whose means say how varied images are: noise averages out in them.
      judged: whether there are features; else blocks of pixels alone are looked at.

    Returns:
      Measurements, in the order of run.kinds() and then of the references:
        "pooled_distance" (Euclidean): the mean distance of two samples in the means of blocks; "pooled_variety" (%): by that
          of the training images, of generators.
        "feature_distance", "feature_variety": the same in features of data with labels.
        "frechet_distance" (squared units), "precision", "recall" (%): of features, against as many test images, or all. The
          mean image has no distances of pairs; its other numbers are those of any number of copies.
      First of all, of data with labels, "label_accuracy" (%) of test images: how good the classifier is.
    """
    source = run.source
    n = min(run.config.recipe.n_samples, source.spec.sizes["train"])
    judge = _judge(run.source, n) if judged else None
    found = _accuracy(run, judge) if judge and judge.labelled else []
    known: dict[str, list[Measurement]] = {}
    parts = measure.disjoint(measure.random_order(source), n)
    training = _of(run, size, judge, measure.TRAINING_IMAGES, [_seen(source, part) for part in parts])
    real = {each.metric: each.value for each in training if each.metric in DISTANCES}
    for kind in run.kinds():
        key = run.fingerprint(kind)
        if key not in known:
            known[key] = _of(run, size, judge, Subject(kind), [run.samples(kind, n)], real)
        found += [dataclasses.replace(each, weights=kind) for each in known[key]]
    found += training
    if judge:
        copies = np.repeat(judge.features(mean_image(source)), coverage.K + 1, axis=0)  # as many more change nothing
        found += _near(run, judge, MEAN_IMAGE, [copies])
    drawn = pairs.gaussian_like(_seen(source, parts[0]), n, 0)
    return found + _of(run, size, judge, GAUSSIAN, [drawn])


@dataclasses.dataclass(frozen=True, eq=False)
class _Judge:
    """The classifier whose features are looked at, what they are called, whether the data have labels, their test images."""

    classifier: Classifier
    space: str
    labelled: bool
    real: coverage.Manifold

    def features(self, images):
        return self.classifier.features(images)


def _judge(source, n):
    seen, labelled = source.spec.scaling, bool(source.spec.classes)
    if labelled:
        own = classifier.of(source, seen=seen)
    else:
        own = classifier.of(turns.Turned(source), turns.EPOCHS, seen=seen)
    space = _space(measure.CLASSIFIER_SPACE if labelled else TURNS_SPACE, source)
    return _Judge(own, space, labelled, coverage.manifold(own.features(_seen(source, slice(n), "test"))))


def _accuracy(run, judge):
    """How good the classifier is, one measurement."""
    own, rest = judge.classifier, {"split": "test", "space": judge.space}
    return [measure.share_of(run, "label_accuracy", own.accuracy, own.n_test, Subject(reference="test images"), **rest)]


def _space(name, source):
    """What is seen of the data: `name`, and what was done to their pixels before."""
    return name if source.spec.scaling == UNIT else f"{name}, {source.spec.scaling}"


def _seen(source, rows, split="train"):
    """Images of a split as the networks see them, float32 (m, h, w, c)."""
    return source.spec.scaling(source.rows(split, rows).astype(np.float32))


def _of(run, size, judge, subject, sets, real=None):
    """The measurements of sets of images float32 (n, h, w, c), all of them as many; `real`: distances of real images."""
    space = _space(pairs.space(size), run.source)
    found = _apart(run, "pooled_distance", space, subject, [pairs.pooled(images, size) for images in sets], real)
    if judge:
        features = [judge.features(images) for images in sets]
        if judge.labelled:
            found += _apart(run, "feature_distance", judge.space, subject, features, real)
        found += _near(run, judge, subject, features)
    return found


def _apart(run, metric, space, subject, sets, real):
    """How far apart the rows of each set are, also as a share of `real`, {metric: value}, where that is given."""
    values, errors = zip(*map(pairs.mean_distance, sets))
    error = None if None in errors else float(np.linalg.norm(errors)) / len(errors)  # of a mean over disjoint sets
    rest = {**vars(subject), "space": space, "n_samples": len(sets[0])}
    value = float(np.mean(values))
    found = [run.measurement(metric, "Euclidean", value, error, **rest, **measure.over_sets("subsets", values))]
    if real and real[metric]:
        share = 100 / real[metric]
        found.append(run.measurement(DISTANCES[metric], "%", share * value, error and share * error, **rest))
    return found


def _near(run, judge, subject, sets):
    """Frechet distance, precision and recall of each set of features, against those of the test images."""
    real, values = judge.real, []
    for rows in sets:
        precision, recall = coverage.precision_recall(real, coverage.manifold(rows))
        values.append((frechet.frechet_distance(rows, real.rows), 100 * precision, 100 * recall))
    n = 1 if subject == MEAN_IMAGE else len(sets[0])
    rest = {**vars(subject), "space": judge.space, "split": "test", "n_test": len(real.rows), "n_samples": n}
    named = (("frechet_distance", "squared units"), ("precision", "%"), ("recall", "%"))
    return [
        run.measurement(metric, unit, np.mean(column), None, **rest, **measure.over_sets("subsets", column))
        for (metric, unit), column in zip(named, zip(*values))
    ]
