"""Generated settings, command lines and names of data sets: each means what it says, or is refused by one line."""

import contextlib
import dataclasses
import importlib
import io
import json
import os
import shlex
import typing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.generated import counted, mark, trials

from gan_repro import data, evaluate, run, sample, tables
from gan_repro.data import names
from gan_repro.papers import configuration, experiment
from gan_repro.runs import runner
from gan_repro.system.errors import DataError, UsageError

pytestmark = pytest.mark.usefixtures("same_examples")


@pytest.mark.slow
def test_examples_do_not_depend_on_what_else_is_imported(tmp_path, monkeypatch):
    def drawn():
        found = []

        @trials(100)
        @given(st.lists(st.integers(), min_size=5))
        def draw(numbers):
            found.append(numbers)

        draw()
        return found

    first = drawn()
    (tmp_path / "some_more_constants.py").write_text(f"NUMBERS = {list(range(1000, 1200))}\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("some_more_constants")
    assert drawn() == first


def called(program, words):
    """(exit code, stdout, stderr) of a program in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = program.main(["program", *words])
    return code, out.getvalue(), err.getvalue()


# ---- settings --------------------------------------------------------------------------------------------------------

CHOICES = [
    (name, {"npz": "npz:a b.npz", "images": "images:~/ü"}.get(kind, kind), model, preset)
    for name in configuration.names()
    for model, described in configuration.find(name).models.items()
    for kind in described.datasets
    for preset in experiment.PRESETS
]
NUMBERS = st.one_of(
    st.integers(-(10**3), 10**3),
    st.integers(),
    st.floats(),
    st.floats(0, 1),
    st.sampled_from(["1_0", " 5", "٣", "1e3", ".5", "0x1"]),
).map(str)
AVERAGES = st.builds("{}-{}".format, st.sampled_from(["ema", "mean-from", "Mean-from", ""]), NUMBERS)
ENTRIES = st.one_of(NUMBERS, AVERAGES, st.text(max_size=20))
VALUES = st.one_of(
    ENTRIES,
    st.lists(NUMBERS, max_size=6).map(",".join),
    st.lists(AVERAGES, max_size=3).map(",".join),
    st.booleans().map(str),
    st.sampled_from(["true", "none", "None", ""]),
)


def likely(hint):
    """Texts that a field of this type often takes."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return st.sampled_from(inner)
    if origin is tuple:
        return st.lists(likely(inner[0]), max_size=3).map(",".join)
    plain = {int: st.integers(1, 100), float: st.floats(0.001, 0.999), bool: st.booleans()}
    return plain.get(hint, AVERAGES).map(str)


@st.composite
def recipes_and_settings(draw):
    """(experiment, data set, model, preset, settings): most of them of existing fields, a third of the texts valid words."""
    name, dataset, model, preset = draw(st.sampled_from(CHOICES))
    found = configuration.find(name)
    recipe = type(configuration.resolve(found, dataset, model, preset).recipe)
    hints = typing.get_type_hints(recipe)
    lines = []
    for field in draw(st.lists(st.sampled_from(dataclasses.fields(recipe)), max_size=3)):
        value = draw(likely(hints[field.name]) if draw(st.integers(0, 3)) else VALUES)
        lines.append(f"{field.name}={value}")
    lines += draw(st.lists(st.text(max_size=30), max_size=1)) if draw(st.integers(0, 9)) == 0 else []
    return name, dataset, model, preset, lines


def is_of(value, hint):
    """Whether a recipe's value is of the type that its field declares."""
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return value in typing.get_args(hint)
    if origin is tuple:
        return isinstance(value, tuple) and all(is_of(entry, typing.get_args(hint)[0]) for entry in value)
    if origin is not None:
        return any(is_of(value, option) for option in typing.get_args(hint))
    return type(value) is hint and (hint is not float or np.isfinite(value))


@mark("generated --set=key=value for every recipe", "a value of its type that the shown command gives again, or one line")
def test_settings(record_property):
    accepted = []

    @trials(200)
    @given(recipes_and_settings(), st.one_of(st.integers(0, 9), st.integers(-5, 2**31)))
    def check(choice, seed):
        name, dataset, model, preset, lines = choice
        try:
            config = configuration.resolve(configuration.find(name), dataset, model, preset, seed, settings=lines)
        except UsageError as error:
            assert str(error)
            words = [f"--experiment={name}", f"--dataset={dataset}", f"--model={model}", f"--preset={preset}"]
            words += [f"--seed={seed}", "--dry_run"]
            code, out, err = called(run, [*words, *(f"--set={line}" for line in lines)])
            assert (code, out) == (2, "") and err.startswith("error: ") and len(err.splitlines()) == 1
            return
        accepted.append(len(lines) > 0)
        hints = typing.get_type_hints(type(config.recipe))
        assert all(is_of(getattr(config.recipe, key), hint) for key, hint in hints.items())
        words = shlex.split(runner.command(config))
        code, out, err = called(run, [*words[3:], "--dry_run"])
        shown = json.loads(out)
        place = shown.pop("workdir")
        assert (code, err) == (0, "") and shown == config.as_dict()
        assert max(len(os.fsencode(part)) for part in Path(place).parts) <= 255

    check()
    assert 30 < sum(accepted) < 175, "nearly all were refused: nothing was tried"
    counted(record_property, 200)


# ---- command lines, names --------------------------------------------------------------------------------------------

WORDS = st.one_of(
    st.text(max_size=15),
    st.sampled_from(["--dry_run", "--nodry_run", "--help", "--list", "--seed", "--set", "--", "-h", "-", "--undefok=x", "="]),
    st.builds(
        "--{}={}".format,
        st.sampled_from(
            [
                "seed",
                "epochs",
                "preset",
                "model",
                "experiment",
                "set",
                "n",
                "grid",
                "label",
                "out",
                "interpolate",
                "generator",
                "tensorboard",
                "results",
                "help",
                "sed",
            ]
        ),
        VALUES,
    ),
)


@mark("generated command lines for every program", "an answer, or one line and exit code 1 or 2")
@pytest.mark.parametrize("program", [run, evaluate, sample, tables])
def test_command_lines(program, record_property, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where no run is, nor a folder of results
    last = {run: ["--dry_run"], tables: ["--results=none"]}.get(program, ["--workdir=none"])

    @trials(250)
    @given(st.lists(WORDS, max_size=5))
    def check(words):
        assume(not any(word.startswith(("--flagfile", "-flagfile")) for word in words))
        code, out, err = called(program, [*words, *last])
        assert code in (0, 1, 2)
        if code:
            assert err.startswith("error: ") and len(err.splitlines()) == 1 and err.endswith("\n")
            assert "--list" in words or out == ""
        else:
            assert out and err == ""

    check()
    assert list(tmp_path.iterdir()) == []
    counted(record_property, 250)


@mark("generated names of data sets", "one line that says what is valid, or that there is no such file")
def test_names_of_data_sets(record_property, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kinds = st.sampled_from(["", "npz:", "images:", "mnist:", "npz::", "NPZ:", "images", ":"])
    letters = st.characters(exclude_characters="/~", exclude_categories=["Cs"])

    @trials(300)
    @given(kinds, st.one_of(st.text(letters, max_size=300), st.sampled_from(["x" * 300, "a/b", ".", "\0", "\n"])))
    def check(kind, rest):
        name = kind + rest
        assume(name not in data.LOADERS)
        with pytest.raises((UsageError, DataError)) as caught:
            data.load(name, download=False)
        known = kind in ("npz:", "images:", "npz::") and rest
        assert isinstance(caught.value, DataError) == bool(known or name == "npz::")
        with contextlib.suppress(UsageError):
            config = configuration.resolve(configuration.find("goodfellow2014"), name)
            assert config.dataset == name and names.dataset_kind(name) in ("npz", "images")

    check()
    counted(record_property, 300)
