"""Trainings that were not finished, in studies: they are begun, they go on, and cost.md counts what is left of them."""

import json
import re

import pytest
from support import planned as simulated
from support.records import parsed

from gan_repro import reproduce
from gan_repro.studies import pages, queue, study
from gan_repro.studies.cost import Estimates
from gan_repro.studies.places import Places, State

STUDY = """
title = "The game on a line"
pages = ["table1.md"]

[[runs]]
experiment = "goodfellow2014"
dataset = "gaussian1d"
preset = "quick"
epochs = 60
seeds = "0-1"
"""


def entry(planned, epochs, minutes=5.0, stem="", **changes):
    """A record of a planned run after so many epochs, of which each took 1/12 minute; then 2.5 minutes of evaluation."""
    steps = round(epochs * 100)
    cost = {"minutes": minutes, "steps": steps, "steps_per_second": steps / (60 * epochs / 12), "processor": "a CPU (1 core)"}
    content = simulated.record_of(planned, epochs=epochs, complete=epochs == planned.epochs, cost=cost, **changes)
    return parsed(content, stem or f"after-{epochs:g}")


def keep(places, planned, epochs):
    """Puts a record into the queue's folder, as the player does when a run's minutes are over."""
    content = entry(planned, epochs).to_json()
    for path in (places.finished(planned) / "record.json", places.run(planned) / "record.json"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))


def test_of_several_records_of_a_run_the_furthest_counts():
    (run,) = simulated.runs("0", epochs=60)
    whole, early, first = (entry(run, epochs) for epochs in (60, 30, 10))
    assert study.by_identity([early, first]) == {run.identity: early}
    assert study.by_identity([whole, early, first]) == {run.identity: whole}


def test_a_run_that_results_have_in_part_is_begun_and_goes_on(tmp_path):
    (run,), places = simulated.runs("0", epochs=60), Places(tmp_path)
    early, whole = ({run.identity: entry(run, epochs)} for epochs in (30, 60))
    found = places.look(run, early)
    assert (found.state, found.record, found.share) == (State.BEGUN, None, 0.0)  # its folder is not here: all of it is left
    assert queue.unfinished([run], places, early) == [run] and queue.unfinished([run], places, whole) == []


def test_what_the_queue_has_in_part_is_to_be_added_unless_results_have_as_much(tmp_path):
    (run,), places = simulated.runs("0", epochs=60), Places(tmp_path)
    keep(places, run, 30)
    found = places.look(run)
    assert found.state is State.BEGUN and found.record.epochs == 30 and found.share == pytest.approx(0.5)
    assert places.look(run, {run.identity: entry(run, 10)}).record.epochs == 30
    assert places.look(run, {run.identity: entry(run, 30)}).record is None
    places.fail(run, "it fell")
    failed = places.look(run)
    assert failed.state is State.FAILED and failed.record.epochs == 30
    keep(places, run, 60)
    assert places.look(run).state is State.FINISHED


@pytest.fixture
def results(tmp_path):
    """A folder of results with a study of two seeds, the first of which was played in part."""
    folder = tmp_path / "results"
    for name in ("studies", "records"):
        (folder / name).mkdir(parents=True)
    (folder / "studies" / "line.toml").write_text(STUDY)
    first, _ = simulated.runs("0-1", epochs=60)
    (folder / "records" / "early.json").write_text(json.dumps(entry(first, 30).to_json()))
    return folder


def call(results, *words):
    return reproduce.main(["reproduce", *words, f"--results={results}", f"--workdir={results.parent / 'queue'}"])


def test_reproduce_counts_it_as_begun_and_plays_it(results, capsys):
    assert call(results, "--list") == 0
    assert "2 runs: 1 begun, 1 missing" in capsys.readouterr().out
    assert call(results, "--dry_run") == 0
    commands = capsys.readouterr().out.splitlines()
    assert len(commands) == 2 and {"--seed=0", "--seed=1"} <= {word for line in commands for word in line.split()}


def test_add_puts_it_into_results_once(results, capsys):
    first, _ = simulated.runs("0-1", epochs=60)
    keep(Places(results.parent / "queue"), first, 45)
    assert call(results, "--add") == 0
    assert "of60epochs-seed0.json" in capsys.readouterr().out
    assert call(results, "--add") == 0
    assert "added" not in capsys.readouterr().out
    text = (results / "cost.md").read_text()
    assert "| 45 of 60 |" in text and "30 of 60" not in text


def cells(text, first):
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {first} ")]
    return [cell.strip() for cell in line.split("|")[2:-1]]


