"""The TFD model of goodfellow2014: networks of both stages, what the second takes over, resume across them."""

import json

import numpy as np
import pytest
from scipy import io, special
from support import noise

from experiments.goodfellow2014 import tfd
from gan_repro import data, run
from gan_repro.evaluation.measurement import Curves
from gan_repro.papers import configuration
from gan_repro.runs.trained import Finished
from gan_repro.runs.workdir import Workdir
from gan_repro.system.errors import StageError, UsageError
from gan_repro.training import rules
from gan_repro.training.trainer import Loop

pytestmark = pytest.mark.played

EXPERIMENT = configuration.find("goodfellow2014")
SHAPE = (48, 48, 1)


def small(**changes):
    """The smoke preset with three minibatches an epoch."""
    return noise.config("goodfellow2014", "tfd", "smoke", steps_per_epoch=3, batch_size=20, n_samples=50, **changes)


def loop(folder, **changes):
    source = noise.source(SHAPE)
    return Loop(rules.stages(small(**changes), source), Workdir(folder), 0)


def test_the_networks_of_both_stages_are_the_papers():
    source = noise.source(SHAPE)
    config = noise.config("goodfellow2014", "tfd")
    first, second = rules.stages(config, source)
    assert (first.epochs, second.epochs, config.recipe.total_epochs) == (50, 22, 72)
    played = first.build(None)
    g, d = played.generator.network, played.discriminator.network
    assert noise.shapes(g) == [(100, 8000), (8000,), (8000, 8000), (8000,), (8000, 2304), (2304,)]
    assert noise.shapes(d) == [(2304, 6000), (6000,), (1200, 6000), (6000,), (1200, 1), (1,)]
    hidden = [g.get_layer(name) for name in tfd.STACK]
    assert [layer.activation.__name__ for layer in hidden] == ["relu", "sigmoid", "sigmoid"]
    assert (hidden[1].bias.numpy() == -2).all() and (hidden[0].bias.numpy() == 0).all()
    connections = (hidden[2].kernel.numpy() != 0).sum(axis=0)
    assert (connections == 100).all()
    for layer in (*hidden, d.get_layer("maxout_0"), d.get_layer("maxout_1"), d.get_layer("logit")):
        constraint = getattr(layer, "kernel_constraint", None)
        assert constraint.limit == pytest.approx(np.sqrt(3.75), abs=5e-5)
    mean = (source.images("train").astype(np.float64) / 255).mean(axis=0).ravel().clip(1e-7, 1 - 1e-7)
    np.testing.assert_allclose(hidden[2].bias.numpy(), np.log(mean / (1 - mean)), rtol=1e-4, atol=1e-6)
    assert (played.prior.kind, played.prior.size, played.batch_size) == ("gaussian", 100, 100)
    assert float(played.generator.optimizer.learning_rate) == pytest.approx(0.05)

    whole = second.build(played)
    assert noise.shapes(whole.generator.network) == [(100, 8000), (8000,), (8000, 100), (100,), *noise.shapes(g)]
    bottom = [whole.generator.network.get_layer(name) for name in ("bottom_0", "bottom_1")]
    assert [layer.activation.__name__ for layer in bottom] == ["relu", "sigmoid"]
    assert (bottom[1].bias.numpy() == -2).all()
    assert noise.shapes(whole.discriminator.network) == noise.shapes(d)
    assert whole.discriminator.network is not d
    assert noise.shapes(whole.sampler) == noise.shapes(whole.generator.network)


@pytest.mark.slow
def test_the_second_stage_goes_on_from_the_first_ones_weights_with_all_schedules_at_their_start():
    source = noise.source(SHAPE)
    first, second = rules.stages(small(), source)
    before = first.build(None)
    drawn = before.generator.network.get_layer("hidden_0").kernel.numpy().copy()
    before.steps(3)
    after = second.build(before)
    for name in tfd.STACK:
        a, b = before.generator.network.get_layer(name), after.generator.network.get_layer(name)
        np.testing.assert_array_equal(a.kernel.numpy(), b.kernel.numpy())
    assert (drawn != before.generator.network.get_layer("hidden_0").kernel.numpy()).any()  # it has learnt meanwhile
    assert (drawn != after.generator.network.get_layer("bottom_0").kernel.numpy()).any()  # and the bottom is another draw
    assert int(after.generator.optimizer.iterations) == 0 and int(before.generator.optimizer.iterations) == 3
    assert (after.discriminator.network.weights[0].numpy() != before.discriminator.network.weights[0].numpy()).any()
    kernel = after.generator.network.get_layer("hidden_1").kernel.numpy().copy()
    after.steps(3)
    assert (kernel != after.generator.network.get_layer("hidden_1").kernel.numpy()).any()  # pretrained weights go on learning


