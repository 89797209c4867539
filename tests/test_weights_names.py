"""The names of weights: those of records against those of a training's files, old names on the command line, D's outputs."""

import types

import pytest

from gan_repro import shipped
from gan_repro.papers import configuration, weights_names
from gan_repro.runs.workdir import Workdir
from gan_repro.system.errors import UsageError

NAMES = ("best", "last", "ema-.9999", "ema-1e-3", "mean-from-5")
OLDER = {"averaged-exponential-.9999": "ema-.9999", "exponential-1e-3": "ema-1e-3", "averaged-uniform-5": "mean-from-5"}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_that_of_the_file_in_a_runs_folder(name, tmp_path):
    folder = Workdir(tmp_path)
    folder.weights(name).touch()
    assert folder.kinds() == [name] and weights_names.is_name(name) and weights_names.name_of(name) == name


@pytest.mark.parametrize(("older", "name"), OLDER.items())
def test_an_older_spelling_means_the_same(older, name):
    assert weights_names.name_of(older) == name


def test_an_older_spelling_in_a_recipe_is_todays():
    config = configuration.resolve(configuration.find("cgan"), settings=["averages=exponential-.99,uniform-3"])
    assert config.recipe.averages == ("ema-.99", "mean-from-3")


def test_reference_samples_are_no_weights():
    assert not any(map(weights_names.is_name, ("training images", "D with random weights", "averages", "emax")))


def test_an_old_name_is_taken_and_the_new_one_is_said(capsys):
    run = types.SimpleNamespace(kinds=lambda: ["best", "ema-.9999"])
    assert shipped.choose_weights(run, "ema-.9999") == "ema-.9999" and capsys.readouterr().err == ""
    assert shipped.choose_weights(run, "averaged-exponential-.9999") == "ema-.9999"
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "ema-.9999 now" in err
    with pytest.raises(UsageError, match="best, ema-"):
        shipped.choose_weights(run, "averaged-uniform-5")


@pytest.mark.parametrize(
    ("experiment", "model", "expected"),
    [
        ("goodfellow2014", "mnist", ("probability",)),
        ("wgan", "dcgan", ("score",)),
        ("wgan", "dcgan-gan", ("probability",)),
        ("wgan", "gaussians", ("probability", "score")),
    ],
)
def test_what_d_says_is_known_of_every_phase(experiment, model, expected):
    found = configuration.find(experiment).models[model]
    assert found.d_output(found.presets["paper"]) == expected
