"""Paired differences over seeds against scipy, the run that a change is compared with, words, the page and its figure."""

import dataclasses

import numpy as np
import pytest
from scipy import stats
from support.records import grouped, make_record, measurement

from gan_repro import publish
from gan_repro.figures import intervals
from gan_repro.papers import configuration
from gan_repro.papers.shown import Effects, Outcome
from gan_repro.reporting import comparison, effects, formats

TRICKS = configuration.find("tricks")
WANTED = Effects(
    "Changes",
    "Text.",
    "ring",
    "ring8",
    "quick",
    (Outcome("modes_covered", 1.0), Outcome("good_samples", 0.1, True)),
    ("modes_covered", 4),
)


def runs(values, epochs=20, **changes):
    """Records of the ring with these numbers of modes, seed by seed, and ten times as many good samples."""
    recipe = configuration.resolve(TRICKS, "ring8", preset="quick").as_dict()["recipe"] | changes
    found = []
    for seed, value in enumerate(values):
        entries = [
            measurement(
                value, "last", metric="modes_covered", unit="modes", dataset="ring8", split=None, n_test=None, sigma=None
            ),
            measurement(
                10 * value, "last", metric="good_samples", unit="%", dataset="ring8", split=None, n_test=None, sigma=None
            ),
            measurement(0.1, "last", metric="wasserstein_distance", unit="u", dataset="ring8", sigma=None),
            measurement(8, "training points", metric="modes_covered", unit="modes", dataset="ring8", split=None, sigma=None),
        ]
        content = make_record(seed, entries, recipe | {"epochs": epochs}, "ring8", "quick", epochs, "tricks", "ring")
        found.append(content | {"curves": content["curves"] | {"validation": {}}})
    return found


def rows(*contents):
    return effects.rows(WANTED, TRICKS, grouped([record for each in contents for record in each]))


BASE = [3, 5, 6, 4, 8]
MORE = [7, 8, 8, 6, 8]


def test_differences_are_paired_over_seeds():
    (row,) = rows(runs(BASE), runs(MORE, smoothing=0.9))
    apart = np.array(MORE, float) - BASE
    found = row.effects["modes_covered"]
    assert row.what == "smoothing 0.9 (base: 1)" and row.seeds == (0, 1, 2, 3, 4) and row.collapsed == (0, 1)
    assert found.difference == pytest.approx(apart.mean())
    low, high = stats.t.interval(0.95, 4, apart.mean(), stats.sem(apart))
    assert (found.half_width, found.margin) == pytest.approx(((high - low) / 2, 1.0))
    low, high = stats.t.interval(1 - 0.05 / 3, 4, apart.mean(), stats.sem(apart))  # of one change, and collapse
    assert found.simultaneous == pytest.approx((high - low) / 2) and found.unit == "modes"
    assert row.effects["good_samples"].margin == pytest.approx(0.1 * 10 * np.mean(BASE))


def test_intervals_that_hold_together_are_for_all_planned_changes():
    planned = dataclasses.replace(WANTED, changes=20)
    (row,) = effects.rows(planned, TRICKS, grouped([*runs(BASE), *runs(MORE, smoothing=0.9)]))
    apart = np.array(MORE, float) - BASE
    low, high = stats.t.interval(1 - 0.05 / 60, 4, apart.mean(), stats.sem(apart))
    assert row.effects["modes_covered"].simultaneous == pytest.approx((high - low) / 2)


def test_what_cannot_fall_by_the_margin_has_none():
    wanted = dataclasses.replace(WANTED, outcomes=(Outcome("modes_covered", 3.0), Outcome("good_samples", 15.0)))
    few = [1, 2, 3, 2, 2]
    (row,) = effects.rows(wanted, TRICKS, grouped([*runs(few), *runs([2, 1, 3, 2, 2], smoothing=0.9)]))
    assert row.effects["modes_covered"].word == "no effect shown" and row.effects["good_samples"].word == "no effect"


