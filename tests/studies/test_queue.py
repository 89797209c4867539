"""The queue: every run is played once, whatever ends it in between; one that fails holds up no other."""

import concurrent.futures
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import planned as simulated
from support.records import parsed

from gan_repro.studies import player, queue
from gan_repro.studies.places import Places, State
from gan_repro.system.errors import RunError, StageError

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def simulated_program(monkeypatch):
    """The processes that are started find support/simulated.py."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS / "support"), str(TESTS.parent)]))


def work(runs, places, command, workers=2, stop=None, **options):
    """The outcomes of a queue of these runs, and the events on the way."""
    stop, events = stop or player.Stop(), []

    def play(each):
        return player.play(each, places, stop, 1, None, command)

    with places.locked(), concurrent.futures.ThreadPoolExecutor(workers) as executor:
        return queue.work(queue.jobs(runs, **options), places, executor, play, stop, events.append), events


def test_every_run_is_played_once_and_its_record_is_kept(tmp_path):
    runs, places = simulated.runs("0-5"), Places(tmp_path / "queue")
    outcomes, events = work(runs, places, simulated.command(tmp_path))
    assert {each.ended for each in outcomes.values()} == {"finished"} and sorted(outcomes) == sorted(each.name for each in runs)
    assert all(places.look(each).state is State.FINISHED for each in runs)
    assert [places.look(each).record.seed for each in runs] == [0, 1, 2, 3, 4, 5]
    assert simulated.ended(tmp_path) == sorted(each.folder for each in runs)
    assert events[-1].left == 0 and sum(event.outcome is None for event in events) == 6
    work(queue.unfinished(runs, places), places, simulated.command(tmp_path))
    assert len(simulated.journal(tmp_path)) == 12  # six began and ended; a second time there is nothing to do


def test_no_more_run_at_once_than_there_are_workers(tmp_path):
    work(simulated.runs("0-7"), Places(tmp_path / "queue"), simulated.command(tmp_path, 0.1), workers=2)
    at_once, most = 0, 0
    for word, *_ in simulated.journal(tmp_path):
        at_once += {"begin": 1, "end": -1}[word]
        most = max(most, at_once)
    assert most == 2


def test_a_longer_run_of_the_same_seed_goes_on_where_the_shorter_one_ended(tmp_path):
    runs, places = [*simulated.runs("0", epochs=9), *simulated.runs("0", epochs=4)], Places(tmp_path / "queue")
    work(runs, places, simulated.command(tmp_path))
    assert [places.look(each).record.epochs for each in runs] == [9, 4]
    assert places.run(runs[0]) == places.run(runs[1])
    assert [word for word, *_ in simulated.journal(tmp_path)] == ["begin", "end", "begin", "end"]


def test_what_a_shorter_run_has_played_is_not_all_of_a_longer_one(tmp_path):
    (longer,), (shorter,), places = simulated.runs("0", epochs=9), simulated.runs("0", epochs=4), Places(tmp_path / "queue")
    places.log(shorter).parent.mkdir(parents=True)
    places.log(shorter).write_text("\n$ a program\nepoch 4  step 400/400  1 steps/s  1 s left\n")
    assert (places.look(shorter).share, places.left(shorter)) == (1.0, "1 s")
    found = places.look(longer)
    assert (found.share, found.steps, places.left(longer)) == (0.0, None, "")


def test_the_cheapest_begin_first(tmp_path):
    runs = simulated.runs("0-3")
    costs = dict(zip((each.name for each in runs), (30, 10, 40, 20)))
    _, events = work(
        runs, Places(tmp_path / "q"), simulated.command(tmp_path), workers=1, minutes=lambda each: costs[each.name]
    )
    assert [event.planned.config.seed for event in events if event.outcome is None] == [1, 3, 0, 2]


def test_a_run_that_fails_is_told_once_and_the_others_go_on(tmp_path):
    runs, places = simulated.runs("0-3"), Places(tmp_path / "queue")
    fails = simulated.command(tmp_path, lambda each: "fail" if each.config.seed == 1 else 0.01)
    outcomes, events = work(runs, places, fails)
    assert [outcomes[each.name].ended for each in runs] == ["finished", "failed", "finished", "finished"]
    (told,) = [event.outcome.line for event in events if event.outcome and event.outcome.ended == "failed"]
    assert "asked to fail" in told and places.look(runs[1]).line == told
    work(queue.unfinished(runs, places), places, simulated.command(tmp_path))  # the next command tries it again
    assert places.look(runs[1]).state is State.FINISHED and not places.failure(runs[1]).exists()


def test_a_program_that_leaves_no_record_of_the_run_has_failed(tmp_path):
    (run,), places = simulated.runs("0"), Places(tmp_path / "queue")
    (other,) = simulated.runs("1")
    wrong = simulated.command(tmp_path)
    outcomes, _ = work([run], places, lambda planned, workdir, data_dir: wrong(other, workdir))
    assert outcomes[run.name].ended == "failed" and places.look(run).state is State.FAILED


def test_a_process_killed_for_memory_is_told_so(tmp_path):
    (run,), places = simulated.runs("0"), Places(tmp_path / "queue")
    (tmp_path / "killed.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    os.environ["PYTHONPATH"] += f"{os.pathsep}{tmp_path}"
    outcomes, _ = work([run], places, lambda *rest: ["killed"])
    assert outcomes[run.name].ended == "failed" and "signal 9" in outcomes[run.name].line


def test_stopping_saves_what_runs_and_the_same_runs_go_on_from_there(tmp_path):
    runs, places, stop = simulated.runs("0-3"), Places(tmp_path / "queue"), player.Stop()
    command = simulated.command(tmp_path, 0.6)
    with concurrent.futures.ThreadPoolExecutor(1) as aside:
        first = aside.submit(work, runs, places, command, 2, stop)
        wait(lambda: [word for word, *_ in simulated.journal(tmp_path)].count("begin") == 2)
        stop.ask()
        outcomes, _ = first.result()
    assert [each.ended for each in outcomes.values()] == ["stopped", "stopped"]
    assert [places.look(each).state for each in runs].count(State.BEGUN) == 2
    outcomes, _ = work(queue.unfinished(runs, places), places, command)
    assert sorted(bool(each.begun_at) for each in outcomes.values()) == [False, False, True, True]
    assert all(places.look(each).state is State.FINISHED for each in runs)


def test_a_run_is_stopped_and_recorded_when_its_minutes_are_over(tmp_path, monkeypatch):
    (run,), places = simulated.runs("0", minutes=0.01), Places(tmp_path / "queue")
    recorded = simulated.command(tmp_path)
    monkeypatch.setattr(player, "evaluation", lambda workdir, data_dir: recorded(run, workdir))
    outcomes, _ = work([run], places, simulated.command(tmp_path, "hang"))
    assert outcomes[run.name].ended == "finished"
    assert [word for word, *_ in simulated.journal(tmp_path)] == ["begin", "saved", "begin", "end"]


def test_a_longer_run_waits_until_a_shorter_one_whose_minutes_were_over_is_finished(tmp_path, monkeypatch):
    runs, places = simulated.runs("0", epochs=4, minutes=0.01) + simulated.runs("0", epochs=9), Places(tmp_path / "queue")
    half = simulated.command(tmp_path, epochs=2, complete=False)
    monkeypatch.setattr(player, "evaluation", lambda workdir, data_dir: half(runs[0], workdir))
    outcomes, _ = work(runs, places, simulated.command(tmp_path, "hang"))
    assert {name: each.ended for name, each in outcomes.items()} == {runs[0].name: "over"}
    assert queue.unfinished(runs, places) == runs
    outcomes, _ = work(queue.unfinished(runs, places), places, simulated.command(tmp_path))
    assert {each.ended for each in outcomes.values()} == {"finished"} and len(outcomes) == 2


def test_a_run_that_does_not_save_itself_when_its_minutes_are_over_is_recorded_by_its_last_checkpoint(tmp_path, monkeypatch):
    (run,), places, stop = simulated.runs("0", minutes=0.05), Places(tmp_path / "queue"), player.Stop()
    deaf = "import pathlib, signal, sys, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    (tmp_path / "deaf.py").write_text(deaf + "pathlib.Path(sys.argv[1]).touch()\ntime.sleep(600)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(player, "PATIENCE", 0.1)
    recorded = simulated.command(tmp_path)
    monkeypatch.setattr(player, "evaluation", lambda workdir, data_dir: recorded(run, workdir))
    outcomes, _ = work([run], places, lambda *rest: ["deaf", str(tmp_path / "deaf")], stop=stop)
    assert (tmp_path / "deaf").exists() and not stop.asked()
    assert outcomes[run.name].ended == "finished" and places.look(run).state is State.FINISHED


def test_a_run_whose_minutes_are_over_before_its_last_stage_has_not_failed_and_goes_on(tmp_path, monkeypatch):
    (run,), places = simulated.runs("0", minutes=0.03), Places(tmp_path / "queue")
    (tmp_path / "early.py").write_text(f"raise SystemExit({StageError.exit_code})\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(player, "evaluation", lambda workdir, data_dir: ["early"])
    outcomes, events = work([run], places, simulated.command(tmp_path, "hang"))
    assert outcomes[run.name].ended == "stopped" and "stage" in outcomes[run.name].line and events[-1].left == 0
    assert places.look(run).state is State.BEGUN and not places.failure(run).exists()
    outcomes, _ = work(queue.unfinished([run], places), places, simulated.command(tmp_path))
    assert outcomes[run.name].ended == "finished" and outcomes[run.name].begun_at


def test_a_run_that_went_on_until_its_minutes_were_over_says_from_where(tmp_path, monkeypatch):
    (run,), places = simulated.runs("0", minutes=0.01), Places(tmp_path / "queue")
    recorded = simulated.command(tmp_path)
    checkpoint = places.run(run) / "checkpoints" / "0000000001.npz"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_text("0.4")  # as much is played
    monkeypatch.setattr(player, "evaluation", lambda workdir, data_dir: recorded(run, workdir))
    outcomes, _ = work([run], places, simulated.command(tmp_path, "hang"))
    assert outcomes[run.name].ended == "finished" and outcomes[run.name].begun_at == 400


def test_a_run_that_somebody_else_asks_to_end_is_no_finished_one(tmp_path):
    (run,), places = simulated.runs("0"), Places(tmp_path / "queue")
    with concurrent.futures.ThreadPoolExecutor(1) as aside:
        first = aside.submit(work, [run], places, simulated.command(tmp_path, "hang"))
        wait(lambda: simulated.journal(tmp_path))
        os.kill(int(simulated.journal(tmp_path)[0][2]), signal.SIGTERM)
        outcomes, _ = first.result()
    assert outcomes[run.name].ended == "failed" and places.look(run).state is State.FAILED
    outcomes, _ = work([run], places, simulated.command(tmp_path))
    assert outcomes[run.name].ended == "finished" and outcomes[run.name].begun_at


def test_a_shorter_run_after_a_longer_one_of_the_same_seed_has_a_folder_of_its_own(tmp_path):
    (longer,), (shorter,), places = simulated.runs("0", epochs=9), simulated.runs("0", epochs=4), Places(tmp_path / "queue")
    work([longer], places, simulated.command(tmp_path))
    (places.run(longer) / "config.json").write_text(json.dumps(longer.config.as_dict()))  # as a run writes it first
    work([shorter], places, simulated.command(tmp_path))
    assert [places.look(each).record.epochs for each in (longer, shorter)] == [9, 4]
    assert places.run(longer) != places.run(shorter)


def test_a_damaged_record_is_played_again(tmp_path):
    (run,), places = simulated.runs("0"), Places(tmp_path / "queue")
    work([run], places, simulated.command(tmp_path))
    (places.finished(run) / "record.json").write_text("")
    assert places.look(run).state is State.BEGUN and queue.unfinished([run], places) == [run]
    work([run], places, simulated.command(tmp_path))
    assert places.look(run).state is State.FINISHED


def test_why_and_how_far_are_of_the_last_process(tmp_path):
    (run,), places = simulated.runs("0"), Places(tmp_path / "queue")
    work([run], places, simulated.command(tmp_path, "fail"))
    stop = player.Stop()
    with concurrent.futures.ThreadPoolExecutor(1) as aside:
        first = aside.submit(work, [run], places, simulated.command(tmp_path, "hang"), 1, stop)
        wait(lambda: simulated.journal(tmp_path))
        assert places.look(run, running=[run.name]).steps == 1000
        stop.ask()
        first.result()
    found = places.look(run)
    assert found.state is State.BEGUN and found.line == ""


def test_a_queue_without_workers_waits_and_can_be_stopped(tmp_path):
    stop, looks = player.Stop(), []

    def look():
        looks.append(None)
        if len(looks) == 3:
            stop.ask()

    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        jobs = queue.jobs(simulated.runs("0"))
        assert queue.work(jobs, Places(tmp_path / "q"), executor, print, stop, look=look, width=lambda: 0) == {}
    assert len(looks) == 3


def test_two_processes_do_not_play_the_same_queue(tmp_path):
    places = Places(tmp_path / "queue")
    with places.locked():
        assert places.at_work()
        with pytest.raises(RunError, match="another process"), Places(tmp_path / "queue").locked():
            pass
    assert not places.at_work()


def wait(until, seconds=60):
    """Waits until something is so."""
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


DRIVER = """
import concurrent.futures, sys
sys.path.insert(0, sys.argv[1])
from support import planned as simulated
from gan_repro.studies import player, queue
from gan_repro.studies.places import Places
folder, seeds = sys.argv[2:]
runs, places, stop = simulated.runs(seeds), Places(folder + "/queue"), player.Stop()
command = simulated.command(folder, 0.02)
with places.locked(), concurrent.futures.ThreadPoolExecutor(8) as executor:
    queue.work(queue.jobs(queue.unfinished(runs, places)), places, executor,
               lambda each: player.play(each, places, stop, 0, None, command), stop)
