"""Records together: groups differ by more than the seed, what is summarised, names, and what --add refuses."""

import copy
import dataclasses
import json
import math
import shlex

import pytest
from support.records import grouped, make_record, make_run, make_sweep, measurement, paired, parsed, summaries

from gan_repro.evaluation.measurement import Paired
from gan_repro.papers import configuration
from gan_repro.reporting import conditions, records
from gan_repro.reporting.groups import identity
from gan_repro.reporting.record import read
from gan_repro.system.errors import RunError


def test_a_sweep_divides_nothing_and_summaries_do_not_carry_it():
    members = [make_record(0, [measurement(1.0, sweep=make_sweep())]), make_record(1, [measurement(2.0)])]
    (summary,) = summaries(members)
    assert summary.seeds == (0, 1) and not hasattr(summary, "sweep")


def test_folds_are_checked_and_summarised_with_all_their_widths():
    folds = {"n_folds": 5, "sigma": None}
    rows = [[0.1, 0.129, 0.1, 0.1, 0.167], [0.1, 0.1, 0.1, 0.1, 0.1]]
    members = [make_record(seed, [measurement(1.0, sigmas=sigmas, **folds)]) for seed, sigmas in enumerate(rows)]
    for record in members:
        parsed(record)
    (summary,) = summaries(members)
    assert summary.n_folds == 5 and summary.sigmas == (0.1, 0.129, 0.167) and summary.seeds == (0, 1)
    for damage in ({"sigmas": [0.1, "wide"]}, {"sigmas": 0.1}, {"n_folds": "five"}):
        with pytest.raises(RunError, match=next(iter(damage))):
            parsed(make_record(0, [measurement(1.0, **(folds | damage))]))


def test_draws_subsets_judges_and_pairs_are_summarised_over_the_seeds():
    rows = [(0.5, 0.1, -0.4, 10.0), (0.7, 0.3, 0.2, 13.0), (0.9, 0.2, -0.1, 16.0)]
    members = [
        make_record(
            seed,
            [
                measurement(
                    1.0,
                    n_draws=5,
                    std_over_draws=draw,
                    n_subsets=3,
                    std_over_subsets=subset,
                    classifier_difference=judge,
                    paired=paired(difference),
                )
            ],
        )
        for seed, (draw, subset, judge, difference) in enumerate(rows)
    ]
    for record in members:
        parsed(record)
    (summary,) = summaries(members)
    assert (summary.std_over_draws, summary.std_over_subsets) == pytest.approx((0.7, 0.2))
    assert summary.classifier_difference == pytest.approx(-0.1)
    assert summary.paired.to == "best" and summary.paired.difference == pytest.approx(13)
    assert summary.paired.standard_error == pytest.approx(3 / math.sqrt(3))  # over seeds: deviation 3
    assert summaries(members[:1])[0].paired == Paired("best", 10.0, 0.2)  # of one: over its test images
    members[2]["measurements"][0]["paired"]["to"] = "last"
    assert summaries(members)[0].paired is None


def test_what_one_seed_does_not_say_the_summary_does_not_say():
    whole = {"n_draws": 5, "std_over_draws": 0.5, "classifier_difference": 0.1, "paired": paired(1.0, None)}
    members = [make_record(0), make_record(1, [measurement(2.0, **whole)])]
    assert len(grouped(members)) == 1
    (summary,) = summaries(members)
    assert summary.seeds == (0, 1)
    assert summary.std_over_draws is summary.std_over_subsets is summary.classifier_difference is summary.paired is None


def test_a_changed_recipe_is_named_by_what_was_changed_in_plain_characters_and_never_too_long():
    recipe = configuration.plain(
        dataclasses.asdict(configuration.find("goodfellow2014").models["mnist"].recipe("paper", "mnist"))
    )

    def name(**changes):
        content = make_record(0, recipe=recipe | {"epochs": 100} | changes, experiment="goodfellow2014", model="mnist")
        return records.name(parsed(content))

    assert name() == name(n_samples=5, samples_every=7) == "goodfellow2014-mnist-paper-100epochs-seed0"
    assert name(order="alternating") == "goodfellow2014-mnist-paper-order=alternating-100epochs-seed0"
    assert "-generator_units=8,9-" in name(generator_units=[8, 9])
    assert len({name(), name(order="alternating"), name(batch_size=7), name(batch_size=8)}) == 4
    every = name(**{key: f"a/b {index}" * 9 for index, key in enumerate(recipe) if isinstance(recipe[key], (str, list))})
    assert len(every) < 180 and not set(every) & set("/ :\\") and "-more-" in every
    long = {"generator_units": [1234567] * 9}  # too many to be shown, as what follows them
    assert len({name(**long), *(name(**long, **{key: value}) for key in ("prior", "order") for value in ("a/b", "a b"))}) == 5


