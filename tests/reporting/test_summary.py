"""The table of all papers: a row for each published number and claim; the short one, and its place in README.md."""

import dataclasses
from types import SimpleNamespace

import pytest
from support.records import measurement
from support.tables import build, experiment, published, trained

from gan_repro.papers.shown import Claim
from gan_repro.reporting import summary
from gan_repro.system.errors import RunError

NUMBER = published("Fake nets", "mnist", 225, 2, ours=True)
CLAIM = Claim("Figure 6", "it learns", "recall above 1 %", "mnist", (("nets", "recall"),), lambda recall: recall > 1)


def table(*members, numbers=(NUMBER,), **more):
    return build(*members, experiments=[experiment(short_name="FAKE", numbers=numbers, **more)])


def rows(*members, **more):
    """The rows as dicts by the header's words."""
    header, *found = summary.table([table(*members, **more)])
    assert all(len(row) == len(header) for row in found)
    return [dict(zip(header, row)) for row in found]


def short_rows(*members, **more):
    header, *found = summary.short_table([table(*members, **more)])
    return [dict(zip(header, row)) for row in found]


def test_a_published_number_stands_beside_every_run_of_it_the_papers_recipe_first():
    members = [trained(seed, 220.0 + 3 * seed) for seed in range(3)]
    for record, minutes in zip(members, (12.4, 90.0, 61.0)):
        record["cost"]["minutes"] = minutes
    first, second = rows(*members, trained(0, 150.0, preset="quick"))
    assert first["Paper"] == "[FAKE](table1.md)" and first["Published"] == "225 ± 2"
    assert first["What"] == "Parzen log-likelihood, nats, MNIST; 100 epochs"
    assert first["Ours"] == "223.0 ± 2.0 SE ± 3.0 SD"  # of 220, 223, 226: SD 3; SE 2 in every record
    assert (first["Verdict"], first["Seeds"], first["Minutes a seed"]) == ("undecided", "3", "12 to 90")
    assert (second["Ours"], second["Seeds"]) == ("150.0 ± 2.0 SE", "1")
    assert second["Verdict"] == "other conditions: quick preset"


def test_one_error_alone_is_named():
    bare = [trained(seed, 220.0 + 3 * seed) for seed in range(3)]
    for record in bare:
        record["measurements"][0]["standard_error"] = None
    assert rows(*bare)[0]["Ours"] == "223.0 ± 3.0 SD"
    assert rows(bare[0])[0]["Ours"] == "220"


@pytest.mark.parametrize("draws, shown", [(15.4, "220.0 ± 2.0 SE, draws ± 15"), (0.4, "220.0 ± 2.0 SE")])
def test_draws_that_differ_by_more_than_images_are_named(draws, shown):
    record = trained(0, 220.0)
    record["measurements"][0] |= {"n_draws": 5, "std_over_draws": draws}
    assert rows(record)[0]["Ours"] == shown


def test_claims_of_which_the_same_is_said_share_a_row_of_the_short_table():
    record = trained(0, 220.0)
    record["measurements"].append(measurement(45.0, "last", metric="recall", unit="%", standard_error=None))
    held = [dataclasses.replace(CLAIM, figure=f"Figure {n}", says=f"it learns {n}") for n in (3, 4, 6)]
    other = dataclasses.replace(CLAIM, figure="Figure 7", says="it fails", holds=lambda recall: recall < 1)
    found = short_rows(record, numbers=(), claims=(*held[:2], other, held[2]))
    assert [(row["What"], row["Ours"]) for row in found] == [
        ("Figures 3, 4 and 6: it learns 3; and 2 more", "observed in 1 of 1 seed"),
        ("Figure 7: it fails", "observed in 0 of 1 seed"),
    ]
    assert len(rows(record, numbers=(), claims=(*held, other))) == 4


