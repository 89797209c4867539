"""How long a run takes: what records tell beforehand, what the first steps tell, and the time left on the progress line."""

import io
import re

import pytest
from support import planned as simulated
from support.records import parsed

from gan_repro.papers import configuration
from gan_repro.reporting import costs
from gan_repro.reporting.costs import Known
from gan_repro.studies import places
from gan_repro.training import callbacks
from gan_repro.training.callbacks import ProgressLine

HERE = "a CPU (1 core)"
LINE = configuration.resolve(configuration.find("goodfellow2014"), "gaussian1d", preset="quick", epochs=10)


def entry(minutes, processor=HERE, **manifest):
    """A record of LINE's run: a minute of training in 600 steps, the rest is evaluation."""
    (run,) = simulated.runs("0", epochs=10)
    found = simulated.record_of(run)
    found["cost"] = {"minutes": minutes, "steps": 600, "steps_per_second": 10.0, "processor": processor}
    found["manifest"] |= manifest
    return parsed(found)


@pytest.mark.parametrize(
    ("entries", "lines", "here", "evaluation"),
    [
        ([], 0, False, None),
        ([entry(3.0)], 1, True, 120.0),
        ([entry(3.0), entry(9.0, "another (1 core)")], 1, True, 120.0),
        ([entry(9.0, "another (1 core)")], 0, False, 480.0),
        ([entry(3.0, device="a GPU")], 0, False, 120.0),
        ([entry(3.0, workers=2)], 0, False, 120.0),
    ],
)
def test_what_records_tell_and_nothing_else(entries, lines, here, evaluation, monkeypatch):
    monkeypatch.setattr(costs, "at_hand", lambda config: entries)
    found = costs.expected(LINE, HERE)
    assert (len(found.lines), found.here) == (lines, here) and found.evaluation == pytest.approx(evaluation)
    assert all("3 min 00 s" in line for line in found.lines)
    own = costs.expected(LINE, HERE, entry(1.5)).evaluation
    assert own == pytest.approx(30.0)  # the run's own evaluation counts before others'


def test_epochs_cost_in_proportion_and_the_evaluation_once():
    longer = configuration.resolve(configuration.find("goodfellow2014"), "gaussian1d", preset="quick", epochs=20)
    assert costs.minutes(LINE, [entry(3.0)]) == pytest.approx(3.0)  # one of training, two of evaluation
    assert costs.minutes(longer, [entry(3.0)]) == pytest.approx(4.0)


def test_on_another_number_of_cores_the_first_steps_are_timed_all_the_same(monkeypatch):
    monkeypatch.setattr(costs, "at_hand", lambda config: [entry(3.0)])
    assert not costs.expected(LINE, "a CPU (16 cores)").here and costs.expected(LINE, HERE).here


def test_times_on_several_processors_are_not_averaged(monkeypatch):
    entries = [entry(3.0, "one (1 core)"), entry(9.0, "another (1 core)")]
    assert costs.alike(entries) == entries[:1] and costs.alike([]) == []


def test_the_quick_preset_is_named_beside_the_papers_where_a_record_tells_of_it(monkeypatch):
    (run,) = simulated.runs("0")
    quick = simulated.record_of(run)
    quick["cost"] = {"minutes": 2.0, "steps": 600, "steps_per_second": 10.0, "processor": "another (1 core)"}
    paper = configuration.resolve(configuration.find("goodfellow2014"), "gaussian1d")
    for entries, said in (([], ()), ([parsed(quick)], ("--preset=quick: about 2 min 00 s, by 1 record of another",))):
        monkeypatch.setattr(costs, "at_hand", lambda config, entries=entries: entries)
        assert costs.expected(paper, HERE).lines == said


def test_records_beside_the_program_are_found_once(monkeypatch, tmp_path):
    config = configuration.resolve(configuration.find("cgan"), "mnist")
    found = list(costs.at_hand(config))
    assert found and len({each.command for each in found}) == len(found)
    assert {(each.experiment, each.dataset) for each in found} == {("cgan", "mnist")}
    assert Known(found, found[0].machine).here(config)
    monkeypatch.setattr(costs, "_PACKAGE", tmp_path / "gan_repro")
    assert list(costs.at_hand(config)) == []
    (tmp_path / "results" / "records").mkdir(parents=True)
    (tmp_path / "results" / "records" / "cgan-mnist-x.json").write_text("{")  # damaged: no hint, and no error
    assert list(costs.at_hand(config)) == []


@pytest.fixture
def clock(monkeypatch):
    """time.monotonic of the callbacks, which the test moves."""
    now = [0.0]
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: now[0])
    return now


def lines(clock, line, total=1000, seconds=1.0, validating=0.0):
    """What a ProgressLine says of 60 steps of 1 s each, in calls of 10."""
    for step in range(10, 70, 10):
        clock[0] += 10 * seconds
        logs = {"step": step, "total": total, "probabilities": True, "d_loss": 0.5, "validating": validating}
        line.on_train_batch_end(step - 1, logs | ({"steps_per_second": 1 / seconds} if step > 10 else {}))
    return line.stream.getvalue().splitlines()


def test_twenty_steps_tell_how_long_the_training_takes(clock):
    first, hint, *rest = lines(clock, ProgressLine(io.StringIO(), 0.0, None, True))
    assert first.startswith("epoch 0  step 20/1,000") and "16 min 20 s left  D" in first
    assert hint == "about 16 min 10 s of training to come, by 20 steps timed here"
    assert all(line.startswith("epoch") for line in rest) and len(rest) == 4
    found = lines(clock, ProgressLine(io.StringIO(), 0.0, 120.0, True), validating=60.0)
    assert "about 17 min 10 s of training to come, 19 min 10 s with the evaluation, by 20 steps timed here" in found
    assert not [line for line in lines(clock, ProgressLine(io.StringIO(), 0.0)) if line.startswith("about")]
    short = lines(clock, ProgressLine(io.StringIO(), 0.0, None, True), total=80)
    assert not [line for line in short if line.startswith("about")]


@pytest.mark.parametrize(("evaluation", "said"), [(None, b"16 min 20 s"), (120.0, b"18 min 20 s")])
def test_the_queue_reads_the_time_left_and_the_step(evaluation, said, clock):
    first = lines(clock, ProgressLine(io.StringIO(), 0.0, evaluation))[0].encode()
    assert places._LEFT.findall(first) == [said] and places._STEP.findall(first) == [(b"20", b"1,000")]
    assert bool(re.search(rb"left with the evaluation", first)) == (evaluation is not None)
