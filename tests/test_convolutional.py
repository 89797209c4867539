"""DCGAN's and WGAN's stacks: shapes and parameter counts of the published ones, labels in every layer, batch norm."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_repro.networks import convolutional
from gan_repro.networks.convolutional import Normalisation
from gan_repro.networks.layers import LabelMaps

PLAIN = Normalisation(gain=False, epsilon=1e-8, momentum=0.9)
GAIN = Normalisation(gain=True, epsilon=1e-5, momentum=0.9)


def shapes(network):
    return [layer.output.shape[1:] for layer in network.layers if "up_" in layer.name or "down_" in layer.name]


def test_the_conditional_mnist_networks_have_the_published_sizes():
    """dcgan_code: mnist/train_cond_dcgan.py, gen_params and discrim_params; no biases, no gains."""
    g = convolutional.generator(
        100, (28, 28, 1), (128, 64), (2, 2), 5, hidden=(1024,), classes=10, normalisation=PLAIN, output_activation="sigmoid"
    )
    d = convolutional.discriminator((28, 28, 1), (64, 128), (2, 2), 5, hidden=(1024,), classes=10, normalisation=PLAIN)
    trainable = [sum(np.prod(w.shape) for w in network.trainable_weights) for network in (g, d)]
    assert trainable[0] == 110 * 1024 + 1034 * 6272 + 138 * 64 * 25 + 74 * 1 * 25
    assert trainable[1] == 11 * 64 * 25 + 74 * 128 * 25 + 6282 * 1024 + 1034
    assert g.get_layer("seed_image").output.shape[1:] == (7, 7, 128)
    assert g.get_layer("up_0").output.shape[1:] == (14, 14, 64) and g.output.shape[1:] == (28, 28, 1)
    assert d.get_layer("down_0").output.shape[1:] == (14, 14, 64) and d.get_layer("down_1").output.shape[1:] == (7, 7, 128)
    normalised = [layer.name for layer in d.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert normalised == ["down_1_norm", "hidden_0_norm"]  # neither the first layer nor the last
    assert all("bias" not in w.path and "gamma" not in w.path for w in g.weights + d.weights)


def test_wgan_s_networks_have_the_published_sizes():
    """WassersteinGAN: models/dcgan.py at 64 x 64, ngf = ndf = 64; its batch norms have gains and shifts."""
    g = convolutional.generator(
        100, (64, 64, 3), (512, 256, 128, 64), (2, 2, 2, 2), 4, normalisation=GAIN, seed_by_channel=True
    )
    d = convolutional.discriminator((64, 64, 3), (64, 128, 256, 512), (2, 2, 2, 2), 4, normalisation=GAIN)
    convolutions = 16 * (100 * 512 + 512 * 256 + 256 * 128 + 128 * 64 + 64 * 3)
    assert sum(np.prod(w.shape) for w in g.trainable_weights) == convolutions + 2 * (512 + 256 + 128 + 64)
    convolutions = 16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512)
    assert sum(np.prod(w.shape) for w in d.trainable_weights) == convolutions + 2 * (128 + 256 + 512)


@pytest.mark.parametrize("upsampling", ["transposed_convolution", "upsampling_convolution"])
def test_both_ways_up_and_strides_of_one(upsampling):
    g = convolutional.generator(
        5, (32, 32, 3), (8, 7, 6), (2, 1, 4), 3, normalisation=GAIN, upsampling=upsampling, output_activation="tanh"
    )
    assert g.get_layer("seed_image").output.shape[1:] == (4, 4, 8)
    assert g.get_layer("up_0").output.shape[1:] == (8, 8, 7) and g.get_layer("up_1").output.shape[1:] == (8, 8, 6)
    images = g(np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32), training=False).numpy()
    assert images.shape == (3, 32, 32, 3) and np.abs(images).max() <= 1


def test_sizes_that_do_not_fit_are_refused():
    for channels, strides in (((8, 8), (2,)), ((8,), (3,))):
        with pytest.raises(ValueError, match="do not fit"):
            convolutional.generator(5, (32, 32, 1), channels, strides, 3)
    with pytest.raises(ValueError, match="do not fit"):
        convolutional.discriminator((32, 32, 1), (8, 8), (2,), 3)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(("size", "stride", "kernel_size"), [((6, 8), 2, 5), ((7, 5), 2, 4), ((5, 5), 1, 3)])
def test_label_maps_are_the_convolution_of_appended_maps(transposed, size, stride, kernel_size):
    rng = np.random.default_rng(1)
    m, c, classes, channels = 4, 3, 5, 2
    x = rng.normal(size=(m, *size, c)).astype(np.float32)
    labels = rng.integers(0, classes, m)
    one_hot = np.eye(classes, dtype=np.float32)[labels]
    maps = np.broadcast_to(one_hot[:, None, None, :], (m, *size, classes))
    kernel = rng.normal(size=(kernel_size, kernel_size, c + classes, channels)).astype(np.float32)
    if transposed:
        kernel = kernel.transpose(0, 1, 3, 2)
        shape = (m, size[0] * stride, size[1] * stride, channels)

        def convolve(inputs, k):
            return tf.nn.conv2d_transpose(inputs, k, shape, stride, "SAME")

        parts = kernel[..., :c], kernel[..., c:]
    else:

        def convolve(inputs, k):
            return tf.nn.conv2d(inputs, k, stride, "SAME")

        parts = kernel[:, :, :c], kernel[:, :, c:]
    layer = LabelMaps(size, kernel_size, stride, transposed, "zeros")
    y = convolve(x, parts[0])
    layer([y, one_hot])
    assert tuple(layer.kernel.shape) == parts[1].shape
    layer.kernel.assign(parts[1])
    expected = convolve(np.concatenate([x, maps], -1), kernel)
    np.testing.assert_allclose(layer([y, one_hot]).numpy(), expected.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kernel_size", [5, 3])
def test_strided_layers_are_dcgan_code_s_turned_by_half_a_circle(kernel_size):
    """dcgan_code pads by kernel_size // 2 on both sides (dnn_conv; deconv, the gradient of such a convolution)."""
    rng = np.random.default_rng(4)
    pad = [[0, 0], [kernel_size // 2] * 2, [kernel_size // 2] * 2, [0, 0]]
    kernel = rng.normal(size=(kernel_size, kernel_size, 1, 3)).astype(np.float32)
    images, maps = rng.normal(size=(2, 8, 8, 1)).astype(np.float32), rng.normal(size=(2, 4, 4, 3)).astype(np.float32)

    def turned(array, axes=(1, 2)):
        return np.flip(array, axes)

    with tf.GradientTape() as tape:
        x = tf.constant(turned(images).copy())
        tape.watch(x)
        down = tf.nn.conv2d(x, turned(kernel, (0, 1)).copy(), 2, pad)
    up = tape.gradient(down, x, turned(maps).copy())
    ours = convolutional.discriminator((8, 8, 1), (3,), (2,), kernel_size).get_layer("down_0")
    ours.kernel.assign(kernel)
    np.testing.assert_allclose(ours(images).numpy(), turned(down.numpy()), rtol=1e-4, atol=1e-5)
    ours = convolutional.generator(5, (8, 8, 1), (3,), (2,), kernel_size).get_layer("output")
    ours.kernel.assign(kernel)
    np.testing.assert_allclose(ours(maps).numpy(), turned(up.numpy()), rtol=1e-4, atol=1e-5)


def test_every_label_layer_makes_a_difference_and_learns():
    d = convolutional.discriminator((8, 8, 1), (4, 6), (2, 2), 5, hidden=(7,), classes=3, normalisation=PLAIN)
    g = convolutional.generator(
        4, (8, 8, 1), (6, 4), (2, 2), 5, hidden=(7,), classes=3, normalisation=PLAIN, output_activation="sigmoid"
    )
    rng = np.random.default_rng(2)
    labels = tf.constant([0, 1, 2, 0, 1, 2])
    with tf.GradientTape() as tape:
        images = g([tf.constant(rng.normal(size=(6, 4)), tf.float32), labels], training=True)
        loss = tf.reduce_sum(d([images, labels], training=True) ** 2)
    weights = g.trainable_weights + d.trainable_weights
    for weight, gradient in zip(weights, tape.gradient(loss, [w.value for w in weights])):
        assert np.abs(gradient.numpy()).max() > 0, weight.path
    z = rng.normal(size=(1, 4)).astype(np.float32)
    drawn = [g([z, np.array([label], np.int32)], training=False).numpy() for label in range(3)]
    assert not np.allclose(drawn[0], drawn[1]) and not np.allclose(drawn[1], drawn[2])


def test_batch_norm_uses_the_minibatch_in_training_and_moving_averages_of_it_in_test_mode():
    layer = Normalisation(gain=False, epsilon=1e-8, momentum=0.9).layer("norm")
    x = np.random.default_rng(3).normal(3, 2, (50, 4, 4, 2)).astype(np.float32)
    y = layer(x, training=True).numpy()
    assert y.mean((0, 1, 2)) == pytest.approx(0, abs=1e-5) and y.std((0, 1, 2)) == pytest.approx(1, abs=1e-4)
    mean, variance = 0.1 * x.mean((0, 1, 2)), 0.9 + 0.1 * x.var((0, 1, 2))
    np.testing.assert_allclose(layer(x, training=False).numpy(), (x - mean) / np.sqrt(variance + 1e-8), rtol=1e-4, atol=1e-4)
    gains = np.concatenate([_gain(i) for i in range(20)])
    assert gains.mean() == pytest.approx(1, abs=0.003) and gains.std() == pytest.approx(0.02, rel=0.1)


def _gain(seed):
    keras.utils.set_random_seed(seed)
    layer = GAIN.layer("norm")
    layer.build((None, 64))
    assert (layer.beta.numpy() == 0).all()
    return layer.gamma.numpy()
