"""Families of networks: what they compute, against plain numpy, and their initial weights. Papers' sizes are not here."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_repro.networks import initial, mlp, precision


def test_sparse_weights_are_exactly_so_many_per_unit_and_normal():
    keras.utils.set_random_seed(0)
    kernel = np.asarray(initial.Sparse(100)((800, 300)))
    assert kernel.dtype == np.float32 and kernel.shape == (800, 300)
    np.testing.assert_array_equal((kernel != 0).sum(axis=0), np.full(300, 100))
    values = kernel[kernel != 0]
    assert abs(values.mean()) < 4 / np.sqrt(30_000) and values.std() == pytest.approx(1, abs=4 / np.sqrt(60_000))
    assert (kernel != 0).sum(axis=1).std() == pytest.approx(np.sqrt(300 / 8 * 7 / 8), rel=0.15)  # binomial: any input may be
    keras.utils.set_random_seed(0)
    np.testing.assert_array_equal(initial.Sparse(100)((800, 300)), kernel)
    assert (np.asarray(initial.Sparse(100)((800, 300))) != kernel).any()
    with pytest.raises(ValueError, match="99 inputs cannot give 100"):
        initial.Sparse(100)((99, 5))


def test_deconvolution_is_the_gradient_of_a_valid_convolution_with_a_bias_per_pixel():
    keras.utils.set_random_seed(0)
    network = mlp.deconvolution_generator(6, [(9, "relu"), (18, "sigmoid")], 3, 5, 3, 2, 0.5, 0.5)
    assert network.output_shape == (None, 11, 11, 2)  # 3 (3 - 1) + 5
    bias = np.random.default_rng(0).normal(size=(11, 11, 2))
    network.get_layer("output_bias").bias.assign(bias)
    z = np.random.default_rng(1).normal(size=(4, 6))
    w = [weight.numpy().astype(np.float64) for weight in network.weights]
    h = np.maximum(z @ w[0] + w[1], 0)
    seeds = (1 / (1 + np.exp(-(h @ w[2] + w[3])))).reshape(4, 3, 3, 2)
    expected = np.tile(bias, (4, 1, 1, 1))
    for row in range(3):
        for column in range(3):  # every pixel of the seed image lays down a kernel (5, 5, outputs, inputs)
            patch = np.einsum("mc,hwoc->mhwo", seeds[:, row, column], w[4])
            expected[:, 3 * row : 3 * row + 5, 3 * column : 3 * column + 5] += patch
    np.testing.assert_allclose(network(tf.constant(z, tf.float32)), expected, atol=1e-5)
    assert network.count_params() == 6 * 9 + 9 + 9 * 18 + 18 + 5 * 5 * 2 * 2 + 11 * 11 * 2


def test_two_generators_may_share_layers():
    layers = [mlp.dense(8, "relu", initial.uniform(0.1), "a"), mlp.dense(4, "sigmoid", "zeros", "b", bias=-2.0)]
    small = mlp.generator(3, layers, (2, 2, 1))
    large = mlp.generator(5, [mlp.dense(3, "relu", initial.uniform(0.1), "bottom"), *layers], (2, 2, 1))
    np.testing.assert_allclose(small(tf.zeros([1, 3])), 1 / (1 + np.exp(2.0)), rtol=1e-6)
    layers[1].bias.assign(np.zeros(4))
    np.testing.assert_allclose(large(tf.ones([1, 5])), 0.5)
    assert large.weights[-1] is small.weights[-1]


def test_a_discriminator_of_layers_is_their_composition_and_may_share_them():
    keras.utils.set_random_seed(0)
    layers = [mlp.dense(5, "relu", initial.uniform(0.5), "a", bias=0.1), mlp.dense(1, None, initial.uniform(0.5), "logit")]
    network, other = mlp.discriminator(layers, (2, 3, 1)), mlp.discriminator(layers, (3, 2, 1))
    images = np.random.default_rng(0).normal(size=(4, 2, 3, 1)).astype(np.float32)
    w = [weight.numpy().astype(np.float64) for weight in network.weights]
    expected = np.maximum(images.reshape(4, 6) @ w[0] + w[1], 0) @ w[2] + w[3]
    np.testing.assert_allclose(network(images), expected, atol=1e-6)
    assert network.output_shape == (None, 1) and network.name == "discriminator"
    assert all(a is b for a, b in zip(network.weights, other.weights))


def test_every_start_is_a_new_object_of_the_distribution_it_names():
    """(240 inputs, 160 units): the bounds of He et al. 2015 and Glorot and Bengio 2010 from those numbers."""
    starts = {initial.he: np.sqrt(6 / 240), initial.glorot: np.sqrt(6 / 400), functools.partial(initial.uniform, 0.3): 0.3}
    for start, bound in starts.items():
        first, second = (np.asarray(start()((240, 160))) for _ in range(2))
        assert (first != second).all()
        assert bound * 0.99 < np.abs(first).max() <= bound * (1 + 1e-6)
        assert first.std() == pytest.approx(bound / np.sqrt(3), rel=0.02)
    first, second = (np.asarray(initial.normal(0.02, 1.0)((240, 160))) for _ in range(2))
    assert (first != second).any() and first.mean() == pytest.approx(1, abs=5 * 0.02 / np.sqrt(first.size))
    assert first.std() == pytest.approx(0.02, rel=0.02) and np.abs(first - 1).max() > 0.06  # not truncated


def test_the_policy_holds_inside_and_the_old_one_comes_back():
    with pytest.raises(ZeroDivisionError), precision.policy("mixed_bfloat16"):
        assert keras.layers.Dense(1).compute_dtype == "bfloat16"
        _ = 1 / 0
    assert keras.layers.Dense(1).compute_dtype == "float32"


def test_column_norms_and_convolutions_reach_the_layers_they_should():
    network = mlp.maxout_discriminator(
        (8, 8, 3), [(5, 2)], 0.005, (0.8, 1.25), (0.5, 2.0), convolutions=[(4, 2, 3, 1, 2, 2)], max_column_norm=1.5
    )
    names = [type(layer).__name__ for layer in network.layers]
    assert names == [
        "InputLayer",
        "Dropout",
        "MaxoutConv2D",
        "CeilMaxPool2D",
        "Flatten",
        "Dropout",
        "Maxout",
        "Dropout",
        "Dense",
    ]
    assert network.get_layer("maxout_0").kernel_constraint.limit == 1.5
    assert network.get_layer("logit").kernel_constraint.limit == 1.5
    assert network.output_shape == (None, 1) and network.get_layer("pool_0").output.shape == (None, 4, 4, 4)
