"""`gan_repro.run` and `gan_repro.evaluate` as a user types them: answers, and whole small runs with their folders.

Most command lines go through `main` in this process; those whose process matters (start, exit code, signals) are real ones.
"""

import contextlib
import fcntl
import io
import json
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from support import tiny_runs
from support.records import make_record, measurement, parsed

from gan_repro import evaluate, run, tables
from gan_repro.papers import configuration
from gan_repro.papers.experiment import PRESETS
from gan_repro.reporting.record import Record
from gan_repro.runs import runner
from gan_repro.system import files

ROOT = Path(__file__).resolve().parent.parent
G, T = "--experiment=goodfellow2014", "--experiment=theis2015"

# Seconds of work: two minibatches an epoch for networks of a few units. No part of the program is left out.
TINY = [
    "--preset=smoke",
    "--set=steps_per_epoch=2",
    "--set=batch_size=20",
    "--set=generator_units=16",
    "--set=discriminator_units=8",
    "--set=n_samples=50",
    "--set=averages=ema-.5",
]
FILES = {
    ".lock",
    "config.json",
    "manifest.json",
    "metrics.csv",
    "record.json",
    "generator.weights.h5",
    "generator_best.weights.h5",
    "discriminator.weights.h5",
    "generator_ema-.5.weights.h5",
    "checkpoints/0000000002.npz",
    "checkpoints/0000000004.npz",
    "samples/epoch-00001.png",
    "samples/epoch-00002.png",
    "figures/curves.png",
    "figures/samples-best.png",
    "figures/samples-last.png",
    "figures/samples-ema-.5.png",
    "figures/real-images/samples-best.png",
    "figures/real-images/samples-last.png",
    "figures/real-images/samples-ema-.5.png",
    "figures/interpolation-best.png",
    "figures/averages.png",
}


def environment():
    """The environment of a user with the package at hand, no data, and no network whatever machine this is."""
    kept = {key: value for key, value in os.environ.items() if key.lower() not in ("no_proxy", "tfds_data_dir")}
    nowhere = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    return kept | nowhere | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def command(module, *arguments, cwd, first=None):
    """A real process: `python -m gan_repro.<module> ...` in the folder `cwd`, with a folder of modules that come first."""
    words = [sys.executable, "-m", f"gan_repro.{module}", *map(str, arguments)]
    there = environment() | ({"PYTHONPATH": f"{first}{os.pathsep}{ROOT}"} if first else {})
    return subprocess.run(words, cwd=cwd, env=there, capture_output=True, text=True, timeout=300)


@pytest.fixture
def poison(tmp_path):
    """A folder with modules in the place of those that take seconds to import: importing one ends the process."""
    folder = tmp_path / "poison"
    folder.mkdir()
    for name in ("tensorflow", "keras", "tensorflow_datasets", "matplotlib"):
        (folder / f"{name}.py").write_text(f"raise SystemExit('{name} was imported')\n")
    return folder


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current folder, no prepared data and no network, for this process."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for key, value in environment().items():
        monkeypatch.setenv(key, value)
    for key in os.environ.keys() - environment().keys():
        monkeypatch.delenv(key)
    return folder


def one_line(err):
    """Checks that stderr holds one line of error, and returns it."""
    assert err.startswith("error: ") and err.endswith("\n") and err.count("\n") == 1, err
    return err


