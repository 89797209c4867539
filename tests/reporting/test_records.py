"""Records: the check names what is wrong, groups differ by more than the seed, --add refuses what has no place."""

import copy
import dataclasses
import json
import math

import pytest

from gan_repro.papers import configuration
from gan_repro.reporting import records
from gan_repro.system import files
from gan_repro.system.errors import RunError


def measurement(value, generator="best", **changes):
    base = {"metric": "parzen_log_likelihood", "unit": "nats", "value": value, "standard_error": 2.0}
    base |= {"dataset": "mnist", "split": "test", "generator": generator}
    return base | {"n_test": 10_000, "n_samples": 10_000, "sigma": 0.167} | changes


def paired(difference, error=0.2, to="best"):
    return {"to": to, "difference": difference, "standard_error": error}


def make_sweep(**changes):
    base = {"sigma": [0.1, 0.167], "n_samples": [100, 10_000], "n_test": 10_000}
    base |= {"value": [[-5.0, 10], [150.0, 200.0]], "chosen_sigma": [[0.167], [0.167]], "chosen_value": [10.0, 200.0]}
    return base | changes


def make_record(seed=0, measurements=None, recipe=None, dataset="mnist", preset="paper", epochs=100, experiment="fake"):
    name = {"experiment": experiment, "dataset": dataset, "preset": preset, "seed": seed}
    return {
        "schema": 1,
        **name,
        "epochs": epochs,
        "complete": True,
        "config": {**name, "recipe": {"epochs": epochs, "batch_size": 100} | (recipe or {})},
        "manifest": {"data": {"name": dataset, "title": dataset.upper(), "sha256": f"sha of {dataset}"}},
        "cost": {"minutes": 12.5, "steps": 500, "steps_per_second": 10.0, "processor": "a CPU (2 cores)"},
        "command": f"python -m gan_repro.run --experiment={experiment} --dataset={dataset} --seed={seed}",
        "measurements": [measurement(200.0 + seed, dataset=dataset)] if measurements is None else measurements,
        "curves": {
            "training": {"epoch": [1, 2], "d_loss": [1.0, None]},
            "validation": {"last": {"epoch": [2], "value": [9.0]}},
        },
    }


def make_run(folder, record):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "record.json").write_text(json.dumps(record))
    return folder


def test_a_whole_record_passes():
    record = make_record()
    records.check(record, "x.json")
    record["curves"] = {"training": {"epoch": [], "d_loss": []}, "validation": {}}  # of a run that was stopped at once
    records.check(record, "x.json")


