"""Files that are written whole or not at all, and their checksums: a byte that changed is noticed when it is read.

Knows nothing of what is in them.
"""

import contextlib
import hashlib
import io
import json
import lzma
import os
import re
import struct
import sys
import tempfile
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gan_repro.system.errors import RunError

Arrays = Mapping[str, np.ndarray]

TEMPORARY = ".being-written"  # in the names of files that are not whole yet; they begin with a dot, too
LEFT = 24 * 3600  # seconds: what was half written so long ago is nobody's
SHORT = 100  # bytes of a name
_MASK = threading.Lock()
# What zipfile and numpy let out where a byte of an archive is another one
_DAMAGE = (ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error)
_SEAL = re.compile(rb"\nsha256 of the bytes before this line: ([0-9a-f]{64})\n\Z")


def cache_folder() -> Path:
    """Where things are kept that can be made again: $XDG_CACHE_HOME/gan_repro or ~/.cache/gan_repro."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gan_repro"


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yields a temporary path beside `path` that replaces it, atomically, when the block ends without an exception.

    The temporary name keeps the suffix of `path`, so that writers which choose their format by it do so, and what is short
    of its name. Whatever happens inside, `path` holds either its old content or the whole new one. A temporary file of
    the same name that a killed process left is removed, if nothing was written to it for LEFT seconds.

    Raises:
      RunError: the folder cannot be written to, or the disk is full.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.lstat(path)  # a name that is too long is told before the work
        prefix, suffix = f".{_short(path.name)}", next(text for text in _suffixes(path) if text == _short(text))
        _clear(path.parent, prefix)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=f"{TEMPORARY}{suffix}")
        os.close(handle)
        yield Path(temporary)
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.chmod(temporary, 0o666 & ~_umask())  # mkstemp makes private files; these are ordinary ones
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise RunError(f"cannot write {path}: {reason(error)}. What was there before is unchanged.") from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _umask():
    """The permissions that new files go without. It can only be read by setting it: by one thread at a time."""
    with _MASK:
        mask = os.umask(0)
        os.umask(mask)
    return mask


def _short(name):
    """How a name begins: with what is added to it, it is not longer than a name may be."""
    return os.fsencode(name)[:SHORT].decode(errors="ignore")


def _suffixes(path):
    """The suffixes that a temporary name may have, the best first."""
    return "".join(path.suffixes[-2:]), path.suffix, ""


def _clear(folder, prefix):
    """Removes temporary files whose names begin so, and which nobody can be writing any more."""
    with contextlib.suppress(OSError):  # another process was faster, or the folder cannot be listed
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if name.startswith(prefix) and TEMPORARY in name and time.time() - os.stat(path).st_mtime > LEFT:
                os.unlink(path)


def reason(error: OSError) -> str:
    """What an OSError says, in one line: h5py's have several, and no strerror."""
    return error.strerror or str(error).splitlines()[0]