"""


@pytest.mark.e2e
@pytest.mark.parametrize("seeds", ["0-29", pytest.param("0-999", marks=pytest.mark.slow)])
def test_killed_twice_nothing_is_lost_or_played_twice(tmp_path, seeds):
    number = len(simulated.runs(seeds))
    words = [sys.executable, "-c", DRIVER, str(TESTS), str(tmp_path), seeds]
    for share in (0.2, 0.6):
        kill(subprocess.Popen(words), tmp_path, share * number)
    assert len(simulated.ended(tmp_path)) < number
    subprocess.run(words, check=True, timeout=600)
    journal = simulated.journal(tmp_path)
    assert simulated.ended(tmp_path) == sorted(each.folder for each in simulated.runs(seeds))
    playing: dict = {}
    for word, name, process in journal:  # whoever plays a run has ended before another one begins it
        assert word != "begin" or name not in playing
        playing[name] = process
        if word != "begin":
            assert playing.pop(name) == process
    assert not playing
    places = Places(tmp_path / "queue")
    assert all(places.look(each).state is State.FINISHED for each in simulated.runs(seeds))


def kill(process, folder, number):
    """Kills a process once so many runs have ended."""
    wait(lambda: len(simulated.ended(folder)) >= number or process.poll() is not None, 600)
    assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_pictures_that_are_not_to_be_published_stay_in_the_runs_folder(tmp_path):
    places = Places(tmp_path / "queue")
    for shown, planned in zip((True, False), simulated.runs("0-1"), strict=True):
        planned = dataclasses.replace(planned, pictures=shown)
        folder = places.run(planned) / "figures"
        folder.mkdir(parents=True)
        (folder / "samples-last.png").write_bytes(b"a face")
        (folder.parent / "record.json").write_text(json.dumps(parsed(simulated.record_of(planned)).to_json()))
        places.keep(planned)
        assert [path.name for path in (places.finished(planned) / "figures").iterdir()] == ["samples-last.png"] * shown
