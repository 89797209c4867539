"""dcgan as a whole: every layer of the published networks, who moves when, one small run from command to record."""

import json

import keras
import numpy as np
import pytest
from support import noise

from gan_repro import run
from gan_repro.data.scaling import UNIT, Linear
from gan_repro.evaluation import classifier, measure
from gan_repro.papers import configuration
from gan_repro.runs.workdir import Workdir
from gan_repro.system.errors import UsageError
from gan_repro.training import rules, schedule

pytestmark = pytest.mark.played

EXPERIMENT = configuration.find("dcgan")


def networks(dataset, shape, preset="paper", classes=10, **changes):
    """(G, D) of a recipe, of a data set's own model."""
    config = noise.config("dcgan", dataset, preset, **changes)
    spec = noise.source(shape, classes=classes).spec
    keras.utils.set_random_seed(0)
    model = configuration.model_of(config)
    return model.generator(config.recipe, spec), model.discriminator(config.recipe, spec)


def game(dataset, shape, preset="smoke", classes=10, **changes):
    config = noise.config("dcgan", dataset, preset, **changes)
    (stage,) = rules.stages(config, noise.source(shape, configuration.scaling_of(config), classes=classes))
    return stage


def kernels(network):
    """{layer: shape} of all that is trained but batch norm."""
    return {
        layer.name: tuple(layer.kernel.shape)
        for layer in network.layers
        if layer.weights and not isinstance(layer, keras.layers.BatchNormalization)
    }


def norms(network):
    return {layer.name: layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)}


def trainable(network):
    return sum(np.prod(weight.shape) for weight in network.trainable_weights)


def assert_initial(network):
    """All weights N(0, .02^2), and no biases at all."""
    for layer in network.layers:
        if layer.name in kernels(network):
            assert len(layer.weights) == 1
            if (values := layer.kernel.numpy()).size > 1000:
                assert values.std() == pytest.approx(0.02, rel=0.1) and abs(values.mean()) < 0.002
                assert np.abs(values).max() > 0.055  # no uniform or truncated distribution of that deviation


# ---- MNIST ------------------------------------------------------------------------------------------------------------


def test_the_mnist_networks_are_those_of_the_code():
    """papers.md D2; dcgan_code: mnist/train_cond_dcgan.py. Label maps of a layer are a kernel of their own."""
    g, d = networks("mnist", (28, 28, 1))
    assert kernels(g) == {
        "hidden_0": (110, 1024),
        "seed": (1034, 6272),
        "up_0": (5, 5, 64, 128),
        "up_0_labels": (5, 5, 64, 10),
        "output": (5, 5, 1, 64),
        "output_labels": (5, 5, 1, 10),
    }
    assert kernels(d) == {
        "down_0": (5, 5, 1, 64),
        "down_0_labels": (5, 5, 10, 64),
        "down_1": (5, 5, 64, 128),
        "down_1_labels": (5, 5, 10, 128),
        "hidden_0": (6282, 1024),
        "logit": (1034, 1),
    }
    assert trainable(g) == 110 * 1024 + 1034 * 6272 + 25 * 138 * 64 + 25 * 74
    assert trainable(d) == 25 * 11 * 64 + 25 * 74 * 128 + 6282 * 1024 + 1034
    assert [tuple(g.get_layer(name).output.shape[1:]) for name in ("seed_image", "up_0", "output")] == [
        (7, 7, 128),
        (14, 14, 64),
        (28, 28, 1),
    ]
    assert [tuple(d.get_layer(name).output.shape[1:]) for name in ("down_0", "down_1")] == [(14, 14, 64), (7, 7, 128)]
    assert list(norms(g)) == ["hidden_0_norm", "seed_norm", "up_0_norm"]
    assert list(norms(d)) == ["down_1_norm", "hidden_0_norm"]
    for norm in (*norms(g).values(), *norms(d).values()):
        assert not norm.trainable_weights and norm.epsilon == 1e-8 and norm.momentum == 0.98
    assert norms(g)["seed_norm"].moving_mean.shape == (6272,)  # before the reshape, as in the code
    assert {layer.negative_slope for layer in d.layers if isinstance(layer, keras.layers.LeakyReLU)} == {0.2}
    assert g.layers[-1].activation.__name__ == "sigmoid" and d.get_layer("logit").activation.__name__ == "linear"
    for network in (g, d):
        assert_initial(network)


