"""Tables: verdicts at their boundaries, numbers against arithmetic by hand, what rows and cells say."""

import csv
import dataclasses
import io
import re

import pytest
from support.records import grouped, make_record, make_sweep, measurement, summaries

from gan_repro.papers.configuration import plain
from gan_repro.papers.experiment import Experiment, Published
from gan_repro.papers.recipe import TrainingRecipe, bounded
from gan_repro.reporting import cells as numbers
from gan_repro.reporting import comparison, conditions, formats, metrics, notes
from gan_repro.system.errors import RunError
from gan_repro.system.numbers import with_error

LL = ("parzen_log_likelihood", "nats")


def published(row, dataset, value, error, ours=False, **rest):
    return Published("table1", row, dataset, *LL, value, error, "Some & Other 2014, Table 1", ours, **rest)


def experiment(name="fake", row="Fake nets", table="table1", numbers=None):
    default = (
        published("DBN", "mnist", 138, 2),
        published("Fake nets", "mnist", 225, 2, ours=True, note="a remark"),
        published("DBN", "tfd", 1909, 66),
        published("Fake nets", "tfd", 2057, 26, ours=True),
    )
    recipes = {key: {"paper": TrainingRecipe(epochs=100, batch_size=100)} for key in ("mnist", "npz")}
    return Experiment(
        name=name,
        title="A title",
        reference="A reference",
        recipes=recipes,
        stages=None,
        evaluate=None,
        row=row,
        table=table,
        published=default if numbers is None else numbers,
    )


def trained(seed, value, generators=("best",), **changes):
    """A record whose recipe is the whole paper recipe; its measurements are value, value + 1, ..."""
    dataset = changes.get("dataset", "mnist")
    rows = [measurement(value + i, generator, dataset=dataset) for i, generator in enumerate(generators)]
    recipe = dataclasses.asdict(TrainingRecipe(epochs=100, batch_size=100)) | {"averages": []} | changes.pop("recipe", {})
    record = make_record(seed, rows, recipe, **changes)
    record["config"]["recipe"]["epochs"] = record["epochs"]
    return record


def build(*members, experiments=None, name="table1"):
    return comparison.build(name, experiments or [experiment()], grouped(members))


FIRST = "Fake nets, run 1: paper preset, 100 epochs, 500 steps"


def cells(text, label):
    """The cells of the one row of a Markdown table that begins with `label`."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {label} |")]
    return [cell.strip() for cell in line.split("|")[2:-1]]


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
    changes = {"averages": ["uniform-5"], "samples_every": 1, "validate_every": 1, "jit_compile": True}
    assert judged(*(trained(seed, 225.0, recipe=changes) for seed in range(3))) == ["reproduced"]
    assert judged(*(trained(seed, 225.0, epochs=200) for seed in range(3))) == ["reproduced"]


def test_fewer_samples_are_another_evaluation_and_no_other_training():
    record = trained(0, 230.0, recipe={"n_samples": 5000})
    record["measurements"][0]["n_samples"] = 5000
    (line,) = build(record).lines
    assert line.section == "ours" and line.condition_differences == ("evaluation: n_samples 5,000 (paper: 10,000)",)


def test_only_the_best_generator_on_the_same_data_is_judged():
    table = build(*(trained(seed, 225.0, ("last", "mean-from-5", "best")) for seed in range(3)))
    assert [(str(line.summary.subject), bool(line.verdict)) for line in table.lines] == [
        ("best", True),
        ("last", False),
        ("mean-from-5", False),
    ]
    other = build(*(trained(seed, 9999.0, dataset="npz:faces.npz") for seed in range(3)))
    assert [line.verdict for line in other.lines] == [None]
    validation = [trained(seed, 230.0) for seed in range(3)]
    for record in validation:
        record["measurements"][0]["split"] = "validation"
    table = build(*validation)
    assert table.lines == [] and len(table.others) == 1 and table.others[0].verdict is None


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
    assert "Run 1:" in line and "run 2" not in line.lower()


# ---- what was measured, and what was not ---------------------------------------------------------------------------


def test_a_change_shows_all_digits():
    assert conditions.change("decay", 1.00004, 1.000004) == "decay 1.00004 (paper preset: 1.000004)"
    assert conditions.change("rates", [2e-4, 1e-8], [0.1]) == "rates 0.0002, 1e-08 (paper preset: 0.1)"


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


# ---- presets by model, stages, recipes -----------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, kw_only=True)
class StagedRecipe(TrainingRecipe):
    """A recipe with two stages, and a field of each role."""

    pretrain_epochs: int = bounded(50, role="schedule")
    judged_images: int = bounded(1000, role="evaluation")
    units: tuple[int, ...] = (8000, 100)
    rate: float = 0.05

    @property
    def total_epochs(self):
        return self.pretrain_epochs + self.epochs


STAGED = StagedRecipe(epochs=22, batch_size=100)


def staged(numbers=None):
    """An experiment in which MNIST has two models, and TFD and faces the staged one."""
    found = experiment(numbers=numbers)
    both = found.recipes["mnist"] | {"paper-staged": STAGED}
    recipes = {"mnist": both, "npz": both, "tfd": {"paper": STAGED}}
    return dataclasses.replace(found, recipes=recipes)


def of_staged(seed=0, value=230.0, recipe=None, steps=4368, **changes):
    """A record of the staged model whose recipe is the paper's but for `recipe`."""
    changes = {"preset": "quick-staged", "epochs": 39} | changes
    record = trained(seed, value, recipe=plain(dataclasses.asdict(STAGED)) | (recipe or {}), **changes)
    record["cost"]["steps"] = steps
    return record


