"""Both CIFAR-10 models of goodfellow2014: every intermediate shape, parameter counts, rules, figures of their kind."""

import json

import numpy as np
import pytest
from support import marks, noise

from gan_repro import run
from gan_repro.data.scaling import ContrastNormalised
from gan_repro.papers import configuration
from gan_repro.runs.workdir import Workdir
from gan_repro.system.errors import UsageError
from gan_repro.training import rules, schedule
from gan_repro.training.trainer import Loop

EXPERIMENT = configuration.find("goodfellow2014")
SHAPE = (32, 32, 3)


def built(model, preset="paper", **changes):
    config = noise.config("goodfellow2014", "cifar10", preset, model=model, **changes)
    (stage,) = rules.stages(config, noise.source(SHAPE, configuration.scaling_of(config)))
    return stage.build(None)


def test_the_fully_connected_networks_are_the_papers():
    played = built("cifar10")
    g, d = played.generator.network, played.discriminator.network
    assert noise.shapes(g) == [(100, 8000), (8000,), (8000, 8000), (8000,), (8000, 3072), (3072,)]
    assert noise.shapes(d) == [(3072, 8000), (8000,), (1600, 8000), (8000,), (1600, 1), (1,)]  # 1600 units of 5 pieces
    assert g.count_params() == 89_395_072 and d.count_params() == 37_393_601
    layers = [g.get_layer(name) for name in ("hidden_0", "hidden_1", "output")]
    assert [layer.activation.__name__ for layer in layers] == ["relu", "sigmoid", "linear"]
    for layer, limit in zip(layers, (0.05, 0.05, 0.5)):
        values = layer.kernel.numpy()
        assert np.abs(values).max() <= limit and values.std() == pytest.approx(limit / np.sqrt(3), rel=0.01)
        assert (layer.bias.numpy() == 0).all()
    assert played.schedule == schedule.simultaneous() and played.batch_size == 100
    assert float(played.generator.optimizer.learning_rate) == pytest.approx(0.025)
    assert (played.prior.kind, played.prior.size) == ("gaussian", 100)


def test_the_convolutional_networks_are_the_papers():
    played = built("convolutional")
    g, d = played.generator.network, played.discriminator.network
    assert [layer.output.shape[1:] for layer in g.layers] == [(100,), (8000,), (8000,), (10, 10, 80), (32, 32, 3), (32, 32, 3)]
    assert g.get_layer("output_bias").bias.shape == (32, 32, 3)
    assert g.count_params() == 100 * 8000 + 8000 + 8000 * 8000 + 8000 + 5 * 5 * 80 * 3 + 32 * 32 * 3
    found = {layer.name: layer.output.shape[1:] for layer in d.layers if not layer.name.startswith("dropout")}
    assert list(found.values()) == [
        (32, 32, 3),
        (33, 33, 32),
        (16, 16, 32),
        (15, 15, 32),
        (7, 7, 32),
        (9, 9, 192),
        (5, 5, 192),
        (4800,),
        (500,),
        (1,),
    ]
    kernels = [(8, 8, 3, 64), (8, 8, 32, 64), (5, 5, 32, 384), (4800, 2500), (500, 1)]
    assert noise.shapes(d)[::2] == kernels
    assert d.count_params() == sum(np.prod(kernel) + kernel[-1] for kernel in kernels)
    dropouts = [(layer.keep, layer.scale) for layer in d.layers if type(layer).__name__ == "Dropout"]
    assert dropouts == [(0.8, 1.25)] + 4 * [(0.5, 2.0)]
    assert all(np.abs(weight.numpy()).max() <= 0.005 for weight in d.weights)
    assert np.abs(g.get_layer("output").kernel.numpy()).max() <= 0.05
    assert played.batch_size == 128 and float(played.generator.optimizer.learning_rate) == pytest.approx(0.004)


def test_they_see_contrast_normalised_images():
    for model in ("cifar10", "convolutional"):
        config = noise.config("goodfellow2014", "cifar10", model=model)
        assert configuration.scaling_of(config) == ContrastNormalised(55.0)
    assert str(configuration.scaling_of(noise.config("goodfellow2014", "mnist"))) == "pixels in [0, 1]"


@pytest.mark.slow
@pytest.mark.parametrize("model", marks.slow_after(1, ["cifar10", "convolutional"]))
def test_every_weight_of_both_learns(model, tmp_path):
    changes = {"epochs": 1, "steps_per_epoch": 3, "batch_size": 16}
    # As published D starts so small that what reaches G's first layer is lost beside float32 weights for many epochs.
    config = noise.config("goodfellow2014", "cifar10", "smoke", model=model, discriminator_irange=0.05, **changes)
    source = noise.source(SHAPE, configuration.scaling_of(config))
    loop = Loop(rules.stages(config, source), Workdir(tmp_path), 0)
    before = {name: variable.numpy() for name, variable in rules.stages(config, source)[0].build(None).state().items()}
    played = loop.run()
    for name, variable in played.state().items():
        if name.startswith(("generator/", "discriminator/")):
            assert (variable.numpy() != before[name]).any(), name
    assert Workdir(tmp_path).kinds() == ["last"]
    assert played.sample(3, 0).shape == (3, *SHAPE)


