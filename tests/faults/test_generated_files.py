"""Generated and damaged files of images: each is read as what it holds, or refused by one line that names it."""

import io
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import support
from hypothesis import example, given, target
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from support import marks
from support.generated import counted, mark, trials

from gan_repro import data
from gan_repro.data import user
from gan_repro.system.errors import DataError

pytestmark = pytest.mark.usefixtures("same_examples")

# ---- .npz files ------------------------------------------------------------------------------------------------------

GOOD = {
    "images": np.random.default_rng(0).integers(0, 256, (20, 4, 5, 3), np.uint8),
    "labels": np.arange(20, dtype=np.int64) % 3,
    "split": np.repeat([2, 1, 0], [2, 3, 15]),
}


def written(save=np.savez, **held):
    """The bytes of an .npz file."""
    file = io.BytesIO()
    save(file, **held)
    return file.getvalue()


def load(content):
    """The source of an .npz file with these bytes, or None where it is refused with one line that names the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tried.npz")
        path.write_bytes(content)
        try:
            return data.load(f"npz:{path}")
        except DataError as error:
            assert "tried.npz" in str(error) and len(str(error).splitlines()) == 1
            return None


def check_source(source, images, labels, split):
    """Checks a source, and a batch of it, against the arrays that it was made of."""
    import tensorflow as tf

    images = images if images.ndim == 4 else images[..., None]
    n = len(images)
    if split is None:
        parts = user.divide(n)
    else:
        parts = {name: np.flatnonzero(split == code) for code, name in enumerate(("train", "validation", "test"))}
    assert source.spec.sizes == {name: len(rows) for name, rows in parts.items()} and source.spec.shape == images.shape[1:]
    assert source.spec.classes == (0 if labels is None else labels.max() + 1)
    for name, rows in parts.items():
        np.testing.assert_array_equal(source.images(name), images[rows])
        assert labels is None or (source.labels(name) == labels[rows]).all()
    size, order = 3, source.open(1, 7)
    x, classes = source.batch(order, tf.constant(1), size)
    rows = parts["train"][order.numpy()[size : 2 * size]]
    np.testing.assert_allclose(x, images[rows] / 255, atol=1e-6)
    np.testing.assert_array_equal(classes, np.zeros(size) if labels is None else labels[rows])


@st.composite
def near_arrays(draw):
    """{name: array} for an .npz file: often nearly what is asked for, in every field."""
    n = draw(st.one_of(st.integers(14, 24), st.integers(14, 24), st.integers(0, 13)))
    shape = (n, *draw(st.one_of(st.just((3, 2)), st.just((3, 2, 3)), st.lists(st.integers(0, 4), max_size=4))))
    any_type, integers = arrays.scalar_dtypes(), st.one_of(arrays.integer_dtypes(), arrays.unsigned_integer_dtypes())
    held = {"images": draw(arrays.arrays(draw(st.one_of(st.just(np.dtype(np.uint8)), any_type)), shape))}
    for name, high in (("labels", 9), ("split", 2)):
        kind = draw(st.sampled_from(["none", "fit", "fit", "near", "any"]))
        if kind == "fit":
            held[name] = draw(arrays.arrays(draw(integers), n, elements=st.integers(0, high)))
            held[name][:12] = 0  # enough to train on
            held[name][12:14] = [2, 1][: max(0, n - 12)]
        elif kind == "near":
            held[name] = draw(arrays.arrays(draw(integers), draw(st.integers(max(0, n - 1), n + 1))))
        elif kind == "any":
            held[name] = draw(arrays.arrays(draw(any_type), arrays.array_shapes(max_dims=2, max_side=5)))
    return {name: array for name, array in held.items() if draw(st.integers(0, 19))}


@mark(".npz files with generated arrays of any type and shape", "batches of exactly those images and labels, or one line")
def test_arrays_of_any_type_and_shape(record_property):
    read = []

    @trials(200)
    @example(GOOD, np.savez)
    @example(GOOD, np.savez_compressed)
    @given(near_arrays(), st.sampled_from([np.savez, np.savez_compressed]))
    def check(held, save):
        source = load(written(save, **held))
        target(float(source is not None))
        if source is not None:
            assert held["images"].dtype == np.uint8 and len(held["images"]) >= 12
            assert all(held[name].dtype.kind in "iu" for name in ("labels", "split") if name in held)
            check_source(source, held["images"], held.get("labels"), held.get("split"))
            read.append(set(held))

    check()
    assert len(read) > 20 and {"labels", "split"} <= set().union(*read), "nearly all were refused: nothing was tried"
    counted(record_property, 200)


@st.composite
def damaged(draw, content, most=3):
    """`content` with some of its bytes changed, removed or added, or cut off."""
    content = bytearray(content)
    for _ in range(draw(st.integers(1, most))):
        # Half of the places are where the formats have their descriptions: at both ends.
        ends = st.one_of(st.integers(0, 150), st.integers(max(0, len(content) - 300), len(content) - 1))
        at = min(len(content) - 1, draw(st.one_of(ends, st.integers(0, len(content) - 1))))
        how = draw(st.sampled_from(["change", "change", "bit", "remove", "add", "cut"]))
        if how == "change":
            content[at] = draw(st.integers(0, 255))
        elif how == "bit":
            content[at] ^= 1 << draw(st.integers(0, 7))
        elif how == "remove":
            del content[at : at + draw(st.integers(1, 8))]
        elif how == "add":
            content[at:at] = draw(st.binary(min_size=1, max_size=8))
        else:
            del content[at:]
        content = content or bytearray(b"\0")
    return bytes(content)


@mark(".npz files with damaged bytes, and random bytes", "the images that were written, or one line")
@pytest.mark.parametrize("save", marks.slow_after(1, [np.savez, np.savez_compressed]))
def test_damaged_archives(save, record_property):
    content = written(save, **GOOD)
    outcomes = []

    @trials(400)
    @given(st.one_of(damaged(content), damaged(content), st.binary(max_size=200)))
    def check(changed):
        source = load(changed)
        outcomes.append(source is not None)
        if source is not None:  # such as another time of change
            check_source(source, GOOD["images"], GOOD["labels"], GOOD["split"])

    check()
    assert {True, False} == set(outcomes)
    counted(record_property, 400)


@mark(".npz files whose arrays have damaged headers, under checksums that fit", "images of the shape that is said, or one line")
def test_damaged_headers(record_property):
    members = {}
    for name, array in GOOD.items():
        file = io.BytesIO()
        np.save(file, array)
        members[name] = file.getvalue()

    @trials(400)
    @given(st.sampled_from(list(GOOD)), st.data())
    def check(name, choose):
        length = len(members[name]) - GOOD[name].nbytes
        header = choose.draw(damaged(members[name][:length]))
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for key, member in members.items():
                archive.writestr(f"{key}.npy", header + member[length:] if key == name else member)
        source = load(file.getvalue())
        if source is not None:
            assert sum(source.spec.sizes.values()) <= 20 and source.images("train").dtype == np.uint8
            assert source.images("train").shape == (source.spec.sizes["train"], *source.spec.shape)

    check()
    counted(record_property, 400)


# ---- pictures --------------------------------------------------------------------------------------------------------


def picture(suffix):
    """The bytes of a picture of 8 x 8 pixels."""
    file = io.BytesIO()
    pixels = np.random.default_rng(1).integers(0, 256, (8, 8, 3), np.uint8)
    Image.fromarray(pixels).save(file, {"jpg": "JPEG"}.get(suffix, suffix))
    return file.getvalue()


@mark("folders with a damaged picture, PNG, JPEG or GIF, or random bytes", "the other pictures as they are, or one line")
@pytest.mark.parametrize("suffix", marks.slow_after(1, ["png", "jpg", "gif"]))
def test_damaged_pictures(suffix, record_property, tmp_path, capfd):
    content = picture(suffix)
    for index in range(12):
        (tmp_path / f"{index:02}.{suffix}").write_bytes(content)
    sound = data.load(f"images:{tmp_path}").images("train")[0]
    place = tmp_path / f"x.{suffix}"

    @trials(200)
    @given(st.one_of(damaged(content), damaged(content), st.binary(max_size=100)))
    def check(changed):
        place.write_bytes(changed)
        try:
            source = data.load(f"images:{tmp_path}")
        except DataError as error:
            assert place.name in str(error) and len(str(error).splitlines()) == 1
            return
        assert source.spec.shape == (8, 8, 3) and source.spec.sizes == {"train": 11, "validation": 1, "test": 1}
        rows = user.divide(13)["train"]
        assert all((image == sound).all() for image, row in zip(source.images("train"), rows) if row < 12)

    check()
    assert capfd.readouterr().err == ""
    counted(record_property, 200)


# ---- the Toronto Face Database ---------------------------------------------------------------------------------------

# In a process of its own: what scipy's reader makes of some bytes would end this one.
TFD = """
import sys
import numpy as np
from scipy import io
from gan_repro import data
from gan_repro.system.errors import DataError
folder, compressed = sys.argv[1], sys.argv[2] == "True"
rng = np.random.default_rng(0)
folds = rng.integers(0, 4, (12, 5), np.uint8)
folds[:4] = np.arange(4)[:, None]
fields = {"images": rng.integers(0, 256, (12, 48, 48), np.uint8), "folds": folds,
          "labs_ex": rng.integers(1, 8, (12, 1)).astype(np.int16)}
