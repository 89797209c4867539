"""The shared step: its gradients, who moves when, what depends on what. Whole trainings are in test_training.py."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import games

from gan_repro.data import source as sources
from gan_repro.latent import priors, sampling
from gan_repro.networks import constraints, precision
from gan_repro.system import randomness, tensorflow_setup
from gan_repro.system.errors import UsageError
from gan_repro.training import game, losses, optimizers, schedule

OFF = (games.no_dropout(), games.no_dropout())


def play(played, n):
    """n minibatches, in calls that end with the epochs."""
    while n:
        now = min(n, played.steps_per_epoch - played.step % played.steps_per_epoch)
        metrics = played.steps(now)
        n -= now
    return metrics


# ---- one step against float64 numpy ---------------------------------------------------------------------------------


def numpy_game(parameters, x, z):
    """(D's loss, G's loss) of goodfeli/adversarial's AdversaryCost2 for the networks of games.build, float64."""
    g, d = parameters["generator"], parameters["discriminator"]
    s = 1 / (1 + np.exp(-(np.maximum(z @ g[0] + g[1], 0) @ g[2] + g[3])))

    def logit(images):
        linear = images @ d[0] + d[1]
        return np.maximum(linear[:, :12], linear[:, 12:]) @ d[2] + d[3]

    def softplus(a):
        return np.logaddexp(0, a)

    a_x, a_s = logit(x), logit(s)
    return 0.5 * (softplus(-a_x).mean() + softplus(a_s).mean()), softplus(-a_s).mean()


@pytest.mark.parametrize("kind", ["simultaneous", "alternating"])
def test_a_step_follows_finite_differences(digits, kind):
    """Every parameter's first update, with dropout off and learning rate 1, is minus the gradient of its own loss."""
    played = games.build(digits, dropout=OFF, rate=1.0, momentum=0.0, schedule=schedule.SCHEDULES[kind]())
    nets = {"generator": played.generator.network, "discriminator": played.discriminator.network}
    before = {role: [w.numpy().astype(np.float64) for w in net.weights] for role, net in nets.items()}
    x, _ = digits.batch(digits.open(0, 0), tf.constant(0), 20)
    x = x.numpy().astype(np.float64).reshape(20, -1)
    z = {move: played.prior.draw(20, played.seed_of(0, randomness.PRIOR, move)).numpy().astype(np.float64) for move in (0, 1)}
    metrics = played.steps(1)
    after = {role: [w.numpy().astype(np.float64) for w in net.weights] for role, net in nets.items()}
    d_loss, g_loss = numpy_game(before, x, z[0])
    assert metrics["d_loss"][0] == pytest.approx(d_loss, rel=1e-5)
    seen_by_g = before
    if kind == "alternating":  # G moves against the new D, with fresh noise
        seen_by_g = {"generator": before["generator"], "discriminator": after["discriminator"]}
        g_loss = numpy_game(seen_by_g, x, z[1])[1]
    assert metrics["g_loss"][0] == pytest.approx(g_loss, rel=1e-5)
    rng = np.random.default_rng(0)
    for role, which in (("discriminator", 0), ("generator", 1)):
        point = before if role == "discriminator" else seen_by_g
        noise = z[1] if (role, kind) == ("generator", "alternating") else z[0]
        for i, array in enumerate(before[role]):
            for _ in range(4):
                at = tuple(rng.integers(0, n) for n in array.shape)
                values = []
                for step in (1e-5, -1e-5):
                    changed = {name: [w.copy() for w in entry] for name, entry in point.items()}
                    changed[role][i][at] += step
                    values.append(numpy_game(changed, x, noise)[which])
                slope = (values[0] - values[1]) / 2e-5
                assert before[role][i][at] - after[role][i][at] == pytest.approx(slope, abs=2e-6)


def test_one_pass_with_one_set_of_dropout_masks_serves_both_losses(digits):
    """papers.md's trap: G's gradient goes through the very pass, and the masks, that D's loss was computed from."""
    played = games.build(digits)
    x, _ = digits.batch(digits.open(0, 0), tf.constant(0), 20)
    x = x.numpy().astype(np.float64).reshape(20, -1)
    z = played.prior.draw(20, played.seed_of(0, randomness.PRIOR, 0)).numpy().astype(np.float64)
    g, d = (
        [w.numpy().astype(np.float64) for w in net.weights] for net in (played.generator.network, played.discriminator.network)
    )
    # G's pass is the first network call of the move, D's on real images the second, on generated ones the third and last.
    masks = []
    for call in (2, 3):
        with randomness.network_call(played.seed_of(0, randomness.NETWORK, 0, call, 0)):
            masks.append(
                [
                    (tf.random.stateless_uniform(shape, randomness.layer_pair()[0], alg="philox") < keep).numpy() * scale
                    for shape, keep, scale in (((20, 64), 0.8, 1.25), ((20, 12), 0.5, 2.0))
                ]
            )
    masks = [np.concatenate(halves) for halves in zip(*masks)]
    s = 1 / (1 + np.exp(-(np.maximum(z @ g[0] + g[1], 0) @ g[2] + g[3])))
    linear = (np.concatenate([x, s]) * masks[0]) @ d[0] + d[1]
    logits = (np.maximum(linear[:, :12], linear[:, 12:]) * masks[1]) @ d[2] + d[3]
    d_loss = 0.5 * (np.logaddexp(0, -logits[:20]).mean() + np.logaddexp(0, logits[20:]).mean())
    metrics = played.steps(1)
    assert metrics["d_loss"][0] == pytest.approx(d_loss, rel=1e-5)
    assert metrics["g_loss"][0] == pytest.approx(np.logaddexp(0, -logits[20:]).mean(), rel=1e-5)