@pytest.mark.parametrize(
    "model, setting, complaint",
    [
        ("cifar10", "generator_units=10,10,10", "must be two numbers"),
        ("cifar10", "generator_activations=relu", "must be two, one for each"),
        ("convolutional", "generator_units=8000,8001", "must be a multiple of 100"),
        ("convolutional", "channels=1,2", "must have one number for each convolution"),
    ],
)
def test_recipes_that_cannot_be_are_refused(model, setting, complaint):
    with pytest.raises(UsageError, match=complaint):
        configuration.resolve(EXPERIMENT, "cifar10", model, settings=[setting])


def test_windows_beside_the_image_are_refused():
    with pytest.raises(UsageError, match="pool_strides .* none may be larger"):
        built("convolutional", "smoke", pool_strides=(2, 2, 3))


def test_a_deconvolution_of_another_size_is_refused_with_both_sizes():
    with pytest.raises(UsageError, match=r"32 x 32.* = 23: .*23 x 23"):
        built("convolutional", "smoke", base_size=10, deconvolution_stride=2)


@pytest.mark.slow
@pytest.mark.e2e
def test_a_whole_small_run_draws_its_figures_in_the_space_of_the_model(tmp_path):
    """Real files, the real command: colour images of a user, the convolutional model, to the record."""
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "colour.npz", images=rng.integers(0, 256, (100, *SHAPE), np.uint8))
    words = ["run", "--experiment=goodfellow2014", f"--dataset=npz:{tmp_path / 'colour.npz'}", "--preset=smoke"]
    words += ["--model=convolutional", "--epochs=1", "--set=steps_per_epoch=2", "--set=batch_size=16", "--set=n_samples=50"]
    words += [f"--workdir={tmp_path / 'run'}"]
    assert run.main(words) == 0
    figures = {path.name for path in (tmp_path / "run" / "figures").rglob("*.png")}
    assert figures == {"curves.png", "samples-last.png", "interpolation-last.png"}
    assert (tmp_path / "run" / "figures" / "real-images" / "samples-last.png").exists()
    found = json.loads((tmp_path / "run" / "record.json").read_text())["measurements"]
    assert all("contrast-normalised to norm 55" in each["space"] for each in found)
    nats = {each["weights"] or each["reference"]: each for each in found if each["metric"] == "parzen_log_likelihood"}
    assert set(nats) == {"last", "the mean training image"}
    assert nats["the mean training image"]["paired"]["to"] == "last"
    assert {each["metric"] for each in found} == {"parzen_log_likelihood", "pooled_distance", "pooled_variety"}


@pytest.mark.slow
@pytest.mark.e2e
def test_a_classifier_of_contrast_normalised_images_judges_both_models_samples(tmp_path, monkeypatch):
    """Labelled images of a user in the place of CIFAR-10: what Figures 2c and 2d are measured by is in the record."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    labels = np.arange(100) % 3
    np.savez(tmp_path / "colour.npz", images=rng.integers(0, 256, (100, *SHAPE), np.uint8), labels=labels)
    words = ["run", "--experiment=goodfellow2014", f"--dataset=npz:{tmp_path / 'colour.npz'}", "--preset=smoke"]
    words += ["--model=cifar10", "--epochs=1", "--set=steps_per_epoch=2", "--set=batch_size=16", "--set=n_samples=50"]
    assert run.main([*words, "--set=classifier_metrics=true", f"--workdir={tmp_path / 'run'}"]) == 0
    found = json.loads((tmp_path / "run" / "record.json").read_text())["measurements"]
    subjects = {each["metric"]: set() for each in found}
    for each in found:
        subjects[each["metric"]].add(each["weights"] or each["reference"])
    gaussian = "draws of a Gaussian with the training images' mean and covariance"
    every = {"last", "training images", gaussian}
    for metric in ("pooled_distance", "feature_distance"):
        assert subjects[metric] == every
    for metric in ("frechet_distance", "precision", "recall"):
        assert subjects[metric] == every | {"the mean training image"}
    spaces = {each["space"] for each in found if each["metric"] == "recall"}
    assert spaces == {"features of the data's own classifier, contrast-normalised to norm 55"}


def test_layers_and_columns_can_be_those_of_mnist_and_are_free_by_default():
    plain, other = (
        built("cifar10", "smoke", **changes)
        for changes in ({}, {"generator_activations": ("relu", "relu"), "max_column_norm": 0.5, "learning_rate": 10.0})
    )
    layers = [other.generator.network.get_layer(name) for name in ("hidden_0", "hidden_1", "output")]
    assert [layer.activation.__name__ for layer in layers] == ["relu", "relu", "linear"]
    noise.play(other, 2)
    for game, bounded in ((plain, False), (other, True)):
        players = (game.generator, game.discriminator)
        kernels = [layer for each in players for layer in each.network.layers if hasattr(layer, "kernel")]
        assert len(kernels) == 6 and all((layer.kernel_constraint is not None) == bounded for layer in kernels)
    norms = [np.linalg.norm(layer.kernel.numpy(), axis=0) for layer in kernels]
    assert all((norm <= 0.5 * (1 + 1e-6)).all() for norm in norms) and any((norm > 0.49).any() for norm in norms)


def test_columns_of_the_convolutional_models_dense_layers_can_be_bounded():
    played = built("convolutional", "smoke", max_column_norm=0.5)
    names = [(played.generator, ("hidden_0", "hidden_1")), (played.discriminator, ("maxout_0", "logit"))]
    for player, layers in names:
        assert all(player.network.get_layer(name).kernel_constraint.limit == 0.5 for name in layers)
