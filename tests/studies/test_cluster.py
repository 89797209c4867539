"""Runs on a cluster: workers with the queue's folder and without it, lost ones, ones that do not fit."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from support import ROOT, clusters, marks
from support import planned as simulated
from support.clusters import Command, wait

from gan_repro import reproduce
from gan_repro.studies import cargo, cluster, player, queue, study
from gan_repro.studies.places import Places, State
from gan_repro.system.errors import RunError

distributed = pytest.importorskip("distributed", reason="needs dask.distributed: pip install -e '.[cluster]'")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """The folder of the coordinator, which hidden workers do not see."""
    return tmp_path_factory.mktemp("coordinator")


@pytest.fixture
def here(base, request):
    """A folder of the coordinator for one test."""
    folder = base / request.node.name.replace("/", "-")
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def sharing(tmp_path_factory, base):
    """A scheduler with two workers that see the queue's folder."""
    yield from started(tmp_path_factory.mktemp("sharing"), base, False)


@pytest.fixture(scope="module")
def apart(tmp_path_factory, base):
    """A scheduler with two workers that share no folder with the queue, nor with each other."""
    yield from started(tmp_path_factory.mktemp("apart"), base, True)


def started(folder, base, hide):
    found = clusters.Cluster(folder, base)
    try:
        for name in ("one", "two"):
            found.add(name, hide)
        found.ready(2)
        yield found
    finally:
        found.close()


def work(found, runs, places, command, stop=None, data_dir=None):
    """The outcomes of a queue on a cluster."""
    stop = stop or player.Stop()
    address = found if isinstance(found, str) else found.address
    with places.locked(), cluster.connected(address, None, places, data_dir, stop, 1, command) as (executor, play):
        guard = threading.Timer(200, stop.ask)  # no test hangs
        guard.start()
        try:
            return queue.work(queue.jobs(runs), places, executor, play, stop, width=executor.width)
        finally:
            guard.cancel()


def journals(found):
    """What all workers' own journals say."""
    return [entry for folder in sorted(found.folder.iterdir()) if folder.is_dir() for entry in simulated.journal(folder)]


@pytest.mark.e2e
def test_workers_that_share_the_folder_play_in_it(sharing, here):
    runs, places = simulated.runs("0-3"), Places(here / "queue")
    outcomes = work(sharing, runs, places, Command(folder=str(here)))
    assert {(each.ended, each.line) for each in outcomes.values()} == {("finished", "")} and len(outcomes) == 4
    assert all(places.look(each).state is State.FINISHED for each in runs)
    assert sorted(name for word, name, _ in simulated.journal(here) if word == "end") == sorted(each.folder for each in runs)
    assert not list(places.own.glob("shared-*"))


@pytest.mark.e2e
def test_to_workers_that_share_no_folder_data_travel_once_and_results_come_back(apart, here, capsys, monkeypatch):
    sent, pieces = [], cargo.pieces
    monkeypatch.setattr(cargo, "pieces", lambda *given: sent.append(given) or pieces(*given))
    data = here / "mine.npz"
    data.write_bytes(os.urandom(1000))
    table = study.Runs(experiment="goodfellow2014", dataset=f"npz:{data}", preset="quick", seeds="0-3")
    runs, places = study.own(study.Study("mine", runs=(table,))), Places(here / "queue")
    outcomes = work(apart, runs, places, Command(0.2, sha256=hashlib.sha256(data.read_bytes()).hexdigest()))
    assert {(each.ended, each.line) for each in outcomes.values()} == {("finished", "")}
    assert [places.look(each).record.seed for each in runs] == [0, 1, 2, 3]
    assert "2 of them, which do not share" in capsys.readouterr().out
    assert places.log(runs[0]).read_text().count("step 0/1,000") == 1
    assert len([word for word, *_ in journals(apart) if word == "end"]) == 4
    assert len(sent) == 2  # once to each worker
    assert not list(apart.folder.rglob("mine.npz"))  # and nothing stays there


@pytest.mark.e2e
def test_a_failure_elsewhere_is_told_as_one_here(apart, here):
    (run,), places = simulated.runs("0"), Places(here / "queue")
    outcomes = work(apart, [run], places, Command("fail"))
    assert outcomes[run.name].ended == "failed" and "asked to fail" in outcomes[run.name].line
    assert str(places.log(run)) in outcomes[run.name].line and "asked to fail" in places.log(run).read_text()
    assert places.look(run).state is State.FAILED


