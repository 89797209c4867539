"""wgan as a whole: the authors' networks, the clipped critic and its phases, the estimate beside the samples' quality."""

import dataclasses
import json
import math

import keras
import numpy as np
import pytest
from scipy import stats
from support import marks, noise

from experiments.wgan import evidence, learning
from gan_repro import run
from gan_repro.data.scaling import Linear
from gan_repro.evaluation.measurement import Curves
from gan_repro.networks.constraints import WeightClip
from gan_repro.papers import configuration
from gan_repro.runs.trained import Finished
from gan_repro.runs.workdir import Workdir
from gan_repro.system.errors import UsageError
from gan_repro.training import rules, schedule
from gan_repro.training.optimizers import RMSprop
from gan_repro.training.trainer import Loop

pytestmark = pytest.mark.played

EXPERIMENT = configuration.find("wgan")
MLP = {"generator": "mlp", "critic": "mlp", "units": (6, 5)}


def networks(dataset, shape, model="dcgan", preset="paper", **changes):
    """(G, critic) of a recipe."""
    config, spec = noise.config("wgan", dataset, preset, model=model, **changes), noise.source(shape).spec
    keras.utils.set_random_seed(0)
    model = configuration.model_of(config)
    return model.generator(config.recipe, spec), model.discriminator(config.recipe, spec)


def stage(shape=(8, 8, 1), model="dcgan", preset="smoke", classes=0, **changes):
    config = noise.config("wgan", "mnist", preset, model=model, **changes)
    (only,) = rules.stages(config, noise.source(shape, configuration.scaling_of(config), classes=classes))
    return only


def kernels(network):
    return [tuple(layer.kernel.shape) for layer in network.layers if hasattr(layer, "kernel")]


def norms(network):
    return {layer.name: layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)}


def trainable(network):
    return sum(np.prod(weight.shape) for weight in network.trainable_weights)


# ---- the networks -----------------------------------------------------------------------------------------------------


def test_the_64_by_64_networks_are_those_of_the_code():
    """papers.md E1; WassersteinGAN: models/dcgan.py with main.py's defaults."""
    g, d = networks("lsun/bedroom", (64, 64, 3))
    widths = (512, 256, 128, 64, 3)
    assert kernels(g) == [(100, 16 * 512)] + [(4, 4, after, before) for before, after in zip(widths, widths[1:])]
    sizes = [g.get_layer(name).output.shape[1] for name in ("seed_image", "up_0", "up_1", "up_2", "output")]
    assert sizes == [4, 8, 16, 32, 64]
    widths = (3, 64, 128, 256, 512)
    assert kernels(d) == [(4, 4, *pair) for pair in zip(widths, widths[1:])] + [(16 * 512, 1)]
    assert list(norms(g)) == ["seed_norm", "up_0_norm", "up_1_norm", "up_2_norm"]
    assert list(norms(d)) == ["down_1_norm", "down_2_norm", "down_3_norm"]
    assert norms(g)["seed_norm"].gamma.shape == (512,)  # by channel
    for norm in (*norms(g).values(), *norms(d).values()):
        gain = norm.gamma.numpy()
        assert gain.mean() == pytest.approx(1, abs=0.01) and gain.std() == pytest.approx(0.02, rel=0.25)
        assert (norm.beta.numpy() == 0).all() and (norm.epsilon, norm.momentum) == (1e-5, 0.9)
    for network in (g, d):
        for layer in network.layers:
            if hasattr(layer, "kernel"):
                assert len(layer.weights) == 1  # no biases
                assert layer.kernel.numpy().std() == pytest.approx(0.02, rel=0.05)
                assert np.abs(layer.kernel.numpy()).max() > 0.055
    assert {layer.negative_slope for layer in d.layers if isinstance(layer, keras.layers.LeakyReLU)} == {0.2}
    assert g.layers[-1].activation.__name__ == "tanh" and d.layers[-1].activation.__name__ == "linear"
    assert trainable(g) == 16 * (100 * 512 + 512 * 256 + 256 * 128 + 128 * 64 + 64 * 3) + 2 * (512 + 256 + 128 + 64)
    assert trainable(d) == 16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512) + 2 * (128 + 256 + 512)


