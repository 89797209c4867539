"""unrolled: the networks and constants of the ring and of stacked MNIST, games that learn, what is measured of them."""

import keras
import numpy as np
import pytest
from support import noise

from gan_repro import data
from gan_repro.data import stacked
from gan_repro.evaluation import classifier, measures, reached
from gan_repro.evaluation.measurement import Curves
from gan_repro.figures import densities
from gan_repro.papers import configuration
from gan_repro.runs.trained import Finished
from gan_repro.runs.workdir import Workdir
from gan_repro.system.errors import UsageError
from gan_repro.training import callbacks, losses, rules, schedule
from gan_repro.training.trainer import Loop

pytestmark = pytest.mark.played

EXPERIMENT = configuration.find("unrolled")


def stage(dataset="ring8", **changes):
    config = noise.config("unrolled", dataset, "smoke", **changes)
    source = data.load(dataset) if dataset in noise.POINTS else noise.source((28, 28, 3), configuration.scaling_of(config))
    (only,) = rules.stages(config, source)
    return only


def networks(dataset, spec, **changes):
    config = noise.config("unrolled", dataset, **changes)
    keras.utils.set_random_seed(0)
    model = configuration.model_of(config)
    return model.generator(config.recipe, spec), model.discriminator(config.recipe, spec)


def kernels(network):
    return [layer.kernel for layer in network.layers if hasattr(layer, "kernel")]


def test_the_rings_networks_and_constants():
    g, d = networks("ring8", data.load("ring8").spec)
    assert [tuple(each.shape) for each in kernels(g)] == [(256, 128), (128, 128), (128, 2)]
    assert [tuple(each.shape) for each in kernels(d)] == [(2, 128), (128, 1)]
    for kernel in (*kernels(g), *kernels(d)):  # .8 times an orthogonal matrix
        array = kernel.numpy().astype(np.float64)
        product = array @ array.T if array.shape[0] <= array.shape[1] else array.T @ array
        np.testing.assert_allclose(product, 0.64 * np.eye(len(product)), atol=1e-5)
    points = np.random.default_rng(0).normal(size=(5, 1, 1, 2)).astype(np.float32)
    hidden = np.maximum(points.reshape(5, 2) / 4 @ kernels(d)[0].numpy(), 0)
    np.testing.assert_allclose(d(points), hidden @ kernels(d)[1].numpy(), rtol=1e-4, atol=1e-6)
    recipe = noise.config("unrolled", "ring8").recipe
    assert (recipe.unroll, recipe.batch_size, recipe.epochs * recipe.steps_per_epoch) == (10, 512, 25_000)
    assert (recipe.generator_learning_rate, recipe.discriminator_learning_rate, recipe.beta_1) == (1e-4, 1e-4, 0.5)


@pytest.mark.parametrize("changes, widths", [({}, (2, 4, 8)), ({"discriminator_channels": (4, 8, 16)}, (4, 8, 16))])
def test_the_networks_of_stacked_digits_are_pacgans(changes, widths):
    g, d = networks("stacked_mnist", noise.source((28, 28, 3)).spec, **changes)
    assert [tuple(each.shape) for each in kernels(g)] == [
        (256, 1024),
        (3, 3, 32, 64),
        (3, 3, 16, 32),
        (3, 3, 8, 16),
        (3, 3, 3, 8),
    ]
    assert [layer.output.shape[1] for layer in g.layers if "activation" in layer.name] == [4, 7, 14, 28]
    assert g.output.shape[1:] == (28, 28, 3) and g.layers[-1].activation.__name__ == "tanh"
    assert [kernel.shape[-1] for kernel in kernels(d)] == [*widths, 1] and kernels(d)[-1].shape[0] == 16 * widths[-1]
    norms = [[layer for layer in each.layers if isinstance(layer, keras.layers.BatchNormalization)] for each in (g, d)]
    assert list(map(len, norms)) == [4, 3]
    biased = [[layer.name for layer in each.layers if getattr(layer, "use_bias", False)] for each in (g, d)]
    assert biased == [["output"], ["logit"]]  # no layer in front of batch norm
    recipe = noise.config("unrolled", "stacked_mnist").recipe
    assert recipe.epochs * recipe.steps_per_epoch == 500_000 and recipe.batch_size == 128 and recipe.n_samples == 25_600


