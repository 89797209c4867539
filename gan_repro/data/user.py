"""A user's own images: an .npz file or a folder. Every way in which they can be unfit has its own message.

Nothing is cropped, resized or scaled here: images are taken as they are or refused. Reading on demand is in pictures.py.
"""

import contextlib
import math
import os
import warnings
from pathlib import Path

import numpy as np

from gan_repro.data import archives, from_tfds, pictures, source
from gan_repro.system.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm")
FEWEST = 10  # training images; with fewer there is nothing to learn

_CHUNK = 2**24  # bytes that are read at a time
_GREY = ("1", "L", "LA")  # PIL's modes of one channel
_SEED = 20140610  # of the division that is made where the data have none


def path_of(name: str, data_dir: str | Path | None) -> Path:
    """Where the data of npz:PATH or images:FOLDER are looked for.

    A path that leads nowhere is looked for below `data_dir`; so is an absolute one, of data that came from another machine.
    """
    path = os.path.expanduser(name.partition(":")[2])  # Path's own raises where there is no such user, or a long name
    if data_dir and not os.path.exists(path):
        below = os.path.join(data_dir, path.lstrip(os.sep))
        if os.path.exists(below):
            return Path(below)
    return Path(path)


def load_npz(name: str, data_dir: str | Path | None = None, download: bool = False) -> source.InMemory:
    """The images of an .npz file (numpy.savez).

    Args:
      name: "npz:PATH". The file holds `images`, uint8 (n, height, width) or (n, height, width, 1 or 3), 0..255;
        optionally `labels`, integers (n,) in 0..classes-1; optionally `split`, integers (n,): 0 train, 1 validation,
        2 test, each of which must occur. Without `split`: see `divide`. Nothing is ever unpickled.
      data_dir: where a relative path is looked for if it does not lead anywhere from the current folder.
      download: not used: the data are the user's.

    Returns:
      source.InMemory with images uint8 (n, height, width, channels), read into its arrays without a second copy.

    Raises:
      DataError: the file is missing, damaged, does not hold that or more than the memory that is free; the message says
        what it does hold.
    """
    path = path_of(name, data_dir)
    arrays = _read_npz(path)
    images = _check_images(path, arrays["images"])
    if images.size > (free := free_memory()):
        raise DataError(
            f"{path}: images take {images.size / 2**30:.1f} GiB, and {free / 2**30:.1f} GiB of memory are free. As pictures in "
            "a folder they would be read as they are needed: --dataset=images:FOLDER"
        )
    n = len(images)
    labels, split = arrays.get("labels"), arrays.get("split")
    if labels is not None:
        _check_integers(path, "labels", labels, n)
        if labels.min() < 0 or labels.max() >= n:
            raise DataError(
                f"{path}: labels lie in {labels.min()}..{labels.max()}; they must be class numbers 0, 1, 2, ... (fewer "
                f"classes than the {n} images)"
            )
    if split is None:
        parts = divide(n)
    else:
        _check_integers(path, "split", split, n)
        if split.min() < 0 or split.max() > 2:
            raise DataError(f"{path}: split holds {split.min()}..{split.max()}; its codes are 0 train, 1 validation, 2 test")
        parts = {part: np.flatnonzero(split == code) for code, part in enumerate(source.SPLITS)}
    spec, labels = _spec(name, path, images.shape[1:], labels, parts)
    if arrays["images"].strides[0]:
        return source.InMemory(spec, {part: images[rows] for part, rows in parts.items()}, labels)
    return source.InMemory(spec, _read_parts(path, images.shape, parts), labels)


def load_images(name: str, data_dir: str | Path | None = None, download: bool = False) -> source.Source:
    """The images of a folder, in the order of their paths.

    Either all images lie in the folder itself (no labels), or all lie in its subfolders, one level down: then each
    subfolder is a class, numbered in the order of their names. Files with other suffixes than SUFFIXES and hidden ones
    are passed over. All images must have one size. If every image is grey (8 bits), one channel is kept, else all
    are turned into RGB; transparency is dropped. The division is that of `divide`.

    Args:
      name: "images:FOLDER".
      data_dir: where a relative path is looked for if it does not lead anywhere from the current folder.
      download: not used: the data are the user's.

    Returns:
      source.InMemory with images uint8 (n, height, width, 1 or 3); pictures.Pictures, which reads them as they are needed,
      where decoded they would take more than half of the memory that is free. The two give the same training.

    Raises:
      DataError: the folder is missing, empty or laid out otherwise; an image is unreadable or of another size.
    """
    folder = path_of(name, data_dir)
    files, labels, shape = _laid_out(folder)
    parts = divide(len(files))
    spec, labels = _spec(name, folder, shape, labels, parts)
    paths = {part: [files[row] for row in rows] for part, rows in parts.items()}
    if len(files) * math.prod(spec.shape) > free_memory() / 2:
        return pictures.Pictures(spec, paths, labels, _decode)
    images = {part: source.empty((len(rows), *spec.shape)) for part, rows in parts.items()}
    for part, array in images.items():
        for row, file in zip(array, paths[part]):
            row[...] = _decode(file)  # a grey image among coloured ones is repeated along the channels
    return source.InMemory(spec, images, labels)


