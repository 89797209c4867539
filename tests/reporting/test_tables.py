"""Tables: verdicts at their boundaries, numbers against arithmetic by hand, what is said of what was measured and what not."""

import csv
import dataclasses
import io
import re

import pytest
from support.records import make_record, measurement, summaries
from support.tables import FIRST, build, cells, experiment, on_tfd, published, trained

from gan_repro.reporting import cells as numbers
from gan_repro.reporting import comparison, conditions, formats, metrics, notes, summary
from gan_repro.system.numbers import with_error

# ---- the verdict ---------------------------------------------------------------------------------------------------


def judged(*members):
    return [line.verdict and line.verdict.word for line in build(*members).lines]


def test_three_seeds_under_the_published_protocol_are_judged_by_an_interval_and_a_margin():
    # Half the interval: 2.920 x .3 / sqrt(3) = .506 of the seeds, 1.645 x 2 of the published number, together 3.328.
    for value, word in ((226.6, "reproduced"), (226.7, "undecided"), (233.4, "exceeds"), (216.6, "falls short")):
        assert judged(*(trained(seed, value + away) for seed, away in enumerate((-0.3, 0, 0.3)))) == [word]
    assert judged(trained(0, 300.0), trained(1, 300.0)) == ["undecided"]


def test_fewer_epochs_of_an_unpublished_schedule_are_no_other_conditions():
    numbers = (published("Fake nets", "mnist", 225, 2, ours=True, open_schedule=True),)
    paper, short = experiment(numbers=numbers), [trained(seed, 100.0 + seed, epochs=20) for seed in range(3)]
    table = build(*short, experiments=[paper])
    assert table.lines[0].verdict.word == "falls short" and table.lines[0].condition_differences == ()
    assert comparison.verdict_rows(table)[1][-1].startswith("not reached in 20 epochs")


def test_a_metric_of_its_own_is_judged_only_as_its_experiment_says():
    """An experiment's own metric, of which less is better, is never taken for one of which more is."""
    number = dataclasses.replace(published("Fake nets", "mnist", 30, 1, ours=True), metric="own_distance", unit="units")
    paper, members = experiment(numbers=(number,)), [trained(seed, 0.0) for seed in range(3)]
    for seed, record in enumerate(members):
        record["measurements"] = [measurement(500.0 + seed, "best", metric="own_distance", unit="units")]
    (line,) = build(*members, experiments=[paper]).lines
    assert line.verdict is None
    for better, word in (("less", "falls short"), ("more", "exceeds"), (None, None)):
        own = metrics.Metric("own_distance", "a distance of ours", better, margins={"mnist": metrics.Margin(1.0)})
        table = build(*members, experiments=[dataclasses.replace(paper, metrics=(own,))])
        assert (table.lines[0].verdict and table.lines[0].verdict.word) == word
    assert "a distance of ours" in formats.markdown(table)
    rest = metrics.Metric("own_distance", better="less")  # nobody says how near is near enough
    assert build(*members, experiments=[dataclasses.replace(paper, metrics=(rest,))]).lines[0].verdict is None


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"epochs": 99}, "99 of the preset's 100 epochs"),
        ({"preset": "quick"}, "quick preset"),
        ({"recipe": {"batch_size": 50}}, r"batch_size 50 \(paper preset: 100\)"),
        ({"recipe": {"precision": "mixed_bfloat16"}}, "precision"),
    ],
)
def test_other_conditions_are_named_and_never_more(changes, words):
    (line,) = build(*(trained(seed, 230.0, **changes) for seed in range(3))).lines
    assert line.verdict.word == "other conditions"
    assert len(line.condition_differences) == 1 and re.search(words, line.condition_differences[0])
    (line,) = build(*(trained(seed, 100.0, **changes) for seed in range(3))).lines
    assert line.verdict.word == "other conditions"


@pytest.mark.parametrize("changes", [{"n_samples": 9999}, {"n_test": 1000}, {"n_samples": None}])
def test_another_evaluation_is_other_conditions(changes):
    members = [trained(seed, 230.0) for seed in range(3)]
    for record in members:
        record["measurements"][0].update(changes)
    assert judged(*members) == ["other conditions"]


