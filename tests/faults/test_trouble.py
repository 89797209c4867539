"""Training trouble: numbers that are not finite, a collapsed generator, a saturated discriminator; real games, small."""

import dataclasses
import itertools

import keras
import numpy as np
import pytest
import support
import tensorflow as tf
from scipy.spatial.distance import pdist
from support import games, marks
from support.records import grouped, make_record, parsed

from gan_repro.reporting import notes
from gan_repro.runs.workdir import Workdir
from gan_repro.system.errors import RunError
from gan_repro.training import losses, monitors, schedule, trainer

pytestmark = pytest.mark.played

EPOCHS, LENGTH = 3, 10
ORDERS = {
    "simultaneous": schedule.simultaneous(),
    "alternating": schedule.alternating(),
}


# ---- numbers that are not finite --------------------------------------------------------------------------------------


FACTORS = (1.0, np.nan, np.inf, -np.inf)


def spoilt(terms, when):
    """The terms of a loss, of which the last one's gradient, and not its value, is multiplied by a factor at a step.

    `when` holds the step and the place of the factor in FACTORS: checkpoints refuse variables that are not finite.
    """

    def value(play):
        number, factor = terms[-1].value(play), tf.gather(tf.constant(FACTORS), when["factor"])

        @tf.custom_gradient
        def same(x):
            return tf.identity(x), lambda up: up * tf.where(play.step == when["step"] - 1, factor, 1.0)

        return same(number)

    return (*terms[:-1], dataclasses.replace(terms[-1], value=value, variables=when))


@pytest.fixture(scope="module")
def poisonable():
    """(player, precision, order) -> (game, step and factor of its poison); each is built once and then set back."""
    made = {}

    def build(role, precision="float32", order="simultaneous"):
        if (role, precision, order) not in made:
            when = {"step": tf.Variable(0, dtype=tf.int64), "factor": tf.Variable(0)}
            pair = losses.non_saturating_pair(0.5)
            own = {"d_terms": pair.discriminator, "g_terms": pair.generator}
            name = f"{role[0]}_terms"
            terms = {name: spoilt(own[name], when)}
            played = games.build(support.make_digits(), precision=precision, schedule=ORDERS[order], **terms)
            made[role, precision, order] = played, when, games.weights(played)
        played, when, start = made[role, precision, order]
        for key, variable in played.state().items():
            variable.assign(start[key])
        played.restored()
        return played, when

    return build


class Snapshot(keras.callbacks.Callback):
    """Remembers the bytes of all files of a run's folder as each epoch begins: after the last good checkpoint."""

    def __init__(self, folder):
        super().__init__()
        self.folder, self.files = folder, {}

    def on_epoch_begin(self, epoch, logs=None):
        self.files = self.now()

    def now(self):
        return {path.name: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}


def poisoned_loop(played, folder):
    values = itertools.count()  # every validation is the best one
    stage = trainer.Stage("game", EPOCHS, lambda before: played, lambda images: float(next(values)), 20, 1)
    return trainer.Loop([stage], Workdir(folder), 0, [Snapshot(folder)], lambda line: None)


CASES = [
    ("generator", "float32", "simultaneous", 11, np.nan),
    ("discriminator", "float32", "simultaneous", 15, -np.inf),
    ("discriminator", "float32", "alternating", 17, np.inf),
    ("generator", "mixed_bfloat16", "simultaneous", 16, np.inf),
    # The rest is marked slow
    *(
        ("generator", "float32", "simultaneous", step, factor)
        for step, factor in ((1, np.nan), (2, np.inf), (15, np.inf), (20, np.nan), (30, -np.inf))
    ),
    *(
        ("discriminator", "float32", "simultaneous", step, factor)
        for step, factor in ((1, np.inf), (11, np.inf), (15, np.nan), (20, -np.inf), (30, np.nan))
    ),
    *(
        (role, "mixed_bfloat16", "simultaneous", step, np.nan)
        for role in ("generator", "discriminator")
        for step in (11, 16, 20)
    ),
    *((role, "float32", "alternating", 17, np.nan) for role in ("generator", "discriminator")),
]


@pytest.mark.fault(
    group="training trouble",
    tried="a gradient becomes NaN or infinite while its loss stays finite: either player, first, middle and last minibatch "
    "of a call, an epoch and a run, mixed precision too",
    outcome="the run stops within the call, names that step, says what to change; every file stays as the last good "
    "checkpoint left it",
)
@pytest.mark.parametrize("role, precision, order, step, factor", marks.slow_after(2, CASES))
def test_a_bad_gradient_stops_the_call_and_names_its_step(
    poisonable, tmp_path, monkeypatch, role, precision, order, step, factor
):
    monkeypatch.setattr(trainer, "CALL_SECONDS", 1e9)  # calls: 1, 1, 8 minibatches, then whole epochs
    played, when = poisonable(role, precision, order)
    when["step"].assign(step)
    when["factor"].assign(FACTORS.index(factor))
    made = poisoned_loop(played, tmp_path)
    with pytest.raises(RunError) as stopped:
        made.run()
    message = str(stopped.value)
    # D's update has spoilt G's loss on the same minibatch.
    names = ("g_loss", "d_gradient") if order == "alternating" and role == "discriminator" else (f"{role[0]}_gradient",)
    assert message.startswith(tuple(f"{name} became " for name in names))
    assert f" at step {step}; the last good checkpoint is in" in message
    assert "learning rate" in message and "float32" in message and "seed" in message
    call_end = next(end for end in (1, 2, 10, 20, 30) if step <= end)
    assert made.step() == call_end
    before, after = made.callbacks[0].files, made.callbacks[0].now()
    assert after == before
    checkpoints = sorted(name for name in after if name.endswith(".npz"))
    assert checkpoints == [f"{end:010d}.npz" for end in (10, 20) if end < step][-2:]
    assert ("generator_best.weights.h5" in after) == (step > 10)


