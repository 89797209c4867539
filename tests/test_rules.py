"""rules.stages: what a model's phases, measures and data become, what is refused before anything is trained."""

import dataclasses
import types

import numpy as np
import pytest
from support import marks, noise

from gan_repro.data import preparation
from gan_repro.data.source import Spec
from gan_repro.papers import configuration
from gan_repro.papers.experiment import OWN
from gan_repro.reporting.record import read
from gan_repro.runs import runner, trained
from gan_repro.system.errors import DataError, UsageError
from gan_repro.training import rules

pytestmark = pytest.mark.played

SIDES = (28, 32, 48, 64)
OWNED = [
    (name, model)
    for name in configuration.names()
    for model, described in configuration.find(name).models.items()
    if described.phases and set(OWN) <= set(described.datasets)
]


@pytest.mark.parametrize("channels", marks.slow_after(1, [3, 1]))
@pytest.mark.parametrize(("name", "model"), marks.slow_after(4, OWNED))
def test_images_of_the_usual_sizes_need_no_setting(name, model, channels):
    """The networks of every model that takes a user's own images, at every size; one model is of 32 x 32 alone."""
    config = noise.config(name, "npz:a.npz", "smoke", model=model)
    built, recipe = configuration.model_of(config), config.recipe
    for side in SIDES:
        spec = Spec("npz:a.npz", "a.npz", (side, side, channels), 10, {"train": 100, "validation": 20, "test": 20})
        if model == "convolutional" and side != 32:
            with pytest.raises(UsageError, match=f"images are {side} x {side}.*makes images of 32 x 32"):
                built.generator(recipe, spec)
            continue
        g = built.generator(recipe, spec)
        if not built.d_output(recipe):  # it learns alone
            assert [each.shape[1:] for each in (*g.inputs, g.output)] == [spec.shape] * 2
            continue
        d = built.discriminator(recipe, spec)
        heads = d.output.values() if isinstance(d.output, dict) else [d.output]
        assert g.output.shape[1:] == d.inputs[0].shape[1:] == spec.shape and (1,) in [head.shape[1:] for head in heads]
        told = len(g.inputs) if isinstance(d.output, dict) else len(d.inputs)  # a D that tells the label is not told it
        assert g.inputs[0].shape[1:] == (built.prior(recipe).size,) and len(g.inputs) == told


@pytest.mark.parametrize(
    ("name", "model", "shape", "near"),
    [
        ("dcgan", "faces", (30, 30, 3), "28 x 28 or 32 x 32"),
        ("dcgan", "mnist", (30, 30, 1), "28 x 28 or 32 x 32"),
        ("dcgan", "imagenet", (31, 32, 3), "30 x 32 or 32 x 32"),
        ("dcgan", "svhn", (64, 66, 3), "64 x 64 or 64 x 68"),
        ("wgan", "dcgan", (50, 50, 1), "48 x 48 or 52 x 52"),
        ("wgan", "nonorm-gan", (2, 2, 1), "4 x 4"),
    ],
)
def test_a_size_that_no_layers_make_is_one_line_with_the_nearest_that_some_do(name, model, shape, near):
    config = noise.config(name, "npz:a.npz", "smoke", model=model)

    def build(shape):
        return configuration.model_of(config).generator(config.recipe, Spec("npz:a.npz", "a.npz", shape, 10, {}))

    with pytest.raises(UsageError) as caught:
        build(shape)
    text = str(caught.value)
    assert f"{shape[0]} x {shape[1]}" in text and text.endswith(near) and "\n" not in text
    for size in near.split(" or "):
        height, width = map(int, size.split(" x "))
        assert build((height, width, shape[2])).output.shape[1:] == (height, width, shape[2])


# ---- measures ---------------------------------------------------------------------------------------------------------


class Measure:
    """A measure that asks for `split`, refuses what `refuses` says, and validates by a number of its own."""

    def __init__(self, split, number=None, refuses=""):
        self.split, self.number, self.refuses = split, number, refuses

    def check(self, recipe, spec):
        if self.refuses:
            raise UsageError(f"{spec.title}: {self.refuses}")

    def requires(self, recipe, spec):
        return (self.split,)

    def validation(self, recipe, source):
        return lambda images: self.number

    def __call__(self, run):
        raise AssertionError("nothing is measured before a training")


@pytest.fixture
def stages(monkeypatch):
    """(measures, phases) -> the stages of MNIST's model of 2014 with these, and the splits that were asked for."""

    def make(measures, phases=None):
        whole = configuration.find("goodfellow2014")
        model = dataclasses.replace(whole.models["mnist"], measures=measures)
        model = model if phases is None else dataclasses.replace(model, phases=phases)
        found = dataclasses.replace(whole, models={"mnist": model})
        monkeypatch.setattr(configuration, "find", lambda name: found)
        source, asked = noise.source((4, 4, 1)), []
        source.require = asked.append
        return rules.stages(configuration.resolve(found, preset="smoke"), source), asked

    return make


def test_the_first_measure_that_validates_chooses_the_best_generator(stages):
    plain = types.SimpleNamespace()  # a measure that is a function has none of these
    (stage,), asked = stages((plain, Measure("test", 7.0), Measure("validation", 8.0)))
    assert stage.validate(None) == 7.0 and asked == ["test", "validation"]
    assert (stage.epochs, stage.validation_samples, stage.validate_every) == (2, 500, 1)
    (stage,), asked = stages((plain,))
    assert stage.validate is None and asked == []


