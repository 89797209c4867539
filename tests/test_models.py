"""Models, phases and presets of an invented paper: smoke presets, data sets that change fields, which model is whose."""

import dataclasses

import pytest
from support.papers import message

from gan_repro.papers import experiment
from gan_repro.papers.recipe import TrainingRecipe, bounded, smoke_of


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


def test_a_data_set_may_change_fields_of_every_preset_but_its_own():
    found = model()
    plain = {preset: found.recipe(preset, "mnist") for preset in experiment.PRESETS}
    assert [plain[preset].epochs for preset in experiment.PRESETS] == [300, 20, 2]
    assert found.recipe("paper", "celeb_a") == dataclasses.replace(plain["paper"], epochs=25, width=64)
    assert found.recipe("quick", "celeb_a") == dataclasses.replace(plain["quick"], epochs=25)  # and its own width
    assert found.recipe("quick", "npz:a.npz") == dataclasses.replace(plain["quick"], rate=0.5)  # in which it is as the paper's
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
