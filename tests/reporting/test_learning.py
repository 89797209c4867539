"""Estimate and quality: snapshots come back from their files, lines lie where they belong, wrong arguments are refused."""

import dataclasses
import math

import numpy as np
import pytest
from support.pictures import coloured, read

from experiments.wgan import learning
from gan_repro.figures import curves
from gan_repro.system.errors import RunError


def snapshot(epoch=3, quality=20.5, channels=1):
    images = np.float32(np.random.default_rng(epoch).random((learning.SHOWN, 6, 6, channels)))
    return learning.Snapshot(epoch, 10 * epoch, 7 * epoch, quality, images)


@pytest.mark.parametrize("quality", [20.5, math.nan])
def test_a_snapshot_comes_back_from_its_file(tmp_path, quality):
    taken = snapshot(quality=quality)
    taken.write(tmp_path / "s.npz")
    back = learning.read(tmp_path / "s.npz")
    for field in dataclasses.fields(taken):
        assert type(getattr(back, field.name)) is type(getattr(taken, field.name))
        np.testing.assert_array_equal(getattr(back, field.name), getattr(taken, field.name))
    assert back.images.dtype == np.float32 and [path.name for path in tmp_path.iterdir()] == ["s.npz"]


def test_a_snapshot_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError):
        snapshot().write(tmp_path / "file" / "s.npz")


@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "text", "other", "several"])
def test_a_damaged_file_is_one_clear_error(tmp_path, damage):
    path = tmp_path / "s.npz"
    if damage == "truncated":
        snapshot().write(path)
        path.write_bytes(path.read_bytes()[:2000])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "text":
        path.write_text("hello")
    elif damage == "other":
        np.savez(path, x=np.zeros(3))
    elif damage == "several":
        values = {field.name: np.zeros(3) for field in dataclasses.fields(learning.Snapshot)}
        np.savez(path, **values)
    with pytest.raises(RunError, match="cannot read .*s.npz|s.npz is damaged"):
        learning.read(path)


def test_a_single_wrong_byte_is_found_or_does_not_matter(tmp_path):
    path, taken = tmp_path / "s.npz", snapshot()
    taken.write(path)
    whole, found = path.read_bytes(), 0
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
        try:
            np.testing.assert_array_equal(learning.read(path).images, taken.images)
        except RunError:
            found += 1
    assert found > len(whole) / 7 / 2


def drawn(path, estimates, qualities, channels=1):
    snapshots = [snapshot(epoch + 1, quality, channels) for epoch, quality in enumerate(qualities)]
    steps = [snapshot(epoch + 1).step for epoch in range(len(estimates))]
    estimate = steps, estimates, estimates
    learning.estimate_and_quality(path, snapshots, estimate, "the estimate", "the quality", (0.0, 1.0), "a title")
    return read(path)


def heights(picture, colour):
    """Mean height, 0 at the bottom, of a colour in the left and in the right third of the lower panel."""
    panel = picture[picture.shape[0] // 2 :]
    inner = panel[:, panel.shape[1] // 10 : -panel.shape[1] // 10]  # without the axes' coloured labels
    third = inner.shape[1] // 3
    return [
        1 - np.average(np.arange(len(part)), weights=coloured(part.transpose(1, 0, 2), colour)) / len(part)
        for part in (inner[:, :third], inner[:, -third:])
    ]


def test_both_lines_lie_where_they_belong(tmp_path):
    for estimates, falls in (([3.0, 2.0, 1.0], True), ([1.0, 2.0, 3.0], False)):
        picture = drawn(tmp_path / "f.png", estimates, [30.0, 20.0, 10.0])
        left, right = heights(picture, curves.COLOURS[0])
        assert left > right + 0.1 if falls else right > left + 0.1
        left, right = heights(picture, curves.COLOURS[1])
        assert left > right + 0.1


def test_without_any_quality_there_is_one_axis(tmp_path):
    picture = drawn(tmp_path / "f.png", [1.0, 2.0, 3.0], [math.nan] * 3)
    assert coloured(picture, curves.COLOURS[0]).sum() > 100 and coloured(picture, curves.COLOURS[1]).sum() == 0


def test_the_estimate_is_drawn_as_it_is_and_smoothed(tmp_path):
    rough = [1.0, 3.0] * 10
    picture = []
    for raw in (rough, [2.0] * 20):
        snapshots = [snapshot(1, math.nan), snapshot(20, math.nan)]
        steps = np.linspace(snapshots[0].step, snapshots[1].step, 20)
        path = tmp_path / "f.png"
        learning.estimate_and_quality(path, snapshots, (steps, raw, [2.0] * 20), "e", "q", (0.0, 1.0), "a title")
        picture.append(read(path)[300:])
    assert (picture[0] != picture[1]).any(axis=-1).mean() > 0.01  # the faint line is there
    assert all(coloured(each, curves.COLOURS[0]).sum() > 100 for each in picture)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("n, shown", [(2, 2), (6, 6), (30, 6)])
def test_as_many_moments_are_drawn_as_there_is_room_for(tmp_path, monkeypatch, n, shown, channels):
    tiles, pictures = learning.grids.tiles, []
    monkeypatch.setattr(learning.grids, "tiles", lambda images, *rest: pictures.append(images) or tiles(images, *rest))
    drawn(tmp_path / "f.png", list(np.arange(n)), [1.0] * n, channels)
    assert len(pictures) == shown
    for images, epoch in ((pictures[0], 1), (pictures[-1], n)):  # the first and the last moment always
        np.testing.assert_array_equal(images, snapshot(epoch, channels=channels).images)


def test_the_same_arguments_give_the_same_bytes(tmp_path):
    for name in ("a.png", "b.png"):
        drawn(tmp_path / name, [1.0, 2.0], [3.0, 4.0])
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("n_snapshots, n_estimates", [(0, 2), (1, 2), (3, 1), (2, 3)])
def test_too_few_snapshots_or_estimates_are_refused(tmp_path, n_snapshots, n_estimates):
    snapshots = [snapshot(epoch + 1) for epoch in range(n_snapshots)]
    with pytest.raises(ValueError, match=f"{n_snapshots} snapshots, 2 steps, {n_estimates} and 2 estimates"):
        estimate = [1, 2], [1.0] * n_estimates, [1.0] * 2
        learning.estimate_and_quality(tmp_path / "f.png", snapshots, estimate, "e", "q", (0.0, 1.0), "a title")
    assert list(tmp_path.iterdir()) == []