def test_the_mnist_game_is_that_of_the_code():
    played = game("mnist", (8, 8, 1), "paper", batch_size=20, generator_hidden=(8,), discriminator_hidden=(8,)).build(None)
    assert played.schedule == schedule.alternate_minibatches()
    terms = [[(term.name, term.weight) for term in player.terms] for player in (played.generator, played.discriminator)]
    assert terms[0] == [("non_saturating", 1.0), ("generator_l2", 2.5e-5)]
    assert terms[1] == [("log_real", 1.0), ("log_generated", 1.0), ("discriminator_l2", 2.5e-5)]
    assert (played.prior.kind, played.prior.size) == ("uniform_-1_1", 100)
    recipe = noise.config("dcgan", "mnist").recipe
    assert (recipe.batch_size, recipe.epochs, recipe.constant_epochs, recipe.decay_epochs) == (128, 200, 100, 100)
    assert configuration.scaling_of(noise.config("dcgan", "mnist")) == UNIT
    for player in (played.generator, played.discriminator):
        adam = player.optimizer
        assert isinstance(adam, keras.optimizers.Adam)
        assert (adam.beta_1, adam.beta_2, adam.epsilon) == (0.5, 0.999, 1e-8)
        # Ten minibatches an epoch: five updates each.
        for epoch, share in ((1, 1.0), (100, 1.0), (101, 1.0), (102, 0.99), (151, 0.5), (200, 0.01), (201, 0.0)):
            for update in (5 * (epoch - 1), 5 * epoch - 1):
                adam.iterations.assign(update)
                assert float(adam.learning_rate) == pytest.approx(2e-4 * share, rel=1e-4, abs=1e-10), epoch


@pytest.mark.slow
def test_every_weight_learns_and_a_run_can_be_repeated_and_resumed():
    stage = game("mnist", (8, 8, 1), averages=("ema-.9",))
    played = noise.assert_learns_repeats_and_resumes(stage, 15, 5)
    assert played.updates == {"generator": 8, "discriminator": 7}  # one of the two on each minibatch, G the first
    drawn = [played.sample(4, 0, labels=np.full(4, label)) for label in (1, 2)]
    assert (drawn[0] != drawn[1]).any(axis=(1, 2, 3)).all()
    assert drawn[0].min() >= 0 and drawn[0].max() <= 1
    images = np.float32(np.random.default_rng(0).random((4, 8, 8, 1)))
    judged = [played.discriminator.network([images, np.full(4, label)], training=False).numpy() for label in (1, 2)]
    assert (judged[0] != judged[1]).all()


# ---- without labels ---------------------------------------------------------------------------------------------------


