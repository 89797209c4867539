"""cgan as a whole: the networks of the paper in float64 numpy, its schedules, one small run from command to record."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from scipy import special
from support import noise

from gan_repro import run
from gan_repro.evaluation import parzen
from gan_repro.papers import configuration
from gan_repro.runs.workdir import Workdir
from gan_repro.system import randomness
from gan_repro.system.errors import DataError, UsageError
from gan_repro.training import rules, schedule

EXPERIMENT = configuration.find("cgan")
SHAPE = (28, 28, 1)
SMALL = {
    "latent": 7,
    "latent_units": 6,
    "label_units": 5,
    "joint_units": 9,
    "image_units": 8,
    "class_units": 4,
    "combined_units": 10,
    "generator_irange": 0.5,
    "discriminator_irange": 0.5,
}


@pytest.fixture(scope="module")
def built():
    """The paper's game on 200 random images of MNIST's shape, and those."""
    source = noise.source(SHAPE, classes=10)
    (stage,) = rules.stages(noise.config("cgan", "mnist", averages=()), source)
    return stage.build(None), source


def kernels(network, names):
    return [tuple(network.get_layer(name).kernel.shape) for name in names]


def test_the_networks_are_the_papers(built):
    """papers.md C; section 4.1."""
    played, _ = built
    g, d = played.generator.network, played.discriminator.network
    assert kernels(g, ("latent", "label", "joint", "output")) == [(100, 200), (10, 1000), (1200, 1200), (1200, 784)]
    activations = [g.get_layer(name).activation.__name__ for name in ("latent", "label", "joint", "output")]
    assert activations == ["relu", "relu", "relu", "sigmoid"]
    maxouts = ("image", "label", "joint")
    assert kernels(d, (*maxouts, "logit")) == [(784, 1200), (10, 250), (290, 960), (240, 1)]
    assert [(d.get_layer(name).units, d.get_layer(name).pieces) for name in maxouts] == [(240, 5), (50, 5), (240, 4)]
    assert d.get_layer("logit").activation.__name__ == "linear"
    assert g.count_params() == 20_200 + 11_000 + 1_441_200 + 941_584
    assert d.count_params() == 942_000 + 2_750 + 279_360 + 241
    for network in (g, d):
        assert [(layer.keep, layer.scale) for layer in network.layers if type(layer).__name__ == "Dropout"] == 2 * [(0.5, 2.0)]


def test_they_begin_as_those_of_2014(built):
    played, source = built
    g, d = played.generator.network, played.discriminator.network
    for network, limit in ((g, 0.05), (d, 0.005)):
        for weight in network.weights:
            values = weight.numpy()
            if values.ndim == 2:
                assert np.abs(values).max() <= limit and values.std() == pytest.approx(limit / np.sqrt(3), rel=0.1)
            elif "output" not in weight.path:
                assert (values == 0).all()
    mean = np.clip((source.images("train") / 255.0).mean(axis=0).ravel(), 1e-7, 1 - 1e-7)
    np.testing.assert_allclose(g.get_layer("output").bias.numpy(), special.logit(mean), rtol=1e-4, atol=1e-5)


def test_the_rules_are_the_papers(built):
    played, _ = built
    assert played.schedule == schedule.simultaneous() and played.batch_size == 100
    assert [(term.name, term.weight) for term in played.discriminator.terms] == [("log_real", 0.5), ("log_generated", 0.5)]
    assert [(term.name, term.weight) for term in played.generator.terms] == [("non_saturating", 1.0)]
    assert (played.prior.kind, played.prior.size) == ("uniform_0_1", 100)
    recipe = noise.config("cgan", "mnist").recipe
    assert (recipe.epochs, recipe.n_samples, recipe.validate_every) == (300, 10_000, 5)


@pytest.mark.parametrize("updates", [0, 1, 1000, 100_000, 10**6])
def test_the_learning_rate_decays_per_update(built, updates):
    for player in (built[0].generator, built[0].discriminator):
        player.optimizer.iterations.assign(updates)
        expected = max(0.1 / 1.00004**updates, 1e-6)
        assert float(player.optimizer.learning_rate) == pytest.approx(expected, rel=1e-4)
        player.optimizer.iterations.assign(0)


@pytest.mark.parametrize("epoch, grown", [(1, 0), (2, 1 / 249), (125, 124 / 249), (250, 1), (300, 1)])
def test_the_momentum_grows_per_epoch(built, epoch, grown):
    for player in (built[0].generator, built[0].discriminator):
        for update in (2 * (epoch - 1), 2 * epoch - 1):  # the first and the last of an epoch of two minibatches
            player.optimizer.iterations.assign(update)
            assert float(player.optimizer.current_momentum()) == pytest.approx(0.5 + 0.2 * grown, rel=1e-5)
        player.optimizer.iterations.assign(0)


# ---- what the networks compute ----------------------------------------------------------------------------------------


def masks(pair, shapes):
    """What the dropout layers of a network call from `pair` multiply by, in their order."""
    with randomness.network_call(pair):
        uniforms = [tf.random.stateless_uniform(shape, randomness.layer_pair()[0], alg="philox").numpy() for shape in shapes]
    return [2.0 * (uniform < 0.5) for uniform in uniforms]


def weights(network, name):
    layer = network.get_layer(name)
    return layer.kernel.numpy().astype(np.float64), layer.bias.numpy().astype(np.float64)


def affine(network, name, x):
    kernel, bias = weights(network, name)
    return x @ kernel + bias


def maxout(network, name, x, pieces):
    linear = affine(network, name, x)
    return linear.reshape(len(x), pieces, -1).max(axis=1)


def reference_generator(network, z, labels, dropped):
    one_hot = np.eye(3)[labels]
    both = np.concatenate([affine(network, "latent", z), affine(network, "label", one_hot)], 1)
    joint = np.maximum(affine(network, "joint", np.maximum(both, 0) * dropped[0]), 0)
    return special.expit(affine(network, "output", joint * dropped[1])).reshape(-1, 4, 4, 1)


def reference_discriminator(network, images, labels, dropped):
    one_hot = np.eye(3)[labels]
    pieces = [maxout(network, "image", images.reshape(len(images), -1), 5), maxout(network, "label", one_hot, 5)]
    joint = maxout(network, "joint", np.concatenate(pieces, 1) * dropped[0], 4)
    return affine(network, "logit", joint * dropped[1])


@pytest.mark.parametrize("training", [True, False])
def test_the_forward_passes_are_those_of_float64(training):
    """Dropout is in front of the joint layer and of the last one, in both networks, and nowhere else."""
    config = noise.config("cgan", "mnist", dropout_in_samples=False, **SMALL)
    spec = noise.source((4, 4, 1), classes=3).spec
    (stage,) = rules.stages(config, noise.source((4, 4, 1), classes=3))
    played = stage.build(None)
    rng, pair = np.random.default_rng(0), randomness.seed_pair(3, 4, 5)
    z, images, labels = rng.random((11, 7)), rng.random((11, *spec.shape)), np.arange(11, dtype=np.int32) % 3
    for player, first, widths, reference in (
        (played.generator, z, (11, 9), reference_generator),
        (played.discriminator, images, (12, 10), reference_discriminator),
    ):
        dropped = masks(pair, [(11, width) for width in widths]) if training else (1.0, 1.0)
        with randomness.network_call(pair):
            found = player.network([first.astype(np.float32), labels], training=training).numpy()
        np.testing.assert_allclose(found, reference(player.network, first, labels, dropped), rtol=1e-4, atol=1e-5)


def test_samples_have_dropout_as_training_has():
    source = noise.source((4, 4, 1), classes=3)
    (stage,) = rules.stages(noise.config("cgan", "mnist", **SMALL), source)
    network, pair = stage.build(None).weights("last"), randomness.seed_pair(3, 4, 5)
    z, labels = np.random.default_rng(0).random((11, 7)), np.arange(11, dtype=np.int32) % 3
    with randomness.network_call(pair):
        found = network([z.astype(np.float32), labels], training=False).numpy()
    expected = reference_generator(network, z, labels, masks(pair, [(11, 11), (11, 9)]))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_every_weight_of_both_learns_and_a_run_can_be_repeated_and_resumed():
    changes = {"batch_size": 50, "discriminator_irange": 0.05}  # as published D starts too small for so few updates
    config = noise.config("cgan", "glyphs", "smoke", averages=("ema-.9",), **changes)
    source = noise.source((6, 6, 1), classes=10)
    (stage,) = rules.stages(config, source)
    played = noise.assert_learns_repeats_and_resumes(stage, 10, 3)
    assert played.updates == {"generator": 10, "discriminator": 10}
    fresh = stage.build(None)
    for role in ("generator", "discriminator"):  # the row of every class, so labels of all classes came in
        kernels = [getattr(game, role).network.get_layer("label").kernel.numpy() for game in (fresh, played)]
        assert (kernels[0] != kernels[1]).any(axis=1).all()
    ones, twos = (played.sample(4, 0, labels=np.full(4, label)) for label in (1, 2))
    assert (ones != twos).any(axis=(1, 2, 3)).all()


def test_the_best_generator_is_that_of_the_likelihood_of_1000_validation_images():
    source = noise.source((4, 4, 1), classes=3)
    (stage,) = rules.stages(noise.config("cgan", "mnist"), source)
    assert (stage.validation_samples, stage.validate_every) == (10_000, 5)
    samples, images = np.random.default_rng(1).random((30, 16)), source.images("validation").reshape(50, 16) / 255
    squares = ((images[:, None] - samples[None]) ** 2).sum(axis=2)
    nats = [
        (special.logsumexp(-squares / (2 * s**2), axis=1) - np.log(30) - 16 * np.log(s * np.sqrt(2 * np.pi))).mean()
        for s in parzen.SIGMAS
    ]
    assert stage.validate(samples.reshape(30, 4, 4, 1).astype(np.float32)) == pytest.approx(max(nats), rel=1e-4)


# ---- the user's side --------------------------------------------------------------------------------------------------


def test_data_without_labels_are_refused():
    with pytest.raises(UsageError, match="noise has no labels.*npz:PATH"):
        rules.stages(noise.config("cgan", "npz:a.npz", "smoke"), noise.source((4, 4, 1)))


def test_data_without_labels_are_one_line_and_2(tmp_path, capsys):
    np.savez(tmp_path / "plain.npz", images=np.random.default_rng(0).integers(0, 256, (100, 8, 8, 1), np.uint8))
    words = ["run", "--experiment=cgan", f"--dataset=npz:{tmp_path / 'plain.npz'}", f"--workdir={tmp_path / 'run'}"]
    assert run.main(words) == 2
    err = capsys.readouterr().err
    assert "has no labels" in err and "Traceback" not in err


def test_the_published_table():
    rows = {entry.row: (entry.value, entry.standard_error) for entry in EXPERIMENT.published}
    assert rows == {
        "DBN": (138, 2),
        "Stacked CAE": (121, 1.6),
        "Deep GSN": (214, 1.1),
        "Adversarial nets": (225, 2),
        "Conditional adversarial nets": (132, 1.8),
    }
    assert [entry.row for entry in EXPERIMENT.published if entry.ours] == [EXPERIMENT.models["mlp"].title]


QUIET = "best, without dropout"


@pytest.mark.slow
@pytest.mark.e2e
def test_a_whole_small_run_on_glyphs(few_glyphs, tmp_path):
    words = ["run", "--experiment=cgan", "--dataset=glyphs", "--preset=smoke", "--set=n_samples=60"]
    assert run.main([*words, f"--workdir={tmp_path}"]) == 0
    kinds = ("best", "last")
    figures = {path.name for path in (tmp_path / "figures").iterdir()}
    drawn = {f"{name}-{kind}.png" for name in ("classes", "samples") for kind in kinds}
    assert figures == {"curves.png", "interpolation-best.png"} | drawn
    found = json.loads((tmp_path / "record.json").read_text())["measurements"]
    found = [
        entry | {"of": ", ".join(filter(None, (entry["weights"], entry["reference"], entry.get("variant"))))} for entry in found
    ]
    assert [entry["of"] for entry in found if entry["metric"] == "parzen_log_likelihood"] == [*kinds, QUIET]
    accuracies = {entry["of"]: entry["value"] for entry in found if entry["metric"] == "label_accuracy"}
    assert accuracies.keys() == {*kinds, QUIET, "training images", "test images"}
    nats = {entry["of"]: entry for entry in found if entry["metric"] == "parzen_log_likelihood"}
    assert [entry["n_draws"] for entry in nats.values()] == [5, 5, 5] and nats[QUIET]["paired"]["to"] == "best"
    assert all("classifier_difference" in entry for entry in found if entry["metric"] != "parzen_log_likelihood")
    assert all(np.isfinite(entry["value"]) for entry in found)
    assert Workdir(tmp_path).network("discriminator").exists()
    assert len(list((tmp_path / "samples").glob("*.png"))) == 2


@pytest.mark.parametrize(
    ("name", "model", "preset"),
    [
        ("cgan", "mlp", "smoke"),
        ("dcgan", "mnist", "smoke"),
        ("wgan", "mlp", "smoke"),
        ("goodfellow2014", "mnist", "paper"),
    ],
)
def test_too_little_for_precision_and_recall_is_told_before_the_training(name, model, preset):
    data = noise.source((8, 8, 1), classes=10)
    few, enough, many = (noise.config(name, "npz:x.npz", preset, model=model, n_samples=n_samples) for n_samples in (3, 4, 500))
    with pytest.raises(UsageError, match=r"n_samples = 3: .*4 or more"):
        rules.stages(few, data)
    rules.stages(enough, data)
    data.spec = dataclasses.replace(data.spec, sizes=data.spec.sizes | {"test": 3})
    with pytest.raises(DataError, match="noise has 3 test images; .*4 or more"):
        rules.stages(many, data)
