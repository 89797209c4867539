"""acgan: the networks, what each player is told, the game of section 3, D's own classes, pairs of a class."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import noise

from gan_repro.data import from_tfds
from gan_repro.data.preparation import Pad
from gan_repro.evaluation import labelled
from gan_repro.evaluation.measurement import Curves
from gan_repro.papers import configuration
from gan_repro.runs.trained import Finished
from gan_repro.runs.workdir import Workdir
from gan_repro.system import randomness
from gan_repro.system.errors import UsageError
from gan_repro.training import rules
from gan_repro.training.trainer import Loop

EXPERIMENT = configuration.find("acgan")


def networks(dataset="cifar10", shape=(32, 32, 3), preset="paper", **changes):
    """(G, D) of a recipe."""
    config = noise.config("acgan", dataset, preset, **changes)
    spec = noise.source(shape, configuration.scaling_of(config), classes=10).spec
    keras.utils.set_random_seed(0)
    model = configuration.model_of(config)
    return model.generator(config.recipe, spec), model.discriminator(config.recipe, spec)


def game(**changes):
    """The smoke preset's game on padded noise, and its data."""
    config = noise.config("acgan", "mnist", "smoke", **({"n_samples": 50, "batch_size": 20} | changes))
    source = Pad(32, 32)(noise.source((28, 28, 1), configuration.scaling_of(config), 300, 10))
    (only,) = rules.stages(config, source)
    return only, source, config


def kernels(network):
    return [tuple(layer.kernel.shape) for layer in network.layers if hasattr(layer, "kernel")]