@pytest.mark.parametrize(
    "dataset, shape, channels, seed", [("mnist", (28, 28, 1), (128, 64), 7), ("cifar10", (32, 32, 3), (256, 128, 64), 4)]
)
def test_smaller_images_take_the_same_stacks_with_fewer_layers(dataset, shape, channels, seed):
    g, d = networks(dataset, shape)
    widths = (*channels, shape[2])
    assert kernels(g) == [(100, seed**2 * channels[0])] + [(4, 4, after, before) for before, after in zip(widths, widths[1:])]
    assert kernels(d) == [(4, 4, *pair) for pair in zip(widths[::-1], widths[-2::-1])] + [(seed**2 * channels[0], 1)]


@pytest.mark.parametrize("dataset, shape", [("mnist", (28, 28, 1)), ("cifar10", (32, 32, 3)), ("lsun/bedroom", (64, 64, 3))])
def test_figure_6_has_no_batch_norm_in_g_and_as_many_filters_everywhere(dataset, shape):
    g, d = networks(dataset, shape, "nonorm")
    assert norms(g) == {} and len(norms(d)) == len(kernels(d)) - 2
    assert {kernel[3] for kernel in kernels(g)[1:]} == {64} and kernels(g)[0][1] % 64 == 0


def test_the_mlp_generator_is_that_of_the_code():
    """models/mlp.py, started as PyTorch starts linear layers: weights and biases U(-1, 1) / sqrt(inputs); no tanh."""
    g, d = networks("lsun/bedroom", (64, 64, 3), "mlp")
    assert kernels(g) == [(100, 512), (512, 512), (512, 512), (512, 64 * 64 * 3)] and norms(g) == {}
    assert len(norms(d)) == 3  # the critic is DCGAN's
    layers = [g.get_layer(name) for name in ("hidden_0", "hidden_1", "hidden_2", "output")]
    assert [layer.activation.__name__ for layer in layers] == ["relu", "relu", "relu", "linear"]
    assert trainable(g) == 100 * 512 + 2 * 512 * 512 + 512 * 12_288 + 3 * 512 + 12_288
    _, both = networks("mnist", (28, 28, 1), critic="mlp")
    assert kernels(both) == [(784, 512), (512, 512), (512, 512), (512, 1)]
    layers += [layer for layer in both.layers if layer.weights]
    assert [layer.activation.__name__ for layer in layers[4:]] == ["relu", "relu", "relu", "linear"]
    for layer in layers:
        limit = layer.kernel.shape[0] ** -0.5
        for values in (layer.kernel.numpy(), layer.bias.numpy()):
            assert np.abs(values).max() <= limit
            if values.size > 100:
                assert values.std() == pytest.approx(limit / np.sqrt(3), rel=0.1)


# ---- the games --------------------------------------------------------------------------------------------------------


def test_the_wgan_is_algorithm_1_as_the_code_runs_it():
    played = stage(preset="paper", generator_channels=(4, 4), critic_channels=(4, 4)).build(None)
    assert played.schedule == schedule.alternating(n_critic=5, warmup=schedule.CriticWarmup(25, 500, 100))
    assert played.batch_size == 64 and (played.prior.kind, played.prior.size) == ("gaussian", 100)
    assert [(term.name, term.weight) for term in played.discriminator.terms] == [("critic", 1.0)]
    assert [(term.name, term.weight) for term in played.generator.terms] == [("critic_generator", 1.0)]
    assert float(played.d_output(-3.0)) == -3.0
    assert isinstance(played.discriminator.constraint, WeightClip) and played.discriminator.constraint.limit == 0.01
    assert played.discriminator.constrain_first and played.generator.constraint is None
    for player in (played.generator, played.discriminator):
        assert isinstance(player.optimizer, RMSprop)
        assert (player.optimizer.rho, player.optimizer.epsilon) == (0.99, 1e-8)
        assert float(player.optimizer.learning_rate) == pytest.approx(5e-5)
    assert played.generator.optimizer is not played.discriminator.optimizer
    assert configuration.scaling_of(noise.config("wgan", "mnist")) == Linear(-1.0, 1.0)


