"""Evaluators applied to a finished run: each gives the measurements that a record keeps. The evaluators are beside it."""

import math

import numpy as np

from gan_repro.errors import DataError, UsageError
from gan_repro.evaluation import arithmetic, coverage, features, frechet, neighbours, parzen
from gan_repro.scaling import UNIT

# The paper's ten widths, one more between each two of them, on down to .05 in the same steps, and up to 2.2 in wider ones.
_BETWEEN = (*range(-24, -18), *range(-17, 0, 2), 2, 4, 6)  # eighteenths of a decade
SWEEP_SIGMAS = tuple(sorted({*parzen.SIGMAS, *(10 ** (k / 18) for k in _BETWEEN)}))
SWEEP_SAMPLES = (100, 300, 1000, 3000, 10_000)


def parzen_sweep(samples, folds, sigmas=SWEEP_SIGMAS, counts=SWEEP_SAMPLES):
    """How a Parzen estimate depends on sigma and on the number of samples: on the test images, and under the protocol.

    Takes about one and a half times as long as that many widths on all samples: 16 s for 25 widths, 10,000 samples and
    10,000 MNIST images on two idle cores, 29 s on two busy ones.

    Args:
      samples: float (n, ...). The first 100, the first 300, ... are used, so random order is the caller's.
      folds: (validation, test) pairs, each as in parzen.evaluate; one pair where the data have no folds.
      sigmas: widths; those of parzen.SIGMAS must be among them.
      counts: numbers of samples; those below n are used, and n itself.

    Returns:
      A JSON value of lists, nats rounded to 3 decimals:
        sigma: the widths (n_sigma); n_samples: the numbers of samples (n_count); n_test: test images over all folds.
        value: (n_count, n_sigma) mean nats of the test images, with folds the mean over folds.
        chosen_sigma: (n_count, n_fold) the width of parzen.SIGMAS that each fold's validation images choose.
        chosen_value: (n_count,) what the protocol gives with so many samples: each fold at its chosen width.
    """
    ends = np.cumsum([len(test) for _, test in folds])
    images = np.concatenate([test for _, test in folds])
    numbers = [n for n in counts if n < len(samples)] + [len(samples)]
    found = {"value": [], "chosen_sigma": [], "chosen_value": []}
    for n in numbers:
        window = parzen.ParzenWindow(samples[:n])
        parts = np.split(window.log_likelihood(images, sigmas), ends[:-1], axis=1)
        means = np.array([part.mean(axis=1) for part in parts])
        chosen = [parzen.choose_sigma(window, validation)[0] for validation, _ in folds]
        found["value"].append(np.round(means.mean(axis=0), 3).tolist())
        found["chosen_sigma"].append(chosen)
        at = np.mean([row[sigmas.index(sigma)] for row, sigma in zip(means, chosen)])
        found["chosen_value"].append(round(float(at), 3))
    return {"sigma": list(sigmas), "n_samples": numbers, "n_test": len(images), **found}


def parzen_log_likelihood(run, validation_images=None, samples=None, sweep=True):
    """Parzen-window log-likelihood of every generator of a run, by the protocol of Goodfellow et al. 2014.

    Where the data come in folds (run.source has a method folds(): TFD), sigma is chosen fold by fold, the value is the
    mean over folds, and the standard error is across folds. Numbers in another space than pixels in [0, 1] say so
    ("space"): densities of different spaces cannot be compared.

    Args:
      run: finished.Finished.
      validation_images: sigma is chosen on the first so many (of each fold); None: on all.
      samples: {generator: float (n, h, w, c)} instead of the run's own generators.
      sweep: whether the first measurement (with `samples`: every one) carries its parzen_sweep.

    Returns:
      A list of measurements, in the order of run.kinds().
    """
    folded = hasattr(run.source, "folds")
    if folded:
        folds = [(validation[:validation_images], test) for validation, test in run.source.folds()]
    else:
        folds = [(run.source.scaled("validation", validation_images), run.source.scaled("test"))]
    scaling = run.source.spec.scaling
    measurements = []
    for kind in samples or run.kinds():
        images = samples[kind] if samples else run.samples(kind)
        rest = {} if scaling == UNIT else {"space": str(scaling)}
        if folded:
            value, error, estimates = parzen.evaluate_folds(images, folds)
            error = None if math.isnan(error) else error  # of a single fold
            rest |= {"n_folds": len(folds), "sigmas": [estimate.sigma for estimate in estimates]}
        else:
            estimates = [parzen.evaluate(images, *folds[0])]
            value, error = estimates[0].value, estimates[0].standard_error
            rest |= {"sigma": estimates[0].sigma}
        rest["sigma_at_edge"] = any(estimate.at_edge for estimate in estimates)
        if sweep and (samples or not measurements):
            rest["sweep"] = parzen_sweep(images, folds)
        measurements.append(
            run.measurement(
                "parzen_log_likelihood",
                "nats",
                value,
                error,
                kind,
                split="test",
                n_test=sum(estimate.n_test for estimate in estimates),
                n_samples=estimates[0].n_samples,
                n_validation=sum(len(validation) for validation, _ in folds),
                **rest,
            )
        )
    return measurements


