"""The same networks trained the usual Keras way: layers of Keras alone, `Model.train_step`, `fit` on a tf.data.Dataset.

In the peer's favour: learning rate and momentum are constants, and what `fit` does before its first minibatch is not timed.
"""

import math
import time

import keras
import numpy as np
import tensorflow as tf

from gan_repro.benchmark.rounds import Contestant, Prepared
from gan_repro.benchmark.torch_peers import KINDS
from gan_repro.networks import precision

_L = keras.layers


def maxout_mlp(recipe, shape, classes):
    """(G, D) of a goodfellow2014 AdversarialRecipe."""
    del classes
    start = keras.initializers.RandomUniform(-recipe.generator_irange, recipe.generator_irange)
    g = keras.Sequential([keras.Input((recipe.latent,))])
    for units in recipe.generator_units:
        g.add(_L.Dense(units, "relu", kernel_initializer=start))
    g.add(_L.Dense(math.prod(shape), "sigmoid", kernel_initializer=start, dtype="float32"))
    g.add(_L.Reshape(shape, dtype="float32"))
    start = keras.initializers.RandomUniform(-recipe.discriminator_irange, recipe.discriminator_irange)
    d, drop = keras.Sequential([keras.Input(shape), _L.Flatten()]), 1 - recipe.input_keep
    for units in recipe.discriminator_units:
        d.add(_L.Dropout(drop))
        d.add(_L.Dense(recipe.pieces * units, kernel_initializer=start))
        d.add(_L.Reshape((recipe.pieces, units)))
        d.add(_L.Lambda(lambda x: keras.ops.max(x, axis=1)))
        drop = 1 - recipe.hidden_keep
    d.add(_L.Dropout(drop))
    d.add(_L.Dense(1, kernel_initializer=start, dtype="float32"))
    return g, d


def conditional_convolutional(recipe, shape, classes):
    """(G, D) of a conditional DcganRecipe; labels come as one-hot rows and are tiled to maps."""
    start = keras.initializers.RandomNormal(0.0, recipe.init_std)
    plain = {"use_bias": False, "kernel_initializer": start}

    def norm():
        return _L.BatchNormalization(
            momentum=recipe.norm_momentum, epsilon=recipe.norm_epsilon, center=recipe.norm_gain, scale=recipe.norm_gain
        )

    def with_label(x, y):
        if len(x.shape) == 4:
            y = _L.UpSampling2D(x.shape[1:3])(_L.Reshape((1, 1, classes))(y))
        return _L.Concatenate()([x, y])

    def convolution(kind, channels, stride, **more):
        return kind(channels, recipe.kernel_size, stride, padding="same", **plain, **more)

    growth = math.prod(recipe.generator_strides)
    seed = (shape[0] // growth, shape[1] // growth, recipe.generator_channels[0])
    x, y = inputs = keras.Input((recipe.latent,)), keras.Input((classes,))
    for units in (*recipe.generator_hidden, math.prod(seed)):
        x = _L.ReLU()(norm()(_L.Dense(units, **plain)(with_label(x, y))))
    x = _L.Reshape(seed)(x)
    for channels, stride in zip(recipe.generator_channels[1:], recipe.generator_strides):
        x = _L.ReLU()(norm()(convolution(_L.Conv2DTranspose, channels, stride)(with_label(x, y))))
    last = {"activation": "sigmoid", "dtype": "float32"}
    g = keras.Model(inputs, convolution(_L.Conv2DTranspose, shape[2], recipe.generator_strides[-1], **last)(with_label(x, y)))
    x, y = inputs = keras.Input(shape), keras.Input((classes,))
    for i, (channels, stride) in enumerate(zip(recipe.discriminator_channels, recipe.discriminator_strides)):
        x = convolution(_L.Conv2D, channels, stride)(with_label(x, y))
        x = _L.LeakyReLU(recipe.negative_slope)(norm()(x) if i else x)
    x = _L.Flatten()(x)
    for units in recipe.discriminator_hidden:
        x = _L.LeakyReLU(recipe.negative_slope)(norm()(_L.Dense(units, **plain)(with_label(x, y))))
    return g, keras.Model(inputs, _L.Dense(1, dtype="float32", **plain)(with_label(x, y)))


NETWORKS = {"maxout_mlp": maxout_mlp, "conditional_convolutional": conditional_convolutional}


def _optimizer(recipe, kind):
    if kind == "maxout_mlp":
        return keras.optimizers.SGD(recipe.learning_rate, recipe.momentum)
    return keras.optimizers.Adam(recipe.learning_rate, recipe.beta_1, recipe.beta_2, recipe.epsilon, weight_decay=None)


class Gan(keras.Model):
    """As in Keras's own example of overriding train_step: D on real and generated images, then G on new noise.

    Args:
      recipe, kind: as of torch_peers.Trainer.
      shape, classes: of the images.
    """

    def __init__(self, recipe, kind, shape, classes):
        super().__init__()
        self.recipe, self.options = recipe, KINDS[kind]
        self.g, self.d = NETWORKS[kind](recipe, shape, classes)
        self.g_optimizer, self.d_optimizer = _optimizer(recipe, kind), _optimizer(recipe, kind)
        self.loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)
        self.l2 = 0.0 if kind == "maxout_mlp" else recipe.l2
        self.compile()

    def _noise(self):
        return tf.random.uniform((self.recipe.batch_size, self.recipe.latent), *self.options["z"])

    def _apply(self, tape, loss, network, optimizer):
        weights = network.trainable_weights
        gradients = tape.gradient(loss, weights)
        if self.l2:
            gradients = [g + self.l2 * w for g, w in zip(gradients, weights)]
        optimizer.apply_gradients(zip(gradients, weights))

    def _see(self, network, x, labels):
        return network([x, *labels] if labels else x, training=True)

    def _d_step(self, x, labels, fake):
        real = tf.ones((self.recipe.batch_size, 1))
        with tf.GradientTape() as tape:
            loss = self.loss_fn(real, self._see(self.d, x, labels))
            loss += self.loss_fn(1 - real, self._see(self.d, fake, labels))
            loss *= self.options["d_weight"](self.recipe)
        self._apply(tape, loss, self.d, self.d_optimizer)
        return loss

    def _g_step(self, labels):
        with tf.GradientTape() as tape:
            fake = self._see(self.g, self._noise(), labels)
            loss = self.loss_fn(tf.ones((self.recipe.batch_size, 1)), self._see(self.d, fake, labels))
        self._apply(tape, loss, self.g, self.g_optimizer)
        return loss

    def train_step(self, data):
        """One update of D and one of G: on one minibatch, or on two where each trains one player."""
        minibatches = [data, data]
        if self.options["alternate_minibatches"]:
            minibatches = [[part[i] for part in data] for i in range(2)]
        (x, *labels), (_, *g_labels) = minibatches
        d_loss = self._d_step(x, labels, self._see(self.g, self._noise(), labels))
        return {"d_loss": d_loss, "g_loss": self._g_step(g_labels)}


