"""Games with labels: they reach both networks and the samples, G may have its own, D may have several heads."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import games
from support.games import play

from gan_repro.data import source as sources
from gan_repro.latent import priors, sampling
from gan_repro.system.errors import UsageError
from gan_repro.training import game, losses, optimizers, schedule

pytestmark = pytest.mark.played


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


# ---- labels ----------------------------------------------------------------------------------------------------------


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


def test_the_other_network_is_d(digits):
    played = games.build(digits)
    assert played.others() == {"discriminator": played.discriminator.network}


# ---- heads -----------------------------------------------------------------------------------------------------------


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
