"""Each trick's formula in float64, what it does to a game, and what no game can have."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import games, marks, noise
from support.games import play

from gan_repro.data.source import Spec
from gan_repro.papers.tricks import Tricks
from gan_repro.system.errors import UsageError
from gan_repro.training import losses, optimizers, players, replay, rules, schedule, tricks

pytestmark = pytest.mark.played

SPEC = Spec("s", "s", (4, 8, 1), 0, {"train": 100})


def recipe(**fields):
    return Tricks(epochs=5, batch_size=20, **fields)


def played(base=None, **fields):
    """The Rules of a small game with tricks; what the last layer of its D sees is called "features"."""
    x = keras.Input((4,))
    d = keras.Model(x, keras.layers.Dense(1)(keras.layers.Dense(3, name="features")(x)))
    return tricks.played(base or simple(), recipe(**fields), SPEC, d)


def simple(loss=None, order=None, rate=0.1):
    pair = (optimizers.Adam(rate), optimizers.Adam(rate))
    return rules.Rules(loss=loss or losses.non_saturating_pair(), optimizers=pair, schedule=order or schedule.alternating())


class Context:
    """As much of a step's context as these terms take."""

    def __init__(self, real, generated, step=0):
        self.outputs = {"real": tf.constant(real, tf.float32), "generated": tf.constant(generated, tf.float32)}
        self.step, self.drawn = tf.constant(step, tf.int64), 0

    def head(self, name, which):
        return self.outputs[which]

    features = lambda self, which: self.outputs[which]  # noqa: E731

    def seed(self):
        self.drawn += 1
        return tf.constant([7, self.drawn])


def logits(n=1000, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 1))


def cross_entropy(a, t):
    """float64: -t log sigmoid(a) - (1 - t) log(1 - sigmoid(a)), also for t outside [0, 1]."""
    return np.mean(t * np.log1p(np.exp(-a)) + (1 - t) * np.log1p(np.exp(a)))


# ---- targets ---------------------------------------------------------------------------------------------------------


def test_without_tricks_the_game_is_as_it_was():
    base = simple()
    assert played(base) == base
    assert float(base.optimizers[0].learning_rate) == pytest.approx(0.1)


def test_smoothing_is_one_sided():
    d = played(simple(losses.non_saturating_pair(0.5)), smoothing=0.9).loss.discriminator
    real, generated = logits(), logits(seed=1)
    values = [float(term.value(Context(real, generated))) for term in d]
    assert values == pytest.approx([cross_entropy(real, 0.9), cross_entropy(generated, 0.0)], rel=1e-5)
    assert [term.weight for term in d] == [0.5, 0.5]
    expected = losses.cross_entropy("real", 0.9).value(Context(real, generated))
    assert values[0] == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize("kind, between", [("real", (0.7, 1.2)), ("generated", (0.0, 0.3))])
def test_soft_labels_are_drawn_for_each_image(kind, between):
    term = {t.name: t for t in played(soft_labels=True).loss.discriminator}[f"cross_entropy_{kind}"]
    a = logits()
    found = float(term.value(Context(a, a)))
    target = tf.random.stateless_uniform((1000, 1), [7, 1], *between, alg="philox").numpy().astype(np.float64)
    assert found == pytest.approx(cross_entropy(a, target), rel=1e-5)
    assert between[0] <= target.min() < target.max() <= between[1] and np.ptp(target) > 0.9 * (between[1] - between[0])


def test_flipped_labels_are_the_other_kinds():
    term = tricks.noisy_cross_entropy("real", (1.0, 1.0), (0.0, 0.0), 0.2)
    a = logits()
    flipped = tf.random.stateless_uniform((1000, 1), [7, 1], alg="philox").numpy() < 0.2
    assert 150 < flipped.sum() < 250
    assert float(term.value(Context(a, a))) == pytest.approx(cross_entropy(a, 1.0 - flipped), rel=1e-5)
    both = [term.name for term in played(flipped_labels=0.1).loss.discriminator]
    assert both == ["cross_entropy_real", "cross_entropy_generated"]


def test_other_terms_of_d_stay():
    extra = losses.Term("extra", losses.log_real, 2.0)
    extra = dataclasses.replace(extra, value=lambda context: tf.constant(3.0))
    base = losses.non_saturating_pair()
    base = dataclasses.replace(base, discriminator=(base.discriminator[0], extra, base.discriminator[1]))
    assert [term.name for term in played(simple(base), smoothing=0.9).loss.discriminator][1] == "extra"


