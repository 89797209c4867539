"""The network of a deep GSN: pixels and hidden layers, one matrix between neighbours, used in both directions; its steps.

A layer is updated from its neighbours, odd ones first, then even ones, of which the pixels are the lowest
(yaoli/GSN: model.py).
"""

import functools
import math
from collections.abc import Sequence

import keras
import tensorflow as tf

import gan_repro as gr


@keras.saving.register_keras_serializable(package="gan_repro")
class Layers(keras.layers.Layer):
    """Layers 0 (pixels) to K: pixels float32 (m, d) -> float32 (m, d), what K updates of all layers without noise make of them.

    Args:
      units: of the hidden layers 1 to K.

    Weights: kernels (units of layer i, of layer i + 1), U(-a, a) with a = sqrt(6 / (rows + columns)); biases, 0; and `start`
    (d,), which is not trained: the image at which chains start.
    """

    def __init__(self, units: Sequence[int], **kwargs):
        super().__init__(**kwargs)
        self.units = tuple(units)

    def build(self, input_shape):
        """Makes the weights."""
        sizes = (input_shape[-1], *self.units)
        pairs = list(zip(sizes, sizes[1:]))
        self.kernels = [self.add_weight(pair, gr.initial.glorot(), name=f"kernel_{i}") for i, pair in enumerate(pairs)]
        self.biases = [self.add_weight((size,), "zeros", name=f"bias_{i}") for i, size in enumerate(sizes)]
        self.start = self.add_weight(sizes[:1], "zeros", trainable=False, name="start")

    def pull(self, states, i):
        """What layer i gets from its neighbours, its bias included: float32 (m, units of it).

        Args:
          states: tensors float32 (m, units) or None, which stands for zeros: of layers 0 to K.
          i: 0 to K.
        """
        parts = []
        if i > 0 and states[i - 1] is not None:
            parts.append(self.product(states[i - 1], self.kernels[i - 1]))
        if i < len(self.units) and states[i + 1] is not None:
            parts.append(self.product(states[i + 1], self.kernels[i], transpose_b=True))
        if not parts:
            parts.append(tf.zeros([tf.shape(states[0])[0], self.units[i - 1]]))
        return tf.add_n(parts) + self.biases[i]

    def product(self, a, b, **transposed):
        """The matrix product in the layer's precision, float32; arguments of tf.matmul."""
        dtype = self.compute_dtype
        return tf.cast(tf.matmul(tf.cast(a, dtype), tf.cast(b, dtype), **transposed), tf.float32)

    def call(self, pixels):
        """See above."""
        states = [pixels, *[None] * len(self.units)]
        for _ in self.units:
            states, logits = update(self, states, 0.0, None)
            states[0] = pixels
        return tf.sigmoid(logits)


def make(recipe, spec):
    """Keras model: images (m, h, w, c) -> their reconstruction, float32; its layer "layers" has all weights."""
    gr.tied.check_unit(spec)
    images = keras.Input(spec.shape, name="images")
    pixels = keras.layers.Reshape((math.prod(spec.shape),), dtype="float32", name="pixels")(images)
    x = Layers(recipe.hidden_units, name="layers")(pixels)
    return keras.Model(images, keras.layers.Reshape(spec.shape, dtype="float32", name="reconstruction")(x), name="generator")


def start_at_test_image(network, source):
    """Chains start at the first test image, as in yaoli/GSN (sample_some_numbers)."""
    network.get_layer("layers").start.assign(source.scaled("test", 1).reshape(-1))


# ---- one update of all layers ---------------------------------------------------------------------------------------


def update(layers, states, noise, draws, pull=None):
    """One update of all layers: odd ones, then even ones.

    Args:
      layers: Layers.
      states: as of Layers.pull; those of odd layers are not looked at.
      noise: standard deviation of the Gaussian noise before and after the tanh of every hidden layer but the first.
      draws: randomness.Draws; None where there is no noise.
      pull: takes the place of layers.pull; None: that itself.

    Returns:
      (states after it, the pixels' being those given, logits of the pixels float32 (m, d)).
    """
    pull, states = pull or layers.pull, list(states)

    def hidden(i):
        total = pull(states, i)
        if i == 1 or noise == 0:
            return tf.tanh(total)
        before, after = (draws.normal(tf.shape(total), noise) for _ in range(2))
        return tf.tanh(total + before) + after

    for i in range(1, len(states), 2):
        states[i] = hidden(i)
    logits = pull(states, 0)
    for i in range(2, len(states), 2):
        states[i] = hidden(i)
    return states, logits