def test_a_gradient_penalty_has_its_second_order_gradient(digits):
    """A term of D that differentiates D: its value and its slope against float64 numpy."""
    terms = (losses.gradient_penalty(),)
    played = games.build(digits, dropout=OFF, rate=1.0, momentum=0.0, d_terms=terms, schedule=schedule.alternating())
    network = played.discriminator.network
    before = [w.numpy().astype(np.float64) for w in network.weights]
    x, _ = digits.batch(digits.open(0, 0), tf.constant(0), 20)
    step = tf.constant(0, tf.int64)
    z = played.prior.draw(20, played.seed_of(0, randomness.PRIOR, 0))
    s = played.generator.network(z).numpy().astype(np.float64).reshape(20, -1)
    # The move draws one seed for G's own noise layers and then one for the penalty.
    share = (
        tf.random.stateless_uniform([20, 1, 1, 1], played.seed_of(step, randomness.TERM, 0, 2, 0), alg="philox")
        .numpy()
        .reshape(20, 1)
    )
    between = share * x.numpy().astype(np.float64).reshape(20, -1) + (1 - share) * s

    def penalty(weights):
        linear = between @ weights[0] + weights[1]
        wins = linear[:, :12] >= linear[:, 12:]
        slope = (wins * weights[2][:, 0]) @ weights[0][:, :12].T + (~wins * weights[2][:, 0]) @ weights[0][:, 12:].T
        return 10 * ((np.sqrt((slope**2).sum(axis=1) + 1e-12) - 1) ** 2).mean()

    metrics = played.steps(1)
    assert metrics["d_loss"][0] == pytest.approx(penalty(before), rel=1e-4)
    after = [w.numpy().astype(np.float64) for w in network.weights]
    rng = np.random.default_rng(1)
    for i in (0, 2):
        for _ in range(10):
            at = tuple(rng.integers(0, n) for n in before[i].shape)
            values = []
            for delta in (1e-5, -1e-5):
                changed = [w.copy() for w in before]
                changed[i][at] += delta
                values.append(penalty(changed))
            slope = (values[0] - values[1]) / 2e-5
            assert abs(slope) > 1e-8 or i == 0
            assert before[i][at] - after[i][at] == pytest.approx(slope, rel=1e-3, abs=1e-5)


def test_terms_can_apply_the_discriminator_with_other_weights(digits):
    """What unrolled GANs need: D's output under weights that are a differentiable function of its own."""
    seen = {}

    def term(current):
        own = [v.value for v in seen["network"].trainable_variables]
        doubled = current.discriminate(current.x, weights=[2.0 * w for w in own])
        seen["shape"] = doubled.shape
        return tf.reduce_mean(doubled)

    played = games.build(digits, dropout=OFF, d_terms=(losses.Term("unrolled", term),), schedule=schedule.alternating())
    seen["network"] = played.discriminator.network
    before = [w.numpy() for w in played.discriminator.network.weights]
    played.steps(1)
    assert seen["shape"] == (20, 1)
    assert all((a != w.numpy()).any() for a, w in zip(before, played.discriminator.network.weights))


def test_terms_may_share_a_variable_and_no_two_have_one_name(digits):
    ours, other = (tf.Variable(value, trainable=False) for value in (0.0, 1.0))

    def term(variable):
        return losses.Term("scaled", lambda play: variable * tf.reduce_mean(play.d_generated), variables={"scale": variable})

    played = games.build(digits, d_terms=(term(ours),), g_terms=(term(ours),))
    assert [variable for name, variable in played.state().items() if name.endswith("/scale")] == [ours]
    with pytest.raises(UsageError, match="scale"):
        games.build(digits, d_terms=(term(ours),), g_terms=(term(other),))


def test_getting_ready_plays_nothing_and_changes_nothing(digits):
    ready, plain = games.build(digits), games.build(digits)
    before = games.weights(ready)
    ready.prepare()
    assert ready.step == 0 and ready.traces == 1
    for name, array in games.weights(ready).items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)
    play(ready, 13), play(plain, 13)
    assert ready.traces == 1
    for name, array in games.weights(ready).items():
        np.testing.assert_array_equal(array, games.weights(plain)[name], err_msg=name)


def test_a_term_may_look_things_up(digits):
    """A table is no variable: nothing of it would have to be kept."""
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer([0], [1.0]), 0.0)
    term = losses.Term("looked up", lambda play: table.lookup(tf.constant(0)) * tf.reduce_mean(play.d_generated))
    played = games.build(digits, g_terms=(term,))
    play(played, 2)
    assert played.step == 2 and not any(name.startswith("term/") for name in played.state())