def test_the_gan_beside_it():
    played = stage(model="dcgan-gan", preset="paper", generator_channels=(4, 4), critic_channels=(4, 4)).build(None)
    assert played.schedule == schedule.alternating() and played.discriminator.constraint is None
    assert [term.name for term in played.discriminator.terms] == ["log_real", "log_generated"]
    assert [term.name for term in played.generator.terms] == ["non_saturating"] and float(played.d_output(0.0)) == 0.5
    for player in (played.generator, played.discriminator):
        adam = player.optimizer
        assert isinstance(adam, keras.optimizers.Adam) and (adam.beta_1, adam.beta_2, adam.epsilon) == (0.5, 0.999, 1e-8)
        assert float(adam.learning_rate) == pytest.approx(2e-4)


@pytest.mark.parametrize("dataset", ["mnist", "cifar10", "lsun/bedroom"])
@pytest.mark.parametrize("preset", ["paper", "quick"])
@pytest.mark.parametrize("variant", ["dcgan", "nonorm", "mlp"])
def test_both_are_compared_with_the_same_networks(dataset, preset, variant):
    game = {"objective", "optimizer", "learning_rate", "clip", "n_critic", "warmup_first", "warmup_every"}
    models = [EXPERIMENT.models[name] for name in (variant, f"{variant}-gan")]
    wgan, gan = (model.recipe(preset, dataset) for model in models)
    assert {name for name in vars(wgan) if getattr(wgan, name) != getattr(gan, name)} <= game
    assert (wgan.objective, gan.objective) == ("wasserstein", "non_saturating")
    assert [model.critic(recipe) for model, recipe in zip(models, (wgan, gan))] == [True, False]


def phases_of_the_code(n, first, every, length, n_critic):
    """Whether G moves behind each of n minibatches, as main.py counts where the data have no end."""
    moves, generator_iterations, critic_iterations = [], 0, 0
    for _ in range(n):
        long = generator_iterations < first or (every and generator_iterations % every == 0)
        critic_iterations += 1
        moves.append(critic_iterations == (length if long else n_critic))
        if moves[-1]:
            generator_iterations, critic_iterations = generator_iterations + 1, 0
    return moves


@pytest.mark.parametrize("first, every", marks.slow_after(1, [(3, 6), (2, 0)]))
def test_the_critics_phases(first, every):
    changes = MLP | {"n_critic": 5, "warmup_first": first, "warmup_every": every, "warmup_length": 20}
    played = stage(**changes, batch_size=4, steps_per_epoch=0).build(None)
    g_losses = noise.play(played, 200)["g_loss"]
    expected = phases_of_the_code(200, first, every, 20, 5)
    assert (~g_losses.mask).tolist() == expected
    assert played.updates == {"discriminator": 200, "generator": sum(expected)}
    assert sum(expected) < 40


def test_without_long_phases_there_are_none():
    assert stage(warmup_first=0, warmup_every=0).build(None).schedule == schedule.alternating(n_critic=5)
    assert stage(warmup_first=0, warmup_every=9).build(None).schedule.warmup == schedule.CriticWarmup(0, 9, 8)


def largest(played):
    return max(np.abs(weight.numpy()).max() for weight in played.discriminator.network.trainable_variables)


