"""Weight, spectral and instance norm, minibatch discrimination and noise in a layer, each against float64 numpy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_repro.networks import convolutional, initial, layers, minibatch, mlp, norms, reparametrised
from gan_repro.networks.reparametrised import (
    SpectralConv2D,
    SpectralConv2DTranspose,
    SpectralDense,
    WeightConv2D,
    WeightConv2DTranspose,
    WeightDense,
)
from gan_repro.system import randomness

pytestmark = pytest.mark.played

KINDS = ("none", "batch", "instance", "layer", "weight", "spectral")
PLAIN = {
    WeightConv2D: keras.layers.Conv2D,
    WeightConv2DTranspose: keras.layers.Conv2DTranspose,
    WeightDense: keras.layers.Dense,
}
PLAIN |= {
    SpectralConv2D: keras.layers.Conv2D,
    SpectralConv2DTranspose: keras.layers.Conv2DTranspose,
    SpectralDense: keras.layers.Dense,
}


@pytest.fixture(autouse=True)
def same_weights():
    """Initial weights are the same whatever ran before."""
    keras.utils.set_random_seed(0)


def made(cls, seed=0):
    """(a layer with a bias, its input, the axis of its outputs)."""
    rng = np.random.default_rng(seed)
    if issubclass(cls, keras.layers.Dense):
        return cls(4, name="layer"), rng.normal(size=(3, 6)).astype(np.float32), -1
    axis = -2 if issubclass(cls, keras.layers.Conv2DTranspose) else -1
    return cls(4, 3, 2, padding="same", name="layer"), rng.normal(size=(3, 6, 6, 5)).astype(np.float32), axis


def by_hand(cls, x, kernel, bias):
    """What Keras's own layer gives with another kernel."""
    plain, _, _ = made(PLAIN[cls])
    plain.build(x.shape)
    plain.kernel.assign(np.float32(kernel)) if hasattr(plain.kernel, "assign") else plain._kernel.assign(np.float32(kernel))
    plain.bias.assign(bias)
    return plain(x).numpy()


@pytest.mark.parametrize("cls", [WeightConv2D, WeightConv2DTranspose, WeightDense])
def test_weight_norm_is_salimans_and_kingmas(cls):
    layer, x, axis = made(cls)
    layer.build(x.shape)
    kernel = layer.kernel.numpy().astype(np.float64)
    np.testing.assert_allclose(layer(x), by_hand(cls, x, kernel, np.zeros(4)), atol=1e-5)  # it begins as without
    rng = np.random.default_rng(1)
    g, bias = rng.normal(size=4), rng.normal(size=4).astype(np.float32)
    layer.g.assign(np.reshape(g, layer.g.shape))
    layer.bias.assign(bias)
    moved = np.moveaxis(kernel, axis, 0).reshape(4, -1)
    scaled = np.moveaxis((g[:, None] * moved / np.linalg.norm(moved, axis=1, keepdims=True)).T, 1, -1)
    rest = tuple(size for i, size in enumerate(kernel.shape) if i != kernel.ndim + axis)
    expected = np.moveaxis(scaled.reshape(*rest, 4), -1, axis)
    np.testing.assert_allclose(layer(x), by_hand(cls, x, expected, bias), atol=1e-5)
    assert {weight.name for weight in layer.trainable_weights} == {"kernel", "bias", "g"}
    np.testing.assert_array_equal(layer.kernel.numpy(), np.float32(kernel))


@pytest.mark.parametrize("cls", [SpectralConv2D, SpectralConv2DTranspose, SpectralDense])
def test_spectral_norm_divides_by_the_largest_singular_value(cls):
    layer, x, axis = made(cls)
    layer.build(x.shape)
    kernel = layer.kernel.numpy().astype(np.float64)
    matrix = np.moveaxis(kernel, axis, 0).reshape(4, -1)
    u = layer.u.numpy().astype(np.float64)
    v = matrix.T @ u
    v /= np.linalg.norm(v)
    u = matrix @ v
    u /= np.linalg.norm(u)
    first = (u.T @ matrix @ v).item()
    found = layer(x, training=True)
    np.testing.assert_allclose(layer.u.numpy(), u, atol=1e-5)
    np.testing.assert_allclose(found, by_hand(cls, x, kernel / first, np.zeros(4)), atol=1e-5)
    for _ in range(100):
        layer(x, training=True)
    largest = np.linalg.svd(matrix, compute_uv=False)[0]
    kept = layer.u.numpy()
    np.testing.assert_allclose(layer(x), by_hand(cls, x, kernel / largest, np.zeros(4)), atol=1e-4)
    np.testing.assert_array_equal(layer.u.numpy(), kept)  # test mode
    assert [weight.name for weight in layer.non_trainable_weights] == ["u"]


