"""Measurements of whole runs against the formulas in float64: Parzen (sigma, folds, spaces, sweep), classifiers."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import make_digits
from scipy import linalg
from scipy.spatial.distance import cdist
from scipy.special import logsumexp
from scipy.stats import entropy

from gan_repro.data.source import InMemory, Spec
from gan_repro.errors import DataError
from gan_repro.evaluation import measure, parzen
from gan_repro.finished import Finished
from gan_repro.reporting import records
from gan_repro.scaling import UNIT, ContrastNormalised, Linear

SIGMAS = parzen.SIGMAS


def nats(samples, x, sigma):
    """The formula itself, in float64, from differences: (n,)."""
    samples, x = (np.asarray(rows, np.float64).reshape(len(rows), -1) for rows in (samples, x))
    squared = np.stack([((row - samples) ** 2).sum(axis=1) for row in x])
    n, d = samples.shape
    return logsumexp(-squared / (2 * sigma**2), axis=1) - np.log(n) - d * np.log(sigma * np.sqrt(2 * np.pi))


def chosen(samples, validation):
    """The width of the paper's grid with the highest mean on validation images."""
    return max(SIGMAS, key=lambda sigma: nats(samples, validation, sigma).mean())


def images(seed, n, spread=0.3):
    """float32 (n, 3, 3, 1): noise around one pattern."""
    rng = np.random.default_rng(seed)
    return np.float32(np.linspace(0, 1, 9).reshape(1, 3, 3, 1) + spread * rng.standard_normal((n, 3, 3, 1)))


class Generators(Finished):
    """A finished run without files: its samples are made here."""

    def kinds(self):
        return ["best", "last"]

    def samples(self, kind, n=None, seed=None, labels=None):
        return SAMPLES[kind]


SAMPLES = {"best": images(1, 400), "last": images(2, 400, 0.5)}


def source(scaling=UNIT):
    rng = np.random.default_rng(0)
    sizes = {"train": 20, "validation": 60, "test": 70}
    arrays = {split: rng.integers(0, 256, (n, 3, 3, 1), np.uint8) for split, n in sizes.items()}
    return InMemory(Spec("blobs", "blobs", (3, 3, 1), 0, sizes, scaling), arrays)


class Folded:
    """A source in five folds, of other sizes each."""

    spec = source().spec

    def folds(self):
        return [(images(10 + i, 30 + i, 0.2 + 0.2 * i), images(20 + i, 40 + 3 * i)) for i in range(5)]


def measured(data, **options):
    return measure.parzen_log_likelihood(Generators(None, None, data, None, {}), **options)


def test_the_protocol_on_one_test_set():
    data = source()
    validation, test = data.scaled("validation", 25), data.scaled("test")
    found = measured(data, validation_images=25)
    assert [entry["generator"] for entry in found] == ["best", "last"]
    for entry in found:
        samples = SAMPLES[entry["generator"]]
        sigma = chosen(samples, validation)
        rows = nats(samples, test, sigma)
        assert entry["sigma"] == sigma and entry["sigma_at_edge"] == (sigma in (SIGMAS[0], SIGMAS[-1]))
        assert entry["value"] == pytest.approx(rows.mean(), abs=0.01)
        assert entry["standard_error"] == pytest.approx(rows.std() / np.sqrt(70), abs=0.01)
        assert (entry["n_samples"], entry["n_test"], entry["n_validation"]) == (400, 70, 25)
        assert (entry["split"], entry["unit"], entry["dataset"]) == ("test", "nats", "blobs")
        assert not {"space", "n_folds", "sigmas"} & set(entry)


