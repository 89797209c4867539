"""The same command, the same bytes: also with textbook losses, whose gradients meet in sums of several tensors.

As a program, this file plays the games and prints what they came to.
"""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

STEPS, CALL = 400, 40  # minibatches of each game, one epoch, and of a call, after which its state is looked at


def cross_entropy(output, target):
    """Every tutorial's loss: the sigmoid cross-entropy of D's logits with a constant target, smoothed or not."""
    import tensorflow as tf

    from gan_repro.training import losses

    def value(play):
        logits = getattr(play, output)
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=target * tf.ones_like(logits), logits=logits))

    return losses.Term(f"cross-entropy of {output} with {target}", value)


def hinge(output, sign):
    """E max(0, 1 - sign D(.)) (Lim and Ye 2017)."""
    import tensorflow as tf

    from gan_repro.training import losses

    return losses.Term(f"hinge of {output}", lambda play: tf.reduce_mean(tf.nn.relu(1.0 - sign * getattr(play, output))))


def plays():
    """{what: (D's terms, G's terms, D's kind of network, schedule)}."""
    from gan_repro.training import losses

    plain = (cross_entropy("d_real", 1.0), cross_entropy("d_generated", 0.0)), (cross_entropy("d_generated", 1.0),)
    smoothed = (cross_entropy("d_real", 0.9), cross_entropy("d_generated", 0.0)), plain[1]
    hinged = (hinge("d_real", 1.0), hinge("d_generated", -1.0)), losses.wasserstein().generator
    return {
        "cross-entropy": (*plain, "mlp", "simultaneous"),
        "smoothed labels": (*smoothed, "mlp", "alternating"),
        "hinge": (*hinged, "mlp", "alternating"),
        "convolution with a bias": (*smoothed, "convolutional", "simultaneous"),
    }


def network(kind, shape):
    """D as a tutorial has it: biases everywhere, leaky ReLU."""
    import keras

    x = images = keras.Input(shape)
    if kind == "convolutional":
        x = keras.layers.LeakyReLU(0.2)(keras.layers.Conv2D(8, 5, 4, padding="same", name="convolution")(x))
    x = keras.layers.Flatten()(x)
    if kind == "mlp":
        x = keras.layers.Dense(128, "relu", name="hidden")(x)
    return keras.Model(images, keras.layers.Dense(1, name="logit")(x))


def build(source, d_terms, g_terms, kind, order):
    """The game of a tutorial: z of 100 numbers, 128 hidden units, minibatches of 128, Adam."""
    import keras

    from gan_repro.latent import priors
    from gan_repro.networks import mlp
    from gan_repro.training import game, optimizers, schedule

    keras.utils.set_random_seed(1)
    g, sampler = (mlp.mlp_generator(100, [(128, "relu")], source.spec.shape, "sigmoid", 0.05) for _ in range(2))
    players = [
        game.Player(player, optimizers.Adam(1e-3, beta_1=0.5), terms)
        for player, terms in ((g, g_terms), (network(kind, source.spec.shape), d_terms))
    ]
    prior = priors.Prior("uniform_-1_1", 100)
    return game.AdversarialGame(*players, prior, source, schedule.SCHEDULES[order](), 128, 0, sampler=sampler)


def main():
    """Plays all games, and prints the sha256 of their states along the way."""
    from gan_repro.system import tensorflow_setup

    tensorflow_setup.prepare()
    from gan_repro.data.source import InMemory, Spec

    images = np.random.default_rng(0).integers(0, 256, (128 * STEPS, 28, 28, 1), np.uint8)
    source = InMemory(Spec("noise", "noise", (28, 28, 1), 0, {"train": len(images)}), {"train": images})
    for what, given in plays().items():
        played = build(source, *given)
        for _ in range(STEPS // CALL):
            played.steps(CALL)
            state = b"".join(variable.numpy().tobytes() for variable in played.state().values())
            print(f"{what}, step {played.step}: {hashlib.sha256(state).hexdigest()}", flush=True)


@pytest.mark.slow
@pytest.mark.e2e
def test_two_processes_end_with_the_same_bytes():
    command = [sys.executable, __file__]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    found = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], found
    first, second = (out.splitlines() for out, _ in found)
    assert len(first) == STEPS // CALL * len(plays()) and first == second
    assert {err for _, err in found} == {""}  # nor does TensorFlow say of the biased convolution what looks like an error


def test_no_kernel_adds_up_more_than_two_gradients():
    """AddN of three and more begins its sum with whichever of them is free at that moment: they are stacked instead."""
    import tensorflow as tf

    @tf.function(autograph=False)
    def slope(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(tf.exp(x)) + tf.reduce_sum(tf.sin(x)) + tf.reduce_sum(x * x) + tf.reduce_sum(tf.square(x) / 3)
        return tape.gradient(y, x)

    x = tf.constant(np.linspace(-1, 1, 7), tf.float32)
    sums = [op for op in slope.get_concrete_function(x).graph.get_operations() if op.type in ("AddN", "AccumulateNV2")]
    assert all(len(op.inputs) <= 2 for op in sums)
    z = np.linspace(-1, 1, 7)
    np.testing.assert_allclose(slope(x), np.exp(z) + np.cos(z) + 2 * z + 2 * z / 3, rtol=1e-5)


if __name__ == "__main__":
    main()
