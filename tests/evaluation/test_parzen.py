"""Tests of the Parzen-window log-likelihood against references written here, at easy and at hard inputs.

The speed test is marked slow; tests on real MNIST are skipped where it is not at hand.
"""

import os
import statistics
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import logsumexp

from gan_repro.evaluation import parzen
from gan_repro.evaluation.parzen import SIGMAS, ParzenWindow
from gan_repro.system.errors import DataError

TOLERANCE = 0.01  # nats: what the module declares


def reference(samples, x, sigmas):
    """The formula itself, in float64, from differences: (n_sigma, n)."""
    samples = np.asarray(samples, np.float64).reshape(len(samples), -1)
    x = np.asarray(x, np.float64).reshape(len(x), -1)
    n, d = samples.shape
    squared = np.stack([((row - samples) ** 2).sum(axis=1) for row in x])
    return np.stack(
        [logsumexp(-squared / (2 * s * s), axis=1) - np.log(n) - d * np.log(s * np.sqrt(2 * np.pi)) for s in sigmas]
    )


def normal(seed, *shape, scale=1.0):
    return (scale * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


def uniform(seed, *shape):
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


@pytest.fixture(scope="module")
def mnist():
    """10,000 training, 1,000 validation and 10,000 test images as in the protocol: float32 (n, 784) in [0, 1]."""
    folder = os.environ.get("TFDS_DATA_DIR")
    if not folder or not (Path(folder) / "mnist").exists():
        pytest.skip("real MNIST is not at hand: TFDS_DATA_DIR/mnist does not exist")
    tfds = pytest.importorskip("tensorflow_datasets")
    splits = ["train[:10000]", "train[50000:51000]", "test"]
    splits = tfds.load("mnist", split=splits, batch_size=-1, download=False, data_dir=folder)
    return [split["image"].numpy().reshape(-1, 784).astype(np.float32) / np.float32(255) for split in splits]


def test_hand_computed():
    # Two samples at distances 0 and 5 of x in the plane, sigma 1: density (1 + e^-12.5) / 2 / (2 pi).
    expected = np.log((1 + np.exp(-12.5)) / 2 / (2 * np.pi))
    assert ParzenWindow([[0.0, 0.0], [3.0, 4.0]]).log_likelihood([[0.0, 0.0]], 1.0) == pytest.approx([expected])


def test_shapes_and_dtypes():
    window = ParzenWindow(uniform(0, 9, 4, 4, 1))
    x = uniform(1, 5, 4, 4, 1)
    one, many = window.log_likelihood(x, 0.3), window.log_likelihood(x, [0.3])
    assert one.shape == (5,) and many.shape == (1, 5) and one.dtype == many.dtype == np.float64
    np.testing.assert_array_equal(one, window.log_likelihood(x.reshape(5, 16), 0.3))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, int])
def test_dtypes_of_input(dtype):
    samples, x = (3 * normal(0, 40, 6)).astype(dtype), (3 * normal(1, 10, 6)).astype(dtype)
    got = ParzenWindow(samples).log_likelihood(x, SIGMAS)
    np.testing.assert_allclose(got, reference(samples, x, SIGMAS), atol=TOLERANCE, rtol=0)


def test_scipy_mixture_of_normals():
    samples, x = normal(0, 30, 3), normal(1, 20, 3)
    densities = [stats.multivariate_normal(s, 0.25 * np.eye(3)).pdf(x) for s in samples.astype(np.float64)]
    got = ParzenWindow(samples).log_likelihood(x, 0.5)
    np.testing.assert_allclose(got, np.log(np.mean(densities, axis=0)), atol=1e-4)


def test_scikit_learn_kernel_density():
    neighbors = pytest.importorskip("sklearn.neighbors")
    samples, x = uniform(0, 300, 20), uniform(1, 50, 20)
    expected = neighbors.KernelDensity(bandwidth=0.2).fit(samples.astype(np.float64)).score_samples(x)
    np.testing.assert_allclose(ParzenWindow(samples).log_likelihood(x, 0.2), expected, atol=TOLERANCE)


