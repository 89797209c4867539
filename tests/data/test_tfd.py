"""The Toronto Face Database from a file of its layout with random pixels: what is read, and what is refused with which words.

The database itself is not here: nobody may pass it on.
"""

import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from scipy import io, sparse

from gan_repro import data
from gan_repro.data import source
from gan_repro.data.scaling import Linear
from gan_repro.evaluation import parzen
from gan_repro.system.errors import DataError

N = 120


def made(n=N, side=48, seed=0):
    """The fields of a file as MATLAB holds them; every code occurs in every fold."""
    rng = np.random.default_rng(seed)
    folds = rng.integers(0, 4, (n, 5), np.uint8)
    folds[:4] = np.arange(4)[:, np.newaxis]
    expressions = rng.choice([-1, 1, 2, 3, 4, 5, 6, 7], (n, 1)).astype(np.int16)
    expressions[folds[:, 0] == 0] = -1
    return {
        "images": rng.integers(0, 256, (n, side, side), np.uint8),
        "folds": folds,
        "labs_ex": expressions,
        "labs_id": rng.integers(-1, 900, (n, 1)).astype(np.int16),
    }


FIELDS = made()


def write(folder, fields, name="TFD_48x48.mat", **options):
    folder.mkdir(parents=True, exist_ok=True)
    io.savemat(folder / name, fields, **options)
    return folder / name


def changed(key, where=None, to=None):
    """FIELDS with another value in one place of `key`, or with `key` replaced by `to`, or left out."""
    fields = dict(FIELDS)
    if where is not None:
        fields[key] = fields[key].copy()
        fields[key][where] = to
    elif to is not None:
        fields[key] = to
    else:
        del fields[key]
    return fields


def digest(folder, fields):
    write(folder, fields)
    return data.load("tfd", folder).digest()


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("below", ["", "faces/TFD"])
def test_every_image_and_fold_is_found_again(tmp_path, compressed, below):
    write(tmp_path / below, FIELDS, do_compression=compressed)
    found = data.load("tfd", data_dir=tmp_path)
    images, folds = FIELDS["images"], FIELDS["folds"]
    spec = found.spec
    assert (spec.name, spec.title, spec.shape, spec.classes) == ("tfd", "TFD", (48, 48, 1), 0)
    assert sum(spec.sizes.values()) == (folds[:, 0] != 1).sum() and tuple(spec.sizes) == source.SPLITS
    for split, code in {"train": 0, "validation": 2, "test": 3}.items():
        rows = [k for k in range(N) if folds[k, 0] == code]
        assert found.images(split).dtype == np.uint8 and spec.sizes[split] == len(rows) > 5
        np.testing.assert_array_equal(found.images(split), [images[k][..., np.newaxis] for k in rows])
        assert found.labels(split) is None  # no training image has an expression
    pairs = found.folds()
    assert len(pairs) == 5
    for fold, pair in enumerate(pairs):
        for code, scaled in zip((2, 3), pair):
            rows = [k for k in range(N) if folds[k, fold] == code]
            np.testing.assert_array_equal(found.fold_images(fold, code)[..., 0], images[rows])
            assert scaled.dtype == np.float32 and scaled.shape == (len(rows), 48, 48, 1)
            assert scaled.min() == 0 and scaled.max() == 1
            np.testing.assert_allclose(scaled[..., 0], images[rows] / 255, rtol=0, atol=2**-22)
    for split, scaled in zip(("validation", "test"), pairs[0]):
        np.testing.assert_array_equal(scaled, found.scaled(split))


def test_the_training_images_are_held_once(tmp_path):
    write(tmp_path, FIELDS)
    train = data.load("tfd", tmp_path).images("train")
    assert train.flags.c_contiguous and not train.flags.owndata and len(train.base) == N


def test_the_96_pixel_file(tmp_path):
    fields = made(20, 96)
    write(tmp_path, fields, "TFD_96x96.mat")
    found = data.load("tfd96", tmp_path)
    assert (found.spec.name, found.spec.title, found.spec.shape) == ("tfd96", "TFD 96x96", (96, 96, 1))
    np.testing.assert_array_equal(found.images("train")[..., 0], fields["images"][fields["folds"][:, 0] == 0])
    with pytest.raises(source.DatasetUnavailable, match="no file TFD_48x48.mat"):
        data.load("tfd", tmp_path)


