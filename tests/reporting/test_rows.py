"""Rows of tables: what a row is called, held against which recipe, in which column it stands, of which table."""

import csv
import dataclasses
import io

import pytest
from support.records import make_record, make_sweep, measurement
from support.tables import FIRST, STAGED, build, cells, experiment, model, of_staged, on_tfd, published, staged, trained

from gan_repro.papers.shown import Published
from gan_repro.reporting import comparison, formats, summary
from gan_repro.system.errors import RunError

# ---- models, stages, recipes -----------------------------------------------------------------------------------------


def label(*members):
    (line,) = build(*members, experiments=[staged()]).lines
    return line.label


def test_a_preset_is_held_against_the_paper_level_of_its_own_model():
    (line,) = build(of_staged(recipe={"units": [2000, 100]}), experiments=[staged()]).lines
    units = "units 2,000, 100 (paper preset: 8,000, 100)"
    assert line.condition_differences == ("quick preset", "39 of the preset's 72 epochs", units)
    members = [of_staged(seed, preset="paper", epochs=72) for seed in range(3)]
    (line,) = build(*members, experiments=[staged()]).lines
    assert (
        line.condition_differences == () and line.verdict.word == "undecided"
    )  # 26 nats of the published error, beyond the margin
    (line,) = build(of_staged(model="other", preset="paper"), experiments=[staged()]).lines
    assert line.condition_differences == ("the experiment has no paper preset for these data",)


@pytest.mark.parametrize("dataset", ["mnist", "npz:faces.npz"])
@pytest.mark.parametrize(
    "recipe, named",
    [
        ({}, ""),
        ({"units": [2000, 1000]}, ", units 2,000, 1,000 (paper preset: 8,000, 100)"),
        ({"rate": 0.5, "batch_size": 50}, ", batch_size 50 (paper preset: 100), rate 0.5 (paper preset: 0.05)"),
        ({"precision": "mixed_bfloat16"}, ", precision mixed_bfloat16 (paper preset: float32)"),
        ({"pretrain_epochs": 27, "steps_per_epoch": 112, "averages": ["mean-from-5"], "epochs": 12}, ""),
        ({"judged_images": 10, "jit_compile": True}, ""),
        ({"fresh": True}, ", fresh yes (paper preset: none)"),
        (
            {"rate": 0.5, "batch_size": 50, "units": [1]},
            ", batch_size 50 (quick preset: 100), rate 0.5 (quick preset: 0.05), units 1 (quick preset: 8,000, 100)",
        ),
    ],
)
def test_a_row_says_what_is_not_the_papers_recipe(dataset, recipe, named):
    expected = f"Fake nets, run 1: quick preset{named}, 39 epochs, 4,368 steps"
    assert label(of_staged(recipe=recipe, dataset=dataset)) == expected


def test_settings_of_a_preset_are_counted_and_those_of_a_run_named():
    quick = dataclasses.replace(STAGED, units=(20, 10), rate=0.5, batch_size=50)
    nets = dataclasses.replace(model(recipe=STAGED), presets={"paper": STAGED, "quick": quick})

    def named(**changes):
        recipe = {"units": [20, 10], "rate": 0.5, "batch_size": 50} | changes
        (line,) = build(of_staged(recipe=recipe), experiments=[experiment(models={"staged": nets})]).lines
        return line.label.removeprefix("Fake nets, run 1: quick preset").removesuffix(", 39 epochs, 4,368 steps")

    assert named() == " (3 settings unlike the paper preset's)"
    assert named(rate=0.1) == " (2 settings unlike the paper preset's), rate 0.1 (quick preset: 0.5)"
    assert named(rate=0.05) == ", batch_size 50 (paper preset: 100), units 20, 10 (paper preset: 8,000, 100)"
    assert named(rate=0.1, units=[2], batch_size=2).startswith(", batch_size 2 (quick preset: 50), rate 0.1 (quick preset")


def test_a_row_without_steps_or_of_a_model_that_is_gone():
    assert label(of_staged(steps=0)) == "Fake nets, run 1: quick preset, 39 epochs"
    record = of_staged(model="other", epochs=3, recipe={"units": [1]})
    record["cost"]["steps"] = None
    assert label(record) == "other, run 1: quick preset, 3 epochs"


def test_a_run_without_a_best_generator_is_shown_and_judged_by_its_last():
    table = build(*(trained(seed, 225.0, ("mean-from-5", "last")) for seed in range(3)))
    assert [(line.label, line.verdict and line.verdict.word) for line in table.lines] == [
        (f"{FIRST}, last weights", "reproduced"),
        ("run 1, average of G's weights (mean-from-5), not in the paper", None),
    ]
    (line,) = build(trained(0, 230.0, ("last",), epochs=20)).lines
    assert line.verdict.word == "other conditions" and line.condition_differences == ("20 of the preset's 100 epochs",)


# ---- folds and spaces ----------------------------------------------------------------------------------------------