def test_many_sigmas_are_the_single_ones():
    samples, x = uniform(0, 500, 100), uniform(1, 40, 100)
    window = ParzenWindow(samples)
    single = np.stack([window.log_likelihood(x, sigma) for sigma in SIGMAS])
    np.testing.assert_allclose(window.log_likelihood(x, SIGMAS), single, atol=TOLERANCE / 10, rtol=0)


@pytest.mark.parametrize("chunk", [1, 7, 33, 100, 10**6])
def test_chunk_changes_nothing(chunk):
    samples, x = uniform(0, 2000, 200), uniform(1, 100, 200)
    window = ParzenWindow(samples)
    expected = window.log_likelihood(x, SIGMAS)
    np.testing.assert_allclose(window.log_likelihood(x, SIGMAS, chunk=chunk), expected, atol=TOLERANCE, rtol=0)


def test_same_inputs_same_bits():
    samples, x = normal(0, 3000, 300), normal(1, 300, 300)
    first = ParzenWindow(samples).log_likelihood(x, SIGMAS)
    np.testing.assert_array_equal(first, ParzenWindow(samples).log_likelihood(x, SIGMAS))


def test_one_sample_at_x():
    x = uniform(0, 4, 784)
    for sigma in SIGMAS:
        expected = -784 * np.log(sigma * np.sqrt(2 * np.pi))
        np.testing.assert_allclose(ParzenWindow(x[:1]).log_likelihood(x[:1], sigma), [expected], rtol=1e-12)


def test_duplicated_samples_leave_the_density():
    samples, x = uniform(0, 100, 50), uniform(1, 20, 50)
    once, thrice = ParzenWindow(samples), ParzenWindow(np.concatenate([samples] * 3))
    np.testing.assert_allclose(thrice.log_likelihood(x, SIGMAS), once.log_likelihood(x, SIGMAS), atol=1e-3)


@pytest.mark.parametrize("sigma", [0.1, 1.0])
def test_density_integrates_to_one(sigma):
    grid = np.linspace(-10, 10, 8001)[:, None]
    density = np.exp(ParzenWindow(normal(0, 20, 1)).log_likelihood(grid, sigma))
    assert integrate.trapezoid(density, grid[:, 0]) == pytest.approx(1, abs=1e-4)


def hard_cases():
    image = uniform(0, 1, 784)
    blobs = normal(1, 1500, 784, scale=0.05)
    clusters = np.concatenate([uniform(2, 700, 784), uniform(3, 700, 784) + np.float32(1000)])
    constant = np.repeat(uniform(4, 1000, 1), 784, axis=1)
    yield "x plus tiny noise", np.repeat(image, 1000, 0) + normal(5, 1000, 784, scale=1e-3), image
    yield "x plus noise", image + blobs, np.concatenate([image, uniform(6, 10, 784)])
    yield "collapsed, x elsewhere", image + blobs / 5, uniform(6, 20, 784)
    yield "two collapsed modes", np.concatenate([image + blobs, 1 - image + blobs]), uniform(6, 20, 784)
    yield "identical samples", np.repeat(image, 10_000, 0), np.concatenate([image, uniform(6, 10, 784)])
    yield "constant images", constant, constant[:10] * np.float32(0.99)
    yield "far from the origin", uniform(2, 1000, 784) + np.float32(1e3), uniform(6, 20, 784) + np.float32(1e3)
    yield "very far, float64", uniform(2, 1000, 784) + 1e6, uniform(6, 20, 784) + 1e6
    yield "clusters far apart", clusters, clusters[::100] + np.float32(0.01)
    yield "one far outlier", np.concatenate([uniform(2, 1000, 784), uniform(2, 1, 784) + 1e4]), uniform(6, 20, 784)
    yield "beyond float32", 1e20 * normal(0, 50, 2).astype(np.float64), 1e20 * normal(0, 5, 2).astype(np.float64)
    yield "d = 1", normal(0, 3000, 1), normal(1, 50, 1)
    yield "d = 2", normal(0, 3000, 2), normal(1, 50, 2)
    yield "d = 3072", normal(0, 1500, 3072), normal(1, 20, 3072)
    yield "d = 3072, in [-1, 1]", 2 * uniform(0, 1500, 3072) - 1, 2 * uniform(1, 20, 3072) - 1


