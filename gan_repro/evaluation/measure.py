"""Evaluators applied to a finished run: each gives Measurements (measurement.py). The evaluators are beside it."""

import dataclasses
import functools
import itertools
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gan_repro.data.scaling import UNIT
from gan_repro.data.source import Folds, Source, Spec
from gan_repro.evaluation import coverage, frechet, neighbours, parzen
from gan_repro.evaluation.classifier import Classifier
from gan_repro.evaluation.measurement import BY_IMAGE, PARZEN, Measurement, Paired, Run, Subject, Sweep
from gan_repro.system.errors import DataError, UsageError

# The paper's ten widths, one more between each two of them, on down to .05 in the same steps, and up to 2.2 in wider ones.
_BETWEEN = (*range(-24, -18), *range(-17, 0, 2), 2, 4, 6)  # eighteenths of a decade
SWEEP_SIGMAS = tuple(sorted({*parzen.SIGMAS, *(10 ** (k / 18) for k in _BETWEEN)}))
SWEEP_SAMPLES = (100, 300, 1000, 3000, 10_000)
SUBSETS = 3  # of real images as reference samples: how much their choice moves a number
Drawn = tuple[np.ndarray, np.ndarray | None]  # images, and the labels asked for
TRAINING_IMAGES = Subject(reference="training images")
CLASSIFIER_SPACE = "features of the data's own classifier"


def parzen_sweep(
    samples: np.ndarray, folds: Folds, sigmas: Sequence[float] = SWEEP_SIGMAS, counts: Sequence[int] = SWEEP_SAMPLES
) -> Sweep:
    """How a Parzen estimate depends on sigma and on the number of samples: on the test images, and under the protocol.

    Takes about one and a half times as long as that many widths on all samples: 16 s for 25 widths, 10,000 samples and
    10,000 MNIST images on two idle cores, 29 s on two busy ones.

    Args:
      samples: float (n, ...). The first 100, the first 300, ... are used, so random order is the caller's.
      folds: (validation, test) pairs, each as in parzen.evaluate; one pair where the data have no folds.
      sigmas: widths; those of parzen.SIGMAS must be among them.
      counts: numbers of samples; those below n are used, and n itself.

    Returns:
      A Sweep, nats rounded to 3 decimals.
    """
    ends = np.cumsum([len(test) for _, test in folds])
    images = np.concatenate([test for _, test in folds])
    numbers = [n for n in counts if n < len(samples)] + [len(samples)]
    values, widths, at_widths = [], [], []
    for n in numbers:
        window = parzen.ParzenWindow(samples[:n])
        parts = np.split(window.log_likelihood(images, sigmas), ends[:-1], axis=1)
        means = np.array([part.mean(axis=1) for part in parts])
        chosen = [parzen.choose_sigma(window, validation)[0] for validation, _ in folds]
        values.append(tuple(np.round(means.mean(axis=0), 3).tolist()))
        widths.append(tuple(chosen))
        at = np.mean([row[sigmas.index(sigma)] for row, sigma in zip(means, chosen)])
        at_widths.append(round(float(at), 3))
    return Sweep(tuple(sigmas), tuple(numbers), len(images), tuple(values), tuple(widths), tuple(at_widths))


@dataclasses.dataclass(frozen=True, eq=False)
class Sets:
    """Sets of samples over which one number is the mean. Each is made when it is measured: of many a few are held.

    Attributes:
      what: what they are, "draws" (of z) or "subsets" (of images); measurements say "n_draws" and "std_over_draws", the
        standard deviation over them (n - 1 in the denominator), or "n_subsets" and "std_over_subsets". Of one set neither.
      choosing: () -> float (n, h, w, c): the samples that choose the width of a Parzen window; None: the first of `reported`.
      reported: functions () -> as many images.
    """

    what: str
    choosing: Callable | None
    reported: tuple[Callable, ...]


