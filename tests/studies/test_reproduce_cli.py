"""`python -m gan_repro.reproduce`: its questions need no TensorFlow, what it plays is a run's, bad input is one line."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from support import ROOT

from gan_repro import reproduce

STUDY = """
title = "The game on a line"
pages = ["table1.md"]

[[runs]]
experiment = "goodfellow2014"
dataset = "gaussian1d"
preset = "quick"
epochs = 1
"""


@pytest.fixture
def results(tmp_path):
    """A folder of results with one study and no record."""
    folder = tmp_path / "results"
    (folder / "studies").mkdir(parents=True)
    (folder / "studies" / "line.toml").write_text(STUDY)
    return folder


def call(results, *words):
    """The exit code of the program, with its queue beside `results`."""
    return reproduce.main(["reproduce", *words, f"--results={results}", f"--workdir={results.parent / 'queue'}"])


def test_it_says_what_is_missing_and_starts_nothing(results, capsys):
    assert call(results, "--list") == 0
    out = capsys.readouterr().out
    assert "line: The game on a line" in out and "1 missing" in out and "unknown length" in out
    assert call(results, "line", "--dry_run") == 0
    (command,) = capsys.readouterr().out.splitlines()
    assert command.startswith("python -m gan_repro.run ") and "--epochs=1" in command and "--workdir=" in command
    assert call(results, "--status") == 0
    assert not (results.parent / "queue").exists()


def test_questions_need_no_tensorflow(tmp_path):
    (tmp_path / "tensorflow.py").write_text("raise ImportError('not for a question')")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    for words in (["--list"], ["--help"], ["everything", "--dry_run"], ["figure1", "--dry_run"]):
        command = [sys.executable, "-m", "gan_repro.reproduce", *words]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0 and (done.stdout or "nothing is missing" in done.stderr), done.stderr


@pytest.mark.parametrize(
    "words, code, says",
    [
        (["lime"], 2, "line"),
        (["--list", "--missing"], 2, "give one of them"),
        (["--preset=quick"], 2, "smoke"),
        (["--preset=smok"], 2, "smoke"),
        (["--workers=0"], 2, "--workers=0"),
        (["--cores=4096"], 2, "--cores=4096"),
        (["--cores=4096", "--cluster=local"], 2, "--cores=4096"),
        (["--cores=0", "--cluster=tcp://host:8786"], 2, "--cores=0"),
        (["--misssing"], 2, "--missing"),
    ],
)
def test_bad_input_is_one_line(results, words, code, says, capsys):
    assert call(results, *words) == code
    err = capsys.readouterr().err
    assert says in err and err.count("\n") == 1
    assert not (results.parent / "queue").exists()


def test_runs_of_two_files_of_one_name_are_refused_whatever_their_lengths(results, capsys):
    both = "".join(STUDY[STUDY.index("[[runs]]") :].replace("gaussian1d", f"npz:{name}/x.npz") for name in ("a", "b"))
    (results / "studies" / "line.toml").write_text(
        f'title = "Two"\npages = []\n{both}epochs = 2\n'.replace("1\nepochs = 2", "2")
    )
    assert call(results, "--missing") == 2
    err = capsys.readouterr().err
    assert "npz:a/x.npz and npz:b/x.npz" in err and err.count("\n") == 1


def test_a_cluster_elsewhere_may_have_more_cores_than_this_machine(results, capsys):
    assert call(results, "--list", "--cores=4096", "--cluster=tcp://host:8786") == 0
    assert "1 missing" in capsys.readouterr().out


def test_results_without_studies_are_one_line(tmp_path, capsys):
    assert reproduce.main(["reproduce", f"--results={tmp_path / 'none'}"]) == 1
    assert reproduce.main(["reproduce", f"--results={tmp_path}"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and "no folder" in lines[0] and "no studies" in lines[1]


@pytest.mark.e2e
def test_a_missing_run_is_played_and_added(results, capsys):
    assert call(results, "--missing", "--workers=1") == 0
    assert "finished: goodfellow2014-gaussian1d-quick-1epochs-seed0" in capsys.readouterr().out
    assert call(results, "--add") == 0
    (record,) = (results / "records").glob("*.json")
    assert record.stem == "goodfellow2014-gaussian1d-quick-1epochs-seed0"
    found = json.loads(record.read_text())
    assert found["manifest"]["ran_on"][0]["step"] == 0 and found["cost"]["memory"] > 2**27
    assert "[line](studies/line.toml)" in (results / "table1.md").read_text()
    assert "| [line](studies/line.toml) | 1 | 1 |" in (results / "cost.md").read_text()
    assert call(results, "--missing") == 0 and "nothing is missing" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.e2e
def test_played_again_on_the_same_machine_a_run_gives_the_same_bytes(results, capsys):
    assert call(results, "--missing", "--workers=1") == 0
    assert call(results, "--add") == 0
    shutil.rmtree(results.parent / "queue")
    capsys.readouterr()
    assert call(results, "--from_scratch", "--workers=1") == 0
    out = capsys.readouterr().out
    assert "same: weights last (every byte)" in out and "DIFFERS" not in out and "within errors" not in out


@pytest.mark.slow
@pytest.mark.e2e
def test_ctrl_c_saves_what_runs_and_the_same_command_goes_on(results, capsys):
    study = results / "studies" / "line.toml"
    study.write_text(STUDY.replace('"quick"\nepochs = 1', '"paper"'))
    place, log = results.parent / "queue", results.parent / "log"
    words = [sys.executable, "-m", "gan_repro.reproduce", "--missing", f"--results={results}", f"--workdir={place}"]
    with open(log, "w") as out:
        process = subprocess.Popen(words, cwd=ROOT, stdout=out, stderr=out)
    until = time.monotonic() + 300
    while not list(place.glob("*/checkpoints/*.npz")):
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.1)
    assert call(results, "--status") == 0
    assert "1 running" in capsys.readouterr().out
    process.send_signal(signal.SIGINT)
    assert process.wait(180) == 128 + signal.SIGINT
    assert "stopped: goodfellow2014-gaussian1d-paper-320epochs-seed0" in log.read_text()
    assert call(results, "--list") == 0 and "1 begun" in capsys.readouterr().out
    longer = STUDY.replace('"quick"\nepochs = 1', '"paper"\nepochs = 100_000')
    study.write_text(longer + "minutes = 1.5\n")
    assert call(results, "--missing", "--workers=1") == 0 and ", from step " in capsys.readouterr().out
    assert call(results, "--add") == 0
    (record,) = (results / "records").glob("*.json")
    found = json.loads(record.read_text())
    assert "of100000epochs" in record.stem and not found["complete"] and 0 < found["epochs"] < 100_000


@pytest.mark.slow
@pytest.mark.e2e
def test_every_experiment_and_model_is_played_in_seconds_and_makes_its_pages(tmp_path):
    words = [sys.executable, "-m", "gan_repro.reproduce", "--preset=smoke", f"--workdir={tmp_path / 'queue'}"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=3600)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {path.name for path in (tmp_path / "queue" / "results").glob("*.md")}
    assert {"README.md", "table1.md", "cgan.md", "dcgan.md", "wgan.md"} <= pages
