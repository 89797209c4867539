"""Every experiment that there is: found by its name, presets of every model and data set, numbers as the papers print them."""

import dataclasses
import itertools
import json
import subprocess
import sys

import pytest
from support import ROOT
from support.papers import goodfellow, message, theis

from gan_repro.papers import configuration, experiment
from gan_repro.papers.configuration import resolve
from gan_repro.papers.recipe import Recipe, TrainingRecipe, fields_of, smoke_of
from gan_repro.reporting import comparison


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
                # A field that is declared anew says its role anew; what pictures follow from may be measured as well.
                kept = fields_of(recipe, "evaluation" if role == "pictures" else role)
                assert fields_of(TrainingRecipe, role) <= kept, (kind, preset)
            # Every field can be set from the command line, and to the value that it has.
            settings = []
            for key, value in dataclasses.asdict(recipe).items():
                text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
                settings.append(f"{key}={text}")
            assert resolve(found, paths.get(kind, kind), named, preset, settings=settings) == config


@pytest.mark.parametrize("name", configuration.names())
def test_smoke_follows_from_the_paper_preset_and_is_small(name):
    for each in configuration.find(name).models.values():
        for dataset in each.datasets:
            found = each.recipe("smoke", dataset)
            assert found == smoke_of(each.recipe("paper", dataset)) == smoke_of(found)
            assert found.n_samples <= 1000
            if each.phases:
                assert found.total_epochs <= 12 and 0 < found.steps_per_epoch <= 20


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
        ("Adversarial nets", "mnist"): (225, 2),
        ("DBN", "tfd"): (1909, 66),
        ("Stacked CAE", "tfd"): (2110, 50),
        ("Adversarial nets", "tfd"): (2057, 26),
    }
    published = goodfellow().published
    assert {(number.row, number.dataset): (number.value, number.standard_error) for number in published} == printed
    assert len(published) == len(printed)
    assert {(number.table, number.metric, number.unit) for number in published} == {("table1", "parzen_log_likelihood", "nats")}
    ours = {number.row for number in published if number.ours}
    assert ours == {goodfellow().models[model].title for model in ("mnist", "tfd")} == {"Adversarial nets"}
