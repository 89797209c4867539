"""Trainings that were not finished: how their rows are called, with what they are averaged, what they decide."""

import dataclasses

import pytest
from support.records import grouped, make_record, parsed
from support.tables import build, experiment, published, trained

from gan_repro.figures import curves
from gan_repro.papers import configuration
from gan_repro.papers.configuration import plain
from gan_repro.reporting import comparison, findings, formats, summary


def ended(record, epochs):
    """A record's JSON, as if its training had been ended after so many epochs."""
    return record | {"epochs": epochs, "complete": False}


def two_stages(**changes):
    """The Record of a training of 40 epochs and then 50."""
    config = configuration.resolve(configuration.find("bengio2013"), "mnist", settings=["lower_epochs=40", "epochs=50"])
    names = {key: config.as_dict()[key] for key in ("experiment", "dataset", "model", "preset", "seed")}
    return parsed(make_record() | names | {"config": config.as_dict(), "epochs": 90} | changes)


def test_what_was_planned_is_of_all_stages_and_the_last_one_begins_where_it_was_to_begin():
    whole = two_stages()
    assert (whole.planned, whole.played, whole.second_stage) == (90, "90", 40)
    for epochs in (12.5, 45):  # in the first stage, and in the second
        early = two_stages(epochs=epochs, complete=False)
        assert (early.planned, early.played, early.second_stage) == (90, f"{epochs:g} of 90", 40)


def test_what_was_planned_of_a_model_that_is_gone_is_what_its_recipe_says():
    assert parsed(ended(make_record(epochs=90), 45)).played == "45 of 90"


def test_an_unfinished_training_is_averaged_with_none_but_those_of_the_same_plan():
    """A rate that falls over 90 epochs is elsewhere after 45 than one that falls over 45."""
    early = [ended(make_record(seed, epochs=90), 45) for seed in (0, 1)]
    shorter_plan = ended(make_record(2, epochs=60), 45)
    groups = grouped([*early, shorter_plan, make_record(3, epochs=45)])
    assert sorted(group.seeds for group in groups) == [(0, 1), (2,), (3,)]


@pytest.mark.parametrize("open_schedule", [False, True])
def test_its_row_says_how_far_it_came_and_its_verdict_is_that(open_schedule):
    numbers = (published("Fake nets", "mnist", 225, 2, ours=True, open_schedule=open_schedule),)
    built = [
        build(*members, experiments=[experiment(numbers=numbers)])
        for members in (
            [trained(seed, 225.0) for seed in range(3)],
            [ended(trained(seed, 225.0), 45) for seed in range(3)],
        )
    ]
    words = [comparison.verdict_rows(table)[1][-1] for table in built]
    assert words == ["reproduced", "other conditions: 45 of 100 epochs"]
    (line,) = built[1].lines
    assert line.label.startswith("Fake nets, run 1: paper preset, 45 of 100 epochs")
    assert comparison.detail_rows(built[1], built[1].lines)[1][-1] == "45 of 100"
    assert summary.rows(built[1:])[0].played == "45 of 100 epochs"
    assert "45 of 100 epochs, 500 steps (" in formats.markdown(built[1])  # at its command


def test_one_of_a_shorter_plan_than_the_papers_says_both():
    early = trained(0, 225.0)
    early["config"]["recipe"]["epochs"] = 60
    (line,) = build(ended(early, 45)).lines
    assert line.condition_differences == ("45 of 60 epochs", "45 of the preset's 100 epochs")


def test_findings_and_figures_say_how_far_it_came():
    early = dataclasses.replace(parsed(ended(make_record(epochs=90), 45)), stem="early")
    assert findings.filled("After {early | epochs} epochs.", [early], "x.md") == "After 45 of 90 epochs."
    assert "quick preset, 45 of 90 epochs" in curves.title_of_run("A", "B", "quick", early.epochs, 0, planned=early.planned)
    assert "quick preset, 90 epochs" in curves.title_of_run("A", "B", "quick", 90, 0, planned=90)
    assert "quick preset, 1 epoch, seed 0" in curves.title_of_run("A", "B", "quick", 1, 0, planned=1)


def test_a_record_of_all_its_epochs_is_called_as_ever():
    """Its planned epochs are those played, whatever its configuration says: it may have gone on from a shorter one."""
    content = make_record(epochs=100)
    content["config"]["recipe"] = plain(content["config"]["recipe"]) | {"epochs": 50}
    assert (parsed(content).planned, parsed(content).played) == (100, "100")