def page(folder, *entries, text=STUDY):
    (folder / "one.toml").write_text(text)
    return pages.cost(study.read_folder(folder), entries, folder)


def test_cost_counts_what_is_left_of_it_by_its_own_rate(tmp_path):
    """30 epochs took 2.5 minutes and the evaluation as much: 30 more and another evaluation are 5 minutes, from the
    beginning it is 7.5."""
    first, second = simulated.runs("0-1", epochs=60)
    text = page(tmp_path, entry(first, 30), entry(second, 60, minutes=20.0))
    runs, there, spent, longest, missing, *_ = cells(text, "[one](studies/one.toml)")
    assert (runs, there, spent, longest, missing) == ("2", "1", "25", "20", "5")
    assert cells(text, "after-30") == ["30 of 60", "5", "5"]
    assert float(cells(text, "one")[0]) == pytest.approx((7.5 + 20) / 60, rel=0.01)  # hours on one core


@pytest.mark.parametrize("there, minutes", [((), 7.5), ((30,), 7.5), ((60,), 5.0), ((30, 60), 0.0)])
def test_of_runs_that_share_a_folder_the_longest_unfinished_one_is_left(results, tmp_path, capsys, there, minutes):
    """An epoch takes 1/12 minute, an evaluation 2.5, and whoever plays 60 epochs has played 30. cost.md and --list agree."""
    text = STUDY + STUDY[STUDY.index("\n[[runs]]") :].replace("60", "30").replace("0-1", "0")
    (results / "studies" / "line.toml").write_text(text)
    (results / "records" / "early.json").unlink()
    _, other = simulated.runs("0-1", epochs=60)
    runs = [other, *(run for epochs in there for run in simulated.runs("0", epochs=epochs))]
    kept = [entry(run, run.epochs, run.epochs / 12 + 2.5, f"record{number}") for number, run in enumerate(runs)]
    for each in kept:
        (results / "records" / f"{each.stem}.json").write_text(json.dumps(each.to_json()))
    assert cells(page(tmp_path, *kept, text=text), "[one](studies/one.toml)")[4] == (f"{minutes:.0f}" if minutes else "")
    assert call(results, "--list", "--workers=1") == 0
    said = re.findall(r"left: (\d+) min (\d+) s", capsys.readouterr().out)
    assert [int(whole) + int(seconds) / 60 for whole, seconds in said] == ([minutes] if minutes else [])


def test_only_what_is_unfinished_stands_there(tmp_path):
    first, second = simulated.runs("0-1", epochs=60)
    whole = page(tmp_path, entry(first, 30), entry(first, 60, minutes=20.0), entry(second, 60))
    assert "## Unfinished" not in whole and cells(whole, "[one](studies/one.toml)")[4] == ""
    assert "## Unfinished" in page(tmp_path, entry(first, 30))
    (longer,) = simulated.runs("0", epochs=90)
    assert "| after-30 | 30 of 90 |" in page(tmp_path, entry(longer, 30))  # no study asks for it


def test_a_run_of_other_settings_tells_roughly_what_one_takes(tmp_path):
    """By the nearest settings, and only of as many minibatches an epoch."""
    (asked,) = simulated.runs("0", epochs=30, settings={"beta_1": 0.25, "n_critic": 2})
    (near,) = simulated.runs("0", epochs=60, settings={"n_critic": 2})
    (far,) = simulated.runs("0", epochs=60)
    (other,) = simulated.runs("0", epochs=60, settings={"n_critic": 2, "batch_size": 7})
    (shorter,) = simulated.runs("0", epochs=60, settings={"n_critic": 2, "steps_per_epoch": 7})
    known = [entry(far, 60, minutes=99.0), entry(near, 60, minutes=7.5)]  # 5 of training, 2.5 of evaluation
    found = Estimates(known, tmp_path / "none", "a CPU").of(asked)
    assert found.rough and found.minutes == pytest.approx(2.5 + 2.5)
    assert Estimates([entry(other, 60), entry(shorter, 60)], tmp_path / "none", "a CPU").of(asked) is None
    assert Estimates(known, tmp_path / "none", "a CPU").unknown([asked]) == [asked]  # 20 steps here tell more
    text = STUDY.replace("epochs = 60", "epochs = 30") + "settings = { beta_1 = 0.25, n_critic = 2 }\n"
    assert cells(page(tmp_path, *known, text=text), "[one](studies/one.toml)")[4] == "roughly 10"
    assert cells(page(tmp_path, entry(other, 60), text=text), "[one](studies/one.toml)")[4] == "of unknown length"
