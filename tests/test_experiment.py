"""Experiments by name, their recipes as the papers print them, and what `--set`, `--dataset`, `--preset` turn into.

What a recipe then trains is tested with the game and the loop.
"""

import dataclasses
import json
import math
import subprocess
import sys
import typing
from pathlib import Path

import pytest

from gan_repro.papers import configuration, experiment
from gan_repro.papers.configuration import Config, parse_setting, resolve
from gan_repro.papers.recipe import Recipe, TrainingRecipe, bounded, fields_of, parse_average
from gan_repro.system.errors import UsageError

ROOT = Path(__file__).resolve().parent.parent

# Known faults: what the tests with these marks ask for is right. Strict: who mends one takes its mark away.


@dataclasses.dataclass(frozen=True, kw_only=True)
class EveryKind(Recipe):
    """A field of every type that a recipe may have."""

    units: int = 3
    rate: float = 0.5
    fast: bool = False
    prior: typing.Literal["gaussian", "uniform"] = "gaussian"
    widths: tuple[int, ...] = (1, 2)
    names: tuple[str, ...] = ("a",)
    note: str = "-"
    limit: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bounds(Recipe):
    """A field for every kind of limit."""

    closed: int = bounded(5, low=1, high=10)
    open: float = bounded(0.5, above=0, below=1)
    half: float = bounded(0.5, low=0, below=1)


def goodfellow():
    return configuration.find("goodfellow2014")


def theis():
    return configuration.find("theis2015")


def message(function, *arguments):
    """The text of the UsageError that a call ends in; it is one line."""
    with pytest.raises(UsageError) as caught:
        function(*arguments)
    text = str(caught.value)
    assert "\n" not in text
    return text


# ---- --set=key=value -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "setting, value",
    [
        ("units=7", 7),
        ("units=-7", -7),
        ("rate=0.25", 0.25),
        ("rate=1e-6", 1e-6),
        ("rate=3", 3.0),  # a float, though it is written as an int: records of equal configurations must be equal
        ("fast=true", True),
        ("fast=False", False),
        ("prior=uniform", "uniform"),
        ("widths=1200,240", (1200, 240)),
        ("widths=9", (9,)),
        ("widths=", ()),
        ("names=exponential-.9995,uniform-5", ("exponential-.9995", "uniform-5")),
        ("names=", ()),
        ("note=a=b", "a=b"),
        ("note=", ""),
        ("limit=4", 4),
        ("limit=none", None),
        ("n_samples=50", 50),  # inherited
    ],
)
def test_a_setting_becomes_a_value_of_its_fields_type(setting, value):
    key, parsed = parse_setting(EveryKind, setting)
    assert (key, parsed) == (setting.partition("=")[0], value)
    assert type(parsed) is type(value)
    if isinstance(value, tuple):
        assert [type(entry) for entry in parsed] == [type(entry) for entry in value]


@pytest.mark.parametrize(
    "setting, words",
    [
        ("units", ["--set=units", "key=value"]),
        ("", ["key=value"]),
        ("=3", ["recipe field ''", "units, rate"]),
        ("unit=3", ["'unit'", "valid:", "units, rate, fast, prior, widths, names, note, limit", "Did you mean units?"]),
        ("Units=3", ["'Units'", "Did you mean units?"]),
        ("seed=3", ["'seed'", "valid:"]),  # has a flag of its own
        ("units=2.5", ["units=2.5", "whole number"]),
        ("units=1e3", ["units=1e3", "whole number"]),
        ("units=", ["units=", "whole number"]),
        ("units=true", ["units=true", "whole number"]),
        ("units=nan", ["units=nan", "whole number"]),
        ("rate=fast", ["rate=fast", "a number"]),
        ("rate=", ["rate=", "a number"]),
        ("rate=0,5", ["rate=0,5", "a number"]),
        ("rate=nan", ["rate=nan", "finite"]),
        ("rate=inf", ["rate=inf", "finite"]),
        ("rate=-inf", ["rate=-inf", "finite"]),
        ("rate=1e999", ["rate=1e999", "finite"]),
        ("fast=1", ["fast=1", "true or false"]),
        ("fast=", ["fast=", "true or false"]),
        ("prior=gausian", ["gaussian, uniform", "Did you mean gaussian?"]),
        ("prior=", ["gaussian, uniform"]),
        ("widths=1,2.5", ["widths=2.5", "whole number"]),
        ("widths=1,", ["widths=", "whole number"]),
        ("widths=1;2", ["widths=1;2", "whole number"]),
        ("widths=(1,2)", ["widths=(1", "whole number"]),
        ("limit=x", ["limit=x", "whole number"]),
    ],
)
def test_a_wrong_setting_says_what_is_valid(setting, words):
    text = message(parse_setting, EveryKind, setting)
    assert all(word in text for word in words), text


