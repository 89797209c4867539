"""Files that are written whole or not at all, and their checksums. Knows nothing of what is in them."""

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path

from gan_repro.errors import RunError

TEMPORARY = ".being-written"  # in the names of files that are not whole yet; they begin with a dot, too


def cache_folder():
    """Where things are kept that can be made again: $XDG_CACHE_HOME/gan_repro or ~/.cache/gan_repro."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gan_repro"


@contextlib.contextmanager
def replacing(path):
    """Yields a temporary path beside `path` that replaces it, atomically, when the block ends without an exception.

    The temporary name keeps the suffix of `path`, so that writers which choose their format by it do so. Whatever
    happens inside, `path` holds either its old content or the whole new one.

    Raises:
      RunError: the folder cannot be written to, or the disk is full.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        suffix = "".join(path.suffixes[-2:])
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}", suffix=f"{TEMPORARY}{suffix}")
        os.close(handle)
        yield Path(temporary)
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)  # mkstemp makes private files; these are ordinary ones
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise RunError(f"cannot write {path}: {reason(error)}. What was there before is unchanged.") from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def reason(error):
    """What an OSError says, in one line: h5py's have several, and no strerror."""
    return error.strerror or str(error).splitlines()[0]


def write_text(path, text):
    """Writes `text` (utf-8) to `path`, whole or not at all. Raises RunError as `replacing` does."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path, value):
    """Writes `value` as indented JSON, whole or not at all. NaN is refused (ValueError): it is not JSON."""
    write_text(path, json.dumps(value, indent=1, allow_nan=False) + "\n")


def read_json(path):
    """Reads a JSON file.

    Raises:
      RunError: the file is missing, unreadable or not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"cannot read {path}: {reason(error)}") from error
    except ValueError as error:
        raise RunError(f"{path} is damaged: it is not JSON ({error})") from error


def sha256(path):
    """The sha256 of a file's bytes, as hexadecimal text."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
