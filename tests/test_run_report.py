"""What a run says of its record at its end, and the file of all its measurements."""

import dataclasses
import re

import pytest
from support.records import make_record, measurement, parsed

from gan_repro.evaluation import real_images
from gan_repro.papers import configuration
from gan_repro.reporting import finished
from gan_repro.reporting.record import DETAILS

OURS = configuration.find("cgan")


def made(*measurements, digests=None, **changes):
    """The Record of a run of cgan on MNIST with these measurements."""
    recipe = configuration.resolve(OURS, "mnist").as_dict()["recipe"]
    content = make_record(0, list(measurements), recipe, epochs=300, experiment="cgan", model="mlp") | changes
    content["manifest"]["weights_sha256"] = digests or {"last": "0"}
    return parsed(content)


ACCURACY = {"metric": "label_accuracy", "unit": "%", "sigma": None, "standard_error": None}


def test_a_row_has_the_measured_the_published_and_the_training_images_number():
    record = made(
        measurement(168.4, "best", standard_error=1.5),
        measurement(99.0, "last"),
        measurement(1.0, "best, without dropout"),
        measurement(97.5, "best", split=None, **ACCURACY),
        measurement(99.5, "training images", split=None, **ACCURACY),
        measurement(99.3, "test images", n_samples=None, **ACCURACY),
    )
    (name, *headings), *rows = finished.rows(OURS, record, finished.main(record.measurements))
    assert (name, headings) == ("", ["measured", "published", "training images"])
    (number,) = (each for each in OURS.published if each.ours and each.metric == "parzen_log_likelihood")
    assert rows == [
        ["Parzen log-likelihood, nats", "168.4 ± 1.5", f"{number.value:g} ± {number.standard_error:g}", ""],
        ["labels read as asked for, %", "97.5", "", "99.5"],
    ]
    lines = finished.table(OURS, record).splitlines()
    assert len(lines) == 3 and len({line.index(end) + len(end) for line, end in zip(lines, ("measured", "± 1.5", "97.5"))}) == 1


def test_training_images_of_the_same_data_come_with_the_program(monkeypatch):
    record = made(measurement(168.4, "best"))
    (real,) = made(measurement(242.5, "training images", standard_error=2.1)).measurements
    monkeypatch.setattr(real_images, "shipped", lambda sha256: (real,) if sha256 == record.data.sha256 else ())
    assert [row[-1] for row in finished.rows(OURS, record, record.measurements)] == ["training images", "242.5 ± 2.1"]
    manifest = dataclasses.replace(record.manifest, data=dataclasses.replace(record.data, sha256="another"))
    other = dataclasses.replace(record, manifest=manifest)
    assert [row[-1] for row in finished.rows(OURS, other, record.measurements)] == ["training images", ""]


def test_rows_of_one_metric_are_told_apart_and_long_labels_go_on_below():
    error = {"metric": "error_of_a_classifier_with_a_very_long_name_that_does_not_fit_into_the_first_column", "unit": "%"}
    entries = [measurement(12.5, "last", n_samples=n, sigma=None, **error) for n in (1000, 50_000)]
    real = [measurement(3.0, "training images", n_samples=n, sigma=None, **error) for n in (1000, 50_000)]
    text = finished.table(OURS, made(*entries, *real))
    assert "1,000 samples" in text and "50,000 samples" in text
    assert max(map(len, text.splitlines())) <= finished.WIDTH and len(text.splitlines()) > 3
    assert "published" not in text  # no number is


def test_a_run_without_weights_shows_its_reference_samples():
    record = made(measurement(242.8, "training images"), measurement(334.4, "k-means centroids"))
    text = finished.table(OURS, record)
    assert "242.8" in text and "k-means centroids" in text and "training images" in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"preset": "smoke"}, "smoke"),
        ({"complete": False}, "not finished"),
        ({"sigma_at_edge": True}, "edge"),
        ({"preset": "quick"}, "Not the published conditions: quick preset"),
        ({"notices": [{"what": "collapsed", "first": 3, "last": 18}]}, "collapsed, epochs 3 to 18"),
        ({"notices": [{"what": "saturated", "first": n, "last": n} for n in range(5, 25, 4)]}, "epochs 5 to 21 (5 times)"),
    ],
)
def test_what_a_reader_must_know_is_said_and_nothing_else(changes, said):
    def texts(**given):
        edge = given.pop("sigma_at_edge", False)
        record = made(measurement(168.4, "best", sigma_at_edge=edge))
        if "notices" in given:
            record = parsed(record.to_json() | given)
        elif given:
            config = dataclasses.replace(record.config, preset=given.get("preset", "paper"))
            record = dataclasses.replace(record, config=config, **given)
        return " ".join(finished.caveats(OURS, record))

    assert said in texts(**changes) and said not in texts()


def test_the_report_says_where_everything_lies(tmp_path):
    (tmp_path / "figures").mkdir()
    for name in ("a.png", "b.png", "c.png", "d.png"):
        (tmp_path / "figures" / name).touch()
    (tmp_path / "record.json").touch()
    record = made(measurement(168.4, "best"), measurement(99.0, "last"))
    text = finished.report(OURS, record, tmp_path)
    assert f"folder   {tmp_path}" in text and "2 in record.json" in text and DETAILS not in text
    assert "a.png, b.png, c.png and 1 more" in text
    (tmp_path / DETAILS).touch()
    assert f"record.json, {DETAILS}" in finished.report(OURS, record, tmp_path)
    assert len(text.splitlines()) < 16 and "\x1b" not in text


# ---- the file of all measurements -------------------------------------------------------------------------------------


def test_a_run_that_measures_nothing_ends_all_the_same(tmp_path):
    text = finished.report(OURS, made(), tmp_path)
    assert "Nothing was measured" in text and str(tmp_path) in text


def lines(digests, *measurements):
    """The lines of the measurements."""
    return finished.details(OURS, made(*measurements, digests=digests)).splitlines()[2:]


def test_a_number_says_over_how_many_images_it_is():
    found = lines(
        {"last": "0"},
        measurement(225.0, "last", n_test=30, n_samples=50),
        measurement(97.0, "last", n_test=1000, n_samples=1000, split=None, **ACCURACY),
        measurement(98.0, "test images", n_test=None, n_samples=None, **ACCURACY),
        measurement(3.0, "last", n_test=20, n_samples=None, **ACCURACY | {"metric": "error", "split": "validation"}),
    )
    assert found == [
        "parzen_log_likelihood (mnist, last): 225.0 +- 2.0 nats over 30 test images; sigma 0.167, 50 samples",
        "label_accuracy (mnist, last): 97 % over 1,000 images; 1,000 samples",
        "label_accuracy (mnist, test images): 98 %",
        "error (mnist, last): 3 % over 20 validation images",
    ]


def test_the_best_weights_and_the_last_are_told_as_one_where_they_are():
    rest = measurement(1.0, "last", metric="rank"), measurement(2.0, "best, without dropout"), measurement(3.0, "ema-.5")
    numbers = measurement(225.0, "best"), measurement(225.0, "last"), *rest

    def subjects(best):
        return [re.search(r"mnist, (.*?)\)", line)[1] for line in lines({"best": best, "last": "0"}, *numbers)]

    others = ["last", "best, without dropout", "ema-.5"]  # of the first two there is one each
    assert subjects("0") == ["best = last", *others]
    assert subjects("1") == ["best", "last", *others]