@pytest.mark.fault(
    group="training trouble",
    tried="a loss becomes NaN",
    outcome="the run stops within the call and names that step and the loss; going on does the same again",
)
@pytest.mark.parametrize("step", [11, 14, 20])
def test_a_bad_loss_stops_the_call_and_names_its_step(poisonable, tmp_path, monkeypatch, step):
    monkeypatch.setattr(trainer, "CALL_SECONDS", 1e9)
    played, when = poisonable("generator")
    when["step"].assign(0)
    steps = played.steps

    def spoil(n):
        metrics = steps(n)
        if played.step - n < step <= played.step:
            metrics["g_loss"][step - 1 - (played.step - n) :] = np.nan
        return metrics

    monkeypatch.setattr(played, "steps", spoil)
    for _ in range(2):
        with pytest.raises(RunError, match=f"g_loss became nan at step {step}; the last good checkpoint"):
            poisoned_loop(played, tmp_path).run()
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["0000000010.npz"]


def test_the_checked_gradients_are_all_that_is_added(digits):
    """Rows say what they said; the sums of the gradients' entries are those of an independent tape."""
    played = games.build(digits, dropout=(games.no_dropout(), games.no_dropout()))
    before = [variable.numpy() for variable in played.generator.network.trainable_variables]
    metrics = played.steps(1)
    after = [variable.numpy() for variable in played.generator.network.trainable_variables]
    # the first update of momentum SGD is -rate times the gradient
    moved = sum(float(np.sum((b - a) / np.float64(0.05))) for a, b in zip(after, before))
    assert metrics["g_gradient"][0] == pytest.approx(moved, rel=1e-3, abs=1e-5)
    assert np.isfinite(metrics["d_gradient"][0]) and metrics["d_gradient"][0] != 0


# ---- collapse and saturation ------------------------------------------------------------------------------------------


def test_mean_distance_is_that_over_all_pairs():
    rng = np.random.default_rng(0)
    for images in (rng.normal(size=(40, 6, 5, 3)), 1000 + 1e-2 * rng.random((30, 4, 4, 1)), np.ones((5, 2, 2, 1))):
        images = np.float32(images)
        expected = pdist(np.float64(images).reshape(len(images), -1)).mean()
        assert monitors.mean_distance(images) == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert monitors.diversity(images, images) is None  # nothing to measure with


def ignoring_z(played):
    """Sets G's output layer so that it ignores z, and its own gradient, and G draws one picture."""
    layer = played.generator.network.get_layer("output")
    layer.kernel.assign(tf.zeros_like(layer.kernel))
    played.generator.optimizer.learning_rate = 0.0
    return played


def watched_loop(played, folder, epochs, callbacks=()):
    lines = []
    stage = trainer.Stage("game", epochs, lambda before: played)
    return trainer.Loop([stage], Workdir(folder), 0, callbacks, lines.append), lines