# ---- who moves when -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "minibatches", "d_updates", "g_updates"),
    [
        (schedule.simultaneous(), 7, 7, 7),
        (schedule.simultaneous(n_critic=2), 7, 7, 3),
        (schedule.alternating(), 7, 7, 7),
        (schedule.alternating(n_critic=5), 17, 17, 3),
        (schedule.alternating(d_steps=3, fresh_noise=False), 4, 12, 4),
        (schedule.alternate_minibatches(), 7, 3, 4),
        (schedule.alternate_minibatches(n_critic=2), 7, 4, 3),
        (schedule.alternating(n_critic=2, warmup=schedule.CriticWarmup(2, 4, 3)), 17, 17, 7),
        (schedule.discriminator_only(), 7, 7, 0),
    ],
)
def test_update_counts(digits, order, minibatches, d_updates, g_updates):
    played = games.build(digits, schedule=order)
    play(played, minibatches)
    assert played.updates == {"discriminator": d_updates, "generator": g_updates}
    assert int(played.discriminator.optimizer.iterations) == d_updates
    assert int(played.generator.optimizer.iterations) == g_updates
    assert played.step == minibatches
    assert played.traces == 1


@pytest.mark.parametrize(
    "chosen",
    [
        schedule.simultaneous(n_critic=2),
        schedule.alternating(n_critic=5),
        schedule.alternating(d_steps=3),
        schedule.alternate_minibatches(),
        schedule.alternate_minibatches(n_critic=4),
        schedule.discriminator_only(),
    ],
)
def test_the_schedule_knows_how_many_updates_an_epoch_has(chosen):
    """Counted as the step counts, over an epoch of 20 minibatches."""
    since, done = chosen.since_g, {"discriminator": 0, "generator": 0}
    for _ in range(20):
        turn = bool(chosen.g_moves(tf.constant(since, tf.int64), tf.constant(done["generator"], tf.int64)))
        since = 0 if turn else since + 1
        done["generator"] += turn
        done["discriminator"] += chosen.d_steps * ("discriminator" in chosen.movers(turn))
    assert {role: chosen.updates_per_epoch(role, 20) for role in done} == done
    if done["generator"]:
        assert chosen.minibatches_per_g_update == 20 / done["generator"]


def test_turns_are_known_before_they_are_played():
    """Whole, or in calls of any length."""
    order = schedule.alternating(n_critic=2, warmup=schedule.CriticWarmup(2, 4, 3))
    usual, long = [(False, 1), (True, 1)], [(False, 2), (True, 1)]
    assert order.turns(0, 0, 20) == long * 2 + usual * 2 + long + usual * 3 + [(False, 1)]
    assert order.turns(1, 1, 3) == [(False, 1), (True, 1), (False, 1)]
    assert schedule.simultaneous().turns(0, 0, 5) == [(True, 5)]
    assert schedule.discriminator_only().turns(0, 0, 5) == [(False, 5)]
    alone = schedule.alternate_minibatches()
    assert alone.turns(alone.since_g, 0, 3) == [(True, 1), (False, 1), (True, 1)]


def test_the_critics_warm_up_is_wgans():
    """100 minibatches for each of G's first 25 updates and for every 500th, 5 otherwise (WassersteinGAN:main.py)."""
    order = schedule.alternating(n_critic=5, warmup=schedule.CriticWarmup())
    moments = [tf.constant(i, tf.int64) for i in (0, 24, 25, 499, 500, 501, 1000)]
    assert [int(order.phase_length(i)) for i in moments] == [100, 100, 5, 5, 100, 5, 100]
    never_again = schedule.alternating(n_critic=5, warmup=schedule.CriticWarmup(every=0))
    assert [int(never_again.phase_length(i)) for i in moments] == [100, 100, 5, 5, 5, 5, 5]


@pytest.mark.parametrize("alone", [False, True])
def test_only_the_player_whose_turn_it_is_moves(digits, alone):
    chosen = schedule.alternate_minibatches(n_critic=2) if alone else schedule.alternating(n_critic=3)
    played = games.build(digits, schedule=chosen)
    for t in range(6):
        before = games.weights(played)
        metrics = played.steps(1)
        after = games.weights(played)
        g_turn = t % 3 == (0 if alone else 2)
        d_turn = not (g_turn and alone)
        assert games.moved(before, after, "generator/") == games.moved(before, after, "generator_optimizer/") == g_turn
        assert games.moved(before, after, "discriminator/") == games.moved(before, after, "discriminator_optimizer/") == d_turn
        assert bool(metrics["g_loss"].mask[0]) == (not g_turn) and bool(metrics["d_loss"].mask[0]) == (not d_turn)


def test_metrics_are_probabilities_and_finite(digits):
    metrics = games.build(digits).steps(10)
    assert all(values.shape == (10,) and np.isfinite(values).all() for values in metrics.values())
    assert ((metrics["d_real"] > 0) & (metrics["d_real"] < 1)).all()


# ---- what depends on what -------------------------------------------------------------------------------------------


def final(source, n=23, chunks=None, **options):
    played = games.build(source, **options)
    for chunk in chunks or [n]:
        play(played, chunk)
    return games.weights(played)


def equal(a, b):
    return all(np.array_equal(a[name], b[name]) for name in a)


def test_the_length_of_calls_never_changes_the_result(digits):
    reference = final(digits, averages=("ema-.9", "mean-from-1"))
    assert equal(reference, final(digits, chunks=[1, 5, 4, 7, 6], averages=("ema-.9", "mean-from-1")))