def _laid_out(folder):
    """(files sorted by path, class of each by its subfolder or None, (height, width, channels) of all) of a folder."""
    files = _find_images(folder)
    labels = None
    if files[0].parent != folder:
        classes = sorted({file.parent.name for file in files})
        labels = np.array([classes.index(file.parent.name) for file in files])
    shapes = [_opened(file, _shape) for file in files]
    height, width = shapes[0][:2]
    for file, shape in zip(files, shapes):
        if shape[:2] != (height, width):
            raise DataError(
                f"{folder}: all images must have one size, but {files[0].relative_to(folder)} has {width}x{height} and "
                f"{file.relative_to(folder)} has {shape[1]}x{shape[0]} pixels. Crop or resize them first."
            )
    return files, labels, (height, width, max(shape[2] for shape in shapes))


def pictures_of(folder: Path) -> tuple[np.ndarray, list[str] | None]:
    """(uint8 (n, height, width, 1 or 3), the subfolder's name of each or None): a folder laid out as for `load_images`.

    Raises:
      DataError: as `load_images`.
    """
    files, labels, shape = _laid_out(folder)
    images = source.empty((len(files), *shape))
    for row, file in zip(images, files):
        row[...] = _decode(file)
    return images, None if labels is None else [file.parent.name for file in files]


def free_memory() -> float:
    """Bytes of memory that this process may still take, as far as Linux says so; else infinite."""
    free = float("inf")
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = 1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    with contextlib.suppress(OSError, ValueError):  # of a container; "max" where there is no limit
        group = Path("/sys/fs/cgroup")
        used, limit = (int((group / f"memory.{name}").read_text(encoding="ascii")) for name in ("current", "max"))
        free = min(free, limit - used)
    return free


def divide(n: int) -> dict[str, np.ndarray]:
    """The division of data that have none: 80 % train, 10 % validation, 10 % test (both rounded down, rest train).

    The images are permuted by numpy's RandomState(20140610), whose stream never changes; the first tenth is for test,
    the second for validation. Within a part the images keep their order.

    Returns:
      {split: sorted integers}.
    """
    order, tenth = np.random.RandomState(_SEED).permutation(n), n // 10
    parts = {"train": order[2 * tenth :], "validation": order[tenth : 2 * tenth], "test": order[:tenth]}
    return {part: np.sort(rows) for part, rows in parts.items()}


def _spec(name, path, shape, labels, parts):
    """(Spec, labels by split or None) of images divided into `parts`, {split: rows}."""
    sizes = {part: len(rows) for part, rows in parts.items()}
    if sizes["train"] < FEWEST or not sizes["validation"] or not sizes["test"]:
        counts = ", ".join(f"{size} {part}" for part, size in sizes.items())
        raise DataError(
            f"{path}: {counts} images; needed are at least {FEWEST} for training and 1 each for validation and test. "
            "Data without a `split` are divided 80/10/10."
        )
    spec = source.Spec(
        name=name,
        title=path.name or str(path),
        shape=shape,
        classes=0 if labels is None else int(labels.max()) + 1,
        sizes=sizes,
    )
    return spec, None if labels is None else {part: labels[rows] for part, rows in parts.items()}


def _read_npz(path):
    """The arrays `images`, `labels` and `split` of a file, those that it has.

    `images` is a stand-in that takes no memory, of the right shape and dtype, where `_read_parts` can read them.
    """
    with archives.archive(path) as (file, now):
        if "images" not in file:
            held = ", ".join(file.files) or "nothing"
            raise DataError(f"{path} holds {held}; needed is `images` (and optionally `labels`, `split`)")
        arrays = {}
        for key in ("images", "labels", "split"):
            now["reading"] = key
            if key in file:
                stand_in = _stand_in(file) if key == "images" else None
                arrays[key] = file[key] if stand_in is None else stand_in
                if not isinstance(arrays[key], np.ndarray):  # numpy gives the bytes of what does not begin as an array
                    raise DataError(f"{path}: {key} is no array. Write the file with numpy.savez(path, images=images)")
        return arrays


def _member(file):
    return file.zip.open("images.npy" if "images.npy" in file.zip.namelist() else "images")


def _stand_in(file):
    """uint8 zeros of the shape of an .npz file's images, of one byte of memory; None if they are not plain uint8 rows."""
    shape: tuple[int, ...] = ()
    by_columns, dtype = True, None
    with _member(file) as member, contextlib.suppress(ValueError):  # no array: numpy's own reading says what it is
        header = archives.HEADERS.get(np.lib.format.read_magic(member))
        shape, by_columns, dtype = header(member) if header else (shape, by_columns, dtype)
    return None if by_columns or dtype != np.uint8 or not shape else np.broadcast_to(np.uint8(0), shape)


