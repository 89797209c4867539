"""tutorial_mlp and tutorial_dcgan: their networks, schedules and constants; numbers of digits without their frame."""

import keras
import numpy as np
import pytest
from support import noise

from gan_repro.data.preparation import Pad
from gan_repro.data.scaling import Linear
from gan_repro.evaluation.measurement import Curves
from gan_repro.papers import configuration
from gan_repro.runs.trained import Finished
from gan_repro.runs.workdir import Workdir
from gan_repro.system.errors import UsageError
from gan_repro.training import rules, schedule
from gan_repro.training.trainer import Loop


def networks(experiment, dataset, shape, model=None, **changes):
    """(G, D) of a paper preset."""
    config = noise.config(experiment, dataset, model=model, **changes)
    keras.utils.set_random_seed(0)
    found = configuration.model_of(config)
    spec = noise.source(shape, configuration.scaling_of(config)).spec
    return found.generator(config.recipe, spec), found.discriminator(config.recipe, spec)


def kernels(network):
    return [tuple(layer.kernel.shape) for layer in network.layers if hasattr(layer, "kernel")]


def activations(network):
    return [layer.activation.__name__ for layer in network.layers if isinstance(layer, keras.layers.Activation)]


def test_the_dense_networks_are_the_tutorials():
    g, d = networks("tutorial_mlp", "mnist", (28, 28, 1))
    assert kernels(g) == [(100, 128), (128, 784)] and kernels(d) == [(784, 128), (128, 1)]
    assert activations(g) == activations(d) == ["relu"]
    assert g.get_layer("output").activation.__name__ == "sigmoid" and d.get_layer("logit").activation.__name__ == "linear"
    for layer in (g.get_layer("output"), d.get_layer("hidden_0")):
        assert layer.kernel.numpy().std() == pytest.approx(np.sqrt(2 / sum(layer.kernel.shape)), rel=0.02)
        assert (layer.bias.numpy() == 0).all()
    recipe = noise.config("tutorial_mlp", "mnist").recipe
    assert (recipe.learning_rate, recipe.batch_size, recipe.prior, recipe.latent) == (1e-3, 128, "uniform_-1_1", 100)
    points, _ = networks("tricks", "ring8", (1, 1, 2))
    assert points.get_layer("output").activation.__name__ == "linear" and points.output.shape[1:] == (1, 1, 2)


def test_the_dense_game_is_d_then_g():
    ((_, game),) = noise.built("tutorial_mlp", "mlp", "mnist")
    assert game.schedule == schedule.alternating()
    assert [term.name for term in game.generator.terms] == ["non_saturating"]
    adam = game.generator.optimizer
    assert (adam.beta_1, adam.beta_2) == (0.9, 0.999) and float(adam.learning_rate) == pytest.approx(1e-3)


def test_the_convolutional_networks_are_the_tutorials():
    g, d = networks("tutorial_dcgan", "mnist", (32, 32, 1))
    assert kernels(g) == [(100, 4 * 4 * 256), (4, 4, 128, 256), (4, 4, 64, 128), (4, 4, 1, 64)]
    assert kernels(d) == [(4, 4, 1, 64), (4, 4, 64, 128), (4, 4, 128, 256), (4 * 4 * 256, 1)]
    norms = [len([layer for layer in each.layers if isinstance(layer, keras.layers.BatchNormalization)]) for each in (g, d)]
    assert norms == [3, 2] and activations(g) == ["tanh"]
    assert {layer.negative_slope for layer in d.layers if isinstance(layer, keras.layers.LeakyReLU)} == {0.2}
    recipe = noise.config("tutorial_dcgan", "mnist").recipe
    assert (recipe.learning_rate, recipe.beta_1) == (2e-4, 0.5)
    assert g.get_layer("up_0").kernel.numpy().std() == pytest.approx(0.02, rel=0.02)


def test_g_moves_on_every_second_minibatch():
    ((_, game),) = noise.built("tutorial_dcgan", "dcgan", "mnist")
    assert game.schedule == schedule.alternating(n_critic=2)
    metrics = noise.play(game, 6)
    assert metrics["g_loss"].mask.tolist() == [True, False] * 3 and not np.ma.is_masked(metrics["d_loss"])
    assert game.updates == {"discriminator": 6, "generator": 3}


@pytest.mark.slow
def test_the_variant_has_its_three_changes():
    g, d = networks("tutorial_dcgan", "mnist", (32, 32, 1), "upsampling")
    assert not any(isinstance(layer, keras.layers.Conv2DTranspose) for layer in g.layers)
    assert len([layer for layer in g.layers if isinstance(layer, keras.layers.UpSampling2D)]) == 3
    drops = [layer for layer in d.layers if type(layer).__name__ == "Dropout"]
    assert [(layer.keep, layer.scale) for layer in drops] == [(0.6, 1 / 0.6)] * 3
    ((_, game),) = noise.built("tutorial_dcgan", "upsampling", "mnist")
    assert game.schedule == schedule.alternating(n_critic=2, one_batch=True)
    assert [term.weight for term in game.discriminator.terms] == [0.5, 0.5]
    noise.play(game, 3)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["dcgan", "upsampling"])
def test_numbers_are_of_digits_without_their_frame(model, tmp_path):
    config = noise.config("tutorial_dcgan", "mnist", "smoke", model=model, epochs=1, n_samples=50)
    source = Pad(32, 32)(noise.source((28, 28, 1), Linear(-1.0, 1.0), 100, 10))
    workdir = Workdir(tmp_path)
    Loop(rules.stages(config, source), workdir, 0).run()
    run = Finished(configuration.find("tutorial_dcgan"), config, source, workdir, Curves())
    found = {each.metric: each for each in noise.evaluate(run) if each.weights == "last"}
    assert set(found) == {"parzen_log_likelihood", "frechet_distance", "precision", "recall", "class_kl"}
    assert found["parzen_log_likelihood"].space is None and {each.dataset for each in found.values()} == {"noise"}
    assert (workdir.figures / "samples-last.png").exists()


@pytest.mark.slow
def test_the_ring_is_learned_in_part(tmp_path):
    from gan_repro import data

    config = noise.config("tricks", "ring8", "quick", epochs=4, n_samples=2500)
    source, workdir = data.load("ring8"), Workdir(tmp_path)
    Loop(rules.stages(config, source), workdir, 0).run()
    run = Finished(configuration.find("tricks"), config, source, workdir, Curves())
    found = {(each.metric, str(each.subject)): each.value for each in noise.evaluate(run)}
    assert found["modes_covered", "last"] >= 1 and found["modes_covered", "training points"] == 8


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"generator_channels": (8, 8)}, "3 numbers"),
        ({"one_batch": True, "minibatch_kernels": 5}, "one_batch=false"),
    ],
)
def test_what_no_network_is_made_of_is_refused(changes, words):
    with pytest.raises(UsageError, match=words):
        noise.config("tutorial_dcgan", "mnist", **changes)
