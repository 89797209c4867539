"""What one minibatch does to the weights: updates against float64 numpy, D's constraints, weight decay."""

import numpy as np
import pytest
import tensorflow as tf
from support import games, marks
from support.games import OFF, play

from gan_repro.networks import constraints
from gan_repro.system import randomness
from gan_repro.training import losses, schedule

pytestmark = pytest.mark.played

# ---- one step against float64 numpy ----------------------------------------------------------------------------------


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


# ---- constraints, weight decay ---------------------------------------------------------------------------------------


def test_weight_clipping_after_the_update(digits):
    played = games.build(digits, constraint=constraints.WeightClip(0.01), objective=losses.wasserstein())
    play(played, 3)
    assert max(np.abs(w.numpy()).max() for w in played.discriminator.network.trainable_variables) <= np.float32(0.01)
    assert max(np.abs(w.numpy()).max() for w in played.generator.network.trainable_variables) > 0.05


def largest_weight(current):
    """The largest absolute value among D's weights, as a term that moves nothing."""
    return tf.reduce_max([tf.reduce_max(tf.abs(weight)) for weight in current.trainable("discriminator")])


@pytest.mark.parametrize("kind", marks.slow_after(1, ["alternating", "simultaneous"]))
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


@pytest.mark.parametrize("role", marks.slow_after(1, ["generator", "discriminator"]))
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
