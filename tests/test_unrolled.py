"""Unrolled GANs: D's updates as functions, G's gradient through them by hand and by finite differences, what is refused."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import games, marks, noise
from support.games import OFF, play, two_replicas

from gan_repro import data
from gan_repro.latent import priors
from gan_repro.networks import constraints
from gan_repro.system import randomness
from gan_repro.system.errors import UsageError
from gan_repro.training import game, losses, optimizers, rules, schedule, unrolled

pytestmark = pytest.mark.played

BATCH = 20
ADAM = {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-8}
OPTIMIZERS = {
    "adam": lambda rate: optimizers.Adam(rate, **ADAM),
    "keras_adam": lambda rate: keras.optimizers.Adam(rate, **ADAM),
    "momentum": lambda rate: optimizers.MomentumSGD(rate, 0.6),
    "rmsprop": lambda rate: optimizers.RMSprop(rate, 0.9),
}


def dense(units, name, **options):
    return keras.layers.Dense(units, name=name, **options)


def networks(layers_of_g, layers_of_d, latent, shape):
    """(G, D, a sampler) of Keras layers that functions make."""
    made = []
    for layers, first, name in ((layers_of_g, (latent,), "z"), (layers_of_d, shape, "images"), (layers_of_g, (latent,), "z")):
        x = inputs = keras.Input(first, name=name)
        x = keras.layers.Flatten()(x)
        for layer in layers():
            x = layer(x)
        made.append(keras.Model(inputs, x if name == "images" else keras.layers.Reshape(shape)(x)))
    return made


def build(source, layers_of_g, layers_of_d, steps, order, of_d, latent=1, objective=None, **options):
    """A game in which G's gradient is read off its weights: G learns by gradient descent at rate 1."""
    keras.utils.set_random_seed(3)
    g, d, sampler = networks(layers_of_g, layers_of_d, latent, source.spec.shape)
    pair = unrolled.unroll(objective or losses.zero_sum(losses.minimax()), steps)
    return game.AdversarialGame(
        game.Player(g, optimizers.MomentumSGD(1.0, 0.0), pair.generator),
        game.Player(d, of_d, pair.discriminator),
        priors.Prior("gaussian", latent),
        source,
        order,
        BATCH,
        0,
        sampler=sampler,
        **options,
    )


def minibatch(played, step):
    """(x, z of D's update, z of G's) of a minibatch, float64, with one row for each example."""
    x, _ = played.source.batch(played.source.open(0, played.seed), tf.constant(step), BATCH)
    moves = (0, 0) if played.schedule.one_pass else (0, 1)
    z = [played.prior.draw(BATCH, played.seed_of(step, randomness.PRIOR, move)) for move in moves]
    return [np.asarray(each, np.float64).reshape(BATCH, -1) for each in (x, *z)]


def weights(network):
    return [np.asarray(weight, np.float64) for weight in network.trainable_weights]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def slots(optimizer):
    """What an optimizer keeps of each weight, float64."""
    return [tuple(np.asarray(each, np.float64) for each in own) for own in unrolled.RULES[type(optimizer)].slots(optimizer)]


# ---- the optimizers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_update_as_a_function_is_the_optimizers_own(name):
    """Over six updates with a learning rate that decays, and for a weight that never has a gradient."""
    rate = optimizers.ExponentialDecay(0.1, 1.3, 0.0)
    optimizer, rng = OPTIMIZERS[name](rate), np.random.default_rng(0)
    variables = [keras.Variable(rng.normal(size=shape).astype(np.float32)) for shape in ((3, 4), (4,))]
    optimizer.build(variables)
    rule = unrolled.RULES[type(optimizer)]
    values, kept = [tf.convert_to_tensor(each) for each in variables], list(rule.slots(optimizer))
    for i in range(6):
        gradients = [rng.normal(size=each.shape).astype(np.float32) for each in variables]
        gradients[1][0] = 0.0
        moved = [rule.update(optimizer, tf.constant(i), tf.constant(g), v, *k) for g, v, k in zip(gradients, values, kept)]
        values, kept = [value for value, _ in moved], [own for _, own in moved]
        optimizer.apply([tf.constant(g) for g in gradients], variables)
    for value, variable in zip(values, variables):
        np.testing.assert_allclose(value, variable.numpy(), rtol=1e-5, atol=1e-7)
    for mine, own in zip(kept, rule.slots(optimizer)):
        np.testing.assert_allclose(mine, own, rtol=1e-5, atol=1e-7)


