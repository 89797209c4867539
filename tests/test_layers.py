"""Maxout, its convolution, pooling and dropout against plain numpy; constraints and the random streams they rely on."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import signal

from gan_repro.networks import constraints
from gan_repro.networks.layers import CeilMaxPool2D, Dropout, Maxout, MaxoutConv2D, OneHot, UntiedBias
from gan_repro.system import randomness


def test_maxout_is_the_maximum_over_pieces():
    rng = np.random.default_rng(0)
    layer = Maxout(4, 3, keras.initializers.RandomNormal(seed=1), keras.initializers.RandomNormal(seed=2))
    x = rng.normal(size=(7, 6))
    y = layer(tf.constant(x, tf.float32)).numpy()
    linear = x @ layer.kernel.numpy().astype(np.float64) + layer.bias.numpy()
    expected = np.array([[max(row[j], row[4 + j], row[8 + j]) for j in range(4)] for row in linear])
    np.testing.assert_allclose(y, expected, atol=1e-6)
    assert layer.compute_output_shape((None, 6)) == (None, 4)


def test_maxout_has_no_implicit_zero():
    layer = Maxout(1, 2, "zeros", keras.initializers.Constant(-3.0))
    assert layer(tf.zeros([1, 2])).numpy() == -3.0


def test_maxout_gradient_goes_to_the_winning_piece_only():
    layer = Maxout(1, 2, "ones")
    layer.build((None, 1))
    layer.kernel.assign([[1.0, 2.0]])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(tf.constant([[3.0], [-3.0]])))
    # x = 3: piece 1 wins (6 > 3); x = -3: piece 0 wins (-3 > -6)
    np.testing.assert_allclose(tape.gradient(loss, layer.kernel.value), [[-3.0, 3.0]])


def test_maxout_convolution_is_the_maximum_over_plain_convolutions():
    rng = np.random.default_rng(0)
    layer = MaxoutConv2D(4, 2, 3, 2, keras.initializers.RandomNormal(seed=1))
    x = rng.normal(size=(2, 5, 6, 3))
    layer.build((None, 5, 6, 3))
    layer.bias.assign(rng.normal(size=8))
    y = layer(tf.constant(x, tf.float32)).numpy()
    kernel, bias = layer.kernel.numpy().astype(np.float64), layer.bias.numpy().astype(np.float64)
    padded = np.pad(x, [(0, 0), (2, 2), (2, 2), (0, 0)])
    maps = np.stack(
        [
            [sum(signal.correlate2d(image[..., c], kernel[..., c, k], "valid") for c in range(3)) + bias[k] for image in padded]
            for k in range(8)
        ],
        axis=-1,
    )
    np.testing.assert_allclose(y, np.maximum(maps[..., :4], maps[..., 4:]), atol=1e-5)
    assert layer.compute_output_shape((None, 5, 6, 3)) == (None, 7, 8, 4) and y.shape == (2, 7, 8, 4)


@pytest.mark.parametrize(
    "pixels, size, stride, windows", [(33, 4, 2, 16), (15, 4, 2, 7), (9, 2, 2, 5), (8, 2, 2, 4), (3, 4, 2, 1)]
)
def test_pooling_in_ceil_mode_looks_over_the_edge_and_sees_nothing(pixels, size, stride, windows):
    """The sizes of the convolutional CIFAR-10 discriminator, one that fits, and one window alone."""
    x = np.random.default_rng(0).normal(size=(2, pixels, pixels, 3)).astype(np.float32) - 10  # all negative: a 0 would win
    layer = CeilMaxPool2D(size, stride)
    y = layer(x).numpy()
    steps = [slice(i * stride, i * stride + size) for i in range(windows)]  # numpy's slices end at the edge
    expected = np.array([[[image[rows, columns].max(axis=(0, 1)) for columns in steps] for rows in steps] for image in x])
    np.testing.assert_array_equal(y, expected)
    assert layer.compute_output_shape((None, pixels, pixels, 3)) == (None, windows, windows, 3)


def test_an_untied_bias_is_one_number_per_pixel_and_channel():
    layer = UntiedBias()
    x = np.random.default_rng(0).normal(size=(4, 3, 2, 5)).astype(np.float32)
    np.testing.assert_array_equal(layer(x), x)
    layer.bias.assign(x[0])
    np.testing.assert_allclose(layer(x), x + x[0])


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_one_hot(policy):
    layer = OneHot(4, dtype=policy)
    found = layer(tf.constant([2, 0, 3, 2], tf.int32))
    assert found.dtype == layer.compute_dtype and layer.compute_output_shape((None,)) == (None, 4)
    np.testing.assert_array_equal(tf.cast(found, tf.float32).numpy(), np.eye(4)[[2, 0, 3, 2]])


def test_dropout_keeps_the_stated_share_and_scales_explicitly():
    layer = Dropout(0.8, 1.25)
    with randomness.network_call(randomness.seed_pair(0, 0, 1)):
        y = layer(tf.ones([400, 500]), training=True).numpy()
    assert set(np.unique(y)) == {0.0, 1.25}
    assert (y > 0).mean() == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / y.size))
    # per example and per unit: neither rows nor columns are dropped as wholes
    assert (y > 0).mean(axis=0).min() > 0.6 and (y > 0).mean(axis=1).min() > 0.6


def test_dropout_is_the_identity_at_test_time():
    x = tf.random.stateless_normal([3, 4], [0, 0])
    np.testing.assert_array_equal(Dropout(0.5, 2.0)(x, training=False), x)


def test_dropout_masks_are_a_function_of_the_seed_and_the_order_of_layers():
    first, second = Dropout(0.5, 2.0), Dropout(0.5, 2.0)
    x = tf.ones([20, 30])

    def masks(pair):
        with randomness.network_call(pair):
            return first(x, training=True).numpy(), second(x, training=True).numpy()

    a, b = masks(randomness.seed_pair(3, 5)), masks(randomness.seed_pair(3, 5))
    np.testing.assert_array_equal(a, b)
    assert (a[0] != a[1]).any()
    assert (masks(randomness.seed_pair(3, 6))[0] != a[0]).any()


def test_dropout_outside_a_network_call_is_refused():
    with pytest.raises(RuntimeError, match="network_call"):
        Dropout(0.5, 2.0)(tf.ones([1, 1]), training=True)


def test_max_column_norm_is_pylearn2s():
    w = np.random.default_rng(1).normal(size=(5, 4)) * [0.1, 1, 10, 0]
    norms = np.sqrt((w**2).sum(axis=0))
    expected = w * np.clip(norms, 0, 1.9365) / (1e-7 + norms)
    np.testing.assert_allclose(constraints.MaxColumnNorm(1.9365)(w.astype(np.float32)), expected, rtol=1e-5, atol=1e-7)


def test_weight_clip():
    np.testing.assert_array_equal(constraints.WeightClip(0.5)(np.float32([-2, 0.25, 2])), np.float32([-0.5, 0.25, 0.5]))


def test_streams_differ():
    pairs = [
        tuple(randomness.seed_pair(0, 0, stream).numpy())
        for stream in (randomness.SHUFFLE, randomness.PRIOR, randomness.NETWORK, randomness.TERM, randomness.SAMPLE)
    ]
    assert len(set(pairs)) == len(pairs)


def test_no_two_seeds_share_a_pair():
    """The hash alone is two to one: 375090125 once was the twin of 0 in every stream."""
    pairs = {tuple(randomness.seed_pair(seed, 3, randomness.PRIOR).numpy()) for seed in (*range(300), 375090125, 2**31 - 1)}
    assert len(pairs) == 302


def test_no_draw_to_be_reported_has_the_seed_of_a_run():
    """Those of a run's own seed have chosen its epoch; those of another run's have chosen that one's."""
    runs = (*range(300), 2**31 - 1)
    seeds = {randomness.report_seed(seed, k) for seed in runs for k in range(randomness.REPORTED)}
    assert randomness.REPORTED == 5 and len(seeds) == 5 * len(runs)
    assert min(seeds) >= -(2**31) and max(seeds) < 0  # a run's own is not negative
    pairs = {tuple(randomness.seed_pair(seed, 0, randomness.SAMPLE).numpy()) for seed in (*sorted(seeds)[:50], *range(50))}
    assert len(pairs) == 100
    for k in (-1, 5, "validation"):
        with pytest.raises(ValueError, match="valid are 0 to 4"):
            randomness.report_seed(0, k)