@pytest.mark.parametrize(
    "path",
    [
        "schema",
        "experiment",
        "dataset",
        "preset",
        "seed",
        "epochs",
        "config",
        "config.recipe",
        "manifest",
        "command",
        "manifest.data",
        "manifest.data.sha256",
        "cost.minutes",
        "measurements",
        "curves",
    ],
)
@pytest.mark.parametrize("damage", ["missing", "wrong"])
def test_each_missing_or_wrong_field_is_named(path, damage):
    record = make_record()
    *parents, last = path.split(".")
    place = record
    for key in parents:
        place = place[key]
    if damage == "missing":
        del place[last]
    else:
        place[last] = True  # no field of the schema is a boolean, though Python's bool is an int
    with pytest.raises(RunError, match=rf"x\.json.*{path.replace('.', '[.]')}"):
        records.check(record, "x.json")


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda r: r.update(schema=2), "schema is 2"),
        (lambda r: r.update(seed=5), "config.seed"),
        (lambda r: r.update(epochs=-1), "epochs"),
        (lambda r: r["measurements"][0].pop("unit"), r"measurements\[0\].*unit"),
        (lambda r: r["measurements"][0].update(value="high"), r"measurements\[0\].*value"),
        (lambda r: r["measurements"][0].update(value=math.nan), "value is nan"),
        (lambda r: r["measurements"][0].update(standard_error=-1.0), "standard_error"),
        (lambda r: r["measurements"][0].update(n_test="all"), "n_test"),
        (lambda r: r["measurements"].append(3), r"measurements\[1\]"),
        (lambda r: r["curves"]["training"]["epoch"].append(3), "curves.training"),
        (lambda r: r["curves"]["validation"]["last"].pop("epoch"), "last"),
        (lambda r: r["curves"]["training"].update(d_loss=[1.0, math.inf]), "inf"),
        (lambda r: r["curves"].update(training={}), "curves.training must hold lists"),
        (lambda r: r["curves"]["training"].update(epoch=[1, None]), "curves.training.epoch must be ascending"),
        (lambda r: r["curves"]["training"].update(epoch=[2, 1]), "curves.training.epoch must be ascending"),
        (lambda r: r["curves"]["training"].update(d_loss=[1.0, "low"]), "curves.training.d_loss must hold numbers"),
        (lambda r: r["curves"]["validation"].update(last={}), "curves.validation.last must hold lists"),
        (lambda r: r["curves"]["validation"].update(last=[]), "curves.validation.last must hold lists"),
        (lambda r: r["curves"]["validation"].update(last={"epoch": [], "value": []}), "curves.validation.last"),
        (lambda r: r["curves"]["validation"]["last"].pop("value"), "curves.validation.last must hold lists.*value"),
        (lambda r: r["curves"]["validation"]["last"].update(epoch=[None]), "curves.validation.last.epoch"),
        (lambda r: r["curves"]["validation"]["last"].update(value=[True]), "curves.validation.last.value"),
        (lambda r: r["cost"].update(steps="many"), "cost.steps must be a whole number"),
        (lambda r: r["cost"].update(processor=3), "cost.processor must be text"),
        (lambda r: r["manifest"].update(device=["GPU"]), "manifest.device must be text"),
        (lambda r: r["measurements"][0].update(n_draws=5.5), "n_draws must be a whole number"),
        (lambda r: r["measurements"][0].update(n_subsets="three"), "n_subsets must be a whole number"),
        (lambda r: r["measurements"][0].update(draw_deviation="low"), "draw_deviation must be a number"),
        (lambda r: r["measurements"][0].update(draw_deviation=-0.1), "draw_deviation must be >= 0"),
        (lambda r: r["measurements"][0].update(subset_deviation=-0.1), "subset_deviation must be >= 0"),
        (lambda r: r["measurements"][0].update(judge_difference=True), "judge_difference must be a number"),
        (lambda r: r["measurements"][0].update(paired=3.0), "paired must be an object"),
        (lambda r: r["measurements"][0].update(paired={"to": "best"}), r"paired.*difference is missing"),
        (lambda r: r["measurements"][0].update(paired=paired(1.0, to=3)), r"paired.*to must be text"),
        (lambda r: r["measurements"][0].update(paired=paired(1.0, error=-1.0)), r"paired.standard_error must be >= 0"),
        (lambda r: r["measurements"][0].update(paired=paired(math.inf)), r"paired.difference is inf"),
        (lambda r: r.update(choice="validation"), "choice must be an object"),
        (lambda r: r.update(choice={}), "choice.*draw is missing"),
        (lambda r: r.update(choice={"draw": "validation", "note": 3}), "choice.*note must be text"),
    ],
)
def test_damage_inside_is_named(change, words):
    record = make_record()
    change(record)
    with pytest.raises(RunError, match=words):
        records.check(record, "x.json")


@pytest.mark.parametrize(
    "change, words",
    [
        *(({name: None}, rf"{name} must be") for name in make_sweep()),
        ({"sigma": []}, "sigma must be ascending"),
        ({"sigma": [0.167, 0.1]}, "sigma must be ascending"),
        ({"sigma": [0.0, 0.167]}, "sigma must be ascending"),
        ({"sigma": [0.1, True]}, "sigma must be ascending"),
        ({"n_samples": [100, 1000.5]}, "n_samples must be ascending"),
        ({"n_samples": [100]}, "value must have 1 entries"),
        ({"value": [[1.0, 2.0]]}, "value must have 2 entries"),
        ({"value": [[1.0, 2.0], [1.0]]}, "value must have 2 numbers"),
        ({"value": [[1.0, 2.0], [1.0, "high"]]}, "must hold numbers"),
        ({"value": [[1.0, 2.0], 3.0]}, "must hold numbers"),
        ({"value": [[1.0, 2.0], [1.0, math.nan]]}, r"sweep\.value\.1\.1 is nan"),
        ({"chosen_sigma": [[0.167]]}, "chosen_sigma must have 2 entries"),
        ({"chosen_sigma": [[0.167], [0.2]]}, "chosen_sigma must be among sigma"),
        ({"chosen_sigma": [[0.167], []]}, "chosen_sigma must be among sigma"),
        ({"chosen_sigma": [[0.167], [[]]]}, "must hold numbers"),
        ({"chosen_value": [1.0, None]}, "must hold numbers"),
    ],
)
def test_a_damaged_sweep_is_named(change, words):
    record = make_record(measurements=[measurement(200.0, sweep=make_sweep())])
    records.check(record, "x.json")
    record["measurements"][0]["sweep"] |= change
    with pytest.raises(RunError, match=rf"x\.json.*measurements.*{words}"):
        records.check(record, "x.json")


