"""Keras with another backend than TensorFlow: one line and exit code 2 from every program, before anything slow."""

import json
import os
import subprocess
import sys

import pytest
from support import ROOT, programs

from gan_repro import __main__ as console
from gan_repro.system import backend
from gan_repro.system.errors import UsageError


def process(words, tmp_path, **variables):
    there = programs.environment() | {"KERAS_HOME": str(tmp_path / "none")} | variables
    there["PYTHONPATH"] = f"{tmp_path / 'poison'}{os.pathsep}{ROOT}"
    return subprocess.run([sys.executable, *words], cwd=tmp_path, env=there, capture_output=True, text=True, timeout=60)


@pytest.mark.e2e
@pytest.mark.parametrize("program", ["run", "sample"])
def test_a_program_says_it_in_one_line_before_anything_slow(program, poison, tmp_path):
    done = process(["-m", f"gan_repro.{program}", "--experiment=goodfellow2014"], tmp_path, KERAS_BACKEND="jax")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("error: ")
    assert all(word in done.stderr for word in ("jax", "KERAS_BACKEND=tensorflow"))
    assert list(tmp_path.iterdir()) == [poison]


@pytest.mark.parametrize("program", console.PROGRAMS)
def test_every_program_asks(program, monkeypatch, tmp_path, capsys):
    """In this process, where Keras is imported, and has TensorFlow: the question is put in its place."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(backend, "chosen", lambda: ("torch", "a test"))
    needed = {"run": "--list", "score": "x.npz", "evaluate": "--workdir=x"}
    assert console.main(["gan-repro", program, *([needed[program]] if program in needed else [])]) == 2
    out, err = capsys.readouterr()
    assert "torch" in err and err.count("\n") == 1 and out == "" and list(tmp_path.iterdir()) == []


@pytest.mark.e2e
@pytest.mark.parametrize(
    "code",
    [
        "import gan_repro as gr; gr.priors; gr.Published; gr.layers",
        "from gan_repro import shipped; shipped.load('goodfellow2014')",
    ],
)
def test_the_library_says_it_where_keras_is_needed(code, poison, tmp_path):
    done = process(["-c", code], tmp_path, KERAS_BACKEND="jax")
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1 and "UsageError" in last and "jax" in last and "KERAS_BACKEND=tensorflow" in last


def test_who_chooses(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    assert backend.chosen()[0] == "tensorflow"
    for content, name in (("{", "tensorflow"), ("[]", "tensorflow"), (json.dumps({"backend": "torch"}), "torch")):
        (tmp_path / "keras.json").write_text(content)
        assert backend.chosen()[0] == name
    with pytest.raises(UsageError, match=r"torch \(by .*keras\.json\)"):
        backend.check()
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")  # as Keras has it: before the file
    backend.check()
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(UsageError, match="jax"):
        backend.check()
