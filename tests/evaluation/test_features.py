"""Features of D's convolutions against numpy, and the SVM against scikit-learn's."""

import keras
import numpy as np
import pytest
from sklearn.svm import LinearSVC

from gan_repro.evaluation import features
from gan_repro.networks import convolutional


def discriminator(shape=(10, 8, 3), channels=(2, 3), strides=(1, 1)):
    keras.utils.set_random_seed(0)
    norm = convolutional.Normalisation(True, 1e-5, 0.9)
    return convolutional.discriminator(shape, channels, strides, 3, normalisation=norm, init_std=0.5)


def moved_averages(network):
    """Gives batch norm statistics that are not those of any images here."""
    norm = network.get_layer("down_1_norm")
    norm.moving_mean.assign([0.5, -1.0, 2.0])
    norm.moving_variance.assign([4.0, 0.25, 1.0])
    return norm


@pytest.mark.parametrize(
    "size, expected",
    [
        (4, [(0, 1), (1, 2), (2, 3), (3, 4)]),
        (8, [(0, 2), (2, 4), (4, 6), (6, 8)]),
        (7, [(0, 2), (1, 4), (3, 6), (5, 7)]),
        (10, [(0, 3), (2, 5), (5, 8), (7, 10)]),
    ],
)
def test_windows_cover_everything(size, expected):
    assert features.windows(size) == expected


def test_features_are_the_pooled_outputs_of_all_convolutions_in_test_mode():
    network = discriminator()
    norm = moved_averages(network)
    images = np.random.default_rng(0).normal(size=(7, 10, 8, 3)).astype(np.float32)

    def convolve(x, kernel):  # "same", stride 1, float64
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        out = np.zeros((*x.shape[:3], kernel.shape[3]))
        for i in range(3):
            for j in range(3):
                out += padded[:, i : i + x.shape[1], j : j + x.shape[2]] @ np.float64(kernel[i, j])
        return out

    def leaky(x):
        return np.where(x > 0, x, 0.2 * x)

    first = leaky(convolve(np.float64(images), network.get_layer("down_0").kernel.numpy()))
    second = convolve(first, network.get_layer("down_1").kernel.numpy())
    second = (second - norm.moving_mean.numpy()) / np.sqrt(norm.moving_variance.numpy() + 1e-5)
    second = leaky(second * norm.gamma.numpy() + norm.beta.numpy())
    expected = []
    for maps in (first, second):
        pooled = np.empty((7, 4, 4, maps.shape[3]))
        for i, (top, bottom) in enumerate([(0, 3), (2, 5), (5, 8), (7, 10)]):
            for j in range(4):
                pooled[:, i, j] = maps[:, top:bottom, 2 * j : 2 * j + 2].max(axis=(1, 2))
        expected.append(pooled.reshape(7, -1))
    found = features.extract(network, images, chunk=3)
    assert found.dtype == np.float32 and found.shape == (7, 16 * (2 + 3))
    np.testing.assert_allclose(found, np.concatenate(expected, axis=1), atol=1e-5)


def test_statistics_are_the_means_of_the_minibatches_own():
    network = discriminator((8, 8, 3), (2, 3, 4), (1, 1, 1))
    before = [norm.moving_mean.numpy().copy() for norm in network.layers if isinstance(norm, keras.layers.BatchNormalization)]
    images = np.float32(np.random.default_rng(3).normal(size=(14, 8, 8, 3)))
    features.take_statistics(network, images, 4)  # three minibatches; two images are left out
    first = network.get_layer("down_1_norm")
    reach = keras.Model(network.input, first.input)
    minibatches = [np.float64(reach(images[i : i + 4])) for i in (0, 4, 8)]
    mean = np.mean([part.mean((0, 1, 2)) for part in minibatches], axis=0)
    variance = np.mean([part.var((0, 1, 2)) for part in minibatches], axis=0)
    np.testing.assert_allclose(first.moving_mean, mean, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(first.moving_variance, variance, rtol=1e-4)
    norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(norms) == len(before) == 2 and all((a != b.moving_mean.numpy()).any() for a, b in zip(before, norms))
    assert all(norm.momentum == 0.9 for norm in norms)


def test_the_papers_network_has_28672_features():
    channels, strides = (128, 128, 256, 256, 512, 512), (1, 2, 1, 2, 1, 2)
    found = features.layers(discriminator((32, 32, 3), channels, strides))
    assert [layer.output.shape[1] for layer in found] == [32, 16, 16, 8, 8, 4]
    assert 16 * sum(layer.output.shape[3] for layer in found) == 28_672


def test_smaller_maps_than_the_grid_are_refused():
    with pytest.raises(ValueError, match="4 x 4 or larger"):
        features.extract(discriminator((8, 8, 3), strides=(2, 2)), np.zeros((2, 8, 8, 3), np.float32))
    with pytest.raises(ValueError, match="4 x 4 or larger"):
        features.layers(keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]))


def blobs(seed, n, d=12, classes=(2, 5, 7)):
    """Overlapping classes in d dimensions, in features of very different scales and means; one feature is constant."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(classes, n)
    centres = np.random.default_rng(99).normal(size=(8, d))
    x = (centres[labels] + 1.5 * rng.normal(size=(n, d))) * 10.0 ** np.arange(-4, d - 4) / 100 + 3.0
    x[:, 1] = 1.7
    return np.float32(x[:, 1:]), labels.astype(np.int32)


def test_it_is_the_problem_that_scikit_learn_solves():
    x, labels = blobs(0, 300)
    x = np.float32((x - x.mean(axis=0))[:, 1:] / x.std(axis=0)[1:])
    classes = np.unique(labels)
    signs = np.where(labels[:, None] == classes, 1.0, -1.0)
    for cost in (0.01, 1.0):
        theirs = LinearSVC(C=cost, loss="squared_hinge", dual=False, tol=1e-9).fit(x, labels)
        ours = features.fit_svm(x, signs, cost, np.zeros((x.shape[1] + 1, 3)), tolerance=1e-12)
        np.testing.assert_allclose(ours[:-1], theirs.coef_.T, atol=2e-4)
        np.testing.assert_allclose(ours[-1], theirs.intercept_, atol=2e-4)


def test_accuracy_is_that_of_scikit_learn_at_the_c_that_validation_chooses():
    train, validation, test = blobs(1, 300), blobs(2, 400), blobs(3, 500)
    mean, deviation = np.float64(train[0]).mean(axis=0), np.float64(train[0]).std(axis=0)
    deviation[0] = np.inf  # the constant one
    seen = [((np.float64(x) - mean) / deviation / np.sqrt(11), labels) for x, labels in (train, validation, test)]
    costs = (0.001, 1.0, 1000.0)
    theirs = [LinearSVC(C=cost, dual=False, tol=1e-8, max_iter=10_000).fit(*seen[0]) for cost in costs]
    shares = [svm.score(*seen[1]) for svm in theirs]
    best = int(np.argmax(shares))
    share, cost, found = features.svm_accuracy(train, validation, test, costs)
    assert cost == costs[best]
    assert list(found) == list(costs) and list(found.values()) == pytest.approx(shares, abs=0.011)
    assert share == pytest.approx(theirs[best].score(*seen[2]), abs=0.006)
    assert 0.5 < share < 1


def test_of_equally_good_costs_the_smallest_is_taken():
    train = np.float32([[0.0], [1.0], [0.1], [0.9]]), np.array([0, 1, 0, 1])
    share, cost, found = features.svm_accuracy(train, train, train, (0.1, 1.0, 10.0))
    assert (share, cost) == (1.0, 0.1) and set(found.values()) == {1.0}