def contents(folder):
    """{path: (bytes, time of change)} of everything below a folder."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in found}


def read(path):
    return files.read_json(path)


# ---- answers that need no TensorFlow ---------------------------------------------------------------------------------


QUESTIONS = [
    ("run", ["--help"]),
    ("run", ["--list"]),
    ("run", [G, "--dry_run"]),
    ("run", [T, "--dry_run", "--dataset=npz:a.npz"]),
    ("evaluate", ["--help"]),
    ("sample", ["--help"]),
]


@pytest.mark.e2e
@pytest.mark.parametrize(("module", "arguments"), QUESTIONS)
def test_questions_are_answered_without_tensorflow(module, arguments, poison, tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    done = command(module, *arguments, cwd=folder, first=poison)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.strip()
    assert list(folder.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(("module", "arguments"), QUESTIONS[:3])
def test_questions_are_answered_at_once(module, arguments, tmp_path):
    """Half a second of processor time on an idle machine; a busy one takes longer, and TensorFlow takes five."""

    def spent():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = spent()
    assert command(module, *arguments, cwd=tmp_path).returncode == 0
    assert spent() - before < 2


def test_help_names_every_flag(capsys):
    assert run.main(["run", "--help"]) == 0
    out, err = capsys.readouterr()
    assert err == "" and out.startswith("usage: python -m gan_repro.run")
    for flag in (
        "experiment",
        "list",
        "dataset",
        "data_dir",
        "model",
        "preset",
        "epochs",
        "seed",
        "set",
        "workdir",
        "tensorboard",
        "dry_run",
        "help",
    ):
        assert f"\n  --{flag}" in out, flag


SHOWN = {"npz": "npz:PATH", "images": "images:FOLDER"}


def listed(capsys, *arguments):
    """What --list says, in lines: long ones are wrapped."""
    assert run.main(["run", "--list", *arguments]) == 0
    out, err = capsys.readouterr()
    assert err == "" and max(map(len, out.splitlines())) <= 120
    return out.replace("\n" + 8 * " ", " ").splitlines()


def test_list_names_every_experiment_with_its_models_and_data_sets(capsys):
    lines = listed(capsys)
    for name in configuration.names():
        found = configuration.find(name)
        at = lines.index(f"{name}: {found.title}")
        assert lines[at + 1].split(": ")[1].split(", ") == list(found.models)
        assert lines[at + 2].split(": ")[1].split(", ") == [SHOWN.get(kind, kind) for kind in found.datasets]
    assert len(lines) < 5 * len(configuration.names())


@pytest.mark.parametrize("name", configuration.names())
def test_list_of_one_experiment_tells_each_models_data_sets_and_how_long_each_preset_is(name, capsys):
    lines, found = listed(capsys, f"--experiment={name}"), configuration.find(name)
    assert lines[:2] == [found.title, found.reference]
    for each, model in found.models.items():
        at = lines.index(f"--model={each}: {model.title}")
        assert lines[at + 1].split(": ")[1].split(", ") == [SHOWN.get(kind, kind) for kind in model.datasets]
        epochs = [model.recipe(preset, model.datasets[0]).total_epochs if model.phases else 0 for preset in PRESETS]
        numbers = [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*\d|\d", lines[at + 2])]
        assert numbers == (epochs if model.phases else [])


def test_dry_run_is_json_with_the_overrides(here, capsys):
    arguments = [
        "--dataset=glyphs",
        "--preset=quick",
        "--epochs=3",
        "--seed=7",
        "--set=learning_rate=0.25",
        "--set=generator_units=10,20",
        "--set",
        "jit_compile=true",
        "--set=averages=",
    ]
    assert run.main(["run", G, "--dry_run", *arguments]) == 0
    out, err = capsys.readouterr()
    shown = json.loads(out)
    assert err == ""
    workdir = "runs/goodfellow2014-glyphs-quick-seed7"
    assert shown | {"recipe": None} == {
        "experiment": "goodfellow2014",
        "dataset": "glyphs",
        "model": "mnist",
        "preset": "quick",
        "seed": 7,
        "recipe": None,
        "workdir": workdir,
    }
    assert run.main(["run", G, "--dry_run", "--dataset=glyphs", "--preset=quick", "--seed=7"]) == 0
    before = json.loads(capsys.readouterr().out)["recipe"]
    changed = {"epochs": 3, "learning_rate": 0.25, "generator_units": [10, 20], "jit_compile": True, "averages": []}
    assert shown["recipe"] == before | changed
    assert all(before[key] != value for key, value in changed.items())
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    "arguments, place",
    [
        ([G], "runs/goodfellow2014-mnist-paper-seed0"),
        ([T, "--dataset=cifar10", "--preset=smoke", "--seed=3"], "runs/theis2015-cifar10-smoke-seed3"),
        ([G, "--dataset=npz:/data/my faces.npz"], "runs/goodfellow2014-npz-my faces-paper-seed0"),
        ([G, "--dataset=images:data/faces/"], "runs/goodfellow2014-images-faces-paper-seed0"),
        ([G, "--workdir=elsewhere/a"], "elsewhere/a"),
        ([G, "--model=mnist"], "runs/goodfellow2014-mnist-paper-seed0"),
        ([G, "--model=convolutional", "--preset=quick"], "runs/goodfellow2014-cifar10-convolutional-quick-seed0"),
        ([G, "--dataset=npz:a.npz", "--model=tfd"], "runs/goodfellow2014-npz-a-tfd-paper-seed0"),
        ([G, "--dry_run=true", "--list=false"], "runs/goodfellow2014-mnist-paper-seed0"),
    ],
)
def test_where_a_run_goes(arguments, place, capsys):
    assert run.main(["run", "--dry_run", *arguments]) == 0
    assert json.loads(capsys.readouterr().out)["workdir"] == place


@pytest.mark.parametrize(
    "settings",
    [
        [],
        ["--preset=smoke", "--epochs=7", "--seed=3"],
        ["--dataset=npz:a b'c.npz", "--preset=quick", "--set=averages=", "--set=generator_units=5,6"],
        ["--set=jit_compile=true", "--set=learning_rate=1e-7", "--set=prior=gaussian", "--set=precision=mixed_bfloat16"],
        ["--dataset=npz:a.npz", "--model=convolutional", "--preset=smoke", "--set=channels=4,4,4"],
        ["--model=tfd", "--epochs=3", "--set=pretrain_epochs=2"],
    ],
)
def test_the_command_that_a_record_shows_gives_the_same_configuration(settings, capsys):
    def shown(arguments):
        assert run.main(["run", *arguments, "--dry_run"]) == 0
        return json.loads(capsys.readouterr().out)

    wanted = shown([G, *settings])
    plain = {key: tuple(value) if isinstance(value, list) else value for key, value in wanted["recipe"].items()}
    recipe = type(configuration.find("goodfellow2014").models[wanted["model"]].presets["paper"])(**plain)
    config = configuration.Config(*(wanted[key] for key in ("experiment", "dataset", "model", "preset", "seed")), recipe)
    words = shlex.split(runner.command(config))
    assert words[:3] == ["python", "-m", "gan_repro.run"]
    assert shown(words[3:]) == wanted


# ---- what is said of a record ----------------------------------------------------------------------------------------


def said(capsys, digests, *measurements):
    """The lines that a run ends with, of these measurements."""
    content = make_record(measurements=list(measurements))
    content["manifest"]["weights_sha256"] = digests
    runner._report(parsed(content))
    return capsys.readouterr().out.splitlines()


def test_a_number_says_over_how_many_images_it_is(capsys):
    accuracy = {"metric": "label_accuracy", "unit": "%", "sigma": None, "standard_error": None}
    lines = said(
        capsys,
        {"last": "0"},
        measurement(225.0, "last", n_test=30, n_samples=50),
        measurement(97.0, "last", n_test=1000, n_samples=1000, split=None, **accuracy),
        measurement(98.0, "test images", n_test=None, n_samples=None, **accuracy),
        measurement(3.0, "last", n_test=20, n_samples=None, **accuracy | {"metric": "error", "split": "validation"}),
    )
    assert lines == [
        "  parzen_log_likelihood (mnist, last): 225.0 +- 2.0 nats over 30 test images; sigma 0.167, 50 samples",
        "  label_accuracy (mnist, last): 97 % over 1,000 images; 1,000 samples",
        "  label_accuracy (mnist, test images): 98 %",
        "  error (mnist, last): 3 % over 20 validation images",
    ]


def test_the_best_weights_and_the_last_are_told_as_one_where_they_are(capsys):
    rest = measurement(1.0, "last", metric="rank"), measurement(2.0, "best, without dropout"), measurement(3.0, "ema-.5")
    numbers = measurement(225.0, "best"), measurement(225.0, "last"), *rest

    def subjects(best):
        return [re.search(r"mnist, (.*?)\)", line)[1] for line in said(capsys, {"best": best, "last": "0"}, *numbers)]

    others = ["last", "best, without dropout", "ema-.5"]  # of the first two there is one each
    assert subjects("0") == ["best = last", *others]
    assert subjects("1") == ["best", "last", *others]


# ---- whole runs ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """An .npz file with 300 images of 8 x 8: 240 to train, 30 to validate, 30 to test."""
    rng = np.random.default_rng(1)
    labels = np.arange(300) % 10
    patterns = rng.integers(0, 200, (10, 8, 8))
    path = tmp_path_factory.mktemp("data") / "tiny.npz"
    np.savez(path, images=np.uint8(patterns[labels] + rng.integers(0, 56, (300, 8, 8))), labels=labels)
    return path


@pytest.fixture(scope="module")
def smoke(tiny, tmp_path_factory):
    """A finished run: (its arguments, its folder, what it said on stdout). Nobody may change it."""
    folder = tmp_path_factory.mktemp("smoke") / "a run"
    arguments = [G, f"--dataset=npz:{tiny}", *TINY]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = tiny_runs.call(run.main, *arguments, f"--workdir={folder}")
    assert (code, err.getvalue()) == (0, "")
    return arguments, folder, out.getvalue()


@pytest.fixture
def copy(smoke, tmp_path):
    """A copy of that run's folder, to be changed."""
    return Path(shutil.copytree(smoke[1], tmp_path / "copy"))