@pytest.mark.parametrize("fields", [{"smoothing": 0.9}, {"soft_labels": True}, {"flipped_labels": 0.1}])
def test_a_critic_has_no_labels_to_change(fields):
    with pytest.raises(UsageError, match="critic.*no such targets"):
        played(simple(losses.wasserstein()), **fields)


# ---- features, noise, rates ------------------------------------------------------------------------------------------


def test_feature_matching_is_the_squared_distance_of_means():
    rng = np.random.default_rng(0)
    real, generated = rng.normal(size=(2, 30, 4, 5))
    changed = played(feature_matching=True)
    (term,) = changed.loss.generator
    expected = np.square(real.mean(0) - generated.mean(0)).sum()
    assert float(term.value(Context(real, generated))) == pytest.approx(expected, rel=1e-5)
    assert changed.d_features == "features" and changed.loss.discriminator == simple().loss.discriminator
    critics = played(simple(losses.wasserstein()), feature_matching=True).loss
    assert [each.name for each in critics.generator] == ["feature_matching"]
    odd = dataclasses.replace(losses.minimax(), generator=(losses.Term("odd", lambda context: None),))
    with pytest.raises(UsageError, match="odd"):
        played(simple(odd), feature_matching=True)


def test_instance_noise_falls_linearly_and_ends():
    changed = played(instance_noise=0.5, instance_noise_epochs=4)  # 5 minibatches an epoch
    images = tf.ones([200, 4, 8, 1])
    for step, expected in ((0, 0.5), (5, 0.375), (10, 0.25), (20, 0.0), (30, 0.0)):
        found = changed.transform(images, Context(0, 0, step)).numpy() - 1
        assert found.std() == pytest.approx(expected, rel=0.03, abs=1e-7)
    same = [changed.transform(images, Context(0, 0, 3)).numpy() for _ in range(2)]
    np.testing.assert_array_equal(*same)
    doubled = tricks.instance_noise(0.0, 10, lambda images, context: 2 * images)
    np.testing.assert_array_equal(doubled(images, Context(0, 0)), 2 * images)


@pytest.mark.parametrize("made", [optimizers.Adam, optimizers.RMSprop, keras.optimizers.SGD])
def test_the_learning_rate_decays_for_any_optimizer(made):
    """G moves on every second of 5 minibatches an epoch: an update of G is .4 epochs."""
    pair = made(0.1), made(0.2)
    base = dataclasses.replace(simple(order=schedule.alternating(2)), optimizers=pair)
    played(base, rate_constant_epochs=1, rate_decay_epochs=2, d_rate_factor=3.0)
    for optimizer, rate, updates in ((pair[0], 0.1, 2.5), (pair[1], 0.6, 5.0)):
        optimizer.build([keras.Variable(np.zeros(2))])
        for step in range(20):
            epoch = np.floor(step / updates)
            expected = rate * np.clip(1 - (epoch - 1) / 2, 0, 1)
            optimizer.iterations.assign(step)
            assert float(optimizer.learning_rate) == pytest.approx(expected, abs=1e-7), step


def test_two_time_scales_are_a_factor_of_ds_rate():
    base = simple()
    played(base, d_rate_factor=4.0)
    assert [float(each.learning_rate) for each in base.optimizers] == pytest.approx([0.1, 0.4])


def test_a_rate_that_follows_a_schedule_is_not_set():
    base = dataclasses.replace(simple(), optimizers=[optimizers.Adam(optimizers.LinearDecay(0.1, 1, 1, 5)) for _ in range(2)])
    with pytest.raises(UsageError, match="schedule of its own"):
        played(base, rate_decay_epochs=3)
    played(base, smoothing=0.9)


def test_a_rate_does_not_fall_by_the_epoch_where_epochs_have_more_and_fewer_updates():
    with pytest.raises(UsageError, match="warmup"):
        played(simple(order=schedule.alternating(2, warmup=schedule.CriticWarmup())), rate_decay_epochs=3)


