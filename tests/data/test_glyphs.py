"""The built-in digits: what they look like in numbers, that they repeat, that they can be read, and their cache."""

import numpy as np
import pytest

from gan_repro import data
from gan_repro.data import glyphs
from gan_repro.data.scaling import Linear
from gan_repro.system import files


@pytest.fixture(scope="module")
def drawn():
    return {"train": glyphs.generate("train", 4_000), "test": glyphs.generate("test", 500)}


@pytest.fixture
def small(monkeypatch, tmp_path):
    """The data set with few images and a cache of its own."""
    monkeypatch.setattr(glyphs, "SIZES", {"train": 40, "validation": 20, "test": 20})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_images_are_bytes_and_classes_are_balanced(drawn):
    for images, labels in drawn.values():
        assert images.dtype == np.uint8 and images.shape == (len(labels), 28, 28, 1)
        assert np.bincount(labels).tolist() == [len(labels) // 10] * 10


def test_statistics_are_near_those_of_mnist(drawn):
    """MNIST: mean 33.3, 81 % black, 7.4 % of 250 and more; image means deviate by 11.1."""
    images = drawn["train"][0]
    assert 31 < images.mean() < 37
    assert 0.76 < (images == 0).mean() < 0.84
    assert 0.05 < (images >= 250).mean() < 0.1
    assert 0.1 < ((images > 0) & (images < 255)).mean() < 0.2
    assert 8 < images.mean((1, 2, 3)).std() < 13


def test_digits_are_placed_as_mnist_places_them(drawn):
    ink = drawn["train"][0][..., 0] > 127
    rows, columns = ink.any(2), ink.any(1)
    sides = np.stack([last(rows) - first(rows), last(columns) - first(columns)]).max(0) + 1
    assert np.mean((sides >= 18) & (sides <= 21)) > 0.97
    weights = drawn["train"][0][..., 0].astype(float)
    steps = np.arange(28) - 13.5
    mass = weights.sum((1, 2))
    off_centre = np.stack([weights.sum(2) @ steps / mass, weights.sum(1) @ steps / mass])
    assert np.quantile(np.abs(off_centre), 0.99) < 0.5


def first(flags):
    return flags.argmax(1)


def last(flags):
    return flags.shape[1] - 1 - flags[:, ::-1].argmax(1)


def test_the_same_twice_whatever_the_threads(drawn, monkeypatch):
    monkeypatch.setattr(glyphs.os, "cpu_count", lambda: 1)
    images, labels = glyphs.generate("test", 500)
    np.testing.assert_array_equal(images, drawn["test"][0])
    np.testing.assert_array_equal(labels, drawn["test"][1])


def test_splits_are_different_draws_and_no_image_repeats(drawn):
    both = np.concatenate([drawn["train"][0], drawn["test"][0]]).reshape(-1, 784)
    assert len(np.unique(both, axis=0)) == len(both)


def test_the_digits_can_be_read(drawn):
    """The nearest of 4,000 training images names the class of a test image (on MNIST: some 92 %)."""
    train, test = (drawn[split][0].reshape(-1, 784) / 255 for split in ("train", "test"))
    distances = (train**2).sum(1) - 2 * test @ train.T
    read = drawn["train"][1][distances.argmin(1)]
    assert np.mean(read == drawn["test"][1]) > 0.93


def test_the_source_says_that_it_is_not_mnist(small):
    source = data.load("glyphs", scaling=Linear(-1, 1))
    assert source.spec.name == "glyphs" and "not MNIST" in source.spec.title
    assert source.spec.shape == (28, 28, 1) and source.spec.classes == 10
    assert source.spec.sizes == {"train": 40, "validation": 20, "test": 20}
    assert source.scaled("test").min() == -1


def test_full_sizes_are_those_of_mnist():
    assert glyphs.SIZES == {"train": 50_000, "validation": 10_000, "test": 10_000}


def test_the_cache_is_used(small, monkeypatch):
    digest = data.load("glyphs").digest()
    assert [path.parent.name for path in small.glob("*/*")] == ["gan_repro"]
    monkeypatch.setattr(glyphs, "generate", None)
    assert data.load("glyphs").digest() == digest


@pytest.mark.parametrize("damage", ["truncated", "empty", "other arrays", "fewer images", "changed byte", "garbage", "folder"])
def test_a_damaged_cache_is_rendered_anew(small, damage, capsys):
    digest = data.load("glyphs").digest()
    path = glyphs.cache_path()
    content = path.read_bytes()
    with np.load(path) as file:
        arrays = dict(file)
    if damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "garbage":
        path.write_bytes(b"PK\x03\x04" + bytes(range(256)) * 8)
    elif damage == "other arrays":
        np.savez(path, images=arrays["test_images"])
    elif damage == "fewer images":
        np.savez(path, **arrays | {"train_images": arrays["train_images"][1:]})
    elif damage == "changed byte":
        path.write_bytes(content[:1000] + bytes([content[1000] ^ 1]) + content[1001:])
    else:
        path.unlink()
        path.mkdir()
    assert data.load("glyphs").digest() == digest
    if damage == "folder":
        assert "not cached" in capsys.readouterr().err
    else:
        assert glyphs._fits(files.read_arrays(path))


def test_without_a_cache_folder_a_note_is_all(small, monkeypatch, capsys):
    (small / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(small / "file"))
    assert data.load("glyphs").spec.sizes["train"] == 40
    assert capsys.readouterr().err.startswith("note: the glyphs are not cached")


def test_only_matplotlibs_own_fonts_are_used(monkeypatch):
    """Were the system's fonts looked at, this would fail: the font manager is not asked."""
    import matplotlib.font_manager

    monkeypatch.setattr(matplotlib.font_manager, "findfont", None)
    monkeypatch.setattr(matplotlib.font_manager, "get_font", None)
    glyphs._atlas.cache_clear()
    assert len(glyphs.generate("test", 10)[0]) == 10
