"""Findings: places of prose filled from records; and every mistake is one line with the file and the line of it."""

import pytest
from support.records import measurement, parsed
from support.tables import trained

from gan_repro.reporting import findings
from gan_repro.system.errors import RunError

FILE = "results/findings/fake.md"


def record(name, content, **changes):
    return parsed(content | changes, name)


def errors_of_1nn(seed, at_1000, at_50000):
    """A record with one metric under three protocols."""
    rows = [(at_1000, 1000, "test"), (at_50000, 50_000, "test"), (at_50000 + 0.5, 50_000, "validation")]
    content = trained(seed, 0.0)
    content["measurements"] = [
        measurement(value, metric="nearest_neighbour_error", unit="%", sigma=None, standard_error=0.1, n_samples=n, split=split)
        for value, n, split in rows
    ]
    return content


def validated(seed, at_10):
    """A record with validation curves of two generators."""
    content = trained(seed, 200.0)
    content["curves"]["validation"]["ema-.9999"] = {"epoch": [10, 15], "value": [at_10, 201.0 + seed]}
    return content


def records():
    seeds = [trained(seed, value, ("best", "last")) for seed, value in enumerate((220.0, 223.0, 229.0))]
    for content, minutes in zip(seeds, (60.4, 90.0, 75.0)):
        content["cost"]["minutes"] = minutes
    others = [trained(seed, 200.0) for seed in range(2)]
    others[0]["measurements"][0]["n_samples"], others[1]["cost"]["steps"] = None, 7
    long = trained(0, 250.0, ("best", "best, without dropout"), epochs=1500)
    long["measurements"][0]["standard_error"] = None
    long["measurements"][1] |= {"n_draws": 5, "std_over_draws": 15.44}
    return [
        *(record(f"fake-seed{seed}", content) for seed, content in enumerate(seeds)),
        record("long-seed0", long),
        *(record(f"other-seed{seed}", content) for seed, content in enumerate(others)),
        *(record(f"nn-seed{seed}", errors_of_1nn(seed, 20.0 + seed, 3.0)) for seed in range(2)),
        record("nn-seed2", trained(2, 200.0)),
        *(record(f"curve-seed{seed}", validated(seed, value)) for seed, value in enumerate((190.0, None))),
    ]


LL = "parzen_log_likelihood"


@pytest.mark.parametrize(
    "place, text",
    [
        (f"fake-seed0 | {LL} | best", "220.0"),  # with the digits of its error, 2.0
        (f"fake-seed0|{LL}|last", "221.0"),
        (f"fake-seed* | {LL} | best", "224.0"),  # the mean of 220, 223, 229
        (f"fake-seed* | {LL} | best | std", "4.6"),  # sqrt((16 + 1 + 25) / 2) = 4.583
        (f"fake-seed* | {LL} | best | error", "2.0"),
        (f"fake-seed[01] | {LL} | best | value", "221.5"),
        (f"long-seed0 | {LL} | best", "250"),
        (f"long-seed0 | {LL} | best, without dropout", "251.0"),
        (f"long-seed0 | {LL} | best, without dropout | draws", "15"),
        ("long-seed0 | epochs", "1,500"),
        ("long-seed0 | minutes", "12"),
        ("fake-seed* | epochs", "100"),
        ("fake-seed* | steps", "500"),
        ("nn-seed[01] | nearest_neighbour_error | best | n_samples | n_samples=50000 split=test", "50,000"),
        ("fake-seed* | minutes", "60 to 90"),
        ("fake-seed* | recipe | batch_size", "100"),
        ("fake-seed0 | validation | last | 2", "9"),
        ("curve-seed* | validation | ema-.9999 | 15", "201.5"),  # the mean of 201 and 202
        ("nn-seed0 | nearest_neighbour_error | best | n_samples=1000", "20.00"),
        ("nn-seed[01] | nearest_neighbour_error | best | n_samples=1000", "20.50"),
        ("nn-seed0 | nearest_neighbour_error | best | n_samples=50000 split=validation", "3.50"),
        ("nn-seed[01] | nearest_neighbour_error | best | std | n_samples=50000 split=test", "0"),
    ],
)
def test_a_place_is_filled(place, text):
    line = f"Before {{{place}}}, after."
    assert findings.filled(f"1\n{line}\n", records(), FILE) == f"1\nBefore {text}, after."


def test_a_large_deviation_has_no_exponent():
    far = [record(f"far-seed{seed}", trained(seed, 1000.0 + 500 * seed)) for seed in range(2)]
    assert findings.filled(f"{{far-seed* | {LL} | best | std}}", far, FILE) == "354"  # 500 / sqrt(2)