@pytest.mark.parametrize("before", marks.slow_after(1, [True, False]))
def test_the_critic_is_clipped_before_or_after_each_of_its_moves(before):
    """RMSprop moves no weight by more than learning_rate / sqrt(1 - rho), ten times the learning rate."""
    played = stage(**MLP, batch_size=20, clip_before=before, learning_rate=1e-3, warmup_first=0, n_critic=1).build(None)
    assert largest(played) > 0.3
    noise.play(played, 1)
    assert 0.01 < largest(played) <= 0.01 + 0.0101 if before else largest(played) <= np.float32(0.01)
    for _ in range(5):
        noise.play(played, 1)
        assert largest(played) <= (0.0201 if before else np.float32(0.01))
    generator = played.generator.network.trainable_variables
    assert max(np.abs(weight.numpy()).max() for weight in generator) > 0.1


def test_every_weight_learns_and_a_run_can_be_repeated_and_resumed():
    made = stage(learning_rate=1e-3, n_critic=2, warmup_length=3, averages=("ema-.9",))
    played = noise.assert_learns_repeats_and_resumes(made, 13, 6)
    assert played.updates == {"discriminator": 13, "generator": 6}
    # Batch norm's gains began at 1: they are clipped like everything else.
    assert all(np.abs(norm.gamma.numpy()).max() < 0.03 for norm in norms(played.discriminator.network).values())
    assert np.abs(played.sample(20, 0)).max() <= 1


# ---- what a run shows -------------------------------------------------------------------------------------------------


def test_the_estimates_of_both_games():
    assert evidence.estimate("wasserstein", -0.25) == 0.25  # the critic minimises E f(G(z)) - E f(x)
    assert evidence.estimate("non_saturating", math.log(4)) == pytest.approx(0)  # D = 1/2 everywhere: p_g may be p_data
    assert evidence.estimate("non_saturating", 0.0) == pytest.approx(math.log(2))  # D is always right
    x, g = np.array([0.9, 0.6]), np.array([0.2, 0.3])  # D(x), D(G(z))
    loss = -np.log(x).mean() - np.log(1 - g).mean()
    assert evidence.estimate("non_saturating", loss) == pytest.approx(math.log(2) + (np.log(x) + np.log(1 - g)).mean() / 2)
    assert evidence.estimate("wasserstein", None) is None and evidence.estimate("non_saturating", None) is None


def test_the_estimates_curve_goes_through_a_median_of_five_rows():
    losses = [-5.0, None, -4.0, -9.0, -3.0, -2.0, -7.0, -1.0]
    rows = [{"step": 100 * (i + 1), "d_loss": loss} for i, loss in enumerate(losses)]
    steps, raw, smooth = evidence.filtered("wasserstein", rows)
    assert steps == [100, 300, 400, 500, 600, 700, 800] and raw == [5, 4, 9, 3, 2, 7, 1]
    padded = [5, 5, *raw, 1, 1]  # the ends count more than once
    assert smooth == [sorted(padded[i : i + 5])[2] for i in range(7)]
    assert evidence.filtered("wasserstein", []) == ([], [], [])


def test_a_correlation_is_given_where_it_says_something():
    quality = [50.0, 40.0, 45.0, 20.0, 10.0]
    found = evidence.correlations([5.0, 4.0, 4.5, 2.0, 1.0], quality)
    assert found == {"estimate_quality_correlation": pytest.approx(1), "estimate_quality_change_correlation": pytest.approx(1)}
    found = evidence.correlations([5.0, 4.0, 3.9, 3.7, 1.0], quality)  # ranks 5 4 3 2 1 against 5 3 4 2 1: 1 - 6 * 2 / 120
    assert found["estimate_quality_correlation"] == pytest.approx(0.9)
    # changes -1 -.1 -.2 -2.7, ranks 2 4 3 1, against -10 5 -25 -10, ranks 2.5 4 1 2.5: Pearson's of those
    assert found["estimate_quality_change_correlation"] == pytest.approx(np.corrcoef([2, 4, 3, 1], [2.5, 4, 1, 2.5])[0, 1])
    assert evidence.correlations([5.0, 4.0, 3.0, 2.0], [500.0, 510.0, 505.0, 515.0]) == {}  # it stands still
    assert evidence.correlations([5.0, 5.0, 5.0, 5.0], [50.0, 40.0, 30.0, 20.0]) == {}
    assert evidence.correlations([5.0, 4.0, 3.0], [50.0, 40.0, 30.0]) == {}
    assert evidence.correlations([], []) == {}