def corrupted(pixels, rate, draws):
    """Pixels float32 (m, d) in [0, 1] under salt and pepper: `rate` of them become 0 or 1, as likely, independently."""
    u = draws.uniform(tf.shape(pixels))
    return tf.where(u < rate, tf.cast(u < rate / 2, tf.float32), pixels)


def sampled_and_corrupted(means, rate, draws):
    """Pixels 0 or 1 of these means float32 (m, d) under salt and pepper: of one draw, since both together are a coin's toss."""
    return draws.bernoulli((1 - rate) * means + rate / 2)


# ---- training -------------------------------------------------------------------------------------------------------


def walkback(recipe):
    """The losses of a walkback and their gradients: (network, x, context) -> (gradients, {metric: number}).

    The network walks from a corrupted image, as chains do, and every one of its reconstructions is held against the clean
    image: the sum over the steps of cross-entropies, means over pixels and images (yaoli/GSN: model.py, COST). Where pixels
    are drawn the gradient stops.

    Every weight is used once or twice a step. What it is multiplied by, and the gradient of what comes out, are collected
    over all steps, so that its gradient is one large product in the place of a sum of small ones.

    Metrics: "loss", that sum; "reconstruction", the cross-entropy of the last step alone, nats per pixel.
    """

    def gradients(network, x, context):
        layers, draws = network.get_layer("layers"), context.draws
        clean = tf.reshape(x, [x.shape[0], -1])
        pulls, losses = [], []

        with tf.GradientTape(watch_accessed_variables=False) as tape:

            def watched(states, i):
                total = layers.pull(states, i)
                tape.watch(total)
                pulls.append((i, list(states), total))
                return total

            states = [corrupted(clean, recipe.salt_and_pepper, draws), *[None] * len(layers.units)]
            for _ in range(recipe.walkback):
                states, logits = update(layers, states, recipe.hidden_noise, draws, watched)
                losses.append(tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(clean, logits)))
                states[0] = sampled_and_corrupted(tf.sigmoid(logits), recipe.salt_and_pepper, draws)
            loss = tf.add_n(losses)
        deltas = tape.gradient(loss, [total for _, _, total in pulls])
        found = _of_weights(layers, [(i, given, delta) for (i, given, _), delta in zip(pulls, deltas) if delta is not None])
        return [found.get(id(weight)) for weight in network.trainable_variables], {"loss": loss, "reconstruction": losses[-1]}

    return gradients


def _of_weights(layers, pulls):
    """{id(weight): its gradient}, of those that were used, of [(i, states, gradient of what layer i got from them)].

    A kernel between layers j and j + 1 carries states of layer j up, to gradients there, and states of layer j + 1 down.
    """
    below: list[list] = [[] for _ in layers.kernels]
    above: list[list] = [[] for _ in layers.kernels]
    biases: list[list] = [[] for _ in layers.biases]
    for i, states, delta in pulls:
        biases[i].append(tf.reduce_sum(delta, axis=0))
        if i > 0 and states[i - 1] is not None:
            below[i - 1].append(states[i - 1])
            above[i - 1].append(delta)
        if i < len(layers.kernels) and states[i + 1] is not None:
            below[i].append(delta)
            above[i].append(states[i + 1])
    found = {id(bias): tf.add_n(parts) for bias, parts in zip(layers.biases, biases) if parts}
    for kernel, left, right in zip(layers.kernels, below, above):
        if left:
            found[id(kernel)] = layers.product(tf.concat(left, 0), tf.concat(right, 0), transpose_a=True)
    return found


# ---- sampling -------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=8)  # what is traced of a chain is kept by it
def chain(recipe):
    """The gr.Chain of a recipe, one and the same at each call.

    Its state is (means at the pixels, pixels as the network sees them, even hidden layers).
    """

    def start(network, m, draws):
        layers = network.get_layer("layers")
        means = tf.tile(layers.start[None], [m, 1])
        even = [tf.zeros([m, units]) for units in layers.units[1::2]]
        return means, corrupted(means, recipe.salt_and_pepper, draws), *even

    def step(network, state, draws):
        layers = network.get_layer("layers")
        _, pixels, *even = state
        states = [None] * (len(layers.units) + 1)
        states[0], states[2::2] = pixels, even
        states, logits = update(layers, states, recipe.hidden_noise, draws)
        means = tf.sigmoid(logits)
        return means, sampled_and_corrupted(means, recipe.salt_and_pepper, draws), *states[2::2]

    def image(network, state, draws):
        del draws
        return tf.reshape(state[0], [-1, *network.input_shape[1:]])

    return gr.Chain(start=start, step=step, image=image, chains=recipe.chains, burn_in=recipe.burn_in, thinning=recipe.thinning)