def test_what_does_not_touch_the_training_is_no_departure():
    changes = {"averages": ["mean-from-5"], "samples_every": 1, "validate_every": 1, "jit_compile": True}
    assert judged(*(trained(seed, 225.0, recipe=changes) for seed in range(3))) == ["reproduced"]
    assert judged(*(trained(seed, 225.0, epochs=200) for seed in range(3))) == ["reproduced"]


def test_fewer_samples_are_another_evaluation_and_no_other_training():
    record = trained(0, 230.0, recipe={"n_samples": 5000})
    record["measurements"][0]["n_samples"] = 5000
    (line,) = build(record).lines
    assert line.section == "ours" and line.condition_differences == ("evaluation: n_samples 5,000 (paper: 10,000)",)


def test_the_best_and_the_last_generator_on_the_same_data_are_judged():
    table = build(*(trained(seed, 225.0, ("last", "mean-from-5", "best")) for seed in range(3)))
    assert [(str(line.summary.subject), bool(line.verdict)) for line in table.lines] == [
        ("best", True),
        ("last", True),
        ("mean-from-5", False),
    ]
    other = build(*(trained(seed, 9999.0, dataset="npz:faces.npz") for seed in range(3)))
    assert [line.verdict for line in other.lines] == [None]
    validation = [trained(seed, 230.0) for seed in range(3)]
    for record in validation:
        record["measurements"][0]["split"] = "validation"
    table = build(*validation)
    assert table.lines == [] and len(table.others) == 1 and table.others[0].verdict is None


def test_a_page_judges_best_and_last_weights_each_by_its_own_numbers_and_the_summary_the_best_alone():
    """Published are 225 with a margin of 5: three seeds at 226 reproduce it, three at 200 do not."""
    members = [trained(seed, 0.0) for seed in range(3)]
    for seed, record in enumerate(members):
        apart = (seed - 1) / 10
        record["measurements"] = [measurement(226.0 + apart, "best"), measurement(200.0 + apart, "last")]
    table = build(*members)
    _, *rows = [row for row in comparison.verdict_rows(table) if "MNIST" in row[0] or row[0] == "Published"]
    assert [(row[4], row[5]) for row in rows] == [("1, best weights", "reproduced"), ("1, last weights", "falls short")]
    assert [row[2].split(" ")[0] for row in rows] == ["+1.0", "-25.0"]
    (row,) = [row for row in summary.rows([table]) if "MNIST" in row.what]
    assert (row.verdict, row.ours.split(" ")[0]) == ("reproduced", "226.0")
    alone = build(*(trained(seed, 226.0, ("last",)) for seed in range(3)))
    assert [row[4] for row in comparison.verdict_rows(alone)[1:] if row[4]] == ["1"]


# ---- numbers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value, error, expected",
    [
        (225.04, 2.06, ("225.0", "2.1")),
        (2057.4, 26.3, ("2057", "26")),
        (0.82831, 0.0041, ("0.8283", "0.0041")),
        (225.0, None, ("225", "")),
        (1.5, 0.0, ("1.5", "0")),
        (-12.34, 1.0, ("-12.3", "1.0")),
        (12345.6, 123.4, ("12346", "123")),
    ],
)
def test_digits(value, error, expected):
    assert with_error(value, error) == expected


def test_the_two_error_bars_stand_apart():
    text = formats.markdown(build(trained(0, 220.0), trained(1, 226.0), trained(2, 229.0)))
    # mean 225, SE 2 in every record, SD sqrt((25 + 1 + 16) / 2) = 4.58
    assert cells(text, FIRST) == ["225.0 ± 2.0 SE ± 4.6 SD (3 seeds; σ .167, n 10,000)", ""]
    text = formats.markdown(build(trained(0, 220.0)))
    assert cells(text, FIRST) == ["220.0 ± 2.0 SE (1 seed; σ .167, n 10,000)", ""]


