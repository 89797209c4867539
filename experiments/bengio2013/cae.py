"""Contractive autoencoders, one or two stacked, and the chains that sample from them (Rifai et al. 2011, 2012)."""

import dataclasses
import functools

import gan_repro as gr
from experiments.bengio2013 import greedy

tf = gr.lazy("tensorflow")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(greedy.Recipe):
    """One contractive autoencoder: sigmoid units, tied weights, cross-entropy. The paper says its size; the rest is ours.

    Attributes:
      contraction: alpha, of the squared Frobenius norm of the encoder's Jacobian, in the top layer.
      chain_std: of the noise in the directions of variation.
    """

    epochs: int = gr.bounded(30, low=1, high=10**6, role="schedule", smoke=1)
    units: tuple[int, ...] = gr.bounded((1000,), low=1, high=10**5, smoke=16)
    contraction: float = gr.bounded(1.0, low=0, high=1e6)
    chain_std: float = gr.bounded(0.7, low=0, high=1e6)
    burn_in: int = gr.bounded(500, low=0, high=10**6, smoke=5)
    thinning: int = gr.bounded(10, low=1, high=10**6, smoke=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stacked(Recipe, greedy.Stacked):
    """Two of them, the upper one trained on the lower one's codes.

    Attributes:
      lower_contraction: alpha of the lower one.
    """

    lower_epochs: int = gr.bounded(15, low=1, high=10**6, role="schedule", smoke=1)
    units: tuple[int, ...] = gr.bounded((1000, 1000), low=1, high=10**5, smoke=16)
    contraction: float = gr.bounded(0.3, low=0, high=1e6)
    lower_contraction: float = gr.bounded(1.0, low=0, high=1e6)
    chain_std: float = gr.bounded(0.3, low=0, high=1e6)


def network(recipe, spec, depth):
    """The stack of the first `depth` layers."""
    gr.tied.check_unit(spec)
    sizes = (spec.shape[0] * spec.shape[1] * spec.shape[2], *recipe.units)
    # Glorot and Bengio 2010, section 4.2.1: four times as wide for sigmoid units (cae.py of Dauphin and Rifai has it, too).
    kernels = [gr.initial.uniform(4 * (6 / sum(pair)) ** 0.5) for pair in zip(sizes[:depth], sizes[1:])]
    return gr.tied.stack(spec.shape, recipe.units[:depth], kernels)


def contraction(kernel, h):
    """||dh / dx||_F^2 of h = sigmoid(x W + b), float32 (m,): sum_i (h_i (1 - h_i))^2 ||W_i||^2 of h (m, units)."""
    # tf.square: with ** and its gradient, which TensorFlow takes for powers, a step lasted nearly three times as long.
    return tf.linalg.matvec(tf.square(h * (1 - h)), tf.reduce_sum(tf.square(kernel), 0))


def losses(layer, x, alpha):
    """Cross-entropy of the reconstruction and the contraction of the code, means over x (m, d), and their weighted sum.

    Returns:
      (gradients of the sum in the layer's kernel, hidden and visible bias; {metric: float32 scalar}).
    """
    kernel, h = tf.convert_to_tensor(layer.kernel.value), tf.sigmoid(layer.up(x))
    logits = layer.down(h)
    entropy = tf.reduce_mean(tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(x, logits), 1))
    contracted = tf.reduce_mean(contraction(kernel, h))
    told = {"loss": entropy + alpha * contracted, "reconstruction_error": entropy, "contraction": contracted}
    # By hand: both uses of the kernel are one product so, where a tape would add three matrices of its size.
    m = tf.cast(tf.shape(x)[0], x.dtype)
    slope = h * (1 - h)
    of_logits = (tf.sigmoid(logits) - x) / m
    of_h = layer.product(of_logits) + (2 * alpha / m) * slope * (1 - 2 * h) * tf.reduce_sum(tf.square(kernel), 0)
    of_up = of_h * slope
    of_kernel = layer.outer(tf.concat([x, of_logits], 0), tf.concat([of_up, h], 0))
    of_kernel += kernel * (2 * alpha * tf.reduce_mean(tf.square(slope), 0))
    return [of_kernel, tf.reduce_sum(of_up, 0), tf.reduce_sum(of_logits, 0)], told


def rule(recipe, spec, depth):
    """Momentum SGD of the layer of that depth, on the codes of those below it."""
    alpha = recipe.contraction if depth == recipe.LAYERS else recipe.lower_contraction

    def gradients(network, x, context):
        del context
        return losses(gr.tied.layers(network)[-1], gr.tied.below(network, x), alpha)

    return gr.LearningRule(
        optimizer=greedy.sgd(recipe, spec, recipe.learning_rate),
        gradients=gradients,
        metrics=("loss", "reconstruction_error", "contraction"),
    )


@functools.lru_cache(maxsize=8)  # what is traced of a chain is kept by it
def chain(recipe):
    """Encode, step by J J' eps, decode, in the top layer (Rifai et al. 2012, section 3); a state is decoded to the pixels."""

    def step(network, x, draws):
        layer = gr.tied.layers(network)[-1]
        kernel = tf.convert_to_tensor(layer.kernel.value)
        h = tf.sigmoid(layer.up(x))
        slope = h * (1 - h)
        # J = diag(slope) W', so that J J' eps = slope (W' (W (slope eps))): a step in the directions in which the code varies.
        noise = tf.cast(draws.normal(tf.shape(h), recipe.chain_std), h.dtype)
        back = tf.matmul(slope * noise, kernel, transpose_b=True)
        return tf.sigmoid(layer.down(h + slope * tf.matmul(back, kernel)))

    def image(network, x, draws):
        del draws
        return gr.tied.decoded(network, x)

    return greedy.chain(recipe, gr.tied.begun, step, image)