@pytest.mark.parametrize("name", make_sweep())
def test_a_sweep_without_a_field_is_damaged(name):
    record = make_record(measurements=[measurement(200.0, sweep=make_sweep())])
    del record["measurements"][0]["sweep"][name]
    with pytest.raises(RunError, match=rf"sweep.*{name} is missing"):
        records.check(record, "x.json")


def test_a_sweep_divides_nothing_and_summaries_do_not_carry_it():
    members = [make_record(0, [measurement(1.0, sweep=make_sweep())]), make_record(1, [measurement(2.0)])]
    (summary,) = records.summaries(members)
    assert summary.seeds == (0, 1) and not hasattr(summary, "sweep")


def test_folds_are_checked_and_summarised_with_all_their_widths():
    folds = {"n_folds": 5, "sigma": None}
    rows = [[0.1, 0.129, 0.1, 0.1, 0.167], [0.1, 0.1, 0.1, 0.1, 0.1]]
    members = [make_record(seed, [measurement(1.0, sigmas=sigmas, **folds)]) for seed, sigmas in enumerate(rows)]
    for record in members:
        records.check(record, "x.json")
    (summary,) = records.summaries(members)
    assert summary.n_folds == 5 and summary.sigmas == (0.1, 0.129, 0.167) and summary.seeds == (0, 1)
    for damage in ({"sigmas": [0.1, "wide"]}, {"sigmas": 0.1}, {"n_folds": "five"}):
        with pytest.raises(RunError, match=next(iter(damage))):
            records.check(make_record(0, [measurement(1.0, **(folds | damage))]), "x.json")


def test_draws_subsets_judges_and_pairs_are_summarised_over_the_seeds():
    rows = [(0.5, 0.1, -0.4, 10.0), (0.7, 0.3, 0.2, 13.0), (0.9, 0.2, -0.1, 16.0)]
    members = [
        make_record(
            seed,
            [
                measurement(
                    1.0,
                    n_draws=5,
                    draw_deviation=draw,
                    n_subsets=3,
                    subset_deviation=subset,
                    judge_difference=judge,
                    paired=paired(difference),
                )
            ],
        )
        for seed, (draw, subset, judge, difference) in enumerate(rows)
    ]
    for record in members:
        records.check(record, "x.json")
    (summary,) = records.summaries(members)
    assert (summary.draw_deviation, summary.subset_deviation) == pytest.approx((0.7, 0.2))
    assert summary.judge_difference == pytest.approx(-0.1)
    assert summary.paired.to == "best" and summary.paired.difference == pytest.approx(13)
    assert summary.paired.standard_error == pytest.approx(3 / math.sqrt(3))  # over seeds: deviation 3
    assert records.summaries(members[:1])[0].paired == records.Paired("best", 10.0, 0.2)  # of one: over its test images
    members[2]["measurements"][0]["paired"]["to"] = "last"
    assert records.summaries(members)[0].paired is None


def test_an_older_record_says_none_of_it_and_stands_in_the_same_group():
    newer = {"n_draws": 5, "draw_deviation": 0.5, "judge_difference": 0.1, "paired": paired(1.0, None)}
    older, anew = make_record(0), make_record(1, [measurement(2.0, **newer)]) | {"choice": records.CHOICE}
    for record in (older, anew):
        records.check(record, "x.json")
    assert len(records.group([older, anew])) == 1
    (summary,) = records.summaries([older, anew])
    assert summary.seeds == (0, 1)
    assert summary.draw_deviation is summary.subset_deviation is summary.judge_difference is summary.paired is None


def test_what_is_said_of_how_the_epoch_was_chosen():
    best, begun_since = {"value": 1.0, "epoch": 5}, {"choice": records.CHOICE}
    old = make_record() | {"best": best}  # a record of an older version says nothing
    assert records.choice_note(old) == records.OLD_RULE
    assert records.choice_note(old | {"choice": records.choice(best, {})}) == records.OLD_RULE  # such a run, reported anew
    assert records.choice_note(old | {"choice": records.choice(best, begun_since)}) == ""
    for choice in ({}, {"choice": records.choice(None, {})}):  # no epoch was chosen
        assert records.choice_note(make_record() | {"best": None} | choice) == ""
    records.check(old | {"choice": records.choice(best, {})}, "x.json")