@pytest.mark.parametrize(
    "rows, expected",
    [
        ([{"sigma": 0.21544346900318834}], "200.0 ± 2.0 SE (1 seed; σ .215, n 10,000)"),
        ([{"sigma": 1.0, "sigma_at_edge": True}], "200.0 ± 2.0 SE (1 seed; σ 1 at the grid's edge, n 10,000)"),
        ([{"sigma": 1.0, "n_samples": 500}], "200.0 ± 2.0 SE (1 seed; σ 1, n 500)"),
        ([{"sigma": None}], "200.0 ± 2.0 SE (1 seed; n 10,000)"),
        ([{"sigma": None, "n_samples": None}], "200.0 ± 2.0 SE (1 seed)"),
        ([{"sigma": 0.1, "n_samples": None}], "200.0 ± 2.0 SE (1 seed; σ .1)"),
        ([{"sigma": 0.1}, {"sigma": 0.129}], "200.0 ± 2.0 SE ± 0 SD (2 seeds; σ .1 and .129, n 10,000)"),
        ([{"sigma": 0.2}, {"sigma": 0.1}, {"sigma": 0.3}], "200.0 ± 2.0 SE ± 0 SD (3 seeds; σ .1, .2 and .3, n 10,000)"),
        (
            [{"sigma": None, "n_folds": 5, "sigmas": [0.1, 0.129, 0.1, 0.1, 0.1]}],
            "200.0 ± 2.0 SE (1 seed, 5 folds; σ .1 and .129, n 10,000)",
        ),
    ],
)
def test_sigma_and_n_stand_beside_the_number(rows, expected):
    members = [make_record(seed, [measurement(200.0, **changes)]) for seed, changes in enumerate(rows)]
    (summary,) = summaries(members)
    assert numbers.measured(summary) == expected


def test_draws_subsets_judges_and_the_paired_difference_stand_beside_the_number():
    paired = {"to": "best", "difference": 26.94, "standard_error": 0.61}
    members = [trained(seed, 225.0, ("best", "mean-from-5")) for seed in range(1)]
    members[0]["measurements"][0].update(n_draws=5, std_over_draws=0.42)
    members[0]["measurements"][1].update(n_draws=5, std_over_draws=0.31, paired=paired)
    text = formats.markdown(build(*members))
    assert "225.0 ± 2.0 SE (1 seed; draws ± 0.42; σ .167, n 10,000)" in text
    assert "; draws ± 0.31; σ .167, n 10,000); paired with best +26.94 ± 0.61" in text
    (row,) = [row for row in csv.DictReader(io.StringIO(formats.comma_separated(build(*members)))) if row["paired_to"]]
    assert (row["paired_to"], float(row["paired_difference"]), float(row["std_over_draws"])) == ("best", 26.94, 0.31)
    reference = measurement(244.0, "training images", n_subsets=3, std_over_subsets=1.4)
    judged = measurement(7.0, "best", metric="frechet_distance", unit="squared units", classifier_difference=-0.53)
    shown = [numbers.measured(summary) for summary in summaries([make_record(0, [reference, judged])])]
    assert "subsets ± 1.4" in shown[0] and "second classifier -0.53" in shown[1]


def test_runs_whose_epoch_was_chosen_by_the_reported_z_are_named():
    old, new = trained(0, 225.0), trained(0, 226.0, epochs=99)
    for record in (old, new):
        record["choice"] = {"epoch": 50, "value": 200.0, "draw": "reported"}
    new["choice"]["draw"] = "validation"
    (line,) = [line for line in formats.markdown(build(old, new)).splitlines() if notes.OLD_RULE in line]
    assert "in run 1: " in line and "run 2" not in line


def test_what_validation_chose_is_shown_for_each_seed():
    assert formats.CHOSEN not in formats.markdown(build(trained(0, 225.0)))
    runs = [trained(seed, 225.0) for seed in range(2)]
    for record, epoch, value in zip(runs, (50, 1500), (200.04, -3.5)):
        record["choice"] = {"epoch": epoch, "value": value, "draw": "validation"}
    header, row = comparison.chosen_rows(build(*runs, trained(2, 225.0)))
    assert row[0] == "1" and row[3:] == ["50; 1,500", "200.0; -3.5", "0; 1"] and len(header) == len(row)
    assert formats.CHOSEN in formats.markdown(build(*runs))


