"""Arrays in .npy and .npz files: read without unpickling, and every way in which a file can be unfit told in one line."""

import contextlib
import os
import struct
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gan_repro.data import from_tfds
from gan_repro.system.errors import DataError

HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def load_array(path: Path) -> np.ndarray:
    """The array of an .npy file. DataError: it is missing, damaged, or holds Python objects, which are never loaded."""
    _check_file(path, ".npy")
    with damage_told(path) as now, warnings.catch_warnings(action="ignore"):
        now["reading"] = "its array"
        found = np.load(path, allow_pickle=False)
        if not isinstance(found, np.ndarray):
            raise DataError(f"{path} is no .npy file; write it with numpy.save(path, array)")
        return found


def load_arrays(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """{name: array} of those of `names` that an .npz file holds. DataError: as `load_npz`."""
    with archive(path) as (file, now):
        found = {}
        for name in (name for name in names if name in file):
            now["reading"] = name
            found[name] = file[name]
            if not isinstance(found[name], np.ndarray):  # numpy gives the bytes of what does not begin as an array
                raise DataError(f"{path}: {name} is no array. Write the file with numpy.savez(path, images=images)")
        return found


def _check_file(path, kind):
    """Raises DataError where no file of a kind can be read more than once."""
    if os.path.isdir(path):
        raise DataError(f"{path} is a folder; an {kind} file is needed (a folder of pictures: --dataset=images:{path})")
    if not os.path.exists(path):
        raise DataError(f"there is no file {path}")
    if not os.path.isfile(path):
        raise DataError(f"{path} is no ordinary file (a pipe or a device); one is needed that can be read more than once")


@contextlib.contextmanager
def archive(path: Path) -> Iterator[tuple[Any, dict[str, str]]]:
    """Yields (an .npz file as numpy opens it, {"reading": which array}, to be kept up to date)."""
    _check_file(path, ".npz")
    with damage_told(path) as now:
        if not zipfile.is_zipfile(path):
            raise DataError(f"{path} is no .npz file, or a truncated one. Write it with numpy.savez(path, images=images)")
        # A damaged header can make Python's parser warn.
        with warnings.catch_warnings(action="ignore"), np.load(path, allow_pickle=False) as file:
            _check_directory(path, file.zip)
            yield file, now


def _check_directory(path, archive):
    """Raises zipfile.BadZipFile where a damaged list of members would make `labels` or `split` pass for missing."""
    for entry in archive.infolist():
        archive.open(entry).close()  # compares the two places where a member's name stands
    with open(path, "rb") as file:  # an entry with a damaged length can swallow the next one
        file.seek(max(0, os.path.getsize(path) - 2**16 - 22))
        tail = file.read()
    (said,) = struct.unpack_from("<H", tail, tail.rindex(b"PK\5\6") + 10)
    if said not in (len(archive.infolist()), 2**16 - 1):
        raise zipfile.BadZipFile(f"its list has {len(archive.infolist())} entries and should have {said}")


@contextlib.contextmanager
def damage_told(path: Path) -> Iterator[dict[str, str]]:
    """Turns what reading a damaged file raises into a DataError; yields {"reading": which array}, to be kept up to date."""
    now = {"reading": "its list of arrays"}
    try:
        yield now
    except DataError:
        raise
    except ValueError as error:
        key = now["reading"]
        if "pickle" in str(error).lower() or "object" in str(error).lower():
            raise DataError(
                f"{path}: {key} is an array of Python objects, which are never loaded: they can run code. "
                "Save numbers: numpy.asarray(..., dtype=numpy.uint8)"
            ) from error
        raise DataError(f"{path} is damaged: {key} cannot be read ({from_tfds.first_line(error)})") from error
    except Exception as error:  # damaged bytes lead to anything, from zlib.error to RuntimeError ("encrypted")
        message = f"{path} is damaged or cannot be read: {now['reading']}: {from_tfds.first_line(error)}"
        raise DataError(message) from error
