"""Somebody's samples: an .npz or .npy file, a folder of pictures, or an array; and what their numbers and axes mean.

Nothing is clipped, resized or guessed silently: what was understood is said, and what is not clear is asked for.
"""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from gan_repro.data import archives, user
from gan_repro.data.source import Spec
from gan_repro.system.choices import choose
from gan_repro.system.errors import DataError, UsageError

RANGES = {"0..1": (0.0, 1.0), "-1..1": (-1.0, 1.0), "0..255": (0.0, 255.0)}  # of black and of white
FEWEST = 100  # a density and a distance of fewer say nothing
_ROUNDING = 1e-5  # of a range's width, by which a number may lie beyond it
_IMAGES, _LABELS = ("images", "samples", "arr_0"), ("labels", "y")  # names of arrays in an .npz file


@dataclasses.dataclass(frozen=True, eq=False)
class Samples:
    """Samples as they are scored.

    Attributes:
      images: float32 (n, h, w, c) in [0, 1].
      labels: int64 (n,), the classes that were asked for, or None.
      said: what was understood of numbers and axes, for people.
    """

    images: np.ndarray
    labels: np.ndarray | None
    said: str


def read(place: str | Path, spec: Spec, values: str | None = None, labels: str | Path | None = None) -> Samples:
    """The samples in a file or folder.

    Args:
      place: an .npz file that holds `images` or `samples` (or one array alone), and may hold `labels`; an .npy file; or a
        folder of pictures of 8 bits, or of a subfolder of them for each class. Nothing is ever unpickled.
      spec: of the data that they are held against: shape and classes.
      values, labels: as of `of`; labels: an .npy file.

    Raises:
      UsageError, DataError: as `of`; the file is missing, damaged, or holds something else.
    """
    path, read = Path(place).expanduser(), ""
    if path.is_dir():
        images, names = user.pictures_of(path)
        found, read = _of_folders(names, spec, path)
    elif path.suffix.lower() == ".npy":
        images, found = archives.load_array(path), None
    else:
        images, found = _of_archive(path)
    if labels is not None:
        found, read = archives.load_array(Path(labels).expanduser()), ""
    samples = of(images, spec, found, values, str(place))
    return dataclasses.replace(samples, said=samples.said + read)


def _of_folders(names, spec, place):
    """(the class of each picture or None, how that was read for people), by the names of the subfolders that pictures are in.

    Numbers are classes. Of a user's own pictures the data's subfolders are, in their order, where there is one for each.
    """
    if names is None:
        return None, ""
    if not spec.classes:
        return None, "; subfolders are no labels here, the data have none"
    classes = sorted(set(names))
    if spec.name.startswith("images:"):
        if len(classes) == spec.classes:
            return np.array([classes.index(name) for name in names]), "; subfolders in their order are the data's"
        raise DataError(f"{place}: {len(classes)} subfolders, and {spec.title} has {spec.classes}; give as many, named alike")
    if all(name.isdecimal() and int(name) < spec.classes for name in classes):
        return np.array([int(name) for name in names]), "; subfolders' numbers are the labels"
    raise DataError(
        f"{place}: which classes are the subfolders {', '.join(classes[:4])}{', ...' if len(classes) > 4 else ''}? "
        f"Name them by the labels of {spec.title}, 0 to {spec.classes - 1}, or put all pictures into one folder"
    )


def _of_archive(path):
    """(images, labels or None) of an .npz file."""
    arrays = archives.load_arrays(path, (*_IMAGES, *_LABELS))
    images = next((arrays[name] for name in _IMAGES if name in arrays), None)
    if images is None:
        raise DataError(f"{path} holds none of the arrays {', '.join(_IMAGES)}: write it with numpy.savez(path, images=images)")
    return images, next((arrays[name] for name in _LABELS if name in arrays), None)


