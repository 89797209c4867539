"""gan-repro PROGRAM: every program is reached by its name."""

import importlib
import importlib.metadata
import importlib.util

import pytest

import gan_repro
from gan_repro import __main__ as program


def test_every_program_is_named_and_can_be_called():
    assert {"run", "evaluate", "sample", "score", "tables", "reproduce", "ship", "benchmark"} <= set(program.PROGRAMS)
    for name in program.PROGRAMS:
        assert importlib.util.find_spec(f"gan_repro.{name}") is not None


def test_a_program_gets_what_follows_its_name(capsys):
    assert program.main(["gan-repro", "run", "--list"]) == 0
    listed = capsys.readouterr().out
    assert importlib.import_module("gan_repro.run").main(["run", "--list"]) == 0
    assert capsys.readouterr().out == listed


@pytest.mark.parametrize("words", [[], ["--help"]])
def test_without_a_program_it_lists_them(words, capsys):
    assert program.main(["gan-repro", *words]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in program.PROGRAMS)


@pytest.mark.parametrize("word", ["rum", "--list", "system"])
def test_what_is_no_program_is_one_line(word, capsys):
    assert program.main(["gan-repro", word]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and (word == "--list" or "run" in err)


def test_the_version_is_the_installed_packages(capsys):
    assert program.main(["gan-repro", "--version"]) == 0
    assert capsys.readouterr().out == f"gan_repro {importlib.metadata.version('gan_repro')}\n"
    assert gan_repro.__version__ == importlib.metadata.version("gan-repro")