@pytest.mark.e2e
@pytest.mark.parametrize("which", marks.slow_after(1, ["sharing", "apart"]))
def test_stopping_saves_what_runs_and_the_same_runs_go_on_from_there(which, here, request):
    found, stop = request.getfixturevalue(which), player.Stop()
    (run,), places = simulated.runs("7"), Places(here / "queue")
    command = Command(1.0, folder=str(here) if which == "sharing" else None)
    begun = [] if which == "sharing" else journals(found)

    def ask():
        wait(lambda: (simulated.journal(here) if which == "sharing" else journals(found)) != begun)
        stop.ask()

    asking = threading.Thread(target=ask)
    asking.start()
    outcomes = work(found, [run], places, command, stop)
    asking.join()
    assert outcomes[run.name].ended == "stopped" and places.look(run).state is State.BEGUN
    outcomes = work(found, [run], places, command)
    assert outcomes[run.name].ended == "finished" and outcomes[run.name].begun_at > 0


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.parametrize("hide", marks.slow_after(1, [False, True]), ids=["sharing", "apart"])
def test_the_run_of_a_worker_that_is_lost_is_played_elsewhere(hide, here, base, tmp_path, capsys):
    found = clusters.Cluster(tmp_path, base)
    try:
        for name in ("one", "two"):
            found.add(name, hide, nanny=True)
        found.ready(2)
        (run,), places = simulated.runs("0"), Places(here / "queue")

        def lose():
            playing = wait(lambda: [name for name in ("one", "two") if simulated.journal(found.folder / name)])
            time.sleep(0.5)
            found.kill(*playing)

        losing = threading.Thread(target=lose)
        losing.start()
        outcome = work(found, [run], places, Command(3.0))[run.name]
        losing.join()
    finally:
        found.close()
    assert outcome.ended == "finished" and "was lost" in outcome.line
    err = capsys.readouterr().err
    if hide:
        assert outcome.begun_at == 0 and "began anew" in outcome.line and "does not share" in err
    else:
        assert outcome.begun_at > 0 and f"from step {outcome.begun_at:,}" in outcome.line and "last checkpoint" in err
    assert places.look(run).state is State.FINISHED


DRIVER = """
import sys
from support import planned as simulated
from support.clusters import Command
from gan_repro.studies import cluster, player, queue
from gan_repro.studies.places import Places
address, folder = sys.argv[1:]
places, stop = Places(folder + "/queue"), player.Stop()
with places.locked(), cluster.connected(address, None, places, None, stop, 1, Command("hang", folder)) as (executor, play):
    queue.work(queue.jobs(simulated.runs("0")), places, executor, play, stop, width=executor.width)
"""


@pytest.mark.e2e
def test_what_runs_is_saved_and_ends_when_the_queue_is_killed(sharing, here):
    path = os.pathsep.join([str(ROOT / "tests"), str(ROOT)])
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER, sharing.address, str(here)], env=os.environ | {"PYTHONPATH": path}
    )
    try:
        wait(lambda: simulated.journal(here))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    wait(lambda: [word for word, *_ in simulated.journal(here)] == ["begin", "saved"])


@pytest.mark.slow
@pytest.mark.e2e
def test_a_worker_with_another_version_is_told_before_anything_runs(here, base, tmp_path, capsys, monkeypatch):
    older = tmp_path / "older" / "keras-0.1.dist-info"
    older.mkdir(parents=True)
    (older / "METADATA").write_text("Metadata-Version: 2.1\nName: keras\nVersion: 0.1\n")
    found, places = clusters.Cluster(tmp_path, base), Places(here / "queue")
    try:
        found.add("good")
        found.add("other", PATH_FIRST=str(older.parent))
        found.ready(2)
        with monkeypatch.context() as patch:  # as if it had joined later: it is found out when a run comes to it
            patch.setattr(cluster, "_check", lambda *rest: None)
            outcomes = work(found, simulated.runs("0-3"), places, Command(folder=str(here)))
        assert {each.ended for each in outcomes.values()} == {"finished"}
        assert "has keras 0.1 and not" in capsys.readouterr().err
        with pytest.raises(RunError, match=r"^worker tcp://\S+ has keras 0\.1 and not [\d.]+: install the same there.*$"):
            work(found, simulated.runs("9"), places, Command(folder=str(here)))
        assert not places.look(simulated.runs("9")[0]).step
    finally:
        found.close()