@pytest.mark.parametrize("limit", [None, 20])
def test_folds_choose_their_own_width_and_the_error_is_across_them(limit):
    folds = Folded().folds()
    (best, _) = measured(Folded(), validation_images=limit)
    sigmas = [chosen(SAMPLES["best"], validation[:limit]) for validation, _ in folds]
    values = [nats(SAMPLES["best"], test, sigma).mean() for (_, test), sigma in zip(folds, sigmas)]
    assert best["sigmas"] == sigmas and len(set(sigmas)) > 1 and "sigma" not in best
    assert best["value"] == pytest.approx(sum(values) / 5, abs=0.01)
    spread = np.sqrt(sum((value - sum(values) / 5) ** 2 for value in values) / 4)
    assert best["standard_error"] == pytest.approx(spread / np.sqrt(5), rel=1e-3)
    assert best["n_folds"] == 5 and best["n_test"] == 40 + 43 + 46 + 49 + 52
    assert best["n_validation"] == (100 if limit else 30 + 31 + 32 + 33 + 34)
    assert best["sigma_at_edge"] == bool({SIGMAS[0], SIGMAS[-1]} & set(sigmas))


def test_a_single_fold_has_no_error_across_folds(monkeypatch):
    one = Folded().folds()[:1]
    monkeypatch.setattr(Folded, "folds", lambda self: one)
    (best, _) = measured(Folded())
    assert best["standard_error"] is None and best["n_folds"] == 1
    json.dumps(best, allow_nan=False)


def test_another_space_than_pixels_is_named():
    (best, _) = measured(source(ContrastNormalised(2.0)))
    assert best["space"] == "contrast-normalised to norm 2"


def test_the_sweep_is_the_formula_at_every_width_and_number():
    data = source()
    validation, test = data.scaled("validation"), data.scaled("test")
    best, last = measured(data)
    assert "sweep" not in last
    sweep = best["sweep"]
    assert sweep["n_samples"] == [100, 300, 400] and sweep["n_test"] == 70
    for n, row, widths, value in zip(*(sweep[key] for key in ("n_samples", "value", "chosen_sigma", "chosen_value"))):
        part = SAMPLES["best"][:n]
        expected = [nats(part, test, sigma).mean() for sigma in sweep["sigma"]]
        assert row == pytest.approx(expected, abs=0.01) and row == [round(number, 3) for number in row]
        assert widths == [chosen(part, validation)]
        assert value == row[sweep["sigma"].index(widths[0])]
    assert sweep["chosen_sigma"][-1] == [best["sigma"]] and sweep["chosen_value"][-1] == round(best["value"], 3)


def test_the_sweep_over_folds_is_their_mean():
    folds = Folded().folds()
    (best, _) = measured(Folded())
    sweep = best["sweep"]
    assert sweep["n_test"] == best["n_test"] and sweep["chosen_sigma"][-1] == best["sigmas"]
    assert sweep["chosen_value"][-1] == pytest.approx(best["value"], abs=0.0006)
    part, index = SAMPLES["best"][:100], 12
    expected = np.mean([nats(part, test, sweep["sigma"][index]).mean() for _, test in folds])
    assert sweep["value"][0][index] == pytest.approx(expected, abs=0.01)
    widths = [chosen(part, validation) for validation, _ in folds]
    assert sweep["chosen_sigma"][0] == widths
    expected = np.mean([nats(part, test, sigma).mean() for (_, test), sigma in zip(folds, widths)])
    assert sweep["chosen_value"][0] == pytest.approx(expected, abs=0.01)


def test_who_carries_a_sweep():
    names = {"training images": SAMPLES["best"], "k-means centroids": SAMPLES["last"][:50]}
    found = measured(source(), samples=names)
    assert [entry["generator"] for entry in found] == list(names)
    assert [entry["sweep"]["n_samples"] for entry in found] == [[100, 300, 400], [50]]
    for options in ({}, {"samples": names}):
        assert not any("sweep" in entry for entry in measured(source(), sweep=False, **options))


def test_the_widths_of_a_sweep():
    widths = measure.SWEEP_SIGMAS
    assert len(widths) == 28 and set(SIGMAS) <= set(widths)
    assert widths[0] <= 0.05 and widths[24] == 1 and widths[-1] > 2
    np.testing.assert_allclose(np.diff(np.log10(widths)), [1 / 18] * 24 + [1 / 9] * 3)


