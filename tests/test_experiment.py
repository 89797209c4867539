"""Experiments by name, their models and recipes as the papers print them, and what `--set`, `--dataset`, ... turn into.

What a recipe then trains is tested with the game and the loop.
"""

import dataclasses
import itertools
import json
import math
import subprocess
import sys
import typing
from pathlib import Path

import pytest

from gan_repro.papers import configuration, experiment
from gan_repro.papers.configuration import Config, parse_setting, resolve
from gan_repro.papers.recipe import Recipe, TrainingRecipe, bounded, fields_of, parse_average, smoke_of
from gan_repro.reporting import comparison
from gan_repro.system.errors import UsageError

ROOT = Path(__file__).resolve().parent.parent


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
        ("names=ema-.9995,mean-from-5", ("ema-.9995", "mean-from-5")),
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
        ("ema-0.5", (0.5, 0)),
        ("ema-1e-3", (0.001, 0)),
        ("mean-from-0", (1.0, 0)),
        ("mean-from-5", (1.0, 5)),
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
        "ema-",
        "ema-0",
        "ema-1",
        "ema-1.5",
        "ema--.5",
        "ema-nan",
        "ema-inf",
        "ema-x",
        "mean-from",
        "mean-from--1",
        "mean-from-1.5",
        "mean-from-nan",
        "Mean-from-5",
        "ema",
        "mean-5",
        "mean-from-",
        "swa-.9",
        "../ema-.5",
    ],
)
def test_averages_that_are_none(kind):
    assert "ema-DECAY" in (text := message(parse_average, kind)) and "mean-from-EPOCH" in text and repr(kind) in text
    assert message(lambda: TrainingRecipe(epochs=1, batch_size=1, averages=("mean-from-1", kind))) == text


# ---- the command line's choices --------------------------------------------------------------------------------------


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


def test_what_trains_nothing_has_no_epochs():
    text = message(resolve, theis(), None, None, "paper", 0, 3)
    assert "--epochs=3" in text and "theis2015 trains nothing" in text
    text = message(resolve, theis(), None, None, "paper", 0, None, ["epochs=3"])
    assert "'epochs'" in text and "centroids" in text


def test_a_configuration_survives_json():
    config = resolve(goodfellow(), "npz:a.npz", "tfd", "paper", 3, 5, ["averages=mean-from-1", "generator_units=5,100"])
    plain = config.as_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["recipe"]["generator_units"] == [5, 100] and plain["recipe"]["averages"] == ["mean-from-1"]


# ---- models, phases, presets ------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sized(TrainingRecipe):
    """Fields with and without a value of their own in the preset smoke."""

    batch_size: int = bounded(100, low=1, high=10**6)
    width: int = bounded(1200, low=1, high=10**5, smoke=8)
    widths: tuple[int, ...] = bounded((1200, 600, 300), low=1, high=10**5, smoke=4)
    ends: tuple[int, ...] = bounded((1200, 600), low=1, high=10**5, smoke=(4, 2))
    judged: bool = bounded(True, role="evaluation", smoke=False)
    rate: float = bounded(0.1, above=0, high=1.0)


def model(**changes):
    """A Model of two presets that trains nothing."""
    given = {
        "title": "Nets",
        "datasets": ("mnist", "celeb_a", "npz"),
        "presets": {"paper": Sized(epochs=300), "quick": Sized(epochs=20, width=600)},
        "on": {"celeb_a": {"epochs": 25, "width": 64}, "npz": {"rate": 0.5}},
    }
    return experiment.Model(**(given | changes))


def paper(**models):
    """An Experiment with these models."""
    return experiment.Experiment(name="fake", title="Fake", reference="Nobody", models=models)


def test_smoke_has_each_field_as_it_is_declared_or_as_it_is():
    recipe = Sized(epochs=300, rate=0.3, averages=("mean-from-5",), n_samples=20_000)
    found = smoke_of(recipe)
    assert (found.width, found.widths, found.ends) == (8, (4, 4, 4), (4, 2))  # a tuple of its length, or the tuple given
    assert found.judged is False and (found.rate, found.batch_size, found.precision) == (0.3, 100, "float32")
    assert (found.epochs, found.steps_per_epoch, found.n_samples, found.averages) == (2, 20, 500, ())
    assert type(found) is Sized and recipe.width == 1200
    assert smoke_of(found) == found
    assert smoke_of(dataclasses.replace(recipe, widths=())).widths == ()


@pytest.mark.parametrize("name", configuration.names())
def test_smoke_follows_from_the_paper_preset_and_is_small(name):
    for each in configuration.find(name).models.values():
        for dataset in each.datasets:
            found = each.recipe("smoke", dataset)
            assert found == smoke_of(each.recipe("paper", dataset)) == smoke_of(found)
            assert found.n_samples <= 1000
            if each.phases:
                assert found.total_epochs <= 12 and 0 < found.steps_per_epoch <= 20


def test_a_data_set_may_change_fields_in_every_preset():
    found = model()
    plain = {preset: found.recipe(preset, "mnist") for preset in experiment.PRESETS}
    assert [plain[preset].epochs for preset in experiment.PRESETS] == [300, 20, 2]
    assert found.recipe("paper", "celeb_a") == dataclasses.replace(plain["paper"], epochs=25, width=64)
    assert found.recipe("quick", "celeb_a") == dataclasses.replace(plain["quick"], epochs=25, width=64)
    assert found.recipe("smoke", "celeb_a") == smoke_of(plain["paper"])
    assert found.recipe("smoke", "npz:a:b.npz") == dataclasses.replace(plain["smoke"], rate=0.5)