def test_claims_with_a_budget_count_gs_updates_by_the_recipe_alone():
    """Of 40,000 minibatches 20 phases of 100, before updates 0 to 4 and every 500th, and 7,600 of 5; the GAN's are all G's."""
    budget = next(claim.budget for claim in EXPERIMENT.claims if claim.budget)
    for model, updates in (("dcgan", 7620), ("dcgan-gan", 40_000)):
        recipe = EXPERIMENT.models[model].recipe("quick", "mnist")
        assert budget.of(configuration.plain(dataclasses.asdict(recipe)), 40_000) == updates


@pytest.mark.slow
def test_without_labels_there_is_the_estimate_and_no_quality(tmp_path, monkeypatch):
    monkeypatch.setattr(evidence, "QUALITY_SAMPLES", 30)
    config = noise.config("wgan", "npz:a.npz", "smoke", **MLP | {"epochs": 2, "steps_per_epoch": 9})
    source, workdir = noise.source((8, 8, 1), configuration.scaling_of(config)), Workdir(tmp_path)
    loop = Loop(rules.stages(config, source), workdir, 0)
    loop.callbacks.append(configuration.model_of(config).callbacks(loop, workdir.samples, 1, source.spec))
    played = loop.run()
    snapshots = [learning.read(workdir.samples / f"epoch-{epoch:05d}.npz") for epoch in (1, 2)]
    assert [(s.epoch, s.step, s.g_updates) for s in snapshots] == [(1, 9, 1), (2, 18, 3)]
    assert all(math.isnan(snapshot.quality) for snapshot in snapshots)
    np.testing.assert_array_equal(snapshots[1].images, played.sample(learning.SHOWN, 0))
    assert len(list(workdir.samples.glob("*.png"))) == 2
    curves = Curves(training={"epoch": [1, 2], "d_loss": [-0.1, None], "g_loss": [0.0, 0.0]}, validation={})
    rows = ({"step": 9, "d_loss": -0.1}, {"step": 18, "d_loss": None})
    dataclasses.replace(snapshots[1], epoch=3, step=27).write(workdir.samples / "epoch-00003.npz")  # a killed process's
    draw, drawn = learning.estimate_and_quality, []
    spy = lambda path, taken, *rest: drawn.append(taken) or draw(path, taken, *rest)  # noqa: E731
    monkeypatch.setattr(learning, "estimate_and_quality", spy)
    assert noise.evaluate(Finished(EXPERIMENT, config, source, workdir, curves, rows, 2, 18)) == []
    assert [snapshot.step for snapshot in drawn[0]] == [9, 18]
    figures = {path.name for path in workdir.figures.iterdir()}
    assert figures == {"curves.png", "samples-last.png", "interpolation-last.png", "estimate.png"}


