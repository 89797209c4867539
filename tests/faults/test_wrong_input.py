"""Wrong command lines, recipes, data and folders, of all programs: one line on stderr, an exit code, no file.

The command lines are tables in support/wrong_lines.py. The line must name what is wrong: the field, flag, file or value.
How it says so is free, but for test_wording.py. What the readers accept is in tests/data; runs that were damaged are
elsewhere in tests/faults.
"""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from support import marks, wrong_input
from support.wrong_input import Case, environment, listing
from support.wrong_lines import DATA, LONG, OWN, SMOKE, UNFIT, USAGE, C, G, T

from gan_repro import evaluate, run, sample, ship, shipped, tables

PROGRAMS = {"run": run, "evaluate": evaluate, "sample": sample, "ship": ship, "shipped": shipped, "tables": tables}


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    """The folder in which all cases are tried. No case may change it."""
    folder = tmp_path_factory.mktemp("kit")
    wrong_input.make(folder)
    return folder


def check(code, out, err, case):
    """Checks the exit code, and that stderr is one line with the words of the case."""
    assert code == case.code, err
    assert err.startswith("error: ") and err.endswith("\n") and len(err.splitlines()) == 1, err
    assert [word for word in case.words if word not in err] == [], err
    assert "Traceback" not in out + err


ASK = """
import contextlib, importlib, io, json, sys
answers = []
for program, arguments in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = importlib.import_module(f"gan_repro.{program}").main([program, *arguments])
    answers.append((code, out.getvalue(), err.getvalue()))
print(json.dumps([answers, sorted({"tensorflow", "keras", "tensorflow_datasets"} & set(sys.modules))]))
"""


@pytest.fixture(scope="module")
def answers(kit):
    """({(program, arguments): (code, stdout, stderr)} of all wrong usage, which slow modules that has imported)."""
    before = listing(kit)
    lines = [(case.program, case.arguments) for case in USAGE]
    lines += [(case.program, ["--dry_run", *case.arguments]) for case in USAGE if case.program == "run"]
    done = subprocess.run(
        [sys.executable, "-c", ASK], input=json.dumps(lines), cwd=kit, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found, loaded = json.loads(done.stdout)
    assert listing(kit) == before
    return {(program, *arguments): answer for (program, arguments), answer in zip(lines, found)}, loaded


@pytest.mark.fault(
    group="wrong input",
    tried="wrong flags, names, types and values of every program and every experiment's recipe",
    outcome="one line that names them and what is valid, exit code 2, before TensorFlow is imported, no file",
)
@pytest.mark.parametrize("case", USAGE, ids=str)
def test_wrong_usage(case, answers):
    dry = [["--dry_run", *case.arguments]] if case.program == "run" else []
    for line in [case.arguments, *dry]:
        code, out, err = answers[0][(case.program, *line)]
        check(code, out, err, case)
        assert out == ""


def test_wrong_usage_starts_no_tensorflow(answers):
    assert answers[1] == [] and len(answers[0]) > len(USAGE) > 120


@pytest.fixture
def here(kit, monkeypatch):
    """The kit as the current folder of this process, no prepared data and no network."""
    monkeypatch.chdir(kit)
    for key in os.environ.keys() - environment().keys():
        monkeypatch.delenv(key)
    for key, value in environment().items():
        monkeypatch.setenv(key, value)
    return kit


@pytest.mark.fault(
    group="wrong input",
    tried="data, pictures and folders that are missing, damaged or other things; recipes that do not fit",
    outcome="one line that names them and what is valid, exit code 1 or 2, no file, nothing unpickled",
)
@pytest.mark.parametrize("case", DATA + UNFIT, ids=str)
def test_wrong_data_and_folders(case, here, capfd):
    before = listing(here)
    code = PROGRAMS[case.program].main([case.program, *case.arguments])
    check(code, *capfd.readouterr(), case)
    assert listing(here) == before  # and nothing called "exploded"


REAL = {
    ("run",),
    ("run", G, "--workdir=\udcff"),
    ("run", G, "--set=two\nlines"),
    ("run", C, f"--set=batch_size={10**9}"),
    ("evaluate",),
    ("evaluate", "--workdir=two\nlines"),
    ("sample",),
    ("sample", f"--workdir={LONG}"),
    ("tables", "--ad=x"),
    ("tables", "--results=typo"),
}
REAL = [case for case in USAGE + DATA if (case.program, *case.arguments) in REAL]


def test_what_is_never_unpickled_would_be_noticed(here, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with np.load(here / "objects.npz", allow_pickle=True) as file:
        assert "images" in file and file["images"] is not None
    assert [path.name for path in tmp_path.iterdir()] == ["exploded"]


@pytest.mark.e2e
@pytest.mark.fault(group="wrong input", tried="some of these as processes of their own", outcome="the same")
@pytest.mark.parametrize("case", marks.slow_after(3, [(case,) for case in REAL]), ids=map(str, REAL))
def test_real_processes(case, kit, tmp_path):
    """Those that are refused for what was typed answer without TensorFlow: importing it would end them otherwise."""
    before, there = listing(kit), environment()
    if case.code == 2:
        (tmp_path / "tensorflow.py").write_text("raise SystemExit('TensorFlow was imported')\n")
        there |= {"PYTHONPATH": f"{tmp_path}{os.pathsep}{there['PYTHONPATH']}"}
    command = [sys.executable, "-m", f"gan_repro.{case.program}", *case.arguments]
    done = subprocess.run(command, cwd=kit, env=there, capture_output=True, text=True, timeout=120)
    check(done.returncode, done.stdout, done.stderr, case)
    assert case.code == 1 or done.stdout == ""
    assert listing(kit) == before


def test_at_least_ten_are_real_processes():
    assert len(REAL) >= 10


def too_much_for_tensorflow(*_):
    import tensorflow as tf

    return tf.zeros([2**50], tf.uint8)  # beyond what any process can address


def too_much_for_numpy(*_):
    return np.empty(2**50, np.uint8)


@pytest.mark.slow
@pytest.mark.fault(
    group="wrong input",
    tried="networks or samples beyond the memory",
    outcome="one line that names the recipe's numbers, exit code 1, no file",
)
@pytest.mark.parametrize("ask", [too_much_for_tensorflow, too_much_for_numpy])
@pytest.mark.parametrize("where", ["generator", "evaluate"])
def test_too_little_memory(ask, where, here, monkeypatch, capfd):
    before = listing(here)
    if where == "generator":
        monkeypatch.setattr("experiments.goodfellow2014.mnist.generator", ask)
        arguments, name = [G, "--set=generator_units=90000,90000", "--set=batch_size=9"], "generator_units"
    else:
        monkeypatch.setattr("gan_repro.evaluation.centroids.kmeans", ask)
        arguments, name = [T, "--set=centroids=7"], "centroids"
    assert run.main(["run", OWN, SMOKE, *arguments]) == 1
    check(1, *capfd.readouterr(), Case("run", arguments, 1, ["memory", name]))
    assert listing(here) == before


def test_a_run_that_could_not_begin_leaves_what_was_there(here, tmp_path, capfd):
    (tmp_path / "notes.txt").write_text("mine")
    assert run.main(["run", G, OWN, SMOKE, "--set=batch_size=49", f"--workdir={tmp_path}"]) == 2
    assert one(capfd) and [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def one(capfd):
    """Whether stderr holds one line."""
    return capfd.readouterr().err.count("\n") == 1