@pytest.mark.parametrize("dataset", ["ring8", "stacked_mnist"])
def test_the_game(dataset):
    played = stage(dataset).build(None)
    ring = dataset == "ring8"
    assert played.schedule == schedule.alternating(fresh_noise=ring)
    assert [(term.name, term.weight) for term in played.discriminator.terms] == [("log_real", 1.0), ("log_generated", 1.0)]
    mine = [(term.name, term.weight) for term in played.generator.terms]
    assert mine == ([("log_real", -1.0), ("log_generated", -1.0)] if ring else [("non_saturating", 1.0)])
    assert played.generator.terms[-1].value not in (losses.log_generated, losses.non_saturating)  # but looks ahead


@pytest.mark.slow
@pytest.mark.parametrize("dataset", ["grid25", "stacked_mnist"])
def test_games_learn_repeat_and_resume(dataset):
    noise.assert_learns_repeats_and_resumes(stage(dataset), *((9, 4) if dataset == "grid25" else (6, 3)))


@pytest.mark.slow
def test_a_run_keeps_its_moments(tmp_path):
    """Step 0, the ends of epochs, the last weights; a picture of them; and a run of more epochs keeps what is not beyond it."""
    config = noise.config("unrolled", "ring8", "smoke", epochs=3, n_samples=100)
    source, workdir = data.load("ring8"), Workdir(tmp_path)
    loop = Loop(rules.stages(config, source), workdir, 0)
    loop.callbacks.append(callbacks.SampleGrid(loop, workdir.samples, 1, source.spec))
    loop.run()
    run = Finished(EXPERIMENT, config, source, workdir, Curves(), step=loop.step())
    found = noise.evaluate(run)
    assert {each.metric for each in found} >= {"modes_covered", "good_samples", "wasserstein_distance"}
    kept = densities.Moments.read(workdir.figures / "moments.npz")
    assert kept.steps.tolist() == [0, 20, 40, 60] and kept.points.shape == (4, densities.KEPT, 2)
    np.testing.assert_allclose(kept.points[-1], run.samples("last", densities.KEPT).reshape(-1, 2), rtol=1e-3, atol=1e-3)
    assert (kept.points[0] != kept.points[-1]).any() and (workdir.figures / "densities.png").is_file()


def test_modes_are_read_channel_by_channel(monkeypatch, tmp_path):
    """By a classifier that knows the images: as many classes as there are in them, and their divergence by hand."""
    digits = noise.source((28, 28, 1), train=300, classes=10)
    monkeypatch.setattr(stacked, "SIZES", {"train": 400, "validation": 20, "test": 20})
    source = stacked.stack(digits, "triples")

    class Knows:
        def read(self, images):
            known = digits.images("train")[..., 0] / np.float32(255)
            gaps = [np.abs(known - each[..., 0]).max(axis=(1, 2)) for each in images]
            return digits.labels("train")[np.argmin(gaps, 1)]

    class Run:
        config = noise.config("unrolled", "stacked_mnist", "smoke", n_samples=300)

        def __init__(self):
            self.source = source

        def kinds(self):
            return ["last"]

        def samples(self, kind, n):
            return np.repeat(source.scaled("train", 3), n // 3, axis=0)

        def measurement(self, metric, unit, value, error, weights=None, **rest):
            return metric, weights or rest["reference"], value

    found = {(metric, whose): value for metric, whose, value in reached.modes_read(Run(), Knows(), 10_000)}
    labels, shares = source.labels("train"), source.class_shares()
    assert found["modes_read", "last"] == 3 and found["modes_read", "training images"] == len(set(labels[:300]))
    assert found["modes_kl", "last"] == pytest.approx(np.mean(np.log(1 / 3 / shares[labels[:3]])))


def test_of_other_data_no_modes_are_read():
    class Run:
        source = data.load("ring8")

    assert measures.ModesRead()(Run()) == []


@pytest.mark.slow
def test_real_stacked_digits_have_all_modes(real_mnist):
    source = data.load("stacked_mnist")
    judge = classifier.of(source.digits)
    images = source.rows("train", slice(25_600)).astype(np.float32) / 255
    read = stacked.number(np.stack([judge.read(images[..., channel : channel + 1]) for channel in range(3)], 1))
    assert len(np.unique(read)) == 1000 and (read == source.labels("train")[:25_600]).mean() > 0.97


def test_a_number_of_updates_beyond_reason_is_refused():
    with pytest.raises(UsageError, match="unroll"):
        noise.config("unrolled", "ring8", unroll=-1)
