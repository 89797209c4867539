"""Somebody's samples: which files, axes and numbers are taken, what is asked for, what is refused."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from gan_repro.data import samples
from gan_repro.data.source import Spec
from gan_repro.system.errors import DataError, UsageError

GREY = Spec("mnist", "MNIST", (4, 5, 1), 10, {"train": 10, "validation": 10, "test": 10})
COLOUR = dataclasses.replace(GREY, shape=(4, 5, 3))
N = 120


def unit(shape):
    """float64 in [0, 1] that reach both ends."""
    found = np.random.default_rng(0).random((N, *shape))
    found.flat[:2] = 0, 1
    return found


@pytest.mark.parametrize("spec", [GREY, COLOUR])
def test_axes_are_told_by_the_size_of_the_data(spec):
    images = unit(spec.shape)
    ways = [images, images.transpose(0, 3, 1, 2), images.reshape(N, -1)] + ([images[..., 0]] if spec is GREY else [])
    for given in ways:
        found = samples.of(given, spec).images
        assert found.dtype == np.float32 and found.shape == images.shape
        np.testing.assert_allclose(found, images, atol=1e-6)


@pytest.mark.parametrize(
    "given",
    [
        lambda x: x,
        lambda x: x.astype(np.float16),
        lambda x: 2 * x - 1,
        lambda x: 255 * x,
        lambda x: np.rint(255 * x).astype(np.uint8),
        lambda x: np.rint(255 * x).astype(np.int64),
    ],
)
def test_ranges_that_leave_no_doubt_are_told_from_the_numbers(given):
    images = unit(GREY.shape)
    found = samples.of(given(images), GREY)
    np.testing.assert_allclose(found.images, images, atol=0.5 / 255)
    assert any(name in found.said for name in samples.RANGES)


def test_booleans_are_black_and_white():
    assert set(np.unique(samples.of(unit(GREY.shape) > 0.5, GREY).images)) == {0.0, 1.0}


@pytest.mark.parametrize(
    "given",
    [
        lambda x: x * 1.02,  # [0, 1] with a little too much, or nearly black pixels
        lambda x: x - 0.01,  # [0, 1] with a little too little, or [-1, 1]
        lambda x: (x > 0.5).astype(np.uint8),  # ones are white, or next to black
    ],
)
def test_what_may_be_two_ranges_is_asked_for(given):
    with pytest.raises(UsageError, match="--range"):
        samples.of(given(unit(GREY.shape)), GREY)


@pytest.mark.parametrize("given", [lambda x: x * 300, lambda x: x * 4 - 2])
def test_numbers_of_no_range_are_refused(given):
    with pytest.raises(DataError, match="none of 0..1"):
        samples.of(given(unit(GREY.shape)), GREY)


def test_what_was_asked_for_is_taken_or_refused():
    images = unit(GREY.shape)
    np.testing.assert_allclose(samples.of(images, GREY, values="-1..1").images, (images + 1) / 2, atol=1e-6)
    np.testing.assert_allclose(samples.of(np.uint8(images > 0.5), GREY, values="0..1").images, images > 0.5)
    with pytest.raises(DataError, match="beyond"):
        samples.of(images * 1.02, GREY, values="0..1")
    with pytest.raises(UsageError, match="0..255"):
        samples.of(images, GREY, values="0..2")


@pytest.mark.parametrize(
    "images, labels, says",
    [
        (unit((4, 6, 1)), None, "shape"),
        (unit((4, 5, 3)), None, "channel"),
        ([[1.0, 2.0], [3.0]], None, "no array"),
        (unit((4, 5, 1))[:99], None, "100"),
        (np.full((N, 4, 5, 1), np.nan), None, "not finite"),
        (np.full((N, 4, 5, 1), "a"), None, "dtype"),
        (unit((4, 5, 1)), np.zeros(N - 1, int), "labels"),
        (unit((4, 5, 1)), np.zeros(N), "labels"),
        (unit((4, 5, 1)), np.full(N, 10), "0..9"),
    ],
)
def test_what_is_unfit_is_refused(images, labels, says):
    with pytest.raises(DataError, match=says):
        samples.of(images, GREY, labels)


def test_labels_of_data_without_classes_are_refused():
    with pytest.raises(DataError, match="labels"):
        samples.of(unit((4, 5, 1)), dataclasses.replace(GREY, classes=0), np.zeros(N, int))


# ---- files -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["images", "samples", None])
def test_archives_hold_images_and_perhaps_labels(name, tmp_path):
    images, labels = np.rint(255 * unit(GREY.shape)).astype(np.uint8), np.arange(N) % 10
    arrays = {name: images, "labels": labels, "z": np.zeros((N, 3))}
    np.savez(tmp_path / "a.npz", **arrays) if name else np.savez(tmp_path / "a.npz", images)
    found = samples.read(tmp_path / "a.npz", GREY)
    np.testing.assert_allclose(found.images, images / 255, atol=1e-6)
    assert (found.labels is None) if name is None else found.labels.tolist() == labels.tolist()


def test_arrays_and_their_labels_may_be_files_of_their_own(tmp_path):
    np.save(tmp_path / "a.npy", unit(GREY.shape))
    np.save(tmp_path / "b.npy", np.arange(N) % 10)
    found = samples.read(tmp_path / "a.npy", GREY, labels=tmp_path / "b.npy")
    assert len(found.images) == N and found.labels[:3].tolist() == [0, 1, 2]


@pytest.mark.parametrize("classes", [False, True])
def test_folders_of_pictures_are_read_in_order(classes, tmp_path):
    images = np.rint(255 * unit(GREY.shape)).astype(np.uint8)
    for i, image in enumerate(images):
        folder = tmp_path / str(3 + 4 * (i % 2)) if classes else tmp_path
        folder.mkdir(exist_ok=True)
        Image.fromarray(image[..., 0]).save(folder / f"{i:04d}.png")
    found = samples.read(tmp_path, GREY)
    order = np.argsort(np.arange(N) % 2, kind="stable") if classes else np.arange(N)
    np.testing.assert_allclose(found.images, images[order] / 255, atol=1e-6)
    assert (found.labels is None) if not classes else found.labels.tolist() == sorted(3 + 4 * (np.arange(N) % 2))
    assert ("labels" in found.said) == classes


def test_names_of_subfolders_that_are_no_labels_are_asked_about(tmp_path):
    """In alphabetical order "zero" to "nine" would be other labels; only the data's own folders have an order."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for i in range(samples.FEWEST // 2):
            Image.fromarray(np.full(GREY.shape[:2], i, np.uint8)).save(tmp_path / name / f"{i}.png")
    with pytest.raises(DataError, match="one, two"):
        samples.read(tmp_path, GREY)
    own = dataclasses.replace(GREY, name="images:elsewhere", classes=2)
    with pytest.raises(DataError, match="2 subfolders"):
        samples.read(tmp_path, dataclasses.replace(own, classes=3))
    assert samples.read(tmp_path, dataclasses.replace(own, classes=0)).labels is None
    assert samples.read(tmp_path, own).labels.tolist() == [0] * (samples.FEWEST // 2) + [1] * (samples.FEWEST // 2)


def zipped(path):
    np.savez(path.with_suffix(".npz"), images=np.zeros(3))
    path.with_suffix(".npz").rename(path)


@pytest.mark.parametrize(
    "name, write, says",
    [
        ("a.npz", lambda path: np.savez(path, other=np.zeros(3)), "images"),
        ("a.npz", lambda path: np.savez(path, images=np.array([{}], object)), "Python objects"),
        ("a.npy", lambda path: np.save(path, np.array([{}], object)), "Python objects"),
        ("a.npy", lambda path: path.write_bytes(b"nothing"), "a.npy"),
        ("a.npz", lambda path: path.write_bytes(b"nothing"), "truncated"),
        ("a.npz", lambda path: None, "there is no file"),
        ("a.npy", zipped, "no .npy file"),
    ],
)
def test_what_cannot_be_read_is_told(name, write, says, tmp_path):
    write(tmp_path / name)
    with pytest.raises(DataError, match=says):
        samples.read(tmp_path / name, GREY)