@pytest.mark.parametrize("field, value", [("closed", 1), ("closed", 10), ("half", 0.0), ("half", 0.999), ("open", 1e-300)])
def test_limits_that_are_part_of_the_range(field, value):
    assert getattr(Bounds(**{field: value}), field) == value


@pytest.mark.parametrize(
    "field, value, words",
    [
        ("closed", 0, "closed = 0: must be >= 1 and <= 10"),
        ("closed", 11, "closed = 11: must be >= 1 and <= 10"),
        ("open", 0.0, "open = 0.0: must be > 0 and < 1"),
        ("open", 1.0, "open = 1.0: must be > 0 and < 1"),
        ("half", -1e-9, "must be >= 0 and < 1"),
        ("half", 1.0, "half = 1.0: must be >= 0 and < 1"),
        ("open", math.nan, "open = nan"),
        ("half", math.nan, "half = nan"),
        ("half", math.inf, "half = inf"),
        ("n_samples", 1, "n_samples = 1: must be >= 2"),
    ],
)
def test_what_is_out_of_range_is_refused_however_a_recipe_is_made(field, value, words):
    assert words in message(lambda: Bounds(**{field: value}))
    assert words in message(lambda: dataclasses.replace(Bounds(), **{field: value}))


@pytest.mark.parametrize(
    "kind, expected",
    [
        ("ema-.9999", (0.9999, 0)),
        ("mean-from-5", (1.0, 5)),
        ("exponential-.9999", (0.9999, 0)),
        ("exponential-0.5", (0.5, 0)),
        ("exponential-1e-3", (0.001, 0)),
        ("uniform-0", (1.0, 0)),
        ("uniform-5", (1.0, 5)),
    ],
)
def test_averages(kind, expected):
    assert parse_average(kind) == expected
    assert TrainingRecipe(epochs=1, batch_size=1, averages=(kind,)).averages == (kind,)


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "exponential",
        "exponential-",
        "exponential-0",
        "exponential-1",
        "exponential-1.5",
        "exponential--.5",
        "exponential-nan",
        "exponential-inf",
        "exponential-x",
        "uniform",
        "uniform-",
        "uniform--1",
        "uniform-1.5",
        "uniform-nan",
        "Uniform-5",
        "ema-1",
        "ema",
        "mean-5",
        "mean-from-",
        "swa-.9",
        "../exponential-.5",
    ],
)
def test_averages_that_are_none(kind):
    assert "ema-DECAY" in (text := message(parse_average, kind)) and "mean-from-EPOCH" in text and repr(kind) in text
    assert message(lambda: TrainingRecipe(epochs=1, batch_size=1, averages=("uniform-1", kind))) == text


# ---- the command line's choices --------------------------------------------------------------------------------------


def test_without_any_choice_it_is_the_papers_run_on_its_first_data_set():
    config = resolve(goodfellow())
    assert config == Config("goodfellow2014", "mnist", "paper", 0, goodfellow().recipes["mnist"]["paper"])