@pytest.mark.fault(
    group="training trouble",
    tried="a generator's output layer is set to ignore z, and after two epochs set back",
    outcome="the collapse is said once, with its number, when it begins and when it is over; the run's rows keep it",
)
@pytest.mark.parametrize("objective", marks.slow_after(1, [losses.non_saturating_pair(0.5), losses.wasserstein()]))
def test_a_collapsed_generator_is_noticed(digits, tmp_path, monkeypatch, objective):
    monkeypatch.setattr(monitors, "GRACE_EPOCHS", 0)
    played = games.build(digits, objective=objective, rate=0.01)
    layer = played.generator.network.get_layer("output")
    kernel = np.random.default_rng(0).normal(size=layer.kernel.shape)  # of samples about as different as the images

    class Restore(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                layer.kernel.assign(kernel)

    made, lines = watched_loop(ignoring_z(played), tmp_path, 4, [Restore()])
    made.run()
    assert made.progress.notices == [{"what": "collapsed", "first": 1, "last": 2}]
    assert lines == [
        "epoch 1: the generator has collapsed: two of its samples differ, in the mean, by 0.0% of what two real images do",
        "epoch 3: the generator is no longer collapsed",
    ]
    assert [row["diversity"] < 0.1 for row in made.progress.rows] == [True, True, False, False]


@pytest.mark.slow
def test_a_generator_has_some_epochs_to_spread(digits, tmp_path):
    made, lines = watched_loop(ignoring_z(games.build(digits, rate=0.01)), tmp_path, 7)
    made.run()
    assert made.progress.notices == [{"what": "collapsed", "first": 6, "last": 7}] and len(lines) == 1


@pytest.mark.slow
def test_once_spread_a_collapse_is_noticed_at_once(digits, tmp_path):
    played = games.build(digits, rate=0.01)
    layer = played.generator.network.get_layer("output")
    layer.kernel.assign(np.random.default_rng(0).normal(size=layer.kernel.shape))

    class Collapse(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                ignoring_z(played)

    made, _ = watched_loop(played, tmp_path, 4, [Collapse()])
    made.run()
    assert made.progress.notices == [{"what": "collapsed", "first": 3, "last": 4}]


def test_a_healthy_generator_is_not_noticed(digits, tmp_path):
    played = games.build(digits, rate=0.01)
    layer = played.generator.network.get_layer("output")
    layer.kernel.assign(np.random.default_rng(0).normal(size=layer.kernel.shape))
    made, lines = watched_loop(played, tmp_path, 3)
    made.run()
    assert lines == [] and made.progress.notices == []
    assert all(0.2 < row["diversity"] < 5 for row in made.progress.rows)
    assert "diversity" in (tmp_path / "metrics.csv").read_text().splitlines()[0]


@pytest.mark.slow
@pytest.mark.fault(
    group="training trouble",
    tried="a discriminator learns against a generator that stands still, until it never errs",
    outcome="its saturation is said once, with D(x) and D(G(z))",
)
def test_a_saturated_discriminator_is_noticed(digits, tmp_path):
    played = games.build(digits, objective=losses.non_saturating_pair(), dropout=(games.no_dropout(),) * 2, rate=0.2)
    bias = played.generator.network.get_layer("output").bias
    bias.assign(np.where(np.arange(64) % 2, 4.0, -4.0))  # one picture, striped as no real one is: easily told
    made, lines = watched_loop(ignoring_z(played), tmp_path, 30)
    made.run()
    last = made.progress.rows[-1]
    assert last["d_real"] > 0.99 and last["d_generated"] < 0.01
    (line,) = (line for line in lines if "discriminator" in line)
    (notice,) = (entry for entry in made.progress.notices if entry["what"] == "saturated")
    assert f"epoch {notice['first']}: the discriminator is saturated: D(x) 0.99" in line
    assert 1 < notice["first"] < notice["last"] == 30


@pytest.mark.slow
def test_scores_of_a_critic_are_never_saturated(digits, tmp_path):
    """Readings such as those of the record of WGAN's two Gaussians, whose critic is not to be called saturated."""
    for objective, wrong in ((losses.wasserstein(), []), (losses.non_saturating_pair(), ["saturated"])):
        played = games.build(digits, objective=objective, rate=1e-6)
        steps = played.steps
        played.steps = lambda n, steps=steps: (
            steps(n) | {"d_real": np.ma.array(np.full(n, 1.8)), "d_generated": np.ma.array(np.full(n, -2.5))}
        )
        made, _ = watched_loop(played, tmp_path / f"{len(wrong)}", 1)
        made.run()
        assert [entry["what"] for entry in made.progress.notices if entry["what"] == "saturated"] == wrong


@pytest.mark.slow
def test_looking_disturbs_neither_the_training_nor_its_resumption(digits, tmp_path):
    """Two epochs and one more, looked at; against three epochs of the bare game."""
    for epochs in (2, 3):
        made, _ = watched_loop(games.build(digits), tmp_path / "watched", epochs)
        made.run()
    whole, _ = watched_loop(games.build(digits), tmp_path / "whole", 3)
    whole.run()
    assert (tmp_path / "watched" / "metrics.csv").read_bytes() == (tmp_path / "whole" / "metrics.csv").read_bytes()
    bare = games.build(digits)
    for _ in range(3):
        bare.steps(10)
    ours, expected = games.weights(made.trainable), games.weights(bare)
    for name in expected:
        np.testing.assert_array_equal(ours[name], expected[name])


def test_notices_reach_the_table():
    content = make_record()
    assert notes._noticed(4, *grouped([content])) == ""
    notices = [
        {"what": "collapsed", "first": 3, "last": 3},
        {"what": "saturated", "first": 1, "last": 2},
        {"what": "saturated", "first": 5, "last": 7},
    ]
    text = notes._noticed(4, *grouped([content | {"notices": notices}]))
    assert text.startswith("Run 4, while it trained: the generator had collapsed") and "(epoch 3); " in text
    assert text.endswith("(epochs 1 to 2, 5 to 7).")
    for wrong in ({}, [3], [{"what": "collapsed", "first": 1}], [{"what": "collapsed", "first": 1, "last": "2"}]):
        with pytest.raises(RunError, match="notices"):
            parsed(content | {"notices": wrong})
