"""The race of the first epochs: what counts as lost, exact intervals, which trainings are compared."""

import dataclasses

import pytest
from support.records import grouped, make_record, measurement
from support.tables import RECIPE, experiment

from gan_repro.papers.configuration import plain
from gan_repro.reporting import investigation, race

PAPER = experiment()


def training(seed, diversity, preset="quick", epochs=10, d_real=0.8, **changes):
    """A record whose samples have that diversity at the last epoch, and D(G(z)) = .01 times the epoch."""
    record = make_record(seed, [measurement(100.0, "best")], plain(dataclasses.asdict(RECIPE)) | changes, preset=preset)
    count = list(range(1, epochs + 1))
    spread = [*[0.5] * (epochs - 1), diversity]
    readings = {"d_real": [d_real] * epochs, "d_generated": [0.01 * each for each in count], "diversity": spread}
    record["curves"]["training"] = {"epoch": count} | readings
    return record


def cells(lines):
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| ")]


def section(*members):
    return race.section(PAPER, "mnist", grouped(members))


def test_lost_is_what_differs_less_than_a_tenth_as_much_as_real_images_at_epoch_10():
    members = [training(seed, value, batch_size=50) for seed, value in enumerate((0.0999, 0.1, 0.02))]
    found = cells(section(*members, *(training(seed, 0.8) for seed in range(4))))
    by_recipe = {(row[0], row[1]): row for row in found}
    assert [by_recipe["batch_size 50 (paper preset: 100)", f"{seed}"][-1] for seed in range(3)] == ["yes", "no", "yes"]
    assert by_recipe["as published", "3"][2:] == ["0.010", "0.020", "0.030", "0.050", "0.100", "0.80", "no"]


def test_lost_is_also_where_d_is_saturated():
    changed = [training(seed, 0.8, d_real=0.995, batch_size=50) for seed in range(3)]
    for seed, reading in enumerate((0.0099, 0.0101, 0.5)):
        changed[seed]["curves"]["training"]["d_generated"][-1] = reading
    found = cells(section(*changed, *(training(seed, 0.8) for seed in range(3))))
    assert found[-1][1] == "1 of 3"


@pytest.mark.parametrize(("lost", "low", "high"), [(0, 0, 45), (3, 19, 92), (5, 55, 100)])
def test_shares_have_their_exact_interval(lost, low, high):
    """Of five, by Clopper and Pearson at 90 %: 1 - .05^(1/5) = .451; beta quantiles .189 and .924; .05^(1/5) = .549."""
    members = [training(seed, 0.01 if seed < lost else 0.9, batch_size=50) for seed in range(5)]
    found = cells(section(*members, *(training(seed, 0.8) for seed in range(3))))
    assert found[-1] == ["batch_size 50 (paper preset: 100)", f"{lost} of 5", f"{20 * lost} %", f"{low} to {high} %"]


def test_too_few_seeds_and_short_trainings_are_not_compared():
    plain_ones = [training(seed, 0.8) for seed in range(3)]
    assert section(*plain_ones) == []
    assert section(*plain_ones, *(training(seed, 0.01, batch_size=50) for seed in range(2))) == []
    assert section(*(training(seed, 0.01, batch_size=50) for seed in range(3))) == []
    assert section(*plain_ones, *(training(seed, 0.01, epochs=9, batch_size=50) for seed in range(3))) == []


def test_readings_that_were_not_noted_are_blank_and_without_the_last_ones_a_training_is_left_out():
    members = [training(seed, 0.8) for seed in range(4)] + [training(seed, 0.01, batch_size=50) for seed in range(3)]
    members[0]["curves"]["training"]["d_generated"][1] = None
    members[1]["curves"]["training"]["diversity"][-1] = None
    found = {tuple(row[:2]): row for row in cells(section(*members))}
    assert found["as published", "0"][3] == "" and ("as published", "1") not in found


def test_presets_of_one_recipe_count_together_and_of_a_seed_the_longest():
    plain_ones = [training(seed, 0.8) for seed in range(3)]
    changed = [training(seed, 0.8, batch_size=50) for seed in range(3)]
    longer = training(2, 0.01, preset="paper", epochs=10, batch_size=50) | {"epochs": 500}
    found = cells(section(*plain_ones, *changed, longer))
    assert found[-1][1] == "1 of 3"  # seed 2 of the longer one is lost


def test_the_page_on_log_likelihoods_has_it():
    members = [training(seed, 0.8) for seed in range(3)] + [training(seed, 0.01, batch_size=50) for seed in range(3)]
    whole = training(9, 0.9, preset="paper")
    whole["curves"]["validation"] = {"last": {"epoch": [10], "value": [100.0]}}
    assert f"### {race.HEADING}" in investigation.markdown([PAPER], grouped([*members, whole]))
