"""What a training leaves: rows, validation, checkpoints, pictures, curves, and what stops it; going on is in test_resume.py."""

import io
import re
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import games, marks
from support.loops import loop, rows, stage

from gan_repro.data import drawn
from gan_repro.data.source import Spec
from gan_repro.runs.workdir import Workdir
from gan_repro.system.errors import RunError
from gan_repro.training import history, losses, trainer
from gan_repro.training.callbacks import ProgressLine, SampleGrid, duration

pytestmark = pytest.mark.played

# ---- what a run leaves -----------------------------------------------------------------------------------------------


def test_a_run_leaves_rows_weights_and_checkpoints(digits, tmp_path):
    made = loop(digits, tmp_path, epochs=3, averages=("mean-from-0",))
    played = made.run()
    assert played.step == 30 and made.step() == 30 and made.epochs() == 3 and made.finished()
    table = rows(tmp_path)
    assert [row["epoch"] for row in table] == ["1.0", "2.0", "3.0"] and [row["step"] for row in table] == ["10", "20", "30"]
    # validated every second epoch
    assert [row["validation_last"] != "" for row in table] == [False, True, False]
    assert [row["validation_mean-from-0"] != "" for row in table] == [False, True, False]
    assert Workdir(tmp_path).kinds() == ["best", "last", "mean-from-0"]
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["0000000020.npz", "0000000030.npz"]
    sampler = games.build(digits, init_seed=9).sampler
    sampler.load_weights(tmp_path / "generator.weights.h5")
    for a, b in zip(sampler.weights, played.generator.network.weights):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    d = games.build(digits, init_seed=9).discriminator.network
    d.load_weights(tmp_path / "discriminator.weights.h5")
    for a, b in zip(d.weights, played.discriminator.network.weights):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_rows_are_means_over_100_minibatches(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "LOG_EVERY", 4)
    seen = []

    class Spy(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append((batch, logs["step"]))

    loop(digits, tmp_path, [Spy()], epochs=1).run()
    assert [row["step"] for row in rows(tmp_path)] == ["4", "8", "10"]
    reference = games.build(digits).steps(10)
    expected = [reference["d_loss"][a:b].astype(np.float64).mean() for a, b in ((0, 4), (4, 8), (8, 10))]
    assert [float(row["d_loss"]) for row in rows(tmp_path)] == pytest.approx(expected, rel=1e-6)
    assert seen[-1][0] == 9


def test_rows_tell_each_terms_value(digits, tmp_path):
    loop(digits, tmp_path, epochs=2, d_terms=(*losses.minimax().discriminator, losses.gradient_penalty(0.1))).run()
    for row in rows(tmp_path):
        parts = [float(row[f"d_loss/{name}"]) for name in ("log_real", "log_generated", "gradient_penalty")]
        assert parts[2] > 0 and parts[0] + parts[1] + 0.1 * parts[2] == pytest.approx(float(row["d_loss"]), rel=1e-5)
        assert float(row["g_loss/non_saturating"]) == pytest.approx(float(row["g_loss"]), rel=1e-6)


def test_a_checkpoint_is_written_inside_an_epoch_when_it_is_due(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(trainer, "CALL_SECONDS", 0.0)  # one minibatch a call
    monkeypatch.setattr(trainer, "CHECKPOINT_SHARE", 1.0)
    saved = []
    monkeypatch.setattr(Workdir, "save_checkpoint", lambda self, step, arrays, notes: saved.append(step))
    loop(digits, tmp_path, epochs=2).run()
    inside = [step for step in saved if step % 10]
    assert len(inside) >= 6 and {10, 20} <= set(saved) and saved == sorted(saved)


def test_a_checkpoint_that_takes_long_is_written_less_often(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(trainer, "CALL_SECONDS", 0.0)
    saved = []

    def slow(self, step, arrays, notes):
        saved.append(step)
        time.sleep(1.0)

    monkeypatch.setattr(Workdir, "save_checkpoint", slow)
    loop(digits, tmp_path, epochs=2).run()
    assert len([step for step in saved if step % 10]) <= 1 and {10, 20} <= set(saved)  # 1 s of 20 at most, and every epoch


def test_the_best_generator_is_the_one_of_the_best_validation(digits, tmp_path):
    values = iter([1.0, 3.0, 2.0])
    kept = []

    class Keep(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            kept.append([w.numpy() for w in made.trainable.generator.network.weights])

    made = loop(digits, tmp_path, [Keep()], epochs=3, every=1, validate=lambda images: next(values))
    made.run()
    assert made.progress.best == {"value": 3.0, "epoch": 2}
    best = games.build(digits, init_seed=9).sampler
    best.load_weights(tmp_path / "generator_best.weights.h5")
    for a, b in zip(best.weights, kept[1]):
        np.testing.assert_array_equal(a.numpy(), b)


def test_a_run_too_short_for_a_validation_is_validated_at_its_end(digits, tmp_path):
    made = loop(digits, tmp_path, epochs=1, every=5)
    made.run()
    assert made.progress.best["epoch"] == 1 and Workdir(tmp_path).kinds() == ["best", "last"]


def test_curves_have_one_point_per_epoch(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "LOG_EVERY", 4)
    ends = []

    class Spy(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            ends.append(logs)

    made = loop(digits, tmp_path, [Spy()], epochs=2, every=1)
    made.run()
    curves = history.curves(made.progress.rows)
    assert curves["training"]["epoch"] == [1, 2]
    assert curves["validation"]["last"]["epoch"] == [1, 2]
    table = rows(tmp_path)
    reference = games.build(digits)
    for epoch in (0, 1):  # over minibatches: of the rows of 4, 4 and 2 the last one counts half
        expected = {name: values.astype(np.float64).mean() for name, values in reference.steps(10).items()}
        for name in history.METRICS:
            assert curves["training"][name][epoch] == pytest.approx(expected[name], rel=1e-6)
            assert ends[epoch][name] == pytest.approx(expected[name], rel=1e-6)
    assert curves["validation"]["last"]["value"][1] == float(table[-1]["validation_last"])


# ---- what is told and shown on the way -------------------------------------------------------------------------------


def test_tensorboard_gets_the_metrics_of_every_epoch(digits, tmp_path):
    from tensorflow.python.summary.summary_iterator import summary_iterator

    from gan_repro.training.callbacks import TensorBoard

    made = loop(digits, tmp_path, epochs=2)
    made.callbacks.append(TensorBoard(made, tmp_path / "tensorboard"))
    made.run()
    (file,) = (tmp_path / "tensorboard").iterdir()
    found = {(value.tag, event.step) for event in summary_iterator(str(file)) for value in event.summary.value}
    assert {("d_loss", 10), ("g_loss", 20), ("d_real", 20), ("validation_last", 20)} <= found


def test_the_progress_line_tells_what_people_ask(digits, tmp_path):
    out = io.StringIO()
    made = loop(digits, tmp_path, [ProgressLine(out, interval=0.0)], epochs=3)
    made.run()
    last = out.getvalue().splitlines()[-1]
    assert re.match(r"epoch 3  step 30/30  [\d.]+ steps/s  0 s left  D loss [\d.]+  G loss [\d.]+  D\(x\) [\d.]+", last)
    assert "validation" in last
    assert [duration(s) for s in (42, 425, 11_520)] == ["42 s", "7 min 05 s", "3 h 12 min"]


def test_the_time_left_has_the_validations_to_come(digits, tmp_path, monkeypatch):
    class Told(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            told.setdefault((logs["step"] - 1) // 10, logs["validating"])  # of the first call of each epoch

    told = {}
    made = loop(digits, tmp_path, [Told()], epochs=6)
    monkeypatch.setattr(made, "_validate", lambda stage, played: setattr(made, "_validation_seconds", 5.0) or {})
    made.run()
    assert made.stages[0].validate_every == 2 and told == {0: 0.0, 1: 0.0, 2: 10.0, 3: 10.0, 4: 5.0, 5: 5.0}


@pytest.mark.slow
def test_a_critic_s_readings_are_not_called_probabilities(digits, tmp_path):
    out = io.StringIO()
    loop(digits, tmp_path, [ProgressLine(out, interval=0.0)], objective=losses.wasserstein()).run()
    assert "f(x) " in out.getvalue() and "f(G(z)) " in out.getvalue() and "D(x)" not in out.getvalue()


@pytest.mark.parametrize("dimensions", marks.slow_after(1, [2, 1, 3]))
def test_points_are_looked_at_along_the_training(dimensions, tmp_path):
    class Cloud(drawn.Drawn):
        """A standard Gaussian."""

        law = "N(0, 1)"

        def draw(self, n, rng):
            return rng.normal(size=(n, *self.spec.shape)).astype(np.float32)

        def draw_tensor(self, n, pair):
            return tf.random.stateless_normal([n, *self.spec.shape], pair, alg="philox")

    source = Cloud(Spec("cloud", "a cloud", (1, 1, dimensions), 0, {"train": 60, "validation": 50, "test": 50}))
    made = loop(source, tmp_path / "run", epochs=2)
    made.callbacks.append(SampleGrid(made, tmp_path, 1, source.spec))
    made.run()
    assert [path.name for path in sorted(tmp_path.glob("*.png"))] == ["epoch-00001.png", "epoch-00002.png"]


# ---- numbers that are not finite -------------------------------------------------------------------------------------


def test_nan_stops_the_run_and_names_step_and_loss(digits, tmp_path):
    made = loop(digits, tmp_path, epochs=200, rate=1e30)
    with pytest.raises(RunError, match=r"(d|g)_(loss|real|generated) became nan at step \d+; the last good checkpoint"):
        made.run()
    for path in (tmp_path / "checkpoints").glob("*.npz"):
        with np.load(path) as archive:
            assert not any(np.isnan(archive[name]).any() for name in archive.files if name.startswith("generator/"))


def test_weights_that_are_not_finite_are_never_saved(digits, tmp_path):
    """The loss of a minibatch is taken before its update: an update to infinity must not reach a checkpoint unseen."""
    made = loop(digits, tmp_path, epochs=3)
    original = made.stages[0].build

    def build(before):
        played = original(before)
        steps = played.steps

        def poisoned(n):
            metrics = steps(n)
            if played.step == 20:
                played.generator.network.weights[0].assign_add(np.full(played.generator.network.weights[0].shape, np.inf))
            return metrics

        played.steps = poisoned
        return played

    made.stages = [stage(digits, build=build)]
    with pytest.raises(RunError, match=r"generator/000 is not finite after step 20; the last good checkpoint"):
        made.run()
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["0000000010.npz"]
