"""What a run says of its record at its end."""

import re

from support.records import make_record, measurement, parsed

from gan_repro.runs import runner


def said(capsys, digests, *measurements):
    """The lines that a run ends with, of these measurements."""
    content = make_record(measurements=list(measurements))
    content["manifest"]["weights_sha256"] = digests
    runner._report(parsed(content))
    return capsys.readouterr().out.splitlines()


def test_a_number_says_over_how_many_images_it_is(capsys):
    accuracy = {"metric": "label_accuracy", "unit": "%", "sigma": None, "standard_error": None}
    lines = said(
        capsys,
        {"last": "0"},
        measurement(225.0, "last", n_test=30, n_samples=50),
        measurement(97.0, "last", n_test=1000, n_samples=1000, split=None, **accuracy),
        measurement(98.0, "test images", n_test=None, n_samples=None, **accuracy),
        measurement(3.0, "last", n_test=20, n_samples=None, **accuracy | {"metric": "error", "split": "validation"}),
    )
    assert lines == [
        "  parzen_log_likelihood (mnist, last): 225.0 +- 2.0 nats over 30 test images; sigma 0.167, 50 samples",
        "  label_accuracy (mnist, last): 97 % over 1,000 images; 1,000 samples",
        "  label_accuracy (mnist, test images): 98 %",
        "  error (mnist, last): 3 % over 20 validation images",
    ]


def test_the_best_weights_and_the_last_are_told_as_one_where_they_are(capsys):
    rest = measurement(1.0, "last", metric="rank"), measurement(2.0, "best, without dropout"), measurement(3.0, "ema-.5")
    numbers = measurement(225.0, "best"), measurement(225.0, "last"), *rest

    def subjects(best):
        return [re.search(r"mnist, (.*?)\)", line)[1] for line in said(capsys, {"best": best, "last": "0"}, *numbers)]

    others = ["last", "best, without dropout", "ema-.5"]  # of the first two there is one each
    assert subjects("0") == ["best = last", *others]
    assert subjects("1") == ["best", "last", *others]
