"""A small finished run: what its folder holds, and what the same and other commands make of it afterwards."""

import contextlib
import fcntl
import io
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from support import tiny_runs
from support.programs import TINY, G, T, command, contents
from support.tiny_runs import one_line

from gan_repro import evaluate, run, tables
from gan_repro.reporting.record import Record
from gan_repro.system import files
from gan_repro.system.files import read_json as read

FILES = {
    ".lock",
    "config.json",
    "manifest.json",
    "metrics.csv",
    "measurements.txt",
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


# ---- what it leaves --------------------------------------------------------------------------------------------------


def test_a_run_leaves_exactly_these_files(smoke):
    folder = smoke[1]
    assert set(contents(folder)) == FILES
    assert [entry.name for entry in folder.parent.iterdir()] == [folder.name]  # nothing beside it


@pytest.mark.slow
@pytest.mark.e2e
def test_a_real_process_leaves_the_same(smoke, tmp_path):
    done = command("run", *smoke[0], f"--workdir={tmp_path / 'a run'}", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), "TensorFlow's chatter, or a warning"
    assert tiny_runs.results(tmp_path / "a run") == tiny_runs.results(smoke[1])


def test_its_record_is_sound_and_says_what_was_run(smoke, tiny):
    arguments, folder, _ = smoke
    told = (folder / "measurements.txt").read_text()
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
        value, error = map(float, re.search(rf"{entry['weights']}\): (\S+) \+- (\S+) nats", told).groups())
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


def test_a_smoke_run_is_no_result(smoke, tmp_path, capsys):
    results = tmp_path / "results"
    results.mkdir()
    assert tables.main(["tables", f"--add={smoke[1]}", f"--results={results}"]) == 1
    assert "smoke" in one_line(capsys.readouterr().err) and list(results.iterdir()) == []


# ---- going on with it ------------------------------------------------------------------------------------------------


@pytest.mark.e2e
def test_the_same_command_again_shows_the_record_without_tensorflow(smoke, poison, tmp_path):
    arguments, folder, first = smoke
    before = contents(folder)
    done = command("run", *arguments, f"--workdir={folder}", cwd=tmp_path, first=poison)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("finished already (2 epochs)") and "TensorFlow" not in done.stdout
    shown = first.partition("\ndone: ")[2].splitlines()[1:]
    assert len([line for line in shown if line.startswith("Parzen")]) == 1
    assert done.stdout.splitlines()[1:] == shown
    assert contents(folder) == before


def test_fewer_epochs_are_finished_as_well(smoke, capsys):
    arguments, folder, _ = smoke
    before = contents(folder)
    assert run.main(["run", *arguments, f"--workdir={folder}", "--epochs=1"]) == 0
    assert "finished already (2 epochs)" in capsys.readouterr().out and contents(folder) == before


@pytest.mark.slow
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


def test_the_same_command_again_after_settling_for_glyphs_in_a_folder_of_choice(only_glyphs, copy, capsys):
    assert run.main([*only_glyphs, "--dataset=glyphs", "--dry_run"]) == 0
    config = json.loads(capsys.readouterr().out)
    del config["workdir"]
    record = read(copy / "record.json") | {"dataset": "glyphs", "config": config}
    (copy / "config.json").write_text(json.dumps(config))
    (copy / "record.json").write_text(json.dumps(record))  # as the first of two equal commands has left it
    assert run.main([*only_glyphs, f"--workdir={copy}"]) == 0
    assert "finished already" in capsys.readouterr().out


# ---- evaluating it again ---------------------------------------------------------------------------------------------


@pytest.mark.e2e
def test_evaluating_again_gives_the_same_record(smoke, copy, capsys):
    (copy / "record.json").unlink()
    shutil.rmtree(copy / "figures")
    assert evaluate.main(["evaluate", f"--workdir={copy}"]) == 0 and capsys.readouterr().err == ""
    old, new = read(smoke[1] / "record.json"), read(copy / "record.json")
    assert new["measurements"] == old["measurements"]
    assert new | {"cost": old["cost"]} == old  # the time that it took is another
    assert set(contents(copy)) == FILES


@pytest.mark.slow
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


# ---- when its folder is in use or lacks something --------------------------------------------------------------------


def test_a_folder_that_another_process_uses(smoke, copy, capsys):
    before = contents(copy)
    with open(copy / ".lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for main, arguments in ((run.main, [*smoke[0], "--epochs=3"]), (evaluate.main, [])):
            assert main(["program", *arguments, f"--workdir={copy}"]) == 1
            assert "another process is using" in one_line(capsys.readouterr().err)
    assert contents(copy).keys() == before.keys()
    assert all(contents(copy)[name] == before[name] for name in before if name != ".lock")


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


def test_evaluating_before_anything_was_trained(copy, capsys):
    shutil.rmtree(copy / "checkpoints")
    assert evaluate.main(["evaluate", f"--workdir={copy}"]) == 1
    assert "nothing was trained yet" in one_line(capsys.readouterr().err)