def on_tfd(value, seed=0, **changes):
    """A record of TFD under the published protocol."""
    record = of_staged(seed, value, preset="paper", epochs=72, dataset="tfd")
    record["measurements"] = [measurement(value, dataset="tfd", n_test=4178, sigma=None, sigmas=[0.1] * 5, n_folds=5) | changes]
    return record


def label(*members):
    (line,) = build(*members, experiments=[staged()]).lines
    return line.label


def test_a_preset_is_held_against_the_paper_level_of_its_own_model():
    (line,) = build(of_staged(recipe={"units": [2000, 100]}), experiments=[staged()]).lines
    units = "units 2,000, 100 (paper preset: 8,000, 100)"
    assert line.condition_differences == ("quick-staged preset", "39 of the preset's 72 epochs", units)
    members = [of_staged(seed, preset="paper-staged", epochs=72) for seed in range(3)]
    (line,) = build(*members, experiments=[staged()]).lines
    assert (
        line.condition_differences == () and line.verdict.word == "undecided"
    )  # 26 nats of the published error, beyond the margin
    (line,) = build(of_staged(preset="paper-other"), experiments=[staged()]).lines
    assert line.condition_differences == ("the experiment has no paper preset for these data",)


@pytest.mark.parametrize("dataset", ["mnist", "npz:faces.npz"])
@pytest.mark.parametrize(
    "recipe, named",
    [
        ({}, ""),
        ({"units": [2000, 1000]}, ", units 2,000, 1,000 (paper preset: 8,000, 100)"),
        ({"rate": 0.5, "batch_size": 50}, ", batch_size 50 (paper preset: 100), rate 0.5 (paper preset: 0.05)"),
        ({"precision": "mixed_bfloat16"}, ", precision mixed_bfloat16 (paper preset: float32)"),
        ({"pretrain_epochs": 27, "steps_per_epoch": 112, "averages": ["uniform-5"], "epochs": 12}, ""),
        ({"judged_images": 10, "jit_compile": True}, ""),
        ({"fresh": True}, ", fresh yes (paper preset: none)"),
        ({"rate": 0.5, "batch_size": 50, "units": [1]}, ", 3 settings unlike the paper preset's"),
    ],
)
def test_a_row_says_what_is_not_the_papers_recipe(dataset, recipe, named):
    expected = f"Fake nets, run 1: quick-staged preset{named}, 39 epochs, 4,368 steps"
    assert label(of_staged(recipe=recipe, dataset=dataset)) == expected


def test_a_row_without_steps_or_without_a_paper_recipe():
    assert label(of_staged(steps=0)) == "Fake nets, run 1: quick-staged preset, 39 epochs"
    record = of_staged(preset="quick-other", epochs=3, recipe={"units": [1]})
    record["cost"]["steps"] = None
    assert label(record) == "Fake nets, run 1: quick-other preset, 3 epochs"


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