def test_whole_numbers_file_names_and_versions_need_no_place():
    text = "225 nats after 250 epochs, see [it](figures/a-ema-.9999.png) and version 2.16.1; 3,4. Done."
    assert findings.filled(text, [], FILE) == text


@pytest.mark.parametrize(
    "line, words",
    [
        ("{gone-seed0 | epochs}", "gone-seed0"),
        ("{fake-seed0}", "fake-seed0"),
        (f"{{fake-seed0 | {LL}}}", LL),
        (f"{{fake-seed0 | {LL} | ema-.9999}}", "ema-.9999"),  # no such weights
        ("{fake-seed0 | recall | best}", "recall"),  # no such metric
        ("{nn-seed0 | nearest_neighbour_error | best}", "3 measurements"),  # several of that kind
        ("{nn-seed0 | nearest_neighbour_error | best | n_samples=7}", "n_samples=7"),
        ("{nn-seed0 | nearest_neighbour_error | best | sdt}", "sdt"),
        (f"{{fake-seed0 | {LL} | best | std}}", "std"),  # of one seed there is none
        (f"{{long-seed0 | {LL} | best | error}}", "error"),
        (f"{{fake-seed0 | {LL} | best | draws}}", "draws"),  # of one set there is none
        ("{nn-seed* | nearest_neighbour_error | best | n_samples=1000}", "of 3"),  # a seed has none
        (f"{{*-seed? | {LL} | best}}", "more than the seed"),  # other epochs
        ("It has 3.5 nats", "3.5"),
        ("It has -.5 nats", ".5"),
        ("It ends with 3.5.", "3.5"),
        ("It has 1,234.5 nats", "234.5"),
        ("It ends after 1,000,000 epochs.", "1,000,000"),
        ("10,000 images", "10,000"),
        ("{other-seed* | steps}", "other-seed*"),  # seeds of other lengths
        (f"{{other-seed0 | {LL} | best | n_samples}}", "n_samples"),
        ("{fake-seed0 | recipe | batch}", "batch"),  # it has no such constant
        ("{fake-seed0 | validation | last | 3}", "EPOCH"),  # no look at that epoch
        ("{fake-seed0 | validation | best | 2}", "WEIGHTS"),
        ("{fake-seed0 | validation | last}", "EPOCH"),
        ("{curve-seed* | validation | ema-.9999 | 10}", "curve-seed1"),  # nothing was measured then
        ("{fake-seed0 | epochs", "{"),
        ("fake-seed0 | epochs}", "}"),
    ],
)
def test_a_mistake_is_one_line_that_names_file_and_line(line, words):
    with pytest.raises(RunError) as raised:
        findings.filled(f"A heading\n\n{line}\n", records(), FILE)
    said = str(raised.value)
    assert "\n" not in said and FILE in said and "line 3" in said and words in said


def test_findings_are_read_from_the_file_of_the_table(tmp_path):
    assert findings.read(tmp_path, "fake", records()) == ""
    (tmp_path / "findings").mkdir()
    (tmp_path / "findings" / "fake.md").write_text("\n* σ after {long-seed0 | epochs} epochs.\n\n", encoding="utf-8")
    assert findings.read(tmp_path, "fake", records()) == "* σ after 1,500 epochs."
    assert findings.read(str(tmp_path), "other", records()) == ""


@pytest.mark.parametrize("kind", ["folder", "bytes"])
def test_a_file_that_cannot_be_read_is_one_line(kind, tmp_path):
    path = tmp_path / "findings" / "fake.md"
    path.parent.mkdir()
    path.mkdir() if kind == "folder" else path.write_bytes(b"\xff\xfe")
    with pytest.raises(RunError) as raised:
        findings.read(tmp_path, "fake", [])
    assert str(path) in str(raised.value) and "\n" not in str(raised.value)


def test_what_stands_before_the_list_is_the_beginning_of_the_tables_page():
    points = [f"* {number}" for number in range(findings.HEADLINES + 2)]
    first, rest = "\n".join(points[: findings.HEADLINES]), "\n".join(points[findings.HEADLINES :])
    assert findings.apart("\n".join(points)) == ("", first, rest)
    assert findings.apart("\n".join(["What it is.", "", *points])) == ("What it is.", first, rest)
    assert findings.apart("Only this.") == ("Only this.", "", "")
    assert findings.apart("") == ("", "", "")
