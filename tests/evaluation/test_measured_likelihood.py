"""The log-likelihood of whole runs against the formula in float64: sigma, draws, subsets, folds, spaces, the sweep."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import logsumexp
from support.records import make_record, parsed, summaries

from experiments import dcgan
from gan_repro.data.scaling import UNIT, ContrastNormalised
from gan_repro.data.source import InMemory, Spec
from gan_repro.evaluation import measure, measures, parzen
from gan_repro.evaluation.measurement import Curves, Subject
from gan_repro.runs.trained import Finished
from gan_repro.system import schema

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

    def fingerprint(self, kind):
        return kind

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


def test_weights_of_the_same_bytes_are_measured_once(monkeypatch):
    monkeypatch.setattr(Generators, "fingerprint", lambda run, kind: "the same")
    drawn = []
    monkeypatch.setattr(Generators, "samples", lambda run, kind, *rest, draw=0: drawn.append(kind) or SAMPLES[kind, draw])
    best, last = measured(source())
    assert set(drawn) == {"best"} and (best.weights, last.weights) == ("best", "last")
    assert (best.value, best.standard_error, best.sigma) == (last.value, last.standard_error, last.sigma)
    assert (last.paired.to, last.paired.difference, last.paired.standard_error) == ("best", 0, 0)


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


def test_of_few_images_each_ones_number_is_kept(monkeypatch):
    data = source()
    best, last = measured(data)
    rows = rows_of("best", data.scaled("test"), best.sigma)
    np.testing.assert_allclose(best.by_image, rows.mean(axis=0), atol=0.01)
    assert last.by_image is None
    assert measured(Folded())[0].by_image is None
    monkeypatch.setattr(measure, "BY_IMAGE", 69)
    assert measured(data)[0].by_image is None


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