def test_other_spaces_and_folds_are_other_measurements():
    spaces = [measurement(1.0), measurement(2.0, space="contrast-normalised to norm 55"), measurement(3.0, n_folds=5)]
    found = records.summaries([make_record(0, spaces)])
    assert [(summary.space, summary.n_folds) for summary in found] == [
        (None, None),
        ("contrast-normalised to norm 55", None),
        (None, 5),
    ]


def test_an_absent_error_bar_is_no_damage():
    record = make_record(measurements=[measurement(1.0, standard_error=None, sigma=None)])
    records.check(record, "x.json")
    assert records.summaries([record])[0].standard_error is None


def test_read_files_is_sorted_and_names_damaged_files(tmp_path):
    assert records.read_files(tmp_path / "nowhere") == []
    for seed in (2, 0, 1):
        (tmp_path / f"s{seed}.json").write_text(json.dumps(make_record(seed)))
    assert [(name, record["seed"]) for name, record in records.read_files(tmp_path)] == [("s0", 0), ("s1", 1), ("s2", 2)]
    (tmp_path / "s1.json").write_text(json.dumps(make_record(1))[:200])
    with pytest.raises(RunError, match=r"s1\.json is damaged: it is not JSON"):
        records.read_files(tmp_path)
    (tmp_path / "s1.json").write_text("[]")
    with pytest.raises(RunError, match=r"s1\.json.*object"):
        records.read_files(tmp_path)


def test_groups_are_equal_but_for_the_seed():
    same = [make_record(seed) for seed in (2, 0, 1)]
    other_recipe = make_record(0, recipe={"batch_size": 50})
    other_epochs = make_record(0, epochs=50)
    other_preset = make_record(0, preset="quick")
    other_data = copy.deepcopy(make_record(3))
    other_data["manifest"]["data"]["sha256"] = "changed"
    groups = records.group([other_preset, *same, other_recipe, other_epochs, other_data])
    assert sorted([record["seed"] for record in members] for members in groups) == [[0], [0], [0], [0, 1, 2], [3]]
    assert groups[-1] == [other_preset] and groups[-2] == [other_epochs]  # paper first, more epochs first


def test_paper_levels_of_all_models_come_first():
    presets = ["quick-convolutional", "quick", "paper-convolutional", "paper"]
    groups = records.group([make_record(preset=preset) for preset in presets])
    assert [members[0]["preset"] for members in groups] == presets[::-1][:2] + ["quick", "quick-convolutional"]


def test_the_planned_epochs_do_not_divide_but_the_played_ones_do():
    continued = make_record(1)
    continued["config"]["recipe"]["epochs"] = 50
    assert len(records.group([make_record(0), continued])) == 1


def test_how_often_pictures_were_drawn_divides_nothing(tmp_path):
    drawn = make_record(0, recipe={"samples_every": 2})
    assert len(records.group([drawn, make_record(1, recipe={"samples_every": 3})])) == 1
    first = records.add(make_run(tmp_path / "a", drawn), tmp_path / "results")
    assert records.add(make_run(tmp_path / "b", make_record(0, recipe={"samples_every": 3})), tmp_path / "results") == first


def test_the_same_run_twice_is_refused():
    with pytest.raises(RunError, match="same run"):
        records.group([make_record(1), make_record(1)])


def test_summaries_against_arithmetic_by_hand():
    rows = [(0, 220.0, 2.0, 0.167), (1, 226.0, 2.5, 0.215), (2, 229.0, 3.0, 0.167)]
    members = [
        make_record(seed, [measurement(value, standard_error=error, sigma=sigma), measurement(1.0, "last")])
        for seed, value, error, sigma in rows
    ]
    best, last = records.summaries(members)
    assert best.value == 225.0 and best.standard_error == 2.5
    assert best.deviation == pytest.approx(math.sqrt((25 + 1 + 16) / 2))
    assert best.seeds == (0, 1, 2) and best.sigmas == (0.167, 0.215)
    assert last.generator == "last" and last.deviation == 0.0
    assert records.summaries(members[:1])[0].deviation is None


def test_other_numbers_of_samples_are_other_measurements_and_doubles_are_refused():
    record = make_record(0, [measurement(1.0), measurement(2.0, n_samples=1000)])
    assert [summary.value for summary in records.summaries([record])] == [1.0, 2.0]
    with pytest.raises(RunError, match="twice"):
        records.summaries([make_record(0, [measurement(1.0), measurement(2.0)])])


