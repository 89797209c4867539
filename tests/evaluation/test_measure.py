"""Measurements of whole runs against the formulas in float64: Parzen (sigma, folds, spaces, sweep), classifiers."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import linalg
from scipy.spatial.distance import cdist
from scipy.special import logsumexp
from scipy.stats import entropy
from support import make_digits
from support.records import make_record, parsed, summaries

from experiments import dcgan
from gan_repro.data.scaling import UNIT, ContrastNormalised, Linear
from gan_repro.data.source import InMemory, Spec
from gan_repro.evaluation import measure, measures, parzen
from gan_repro.evaluation.measurement import Curves, Subject
from gan_repro.papers import experiment
from gan_repro.runs.trained import Finished
from gan_repro.system import schema
from gan_repro.system.errors import DataError

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
    """A finished run without files: its samples are made here, other ones of each draw of z."""

    def kinds(self):
        return ["best", "last"]

    def samples(self, kind, n=None, seed=None, labels=None, draw=0):
        return SAMPLES[kind, draw]


DRAWS = range(5)
SPREAD = {"best": 0.3, "last": 0.5}
SAMPLES = {("best", k): images(100 + k, 400, SPREAD["best"]) for k in DRAWS} | {
    ("last", k): images(200 + k, 400, SPREAD["last"]) for k in DRAWS
}
# Those that choose are of another spread: a width chosen with samples that are reported would be another one.
SAMPLES |= {("best", "validation"): images(1, 400, 1.5), ("last", "validation"): images(2, 400, 1.5)}


def rows_of(kind, test, sigma):
    """(5, n_test): nats of each test image under each draw, at the width that the draw for validation has chosen."""
    return np.array([nats(SAMPLES[kind, k], test, sigma) for k in DRAWS])


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
    return measure.parzen_log_likelihood(Generators(None, None, data, None, Curves()), **options)


def test_one_draw_chooses_the_width_and_five_others_are_reported():
    data = source()
    validation, test = data.scaled("validation", 25), data.scaled("test")
    found = measured(data, validation_images=25)
    assert [str(entry.subject) for entry in found] == ["best", "last"]
    for entry in found:
        kind = str(entry.subject)
        sigma = chosen(SAMPLES[kind, "validation"], validation)
        assert sigma not in {chosen(SAMPLES[kind, k], validation) for k in DRAWS}  # so it is seen who has chosen
        rows = rows_of(kind, test, sigma)
        assert entry.sigma == sigma and entry.sigma_at_edge == (sigma in (SIGMAS[0], SIGMAS[-1]))
        assert entry.value == pytest.approx(rows.mean(), abs=0.01)
        assert entry.standard_error == pytest.approx(rows.mean(axis=0).std() / np.sqrt(70), rel=1e-3)
        assert entry.n_draws == 5 and entry.std_over_draws == pytest.approx(rows.mean(axis=1).std(ddof=1), rel=0.02)
        assert (entry.n_samples, entry.n_test, entry.n_validation) == (400, 70, 25)
        assert (entry.split, entry.unit, entry.dataset) == ("test", "nats", "blobs")
        assert entry.space is entry.n_folds is entry.sigmas is entry.n_subsets is None


def test_each_further_row_is_compared_with_the_first_image_by_image():
    data = source()
    test, own = data.scaled("test"), images(7, 300, 0.4)
    found = measured(data, beside={Subject(reference="training images"): measure.subsets(own, np.arange(300).reshape(3, 100))})
    best, last, real = found
    assert best.paired is None
    first = rows_of("best", test, best.sigma).mean(axis=0)
    others = {"last": rows_of("last", test, last.sigma)}
    others["training images"] = np.array([nats(own[i : i + 100], test, real.sigma) for i in (0, 100, 200)])
    for entry in (last, real):
        difference = others[str(entry.subject)].mean(axis=0) - first
        assert entry.paired.to == "best"
        assert entry.paired.difference == pytest.approx(difference.mean(), abs=0.01)
        assert entry.paired.standard_error == pytest.approx(difference.std() / np.sqrt(70), rel=0.01)
        assert entry.paired.difference == pytest.approx(entry.value - best.value, abs=1e-9)


def test_real_images_are_measured_over_disjoint_subsets():
    data, own = source(), images(7, 350, 0.4)
    order = np.random.default_rng(3).permutation(350)
    parts = measure.disjoint(order, 100)
    np.testing.assert_array_equal(np.concatenate(parts), order[:300])
    assert len(parts) == measure.SUBSETS == 3
    real = measured(data, beside={Subject(reference="training images"): measure.subsets(own, parts)})[2]
    sigma = chosen(own[order[:100]], data.scaled("validation"))  # the first subset chooses: there is no other draw of it
    rows = np.array([nats(own[part], data.scaled("test"), sigma) for part in parts])
    assert (real.sigma, real.n_samples, real.n_subsets) == (sigma, 100, 3) and real.n_draws is None
    assert real.value == pytest.approx(rows.mean(), abs=0.01)
    assert real.std_over_subsets == pytest.approx(rows.mean(axis=1).std(ddof=1), rel=0.02)
    assert real.standard_error == pytest.approx(rows.mean(axis=0).std() / np.sqrt(70), rel=1e-3)


@pytest.mark.parametrize(("n", "lengths"), [(100, [100, 100, 100]), (101, [101, 101]), (200, [200]), (400, [300])])
def test_where_there_are_too_few_images_there_are_fewer_subsets(n, lengths):
    assert [len(part) for part in measure.disjoint(np.arange(300), n)] == lengths


def test_one_set_of_images_says_nothing_of_others():
    data, own = source(), images(7, 50)
    real = measured(data, beside={Subject(reference="centroids"): measure.subsets(own, [slice(None)])})[2]
    assert real.n_subsets is real.std_over_subsets is real.n_draws is real.std_over_draws is None
    estimate = parzen.evaluate(own, data.scaled("validation"), data.scaled("test"))
    assert (real.value, real.standard_error, real.sigma) == pytest.approx(
        (estimate.value, estimate.standard_error, estimate.sigma)
    )


@pytest.mark.parametrize("limit", [None, 20])
def test_folds_choose_their_own_width_and_the_error_is_across_them(limit):
    folds = Folded().folds()
    best, last = measured(Folded(), validation_images=limit)
    values = {}
    for entry in (best, last):
        kind = str(entry.subject)
        sigmas = [chosen(SAMPLES[kind, "validation"], validation[:limit]) for validation, _ in folds]
        means = np.array([rows_of(kind, test, sigma).mean(axis=1) for (_, test), sigma in zip(folds, sigmas)])  # (5, n_draws)
        values[kind] = means.mean(axis=1)
        assert entry.sigmas == tuple(sigmas) and entry.sigma is None
        assert entry.value == pytest.approx(means.mean(), abs=0.01)
        assert entry.standard_error == pytest.approx(values[kind].std(ddof=1) / np.sqrt(5), rel=1e-3)
        assert entry.n_draws == 5 and entry.std_over_draws == pytest.approx(means.mean(axis=0).std(ddof=1), rel=0.02)
        assert entry.n_folds == 5 and entry.n_test == 40 + 43 + 46 + 49 + 52
        assert entry.n_validation == (100 if limit else 30 + 31 + 32 + 33 + 34)
        assert entry.sigma_at_edge == bool({SIGMAS[0], SIGMAS[-1]} & set(sigmas))
    assert len(set(best.sigmas)) > 1
    apart = values["last"] - values["best"]
    assert last.paired.to == "best" and last.paired.difference == pytest.approx(apart.mean(), abs=0.01)
    assert last.paired.standard_error == pytest.approx(apart.std(ddof=1) / np.sqrt(5), rel=0.01)


def test_a_single_fold_has_no_error_across_folds(monkeypatch):
    one = Folded().folds()[:1]
    monkeypatch.setattr(Folded, "folds", lambda self: one)
    best, last = measured(Folded())
    assert best.standard_error is last.paired.standard_error is None and best.n_folds == 1
    json.dumps(schema.plain([best, last]), allow_nan=False)


def test_another_space_than_pixels_is_named():
    (best, _) = measured(source(ContrastNormalised(2.0)))
    assert best.space == "contrast-normalised to norm 2"


def test_the_sweep_is_the_formula_at_every_width_and_number():
    data = source()
    validation, test = data.scaled("validation"), data.scaled("test")
    best, last = measured(data)
    assert last.sweep is None
    sweep = best.sweep
    assert sweep.n_samples == (100, 300, 400) and sweep.n_test == 70
    for n, row, widths, value in zip(sweep.n_samples, sweep.value, sweep.chosen_sigma, sweep.chosen_value):
        part = SAMPLES["best", 0][:n]
        expected = [nats(part, test, sigma).mean() for sigma in sweep.sigma]
        assert row == pytest.approx(expected, abs=0.01) and row == tuple(round(number, 3) for number in row)
        assert widths == (chosen(part, validation),)
        assert value == row[sweep.sigma.index(widths[0])]


def test_the_sweep_over_folds_is_their_mean():
    folds = Folded().folds()
    (best, _) = measured(Folded())
    sweep = best.sweep
    assert sweep.n_test == best.n_test
    part, index = SAMPLES["best", 0][:100], 12
    expected = np.mean([nats(part, test, sweep.sigma[index]).mean() for _, test in folds])
    assert sweep.value[0][index] == pytest.approx(expected, abs=0.01)
    widths = tuple(chosen(part, validation) for validation, _ in folds)
    assert sweep.chosen_sigma[0] == widths
    expected = np.mean([nats(part, test, sigma).mean() for (_, test), sigma in zip(folds, widths)])
    assert sweep.chosen_value[0] == pytest.approx(expected, abs=0.01)


def test_the_first_row_and_all_that_is_no_draw_of_z_carry_a_sweep():
    run = Generators(None, None, source(), None, Curves())
    beside = {
        Subject("last", variant="again"): measure.draws(run, "last"),
        Subject(reference="centroids"): measure.subsets(images(7, 50), [slice(None)]),
    }
    found = {str(entry.subject): entry for entry in measured(source(), beside=beside)}
    assert list(found) == ["best", "last", "last, again", "centroids"]
    swept = {name: entry.sweep.n_samples for name, entry in found.items() if entry.sweep}
    assert swept == {"best": (100, 300, 400), "centroids": (50,)}
    assert (
        dataclasses.replace(found["last, again"], variant=None) == found["last"]
    )  # what stands beside is measured as the run's own


def test_the_widths_of_a_sweep():
    widths = measure.SWEEP_SIGMAS
    assert len(widths) == 28 and set(SIGMAS) <= set(widths)
    assert widths[0] <= 0.05 and widths[24] == 1 and widths[-1] > 2
    np.testing.assert_allclose(np.diff(np.log10(widths)), [1 / 18] * 24 + [1 / 9] * 3)


@pytest.mark.parametrize("data", [source(), source(ContrastNormalised()), Folded()], ids=["pixels", "contrast", "folds"])
def test_a_record_takes_the_measurements_and_they_survive_json(data):
    found = measured(data)
    base = json.loads(json.dumps(make_record(0, schema.plain(found)), allow_nan=False))
    assert parsed(base).measurements == tuple(found)
    (best, last) = summaries([base])
    assert best.sigmas == tuple(sorted(set(found[0].widths)))
    assert best.n_folds == last.n_folds == (5 if isinstance(data, Folded) else None)
    assert best.std_over_draws == found[0].std_over_draws and best.paired is None
    assert last.paired == found[1].paired


# ---- by the data's own classifier, by nearest neighbours -----------------------------------------------------------


class Judge:
    """Reads an image's class off its first pixel, 0 to .9, and takes its pixels for features."""

    accuracy, n_test = 0.9, 60

    def read(self, images):
        assert images.dtype == np.float32 and images.min() >= 0 and images.max() <= 1
        return np.minimum(images[:, 0, 0, 0] * 10, 9).astype(np.int64)

    def features(self, images):
        return images.reshape(len(images), -1)[:, :5]


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