def of(images: Any, spec: Spec, labels: Any = None, values: str | None = None, place: str = "samples") -> Samples:
    """The Samples of an array.

    Args:
      images: numbers (n, h, w, c), (n, c, h, w), (n, h, w) of grey images or (n, h * w * c), on the CPU.
      spec: of the data that they are held against.
      labels: integers (n,) in 0..classes-1: which class each was to be; or None.
      values: one of RANGES; None: told from the numbers, where these leave no doubt.
      place: what messages call them.

    Raises:
      UsageError: `values` is none of RANGES, or must be given.
      DataError: no array of numbers, another size, fewer than FEWEST, numbers that are not finite or beyond the range.
    """
    try:
        array = np.asarray(images)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"{place}: no array of numbers on the CPU can be made of them ({error})") from error
    if array.dtype.kind not in "fiub":
        raise DataError(f"{place}: dtype {array.dtype}; samples must be numbers")
    array, axes = _shaped(array, spec.shape, place)
    if len(array) < FEWEST:
        raise DataError(f"{place}: {len(array)} samples; give {FEWEST} or more, and 10,000 to stand beside Table 1")
    low, high, range_said = _range(array, values, place)
    scaled = (array.astype(np.float32) - np.float32(low)) / np.float32(high - low)
    return Samples(np.clip(scaled, 0, 1), _labels(labels, len(array), spec, place), f"{axes}, {range_said}")


def _shaped(array, shape, place):
    """(array as (n, h, w, c), what its axes were taken for)."""
    height, width, channels = shape
    given, rest = array.shape, array.shape[1:]
    if rest == shape:
        return array, f"{len(array):,} images of {height} x {width} x {channels}"
    if rest == (channels, height, width):
        return array.transpose(0, 2, 3, 1), f"{len(array):,} images, channels first"
    if channels == 1 and rest == (height, width):
        return array[..., np.newaxis], f"{len(array):,} grey images of {height} x {width}"
    if rest == (height * width * channels,):
        return array.reshape(-1, *shape), f"{len(array):,} rows of {rest[0]} numbers, taken as {height} x {width} x {channels}"
    if len(rest) == 3 and rest[:2] == (height, width):
        raise DataError(
            f"{place}: shape {given}; the data have {channels} channel{'s' * (channels > 1)} and these {rest[2]}. "
            "Give them as many as the data have"
        )
    raise DataError(
        f"{place}: shape {given}; needed are (n, {height}, {width}, {channels}), (n, {channels}, {height}, {width}) or "
        f"(n, {height * width * channels}), the size of the data. Resize or crop them first"
    )


def _range(array, values, place):
    """(black, white, how that was known)."""
    if values is not None:
        choose("range", values, RANGES)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise DataError(f"{place}: {int((~np.isfinite(array)).sum()):,} numbers are not finite; samples must be images")
    least, most = float(array.min()), float(array.max())
    if values is None:
        values = _told(array.dtype, least, most)
        if values is None:
            if not any(_within(least, most, *ends) for ends in RANGES.values()):
                raise DataError(
                    f"{place}: the numbers lie in {least:.7g} to {most:.7g}, in none of {', '.join(RANGES)}; clip or scale them"
                )
            raise UsageError(
                f"{place}: the numbers lie in {least:.7g} to {most:.7g}, which may be one range or another; say which with "
                f"--range={', --range='.join(RANGES)} (in Python values=), and clip what lies beyond it"
            )
        said = f"numbers from {least:.4g} to {most:.4g} read as {values}"
    else:
        said = f"numbers in {values}, as asked"
    low, high = RANGES[values]
    if not _within(least, most, low, high):
        raise DataError(f"{place}: the numbers lie in {least:.6g} to {most:.6g}, beyond {values}; clip or scale them first")
    return low, high, said


def _within(least, most, low, high):
    slack = _ROUNDING * (high - low)
    return low - slack <= least and most <= high + slack


def _told(dtype, least, most):
    """The name of the range that numbers must be in; None where it might be another one as well."""
    if dtype.kind == "b":
        return "0..1"
    if dtype == np.uint8:
        return "0..255" if most > 1 else None
    if least >= -_ROUNDING and most <= 1 + _ROUNDING:
        return "0..1"
    if -1 - 2 * _ROUNDING <= least < -0.5 and most <= 1 + 2 * _ROUNDING:
        return "-1..1"
    if least >= 0 and 2 < most <= 255:
        return "0..255"
    return None


def _labels(labels, n, spec, place):
    if labels is None:
        return None
    found = np.asarray(labels)
    if not spec.classes:
        raise DataError(f"{place}: labels were given, and {spec.title} has none to compare them with")
    if found.shape != (n,) or found.dtype.kind not in "iu":
        raise DataError(
            f"{place}: labels of shape {found.shape} and dtype {found.dtype}; needed is one integer for each of {n}"
        )
    if found.min() < 0 or found.max() >= spec.classes:
        raise DataError(
            f"{place}: labels lie in {found.min()}..{found.max()}; {spec.title} has the classes 0..{spec.classes - 1}"
        )
    return found.astype(np.int64)
