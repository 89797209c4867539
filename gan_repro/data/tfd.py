"""The Toronto Face Database from its own file, which a user obtained on request: images, expressions and the five folds.

Nothing is downloaded, scaled or reordered at random here; who trains or is judged on which fold is not decided here.
"""

import hashlib
import math
import os
import zlib
from pathlib import Path
from typing import Literal

import numpy as np

from gan_repro.data import from_tfds, source
from gan_repro.system.errors import DataError

UNLABELED, TRAIN, VALIDATION, TEST = range(4)  # the codes in `folds` (pylearn2: datasets/tfd.py)
FOLDS = 5
EXPRESSIONS = range(1, 8)  # anger, disgust, fear, happy, sad, surprise, neutral (nouiz/lisa_emotiw: faceimages.py:48)

_CODES = {"train": UNLABELED, "validation": VALIDATION, "test": TEST}  # of the splits, in fold 0
_SIDES = {"tfd": 48, "tfd96": 96}
_TITLES = {"tfd": "TFD", "tfd96": "TFD 96x96"}
_BELOW = os.path.join("faces", "TFD")  # where pylearn2 looks, below its data directory
_FIELDS = ("images", "folds", "labs_ex", "labs_id")
_OPTIONAL = ("labs_id",)
_REQUEST = (
    "It is given out on request by its authors (Susskind, Anderson, Hinton: The Toronto Face Database, University of "
    "Toronto technical report UTML TR 2010-001, 2010)"
)
_CHUNK = 512  # images converted at a time, so that no third copy of all of them is ever made


class Folded(source.InMemory):
    """Images that are divided five times over: one training set of unlabeled images, a validation and a test set per fold.

    The splits of the protocol are: train, the images that are unlabeled in fold 0 (they train the one generator that
    serves all folds); validation and test, those of fold 0. There are no labels: no image of train has an expression,
    so nothing can learn to read or to draw them.

    All images are held once, the training images in front, so that the training set is a part of them, not a copy.
    """

    def __init__(self, spec: source.Spec, images: np.ndarray, expressions: np.ndarray, folds: np.ndarray) -> None:
        """Args:
        spec: the Spec; its sizes are checked against the folds.
        images: uint8 (n, height, width, 1), in the order `stored_order(folds)`.
        expressions: int32 (n,), 1..7 or -1, in the order of the file; only `digest` sees them.
        folds: uint8 (n, 5), the codes, in the order of the file.
        """
        self._every, self._expressions, self._folds = images, expressions, folds
        self._row = np.argsort(stored_order(folds))  # the row of `images` that holds the file's image 0, 1, ...
        super().__init__(
            spec,
            {
                "train": images[: np.count_nonzero(folds[:, 0] == UNLABELED)],
                "validation": self.fold_images(0, VALIDATION),
                "test": self.fold_images(0, TEST),
            },
            None,
        )

    def fold_images(self, fold: int, code: int) -> np.ndarray:
        """uint8 (m, height, width, 1): the images that have `code` in fold 0..4, in the order of the file; a copy."""
        return self._every[self._row[self._folds[:, fold] == code]]

    def folds(self) -> source.Folds:
        """The five folds, for `parzen.evaluate_sets`: a list of (validation, test), as the networks see them.

        Returns:
          Five pairs of float32 (m, height, width, 1), scaled as `scaled` does it, each in the order of the file. The
          images of one fold occur in others: a fold's validation images may be another's test images.
        """
        return [
            (self._seen(self.fold_images(fold, VALIDATION)), self._seen(self.fold_images(fold, TEST))) for fold in range(FOLDS)
        ]

    def digest(self) -> str:
        """sha256 over all images, expressions and folds (also those that no split holds), as hexadecimal text."""
        digest = hashlib.sha256()
        counted = np.where(self._expressions > 0, self._expressions - 1, self._expressions)  # from 0, as they always were here
        for array in (self._every, counted, self._folds):
            digest.update(source.buffer(array))
        return digest.hexdigest()

    def _seen(self, images):
        return self.spec.scaling(images.astype(np.float32))


def stored_order(folds: np.ndarray) -> np.ndarray:
    """Integers (n,): first the images that are unlabeled in fold 0, then the others, both in the order of the file."""
    return np.argsort(folds[:, 0] != UNLABELED, kind="stable")


