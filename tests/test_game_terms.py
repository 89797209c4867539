"""What terms of a loss can ask of a game, what they leave as metrics, and transforms of what D sees."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import games
from support.games import OFF, equal, final, play, two_replicas

from gan_repro.networks import minibatch
from gan_repro.system.errors import UsageError
from gan_repro.training import losses, schedule

pytestmark = pytest.mark.played

# ---- terms -----------------------------------------------------------------------------------------------------------


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


def test_terms_may_share_a_variable_and_no_two_have_one_name(digits):
    ours, other = (tf.Variable(value, trainable=False) for value in (0.0, 1.0))

    def term(variable):
        return losses.Term("scaled", lambda play: variable * tf.reduce_mean(play.d_generated), variables={"scale": variable})

    played = games.build(digits, d_terms=(term(ours),), g_terms=(term(ours),))
    assert [variable for name, variable in played.state().items() if name.endswith("/scale")] == [ours]
    with pytest.raises(UsageError, match="scale"):
        games.build(digits, d_terms=(term(ours),), g_terms=(term(other),))


def test_a_term_may_look_things_up(digits):
    """A table is no variable: nothing of it would have to be kept."""
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer([0], [1.0]), 0.0)
    term = losses.Term("looked up", lambda play: table.lookup(tf.constant(0)) * tf.reduce_mean(play.d_generated))
    played = games.build(digits, g_terms=(term,))
    play(played, 2)
    assert played.step == 2 and not any(name.startswith("term/") for name in played.state())


@pytest.mark.slow
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


# ---- transforms of what D sees ---------------------------------------------------------------------------------------


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


@pytest.mark.slow
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


def test_a_step_that_xla_cannot_compile_is_one_line(digits):
    def value(play):
        return tf.reduce_mean(play.d_generated) + tf.cast(tf.size(tf.strings.split("a b")), tf.float32)  # text is the host's

    game = games.build(digits, g_terms=(losses.Term("text", value),), jit_compile=True)
    with pytest.raises(UsageError, match="jit_compile"):
        game.steps(1)


@pytest.mark.parametrize(
    "layer", [keras.layers.BatchNormalization, lambda: minibatch.MinibatchDiscrimination(3, 2, "glorot_normal")]
)
def test_a_penalty_of_each_images_own_gradient_takes_a_d_that_sees_it_alone(digits, layer):
    d_terms = (*losses.wasserstein().discriminator, losses.gradient_penalty())
    critic = keras.Sequential([keras.Input(digits.spec.shape), keras.layers.Flatten(), layer(), keras.layers.Dense(1)])
    played = games.build(digits, objective=losses.wasserstein(), d_terms=d_terms, critic=critic)
    with pytest.raises(UsageError, match="own gradient"):
        played.prepare()
