"""Evaluators of models that are told labels: how varied the images of a class are, and which classes D reads itself."""

import math
import sys
from typing import cast

import numpy as np

from gan_repro.data.source import Source
from gan_repro.evaluation import features, neighbours, similarity
from gan_repro.evaluation.measure import TRAINING_IMAGES
from gan_repro.evaluation.measurement import Measurement, Run, Subject
from gan_repro.evaluation.pixels import Pixels
from gan_repro.system import randomness

STATISTICS = 10_000  # training images whose statistics batch norm gets, at most, and no more than samples are drawn


def diversity_within_classes(run: Run, n: int) -> list[Measurement]:
    """How alike two images of one class are, of samples and of training images (Odena et al. 2016, section 4.2).

    Args:
      run: runs.trained.Finished of a conditional generator; what its networks see must lead back to pixels.
      n: random pairs of each class, 100 in the paper; no image is in two. At most as many as the training images of the
        smallest class give.

    Returns:
      Nothing where a class has fewer than two training images, which a line says, or the images are too small. Else for each
      generator, and for training images: "ms_ssim", the mean over the classes of the MS-SSIM of pairs, with its
      standard error over pairs; its curve has each class's mean. For each generator also "classes_as_diverse" (%): in how many
      classes that mean is no larger than the largest of the training images' classes.

    Raises:
      DataError: as Pixels.
    """
    from gan_repro.latent.sampling import balanced_labels

    seen = Pixels(run)
    source, classes = seen.source, seen.source.spec.classes
    if min(source.spec.shape[:2]) < similarity.SMALL_WINDOW:
        return _unmeasured(source, "its images are too small")
    labels = cast(np.ndarray, source.labels("train"))
    real = similarity.pairs_within_classes(labels, classes, n, np.random.default_rng(0))
    n = min(map(len, real))
    if not n:
        return _unmeasured(source, "a class has fewer than two training images")
    chosen = np.concatenate([pairs[:n] for pairs in real])
    ends = (source.spec.scaling(source.rows("train", chosen[:, k]).astype(np.float32)) for k in range(2))
    found = {TRAINING_IMAGES: similarity.ms_ssim(*ends).reshape(classes, n)}
    wanted = balanced_labels(2 * n * classes, classes)
    for kind in run.kinds():
        samples = seen.samples(kind, len(wanted), labels=wanted)
        by_class = np.stack([samples[wanted == label] for label in range(classes)])
        first, second = (by_class[:, k::2].reshape(-1, *samples.shape[1:]) for k in range(2))
        found[Subject(kind)] = similarity.ms_ssim(first, second).reshape(classes, n)
    largest = found[TRAINING_IMAGES].mean(axis=1).max()
    measurements = []
    for subject, values in found.items():
        means = values.mean(axis=1)
        error = math.sqrt(values.var(axis=1, ddof=1).sum() / n) / classes if n > 1 else None
        curve = {"class": list(map(float, range(classes))), "mean": means.tolist()}
        rest = vars(subject) | {"n_samples": 2 * n * classes}
        measurements.append(seen.measurement("ms_ssim", "of 1", means.mean(), error, curve=curve, **rest))
        if subject.weights:
            share = 100 * float((means <= largest).mean())
            measurements.append(seen.measurement("classes_as_diverse", "%", share, None, **rest))
    return measurements


def _unmeasured(source: Source, why: str) -> list[Measurement]:
    """No measurements, and a line that says why: a training that is over does not end without its record for them."""
    print(f"note: how alike images of a class are is not measured: {source.spec.title}: {why}", file=sys.stderr)
    return []


def classes_read_by_d(run: Run, head: str) -> list[Measurement]:
    """How many test images a D with a head for the classes reads right.

    D is in test mode. Its batch norm gets the statistics of up to STATISTICS training images, with dropout off: in the training
    its moving averages were taken of real and of generated images together.

    Args:
      run: runs.trained.Finished whose D takes images alone and has a head with a logit for each class.
      head: its name.

    Returns:
      One measurement of the last weights, "class_accuracy_of_d" (%), with the binomial standard error over test images.
    """
    source, network = run.source, run.discriminator()
    scaling, batch = source.spec.scaling, run.config.recipe.batch_size
    chosen = np.random.default_rng(0).permutation(source.spec.sizes["train"])
    chosen = chosen[: min(STATISTICS, run.config.recipe.n_samples)]
    with randomness.network_call(randomness.seed_pair(0, 0), still=True):
        features.take_statistics(network, scaling(source.rows("train", chosen).astype(np.float32)), batch)
    read = []
    for chunk in source.chunks("test"):
        seen = scaling(chunk.astype(np.float32))
        parts = [network(seen[i : i + 500], training=False)[head] for i in range(0, len(seen), 500)]
        read += [np.asarray(part).argmax(axis=1) for part in parts]
    right = np.concatenate(read) == source.labels("test")
    share, n = float(right.mean()), len(right)
    rest = {"split": "test", "n_test": n, "dataset": Pixels(run).source.spec.name}
    error = 100 * neighbours.binomial_error(share, n)
    return [run.measurement("class_accuracy_of_d", "%", 100 * share, error, "last", **rest)]