@pytest.mark.slow
def test_column_norms_hold_after_every_update():
    first, _ = rules.stages(small(max_column_norm=0.9, learning_rate=0.5), noise.source(SHAPE))
    played = first.build(None)
    played.steps(2)
    networks = played.generator.network, played.discriminator.network
    norms = [np.linalg.norm(weight.numpy(), axis=0) for network in networks for weight in network.weights[::2]]
    assert all((norm <= 0.9 * (1 + 1e-6)).all() for norm in norms)
    assert any((norm > 0.89).any() for norm in norms)  # N(0, 1) in a hundred places is longer: the limit was at work


@pytest.mark.slow
@pytest.mark.e2e
def test_a_run_goes_through_both_stages_and_an_interrupted_one_ends_with_the_same_bytes(tmp_path):
    whole = loop(tmp_path / "whole", epochs=2)
    whole.run()
    assert whole.epochs() == 3 and whole.step() == 9 and whole.finished()
    assert Workdir(tmp_path / "whole").kinds() == ["best", "last"]
    parts = loop(tmp_path / "parts", epochs=1)
    parts.run()
    again = loop(tmp_path / "parts", epochs=2)
    again.run()
    assert again.resumed_at == 6
    for kind in ("last", "best"):
        a, b = (Workdir(tmp_path / name).weights(kind).read_bytes() for name in ("whole", "parts"))
        assert a == b


def test_a_run_still_in_its_first_stage_is_not_evaluated_as_if_it_were_the_second(tmp_path, monkeypatch, capsys):
    from gan_repro import evaluate
    from gan_repro.runs import manifests
    from gan_repro.system import files

    first = loop(tmp_path, pretrain_epochs=2)

    def stop(stage, epoch):
        first._save()
        raise KeyboardInterrupt

    first._end_epoch = stop
    with pytest.raises(KeyboardInterrupt):
        first.run()
    files.write_json(tmp_path / "config.json", small(pretrain_epochs=2).as_dict())
    files.write_json(tmp_path / "manifest.json", manifests.new(small(pretrain_epochs=2), noise.source(SHAPE)))
    monkeypatch.setattr(data, "load", lambda *arguments, **options: noise.source(SHAPE))
    assert evaluate.main(["evaluate", f"--workdir={tmp_path}"]) == StageError.exit_code
    assert "still in its stage pretrain; the generator to evaluate is that of the stage train" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.h5"))


@pytest.mark.parametrize(
    "setting, complaint",
    [
        ("bottom_units=8000,50", "takes the place of z, so it must equal latent"),
        ("bottom_units=100", "must be two numbers"),
        ("generator_units=10,10,10", "must be two numbers"),
        ("generator_units=10,99", "sparse_connections = 100: must be <= 99"),
    ],
)
def test_recipes_that_cannot_be_are_refused(setting, complaint):
    with pytest.raises(UsageError, match=complaint):
        configuration.resolve(EXPERIMENT, "tfd", settings=[setting])


def test_users_own_images_are_learnt_by_either_model():
    plain, faces = (configuration.resolve(EXPERIMENT, "npz:a.npz", model) for model in (None, "tfd"))
    assert plain.model == "mnist" and plain.recipe == configuration.resolve(EXPERIMENT, "mnist").recipe
    assert faces.recipe == configuration.resolve(EXPERIMENT, "tfd").recipe