@pytest.mark.parametrize(("samples", "x"), [pytest.param(s, x, id=name) for name, s, x in hard_cases()])
def test_tolerance_at_hard_cases(samples, x):
    expected = reference(samples, x, SIGMAS)
    got = ParzenWindow(samples).log_likelihood(x, SIGMAS)
    np.testing.assert_allclose(got, expected, atol=TOLERANCE, rtol=1e-12)


def test_tolerance_on_mnist(mnist):
    train, _, test = mnist
    expected = reference(train[:4000], test[:50], SIGMAS)
    got = ParzenWindow(train[:4000]).log_likelihood(test[:50], SIGMAS)
    np.testing.assert_allclose(got, expected, atol=TOLERANCE, rtol=0)


@pytest.mark.slow
def test_mnist_training_images_as_samples(mnist):
    # Sohl-Dickstein et al. 2015 (Table 2, in nats) and Theis et al. 2015 report 242 +- 2 and 243.
    estimate = parzen.evaluate(*mnist)
    assert estimate.value == pytest.approx(243, abs=4)
    assert estimate.standard_error == pytest.approx(2.1, abs=0.3)
    assert (estimate.n_samples, estimate.n_test, estimate.at_edge) == (10_000, 10_000, False)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e101])
def test_values_that_are_not_finite(bad):
    good, damaged = np.zeros((3, 2)), np.zeros((3, 2))
    damaged[1, 1] = bad
    with pytest.raises(DataError, match="samples has 1 of 6 values that are NaN"):
        ParzenWindow(damaged)
    with pytest.raises(DataError, match="x has 1 of 6 values that are NaN"):
        ParzenWindow(good).log_likelihood(damaged, 0.1)


@pytest.mark.parametrize("sigma", [0, -0.1, np.nan, np.inf, [0.1, 0.0], [], [[0.1]], "wide", None])
def test_widths_that_are_not_valid(sigma):
    with pytest.raises(DataError, match="sigma .* valid"):
        ParzenWindow(np.zeros((3, 2))).log_likelihood(np.zeros((3, 2)), sigma)


@pytest.mark.parametrize("empty", [np.zeros((0, 2)), np.zeros((2, 0)), np.float64(1)])
def test_empty_input(empty):
    with pytest.raises(DataError, match="shape"):
        ParzenWindow(empty)
    with pytest.raises(DataError, match="shape"):
        ParzenWindow(np.zeros((3, 2))).log_likelihood(empty, 0.1)


def test_other_errors():
    window = ParzenWindow(np.zeros((3, 2)))
    with pytest.raises(DataError, match="3 numbers cannot be compared with points of 2"):
        window.log_likelihood(np.zeros((4, 3)), 0.1)
    with pytest.raises(DataError, match="uint8"):
        window.log_likelihood(np.zeros((4, 2), np.uint8), 0.1)
    with pytest.raises(DataError, match="chunk is 0"):
        window.log_likelihood(np.zeros((4, 2)), 0.1, chunk=0)
    with pytest.raises(DataError, match="dtype"):
        ParzenWindow([["a", "b"]])
    with pytest.raises(DataError, match="no folds"):
        parzen.evaluate_sets(np.zeros((3, 2)), [np.zeros((3, 2))], [])
    with pytest.raises(DataError, match="no samples"):
        parzen.evaluate_sets(np.zeros((3, 2)), [], [(np.zeros((3, 2)), np.zeros((3, 2)))])


