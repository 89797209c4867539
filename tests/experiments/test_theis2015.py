"""theis2015: which space the stand-ins are measured in, how their pictures are drawn, what their measurements carry."""

import numpy as np
import pytest
from support import noise

from gan_repro.data.scaling import UNIT, ContrastNormalised
from gan_repro.evaluation import parzen
from gan_repro.evaluation.measurement import Curves
from gan_repro.figures import grids
from gan_repro.papers import configuration, experiment
from gan_repro.runs.trained import Finished
from gan_repro.runs.workdir import Workdir

EXPERIMENT = configuration.find("theis2015")


@pytest.mark.parametrize("preset", experiment.PRESETS)
def test_cifar10_is_seen_as_the_papers_networks_see_it(preset):
    theirs = configuration.find("goodfellow2014")
    paper = configuration.resolve(theirs, "cifar10", preset=preset)
    ours = configuration.resolve(EXPERIMENT, "cifar10", preset=preset)
    assert configuration.scaling_of(ours) == configuration.scaling_of(paper) == ContrastNormalised(55.0)
    for dataset in ("mnist", "tfd", "glyphs", "npz:a.npz", "images:a"):
        assert configuration.scaling_of(configuration.resolve(EXPERIMENT, dataset, preset=preset)) == UNIT
    pixels = configuration.resolve(EXPERIMENT, "cifar10", preset=preset, settings=["contrast_norm=0"])
    assert configuration.scaling_of(pixels) == UNIT


def test_the_images_of_a_user_stay_in_a_folder_of_their_own(tmp_path, monkeypatch):
    config, drawn = noise.config("theis2015", "npz:a.npz", "smoke"), []
    monkeypatch.setattr(grids, "sample_grid", lambda path, *rest: drawn.append(str(path.relative_to(tmp_path / "figures"))))
    noise.evaluate(Finished(EXPERIMENT, config, noise.source((6, 6, 1), UNIT, train=90), Workdir(tmp_path), Curves()))
    own = ["real-images/training-images.png", "real-images/k-means-centroids.png"]
    assert drawn == [*own, "the-mean-training-image.png"]


def test_all_training_images_are_measured_where_samples_are_fewer(tmp_path, monkeypatch):
    config = noise.config("theis2015", "mnist", "smoke", n_samples=50, centroids=9)
    source, drawn = noise.source((6, 6, 1), UNIT, train=90), []
    monkeypatch.setattr(grids, "sample_grid", lambda path, *rest: drawn.append(path.name))
    found = noise.evaluate(Finished(EXPERIMENT, config, source, Workdir(tmp_path), Curves()))
    names = ["training images", "all training images", "k-means centroids", "the mean training image"]
    assert [entry.reference for entry in found] == names
    assert [entry.n_samples for entry in found] == [50, 90, 9, 1]
    assert found[0].n_subsets is None  # of 90
    every = parzen.evaluate(source.scaled("train"), source.scaled("validation"), source.scaled("test"))
    assert found[1].value == pytest.approx(every.value, abs=1e-3)
    assert drawn == ["training-images.png", "k-means-centroids.png", "the-mean-training-image.png"]


def test_training_images_are_measured_over_three_disjoint_subsets(tmp_path, monkeypatch):
    config, drawn = noise.config("theis2015", "mnist", "smoke", n_samples=30, centroids=9), []
    source = noise.source((6, 6, 1), UNIT, train=90)
    monkeypatch.setattr(grids, "sample_grid", lambda path, images, *rest: drawn.append(images))
    found = noise.evaluate(Finished(EXPERIMENT, config, source, Workdir(tmp_path), Curves()))
    assert [entry.n_subsets for entry in found] == [3, None, None, None]
    order, train = np.random.default_rng(config.seed).permutation(90), source.scaled("train")
    sets = [train[order[i : i + 30]] for i in (0, 30, 60)]
    _, (nats,) = parzen.evaluate_sets(sets[0], sets, [(source.scaled("validation"), source.scaled("test"))])
    assert found[0].value == pytest.approx(nats.mean(), abs=1e-3)
    assert found[0].std_over_subsets == pytest.approx(nats.mean(axis=1).std(ddof=1), abs=1e-3)
    assert {image.tobytes() for image in drawn[0]} == {image.tobytes() for image in sets[0]}
    assert [entry.paired.to for entry in found[1:]] == ["training images"] * 3


@pytest.mark.parametrize("dataset, shape", [("mnist", (6, 6, 1)), ("cifar10", (6, 6, 3))])
def test_all_stand_ins_are_measured_and_drawn(dataset, shape, tmp_path, monkeypatch):
    config = noise.config("theis2015", dataset, "smoke")
    source = noise.source(shape, configuration.scaling_of(config), train=90)  # fewer than 100 centroids or 500 samples
    drawn = []
    monkeypatch.setattr(grids, "sample_grid", lambda path, images, *rest: drawn.append((path.name, images, *rest[2:])))
    found = noise.evaluate(Finished(EXPERIMENT, config, source, Workdir(tmp_path), Curves()))
    assert [entry.reference for entry in found] == ["training images", "k-means centroids", "the mean training image"]
    assert [entry.n_samples for entry in found] == [90, 22, 1]  # at most a quarter as many centroids
    assert [list(entry.sweep.n_samples) for entry in found] == [[90], [22], [1]]
    space = {"mnist": None, "cifar10": "contrast-normalised to norm 55"}[dataset]
    assert [entry.space for entry in found] == [space] * 3
    for name, images, title, low, high in drawn:
        assert len(images) == {"training-images.png": 90, "k-means-centroids.png": 22, "the-mean-training-image.png": 1}[name]
        limits = (0, 1) if space is None else (-np.abs(images).max(), np.abs(images).max())
        assert (low, high) == pytest.approx(limits)
        assert title.endswith("in place of samples") and (space or "noise)") in title