@pytest.mark.slow
@pytest.mark.e2e
def test_a_whole_small_run_on_a_file_of_the_layout_is_judged_fold_by_fold(tmp_path):
    """Real files, the real command, two stages, five folds, to the record; the mean and its error against plain numpy."""
    rng = np.random.default_rng(0)
    folds = np.stack([np.repeat([0, 0, 1, 2, 3], 40)[rng.permutation(200)] for _ in range(5)], axis=1)
    folds[folds[:, 0] == 0] = 0  # unlabeled in one fold, unlabeled in all
    fields = {
        "images": rng.integers(0, 256, (200, 48, 48), np.uint8),
        "folds": folds,
        "labs_ex": np.where(folds[:, :1] == 0, -1, 3),
    }
    io.savemat(tmp_path / "TFD_48x48.mat", fields)
    words = ["run", "--experiment=goodfellow2014", "--dataset=tfd", "--preset=smoke", f"--data_dir={tmp_path}"]
    words += ["--set=steps_per_epoch=2", "--set=batch_size=20", "--set=n_samples=50", f"--workdir={tmp_path / 'run'}"]
    assert run.main(words) == 0
    record = json.loads((tmp_path / "run" / "record.json").read_text())
    assert record["epochs"] == 2 and record["cost"]["steps"] == 4
    nats = [each for each in record["measurements"] if each["metric"] == "parzen_log_likelihood"]
    best, last, mean = nats
    assert (mean["reference"], mean["n_samples"], mean["n_folds"]) == ("the mean training image", 1, 5)
    varied = [each["weights"] for each in record["measurements"] if each["metric"] == "pooled_variety"]
    assert (last["weights"], varied) == ("last", ["best", "last"])
    assert (best["weights"], best["n_folds"], best["n_samples"], len(best["sigmas"])) == ("best", 5, 50, 5)
    assert best["n_test"] == (folds == 3).sum()
    source = data.load("tfd", tmp_path)
    config = noise.config("goodfellow2014", "tfd", "smoke", n_samples=50)
    finished = Finished(EXPERIMENT, config, source, Workdir(tmp_path / "run"), Curves())
    values = []  # (5 draws of z, 5 folds)
    for draw in range(5):
        samples, row = finished.samples("best", draw=draw).reshape(50, -1).astype(np.float64), []
        for (_, test), sigma in zip(source.folds(), best["sigmas"]):
            distances = ((test.reshape(len(test), 1, -1) - samples) ** 2).sum(axis=2)
            density = special.logsumexp(-distances / 2 / sigma**2, axis=1) - np.log(50)
            row.append((density - 2304 * np.log(sigma * np.sqrt(2 * np.pi))).mean())
        values.append(row)
    assert best["value"] == pytest.approx(np.mean(values), abs=0.01)
    assert best["standard_error"] == pytest.approx(np.std(np.mean(values, axis=0), ddof=1) / np.sqrt(5), abs=0.01)
    assert best["std_over_draws"] == pytest.approx(np.std(np.mean(values, axis=1), ddof=1), abs=0.01)
    assert record["choice"]["draw"] == record["manifest"]["choice"]["draw"] == "validation"
    drawn = {path.name for path in (tmp_path / "run" / "figures").iterdir()}
    assert {"samples-best.png", "samples-last.png", "curves.png"} <= drawn


@pytest.mark.slow
@pytest.mark.e2e
def test_faces_without_labels_are_judged_by_features_that_read_turns(tmp_path, monkeypatch):
    """Grey images of a user in the place of TFD: what Figure 2b is measured by is in the record."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "faces.npz", images=rng.integers(0, 256, (100, *SHAPE[:2]), np.uint8))
    words = ["run", "--experiment=goodfellow2014", f"--dataset=npz:{tmp_path / 'faces.npz'}", "--model=tfd", "--preset=smoke"]
    words += ["--set=steps_per_epoch=2", "--set=batch_size=20", "--set=n_samples=50", "--set=classifier_metrics=true"]
    assert run.main([*words, f"--workdir={tmp_path / 'run'}"]) == 0
    record = json.loads((tmp_path / "run" / "record.json").read_text())
    found, validation = record["measurements"], record["curves"]["validation"]["last"]
    assert (record["choice"]["epoch"], record["choice"]["value"]) in zip(validation["epoch"], validation["value"])
    metrics = {each["metric"] for each in found if each["weights"] == "best"}
    wanted = {"pooled_distance", "pooled_variety", "frechet_distance", "precision", "recall"}
    assert metrics == {"parzen_log_likelihood", *wanted}
    assert {each["space"] for each in found if each["metric"] == "recall"} == {
        "features of a network that reads turns of the data"
    }
    (mean,) = [each for each in found if each["metric"] == "recall" and each["reference"] == "the mean training image"]
    assert mean["value"] == 0