def load(name: str, data_dir: str | Path | None = None, download: bool = False) -> Folded:
    """The Toronto Face Database.

    Args:
      name: "tfd" (TFD_48x48.mat) or "tfd96" (TFD_96x96.mat). Fields of the file: `images` (n, 48, 48) or (n, 96, 96),
        whole numbers 0..255 of any numeric type; `folds` (n, 5), codes 0 unlabeled, 1 train, 2 valid, 3 test;
        `labs_ex` n expressions 1..7, -1 where there is none; optionally `labs_id`, n integers. Neither is learnt from.
      data_dir: the folder that holds the file, itself or in faces/TFD; None: as from_tfds.folder_of.
      download: not used: nobody offers the file for download.

    Returns:
      Folded, images uint8 (n, 48, 48, 1) or (n, 96, 96, 1).

    Raises:
      source.DatasetUnavailable: the file is not there.
      DataError: it is damaged or does not hold that; the message says what it does hold. A file that was saved
        without compression has no checksums: a changed pixel in it goes unnoticed.

    Source: pylearn2, datasets/tfd.py (fields, codes, folder); Goodfellow et al. 2014, goodfeli/adversarial,
      tfd_pretrain/*.yaml (training set 'unlabeled') and parzen_ll.py (folds).
    """
    side = _SIDES[name]
    path = find(name, from_tfds.folder_of(data_dir))
    fields = _read(path)
    n = _check_images(path, fields["images"], side)
    folds = _folds(path, fields["folds"], n)
    expressions = _expressions(path, fields["labs_ex"], n)
    if "labs_id" in fields:
        _check_identities(path, fields["labs_id"], n)
    images = _bytes(path, fields.pop("images"), stored_order(folds))
    sizes = {split: int(np.count_nonzero(folds[:, 0] == code)) for split, code in _CODES.items()}
    spec = source.Spec(name, _TITLES[name], (side, side, 1), 0, sizes)
    return Folded(spec, images, expressions, folds)


def _file_name(side):
    return f"TFD_{side}x{side}.mat"


def find(name: str, folder: str | Path) -> str:
    """The path of the file of tfd or tfd96. Raises as `load` does where there is none."""
    wanted = _file_name(_SIDES[name])
    paths = [os.path.join(folder, wanted), os.path.join(folder, _BELOW, wanted)]
    for path in paths:
        if os.path.isfile(path):
            return path
    for path in paths:
        if os.path.exists(path):
            raise DataError(f"{path} is a folder or no ordinary file; {_TITLES[name]} is one file of that name. {_REQUEST}.")
    raise source.DatasetUnavailable(
        f"{_TITLES[name]} is not there: no file {wanted} in {folder} or {os.path.join(folder, _BELOW)}. {_REQUEST}; put "
        "it into one of these folders, or name its folder with --data_dir or TFDS_DATA_DIR. Other faces can be had from "
        "a file of your own: --dataset=npz:PATH."
    )


def _read(path):
    """{field: array of numbers} for those of _FIELDS that the file has, without the optional ones if they are missing."""
    from scipy import io

    try:
        with open(path, "rb") as file:
            held = _scan(path, file)
            missing = [key for key in _FIELDS if key not in held and key not in _OPTIONAL]
            if missing:
                raise DataError(
                    f"{path} holds {', '.join(filter(None, held)) or 'nothing'}; missing is {', '.join(missing)}. Needed "
                    "are images, folds and labs_ex: the whole file as its authors give it out."
                )
            file.seek(0)
            found = io.loadmat(file, variable_names=_FIELDS)
        return {key: found[key] for key in _FIELDS if key in held}
    except DataError:
        raise
    except Exception as error:  # scipy's parser lets out whatever a damaged byte leads to, from zlib.error to MemoryError
        raise _damaged(path, from_tfds.first_line(error)) from error


# The format that MATLAB calls level 5 and writes as versions 5 to 7 (MathWorks: MAT-File Format).
_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15  # types of the elements that a file consists of
_FLAGS, _INTEGERS, _TEXT = (6,), (5, 6), (1, 16)  # types of the parts of a matrix: its flags, its shape, its name
_ITEM_SIZES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}  # bytes by type of the part with the numbers
_NUMERIC = range(6, 16)  # classes of matrices
_OTHER = {1: "a cell array", 2: "a structure", 3: "an object", 4: "text", 5: "a sparse matrix", 16: "a function"}
_OPAQUE = 17  # the class of the newer kinds of objects, which have no shape
_COMPLEX = 0x800
_START = 512  # bytes that hold all of a matrix that comes before its numbers