@pytest.mark.parametrize("data", [source(), source(ContrastNormalised()), Folded()], ids=["pixels", "contrast", "folds"])
def test_a_record_takes_the_measurements_and_they_survive_json(data):
    found = measured(data)
    base = {"schema": 1, "experiment": "e", "dataset": "blobs", "preset": "paper", "seed": 0, "epochs": 0, "curves": {}}
    base |= {"config": {"experiment": "e", "dataset": "blobs", "preset": "paper", "seed": 0, "recipe": {}}, "command": ""}
    base |= {"manifest": {"data": {"sha256": "0", "title": "blobs"}}, "cost": {"minutes": 1.0}, "measurements": found}
    assert json.loads(json.dumps(base, allow_nan=False)) == base
    records.check(base, "record.json")
    (best, last) = records.summaries([base])
    assert best.sigmas == tuple(sorted(set(found[0].get("sigmas", [found[0].get("sigma")]))))
    assert best.n_folds == last.n_folds == (5 if isinstance(data, Folded) else None)


# ---- by the data's own classifier, by nearest neighbours -----------------------------------------------------------


class Judge:
    """Reads an image's class off its first pixel, 0 to .9, and takes its pixels for features."""

    accuracy, n_test = 0.9, 60

    def read(self, images):
        assert images.dtype == np.float32 and images.min() >= 0 and images.max() <= 1
        return np.minimum(images[:, 0, 0, 0] * 10, 9).astype(np.int64)

    def features(self, images):
        return images.reshape(len(images), -1)[:, :5]


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

    def conditional(self):
        return self.takes_labels

    def samples(self, kind, n=None, seed=None, labels=None):
        assert (labels is not None) == self.takes_labels
        return drawn(n, labels, spread={"best": 0.4, "last": 1.5}[kind])


def labelled(n_samples=50, takes_labels=True):
    data = make_digits()
    data.spec = dataclasses.replace(data.spec, scaling=Linear(-1, 1))
    config = SimpleNamespace(recipe=SimpleNamespace(n_samples=n_samples))
    run = Labelled(None, config, data, None, {})
    object.__setattr__(run, "takes_labels", takes_labels)
    return run


def entry(found, metric, generator, n_samples=None):
    (one,) = [e for e in found if (e["metric"], e["generator"]) == (metric, generator) and n_samples in (None, e["n_samples"])]
    return one


def training_images(data, n):
    order = np.random.default_rng(0).permutation(200)[:n]
    return data.images("train")[order] / 255, data.labels("train")[order]


def test_the_classifier_reads_samples_and_real_images_in_their_place():
    run, judge = labelled(), Judge()
    found = measure.read_by_classifier(run, judge)
    metrics = ["label_accuracy", "frechet_distance", "precision", "recall", "class_kl"]
    order = [("label_accuracy", "test images")]
    order += [(metric, kind) for kind in ("best", "last", "training images") for metric in metrics]
    assert [(e["metric"], e["generator"]) for e in found] == order
    assert (found[0]["value"], found[0]["n_test"], found[0]["split"]) == (90, 60, "test")
    assert found[0]["standard_error"] == pytest.approx(100 * np.sqrt(0.9 * 0.1 / 60))
    wanted = np.arange(50) % 10
    real = (run.source.images("test")[:50] / 255).reshape(50, -1)[:, :5]
    sets = {kind: (np.clip((run.samples(kind, 50, labels=wanted) + 1.0) / 2, 0, 1), wanted) for kind in run.kinds()}
    sets["training images"] = training_images(run.source, 50)
    for kind, (images, labels) in sets.items():
        read = np.minimum(np.float32(images[:, 0, 0, 0]) * 10, 9).astype(int)
        share = (read == labels).mean()
        accuracy = entry(found, "label_accuracy", kind)
        assert accuracy["value"] == pytest.approx(100 * share) and accuracy["unit"] == "%" and 0 < share < 1
        assert accuracy["standard_error"] == pytest.approx(100 * np.sqrt(share * (1 - share) / 50))
        assert accuracy["n_samples"] == accuracy["n_test"] == 50
        features = images.reshape(50, -1)[:, :5]
        across = cdist(features, real)
        radii, real_radii = (np.sort(cdist(a, a))[:, 3] for a in (features, real))
        assert entry(found, "precision", kind)["value"] == pytest.approx(100 * (across <= real_radii).any(axis=1).mean())
        assert entry(found, "recall", kind)["value"] == pytest.approx(100 * (across <= radii[:, None]).any(axis=0).mean())
        ca, cb = np.cov(features.T), np.cov(real.T)
        expected = ((features.mean(0) - real.mean(0)) ** 2).sum() + np.trace(ca + cb - 2 * linalg.sqrtm(ca @ cb).real)
        assert entry(found, "frechet_distance", kind)["value"] == pytest.approx(expected, rel=1e-4)
        kl = entry(found, "class_kl", kind)
        assert kl["histogram"] == np.bincount(read, minlength=10).tolist() and kl["unit"] == "nats"
        assert kl["value"] == pytest.approx(entropy(kl["histogram"], np.ones(10)))
        assert all(e["n_samples"] == 50 for e in found[1:])
    json.dumps(found, allow_nan=False)