def test_ablations_and_other_peoples_numbers_have_no_row():
    other = published("DBN", "mnist", 138, 2)
    assert len(rows(trained(0, 220.0), trained(0, 90.0, recipe={"batch_size": 50}), numbers=(NUMBER, other))) == 1


def test_what_was_not_run_says_why():
    unavailable = published("Fake nets", "tfd", 2057, 26, ours=True, unavailable="TFD is given out on request")
    plain, reasoned = rows(numbers=(NUMBER, unavailable))
    assert plain["Verdict"] == "not run" and reasoned["Verdict"] == "not run: TFD is given out on request"
    assert plain["Ours"] == plain["Seeds"] == plain["Minutes a seed"] == ""
    assert short_rows(numbers=(NUMBER, unavailable)) == []


def test_numbers_of_several_models_say_whose_they_are():
    other = published("Other nets", "mnist", 138, 2, ours=True)
    both = rows(trained(0, 220.0), numbers=(NUMBER, other))
    assert sorted(row["What"].partition(":")[0] for row in both) == ["Fake nets", "Other nets"]
    (alone,) = rows(trained(0, 220.0))
    assert alone["What"].startswith("Parzen")


@pytest.mark.parametrize(
    "recall, verdict", [(45.0, "undecided: observed in 1 of 1 seed"), (0.5, "undecided: observed in 0 of 1 seed")]
)
def test_a_claim_stands_beside_what_its_runs_measured(recall, verdict):
    record = trained(0, 220.0)
    record["measurements"].append(measurement(recall, "last", metric="recall", unit="%", standard_error=None))
    (row,) = rows(record, numbers=(), claims=(CLAIM,))
    assert (row["What"], row["Ours"], row["Verdict"]) == ("Figure 6: it learns", f"Fake nets: recall {recall:g} %", verdict)
    (short,) = short_rows(record, numbers=(), claims=(CLAIM,))
    assert (short["Ours"], short["Verdict"]) == (verdict.removeprefix("undecided: "), "undecided")
    (row,) = rows(trained(0, 220.0), numbers=(), claims=(CLAIM,))
    assert (row["Ours"], row["Verdict"]) == ("", "not run")


@pytest.mark.parametrize("recall, held, word", [(45.0, 3, "observed"), (0.5, 0, "not observed")])
def test_a_claim_of_the_short_table_says_in_how_many_seeds(recall, held, word):
    members = [trained(seed, 220.0) for seed in range(3)]
    for seed, record in enumerate(members):
        share = recall + seed / 100
        record["measurements"].append(measurement(share, "last", metric="recall", unit="%", standard_error=None))
    (short,) = short_rows(*members, numbers=(), claims=(CLAIM,))
    assert (short["Ours"], short["Verdict"]) == (f"observed in {held} of 3 seeds", word)


def test_the_short_table_has_the_first_run_of_each_number_and_the_verdict_without_its_grounds():
    members = [trained(0, 220.0), trained(0, 180.0, epochs=20), trained(0, 150.0, preset="quick")]
    (row,) = short_rows(*members)
    assert (row["Paper"], row["Ours"], row["Verdict"]) == ("[FAKE][table1]", "220.0 ± 2.0 (1 seed)", "undecided")
    assert row["What"].endswith("; 100 epochs")
    far = dataclasses.replace(NUMBER, open_schedule=True)
    short = [trained(seed, 100.0 + seed, epochs=20) for seed in range(3)]
    assert short_rows(*short, numbers=(far,))[0]["Verdict"] == "not reached in 20 epochs"


@pytest.mark.parametrize(("seeds", "said"), [(1, "(1 seed)"), (2, "(2 seeds)"), (3, "")])
def test_the_short_table_counts_the_seeds_where_they_are_too_few_for_a_verdict(seeds, said):
    (row,) = short_rows(*(trained(seed, 220.0 + seed) for seed in range(seeds)))
    assert row["Ours"].endswith(said) and ("seed" in row["Ours"]) == bool(said)


