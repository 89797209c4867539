"""The page on log-likelihoods: numbers against arithmetic by hand, which runs it takes, what it leaves out."""

import dataclasses
import statistics

import pytest
from test_records import make_sweep, measurement
from test_tables import build, experiment, trained

from gan_repro.reporting import investigation, records

FAKE = experiment()


def run(seed=0, values=None, epochs=20, recipe=None, averaged=None, measurements=None, **rest):
    """A record whose validation curve has `values` at epochs 5, 10, 20."""
    record = trained(seed, 200.0 + seed, ("best",), epochs=epochs, recipe=recipe or {}, **rest)
    curve = {"epoch": [5, 10, 20], "value": values or [50.0 + seed, 100.0 + seed, 150.0 + seed]}
    record["curves"]["validation"] = {"last": curve} | ({"averaged-uniform-5": averaged} if averaged else {})
    record["measurements"] = measurements or record["measurements"]
    return record


def page(*members, figures=(), experiments=None):
    return investigation.markdown(experiments or [FAKE], records.group(members), figures)


def rows(text, heading):
    """{first cell: the other cells} of the table under a heading."""
    block = text.partition(f"### {heading}\n")[2].partition("###")[0]
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in block.splitlines() if line.startswith("| ")]
    return {first: rest for first, *rest in lines[1:]}


def test_along_the_training_there_are_mean_and_deviation_over_seeds():
    members = [run(seed, [50.0, 100.0 + 7 * seed**2, 150.0]) for seed in range(3)]
    values = [100.0, 107.0, 128.0]
    expected = f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f} (3)"
    assert rows(page(*members), "Along the training")["10"] == [expected]


def test_of_a_continued_run_the_longer_record_counts_once():
    longer = run(0, [50.0, 100.0, 180.0], epochs=21)
    found = rows(page(run(0), longer, run(1)), "Along the training")
    assert found["20"] == [f"165.5 ± {statistics.stdev([180, 151]):.1f} (2)"]


def test_an_epoch_or_average_that_was_not_validated_is_empty():
    text = page(run(0), run(1, averaged={"epoch": [20], "value": [222.0]}))
    found = rows(text, "Along the training")
    assert set(found) == {"5", "10", "20"} and found["10"][1] == "" and found["20"][1] == "222.0 (1)"


def test_the_finer_widths_are_those_of_the_sweep_with_most_samples():
    entry = measurement(187.0) | {"sweep": make_sweep()}
    values, sigmas = entry["sweep"]["value"][-1], entry["sweep"]["sigma"]
    (cells,) = rows(page(run(measurements=[entry])), "On the test images").values()
    assert cells[1].startswith("187.0 ±") and cells[3] == f"{max(values):.1f}"
    assert float(cells[4]) == pytest.approx(sigmas[values.index(max(values))], abs=0.001)


def test_a_detail_changed_is_held_against_the_same_epoch_of_the_unchanged_recipe():
    members = [run(0), run(1), run(0, [1.0, 90.0], epochs=10, recipe={"batch_size": 50})]
    members[-1]["curves"]["validation"]["last"]["epoch"] = [5, 10]
    found = rows(page(*members), "Details changed")
    spread = f"{statistics.stdev([100, 101]):.1f}"
    assert found == {"batch_size 50 (paper: 100)": ["10", "0", "90.0 (1)", f"100.5 ± {spread} (2)", "-10.5"]}
    assert "Details changed" not in page(run(0))
    assert rows(page(*members), "Along the training")["10"] == [f"100.5 ± {spread} (2)"]


def test_other_presets_data_and_experiments_have_no_place_there():
    assert "## " not in page(run(preset="quick"), run(dataset="npz:x.npz"), run(experiment="other", seed=1))
    unvalidated = run()
    del unvalidated["curves"]["validation"]
    assert "## " not in page(unvalidated)


def test_figures_are_shown_where_there_are_any_and_findings_stand_first():
    text = page(run(), experiments=[dataclasses.replace(FAKE, findings=("It went well.",))])
    assert text.index("* It went well.") < text.index("### Along the training") and "](figures/" not in text
    assert "](figures/fake-mnist-sweep.png)" in page(run(), figures=["fake-mnist-sweep.png", "other.png"])


def test_a_recipe_with_details_changed_has_one_row_in_a_part_of_its_own():
    from gan_repro.reporting import tables

    changed = trained(0, 90.0, ("best", "last"), recipe={"batch_size": 50})
    table = build(trained(0, 100.0, ("best", "last")), changed)
    labels = [row[0] for row in tables.main_rows(table)]
    part = labels[labels.index("Recipes with a detail changed (--set)") + 1 :]
    assert len(part) == 1 and "batch_size 50 (paper: 100)" in part[0]
    assert sum("batch_size 50" in label for label in labels) == 1