def parzen_validation(source, limit=None):
    """What validates a training: images -> nats, the best over the sigma grid, the first `limit` validation images' mean."""
    validation = source.scaled("validation", limit)
    return lambda images: parzen.choose_sigma(parzen.ParzenWindow(images), validation)[1].max()


def check_enough_to_judge(recipe, spec):
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


def read_by_classifier(run, judge, samples=None):
    """What the classifier of the data makes of samples of every generator of a run, and of real images in their place.

    As many samples as the run's recipe says, at most as many as there are test images, and of a conditional generator
    every label equally often. In place of samples: as many training images ("training images": the judge has learned
    them, so it reads nearly all of them right) and all test images ("test images": how often the judge itself is right).

    Args:
      run: finished.Finished; what the networks see must lead back to pixels in [0, 1].
      judge: classifier.Classifier of the run's data.
      samples: {name: (images as run.samples gives them, labels asked for (n,) or None)}: these alone are judged, in place
        of the run's generators and of real images.

    Returns:
      Measurements, in the order of run.kinds() or of `samples`, each of:
        "label_accuracy" (%): how many it reads as the label asked for (of real images: as their own), with the binomial
          standard error. Only if the generator is conditional; of test images in any case.
        "frechet_distance" (squared units), "precision", "recall" (%): of its features, against as many test images.
        "class_kl" (nats): KL(classes it reads || uniform); "histogram" has how often it reads each class.

    Raises:
      DataError: what the networks see does not lead back to pixels.
    """
    from gan_repro.sampling import balanced_labels

    source = run.source
    classes, unit = source.spec.classes, source.spec.scaling.unit
    n = min(run.config.recipe.n_samples, source.spec.sizes["test"])
    real = judge.features(UNIT(source.rows("test", slice(n)).astype(np.float32)))
    if samples is not None:
        judged = (_judged(run, judge, kind, unit(images), labels, real) for kind, (images, labels) in samples.items())
        return [measurement for found in judged for measurement in found]
    conditional = run.conditional()
    measurements = [_share(run, "label_accuracy", judge.accuracy, judge.n_test, "test images", split="test")]
    for kind in run.kinds():
        wanted = balanced_labels(n, classes) if conditional else None
        measurements += _judged(run, judge, kind, unit(run.samples(kind, n, labels=wanted)), wanted, real)
    images, labels = _training_images(source, n)
    return measurements + _judged(run, judge, "training images", images, labels if conditional else None, real)


def _judged(run, judge, kind, images, wanted, real):
    """The measurements of images float32 (n, h, w, c) in [0, 1] that were to be `wanted` (n,), or None."""
    n, read, features = len(images), judge.read(images), judge.features(images)
    found = []
    if wanted is not None:
        found.append(_share(run, "label_accuracy", (read == wanted).mean(), n, kind, n_samples=n))
    rest = {"split": "test", "n_test": len(real), "n_samples": n, "space": "features of the data's own classifier"}
    precision, recall = coverage.precision_recall(real, features)
    for metric, unit, value in (
        ("frechet_distance", "squared units", frechet.frechet_distance(features, real)),
        ("precision", "%", 100 * precision),
        ("recall", "%", 100 * recall),
    ):
        found.append(run.measurement(metric, unit, value, None, kind, **rest))
    histogram = coverage.class_histogram(read, run.source.spec.classes)
    kl = coverage.kl_from_uniform(histogram)
    return [*found, run.measurement("class_kl", "nats", kl, None, kind, n_samples=n, histogram=histogram.tolist())]


