"""One training over several machines: real processes on this one, against one process; what is refused, lost and resumed."""

import json
import signal
import socket
import time

import numpy as np
import pytest
from support import kills, machines, marks, tiny_runs

from gan_repro import run as program
from gan_repro.reporting import record
from gan_repro.system import cluster, tensorflow_setup

TOLERANCE = 1e-5  # of the largest value of each array: what another order of sums may change in some dozens of updates
SMALL = "--preset=smoke --set=n_samples=50 --set=samples_every=4"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """An .npz of small images."""
    path = tmp_path_factory.mktemp("data") / "small.npz"
    tiny_runs.write_data(path)
    return path


def planned(data, words, steps=10, epochs=2, row=5):
    """A kills.Run of `words`."""
    settings = f"{SMALL} --dataset=npz:{data} --epochs={epochs} --set=steps_per_epoch={steps}"
    return kills.Run((*words.split(), *settings.split()), steps, epochs, row, {})


MLP = "--experiment=goodfellow2014 --set=generator_units=16 --set=discriminator_units=8 --set=averages=ema-.5"
WGAN = "--experiment=wgan --model=mlp --set=units=16,16 --set=warmup_every=3"
DCGAN = "--experiment=dcgan --model=mnist --set=constant_epochs=1 --set=decay_epochs=1"
PLAIN = " --set=input_keep=1 --set=input_scale=1 --set=hidden_keep=1 --set=hidden_scale=1"  # no dropout


def assert_equals_one_process(run, folder, workers, replicas):
    """Plays a run on `workers` processes and, meanwhile, as so many replicas of one, and compares all that is kept."""
    alone = folder.with_name("alone")
    processes, single = machines.start(run, folder, workers), machines.start_alone(run, alone, replicas)
    try:
        machines.end(processes, folder, 0)
    finally:
        kills.end(single, alone, 0)
    assert all(len(machines.log(machines.other(folder, i)).read_text().splitlines()) == 2 for i in range(1, workers))
    (name, together), (alike, single) = machines.newest(folder), machines.newest(alone)
    assert name == alike and together.keys() == single.keys()
    for key, values in single.items():
        np.testing.assert_allclose(together[key], values, rtol=0, atol=TOLERANCE * max(1.0, np.abs(values).max()), err_msg=key)
    told = record.read(folder / "record.json"), record.read(alone / "record.json")
    assert [each.manifest.workers for each in told] == [workers, 1]
    assert "workers" not in json.loads((alone / "record.json").read_text())["manifest"]
    assert told[0].epochs == told[1].epochs and told[0].command == told[1].command


@pytest.mark.slow
@pytest.mark.e2e
def test_two_workers_equal_one_process_of_two_replicas(data, tmp_path):
    """With dropout: the masks are the replicas'."""
    assert_equals_one_process(planned(data, MLP, 3), tmp_path / "run", 2, 2)


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.parametrize(
    ("words", "workers", "replicas"),
    [
        pytest.param(MLP + PLAIN + " --set=batch_size=12", 3, 1, id="goodfellow2014"),
        pytest.param(WGAN + " --set=batch_size=12", 3, 3, id="wgan"),  # batch norm per replica
        pytest.param(WGAN + " --set=batch_size=12", 2, 2, id="wgan-2"),
        pytest.param(DCGAN + " --set=batch_size=12", 2, 2, id="dcgan"),
    ],
)
def test_workers_equal_one_process(data, tmp_path, words, workers, replicas):
    assert_equals_one_process(planned(data, words), tmp_path / "run", workers, replicas)


def await_step(run, folder, step, processes):
    """Waits until metrics.csv has a row of so many minibatches."""
    deadline = time.monotonic() + kills.PATIENCE
    while not kills.Moment(step=step).come(folder):
        assert all(process.poll() is None for process in processes), machines.log(folder).read_text()
        assert time.monotonic() < deadline, machines.log(folder).read_text()
        time.sleep(0.002)


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.parametrize(("workers", "killed"), [(2, 1), (2, 0), (3, 2)])
def test_a_killed_worker_ends_the_others_and_all_go_on(data, tmp_path, workers, killed):
    run = planned(data, MLP + " --set=batch_size=6", 40, 6)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    machines.play(run, whole, workers)
    processes = machines.start(run, broken, workers)
    try:
        await_step(run, broken, 90, processes)
        processes[killed].kill()
        since = time.monotonic()
        for i, process in enumerate(processes):
            if i != killed:
                assert process.wait(machines.PATIENCE) == 1
                line, *more = machines.errors(broken if i == 0 else machines.other(broken, i))
                assert not more and "is lost" in line
                assert f"worker {killed} (127.0.0.1:" in line or (workers > 2 and "or ended because another one was" in line)
        assert time.monotonic() - since < machines.PATIENCE
    finally:
        for process in processes:
            process.kill()
            process.wait()
    machines.play(run, broken, workers)
    assert kills.started(machines.log(broken).read_text()) > 0
    kills.assert_same_run(whole, broken)