def test_shares_of_collapsed_runs_are_paired():
    (row,) = rows(runs([1, 1, 1, 1, 8]), runs([8, 8, 8, 8, 1], smoothing=0.9))
    assert row.collapsed == (1, 4)
    more, fewer = (1 + 1) / 7, (4 + 1) / 7  # Bonett and Price 2012: one more of each kind, two more seeds
    error = np.sqrt((more + fewer - (more - fewer) ** 2) / 7)
    assert row.share.difference == pytest.approx(100 * (more - fewer))
    assert row.share.half_width == pytest.approx(100 * 1.959964 * error, rel=1e-5)
    assert row.share.simultaneous == pytest.approx(100 * stats.norm.ppf(1 - 0.05 / 6) * error)
    (all_,) = rows(runs([1] * 5), runs([8] * 5, smoothing=0.9))
    ends = effects.table(WANTED, TRICKS, [all_])[1][-1]
    assert all_.share.difference - all_.share.half_width < -100 and "[-100, " in ends
    (same,) = rows(runs([1, 8, 8, 8, 8]), runs([1, 8, 8, 8, 8], smoothing=0.9))
    assert same.share.difference == 0 and same.share.word == "no effect shown"


@pytest.mark.parametrize("more, fewer", [(0.3, 0.1), (0.05, 0.6), (0.2, 0.2)])
def test_the_interval_of_a_share_covers_it_as_often_as_it_says(more, fewer):
    n, covered = 20, 0.0
    for a in range(n + 1):
        for b in range(n + 1 - a):
            ours = [True] * a + [False] * b + [True] * (n - a - b)
            theirs = [False] * a + [True] * b + [True] * (n - a - b)
            found = effects._of_shares(ours, theirs, 1)
            if abs(found.difference - 100 * (more - fewer)) <= found.half_width:
                covered += stats.multinomial.pmf([a, b, n - a - b], n, [more, fewer, 1 - more - fewer])
    assert 0.94 < covered < 0.99


def test_seeds_that_one_lacks_are_left_out_and_few_say_nothing():
    (row,) = rows(runs(BASE[:4]), runs(MORE, smoothing=0.9))
    assert row.seeds == (0, 1, 2, 3) and row.effects["modes_covered"].difference == np.mean(np.array(MORE[:4]) - BASE[:4])
    assert not rows(runs(BASE[:2]), runs(MORE, smoothing=0.9)) and not rows(runs(BASE)) and not rows()


def test_runs_without_an_outcome_are_left_out():
    broken = runs(MORE, smoothing=0.9)
    broken[2]["measurements"] = broken[2]["measurements"][:1]
    (row,) = rows(runs(BASE), broken)
    assert row.seeds == (0, 1, 3, 4)


def test_rows_are_sorted_and_longer_runs_count():
    found = rows(
        runs(BASE), runs([2, 3, 3, 2, 4], replay=2560), runs(MORE, smoothing=0.9), runs([1] * 5, epochs=5, smoothing=0.9)
    )
    assert [row.what for row in found] == ["smoothing 0.9 (base: 1)", "replay 2,560 (base: 0)"]
    assert found[1].collapsed == (4, 1)


def test_what_all_runs_have_in_common_is_no_change_that_a_row_names():
    both = {"precision": "mixed_bfloat16"}
    (row,) = rows(runs(BASE, **both), runs(MORE, **both, smoothing=0.9))
    assert row.what == "smoothing 0.9 (base: 1)" and row.seeds == (0, 1, 2, 3, 4)


def test_a_change_beside_another_is_compared_with_that_one():
    both = runs([8, 8, 8, 7, 8], d_dropout=0.3, dropout_in_g_update=False)
    found = {row.what: row for row in rows(runs(BASE), runs(MORE, d_dropout=0.3), both)}
    assert set(found) == {"d_dropout 0.3 (base: 0)", "dropout_in_g_update no (base: yes), beside d_dropout 0.3"}
    of_g = found["dropout_in_g_update no (base: yes), beside d_dropout 0.3"].effects["modes_covered"]
    assert of_g.difference == pytest.approx(np.mean(np.array([8, 8, 8, 7, 8]) - MORE))


@pytest.mark.parametrize(
    "difference, alone, together, word",
    [
        (3, 1, 2, "raises"),
        (-3, 1, 2, "lowers"),
        (0.2, 0.5, 2, "no effect"),
        (0.2, 0.9, 2, "no effect shown"),
        (1.5, 1, 2, "raises, taken alone"),
        (-1.5, 1, 2, "lowers, taken alone"),
        (1.5, 1.6, 2, "no effect shown"),
        (0.3, 0.2, 2, "no effect"),
        (0.5, 0.2, 0.4, "no effect"),
    ],
)
def test_words(difference, alone, together, word):
    assert effects.Effect(difference, alone, together, margin=1.0, unit="%").word == word


