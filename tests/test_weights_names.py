"""The names of weights: those of records against those of a training's files, D's outputs."""

import pytest

from gan_repro.papers import configuration, weights_names
from gan_repro.runs.workdir import Workdir

NAMES = ("best", "last", "ema-.9999", "ema-1e-3", "mean-from-5")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_that_of_the_file_in_a_runs_folder(name, tmp_path):
    folder = Workdir(tmp_path)
    folder.weights(name).touch()
    assert folder.kinds() == [name] and weights_names.is_name(name)


def test_reference_samples_are_no_weights():
    assert not any(map(weights_names.is_name, ("training images", "D with random weights", "averages", "emax")))


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