def test_other_spaces_and_folds_are_other_measurements():
    spaces = [measurement(1.0), measurement(2.0, space="contrast-normalised to norm 55"), measurement(3.0, n_folds=5)]
    found = summaries([make_record(0, spaces)])
    assert [(summary.space, summary.n_folds) for summary in found] == [
        (None, None),
        ("contrast-normalised to norm 55", None),
        (None, 5),
    ]


def test_read_files_is_sorted_and_names_damaged_files(tmp_path):
    assert records.read_folder(tmp_path / "nowhere") == []
    for seed in (2, 0, 1):
        (tmp_path / f"s{seed}.json").write_text(json.dumps(make_record(seed)))
    assert [(record.stem, record.seed) for record in records.read_folder(tmp_path)] == [("s0", 0), ("s1", 1), ("s2", 2)]
    (tmp_path / "s1.json").write_text(json.dumps(make_record(1))[:200])
    with pytest.raises(RunError, match=r"s1\.json is damaged: it is not JSON"):
        records.read_folder(tmp_path)
    (tmp_path / "s1.json").write_text("[]")
    with pytest.raises(RunError, match=r"s1\.json.*object"):
        records.read_folder(tmp_path)


def test_groups_are_equal_but_for_the_seed():
    same = [make_record(seed) for seed in (2, 0, 1)]
    other_recipe = make_record(0, recipe={"batch_size": 50})
    other_epochs = make_record(0, epochs=50)
    other_preset = make_record(0, preset="quick")
    other_data = copy.deepcopy(make_record(3))
    other_data["manifest"]["data"]["sha256"] = "changed"
    groups = grouped([other_preset, *same, other_recipe, other_epochs, other_data])
    assert sorted([*group.seeds] for group in groups) == [[0], [0], [0], [0, 1, 2], [3]]
    assert [*groups[-1]] == [parsed(other_preset)] and [*groups[-2]] == [parsed(other_epochs)]  # paper first, more epochs first


def test_paper_levels_of_all_models_come_first():
    presets = ["quick-convolutional", "quick", "paper-convolutional", "paper"]
    groups = grouped([make_record(preset=preset) for preset in presets])
    assert [group.first.preset for group in groups] == presets[::-1][:2] + ["quick", "quick-convolutional"]


def test_the_planned_epochs_do_not_divide_but_the_played_ones_do():
    continued = make_record(1)
    continued["config"]["recipe"]["epochs"] = 50
    assert len(grouped([make_record(0), continued])) == 1


def test_how_often_pictures_were_drawn_divides_nothing(tmp_path):
    drawn = make_record(0, recipe={"samples_every": 2})
    assert len(grouped([drawn, make_record(1, recipe={"samples_every": 3})])) == 1
    first = records.add(make_run(tmp_path / "a", drawn), tmp_path / "results")
    assert records.add(make_run(tmp_path / "b", make_record(0, recipe={"samples_every": 3})), tmp_path / "results") == first


def test_the_same_run_twice_is_refused():
    with pytest.raises(RunError, match="same run"):
        grouped([make_record(1), make_record(1)])


def test_summaries_against_arithmetic_by_hand():
    rows = [(0, 220.0, 2.0, 0.167), (1, 226.0, 2.5, 0.215), (2, 229.0, 3.0, 0.167)]
    members = [
        make_record(seed, [measurement(value, standard_error=error, sigma=sigma), measurement(1.0, "last")])
        for seed, value, error, sigma in rows
    ]
    best, last = summaries(members)
    assert best.value == 225.0 and best.standard_error == 2.5
    assert best.std_over_seeds == pytest.approx(math.sqrt((25 + 1 + 16) / 2))
    assert best.seeds == (0, 1, 2) and best.sigmas == (0.167, 0.215)
    assert last.weights == "last" and last.std_over_seeds == 0.0
    assert summaries(members[:1])[0].std_over_seeds is None


def test_other_numbers_of_samples_are_other_measurements_and_doubles_are_refused():
    record = make_record(0, [measurement(1.0), measurement(2.0, n_samples=1000)])
    assert [summary.value for summary in summaries([record])] == [1.0, 2.0]
    with pytest.raises(RunError, match="twice"):
        parsed(make_record(0, [measurement(1.0), measurement(2.0)]))


def test_add_copies_under_a_telling_name_and_replaces_the_same_run(tmp_path):
    results, record = tmp_path / "results", make_record(7, epochs=500)
    path = records.add(make_run(tmp_path / "run", record), results)
    assert path == results / "records" / "fake-mnist-nets-paper-500epochs-seed7.json"
    assert read(path) == parsed(record)
    again = make_record(7, [measurement(1.5)], epochs=500)
    assert records.add(make_run(tmp_path / "again", again), results) == path
    assert [record.measurements[0].value for record in records.read_folder(results / "records")] == [1.5]