def _scan(path, file):
    """Refuses what scipy must not be given, and returns the names of the matrices in the file.

    scipy.io.loadmat looks up the type of the numbers without asking whether there is such a type: one damaged byte there
    ends the whole process with a segmentation fault (scipy 1.17), which no `except` catches; and scipy.io.whosmat, which
    reads names, shapes and classes alone, finds such a file sound. loadmat also unpacks whatever a field holds, objects and
    cells too. Hence this look at the descriptions first; the numbers themselves are loadmat's, which also compares the
    checksums of a compressed file.
    """
    _check_header(path, file.read(520))
    end, at = os.path.getsize(path), _HEADER
    held: list[str] = []
    file.seek(_HEADER - 2)
    order: Literal["little", "big"] = "little" if file.read(2) == b"IM" else "big"
    while at < end:
        file.seek(at)
        tag = file.read(8)
        kind, length = int.from_bytes(tag[:4], order), int.from_bytes(tag[4:], order)
        at += 8 + length
        if kind not in (_MATRIX, _COMPRESSED) or not length or at > end:
            raise _damaged(path, f"its part number {len(held) + 1} is incomplete or none that there is")
        if kind == _COMPRESSED:
            start = zlib.decompressobj().decompress(file.read(min(length, 8 * _START)), _START)
            if int.from_bytes(start[:4], order) != _MATRIX:
                raise _damaged(path, f"its part number {len(held) + 1} is no matrix")
            start = start[8:]
        else:
            start = file.read(min(length, _START))
        held.append(_check_matrix(path, start, order))
    return held


