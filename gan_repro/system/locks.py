"""Locks on folders: one process at a time; a lock dies with its owner, however that ends."""

import contextlib
import fcntl
import time
from collections.abc import Iterator
from pathlib import Path

from gan_repro.system import files
from gan_repro.system.errors import RunError


@contextlib.contextmanager
def held(path: Path, purpose: str, busy: str, patience: float = 0.0) -> Iterator[None]:
    """Keeps every other process out of a block; makes the folder of the lock's file.

    Args:
      path: the lock's file, which nobody removes.
      purpose: what its folder is to be, such as "a run's folder".
      busy: the message where another process has it.
      patience: seconds to wait for that one; `taken` has a lock for a moment, too.

    Raises:
      RunError: another process has it for longer, or the folder cannot be made, written to or locked.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "a")  # noqa: SIM115 - held until the block below ends
    except OSError as error:
        raise RunError(f"cannot use {path.parent} as {purpose}: {files.reason(error)}") from error
    with file:
        end = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() >= end:
                    raise RunError(busy) from error
            except OSError as error:
                raise RunError(f"cannot lock {path}: {files.reason(error)}; choose another --workdir") from error
            time.sleep(0.05)
        yield


def taken(path: Path) -> bool:
    """Whether a process holds the lock; False where there is no such file."""
    try:
        with open(path) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
