"""Densities of points: what is kept of a training, strips of several, and the figures that pages make of them."""

import numpy as np
import pytest
from matplotlib import image as reader

from gan_repro.figures import densities
from gan_repro.system.errors import RunError


def moment(step, at=0.0, n=50):
    """Points around (at, 0)."""
    points = np.random.default_rng(step).normal(size=(n, 1, 1, 2)) * 0.05 + [at, 0.0]
    return densities.taken(step, points)


REAL = np.random.default_rng(9).normal(size=(50, 1, 1, 2))


def moments(steps=(0, 10, 20)):
    return densities.chosen([moment(step, at=step / 20) for step in steps], REAL)


def test_a_moment_keeps_the_first_points_and_comes_back(tmp_path):
    points = np.random.default_rng(0).normal(size=(densities.KEPT + 5, 1, 1, 2))
    kept = densities.taken(7, points)
    np.testing.assert_allclose(kept.points, points[: densities.KEPT, 0, 0], rtol=1e-3, atol=1e-4)
    kept.write(tmp_path / "a.npz")
    again = densities.Moment.read(tmp_path / "a.npz")
    assert again.step == 7 and again.points.dtype == np.float16
    np.testing.assert_array_equal(again.points, kept.points)
    whole = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "b.npz").write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    with pytest.raises(RunError):
        densities.Moment.read(tmp_path / "b.npz")


@pytest.mark.parametrize(
    "steps, shown",
    [
        ([5], [5]),
        ([0, 5], [0, 5]),
        (range(0, 101, 10), [0, 20, 40, 60, 80, 100]),
        ([0, 1, 2, 98, 99, 100], [0, 2, 98, 100]),
    ],
)
def test_the_moments_shown_are_as_far_apart_as_there_are_such(steps, shown):
    found = densities.chosen([moment(step) for step in steps], REAL)
    assert found.steps.tolist() == shown and found.points.shape == (len(shown), 50, 2)
    np.testing.assert_array_equal(found.real, REAL.reshape(-1, 2).astype(np.float16))


def test_a_density_integrates_to_the_share_inside_and_lies_where_the_points_are():
    points = np.tile([[0.5, -0.25]], (30, 1))
    values = densities.density(np.concatenate([points, np.full((10, 2), 50.0)]), 1.0)
    cell = (2 / densities.BINS) ** 2
    assert values.sum() * cell == pytest.approx(0.75, rel=1e-6)
    row, column = np.unravel_index(values.argmax(), values.shape)
    middle = (np.arange(densities.BINS) + 0.5) * 2 / densities.BINS - 1
    assert abs(middle[column] - 0.5) < 0.02 and abs(middle[row] + 0.25) < 0.02


def test_strips_and_tables_are_drawn_alike_each_time(tmp_path):
    kept = moments()
    for name in ("one", "two"):
        densities.strips(tmp_path / f"{name}.png", {"k = 0": kept, "k = 5": moments((0, 20))}, "A title")
        rows = {"a ring": (kept.real, {"GAN": kept.points[-1], "WGAN": None}), "a grid": (kept.real, {"WGAN": kept.points[0]})}
        densities.table(tmp_path / f"{name}-table.png", rows, "A title")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert (tmp_path / "one-table.png").read_bytes() == (tmp_path / "two-table.png").read_bytes()
    picture = reader.imread(tmp_path / "one.png")[:, :, :3]
    assert (picture.max(axis=2) - picture.min(axis=2) > 0.2).mean() > 0.003, "no panel shows a density"
    with pytest.raises(ValueError, match="no row"):
        densities.strips(tmp_path / "x.png", {})


def test_only_the_plane_is_kept():
    assert densities.in_plane((1, 1, 2)) and not densities.in_plane((1, 1, 1)) and not densities.in_plane((28, 28, 2))