def test_seeds_decide(digits):
    assert equal(final(digits), final(digits))
    assert not equal(final(digits), final(digits, seed=1))


def test_averages_never_touch_the_training(digits):
    plain, averaged = final(digits), final(digits, averages=("ema-.99",))
    assert all(np.array_equal(plain[name], averaged[name]) for name in plain)


def test_averages_follow_their_definition(digits):
    played = games.build(digits, averages=("ema-.95", "mean-from-2"), schedule=schedule.alternating())
    snapshots, expected = [], {}
    for t in range(1, 61):
        played.steps(1)
        if t % 10 == 0:
            snapshots.append(played.generator.network.weights[0].numpy().astype(np.float64))
    average = 0.0
    for k, w in enumerate(snapshots, 1):
        average = average + max(1 - 0.95**10, 1 / k) * (w - average)
    expected["ema-.95"] = average
    expected["mean-from-2"] = np.mean(snapshots[1:], axis=0)  # two epochs of 10 minibatches: from step 20 on
    for kind, values in expected.items():
        np.testing.assert_allclose(played.weights(kind).weights[0].numpy(), values, rtol=1e-5, atol=1e-6)


def test_a_uniform_average_is_the_generator_itself_before_it_begins(digits):
    played = games.build(digits, averages=("mean-from-5",))
    play(played, 20)
    for a, b in zip(played.weights("mean-from-5").weights, played.generator.network.weights):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6, atol=1e-8)


def test_samples_are_a_function_of_seed_and_weights(digits):
    played = games.build(digits)
    a = played.sample(30, seed=5)
    assert a.shape == (30, 8, 8, 1) and a.dtype == np.float32 and a.min() >= 0 and a.max() <= 1
    np.testing.assert_array_equal(a, played.sample(30, seed=5))
    np.testing.assert_array_equal(a[:7], played.sample(7, seed=5))
    assert (a != played.sample(30, seed=6)).any()


def test_bfloat16_trains_and_samples_in_float32(digits):
    played = games.build(digits, precision="mixed_bfloat16")
    metrics = play(played, 20)
    assert np.isfinite(metrics["d_loss"]).all()
    assert {w.dtype for w in played.generator.network.weights} == {"float32"}
    assert played.generator.network.layers[1].compute_dtype == "bfloat16"
    samples = played.sample(200, seed=0)
    assert played.sampler.layers[1].compute_dtype == "float32"
    exact = samples.astype(np.float64).ravel()
    assert len(np.unique(exact)) > 5000  # bfloat16 pixels in (0, 1) would take a few hundred values


class FixedPrior(priors.Prior):
    """The same z at every step: XLA draws other bits from the same seed, which is not what is compared here."""

    def draw(self, n, pair):
        del pair
        return tf.constant(np.random.default_rng(5).normal(size=(n, self.size)), tf.float32)


def test_xla_computes_the_same_step(digits, monkeypatch):
    monkeypatch.setattr(priors, "Prior", FixedPrior)
    plain, compiled = (final(digits, n=3, dropout=OFF, jit_compile=jit) for jit in (False, True))
    for name, values in plain.items():
        np.testing.assert_allclose(compiled[name], values, rtol=1e-4, atol=1e-5, err_msg=name)


def test_weight_clipping_after_the_update(digits):
    played = games.build(digits, constraint=constraints.WeightClip(0.01), objective=losses.wasserstein())
    play(played, 3)
    assert max(np.abs(w.numpy()).max() for w in played.discriminator.network.trainable_variables) <= np.float32(0.01)
    assert max(np.abs(w.numpy()).max() for w in played.generator.network.trainable_variables) > 0.05


def largest_weight(current):
    """The largest absolute value among D's weights, as a term that moves nothing."""
    return tf.reduce_max([tf.reduce_max(tf.abs(weight)) for weight in current.trainable("discriminator")])


@pytest.mark.parametrize("kind", ["simultaneous", "alternating"])
def test_a_constraint_is_applied_before_each_move_or_after_it(digits, kind):
    """What either player sees of D's weights: D's loss has their largest value added 1000 times, G's is that value."""
    seen = {}
    for first in (True, False):
        spy = losses.Term("largest", lambda current: tf.stop_gradient(largest_weight(current)), 1000.0)
        played = games.build(
            digits,
            schedule=schedule.SCHEDULES[kind](),
            d_terms=(*losses.wasserstein().discriminator, spy),
            g_terms=(
                losses.Term("largest", largest_weight),
                losses.Term("nothing", lambda current: 0 * current.d_generated[0, 0]),
            ),
            constraint=constraints.WeightClip(0.01),
            constrain_first=first,
        )
        metrics = play(played, 5)
        after = max(np.abs(w.numpy()).max() for w in played.discriminator.network.trainable_variables)
        seen[first] = np.asarray(metrics["d_loss"]) / 1000, np.asarray(metrics["g_loss"]), after
    d, g, after = seen[True]
    assert (d < 0.0101).all() and after > 0.0101
    # At once, G sees what D saw; in turn, it sees weights that D's move has taken beyond.
    assert (g > 0.0101).all() if kind == "alternating" else (g < 0.0101).all()
    d, g, after = seen[False]
    assert d[0] > 0.1 and (d[1:] < 0.0101).all() and after <= np.float32(0.01)
    assert (g < 0.0101).all() if kind == "alternating" else g[0] > 0.1 and (g[1:] < 0.0101).all()


