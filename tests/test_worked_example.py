"""The code of the guides runs as it stands: README.md and experiments/README.md (a paper, a measure, a picture, a trick)."""

import json
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from support import ROOT

# What stands behind the example of a paper, so that one run tries the others, too.
MORE = """
MODEL = EXPERIMENT.models["mlp"]
MODEL = dataclasses.replace(MODEL, measures=(*MODEL.measures, mean_brightness), figures=(*MODEL.figures, brightest))
EXPERIMENT = dataclasses.replace(EXPERIMENT, models={"mlp": MODEL})
"""


def block(path, name):
    """The Python code behind the comment <!-- NAME --> of a guide, or the first code of it."""
    text = (ROOT / path).read_text(encoding="utf-8")
    comment = rf"<!-- {name} -->\n" if name else ""
    return re.search(rf"{comment}```python\n(.*?)```", text, re.DOTALL)[1]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the packages with the example where it says, and a data set of 300 images."""
    folder = tmp_path_factory.mktemp("copy")
    for package in ("gan_repro", "experiments"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("trained", "__pycache__"))
    guide = "experiments/README.md"
    code = "\n\n".join([block(guide, "experiments/lsgan.py"), block(guide, "measure"), block(guide, "picture"), MORE])
    (folder / "experiments" / "lsgan.py").write_text(code, encoding="utf-8")
    np.savez(folder / "tiny.npz", images=np.random.default_rng(0).integers(0, 256, (300, 12, 12), np.uint8))
    return folder


def call(folder, module, *arguments):
    """What a program prints that is started in `folder`."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.e2e
def test_the_library_does_what_the_programs_do():
    done = subprocess.run([sys.executable, "-c", block("README.md", "")], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    # Digits of the program's own are far from what was trained on MNIST: the number is low, and it is a number.
    assert re.fullmatch(r"-?\d+\.\d \+- \d+\.\d nats at sigma 0?\.\d+\n", done.stdout), done.stdout


@pytest.mark.slow
@pytest.mark.e2e
def test_a_paper_a_measure_and_a_picture_are_found_trained_evaluated_and_sampled(copy):
    assert "lsgan" in call(copy, "gan_repro.run", "--list")
    flags = ["--experiment=lsgan", "--dataset=npz:tiny.npz", "--preset=smoke", "--set=steps_per_epoch=2", "--set=n_samples=200"]
    call(copy, "gan_repro.run", *flags, "--workdir=run")
    record = json.loads((copy / "run" / "record.json").read_text(encoding="utf-8"))
    assert record["config"]["recipe"]["units"] == 32 and record["d_output"] == ["score"]
    found = {(each["metric"], each["weights"]) for each in record["measurements"]}
    assert found == {(metric, kind) for metric in ("parzen_log_likelihood", "mean_brightness") for kind in ("best", "last")}
    figures = {path.name for path in (copy / "run" / "figures").glob("*.png")}
    assert figures >= {"curves.png", "interpolation-best.png", "brightest-best.png", "brightest-last.png"}
    call(copy, "gan_repro.sample", "--workdir=run", "--n=4", "--out=four.npz")
    assert (copy / "four.npz").is_file()


def test_the_trick_is_the_relativistic_average_of_its_paper():
    scope = {}
    exec(block("experiments/README.md", "trick"), scope)
    real, generated = np.random.default_rng(0).normal(0, 3, (2, 50, 1))
    context, objective = SimpleNamespace(d_real=np.float32(real), d_generated=np.float32(generated)), scope["relativistic"]()
    for terms, side in ((objective.discriminator, 1), (objective.generator, -1)):
        squares = (real - generated.mean() - side) ** 2, (generated - real.mean() + side) ** 2
        assert [float(term.value(context)) for term in terms] == pytest.approx([np.mean(each) for each in squares], rel=1e-5)


@pytest.mark.slow
def test_the_example_passes_the_tests_of_every_experiment(copy):
    shutil.copytree(ROOT / "tests", copy / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    (copy / "experiments" / "lsgan.py").write_text(block("experiments/README.md", "experiments/lsgan.py"), encoding="utf-8")
    files = ["tests/test_experiment.py", "tests/test_api.py", "tests/test_initial_weights.py", "tests/test_lint.py"]
    call(copy, "pytest", "-q", *files)
