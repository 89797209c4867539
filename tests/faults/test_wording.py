"""A few answers word for word: what a message is like. Elsewhere tests ask only that it names what is wrong."""

import dataclasses
import typing

import pytest

from gan_repro import evaluate, run, sample, tables
from gan_repro.papers import configuration
from gan_repro.papers.experiment import PRESETS

G, CGAN = "--experiment=goodfellow2014", "--workdir=cgan"
ANSWERS = [
    (evaluate, [], "--workdir=DIR is missing: the folder of the run to evaluate"),
    (run, [G, "--preset=papr"], "unknown preset 'papr'; valid: paper, quick, smoke. Did you mean paper?"),
    (run, [G, "--epochs=-3"], "epochs = -3: must be >= 1 and <= 1000000"),
    (run, [G, "--epochs=many"], "flag --epochs=many: must be a whole number"),
    (run, [G, "--set=momentum=1"], "momentum = 1.0: must be >= 0 and < 1"),
    (run, [G, "--set=two\nlines"], "--set=two\\nlines: must be key=value"),
    (run, [G, "--workdir="], "--workdir= is empty: give it a value (--help says which), or leave the flag out"),
    (sample, [CGAN, "--grid=2x3", "--n=7"], "--grid=2x3 holds 6 images, fewer than --n=7"),
    (tables, ["records"], "unexpected argument 'records': only flags are taken, as --name=value. See --help."),
]


@pytest.mark.parametrize(("program", "arguments", "answer"), ANSWERS)
def test_an_answer(program, arguments, answer, capsys):
    assert program.main(["program", *arguments]) == 2
    assert capsys.readouterr() == ("", f"error: {answer}\n")


def test_a_choice_that_is_not_valid_is_answered_with_those_that_are(capsys):
    def answer(*arguments):
        assert run.main(["run", *arguments]) == 2
        return capsys.readouterr().err

    assert all(name in answer("--experiment=x") for name in configuration.names())
    for name in configuration.names():
        experiment = f"--experiment={name}"
        found = configuration.find(name)
        assert all(preset in answer(experiment, "--preset=x") for preset in PRESETS)
        assert all(model in answer(experiment, "--model=x") for model in found.models)
        kinds = {"npz": "npz:PATH", "images": "images:FOLDER"}
        assert all(kinds.get(kind, kind) in answer(experiment, "--dataset=x") for kind in found.datasets)
        recipe = type(next(iter(found.models.values())).presets["paper"])
        unknown = answer(experiment, "--set=x=1")
        for field in dataclasses.fields(recipe):
            assert field.name in unknown
            hint = typing.get_type_hints(recipe)[field.name]
            if typing.get_origin(hint) is typing.Literal:
                told = answer(experiment, f"--set={field.name}=x")
                assert all(option in told for option in typing.get_args(hint)), told