@pytest.mark.parametrize("wanted", [True, False])
def test_what_takes_labels_is_said_not_to_be_taken_where_there_are_none(wanted, capsys):
    run = Generators(
        None, SimpleNamespace(recipe=SimpleNamespace(read=wanted, conditional=not wanted)), source(), None, Curves()
    )
    for measured in (measures.ReadByClassifier(field="read"), dcgan.FeaturesOfD()):
        assert measured(run) == []
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == "" and len(lines) == (2 if wanted else 0)  # what was switched off is not missed
    assert all(line.startswith("note: no ") and "blobs has no labels" in line for line in lines)


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
    alone = measure.read_by_classifier(run, Judge(), {Subject("last"): (images, wanted)}, SecondJudge())
    every = measure.read_by_classifier(run, Judge(), second=SecondJudge())
    assert alone == [one for one in every if str(one.subject) == "last"]


def test_an_unconditional_generator_has_no_label_accuracy():
    found = measure.read_by_classifier(labelled(takes_labels=False), Judge())
    assert [str(e.subject) for e in found if e.metric == "label_accuracy"] == ["test images"]
    assert len(found) == 1 + 3 * 4


def test_at_most_as_many_samples_as_test_images():
    found = measure.read_by_classifier(labelled(10_000), Judge())
    assert {e.n_samples for e in found[1:]} == {60}


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
    phase = experiment.Phase(generator=lambda recipe, spec: network, discriminator=None, game=None)
    fake = SimpleNamespace(models={"nets": SimpleNamespace(phases=(phase,))})
    config = SimpleNamespace(experiment="fake", model="nets", recipe=None)
    assert Finished(fake, config, source(), None, Curves()).conditional() == expected
