"""Model cards of the generators that come with the program, and the check of their weights."""

import hashlib
import re
import shutil

import numpy as np
import pytest
from support import ROOT

from gan_repro import sample, ship, shipped
from gan_repro.data import names
from gan_repro.runs import cards
from gan_repro.runs.workdir import Workdir
from gan_repro.system import files
from gan_repro.system.errors import RunError

SHIPPED = [pytest.param(folder, id=folder.name) for folder in shipped.folders().values()]


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The smallest shipped folder, copied to the place of all; to be changed."""
    folder = shutil.copytree(shipped.find("wgan"), tmp_path / "trained" / "wgan-mnist")
    monkeypatch.setattr(shipped, "FOLDER", folder.parent)
    monkeypatch.chdir(tmp_path)
    return folder


def weights_of(told):
    """A key that sorts measurements by their weights, in the order in which these first come."""
    order = list(dict.fromkeys(entry["weights"] for entry in told))
    return lambda entry: order.index(entry["weights"])


@pytest.mark.parametrize("folder", SHIPPED)
def test_a_card_is_what_the_generator_would_write(folder):
    text, record = (folder / cards.NAME).read_text(encoding="utf-8"), shipped.record(folder)
    assert text == shipped.card(folder), "python -m gan_repro.ship --cards writes it anew"
    for path in folder.glob("*.h5"):
        content = path.read_bytes()
        row = f"| `{path.name}` | {len(content):,} | `{hashlib.sha256(content).hexdigest()}` |"
        assert row in text
    assert f"`{record.command}`" in text and f"seed {record.seed}" in text and record.data.sha256 in text
    assert names.licence(record.dataset) in text
    numbers = text.partition("\n## Numbers\n")[2].partition("\n## ")[0]
    measured = [float(number) for number in re.findall(r"^\| [^|]+ \| (-?[\d.e-]+)", numbers, re.MULTILINE)]
    told = [entry for entry in files.read_json(shipped.note(folder))["measurements"] if entry.get("split") != "validation"]
    np.testing.assert_allclose(measured, [entry["value"] for entry in sorted(told, key=weights_of(told))], rtol=5e-3)
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert len({line for line in table if "%" in line}) == len([line for line in table if "%" in line])  # no row twice


@pytest.mark.parametrize("name", ["wgan", "acgan"])  # the second one's networks see a frame
def test_the_python_of_a_card_gives_images(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    text = (shipped.find(name) / cards.NAME).read_text(encoding="utf-8")
    found = {}
    exec(text.partition("```python\n")[2].partition("```")[0], found)
    assert found["images"].shape == (100, 28, 28, 1) and found["images"].dtype == np.float32
    assert 0 <= found["images"].min() < 0.1 and 0.9 < found["images"].max() <= 1


def test_what_is_not_known_of_data_is_not_invented():
    assert names.licence("mnist").startswith("Creative Commons")
    for dataset in ("tfd", "celeb_a", "npz:faces.npz"):
        assert names.licence(dataset) == "see the data's page"


def test_cards_are_written_anew_by_one_command(copied, capsys):
    path = copied / cards.NAME
    text = path.read_text()
    path.write_text("another")
    assert ship.main(["ship", "--cards"]) == 0 and path.read_text() == text
    assert ship.main(["ship", "--cards"]) == 0
    wrote, as_it_was = capsys.readouterr().out.splitlines()
    assert wrote.startswith("wrote ") and as_it_was.startswith("as it was")
    assert ship.main(["ship", "--cards", "--workdir=x"]) == 2 and capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("change", ["replaced", "missing"])
def test_weights_that_are_not_those_that_were_packaged_are_refused(change, copied, capsys):
    path = Workdir(copied).weights("last")
    if change == "missing":
        path.unlink()
    else:  # by a whole file, whose own checksum is right
        shutil.copyfile(Workdir(ROOT / "gan_repro" / "trained" / "dcgan-mnist").weights("last"), path)
    with pytest.raises(RunError, match="generator.weights.h5 is"):
        shipped.load("wgan")
    assert sample.main(["sample", "--experiment=wgan", "--n=4"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