def test_the_factor_of_ds_rate_leaves_a_schedule_its_form():
    base = dataclasses.replace(simple(), optimizers=[optimizers.Adam(optimizers.LinearDecay(0.1, 1, 4, 1)) for _ in range(2)])
    played(base, d_rate_factor=4.0)
    for step in (0, 2, 3, 9):
        for optimizer in base.optimizers:
            optimizer.iterations.assign(step)
        of_g, of_d = (float(each.learning_rate) for each in base.optimizers)
        assert of_d == pytest.approx(4 * of_g) and of_g == pytest.approx(0.1 * min(1, max(0, 1 - (step - 1) / 4)))
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(base.optimizers[1]._learning_rate))
    assert float(again(2)) == pytest.approx(0.3)


def test_a_g_that_loses_what_d_gains_keeps_ds_targets():
    with pytest.raises(UsageError, match="lose what D gains"):
        played(simple(losses.zero_sum(losses.minimax())), smoothing=0.9)


# ---- D's passes ------------------------------------------------------------------------------------------------------


def test_a_game_matches_features_of_ds_layer(digits):
    terms = (losses.Term("matched", tricks.feature_matching),)
    game = games.build(digits, g_terms=terms, d_features="maxout_0", dropout=games.OFF, schedule=schedule.alternating())
    plain = games.build(digits, dropout=games.OFF, schedule=schedule.alternating())
    assert game.d_network.trainable_variables == game.discriminator.network.trainable_variables
    before = games.weights(game)
    metrics, expected = game.steps(1), plain.steps(1)
    assert metrics["d_loss"][0] == expected["d_loss"][0] and metrics["g_loss/matched"][0] > 0
    assert games.moved(before, games.weights(game), "generator/")
    with pytest.raises(UsageError, match="maxout_0"):
        games.build(digits, d_features="no")
    with pytest.raises(UsageError, match="d_features=NAME"):
        games.build(digits, g_terms=terms).prepare()


def still_difference(g_dropout):
    """A term of G: by how much two passes of D on the same samples differ."""

    def value(context):
        twice = [context.discriminate(context.samples) for _ in range(2)]
        return tf.reduce_max(tf.abs(twice[0] - twice[1])) + 0 * tf.reduce_mean(context.d_generated)

    return losses.Term(f"difference_{g_dropout}", value)


@pytest.mark.slow
def test_dropout_is_off_in_gs_updates_alone(digits):
    found = {}
    for g_dropout in (True, False):
        terms = (still_difference(g_dropout),)
        d_terms = (*losses.minimax().discriminator, still_difference(g_dropout))
        game = games.build(digits, g_terms=terms, d_terms=d_terms, g_dropout=g_dropout, schedule=schedule.alternating())
        found[g_dropout] = game.steps(1)
    assert found[False]["g_loss/difference_False"][0] == 0 < found[True]["g_loss/difference_True"][0]
    assert found[False]["d_loss/difference_False"][0] > 0


def test_dropout_that_cannot_be_off_is_refused(digits):
    with pytest.raises(UsageError, match="simultaneous"):
        games.build(digits, g_dropout=False)
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    with pytest.raises(UsageError, match="neither dropout nor noise"):
        players.check_still(network, schedule.alternating())


def test_in_one_batch_d_sees_both_kinds_in_one_pass(digits):
    """Without dropout the numbers are those of two passes; and D is called once in its update."""
    found = {}
    for one_batch in (False, True):
        calls = []

        def seen(images, context, calls=calls):
            calls.append(images.shape[0])
            return images

        order = schedule.alternating(one_batch=one_batch)
        game = games.build(digits, dropout=games.OFF, schedule=order, transform=seen)
        found[one_batch] = game.steps(3), games.weights(game), set(calls)
    assert found[False][2] == {20} and found[True][2] == {40, 20}
    for name, values in found[False][0].items():
        np.testing.assert_allclose(found[True][0][name], values, rtol=1e-4, atol=1e-5, err_msg=name)
    for name, values in found[False][1].items():
        np.testing.assert_allclose(found[True][1][name], values, atol=1e-5, err_msg=name)