def test_of_two_numbers_of_one_metric_the_short_table_has_the_one_that_was_measured():
    errors = [
        dataclasses.replace(NUMBER, metric="nearest_neighbour_error", unit="%", value=value, n_samples=n)
        for value, n in ((2.98, 50_000), (1.48, 10**7))
    ]
    record = trained(0, 0.0)
    record["measurements"] = [
        measurement(3.0, metric="nearest_neighbour_error", unit="%", sigma=None, n_samples=50_000),
    ]
    found = short_rows(record, numbers=errors)
    assert [(row["Published"].split()[0], row["Ours"]) for row in found] == [("2.98", "3.0 ± 2.0 (1 seed)")]


# ---- README.md ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("old", ["\n", "\nan old | table\n", "\r\n| a | b |\r\n"])
@pytest.mark.parametrize("after", ["", "\n", "\r\nMore. `|`\n\n"])
def test_readme_keeps_what_is_outside_the_comments_to_the_byte(old, after):
    before = "# Title\r\n\n  Text.\n"
    text = before + summary.BEGIN + old + summary.END + after
    made = summary.into_readme(text, [table(trained(0, 220.0))])
    assert made.startswith(f"{before}{summary.BEGIN}\n| ") and made.endswith(f"\n{summary.END}{after}")
    assert "an old" not in made and "| [FAKE][table1] |" in made and "\n[table1]: results/table1.md\n" in made
    assert summary.into_readme(made, [table(trained(0, 220.0))]) == made


def test_readme_links_to_the_folder_of_the_pages():
    made = summary.into_readme(f"{summary.BEGIN}\n{summary.END}", [table(trained(0, 220.0))], "elsewhere")
    assert "\n[table1]: elsewhere/table1.md\n" in made


@pytest.mark.parametrize("text", [f"{summary.BEGIN}\nand no end", f"{summary.END}\n{summary.BEGIN}\n"])
def test_readme_without_an_end_behind_the_beginning_is_one_line(text):
    with pytest.raises(RunError) as raised:
        summary.into_readme(text, [table()])
    assert "\n" not in str(raised.value) and "README.md" in str(raised.value)


def unpublished(seed, value):
    record = trained(seed, value)
    record["measurements"] = [measurement(value, "best", metric="frechet_distance", unit="1", standard_error=None)]
    return record


def test_a_game_of_which_nothing_was_published_stands_there_with_its_frechet_distance():
    (row,) = rows(unpublished(0, 40.0), unpublished(1, 60.0), numbers=())
    assert row["What"] == "Fréchet distance, MNIST; 100 epochs" and row["Published"] == "none"
    assert (row["Ours"], row["Seeds"], row["Verdict"]) == ("50 ± 14 SD", "2", "no published number")
    assert [each["Published"] for each in rows(unpublished(0, 40.0))] == ["225 ± 2"]  # and not run


def test_a_table_of_changes_counts_those_that_hold_for_all_comparisons():
    """Better and worse are the metric's own: more modes, a smaller distance."""

    def change(*words):
        found = {"modes_covered": words[0], "wasserstein_distance": words[1]}
        return SimpleNamespace(effects={metric: SimpleNamespace(word=word) for metric, word in found.items()})

    outcomes = tuple(SimpleNamespace(metric=name) for name in ("modes_covered", "wasserstein_distance"))
    wanted = SimpleNamespace(title="What each does", outcomes=outcomes)
    changes = [change("raises", "lowers"), change("lowers", "no effect"), change("raises, taken alone", "raises")]
    plain = table(numbers=())
    whole = dataclasses.replace(plain, effects=[(plain.experiments[0], wanted, changes)])
    (row,) = (row for row in summary.rows([whole]) if row.what == "What each does")
    assert row.ours == "3 changes, better / worse: modes covered 1 / 1; Wasserstein-1 distance 1 / 1"
