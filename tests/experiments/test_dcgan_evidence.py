"""What a small trained DCGAN leaves: figures, measurements, whose features are compared, and the verdict on them."""

import copy
import itertools
import json

import numpy as np
import pytest
from support import noise
from support.records import grouped, make_record, measurement

from experiments import dcgan
from gan_repro import run
from gan_repro.evaluation import features, representations
from gan_repro.evaluation.measurement import Curves, Subject
from gan_repro.papers import configuration
from gan_repro.reporting import comparison, formats
from gan_repro.runs.trained import Finished
from gan_repro.runs.workdir import Workdir
from gan_repro.system.errors import RunError

EXPERIMENT = configuration.find("dcgan")

RANDOM = Subject(reference="D with random weights")


pytestmark = [pytest.mark.e2e, pytest.mark.slow]  # of a whole run


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The folder of a tiny unlabelled model trained on labelled colour images by the real command."""
    folder = tmp_path_factory.mktemp("dcgan")
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 600)
    images = rng.integers(0, 100, (600, 32, 32, 3)) + 50 * labels[:, None, None, None]
    np.savez(folder / "colour.npz", images=np.uint8(images), labels=labels)
    words = ["run", "--experiment=dcgan", f"--dataset=npz:{folder / 'colour.npz'}", "--preset=smoke", "--epochs=1"]
    words += ["--model=imagenet", "--set=steps_per_epoch=2", "--set=batch_size=8", "--set=svm_images=150"]
    words += [f"--workdir={folder / 'run'}"]
    assert run.main(words) == 0
    return folder / "run"


def finished(place):
    from gan_repro import data
    from gan_repro.runs import runner

    experiment, config = runner.load_config(Workdir(place))
    return Finished(
        experiment, config, data.load(config.dataset, None, configuration.scaling_of(config)), Workdir(place), Curves()
    )


@pytest.mark.slow
def test_an_unlabelled_model_of_labelled_images(place):
    figures = {path.name for path in (place / "figures").iterdir()}
    assert figures == {"curves.png", "samples-last.png", "walk-last.png", "arithmetic-last.png"}
    found = json.loads((place / "record.json").read_text())["measurements"]
    assert [(entry["metric"], entry["weights"] or entry["reference"]) for entry in found] == [
        ("arithmetic_brightness_percentile", "last"),
        ("arithmetic_balance_percentile", "last"),
        ("svm_accuracy", "last"),
        ("svm_accuracy", "D with random weights"),
    ]
    for entry in found[2:]:
        assert entry["n_samples"] == 150 and entry["split"] == "test" and entry["cost"] in features.COSTS
        assert entry["value"] > 80  # classes differ in brightness
        share = entry["value"] / 100
        assert entry.get("n_draws") == (None if entry["weights"] else 5)
        assert entry["standard_error"] == pytest.approx(100 * np.sqrt(share * (1 - share) / entry["n_test"]))


@pytest.mark.slow
def test_the_features_are_those_of_the_trained_d(place):
    seen = finished(place)
    compared = dcgan.discriminators(seen)
    last = seen.model.discriminator(seen.config.recipe, seen.source.spec)
    last.load_weights(place / "discriminator.weights.h5")
    for ours, theirs in zip(compared[Subject("last")][0].get_weights(), last.get_weights()):
        np.testing.assert_array_equal(ours, theirs)
    kernels = [network.get_layer("down_0").kernel.numpy() for network in (last, *compared[RANDOM])]
    assert len(kernels) == 6 and all((one != other).all() for one, other in itertools.combinations(kernels, 2))
    for network, again in zip(compared[RANDOM], dcgan.discriminators(seen)[RANDOM]):
        for ours, theirs in zip(network.get_weights(), again.get_weights()):
            np.testing.assert_array_equal(ours, theirs)


def test_without_its_weights_it_is_an_error(place, tmp_path):
    seen = finished(place)
    with pytest.raises(RunError, match="cannot read the discriminator's weights"):
        dcgan.discriminators(Finished(EXPERIMENT, seen.config, seen.source, Workdir(tmp_path), Curves()))


def test_the_svm_gets_each_split_with_its_own_labels(place, monkeypatch):
    seen, given = finished(place), []
    fitted = []  # batch norm gets the statistics of the images that the SVM is fitted on
    monkeypatch.setattr(features, "take_statistics", lambda network, images, size: fitted.append((len(images), size)))
    monkeypatch.setattr(features, "extract", lambda network, images: images.reshape(len(images), -1))
    monkeypatch.setattr(features, "svm_accuracy", lambda *sets: given.extend(sets) or (0.75, 1.0, {}))
    (found,) = representations.svm_on_features(seen, {Subject("last"): [None]}, 10**6)
    sizes = seen.source.spec.sizes
    assert found.value == 75 and found.n_samples == sizes["train"] and found.cost_at_edge is False
    assert fitted == [(sizes["train"], seen.config.recipe.batch_size)]
    for split, (images, labels) in zip(("train", "validation", "test"), given):
        assert len(images) == len(labels) == sizes[split]
        assert -1 <= images.min() < images.max() <= 1  # as D sees them
        means = (images.mean(axis=1) + 1) * 127.5  # uniform in 0..99 plus 50 for each class
        np.testing.assert_array_equal(np.rint((means - 49.5) / 50), labels)
    order = np.random.default_rng(0).permutation(sizes["train"])
    np.testing.assert_array_equal(given[0][1], seen.source.labels("train")[order])


def test_what_was_trained_on_other_data_is_other_conditions():
    of = {
        "metric": "svm_accuracy",
        "unit": "%",
        "dataset": "cifar10",
        "standard_error": 0.1,
        "n_samples": 50_000,
        "sigma": None,
    }
    entries = [measurement(99.0, subject, **of) for subject in ("last", "D")]
    config = noise.config("dcgan", "cifar10").as_dict()
    members = [
        make_record(seed, copy.deepcopy(entries), config["recipe"], "cifar10", config["preset"], 60, "dcgan", config["model"])
        for seed in range(3)
    ]
    for content in members:
        content["manifest"]["data"]["title"] = "CIFAR-10"
        content["config"]["recipe"] = config["recipe"]
    table = comparison.build("dcgan", [EXPERIMENT], grouped(members))
    line, random = table.lines
    assert line.verdict.word == "other conditions" and line.condition_differences == (
        "D trained on CIFAR-10 (paper: on ImageNet)",
    )
    assert (random.section, random.label, random.verdict) == ("reference", "D", None)
    text = formats.markdown(table)
    assert "| Exemplar CNN |  | 84.3 |" in text and "| DCGAN | Guided backpropagation" in text
    members[0]["measurements"][0]["n_samples"] = 10_000
    (line, *_) = comparison.build("dcgan", [EXPERIMENT], grouped(members[:1])).lines
    assert "evaluation: n_samples 10,000 (paper: 50,000)" in line.condition_differences


@pytest.mark.parametrize("name", ["dcgan", "wgan", "cgan"])
def test_what_was_not_run_has_its_reasons(name):
    found = configuration.find(name).not_run
    assert found and all(len(what) > 10 and len(why) > 10 for what, why in found)


def test_of_several_networks_the_accuracy_is_the_mean(place, monkeypatch):
    monkeypatch.setattr(features, "take_statistics", lambda *arguments: None)
    monkeypatch.setattr(features, "extract", lambda share, images: np.full((len(images), 1), share))
    monkeypatch.setattr(features, "svm_accuracy", lambda train, *rest: (train[0][0, 0], 1.0, {}))
    (found,) = representations.svm_on_features(finished(place), {RANDOM: [0.25, 0.5, 0.75]}, 10)
    assert (found.value, found.n_draws, found.std_over_draws) == (50, 3, 25)