def test_every_choice_reaches_the_configuration_and_nothing_else_changes():
    config = resolve(goodfellow(), "glyphs", "smoke", 7, 3, ["learning_rate=0.25", "generator_units=", "momentum=0"])
    assert (config.experiment, config.dataset, config.preset, config.seed) == ("goodfellow2014", "glyphs", "smoke", 7)
    changed = {"epochs": 3, "learning_rate": 0.25, "generator_units": (), "momentum": 0.0}
    before = dataclasses.asdict(goodfellow().recipes["glyphs"]["smoke"])
    assert dataclasses.asdict(config.recipe) == before | changed and before != before | changed


@pytest.mark.parametrize("dataset", ["npz:a.npz", "npz:/a/b c.npz", "npz:C:\\a.npz", "npz:npz", "images:folder", "images:/"])
def test_a_users_own_data_keep_their_path_and_have_the_experiments_recipes(dataset):
    config = resolve(goodfellow(), dataset, "quick")
    assert config.dataset == dataset
    assert config.recipe == goodfellow().recipes[dataset.partition(":")[0]]["quick"]


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
    assert words in text and "valid: mnist, tfd, " in text and "npz:PATH, images:FOLDER." in text


@pytest.mark.parametrize("preset, words", [("papr", "Did you mean paper?"), ("Quick", "Did you mean quick?"), ("", "''")])
def test_unknown_presets_name_the_valid_ones(preset, words):
    text = message(resolve, goodfellow(), None, preset)
    assert words in text and "valid: paper, quick, smoke" in text


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1])
def test_seeds(seed):
    assert resolve(goodfellow(), seed=seed).seed == seed


@pytest.mark.parametrize("seed", [-1, 2**31, 10**30])
def test_seeds_out_of_range(seed):
    assert f"seed = {seed}: must be >= 0 and < 2**31" in message(resolve, goodfellow(), None, "paper", seed)


@pytest.mark.parametrize("epochs", [0, -1, 10**9])
def test_epochs_out_of_range(epochs):
    assert f"epochs = {epochs}: must be >= 1" in message(resolve, goodfellow(), None, "paper", 0, epochs)


@pytest.mark.parametrize(
    "setting, words",
    [
        ("momentum=1", "momentum = 1.0: must be >= 0 and < 1"),
        ("input_keep=0", "input_keep = 0.0: must be "),
        ("input_keep=1.01", "input_keep = 1.01: must be "),
        ("learning_rate=-0.1", "learning_rate = -0.1: must be "),
        ("learning_rate_decay=0.99", "must be >= 1"),
        ("batch_size=0", "batch_size = 0: must be >= 1"),
        ("averages=uniform-5,ema", "'ema'"),
        pytest.param("generator_units=64,0", "generator_units", id="no-layer-without-units"),
        pytest.param("discriminator_units=-1", "discriminator_units", id="no-layer-of-negative-units"),
    ],
)
def test_settings_out_of_range(setting, words):
    assert words in message(resolve, goodfellow(), None, "paper", 0, None, [setting])


def test_what_trains_nothing_has_no_epochs():
    assert message(resolve, theis(), None, "paper", 0, 3) == "--epochs=3: theis2015 trains nothing"
    text = message(resolve, theis(), None, "paper", 0, None, ["epochs=3"])
    assert "'epochs'" in text and "centroids" in text


def test_a_configuration_survives_json():
    config = resolve(goodfellow(), "npz:a.npz", "paper", 3, 5, ["averages=uniform-1", "generator_units=5,6"])
    plain = config.as_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["recipe"]["generator_units"] == [5, 6] and plain["recipe"]["averages"] == ["uniform-1"]


# ---- the experiments -------------------------------------------------------------------------------------------------


def test_a_field_that_an_older_configuration_lacks_has_its_default():
    now = resolve(configuration.find("goodfellow2014"), "mnist", "quick", 3, settings=["latent=7"]).as_dict()
    older = now | {"recipe": {key: value for key, value in now["recipe"].items() if key != "order"}}
    assert configuration.filled(older) == now == configuration.filled(now)
    assert configuration.filled(older | {"preset": "none"}) == older | {"preset": "none"}  # whose, nobody knows


