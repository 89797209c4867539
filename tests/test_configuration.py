"""What the command line's choices resolve to: data set, model, preset, seed, epochs and settings, or what is valid."""

import dataclasses
import json

import pytest
from support.papers import goodfellow, message, theis

from gan_repro.papers import configuration
from gan_repro.papers.configuration import Config, resolve


def test_without_any_choice_it_is_the_papers_run_on_its_first_data_set():
    config = resolve(goodfellow())
    paper = goodfellow().models["mnist"].presets["paper"]
    assert config == Config("goodfellow2014", "mnist", "mnist", "paper", 0, paper)


def test_every_choice_reaches_the_configuration_and_nothing_else_changes():
    config = resolve(goodfellow(), "glyphs", "mnist", "smoke", 7, 3, ["learning_rate=0.25", "generator_units=", "momentum=0"])
    chosen = (config.experiment, config.dataset, config.model, config.preset, config.seed)
    assert chosen == ("goodfellow2014", "glyphs", "mnist", "smoke", 7)
    changed = {"epochs": 3, "learning_rate": 0.25, "generator_units": (), "momentum": 0.0}
    before = dataclasses.asdict(goodfellow().models["mnist"].recipe("smoke", "glyphs"))
    assert dataclasses.asdict(config.recipe) == before | changed and before != before | changed


# ---- data sets, presets, models --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dataset", ["npz:a.npz", "npz:/a/b c.npz", "npz:C:\\a.npz", "npz:npz", "images:folder", "images:/"])
def test_a_users_own_data_keep_their_path_and_have_the_experiments_recipes(dataset):
    for model in (None, "tfd", "convolutional"):
        config = resolve(goodfellow(), dataset, model, "quick")
        assert (config.dataset, config.model) == (dataset, model or "mnist")
        assert config.recipe == goodfellow().models[config.model].presets["quick"]


@pytest.mark.parametrize(
    "dataset, words",
    [
        ("mnsit", "Did you mean mnist?"),
        ("MNIST", "unknown dataset 'MNIST'"),
        ("", "unknown dataset ''"),
        ("npz", "Did you mean npz:PATH?"),
        ("npz:", "Did you mean npz:PATH?"),
        ("images", "Did you mean images:FOLDER?"),
        ("images:", "Did you mean images:FOLDER?"),
        (":a.npz", "unknown dataset ':a.npz'"),
        ("a.npz", "unknown dataset 'a.npz'"),
        ("svhn", "unknown dataset 'svhn'"),
        pytest.param("mnist:x", "unknown dataset 'mnist:x'", id="mnist-takes-no-path"),
        pytest.param("glyphs:x.npz", "unknown dataset 'glyphs:x.npz'", id="glyphs-take-no-path"),
    ],
)
def test_unknown_data_sets_name_the_valid_ones(dataset, words):
    text = message(resolve, goodfellow(), dataset)
    valid = text.partition("; valid: ")[2].partition(". ")[0].rstrip(".").split(", ")
    shown = {"npz": "npz:PATH", "images": "images:FOLDER"}
    assert words in text and valid == [shown.get(kind, kind) for kind in goodfellow().datasets] and valid[0] == "mnist"


@pytest.mark.parametrize("preset, words", [("papr", "Did you mean paper?"), ("Quick", "Did you mean quick?"), ("", "''")])
def test_unknown_presets_name_the_valid_ones(preset, words):
    text = message(resolve, goodfellow(), None, None, preset)
    assert words in text and "valid: paper, quick, smoke" in text


@pytest.mark.parametrize(
    "name, preset, words",
    [
        ("goodfellow2014", "quick-convolutional", ["--preset=quick --model=NAME", "Did you mean convolutional?"]),
        ("goodfellow2014", "paper-tfd", ["--preset=paper --model=NAME", "Did you mean tfd?"]),
        ("wgan", "quick-mlp-gan", ["--preset=quick --model=NAME", "Did you mean mlp-gan?"]),
        ("wgan", "smoke-28", ["--preset=smoke --model=NAME", "dcgan, dcgan-gan, nonorm"]),
        ("dcgan", "smoke-cifar10", ["--preset=smoke --model=NAME", "mnist, faces, imagenet, svhn"]),
    ],
)
def test_a_preset_of_a_model_says_that_these_are_two_flags_now(name, preset, words):
    text = message(resolve, configuration.find(name), None, None, preset)
    assert all(word in text for word in (f"--preset={preset}", *words)), text


@pytest.mark.parametrize(
    "name, dataset, model, words",
    [
        ("goodfellow2014", "mnist", "convolutonal", ["unknown model", "Did you mean convolutional?", "mnist, tfd, cifar10"]),
        ("goodfellow2014", None, "", ["unknown model ''", "valid: mnist, tfd"]),
        ("goodfellow2014", "mnist", "tfd", ["--model=tfd", "not for mnist", "tfd96", "npz", "mnist: mnist"]),
        ("goodfellow2014", "cifar10", "mnist", ["--model=mnist", "not for cifar10", "cifar10: cifar10, convolutional"]),
        ("wgan", "parallel_lines", "dcgan", ["--model=dcgan", "not for parallel_lines", "parallel_lines: lines"]),
        ("wgan", "npz:a.npz", "gaussians", ["--model=gaussians", "not for npz", "npz: dcgan, dcgan-gan"]),
    ],
)
def test_a_model_that_is_none_or_not_for_the_data_names_those_that_are(name, dataset, model, words):
    text = message(resolve, configuration.find(name), dataset, model)
    assert all(word in text for word in words), text


