"""Measurements of modes: of points in the plane, by where they lie, and of stacked digits, by what a classifier reads."""

from typing import Any, cast

import numpy as np

from gan_repro.data import points2d, stacked
from gan_repro.data.scaling import UNIT
from gan_repro.evaluation import modes, neighbours, transport
from gan_repro.evaluation.classifier import Classifier
from gan_repro.evaluation.measurement import Measurement, Run, Subject


def modes_covered(run: Run, n: int, pairs: int) -> list[Measurement]:
    """Which modes samples of every generator reach, how many samples lie at one, and how far they are from test points.

    Args:
      run: runs.trained.Finished, of points (1, 1, d); modes are known of a points2d.Mixture.
      n: samples; at most the recipe's n_samples.
      pairs: of samples and test points, for the distance.

    Returns:
      Measurements, for each of run.kinds(): "modes_covered" (modes) and "good_samples" (%, with the binomial standard error)
      where modes are known; "wasserstein_distance" (units of x) of the first `pairs` samples from as many test points.
      Without a generator's number beside it a distance says little: "training points" are measured in the samples' place.
    """
    source, found = run.source, []
    n = min(n, run.config.recipe.n_samples)
    pairs = min(pairs, n)
    test = source.scaled("test", pairs).reshape(pairs, -1)
    drawn = {Subject(weights=kind): run.samples(kind, n) for kind in run.kinds()}
    drawn[Subject(reference="training points")] = source.scaled("train", n)
    for subject, points in drawn.items():
        points = points.reshape(n, -1)
        whose = {"weights": subject.weights, "reference": subject.reference}
        if isinstance(source, points2d.Mixture):
            nearest, good = modes.at_modes(points, source.means, source.std)
            reached = modes.covered(nearest, good)
            found.append(run.measurement("modes_covered", "modes", reached, None, **whose, n_samples=n))
            share = float(good.mean())
            error = 100 * neighbours.binomial_error(share, n)
            found.append(run.measurement("good_samples", "%", 100 * share, error, **whose, n_samples=n))
        distance = transport.wasserstein(points[:pairs], test)
        rest: dict[str, Any] = {"split": "test", "n_test": pairs, "n_samples": pairs}
        found.append(run.measurement("wasserstein_distance", "units of x", distance, None, **whose, **rest))
    return found


def modes_read(run: Run, classifier: Classifier, n: int) -> list[Measurement]:
    """How many of the thousand classes of stacked digits a classifier reads in samples of every generator, and how unevenly.

    Args:
      run: runs.trained.Finished, of a data.stacked.Stacked.
      classifier: of the single digits: it reads each channel.
      n: samples; at most the recipe's n_samples.

    Returns:
      For each of run.kinds() two measurements: "modes_read", the classes with a sample or more; "modes_kl" (nats), the
      Kullback-Leibler divergence of the classes' shares from the data's own. "training images" are measured in the samples'
      place: what n images of the data themselves give.
    """
    source, found = cast(stacked.Stacked, run.source), []
    n = min(n, run.config.recipe.n_samples)
    unit = source.spec.scaling.unit
    drawn = {Subject(weights=kind): unit(run.samples(kind, n)) for kind in run.kinds()}
    real = source.rows("train", slice(n))
    drawn[Subject(reference="training images")] = UNIT(real.astype(np.float32))
    for subject, images in drawn.items():
        digits = [classifier.read(images[..., channel : channel + 1]) for channel in range(stacked.CHANNELS)]
        counts = np.bincount(stacked.number(np.stack(digits, 1)), minlength=stacked.MODES)
        whose: dict[str, Any] = {"weights": subject.weights, "reference": subject.reference, "n_samples": len(images)}
        reached = int(np.count_nonzero(counts))
        found.append(run.measurement("modes_read", "modes", reached, None, **whose))
        divergence = modes.divergence(counts, source.class_shares())
        found.append(run.measurement("modes_kl", "nats", divergence, None, **whose))
    return found
