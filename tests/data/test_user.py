"""A user's own images: what is accepted, and that every unfit input has its own clear message."""

import pickle

import numpy as np
import pytest
from PIL import Image

from gan_repro import data
from gan_repro.data import user
from gan_repro.errors import DataError
from gan_repro.scaling import Linear

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


UNFIT = {
    "float": (dict(images=GREY / 255), "dtype float64, needed is uint8.*numpy.rint"),
    "nan": (dict(images=np.full((50, 6, 5), np.nan, np.float32)), "dtype float32.*NaN"),
    "int64": (dict(images=GREY.astype(int)), "dtype int64, needed is uint8"),
    "rank": (dict(images=GREY[0]), r"shape \(6, 5\)"),
    "channels": (dict(images=np.zeros((50, 6, 5, 4), np.uint8)), r"shape \(50, 6, 5, 4\)"),
    "no pixels": (dict(images=np.zeros((50, 0, 5), np.uint8)), r"shape \(50, 0, 5\)"),
    "empty": (dict(images=GREY[:0]), "images is empty"),
    "few": (dict(images=GREY[:11]), "9 train, 1 validation, 1 test.*at least 10"),
    "no images": (dict(x_train=GREY, y=np.zeros(3)), "holds x_train, y; needed is `images`"),
    "nothing": ({}, "holds nothing; needed is `images`"),
    "labels length": (dict(images=GREY, labels=np.zeros(49, int)), r"labels has shape \(49,\)"),
    "labels rank": (dict(images=GREY, labels=np.zeros((50, 10), int)), r"labels has shape \(50, 10\)"),
    "labels float": (dict(images=GREY, labels=np.zeros(50)), "dtype float64; needed is one integer"),
    "labels negative": (dict(images=GREY, labels=np.arange(50) - 1), r"labels lie in -1\.\.48"),
    "labels large": (dict(images=GREY, labels=np.arange(50) * 1000), r"labels lie in 0\.\.49000"),
    "split length": (dict(images=GREY, split=np.zeros(3, int)), r"split has shape \(3,\)"),
    "split code": (dict(images=GREY, split=np.arange(50) % 4), r"split holds 0\.\.3; its codes are 0 train"),
    "split negative": (dict(images=GREY, split=np.arange(50) % 3 - 1), r"split holds -1\.\.1"),
    "no training": (dict(images=GREY, split=1 + np.arange(50) % 2), "0 train, 25 validation, 25 test"),
    "no test": (dict(images=GREY, split=np.arange(50) % 2), "0 test.*1 each for validation and test"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_unfit_npz(tmp_path, case):
    arrays, message = UNFIT[case]
    with pytest.raises(DataError, match=message) as caught:
        data.load(npz(tmp_path, **arrays))
    assert "made.npz" in str(caught.value) and "\n" not in str(caught.value)


class Bomb:
    """Unpickling this would leave a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("key", ["images", "labels", "split"])
def test_object_arrays_are_never_unpickled(tmp_path, key):
    arrays = {"images": GREY, key: np.array([Bomb(tmp_path / "exploded")] * 50, object)}
    with pytest.raises(DataError, match=f"{key} is an array of Python objects"):
        data.load(npz(tmp_path, **arrays))
    assert not (tmp_path / "exploded").exists()


def test_a_pickle_called_npz(tmp_path):
    (tmp_path / "a.npz").write_bytes(pickle.dumps(Bomb(tmp_path / "exploded")))
    with pytest.raises(DataError, match="no .npz file"):
        data.load(f"npz:{tmp_path / 'a.npz'}")
    assert not (tmp_path / "exploded").exists()


def test_files_that_are_no_sound_npz(tmp_path):
    np.save(tmp_path / "a.npy", GREY)
    npz(tmp_path, images=GREY)
    content = bytearray((tmp_path / "made.npz").read_bytes())
    (tmp_path / "short.npz").write_bytes(content[: len(content) // 2])
    (tmp_path / "empty.npz").touch()
    content[400] ^= 1  # in a pixel: the archive's checksum notices
    (tmp_path / "flipped.npz").write_bytes(content)
    for name, message in {
        "a.npy": "no .npz file",
        "short.npz": "no .npz file, or a truncated one",
        "empty.npz": "no .npz file",
        "flipped.npz": "is damaged or cannot be read: images",
        "none.npz": "there is no file",
        "": "is a folder.*--dataset=images:",
    }.items():
        with pytest.raises(DataError, match=message):
            data.load(f"npz:{tmp_path / name}")


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


def fill(folder):
    for index in range(12):
        save(folder, f"{index:02}.png", GREY[index])


def test_unfit_folders(tmp_path):
    with pytest.raises(DataError, match="there is no folder"):
        data.load(f"images:{tmp_path / 'none'}")
    with pytest.raises(DataError, match="holds no image.*png"):
        data.load(f"images:{tmp_path}")
    (tmp_path / "file.npz").touch()
    with pytest.raises(DataError, match="is a file.*--dataset=npz:"):
        data.load(f"images:{tmp_path / 'file.npz'}")


def test_unfit_images_are_named(tmp_path):
    fill(tmp_path)
    save(tmp_path, "x.png", GREY[0][:5])
    with pytest.raises(DataError, match="one size, but 00.png has 5x6 and x.png has 5x5"):
        data.load(f"images:{tmp_path}")
    (tmp_path / "x.png").write_bytes((tmp_path / "00.png").read_bytes()[:50])
    with pytest.raises(DataError, match="x.png cannot be read as an image"):
        data.load(f"images:{tmp_path}")
    (tmp_path / "x.png").write_text("no image")
    with pytest.raises(DataError, match="x.png cannot be read as an image"):
        data.load(f"images:{tmp_path}")
    save(tmp_path, "x.png", GREY[0].astype(np.uint16))
    with pytest.raises(DataError, match="x.png has more than 8 bits"):
        data.load(f"images:{tmp_path}")


def test_ambiguous_layouts_are_refused(tmp_path):
    fill(tmp_path / "mixed")
    fill(tmp_path / "mixed" / "a")
    with pytest.raises(DataError, match="at depths 1, 2"):
        data.load(f"images:{tmp_path / 'mixed'}")
    fill(tmp_path / "deep" / "a" / "b")
    with pytest.raises(DataError, match="at depths 3"):
        data.load(f"images:{tmp_path / 'deep'}")
    fill(tmp_path / "divided" / "train")
    fill(tmp_path / "divided" / "test")
    with pytest.raises(DataError, match="subfolders are classes"):
        data.load(f"images:{tmp_path / 'divided'}")


def test_too_few_images(tmp_path):
    for index in range(11):
        save(tmp_path, f"{index:02}.png", GREY[index])
    with pytest.raises(DataError, match="9 train"):
        data.load(f"images:{tmp_path}")
