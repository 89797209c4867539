"""What `--set=key=value` turns into: a value of its field's type, within its limits, or one line that says what is valid."""

import dataclasses
import math
import typing

import pytest
from support.papers import message

from gan_repro.papers.configuration import parse_setting
from gan_repro.papers.recipe import Recipe, TrainingRecipe, bounded, parse_average


@dataclasses.dataclass(frozen=True, kw_only=True)
class EveryKind(Recipe):
    """A field of every type that a recipe may have."""

    units: int = 3
    rate: float = 0.5
    fast: bool = False
    prior: typing.Literal["gaussian", "uniform"] = "gaussian"
    widths: tuple[int, ...] = (1, 2)
    names: tuple[str, ...] = ("a",)
    note: str = "-"
    limit: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bounds(Recipe):
    """A field for every kind of limit."""

    closed: int = bounded(5, low=1, high=10)
    open: float = bounded(0.5, above=0, below=1)
    half: float = bounded(0.5, low=0, below=1)


@pytest.mark.parametrize(
    "setting, value",
    [
        ("units=7", 7),
        ("units=-7", -7),
        ("rate=0.25", 0.25),
        ("rate=1e-6", 1e-6),
        ("rate=3", 3.0),  # a float, though it is written as an int: records of equal configurations must be equal
        ("fast=true", True),
        ("fast=False", False),
        ("prior=uniform", "uniform"),
        ("widths=1200,240", (1200, 240)),
        ("widths=9", (9,)),
        ("widths=", ()),
        ("names=ema-.9995,mean-from-5", ("ema-.9995", "mean-from-5")),
        ("names=", ()),
        ("note=a=b", "a=b"),
        ("note=", ""),
        ("limit=4", 4),
        ("limit=none", None),
        ("n_samples=50", 50),  # inherited
    ],
)
def test_a_setting_becomes_a_value_of_its_fields_type(setting, value):
    key, parsed = parse_setting(EveryKind, setting)
    assert (key, parsed) == (setting.partition("=")[0], value)
    assert type(parsed) is type(value)
    if isinstance(value, tuple):
        assert [type(entry) for entry in parsed] == [type(entry) for entry in value]


@pytest.mark.parametrize(
    "setting, words",
    [
        ("units", ["--set=units", "key=value"]),
        ("", ["key=value"]),
        ("=3", ["recipe field ''", "units, rate"]),
        ("unit=3", ["'unit'", "valid:", "units, rate, fast, prior, widths, names, note, limit", "Did you mean units?"]),
        ("Units=3", ["'Units'", "Did you mean units?"]),
        ("seed=3", ["'seed'", "valid:"]),  # has a flag of its own
        ("units=2.5", ["units=2.5", "whole number"]),
        ("units=1e3", ["units=1e3", "whole number"]),
        ("units=", ["units=", "whole number"]),
        ("units=true", ["units=true", "whole number"]),
        ("units=nan", ["units=nan", "whole number"]),
        ("rate=fast", ["rate=fast", "a number"]),
        ("rate=", ["rate=", "a number"]),
        ("rate=0,5", ["rate=0,5", "a number"]),
        ("rate=nan", ["rate=nan", "finite"]),
        ("rate=inf", ["rate=inf", "finite"]),
        ("rate=-inf", ["rate=-inf", "finite"]),
        ("rate=1e999", ["rate=1e999", "finite"]),
        ("fast=1", ["fast=1", "true or false"]),
        ("fast=", ["fast=", "true or false"]),
        ("prior=gausian", ["gaussian, uniform", "Did you mean gaussian?"]),
        ("prior=", ["gaussian, uniform"]),
        ("widths=1,2.5", ["widths=2.5", "whole number"]),
        ("widths=1,", ["widths=", "whole number"]),
        ("widths=1;2", ["widths=1;2", "whole number"]),
        ("widths=(1,2)", ["widths=(1", "whole number"]),
        ("limit=x", ["limit=x", "whole number"]),
    ],
)
def test_a_wrong_setting_says_what_is_valid(setting, words):
    text = message(parse_setting, EveryKind, setting)
    assert all(word in text for word in words), text


@pytest.mark.parametrize("field, value", [("closed", 1), ("closed", 10), ("half", 0.0), ("half", 0.999), ("open", 1e-300)])
def test_limits_that_are_part_of_the_range(field, value):
    assert getattr(Bounds(**{field: value}), field) == value


@pytest.mark.parametrize(
    "field, value, words",
    [
        ("closed", 0, "closed = 0: must be >= 1 and <= 10"),
        ("closed", 11, "closed = 11: must be >= 1 and <= 10"),
        ("open", 0.0, "open = 0.0: must be > 0 and < 1"),
        ("open", 1.0, "open = 1.0: must be > 0 and < 1"),
        ("half", -1e-9, "must be >= 0 and < 1"),
        ("half", 1.0, "half = 1.0: must be >= 0 and < 1"),
        ("open", math.nan, "open = nan"),
        ("half", math.nan, "half = nan"),
        ("half", math.inf, "half = inf"),
        ("n_samples", 1, "n_samples = 1: must be >= 2"),
    ],
)
def test_what_is_out_of_range_is_refused_however_a_recipe_is_made(field, value, words):
    assert words in message(lambda: Bounds(**{field: value}))
    assert words in message(lambda: dataclasses.replace(Bounds(), **{field: value}))


@pytest.mark.parametrize(
    "kind, expected",
    [
        ("ema-.9999", (0.9999, 0)),
        ("ema-0.5", (0.5, 0)),
        ("ema-1e-3", (0.001, 0)),
        ("mean-from-0", (1.0, 0)),
        ("mean-from-5", (1.0, 5)),
    ],
)
def test_averages(kind, expected):
    assert parse_average(kind) == expected
    assert TrainingRecipe(epochs=1, batch_size=1, averages=(kind,)).averages == (kind,)


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "exponential",
        "ema-",
        "ema-0",
        "ema-1",
        "ema-1.5",
        "ema--.5",
        "ema-nan",
        "ema-inf",
        "ema-x",
        "mean-from",
        "mean-from--1",
        "mean-from-1.5",
        "mean-from-nan",
        "Mean-from-5",
        "ema",
        "mean-5",
        "mean-from-",
        "swa-.9",
        "../ema-.5",
    ],
)
def test_averages_that_are_none(kind):
    assert "ema-DECAY" in (text := message(parse_average, kind)) and "mean-from-EPOCH" in text and repr(kind) in text
    assert message(lambda: TrainingRecipe(epochs=1, batch_size=1, averages=("mean-from-1", kind))) == text