# ---- two parameters, by hand -------------------------------------------------------------------------------------------


class ByHand:
    """G(z) = a z and D(x) = sigmoid(w x) in the minimax game: D's updates, and their derivatives in a, float64."""

    def __init__(self, kind, rate):
        self.kind, self.rate = kind, rate

    @staticmethod
    def loss(w, a, x, z):
        """D's loss, its derivatives in w and in a, the gradient's derivatives in w and in a."""
        real, fake = w * x, w * a * z
        bend = sigmoid(fake) * sigmoid(-fake)
        value = np.logaddexp(0, -real).mean() + np.logaddexp(0, fake).mean()
        in_w = (-x * sigmoid(-real)).mean() + (a * z * sigmoid(fake)).mean()
        in_a = (w * z * sigmoid(fake)).mean()
        in_ww = (x**2 * sigmoid(real) * sigmoid(-real)).mean() + (a**2 * z**2 * bend).mean()
        in_wa = (z * sigmoid(fake)).mean() + (a * w * z**2 * bend).mean()
        return value, in_w, in_a, in_ww, in_wa

    def update(self, t, w, dw, kept, dkept, g, dg):
        """(w, dw/da, slots, their derivatives in a) after update number t, 0-based, with the gradient g, dg/da."""
        if self.kind == "momentum":
            v, dv = 0.6 * kept[0] - self.rate * g, 0.6 * dkept[0] - self.rate * dg
            return w + v, dw + dv, (v,), (dv,)
        if self.kind == "rmsprop":
            v, dv = 0.9 * kept[0] + 0.1 * g**2, 0.9 * dkept[0] + 0.2 * g * dg
            root = np.sqrt(v) + 1e-8
            step = self.rate * (dg / root - g * dv / (2 * np.sqrt(v)) / root**2)
            return w - self.rate * g / root, dw - step, (v,), (dv,)
        (m, v), (dm, dv) = kept, dkept
        m, dm = m + 0.5 * (g - m), dm + 0.5 * (dg - dm)
        v, dv = v + 0.1 * (g**2 - v), dv + 0.1 * (2 * g * dg - dv)
        alpha = self.rate * np.sqrt(1 - 0.9 ** (t + 1)) / (1 - 0.5 ** (t + 1))
        root = np.sqrt(v) + 1e-8
        step = alpha * (dm / root - m * dv / (2 * np.sqrt(v)) / root**2)
        return w - alpha * m / root, dw - step, (m, v), (dm, dv)

    def unrolled(self, steps, t, w, kept, a, x, z):
        """(w after so many updates, G's loss there, its whole derivative in a)."""
        dw, dkept = 0.0, (0.0,) * len(kept)
        for i in range(steps):
            _, g, _, in_ww, in_wa = self.loss(w, a, x, z)
            w, dw, kept, dkept = self.update(t + i, w, dw, kept, dkept, g, in_ww * dw + in_wa)
        value, in_w, in_a, *_ = self.loss(w, a, x, z)
        return w, kept, -value, -(in_w * dw + in_a)


@pytest.mark.parametrize("order", marks.slow_after(1, [schedule.simultaneous(), schedule.alternating()]))
@pytest.mark.parametrize("kind, steps", marks.slow_after(1, [("adam", 4), ("momentum", 3), ("adam", 1), ("rmsprop", 3)]))
def test_two_parameters_by_hand(kind, steps, order):
    """After three minibatches, so that D's moments are not those of the start; D itself moves once in each."""
    rate, source = 0.2, data.load("gaussian1d")

    def single(name, start):
        return lambda: [dense(1, name, use_bias=False, kernel_initializer=keras.initializers.Constant(start))]

    played = build(source, single("a", 0.7), single("w", -0.4), steps, order, OPTIMIZERS[kind](rate))
    play(played, 3)
    (a,), (w,) = (weights(each.network)[0].ravel() for each in (played.generator, played.discriminator))
    (kept,) = ([float(each.ravel()[0]) for each in own] for own in slots(played.discriminator.optimizer))
    x, z_of_d, z_of_g = minibatch(played, 3)
    hand = ByHand(kind, rate)
    new_w, new_kept, *_ = hand.unrolled(1, 3, w, kept, a, x, z_of_d)
    start = (3, w, kept) if order.one_pass else (4, new_w, new_kept)
    _, _, g_loss, slope = hand.unrolled(steps, *start, a, x, z_of_g)
    metrics = play(played, 1)
    assert metrics["g_loss"][0] == pytest.approx(g_loss, rel=1e-5)
    (a_after,), (w_after,) = (weights(each.network)[0].ravel() for each in (played.generator, played.discriminator))
    assert w_after == pytest.approx(new_w, rel=1e-5)
    assert a_after - a == pytest.approx(-slope, rel=1e-4)
    plain = hand.unrolled(0, *start, a, x, z_of_g)[3]
    assert abs(plain - slope) > 0.05 * abs(slope), "G's gradient would be the same without looking ahead"


