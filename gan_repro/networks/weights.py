"""Files of a network's weights (.weights.h5): written whole, with a checksum of their own, which HDF5 has not.

training/trainer.py and runs/workdir.py say which networks a run keeps, and where.
"""

from __future__ import annotations

import os
import typing
from pathlib import Path

from gan_repro.system import files
from gan_repro.system.errors import RunError

if typing.TYPE_CHECKING:
    import keras  # importing it takes TensorFlow, which who looks at a file alone does not need

_OVERHEAD = 4096  # bytes for each variable, and for the file: more than what HDF5 takes beside the numbers


def write(network: keras.Model, path: Path) -> None:
    """Writes the weights of a Keras model, whole or not at all. Raises RunError as files.replacing."""
    with files.replacing(path) as temporary:
        _find_room(temporary, network)
        network.save_weights(temporary)
        files.seal(temporary)


def _find_room(path: Path, network: keras.Model) -> None:
    """Raises OSError where there is no room for the weights: HDF5, closing a file on a full disk, can crash the process."""
    if hasattr(os, "posix_fallocate"):  # not on macOS
        with open(path, "wb") as file:
            size = sum(variable.value.numpy().nbytes for variable in network.variables)
            os.posix_fallocate(file.fileno(), 0, size + _OVERHEAD * (len(network.variables) + 1))


def check(path: Path) -> None:
    """Checks a file as far as that goes without its network: the checksum, where it has one, the end.

    Raises:
      RunError: it is missing or damaged.
    """
    import h5py  # here, because --help needs none

    files.check_seal(path)
    try:
        with h5py.File(path, "r"):
            pass
    except OSError as error:
        raise RunError(f"{path} is damaged: {files.reason(error)}") from error


def read(network: keras.Model, path: Path) -> keras.Model:
    """Gives a Keras model the weights in a file; returns it.

    The checksum comes before HDF5's own reading: flipped bytes are numbers to it.

    Raises:
      RunError: the file is missing, damaged or of another network.
    """
    try:
        check(path)
        network.load_weights(path)
    except (OSError, ValueError, KeyError, RuntimeError, TypeError, RunError) as error:
        raise RunError(f"cannot read the {network.name}'s weights in {path}: {str(error).splitlines()[0]}") from error
    return network
