"""Scalings against float64, arrays and tensors alike. Which experiment wants which is not tested here."""

import numpy as np
import pytest
import tensorflow as tf

from gan_repro.data.scaling import ContrastNormalised, Linear, to_pixels
from gan_repro.system.errors import DataError

IMAGES = np.random.default_rng(0).integers(0, 256, (50, 4, 5, 3)).astype(np.float32)


@pytest.mark.parametrize("convert", [np.asarray, tf.constant])
def test_contrast_normalisation_is_that_of_float64(convert):
    flat = IMAGES.astype(np.float64).reshape(50, -1)
    centred = flat - flat.mean(axis=1, keepdims=True)
    expected = 55 * centred / np.linalg.norm(centred, axis=1, keepdims=True)
    scaled = np.asarray(ContrastNormalised(55.0)(convert(IMAGES)))
    assert scaled.dtype == np.float32 and scaled.shape == IMAGES.shape
    np.testing.assert_allclose(scaled.reshape(50, -1), expected, atol=2e-5)
    np.testing.assert_allclose(np.linalg.norm(scaled.reshape(50, -1), axis=1), 55, rtol=1e-6)


@pytest.mark.parametrize("convert", [np.asarray, tf.constant])
def test_an_image_of_one_colour_becomes_0(convert):
    assert (np.asarray(ContrastNormalised()(convert(np.full((1, 2, 2, 1), 77, np.float32)))) == 0).all()


def test_what_is_shown_black_and_white():
    assert Linear(-1, 1).shown(IMAGES) == (-1, 1)
    samples = np.array([-3.0, 0.5, 2.0], np.float32).reshape(3, 1, 1, 1)
    assert ContrastNormalised().shown(samples) == (-3, 3)  # the paper's way: divided by the largest absolute value
    assert ContrastNormalised().shown(0 * samples) == (-1, 1)
    assert str(Linear(-1, 1)) == "pixels in [-1, 1]" and str(ContrastNormalised(55)) == "contrast-normalised to norm 55"


@pytest.mark.parametrize("scaling", [Linear(), Linear(-1, 1)])
def test_back_to_pixels_in_0_1(scaling):
    back = scaling.unit(scaling(IMAGES))
    assert back.dtype == np.float32 and back.shape == IMAGES.shape
    np.testing.assert_allclose(back, IMAGES.astype(np.float64) / 255, atol=2e-7)


def test_what_is_beyond_is_cut_off():
    samples = np.array([-1.5, -1, 0, 0.5, 1, 3], np.float32)
    np.testing.assert_array_equal(Linear(-1, 1).unit(samples), [0, 0, 0.5, 0.75, 1, 1])
    with pytest.raises(DataError, match="contrast-normalised to norm 55: there is no way back"):
        ContrastNormalised().unit(samples)


@pytest.mark.parametrize("scaling", [Linear(), Linear(-1, 1), Linear(-3, 0.5)])
def test_pixels_come_back(scaling):
    pixels = np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1)
    found = to_pixels(scaling(pixels.astype(np.float32)), *scaling.shown(None))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, pixels)


def test_pixels_outside_are_clipped_and_nan_is_refused():
    assert to_pixels([-9.0, 0.0, 9.0], -1, 1).tolist() == [0, 128, 255]
    with pytest.raises(ValueError, match="not finite"):
        to_pixels([np.nan], 0, 1)