def test_tfd_is_judged_by_its_five_folds():
    table = build(*(on_tfd(2057.0, seed) for seed in range(3)), experiments=[staged()])
    assert [(line.verdict.word, line.condition_differences) for line in table.lines] == [("reproduced", ())]
    text = formats.markdown(table)
    assert cells(text, "Fake nets, run 1: paper preset, 72 epochs, 4,368 steps") == [
        "",
        "2057.0 ± 2.0 SE ± 0 SD (3 seeds, 5 folds; σ .1, n 10,000)",
    ]
    assert "4,178 in 5 folds" in text and "SE across the folds" in text
    (row,) = [row for row in csv.DictReader(io.StringIO(formats.comma_separated(table))) if row["kind"] == "measured"]
    assert (row["n_folds"], row["n_test"], row["sigma"]) == ("5", "4178", "0.1")
    (line,) = build(on_tfd(2057.0, n_folds=None), experiments=[staged()]).lines
    assert line.condition_differences == ("evaluation: n_folds none (paper: 5)",)


def test_another_space_is_another_column_and_never_judged():
    other = trained(0, 9999.0)
    other["measurements"][0]["space"] = "contrast-normalised to norm 55"
    table = build(other, trained(1, 230.0, epochs=20))
    text = formats.markdown(table)
    assert "| Model | MNIST, nats | TFD, nats | MNIST, contrast-normalised to norm 55, nats |" in text
    assert [(line.summary.value, bool(line.verdict)) for line in table.lines] == [(9999.0, False), (230.0, True)]
    assert len(cells(text, FIRST)) == 3 and cells(text, FIRST)[0] == ""
    assert "| MNIST, contrast-normalised to norm 55 | best |" in text
    rows = csv.DictReader(io.StringIO(formats.comma_separated(table)))
    assert [row["space"] for row in rows if row["kind"] == "measured"] == ["contrast-normalised to norm 55", ""]


def test_stand_ins_of_several_data_sets_share_their_rows():
    theis = experiment("theis", "Checks", numbers=())
    rows = {"mnist": (242.0, 334.0), "npz:faces.npz": (800.0, 900.0)}
    members = [
        make_record(
            0,
            [measurement(value, name, dataset=dataset) for value, name in zip(values, ("images", "centroids"))],
            dataset=dataset,
            experiment="theis",
            epochs=0,
        )
        for dataset, values in rows.items()
    ]
    text = formats.markdown(build(*members, experiments=[experiment(), theis]))
    cell = "{:.1f} ± 2.0 SE (1 seed; σ .167, n 10,000)"
    assert cells(text, "images in place of samples") == [cell.format(242), "", cell.format(800)]
    assert cells(text, "centroids in place of samples") == [cell.format(334), "", cell.format(900)]
    quick = make_record(0, [measurement(200.0, "images", n_samples=500)], experiment="theis", epochs=0, preset="quick")
    text = formats.markdown(build(*members, quick, experiments=[experiment(), theis]))
    assert text.count("| images in place of samples |") == 2 and "200.0 ± 2.0 SE (1 seed; σ .167, n 500)" in text


def test_the_note_on_sweeps_stands_where_there_are_some():
    record = trained(0, 225.0)
    assert "-sweep.png" not in formats.markdown(build(record))
    record["measurements"][0]["sweep"] = make_sweep()
    assert "-sweep.png" in formats.markdown(build(record))


def test_without_records_all_is_not_run():
    text = formats.markdown(build())
    assert "| Fake nets | not run | not run |" in text
    assert "## How the rows" not in text and "## Commands" not in text


def test_other_papers_get_their_own_tables():
    other = experiment(
        "other",
        "Other",
        "table2",
        (Published("table2", "Other", "cifar10", "accuracy", "%", 82.8, None, "Other 2015", ours=True),),
    )
    assert comparison.names([experiment(), other]) == ["table1", "table2"]
    alone = {"n_samples": None, "sigma": None}
    accuracy = measurement(80.0, metric="accuracy", unit="%", dataset="cifar10", standard_error=0.4, **alone)
    time = measurement(5.0, metric="time", unit="s", dataset="cifar10")
    record = make_record(0, [accuracy, time], experiment="other")
    table = build(record, trained(0, 225.0), experiments=[experiment(), other], name="table2")
    text = formats.markdown(table)
    assert "| Model | CIFAR-10, % |" in text and "80.00 ± 0.40 SE (1 seed)" in text
    assert "MNIST" not in text and "TFD" not in text and "Theis" not in text and "σ" not in text
    assert [line.summary.metric for line in table.others] == ["time"] and "## Other measurements" in text


def test_a_record_of_no_known_experiment_is_an_error():
    with pytest.raises(RunError, match="unknown experiment 'gone'"):
        build(make_record(experiment="gone"))


# ---- metrics of which less is better -------------------------------------------------------------------------------