def test_a_measure_refuses_before_a_training_what_it_could_not_measure(stages):
    with pytest.raises(UsageError, match="noise: too few"):
        stages((Measure("test"), Measure("test", refuses="too few")))


def test_where_nothing_is_trained_there_are_no_stages_and_nothing_is_refused(stages):
    assert stages((Measure("test", refuses="too few"),), ()) == ((), [])


@pytest.mark.parametrize(
    ("name", "model", "classes", "splits"),
    [
        ("goodfellow2014", "mnist", 0, ["test"]),
        ("goodfellow2014", "tfd", 0, ["test"]),
        ("goodfellow2014", "convolutional", 0, ["test"]),
        ("cgan", "mlp", 10, ["test"]),
        ("dcgan", "imagenet", 10, ["test"]),  # for the support vector machine
        ("dcgan", "imagenet", 0, []),
        ("wgan", "dcgan", 0, []),
    ],
)
def test_what_is_measured_afterwards_must_be_there_before(name, model, classes, splits):
    source = noise.source((32, 32, 3), classes=classes)

    def require(split):
        raise DataError(f"no {split}")

    source.require = require
    config = noise.config(name, "npz:a.npz", "smoke", model=model)
    if splits:
        with pytest.raises(DataError, match=f"no {splits[0]}"):
            rules.stages(config, source)
    else:
        assert rules.stages(config, source)


# ---- data -------------------------------------------------------------------------------------------------------------


def test_a_model_that_pads_its_images_is_trained_measured_and_sampled_at_their_new_size(tmp_path, monkeypatch):
    whole = configuration.find("goodfellow2014")

    def means(run):
        """Of the frame and of what stands in it, as networks see test images."""
        seen = run.source.scaled("test")
        parts = {"all": seen, "inside": seen[:, 2:-2, 2:-2]}
        return [run.measurement(name, "1", each.sum(), None, reference="test images") for name, each in parts.items()]

    model = dataclasses.replace(
        whole.models["mnist"], prepare=lambda recipe: preparation.Pad(12, 12), measures=(means,), figures=()
    )
    found = dataclasses.replace(whole, models={"mnist": model})
    monkeypatch.setattr(configuration, "find", lambda name: found)
    images = np.random.default_rng(0).integers(1, 256, (300, 8, 8), np.uint8)
    np.savez(tmp_path / "tiny.npz", images=images)
    settings = ["steps_per_epoch=2", "n_samples=50", "batch_size=20"]
    config = configuration.resolve(found, f"npz:{tmp_path / 'tiny.npz'}", preset="smoke", settings=settings)
    assert runner.execute(found, config, tmp_path / "run") == 0
    record = read(tmp_path / "run" / "record.json")
    assert record.data.shape == (12, 12, 1) and "padded to 12 x 12" in record.data.title
    there, inside = (entry.value for entry in record.measurements)
    assert there == pytest.approx(inside) and inside > 0
    sampled = trained.from_folder(tmp_path / "run")
    assert sampled.source.spec.name == record.data.name == record.measurements[0].dataset != config.dataset
    assert sampled.samples("last", 3).shape == (3, 12, 12, 1)


# ---- scores and probabilities -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "model", "critic", "told"),
    [
        ("wgan", "mlp", False, "wgan, model mlp, phase game: .* a score .* a probability: .*critic=lambda recipe: True"),
        (
            "goodfellow2014",
            "mnist",
            True,
            "model mnist, phase game: .* a probability .* a score: .*critic=lambda recipe: False",
        ),
        ("wgan", "gaussians", (True, True), "phase discriminator: .* a probability .* a score"),
    ],
)
def test_what_a_model_says_of_ds_output_must_be_what_its_loss_makes_of_it(name, model, critic, told, monkeypatch):
    whole = configuration.find(name)
    wrong = dataclasses.replace(whole.models[model], critic=lambda recipe: critic)
    found = dataclasses.replace(whole, models=whole.models | {model: wrong})
    monkeypatch.setattr(configuration, "find", lambda name: found)
    with pytest.raises(UsageError, match=told):
        list(noise.built(name, model, wrong.datasets[0]))


# ---- phases -----------------------------------------------------------------------------------------------------------


def test_phases_begin_with_other_weights_unless_they_are_to_begin_with_the_same():
    (_, first), (_, second) = noise.built("goodfellow2014", "tfd", "tfd")
    assert [played.tag for played in (first, second)] == [0, 1]
    a, b = (played.discriminator.network.get_layer("maxout_0").kernel.numpy() for played in (first, second))
    assert a.shape == b.shape and (a != b).any()
    (_, first), (_, second) = noise.built("wgan", "gaussians", "two_gaussians")
    for a, b in zip(first.discriminator.network.weights, second.discriminator.network.weights, strict=True):
        assert (a.numpy() == b.numpy()).all()


def test_averages_are_kept_where_a_phase_keeps_them():
    config = noise.config("goodfellow2014", "tfd", "smoke", averages=("mean-from-0",), n_samples=50, batch_size=20)
    first, second = rules.stages(config, noise.source((48, 48, 1)))
    before = first.build(None)
    assert before.kinds() == ("last",) and second.build(before).kinds() == ("last", "mean-from-0")