def test_one_batch_of_both_has_statistics_of_both(digits):
    def build(one_batch):
        keras.utils.set_random_seed(0)
        d = keras.Sequential(
            [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
        )
        game = games.build(digits, schedule=schedule.alternating(one_batch=one_batch))
        object.__setattr__(game.discriminator, "network", d)
        game.d_network = d
        context = players.StepContext(game, x, labels, z, labels, tf.constant(0, tf.int64), 0)
        if one_batch:
            context.join()
        real, d_real = context.x.numpy().reshape(20, -1), context.d_real.numpy()
        fake = context.samples.numpy().reshape(20, -1)
        return d.layers[-1].kernel.numpy(), real, fake, d_real

    x, labels = digits.batch(digits.open(0, 0), tf.constant(0), 20)
    z = tf.random.stateless_normal([20, 5], [1, 2])
    for one_batch in (False, True):
        kernel, real, fake, found = build(one_batch)
        both = np.concatenate([real, fake]).astype(np.float64) if one_batch else real.astype(np.float64)
        expected = (real - both.mean(0)) / np.sqrt(both.var(0) + 1e-3) @ kernel
        np.testing.assert_allclose(found, expected, atol=1e-3)


# ---- replay ----------------------------------------------------------------------------------------------------------


def test_replay_mixes_old_samples_and_keeps_new_ones():
    """Against a buffer of numpy: the oldest are replaced, old ones are drawn of what is there."""
    kept = replay.Replay(5, (1, 1, 1))
    expected: list = [None] * 5
    count = 0
    for step in range(6):
        samples = np.arange(4, dtype=np.float32) + 10 * step
        images, labels = kept.mixed(tf.reshape(samples, (4, 1, 1, 1)), tf.constant(samples, tf.int32), tf.constant([step, 1]))
        images = images.numpy().ravel()
        np.testing.assert_array_equal(images[:2], samples[:2])
        np.testing.assert_array_equal(labels, images.astype(int))
        there = [value for value in expected if value is not None]
        assert set(images[2:]) <= set(there or samples[2:])
        for value in samples[:2]:
            expected[count % 5] = value
            count += 1
    np.testing.assert_array_equal(kept.images.numpy().ravel(), expected)


@pytest.mark.slow
def test_a_game_with_replay_repeats_and_resumes(digits):
    options = {"replay": 30, "schedule": schedule.alternating()}
    first, second = games.build(digits, **options), games.build(digits, **options)
    play(first, 4)
    kept = games.weights(first)
    assert kept["replay/kept"] == 40 and (kept["replay/images"] != 0).any()
    play(first, 5)
    for name, variable in second.state().items():
        variable.assign(kept[name])
    second.restored()
    play(second, 5)
    assert games.equal(games.weights(first), games.weights(second))
    assert not games.equal(
        {k: v for k, v in games.final(digits, 9, schedule=schedule.alternating()).items()}, games.weights(first)
    )


@pytest.mark.parametrize(
    "options, words",
    [
        ({"replay": 30}, "same samples"),
        ({"replay": 30, "schedule": schedule.alternating(fresh_noise=False)}, "same samples"),
        ({"replay": 9, "schedule": schedule.alternating()}, "half of batch_size"),
    ],
)
def test_what_cannot_be_replayed_is_refused(digits, options, words):
    with pytest.raises(UsageError, match=words):
        games.build(digits, **options)


# ---- recipes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields, words",
    [
        ({"smoothing": 0.9, "soft_labels": True}, "set one of them"),
        ({"generator_norm": "spectral"}, "discriminator_norm takes it"),
        ({"dropout_in_g_update": False}, "set d_dropout"),
        ({"smoothing": 1.1}, "smoothing"),
        ({"flipped_labels": 0.5}, "flipped_labels"),
    ],
)
def test_what_no_recipe_can_have_is_one_line(fields, words):
    with pytest.raises(UsageError, match=words) as caught:
        recipe(**fields)
    assert "\n" not in str(caught.value)


ALONE = (
    *({"smoothing": 0.9}, {"instance_noise": 0.1}, {"feature_matching": True}, {"minibatch_kernels": 3}),
    *({"soft_labels": True}, {"flipped_labels": 0.1}, {"rate_decay_epochs": 2}, {"d_rate_factor": 2.0}, {"replay": 40}),
    *({"discriminator_norm": "spectral"}, {"generator_norm": "weight"}, {"d_dropout": 0.3, "dropout_in_g_update": False}),
)