def test_names_are_the_modules_and_are_found_without_tensorflow():
    code = (
        "import sys\n"
        "from gan_repro.papers import configuration\n"
        "for name in configuration.names():\n"
        "    found = configuration.find(name)\n"
        "    assert found.name == name, name\n"
        "    configuration.resolve(found)\n"
        "loaded = {'tensorflow', 'keras', 'tensorflow_datasets', 'matplotlib'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
        "print(*configuration.names())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    modules = {path.stem for path in (ROOT / "experiments").glob("[!_]*.py")}
    modules |= {path.parent.name for path in (ROOT / "experiments").glob("*/__init__.py")}
    assert done.stdout.split() == sorted(modules) and {"goodfellow2014", "theis2015"} <= modules


def test_a_new_paper_is_one_new_file(tmp_path, monkeypatch):
    import experiments as package

    (tmp_path / "newpaper.py").write_text(
        "import dataclasses\nfrom experiments import theis2015\n"
        "EXPERIMENT = dataclasses.replace(theis2015.EXPERIMENT, name='newpaper')\n"
    )
    (tmp_path / "_helper.py").write_text("")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "experiments.newpaper", raising=False)
    assert {"newpaper", "goodfellow2014"} <= set(configuration.names()) and "_helper" not in configuration.names()
    assert configuration.find("newpaper") == dataclasses.replace(theis(), name="newpaper")
    monkeypatch.delitem(sys.modules, "experiments.newpaper")
    monkeypatch.delattr(package, "newpaper")


@pytest.mark.parametrize(
    "name, words",
    [
        ("goodfelow2014", "Did you mean goodfellow2014?"),
        ("theis", "Did you mean theis2015?"),
        ("__init__", "unknown experiment"),
    ],
)
def test_unknown_experiments_name_the_valid_ones(name, words):
    text = message(configuration.find, name)
    assert words in text and ", ".join(configuration.names()) in text


@pytest.mark.parametrize("name", configuration.names())
def test_every_preset_of_every_data_set_resolves(name):
    from gan_repro.data import LOADERS

    found = configuration.find(name)
    assert found.title and found.reference and found.row and found.table and found.deviations
    assert all(text.strip() for text in found.deviations)
    paths = {"npz": "npz:PATH", "images": "images:FOLDER"}
    assert set(found.recipes) <= set(LOADERS), "a data set that nothing loads"
    for kind, presets in found.recipes.items():
        assert set(presets) >= set(experiment.PRESETS), kind
        models = {preset.removeprefix(experiment.level(preset)) for preset in presets}
        assert set(presets) == {level + model for level in experiment.PRESETS for model in models}, kind
        for preset, recipe in presets.items():
            config = resolve(found, paths.get(kind, kind), preset)
            assert config.recipe == recipe and isinstance(recipe, Recipe)
            json.dumps(config.as_dict(), allow_nan=False)
            for role in ("schedule", "evaluation", "pictures") if isinstance(recipe, TrainingRecipe) else ():
                # A field that is declared anew says its role anew.
                assert fields_of(TrainingRecipe, role) <= fields_of(recipe, role), (kind, preset)
            # Every field can be set from the command line, and to the value that it has.
            settings = []
            for key, value in dataclasses.asdict(recipe).items():
                text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
                settings.append(f"{key}={text}")
            assert resolve(found, paths.get(kind, kind), preset, settings=settings) == config


