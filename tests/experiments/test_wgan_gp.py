"""wgan_gp: the penalty in float64, the scripts' networks and constants, a critic whose examples do not depend on each other."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import marks, noise

from gan_repro import data
from gan_repro.data import drawn, from_tfds
from gan_repro.data.scaling import Linear
from gan_repro.evaluation.measurement import Curves
from gan_repro.networks import slopes
from gan_repro.papers import configuration
from gan_repro.runs.trained import Finished
from gan_repro.runs.workdir import Workdir
from gan_repro.system.errors import UsageError
from gan_repro.training import losses, rules, schedule
from gan_repro.training.trainer import Loop

pytestmark = pytest.mark.played

EXPERIMENT = configuration.find("wgan_gp")


def networks(dataset, shape=None, preset="paper", experiment="wgan_gp", **changes):
    """(G, critic) of a recipe."""
    config = noise.config(experiment, dataset, preset, **changes)
    spec = noise.source(shape, configuration.scaling_of(config)).spec if shape else data.load(dataset).spec
    keras.utils.set_random_seed(0)
    model = configuration.model_of(config)
    return model.generator(config.recipe, spec), model.discriminator(config.recipe, spec)


def stage(dataset="ring8", experiment="wgan_gp", **changes):
    """The only stage of a smoke preset on points."""
    config = noise.config(experiment, dataset, "smoke", **changes)
    (only,) = rules.stages(config, data.load(dataset))
    return only


def kernels(network):
    return [tuple(layer.kernel.shape) for layer in network.layers if hasattr(layer, "kernel")]


# ---- the networks -----------------------------------------------------------------------------------------------------


def test_the_toy_networks_are_those_of_the_script():
    """gan_toy.py: 2 -> 3 x 512 ReLU, He's start -> 2 or 1."""
    for network, last in zip(networks("ring8"), (2, 1)):
        assert kernels(network) == [(2, 512), (512, 512), (512, 512), (512, last)]
        layers = slopes.weighted(network)
        assert [layer.activation.__name__ for layer in layers] == ["relu", "relu", "relu", "linear"]
        for layer in layers[:-1]:
            assert layer.kernel.numpy().std() == pytest.approx(np.sqrt(2 / layer.kernel.shape[0]), rel=0.05)
            assert (layer.bias.numpy() == 0).all()


@pytest.mark.parametrize(
    "dataset, shape, width, sizes, last",
    [("mnist", (28, 28, 1), 64, [4, 7, 14, 28], "sigmoid"), ("cifar10", (32, 32, 3), 128, [4, 8, 16, 32], "tanh")],
)
def test_the_networks_of_images_are_those_of_the_scripts(dataset, shape, width, sizes, last):
    g, d = networks(dataset, shape)
    assert kernels(g)[0] == (128, 16 * 4 * width) and kernels(d)[-1] == (16 * 4 * width, 1)
    widths = (4 * width, 2 * width, width, shape[2])
    assert kernels(g)[1:] == [(5, 5, after, before) for before, after in zip(widths, widths[1:])]
    assert kernels(d)[:-1] == [(5, 5, after, before) for before, after in zip(widths, widths[1:])][::-1]
    shapes = [layer.output.shape[1] for layer in g.layers if len(layer.output.shape) == 4]
    assert sorted({size for size in shapes if size in sizes}) == sizes and g.output.shape[1:] == shape
    assert g.layers[-1].activation.__name__ == last
    norms = [layer for layer in g.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(norms) == (3 if dataset == "cifar10" else 0)
    for norm in norms:
        assert (norm.gamma.numpy() == 1).all() and (norm.beta.numpy() == 0).all()
    for network in (g, d):  # tflib's start of convolutions with stride 2
        for layer in slopes.weighted(network):
            if len(layer.kernel.shape) == 4 and layer.kernel.shape[2] > 3:
                before, after = layer.kernel.shape[2:] if network is d else layer.kernel.shape[:1:-1]
                fans = 25 * (before + after / 4) if network is d else 25 * (before / 4 + after)
                assert layer.kernel.numpy().std() == pytest.approx(np.sqrt(4 / fans), rel=0.05)


@pytest.mark.parametrize("shape", [(28, 28, 1), (29, 35, 3), (8, 8, 1), (2, 3, 1)])
def test_images_of_any_size(shape):
    g, d = networks("mnist", shape, channels=(3, 4, 5))
    assert g.output.shape[1:] == shape and d(g(np.zeros((2, 128), np.float32))).shape == (2, 1)


def test_no_example_of_the_critic_depends_on_another_one():
    _, d = networks("mnist", (28, 28, 1), channels=(4, 6, 8))
    assert len([layer for layer in d.layers if isinstance(layer, keras.layers.GroupNormalization)]) == 2
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in d.layers)
    images = np.random.default_rng(0).random((5, 28, 28, 1), np.float32)
    alone = np.concatenate([d(images[i : i + 1], training=True) for i in range(5)])
    np.testing.assert_allclose(d(images, training=True), alone, atol=1e-5)
    _, plain = networks("mnist", (28, 28, 1), channels=(4, 6, 8), critic_norm="none")
    assert not any("norm" in layer.name for layer in plain.layers)