def test_a_run_leaves_exactly_these_files(smoke):
    folder = smoke[1]
    assert set(contents(folder)) == FILES
    assert [entry.name for entry in folder.parent.iterdir()] == [folder.name]  # nothing beside it


@pytest.mark.e2e
def test_a_real_process_leaves_the_same(smoke, tmp_path):
    done = command("run", *smoke[0], f"--workdir={tmp_path / 'a run'}", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), "TensorFlow's chatter, or a warning"
    assert tiny_runs.results(tmp_path / "a run") == tiny_runs.results(smoke[1])


def test_its_record_is_sound_and_says_what_was_run(smoke, tiny):
    arguments, folder, out = smoke
    record = read(folder / "record.json")
    Record.from_json(record, "record.json")
    assert (record["experiment"], record["dataset"]) == ("goodfellow2014", f"npz:{tiny}")
    assert (record["model"], record["preset"]) == ("mnist", "smoke")
    assert (record["seed"], record["epochs"], record["complete"]) == (0, 2, True)
    assert record["config"] == read(folder / "config.json")
    assert record["config"]["recipe"]["generator_units"] == [16]
    assert sorted(shlex.split(record["command"])) == sorted(["python", "-m", "gan_repro.run", *arguments, "--seed=0"])
    kinds = ["best", "last", "ema-.5"]
    assert [entry["weights"] for entry in record["measurements"]] == kinds
    for entry in record["measurements"]:
        assert (entry["metric"], entry["unit"], entry["split"]) == ("parzen_log_likelihood", "nats", "test")
        assert (entry["n_test"], entry["n_samples"], entry["dataset"]) == (30, 50, f"npz:{tiny}")
        value, error = map(float, re.search(rf"{entry['weights']}\): (\S+) \+- (\S+) nats", out).groups())
        assert value == pytest.approx(entry["value"], abs=0.1 * error)
        assert error == pytest.approx(entry["standard_error"], rel=0.1)
    manifest = record["manifest"]
    assert {kind: len(digest) for kind, digest in manifest["weights_sha256"].items()} == dict.fromkeys(kinds, 64)
    assert manifest["continued_under"] == [] and manifest["data"]["title"] == "tiny.npz"
    assert record["curves"]["training"]["epoch"] == [1, 2]
    assert record["curves"]["validation"]["last"]["epoch"] == [1, 2]


