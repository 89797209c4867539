"""`python -m gan_repro.tables` as a user types it: exit codes, one line of error, and files that come out the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gan_repro import experiment as experiments
from gan_repro import tables

ROOT = Path(__file__).resolve().parent.parent


def record(seed=0, preset="quick", dataset="mnist", value=150.0):
    config = experiments.resolve(experiments.find("goodfellow2014"), dataset, preset, seed)
    measurement = {"metric": "parzen_log_likelihood", "unit": "nats", "value": value, "standard_error": 2.0,
                   "dataset": dataset, "split": "test", "generator": "best", "n_test": 10_000, "n_samples": 10_000,
                   "sigma": 0.167}  # fmt: skip
    plain = config.as_dict()
    return {
        "schema": 1,
        **{key: plain[key] for key in ("experiment", "dataset", "preset", "seed")},
        "epochs": config.recipe.epochs,
        "config": plain,
        "manifest": {"data": {"name": dataset, "title": "MNIST", "sha256": "0"}},
        "cost": {"minutes": 3.0},
        "command": f"python -m gan_repro.run --experiment=goodfellow2014 --preset={preset} --seed={seed}",
        "measurements": [measurement],
        "curves": {
            "training": {"epoch": [1, 2], "d_loss": [0.5, 0.4], "g_loss": [1.0, 1.5]},
            "validation": {"last": {"epoch": [2], "value": [140.0]}},
        },
    }


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    return folder


def make_run(folder, content):
    folder.mkdir()
    (folder / "record.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def command(*arguments):
    words = [sys.executable, "-m", "gan_repro.tables", *arguments]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_the_real_command_adds_regenerates_and_regenerates_the_same_bytes(tmp_path, results):
    runs = [make_run(tmp_path / f"run{seed}", record(seed, value=150.0 + seed)) for seed in (0, 1)]
    done = command(f"--results={results}", *(f"--add={run}" for run in runs))
    assert (done.returncode, done.stderr) == (0, "")
    first = contents(results)
    stem = "goodfellow2014-mnist-quick-20epochs-seed"
    assert {f"records/{stem}0.json", f"records/{stem}1.json", "table1.md", "table1.csv", "table1.tex",
            f"figures/{stem}0-training.png", "figures/goodfellow2014-mnist-log-likelihood.png"
            } <= set(first)  # fmt: skip
    assert "150.5 ± 2.0 SE ± 0.71 SD (2 seeds)" in first["table1.md"].decode()
    assert not any(name.split("/")[-1].startswith(".") for name in first)  # no temporary file is left
    for name in first:
        if not name.startswith("records/"):
            (results / name).unlink()
    assert tables.main(["tables", f"--results={results}"]) == 0  # in another process, from the records alone
    assert contents(results) == first


def test_adding_twice_changes_nothing(tmp_path, results):
    run = make_run(tmp_path / "run", record())
    arguments = ["tables", f"--results={results}", f"--add={run}"]
    assert tables.main(arguments) == 0
    first = contents(results)
    assert tables.main(arguments) == 0 and contents(results) == first


def test_without_records_the_tables_say_not_run(results):
    assert tables.main(["tables", f"--results={results}"]) == 0
    assert "not run" in (results / "table1.md").read_text()


@pytest.mark.parametrize(
    "content, words",
    [
        (record(preset="smoke"), "smoke"),
        (record(dataset="glyphs"), "glyphs"),
        (json.dumps(record())[:300], "not JSON"),
        ({**record(), "seed": "zero"}, "seed"),
    ],
)
def test_refusals_are_1_and_change_nothing(content, words, tmp_path, results, capsys):
    good, bad = make_run(tmp_path / "good", record()), make_run(tmp_path / "bad", content)
    assert tables.main(["tables", f"--results={results}", f"--add={good}", f"--add={bad}"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("error: ") and err.count("\n") == 1 and words in err
    assert contents(results) == {}


def test_a_damaged_record_leaves_the_old_tables(tmp_path, results, capsys):
    run = make_run(tmp_path / "run", record())
    assert tables.main(["tables", f"--results={results}", f"--add={run}"]) == 0
    (results / "records" / "zz.json").write_text('{"schema": 1}')
    before = contents(results)
    assert tables.main(["tables", f"--results={results}"]) == 1
    assert "zz.json is damaged: the field experiment is missing" in capsys.readouterr().err
    assert contents(results) == before


def test_an_unfinished_run_and_a_missing_results_folder(tmp_path, results, capsys):
    (tmp_path / "run").mkdir()
    assert tables.main(["tables", f"--results={results}", f"--add={tmp_path / 'run'}"]) == 1
    assert "has not finished" in capsys.readouterr().err
    assert tables.main(["tables", f"--results={tmp_path / 'typo'}"]) == 1
    assert "--results=DIR" in capsys.readouterr().err
    assert not (tmp_path / "typo").exists()


def test_the_real_command_refuses_wrong_usage_and_helps():
    wrong = command("--ad=x")
    assert wrong.returncode == 2 and wrong.stdout == ""
    assert wrong.stderr.count("\n") == 1 and "Did you mean --add?" in wrong.stderr
    helped = command("--help")
    assert helped.returncode == 0 and "--results=RESULTS" in helped.stdout and helped.stderr == ""
