"""Tables of models beside each other: which runs stand in them, the main weights, what was not run."""

import dataclasses

import numpy as np
import pytest
from support.records import grouped, make_record, measurement

from gan_repro.data.names import dataset_kind
from gan_repro.figures import histograms
from gan_repro.papers import configuration
from gan_repro.papers.shown import Beside
from gan_repro.reporting import beside, comparison, formats, notes

SHOWN = Beside("Two models", "Text.", "mnist", (("theirs", "cgan", "mlp"), ("ours", "acgan", "digits")), ("recall", "ms_ssim"))


def record(experiment, model, preset="quick", epochs=10, seed=0, **values):
    recipe = configuration.resolve(configuration.find(experiment), "mnist", model, preset).as_dict()["recipe"]
    entries = [
        measurement(value, of, metric=metric, unit="%", sigma=None, standard_error=None)
        for (metric, of), value in {
            ("recall", "last"): 1.0,
            ("recall", "training images"): 90.0,
            **values.pop("of", {}),
        }.items()
    ]
    made = make_record(seed, entries, recipe | values, "mnist", preset, epochs, experiment, model)
    return made | {"config": made["config"] | {"recipe": recipe | values | {"epochs": epochs}}}


def rows(*contents):
    return beside.rows(SHOWN, [configuration.find(name) for name in ("acgan", "cgan")], grouped(contents))


def test_a_row_for_the_longest_run_and_for_shorter_ones_of_more_seeds():
    header, *found = rows(
        record("cgan", "mlp", "paper", 50),
        record("cgan", "mlp", "paper", 300, of={("recall", "best"): 40.0, ("recall", "last"): 30.0}),
        *(record("cgan", "mlp", "paper", 100, seed) for seed in range(3)),
        *(record("cgan", "mlp", "paper", 20, seed) for seed in range(2)),
        *(record("cgan", "mlp", "quick", 900, seed) for seed in range(5)),
        record("cgan", "mlp", "paper", 900, keep=0.25),
    )
    assert header[:3] == ["Model", "Run", "Seeds"] and len(header) == 5 and "%" in header[3]
    assert [row[0] for row in found] == ["theirs", "theirs", "ours", "training images in place of samples"]
    assert " 300 epochs" in found[0][1] and " 100 epochs" in found[1][1]
    assert [row[2] for row in found] == ["1", "3", "", ""]
    assert found[0][3] == "40" and found[0][4] == ""
    assert found[2][1] == "not run" and found[3][3] == "90"


def test_of_a_model_without_a_run_of_the_paper_s_preset_the_next_one_stands_there():
    assert ["quick preset" in row[1] for row in rows(record("cgan", "mlp", "smoke"), record("cgan", "mlp"))[1:2]] == [True]


def test_what_is_published_of_a_model_stands_in_its_row():
    shown = dataclasses.replace(SHOWN, metrics=("parzen_log_likelihood", "recall"))
    header, theirs, ours = beside.rows(shown, [configuration.find(name) for name in ("acgan", "cgan")], [])
    assert header[2:4] == ["Seeds", "Published"]
    assert theirs[3] == "132 ± 1.8" and ours[3] == ""


def faces(name, by_image, seed=0, preset="paper"):
    """A record of a model with nats of each image."""
    made = record(name, {"cgan": "mlp", "acgan": "digits"}[name], preset, 5, seed)
    nats = measurement(float(np.mean(by_image)), "last", metric="parzen_log_likelihood", standard_error=None)
    return made | {"measurements": [*made["measurements"], nats | {"by_image": [float(each) for each in by_image]}]}


def test_differences_are_taken_image_by_image():
    shown = dataclasses.replace(SHOWN, paired="parzen_log_likelihood")
    random = np.random.default_rng(0)
    hard = random.normal(0, 100, 50)  # images differ by much more than models do
    own = [hard + random.normal(3, 1, 50) for _ in range(2)]
    theirs = hard + random.normal(0, 1, 50)
    found = beside.paired_rows(
        shown,
        [configuration.find(name) for name in ("acgan", "cgan")],
        grouped([faces("acgan", own[0]), faces("acgan", own[1], 1), faces("cgan", theirs), record("cgan", "mlp", "quick")]),
    )
    (_, (pair, text)) = found
    assert pair == "theirs minus ours"
    value, error = (float(part) for part in text.split(" ± "))
    apart = theirs - (own[0] + own[1]) / 2
    assert value == pytest.approx(apart.mean(), abs=0.01)
    assert error == pytest.approx(apart.std(ddof=1) / 50**0.5, rel=0.05)