def test_its_metrics_have_a_row_per_epoch(smoke):
    lines = (smoke[1] / "metrics.csv").read_text().splitlines()
    header = lines[0].split(",")
    rows = [dict(zip(header, line.split(","), strict=True)) for line in lines[1:]]
    assert [(row["epoch"], row["step"]) for row in rows] == [("1.0", "2"), ("2.0", "4")]
    assert all(float(row[key]) > 0 for row in rows for key in ("d_loss", "g_loss", "d_real", "d_generated"))
    assert all(row["validation_ema-.5"] for row in rows)


@pytest.mark.e2e
def test_the_same_command_again_shows_the_record_without_tensorflow(smoke, poison, tmp_path):
    arguments, folder, first = smoke
    before = contents(folder)
    done = command("run", *arguments, f"--workdir={folder}", cwd=tmp_path, first=poison)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("finished already (2 epochs)") and "TensorFlow" not in done.stdout
    shown = [line for line in first.splitlines() if line.startswith("  parzen")]
    assert len(shown) == 3 and [line for line in done.stdout.splitlines() if line.startswith("  parzen")] == shown
    assert contents(folder) == before


def test_fewer_epochs_are_finished_as_well(smoke, capsys):
    arguments, folder, _ = smoke
    before = contents(folder)
    assert run.main(["run", *arguments, f"--workdir={folder}", "--epochs=1"]) == 0
    assert "finished already (2 epochs)" in capsys.readouterr().out and contents(folder) == before