@pytest.mark.parametrize(
    "name, dataset, model",
    [
        ("goodfellow2014", "mnist", "mnist"),
        ("goodfellow2014", "tfd96", "tfd"),
        ("goodfellow2014", "cifar10", "cifar10"),
        ("goodfellow2014", "gaussian1d", "line"),
        ("goodfellow2014", "npz:a.npz", "mnist"),
        ("dcgan", "glyphs", "mnist"),
        ("dcgan", "cifar10", "imagenet"),
        ("dcgan", "svhn_cropped", "svhn"),
        ("dcgan", "lsun/bedroom", "faces"),
        ("dcgan", "images:a", "faces"),
        ("wgan", "celeb_a", "dcgan"),
        ("wgan", "two_gaussians", "gaussians"),
        ("theis2015", "tfd", "reference"),
    ],
)
def test_a_data_set_has_a_model_of_its_own(name, dataset, model):
    assert resolve(configuration.find(name), dataset).model == model


@pytest.mark.parametrize(
    "name, model, dataset",
    [("goodfellow2014", "convolutional", "cifar10"), ("wgan", "lines", "parallel_lines"), ("dcgan", "faces", "celeb_a")],
)
def test_a_model_alone_is_of_its_first_data_set(name, model, dataset):
    assert resolve(configuration.find(name), None, model).dataset == dataset


# ---- numbers and settings --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1])
def test_seeds(seed):
    assert resolve(goodfellow(), seed=seed).seed == seed


@pytest.mark.parametrize("seed", [-1, 2**31, 10**30])
def test_seeds_out_of_range(seed):
    assert f"seed = {seed}: must be >= 0 and < 2**31" in message(resolve, goodfellow(), None, None, "paper", seed)


@pytest.mark.parametrize("epochs", [0, -1, 10**9])
def test_epochs_out_of_range(epochs):
    assert f"epochs = {epochs}: must be >= 1" in message(resolve, goodfellow(), None, None, "paper", 0, epochs)


@pytest.mark.parametrize(
    "setting, words",
    [
        ("momentum=1", "momentum = 1.0: must be >= 0 and < 1"),
        ("input_keep=0", "input_keep = 0.0: must be "),
        ("input_keep=1.01", "input_keep = 1.01: must be "),
        ("learning_rate=-0.1", "learning_rate = -0.1: must be "),
        ("learning_rate_decay=0.99", "must be >= 1"),
        ("batch_size=0", "batch_size = 0: must be >= 1"),
        ("averages=mean-from-5,ema", "'ema'"),
        pytest.param("generator_units=64,0", "generator_units", id="no-layer-without-units"),
        pytest.param("discriminator_units=-1", "discriminator_units", id="no-layer-of-negative-units"),
    ],
)
def test_settings_out_of_range(setting, words):
    assert words in message(resolve, goodfellow(), None, None, "paper", 0, None, [setting])


def test_the_last_of_two_settings_holds_but_two_numbers_of_epochs_are_refused():
    assert resolve(goodfellow(), settings=["pieces=2", "pieces=3"]).recipe.pieces == 3
    assert resolve(goodfellow(), settings=["epochs=2"]).recipe.epochs == 2
    assert resolve(goodfellow(), epochs=4, settings=["epochs=4"]).recipe.epochs == 4
    text = message(resolve, goodfellow(), "mnist", None, "paper", 0, 4, ["epochs=3"])
    assert "--epochs=4 and --set=epochs=3" in text


def test_what_trains_nothing_has_no_epochs():
    text = message(resolve, theis(), None, None, "paper", 0, 3)
    assert "--epochs=3" in text and "theis2015 trains nothing" in text
    text = message(resolve, theis(), None, None, "paper", 0, None, ["epochs=3"])
    assert "'epochs'" in text and "centroids" in text


# ---- configurations as they are kept ---------------------------------------------------------------------------------


def test_a_configuration_survives_json():
    config = resolve(goodfellow(), "npz:a.npz", "tfd", "paper", 3, 5, ["averages=mean-from-1", "generator_units=5,100"])
    plain = config.as_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["recipe"]["generator_units"] == [5, 100] and plain["recipe"]["averages"] == ["mean-from-1"]


def test_runs_that_differ_in_their_length_or_in_pictures_alone_are_the_same_run():
    def of(*settings, epochs=None):
        return configuration.identity(resolve(goodfellow(), preset="quick", epochs=epochs, settings=settings).as_dict())

    assert of() == of(epochs=77) == of("samples_every=3")
    for other in ("n_samples=500", "validate_every=2", "averages=", "learning_rate=.2"):
        assert of() != of(other), other
    assert configuration.identity({"experiment": "goodfellow2014"}) == {"experiment": "goodfellow2014"}


def test_a_run_that_is_older_than_a_field_played_its_default():
    def of(*settings):
        return resolve(goodfellow(), preset="quick", settings=settings).as_dict()

    older = of()
    assert older["recipe"].pop("max_column_norm") == 0.0 and older["recipe"].pop("order") == "simultaneous"
    assert configuration.identity(older) == configuration.identity(of())
    assert configuration.identity(older) != configuration.identity(of("order=alternating"))
    assert configuration.from_dict(older).as_dict() == of()
    for other in ({"model": "gone"}, {"experiment": "gone"}, {"experiment": None}, {"experiment": [], "model": {}}):
        unknown = configuration.identity(older | other)  # of an experiment that has changed since, or of a damaged file
        assert unknown["recipe"].keys() < older["recipe"].keys()