@pytest.mark.parametrize(
    "presets", [{}, {"paper": Sized(epochs=1)}, dict.fromkeys(("paper", "quick", "smoke"), Sized(epochs=1))]
)
def test_a_model_has_the_presets_paper_and_quick_and_no_other(presets):
    with pytest.raises(ValueError, match="fake, model nets: presets must be paper and quick"):
        paper(nets=model(presets=presets))


def test_an_experiment_finds_its_models_by_their_data():
    small, large = model(datasets=("mnist", "npz")), model(datasets=("celeb_a", "mnist", "npz", "images"))
    found = paper(small=small, large=large)
    assert found.datasets == ("mnist", "celeb_a", "npz", "images")
    assert [found.model_for(dataset) for dataset in ("mnist", "celeb_a", "npz:a", "images:a")] == ["small", "large"] * 2
    own = dataclasses.replace(found, own="large")
    assert [own.model_for(dataset) for dataset in ("mnist", "npz:a", "images:a")] == ["small", "large", "large"]
    assert found.find_model("large", "mnist") is large
    assert "valid: mnist, celeb_a, npz, images" in message(found.model_for, "tfd")
    assert "npz, images" not in message(found.find_model, "small", "images:a")
    assert (found.short_name, found.table) == ("fake", "fake")


def test_a_phase_is_a_game_of_the_recipes_epochs():
    phase = experiment.Phase(generator=print, discriminator=print, game=print)
    assert (phase.name, phase.epochs, phase.initialise, phase.grow) == ("game", "epochs", None, None)
    assert phase.averages and not phase.same_start
    with pytest.raises(TypeError):
        experiment.Phase(generator=print, discriminator=print)


# ---- the experiments -------------------------------------------------------------------------------------------------


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
    assert found.title and found.reference and found.short_name and found.table and found.deviations
    assert all(text.strip() for text in found.deviations)
    assert set(found.datasets) <= set(LOADERS) | set(found.sources), "a data set that nothing loads"
    titles = [model.title for model in found.models.values()]
    assert all(titles) and all(model.datasets and model.measures for model in found.models.values())
    paths = {"npz": "npz:PATH", "images": "images:FOLDER"}
    for named, model in found.models.items():
        for kind, preset in itertools.product(model.datasets, experiment.PRESETS):
            config = resolve(found, paths.get(kind, kind), named, preset)
            recipe = config.recipe
            assert recipe == model.recipe(preset, kind) and isinstance(recipe, Recipe)
            assert isinstance(recipe, TrainingRecipe) == bool(model.phases)
            assert all(hasattr(recipe, phase.epochs) for phase in model.phases)
            json.dumps(config.as_dict(), allow_nan=False)
            for role in ("schedule", "evaluation", "pictures") if isinstance(recipe, TrainingRecipe) else ():
                # A field that is declared anew says its role anew.
                assert fields_of(TrainingRecipe, role) <= fields_of(recipe, role), (kind, preset)
            # Every field can be set from the command line, and to the value that it has.
            settings = []
            for key, value in dataclasses.asdict(recipe).items():
                text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
                settings.append(f"{key}={text}")
            assert resolve(found, paths.get(kind, kind), named, preset, settings=settings) == config


@pytest.mark.parametrize("dataset", ["mnist", "glyphs", "npz:a.npz", "images:a"])
def test_goodfellow2014s_paper_preset_is_the_authors_mnist_yaml(dataset):
    recipe = dataclasses.asdict(resolve(goodfellow(), dataset).recipe)
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
    ours = {number.row for number in published if number.ours}
    assert ours == {goodfellow().models[model].title for model in ("mnist", "tfd")} == {"Adversarial nets"}


@pytest.mark.parametrize("name", configuration.names())
def test_what_a_paper_shows_is_of_its_own_models(name):
    """Numbers that are ours, claims and figures are found by a model's name, and by a data set that it has."""
    found = configuration.find(name)
    rows = {(model.title, dataset) for model in found.models.values() for dataset in model.datasets}
    own = [number for number in found.published if number.ours]
    assert {(comparison.own_model(found, number), number.dataset) for number in own} <= rows
    for claim in found.claims:
        assert all(claim.dataset in found.models[model].datasets for model, _ in claim.uses), claim.figure
    for figure in found.key_figures:
        assert figure.dataset in found.models[figure.model].datasets, figure.kind


def test_runs_that_differ_in_their_length_or_in_pictures_alone_are_the_same_run():
    def of(*settings, epochs=None):
        return configuration.identity(resolve(goodfellow(), preset="quick", epochs=epochs, settings=settings).as_dict())

    assert of() == of(epochs=77) == of("samples_every=3")
    for other in ("n_samples=500", "validate_every=2", "averages=", "learning_rate=.2"):
        assert of() != of(other), other
    assert configuration.identity({"experiment": "goodfellow2014"}) == {"experiment": "goodfellow2014"}


def test_the_last_of_two_settings_holds_but_two_numbers_of_epochs_are_refused():
    assert resolve(goodfellow(), settings=["pieces=2", "pieces=3"]).recipe.pieces == 3
    assert resolve(goodfellow(), settings=["epochs=2"]).recipe.epochs == 2
    assert resolve(goodfellow(), epochs=4, settings=["epochs=4"]).recipe.epochs == 4
    text = message(resolve, goodfellow(), "mnist", None, "paper", 0, 4, ["epochs=3"])
    assert "--epochs=4 and --set=epochs=3" in text
