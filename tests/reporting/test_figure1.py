"""Figure 1 as a picture: snapshots come back from their files, densities lie where they belong, wrong ones are refused."""

import dataclasses

import numpy as np
import pytest
from scipy import stats
from support.pictures import coloured, read

from experiments.goodfellow2014 import figure1
from gan_repro.figures import curves
from gan_repro.system.errors import RunError


def snapshot(mean=1.0, std=0.5, epoch=3):
    x = np.linspace(-4, 6, 1001)
    p_data, p_g = stats.norm(1, 0.5).pdf(x), stats.norm(mean, std).pdf(x)
    z = np.linspace(-1, 1, 9)
    g_of_z = mean + std * stats.norm.ppf((z * 0.98 + 1) / 2)
    return figure1.Snapshot(epoch, 10 * epoch, x, p_data, p_g, np.full_like(x, 0.25), z, g_of_z)


def test_a_snapshot_comes_back_from_its_file(tmp_path):
    taken = snapshot()
    taken.write(tmp_path / "s.npz")
    back = figure1.read(tmp_path / "s.npz")
    for field in dataclasses.fields(taken):
        assert np.array_equal(getattr(back, field.name), getattr(taken, field.name))
    assert isinstance(back.epoch, int)


def test_its_numbers_are_those_of_the_theory():
    arrived = dataclasses.replace(snapshot(), d=np.full(1001, 0.5))
    assert arrived.jensen_shannon() == pytest.approx(0, abs=1e-9)
    assert arrived.value() == pytest.approx(-np.log(4), abs=1e-6)
    assert snapshot(mean=40).value() == pytest.approx(np.log(0.25), abs=1e-6)  # p_g off the grid: log D(x) alone is left


@pytest.mark.parametrize("damage", ["missing", "truncated", "text", "other"])
def test_a_damaged_file_is_one_clear_error(tmp_path, damage):
    path = tmp_path / "s.npz"
    if damage == "truncated":
        snapshot().write(path)
        path.write_bytes(path.read_bytes()[:2000])
    elif damage == "text":
        path.write_text("hello")
    elif damage == "other":
        np.savez(path, x=np.zeros(3))
    with pytest.raises(RunError, match="cannot read .*s.npz|s.npz is damaged"):
        figure1.read(path)


def test_p_g_is_drawn_where_it_is_and_the_same_bytes_come_again(tmp_path):
    colour = curves.COLOURS[2]
    centres = {}
    for mean in (0.0, 1.0, 2.0):
        figure1.panels(tmp_path / f"{mean}.png", [snapshot(mean), snapshot(0.0), snapshot(2.0)], "a title")
        picture = read(tmp_path / f"{mean}.png")
        first = picture[: picture.shape[0] * 6 // 10, : picture.shape[1] * 36 // 100]  # the curves of panel (a)
        columns = np.flatnonzero(coloured(first, colour))
        centres[mean] = columns.mean() / first.shape[1]
    assert centres[0.0] < centres[1.0] - 0.1 < centres[2.0] - 0.2
    figure1.panels(tmp_path / "again.png", [snapshot(2.0), snapshot(0.0), snapshot(2.0)], "a title")
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "2.0.png").read_bytes()


def test_wrong_snapshots_are_refused(tmp_path):
    nan = dataclasses.replace(snapshot(), d=np.full(1001, np.nan))
    short = dataclasses.replace(snapshot(), p_g=np.zeros(5))
    for snapshots, message in (([], "no snapshot"), ([nan], "not finite"), ([short], "as long")):
        with pytest.raises(ValueError, match=message):
            figure1.panels(tmp_path / "f.png", snapshots)
    assert list(tmp_path.iterdir()) == []