@pytest.mark.slow
@pytest.mark.e2e
def test_a_whole_small_run_on_glyphs(few_glyphs, tmp_path, monkeypatch):
    monkeypatch.setattr(evidence, "QUALITY_SAMPLES", 200)
    monkeypatch.setattr(evidence, "STANDS_STILL", 0.0)
    words = ["run", "--experiment=wgan", "--dataset=glyphs", "--preset=smoke", "--set=n_samples=60", "--epochs=4"]
    assert run.main([*words, "--set=steps_per_epoch=12", f"--workdir={tmp_path}"]) == 0
    figures = {path.name for path in (tmp_path / "figures").iterdir()}
    assert figures == {"curves.png", "samples-last.png", "interpolation-last.png", "estimate.png"}
    record = json.loads((tmp_path / "record.json").read_text())
    snapshots = [learning.read(path) for path in sorted((tmp_path / "samples").glob("*.npz"))]
    assert [snapshot.step for snapshot in snapshots] == [12, 24, 36, 48]
    a, b, c, d = (-loss for loss in record["curves"]["training"]["d_loss"])  # one row of metrics.csv in an epoch
    smooth = [np.median(window) for window in ([a, a, a, b, c], [a, a, b, c, d], [a, b, c, d, d], [b, c, d, d, d])]
    (found,) = [entry for entry in record["measurements"] if entry["metric"] == "estimate_quality_correlation"]
    expected = stats.spearmanr(smooth, [snapshot.quality for snapshot in snapshots]).statistic
    assert found["value"] == pytest.approx(expected) and (found["n_checkpoints"], found["n_samples"]) == (4, 200)
    assert {entry["metric"] for entry in record["measurements"]} >= {"frechet_distance", "class_kl"}
    config, spec = noise.config("wgan", "glyphs", "smoke"), noise.source((28, 28, 1)).spec
    configuration.model_of(config).discriminator(config.recipe, spec).load_weights(Workdir(tmp_path).network("discriminator"))


# ---- the user's side --------------------------------------------------------------------------------------------------


def test_images_that_no_layers_fit_are_refused_with_the_nearest_sizes_that_they_fit():
    with pytest.raises(UsageError, match="noise are 30 x 28: .* multiples of 4, such as 28 x 28 or 32 x 28"):
        stage((30, 28, 1)).build(None)


@pytest.mark.parametrize("critic", ["convolutional", "mlp"])
def test_an_mlp_makes_images_of_any_size(critic):
    played = stage((30, 27, 1), "mlp", critic=critic, units=(6, 5)).build(None)
    assert played.sample(2, 0).shape == (2, 30, 27, 1)


@pytest.mark.parametrize("setting", ["generator_channels=", "units="])
def test_networks_without_layers_are_refused(setting):
    with pytest.raises(UsageError, match="must have at least one number"):
        configuration.resolve(EXPERIMENT, "mnist", settings=[setting])


def test_a_critic_without_any_convolution_beside_a_g_that_has_one_is_refused():
    with pytest.raises(UsageError, match="critic_channels .* give 3 numbers or more"):
        stage((28, 28, 1), critic_channels=(8, 8)).build(None)


def test_constants_of_another_optimizer_are_refused():
    with pytest.raises(UsageError, match="beta_1: of Adam"):
        stage((28, 28, 1), beta_1=0.9).build(None)


def test_epochs_between_looks_at_the_estimate_make_another_run():
    runs = [configuration.resolve(EXPERIMENT, "mnist", settings=[f"samples_every={n}"]).as_dict() for n in (1, 2)]
    assert configuration.identity(runs[0]) != configuration.identity(runs[1])


def test_a_loss_with_other_targets_is_no_estimate():
    for setting in ("smoothing=.9", "soft_labels=true", "flipped_labels=.1", "replay=200"):
        assert not evidence.bounds(configuration.resolve(EXPERIMENT, "mnist", "dcgan-gan", settings=[setting]).recipe)
    assert evidence.bounds(configuration.resolve(EXPERIMENT, "mnist", "dcgan-gan").recipe)


@pytest.mark.parametrize("pixels, layers", [(28, 2), (32, 3), (48, 4), (64, 4)])
@pytest.mark.parametrize("model", ["dcgan", "nonorm", "mlp"])
def test_a_users_own_images_decide_how_many_layers_there_are(model, pixels, layers):
    g, d = networks("images:a", (pixels, pixels, 3), model, "smoke")
    assert g.output.shape[1:] == (pixels, pixels, 3)
    convolutions = [len([kernel for kernel in kernels(network) if len(kernel) == 4]) for network in (g, d)]
    assert convolutions == [0 if model == "mlp" else layers, layers]