def test_grid_of_the_paper():
    assert np.round(SIGMAS, 3).tolist() == [0.1, 0.129, 0.167, 0.215, 0.278, 0.359, 0.464, 0.599, 0.774, 1.0]


def test_choose_sigma_and_evaluate():
    samples, validation, test = normal(0, 400, 5), normal(1, 100, 5), normal(2, 150, 5)
    sigma, means = parzen.choose_sigma(ParzenWindow(samples), validation)
    expected = reference(samples, validation, SIGMAS).mean(axis=1)
    np.testing.assert_allclose(means, expected, atol=TOLERANCE)
    assert sigma == SIGMAS[int(np.argmax(expected))]

    estimate = parzen.evaluate(samples, validation, test)
    nats = reference(samples, test, [sigma])[0]
    assert estimate.value == pytest.approx(nats.mean(), abs=TOLERANCE)
    assert estimate.standard_error == pytest.approx(nats.std() / np.sqrt(150), abs=1e-3)
    assert (estimate.sigma, estimate.n_samples, estimate.n_test, estimate.at_edge) == (sigma, 400, 150, False)


def test_edge_of_the_grid():
    samples = normal(0, 100, 2)
    assert parzen.evaluate(samples, samples, samples).at_edge  # x among the samples: the narrowest fits best
    assert parzen.evaluate(samples, normal(1, 50, 2), samples, sigmas=(5.0, 50.0)).at_edge


def test_some_samples_choose_each_folds_width_and_others_judge_its_test_examples():
    choosing, reported = normal(0, 300, 2), [normal(10, 200, 2), normal(11, 250, 2)]
    folds = [(choosing, normal(1, 80, 2)), (normal(2, 60, 2, scale=3), normal(3, 90, 2))]
    sigmas, nats = parzen.evaluate_sets(choosing, iter(reported), folds)
    assert sigmas == [parzen.choose_sigma(ParzenWindow(choosing), validation)[0] for validation, _ in folds]
    assert sigmas[0] < sigmas[1]
    for (_, test), sigma, rows in zip(folds, sigmas, nats):
        expected = [reference(samples, test, [sigma])[0] for samples in reported]
        np.testing.assert_allclose(rows, expected, atol=TOLERANCE)


def test_errors_over_examples_and_across_folds():
    rows = np.array([1.0, 2.0, 6.0])
    assert parzen.mean_and_error([rows]) == pytest.approx((3, np.sqrt((4 + 1 + 9) / 3) / np.sqrt(3)))
    mean, error = parzen.mean_and_error([rows, np.array([5.0])], across=True)
    assert (mean, error) == pytest.approx((4, 1))  # two values, 3 and 5: sd = 2 / sqrt 2, / sqrt 2
    assert parzen.mean_and_error([rows], across=True) == (3, None)


def peak_memory(d):
    """Bytes allocated at most beyond the inputs, for 10,000 samples and 10,000 x asked for in one chunk."""
    samples, x = uniform(0, 10_000, d), uniform(1, 10_000, d)
    tracemalloc.start()
    ParzenWindow(samples).log_likelihood(x, 0.2, chunk=10_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_is_bounded():
    assert peak_memory(d=16) < 2**28  # all distances at once would take 381 MiB


@pytest.mark.slow
def test_memory_is_bounded_at_the_size_of_mnist():
    assert peak_memory(d=784) < 2**30


@pytest.mark.slow
def test_protocol_takes_little_more_than_its_products():
    samples, x = uniform(0, 10_000, 784), uniform(1, 10_000, 784)
    ratios = []
    for _ in range(5):  # interleaved, so that other work on the machine falls on both sides
        start = time.perf_counter()
        samples @ x.T
        middle = time.perf_counter()
        parzen.evaluate(samples, x[:1000], x)
        ratios.append((time.perf_counter() - middle) / (middle - start))
    assert statistics.median(ratios) <= 2.5
