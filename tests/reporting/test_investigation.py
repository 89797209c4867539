"""The page on log-likelihoods: numbers against arithmetic by hand, which runs it takes, what it leaves out."""

import statistics

from support.records import grouped, make_sweep, measurement
from support.tables import build, experiment, trained

from gan_repro.reporting import investigation

FAKE = experiment()


def run(seed=0, values=None, epochs=20, recipe=None, averaged=None, measurements=None, **rest):
    """A record whose validation curve has `values` at epochs 5, 10, 20."""
    record = trained(seed, 200.0 + seed, ("best",), epochs=epochs, recipe=recipe or {}, **rest)
    curve = {"epoch": [5, 10, 20], "value": values or [50.0 + seed, 100.0 + seed, 150.0 + seed]}
    record["curves"]["validation"] = {"last": curve} | ({"mean-from-5": averaged} if averaged else {})
    record["measurements"] = measurements or record["measurements"]
    return record


def page(*members, figures=(), experiments=None):
    return investigation.markdown(experiments or [FAKE], grouped(members), figures)


def rows(text, heading):
    """{first cell: the other cells} of the table under a heading."""
    block = text.partition(f"### {heading}\n")[2].partition("###")[0]
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in block.splitlines() if line.startswith("| ")]
    return {first: rest for first, *rest in lines[1:]}


def test_along_the_training_there_are_mean_and_deviation_over_seeds():
    members = [run(seed, [50.0, 100.0 + 7 * seed**2, 150.0]) for seed in range(3)]
    values = [100.0, 107.0, 128.0]
    expected = f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}"
    assert rows(page(*members), "Along the training")["10"] == [expected]


def test_at_the_end_there_is_the_slope_of_the_last_fifth_and_the_best_validation():
    record = run(3, epochs=100)
    epochs = [10, 40, 59, 60, 79, 80, 90, 100]
    record["curves"]["validation"]["last"] = {"epoch": epochs, "value": [0.0, 300.0, 9.0, 10.0, 29.0, 100.0, 108.0, 110.0]}
    # Over 80, 90, 100: slope (110 - 100) / 20 = .5; residuals -1, 2, -1: SE sqrt(6 / (3 - 2) / 200) = .173
    # Over 60, 79, 80: mean 73, sum of squares 254; slope (-13 * 10 + 6 * 29 + 7 * 100) / 254 = 2.929; the residuals'
    # squares: sum (y - 46.33)^2 - 254 * 2.929^2 = 4500.67 - 2179.28: SE sqrt(2321.39 / 1 / 254) = 3.023
    expected = {"3": ["100", "+50.0 ± 17.3", "+292.9 ± 302.3", "300.0", "40"]}
    assert rows(page(record), "At the end of the training") == expected
    del record["curves"]["validation"]["last"]["epoch"][3], record["curves"]["validation"]["last"]["value"][3]
    assert rows(page(record), "At the end of the training")["3"][1:3] == ["+50.0 ± 17.3", ""]  # two points before
    assert "At the end of the training" not in page(run())  # one point there


def test_averages_are_explained_where_there_are_some():
    curve = {"epoch": [20], "value": [222.0]}
    record = run(averaged=curve)
    assert "`mean-from-5` is their mean since epoch 5." in page(record) and "DECAY" not in page(record)
    record["curves"]["validation"]["ema-.9999"] = curve
    assert "updates (1 / (1 - .9999) = 10,000)" in page(record)
    assert "which they never touch" not in page(run())


def test_of_a_continued_run_the_longer_record_counts_once():
    longer = run(0, [50.0, 100.0, 180.0], epochs=21)
    text = page(run(0), longer, run(1))
    assert rows(text, "Along the training")["20"] == [f"165.5 ± {statistics.stdev([180, 151]):.1f}"]
    assert "2 trainings, 41 epochs and 0.4 hours of a CPU (2 cores)" in text  # 12.5 minutes each


def test_an_epoch_or_average_that_was_not_validated_is_empty():
    odd = run(1, averaged={"epoch": [20], "value": [222.0]})
    odd["curves"]["validation"]["last"] = {"epoch": [5, 10, 20], "value": [1.0, None, None]}
    odd["curves"]["validation"]["last"]["epoch"].append(20.5)
    odd["curves"]["validation"]["last"]["value"].append(3.0)
    found = rows(page(run(0), odd).partition("Seed 1 alone")[0], "Along the training")
    assert set(found) == {"5", "10", "20"}
    assert found["10"] == ["100.0 (1 of 2 seeds)", ""] and found["20"] == ["150.0 (1 of 2 seeds)", "222.0 (1 of 2 seeds)"]


def test_the_training_that_went_on_alone_has_a_table_of_its_own():
    longer = run(1, epochs=30)
    longer["curves"]["validation"]["last"] = {"epoch": [5, 10, 20, 30], "value": [1.0, 2.0, 3.0, 4.0]}
    first, heading, alone = page(run(0), longer).partition("Seed 1 alone, which was trained longest:")
    assert heading and "| 30 |" not in first and "| 20 | 76.5 ± 103.9 |" in first
    assert "| 20 | 3.0 |\n| 30 | 4.0 |" in alone
    assert "alone" not in page(run(0), run(1)) and "alone" not in page(longer)


