"""The loop: rows, validation, checkpoints, and exact resume in one process; killed processes are in faults/test_kills.py."""

import csv
import errno
import io
import json
import os
import re
import shutil
import signal
import time
import types

import keras
import numpy as np
import pytest
import support
import tensorflow as tf
from support import games

from gan_repro.data import drawn
from gan_repro.data.source import Spec
from gan_repro.runs.workdir import Workdir
from gan_repro.system import files, signals
from gan_repro.system.errors import RunError, UsageError
from gan_repro.training import history, losses, schedule, trainer
from gan_repro.training.callbacks import ProgressLine, SampleGrid, duration


def stage(source, epochs=3, validate=lambda images: float(images.mean()), every=2, build=None, **options):
    """A stage of the small game of games.build: epochs of 10 minibatches."""
    build = build or (lambda before: games.build(source, **options))
    return trainer.Stage("game", epochs, build, validate, 50, every)


def loop(source, folder, callbacks=(), **options):
    """A Loop over one such stage; `lines` collects its warnings."""
    lines = []
    made = trainer.Loop([stage(source, **options)], Workdir(folder), 0, callbacks, lines.append)
    made.lines = lines
    return made


def rows(folder):
    with open(folder / "metrics.csv", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def final(made):
    return games.weights(made.trainable)


def assert_same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


# ---- what a run leaves ------------------------------------------------------------------------------------------------


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


def test_a_critic_s_readings_are_not_called_probabilities(digits, tmp_path):
    out = io.StringIO()
    loop(digits, tmp_path, [ProgressLine(out, interval=0.0)], objective=losses.wasserstein()).run()
    assert "f(x) " in out.getvalue() and "f(G(z)) " in out.getvalue() and "D(x)" not in out.getvalue()


@pytest.mark.parametrize("dimensions", [1, 2, 3])
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


def test_two_stages_follow_each_other_and_resume_in_the_second(digits, tmp_path, monkeypatch):
    def second(before):
        played = games.build(digits, init_seed=2, tag=1, objective=losses.wasserstein())
        if before is not None:
            played.generator.network.set_weights([w.numpy() for w in before.generator.network.weights])
        return played

    def made(folder):
        stages = [stage(digits, 1), trainer.Stage("second", 2, second, None)]
        return trainer.Loop(stages, Workdir(folder), 0)

    whole = made(tmp_path / "whole")
    whole.run()
    assert whole.step() == 30 and whole.epochs() == 3
    table = rows(tmp_path / "whole")
    assert [row["stage"] for row in table] == ["game", "second", "second"]
    # either stage has the values of its own terms, and none of the other's
    assert [row["d_loss/log_real"] != "" for row in table] == [True, False, False]
    assert [row["d_loss/critic"] != "" for row in table] == [False, True, True]

    parts = made(tmp_path / "parts")
    monkeypatch.setattr(trainer.Loop, "_end_epoch", _raise_in("second"))
    with pytest.raises(ZeroDivisionError):
        parts.run()
    monkeypatch.undo()
    again = made(tmp_path / "parts")
    again.run()
    assert again.resumed_at == 10
    assert_same(final(whole), final(again))
    assert (tmp_path / "parts" / "metrics.csv").read_bytes() == (tmp_path / "whole" / "metrics.csv").read_bytes()


def _raise_in(name):
    original = trainer.Loop._end_epoch

    def end(self, stage, epoch):
        if stage.name == name:
            raise ZeroDivisionError
        original(self, stage, epoch)

    return end


# ---- exact resume, in one process -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """(weights, folder) of three epochs without a break."""
    made = loop(support.make_digits(), tmp_path_factory.mktemp("whole"), epochs=3, averages=("ema-.9",))
    made.run()
    return final(made), made.workdir.path


class StopAt(keras.callbacks.Callback):
    """Sends this process SIGTERM once a step is reached."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_end(self, batch, logs=None):
        if logs["step"] >= self.step:
            self.step = float("inf")
            os.kill(os.getpid(), signal.SIGTERM)


def test_a_signal_saves_inside_an_epoch_and_the_rest_is_the_same_to_the_bit(uninterrupted, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "CALL_SECONDS", 0.0)  # one minibatch a call: the interruption lands inside an epoch
    first = loop(support.make_digits(), tmp_path, [StopAt(13)], epochs=3, averages=("ema-.9",))
    with pytest.raises(signals.Interrupted) as stopped:
        first.run()
    assert stopped.value.number == signal.SIGTERM and first.step() == 13
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    monkeypatch.undo()
    second = loop(support.make_digits(), tmp_path, epochs=3, averages=("ema-.9",))
    second.run()
    assert second.resumed_at == 13
    assert_same(uninterrupted[0], final(second))
    assert (tmp_path / "metrics.csv").read_bytes() == (uninterrupted[1] / "metrics.csv").read_bytes()
    assert (tmp_path / "generator_best.weights.h5").read_bytes() == (
        uninterrupted[1] / "generator_best.weights.h5"
    ).read_bytes()


def balanced(source, declared=True):
    """A game with BEGAN's k (Berthelot et al. 2017, section 3.4): a number that D's term reads and moves."""
    k = tf.Variable(0.0, trainable=False, name="k")

    def value(play):
        real, generated = tf.reduce_mean(play.d_real**2), tf.reduce_mean(play.d_generated**2)
        k.assign_add(0.5 * (0.5 * real - generated))
        return real - k * generated

    term = losses.Term("equilibrium", value, variables={"k": k} if declared else {})
    return games.build(source, d_terms=(term,), schedule=schedule.alternating())


def test_a_variable_of_a_term_resumes_to_the_bit(digits, tmp_path, monkeypatch):
    whole, parts = (tmp_path / name for name in ("whole", "parts"))
    made = loop(digits, whole, build=lambda before: balanced(digits))
    made.run()
    wanted = final(made)
    assert [value for name, value in wanted.items() if name.endswith("/k")] != [0.0]
    monkeypatch.setattr(trainer, "CALL_SECONDS", 0.0)
    with pytest.raises(signals.Interrupted):
        loop(digits, parts, [StopAt(13)], build=lambda before: balanced(digits)).run()
    monkeypatch.undo()
    made = loop(digits, parts, build=lambda before: balanced(digits))
    made.run()
    assert made.resumed_at == 13
    assert_same(wanted, final(made))
    assert (whole / "metrics.csv").read_bytes() == (parts / "metrics.csv").read_bytes()


def test_a_variable_that_nobody_keeps_is_refused_before_anything_is_written(digits, tmp_path):
    with pytest.raises(UsageError, match=r"\bk\b") as caught:
        loop(digits, tmp_path, build=lambda before: balanced(digits, declared=False)).run()
    assert "\n" not in str(caught.value) and list(tmp_path.iterdir()) == []


def test_more_epochs_continue_a_finished_run(uninterrupted, tmp_path):
    loop(support.make_digits(), tmp_path, epochs=2, averages=("ema-.9",)).run()
    (tmp_path / "record.json").write_text("{}")
    more = loop(support.make_digits(), tmp_path, epochs=3, averages=("ema-.9",))
    more.run()
    assert more.resumed_at == 20
    assert_same(uninterrupted[0], final(more))
    for name in ("metrics.csv", "generator_best.weights.h5"):
        assert (tmp_path / name).read_bytes() == (uninterrupted[1] / name).read_bytes()
    assert not (tmp_path / "record.json").exists()  # it spoke of the shorter run


def notes(folder):
    """What the newest checkpoint keeps beside arrays, but for the time."""
    kept = files.read_arrays(max((folder / "checkpoints").iterdir()))
    return json.loads(str(kept.pop("__notes__"))) | {"seconds": 0}, {name: array.tobytes() for name, array in kept.items()}


@pytest.mark.parametrize("lengths", [(3, 6), (3, 4)])
def test_more_epochs_after_a_length_that_validate_every_does_not_divide(digits, tmp_path, lengths):
    """The validation that a short run has at its end alone is not one of the longer run."""

    def play(folder, epochs):
        made = loop(digits, folder, epochs=epochs, every=5, validate=lambda images: -float(made.step()))
        made.run()

    for epochs in lengths:
        play(tmp_path / "parts", epochs)
    play(tmp_path / "whole", lengths[-1])
    found, expected = (tmp_path / name for name in ("parts", "whole"))
    for name in ("metrics.csv", "generator_best.weights.h5"):
        assert (found / name).read_bytes() == (expected / name).read_bytes()
    assert notes(found) == notes(expected) and notes(expected)[0]["best"]["epoch"] == min(5, lengths[-1])


def test_a_short_run_s_best_generator_is_not_that_of_the_longer_one_left_early(digits, tmp_path):
    loop(digits, tmp_path, epochs=3, every=5).run()
    assert (tmp_path / "generator_best.weights.h5").exists()
    longer = loop(digits, tmp_path, [StopAt(40)], epochs=6, every=5)
    with pytest.raises(signals.Interrupted):
        longer.run()
    assert Workdir(tmp_path).kinds() == ["last"] and longer.progress.best is None


def test_a_run_left_a_step_before_its_end_is_not_finished(digits, tmp_path):
    made = loop(digits, tmp_path, epochs=1)
    for step, epochs in ((1, 0), (2559, 0.999), (2560, 1)):
        made.trainable = types.SimpleNamespace(step=step, steps_per_epoch=2560)
        assert made.finished() == (step == 2560) and made.epochs() == epochs


def test_fewer_epochs_than_are_played_are_refused(digits, tmp_path):
    loop(digits, tmp_path, epochs=2).run()
    with pytest.raises(RunError, match="2 epochs are played already"):
        loop(digits, tmp_path, epochs=1).run()


def test_a_run_too_short_for_a_validation_is_validated_at_its_end(digits, tmp_path):
    made = loop(digits, tmp_path, epochs=1, every=5)
    made.run()
    assert made.progress.best["epoch"] == 1 and Workdir(tmp_path).kinds() == ["best", "last"]


@pytest.mark.parametrize("damage", ["truncated", "flipped", "emptied"])
def test_a_damaged_checkpoint_gives_way_to_the_one_before_it(uninterrupted, tmp_path, damage):
    loop(support.make_digits(), tmp_path, epochs=2, averages=("ema-.9",)).run()
    newest = tmp_path / "checkpoints" / "0000000020.npz"
    content = bytearray(newest.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 0x10
    else:
        del content[0 if damage == "emptied" else len(content) // 2 :]
    newest.write_bytes(content)
    again = loop(support.make_digits(), tmp_path, epochs=3, averages=("ema-.9",))
    again.run()
    assert again.resumed_at == 10
    assert "0000000020.npz is damaged" in again.lines[0]
    assert_same(uninterrupted[0], final(again))


def test_only_damaged_checkpoints_are_an_error(digits, tmp_path):
    loop(digits, tmp_path, epochs=1).run()
    for path in (tmp_path / "checkpoints").iterdir():
        path.write_bytes(b"")
    with pytest.raises(RunError, match="all checkpoints .* are damaged"):
        loop(digits, tmp_path, epochs=1).run()


def test_a_checkpoint_of_other_networks_is_refused(digits, tmp_path):
    loop(digits, tmp_path, epochs=1).run()
    with pytest.raises(RunError, match="does not fit"):
        loop(digits, tmp_path, epochs=1, hidden=13).run()


# ---- trouble ----------------------------------------------------------------------------------------------------------


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


def test_what_a_killed_process_left_half_written_is_cleared_away(tmp_path):
    def leave(*place):
        leftover = tmp_path.joinpath(*place, f".0000000010.npz{files.TEMPORARY}x.npz")
        leftover.parent.mkdir(parents=True, exist_ok=True)
        leftover.write_bytes(b"half")
        return leftover

    own = [leave(*place) for place in ((), ("checkpoints",), ("samples",), ("figures",), ("figures", "real-images"))]
    others = [leave(*place) for place in (("a run",), ("a run", "checkpoints"))]  # which may be writing
    assert not Workdir(tmp_path).begun()
    with Workdir(tmp_path).locked():
        assert not any(path.exists() for path in own) and all(path.exists() for path in others)


def test_two_runs_in_one_folder_are_refused(tmp_path):
    with Workdir(tmp_path).locked(), pytest.raises(RunError, match="another process is using"), Workdir(tmp_path).locked():
        pass
    with Workdir(tmp_path).locked():  # and the lock goes with its owner
        pass


def test_a_file_system_without_locks_is_no_other_process(tmp_path, monkeypatch):
    def flock(file, how):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(RunError, match="cannot lock .*: No locks available"), Workdir(tmp_path).locked():
        pass


def test_what_another_training_left_is_not_this_one_s(digits, tmp_path):
    """A folder whose checkpoints someone deleted: the training there begins anew."""
    loop(digits, tmp_path, epochs=2, averages=("ema-.5",)).run()
    shutil.rmtree(tmp_path / "checkpoints")
    stale = ["samples/epoch-00009.png", "samples/game-epoch-00009.npz", "samples/critic.weights.h5", "figures/averages.png"]
    kept = ["notes.txt", "mine.weights.h5", "samples/best-seed0.png", "figures/notes.txt"]
    for name in (*stale, *kept):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("old")
    made = loop(digits, tmp_path, [StopAt(10)], epochs=3, every=2, averages=("ema-.9",))
    with pytest.raises(signals.Interrupted):
        made.run()
    assert Workdir(tmp_path).kinds() == ["last", "ema-.9"]
    assert [name for name in (*stale, *kept) if (tmp_path / name).exists()] == kept
