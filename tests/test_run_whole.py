"""Whole small runs: one that is interrupted and continued, one that trains nothing, one that lacks MNIST."""

import json
import shlex
import signal
import subprocess
import sys
import time

import pytest
from support.programs import TINY, G, T, contents, environment

from gan_repro import evaluate, run
from gan_repro.reporting.record import Record
from gan_repro.system.files import read_json as read


@pytest.mark.slow
@pytest.mark.e2e
def test_an_interrupted_run_says_how_to_continue_and_does(tiny, tmp_path, capsys):
    folder = tmp_path / "long run"
    arguments = [G, f"--dataset=npz:{tiny}", *TINY, "--set=samples_every=1000000", f"--workdir={folder}"]
    words = [sys.executable, "-m", "gan_repro.run", *arguments, "--epochs=1000000"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(words, cwd=tmp_path, env=environment(), **pipes)
    try:
        deadline = time.monotonic() + 200
        while process.poll() is None and not list(folder.glob("checkpoints/[0-9]*.npz")):
            assert time.monotonic() < deadline, "no checkpoint came"
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, err) == (130, ""), err
    step = int(out.split("stopped at step ")[1].split()[0])
    assert step > 0 and not (folder / "record.json").exists()
    # The command that it says is the one that was typed.
    again = shlex.split(out.strip().splitlines()[-1])
    assert run.main([*again[2:], "--dry_run"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["workdir"], shown["recipe"]["epochs"]) == (str(folder), 1000000)
    assert {key: value for key, value in shown.items() if key != "workdir"} == read(folder / "config.json")
    # It can be evaluated as it is; its record does not pass for a finished one.
    assert evaluate.main(["evaluate", f"--workdir={folder}"]) == 0
    record = read(folder / "record.json")
    Record.from_json(record, "record.json")
    assert record["complete"] is False and record["cost"]["steps"] == step
    rows = (folder / "metrics.csv").read_text()
    # And it can be continued, here to the end of the epoch after the one that it had reached.
    capsys.readouterr()
    assert run.main(["run", *arguments, f"--epochs={step // 2 + 1}"]) == 0
    assert "finished already" not in capsys.readouterr().out
    assert (folder / "metrics.csv").read_text().startswith(rows)
    assert read(folder / "record.json")["complete"] is True and read(folder / "record.json")["epochs"] == step // 2 + 1


def test_what_trains_nothing_runs_and_is_evaluated_again(tiny, here, capsys):
    arguments = ["run", T, f"--dataset=npz:{tiny}", "--preset=smoke"]
    assert run.main(arguments) == 0
    folder = here / "runs" / "theis2015-npz-tiny-smoke-seed0"
    assert [path.name for path in here.iterdir()] == ["runs"]
    assert set(contents(folder)) == {
        ".lock",
        "config.json",
        "manifest.json",
        "measurements.txt",
        "record.json",
        "figures/real-images/training-images.png",
        "figures/real-images/k-means-centroids.png",
        "figures/the-mean-training-image.png",
    }
    record = read(folder / "record.json")
    Record.from_json(record, "record.json")
    assert [entry["reference"] for entry in record["measurements"]] == [
        "training images",
        "k-means centroids",
        "the mean training image",
    ]
    assert evaluate.main(["evaluate", f"--workdir={folder}"]) == 0
    assert read(folder / "record.json") | {"cost": record["cost"]} == record
    capsys.readouterr()
    assert run.main(arguments) == 0 and capsys.readouterr().out.startswith("finished already")


@pytest.mark.parametrize("few", ["centroids=50", "n_samples=50"])
def test_what_trains_nothing_with_few_images(few, tiny, here):
    assert run.main(["run", T, f"--dataset=npz:{tiny}", "--preset=smoke", f"--set={few}"]) == 0


@pytest.mark.e2e
def test_mnist_is_the_default_and_cannot_be_had(only_glyphs, here, capsys):
    assert run.main(only_glyphs) == 0
    out, err = capsys.readouterr()
    assert err == ""
    # It says so before anything else is done, and where the reader looks last.
    assert out.count("NOTE: mnist could not be had") == 2 and out.count("NOT MNIST") == 2
    assert out.index("NOTE") < out.index("glyphs (built in; not MNIST):") < out.index("evaluating") < out.rindex("NOTE")
    assert out.rindex("Parzen log-likelihood, nats") < out.rindex("NOTE")
    # Whatever it writes is labelled.
    folder = here / "runs" / "goodfellow2014-glyphs-smoke-seed0"
    assert list((here / "runs").iterdir()) == [folder]
    record = read(folder / "record.json")
    Record.from_json(record, "record.json")
    assert record["dataset"] == read(folder / "config.json")["dataset"] == "glyphs"
    assert {entry["dataset"] for entry in record["measurements"]} == {"glyphs"}
    assert record["manifest"]["data"]["title"] == "glyphs (built in; not MNIST)"
    assert "--dataset=glyphs" in shlex.split(record["command"])
    # The same command again has nothing to do, and says again what it is.
    before = contents(folder)
    assert run.main(only_glyphs) == 0
    again = capsys.readouterr().out
    assert "finished already" in again and again.rstrip().endswith("labelled glyphs.") and contents(folder) == before
