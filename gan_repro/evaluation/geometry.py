"""Measurements of where samples and D stand in the space of the data: modes reached, distance from it, slopes of D."""

import math
from typing import Any

import numpy as np

from gan_repro.data import points2d
from gan_repro.evaluation import modes, neighbours, transport
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


def slopes_of_d(run: Run, n: int) -> list[Measurement]:
    """How steep D's output is between test images and samples: where the gradient penalty looks (Gulrajani et al. 2017).

    Args:
      run: runs.trained.Finished whose D takes images alone.
      n: points x^ = e x + (1 - e) G(z), e ~ U[0, 1), of the last generator; at most the recipe's n_samples.

    Returns:
      Two measurements of the last weights: "d_slope", the mean Euclidean norm of the gradient of D's output in x^, with its
      standard error; "d_slope_spread", the norms' standard deviation. Per unit of x.
    """
    from gan_repro.networks import slopes

    n = min(n, run.config.recipe.n_samples, run.source.spec.sizes["test"])
    real, samples = run.source.scaled("test", n), run.samples("last", n)
    share = np.random.default_rng(run.config.seed).random((n, 1, 1, 1), np.float32)
    norms = slopes.norms(run.discriminator(), share * real + (1 - share) * samples)
    spread = float(norms.std(ddof=1))
    rest = {"split": "test", "n_test": n, "n_samples": n}
    return [
        run.measurement("d_slope", "per unit of x", norms.mean(), spread / math.sqrt(n), "last", **rest),
        run.measurement("d_slope_spread", "per unit of x", spread, None, "last", **rest),
    ]