@pytest.mark.parametrize("norm", ["weight", "spectral"])
def test_under_mixed_precision_the_kernel_is_made_in_float32(norm):
    layer = {"weight": WeightDense, "spectral": SpectralDense}[norm](3, dtype="mixed_bfloat16")
    x = tf.random.stateless_normal((2, 4), (0, 0))
    layer.build(x.shape)
    for training in (True, False):
        assert layer(x, training=training).dtype == tf.bfloat16
    same = {"weight": WeightDense, "spectral": SpectralDense}[norm](3)
    same.build(x.shape)
    same.set_weights(layer.get_weights())
    np.testing.assert_allclose(tf.cast(layer(x), tf.float32), same(x), atol=0.05)


def test_no_gradient_goes_through_the_power_iteration():
    """d(w / sigma)/dw with u and v fixed: (I - w/sigma u v^T) / sigma, as in Miyato et al. 2018, eq. 12."""
    layer = SpectralDense(3, use_bias=False)
    x = tf.eye(4)
    layer.build(x.shape)
    for _ in range(500):  # until u and v are the singular vectors
        layer(x, training=True)
    direction = np.random.default_rng(0).normal(size=(4, 3))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x, training=True) * tf.constant(direction, tf.float32))
    found = tape.gradient(loss, layer.kernel.value).numpy()
    w = layer.kernel.numpy().astype(np.float64)
    left, values, right = np.linalg.svd(w)
    outer = np.outer(left[:, 0], right[0])
    expected = (direction - (direction * w).sum() / values[0] * outer) / values[0]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_instance_norm_is_of_each_channel_of_each_image():
    x = np.random.default_rng(0).normal(2, 3, size=(4, 5, 6, 3)).astype(np.float32)
    layer = norms.InstanceNormalisation(1e-5).layer("norm")
    wide = x.astype(np.float64)
    mean, variance = wide.mean(axis=(1, 2), keepdims=True), wide.var(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(layer(x, training=True), (wide - mean) / np.sqrt(variance + 1e-5), atol=1e-4)
    assert layer.gamma.shape == layer.beta.shape == (3,)
    with pytest.raises(ValueError, match="images"):
        norms.InstanceNormalisation().layer("norm")(np.zeros((4, 3), np.float32))


def sums_of_others(layer, x):
    """exp(-|M_ib - M_jb|_1) over the other examples, float64 (m, kernels), of a layer of 2 dimensions."""
    kernel, log_scale, _ = (weight.astype(np.float64) for weight in layer.get_weights())
    kernel = kernel / np.linalg.norm(kernel, axis=0) * np.exp(log_scale)
    rows = (x.astype(np.float64) @ kernel).reshape(len(x), -1, 2)
    distances = np.abs(rows[:, None] - rows[None]).sum(axis=3)  # of each pair and kernel
    return np.exp(-distances).sum(axis=1) - 1, distances


def test_minibatch_discrimination_is_salimans_formula():
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    layer = minibatch.MinibatchDiscrimination(3, 2, keras.initializers.RandomNormal(0, 0.3, seed=1))
    layer.build((None, 4))
    layer.log_scale.assign([0.3, 0.1, -1.0, -0.5, 0.0, 0.2])
    layer.bias.assign([1.0, 2.0, 3.0])
    expected = np.concatenate([x, sums_of_others(layer, x)[0] + [1.0, 2.0, 3.0]], axis=1)
    np.testing.assert_allclose(layer(x).numpy(), expected, atol=1e-5)
    assert layer.compute_output_shape((None, 4)) == (None, 7)
    np.testing.assert_allclose(layer(x[:1])[:, 4:], [[1.0, 2.0, 3.0]], atol=1e-6)  # alone


@pytest.mark.parametrize("compiled", [False, True])
def test_gradients_of_minibatch_discrimination_are_those_of_its_formula_and_so_are_theirs(compiled):
    x = tf.constant(np.random.default_rng(0).normal(size=(2, 3, 7)))  # dimensions, kernels, examples

    def formula(rows):
        return tf.reduce_sum(tf.exp(-tf.reduce_sum(tf.abs(rows[..., :, None] - rows[..., None, :]), axis=0)), axis=-1) - 1

    def gradients(function):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                value = tf.reduce_sum(tf.square(function(x)))
            first = inner.gradient(value, x)
            size = tf.reduce_sum(tf.square(first))
        return function(x), first, outer.gradient(size, x)

    def found(function):
        return (tf.function(lambda: gradients(function), autograph=False) if compiled else lambda: gradients(function))()

    for ours, theirs in zip(found(minibatch._near), found(formula)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_minibatch_discrimination_starts_from_data_of_any_size(size):
    x = (size * np.random.default_rng(0).normal(size=(40, 4))).astype(np.float32)
    layer = minibatch.MinibatchDiscrimination(3, 2, keras.initializers.RandomNormal(0, 0.3, seed=1))
    layer(x)
    layer.start_at(x)
    _, distances = sums_of_others(layer, x)
    nearest = np.where(np.eye(40, dtype=bool)[..., None], np.inf, distances).min(axis=1)
    np.testing.assert_allclose(nearest.mean(axis=0), 2, rtol=1e-3)
    found = layer(x).numpy()[:, 4:]
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-4)
    assert (found.std(axis=0) > 0.1).all()  # not saturated
    before = layer.get_weights()
    layer.start_at(x)
    for one, other in zip(before, layer.get_weights()):
        np.testing.assert_allclose(one, other, atol=1e-3)


def test_minibatch_discrimination_of_equal_examples_starts():
    layer = minibatch.MinibatchDiscrimination(3, 2, keras.initializers.RandomNormal(0, 0.3, seed=1))
    x = np.ones((4, 5), np.float32)
    layer(x)
    layer.start_at(x)
    assert all(np.isfinite(weight).all() for weight in layer.get_weights())


def test_noise_is_of_its_width_and_only_in_training():
    layer, x = layers.GaussianNoise(0.5), np.zeros((400, 50), np.float32)
    np.testing.assert_array_equal(layer(x), x)

    def drawn(pair, **options):
        with randomness.network_call(randomness.seed_pair(0, pair), **options):
            return layer(x, training=True).numpy()

    first = drawn(1)
    assert first.std() == pytest.approx(0.5, rel=0.02) and abs(first.mean()) < 0.02
    assert (first == drawn(1)).all() and (first != drawn(2)).any()
    assert (drawn(1, shared=True) == drawn(1, shared=True)[:1]).all()
    np.testing.assert_array_equal(drawn(1, still=True), x)
    with pytest.raises(RuntimeError, match="network_call"):
        layer(x, training=True)


def test_dropout_is_still_where_the_call_is():
    layer, x = layers.Dropout(0.5, 2.0), np.ones((20, 30), np.float32)
    with randomness.network_call(randomness.seed_pair(0, 0), still=True):
        np.testing.assert_array_equal(layer(x, training=True), x)
    with randomness.network_call(randomness.seed_pair(0, 0)):
        assert set(np.unique(layer(x, training=True))) == {0.0, 2.0}


@pytest.mark.parametrize("kind", KINDS)
def test_networks_of_every_norm(kind):
    norm = norms.of(kind)
    g = convolutional.generator(6, (8, 8, 1), (4, 3), (2, 2), 3, base_by_channel=True, **norm.of_generator())
    d = convolutional.discriminator((8, 8, 1), (3, 4), (2, 2), 3, minibatch=(2, 3), **norm.of_discriminator())
    images = g(np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32), training=True)
    assert images.shape == (5, 8, 8, 1) and d(images, training=True).shape == (5, 1)
    assert d.get_layer("logit").kernel.shape[0] == 2 * 2 * 4 + 2
    biases = [weight for weight in d.trainable_weights if weight.name == "bias" and "minibatch" not in weight.path]
    assert len(biases) == (3 if norm.use_bias else 0)
    if kind in ("weight", "spectral"):
        assert all(isinstance(layer, reparametrised.Reparametrised) for layer in d.layers if hasattr(layer, "kernel_size"))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("batch", "instance")])