# ---- many parameters, by finite differences ----------------------------------------------------------------------------


def d_loss(d, images):
    """D's loss on {+1: real, -1: generated} points and its gradients, of a layer of tanh and a linear one, float64."""
    value, gradients = 0.0, [np.zeros_like(each) for each in d]
    for sign, points in images.items():
        h = np.tanh(points @ d[0] + d[1])
        s = h @ d[2] + d[3]
        value += np.logaddexp(0, -sign * s).mean()
        back = -sign * sigmoid(-sign * s) / len(points)
        inner = back @ d[2].T * (1 - h**2)
        for into, part in zip(gradients, (points.T @ inner, inner.sum(0), h.T @ back, back.sum(0))):
            into += part
    return value, gradients


def test_gradients_through_the_updates_follow_finite_differences():
    rate, steps, source = 0.05, 3, data.load("ring8")

    def of_g():
        return [dense(2, "output", bias_initializer="random_normal")]

    def of_d():
        return [dense(5, "hidden", activation="tanh", bias_initializer="random_normal"), dense(1, "logit")]

    played = build(source, of_g, of_d, steps, schedule.simultaneous(), OPTIMIZERS["adam"](rate), latent=3)
    play(played, 2)
    g, d, kept = weights(played.generator.network), weights(played.discriminator.network), slots(played.discriminator.optimizer)
    x, _, z = minibatch(played, 2)
    hand = ByHand("adam", rate)

    def g_loss(g):
        images, now, moments = {1: x, -1: z @ g[0] + g[1]}, d, kept
        for i in range(steps):
            moved = [
                hand.update(2 + i, w, 0.0, own, (0.0, 0.0), gradient, 0.0)
                for w, own, gradient in zip(now, moments, d_loss(now, images)[1])
            ]
            now, moments = [each[0] for each in moved], [each[2] for each in moved]
        return -d_loss(now, images)[0]

    metrics = play(played, 1)
    assert metrics["g_loss"][0] == pytest.approx(g_loss(g), rel=1e-5)
    after = weights(played.generator.network)
    for i, array in enumerate(g):
        for at in np.ndindex(array.shape):
            values = []
            for step in (1e-5, -1e-5):
                changed = [each.copy() for each in g]
                changed[i][at] += step
                values.append(g_loss(changed))
            slope = (values[0] - values[1]) / 2e-5
            assert array[at] - after[i][at] == pytest.approx(slope, rel=2e-3, abs=2e-6)


class PlainBatchNorm(keras.layers.Layer):
    """Batch norm of the definitions: TensorFlow differentiates them as often as it is asked to."""

    def call(self, x):
        apart = x - tf.reduce_mean(x, axis=0, keepdims=True)
        return apart / tf.sqrt(tf.reduce_mean(tf.square(apart), axis=0, keepdims=True) + 1e-3)


@pytest.mark.parametrize("optimizer", ["adam", "momentum"])
def test_gs_gradient_through_updates_of_batch_norm_is_that_of_its_definition(optimizer):
    """Keras's, whose variance takes the mean for a constant, has other second derivatives. A bias makes no difference."""
    source = data.load("ring8")

    def gradient(norm, bias):
        def of_d():
            return [dense(5, "hidden", use_bias=bias), norm(), keras.layers.Activation("tanh"), dense(1, "logit")]

        played = build(source, lambda: [dense(2, "output")], of_d, 3, schedule.simultaneous(), OPTIMIZERS[optimizer](0.05), 3)
        before = weights(played.generator.network)
        play(played, 1)
        return np.concatenate([(a - b).ravel() for a, b in zip(before, weights(played.generator.network))])

    def keras_norm():
        return keras.layers.BatchNormalization(center=False, scale=False, epsilon=1e-3)

    wanted = gradient(PlainBatchNorm, False)
    for bias in (False, True):
        np.testing.assert_allclose(gradient(keras_norm, bias), wanted, rtol=1e-3, atol=1e-3 * np.abs(wanted).max())


