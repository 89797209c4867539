"""What people see of a queue: lines, a table on a terminal, what is there and missing of a study."""

import io
import re
from pathlib import Path

import pytest
from support import planned as simulated
from support.records import parsed

import gan_repro
from gan_repro.studies import queue, view
from gan_repro.studies.cost import Estimates
from gan_repro.studies.places import Places
from gan_repro.studies.player import Outcome
from gan_repro.studies.queue import Event
from gan_repro.studies.study import Study


@pytest.fixture
def watch(tmp_path):
    """A Watch of three runs that take ten minutes each, by two workers; the first one has said where it is."""
    runs, places = simulated.runs("0-2"), Places(tmp_path)
    found = view.Watch(queue.jobs(runs, lambda planned: 10.0), places, 2)
    places.log(runs[0]).parent.mkdir(parents=True)
    places.log(runs[0]).write_text(
        "\n$ a\nepoch 1  step 9/10  1 steps/s  9 s left\n\n$ b\nepoch 1  step 3/12  2 steps/s  5 s left\n"
    )
    return found


def test_a_line_when_a_run_begins_and_when_it_ends(watch, capsys):
    first, second, _ = watch.runs
    watch.say(Event(first, None, 3))
    watch.say(Event(second, None, 3))
    watch.say(Event(first, Outcome("finished", "", 61.0, 40), 2))
    watch.say(Event(second, Outcome("failed", "no memory", 2.0), 1))
    begins, _, finished, failed = capsys.readouterr().out.splitlines()
    assert begins == f"begins: {first.name}"
    assert finished == f"finished: {first.name} (1 min 01 s, from step 40); 2 to go"
    assert failed == f"failed: {second.name} (2 s): no memory; 1 to go"


def test_a_line_a_minute_on_how_far_the_runs_are(watch, capsys, monkeypatch):
    first, *_ = watch.runs
    watch.say(Event(first, None, 3))
    watch.look()
    monkeypatch.setattr(view, "EVERY", -1.0)
    watch.look()
    begins, progress, summary = capsys.readouterr().out.splitlines()
    assert progress == f"  {first.name}: step 3 of 12, 25%, 5 s left"
    assert "1 running, 2 waiting" in summary and "20 min 00 s left at most" in summary


def test_the_epochs_that_two_runs_of_a_seed_share_are_left_once(tmp_path):
    runs = [*simulated.runs("0", epochs=30), *simulated.runs("0-1", epochs=60)]
    watch = view.Watch(queue.jobs(runs, lambda planned: planned.epochs / 6), Places(tmp_path), 1)
    assert "3 waiting, about 20 min 00 s left" in watch._summary()
    watch.say(Event(runs[0], Outcome("finished"), 2))
    assert "2 waiting, about 20 min 00 s left" in watch._summary()
    watch.say(Event(runs[1], Outcome("finished"), 1))
    assert "1 waiting, about 10 min 00 s left" in watch._summary()


@pytest.mark.parametrize("ended", ["failed", "over", "stopped"])
def test_what_follows_a_run_that_did_not_finish_is_no_longer_waited_for(tmp_path, ended):
    runs = [*simulated.runs("0", epochs=30), *simulated.runs("0-1", epochs=60)]
    watch = view.Watch(queue.jobs(runs, lambda planned: planned.epochs / 6), Places(tmp_path), 1)
    watch.say(Event(runs[0], Outcome(ended), 1))
    assert "1 waiting, about 10 min 00 s left" in watch._summary()


def test_a_failure_that_results_have_made_good_is_not_shown(tmp_path):
    (run,), places = simulated.runs("0"), Places(tmp_path)
    places.fail(run, "no memory")
    assert [row[1] for row in view.rows([run], places, {})] == ["failed"]
    recorded = {run.identity: parsed(simulated.record_of(run))}
    assert view.rows([run], places, {}, recorded) == []


def test_the_table_on_a_terminal_has_the_same(watch):
    console = pytest.importorskip("rich.console", reason="the table is drawn by rich: pip install -e '.[rich]'")
    first, *_ = watch.runs
    watch.begun[first.name] = 0.0
    screen = console.Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    screen.print(watch._table())
    text = screen.export_text()
    assert first.name in text and "step 3 of 12, 25%" in text and "5 s" in text and "2 waiting" in text


COLOUR = re.compile("\x1b\\[[\\d;]*(?:[349]|10)[0-7]")


def test_no_colours_where_nobody_wants_them(watch, monkeypatch):
    """https://no-color.org; where there is no rich nothing is coloured, and nothing else in the package is."""
    console = pytest.importorskip("rich.console", reason="the table is drawn by rich: pip install -e '.[rich]'")
    monkeypatch.setenv("TERM", "xterm-256color")
    for no_color in ("1", ""):  # an empty one is as none
        monkeypatch.setenv("NO_COLOR", no_color)
        out = io.StringIO()
        screen = console.Console(file=out, force_terminal=True, width=120)
        screen.print(watch._table())
        screen.print("a colour", style="red")
        assert bool(COLOUR.search(out.getvalue())) == (not no_color)
    sources = [path.read_text(encoding="utf-8") for path in Path(gan_repro.__path__[0]).rglob("*.py")]
    assert not any(word in text for text in sources for word in ("\\x1b", "\\033", "\\u001b"))


def test_a_study_says_what_is_there_and_what_the_rest_takes(tmp_path):
    runs, places = simulated.runs("0-2"), Places(tmp_path)
    places.fail(runs[1], "it fell")
    study = {"line": Study("The line", runs=(object(),), name="line")}
    recorded = {runs[0].identity: parsed(simulated.record_of(runs[0]))}
    lines = list(view.states(study, {"line": runs}, places, recorded, Estimates([], tmp_path / "none", "a CPU"), 2))
    assert lines[0] == "line: The line"
    assert lines[1].strip() == "3 runs: 1 in results, 1 failed, 1 missing"
    assert [line.strip() for line in lines[2:]] == [
        f"failed: {runs[1].name}: of unknown length: it fell",
        f"missing: {runs[2].name}: of unknown length",
    ]


def test_seeds_that_wait_share_a_line_and_a_study_of_studies_counts_its_runs(tmp_path):
    runs, places = simulated.runs("0-5"), Places(tmp_path)
    places.fail(runs[1], "it fell")
    found = {"line": Study("The line", runs=(object(),)), "all": Study("All", studies=("line",))}
    lines = list(view.states(found, {"line": runs, "all": runs}, places, {}, Estimates([], tmp_path / "none", "a CPU"), 2))
    row = runs[0].row.name
    assert [line.strip() for line in lines[2:]] == [
        f"missing: {row}, seeds 0, 2-5, each: of unknown length",
        f"failed: {row}-seed1: of unknown length: it fell",
        "all: All",
        "6 runs: 1 failed, 5 missing",
    ]
