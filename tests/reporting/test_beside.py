"""Tables of models beside each other: the longest run of each preset, the main weights, what was not run."""

import dataclasses

import pytest
from support.records import grouped, make_record, measurement

from gan_repro.papers import configuration
from gan_repro.papers.experiment import Beside
from gan_repro.reporting import beside, comparison, formats

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


def test_a_row_for_the_longest_run_of_each_preset():
    header, *found = rows(
        record("cgan", "mlp", epochs=5),
        record("cgan", "mlp", epochs=20, seed=1, of={("recall", "best"): 40.0, ("recall", "last"): 30.0}),
        record("cgan", "mlp", "paper", 300),
        record("cgan", "mlp", epochs=900, keep=0.25),
    )
    assert header[0] == "Model" and len(header) == 4 and "%" in header[2]
    assert [row[0] for row in found] == ["theirs", "theirs", "ours", "training images in place of samples"]
    assert "paper preset" in found[0][1] and "quick preset" in found[1][1] and "20 epochs" in found[1][1]
    assert found[1][2].startswith("40") and found[1][3] == ""
    assert found[2][1] == "not run" and found[3][2].startswith("90")


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
            assert each.dataset in configuration.find(other).models[model].datasets, (other, model)
        assert each.title and each.text and each.metrics


def test_a_training_that_was_not_finished_stands_there_where_no_other_does():
    early = record("cgan", "mlp", epochs=90) | {"epochs": 45, "complete": False}
    assert "45 of 90 epochs" in rows(early)[1][1]
    shown = [row[1] for row in rows(early, record("cgan", "mlp", epochs=20, seed=1))[1:]]
    assert " 20 epochs" in shown[0] and not any(" of " in each for each in shown)
