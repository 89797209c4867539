"""DCGAN's and WGAN's stacks: shapes and parameter counts of the published ones, labels in every layer, batch norm."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_repro.networks import convolutional, initial
from gan_repro.networks.convolutional import LayerNormalisation, Normalisation
from gan_repro.networks.layers import LabelMaps
from gan_repro.system import randomness

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
        100, (64, 64, 3), (512, 256, 128, 64), (2, 2, 2, 2), 4, normalisation=GAIN, base_by_channel=True
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


@pytest.mark.parametrize("shape", [(6, 5, 4, 3), (6, 7)])
def test_layer_norm_sees_one_example_alone_and_has_a_gain_for_each_channel(shape):
    layer = LayerNormalisation(epsilon=1e-3).layer("norm")
    rng = np.random.default_rng(4)
    x = rng.normal(3, 2, shape).astype(np.float32)
    layer.build(shape)
    gain, shift = rng.normal(size=(2, shape[-1]))
    layer.gamma.assign(gain)
    layer.beta.assign(shift)
    axes = tuple(range(1, len(shape)))
    x64 = x.astype(np.float64)
    exact = (x64 - x64.mean(axes, keepdims=True)) / np.sqrt(x64.var(axes, keepdims=True) + 1e-3) * gain + shift
    for training in (True, False):
        np.testing.assert_allclose(layer(x, training=training), exact, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(layer(x[:1]), exact[:1], rtol=1e-4, atol=1e-4)
    assert LayerNormalisation(gain=False).layer("plain")(x).shape == shape
    assert not LayerNormalisation(gain=False).layer("plain").weights


class Doubled:
    """A normaliser of a user's own."""

    def layer(self, name):
        return keras.layers.Rescaling(2.0, name=name)


def test_any_normaliser_takes_the_place_of_batch_norm_and_none_of_none():
    for own, kind in ((Doubled(), "Rescaling"), (LayerNormalisation(), "GroupNormalization"), (None, None)):
        g = convolutional.generator(3, (8, 8, 1), (4, 3), (2, 2), 3, normalisation=own)
        d = convolutional.discriminator((8, 8, 1), (3, 4), (2, 2), 3, hidden=(5,), normalisation=own)
        for network, normalised in ((g, ["seed_norm", "up_0_norm"]), (d, ["down_1_norm", "hidden_0_norm"])):
            found = {layer.name: type(layer).__name__ for layer in network.layers if layer.name.endswith("_norm")}
            assert found == (dict.fromkeys(normalised, kind) if own else {})


def test_biases_are_asked_for_and_begin_at_0():
    common = {"hidden": (5,), "classes": 3, "normalisation": PLAIN}
    for build, arguments in (
        (convolutional.generator, (3, (8, 8, 1), (4, 3), (2, 2), 3)),
        (convolutional.discriminator, ((8, 8, 1), (3, 4), (2, 2), 3)),
    ):
        without, with_biases = build(*arguments, **common), build(*arguments, **common, use_bias=True)
        biases = [weight for weight in with_biases.weights if weight.name == "bias"]
        weighted = [layer for layer in without.layers if hasattr(layer, "kernel") and not isinstance(layer, LabelMaps)]
        assert len(biases) == len(weighted) == 4 and not any(np.any(weight) for weight in biases)
        assert len(with_biases.weights) == len(without.weights) + 4


@pytest.mark.parametrize("start", [initial.he, initial.glorot])
def test_an_initializer_of_choice_starts_every_weight_with_numbers_of_its_own(start):
    keras.utils.set_random_seed(3)
    g = convolutional.generator(30, (16, 16, 1), (16, 16, 16), (2, 2, 1), 3, classes=3, initializer=start)
    d = convolutional.discriminator((16, 16, 1), (16, 16, 16), (2, 2, 1), 3, hidden=(16,), classes=3, initializer=start)
    kernels = [weight for network in (g, d) for weight in network.weights if weight.name == "kernel"]
    assert len(kernels) == 2 * 4 - 1 + 2 * 4 - 1 + 1  # each convolution has a second kernel for labels
    flat = [np.sort(np.asarray(kernel).ravel())[:8].tobytes() for kernel in kernels]
    assert len(set(flat)) == len(flat)
    down = np.asarray(d.get_layer("down_1").kernel)  # 9 x 16 inputs of a unit, 9 x 16 outputs
    bound = np.sqrt(6 / 144 if start is initial.he else 6 / 288)
    assert bound * 0.99 < np.abs(down).max() <= bound * (1 + 1e-6)