@pytest.mark.parametrize("role", ["generator", "discriminator"])
def test_weight_decay_shrinks_every_weight_of_its_player(digits, role):
    """A term of weight w alone moves each weight p to p - rate w p; the other player's weights have no gradient of it."""
    decay = losses.Term("decay", losses.squared_weights(role), 0.25)
    terms = getattr(losses.non_saturating_pair(), role)
    both = []
    for chosen in (terms, (*terms, decay)):
        options = {f"{role[0]}_terms": chosen}
        played = games.build(digits, dropout=OFF, rate=0.1, momentum=0.0, **options)
        before = games.weights(played)
        played.steps(1)
        both.append(games.weights(played))
    for name, array in before.items():
        if name.startswith(f"{role}/"):
            np.testing.assert_allclose(both[0][name] - both[1][name], 0.1 * 0.25 * array, atol=1e-6)
            assert np.abs(array).max() > 0.1 or (array == 0).all()
        elif not name.startswith(role):  # not its optimizer either
            np.testing.assert_array_equal(both[0][name], both[1][name])


# ---- labels, heads ----------------------------------------------------------------------------------------------------


def conditional(source, heads=False, d_terms=None, g_terms=None, **options):
    """A game whose networks both take labels; D may have two heads, "label" and "source"."""
    keras.utils.set_random_seed(0)

    def one_hot(labels):
        return keras.layers.CategoryEncoding(10, output_mode="one_hot")(labels)

    def generator():
        z, y = keras.Input((5,)), keras.Input((), dtype="int32")
        x = keras.layers.Concatenate()([z, one_hot(y)])
        return keras.Model([z, y], keras.layers.Reshape((8, 8, 1))(keras.layers.Dense(64, "sigmoid")(x)))

    images, y = keras.Input((8, 8, 1)), keras.Input((), dtype="int32")
    x = keras.layers.Concatenate()([keras.layers.Flatten()(images), one_hot(y)])
    outputs = keras.layers.Dense(1)(x)
    if heads:
        outputs = {"label": keras.layers.Dense(10)(x), "source": outputs}
        options = {"d_head": "source"} | options
    pair = losses.non_saturating_pair()
    terms = pair.discriminator
    if heads:

        def source_term(current):
            return -tf.reduce_mean(current.d_real) + tf.reduce_mean(current.head("source", "generated"))

        def label_term(current):
            return tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(labels=current.labels, logits=current.head("label", "real"))
            )

        terms = (losses.Term("source", source_term), losses.Term("label", label_term))
        pair = dataclasses.replace(
            pair, generator=(losses.Term("source", lambda current: -tf.reduce_mean(current.d_generated)),)
        )
    return game.AdversarialGame(
        game.Player(generator(), optimizers.MomentumSGD(0.1, 0.5), g_terms or pair.generator),
        game.Player(keras.Model([images, y], outputs), optimizers.MomentumSGD(0.1, 0.5), d_terms or terms),
        priors.Prior("gaussian", 5),
        source,
        schedule.simultaneous(),
        20,
        0,
        sampler=generator(),
        **options,
    )


def test_labels_reach_both_networks(digits):
    played = conditional(digits)
    before = games.weights(played)
    play(played, 10)
    after = games.weights(played)
    # rows of the first kernel that belong to the labels: they move only if labels came in
    assert (before["generator/000"][5:] != after["generator/000"][5:]).any(axis=1).all()
    assert (before["discriminator/000"][64:] != after["discriminator/000"][64:]).any(axis=1).all()
    a, b = (played.sample(4, seed=0, labels=np.full(4, label)) for label in (1, 2))
    assert (a != b).any()


def test_labels_of_samples_are_balanced(digits):
    np.testing.assert_array_equal(sampling.balanced_labels(7, 3), [0, 1, 2, 0, 1, 2, 0])
    assert sampling.balanced_labels(7, 3).dtype == np.int32 and sampling.balanced_labels(0, 3).shape == (0,)
    played = conditional(digits)
    expected = played.sample(23, 0, labels=np.arange(23) % 10)
    np.testing.assert_array_equal(played.sample(23, 0), expected)
    assert (played.sample(23, 0, labels=np.zeros(23)) != expected).any()


def test_the_other_network_is_d(digits):
    played = games.build(digits)
    assert played.others() == {"discriminator": played.discriminator.network}


def test_a_discriminator_with_heads(digits):
    """The monitored head is the one that the game names, whatever the order of the heads; each head's loss is a metric."""
    played = conditional(digits, heads=True)
    d = played.discriminator.network
    x, labels = digits.batch(digits.open(0, 0), tf.constant(0), 20)
    heads = d([x, labels])
    metrics = play(played, 1)
    assert metrics["d_real"][0] == pytest.approx(float(tf.reduce_mean(tf.sigmoid(heads["source"]))), rel=1e-5)
    chosen = tf.gather(tf.nn.log_softmax(heads["label"]), labels, axis=1, batch_dims=1)
    assert metrics["d_loss/label"][0] == pytest.approx(-float(tf.reduce_mean(chosen)), rel=1e-5)
    assert metrics["d_loss"][0] == pytest.approx(metrics["d_loss/label"][0] + metrics["d_loss/source"][0], rel=1e-5)
    assert np.isfinite(play(played, 29)["d_loss"]).all()


