"""Samples of models beside each other: of a chain its first ones, of others independent ones, read from figures of runs."""

import numpy as np
import pytest

from gan_repro.figures import draw, grids
from gan_repro.papers.shown import Beside
from gan_repro.reporting import strips
from gan_repro.reporting.beside import Shown

STEMS = {"theirs": "a-seed0", "ours": "b-seed0", "not drawn": "c-seed0"}
SHOWN = Shown(Beside("Two models", "Text.", "mnist", (), ()), [], [], {}, 10, "v.png", {}, "h.png", STEMS, "t-strips.png", {})


def images(first, n):
    """float32 (n, 8, 8, 1), each of another grey."""
    return np.float32((first + np.arange(n)) / 255)[:, None, None, None] * np.ones((1, 8, 8, 1), np.float32)


def chain(folder, stem, n, weights="best"):
    rows = -(-n // draw.CHAIN[1])
    grids.sample_grid(folder / f"{stem}-chain-{weights}.png", images(10, n), rows, draw.CHAIN[1], "Consecutive samples")


def independent(folder, stem):
    grids.sample_grid(folder / f"{stem}-samples-best.png", images(200, 20), draw.ROWS, draw.COLUMNS, "Samples")


@pytest.mark.parametrize("n", [20, 60, 100, 200])
def test_a_row_has_the_first_samples_of_a_chain_or_independent_ones(tmp_path, n, monkeypatch):
    chain(tmp_path, "a-seed0", n)
    independent(tmp_path, "a-seed0")
    independent(tmp_path, "b-seed0")
    ((name, write),) = strips.figures([SHOWN], tmp_path).items()
    write(tmp_path / name)
    assert name == "t-strips.png" and (tmp_path / name).stat().st_size > 0
    drawn = []
    monkeypatch.setattr(strips.grids, "sample_grid", lambda path, images, *rest, labels: drawn.append((images, labels)))
    write(tmp_path / name)
    ((found, labels),) = drawn
    greys = np.round(255 * found[:, 0, 0, 0]).astype(int).reshape(2, strips.LENGTH)
    assert greys.tolist() == [list(range(10, 30)), list(range(200, 220))]
    assert [label for label, _ in labels] == ["theirs", "ours"]


def test_the_last_weights_stand_in_where_none_were_chosen(tmp_path):
    chain(tmp_path, "a-seed0", 40, "last")
    chain(tmp_path, "b-seed0", 40, "last")
    assert list(strips.figures([SHOWN], tmp_path)) == ["t-strips.png"]


def test_one_model_alone_or_none_of_a_chain_has_no_picture(tmp_path):
    chain(tmp_path, "a-seed0", 40)
    assert strips.figures([SHOWN], tmp_path) == {}
    (tmp_path / "a-seed0-chain-best.png").unlink()
    independent(tmp_path, "a-seed0")
    independent(tmp_path, "b-seed0")
    assert strips.figures([SHOWN], tmp_path) == {}
