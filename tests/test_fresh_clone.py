"""A reader without data and network: in a copy of what is committed, tables and figures come out again as they are.

Notebooks are executed without data and network in test_notebooks.py.
"""

import shutil
import subprocess
import sys

import numpy as np
import pytest
import support
from PIL import Image
from support import offline

from gan_repro import shipped


@pytest.fixture
def clone(tmp_path):
    """A copy of the files here, as they are now, in an empty folder, without those that git ignores."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=support.ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("needs git, and a checkout: what belongs to the project is asked of it")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (support.ROOT / name).is_file():
            (tmp_path / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(support.ROOT / name, tmp_path / "clone" / name)
    return tmp_path / "clone"


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def pixels(path):
    return np.asarray(Image.open(path).convert("L"), float)


@pytest.mark.slow
@pytest.mark.e2e
def test_tables_and_figures_come_out_again(clone, tmp_path):
    before, readme = contents(clone / "results"), (clone / "README.md").read_bytes()
    for name in before:  # what is not written anew is missed
        if name.startswith("figures/shipped-") or name.endswith((".tex", ".csv")):
            (clone / "results" / name).unlink()
    outputs = []
    for program in ("shipped", "tables"):  # the page of results lists the figures that are there
        command = [sys.executable, "-m", f"gan_repro.{program}"]
        environment = offline.environment(tmp_path, clone)
        done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr
        outputs.append(done.stdout)
    assert offline.attempts(tmp_path) == []
    after = contents(clone / "results")
    assert after.keys() == before.keys() and (clone / "README.md").read_bytes() == readme
    assert [name for name in before if not name.endswith(".png") and after[name] != before[name]] == []
    drawn = [name for name in before if name.startswith("figures/shipped-")]
    assert {name.split("-")[1] for name in drawn} >= {key for key, _ in shipped.folders()} and len(drawn) > 15
    assert all(name in outputs[0] for name in drawn)
    for name in drawn:
        now, then = pixels(clone / "results" / name), pixels(support.ROOT / "results" / name)
        if "curves" not in name:  # lines and letters are matplotlib's, and its versions differ in them
            assert now.shape == then.shape and np.abs(now - then).mean() < 1, name


def test_figures_that_differ_by_roundings_stay(tmp_path, monkeypatch):
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    for apart, alike in ((0, True), (shipped.ROUNDINGS, True), (shipped.ROUNDINGS + 1, False)):
        picture = np.full((8, 9, 3), 100, np.uint8)
        Image.fromarray(picture).save(first)
        picture[4, 4, 1] += apart
        Image.fromarray(picture).save(second)
        assert shipped._alike(first, second) == alike
    Image.fromarray(picture[:, 1:]).save(second)
    assert not shipped._alike(first, second)
    first.write_bytes(first.read_bytes()[:60])
    assert not shipped._alike(first, second)