def test_the_32_by_32_networks_are_those_of_the_imagenet_script():
    """papers.md D5; the data's classes reach neither network."""
    g, d = networks("cifar10", (32, 32, 3))
    assert len(g.inputs) == len(d.inputs) == 1
    widths = (512, 512, 256, 256, 128, 128, 3)
    assert list(kernels(g).values()) == [(256, 16 * 512)] + [(3, 3, after, before) for before, after in zip(widths, widths[1:])]
    sizes = [layer.output.shape[1] for layer in g.layers if layer.name in kernels(g)][1:]
    assert sizes == [8, 8, 16, 16, 32, 32]
    widths = (3, 128, 128, 256, 256, 512, 512)
    assert list(kernels(d).values()) == [(3, 3, *pair) for pair in zip(widths, widths[1:])] + [(16 * 512, 1)]
    assert [d.get_layer(f"down_{i}_activation").output.shape[1] for i in range(6)] == [32, 16, 16, 8, 8, 4]
    # The features of the paper: each of these pooled to 4 x 4
    assert 16 * sum(d.get_layer(f"down_{i}_activation").output.shape[3] for i in range(6)) == 28_672
    assert list(norms(g)) == ["seed_norm", *(f"up_{i}_norm" for i in range(5))]
    assert list(norms(d)) == [f"down_{i}_norm" for i in range(1, 6)]
    products = 256 * 8192 + 9 * (512 * 512 + 512 * 256 + 256 * 256 + 256 * 128 + 128 * 128 + 128 * 3)
    assert trainable(g) == products + 2 * (8192 + 512 + 256 + 256 + 128 + 128)
    products = 9 * (3 * 128 + 128 * 128 + 128 * 256 + 256 * 256 + 256 * 512 + 512 * 512) + 8192
    assert trainable(d) == products + 2 * (128 + 256 + 256 + 512 + 512)
    assert g.layers[-1].activation.__name__ == "tanh"
    recipe = noise.config("dcgan", "cifar10").recipe
    assert (recipe.l2, recipe.decay_epochs, recipe.epochs, recipe.order) == (0, 0, 30, "alternating")
    for network in (g, d):
        assert_initial(network)


def test_the_64_by_64_networks_are_those_of_figure_1():
    """papers.md D3 and D4: 100 -> 1024 x 4 x 4 -> 512 -> 256 -> 128 -> 3 x 64 x 64."""
    g, d = networks("lsun/bedroom", (64, 64, 3), classes=0)
    widths = (1024, 512, 256, 128, 3)
    assert list(kernels(g).values()) == [(100, 16_384)] + [(5, 5, after, before) for before, after in zip(widths, widths[1:])]
    sizes = [g.get_layer(name).output.shape[1] for name in ("seed_image", "up_0", "up_1", "up_2", "output")]
    assert sizes == [4, 8, 16, 32, 64]
    widths = (3, 128, 256, 512, 1024)
    assert list(kernels(d).values()) == [(5, 5, *pair) for pair in zip(widths, widths[1:])] + [(16_384, 1)]
    assert list(norms(g)) == ["seed_norm", "up_0_norm", "up_1_norm", "up_2_norm"]
    assert list(norms(d)) == ["down_1_norm", "down_2_norm", "down_3_norm"]
    for norm in (*norms(g).values(), *norms(d).values()):
        gain = norm.gamma.numpy()
        assert gain.mean() == pytest.approx(1, abs=0.01) and gain.std() == pytest.approx(0.02, rel=0.2)
        assert (norm.beta.numpy() == 0).all()
    recipe = noise.config("dcgan", "lsun/bedroom").recipe
    assert (recipe.batch_size, recipe.epochs, recipe.l2, recipe.order) == (128, 25, 1e-5, "alternate_minibatches")
    assert recipe == noise.config("dcgan", "celeb_a").recipe == noise.config("dcgan", "npz:a.npz").recipe
    assert configuration.scaling_of(noise.config("dcgan", "celeb_a")) == Linear(-1.0, 1.0)


def test_images_may_grow_without_transposed_convolutions():
    for upsampling, transposed in (("transposed_convolution", 4), ("upsampling_convolution", 0)):
        g, _ = networks("celeb_a", (64, 64, 3), "smoke", classes=0, upsampling=upsampling)
        assert sum(isinstance(layer, keras.layers.Conv2DTranspose) for layer in g.layers) == transposed
        assert g.output.shape[1:] == (64, 64, 3)