# ---- the game ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dataset, penalty, batch", [("ring8", 0.1, 256), ("mnist", 10.0, 50), ("cifar10", 10.0, 64)])
def test_the_recipes_are_the_scripts(dataset, penalty, batch):
    recipe = noise.config("wgan_gp", dataset).recipe
    assert (recipe.penalty, recipe.batch_size, recipe.n_critic) == (penalty, batch, 5)
    assert (recipe.learning_rate, recipe.beta_1, recipe.beta_2) == (1e-4, 0.5, 0.9)
    assert recipe.latent == (2 if dataset == "ring8" else 128) and recipe.prior == "gaussian"
    images = from_tfds._SETS[dataset].train if dataset in from_tfds._SETS else drawn.SIZES["train"]
    updates = recipe.epochs * (images // batch) / 5
    assert updates == pytest.approx(100_000 if dataset == "ring8" else 200_000, rel=1e-3)


def test_the_game_is_algorithm_1():
    played = stage(batch_size=8).build(None)
    assert played.schedule == schedule.alternating(n_critic=5)
    assert [(term.name, term.weight) for term in played.discriminator.terms] == [("critic", 1.0), ("gradient_penalty", 0.1)]
    assert [(term.name, term.weight) for term in played.generator.terms] == [("critic_generator", 1.0)]
    assert played.discriminator.constraint is None and float(played.d_output(-3.0)) == -3.0
    for player in (played.generator, played.discriminator):
        adam = player.optimizer
        assert (adam.beta_1, adam.beta_2, adam.epsilon) == (0.5, 0.9, 1e-8)
    assert played.generator.optimizer is not played.discriminator.optimizer


def reference(critic, points):
    """The penalty of a ReLU MLP in float64, by hand: its gradient is the product of the active weights."""
    x = points.reshape(len(points), -1).astype(np.float64)
    gradient, layers = None, slopes.weighted(critic)
    for layer in layers:
        kernel, bias = layer.kernel.numpy().astype(np.float64), layer.bias.numpy().astype(np.float64)
        x = x @ kernel + bias
        gradient = np.broadcast_to(kernel, (len(x), *kernel.shape)) if gradient is None else gradient @ kernel
        if layer is not layers[-1]:
            gradient = gradient * (x > 0)[:, None]
            x = np.maximum(x, 0)
    return np.linalg.norm(gradient[..., 0], axis=1)


class Context:
    """As much of a step's context as the penalty takes."""

    def __init__(self, critic, x, samples):
        self.discriminate, self.x, self.samples = critic, tf.constant(x), tf.constant(samples)

    def seed(self):
        return tf.constant([3, 4])

    def pick(self, output, head):
        return output

    def check_apart(self, what):
        """The critic sees each image alone."""


def test_the_penalty_is_that_of_a_float64_reference():
    _, critic = networks("swissroll", preset="smoke", units=(16, 16, 16))
    rng = np.random.default_rng(0)
    x, samples = rng.normal(size=(2, 40, 1, 1, 2)).astype(np.float32)
    share = tf.random.stateless_uniform([40, 1, 1, 1], [3, 4], alg="philox").numpy()
    slopes_there = reference(critic, share * x + (1 - share) * samples)
    assert slopes_there.std() > 0.05
    found = losses.gradient_penalty(0.1).value(Context(critic, x, samples))
    assert float(found) == pytest.approx(np.mean((slopes_there - 1) ** 2), rel=1e-5)
    np.testing.assert_allclose(slopes.norms(critic, share * x + (1 - share) * samples), slopes_there, rtol=1e-5)


@pytest.mark.parametrize("norm", ["none", "layer"])
def test_the_penaltys_gradients_follow_finite_differences(norm):
    """Its second derivatives, of a critic of tanh: the slope and the change of the penalty by differences in float64."""
    normed = [keras.layers.LayerNormalization(epsilon=1e-3)] if norm == "layer" else []
    critic = keras.Sequential(
        [keras.Input((1, 1, 2)), keras.layers.Dense(5), *normed, keras.layers.Activation("tanh"), keras.layers.Dense(1)]
    )
    rng = np.random.default_rng(2)
    critic.set_weights([rng.normal(size=each.shape) for each in critic.get_weights()])
    x, samples = rng.normal(size=(2, 20, 1, 1, 2)).astype(np.float32)
    with tf.GradientTape() as tape:
        value = losses.gradient_penalty().value(Context(critic, x, samples))
    found = tape.gradient(
        value, [each.value for each in critic.trainable_variables], unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    share = tf.random.stateless_uniform([20, 1, 1, 1], [3, 4], alg="philox").numpy()
    between = (share * x + (1 - share) * samples).astype(np.float64).reshape(20, 2)

    def output(weights, points):
        h = points @ weights[0] + weights[1]
        if normed:
            h = (h - h.mean(1, keepdims=True)) / np.sqrt(h.var(1, keepdims=True) + 1e-3) * weights[2] + weights[3]
        return (np.tanh(h) @ weights[-2] + weights[-1])[:, 0]

    def penalty(weights):
        ahead = [(output(weights, between + step) - output(weights, between - step)) / 2e-4 for step in 1e-4 * np.eye(2)]
        return np.mean((np.linalg.norm(ahead, axis=0) - 1) ** 2)

    weights = [each.astype(np.float64) for each in critic.get_weights()]
    assert float(value) == pytest.approx(penalty(weights), rel=1e-4)
    for i, array in enumerate(weights):
        for at in np.ndindex(array.shape):
            ends = []
            for step in (1e-4, -1e-4):
                changed = [each.copy() for each in weights]
                changed[i][at] += step
                ends.append(penalty(changed))
            assert found[i].numpy()[at] == pytest.approx((ends[0] - ends[1]) / 2e-4, rel=1e-3, abs=1e-4), (i, at)


def test_gradients_through_the_layers_are_products_of_active_weights():
    _, critic = networks("swissroll", preset="smoke", units=(16, 16))
    points = np.random.default_rng(1).normal(size=(30, 1, 1, 2)).astype(np.float32)
    found = slopes.through(critic, points)
    assert list(found) == ["input", "hidden_0", "hidden_1"]
    assert found["input"] == pytest.approx(reference(critic, points).mean(), rel=1e-5)
    assert found["hidden_1"] == pytest.approx(np.linalg.norm(critic.get_layer("logit").kernel.numpy()), rel=1e-5)


@pytest.mark.parametrize("experiment", marks.slow_after(1, ["wgan_gp", "wgan"]))
def test_points_are_learned_repeated_and_resumed(experiment):
    """The bias of a critic's output is in no gradient: of the real and of the generated points it cancels."""
    only = stage("grid25", experiment, units=(8, 8))
    first, second = only.build(None), only.build(None)
    before = noise.values(first)
    noise.play(first, 7)
    kept = noise.values(first)
    noise.play(first, 5)
    after = noise.values(first)
    still = [
        name for name in before if name.startswith(("generator/", "discriminator/")) and (after[name] == before[name]).all()
    ]
    assert still == (["discriminator/005"] if experiment == "wgan_gp" else [])
    noise.play(second, 12)
    noise.assert_equal(noise.values(second), after)
    for name, variable in second.state().items():
        variable.assign(kept[name])
    second.restored()
    noise.play(second, 5)
    noise.assert_equal(noise.values(second), after)


@pytest.mark.slow
def test_the_ring_is_found_and_measured(tmp_path):
    """In some seconds, with a small network: most modes, and slopes near 1 between data and samples."""
    config = noise.config(
        "wgan_gp", "ring8", "quick", units=(64, 64), epochs=15, learning_rate=2e-3, batch_size=128, n_samples=2500
    )
    source, workdir = data.load("ring8"), Workdir(tmp_path)
    Loop(rules.stages(config, source), workdir, 0).run()
    run = Finished(EXPERIMENT, config, source, workdir, Curves())
    found = {(each.metric, str(each.subject)): each.value for each in noise.evaluate(run)}
    assert found["modes_covered", "training points"] == 8 and found["good_samples", "training points"] > 98
    assert found["modes_covered", "last"] >= 6
    assert found["wasserstein_distance", "last"] > found["wasserstein_distance", "training points"]
    assert 0.3 < found["d_slope", "last"] < 3 and found["d_slope_spread", "last"] > 0
    assert {path.stem for path in workdir.figures.iterdir()} >= {"surface-last", "depth", "samples-last"}


@pytest.mark.slow
def test_of_a_swiss_roll_no_modes_are_counted(tmp_path):
    config = noise.config("wgan_gp", "swissroll", "smoke", epochs=1, n_samples=100)
    source, workdir = data.load("swissroll"), Workdir(tmp_path)
    Loop(rules.stages(config, source), workdir, 0).run()
    found = noise.evaluate(Finished(EXPERIMENT, config, source, workdir, Curves()))
    assert {each.metric for each in found} == {"wasserstein_distance", "d_slope", "d_slope_spread"}


def test_what_no_network_is_made_of_is_refused():
    with pytest.raises(UsageError, match="channels"):
        noise.config("wgan_gp", "mnist", channels=())


def test_scalings_go_with_the_last_layers():
    assert configuration.scaling_of(noise.config("wgan_gp", "mnist")) == Linear(0.0, 1.0)
    assert configuration.scaling_of(noise.config("wgan_gp", "cifar10")) == Linear(-1.0, 1.0)