def test_acgan_fits(digits):
    """Odena et al. 2017, eq. 2 and 3: source and class, of real and of generated images with labels of G's own."""
    label = [losses.cross_entropy(which, "labels", head="label") for which in ("real", "generated")]
    played = conditional(
        digits,
        heads=True,
        d_terms=(*losses.non_saturating_pair().discriminator, *label),
        g_terms=(*losses.non_saturating_pair().generator, label[1]),
        generator_labels="uniform",
    )
    before = play(played, 1)
    after = play(played, 199)
    named = {"d_loss/cross_entropy_label_real", "d_loss/cross_entropy_label_generated", "g_loss/cross_entropy_label_generated"}
    assert named < set(after)
    for name in named:  # both players learn the classes
        assert after[name][-1] < before[name][0]


@pytest.mark.parametrize(
    ("term", "options", "words"),
    [
        (losses.Term("t", lambda context: tf.reduce_mean(context.head("no", "real"))), {}, ["label", "source", "'no'"]),
        (losses.Term("t", losses.log_real), {"d_head": None}, ["label", "source", "d_head"]),
        (losses.Term("t", lambda context: tf.reduce_mean(context.head("label", "fake"))), {}, ["'fake'", "generated"]),
        (losses.cross_entropy("real", "labels"), {}, ["labels", "(20, 1)"]),
        (losses.Term("t", lambda context: tf.reduce_mean(context.trainable("critic")[0])), {}, ["'critic'", "generator"]),
    ],
)
def test_a_wrong_head_is_one_line(digits, term, options, words):
    played = conditional(digits, heads=True, d_terms=(term,), **options)
    with pytest.raises(UsageError) as caught:
        played.prepare()
    assert all(word in str(caught.value) for word in words) and "\n" not in str(caught.value)


def test_a_network_without_heads_has_none(digits):
    for played in (
        games.build(digits, d_head="source"),
        games.build(digits, d_terms=(losses.cross_entropy("real", 1.0, head="source"),)),
    ):
        with pytest.raises(UsageError, match="no heads"):
            played.prepare()


# ---- what terms can ask -----------------------------------------------------------------------------------------------


def test_each_terms_value_is_a_metric_before_its_weight(digits):
    """The totals are the weighted sums of the columns, on every minibatch of either player."""
    d_terms = (*losses.wasserstein().discriminator, losses.gradient_penalty(3.0))
    g_terms = (*losses.wasserstein().generator, losses.Term("decay", losses.squared_weights("generator"), 0.25))
    played = games.build(digits, d_terms=d_terms, g_terms=g_terms, schedule=schedule.alternating(n_critic=2))
    assert played.metrics == (
        *("d_loss", "g_loss", "d_real", "d_generated"),
        *("d_loss/critic", "d_loss/gradient_penalty", "g_loss/critic_generator", "g_loss/decay"),
    )
    metrics = play(played, 10)
    assert set(played.metrics) <= set(metrics)
    np.testing.assert_allclose(metrics["d_loss"], metrics["d_loss/critic"] + 3 * metrics["d_loss/gradient_penalty"], rtol=1e-5)
    expected = metrics["g_loss/critic_generator"] + 0.25 * metrics["g_loss/decay"]
    assert metrics["g_loss/decay"].mask.tolist() == [True, False] * 5
    np.testing.assert_allclose(metrics["g_loss"].compressed(), expected.compressed(), rtol=1e-5)
    assert (metrics["d_loss/gradient_penalty"] > 0).all()


@pytest.mark.parametrize("names", [("a", "a"), ("",), ("a,b",), ('a"b',), ("a\nb",)])
@pytest.mark.parametrize("player", ["d_terms", "g_terms"])
def test_names_of_terms_are_columns(digits, names, player):
    terms = tuple(losses.Term(name, losses.log_generated) for name in names)
    with pytest.raises(UsageError) as caught:
        games.build(digits, **{player: terms})
    assert {"d_terms": "discriminator", "g_terms": "generator"}[player] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_both_players_may_name_a_term_alike(digits):
    term = (losses.Term("same", losses.log_generated),)
    metrics = games.build(digits, d_terms=term, g_terms=term).steps(1)
    assert metrics["d_loss/same"][0] == metrics["g_loss/same"][0]


def test_a_term_may_read_its_players_optimizer(digits):
    """Unrolled GANs take D's learning rate and momentum into G's loss (Metz et al. 2017)."""

    def value(context):
        optimizer = context.optimizer("discriminator")
        (velocity, *_) = optimizer.velocities
        return optimizer.learning_rate + tf.reduce_sum(velocity.value) + 0 * tf.reduce_mean(context.d_generated)

    terms = (losses.Term("read", value),)
    played = games.build(digits, g_terms=terms, rate=0.05, schedule=schedule.alternating())
    assert play(played, 3)["g_loss"].shape == (3,)
    velocity = played.discriminator.optimizer.velocities[0].numpy().sum()
    metrics = games.build(digits, g_terms=terms, rate=0.05, schedule=schedule.alternating()).steps(3)
    assert metrics["g_loss"][2] == pytest.approx(0.05 + velocity, rel=1e-4)


