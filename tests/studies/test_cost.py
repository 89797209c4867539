"""What runs will cost: by records, by 20 measured steps, and as a queue of them on so many cores."""

import json

import pytest
from support import planned as simulated
from support.records import parsed

from gan_repro.benchmark import report, rounds
from gan_repro.benchmark.rounds import Row
from gan_repro.studies import pages
from gan_repro.studies.cost import Estimates, makespan
from gan_repro.system import files

HERE, THERE = "a CPU (1 core)", "another CPU (1 core)"


def entry(planned, minutes, processor=HERE, **changes):
    """A record of a planned run that took so long."""
    found = simulated.record_of(planned, **changes)
    found["cost"] = {"minutes": minutes, "steps": 600, "steps_per_second": 10.0, "processor": processor}
    return parsed(found)


def estimate(planned, entries, file):
    """(minutes, source) of a planned run, on HERE."""
    found = Estimates(entries, file, HERE).of(planned)
    return found and (pytest.approx(found.minutes), found.source)


def test_a_run_costs_what_its_epochs_cost_other_seeds(tmp_path):
    (known,), (asked,) = simulated.runs("0", epochs=10), simulated.runs("5", epochs=30)
    assert (
        estimate(asked, [entry(known, 4.0)], tmp_path / "none")[0] == 3 * 1.0 + 3.0
    )  # a minute of training, three of evaluation
    other = simulated.runs("0", settings={"batch_size": 7})
    assert estimate(other[0], [entry(known, 4.0)], tmp_path / "none") is None


def test_records_of_this_processor_count_before_measured_steps_and_these_before_other_processors(tmp_path):
    (known,), (asked,) = simulated.runs("0"), simulated.runs("1")
    ours, theirs, file = entry(known, 4.0), entry(known, 9.0, THERE), tmp_path / "speeds.json"
    assert estimate(asked, [theirs], file) == (9.0, "records, another CPU")
    assert Estimates([theirs], file, HERE).unknown([asked, asked]) == [asked]
    measured = {f"a CPU {asked.row.kind}": {"steps_per_second": 100.0, "steps_per_epoch": 50}}
    file.write_text(json.dumps(measured))
    minutes, source = estimate(asked, [theirs], file)
    assert minutes == 60 * 50 / 100 / 60 + (9.0 - 1.0) and source.startswith("20 steps here")  # 8 minutes of evaluation
    assert Estimates([theirs], file, HERE).unknown([asked]) == []
    assert estimate(asked, [theirs, ours], file) == (4.0, "records, this processor")


def test_nothing_is_guessed(tmp_path):
    (asked,) = simulated.runs("0")
    assert Estimates([], tmp_path / "none", HERE).of(asked) is None


@pytest.mark.slow
@pytest.mark.e2e
def test_twenty_steps_are_measured_in_a_process_of_their_own(tmp_path):
    (asked,) = simulated.runs("0")
    found = Estimates([], tmp_path / "speeds.json")
    found.measure(asked)
    assert Estimates([], tmp_path / "speeds.json").of(asked).minutes > 0
    (kept,) = json.loads((tmp_path / "speeds.json").read_text()).keys() - {"sha256"}
    assert kept.endswith(asked.row.kind)


def test_a_queue_gives_each_job_to_the_first_free_worker():
    assert makespan([3, 3, 4], 1) == 10 and makespan([3, 3, 4], 2) == 7 and makespan([3, 3, 4], 64) == 4
    assert makespan([], 8) == 0 and makespan([1.0] * 64, 64) == 1.0


def row(task, name, *seconds):
    return Row(task, name, "what it is", "float32", "run", seconds=seconds)


def test_the_page_says_what_the_benchmark_of_workers_measured(tmp_path):
    """Its file is the benchmark's own."""
    assert "not measured" in pages.cost({}, [], tmp_path)
    rows = [row("workers", "at once, a core each", 50.0), row("workers", "one after the other, two cores each", 80.0)]
    place = tmp_path / pages.MEASURED
    files.write_json(place, report.as_json(rows, [], rounds.FULL, report.conditions()))
    assert "Not all of it was measured" in pages.cost({}, [], tmp_path)
    rows += [row("queue", "in a queue", 0.25), row("queue", "a process alone", 0.125)]
    files.write_json(place, report.as_json(rows, [], rounds.FULL, report.conditions()))
    text = pages.cost({}, [], tmp_path)
    assert "50 s at once on a core each, 80 s one after the other" in text and "125 ms" in text
