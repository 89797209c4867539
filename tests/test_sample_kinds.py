"""`gan_repro.sample` for generators of points and of contrast-normalised images, and for a paper that trains none."""

import json

import numpy as np
import pytest
from PIL import Image
from support.sampled import arrays, ask, refused

from gan_repro import data
from gan_repro.data.scaling import ContrastNormalised
from gan_repro.data.source import Spec
from gan_repro.networks import weights
from gan_repro.papers import configuration
from gan_repro.runs.workdir import Workdir


def described(place, name, dataset, shape):
    """(Workdir, Config) of a folder that says of a run what it was, without weights."""
    folder = Workdir(place / name)
    folder.path.mkdir()
    config = configuration.resolve(configuration.find(name), dataset, preset="smoke")
    folder.config.write_text(json.dumps(config.as_dict()))
    folder.manifest.write_text(json.dumps({"data": {"name": dataset, "title": dataset, "shape": shape, "classes": 0}}))
    return folder, config


@pytest.mark.parametrize(("dataset", "shape"), [("gaussian1d", (1, 1, 1)), ("mnist", (1, 1, 2))])
def test_points_are_drawn_and_had_as_they_are(dataset, shape, tmp_path, capsys):
    folder, config = described(tmp_path, "goodfellow2014", dataset, shape)
    network = configuration.model_of(config).generator(config.recipe, Spec(dataset, dataset, shape, 0, {}))
    network.set_weights([np.random.default_rng(0).normal(size=weight.shape) for weight in network.weights])
    weights.write(network, folder.weights("last"))
    assert ask(folder.path, f"--out={tmp_path / 'cloud.png'}", "--n=50") == 0
    assert np.asarray(Image.open(tmp_path / "cloud.png")).std() > 0
    had = arrays(folder.path, tmp_path / "points.npz", "--n=50")
    assert had.keys() == {"points", "z"} and had["points"].shape == (50, shape[2]) and had["points"].dtype == np.float32
    wanted = np.asarray(network(had["z"])).reshape(50, -1)
    np.testing.assert_allclose(had["points"], wanted, rtol=1e-4, atol=1e-5)
    for flag in ("--interpolate=linear", "--grid=5x5"):
        refused(2, [flag.partition("=")[0], "points"], capsys, folder.path, flag)


def test_contrast_normalised_samples_come_back_from_their_pixels(tmp_path):
    """Images j of different n are the same although their scale is their own; normalised again they are what G made."""
    folder = Workdir(tmp_path / "run")
    found = configuration.find("goodfellow2014")
    config = configuration.resolve(found, "cifar10", preset="smoke", settings=["generator_units=7,7", "output_irange=1"])
    spec = data.source.Spec("cifar10", "CIFAR-10", (32, 32, 3), 10, {}, configuration.scaling_of(config))
    assert isinstance(spec.scaling, ContrastNormalised)
    network = configuration.model_of(config).generator(config.recipe, spec)
    folder.path.mkdir()
    network.save_weights(folder.weights("last"))
    folder.config.write_text(json.dumps(config.as_dict()))
    folder.manifest.write_text(
        json.dumps({"data": {"name": "cifar10", "title": "CIFAR-10", "shape": [32, 32, 3], "classes": 10}})
    )
    few, many = (arrays(folder.path, tmp_path / "x.npz", f"--n={n}") for n in (4, 9))
    assert (many["images"][:4] == few["images"]).all() and few["images"].shape == (4, 32, 32, 3)
    made = np.asarray(network(few["z"], training=False), np.float64)
    for pixels, image in zip(np.float64(few["images"]), made):
        np.testing.assert_allclose(pixels / 127.5 - 1, image / np.abs(image).max(), atol=0.51 / 127.5)
    assert ask(folder.path, "--n=4") == 0 and (folder.samples / "last-seed0.png").exists()
    assert ask(folder.path, "--n=4", "--interpolate=linear", f"--out={tmp_path / 'x.gif'}") == 0


def test_runs_without_a_generator_of_images(tmp_path, capsys):
    folder, _ = described(tmp_path, "theis2015", "mnist", (28, 28, 1))
    folder.weights("last").touch()
    refused(1, ["theis2015, which trains no generator"], capsys, folder.path)