def test_another_configuration_of_the_same_name_stands_beside_and_is_found_again(tmp_path):
    results = tmp_path / "results"
    first = records.add(make_run(tmp_path / "a", make_record(0)), results)
    other = make_record(0, recipe={"batch_size": 50})
    second = records.add(make_run(tmp_path / "b", other), results)
    assert first != second and second.stem.startswith(first.stem + "-")
    assert records.add(make_run(tmp_path / "b", other), results) == second
    assert len(records.read_folder(results / "records")) == 2


def test_an_older_run_that_lacks_a_field_is_found_again(tmp_path):
    recipe = configuration.plain(
        dataclasses.asdict(configuration.find("goodfellow2014").models["mnist"].recipe("paper", "mnist"))
    )
    older = {key: value for key, value in recipe.items() if key != "order"}
    record = make_record(0, recipe=older | {"epochs": 100}, experiment="goodfellow2014", model="mnist")
    first = records.add(make_run(tmp_path / "run", record), tmp_path / "results")
    assert records.add(make_run(tmp_path / "run", record), tmp_path / "results") == first
    (found,) = records.read_folder(first.parent)
    assert identity(found) == identity(parsed(record))
    newer = parsed(make_record(1, recipe=recipe | {"epochs": 100}, experiment="goodfellow2014", model="mnist"))
    assert identity(found) == identity(newer)  # another seed of the same row
    paper = configuration.find("goodfellow2014").models["mnist"].recipe("paper", "mnist")
    assert list(conditions.differences(paper, found)) == list(conditions.differences(paper, newer))


def test_paths_of_user_data_become_safe_names():
    assert (
        records.name(parsed(make_record(dataset="npz:/a b/../my faces|48.npz")))
        == "fake-npz_my-faces-48-nets-paper-100epochs-seed0"
    )
    assert records.prefix(parsed(make_record(dataset="images:../.."))) == "fake-images_"


def test_other_data_of_the_same_name_begin_their_figures_otherwise():
    here, there, other = (make_record(dataset=dataset) for dataset in ("npz:/a/x.npz", "npz:/b/x.npz", "npz:/b/y.npz"))
    for record, digest in ((here, "1" * 64), (there, "2" * 64), (other, "2" * 64)):
        record["manifest"]["data"]["sha256"] = digest
    here, there, other = map(parsed, (here, there, other))
    of = records.prefixes([[here], [there], [other]])
    names = ["fake-npz_x-11111111-nets", "fake-npz_x-22222222-nets", "fake-npz_y-nets"]
    assert [of(record) for record in (here, there, other)] == names
    assert records.prefixes([[here]])(here) == "fake-npz_x-nets"


def test_models_have_figures_of_their_own_and_the_datas_own_model_needs_no_name():
    models = (
        parsed(make_record(experiment="bengio2013", model="dbn")),
        parsed(make_record(experiment="bengio2013", model="dbn1")),
    )
    of = records.prefixes([[record] for record in models])
    assert [of(record) for record in models] == ["bengio2013-mnist", "bengio2013-mnist-dbn1"]


@pytest.mark.parametrize("epochs, text", [(250, "250"), (2.5, "2.5"), (250.0, "250"), (1234567, "1234567")])
def test_epochs_are_whole_in_names_however_many_they_are(epochs, text):
    assert records.name(parsed(make_record(epochs=epochs))) == f"fake-mnist-nets-paper-{text}epochs-seed0"


@pytest.mark.parametrize(
    "changes, words",
    [({"preset": "smoke"}, "smoke"), ({"dataset": "glyphs"}, "glyphs")],
)
def test_smoke_and_glyphs_are_refused(changes, words, tmp_path):
    run = make_run(tmp_path / "run", make_record(**changes))
    with pytest.raises(RunError, match=words):
        records.add(run, tmp_path / "results")
    assert not (tmp_path / "results").exists()
    (tmp_path / "by-hand.json").write_text((run / "record.json").read_text())
    with pytest.raises(RunError, match=words):
        records.read_folder(tmp_path)


def test_unfinished_runs_are_refused(tmp_path):
    with pytest.raises(RunError, match="no folder"):
        records.add(tmp_path / "nowhere", tmp_path)
    (tmp_path / "run").mkdir()
    with pytest.raises(RunError, match="has not finished"):
        records.add(tmp_path / "run", tmp_path)
    with pytest.raises(RunError, match="has not finished.*gan_repro.run") as refused:
        records.add(make_run(tmp_path / "a run", make_record() | {"complete": False}), tmp_path)
    assert f"--workdir={tmp_path / 'a run'}" in shlex.split(str(refused.value).partition("continue it: ")[2])


def test_glyphs_measured_under_another_name_are_refused(tmp_path):
    run = make_run(tmp_path / "run", make_record(measurements=[measurement(1.0, dataset="stacked_glyphs")]))
    with pytest.raises(RunError, match="glyphs"):
        records.add(run, tmp_path / "results")
