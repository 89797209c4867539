"""Runs that go on where they were left, in one process: to the bit; killed processes are in faults/test_kills.py."""

import json
import signal
import types

import pytest
import support
import tensorflow as tf
from support import games, marks
from support.loops import StopAt, assert_same, final, loop, rows, stage

from gan_repro.runs.workdir import Workdir
from gan_repro.system import files, signals
from gan_repro.system.errors import RunError, UsageError
from gan_repro.training import losses, schedule, trainer

pytestmark = pytest.mark.played


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """(weights, folder) of three epochs without a break."""
    made = loop(support.make_digits(), tmp_path_factory.mktemp("whole"), epochs=3, averages=("ema-.9",))
    made.run()
    return final(made), made.workdir.path


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


@pytest.mark.slow
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


@pytest.mark.slow
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


# ---- another number of epochs ----------------------------------------------------------------------------------------


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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_fewer_epochs_than_are_played_are_refused(digits, tmp_path):
    loop(digits, tmp_path, epochs=2).run()
    with pytest.raises(RunError, match="2 epochs are played already"):
        loop(digits, tmp_path, epochs=1).run()


# ---- checkpoints that are damaged or of another run ------------------------------------------------------------------


@pytest.mark.parametrize("damage", marks.slow_after(1, ["flipped", "truncated", "emptied"]))
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