def test_both_play_on_every_minibatch_and_every_weight_learns():
    widths = {"generator_channels": (8, 4), "discriminator_channels": (4, 8), "order": "alternating"}
    strides = {"generator_strides": (2, 2), "discriminator_strides": (2, 2)}
    played = game("celeb_a", (8, 8, 3), classes=0, **widths, **strides).build(None)
    assert played.schedule == schedule.alternating()
    assert [term.weight for term in played.generator.terms] == [1.0, 1e-5]
    adam = played.generator.optimizer
    adam.iterations.assign(10**6)
    assert float(adam.learning_rate) == pytest.approx(2e-4)  # it never falls
    adam.iterations.assign(0)
    before = noise.values(played)
    noise.play(played, 3)
    after = noise.values(played)
    assert played.updates == {"generator": 3, "discriminator": 3}
    for name in before:
        if name.startswith(("generator/", "discriminator/")):
            assert (after[name] != before[name]).any(), name
    samples = played.sample(20, 0)
    assert samples.shape == (20, 8, 8, 3) and np.abs(samples).max() <= 1


def test_without_l2_there_is_no_term_of_it():
    played = game("cifar10", (8, 8, 3)).build(None)
    assert [term.name for term in played.generator.terms] == ["non_saturating"]
    assert [term.name for term in played.discriminator.terms] == ["log_real", "log_generated"]


# ---- the user's side --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "setting, complaint",
    [
        ("generator_channels=128,64,32", "generator_channels and generator_strides must have as many numbers"),
        ("generator_strides=2", "generator_channels and generator_strides must have as many numbers"),
        ("discriminator_strides=2,2,2", "discriminator_channels and discriminator_strides must have as many numbers"),
        ("discriminator_channels=64", "discriminator_channels and discriminator_strides must have as many numbers"),
    ],
)
def test_lists_of_other_lengths_are_refused(setting, complaint):
    with pytest.raises(UsageError, match=complaint):
        configuration.resolve(EXPERIMENT, "mnist", settings=[setting])


def test_a_generator_without_any_convolution_is_refused():
    with pytest.raises(UsageError, match="generator_channels must have at least one number"):
        configuration.resolve(EXPERIMENT, "mnist", settings=["generator_channels=", "generator_strides="])


def test_epochs_in_which_nothing_is_learnt_are_refused():
    with pytest.raises(UsageError, match="epochs = 9: .* decay_epochs = 8 "):
        game("mnist", (28, 28, 1), epochs=9, constant_epochs=4, decay_epochs=4).build(None)
    game("mnist", (28, 28, 1), epochs=9, decay_epochs=0).build(None)


def test_a_d_without_any_convolution_beside_a_g_that_has_one_is_refused():
    with pytest.raises(UsageError, match="discriminator_channels .* give 2 numbers or more"):
        game("celeb_a", (32, 32, 3), discriminator_channels=(8,), discriminator_strides=(2,)).build(None)


def test_images_that_no_layers_fit_are_refused_with_the_nearest_sizes_that_they_fit():
    with pytest.raises(UsageError, match="noise are 30 x 28: .* multiples of 4, such as 28 x 28 or 32 x 28"):
        game("mnist", (30, 28, 1)).build(None)
    with pytest.raises(UsageError, match="multiples of 2, such as 26 x 26 or 28 x 28"):
        game("cifar10", (27, 27, 3)).build(None)


def test_a_conditional_model_wants_labels():
    with pytest.raises(UsageError, match="noise has no labels"):
        game("mnist", (8, 8, 1), classes=0)
    assert len(game("mnist", (8, 8, 1), classes=0, conditional=False).build(None).generator.network.inputs) == 1


@pytest.mark.parametrize(
    "model, dataset", [("faces", "celeb_a"), ("imagenet", "cifar10"), ("svhn", "svhn_cropped"), ("mnist", "mnist")]
)
def test_a_users_own_images_may_be_learnt_by_each_of_the_models(model, dataset):
    own, theirs = noise.config("dcgan", "npz:a.npz", model=model), noise.config("dcgan", dataset)
    assert (own.model, own.recipe) == (theirs.model, theirs.recipe)
    assert noise.config("dcgan", "npz:a.npz").model == "faces"