class _FromFirst(keras.callbacks.Callback):
    """The time at which the first minibatch was done."""

    at = 0.0  # time.perf_counter(): no minibatch is done yet

    def on_train_batch_end(self, batch, logs=None):
        """Notes it."""
        self.at = self.at or time.perf_counter()


def prepare(recipe, kind, dtype, shape=(28, 28, 1), classes=10, n=10_000):
    """A Gan at work on n random images: Prepared."""
    with precision.policy({"float32": "float32", "bfloat16": "mixed_bfloat16"}[dtype]):
        gan = Gan(recipe, kind, shape, classes)
    random, m = np.random.default_rng(0), recipe.batch_size
    parts = [random.random((n, *shape), np.float32)]
    if gan.options["conditional"]:
        parts.append(np.eye(classes, dtype=np.float32)[random.integers(0, classes, n)])
    data = tf.data.Dataset.from_tensor_slices(tuple(parts)).shuffle(n).batch(m, drop_remainder=True)
    if gan.options["alternate_minibatches"]:
        data = data.batch(2, drop_remainder=True)
    data = data.repeat().prefetch(tf.data.AUTOTUNE)

    def run(times):
        clock = _FromFirst()
        gan.fit(data, epochs=1, steps_per_epoch=times + 1, verbose=0, shuffle=False, callbacks=[clock])
        return time.perf_counter() - clock.at

    def weights():
        players = {"generator": gan.g, "discriminator": gan.d}
        return {role: [v.numpy() for v in network.trainable_variables] for role, network in players.items()}

    return Prepared(run, weights)


def contestants(recipe, kind, units, size):
    """`fit`, in every precision. Arguments as of torch_peers.contestants."""
    return [
        Contestant(
            f"keras fit, {dtype}",
            "Model.train_step (D, then G) by fit on a tf.data.Dataset",
            lambda dtype=dtype: prepare(recipe, kind, dtype),
            units,
            dtype,
        )
        for dtype in size.dtypes
    ]
