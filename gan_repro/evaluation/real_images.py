"""Numbers of real images in samples' place, as files keep them: some come with the program, others are a cache's."""

import contextlib
import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gan_repro.evaluation.measurement import Measurement
from gan_repro.system import files, schema
from gan_repro.system.errors import RunError

SHIPPED = Path(__file__).parent.parent / "trained"  # in its folders classifier-DATASET


@dataclasses.dataclass(frozen=True)
class File:
    """What a file holds.

    Attributes:
      data_sha256: of the data (Source.digest).
      measurements: of their images.
    """

    data_sha256: str
    measurements: tuple[Measurement, ...]


def as_json(data_sha256: str, measurements: Sequence[Measurement]) -> dict[str, Any]:
    """A File's JSON."""
    return {"data_sha256": data_sha256, "measurements": [schema.plain(each) for each in measurements]}


def read(path: str | Path) -> File:
    """The File at `path`. Raises RunError: it is missing or damaged."""
    return schema.parse(File, files.read_json(path), path)


@functools.cache
def shipped(data_sha256: str) -> tuple[Measurement, ...]:
    """Those that come with the program for these data, if any; a damaged file counts as none."""
    found: list[Measurement] = []
    for path in sorted(SHIPPED.glob("classifier-*/real-images-*.json")):
        with contextlib.suppress(RunError):  # they stand beside a run's numbers, which are not to be lost for them
            file = read(path)
            found += file.measurements if file.data_sha256 == data_sha256 else ()
    return tuple(found)
