"""JSON values as frozen dataclasses and back: the annotations of a class are what its JSON is checked against.

A field without a default must be there; one that has a default may be missing, and is not written where it has that default.
"""

import collections.abc
import dataclasses
import functools
import math
import types
import typing
from collections.abc import Iterator, Mapping

from gan_repro.system.errors import RunError

Parsed = typing.TypeVar("Parsed")
NOT_JSON = {"json": False}  # metadata of a field that is neither read from JSON nor written to it
_NUMBERS = (float, float | None)
_WORDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false", type(None): "null"}


class _Wrong(Exception):
    """What is wrong with a value: "FIELD must be ...", the field as it is reached from the whole."""


def parse(kind: type[Parsed], value: object, where: object, wrong: str = "is damaged") -> Parsed:
    """Makes a dataclass of a JSON value.

    Args:
      kind: a dataclass. Its fields are int, float (whole numbers pass, and stay what they are), str, bool, Literal, None in a
        union, tuple[X, ...] (of JSON lists), Mapping[str, X] (of objects), other dataclasses, or object (whatever there is).
        A ValueError of its __post_init__ is a reason to refuse the value; it begins with the name of the field.
      value: as json.loads gives it.
      where: the file's name, for the message.
      wrong: what the message says of the file where it does not fit.

    Raises:
      RunError: a field is missing, unknown or wrong, or a number is not finite; the message names file and field.
    """
    try:
        return _read(kind, value, "")
    except _Wrong as error:
        raise RunError(f"{where} {wrong}: {error}") from None


def plain(value: object) -> typing.Any:
    """The JSON value of which `parse` makes `value` again: dataclasses as objects, tuples as lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in _written(value)}
    if isinstance(value, Mapping):
        return {key: plain(entry) for key, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, (list, tuple)) else value


def _written(value) -> Iterator[dataclasses.Field]:
    for field in _fields(type(value)):
        if field.default is dataclasses.MISSING or getattr(value, field.name) != field.default:
            yield field


def _fields(kind) -> list[dataclasses.Field]:
    return [field for field in dataclasses.fields(kind) if field.metadata.get("json", True)]


_hints = functools.cache(typing.get_type_hints)


def _read(hint, value, place):
    origin = typing.get_origin(hint)
    if hint is object:
        return _finite(value, place)
    if dataclasses.is_dataclass(hint):
        return _object(hint, value, place)
    if origin is typing.Literal:
        if value in typing.get_args(hint):
            return value
        raise _Wrong(f"{place} must be {' or '.join(map(repr, typing.get_args(hint)))}, not {value!r:.50}")
    if origin in (typing.Union, types.UnionType):
        return None if value is None else _read(_but_none(hint), value, place)
    if origin is tuple:
        if not isinstance(value, list):
            raise _Wrong(f"{place} must be a list, not {value!r:.50}")
        if typing.get_args(hint)[0] in _NUMBERS and all(type(entry) is float and math.isfinite(entry) for entry in value):
            return tuple(value)  # curves have thousands of them
        return tuple(_read(typing.get_args(hint)[0], entry, f"{place}[{i}]") for i, entry in enumerate(value))
    if origin is collections.abc.Mapping:
        if not isinstance(value, dict):
            raise _Wrong(f"{place} must be an object, not {value!r:.50}")
        return {key: _read(typing.get_args(hint)[1], entry, f"{place}.{key}") for key, entry in value.items()}
    wanted = (int, float) if hint is float else hint
    if not isinstance(value, wanted) or (isinstance(value, bool) and hint is not bool):
        raise _Wrong(f"{place} must be {_WORDS[hint]}, not {value!r:.50}")
    return _finite(value, place)


def _but_none(hint):
    (kind,) = (option for option in typing.get_args(hint) if option is not type(None))
    return kind


def _object(kind, value, place):
    begin = f"{place}." if place else ""
    if not isinstance(value, dict):
        raise _Wrong(f"{place or 'it'} must be an object, not {value!r:.50}")
    fields = _fields(kind)
    for field in fields:
        if field.name not in value and field.default is dataclasses.MISSING:
            raise _Wrong(f"the field {begin}{field.name} is missing")
    names = [field.name for field in fields]
    if unknown := sorted(value.keys() - set(names)):
        raise _Wrong(f"the field {begin}{unknown[0]} is unknown; valid: {', '.join(names)}")
    hints = _hints(kind)
    read = {field.name: field for field in fields if field.name in value}
    found = {name: _read(hints[name], value[name], f"{begin}{name}") for name in read}
    try:
        return kind(**found)
    except ValueError as error:
        raise _Wrong(f"{begin}{error}") from None


def _finite(value, place):
    """`value`, of whose numbers every one is finite: JSON that Python wrote may hold NaN."""
    if isinstance(value, float) and not math.isfinite(value):
        raise _Wrong(f"{place} is {value}")
    if isinstance(value, (dict, list)):
        for key, entry in value.items() if isinstance(value, dict) else enumerate(value):
            _finite(entry, f"{place}.{key}")
    return value