def nearest_neighbour_error(run, numbers=(1000, 10_000, 50_000)):
    """Test error of 1-nearest-neighbour classifiers fitted on labelled samples: how well they stand in for real images.

    Pixels in [0, 1], Euclidean distance, all test images. The smaller numbers take the first of the same samples, whose
    labels are balanced. In place of samples: as many training images ("training images"), where there are so many.

    Args:
      run: finished.Finished, of a conditional generator; what the networks see must lead back to pixels in [0, 1].
      numbers: ascending; for each a classifier is fitted on so many samples.

    Returns:
      Measurements "nearest_neighbour_error" (%), one for each generator and number, with the binomial standard error.

    Raises:
      DataError: the generator takes no labels, or what the networks see does not lead back to pixels.

    Source: Radford, Metz, Chintala 2015, section 8.1 and Table 3 (without the 10 million samples).
    """
    from gan_repro.sampling import balanced_labels

    source = run.source
    if not run.conditional():
        raise DataError("a nearest-neighbour classifier needs labelled samples; valid are conditional generators")
    test_labels, largest = source.labels("test"), max(numbers)
    wanted = balanced_labels(largest, source.spec.classes)

    def errors(kind, images, labels):
        for n in (n for n in numbers if n <= len(images)):
            test = (UNIT(chunk.astype(np.float32)) for chunk in source.chunks("test"))
            predicted = np.concatenate([neighbours.classify(part, images[:n], labels[:n]) for part in test])
            share, _ = neighbours.error_rate(predicted, test_labels)
            yield _share(run, "nearest_neighbour_error", share, len(predicted), kind, split="test", n_samples=n)

    measurements = []
    for kind in run.kinds():
        measurements += errors(kind, source.spec.scaling.unit(run.samples(kind, largest, labels=wanted)), wanted)
    return measurements + list(errors("training images", *_training_images(source, largest)))


def svm_on_features(run, discriminators, n):
    """Test accuracy of linear SVMs on features of discriminators that were trained without labels.

    Fitted on n training images, or all there are if fewer, in a random order that never changes; all validation images
    choose C, all test images give the accuracy. Batch norm has the statistics of the same training images.

    Args:
      run: finished.Finished; its data have labels.
      discriminators: {name: D}; the name is the measurement's "generator".
      n: labelled training images.

    Returns:
      Measurements "svm_accuracy" (%), one for each, with the binomial standard error; "n_samples" is the number of
      training images, "cost" the chosen C, "cost_at_edge" whether that is the grid's first or last.

    Source: Radford et al. 2015, section 5.1.
    """
    source, scaling = run.source, run.source.spec.scaling
    order, measurements = _order(source, n), []
    for kind, discriminator in discriminators.items():

        def of(split, discriminator=discriminator):
            chunks = (scaling(chunk.astype(np.float32)) for chunk in source.chunks(split))
            return np.concatenate([features.extract(discriminator, images) for images in chunks]), source.labels(split)

        fitted = scaling(source.rows("train", order).astype(np.float32))
        features.take_statistics(discriminator, fitted, run.config.recipe.batch_size)
        train = features.extract(discriminator, fitted), source.labels("train")[order]
        share, cost, _ = features.svm_accuracy(train, of("validation"), of("test"))
        edge = cost in (features.COSTS[0], features.COSTS[-1])
        rest = {"split": "test", "n_samples": len(order), "cost": cost, "cost_at_edge": edge}
        measurements.append(_share(run, "svm_accuracy", share, source.spec.sizes["test"], kind, **rest))
    return measurements


def arithmetic_percentiles(run, kind, trials, statistics):
    """Where the results of arithmetic.trials stand among the images that the exemplars came from.

    Returns:
      Measurements "arithmetic_STATISTIC_percentile" (%): the mean over the trials, with its standard error; "n_samples":
      images in each trial. An addition of concepts that works perfectly gives arithmetic.HIGH in both.
    """
    values = np.array([trial.percentiles for trial in trials])
    errors = values.std(axis=0, ddof=1) / math.sqrt(len(values)) if len(values) > 1 else [None, None]
    rest = {"n_samples": arithmetic.DRAWN, "n_trials": len(trials)}
    return [
        run.measurement(f"arithmetic_{statistic.name}_percentile", "%", value, error, kind, **rest)
        for statistic, value, error in zip(statistics, values.mean(axis=0), errors)
    ]


def _order(source, n):
    """Indices of the first n training images in a random order that never changes; the data's own may be by class."""
    return np.random.default_rng(0).permutation(source.spec.sizes["train"])[:n]


def _training_images(source, n):
    """The first n training images of `_order`, float32 (n, h, w, c) in [0, 1], and their labels; all if there are fewer."""
    order = _order(source, n)
    return UNIT(source.rows("train", order).astype(np.float32)), source.labels("train")[order]


def _share(run, metric, share, n, kind, **rest):
    """A measurement of a share of n images, in percent with the binomial standard error."""
    error = neighbours.binomial_error(share, n)
    return run.measurement(metric, "%", 100 * share, 100 * error, kind, n_test=n, **rest)