def test_the_finer_widths_are_those_of_the_sweep_with_most_samples():
    entry = measurement(187.0) | {"sweep": make_sweep()}
    values, sigmas = entry["sweep"]["value"][-1], entry["sweep"]["sigma"]
    sigma = f"{sigmas[values.index(max(values))]:.3g}".removeprefix("0")
    text = page(run(measurements=[entry]))
    found = rows(text, "Effect of the sigma grid")
    (row,) = found.values()
    chosen = entry["sweep"]["chosen_value"][-1]  # of the sweep's own samples: the row's 187 nats are of several draws
    assert row == ["best", f"{chosen:.1f}", f"{max(values):.1f}", sigma, f"{max(values) - chosen:+.1f}"]
    assert "Effect of the sigma grid" not in page(run())


def test_sweeps_of_what_stands_beside_a_generator_have_rows_of_their_own():
    sweep = {"sweep": make_sweep()}
    found = page(run(measurements=[measurement(187.0) | sweep, measurement(80.0, "the mean training image") | sweep]))
    part = found.partition("Effect of the sigma grid")[2]
    assert part.count(f"| best | {sweep['sweep']['chosen_value'][-1]:.1f} |") == 1
    assert part.count("| the mean training image | ") == 1


def test_what_stands_in_for_samples_stands_beside_them_once():
    bare = {"experiment": "theis", "epochs": 0, "measurements": [measurement(244.0, "training images")]}
    others = [run(seed, **bare) for seed in (0, 1)]
    text = page(run(), *others)
    assert text.count("| no model: reference samples | training images | 244.0 ± ") == 1
    assert "no model" not in page(run())


def test_what_a_classifier_saw_stands_beside_the_nats():
    def judged(seed, nats, distance):
        seen = [("frechet_distance", distance), ("precision", 75.0), ("recall", 80.0), ("class_kl", 0.01)]
        entries = [measurement(nats)]
        entries += [
            measurement(value, name, metric=metric, standard_error=None)
            for name in ("best", "training images")
            for metric, value in seen
        ]
        return run(seed, measurements=entries)

    text = page(judged(0, 180.0, 6.0), judged(1, 184.0, 8.0))
    lines = [line for line in text.partition("### Quality beyond likelihood\n")[2].splitlines() if line.startswith("| ")]
    _, best, real = ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)
    assert best[0].endswith("seeds 0, 1") and best[1:] == ["best", "182.0 ± 2.8", "7.0 ± 1.4", "75 ± 0", "80 ± 0", "0.01 ± 0"]
    assert real[1:] == ["training images", "", "7.0 ± 1.4", "75 ± 0", "80 ± 0", "0.01 ± 0"]
    assert "Quality beyond likelihood" not in page(run())


def changed(seed=0, values=(1.0, 90.0), epochs=(5, 10)):
    record = run(seed, epochs=int(epochs[-1]), recipe={"batch_size": 50})
    record["curves"]["validation"]["last"] = {"epoch": list(epochs), "value": list(values)}
    return record


def test_a_detail_changed_is_held_against_the_same_seed_and_epoch_of_the_unchanged_recipe():
    members = [run(0), run(1), changed()]
    found = rows(page(*members), "Ablations")
    every = f"100.5 ± {statistics.stdev([100, 101]):.1f}"
    assert found == {"batch_size 50 (paper preset: 100)": ["0", "10", "90.0", "100.0", "-10.0", every]}
    assert "Ablations" not in page(run(0))
    assert rows(page(*members), "Along the training")["10"] == [every]


def test_of_details_changed_the_last_epoch_counts_that_both_were_validated_at():
    found = rows(page(run(0), changed(0, (1.0, 90.0, 95.0), (5, 10, 12))), "Ablations")
    assert found["batch_size 50 (paper preset: 100)"][1:5] == ["10", "90.0", "100.0", "-10.0"]
    for lonely in (changed(7), changed(0, (1.0,), (7,))):  # no such seed, no such epoch
        found = rows(page(run(0), lonely), "Ablations")
        assert found["batch_size 50 (paper preset: 100)"][3] == "not trained so far"


def test_other_presets_data_and_experiments_have_no_place_there():
    assert "## " not in page(run(preset="quick"), run(dataset="npz:x.npz"), run(experiment="other", seed=1))
    unvalidated = run()
    unvalidated["curves"]["validation"] = {}
    assert "## " not in page(unvalidated)


def test_figures_are_shown_where_there_are_any():
    assert "](figures/" not in page(run())
    shown = page(run(), figures=["fake-mnist-nets-sweep.png", "other.png"])
    assert "](figures/fake-mnist-nets-sweep.png)" in shown and "other.png" not in shown


def test_a_recipe_with_details_changed_has_one_row_in_a_part_of_its_own():
    from gan_repro.reporting import comparison

    changed = trained(0, 90.0, ("best", "last"), recipe={"batch_size": 50})
    table = build(trained(0, 100.0, ("best", "last")), changed)
    labels = [row[0] for row in comparison.main_rows(table)]
    assert [row[1].partition(" ")[0] for row in comparison.verdict_rows(table)[1:] if row[1]] == [
        "100.0",
        "101.0",
    ]  # both of run 1
    part = labels[labels.index("Ablations (--set)") + 1 :]
    assert len(part) == 1 and "batch_size 50 (paper preset: 100)" in part[0]
    assert sum("batch_size 50" in label for label in labels) == 1
