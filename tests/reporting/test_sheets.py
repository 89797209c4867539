"""Sheets of images on a surface of z: which z, which image where, and when they are drawn anew."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from gan_repro import shipped
from gan_repro.data.scaling import UNIT
from gan_repro.figures import draw, sheets
from gan_repro.latent import priors
from gan_repro.system import randomness
from gan_repro.system.errors import RunError

SHEET = sheets.Sheet("a" * 64, "A <title> ± ü", 3, 2, 2, 4, 5, "linear")


# ---- z ----------------------------------------------------------------------------------------------------------------


def test_a_walk_meets_its_stops_and_between_two_goes_straight():
    stops = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 8.0]])
    found = priors.through(stops, 4)
    assert found.dtype == np.float32 and found.shape == (9, 2)
    assert found.tolist() == [[0, 0], [1, 0], [2, 0], [3, 0], [4, 0], [4, 2], [4, 4], [4, 6], [4, 8]]


@pytest.mark.parametrize("path", priors.PATHS)
def test_a_surface_meets_its_nodes_and_does_not_leave_what_its_path_keeps(path):
    rng = np.random.default_rng(0)
    nodes = rng.normal(size=(3, 4, 6)) if path == "spherical" else rng.uniform(-1, 1, (3, 4, 6))
    if path == "spherical":
        nodes /= np.linalg.norm(nodes, axis=-1, keepdims=True)
    found = priors.sheet(nodes, 5, path)
    assert found.shape == (11, 16, 6) and found.dtype == np.float32
    np.testing.assert_allclose(found[::5, ::5], nodes, atol=1e-6)
    np.testing.assert_allclose(found[0], priors.through(nodes[0], 5, path), atol=1e-6)
    if path == "spherical":
        np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1, atol=1e-5)
    else:  # bilinear between the nodes
        assert np.abs(found).max() <= np.abs(nodes).max() + 1e-6
        np.testing.assert_allclose(found[2, 3], 0.6 * (0.4 * nodes[0, 0] + 0.6 * nodes[0, 1])
                                   + 0.4 * (0.4 * nodes[1, 0] + 0.6 * nodes[1, 1]), atol=1e-6)  # fmt: skip


# ---- the file ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
def test_each_image_stands_at_its_place_in_few_greys(channels, tmp_path):
    images = np.random.default_rng(1).uniform(-1, 1, (2 * 9, 4, 5, channels)).astype(np.float32)
    sheets.write(tmp_path / "a.png", SHEET, images, -1.0, 1.0)
    assert sheets.read(tmp_path / "a.png") == SHEET
    canvas = np.asarray(Image.open(tmp_path / "a.png"), float).reshape(2 * 3 * 4, 3 * 5, channels)
    for index, image in enumerate(images):
        row, column = divmod(index, 3)  # label by label, row by row
        shown = canvas[4 * row : 4 * row + 4, 5 * column : 5 * column + 5]
        assert np.abs(shown - (image + 1) / 2 * 255).max() <= 255 / (sheets.GREYS - 1) / 2 + 1
    assert len(np.unique(canvas)) <= sheets.GREYS


def test_the_same_images_give_the_same_bytes(tmp_path):
    images = np.random.default_rng(1).uniform(0, 1, (2 * 9, 4, 5, 1))
    for name in ("a.png", "b.png"):
        sheets.write(tmp_path / name, SHEET, images, 0.0, 1.0)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_what_is_no_sheet_is_none_and_a_damaged_one_is_an_error(tmp_path):
    assert sheets.read(tmp_path / "none.png") is None and not sheets.current(tmp_path / "none.png", {"g": "a" * 64})
    Image.new("L", (4, 4)).save(tmp_path / "other.png")
    assert sheets.read(tmp_path / "other.png") is None
    path = tmp_path / "a.png"
    sheets.write(path, SHEET, np.zeros((18, 4, 5, 1)), 0.0, 1.0)
    assert sheets.current(path, {"g": "a" * 64, "h": "b" * 64}) and not sheets.current(path, {"g": "b" * 64})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(RunError, match="a.png is damaged: .*gan_repro.shipped"):
        sheets.read(path)
    assert not sheets.current(path, {"g": "a" * 64})


@pytest.mark.parametrize("labels", [0, 1, 10, 1000])
@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (64, 64, 3), (8, 8, 1)])
def test_as_many_images_stand_in_a_sheet_as_there_is_room_for(shape, labels):
    legs, steps = sheets.lattice(shape, labels)
    side, copies = legs * steps + 1, max(1, labels)
    assert legs >= 1 and steps >= 1
    fits = side**2 * copies * np.prod(shape) <= sheets.NUMBERS
    assert fits or side == 2
    assert fits <= (legs == 1 or steps >= sheets.LEG)  # nodes stand far enough apart to see a way between them


def test_points_and_very_large_images_have_none():
    assert sheets.possible((28, 28, 1)) and sheets.possible((64, 64, 3))
    assert not sheets.possible((1, 1, 2)) and not sheets.possible((512, 512, 3)) and not sheets.possible((8, 8, 4))


# ---- of a run ---------------------------------------------------------------------------------------------------------


class Run:
    """A run whose 2 x 2 images are the first numbers of their z, with the label in the last pixel."""

    epochs, settings = 7, ()
    model, config = SimpleNamespace(title="Nets"), SimpleNamespace(seed=3, preset="paper", dataset="", recipe=None)

    def __init__(self, kind, classes):
        self.kind, self.classes = kind, classes
        spec = SimpleNamespace(title="blobs", classes=10, scaling=UNIT, shape=(2, 2, 1))
        self.source = SimpleNamespace(spec=spec)

    def conditional(self):
        return self.classes > 0

    def prior(self):
        return priors.Prior(self.kind, 4)

    def images(self, kind, z, labels):
        self.z = z
        return np.concatenate([z[:, :3], labels[:, None] / 10], axis=1).reshape(-1, 2, 2, 1)


@pytest.mark.parametrize(("kind", "way"), [("uniform_0_1", "linear"), ("gaussian", "spherical"), ("spherical", "spherical")])
@pytest.mark.parametrize("classes", [0, 10])
def test_the_surface_of_a_run_is_the_same_for_every_label(kind, way, classes, tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "NUMBERS", 10_000)
    run = Run(kind, classes)
    draw.latent_sheet(run, "best", tmp_path / "a.png", "f" * 64)
    told = sheets.read(tmp_path / "a.png")
    assert (told.path, told.labels, told.weights_sha256) == (way, classes, "f" * 64) and "blobs" in told.title
    squares = run.z.reshape(max(1, classes), told.side, told.side, 4)
    assert (
        told.side >= 8 and (squares == squares[:1]).all() and len(np.unique(squares[0].reshape(-1, 4), axis=0)) == told.side**2
    )
    nodes = squares[0, :: told.steps, :: told.steps].reshape(-1, 4)
    assert (nodes == run.prior().draw(len(nodes), randomness.seed_pair(3, 3, randomness.FIGURE)).numpy()).all()
    if classes:
        last = np.asarray(Image.open(tmp_path / "a.png"), float)[1::2, 1::2].reshape(classes, -1)
        np.testing.assert_allclose(last.mean(axis=1) / 255, np.arange(10) / 10, atol=0.02)


def test_sheets_are_drawn_anew_only_when_the_weights_are_others(tmp_path, monkeypatch):
    drawn = []
    key = next(key for key in shipped.folders() if key[0] == "wgan")
    folder = shipped.folders()[key]
    monkeypatch.setattr(shipped, "folders", lambda: {key: folder})
    for name in ("samples", "class_rows", "interpolation", "walk", "curves"):
        monkeypatch.setattr(draw, name, lambda *arguments: None)
    real = draw.latent_sheet
    monkeypatch.setattr(draw, "latent_sheet", lambda *arguments: drawn.append(arguments) or real(*arguments))
    path = tmp_path / "latent" / f"{folder.name}.png"
    assert shipped.draw(tmp_path) == {path: True} and len(drawn) == 1
    first = path.read_bytes()
    assert sheets.read(path).weights_sha256 in shipped.weights_sha256(folder.name).values()
    assert shipped.draw(tmp_path) == {path: False} and len(drawn) == 1 and path.read_bytes() == first
    other = dataclasses.replace(sheets.read(path), weights_sha256="0" * 64, side=2, labels=0)
    sheets.write(path, other, np.zeros((4, 28, 28, 1)), 0.0, 1.0)  # of other weights
    assert shipped.draw(tmp_path) == {path: True} and len(drawn) == 2 and path.read_bytes() == first