@pytest.mark.parametrize("fields", marks.slow_after(1, ALONE), ids=lambda fields: next(iter(fields)))
@pytest.mark.parametrize("model, dataset", [("ring", "ring8"), pytest.param("digits", "mnist", marks=pytest.mark.slow)])
def test_each_trick_is_played(model, dataset, fields):
    ((_, game),) = noise.built("tricks", model, dataset, **fields, n_samples=50, batch_size=20)
    before = noise.values(game)
    metrics = noise.play(game, 4)
    assert np.isfinite(metrics["d_loss"].compressed()).all() and np.isfinite(metrics["g_loss"].compressed()).all()
    after = noise.values(game)
    assert games.moved(before, after, "generator/") and games.moved(before, after, "discriminator/")


PAPERS = {  # games of papers: what they cannot have, which is refused
    ("goodfellow2014", "mnist", "mnist"): {"rate_decay_epochs", "dropout_in_g_update", "replay"},
    ("cgan", "mlp", "mnist"): {"rate_decay_epochs", "dropout_in_g_update", "replay"},
    ("dcgan", "mnist", "mnist"): {"rate_decay_epochs", "dropout_in_g_update"},
    # its smoke preset has long phases of the critic
    ("wgan", "points", "ring8"): {"smoothing", "soft_labels", "flipped_labels", "dropout_in_g_update", "rate_decay_epochs"},
    ("wgan_gp", "toy", "ring8"): {"smoothing", "soft_labels", "flipped_labels", "dropout_in_g_update"},
    ("acgan", "digits", "mnist"): set(),
    ("unrolled", "points", "ring8"): {
        *("smoothing", "soft_labels", "flipped_labels"),
        *("dropout_in_g_update", "feature_matching", "replay"),
    },
}
OF_GAMES = (
    *({"smoothing": 0.9}, {"soft_labels": True}, {"flipped_labels": 0.1}, {"instance_noise": 0.1}, {"rate_decay_epochs": 2}),
    *({"d_rate_factor": 2.0}, {"dropout_in_g_update": False}, {"feature_matching": True}, {"replay": 40}),
)


@pytest.mark.parametrize("fields", marks.slow_after(1, OF_GAMES), ids=lambda fields: next(iter(fields)))
@pytest.mark.parametrize("paper", marks.slow_after(1, [(paper,) for paper in PAPERS]), ids=lambda paper: paper[0])
def test_games_of_papers_are_played_with_each_trick_or_say_why_not(paper, fields):
    def play_it():
        ((_, game),) = noise.built(*paper, **fields, n_samples=50, batch_size=20)
        before = noise.values(game)
        metrics = noise.play(game, 12)
        return games.moved(before, noise.values(game), "generator/"), metrics["g_loss"].compressed()

    if fields.keys() & PAPERS[paper]:
        with pytest.raises(UsageError):
            play_it()
    else:
        moved, g_loss = play_it()
        assert moved and len(g_loss) and np.isfinite(g_loss).all()


@pytest.mark.slow
def test_tricks_play_together():
    fields = {"smoothing": 0.9, "flipped_labels": 0.05, "instance_noise": 0.1, "rate_decay_epochs": 3, "d_rate_factor": 2.0}
    fields |= {"feature_matching": True, "minibatch_kernels": 3, "replay": 40, "d_dropout": 0.3, "dropout_in_g_update": False}
    ((_, game, again),) = noise.built("tricks", "ring", "ring8", twice=True, n_samples=50, batch_size=20, **fields)
    noise.play(game, 5)
    noise.play(again, 5)
    noise.assert_equal(noise.values(game), noise.values(again))


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("model, dataset", [("ring", "ring8"), ("digits", "mnist")])
def test_minibatch_discrimination_starts_from_training_images_and_leaves_all_else(model, dataset, precision):
    fields = {"minibatch_kernels": 3, "d_dropout": 0.3, "precision": precision, "n_samples": 50, "batch_size": 20}
    ((_, played),) = noise.built("tricks", model, dataset, **fields)
    d = played.discriminator.network
    layer = d.get_layer("minibatch")
    assert (layer.bias.numpy() != 0).all() and (layer.log_scale.numpy() != 0).all()
    recipe = noise.config("tricks", dataset, "smoke", model=model, **fields).recipe
    before = {weight.path: weight.numpy() for weight in d.weights}
    tricks.start_at_data(None, d, played.source, recipe)
    for weight in d.weights:  # from the same images, so nothing moves; batch norm's averages do not either
        np.testing.assert_allclose(weight.numpy(), before[weight.path], rtol=0.05, atol=0.05)
    assert all((weight.numpy() == before[weight.path]).all() for weight in d.non_trainable_weights)