@pytest.mark.e2e
def test_more_epochs_continue_it(smoke, copy, capsys):
    before = contents(copy)
    assert run.main(["run", *smoke[0], f"--workdir={copy}", "--epochs=4"]) == 0
    out, err = capsys.readouterr()
    old, new = before["metrics.csv"][0].decode(), (copy / "metrics.csv").read_text()
    assert new.startswith(old) and len(new.splitlines()) == len(old.splitlines()) + 2
    assert set(contents(copy)) == (FILES - {"checkpoints/0000000002.npz", "checkpoints/0000000004.npz"}) | {
        "checkpoints/0000000006.npz",
        "checkpoints/0000000008.npz",
        "samples/epoch-00003.png",
        "samples/epoch-00004.png",
    }
    record = read(copy / "record.json")
    Record.from_json(record, "record.json")
    assert (record["epochs"], record["complete"], record["cost"]["steps"]) == (4, True, 8)
    assert record["curves"]["training"]["epoch"] == [1, 2, 3, 4]
    assert "--epochs=4" in shlex.split(record["command"])
    last = [read(folder / "record.json")["measurements"][1]["value"] for folder in (smoke[1], copy)]
    assert last[0] != last[1]  # it was evaluated anew


@pytest.mark.parametrize(
    "other, words",
    [
        (["--seed=1"], ["seed: 0 there, 1 now"]),
        (["--set=latent=17"], ["recipe.latent: 100 there, 17 now"]),
        (["--set=pieces=2", "--epochs=9"], ["recipe.pieces: 5 there, 2 now"]),
        (["--preset=quick"], ["preset: 'smoke' there, 'quick' now"]),
        (["--dataset=npz:other.npz"], ["dataset: 'npz:", "'npz:other.npz' now"]),
        ([T, "--preset=smoke"], None),
    ],
)
def test_another_configuration_is_refused_and_the_differences_are_named(other, words, smoke, here, capsys):
    arguments, folder, _ = smoke
    before = contents(folder)
    if words is None:
        arguments, words = [], ["experiment: 'goodfellow2014' there, 'theis2015' now"]
    assert run.main(["run", *arguments, f"--workdir={folder}", *other]) == 1
    out, err = capsys.readouterr()
    assert out == "" and all(word in one_line(err) for word in [str(folder), "--workdir", *words]), err
    assert "recipe.epochs" not in err and contents(folder) == before and list(here.iterdir()) == []


@pytest.mark.e2e
def test_evaluating_again_gives_the_same_record(smoke, copy, capsys):
    (copy / "record.json").unlink()
    shutil.rmtree(copy / "figures")
    assert evaluate.main(["evaluate", f"--workdir={copy}"]) == 0 and capsys.readouterr().err == ""
    old, new = read(smoke[1] / "record.json"), read(copy / "record.json")
    assert new["measurements"] == old["measurements"]
    assert new | {"cost": old["cost"]} == old  # the time that it took is another
    assert set(contents(copy)) == FILES


@pytest.mark.e2e
def test_a_run_that_began_under_the_old_rule_is_marked_when_it_is_reported_anew(smoke, copy):
    old, manifest = read(smoke[1] / "record.json"), files.read_json(copy / "manifest.json")
    assert old["choice"]["draw"] == "validation"
    del manifest["choice"]  # as versions that knew the old rule alone wrote it
    files.write_json(copy / "manifest.json", manifest)
    assert evaluate.main(["evaluate", f"--workdir={copy}"]) == 0
    new = read(copy / "record.json")
    assert new["choice"] == old["choice"] | {"draw": "reported"} and new["measurements"] == old["measurements"]


@pytest.mark.e2e
def test_evaluating_a_run_that_was_interrupted_before_its_first_validation(copy):
    (copy / "record.json").unlink()
    (copy / "generator_best.weights.h5").unlink()
    for path in (copy / "checkpoints").iterdir():
        files.write_arrays(path, {key: array for key, array in files.read_arrays(path).items() if not key.startswith("best/")})
    assert evaluate.main(["evaluate", f"--workdir={copy}"]) == 0
    kinds = [entry["weights"] for entry in read(copy / "record.json")["measurements"]]
    assert kinds == ["last", "ema-.5"]


