"""What a user installs: a wheel built from these sources holds the whole program and runs far from the checkout.

Needs setuptools (at least what pyproject.toml asks for; older than 70.1 also wheel) and pip beside the dependencies.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from support import offline

ROOT = Path(__file__).resolve().parent.parent
SUFFIXES = (".py", ".pyi", ".md", ".typed", ".html", ".css", ".js")
SOURCES = ("setup.py", "pyproject.toml", "README.md", "gan_repro", "experiments")


def call(*words, cwd, **variables):
    """Runs a process to its end, sees to it that it succeeded, and returns its stdout."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | variables
    done = subprocess.run(list(map(str, words)), cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def modules(folder):
    """Modules, the public face, the prose beside modules and the parts of the page of results."""
    found = [path for name in ("gan_repro", "experiments") for path in (folder / name).rglob("*.*")]
    return {str(path.relative_to(folder)) for path in found if path.suffix in SUFFIXES}


def trained(folder):
    return {str(path.relative_to(folder)) for path in (folder / "gan_repro" / "trained").rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built without a network from a copy of the sources: a build leaves folders where it runs."""
    pytest.importorskip("setuptools", reason="building a wheel needs setuptools")
    pytest.importorskip("pip", reason="building a wheel needs pip")
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "copy"
    copy.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(ROOT / name, copy)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    call(*pip, "wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", folder, copy, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder that the wheel was installed into, with nothing else in it."""
    folder = tmp_path_factory.mktemp("installed") / "packages"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    call(*pip, "install", "--no-deps", "--no-index", "--target", folder, wheel, cwd=wheel.parent)
    return folder


@pytest.mark.e2e
def test_the_wheel_holds_every_module_the_trained_generators_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    # A package without __init__.py would be missing, and tests have no place there.
    assert trained(ROOT) and held == modules(ROOT) | trained(ROOT)
    # Generators, and the classifiers that judge them with their card
    assert {name.split("/")[2] for name in held & trained(ROOT)} >= {"goodfellow2014-mnist", "classifier-mnist"}
    assert len([name for name in held if re.fullmatch(r"gan_repro/trained/classifier-mnist/classifier-\w+\.npz", name)]) == 2
    assert "gan_repro/trained/classifier-mnist/README.md" in held


@pytest.mark.e2e
def test_the_wheel_says_what_it_needs(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
    needed = [line.removeprefix("Requires-Dist: ") for line in metadata.splitlines() if line.startswith("Requires-Dist: ")]
    always = {line.split(">")[0].split(";")[0].strip() for line in needed if "extra ==" not in line}
    assert {"tensorflow", "keras", "tensorflow-datasets", "numpy", "matplotlib", "scipy", "absl-py"} <= always
    assert (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[0] in metadata


@pytest.mark.slow
@pytest.mark.e2e
def test_the_installed_program_finds_its_experiments(installed, tmp_path):
    code = "import gan_repro, experiments; print(gan_repro.__file__); print(experiments.__file__)"
    for place in call(sys.executable, "-c", code, cwd=tmp_path, PYTHONPATH=str(installed)).split():
        assert Path(place).is_relative_to(installed)
    listed = call(sys.executable, "-m", "gan_repro.run", "--list", cwd=tmp_path, PYTHONPATH=str(installed))
    assert "goodfellow2014: " in listed and "theis2015: " in listed
    # The console script has the programs as its first word.
    assert call(installed / "bin" / "gan-repro", "run", "--list", cwd=tmp_path, PYTHONPATH=str(installed)) == listed
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.e2e
def test_the_installed_program_trains(installed, tmp_path):
    np.savez(tmp_path / "tiny.npz", images=np.random.default_rng(0).integers(0, 256, (300, 8, 8), dtype=np.uint8))
    settings = ["--preset=smoke", "--set=steps_per_epoch=2", "--set=batch_size=20", "--set=n_samples=50", "--epochs=1"]
    arguments = ["--experiment=goodfellow2014", "--dataset=npz:tiny.npz", *settings]
    out = call(sys.executable, "-m", "gan_repro.run", *arguments, cwd=tmp_path, PYTHONPATH=str(installed))
    place = Path("runs", "goodfellow2014-npz-tiny-smoke-seed0", "record.json")
    record = json.loads((tmp_path / place).read_text())
    assert f"done: {place}" in out and record["epochs"] == 1 and record["complete"] is True
    assert record["manifest"]["commit"] is None  # an installed program is of no checkout, and does not ask one nearby
    assert record["manifest"]["versions"]["gan_repro"] == "0.1.0"


@pytest.fixture(scope="module")
def alone(wheel, tmp_path_factory):
    """The Python of an environment with the wheel, which sees what this one has installed besides."""
    folder = tmp_path_factory.mktemp("alone") / "environment"
    call(sys.executable, "-m", "venv", folder, cwd=wheel.parent)
    python = folder / "bin" / "python"
    (own,) = folder.glob("lib/python3*/site-packages")
    others = dict.fromkeys(path for path in sys.path if Path(path).name in ("site-packages", "dist-packages"))
    (own / "others.pth").write_text("\n".join(others), encoding="utf-8")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--no-deps", "--no-index", "--ignore-installed"]
    call(*pip, wheel, cwd=wheel.parent)
    return python


@pytest.mark.slow
@pytest.mark.e2e
def test_a_notebook_needs_the_wheel_alone(wheel, alone, tmp_path, monkeypatch):
    """Its own line of installation is given the wheel, which is there by then, and no index: it asks for nothing else."""
    nbclient = pytest.importorskip("nbclient", reason="notebooks are executed by nbclient: pip install -e '.[test]'")
    nbformat = pytest.importorskip("nbformat", reason="notebooks are read by nbformat, with nbclient")
    pytest.importorskip("ipykernel", reason="notebooks are executed in ipykernel: pip install -e '.[test]'")
    kernel = tmp_path / "jupyter" / "kernels" / "alone"
    kernel.mkdir(parents=True)
    argv = [str(alone), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "alone", "language": "python"}))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.delenv("PYTHONPATH", raising=False)
    for name, value in offline.environment(tmp_path, here).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("JUPYTER_PATH", str(kernel.parents[1]))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    book = nbformat.read(ROOT / "notebooks" / "without_a_checkout.ipynb", as_version=4)
    install = book.cells[1]
    install.source, replaced = re.subn('^SOURCE = ""', f"SOURCE = {str(wheel)!r}", install.source)
    assert replaced == 1
    book.cells.append(
        nbformat.v4.new_code_cell("import gan_repro, experiments; print(gan_repro.__file__, experiments.__file__)")
    )
    resources = {"metadata": {"path": str(here)}}
    nbclient.NotebookClient(book, timeout=600, kernel_name="alone", resources=resources).execute()
    used = book.cells[-1].outputs[0].text.split()
    assert len(used) == 2 and all(Path(path).is_relative_to(alone.parents[1]) for path in used)
    said = json.dumps(book)
    assert "these samples" in said and said.count("image/png") >= 3
    assert [path.name for path in here.iterdir()] == ["runs"] and offline.attempts(tmp_path) == []
