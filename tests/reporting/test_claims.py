"""Claims: which runs they are held against, both outcomes, and what is said where there are no runs."""

import dataclasses
import re

import numpy as np
import pytest
from scipy import stats
from support.records import measurement
from support.tables import build, experiment, model, trained

from gan_repro.papers import configuration
from gan_repro.papers.shown import Budget, Claim
from gan_repro.reporting import claims, formats, resampling, verdicts
from gan_repro.reporting.metrics import Metric

USED = ("nets", "wide")
USES = (("nets", "recall"), ("wide", "recall"))
CLAIM = Claim("Figure 6", "both learn", "recall above 1 %", "mnist", USES, lambda plain, wide: min(plain, wide) > 1)


def paper(claim=CLAIM):
    return experiment(claims=(claim,), models={"nets": model(), "wide": model("Wide nets")})


def run(recall, model="nets", preset="paper", epochs=100, seed=0, **changes):
    record = trained(seed, 225.0, model=model, preset=preset, epochs=epochs, **changes)
    record["measurements"] += [
        measurement(value, of, metric="recall", unit="%", standard_error=None)
        for of, value in (("last", recall), ("training images", 99.0))
    ]
    return record


def answer(*members, claim=CLAIM):
    header, *found = claims.rows(build(*members, experiments=[paper(claim)]))
    assert header == ["The paper shows", "Our criterion", "Measured", "Conditions", "Verdict"]
    ((what, criterion, *rest),) = found
    assert (what, criterion) == ("Figure 6: both learn", "recall above 1 %")
    return rest


@pytest.mark.parametrize(("wide", "held"), [(20.0, 1), (0.5, 0)])
def test_one_seed_decides_nothing(wide, held):
    conditions = "runs 1 and 2 (paper; 100 epochs); 1 seed"
    measured, named, verdict = answer(run(45.0), run(wide, "wide"))
    assert (measured, named) == (f"Fake nets: recall 45 %; Wide nets: recall {wide:g} %", conditions)
    assert verdict.startswith("undecided") and f"{held} of 1 seed" in verdict


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((2.0, 3.0, 4.0), "observed in 3 of 3 seeds"),
        ((0.1, 0.2, 0.3), "not observed in 0 of 3 seeds"),
        ((0.5, 3.0, 9.0), "undecided: observed in 2 of 3 seeds"),
    ],
)
def test_the_criterion_is_met_seed_by_seed(values, words):
    members = [run(value, model, seed=seed) for model in USED for seed, value in enumerate(values)]
    measured, conditions, verdict = answer(*members)
    assert verdict == words and conditions.endswith("; 3 seeds")
    mean, half = np.mean(values), stats.t.ppf(0.95, 2) * np.std(values, ddof=1) / 3**0.5
    shown = [float(number) for number in re.findall(r"-?[0-9.]+", measured)]
    assert shown == pytest.approx([mean, half] * 2, rel=0.1)  # shown with two digits of the interval


def test_where_a_t_interval_could_leave_the_range_runs_are_resampled_and_the_page_says_what_that_means():
    near_100 = (99.9, 96.0, 99.0)
    members = [run(value, model, seed=seed) for model in USED for seed, value in enumerate(near_100)]
    resampled = dataclasses.replace(paper(), metrics=(Metric("recall", resampled=True),))
    table = build(*members, experiments=[resampled])
    measured = claims.rows(table)[1][2]
    shown = [float(number) for number in re.findall(r"[0-9.]+", measured)]
    mean, low, high = np.mean(near_100), (2 * 96.0 + 99.0) / 3, (2 * 99.9 + 99.0) / 3  # of 27 means the second and the 26th
    assert shown == pytest.approx([mean, low, high] * 2, abs=0.05) and "±" not in measured
    assert mean + verdicts.half_width(np.std(near_100, ddof=1), 3) > 100
    assert resampling.NOTE in formats.markdown(table)
    assert resampling.NOTE not in formats.markdown(build(*members, experiments=[paper()]))


def test_one_run_has_no_interval():
    resampled = dataclasses.replace(paper(), metrics=(Metric("recall", resampled=True),))
    measured = claims.rows(build(run(45.0), run(20.0, "wide"), experiments=[resampled]))[1][2]
    assert "[" not in measured


def test_only_seeds_that_every_model_has_are_compared():
    members = [run(9.0, seed=seed) for seed in range(3)] + [run(9.0, "wide", seed=seed) for seed in (1, 5)]
    assert answer(*members)[1].endswith("; 1 seed")


def test_models_that_share_no_seed_answer_nothing_and_three_seeds_come_before_length():
    assert answer(run(9.0, seed=0), run(9.0, "wide", seed=1)) == ["", "", "not run"]
    long = [run(9.0, model, epochs=500) for model in USED]
    short = [run(7.0, model, seed=seed) for model in USED for seed in range(3)]
    assert answer(*long, *short)[1:] == ["runs 2 and 4 (paper; 100 epochs); 3 seeds", "observed in 3 of 3 seeds"]