def test_a_smoke_run_is_no_result(smoke, tmp_path, capsys):
    results = tmp_path / "results"
    results.mkdir()
    assert tables.main(["tables", f"--add={smoke[1]}", f"--results={results}"]) == 1
    assert "smoke" in one_line(capsys.readouterr().err) and list(results.iterdir()) == []


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


# ---- runs that fail --------------------------------------------------------------------------------------------------


def test_a_folder_that_another_process_uses(smoke, copy, capsys):
    before = contents(copy)
    with open(copy / ".lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for main, arguments in ((run.main, [*smoke[0], "--epochs=3"]), (evaluate.main, [])):
            assert main(["program", *arguments, f"--workdir={copy}"]) == 1
            assert "another process is using" in one_line(capsys.readouterr().err)
    assert contents(copy).keys() == before.keys()
    assert all(contents(copy)[name] == before[name] for name in before if name != ".lock")


FOREIGN = [
    ("config.json", '{"theme": "dark"}', "has no experiment"),
    ("config.json", "[1, 2]", "has no experiment"),
    ("config.json", "// a comment", "not JSON"),
    ("manifest.json", '{"name": "my app"}', "has no data"),
    ("metrics.csv", "day,visitors\n1,2\n", "stage, epoch, step"),
    ("metrics.csv", "stage,epoch,step\n", "no config.json"),
    ("generator.weights.h5", "mine", "no config.json"),
    ("discriminator.weights.h5", "mine", "no config.json"),
    ("samples/epoch-00005.png", "mine", "no config.json"),
    ("figures/plot.png", "mine", "no config.json"),
]


@pytest.mark.parametrize("arguments", [[], ["--set=batch_size=60000"]])
@pytest.mark.parametrize(("name", "content", "words"), FOREIGN)
def test_a_folder_with_files_of_its_own_is_no_run_s(name, content, words, arguments, here, capsys):
    (here / name).parent.mkdir(exist_ok=True)
    (here / name).write_text(content)
    (here / "notes.txt").write_text("mine")
    before = contents(here)
    line = ["run", G, "--dataset=gaussian1d", "--preset=smoke", f"--workdir={here}", *arguments]
    assert run.main(line) == 1
    out, err = capsys.readouterr()
    assert out == "" and f"holds a {name} that is no run's" in one_line(err) and words in err and "--workdir" in err
    assert contents(here) == before


def test_what_a_failed_run_found_stays(here, capsys):
    line = ["run", G, "--dataset=gaussian1d", "--preset=smoke", "--set=batch_size=60000", f"--workdir={here}"]
    config = configuration.resolve(configuration.find("goodfellow2014"), "gaussian1d", preset="smoke").as_dict()
    files.write_json(here / "config.json", config)  # as a run that was killed before its first checkpoint leaves it
    (here / "notes.txt").write_text("mine")
    assert run.main(line) == 2
    one_line(capsys.readouterr().err)
    assert set(contents(here)) == {"config.json", "notes.txt"}
    (here / "config.json").unlink()
    assert run.main(line) == 2
    assert set(contents(here)) == {"notes.txt"}


@pytest.mark.e2e
def test_a_run_that_could_not_begin_does_not_stand_in_the_corrected_ones_way(tiny, here, capsys):
    arguments = ["run", G, f"--dataset=npz:{tiny}", *TINY, "--epochs=1"]
    assert run.main([*arguments, "--set=batch_size=241"]) == 2
    assert run.main([*arguments, "--set=batch_size=240"]) == 0


@pytest.mark.parametrize(
    "name, content",
    [
        ("config.json", "{"),
        ("record.json", '{"schema": 1'),
        ("config.json", "[]"),
        ("record.json", "{}"),
        ("record.json", "[]"),
    ],
)
def test_a_damaged_run_is_one_line(name, content, smoke, copy, capsys):
    (copy / name).write_text(content)
    before = contents(copy)
    assert run.main(["run", *smoke[0], f"--workdir={copy}"]) == 1
    assert name in one_line(capsys.readouterr().err) and contents(copy) == before


@pytest.mark.e2e
def test_a_run_without_its_manifest_is_not_gone_on_with(smoke, copy, capsys):
    """It says which data the run has seen, and they might be others now."""
    (copy / "manifest.json").unlink()
    before = contents(copy)
    for main, arguments in ((run.main, [*smoke[0], "--epochs=3"]), (evaluate.main, [])):
        assert main(["program", *arguments, f"--workdir={copy}"]) == 1
        assert "without its manifest.json" in one_line(capsys.readouterr().err)
        assert contents(copy) == before
    (copy / "manifest.json").write_text(json.dumps(read(copy / "record.json")["manifest"]))  # as the message says
    assert evaluate.main(["evaluate", f"--workdir={copy}"]) == 0


PLAIN = configuration.resolve(configuration.find("goodfellow2014")).as_dict()


@pytest.mark.parametrize(
    "config, words",
    [
        (None, "holds no run: it has no config.json"),
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ('{"experiment": "goodfellow2014"}', "does not fit"),
        (PLAIN | {"experiment": "gone"}, "unknown experiment 'gone'"),
        (PLAIN | {"dataset": "gone"}, "unknown dataset 'gone'"),
        (PLAIN | {"seed": "zero"}, "does not fit"),
        (PLAIN | {"model": "gone"}, "unknown model 'gone'"),
        (PLAIN | {"model": "line"}, "not for mnist"),
        ({key: value for key, value in PLAIN.items() if key != "model"}, "does not fit"),
        (PLAIN | {"recipe": {"gone": 1}}, "gone"),
        (PLAIN | {"recipe": PLAIN["recipe"] | {"epochs": 0}}, "epochs = 0"),
        (PLAIN | {"recipe": PLAIN["recipe"] | {"epochs": "two"}}, "does not fit"),
    ],
)
def test_evaluating_what_is_no_run(config, words, here, capsys):
    if config is not None:
        (here / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    before = contents(here)
    assert evaluate.main(["evaluate", f"--workdir={here}"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and words in one_line(err) and contents(here) == before


def test_evaluating_before_anything_was_trained(copy, capsys):
    shutil.rmtree(copy / "checkpoints")
    assert evaluate.main(["evaluate", f"--workdir={copy}"]) == 1
    assert "nothing was trained yet" in one_line(capsys.readouterr().err)


# ---- MNIST that cannot be had ----------------------------------------------------------------------------------------


def test_mnist_was_asked_for_and_cannot_be_had(here, monkeypatch, capsys):
    """TFDS is not even asked for it: it would try for over three minutes."""
    import tensorflow_datasets as tfds

    monkeypatch.setattr(tfds, "builder", lambda *args, **kwargs: pytest.fail("TFDS was asked"))
    (here / "empty").mkdir()
    assert run.main(["run", G, "--dataset=mnist", "--preset=smoke", f"--data_dir={here / 'empty'}"]) == 1
    out, err = capsys.readouterr()
    assert all(word in one_line(err) for word in ("MNIST", "--dataset=glyphs", "--data_dir", "TFDS_DATA_DIR"))
    assert "NOTE" not in out and [path.name for path in here.rglob("*")] == ["empty"]


@pytest.fixture
def only_glyphs(here, few_glyphs, tmp_path):
    """The command line of a run that finds no MNIST and, for once, the glyphs at hand."""
    return ["run", G, *TINY, "--epochs=1", f"--data_dir={tmp_path / 'empty'}"]


@pytest.mark.e2e
def test_mnist_is_the_default_and_cannot_be_had(only_glyphs, here, capsys):
    assert run.main(only_glyphs) == 0
    out, err = capsys.readouterr()
    assert err == ""
    # It says so before anything else is done, and where the reader looks last.
    assert out.count("NOTE: mnist could not be had") == 2 and out.count("NOT MNIST") == 2
    assert out.index("NOTE") < out.index("glyphs (built in; not MNIST):") < out.index("evaluating") < out.rindex("NOTE")
    assert out.rindex("parzen_log_likelihood (glyphs, ") < out.rindex("NOTE")
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


def test_the_same_command_again_after_settling_for_glyphs_in_a_folder_of_choice(only_glyphs, copy, capsys):
    assert run.main([*only_glyphs, "--dataset=glyphs", "--dry_run"]) == 0
    config = json.loads(capsys.readouterr().out)
    del config["workdir"]
    record = read(copy / "record.json") | {"dataset": "glyphs", "config": config}
    (copy / "config.json").write_text(json.dumps(config))
    (copy / "record.json").write_text(json.dumps(record))  # as the first of two equal commands has left it
    assert run.main([*only_glyphs, f"--workdir={copy}"]) == 0
    assert "finished already" in capsys.readouterr().out
