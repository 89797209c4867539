"""The README's code: the worked example of a new paper is one short file, and all that the program does works with it."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def block(name):
    """The Python code behind a comment of this name."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.search(rf"<!-- {name} -->\n```python\n(.*?)```", text, re.DOTALL)[1]


@pytest.mark.e2e
def test_the_library_does_what_the_programs_do():
    done = subprocess.run([sys.executable, "-c", block("library")], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    # Digits of the program's own are far from what was trained on MNIST: the number is low, and it is a number.
    assert re.fullmatch(r"-?\d+\.\d \+- \d+\.\d nats at sigma 0?\.\d+\n", done.stdout), done.stdout


@pytest.mark.e2e
def test_a_paper_is_one_file_of_under_sixty_lines(tmp_path):
    code = block("experiments/lsgan.py")
    assert len(code.splitlines()) < 60
    for package in ("gan_repro", "experiments"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("trained", "__pycache__"))
    (tmp_path / "experiments" / "lsgan.py").write_text(code, encoding="utf-8")

    def call(module, *arguments):
        command = [sys.executable, "-m", f"gan_repro.{module}", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "lsgan" in call("run", "--list")
    call(
        "run",
        "--experiment=lsgan",
        "--dataset=glyphs",
        "--preset=quick",
        "--epochs=1",
        "--workdir=run",
        "--set=steps_per_epoch=20",
        "--set=units=32",
        "--set=n_samples=200",
    )
    record = json.loads((tmp_path / "run" / "record.json").read_text(encoding="utf-8"))
    assert record["config"]["recipe"]["units"] == 32
    assert [each["weights"] for each in record["measurements"]] == ["last"]
    assert {path.name for path in (tmp_path / "run" / "figures").glob("*.png")} >= {"samples-last.png", "curves.png"}
    call("sample", "--workdir=run", "--n=4", "--out=four.npz")
    assert (tmp_path / "four.npz").is_file()
