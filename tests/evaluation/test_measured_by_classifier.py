"""Whole runs as classifiers read them: the data's own, and nearest neighbours fitted on samples, against their formulas."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import linalg
from scipy.spatial.distance import cdist
from scipy.stats import entropy
from support import make_digits
from support.judges import Judge

from gan_repro.data.scaling import ContrastNormalised, Linear
from gan_repro.evaluation import measure
from gan_repro.evaluation.measurement import Curves, Subject
from gan_repro.runs.trained import Finished
from gan_repro.system import schema
from gan_repro.system.errors import DataError

# ---- by the data's own classifier ------------------------------------------------------------------------------------


class SecondJudge(Judge):
    """Reads it off another pixel, and takes others for features."""

    accuracy = 0.95

    def read(self, images):
        return super().read(images[:, ::-1, ::-1])

    def features(self, images):
        return images.reshape(len(images), -1)[:, 5:10]


def drawn(n, labels=None, seed=0, spread=0.4):
    """Samples that an (8, 8, 1) generator of pixels in [-1, 1] draws: some are beyond, some have another label."""
    rng = np.random.default_rng(seed)
    images = np.float32(rng.normal(0, spread, (n, 8, 8, 1)))
    if labels is not None:
        images[:, 0, 0, 0] = (labels + 0.5 + (rng.random(n) < 0.25)) / 5 - 1
    return images


class Labelled(Finished):
    """A finished run without files, conditional or not."""

    takes_labels = True

    def kinds(self):
        return ["best", "last"]

    def fingerprint(self, kind):
        return kind

    def conditional(self):
        return self.takes_labels

    def samples(self, kind, n=None, seed=None, labels=None, draw=0):
        assert draw == 0  # it has chosen nothing
        assert (labels is not None) == self.takes_labels
        return drawn(n, labels, spread={"best": 0.4, "last": 1.5}[kind])


def labelled(n_samples=50, takes_labels=True):
    data = make_digits()
    data.spec = dataclasses.replace(data.spec, scaling=Linear(-1, 1))
    config = SimpleNamespace(recipe=SimpleNamespace(n_samples=n_samples))
    run = Labelled(None, config, data, None, Curves())
    object.__setattr__(run, "takes_labels", takes_labels)
    return run


def test_weights_of_the_same_bytes_are_read_once(monkeypatch):
    monkeypatch.setattr(Labelled, "fingerprint", lambda run, kind: "the same")
    read, judge = [], Judge()
    monkeypatch.setattr(Judge, "read", lambda judge, images: read.append(len(images)) or np.zeros(len(images), int))
    found = measure.read_by_classifier(labelled(), judge)
    best, last = ([each for each in found if each.weights == kind] for kind in ("best", "last"))
    assert best == [dataclasses.replace(each, weights="best") for each in last] and len(best) == 5
    assert read == [50] * 4  # of the generator once, of three sets of training images


def entry(found, metric, generator, n_samples=None):
    (one,) = [e for e in found if (e.metric, str(e.subject)) == (metric, generator) and n_samples in (None, e.n_samples)]
    return one


def training_images(data, n):
    """[(images, labels)] of up to three disjoint subsets of the 200."""
    order = np.random.default_rng(0).permutation(200)
    parts = [order[i : i + n] for i in range(0, min(3, 200 // n) * n, n)]
    return [(data.images("train")[part] / 255, data.labels("train")[part]) for part in parts]


def judged(judge, images, labels, real):
    """The five numbers of one set of images, by their formulas."""
    read = judge.read(np.float32(images))
    features, real = (np.float64(judge.features(np.float32(rows))) for rows in (images, real))
    across = cdist(features, real)
    radii, real_radii = (np.sort(cdist(a, a))[:, 3] for a in (features, real))
    ca, cb = np.cov(features.T), np.cov(real.T)
    return {
        "label_accuracy": 100 * (read == labels).mean(),
        "frechet_distance": ((features.mean(0) - real.mean(0)) ** 2).sum() + np.trace(ca + cb - 2 * linalg.sqrtm(ca @ cb).real),
        "precision": 100 * (across <= real_radii).any(axis=1).mean(),
        "recall": 100 * (across <= radii[:, None]).any(axis=0).mean(),
        "class_kl": entropy(np.bincount(read, minlength=10), np.ones(10)),
    }


@pytest.mark.parametrize("second", [None, SecondJudge()])
def test_the_classifier_reads_samples_and_real_images_in_their_place(second):
    run, judge = labelled(), Judge()
    found = measure.read_by_classifier(run, judge, second=second)
    metrics = ["label_accuracy", "frechet_distance", "precision", "recall", "class_kl"]
    order = [("label_accuracy", "test images")]
    order += [(metric, kind) for kind in ("best", "last", "training images") for metric in metrics]
    assert [(e.metric, str(e.subject)) for e in found] == order
    assert (found[0].value, found[0].n_test, found[0].split) == (90, 60, "test")
    assert found[0].standard_error == pytest.approx(100 * np.sqrt(0.9 * 0.1 / 60))
    wanted, real = np.arange(50) % 10, run.source.images("test")[:50] / 255
    sets = {kind: [(np.clip((run.samples(kind, 50, labels=wanted) + 1.0) / 2, 0, 1), wanted)] for kind in run.kinds()}
    sets["training images"] = training_images(run.source, 50)
    for kind, several in sets.items():
        by = [[judged(each, *one, real) for one in several] for each in (judge, second) if each]
        for metric in metrics:
            one = entry(found, metric, kind)
            values = np.array([[numbers[metric] for numbers in each] for each in by])
            assert one.value == pytest.approx(values[0].mean(), rel=1e-4) and one.n_samples == 50
            assert (one.classifier_difference is not None) == (second is not None)
            if second:
                assert one.classifier_difference == pytest.approx(values[1].mean() - values[0].mean(), rel=1e-3, abs=1e-6)
            if len(several) > 1:
                spread = one.n_subsets, one.std_over_subsets
                assert spread == (3, pytest.approx(values[0].std(ddof=1), rel=1e-3, abs=1e-6))
            else:
                assert one.n_subsets is one.std_over_subsets is None
        accuracy, kl = entry(found, "label_accuracy", kind), entry(found, "class_kl", kind)
        share = accuracy.value / 100
        assert 0 < share < 1 and (accuracy.unit, accuracy.n_test, kl.unit) == ("%", 50, "nats")
        assert accuracy.standard_error == pytest.approx(100 * np.sqrt(share * (1 - share) / 50 / len(several)))
        read = np.concatenate([judge.read(np.float32(images)) for images, _ in several])
        assert kl.histogram == tuple(np.bincount(read, minlength=10).tolist())
    if second:
        assert found[0].classifier_difference == pytest.approx(5)
        differences = [one.classifier_difference for one in found[1:]]
        assert min(differences) < 0 < max(differences)
    json.dumps(schema.plain(found), allow_nan=False)


def test_other_samples_are_read_by_both_classifiers_too():
    run, wanted = labelled(), np.arange(50) % 10
    images = run.samples("last", 50, labels=wanted)
    alone = measure.read_by_classifier(run, Judge(), {Subject("last"): [(images, wanted)]}, SecondJudge())
    every = measure.read_by_classifier(run, Judge(), second=SecondJudge())
    assert alone == [one for one in every if str(one.subject) == "last"]


def test_an_unconditional_generator_has_no_label_accuracy():
    found = measure.read_by_classifier(labelled(takes_labels=False), Judge())
    assert [str(e.subject) for e in found if e.metric == "label_accuracy"] == ["test images"]
    assert len(found) == 1 + 3 * 4


def test_at_most_as_many_samples_as_test_images():
    found = measure.read_by_classifier(labelled(10_000), Judge())
    assert {e.n_samples for e in found[1:]} == {60}


# ---- by nearest neighbours -------------------------------------------------------------------------------------------


def misread(images, labels, fitted, fitted_labels):
    """bool (n,): whether the nearest fitted image of each has another label."""
    images, fitted = (np.asarray(a, np.float64).reshape(len(a), -1) for a in (images, fitted))
    return fitted_labels[cdist(images, fitted).argmin(axis=1)] != labels


def test_nearest_neighbour_classifiers_fitted_on_samples():
    run = labelled()
    found = measure.nearest_neighbour_error(run, (20, 80, 300))
    expected = [(kind, n) for kind in ("best", "last") for n in (20, 80, 300)]
    expected += [("training images", 20), ("training images", 80)]  # of 200
    expected = [(kind, n, split) for kind, n in expected for split in ("test", "validation")]
    assert [(str(e.subject), e.n_samples, e.split) for e in found] == expected
    wanted = np.arange(300) % 10
    sets = {kind: (np.clip((run.samples(kind, 300, labels=wanted) + 1.0) / 2, 0, 1), wanted) for kind in run.kinds()}
    for one, (kind, n, split) in zip(found, expected):
        images, labels = run.source.images(split) / 255, run.source.labels(split)
        several = training_images(run.source, n) if kind == "training images" else [[rows[:n] for rows in sets[kind]]]
        wrong = np.array([misread(images, labels, *fitted) for fitted in several])
        assert one.value == pytest.approx(100 * wrong.mean()) and one.unit == "%" and one.n_test == len(images)
        assert one.standard_error == pytest.approx(100 * wrong.mean(axis=0).std() / np.sqrt(len(images)))
        if len(several) > 1:
            assert one.n_subsets == len(several) == {20: 3, 80: 2}[n]
            assert one.std_over_subsets == pytest.approx(100 * wrong.mean(axis=1).std(ddof=1))
        else:
            share = wrong.mean()
            assert one.standard_error == pytest.approx(100 * np.sqrt(share * (1 - share) / len(images)))
    assert max(one.value for one in found if (str(one.subject), one.n_samples) == ("training images", 80)) < 10
    alone = measure.nearest_neighbour_error(run, (20, 80, 300), ("test",))
    assert alone == [one for one in found if one.split == "test"]
    assert len({one.quantity for one in found}) == len(found)


# ---- which runs they take -------------------------------------------------------------------------------------------


def test_what_neither_of_them_takes():
    with pytest.raises(DataError, match="valid are conditional generators"):
        measure.nearest_neighbour_error(labelled(takes_labels=False))
    run = labelled()
    run.source.spec = dataclasses.replace(run.source.spec, scaling=ContrastNormalised())
    for wanted in (lambda: measure.read_by_classifier(run, Judge()), lambda: measure.nearest_neighbour_error(run, (10,))):
        with pytest.raises(DataError, match="contrast-normalised to norm 55: there is no way back"):
            wanted()


def source():
    """Any data: nothing is asked of them."""
    return make_digits()


@pytest.mark.parametrize("inputs, expected", [(1, False), (2, True)])
def test_a_run_is_conditional_if_its_generator_takes_labels(inputs, expected):
    network = SimpleNamespace(inputs=[None] * inputs, count_params=lambda: 1)
    fake = SimpleNamespace(models={"nets": SimpleNamespace(generator=lambda recipe, spec: network)})
    config = SimpleNamespace(experiment="fake", model="nets", recipe=None)
    assert Finished(fake, config, source(), None, Curves()).conditional() == expected