# ---- what must not change ----------------------------------------------------------------------------------------------


def test_no_update_ahead_is_the_plain_game_to_the_bit(digits):
    """Also where G's loss has D's other term, which does not depend on G as long as D stands still."""
    options = {"dropout": OFF, "schedule": schedule.alternating()}
    plain = games.final(digits, n=12, objective=losses.minimax(), **options)
    for pair in (losses.minimax(), losses.zero_sum(losses.minimax())):
        assert games.equal(plain, games.final(digits, n=12, objective=unrolled.unroll(pair, 0), **options))
    ahead = unrolled.unroll(losses.zero_sum(losses.minimax()), 1)
    assert not games.equal(plain, games.final(digits, n=12, objective=ahead, **options))


@pytest.mark.slow
def test_terms_that_share_an_update_share_what_is_ahead(digits, monkeypatch):
    calls = []
    ahead = unrolled.weights_ahead
    monkeypatch.setattr(unrolled, "weights_ahead", lambda context, steps: calls.append(steps) or ahead(context, steps))
    pair = unrolled.unroll(losses.zero_sum(losses.minimax()), 2)
    games.build(digits, objective=pair, schedule=schedule.alternating()).prepare()
    assert calls == [2]


@pytest.mark.slow
def test_dropout_and_other_terms_are_a_function_of_the_seed(digits):
    """A gradient penalty ahead takes third derivatives; calls of any length give the same bits."""
    pair = losses.zero_sum(losses.Objective((*losses.minimax().discriminator, losses.gradient_penalty(0.1)), ()))
    options = {"objective": unrolled.unroll(pair, 2), "schedule": schedule.alternating(), "rate": 0.01}
    first = games.final(digits, n=9, **options)
    assert games.equal(first, games.final(digits, chunks=[2, 3, 4], **options))
    assert all(np.isfinite(each).all() for each in first.values())


@pytest.mark.slow
def test_two_replicas_look_ahead_as_one(digits):
    pair = unrolled.unroll(losses.zero_sum(losses.minimax()), 3)
    options = {"dropout": OFF, "schedule": schedule.alternating(), "objective": pair}
    one = games.final(digits, n=6, **options)
    with two_replicas().scope():
        two = games.final(digits, n=6, **options)
    for name, values in one.items():
        np.testing.assert_allclose(two[name], values, atol=1e-5, err_msg=name)


class FixedPrior(priors.Prior):
    """The same z at every step: XLA draws other bits from the same seed, which is not what is compared here."""

    def draw(self, n, pair):
        del pair
        return tf.constant(np.random.default_rng(5).normal(size=(n, self.size)), tf.float32)


