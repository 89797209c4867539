"""The variety of a run's samples, and how near they come to the data, against their formulas in float64."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import linalg
from scipy.spatial.distance import cdist, pdist

from gan_repro.data.scaling import UNIT, ContrastNormalised
from gan_repro.data.source import InMemory, Spec
from gan_repro.evaluation import classifier, coverage, measures, turns, variety
from gan_repro.evaluation.measurement import Curves
from gan_repro.runs.trained import Finished
from gan_repro.system import schema
from gan_repro.system.errors import DataError, UsageError

SEEN = ContrastNormalised(8.0)
TRAINING, MEAN, GAUSSIAN = "training images", str(variety.MEAN_IMAGE), str(variety.GAUSSIAN)


class Judge:
    """Features that are no linear ones of what networks see."""

    accuracy, n_test = 0.5, 60

    def features(self, images):
        return np.abs(np.asarray(images, np.float32).reshape(len(images), -1)[:, 10:50:4])


@pytest.fixture
def asked(monkeypatch):
    """What classifiers are asked for, in the place of training them."""
    found = []

    def of(source, epochs=classifier.EPOCHS, second=False, seen=UNIT):
        found.append((source, seen))
        return Judge()

    monkeypatch.setattr(classifier, "of", of)
    return found


class Given(Finished):
    """A finished run without files whose samples are `drawn`, images float32 (n, 8, 8, 1) as the networks see them."""

    drawn: dict

    def kinds(self):
        return list(self.drawn)

    def fingerprint(self, kind):
        return kind

    def samples(self, kind, n=None, seed=None, labels=None, draw=0):
        assert draw == 0 and labels is None
        return self.drawn[kind][:n]


def patches(labels=True, scaling=SEEN):
    """200 training, 20 validation and 60 test images of four patches each, with a little noise."""
    rng = np.random.default_rng(7)
    sizes = {"train": 200, "validation": 20, "test": 60}
    images = {split: rng.integers(0, 200, (n, 2, 2, 1)).repeat(4, axis=1).repeat(4, axis=2) for split, n in sizes.items()}
    images = {split: np.uint8(array + rng.integers(0, 56, array.shape)) for split, array in images.items()}
    classes = {split: np.arange(n) % 10 for split, n in sizes.items()} if labels else None
    return InMemory(Spec("patches", "patches", (8, 8, 1), 10 if labels else 0, sizes, scaling), images, classes)


def given(drawn, labels=True, scaling=SEEN, n_samples=50):
    data = patches(labels, scaling)
    config = SimpleNamespace(recipe=SimpleNamespace(n_samples=n_samples, classifier_metrics=True))
    run = Given(None, config, data, None, Curves())
    object.__setattr__(run, "drawn", drawn)
    return run


def normal(n, seed=0, spread=1.0):
    return np.float32(np.random.default_rng(seed).normal(0, spread, (n, 8, 8, 1)))


def seen(run, split):
    return run.source.spec.scaling(run.source.images(split).astype(np.float32))


def value(found, metric, subject):
    (one,) = [each for each in found if (each.metric, str(each.subject)) == (metric, subject)]
    return one


def blocks(images):
    return np.float64(images).reshape(len(images), 2, 4, 2, 4).mean(axis=(2, 4)).reshape(len(images), -1)


def near(features, real):
    """Frechet distance, precision and recall by their formulas."""
    features, real = np.float64(features), np.float64(real)
    across = cdist(features, real)
    radii, real_radii = (np.sort(cdist(rows, rows))[:, coverage.K] for rows in (features, real))
    a, b = (np.cov(rows.T) + 1e-12 * np.eye(rows.shape[1]) for rows in (features, real))
    distance = ((features.mean(0) - real.mean(0)) ** 2).sum() + np.trace(a + b - 2 * linalg.sqrtm(a @ b).real)
    precision, recall = (across <= real_radii).any(axis=1), (across <= radii[:, None]).any(axis=0)
    return distance, 100 * precision.mean(), 100 * recall.mean()


METRICS = [
    "pooled_distance",
    "pooled_variety",
    "feature_distance",
    "feature_variety",
    "frechet_distance",
    "precision",
    "recall",
]


def test_every_number_is_that_of_its_formula(asked):
    run = given({"best": normal(50), "last": normal(50, 1, 0.3)})
    found = variety.variety(run, 4)
    assert asked == [(run.source, SEEN)]
    whole = [("label_accuracy", "test images")]
    whole += [(metric, kind) for kind in ("best", "last") for metric in METRICS]
    own = [metric for metric in METRICS if not metric.endswith("variety")]
    whole += [(metric, TRAINING) for metric in own] + [(metric, MEAN) for metric in own[2:]]
    whole += [(metric, GAUSSIAN) for metric in own]
    assert [(each.metric, str(each.subject)) for each in found] == whole
    assert value(found, "label_accuracy", "test images").value == 50

    order = np.random.default_rng(0).permutation(200)
    parts = [seen(run, "train")[order[i : i + 50]] for i in (0, 50, 100)]
    features, real = Judge().features, Judge().features(seen(run, "test")[:50])
    sets = {"best": [run.drawn["best"]], "last": [run.drawn["last"]], TRAINING: parts}
    for subject, several in sets.items():
        wanted = [
            np.mean([pdist(blocks(images)).mean() for images in several]),
            np.mean([pdist(np.float64(features(images))).mean() for images in several]),
            *np.mean([near(features(images), real) for images in several], axis=0),
        ]
        for metric, number in zip(own, wanted):
            one = value(found, metric, subject)
            assert one.value == pytest.approx(number, rel=1e-4, abs=1e-6) and one.n_samples == 50
            assert one.n_subsets == (3 if subject == TRAINING else None)
    for kind in run.kinds():
        for distance, share in variety.DISTANCES.items():
            expected = 100 * value(found, distance, kind).value / value(found, distance, TRAINING).value
            assert value(found, share, kind).value == pytest.approx(expected)
    (mean,) = seen(run, "train").mean(axis=0, keepdims=True, dtype=np.float64)
    copies = features(np.repeat(mean[None], 60, axis=0))
    for metric, number in zip(own[2:], near(copies, real)):
        one = value(found, metric, MEAN)
        assert one.value == pytest.approx(number, rel=1e-3, abs=1e-6) and one.n_samples == 1
    assert value(found, "recall", MEAN).value == 0
    spaces = {each.metric: each.space for each in found}
    assert spaces["pooled_distance"] == f"means of 4 x 4 pixels, {SEEN}" and str(SEEN) in spaces["recall"]
    assert len({each.quantity for each in found}) == len(found)
    json.dumps(schema.plain(found), allow_nan=False)


def test_a_gaussian_has_the_variety_of_the_data_and_is_far_from_them_only_beyond_their_moments(asked):
    run = given({"last": normal(200)}, n_samples=200)
    found = variety.variety(run, 4)
    distances = [value(found, "pooled_distance", subject).value for subject in (GAUSSIAN, TRAINING)]
    assert distances[0] == pytest.approx(distances[1], rel=0.1)
    near_real, near_gaussian, near_mean = (
        value(found, "frechet_distance", subject).value for subject in (TRAINING, GAUSSIAN, MEAN)
    )
    assert near_real < near_gaussian < near_mean


def test_noise_of_pixels_about_one_picture_is_no_variety(asked):
    """As a collapsed generator draws: one picture, or two, or one with noise as strong as its contrast."""
    real = seen(given({}), "train")
    picture, another = real[5:6], real[9:10]
    sets = {
        "noisy": picture + normal(200, spread=picture.std()),
        "same": np.repeat(picture, 200, axis=0),
        "two": np.repeat(np.concatenate([picture, another]), 100, axis=0),
    }
    found = variety.variety(given(sets, n_samples=200), 4)
    in_pixels = pdist(sets["noisy"].reshape(200, -1)).mean() / pdist(real.reshape(200, -1)).mean()
    assert value(found, "pooled_variety", "noisy").value < 50 and in_pixels > 0.9
    assert value(found, "pooled_variety", "same").value == pytest.approx(0, abs=1e-4)
    assert value(found, "recall", "same").value <= 5
    apart = np.linalg.norm(blocks(picture) - blocks(another))  # of 19,900 pairs 10,000 are of the two pictures
    assert value(found, "pooled_distance", "two").value == pytest.approx(apart * 100 / 199, rel=1e-5)


def test_data_without_labels_are_judged_by_their_turns_and_have_no_distances_of_features(asked):
    run = given({"last": normal(50)}, labels=False, scaling=UNIT)
    found = variety.variety(run, 4)
    ((source, scaling),) = asked
    assert isinstance(source, turns.Turned) and scaling == UNIT
    metrics = [each.metric for each in found if each.weights == "last"]
    assert metrics == ["pooled_distance", "pooled_variety", "frechet_distance", "precision", "recall"]
    assert {each.space for each in found} == {"means of 4 x 4 pixels", variety.TURNS_SPACE}


def test_a_measure_by_labels_gives_data_without_them_to_another(asked, capsys):
    run = given({"last": normal(50)}, labels=False, scaling=UNIT)
    assert measures.ReadByClassifier(otherwise=measures.Variety())(run) == measures.Variety()(run)
    assert not capsys.readouterr().err
    assert measures.ReadByClassifier()(run) == [] and capsys.readouterr().err
    few = dataclasses.replace(run.source.spec, sizes=dict(run.source.spec.sizes) | {"test": 3})
    measures.ReadByClassifier().check(SimpleNamespace(n_samples=50), few)
    with pytest.raises(DataError, match="3 test images"):
        measures.ReadByClassifier(otherwise=measures.Variety()).check(SimpleNamespace(n_samples=50), few)


def test_without_a_classifier_blocks_alone_are_looked_at(asked):
    run = given({"last": normal(50)})
    run.config.recipe.classifier_metrics = False
    found = measures.Variety(field="classifier_metrics")(run)
    assert not asked and {each.metric for each in found} == {"pooled_distance", "pooled_variety"}
    assert [str(each.subject) for each in found] == ["last", "last", TRAINING, GAUSSIAN]


def test_too_few_samples_or_test_images_are_refused_before_a_training():
    recipe, spec = SimpleNamespace(n_samples=3, judged=True), patches().spec
    with pytest.raises(UsageError, match="n_samples = 3"):
        measures.Variety("judged").check(recipe, spec)
    measures.Variety("judged").check(SimpleNamespace(n_samples=3, judged=False), spec)
    few = dataclasses.replace(spec, sizes=dict(spec.sizes) | {"test": 3})
    with pytest.raises(DataError, match="3 test images"):
        measures.Variety().check(SimpleNamespace(n_samples=50), few)


def test_the_mean_image_is_that_of_all_training_images_as_networks_see_them(monkeypatch):
    monkeypatch.setattr(variety, "_CHUNK", 70)
    run = given({})
    images = np.float64(run.source.images("train"))
    centred = images - images.mean(axis=(1, 2, 3), keepdims=True)
    lengths = np.sqrt(np.square(centred).sum(axis=(1, 2, 3), keepdims=True))
    np.testing.assert_allclose(variety.mean_image(run.source)[0], (8 * centred / lengths).mean(axis=0), rtol=1e-4, atol=1e-6)