def test_the_page_has_the_table_and_the_figure(tmp_path):
    own = dataclasses.replace(TRICKS, effects=(WANTED,))
    groups = grouped([*runs(BASE), *runs(MORE, smoothing=0.9), *runs(BASE, prior="gaussian")])
    built = comparison.build("tricks", [own], groups)
    text = formats.markdown(built)
    name = effects.figure_name(own, WANTED)
    assert f"## Changes\n\nText.\n\n{effects.RULE}\n\n![Changes](figures/{name})" in text
    assert "prior gaussian (base: uniform\\_-1" in text or "prior gaussian (base: uniform_-1_1)" in text
    assert "no effect |" in text and "1 of 5" in text
    ((owner, wanted, changes),) = built.effects
    paths = [tmp_path / each for each in ("a.png", "b.png")]
    for path in paths:
        effects.draw(wanted, owner, changes, path)
    assert paths[0].read_bytes() == paths[1].read_bytes() and paths[0].stat().st_size > 5000


def test_what_pairing_gains_is_said_of_ten_seeds_and_not_of_fewer():
    values = [*BASE, *MORE]
    told = {n: effects.pairing(WANTED, TRICKS, rows(runs(values[:n]), runs(values[:n][::-1], smoothing=0.9))) for n in (9, 10)}
    assert told[9] == "" and effects.pairing(WANTED, TRICKS, []) == ""
    expected = stats.spearmanr(values, values[::-1]).statistic
    assert told[10].count(f"modes covered {expected:.2f} [") == 1
    same = rows(runs(values), runs(values, smoothing=0.9), runs([8] * 10, prior="gaussian"))  # all eight in every seed
    assert "modes covered 1.00 [1.00, 1.00] (1 change)" in effects.pairing(WANTED, TRICKS, same)
    own = dataclasses.replace(TRICKS, effects=(WANTED,))
    page = formats.markdown(comparison.build("tricks", [own], grouped([*runs(values), *runs(values[::-1], smoothing=0.9)])))
    assert f"|\n\n{told[10]}\n\n" in page


def test_of_many_seeds_a_page_has_one_command():
    text = formats.markdown(comparison.build("tricks", [TRICKS], grouped([*runs([8] * 7), *runs([7] * 3, smoothing=0.9)])))
    assert (
        text.count("--seed=0") == 2 and "# and so with --seed= each of 1, 2, 3, 4, 5, 6" in text and text.count("--seed=2") == 1
    )


def test_no_curves_are_drawn_of_many_runs(tmp_path, monkeypatch):
    import json

    folder = tmp_path / "records"
    folder.mkdir()
    for i, content in enumerate([*runs(BASE), *runs(MORE, smoothing=0.9)]):
        (folder / f"r{i}.json").write_text(json.dumps(content))
    written = {path.name for path in publish.regenerate(tmp_path, [TRICKS])}
    pictures = {path.name for path in (tmp_path / "figures").iterdir()}
    assert pictures == {"tricks-ring8-quick-effects.png"} and "tricks.md" in written


def test_one_interval_that_reaches_far_leaves_the_others_their_room(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(intervals.curves, "write", lambda path, figure: drawn.append(figure))
    near = [(1.0, 0.5, 1.0), (-2.0, 0.5, 1.0), (0.5, 0.2, 0.4)]
    for far in ((62.0, 30.0, 70.0), (-62.0, 3.0, 7.0)):
        intervals.forest(tmp_path / "x.png", list("abcdefg"), [("x", 0.5, [*near, *near, far])], "title", 0.95)
        (axis,) = drawn.pop().axes
        low, high = axis.get_xlim()
        assert -6 < low <= -3 and 2 <= high < 6
        (number,) = [text.get_text() for text in axis.texts]
        assert f"{far[0]:+g}" in number
    intervals.forest(tmp_path / "x.png", list("abc"), [("x", 0.5, near)], "title", 0.95)
    assert not drawn.pop().axes[0].texts


def test_where_several_reach_far_the_axis_has_room_for_them(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(intervals.curves, "write", lambda path, figure: drawn.append(figure))
    found = [(57.0, 8.0, 30.0), (33.0, 8.0, 20.0), *[(0.5, 1.0, 4.0)] * 4]
    intervals.forest(tmp_path / "x.png", list("abcdef"), [("x", 0.5, found)], "title", 0.95)
    (axis,) = drawn.pop().axes
    assert axis.get_xlim()[1] > 57 and not axis.texts


def test_trainings_that_were_not_finished_are_left_out():
    pair = runs(BASE), runs(MORE, smoothing=0.9)
    assert len(rows(*pair)) == 1
    assert rows(*([record | {"epochs": 10, "complete": False} for record in each] for each in pair)) == []