def _read_parts(path, shape, parts):
    """{split: uint8 (n, height, width, channels)}: the images of an .npz file, read in turn into where they belong."""
    with archives.damage_told(path) as now, np.load(path, allow_pickle=False) as file, _member(file) as member:
        now["reading"] = "images"
        archives.HEADERS[np.lib.format.read_magic(member)](member)
        images = {part: source.empty((len(rows), *shape[1:])) for part, rows in parts.items()}
        size = math.prod(shape[1:])
        step = max(1, _CHUNK // size)
        for start in range(0, shape[0], step):
            n = min(step, shape[0] - start)
            chunk = np.frombuffer(member.read(n * size), np.uint8).reshape(n, *shape[1:])
            for part, rows in parts.items():
                first, end = np.searchsorted(rows, (start, start + n))
                images[part][first:end] = chunk[rows[first:end] - start]
        member.read()  # at the end of the file its CRC is checked
        return images


def _check_images(path, images):
    if images.dtype != np.uint8:
        how = ""
        if images.dtype.kind == "f":
            how = (
                ", with numpy.clip(numpy.rint(images * 255), 0, 255).astype(numpy.uint8) if they lie in [0, 1] (NaN "
                "has no place there)"
            )
        raise DataError(f"{path}: images has dtype {images.dtype}, needed is uint8, 0..255. Convert it{how}.")
    if images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[3] not in (1, 3)) or 0 in images.shape[1:]:
        raise DataError(
            f"{path}: images has shape {images.shape}, needed is (n, height, width), (n, height, width, 1) or "
            "(n, height, width, 3)"
        )
    if not len(images):
        raise DataError(f"{path}: images is empty")
    return images if images.ndim == 4 else images[..., np.newaxis]


def _check_integers(path, key, values, n):
    if values.shape != (n,) or values.dtype.kind not in "iu":
        raise DataError(
            f"{path}: {key} has shape {values.shape} and dtype {values.dtype}; needed is one integer for each of the {n} images"
        )


def _find_images(folder):
    """The image files of a folder, sorted by path: all directly in it or all one level down."""
    if os.path.isfile(folder):
        raise DataError(f"{folder} is a file, images: needs a folder; for an .npz file: --dataset=npz:{folder}")
    if not os.path.isdir(folder):
        raise DataError(f"there is no folder {folder}")

    def refuse(error):
        raise DataError(f"{folder} cannot be read: {error}") from error

    files = []
    for root, subfolders, names in os.walk(folder, onerror=refuse, followlinks=True):
        deep = len(Path(root).relative_to(folder).parts) > 1  # too deep already: and links may lead in circles
        subfolders[:] = [sub for sub in subfolders if not (deep or sub.startswith("."))]
        files += [Path(root, name) for name in names if name.lower().endswith(SUFFIXES) and not name.startswith(".")]
    if not files:
        raise DataError(f"{folder} holds no image: no file ends in {', '.join(SUFFIXES)}")
    files.sort(key=lambda file: file.relative_to(folder).parts)
    depths = {len(file.relative_to(folder).parts) for file in files}
    if depths not in ({1}, {2}):
        raise DataError(
            f"{folder}: images must all lie in it, or all in its subfolders one level down (one for each class); "
            f"here they lie at depths {', '.join(map(str, sorted(depths)))}"
        )
    classes = {file.parent.name for file in files} if depths == {2} else set()
    if classes & {"train", "test"}:
        raise DataError(
            f"{folder} has the subfolders {', '.join(sorted(classes))}: subfolders are classes, so these would be "
            "learnt as labels. For a division of your own use an .npz file with `split`."
        )
    return files


def _opened(file, look):
    """What `look` says of the PIL image in a file."""
    from PIL import Image

    if not os.path.isfile(file):
        raise DataError(f"{file} cannot be read as an image: it is no ordinary file, or a link that leads nowhere")
    try:
        # Pillow warns where it drops transparency, and of metadata that it cannot read.
        with warnings.catch_warnings(action="ignore"), Image.open(file) as image:
            if image.mode in ("I", "F") or image.mode.startswith("I;"):
                raise DataError(f"{file} has more than 8 bits per pixel (mode {image.mode}); save it with 8")
            return look(image)
    except DataError:
        raise
    except Exception as error:  # Pillow's decoders let out whatever a damaged byte leads to
        raise DataError(f"{file} cannot be read as an image: {from_tfds.first_line(error)}") from error


def _shape(image):
    """(height, width, channels) of what `_decode` gives; looks at the beginning of the file alone."""
    return image.height, image.width, 1 if image.mode in _GREY else 3


def _decode(file):
    """One image file: uint8 (height, width, 1 or 3)."""
    pixels = _opened(file, lambda image: np.asarray(image.convert("L" if image.mode in _GREY else "RGB")))
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels
