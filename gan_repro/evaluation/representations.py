"""What the players of a finished run have learned, as measurements: classes in D's features, directions in z."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from gan_repro.evaluation import arithmetic, features
from gan_repro.evaluation.measure import over_sets, random_order, share_of
from gan_repro.evaluation.measurement import Measurement, Run, Subject


def svm_on_features(run: Run, discriminators: Mapping[Subject, Sequence[Any]], n: int) -> list[Measurement]:
    """Test accuracy of linear SVMs on features of discriminators that were trained without labels.

    Fitted on n training images, or all there are if fewer, in a random order that never changes; all validation images
    choose C, all test images give the accuracy. Batch norm has the statistics of the same training images.

    Args:
      run: runs.trained.Finished; its data have labels.
      discriminators: {Subject: Ds}: "last" of the trained one; of several the accuracy is the mean.
      n: labelled training images.

    Returns:
      Measurements "svm_accuracy" (%), one for each Subject, with the binomial standard error; "n_samples" is the number of
      training images, "cost" the chosen C, "cost_at_edge" whether that is the grid's first or last, of the first D.
      "n_draws" and "std_over_draws" are of several Ds.

    Source: Radford et al. 2015, section 5.1.
    """
    source, scaling = run.source, run.source.spec.scaling
    order, measurements = random_order(source)[:n], []
    fitted = scaling(source.rows("train", order).astype(np.float32))
    labels = cast(np.ndarray, source.labels("train"))[order]

    def of(split, discriminator):
        chunks = (scaling(chunk.astype(np.float32)) for chunk in source.chunks(split))
        return np.concatenate([features.extract(discriminator, images) for images in chunks]), source.labels(split)

    for subject, several in discriminators.items():
        found = []
        for discriminator in several:
            features.take_statistics(discriminator, fitted, run.config.recipe.batch_size)
            train = features.extract(discriminator, fitted), labels
            found.append(features.svm_accuracy(train, of("validation", discriminator), of("test", discriminator)))
        shares = [share for share, _, _ in found]
        edge = found[0][1] in (features.COSTS[0], features.COSTS[-1])
        rest = {"split": "test", "n_samples": len(order), "cost": found[0][1], "cost_at_edge": edge}
        rest |= over_sets("draws", 100 * np.array(shares))
        measurements.append(share_of(run, "svm_accuracy", float(np.mean(shares)), source.spec.sizes["test"], subject, **rest))
    return measurements


def arithmetic_percentiles(
    run: Run, kind: str, trials: Sequence[arithmetic.Trial], statistics: Sequence[arithmetic.Statistic]
) -> list[Measurement]:
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