@pytest.mark.slow
@pytest.mark.e2e
def test_the_loss_of_the_scheduler_is_told_and_ends_the_work(here, base, tmp_path):
    found = clusters.Cluster(tmp_path, base)
    try:
        found.add("one")
        found.ready(1)
        (run,), places = simulated.runs("0"), Places(here / "queue")

        def lose():
            wait(lambda: simulated.journal(here))
            found.scheduler.kill()

        losing = threading.Thread(target=lose)
        losing.start()
        outcome = work(found, [run], places, Command(60, folder=str(here)))[run.name]
        losing.join()
        assert outcome.ended == "failed" and "connection to the scheduler was lost" in outcome.line
    finally:
        found.close()


def line_of(capsys, *words):
    """(exit code, the one line on stderr) of the program."""
    code = reproduce.main(["reproduce", *words])
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "Traceback" not in err
    return code, err


@pytest.fixture
def missing(tmp_path, monkeypatch):
    """The words that play a small study, and the folder that it would be played in."""
    studies = tmp_path / "results" / "studies"
    studies.mkdir(parents=True)
    (tmp_path / "results" / "records").mkdir()
    (studies / "small.toml").write_text(
        'title = "Small"\n[[runs]]\nexperiment = "goodfellow2014"\ndataset = "gaussian1d"\npreset = "smoke"\n'
    )
    monkeypatch.chdir(tmp_path)
    return ["--missing"]


def test_a_scheduler_that_cannot_be_reached_is_one_line(missing, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(cluster, "PATIENCE", 1.0)
    start = time.monotonic()
    code, line = line_of(capsys, *missing, "--cluster=tcp://127.0.0.1:9")
    assert code == 1 and "no scheduler answers at tcp://127.0.0.1:9" in line and time.monotonic() - start < 10
    assert not list((tmp_path / "runs").glob("reproduce/[!.]*"))


@pytest.mark.parametrize("address", ["lokal", "127.0.0.1:8786", "tcp://host"])
def test_an_address_that_is_none_is_one_line(missing, capsys, address):
    code, line = line_of(capsys, *missing, f"--cluster={address}")
    assert code == 2 and "tcp://HOST:8786" in line


def test_without_the_package_one_line_says_how_to_install_it(missing, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    code, line = line_of(capsys, *missing, "--cluster=local")
    assert code == 2 and "pip install -e '.[cluster]'" in line


@pytest.mark.slow
def test_a_scheduler_without_workers_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 3.0)
    found = clusters.Cluster(tmp_path, tmp_path)
    try:
        with pytest.raises(RunError, match="has no workers; start some with: dask worker"):
            work(found, simulated.runs("0"), Places(tmp_path / "queue"), Command())
    finally:
        found.close()


@pytest.mark.e2e
def test_a_local_cluster_plays_and_leaves_no_process(here, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (ROOT / "tests/support", ROOT / "tests", ROOT))))
    runs, places, stop = simulated.runs("0-2"), Places(here / "queue"), player.Stop()
    command = Command(folder=str(here))
    with places.locked(), cluster.connected("local", 2, places, None, stop, 1, command) as (executor, play):
        assert executor.width() == 2
        processes = list(executor.client.run(os.getpid).values())
        queue.work(queue.jobs(runs), places, executor, play, stop, width=executor.width)
    assert all(places.look(each).state is State.FINISHED for each in runs)
    wait(lambda: not any(os.path.exists(f"/proc/{each}") for each in processes))


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.parametrize("which", ["sharing", "apart"])
def test_a_run_ends_with_the_same_bytes_as_on_one_machine(which, here, request):
    table = study.Runs(experiment="goodfellow2014", dataset="gaussian1d", preset="smoke")
    (run,) = study.own(study.Study("real", runs=(table,)))
    there, alone = Places(here / "there"), Places(here / "alone")
    outcomes = work(request.getfixturevalue(which), [run], there, player.command)
    assert outcomes[run.name].ended == "finished", outcomes
    assert player.play(run, alone, player.Stop()).ended == "finished"
    records = [each.look(run).record for each in (there, alone)]
    assert records[0].manifest.weights_sha256 == records[1].manifest.weights_sha256
    assert records[0].measurements == records[1].measurements
    pictures = [sorted(each.name for each in (places.finished(run) / "figures").iterdir()) for places in (there, alone)]
    assert pictures[0] == pictures[1] != []
    assert (there.run(run) / "generator.weights.h5").read_bytes() == (alone.run(run) / "generator.weights.h5").read_bytes()