def test_add_copies_under_a_telling_name_and_replaces_the_same_run(tmp_path):
    results, record = tmp_path / "results", make_record(7, epochs=500)
    path = records.add(make_run(tmp_path / "run", record), results)
    assert path == results / "records" / "fake-mnist-paper-500epochs-seed7.json"
    assert files.read_json(path) == record
    again = make_record(7, [measurement(1.5)], epochs=500)
    assert records.add(make_run(tmp_path / "again", again), results) == path
    assert [r["measurements"][0]["value"] for _, r in records.read_files(results / "records")] == [1.5]


def test_another_configuration_of_the_same_name_stands_beside_and_is_found_again(tmp_path):
    results = tmp_path / "results"
    first = records.add(make_run(tmp_path / "a", make_record(0)), results)
    other = make_record(0, recipe={"batch_size": 50})
    second = records.add(make_run(tmp_path / "b", other), results)
    assert first != second and second.stem.startswith(first.stem + "-")
    assert records.add(make_run(tmp_path / "b", other), results) == second
    assert len(records.read_files(results / "records")) == 2


def test_an_older_run_that_lacks_a_field_is_found_again(tmp_path):
    recipe = configuration.plain(dataclasses.asdict(configuration.find("goodfellow2014").recipes["mnist"]["paper"]))
    older = {key: value for key, value in recipe.items() if key != "order"}
    record = make_record(0, recipe=older | {"epochs": 100}, experiment="goodfellow2014")
    first = records.add(make_run(tmp_path / "run", record), tmp_path / "results")
    assert records.add(make_run(tmp_path / "run", record), tmp_path / "results") == first
    ((_, found),) = records.read_files(first.parent)
    assert found["config"]["recipe"]["order"] == recipe["order"] and records.identity(found) == records.identity(record)


def test_paths_of_user_data_become_safe_names():
    assert records.file_name(make_record(dataset="npz:/a b/../my faces|48.npz")) == (
        "fake-npz_my-faces-48-paper-100epochs-seed0.json"
    )
    assert records.prefix(make_record(dataset="images:../..")) == "fake-images_"


def test_other_data_of_the_same_name_begin_their_figures_otherwise():
    here, there, other = (make_record(dataset=dataset) for dataset in ("npz:/a/x.npz", "npz:/b/x.npz", "npz:/b/y.npz"))
    for record, digest in ((here, "1" * 64), (there, "2" * 64), (other, "2" * 64)):
        record["manifest"]["data"]["sha256"] = digest
    of = records.prefixes([[here], [there], [other]])
    assert [of(record) for record in (here, there, other)] == ["fake-npz_x-11111111", "fake-npz_x-22222222", "fake-npz_y"]
    assert records.prefixes([[here]])(here) == "fake-npz_x"


@pytest.mark.parametrize("epochs, text", [(250, "250"), (2.5, "2.5"), (250.0, "250"), (1234567, "1234567")])
def test_epochs_are_whole_in_names_however_many_they_are(epochs, text):
    assert records.file_name(make_record(epochs=epochs)) == f"fake-mnist-paper-{text}epochs-seed0.json"


@pytest.mark.parametrize(
    "changes, words",
    [({"preset": "smoke"}, "smoke"), ({"preset": "smoke-tfd"}, "smoke"), ({"dataset": "glyphs"}, "glyphs")],
)
def test_smoke_and_glyphs_are_refused(changes, words, tmp_path):
    run = make_run(tmp_path / "run", make_record(**changes))
    with pytest.raises(RunError, match=words):
        records.add(run, tmp_path / "results")
    assert not (tmp_path / "results").exists()
    (tmp_path / "by-hand.json").write_text((run / "record.json").read_text())
    with pytest.raises(RunError, match=words):
        records.read_files(tmp_path)


def test_unfinished_runs_are_refused(tmp_path):
    with pytest.raises(RunError, match="no folder"):
        records.add(tmp_path / "nowhere", tmp_path)
    (tmp_path / "run").mkdir()
    with pytest.raises(RunError, match="has not finished"):
        records.add(tmp_path / "run", tmp_path)
    with pytest.raises(RunError, match="has not finished.*gan_repro.run"):
        records.add(make_run(tmp_path / "run", make_record() | {"complete": False}), tmp_path)


def test_glyphs_measured_under_another_name_are_refused(tmp_path):
    run = make_run(tmp_path / "run", make_record(measurements=[measurement(1.0, dataset="glyphs")]))
    with pytest.raises(RunError, match="glyphs"):
        records.add(run, tmp_path / "results")