def test_what_an_example_is_multiplied_by_is_seen_through_every_norm(kind):
    """Layer norm of W x is that of W 10 x: without biases D could not tell how far a point is from 0."""
    norm, images = norms.of(kind), np.random.default_rng(0).normal(size=(6, 8, 8, 3)).astype(np.float32)
    dense = keras.Sequential(norms.dense_layers((8, 8), 1, "logit", norm, initial.glorot_normal))
    d = convolutional.discriminator((8, 8, 3), (3, 4), (2, 2), 3, **norm.of_discriminator())
    for network, given in ((dense, images[:, 0, 0]), (d, images)):
        network(given)
        for weight in network.trainable_weights:
            if weight.name == "bias":
                weight.assign(0.3 * np.random.default_rng(1).normal(size=weight.shape))
        near, far = (network(times * given).numpy() for times in (1, 10))
        assert np.abs(far - near).max() > 0.02 * np.abs(near).max()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "instance"])
def test_dense_layers_of_every_norm(kind):
    stack = norms.dense_layers(
        (5, 6), 2, "output", norms.of(kind), initial.glorot_normal, "relu", "sigmoid", (0.5, 2.0), (3, 2)
    )
    network = mlp.generator(4, stack, (1, 1, 2))
    found = network(np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)).numpy()
    assert found.shape == (7, 1, 1, 2) and ((found > 0) & (found < 1)).all()
    assert network.get_layer("features").output.shape == (None, 6) and network.get_layer("output").kernel.shape == (9, 2)


def test_an_unknown_norm_names_the_valid_ones():
    with pytest.raises(ValueError, match="batch, instance, layer, weight, spectral"):
        norms.of("group")


def test_xavier_normal_has_glorots_variance():
    kernel = initial.glorot_normal()((400, 200)).numpy()
    assert kernel.std() == pytest.approx(np.sqrt(2 / 600), rel=0.02)
    assert np.abs(kernel).max() > 3.5 * kernel.std()  # not truncated