def error_rates(seed, **values):
    """A record of 1-NN errors: of "best" at each n, and of 50,000 training images."""
    alone = {"metric": "nearest_neighbour_error", "unit": "%", "sigma": None, "standard_error": 0.1}
    rows = [measurement(value, n_samples=int(n[1:]), **alone) for n, value in values.items()]
    rows.append(measurement(3.34, "training images", n_samples=50_000, **alone))
    space = "features of the data's own classifier"
    rows.append(measurement(9.5, **alone | {"metric": "frechet_distance", "unit": "squared units", "space": space}))
    record = trained(seed, 0.0)
    record["measurements"] = rows
    return record


def two_numbers():
    numbers = (
        Published("table1", "Fake nets", "mnist", "nearest_neighbour_error", "%", 2.98, None, "Other", True, n_samples=50_000),
        Published("table1", "Fake nets", "mnist", "nearest_neighbour_error", "%", 1.48, None, "Other", True, n_samples=10**7),
    )
    return [experiment(numbers=numbers)]


def test_each_error_rate_is_held_against_the_number_of_as_many_samples():
    members = [error_rates(seed, n1000=20.0 + seed, n50000=3.0 + seed / 100) for seed in range(3)]
    table = build(*members, experiments=two_numbers())
    words = [line.verdict and line.verdict.word for line in table.lines]
    assert [(line.label, line.summary.n_samples, word) for line, word in zip(table.lines, words)] == [
        (FIRST, 1000, None),
        (FIRST, 50_000, "reproduced"),
        ("training images in place of samples", 50_000, None),
    ]
    text = formats.markdown(table)
    rows = [line for line in text.splitlines() if line.startswith(("| Fake nets", "| training images"))]
    assert rows[:6] == [
        "| Fake nets | 2.98 (n 50,000) |",
        "| Fake nets | 1.48 (n 10,000,000) |",
        f"| {FIRST} | 21.00 ± 0.10 SE ± 1.0 SD (3 seeds; n 1,000) |",
        f"| {FIRST} | 3.01 ± 0.10 SE ± 0.010 SD (3 seeds; n 50,000) |",
        "| Fake nets | not run |",
        "| training images in place of samples | 3.34 ± 0.10 SE ± 0 SD (3 seeds; n 50,000) |",
    ]
    assert "| +0.03 ± 0.02 | ± 0.3 | 1 | reproduced |" in text and "Less is better: error of a 1-NN classifier." in text
    worse = [error_rates(seed, n50000=3.5) for seed in range(3)]
    assert build(*worse, experiments=two_numbers()).lines[0].verdict.word == "falls short"


def test_every_metric_of_a_table_without_published_numbers_is_a_column():
    table = build(error_rates(0, n1000=20.0), experiments=[experiment(numbers=())])
    text = formats.markdown(table)
    assert (
        "| Model | MNIST: error of a 1-NN classifier, % | "
        "MNIST, features of the data's own classifier: Fréchet distance, squared units |"
    ) in text
    assert "Less is better: error of a 1-NN classifier, Fréchet distance." in text and "they are no FIDs" in text
    assert "Less is better" not in formats.markdown(build(trained(0, 225.0)))


def test_the_runs_own_generator_drawn_from_in_another_way_is_no_stand_in():
    entries = [
        measurement(value, name) for name, value in (("best", 120.0), ("best, without dropout", -67.0), ("images", 244.0))
    ]
    record = trained(0, 0.0)
    record["measurements"] = entries
    lines = build(record).lines
    assert [line.label for line in lines] == [FIRST, "run 1, best, without dropout", "images in place of samples"]
    assert [bool(line.verdict) for line in lines] == [True, False, False]


# ---- several models on one data set ------------------------------------------------------------------------------------


def test_a_published_number_is_answered_by_the_model_of_its_row():
    """Two models on MNIST, a number for each: a run stands against its own, and the other's is not run."""
    numbers = published("Shallow", "mnist", 60, 2, ours=True), published("Deep", "mnist", 120, 2, ours=True)
    two = experiment(models={"shallow": model("Shallow"), "deep": model("Deep")}, numbers=numbers)
    table = build(*(trained(seed, 118.0, model="deep") for seed in range(3)), experiments=[two])
    (line,) = table.lines
    assert line.verdict.difference == pytest.approx(-2)
    assert [[number.row, len(found)] for _, number, found in comparison.compared(table)] == [["Shallow", 0], ["Deep", 1]]
    text = formats.markdown(table)
    assert cells(text, "Deep, run 1: paper preset, 100 epochs, 500 steps")[0].startswith("118")
    assert "not run" in cells(text.partition("Measured by this program")[2], "Shallow")[0]


def test_the_results_name_the_model_where_a_paper_has_several_on_one_data_set():
    numbers = published("Shallow", "mnist", 60, 2, ours=True), published("Deep", "mnist", 120, 2, ours=True)
    two = experiment(models={"shallow": model("Shallow"), "deep": model("Deep")}, numbers=numbers)
    assert [row.what.partition(":")[0] for row in summary.rows([build(experiments=[two])])] == ["Shallow", "Deep"]
    assert not any(row.what.startswith("Fake nets:") for row in summary.rows([build(trained(0, 218.0))]))
