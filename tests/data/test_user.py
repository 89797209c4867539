"""A user's own images: what is accepted. What is refused, and with which words, is in tests/faults."""

import numpy as np
import pytest
from PIL import Image

from gan_repro import data
from gan_repro.data import user
from gan_repro.data.scaling import Linear

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (50, 6, 5), np.uint8)
COLOUR = RNG.integers(0, 256, (50, 6, 5, 3), np.uint8)


def npz(path, **arrays):
    np.savez(path / "made.npz", **arrays)
    return f"npz:{path / 'made.npz'}"


def save(folder, name, pixels):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(folder / name)


def test_npz_with_labels_and_split(tmp_path):
    split, labels = np.repeat([2, 0, 1], [10, 30, 10]), np.arange(50) % 3
    source = data.load(npz(tmp_path, images=COLOUR, labels=labels, split=split), scaling=Linear(-1, 1))
    assert source.spec.sizes == {"train": 30, "validation": 10, "test": 10}
    assert source.spec.shape == (6, 5, 3) and source.spec.classes == 3
    assert source.spec.title == "made.npz" and source.spec.name.endswith("made.npz")
    assert source.spec.scaling == Linear(-1, 1)
    np.testing.assert_array_equal(source.images("test"), COLOUR[:10])
    np.testing.assert_array_equal(source.labels("train"), labels[10:40])


@pytest.mark.parametrize("images", [GREY, GREY[..., np.newaxis]])
def test_grey_npz_is_divided_by_a_fixed_rule(tmp_path, images):
    source = data.load(npz(tmp_path, images=images, other=np.zeros(3)))
    assert source.spec.sizes == {"train": 40, "validation": 5, "test": 5}
    assert source.spec.shape == (6, 5, 1) and source.spec.classes == 0 and source.labels("train") is None
    np.testing.assert_array_equal(source.images("test")[..., 0], GREY[user.divide(50)["test"]])


def test_the_division_is_a_partition_that_never_changes():
    parts = user.divide(57)
    assert {part: len(rows) for part, rows in parts.items()} == {"train": 47, "validation": 5, "test": 5}
    assert sorted(np.concatenate(list(parts.values()))) == list(range(57))
    assert user.divide(20)["test"].tolist() == [0, 13]
    assert user.divide(20)["validation"].tolist() == [1, 17]


def test_a_flat_folder(tmp_path):
    for index, pixels in enumerate(GREY[:20]):
        save(tmp_path, f"{index:02}.png", pixels)
    (tmp_path / "notes.txt").write_text("passed over")
    (tmp_path / ".hidden.png").write_text("passed over")
    source = data.load(f"images:{tmp_path}")
    assert source.spec.sizes == {"train": 16, "validation": 2, "test": 2}
    assert source.spec.shape == (6, 5, 1) and source.spec.classes == 0 and source.spec.title == tmp_path.name
    for part, rows in user.divide(20).items():
        np.testing.assert_array_equal(source.images(part)[..., 0], GREY[:20][rows])


def test_subfolders_are_classes(tmp_path):
    for index, pixels in enumerate(COLOUR[:20]):
        save(tmp_path, f"{'ab'[index // 10]}/{index:02}.PNG", pixels)
    source = data.load(f"images:{tmp_path}")
    assert source.spec.classes == 2 and source.spec.shape == (6, 5, 3)
    rows = user.divide(20)["train"]
    np.testing.assert_array_equal(source.images("train"), COLOUR[:20][rows])
    np.testing.assert_array_equal(source.labels("train"), rows // 10)


def test_grey_among_colours_and_transparency_become_rgb(tmp_path):
    for index in range(12):
        save(tmp_path, f"{index:02}.png", GREY[index])
    save(tmp_path, "12.png", np.concatenate([COLOUR[0], GREY[0][..., np.newaxis]], 2))
    source = data.load(f"images:{tmp_path}")
    every = np.concatenate([source.images(part) for part in ("train", "validation", "test")])
    rows = np.concatenate([user.divide(13)[part] for part in ("train", "validation", "test")])
    expected = np.concatenate([np.repeat(GREY[:12, ..., np.newaxis], 3, 3), COLOUR[:1]])
    np.testing.assert_array_equal(every, expected[rows])
