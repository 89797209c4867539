"""Figures of points: a line's densities, a plane's scatter; the same arguments give the same bytes."""

import numpy as np
import pytest
from matplotlib import image as reader
from matplotlib.colors import to_rgb

from gan_repro.data import gaussian1d
from gan_repro.data.source import Described
from gan_repro.figures import curves, points


def share(path, colour):
    """How much of a picture is of this colour, or of it over white."""
    pixels = reader.imread(path)[:, :, :3]
    ink, target = 1 - pixels, 1 - np.array(to_rgb(colour))
    along = (ink @ target) / (target @ target)
    off = np.linalg.norm(ink - along[..., None] * target, axis=-1)
    return float(((along > 0.3) & (off < 0.05)).mean())


def some(dimensions, n=300, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 1, 1, dimensions))


def test_points_are_images_of_one_pixel():
    assert points.are((1, 1, 1)) and points.are([1, 1, 2]) and not points.are((28, 28, 1)) and not points.are((1, 28, 1))


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_real_points_are_there_where_they_are_at_hand(dimensions, tmp_path):
    with_real, without = tmp_path / "a.png", tmp_path / "b.png"
    points.cloud(with_real, some(dimensions), some(dimensions, seed=1), title="a title")
    points.cloud(without, some(dimensions), title="a title")
    ours = curves.COLOURS[1]
    assert share(with_real, ours) > 0.001 and share(without, ours) > 0.001
    assert share(with_real, points.REAL) > share(without, points.REAL) + 0.001
    again = tmp_path / "c.png"
    points.cloud(again, some(dimensions), some(dimensions, seed=1), title="a title")
    assert again.read_bytes() == with_real.read_bytes()


def test_a_circle_is_round(tmp_path):
    """Both axes have one scale, though one coordinate reaches ten times as far in the data that are drawn beside it."""
    angles = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], 1).reshape(-1, 1, 1, 2)
    wide = np.array([[-5.0, 0.0], [5.0, 0.0]]).reshape(2, 1, 1, 2)
    points.cloud(tmp_path / "circle.png", circle, wide)
    picture = reader.imread(tmp_path / "circle.png")[:, :, :3]
    red = np.abs(picture - np.array(to_rgb(curves.COLOURS[1]))).max(axis=2) < 0.3
    rows, columns = np.nonzero(red[: len(red) * 85 // 100])  # the legend is below
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), rel=0.05) and np.ptp(rows) > 50


def test_samples_of_a_label_have_a_colour(tmp_path):
    labels = np.arange(300) % 3
    points.cloud(tmp_path / "labels.png", some(2), labels=labels)
    assert all(share(tmp_path / "labels.png", colour) > 0.001 for colour in curves.COLOURS[:3])


@pytest.mark.parametrize(
    ("samples", "real"),
    [
        (np.zeros((5, 8, 8, 1)), None),
        (np.zeros((0, 1, 1, 2)), None),
        (np.zeros((5, 2)), None),
        (np.full((5, 1, 1, 2), np.nan), None),
        (np.zeros((5, 1, 1, 2)), np.zeros((5, 1, 1, 1))),
    ],
)
def test_what_are_no_points_is_refused(samples, real, tmp_path):
    with pytest.raises(ValueError, match="points"):
        points.cloud(tmp_path / "x.png", samples, real)
    assert list(tmp_path.iterdir()) == []


def test_real_points_come_from_the_test_split():
    source = gaussian1d.load("gaussian1d")
    np.testing.assert_array_equal(points.real_of(source), source.images("test")[: points.SHOWN])
    assert points.real_of(Described(source.spec)) is None


def test_a_surface_and_the_depth_of_a_network_are_drawn_and_refuse_what_does_not_fit(tmp_path):
    along = np.linspace(-2, 2, 9)
    values = along[:, None] * along
    cross = np.zeros((3, 1, 1, 2))
    for name in ("one", "two"):
        points.surface(tmp_path / f"{name}.png", along, values, cross, cross + 1, "A saddle")
        points.depth(tmp_path / f"{name}-depth.png", {"input": 1.0, "hidden": 0.0}, {"hidden": np.ones((3, 2))}, "Two")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert (tmp_path / "one-depth.png").read_bytes() == (tmp_path / "two-depth.png").read_bytes()
    points.surface(tmp_path / "flat.png", along, np.zeros((9, 9)), cross, cross)  # a constant has no level sets
    with pytest.raises(ValueError, match="9 x 9"):
        points.surface(tmp_path / "x.png", along, values[1:], cross, cross)
    with pytest.raises(ValueError, match="no layer"):
        points.depth(tmp_path / "x.png", {}, {})