def test_d_may_be_applied_as_it_is_tested(digits):
    """Without dropout, twice alike; with it, not."""

    def difference(training):
        def value(context):
            twice = [context.discriminate(context.x, training=training) for _ in range(2)]
            return tf.reduce_max(tf.abs(twice[0] - twice[1])) + 0 * tf.reduce_mean(context.d_real)

        return losses.Term(f"training_{training}", value)

    metrics = games.build(digits, d_terms=(difference(True), difference(False))).steps(1)
    assert metrics["d_loss/training_False"][0] == 0 < metrics["d_loss/training_True"][0]


# ---- what D sees --------------------------------------------------------------------------------------------------------


def test_a_transform_is_applied_to_all_that_d_sees_inside_the_gradient(digits):
    """D on halved images is D with a halved first kernel; and G's gradient goes through the halving."""
    halved, plain = (
        games.build(digits, dropout=OFF, rate=1.0, momentum=0.0, transform=transform)
        for transform in (lambda images, context: 0.5 * images, None)
    )
    kernel = plain.discriminator.network.trainable_variables[0]
    kernel.assign(0.5 * kernel)
    before = games.weights(plain)
    metrics = [played.steps(1) for played in (halved, plain)]
    for name in ("d_loss", "g_loss", "d_real", "d_generated"):
        assert metrics[0][name][0] == pytest.approx(metrics[1][name][0], rel=1e-5)
    a, b = games.weights(halved), games.weights(plain)
    for name in before:
        if name.startswith("generator/"):
            np.testing.assert_allclose(a[name], b[name], atol=1e-6, err_msg=name)
    assert games.moved(before, b, "generator/")


def test_instance_noise_is_a_function_of_the_seed(digits):
    def noisy(images, context):
        return images + 0.3 * tf.random.stateless_normal(images.shape, context.seed(), alg="philox")

    assert equal(final(digits, transform=noisy), final(digits, chunks=[3, 20], transform=noisy))
    assert not equal(final(digits, transform=noisy), final(digits))
    with two_replicas().scope():
        assert np.isfinite(play(games.build(digits, transform=noisy), 2)["d_loss"]).all()


def test_a_transform_that_changes_the_shape_is_one_line(digits):
    played = games.build(digits, transform=lambda images, context: images[:, :4])
    with pytest.raises(UsageError, match=r"transform.*\(20, 4, 8, 1\)"):
        played.prepare()


def labels_seen(source, **options):
    """{"d", "g": int (10, 2, 20)}: the real labels and G's, of ten minibatches, as D's and G's updates see them."""
    seen = {"d": [], "g": []}

    def spy(name, term):
        def value(context):
            kept = tf.cast(tf.stack([context.labels, context.generated_labels]), tf.float32)
            variables[name].assign(kept)
            return term.value(context)

        return losses.Term(f"spy_{name}", value, variables={f"{name}_labels": variables[name]})

    variables = {name: tf.Variable(tf.zeros([2, 20]), trainable=False) for name in seen}
    pair = losses.non_saturating_pair()
    terms = {"d_terms": (spy("d", pair.discriminator[1]),), "g_terms": (spy("g", pair.generator[0]),)}
    played = conditional(source, **terms, **options)
    for _ in range(10):
        played.steps(1)
        for name, variable in variables.items():
            seen[name].append(variable.numpy().astype(int))
    return {name: np.stack(rows) for name, rows in seen.items()}


def test_g_has_the_minibatchs_labels_or_its_own(digits):
    same, own = labels_seen(digits), labels_seen(digits, generator_labels="uniform")
    for name in same:
        np.testing.assert_array_equal(same[name][:, 0], same[name][:, 1])
        np.testing.assert_array_equal(same[name][:, 0], own[name][:, 0])
        assert (own[name][:, 0] != own[name][:, 1]).any(axis=1).all()
    counts = np.bincount(own["g"][:, 1].ravel(), minlength=10)  # 200 labels, 20 of each class but for 6 standard deviations
    assert len(counts) == 10 and (counts > 0).all() and (counts < 20 + 6 * np.sqrt(200 * 0.09)).all()
    np.testing.assert_array_equal(own["g"], labels_seen(digits, generator_labels="uniform")["g"])


def test_labels_of_gs_own_need_classes(digits):
    with pytest.raises(UsageError, match="same, uniform"):
        conditional(digits, generator_labels="other")
    bare = sources.InMemory(dataclasses.replace(digits.spec, classes=0), {"train": digits.images("train")})
    with pytest.raises(UsageError, match="no classes"):
        games.build(bare, generator_labels="uniform")


# ---- several replicas -------------------------------------------------------------------------------------------------


def two_replicas():
    return tensorflow_setup.mirrored(["CPU:0", "CPU:1"])


@pytest.mark.parametrize(
    "order",
    [
        schedule.simultaneous(),
        schedule.alternating(n_critic=2),
        schedule.alternate_minibatches(),
    ],
)
def test_two_replicas_equal_one_device(digits, order):
    options = {"dropout": OFF, "schedule": order, "averages": ("mean-from-0",), "constraint": constraints.WeightClip(0.25)}
    one = games.build(digits, **options)
    metrics = play(one, 10)
    with two_replicas().scope():
        two = games.build(digits, **options)
        metrics_two = play(two, 10)
    a, b = games.weights(one), games.weights(two)
    for name in a:
        np.testing.assert_allclose(b[name], a[name], atol=1e-5, err_msg=name)
    for name in metrics:
        np.testing.assert_allclose(metrics_two[name], metrics[name], atol=1e-5)


