"""Evaluators applied to a finished run: each gives the measurements that a record keeps. The evaluators are beside it."""

import math

import numpy as np

from gan_repro.evaluation import parzen
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