def test_the_environment_names_the_folder(tmp_path, monkeypatch):
    write(tmp_path, FIELDS)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    assert data.load("tfd").spec.title == "TFD"


def test_folds_are_scaled_as_the_networks_see_them(tmp_path):
    write(tmp_path, FIELDS)
    found = data.load("tfd", tmp_path, scaling=Linear(-1, 1))
    for fold, (validation, test) in enumerate(found.folds()):
        for code, scaled in ((2, validation), (3, test)):
            exact = FIELDS["images"][FIELDS["folds"][:, fold] == code] / 127.5 - 1
            np.testing.assert_allclose(scaled[..., 0], exact, rtol=0, atol=2**-22)
            assert scaled.min() == -1 and scaled.max() == 1


def test_folds_are_what_the_protocol_of_table_1_takes(tmp_path):
    write(tmp_path, FIELDS)
    found = data.load("tfd", tmp_path)
    samples = found.scaled("train", 10)
    sigmas, nats = parzen.evaluate_sets(samples, [samples], found.folds(), (0.5, 1.0))
    assert set(sigmas) <= {0.5, 1.0}
    assert [rows.shape for rows in nats] == [(1, n) for n in (FIELDS["folds"] == 3).sum(0)]
    assert all(np.isfinite(rows).all() for rows in nats)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.int64])
def test_whole_numbers_of_any_type_are_pixels(tmp_path, dtype):
    want = digest(tmp_path, FIELDS)
    assert digest(tmp_path, changed("images", to=FIELDS["images"].astype(dtype))) == want
    assert data.load("tfd", tmp_path).images("test").dtype == np.uint8


def test_vectors_may_lie_and_codes_may_be_doubles_and_identities_may_be_missing(tmp_path):
    want = digest(tmp_path, FIELDS)
    lying = {key: FIELDS[key].T for key in ("labs_ex", "labs_id")}
    assert digest(tmp_path, FIELDS | lying) == want
    doubles = {key: FIELDS[key].astype(float) for key in ("folds", "labs_ex", "labs_id")}
    assert digest(tmp_path, FIELDS | doubles) == want
    assert digest(tmp_path, changed("labs_id")) == want
    others = {"about": "faces", "more": {"x": 1}, "cells": np.array([1, "two"], object)}  # passed over
    assert digest(tmp_path, others | FIELDS) == want
    write(tmp_path, FIELDS, do_compression=True)
    assert data.load("tfd", tmp_path).digest() == want


def test_digest_knows_every_pixel_expression_and_fold(tmp_path):
    folds, pixels = FIELDS["folds"], FIELDS["images"]
    unused = next(k for k in range(4, N) if folds[k, 0] == 1 and folds[k, 4] == 1)  # in no split, yet in other folds
    variants = [FIELDS]
    for row in (0, 2, 3, unused):
        variants.append(changed("images", (row, 47, 47), pixels[row, 47, 47] ^ 1))
        variants.append(changed("labs_ex", row, FIELDS["labs_ex"][row] % 7 + 1))
    variants.append(changed("folds", (unused, 4), 2))
    variants.append(changed("folds", (unused, 0), 2))
    assert len({digest(tmp_path, fields) for fields in variants}) == len(variants)


def test_batches_of_a_graph_are_the_unlabeled_images(tmp_path):
    write(tmp_path, FIELDS)
    found, size = data.load("tfd", tmp_path), 10
    feed, batch = found.open(0, 3), tf.function(found.batch)
    steps = found.spec.steps_per_epoch(size)
    played = [batch(feed, tf.constant(i), size) for i in range(steps)]
    rows = feed.numpy()[: size * steps]
    np.testing.assert_array_equal(np.concatenate([x for x, _ in played]), found.scaled("train")[rows])
    np.testing.assert_array_equal(np.sort(feed), np.arange(found.spec.sizes["train"]))