def test_dropout_drops_behind_every_activation_in_training_alone():
    d = convolutional.discriminator((8, 8, 1), (3, 4), (2, 2), 3, hidden=(5,), dropout=(0.5, 2.0))
    images = np.random.default_rng(0).normal(size=(6, 8, 8, 1)).astype(np.float32)
    plain = convolutional.discriminator((8, 8, 1), (3, 4), (2, 2), 3, hidden=(5,))
    plain.set_weights(d.get_weights())
    np.testing.assert_array_equal(d(images, training=False), plain(images, training=False))
    names = ["down_0_activation", "down_0_dropout", "down_1_activation", "down_1_dropout", "hidden_0_activation"]
    seen = keras.Model(d.input, [d.get_layer(name).output for name in [*names, "hidden_0_dropout"]])
    with randomness.network_call(randomness.seed_pair(0, 0)):
        found = [np.asarray(array) for array in seen(images, training=True)]
    for before, behind in zip(found[::2], found[1::2]):
        kept = behind != 0
        np.testing.assert_array_equal(behind[kept], 2 * before[kept])
        assert 0.2 < kept.mean() < 0.8


def test_heads_share_everything_below_and_are_named():
    keras.utils.set_random_seed(1)
    heads = {"logit": 1, "classes": 10}
    d = convolutional.discriminator((8, 8, 1), (3, 4), (2, 2), 3, hidden=(5,), normalisation=PLAIN, heads=heads)
    images = np.random.default_rng(0).normal(size=(6, 8, 8, 1)).astype(np.float32)
    found = d(images)
    assert {name: tuple(array.shape) for name, array in found.items()} == {"logit": (6, 1), "classes": (6, 10)}
    below = np.asarray(keras.Model(d.input, d.get_layer("hidden_0_activation").output)(images))
    for name in heads:
        np.testing.assert_allclose(found[name], below @ np.asarray(d.get_layer(name).kernel), rtol=1e-5, atol=1e-6)
    keras.utils.set_random_seed(1)
    single = convolutional.discriminator((8, 8, 1), (3, 4), (2, 2), 3, hidden=(5,), normalisation=PLAIN)
    np.testing.assert_array_equal(single(images), found["logit"])
    labelled = convolutional.discriminator((8, 8, 1), (3,), (2,), 3, classes=4, heads=heads)
    assert labelled.get_layer("classes").kernel.shape == (4 * 4 * 3 + 4, 10)
    with pytest.raises(ValueError, match="head"):
        convolutional.discriminator((8, 8, 1), (3,), (2,), 3, heads={})


class Halved(keras.layers.Conv2D):
    """A convolution of another kind: its output is half as large."""

    def call(self, inputs):
        return 0.5 * super().call(inputs)


class HalvedUp(keras.layers.Conv2DTranspose):
    """The same of a transposed one."""

    def call(self, inputs):
        return 0.5 * super().call(inputs)


class HalvedDense(keras.layers.Dense):
    """The same of a dense one."""

    def call(self, inputs):
        return 0.5 * super().call(inputs)


def test_layers_of_another_class_take_the_place_of_keras_s():
    """With k layers without normalisation or bias, all activations homogeneous, the output is that of Keras's by 2^k."""
    images = np.random.default_rng(0).normal(size=(4, 8, 8, 1)).astype(np.float32)
    plain = convolutional.discriminator((8, 8, 1), (3, 4), (2, 2), 3, hidden=(5,))
    own = convolutional.discriminator((8, 8, 1), (3, 4), (2, 2), 3, hidden=(5,), convolution=Halved, dense=HalvedDense)
    own.set_weights(plain.get_weights())
    np.testing.assert_allclose(16 * own(images), plain(images), rtol=1e-5)
    z = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
    made = {"convolution": Halved, "transposed_convolution": HalvedUp, "dense": HalvedDense}
    for upsampling in ("transposed_convolution", "upsampling_convolution"):
        common = {"upsampling": upsampling, "output_activation": "linear"}
        plain = convolutional.generator(3, (8, 8, 1), (4, 3), (2, 2), 3, **common)
        own = convolutional.generator(3, (8, 8, 1), (4, 3), (2, 2), 3, **common, **made)
        own.set_weights(plain.get_weights())
        np.testing.assert_allclose(8 * own(z), plain(z), rtol=1e-5)


def test_spectral_normalisation_of_keras_fits_the_hook():
    def spectral(*arguments, **options):
        return keras.layers.SpectralNormalization(keras.layers.Conv2D(*arguments, **options), name=f"{options['name']}_sn")

    d = convolutional.discriminator((8, 8, 1), (3, 4), (2, 2), 3, init_std=5.0, convolution=spectral)
    for _ in range(60):  # each call in training is one step of the power iteration
        d(np.ones((1, 8, 8, 1), np.float32), training=True)
    for layer in ("down_0_sn", "down_1_sn"):
        kernel = np.asarray(d.get_layer(layer).layer.kernel)
        assert np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), 2) == pytest.approx(1, abs=1e-2)


def _gain(seed):
    keras.utils.set_random_seed(seed)
    layer = GAIN.layer("norm")
    layer.build((None, 64))
    assert (layer.beta.numpy() == 0).all()
    return layer.gamma.numpy()