@pytest.mark.slow
def test_xla_looks_ahead_alike(digits, monkeypatch):
    monkeypatch.setattr(priors, "Prior", FixedPrior)
    pair = unrolled.unroll(losses.zero_sum(losses.minimax()), 2)
    options = {"dropout": OFF, "schedule": schedule.alternating(), "objective": pair}
    plain, compiled = (games.final(digits, n=3, jit_compile=jit, **options) for jit in (False, True))
    for name, values in plain.items():
        np.testing.assert_allclose(compiled[name], values, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.slow
def test_batch_norm_ahead_leaves_the_moving_statistics_alone():
    """In training mode D's output does not depend on them: only D's own passes move them."""
    source = data.load("ring8")

    def of_d():
        hidden = [dense(4, "hidden", use_bias=False), keras.layers.BatchNormalization(name="norm"), keras.layers.ReLU()]
        return [*hidden, dense(1, "logit")]

    def moved(order, steps):
        played = build(source, lambda: [dense(2, "output")], of_d, steps, order, OPTIMIZERS["adam"](0.01), latent=3)
        play(played, 1)
        return played.discriminator.network.get_layer("norm").moving_mean.numpy()

    alone = schedule.discriminator_only()
    np.testing.assert_array_equal(moved(schedule.alternating(), 2), moved(alone, 2))
    assert (moved(schedule.alternating(), 0) != moved(alone, 0)).any()


# ---- what is refused ---------------------------------------------------------------------------------------------------


def refused(played):
    with pytest.raises(UsageError) as caught:
        played.prepare()
    assert "\n" not in str(caught.value) and "unrolling" in str(caught.value)
    return str(caught.value)


def test_a_constraint_is_no_gradient_step(digits):
    pair = unrolled.unroll(losses.zero_sum(losses.minimax()), 1)
    clipped = games.build(digits, objective=pair, constraint=constraints.WeightClip(0.1), schedule=schedule.alternating())
    assert "WeightClip" in refused(clipped)
    columns = games.build(digits, objective=pair, schedule=schedule.alternating())
    columns.discriminator.network.layers[3].kernel.constraint = constraints.MaxColumnNorm(0.2)
    assert "MaxColumnNorm" in refused(columns)


@pytest.mark.parametrize(
    "optimizer, words",
    [
        (lambda: keras.optimizers.Nadam(0.1), "Nadam"),
        (lambda: optimizers.Adam(0.1, clipnorm=1.0), "clipnorm"),
        (lambda: optimizers.Adam(0.1, weight_decay=0.1), "weight_decay"),
        (lambda: keras.optimizers.Adam(0.1, amsgrad=True), "amsgrad"),
        (lambda: keras.optimizers.LossScaleOptimizer(optimizers.Adam(0.1)), "LossScaleOptimizer"),
    ],
)
def test_an_optimizer_that_does_more_is_refused(optimizer, words):
    source = data.load("gaussian1d")
    played = build(source, lambda: [dense(1, "a")], lambda: [dense(1, "w")], 1, schedule.alternating(), optimizer())
    assert words in refused(played)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"replay": 40}, "replay"),
        ({"g_dropout": False}, "dropout"),
        ({"schedule": dataclasses.replace(schedule.alternating(), one_batch=True)}, "one batch"),
    ],
)
def test_a_d_that_learns_otherwise_than_it_looks_ahead_is_refused(digits, options, words):
    pair = unrolled.unroll(losses.zero_sum(losses.minimax()), 1)
    assert words in refused(games.build(digits, objective=pair, **({"schedule": schedule.alternating()} | options)))


def test_a_term_of_d_that_remembers_is_refused(digits):
    scale = tf.Variable(1.0, trainable=False)
    term = losses.Term("scaled", lambda play: scale * losses.log_real(play), variables={"scale": scale})
    pair = unrolled.unroll(losses.zero_sum(losses.Objective((term,), ())), 1)
    assert "scaled" in refused(games.build(digits, objective=pair, schedule=schedule.alternating()))


@pytest.mark.parametrize("steps", [-1, unrolled.MOST + 1])
def test_so_many_updates_are_refused(steps):
    with pytest.raises(UsageError, match="unroll"):
        unrolled.unroll(losses.minimax(), steps)


@pytest.mark.slow
def test_ahead_of_convolutions_with_batch_norm_gs_gradient_stays_as_large_as_it_is():
    """As far ahead as the paper looks, in float32: rounding does not grow with the updates ahead."""

    def gradient(steps):
        ((_, played),) = noise.built("unrolled", "stacked", "stacked_mnist", unroll=steps, batch_size=20, n_samples=50)
        noise.play(played, 3)
        means = [np.abs(mean).max() for mean in played.generator.optimizer._momentums]  # Adam's, of the three gradients
        assert np.isfinite(means).all()
        return max(means)

    assert gradient(10) < 100 * gradient(0)


@pytest.mark.slow
def test_the_experiments_game_without_looking_ahead_is_minimax():
    """Of the same networks, with goodfellow2014's objective in place of the whole value function."""
    config = noise.config("unrolled", "ring8", "smoke", unroll=0)
    (stage,) = rules.stages(config, data.load("ring8"))
    ours, plain = stage.build(None), stage.build(None)
    plain.generator = game.Player(plain.generator.network, plain.generator.optimizer, losses.minimax().generator)
    noise.play(ours, 9)
    noise.play(plain, 9)
    noise.assert_equal(noise.values(ours), noise.values(plain))