def test_without_numbers_of_each_image_there_is_no_difference():
    shown = dataclasses.replace(SHOWN, paired="recall")
    both = grouped([record("cgan", "mlp"), record("acgan", "digits")])
    assert len(beside.paired_rows(shown, [configuration.find(name) for name in ("acgan", "cgan")], both)) == 1


def test_nothing_that_was_run_is_said_so():
    assert [row[1] for row in rows()[1:]] == ["not run", "not run"]


def test_it_stands_on_the_page_of_its_experiment():
    found = [configuration.find(name) for name in ("acgan", "cgan")]
    found[0] = dataclasses.replace(found[0], beside=(SHOWN,))
    built = comparison.build("acgan", found, grouped([record("cgan", "mlp")]))
    text = formats.markdown(built)
    assert "## Two models\n\nText.\n\n| Model | Run |" in text and "CGAN: quick preset" in text
    assert "## Two models" not in formats.markdown(comparison.build("cgan", found, grouped([record("cgan", "mlp")])))


@pytest.mark.parametrize("name", configuration.names())
def test_what_stands_beside_each_other_is_there(name):
    for each in configuration.find(name).beside:
        for _, other, model in each.models:
            assert dataset_kind(each.dataset) in configuration.find(other).models[model].datasets, (other, model)
        assert not each.paired or each.paired in each.metrics
        assert each.title and each.text and each.metrics


def along(name, of, mean, seed=0):
    """A record of a model whose chains visit so many classes."""
    made = record(name, {"cgan": "mlp", "acgan": "digits"}[name], "paper", 5, seed)
    visited = [
        measurement(values[0], whose, metric="classes_visited", unit="classes", condition="10 consecutive samples")
        | {"curve": {"length": [1, 10, 20], "mean": values}}
        for whose, values in {of: mean, "training images": [1.0, 6.5, 8.7]}.items()
    ]
    return made | {"measurements": [*made["measurements"], *visited]}


def test_classes_along_chains_are_drawn_of_all_models_together(tmp_path):
    found = [configuration.find(name) for name in ("acgan", "cgan")]
    groups = grouped([along("acgan", "last", [1.0, 2.0, 4.0]), along("acgan", "last", [1.0, 4.0, 6.0], 1)])
    shown = beside.shown(SHOWN, "acgan", found, groups)
    assert shown.lines == {
        "ours": {"length": (1, 10, 20), "mean": [1.0, 3.0, 5.0]},
        "training images": {"length": (1, 10, 20), "mean": (1.0, 6.5, 8.7)},
    }
    assert shown.figure == "acgan-mnist-classes-visited.png" and shown.classes == 10
    shown.draw(tmp_path / shown.figure)
    assert (tmp_path / shown.figure).stat().st_size > 0
    found[0] = dataclasses.replace(found[0], beside=(SHOWN,))
    assert f"(figures/{shown.figure})" in formats.markdown(comparison.build("acgan", found, groups))


def test_lines_of_chains_say_how_many_steps_lie_between_samples():
    bengio = configuration.find("bengio2013")
    shown = dataclasses.replace(SHOWN, models=(("a", "bengio2013", "dbn"), ("b", "bengio2013", "cae")))
    contents = []
    for model in ("dbn", "cae"):
        made = record("bengio2013", model, "paper", 5)
        visited = measurement(1.0, "last", metric="classes_visited", curve={"length": [1], "mean": [1.0]}, sigma=None)
        contents.append(made | {"measurements": [visited]})
    del contents[1]["config"]["recipe"]["thinning"]  # of a record that is older than the field: its default counts
    assert contents[0]["config"]["recipe"]["thinning"] == 20
    lines = beside.visited(shown, [bengio], grouped(contents))
    assert {name: line["apart"] for name, line in lines.items()} == {"a": 20, "b": 10}