@pytest.mark.parametrize("dataset", ["mnist", "glyphs", "npz:a.npz", "images:a"])
def test_goodfellow2014s_paper_preset_is_the_authors_mnist_yaml(dataset):
    recipe = dataclasses.asdict(resolve(goodfellow(), dataset, "paper").recipe)
    constants = {
        # The two networks.
        "latent": 100,
        "prior": "uniform_unit_variance",
        "generator_units": (1200, 1200),
        "generator_irange": 0.05,
        "discriminator_units": (240, 240),
        "pieces": 5,
        "discriminator_irange": 0.005,
        # D's dropout.
        "input_keep": 0.8,
        "input_scale": 1.25,
        "hidden_keep": 0.5,
        "hidden_scale": 2.0,
        # AdversaryCost2.
        "objective": "non_saturating",
        "d_loss_weight": 0.5,
        # Momentum SGD.
        "batch_size": 100,
        "learning_rate": 0.1,
        "learning_rate_decay": 1.000004,
        "learning_rate_minimum": 1e-6,
        "momentum": 0.5,
        "momentum_final": 0.7,
        "momentum_saturates": 250,
        # Whole epochs in single precision; Table 1's protocol.
        "epochs": 1000,
        "steps_per_epoch": 0,
        "precision": "float32",
        "n_samples": 10_000,
    }
    assert {key: recipe[key] for key in constants} == constants


def test_goodfellow2014_answers_to_the_papers_table_1():
    printed = {
        ("DBN", "mnist"): (138, 2),
        ("Stacked CAE", "mnist"): (121, 1.6),
        ("Deep GSN", "mnist"): (214, 1.1),
        ("Adversarial nets", "mnist"): (225, 2),
        ("DBN", "tfd"): (1909, 66),
        ("Stacked CAE", "tfd"): (2110, 50),
        ("Deep GSN", "tfd"): (1890, 29),
        ("Adversarial nets", "tfd"): (2057, 26),
    }
    published = goodfellow().published
    assert {(number.row, number.dataset): (number.value, number.standard_error) for number in published} == printed
    assert len(published) == len(printed)
    assert {(number.table, number.metric, number.unit) for number in published} == {("table1", "parzen_log_likelihood", "nats")}
    assert {number.row for number in published if number.ours} == {goodfellow().row} == {"Adversarial nets"}


@pytest.mark.parametrize(
    "name, dataset, preset, model",
    [
        ("goodfellow2014", "mnist", "paper", "Adversarial nets"),
        ("goodfellow2014", "cifar10", "paper", "Adversarial nets (fully connected)"),
        ("goodfellow2014", "cifar10", "quick-convolutional", "Adversarial nets (convolutional)"),
        ("goodfellow2014", "npz:x.npz", "quick-cifar10", "Adversarial nets (fully connected)"),
        ("goodfellow2014", "npz:x.npz", "quick-tfd", "Adversarial nets"),
        ("wgan", "mnist", "quick", "WGAN, DCGAN generator"),
        ("wgan", "mnist", "quick-mlp-gan", "GAN, MLP generator"),
        ("wgan", "two_gaussians", "paper", "Discriminator and critic"),
        ("cgan", "mnist", "paper", "Conditional adversarial nets"),
    ],
)
def test_a_preset_says_which_model_a_run_is_of(name, dataset, preset, model):
    assert configuration.find(name).model(preset, dataset) == model


def test_runs_that_differ_in_their_length_or_in_pictures_alone_are_the_same_run():
    def of(*settings, epochs=None):
        return configuration.identity(resolve(goodfellow(), preset="quick", epochs=epochs, settings=settings).as_dict())

    assert of() == of(epochs=77) == of("samples_every=3")
    for other in ("n_samples=500", "validate_every=2", "averages=", "learning_rate=.2"):
        assert of() != of(other), other
    older = resolve(goodfellow(), preset="quick").as_dict()
    del older["recipe"]["order"]
    assert configuration.identity(older) == of()
    assert configuration.identity({"experiment": "goodfellow2014"}) == {"experiment": "goodfellow2014"}


def test_the_last_of_two_settings_holds_but_two_numbers_of_epochs_are_refused():
    assert resolve(goodfellow(), settings=["pieces=2", "pieces=3"]).recipe.pieces == 3
    assert resolve(goodfellow(), settings=["epochs=2"]).recipe.epochs == 2
    assert resolve(goodfellow(), epochs=4, settings=["epochs=4"]).recipe.epochs == 4
    text = message(resolve, goodfellow(), "mnist", "paper", 0, 4, ["epochs=3"])
    assert "--epochs=4 and --set=epochs=3" in text