@pytest.mark.slow
@pytest.mark.e2e
def test_a_signal_to_any_worker_stops_all_and_nothing_is_lost(data, tmp_path):
    run = planned(data, MLP + " --set=batch_size=6", 40, 6)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    machines.play(run, whole, 2)
    processes = machines.start(run, broken, 2)
    try:
        await_step(run, broken, 20, processes)
        processes[1].send_signal(signal.SIGTERM)
        machines.end(processes, broken, 128 + signal.SIGTERM)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert "everything is saved" in machines.log(broken).read_text() and not machines.errors(machines.other(broken, 1))
    machines.play(run, broken, 2)
    kills.assert_same_run(whole, broken)


@pytest.mark.slow
@pytest.mark.e2e
def test_workers_that_were_started_with_something_else_are_refused(data, tmp_path):
    run, other = (planned(data, words) for words in (MLP, MLP + " --set=learning_rate=.01"))
    jobs = machines.cluster(2)
    processes = []
    for i, each in enumerate((run, other)):
        each.environment["TF_CONFIG"] = machines.config(jobs, i)
        processes.append(each.start(tmp_path / str(i), machines.log(tmp_path / str(i))))
    try:
        assert [process.wait(kills.PATIENCE) for process in processes] == [1, 1]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    lines = [machines.errors(tmp_path / str(i)) for i in (0, 1)]
    assert [len(line) for line in lines] == [1, 1]
    assert "worker 1" in lines[0][0] and "the chief was started with another configuration" in lines[1][0]
    assert not any((tmp_path / str(i)).exists() for i in (0, 1))


@pytest.mark.slow
@pytest.mark.e2e
def test_a_port_that_is_taken_is_one_line(data, tmp_path):
    run, jobs = planned(data, MLP), machines.cluster(2)
    run.environment["TF_CONFIG"] = machines.config(jobs, 0)
    with socket.create_server(("", int(jobs["worker"][0].rpartition(":")[2]))):
        kills.end(run.start(tmp_path / "run", machines.log(tmp_path / "run")), tmp_path / "run", 1)
    (line,) = machines.errors(tmp_path / "run")
    assert "worker 0" in line and "port" in line and "Traceback" not in machines.log(tmp_path / "run").read_text()


# ---- before TensorFlow starts -----------------------------------------------------------------------------------------

TWO = {"worker": ["a:1", "b:2"]}


@pytest.mark.parametrize(
    ("given", "words"),
    marks.slow_after(
        6,
        [
            ("{", "not JSON"),
            (machines.config({"worker": ["a:1", "b:2", "c:3"]}, 0), "batch_size = 100: must be a multiple of the 3 workers"),
            ("[]", "no cluster"),
            ("{}", "no cluster"),
            (json.dumps({"task": {"type": "worker", "index": 0}}), "no cluster"),
            (json.dumps({"cluster": TWO}), "no task"),
            (machines.config(TWO, 2), "index is 2"),
            (machines.config(TWO, -1), "index is -1"),
            (machines.config(TWO, "0"), "index is '0'"),
            (machines.config(TWO, 0, "ps"), "'ps'; valid are chief and worker"),
            (machines.config(TWO, 0, "chief"), "index is 0; the cluster has 0"),
            (machines.config(TWO | {"ps": ["c:3"]}, 0), "the job 'ps'"),
            (machines.config(TWO | {"chief": ["c:3", "d:4"]}, 0), "2 chiefs"),
            (machines.config({"worker": ["a:1", "a:1"]}, 0), "two workers have the address a:1"),
            (machines.config({"worker": ["a:1", "b"]}, 0), "'b' is no address"),
            (machines.config({"worker": ["a:1", 3]}, 0), "3 is no address"),
            (machines.config({"worker": "a:1"}, 0), "must be a list"),
        ],
    ),
)
def test_a_wrong_cluster_is_one_line(monkeypatch, capsys, tmp_path, given, words):
    monkeypatch.setenv("TF_CONFIG", given)
    monkeypatch.setattr(tensorflow_setup, "prepare", lambda *arguments, **options: pytest.fail("TensorFlow was started"))
    arguments = ["--experiment=goodfellow2014", "--dataset=mnist", "--preset=smoke", f"--workdir={tmp_path / 'run'}"]
    assert tiny_runs.call(program.main, *arguments) == 2
    assert words in tiny_runs.one_line(capsys.readouterr().err)
    assert not (tmp_path / "run").exists()


def test_what_is_not_trained_needs_no_workers(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("TF_CONFIG", machines.config(TWO, 0))
    assert tiny_runs.call(program.main, "--experiment=theis2015", f"--workdir={tmp_path / 'run'}") == 2
    assert "is not trained" in tiny_runs.one_line(capsys.readouterr().err)


@pytest.mark.parametrize(
    "given", ["", " ", machines.config({"worker": ["a:1"]}, 0), machines.config({"chief": ["a:1"]}, 0, "chief")]
)
def test_one_worker_is_no_cluster(monkeypatch, given):
    monkeypatch.setenv("TF_CONFIG", given)
    assert cluster.from_environment() is None


def test_the_chief_is_counted_first(monkeypatch):
    jobs = {"worker": ["a:1", "b:2"], "chief": ["c:3"]}
    for job, index, number in (("chief", 0, 0), ("worker", 0, 1), ("worker", 1, 2)):
        monkeypatch.setenv("TF_CONFIG", machines.config(jobs, index, job))
        found = cluster.from_environment()
        assert found.number == number and found.is_chief == (job == "chief")
        assert list(map(str, found.tasks)) == ["chief 0 (c:3)", "worker 0 (a:1)", "worker 1 (b:2)"]
