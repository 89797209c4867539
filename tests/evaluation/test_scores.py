"""Samples that were given as arrays: every number is that of the measure it names."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gan_repro import ship
from gan_repro.data.scaling import UNIT, Linear
from gan_repro.evaluation import classifier, coverage, frechet, measure, neighbours, parzen, real_images, scores
from gan_repro.system import files
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
    order = np.random.default_rng(0).permutation(150)  # parts of them are random ones
    images, labels = images[order], labels[order]
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


def test_samples_that_are_sorted_by_class_are_judged_by_a_random_part(digits, given, monkeypatch):
    order = np.argsort(given[1], kind="stable")
    images, labels = given[0][order], given[1][order]
    seen = []
    monkeypatch.setattr(measure, "read_by_classifier", lambda run, judge, beside: seen.append(beside) or [])
    monkeypatch.setattr(scores, "_kept", lambda *args: [])
    scores.measured(images, digits, labels)
    ((read, asked),) = seen[0][scores.SAMPLES]
    assert len(read) == 60 and set(asked) == set(range(10))  # the first 60 are of four classes
    np.testing.assert_array_equal(read, images[[np.flatnonzero((images == each).all((1, 2, 3)))[0] for each in read]])


def test_beside_them_stand_as_many_training_images(digits, given):
    found = scores.measured(given[0], digits, given[1])
    names = {each.metric for each in found if each.subject == scores.SAMPLES}
    beside = {each.metric for each in found if each.subject == measure.TRAINING_IMAGES}
    assert names - beside == {"training_distance"} and beside <= names
    assert values(found, measure.TRAINING_IMAGES, "parzen_log_likelihood").n_samples == 150


def test_without_labels_nothing_is_said_of_them(digits, given):
    metrics = {each.metric for each in scores.measured(given[0], digits)}
    assert {"label_accuracy", "nearest_neighbour_error"}.isdisjoint(metrics) and "frechet_distance" in metrics


def test_real_images_are_measured_once_for_a_number_of_samples(digits, given, monkeypatch):
    counted = []
    real = scores.of_real_images
    monkeypatch.setattr(scores, "of_real_images", lambda *args: counted.append(args[1]) or real(*args))
    first = scores.measured(given[0], digits, given[1])
    again = scores.measured(given[0][::-1], digits, given[1])
    of = [[each for each in found if each.subject != scores.SAMPLES] for found in (first, again)]
    assert of[0] == of[1] and len(of[0]) > 4 and counted == [150]
    scores.measured(given[0][:100], digits)
    assert counted == [150, 100]
    (kept,) = files.cache_folder().glob(scores.file_name(digits.digest(), 150, classifier.of(digits)))
    kept.write_text(kept.read_text().replace("8", "9"))  # damaged: its seal does not fit
    assert scores.measured(given[0], digits, given[1]) == first and counted == [150, 100, 150]
    digits.spec = digits.spec.__class__(**{**vars(digits.spec), "name": "npz:the-same.npz"})
    renamed = scores.measured(given[0], digits, given[1])
    assert counted == [150, 100, 150] and {each.dataset for each in renamed} == {"npz:the-same.npz"}


def test_of_training_images_the_numbers_are_means_over_disjoint_subsets(digits, given):
    found = scores.measured(given[0][:60], digits, given[1][:60])
    order = measure.random_order(digits)
    train, labels = digits.scaled("train"), digits.labels("train")
    parts = [order[i * 60 : (i + 1) * 60] for i in range(3)]
    nats = [parzen.evaluate(train[part], digits.scaled("validation"), digits.scaled("test")) for part in parts]
    one = values(found, measure.TRAINING_IMAGES, "parzen_log_likelihood")
    assert one.n_subsets == 3 and (one.n_samples, one.sigma) == (60, nats[0].sigma)
    wrong = [
        np.mean(neighbours.classify(digits.scaled("test"), train[part], labels[part]) != digits.labels("test"))
        for part in parts
    ]
    assert values(found, measure.TRAINING_IMAGES, "nearest_neighbour_error").value == pytest.approx(100 * np.mean(wrong))


def test_the_name_of_what_is_kept_says_what_it_follows_from(digits, given, monkeypatch):
    judge = classifier.of(digits)
    usual = ("data", 150, judge)
    names = [scores.file_name(*usual), scores.file_name("other", 150, judge), scores.file_name("data", 151, judge)]
    names.append(scores.file_name("data", 150, None))
    for owner, name, value in (
        (scores, "PROCEDURE", 2),
        (scores, "QUERIES", 10),
        (scores, "VALIDATION_IMAGES", 10),
        (parzen, "SIGMAS", (0.1,)),
        (coverage, "K", 5),
        (measure, "SUBSETS", 1),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, value)
            names.append(scores.file_name(*usual))
    judge.network.set_weights([weights + 1e-6 for weights in judge.network.get_weights()])
    names.append(scores.file_name(*usual))  # another judge of the same recipe
    assert len(set(names)) == 11


def test_what_comes_with_the_program_is_of_its_procedure_and_its_judge():
    """Else gan_repro.ship --real_images makes it anew."""
    for folder in real_images.SHIPPED.glob("classifier-*"):
        (path,) = folder.glob("real-images-*.json")
        file = real_images.read(path)
        judges = [Kept(each) for each in folder.glob("*.npz")]
        assert path.name in [scores.file_name(file.data_sha256, ship.SCORED, judge) for judge in judges]


class Kept(classifier.Classifier):
    """A classifier of which the weights' file alone is there."""

    def __init__(self, path):
        found = files.read_arrays(path)
        arrays = [found[f"arr_{i}"] for i in range(len(found))]
        super().__init__(SimpleNamespace(get_weights=lambda: arrays), 0.0, 0)


@pytest.mark.slow
def test_numbers_of_mnists_images_that_come_with_the_program(real_mnist, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    judge = classifier.of(real_mnist)
    found = scores.of_real_images(real_mnist, ship.SCORED, judge)
    path = real_images.SHIPPED / "classifier-mnist" / scores.file_name(real_mnist.digest(), ship.SCORED, judge)
    whole = real_images.as_json(real_mnist.digest(), found)
    assert files.read_json(path)["data_sha256"] == whole["data_sha256"]
    for kept, new in zip(files.read_json(path)["measurements"], whole["measurements"], strict=True):
        values = kept.pop("value"), new.pop("value")
        errors = [each.pop("standard_error") or 0 for each in (kept, new)]
        # Another processor rounds features in another way; a doubtful digit or neighbour more or less.
        room = {"class_kl": 3e-4, "frechet_distance": 0.01}.get(new["metric"], 0.03)
        assert values[0] == pytest.approx(values[1], abs=room) and errors[0] == pytest.approx(errors[1], rel=0.01)
        rounded = ("histogram", "std_over_subsets")
        assert {k: v for k, v in kept.items() if k not in rounded} == {k: v for k, v in new.items() if k not in rounded}


def test_copies_of_training_images_have_no_distance(digits, judge, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = scores.measured(digits.scaled("train"), digits)
    assert values(found, scores.SAMPLES, "training_distance").value == pytest.approx(0, abs=1e-5)


def test_data_that_are_not_scaled_to_0_1_are_refused(digits, given):
    digits.spec = digits.spec.__class__(**{**vars(digits.spec), "scaling": Linear(-1, 1)})
    with pytest.raises(DataError, match="0, 1"):
        scores.measured(given[0], digits)