def _check_matrix(path, start, order):
    """The name of a matrix by its first bytes. One of _FIELDS must hold real numbers, as many as its shape says."""

    def part(at, kinds):
        """(type, length, content or what is there of it, where the next one begins)."""
        word = int.from_bytes(start[at : at + 4], order)
        kind, length, begin = word & 0xFFFF, word >> 16, at + 4  # up to 4 bytes are packed into the tag
        if not length:
            kind, length, begin = word, int.from_bytes(start[at + 4 : at + 8], order), at + 8
        if at + 8 > len(start) or kind not in kinds or (begin == at + 4 and length > 4):
            raise _damaged(path, "a matrix is described wrongly")
        return kind, length, start[begin : begin + length], max(at + 8, begin + -(-length // 8) * 8)

    _, length, content, at = part(0, _FLAGS)
    flags = int.from_bytes(content[:4], order)
    shape = b""
    if length != 8:
        raise _damaged(path, "a matrix is described wrongly")
    if flags & 0xFF != _OPAQUE:
        _, _, shape, at = part(at, _INTEGERS)
    _, length, name, at = part(at, _TEXT)
    name = name.decode("latin1")
    if len(name) != length or not (name.isascii() and name.isprintable()):
        raise _damaged(path, "a matrix has a name that is none")
    if name in _FIELDS:
        if flags & 0xFF not in _NUMERIC or flags & _COMPLEX:
            what = "complex" if flags & 0xFF in _NUMERIC else _OTHER.get(flags & 0xFF, "an object")
            raise DataError(f"{path}: {name} is {what}; needed is an array of real numbers. Nothing else is unpacked.")
        kind, length, _, _ = part(at, _ITEM_SIZES)
        sides = [int.from_bytes(shape[i : i + 4], order) for i in range(0, len(shape), 4)]
        if len(sides) < 2 or math.prod(sides) * _ITEM_SIZES[kind] != length:
            raise _damaged(path, f"{name} has {length} bytes, which are not those of its shape")
    return name


def _check_header(path, start):
    """Refuses what is no MATLAB file of version 5 to 7, by its first 520 bytes."""
    # 0x0100 as a 16-bit number, and "MI" as another: IM where the low byte comes first.
    version = {b"IM": start[125:126], b"MI": start[124:125]}.get(start[126:128])
    if b"\x89HDF\r\n\x1a\n" in (start[:8], start[512:520]) or version == b"\x02":
        raise DataError(
            f"{path} is a MATLAB 7.3 (HDF5) file, which cannot be read here. Save it again with -v7: in MATLAB, "
            "load it, then save(file, 'images', 'folds', 'labs_ex', 'labs_id', '-v7')."
        )
    if version != b"\x01" or 0 in start[:4]:  # a 0 there: version 4, which knows no arrays of three dimensions
        raise DataError(
            f"{path} is no MATLAB file of version 5 to 7, or only the beginning of one ({_size(path)}). Copy it again "
            "from where you got it."
        )


def _size(path):
    return f"{os.path.getsize(path):,} bytes"


def _damaged(path, why):
    return DataError(f"{path} is damaged or cannot be read ({why}). Copy it again from where you got it.")


def _check_images(path, images, side):
    """The number of images."""
    if images.ndim != 3 or images.shape[1:] != (side, side):
        other = {(other, other): name for name, other in _SIDES.items()}.get(images.shape[1:])
        hint = f" That is {_file_name(_SIDES[other])}: give it that name, and --dataset={other}." if other else ""
        raise DataError(f"{path}: images has shape {images.shape}; needed is (n, {side}, {side}).{hint}")
    if not len(images):
        raise DataError(f"{path}: images is empty; needed is (n, {side}, {side}) with n > 0")
    return len(images)


def _folds(path, folds, n):
    """The codes as uint8 (n, 5)."""
    if folds.ndim != 2 or folds.shape[1] != FOLDS:
        raise DataError(f"{path}: folds has shape {folds.shape}; needed is ({n}, {FOLDS}): {FOLDS} folds, a column each")
    if len(folds) != n:
        raise DataError(f"{path}: folds has {len(folds)} rows for {n} images; needed is one for each image")
    unknown = ~np.isin(folds, (UNLABELED, TRAIN, VALIDATION, TEST))
    if unknown.any():
        raise DataError(
            f"{path}: folds holds {_some(folds[unknown])}; its codes are {UNLABELED} unlabeled, {TRAIN} train, "
            f"{VALIDATION} valid, {TEST} test"
        )
    needed = [(0, UNLABELED, "unlabeled")]
    needed += [(fold, code, word) for fold in range(FOLDS) for code, word in ((VALIDATION, "valid"), (TEST, "test"))]
    for fold, code, word in needed:
        if not (folds[:, fold] == code).any():
            raise DataError(
                f"{path}: no image is {word} (code {code}) in fold {fold}; needed are unlabeled images in fold 0, and "
                f"valid and test images in each of the folds 0..{FOLDS - 1}"
            )
    return np.ascontiguousarray(folds, np.uint8)


def _expressions(path, expressions, n):
    """As int32 (n,): 1..7, or -1."""
    expressions = _vector(path, "labs_ex", expressions, n)
    unknown = ~np.isin(expressions, (-1, *EXPRESSIONS))
    if unknown.any():
        raise DataError(
            f"{path}: labs_ex holds {_some(expressions[unknown])}; valid are the expressions 1..{len(EXPRESSIONS)}, and -1 "
            "where there is none"
        )
    return expressions.astype(np.int32)


def _check_identities(path, identities, n):
    identities = _vector(path, "labs_id", identities, n)
    with np.errstate(invalid="ignore"):  # infinity leaves no remainder, but NaN
        broken = np.mod(identities, 1) != 0
    if broken.any():
        raise DataError(f"{path}: labs_id holds {_some(identities[broken])}; valid are integers")


def _vector(path, key, values, n):
    """(n,) of what MATLAB keeps as (n, 1) or (1, n)."""
    if values.shape not in ((n, 1), (1, n)):
        raise DataError(f"{path}: {key} has shape {values.shape}; needed is ({n}, 1), one number for each of the {n} images")
    return values.reshape(-1)


def _bytes(path, images, order):
    """uint8 (n, height, width, 1): numbers (n, height, width) in the order `order`, after a check that they are bytes."""
    stored = np.empty((*images.shape, 1), np.uint8)
    for start in range(0, len(order), _CHUNK):
        rows = order[start : start + _CHUNK]
        chunk = images[rows]
        with np.errstate(invalid="ignore"):  # what NaN and the like become is anything, but never equal to them
            pixels = chunk.astype(np.uint8)
        unfit = pixels != chunk
        if unfit.any():
            raise DataError(
                f"{path}: images holds {_some(chunk[unfit])} (the first in image {rows[unfit.any(axis=(1, 2))].min()}); "
                "valid are whole numbers 0..255. Pixels in [0, 1] need round(255 * images)."
            )
        stored[start : start + len(rows), ..., 0] = pixels
    return stored


def _some(values):
    """The distinct values for a message, at most five."""
    distinct = np.unique(values)
    return ", ".join(f"{value:g}" for value in distinct[:5]) + (", ..." if len(distinct) > 5 else "")