def test_an_unconditional_generator_has_no_label_accuracy():
    found = measure.read_by_classifier(labelled(takes_labels=False), Judge())
    assert [e["generator"] for e in found if e["metric"] == "label_accuracy"] == ["test images"]
    assert len(found) == 1 + 3 * 4


def test_at_most_as_many_samples_as_test_images():
    found = measure.read_by_classifier(labelled(10_000), Judge())
    assert {e["n_samples"] for e in found[1:]} == {60}


def nearest_error(test, test_labels, images, labels):
    test, images = (np.asarray(a, np.float64).reshape(len(a), -1) for a in (test, images))
    return (labels[cdist(test, images).argmin(axis=1)] != test_labels).mean()


def test_nearest_neighbour_classifiers_fitted_on_samples():
    run = labelled()
    found = measure.nearest_neighbour_error(run, (20, 100, 300))
    expected = [(kind, n) for kind in ("best", "last") for n in (20, 100, 300)]
    expected += [("training images", 20), ("training images", 100)]  # of 200
    assert [(e["generator"], e["n_samples"]) for e in found] == expected
    test, test_labels, wanted = run.source.images("test") / 255, run.source.labels("test"), np.arange(300) % 10
    sets = {kind: (np.clip((run.samples(kind, 300, labels=wanted) + 1.0) / 2, 0, 1), wanted) for kind in run.kinds()}
    sets["training images"] = training_images(run.source, 100)
    for kind, n in expected:
        one = entry(found, "nearest_neighbour_error", kind, n)
        share = nearest_error(test, test_labels, sets[kind][0][:n], sets[kind][1][:n])
        assert one["value"] == pytest.approx(100 * share) and (one["unit"], one["split"]) == ("%", "test")
        assert one["standard_error"] == pytest.approx(100 * np.sqrt(share * (1 - share) / 60)) and one["n_test"] == 60
    assert entry(found, "nearest_neighbour_error", "training images", 100)["value"] < 10
    records.summaries([{"measurements": found, "seed": 0}])


def test_what_neither_of_them_takes():
    with pytest.raises(DataError, match="valid are conditional generators"):
        measure.nearest_neighbour_error(labelled(takes_labels=False))
    run = labelled()
    run.source.spec = dataclasses.replace(run.source.spec, scaling=ContrastNormalised())
    for wanted in (lambda: measure.read_by_classifier(run, Judge()), lambda: measure.nearest_neighbour_error(run, (10,))):
        with pytest.raises(DataError, match="contrast-normalised to norm 55: there is no way back"):
            wanted()


@pytest.mark.parametrize("inputs, expected", [(1, False), (2, True)])
def test_a_run_is_conditional_if_its_generator_takes_labels(inputs, expected):
    network = SimpleNamespace(inputs=[None] * inputs, count_params=lambda: 1)
    experiment = SimpleNamespace(generator=lambda config, spec: network)
    assert Finished(experiment, None, source(), None, {}).conditional() == expected
