"""How the chains of a finished run mix, as measurements of its record. What is computed of a chain is in chains.py."""

import dataclasses
from typing import Any

import numpy as np

from gan_repro.data.scaling import UNIT
from gan_repro.evaluation import chains
from gan_repro.evaluation.classifier import Classifier
from gan_repro.evaluation.measure import CLASSIFIER_SPACE, TRAINING_IMAGES, random_order
from gan_repro.evaluation.measurement import Measurement, Run, Subject

LENGTHS = (10, 20, 100)  # consecutive samples: Bengio et al. 2013, Figures 4e and 4f
_CURVE = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000)  # those of the picture


def chain_mixing(run: Run, classifier: Classifier | None) -> list[Measurement]:
    """How the chains of every generator of a run mix, and what independent draws in their place give.

    The chains are those of the first reported draw, as many whole ones as the recipe's n_samples hold. In their place stand
    as many training images in random order ("training images").

    Args:
      run: runs.trained.Finished whose prior is a latent.chains.Chain.
      classifier: classifier.Classifier of the run's data, or None: then the classes and its features are left out.

    Returns:
      Measurements, in the order of run.kinds() and then of the training images, each of:
        "class_changes" (%): how often the classifier reads another class in a sample than in the one before it.
        "classes_visited" (classes): how many classes it reads among consecutive samples, one for each of LENGTHS that the
          chains reach ("condition"); the mean over all starts. The first has the curve along other lengths.
        "effective_samples" (samples): chains.effective_samples of the pixels, and of the classifier's features ("space").
      Standard errors take account of the autocorrelation (chains.mean_and_error); of effective samples there is none.

    Raises:
      DataError: what the networks see does not lead back to pixels, and there is a classifier.
    """
    source, n = run.source, run.config.recipe.n_samples
    length = run.prior().length(n)
    whole = n // length * length
    found: list[Measurement] = []
    known: dict[Any, list[Measurement]] = {}  # where the last epoch is the best one, a chain is not walked twice
    for kind in run.kinds():
        key = run.fingerprint(kind)
        if key not in known:
            known[key] = _of(run, classifier, Subject(weights=kind), run.samples(kind, n)[:whole], length)
        found += [dataclasses.replace(each, weights=kind) for each in known[key]]
    rows = random_order(source)[:whole]
    rows = rows[: max(1, len(rows) // length) * length]  # fewer images than samples
    real = source.spec.scaling(source.rows("train", rows).astype(np.float32))
    return found + _of(run, classifier, TRAINING_IMAGES, real, min(length, len(real)))


def _of(run, classifier, subject, samples, length):
    """The measurements of samples float32 (m length, h, w, c), chain after chain."""
    whose: dict[str, Any] = {**vars(subject), "n_samples": len(samples)}
    scaling = run.source.spec.scaling
    pixels = samples.reshape(-1, length, samples[0].size)
    space = {} if scaling == UNIT else {"space": str(scaling)}
    effective = [run.measurement("effective_samples", "samples", chains.effective_samples(pixels), None, **whose, **space)]
    if classifier is None:
        return effective
    images = scaling.unit(samples)
    features = classifier.features(images).reshape(len(pixels), length, -1)
    value = chains.effective_samples(features)
    effective.append(run.measurement("effective_samples", "samples", value, None, **whose, space=CLASSIFIER_SPACE))
    labels = classifier.read(images).reshape(-1, length)
    share, error = chains.mean_and_error(chains.changes(labels))
    changed = run.measurement("class_changes", "%", 100 * share, error and 100 * error, **whose)
    visited = {each: chains.mean_and_error(chains.visited(labels, each)) for each in _CURVE if each <= length}
    curve = {"length": list(visited), "mean": [mean for mean, _ in visited.values()]}
    along: list[Measurement] = []
    for each in (each for each in LENGTHS if each in visited):
        rest = {"condition": f"{each} consecutive samples"} | ({} if along else {"curve": curve})
        along.append(run.measurement("classes_visited", "classes", *visited[each], **whose, **rest))
    return [changed, *along, *effective]