path = f"{folder}/TFD_48x48.mat"
io.savemat(path, fields, do_compression=compressed)
content = open(path, "rb").read()
starts = [content.find(name) for name in (b"images", b"folds", b"labs_ex") if name in content] or [140, 200]
counts = [0, 0]
for _ in range(int(sys.argv[3])):
    changed = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        near = rng.choice(starts) + rng.integers(-50, 40) if rng.integers(2) else rng.integers(len(changed))
        at = int(min(near, len(changed) - 1))
        how = rng.integers(4)
        if how < 2:
            changed[at] = rng.integers(256)
        elif how == 2:
            del changed[at : at + int(rng.integers(1, 9))]
        else:
            changed[at:at] = rng.bytes(rng.integers(1, 9))
    with open(path, "wb") as file:
        file.write(changed)
    try:
        source = data.load("tfd", folder)
        assert source.images("train").shape == (source.spec.sizes["train"], 48, 48, 1)
        counts[1] += 1
    except DataError as error:
        assert "\\n" not in str(error) and "TFD_48x48.mat" in str(error), error
        counts[0] += 1
print(*counts)
"""


@pytest.mark.e2e
@mark("TFD's file with damaged bytes, with and without compression", "images of the right shape, or one line")
@pytest.mark.parametrize("compressed", [False, True])
def test_damaged_matlab_files(compressed, record_property, tmp_path):
    words = [sys.executable, "-c", TFD, str(tmp_path), str(compressed), "300"]
    environment = os.environ | {"PYTHONPATH": str(support.ROOT)}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    refused, read = map(int, done.stdout.split())
    assert refused > 50 and (read > 10 or compressed)
    counted(record_property, 300)