def test_the_networks_are_the_appendixs():
    g, d = networks()
    assert kernels(g) == [(110, 4 * 4 * 384), (5, 5, 192, 384), (5, 5, 96, 192), (5, 5, 3, 96)]
    widths = (3, 16, 32, 64, 128, 256, 512)
    assert kernels(d)[:-2] == [(3, 3, before, after) for before, after in zip(widths, widths[1:])]
    assert [d.get_layer(head).kernel.shape for head in ("source", "classes")] == [(4 * 4 * 512, 1), (4 * 4 * 512, 10)]
    strides = [layer.strides[0] for layer in d.layers if isinstance(layer, keras.layers.Conv2D)]
    assert strides == [2, 1, 2, 1, 2, 1] and g.layers[-1].activation.__name__ == "tanh"
    norms = [len([layer for layer in each.layers if isinstance(layer, keras.layers.BatchNormalization)]) for each in (g, d)]
    assert norms == [2, 5]  # neither G's dense layer nor D's first convolution
    drops = [layer for layer in d.layers if type(layer).__name__ == "Dropout"]
    assert len(drops) == 6 and {(layer.keep, layer.scale) for layer in drops} == {(0.5, 2.0)}
    assert len(g.inputs) == 2 and len(d.inputs) == 1 and set(d.output) == {"source", "classes"}
    recipe = noise.config("acgan", "cifar10").recipe
    assert (recipe.learning_rate, recipe.beta_1, recipe.beta_2, recipe.batch_size) == (2e-4, 0.5, 0.999, 100)
    for dataset in ("cifar10", "mnist"):
        paper = noise.config("acgan", dataset).recipe
        assert paper.epochs * (from_tfds._SETS[dataset].train // paper.batch_size) == 50_000


def test_the_label_stands_beside_z_alone():
    """The same images come of a label's row of the first kernel as of a shift of its bias."""
    g, _ = networks(preset="smoke")
    z = np.random.default_rng(0).normal(size=(4, 100)).astype(np.float32)
    first = g.get_layer("seed")
    expected = g([z, np.full(4, 7)])
    first.bias.assign_add(first.kernel[100 + 7] - first.kernel[100 + 2])
    np.testing.assert_allclose(g([z, np.full(4, 2)]), expected, atol=1e-5)


def test_noise_on_ds_activations_is_a_setting():
    _, d = networks(preset="smoke", noise=0.3, keep=1.0, scale=1.0)
    assert len([layer for layer in d.layers if type(layer).__name__ == "GaussianNoise"]) == 6
    images = np.zeros((3, 32, 32, 3), np.float32)
    np.testing.assert_array_equal(d(images)["source"], d(images)["source"])
    found = []
    for pair in (1, 1, 2):
        with randomness.network_call(randomness.seed_pair(0, pair)):
            found.append(d(images, training=True)["source"].numpy())
    assert (found[0] == found[1]).all() and (found[0] != found[2]).any()
    assert not any(type(layer).__name__ == "GaussianNoise" for layer in networks(preset="smoke")[1].layers)


def test_the_game_is_section_3():
    only, source, _ = game()
    played = only.build(None)
    assert [term.name for term in played.discriminator.terms] == [
        *("log_real", "log_generated"),
        *("cross_entropy_classes_real", "cross_entropy_classes_generated"),
    ]
    assert [term.name for term in played.generator.terms] == ["non_saturating", "cross_entropy_classes_generated"]
    assert played.generator_labels == "uniform" and played.d_head == "source"
    assert [term.name for term in game(source_loss="saturating")[0].build(None).generator.terms][0] == "saturating"
    weighted = game(class_weight=0.5)[0].build(None)
    assert [term.weight for term in weighted.discriminator.terms] == [1, 1, 0.5, 0.5]


@pytest.mark.slow
def test_it_learns_repeats_and_resumes():
    """Biases in front of batch norm have no effect, and roundings alone for a gradient."""
    only, *_ = game()
    first, second = only.build(None), only.build(None)
    noise.assert_repeats_and_resumes(first, second, 9, 5)


@pytest.mark.slow
def test_numbers_are_of_digits_without_their_frame(tmp_path):
    _, source, config = game(epochs=1, steps_per_epoch=2)
    workdir = Workdir(tmp_path)
    Loop(rules.stages(config, source), workdir, 0).run()
    run = Finished(EXPERIMENT, config, source, workdir, Curves())
    found = {(each.metric, str(each.subject)): each for each in noise.evaluate(run)}
    assert {each.dataset for each in found.values()} == {"noise"}
    for metric in ("label_accuracy", "frechet_distance", "recall", "class_accuracy_of_d", "ms_ssim"):
        assert found[metric, "last"].value >= 0
    assert {path.stem for path in workdir.figures.iterdir()} >= {"classes-last", "interpolation-last", "curves"}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run that draws noise in [-1, 1], in a frame, and whose D is as it begins."""
    _, source, config = game()
    rng = np.random.default_rng(3)
    _, d = networks("mnist", (32, 32, 1), "smoke")

    def samples(self, kind, n, labels=None):
        return rng.uniform(-1, 1, (n, 32, 32, 1)).astype(np.float32)

    for name, stub in (("samples", samples), ("kinds", lambda self: ["last"]), ("discriminator", lambda self: d)):
        monkeypatch.setattr(Finished, name, stub)
    return Finished(EXPERIMENT, config, source, Workdir(tmp_path), Curves())


def test_pairs_of_a_class(run):
    found = {(each.metric, str(each.subject)): each for each in labelled.diversity_within_classes(run, 100)}
    pairs, ours = found["ms_ssim", "training images"], found["ms_ssim", "last"]
    assert len(pairs.curve["mean"]) == 10 and pairs.value == pytest.approx(np.mean(pairs.curve["mean"]))
    counts = np.bincount(run.source.labels("train"), minlength=10)
    assert pairs.n_samples == ours.n_samples == 2 * 10 * (counts.min() // 2) and pairs.standard_error > 0
    share = 100 * np.mean(np.array(ours.curve["mean"]) <= max(pairs.curve["mean"]))
    assert found["classes_as_diverse", "last"].value == pytest.approx(share)


def test_a_class_without_a_pair_leaves_the_rest_of_the_record_and_a_line(run, capsys):
    labels = run.source.inside._labels["train"]
    labels[labels == 7] = 8
    assert labelled.diversity_within_classes(run, 100) == []
    assert "fewer than two training images" in capsys.readouterr().err


def test_ds_classes_are_those_of_its_head(run):
    """A head that says one class of everything reads as many test images right as there are of that class."""
    d = run.discriminator()
    last = d.get_layer("classes")
    last.kernel.assign(tf.zeros_like(last.kernel))
    last.bias.assign(tf.one_hot(3, 10))
    (found,) = labelled.classes_read_by_d(run, "classes")
    assert found.value == pytest.approx(100 * (run.source.labels("test") == 3).mean()) and found.n_test == 50


def test_what_no_network_is_made_of_is_refused():
    with pytest.raises(UsageError, match="discriminator_strides"):
        noise.config("acgan", "mnist", discriminator_strides=(2, 2))
    with pytest.raises(UsageError, match="generator_channels"):
        noise.config("acgan", "mnist", generator_channels=())