def test_runs_of_one_length_are_taken_the_longest_of_the_paper_presets():
    pairs = {("paper", 20): 11.0, ("paper", 30): 12.0, ("quick", 90): 13.0}
    members = [run(value, model, *how) for how, value in pairs.items() for model in USED]
    members.append(run(99.0, "nets", "paper", 50))  # longer than any run of the other model
    measured, conditions, _ = answer(*members)
    assert measured == "Fake nets: recall 12 %; Wide nets: recall 12 %" and "(paper; 30 epochs)" in conditions
    measured, conditions, verdict = answer(*members[4:])
    assert verdict == "other conditions: quick preset; observed in 1 of 1 seed"
    assert measured == "Fake nets: recall 13 %; Wide nets: recall 13 %" and "(quick; 90 epochs)" in conditions


# The plain nets move G on every minibatch, the wide ones on every fifth of theirs.
BUDGETED = dataclasses.replace(CLAIM, budget=Budget("updates of G", lambda recipe, steps: steps * recipe["batch_size"] // 100))


def of_steps(recall, model, steps, **changes):
    record = run(recall, model, **changes)
    record["cost"]["steps"] = steps
    return record


def test_a_claim_with_a_budget_compares_runs_that_had_as_much_of_it():
    long = of_steps(9.0, "nets", 1000, epochs=100), of_steps(8.0, "wide", 5000, epochs=100)
    fair = of_steps(7.0, "wide", 1040, epochs=20)
    assert answer(*long)[1].startswith("runs 1 and 2 (paper; 100 epochs)")
    assert answer(*long, claim=BUDGETED) == ["", "", "not run"]
    measured, conditions, _ = answer(*long, fair, claim=BUDGETED)
    assert measured == "Fake nets: recall 9 %; Wide nets: recall 7 %"
    assert conditions == "runs 1 and 3 (paper; 100 and 20 epochs; 1,000 and 1,040 updates of G); 1 seed"


@pytest.mark.parametrize(("steps", "known"), [(1050, True), (1051, False), (952, False), (953, True), (None, False)])
def test_a_budget_is_alike_within_a_twentieth_and_unknown_without_the_minibatches(steps, known):
    found = answer(of_steps(9.0, "nets", 1000), of_steps(7.0, "wide", steps, epochs=20), claim=BUDGETED)
    assert (found[2] != "not run") == known


def test_of_pairs_with_a_budget_the_longest_is_taken():
    pairs = [of_steps(recall, model, steps, epochs=e) for recall, steps, e in ((5.0, 100, 1), (6.0, 900, 9)) for model in USED]
    measured, conditions, _ = answer(*pairs, claim=BUDGETED)
    assert measured == "Fake nets: recall 6 %; Wide nets: recall 6 %" and "9 epochs; 900 updates of G" in conditions


def test_a_changed_recipe_or_a_missing_run_answers_nothing():
    assert answer(run(45.0)) == ["", "", "not run"]
    assert answer(run(45.0), run(20.0, "wide", dataset="npz:x.npz")) == ["", "", "not run"]
    changed = run(20.0, recipe={"batch_size": 50})
    alone = dataclasses.replace(CLAIM, uses=USES[:1], holds=lambda plain: plain > 1)
    assert answer(changed, claim=alone) == ["", "", "not run"]


def test_other_data_are_named_and_pages_show_the_rows():
    elsewhere = dataclasses.replace(CLAIM, departure="digits instead of bedrooms")
    members = run(45.0), run(20.0, "wide")
    _, conditions, verdict = answer(*members, claim=elsewhere)
    assert "; digits instead of bedrooms; 1 seed" in conditions
    assert verdict == "other conditions: digits instead of bedrooms; observed in 1 of 1 seed"
    text = formats.markdown(build(*members, experiments=[paper(elsewhere)]))
    assert f"## {claims.HEADING}\n" in text and "| Figure 6: both learn | recall above 1 % | Fake nets: recall 45 %" in text
    assert claims.HEADING not in formats.markdown(build(*members))


def test_claims_use_models_and_data_that_there_are():
    for name in configuration.names():
        found = configuration.find(name)
        for claim in found.claims:
            assert claim.uses and all(claim.dataset in found.models[model].datasets for model, _ in claim.uses)


def test_finished_trainings_count_before_others_and_these_are_never_more_than_other_conditions():
    early = [run(9.0, model, seed=seed) | {"epochs": 45, "complete": False} for seed in range(3) for model in USED]
    _, conditions, verdict = answer(*early)
    assert "45 of 100 epochs" in conditions and verdict.startswith("other conditions: 45 of 100 epochs")
    finished = [run(9.0, model, preset="quick", epochs=45) for model in USED]
    _, conditions, verdict = answer(*early, *finished)
    assert "; 45 epochs" in conditions and verdict.startswith("other conditions: quick preset")


@pytest.mark.parametrize("shortened", [{"epochs": 50}, {"recipe": {"steps_per_epoch": 1}}])
def test_a_schedule_that_is_not_the_papers_is_another_condition(shortened):
    members = [run(value, model, seed=seed, **shortened) for model in USED for seed, value in enumerate((2.0, 3.0, 4.0))]
    assert answer(*members)[2].startswith("other conditions")