def over_sets(what: str, values: Sequence[float] | np.ndarray) -> dict[str, Any]:
    """What a measurement says of Sets of a kind ("draws", "subsets"), whose numbers are `values`: of a single one nothing."""
    return {} if len(values) < 2 else {f"n_{what}": len(values), f"std_over_{what}": float(np.std(values, ddof=1))}


def draws(run: Run, kind: str) -> Sets:
    """The Sets of a generator: the draw of z that validated the training chooses, randomness.REPORTED others are reported."""
    from gan_repro.system import randomness

    reported = tuple(functools.partial(run.samples, kind, draw=k) for k in range(randomness.REPORTED))
    return Sets("draws", functools.partial(run.samples, kind, draw=randomness.VALIDATION), reported)


def subsets(images: np.ndarray, parts: Iterable[np.ndarray | slice]) -> Sets:
    """The Sets of images (n, h, w, c) as reference samples: of each of `parts`, indices of them."""
    return Sets("subsets", None, tuple(functools.partial(operator.getitem, images, part) for part in parts))


def disjoint(order: np.ndarray, n: int) -> list[np.ndarray]:
    """SUBSETS disjoint parts of n indices of `order`, or as many as there are; all of `order` where it has no n."""
    return [order[i * n : (i + 1) * n] for i in range(min(SUBSETS, len(order) // n))] or [order]


def parzen_log_likelihood(
    run: Run, validation_images: int | None = None, beside: dict[Subject, Sets] | None = None, sweeps: bool = True
) -> list[Measurement]:
    """Parzen-window log-likelihood of every generator of a run, and of other samples, as Goodfellow et al. 2014.

    Unlike there, choice and report are apart: the samples that choose sigma on validation images, and have chosen the epoch
    ("best"), are another draw of z than those that test images are measured with. The value is the mean over the latter
    draws, the standard error that over test images of each one's mean over the draws.

    Where the data come in folds (run.source.folds() gives them: TFD), sigma is chosen fold by fold, the value is the
    mean over folds, and the standard error is across folds. Numbers in another space than pixels in [0, 1] say so
    ("space"): densities of different spaces cannot be compared.

    Args:
      run: runs.trained.Finished.
      validation_images: sigma is chosen on the first so many (of each fold); None: on all.
      beside: {Subject: Sets}, measured after the run's own generators.
      sweeps: whether parzen_sweep is made.

    Returns:
      A list of measurements, in the order of run.kinds() and `beside`. All but the first say how they differ from it, test
      image by test image (Paired): mean nats, with the standard error over images, or across folds and then None of a single
      one. The first carries the parzen_sweep of its first reported set, and so does each that is
      no draw of z; and its nats of each image where these are BY_IMAGE or fewer and come in no folds.
    """
    given = run.source.folds()
    folded = given is not None
    if given is not None:
        folds = [(validation[:validation_images], test) for validation, test in given]
    else:
        folds = [(run.source.scaled("validation", validation_images), run.source.scaled("test"))]
    scaling = run.source.spec.scaling
    measurements, first, known = [], None, {}
    keys = {Subject(name): run.fingerprint(name) for name in run.kinds()}
    for subject, sets in ({Subject(name): draws(run, name) for name in run.kinds()} | (beside or {})).items():
        key, head = keys.get(subject, subject), None
        if key not in known:
            head = sets.reported[0]()
            reported = itertools.chain([head], (make() for make in sets.reported[1:]))
            known[key] = len(head), *parzen.evaluate_sets(sets.choosing() if sets.choosing else head, reported, folds)
        n, sigmas, nats = known[key]
        means = [rows.mean(axis=0) for rows in nats]
        value, error = parzen.mean_and_error(means, folded)
        rest: dict[str, Any] = {"n_folds": len(folds), "sigmas": sigmas} if folded else {"sigma": sigmas[0]}
        rest |= {} if scaling == UNIT else {"space": str(scaling)}
        rest |= over_sets(sets.what, np.mean([rows.mean(axis=1) for rows in nats], axis=0))
        if first:
            other, its = first
            difference, apart = parzen.mean_and_error([a - b for a, b in zip(means, its)], folded)
            rest["paired"] = Paired(str(other), difference, apart)
        if sweeps and head is not None and (not first or sets.what != "draws"):
            rest["sweep"] = parzen_sweep(head, folds)
        if not first and not folded and len(means[0]) <= BY_IMAGE:
            rest["by_image"] = np.round(means[0], 3).tolist()
        first = first or (subject, means)
        measurements.append(
            run.measurement(
                PARZEN,
                "nats",
                value,
                error,
                **vars(subject),
                split="test",
                n_test=sum(len(rows) for rows in means),
                n_samples=n,
                n_validation=sum(len(validation) for validation, _ in folds),
                sigma_at_edge=any(sigma in (parzen.SIGMAS[0], parzen.SIGMAS[-1]) for sigma in sigmas),
                **rest,
            )
        )
    return measurements


def parzen_validation(source: Source, limit: int | None = None) -> Callable[[np.ndarray], float]:
    """What validates a training: images -> nats, the best over the sigma grid, the first `limit` validation images' mean."""
    validation = source.scaled("validation", limit)
    return lambda images: parzen.choose_sigma(parzen.ParzenWindow(images), validation)[1].max()


def check_enough_to_judge(recipe: Any, spec: Spec) -> None:
    """Checks, before a training, that `read_by_classifier` will have as many samples and test images as it takes.

    Args:
      recipe: with n_samples; spec: of labelled data.

    Raises:
      UsageError: n_samples is too small. DataError: there are too few test images.
    """
    least = coverage.K + 1
    if recipe.n_samples < least:
        raise UsageError(f"n_samples = {recipe.n_samples}: precision and recall take {least} or more")
    if spec.sizes.get("test", least) < least:  # a source of training images alone is trained on, not evaluated
        raise DataError(
            f"{spec.title} has {spec.sizes['test']} test images; samples of labelled data are compared with {least} or more"
        )


def read_by_classifier(
    run: Run, classifier: Classifier, samples: Mapping[Subject, Sequence[Drawn]] | None = None, second: Classifier | None = None
) -> list[Measurement]:
    """What the classifier of the data makes of samples of every generator of a run, and of real images in their place.

    As many samples as the run's recipe says, at most as many as there are test images, and of a conditional generator
    every label equally often: the first draw of z that has chosen nothing. Reference samples: as many training images, of up
    to SUBSETS disjoint subsets ("training images": the classifier has learned them, so it reads nearly all of them right),
    and all test images ("test images": how often the classifier itself is right).

    Args:
      run: runs.trained.Finished; what the networks see must lead back to pixels in [0, 1].
      classifier: classifier.Classifier of the run's data.
      samples: {Subject: sets (images as run.samples gives them, labels asked for (n,) or None)}: these alone are read, in
        place of the run's generators and of real images; of several sets of one size the numbers are means.
      second: another Classifier of the same data: every measurement then has "classifier_difference", its value by the
        second one minus that by the first; None: nothing is said of that.

    Returns:
      Measurements, in the order of run.kinds() or of `samples`, each of:
        "label_accuracy" (%): how many it reads as the label asked for (of real images: as their own), with the binomial
          standard error. Only if the generator is conditional; of test images in any case.
        "frechet_distance" (squared units), "precision", "recall" (%): of its features, against as many test images.
        "class_kl" (nats): KL(classes it reads || uniform); "histogram" has how often it reads each class.
      Those of training images are means over the subsets, as over_sets has it; the standard error and the histogram are
      of all their images together, "n_samples" and "n_test" of one subset.

    Raises:
      DataError: what the networks see does not lead back to pixels.
    """
    from gan_repro.latent.sampling import balanced_labels

    source = run.source
    classes, unit = source.spec.classes, source.spec.scaling.unit
    n = min(run.config.recipe.n_samples, source.spec.sizes["test"])
    test = UNIT(source.rows("test", slice(n)).astype(np.float32))
    classifiers = [(each, coverage.manifold(each.features(test))) for each in (classifier, second) if each]
    if samples is not None:
        units = {subject: [(unit(images), labels) for images, labels in sets] for subject, sets in samples.items()}
        return [each for subject, sets in units.items() for each in _read(run, classifiers, subject, sets)]
    conditional = run.conditional()
    apart = {"classifier_difference": 100 * (second.accuracy - classifier.accuracy)} if second else {}
    whole = Subject(reference="test images")
    measurements = [share_of(run, "label_accuracy", classifier.accuracy, classifier.n_test, whole, split="test", **apart)]
    known: dict[str, list[Measurement]] = {}
    for name in run.kinds():
        key = run.fingerprint(name)
        if key not in known:
            wanted = balanced_labels(n, classes) if conditional else None
            drawn = unit(run.samples(name, n, labels=wanted)), wanted
            known[key] = _read(run, classifiers, Subject(name), [drawn])
        measurements += [dataclasses.replace(each, weights=name) for each in known[key]]
    parts = [_training_images(source, part) for part in disjoint(random_order(source), n)]
    real = [(images, labels if conditional else None) for images, labels in parts]
    return measurements + _read(run, classifiers, TRAINING_IMAGES, real)


def _read(run, classifiers, subject, sets):
    """The measurements of `sets` of images float32 (n, h, w, c) in [0, 1] that were to be the labels (n,), or None.

    `classifiers`: (Classifier, Manifold of its features of test images), the first one's readings and what the second one's
    differ by.
    """
    read = [[_readings(run, *each, *given) for given in sets] for each in classifiers]
    n, n_test = len(sets[0][0]), len(classifiers[0][1].rows)
    against = {"split": "test", "n_test": n_test, "space": CLASSIFIER_SPACE}
    found = []
    rest: dict[str, Any]
    for metric, unit, rest in (
        ("label_accuracy", "%", {"n_test": n}),
        ("frechet_distance", "squared units", against),
        ("precision", "%", against),
        ("recall", "%", against),
        ("class_kl", "nats", {}),
    ):
        if metric not in read[0][0]:
            continue
        values = np.array([[each[metric] for each in of] for of in read])
        means, rest = values.mean(axis=1), rest | {"n_samples": n, **over_sets("subsets", values[0])}
        rest |= {"classifier_difference": float(means[1] - means[0])} if len(means) > 1 else {}
        if metric == "class_kl":
            rest["histogram"] = sum(each["histogram"] for each in read[0]).tolist()
        error = 100 * neighbours.binomial_error(means[0] / 100, n * len(sets)) if metric == "label_accuracy" else None
        found.append(run.measurement(metric, unit, means[0], error, **vars(subject), **rest))
    return found


def _readings(run, classifier, real, images, wanted):
    """{metric: value} of one set of images by one classifier, and the "histogram" of the classes that it reads."""
    read, features = classifier.read_with_features(images)
    precision, recall = coverage.precision_recall(real, coverage.manifold(features))
    histogram = coverage.class_histogram(read, run.source.spec.classes)
    found = {} if wanted is None else {"label_accuracy": 100 * (read == wanted).mean()}
    return found | {
        "frechet_distance": frechet.frechet_distance(features, real.rows),
        "precision": 100 * precision,
        "recall": 100 * recall,
        "class_kl": coverage.kl_from_uniform(histogram),
        "histogram": histogram,
    }


def nearest_neighbour_error(
    run: Run, numbers: Sequence[int] = (1000, 10_000, 50_000), splits: Sequence[str] = ("test", "validation")
) -> list[Measurement]:
    """Error of 1-nearest-neighbour classifiers fitted on labelled samples: how well these replace real images.

    Pixels in [0, 1], Euclidean distance, all images of a split. The smaller numbers take the first of the same samples, whose
    labels are balanced. Reference samples: as many training images ("training images"), where there are so many, of up to
    SUBSETS disjoint subsets.

    Args:
      run: runs.trained.Finished, of a conditional generator; what the networks see must lead back to pixels in [0, 1].
      numbers: ascending; for each a classifier is fitted on so many samples.
      splits: of which images. The paper speaks of test digits; its released script scores the 10,000 validation digits.

    Returns:
      Measurements "nearest_neighbour_error" (%), one for each generator, number and split. The standard error is over the
      images of the split, binomial with one set of samples, else that of each image's mean over the subsets.

    Raises:
      DataError: the generator takes no labels, or what the networks see does not lead back to pixels.

    Source: Radford, Metz, Chintala 2015, section 8.1 and Table 3 (without the 10 million samples); Newmu/dcgan_code, mnist.
    """
    from gan_repro.latent.sampling import balanced_labels

    source = run.source
    if not run.conditional():
        raise DataError("a nearest-neighbour classifier needs labelled samples; valid are conditional generators")
    largest = max(numbers)
    wanted = balanced_labels(largest, source.spec.classes)

    measurements = []
    for name in run.kinds():
        images = source.spec.scaling.unit(run.samples(name, largest, labels=wanted))
        for n in numbers:
            measurements += classifier_errors(run, Subject(name), [(images[:n], wanted[:n])], splits)
    for n in (n for n in numbers if n <= source.spec.sizes["train"]):
        sets = [_training_images(source, part) for part in disjoint(random_order(source), n)]
        measurements += classifier_errors(run, TRAINING_IMAGES, sets, splits)
    return measurements


def classifier_errors(
    run: Run, subject: Subject, sets: Sequence[tuple[np.ndarray, np.ndarray]], splits: Sequence[str] = ("test",)
) -> list[Measurement]:
    """The measurements of `nearest_neighbour_error`, one for each split, of `sets` of images and labels of one size.

    Args:
      run: its source is of labelled images.
      subject: whose images they are.
      sets: (images float32 (n, h, w, c) in [0, 1], labels (n,)) of each; the errors are means over them.
      splits: of which images.
    """
    found = []
    for split in splits:
        wrong = [_misread(run.source, split, *fitted) for fitted in sets]
        share, error = parzen.mean_and_error([np.mean(wrong, axis=0)])
        rest: dict[str, Any] = {"split": split, "n_test": len(wrong[0]), "n_samples": len(sets[0][0])}
        rest |= over_sets("subsets", [100 * rows.mean() for rows in wrong])
        found.append(run.measurement("nearest_neighbour_error", "%", 100 * share, 100 * error, **vars(subject), **rest))
    return found


def _misread(source, split, images, labels):
    """bool (m,): which images of a split have another label than the nearest of images float32 (n, h, w, c) in [0, 1]."""
    parts = (UNIT(chunk.astype(np.float32)) for chunk in source.chunks(split))
    return np.concatenate([neighbours.classify(part, images, labels) for part in parts]) != source.labels(split)


def random_order(source: Source) -> np.ndarray:
    """Indices of the training images in a random order that never changes, int64 (n,); the data's own may be by class."""
    return np.random.default_rng(0).permutation(source.spec.sizes["train"])


def _training_images(source, part):
    """The training images that `part` indexes, float32 (n, h, w, c) in [0, 1], and their labels."""
    return UNIT(source.rows("train", part).astype(np.float32)), source.labels("train")[part]


def share_of(run: Run, metric: str, share: float, n: int, subject: Subject, **rest: Any) -> Measurement:
    """The Measurement of a share of n images, in percent with the binomial standard error."""
    error = neighbours.binomial_error(share, n)
    return run.measurement(metric, "%", 100 * share, 100 * error, **vars(subject), n_test=n, **rest)