def test_replicas_draw_from_different_seeds(digits):
    """The loss is a hash of the seed that a term draws from: the mean over replicas is that of one only if they agree."""

    def spy(current):
        return tf.cast(current.seed()[0] % 1000, tf.float32) + 0.0 * losses.log_real(current)

    def hashes():
        played = games.build(digits, d_terms=(losses.Term("spy", spy),), schedule=schedule.alternating())
        return play(played, 5)["d_loss"]

    one = hashes()
    with two_replicas().scope():
        two = hashes()
    assert (np.abs(one - two) > 0.4).all()


def test_max_column_norm_holds_on_two_replicas(digits):
    with two_replicas().scope():
        keras.utils.set_random_seed(0)
        played = games.build(digits)
        kernel = played.discriminator.network.layers[3].kernel
        kernel.constraint = constraints.MaxColumnNorm(0.2)
        play(played, 2)
    assert np.linalg.norm(kernel.numpy(), axis=0).max() <= 0.2 * (1 + 1e-5)


@pytest.mark.parametrize("order", [schedule.simultaneous(), schedule.alternating(n_critic=3), schedule.alternate_minibatches()])
def test_unrolled_as_on_several_machines_the_step_is_the_same(digits, order):
    """A MultiWorkerMirroredStrategy of this process alone. Several processes are in test_many_machines.py."""
    options = {"schedule": order, "averages": ("ema-.9",)}
    expected = final(digits, **options)
    with tf.distribute.MultiWorkerMirroredStrategy().scope():
        played = games.build(digits, **options)
        play(played, 23)
    assert played.traces == (1 if order.n_critic == 1 and not order.g_alone else 2)
    assert equal(expected, games.weights(played))


def test_a_scaled_loss_is_refused_on_several_machines(digits, monkeypatch):
    monkeypatch.setattr(
        optimizers, "MomentumSGD", lambda *given: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(*given))
    )
    with tf.distribute.MultiWorkerMirroredStrategy().scope(), pytest.raises(UsageError, match="scales the loss .float16"):
        games.build(digits)


# ---- wrong use --------------------------------------------------------------------------------------------------------


def test_wrong_use_is_refused(digits):
    wrong = [
        ({"n_critic": 0}, "n_critic"),
        ({"d_steps": 0}, "d_steps"),
        ({"one_pass": True, "d_steps": 2}, "d_steps"),
        ({"one_pass": True, "g_alone": True}, "g_alone"),
        ({"g_alone": True, "fresh_noise": False}, "fresh_noise"),
        ({"n_critic": None, "warmup": schedule.CriticWarmup()}, "warmup"),
    ]
    for given, word in wrong:
        with pytest.raises(UsageError, match=word):
            schedule.UpdateSchedule(**given)
    for ask in (
        lambda: schedule.discriminator_only().minibatches_per_g_update,
        lambda: schedule.alternating().updates_per_epoch("critic", 9),
    ):
        with pytest.raises(UsageError):
            ask()
    played = games.build(digits)
    with pytest.raises(ValueError, match="epoch of 10"):
        played.steps(11)
    with pytest.raises(UsageError, match="training images"):
        game.AdversarialGame(
            played.generator, played.discriminator, played.prior, digits, played.schedule, 201, 0, sampler=played.sampler
        )
    with two_replicas().scope():
        with pytest.raises(UsageError, match="XLA"):
            games.build(digits, jit_compile=True)
        with pytest.raises(UsageError, match="multiple"):
            game.AdversarialGame(
                played.generator, played.discriminator, played.prior, digits, played.schedule, 21, 0, sampler=played.sampler
            )


def test_precision_policy_comes_back():
    with precision.policy("mixed_bfloat16"):
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    assert keras.config.dtype_policy().name == "float32"


def test_a_variables_clip_and_update_stay_in_order(digits):
    """In the graph as TensorFlow runs it. In a linear loss nothing else makes the update of D's last layer wait."""
    from tensorflow.python.eager import context  # there is no public way to the optimized graph

    played = games.build(
        digits,
        objective=losses.wasserstein(),
        schedule=schedule.alternating(n_critic=2),
        constraint=constraints.WeightClip(0.01),
        constrain_first=True,
    )
    context.context().enable_run_metadata()
    try:
        played.steps(1)
        graphs = context.context().export_run_metadata().function_graphs
    finally:
        context.context().disable_run_metadata()
    pairs = 0
    for graph in (each.post_optimization_graph for each in graphs):
        clips = {node.input[0]: node.name for node in graph.node if node.op == "AssignVariableOp" and "clip" in node.input[1]}
        for node in graph.node:
            if node.op == "ResourceApplyKerasMomentum" and node.input[0] in clips:
                pairs += 1
                assert f"^{clips[node.input[0]]}" in node.input, node
    assert pairs == 2 * len(played.discriminator.network.trainable_variables)  # in both branches: D alone, D and then G
