"""The names of weights: those of records against those of a training's files, old names on the command line, D's outputs."""

import types

import pytest

from gan_repro import shipped
from gan_repro.papers import configuration, weights_names
from gan_repro.runs.workdir import Workdir
from gan_repro.system.errors import UsageError

KEPT = {
    "best": "best",
    "last": "last",
    "ema-.9999": "averaged-exponential-.9999",
    "ema-1e-3": "averaged-exponential-1e-3",
    "mean-from-5": "averaged-uniform-5",
}


@pytest.mark.parametrize(("name", "kept"), KEPT.items())
def test_both_names_lead_to_one_file_and_the_folder_tells_the_new_one(name, kept, tmp_path):
    folder = Workdir(tmp_path)
    assert weights_names.name_of(kept) == weights_names.name_of(name) == name
    assert weights_names.kept_name(name) == weights_names.kept_name(kept) == kept
    assert folder.weights(name) == folder.weights(kept)
    folder.weights(kept).touch()
    assert folder.kinds() == [name] and weights_names.is_name(name)


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
    ("experiment", "dataset", "preset", "expected"),
    [
        ("goodfellow2014", "mnist", "paper", ("probability",)),
        ("wgan", "mnist", "quick", ("score",)),
        ("wgan", "mnist", "quick-gan", ("probability",)),
        ("wgan", "two_gaussians", "paper", ("probability", "score")),
    ],
)
def test_what_d_says_is_known_of_every_stage(experiment, dataset, preset, expected):
    found = configuration.find(experiment)
    config = configuration.resolve(found, dataset, preset)
    assert found.d_output(vars(config.recipe)) == found.d_output(config.as_dict()["recipe"]) == expected
