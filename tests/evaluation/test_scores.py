"""Samples that were given as arrays: every number is that of the measure it names."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gan_repro.data.scaling import UNIT, Linear
from gan_repro.evaluation import classifier, frechet, measure, neighbours, parzen, scores
from gan_repro.system.errors import DataError


@pytest.fixture
def judge(monkeypatch):
    """The classifier of the data, untrained: what it sees is not what is tested."""
    monkeypatch.setattr(classifier, "_train", lambda network, *rest: network.get_weights())


@pytest.fixture
def given(digits, monkeypatch, tmp_path, judge):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 10, 150)
    of_class = [np.flatnonzero(digits.labels("train") == label) for label in range(10)]
    rows = [rng.choice(of_class[label]) for label in labels]
    images = np.clip(UNIT(digits.rows("train", rows).astype(np.float32)) + rng.normal(0, 0.05, (150, 8, 8, 1)), 0, 1)
    return images.astype(np.float32), labels


def values(found, subject, metric):
    (one,) = [each for each in found if (each.metric, each.subject) == (metric, subject)]
    return one


def test_each_number_is_its_estimators(digits, given):
    images, labels = given
    found = scores.measured(images, digits, labels)
    one = values(found, scores.SAMPLES, "parzen_log_likelihood")
    estimate = parzen.evaluate(images, digits.scaled("validation"), digits.scaled("test"))
    assert (one.value, one.sigma) == (pytest.approx(estimate.value, abs=1e-6), estimate.sigma) and one.n_samples == 150
    train = digits.scaled("train").reshape(200, -1).astype(np.float64)
    distance = values(found, scores.SAMPLES, "training_distance")
    assert distance.value == pytest.approx(cdist(images.reshape(150, -1), train).min(axis=1).mean())
    read = neighbours.classify(digits.scaled("test"), images, labels)
    wrong = 100 * np.mean(read != digits.labels("test"))
    assert values(found, scores.SAMPLES, "nearest_neighbour_error").value == pytest.approx(wrong)
    found_by = classifier.of(digits)
    features = [found_by.features(each) for each in (images[:60], digits.scaled("test"))]
    assert values(found, scores.SAMPLES, "frechet_distance").value == pytest.approx(frechet.frechet_distance(*features))
    asked = 100 * np.mean(found_by.read(images[:60]) == labels[:60])
    assert values(found, scores.SAMPLES, "label_accuracy").value == pytest.approx(asked)


def test_beside_them_stand_as_many_training_images(digits, given):
    found = scores.measured(given[0], digits, given[1])
    names = {each.metric for each in found if each.subject == scores.SAMPLES}
    beside = {each.metric for each in found if each.subject == measure.TRAINING_IMAGES}
    assert names - beside == {"training_distance"} and beside <= names
    assert values(found, measure.TRAINING_IMAGES, "parzen_log_likelihood").n_samples == 150


def test_without_labels_nothing_is_said_of_them(digits, given):
    metrics = {each.metric for each in scores.measured(given[0], digits)}
    assert {"label_accuracy", "nearest_neighbour_error"}.isdisjoint(metrics) and "frechet_distance" in metrics


def test_copies_of_training_images_have_no_distance(digits, judge, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = scores.measured(digits.scaled("train"), digits)
    assert values(found, scores.SAMPLES, "training_distance").value == pytest.approx(0, abs=1e-5)


def test_data_that_are_not_scaled_to_0_1_are_refused(digits, given):
    digits.spec = digits.spec.__class__(**{**vars(digits.spec), "scaling": Linear(-1, 1)})
    with pytest.raises(DataError, match="0, 1"):
        scores.measured(given[0], digits)
