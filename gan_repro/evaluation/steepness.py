"""Measurements of how steep D is."""

import math

import numpy as np

from gan_repro.evaluation.measurement import Measurement, Run


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
