"""MS-SSIM against a plain float64 SSIM, its scales, and pairs within classes."""

import numpy as np
import pytest
from scipy import ndimage

from gan_repro.evaluation import similarity
from gan_repro.system.errors import DataError


def terms(a, b, window, sigma):
    """(mean luminance-contrast-structure, mean contrast-structure) of float64 images (h, w), by Wang et al. 2004, eq. 13."""
    at = np.arange(window) - (window - 1) / 2
    kernel = np.exp(-(at**2) / (2 * sigma**2))
    kernel = np.outer(kernel, kernel) / np.outer(kernel, kernel).sum()

    def mean(image):
        margin = window // 2
        return ndimage.correlate(image, kernel)[margin : image.shape[0] - margin, margin : image.shape[1] - margin]

    mu_a, mu_b = mean(a), mean(b)
    variance = mean(a * a) - mu_a**2, mean(b * b) - mu_b**2
    covariance = mean(a * b) - mu_a * mu_b
    c1, c2 = 0.01**2, 0.03**2
    structure = (2 * covariance + c2) / (sum(variance) + c2)
    return ((2 * mu_a * mu_b + c1) / (mu_a**2 + mu_b**2 + c1) * structure).mean(), structure.mean()


def halved(image):
    return image.reshape(image.shape[0] // 2, 2, image.shape[1] // 2, 2).mean(axis=(1, 3))


def reference(a, b):
    """MS-SSIM of float64 images (h, w) whose sides can be halved as often as there are coarser scales."""
    number, window = similarity.scales(*a.shape)
    weights = np.array(similarity.WEIGHTS[:number]) / sum(similarity.WEIGHTS[:number])
    value = 1.0
    for scale, weight in enumerate(weights):
        whole, structure = terms(a, b, window, 1.5 * window / 11)
        value *= max(whole if scale + 1 == number else structure, 0) ** weight
        a, b = (image if scale + 1 == number else halved(image) for image in (a, b))
    return value


def pictures(n, side=32, seed=0):
    """Smooth random images float32 (n, side, side, 1) in [0, 1]."""
    noise = np.random.default_rng(seed).random((n, side, side))
    smooth = ndimage.gaussian_filter(noise, (0, 2, 2))
    return (smooth - smooth.min()).astype(np.float32)[..., None] / np.float32(np.ptp(smooth))


@pytest.mark.parametrize("side", [28, 32])
def test_it_is_that_of_a_float64_reference(side):
    a, b = pictures(4, side), pictures(4, side, seed=1)
    b[0] = np.clip(a[0] + 0.1 * b[0], 0, 1)
    b[1] = 0.5 * a[1]
    found = similarity.ms_ssim(a, b)
    expected = [reference(*np.float64([x[..., 0], y[..., 0]])) for x, y in zip(a, b)]
    np.testing.assert_allclose(found, expected, atol=2e-4)
    assert found[0] > 0.8 > found[2] and found.dtype == np.float64


def test_equal_images_are_1_and_channels_are_averaged():
    a = pictures(3)
    np.testing.assert_allclose(similarity.ms_ssim(a, a), 1, atol=1e-6)
    colours = np.concatenate([a, pictures(3, seed=2), pictures(3, seed=3)], axis=-1)
    np.testing.assert_allclose(similarity.ms_ssim(colours, colours), 1, atol=1e-6)
    others = pictures(3, seed=5)
    np.testing.assert_allclose(similarity.ms_ssim(a, others), similarity.ms_ssim(others, a), atol=1e-6)
    np.testing.assert_array_equal(similarity.ms_ssim(a, others, chunk=2), similarity.ms_ssim(a, others, chunk=1))
    assert similarity.ms_ssim(a[:0], a[:0]).shape == (0,)


def test_small_images_have_fewer_scales():
    assert similarity.scales(28, 28) == similarity.scales(32, 40) == (3, 7)
    assert similarity.scales(256, 176) == (5, 11) and similarity.scales(64, 64) == (4, 7) and similarity.scales(7, 9) == (1, 7)
    with pytest.raises(DataError, match="6 x 9"):
        similarity.scales(6, 9)
    with pytest.raises(DataError, match="shapes"):
        similarity.ms_ssim(np.zeros((2, 28, 28, 1)), np.zeros((3, 28, 28, 1)))


def test_pairs_are_of_one_class_and_share_no_image():
    labels = np.random.default_rng(0).integers(0, 3, 100)
    found = similarity.pairs_within_classes(labels, 4, 10, np.random.default_rng(1))
    assert [pairs.shape for pairs in found] == [(10, 2)] * 3 + [(0, 2)]
    for label, pairs in enumerate(found):
        assert (labels[pairs] == label).all() and len(np.unique(pairs)) == pairs.size
    few = similarity.pairs_within_classes([0, 0, 0, 1], 2, 10, np.random.default_rng(1))
    assert [len(pairs) for pairs in few] == [1, 0]