def test_a_d_of_more_layers_than_g_keeps_those_that_g_keeps_for_the_size():
    changes = {"discriminator_channels": (4, 8, 12), "discriminator_strides": (2, 2, 2)}
    _, d = networks("mnist", (28, 28, 1), "smoke", **changes)
    assert [d.get_layer(f"down_{i}").output.shape[1:] for i in range(3)] == [(14, 14, 4), (7, 7, 8), (4, 4, 12)]
    _, d = networks("celeb_a", (32, 32, 3), "smoke")  # G leaves out one of four layers, and so does D
    assert [layer.name for layer in d.layers if layer.name.endswith("activation")] == [f"down_{i}_activation" for i in range(3)]


@pytest.mark.slow
@pytest.mark.e2e
def test_a_whole_small_run_on_glyphs(few_glyphs, tmp_path, monkeypatch):
    numbers, error = (20, 50), measure.nearest_neighbour_error  # 50,000 samples take their time
    monkeypatch.setattr(measure, "nearest_neighbour_error", lambda run, *rest, **options: error(run, numbers))
    words = ["run", "--experiment=dcgan", "--dataset=glyphs", "--preset=smoke", "--set=n_samples=60", f"--workdir={tmp_path}"]
    assert run.main(words) == 0
    figures = {path.name for path in (tmp_path / "figures").iterdir()}
    assert figures == {"curves.png", "classes-last.png", "walk-last.png", "arithmetic-last.png"}
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["complete"] and record["cost"]["steps"] == 2 * 20
    found = [entry["metric"] for entry in record["measurements"] if entry["weights"] == "last"]
    arithmetic, errors = [f"arithmetic_{name}_percentile" for name in ("brightness", "slant")], ["nearest_neighbour_error"] * 4
    assert found[:6] == arithmetic + errors and "label_accuracy" in found[6:]  # errors of two numbers and two splits
    assert all(np.isfinite(entry["value"]) for entry in record["measurements"])
    config = noise.config("dcgan", "glyphs", "smoke")
    spec = noise.source((28, 28, 1), classes=10).spec
    configuration.model_of(config).discriminator(config.recipe, spec).load_weights(Workdir(tmp_path).network("discriminator"))
    assert len(list((tmp_path / "samples").glob("*.png"))) == 2


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.parametrize(
    ("model", "side", "metric"),
    [
        pytest.param("faces", 8, None, marks=pytest.mark.slow),
        pytest.param("faces", 32, "svm_accuracy", marks=pytest.mark.slow),
        ("imagenet", 32, "svm_accuracy"),
        pytest.param("mnist", 32, "label_accuracy", marks=pytest.mark.slow),
    ],
)
def test_every_model_learns_a_users_small_labelled_images(model, side, metric, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(measure, "nearest_neighbour_error", lambda run: [])  # of 50,000 samples
    monkeypatch.setattr(classifier, "_train", lambda network, *rest: network.get_weights())
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 256, (120, side, side), np.uint8), np.arange(120) % 3
    np.savez(tmp_path / "own.npz", images=images, labels=labels)
    words = ["run", "--experiment=dcgan", f"--dataset=npz:{tmp_path / 'own.npz'}", "--preset=smoke", "--set=n_samples=8"]
    words += ["--set=steps_per_epoch=1", "--epochs=1", "--set=batch_size=8", f"--workdir={tmp_path / 'run'}"]
    words += [f"--model={model}"]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert run.main(words) == 0
    metrics = {entry["metric"] for entry in json.loads((tmp_path / "run" / "record.json").read_text())["measurements"]}
    assert metrics & {"svm_accuracy", "label_accuracy"} == ({metric} if metric else set())
    assert ("no SVM is fitted" in capsys.readouterr().err) == (metric is None)