def test_figures_of_the_runs_stand_beside_each_other_where_two_have_them():
    shown = dataclasses.replace(SHOWN, figures=("samples-last", "depth"))
    found = [configuration.find(name) for name in ("acgan", "cgan")]
    groups = grouped([record("cgan", "mlp"), record("acgan", "digits")])
    stems = {label: f"{experiment}-mnist-quick-10epochs-seed0" for label, experiment in (("theirs", "cgan"), ("ours", "acgan"))}
    files = [f"{stem}-samples-last.png" for stem in stems.values()] + [f"{stems['ours']}-depth.png"]
    assert list(beside.shown(shown, "acgan", found, groups).pictures(files)) == [
        ("samples-last", {label: f"{stem}-samples-last.png" for label, stem in stems.items()})
    ]
    found[0] = dataclasses.replace(found[0], beside=(shown,))
    text = formats.markdown(comparison.build("acgan", found, groups), pictures=files)
    assert all(f"(figures/{file})" in text for file in files[:2]) and "depth" not in text


def test_models_of_other_papers_that_another_classifier_read_are_named():
    found = [configuration.find(name) for name in ("acgan", "cgan")]
    found[0] = dataclasses.replace(found[0], beside=(SHOWN,))

    def read(name, model, accuracy):
        made = record(name, model)
        entry = measurement(accuracy, "test images", metric="label_accuracy", unit="%", sigma=None, space="features")
        return made | {"measurements": [*made["measurements"], entry]}

    for accuracy, named in ((99.31, True), (99.26, False)):
        groups = grouped([read("cgan", "mlp", accuracy), read("acgan", "digits", 99.26)])
        text = " ".join(notes.notes(comparison.build("acgan", found, groups)))
        assert ("99.31 %: theirs" in text and "99.26 %: run 1" in text) == named


def counted(name, of, seed=0):
    """A record of a model whose samples are read as three classes so often; {weights or reference: counts}."""
    made = record(name, {"cgan": "mlp", "acgan": "digits"}[name], "paper", 5, seed)
    entries = [measurement(0.1, whose, metric="class_kl", sigma=None) | {"histogram": counts} for whose, counts in of.items()]
    return made | {"measurements": [*made["measurements"], *entries]}


def test_shares_of_classes_are_those_of_each_seed_and_of_real_images(tmp_path):
    shown = dataclasses.replace(SHOWN, metrics=("class_kl",))
    real = {"training images": [30, 30, 40]}
    seeds = [counted("acgan", {"last": [1, 0, 3]} | real), counted("acgan", {"last": [2, 2, 0]} | real, 1)]
    found = [configuration.find(name) for name in ("acgan", "cgan")]
    groups = grouped([*seeds, counted("cgan", {"best": [0, 5, 5], "last": [9, 9, 9]})])
    drawn = beside.shown(shown, "acgan", found, groups)
    assert drawn.shares == {"theirs": [[0, 50, 50]], "ours": [[25, 0, 75], [50, 50, 0]], "training images": [[30, 30, 40]]}
    drawn.draw_shares(tmp_path / drawn.histograms)
    assert (tmp_path / drawn.histograms).stat().st_size > 0
    assert beside.shown(shown, "acgan", found, grouped(seeds)).shares == {}
    assert beside.shown(SHOWN, "acgan", found, groups).shares == {}


def test_models_of_other_classes_have_no_picture_together(tmp_path):
    with pytest.raises(ValueError):
        histograms.classes(tmp_path / "x.png", {"a": [[50, 50]], "b": [[20, 30, 50]]}, "title")


def test_without_chains_no_classes_are_drawn():
    assert beside.shown(SHOWN, "acgan", [configuration.find(name) for name in ("acgan", "cgan")], []).lines == {}


def test_a_training_that_was_not_finished_stands_there_where_no_other_does():
    early = record("cgan", "mlp", epochs=90) | {"epochs": 45, "complete": False}
    assert "45 of 90 epochs" in rows(early)[1][1]
    shown = [row[1] for row in rows(early, record("cgan", "mlp", epochs=20, seed=1))[1:]]
    assert " 20 epochs" in shown[0] and not any(" of " in each for each in shown)