def test_runs_of_the_old_rule_share_one_note_that_lists_them():
    runs = [trained(seed, 225.0, epochs=epochs) for epochs, seeds in ((100, (0, 1)), (99, (0,)), (98, (0,))) for seed in seeds]
    for record in runs:
        record["choice"] = {"epoch": 50, "value": 200.0, "draw": "reported"}
    for anew in (runs[1], runs[3]):
        anew["measurements"][0].update(n_draws=5, std_over_draws=0.42)
    lines = [line for line in formats.markdown(build(*runs)).splitlines() if notes.OLD_RULE in line]
    assert len(lines) == 2
    assert "in run 1 (seed 0), run 2: " in lines[0] and lines[1].endswith("in run 1 (seed 1), run 3.")


# ---- what was measured, and what was not ---------------------------------------------------------------------------


def test_a_change_shows_all_digits():
    assert conditions.change("decay", 1.00004, 1.000004) == "decay 1.00004 (paper preset: 1.000004)"
    assert conditions.change("rates", [2e-4, 1e-8], [0.1]) == "rates 0.0002, 1e-08 (paper preset: 0.1)"


def test_a_precision_is_another_condition_and_no_ablation():
    table = build(trained(0, 230.0, recipe={"precision": "mixed_bfloat16"}))
    text = formats.markdown(table)
    assert "other conditions: precision mixed_bfloat16" in text and "**Ablations (--set)**" not in text
    assert "**Ablations (--set)**" in formats.markdown(build(trained(0, 230.0, recipe={"batch_size": 50})))


def test_the_verdicts_name_their_conditions():
    text = formats.markdown(build(trained(0, 230.0, epochs=20)))
    (row,) = [line for line in text.splitlines() if "Fake nets, MNIST, nats: 225 ± 2" in line]
    assert "| +5.0 (1 of 3 seeds; error over images 2.0) | ± 5 | 1 | other conditions: 20 of the preset's 100 epochs |" in row
    assert "| ± 5 | 1 | undecided: 1 of 3 seeds |" in formats.markdown(build(trained(0, 230.0)))
    text3 = formats.markdown(build(*(trained(seed, 200.0 + seed) for seed in range(3))))
    assert "| -24.0 ± 3.7 | ± 5 | 1 | falls short |" in text3
    assert "| Fake nets, TFD, nats: 2057 ± 26 |  |  |  |  | not run |" in text
    assert "DBN, MNIST" not in text  # another model's number is not ours to reproduce


def test_what_cannot_be_run_says_why():
    out_of_reach = published("Fake nets", "tfd", 2057, 26, ours=True, unavailable="TFD is given out | on request")
    numbers = (published("Fake nets", "mnist", 225, 2, ours=True), out_of_reach)
    reason = "not run: TFD is given out \\| on request"
    for members, mnist in (([], "not run"), ([trained(0, 220.0)], "")):
        text = formats.markdown(build(*members, experiments=[experiment(numbers=numbers)]))
        assert f"| Fake nets | {mnist} | {reason} |" in text
        assert f"| Fake nets, TFD, nats: 2057 ± 26 |  |  |  |  | {reason} |" in text
    text = formats.markdown(build(on_tfd(2000.0), experiments=[experiment(numbers=numbers)]))
    assert reason not in text


def test_numbers_from_memory_are_called_unverified_wherever_they_stand():
    numbers = (
        published("Fake nets", "mnist", 225, 2, ours=True, unverified=True),
        published("Others", "mnist", 3, None, unverified=True, n_samples=10_000),
    )
    text = formats.markdown(build(trained(0, 230.0), experiments=[experiment(numbers=numbers)]))
    assert "| Fake nets | 225 ± 2 (unverified) |" in text and "| Others | 3 (n 10,000; unverified) |" in text
    assert "Fake nets, MNIST, nats: 225 ± 2 (unverified) |" in text and "not checked against the paper" in text
    assert "nverified" not in formats.markdown(build(trained(0, 230.0)))


def test_zero_is_said_in_words_where_it_is_no_number():
    (line,) = build(trained(0, 230.0, recipe={"steps_per_epoch": 200})).lines
    assert line.condition_differences == ("steps_per_epoch 200 (paper preset: the whole epoch)",)
    assert conditions.change("momentum", 0, 0.5) == "momentum 0 (paper preset: 0.5)"
    assert conditions.change("norm", False, True) == "norm no (paper preset: yes)"
