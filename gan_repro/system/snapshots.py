"""Moments of a training as files: an .npz with an array for each attribute."""

import dataclasses
import typing
from pathlib import Path

from gan_repro.system import files
from gan_repro.system.errors import RunError


class Stored:
    """What dataclasses of int, float and array attributes inherit to be kept as an .npz."""

    compress: typing.ClassVar[bool] = False
    __dataclass_fields__: typing.ClassVar[dict[str, dataclasses.Field]]  # a subclass is a dataclass

    def write(self, path: str | Path) -> None:
        """Writes an .npz with an array for each attribute, whole or not at all. Raises RunError as files.replacing."""
        arrays = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        files.write_arrays(path, arrays, self.compress)

    @classmethod
    def read(cls, path: str | Path) -> typing.Self:
        """What `write` wrote.

        Raises:
          RunError: the file is missing, damaged or something else.
        """
        try:
            found = files.read_arrays(path)
            values = {field.name: found[field.name] for field in dataclasses.fields(cls)}
            kinds: dict[str, typing.Any] = {field.name: field.type for field in dataclasses.fields(cls)}
            numbers = {name: kind(values[name]) for name, kind in kinds.items() if kind in (int, float)}
            return cls(**values | numbers)
        except (ValueError, TypeError, KeyError) as error:
            raise RunError(f"{path} is damaged or no snapshot: {error}") from error