def write_text(path: str | Path, text: str) -> None:
    """Writes `text` (utf-8) to `path`, whole or not at all. Raises RunError as `replacing` does."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Mapping[str, Any]) -> None:
    """Writes a dict as indented JSON with a checksum, the key "sha256". NaN is refused (ValueError): it is not JSON."""
    plain = json.loads(json.dumps(value, allow_nan=False))  # as it will be read: lists for tuples, text for numbers as keys
    write_text(path, json.dumps(plain | {"sha256": _json_sha256(plain)}, indent=1) + "\n")


def read_json(path: str | Path) -> Any:
    """Reads a JSON file that `write_json` wrote, or one without a checksum.

    Returns:
      the value, without its checksum.

    Raises:
      RunError: the file is missing, unreadable, not JSON, or not as it was written.
    """
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"cannot read {path}: {reason(error)}") from error
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path} is damaged: it is not JSON ({error})") from error
    if isinstance(value, dict) and "sha256" in value and value.pop("sha256") != _json_sha256(value):
        raise RunError(f"{path} is damaged: its sha256 is another (if it was edited on purpose, take out the line sha256)")
    return value


def _json_sha256(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def write_arrays(path: str | Path, arrays: Arrays, compress: bool = False) -> None:
    """Writes {name: numpy array} as a sealed .npz, whole or not at all. Raises RunError as `replacing` does."""
    with replacing(path) as temporary:
        with open(temporary, "wb") as file:
            save: Any = np.savez_compressed if compress else np.savez
            save(file, **arrays)
        seal(temporary)


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """{name: numpy array} of an .npz. Its bytes are checked before numpy reads them: the seal, and the CRCs of the zip format.

    numpy.load alone stops where an array seems to end: a header that says less is believed. The CRCs say nothing of the
    list of arrays, which may lose some of them; files without a seal are read all the same.

    Raises:
      RunError: the file is missing, unreadable or damaged.
    """
    check_seal(path)
    try:
        with zipfile.ZipFile(path) as archive:
            whole = {name.removesuffix(".npy"): archive.read(name) for name in archive.namelist()}
        return {name: np.lib.format.read_array(io.BytesIO(data), allow_pickle=False) for name, data in whole.items()}
    except OSError as error:
        raise RunError(f"cannot read {path}: {reason(error)}") from error
    except _DAMAGE as error:
        raise RunError(f"{path} is damaged: {str(error) or type(error).__name__}") from error


def cached_arrays(
    path: Path, make: Callable[[], Arrays], note: str, fits: Callable[[Arrays], bool] = lambda arrays: True
) -> Arrays:
    """What a cache file holds; where there is none, or none that is sound, it is made, and written there for the next time.

    Args:
      path: of the .npz; its name should say all that its content follows from.
      make: gives {name: numpy array}.
      note: for stderr, where the file cannot be written: what is not cached and what that costs.
      fits: whether arrays that were read are such as `make` would give.

    Returns:
      {name: numpy array}.
    """
    with contextlib.suppress(RunError):  # it is only a cache
        found = read_arrays(path)
        if fits(found):
            return found
    made = make()
    try:
        write_arrays(path, made, compress=True)
    except RunError as error:
        print(f"note: {note}: {error}", file=sys.stderr)
    return made


def check_writable(path: Path) -> None:
    """Raises RunError where `path` cannot be written, as far as that can be known before the work is done."""
    try:
        above = next(folder for folder in path.absolute().parents if os.path.exists(folder))
        for name in path.absolute().relative_to(above).parts:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                os.lstat(above / name)  # a name may be too long
        if path.is_dir():
            raise RunError(f"cannot write {path}: it is a folder")
        if not above.is_dir():
            raise RunError(f"cannot write {path}: {above} is a file")
        with tempfile.NamedTemporaryFile(dir=above, prefix=".", suffix=TEMPORARY):
            pass
    except OSError as error:
        raise RunError(f"cannot write {path}: {reason(error)}") from error


def seal(path: str | Path) -> None:
    """Adds a last line with the sha256 of a file to it, for formats whose readers do not mind: HDF5, zip."""
    with open(path, "rb") as file:
        line = f"\nsha256 of the bytes before this line: {hashlib.file_digest(file, 'sha256').hexdigest()}\n"
    with open(path, "ab") as file:
        file.write(line.encode())


def check_seal(path: str | Path) -> None:
    """Checks a file against the line of `seal`; one without that line passes.

    Raises:
      RunError: the file is missing or unreadable, or a byte is another.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise RunError(f"cannot read {path}: {reason(error)}") from error
    found = _SEAL.search(content, max(0, len(content) - 200))
    if found and hashlib.sha256(content[: found.start()]).hexdigest() != found[1].decode():
        raise RunError(f"{path} is damaged: its sha256 is another")


def sha256(path: str | Path) -> str:
    """The sha256 of a file's bytes, as hexadecimal text."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