FLOATS = FIELDS["images"].astype(np.float32)


def pixel(value):
    images = FLOATS.copy()
    images[17, 5, 6] = value
    return changed("images", to=images)


def without(code, fold):
    folds = FIELDS["folds"].copy()
    folds[:, fold][folds[:, fold] == code] = 1
    return changed("folds", to=folds)


UNFIT = {
    "no images": (changed("images"), "holds folds, labs_ex, labs_id; missing is images. Needed are"),
    "no folds": (changed("folds"), "holds images, labs_ex, labs_id; missing is folds"),
    "no expressions": (changed("labs_ex"), "missing is labs_ex"),
    "nothing": ({}, "holds nothing; missing is images, folds, labs_ex"),
    "other names": ({"x_train": np.zeros(3)}, "holds x_train; missing is images, folds, labs_ex"),
    "96 pixels": (made(20, 96), r"shape \(20, 96, 96\); needed is \(n, 48, 48\).*That is TFD_96x96.mat.*=tfd96"),
    "other size": (made(20, 32), r"shape \(20, 32, 32\); needed is \(n, 48, 48\)\.$"),
    "rows of pixels": (changed("images", to=FIELDS["images"].reshape(N, -1)), r"shape \(120, 2304\)"),
    "images last": (changed("images", to=FIELDS["images"].T), r"shape \(48, 48, 120\)"),
    "colour": (changed("images", to=np.zeros((9, 48, 48, 3), np.uint8)), r"shape \(9, 48, 48, 3\)"),
    "no image": (changed("images", to=np.zeros((0, 48, 48), np.uint8)), "images is empty"),
    "fraction": (pixel(0.5), r"images holds 0\.5 \(the first in image 17\); valid are whole numbers 0\.\.255"),
    "unit range": (changed("images", to=FLOATS / 255), r"valid are whole numbers 0\.\.255.*round\(255 \* images\)"),
    "NaN": (pixel(np.nan), r"images holds nan \(the first in image 17\)"),
    "infinity": (pixel(np.inf), "images holds inf"),
    "negative": (pixel(-1), "images holds -1 "),
    "too bright": (pixel(256), "images holds 256 "),
    "16 bits": (changed("images", to=FIELDS["images"].astype(np.uint16) * 257), r"images holds 257, 514, .*\.\.\. \(the"),
    "four folds": (changed("folds", to=FIELDS["folds"][:, :4]), r"folds has shape \(120, 4\); needed is \(120, 5\): 5 fo"),
    "one fold": (changed("folds", to=FIELDS["folds"][:, :1]), r"folds has shape \(120, 1\)"),
    "lying folds": (changed("folds", to=FIELDS["folds"].T), r"folds has shape \(5, 120\); needed is \(120, 5\)"),
    "deep folds": (changed("folds", to=np.zeros((120, 5, 2))), r"folds has shape \(120, 5, 2\)"),
    "short folds": (changed("folds", to=FIELDS["folds"][1:]), "folds has 119 rows for 120 images"),
    "code 4": (changed("folds", (9, 3), 4), "folds holds 4; its codes are 0 unlabeled, 1 train, 2 valid, 3 test"),
    "codes": (changed("folds", to=FIELDS["folds"].astype(float) * 1.5), r"folds holds 1\.5, 4\.5; its codes"),
    "NaN code": (changed("folds", to=np.full((N, 5), np.nan)), "folds holds nan"),
    "no unlabeled": (without(0, 0), r"no image is unlabeled \(code 0\) in fold 0; needed are"),
    "no valid": (without(2, 3), r"no image is valid \(code 2\) in fold 3; needed are"),
    "no test": (without(3, 4), r"no image is test \(code 3\) in fold 4; needed are"),
    "expression 0": (changed("labs_ex", 3, 0), r"labs_ex holds 0; valid are the expressions 1\.\.7, and -1"),
    "expression 8": (changed("labs_ex", 3, 8), "labs_ex holds 8; valid are"),
    "half expression": (changed("labs_ex", to=np.full((N, 1), 1.5)), r"labs_ex holds 1\.5; valid are"),
    "NaN expression": (changed("labs_ex", to=np.full((N, 1), np.nan)), "labs_ex holds nan; valid are"),
    "short expressions": (changed("labs_ex", to=FIELDS["labs_ex"][1:]), r"labs_ex has shape \(119, 1\); needed is \(120, 1"),
    "square expressions": (changed("labs_ex", to=np.ones((N, 7))), r"labs_ex has shape \(120, 7\)"),
    "short identities": (changed("labs_id", to=FIELDS["labs_id"][1:]), r"labs_id has shape \(119, 1\)"),
    "half identity": (changed("labs_id", to=np.full((N, 1), 2.5)), r"labs_id holds 2\.5; valid are integers"),
    "endless identity": (changed("labs_id", to=np.full((N, 1), np.inf)), "labs_id holds inf; valid are integers"),
    "cells": (changed("images", to=np.array([1, "two"], object)), "images is a cell array; needed is an array of real num"),
    "structure": (changed("folds", to={"x": 1}), "folds is a structure; .*Nothing else is unpacked"),
    "text": (changed("labs_ex", to="happy"), "labs_ex is text; needed"),
    "sparse": (changed("folds", to=sparse.csc_array(FIELDS["folds"].astype(float))), "folds is a sparse matrix; needed"),
    "complex": (changed("images", to=FLOATS * 1j), "images is complex; needed"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_unfit_fields(tmp_path, case):
    fields, message = UNFIT[case]
    write(tmp_path, fields)
    with pytest.raises(DataError, match=message) as caught:
        data.load("tfd", tmp_path)
    assert "TFD_48x48.mat" in str(caught.value) and "\n" not in str(caught.value)


def test_objects_are_never_unpacked(tmp_path):
    """An element of the class of objects (17, as tables and strings have it): passed over, or refused by its name."""
    path = write(tmp_path, FIELDS)
    content = path.read_bytes()
    for name, message in ((b"labs_id", "labs_id is an object"), (b"other", None)):
        body = struct.pack("<4I", 6, 8, 17, 0) + struct.pack("<2I8s", 1, len(name), name) + bytes(64)
        path.write_bytes(content[:128] + struct.pack("<2I", 14, len(body)) + body + content[128:])
        if message:
            with pytest.raises(DataError, match=message):
                data.load("tfd", tmp_path)
        else:
            assert data.load("tfd", tmp_path).spec.sizes["train"] == (FIELDS["folds"][:, 0] == 0).sum()


def test_a_missing_file_says_how_to_get_it(tmp_path):
    for name, file in (("tfd", "TFD_48x48.mat"), ("tfd96", "TFD_96x96.mat")):
        with pytest.raises(source.DatasetUnavailable) as caught:
            data.load(name, tmp_path / "none")
        text = str(caught.value)
        for part in (
            f"no file {file} in {tmp_path / 'none'} or {tmp_path / 'none' / 'faces' / 'TFD'}",
            "on request by its authors",
            "Susskind, Anderson, Hinton",
            "UTML TR 2010-001, 2010",
            "--data_dir",
            "TFDS_DATA_DIR",
            "--dataset=npz:PATH",
        ):
            assert part in text
        assert "\n" not in text


def test_a_folder_in_the_place_of_the_file(tmp_path):
    (tmp_path / "faces" / "TFD" / "TFD_48x48.mat").mkdir(parents=True)
    with pytest.raises(DataError, match="TFD_48x48.mat is a folder or no ordinary file"):
        data.load("tfd", tmp_path)
    write(tmp_path, FIELDS)
    assert data.load("tfd", tmp_path).spec.title == "TFD"


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    write(tmp_path, FIELDS)

    def refuse(*args, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(DataError, match=r"cannot be read \(.*Permission denied"):
        data.load("tfd", tmp_path)


HDF = b"\x89HDF\r\n\x1a\n"
STRANGE = {
    "empty": (b"", r"is no MATLAB file of version 5 to 7, or only the beginning of one \(0 bytes\)"),
    "text": (b"faces\n" * 500, "is no MATLAB file"),
    "page": (b"<html>Not found</html>", r"is no MATLAB file.*\(22 bytes\)"),
    "zeros": (bytes(5000), "is no MATLAB file"),
    "pickle": (b"\x80\x04cos\nsystem\n" + bytes(600), "is no MATLAB file"),
    "7.3": (
        b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(384) + HDF + bytes(5000),
        r"MATLAB 7\.3 \(HDF5\) file.*Save it again with -v7",
    ),
    "HDF5": (HDF + bytes(5000), r"\(HDF5\) file.*-v7"),
    "header only": (b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM", "holds nothing; missing is images"),
}


@pytest.mark.parametrize("case", STRANGE)
def test_files_that_are_something_else(tmp_path, case):
    content, message = STRANGE[case]
    (tmp_path / "TFD_48x48.mat").write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        data.load("tfd", tmp_path)
    assert "\n" not in str(caught.value)


def test_a_file_of_version_4(tmp_path):
    write(tmp_path, {"folds": FIELDS["folds"]}, format="4")
    with pytest.raises(DataError, match="is no MATLAB file of version 5 to 7"):
        data.load("tfd", tmp_path)


SMALL = made(12, seed=1)


def outcome(folder, content):
    """The digest of what is read, or None for a DataError of one line; anything else is raised."""
    with open(folder / "TFD_48x48.mat", "r+b") as file:  # written over: to empty a file first takes some disks long
        file.write(content)
        file.truncate()
    try:
        return data.load("tfd", folder).digest()
    except DataError as error:
        assert "\n" not in str(error)
        return None


@pytest.mark.parametrize("compressed", [False, True])
def test_a_truncated_file_is_refused(tmp_path, compressed):
    content = write(tmp_path, SMALL, do_compression=compressed).read_bytes()
    whole = outcome(tmp_path, content)
    points = {*range(0, 400, 7), *range(0, len(content), len(content) // 80), *range(len(content) - 200, len(content), 2)}
    read = [point for point in sorted(points) if outcome(tmp_path, content[:point]) is not None]
    # Without the last part the file is whole again: labs_id may be missing.
    assert whole is not None and len(read) <= 1 and all(outcome(tmp_path, content[:point]) == whole for point in read)


def test_no_bit_of_a_compressed_file_flips_unnoticed(tmp_path):
    content = write(tmp_path, SMALL, do_compression=True).read_bytes()
    whole = outcome(tmp_path, content)
    rng = np.random.default_rng(0)
    for place in {*range(124, 250), *rng.integers(128, len(content), 150).tolist()}:
        flipped = bytearray(content)
        flipped[place] ^= 1 << rng.integers(8)
        assert outcome(tmp_path, flipped) in (None, whole)  # whole: such as a bit that no reader looks at


@pytest.mark.parametrize("compressed", [False, True])
def test_a_damaged_description_neither_raises_nor_kills(tmp_path, compressed):
    """Every bit before the numbers of each matrix. Compressed: with a checksum that fits, as a faulty writer makes it.

    scipy alone would end the process at some of them: it follows the type of the numbers wherever it leads.
    """
    content = write(tmp_path, SMALL).read_bytes()
    parts, at = [], 128
    while at < len(content):
        parts.append(content[at : at + 8 + struct.unpack("<I", content[at + 4 : at + 8])[0]])
        at += len(parts[-1])
    assert len(parts) == 4
    refused = 0
    for index, part in enumerate(parts):
        for bit in range(8 * 72):
            if bit % 5 and part is not parts[0]:
                continue  # the descriptions are alike
            flipped = bytearray(part)
            flipped[bit // 8] ^= 1 << bit % 8
            file = [*parts[:index], bytes(flipped), *parts[index + 1 :]]
            if compressed:
                file = [zlib.compress(piece, 1) for piece in file[index:]]
                file = [struct.pack("<2I", 15, len(piece)) + piece for piece in file]
                file = parts[:index] + file
            refused += outcome(tmp_path, content[:128] + b"".join(file)) is None
    assert refused > 300
