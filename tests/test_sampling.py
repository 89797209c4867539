"""Images of a generator whose dropout stays on: a mask for each image, or one for all; a function of the seed alone."""

import keras
import numpy as np
import pytest

from gan_repro.latent.sampling import images_of
from gan_repro.networks.layers import Dropout


@pytest.fixture(scope="module")
def noisy():
    """z (m, 30) -> z with half of its numbers dropped, as an "image" (5, 6, 1)."""
    z = keras.Input((30,))
    x = Dropout(0.5, 2.0, always=True)(z)
    return keras.Model(z, keras.layers.Reshape((5, 6, 1))(x))


def test_every_image_has_a_mask_of_its_own_that_follows_from_the_seed(noisy):
    z = np.ones((250, 30), np.float32)
    images = images_of(noisy, z, seed=3).reshape(250, 30)
    assert set(np.unique(images)) == {0, 2} and images.mean() == pytest.approx(1, abs=0.05)
    assert len(np.unique(images, axis=0)) == 250
    np.testing.assert_array_equal(images_of(noisy, z, seed=3).reshape(250, 30), images)
    np.testing.assert_array_equal(images_of(noisy, z[:120], seed=3).reshape(120, 30), images[:120])
    assert (images_of(noisy, z, seed=4).reshape(250, 30) != images).any(axis=1).all()


def test_without_a_seed_all_images_share_one_mask(noisy):
    z = np.linspace(1, 2, 250, dtype=np.float32)[:, None] * np.ones(30, np.float32)
    images = images_of(noisy, z).reshape(250, 30)
    kept = images[0] != 0
    assert 5 < kept.sum() < 25
    np.testing.assert_array_equal(images, 2 * z * kept)


def test_without_a_seed_each_strip_has_a_mask_of_its_own(noisy):
    images = images_of(noisy, np.ones((240, 30), np.float32), chunk=25, strips=4).reshape(4, 60, 30)
    assert (images == images[:, :1]).all() and len(np.unique(images[:, 0], axis=0)) == 4
    np.testing.assert_array_equal(images[0], images_of(noisy, np.ones((60, 30), np.float32)).reshape(60, 30))
    seeded = images_of(noisy, np.ones((240, 30), np.float32), seed=2, strips=4).reshape(240, 30)
    assert len(np.unique(seeded, axis=0)) == 240


def test_dropout_that_is_not_always_on_is_off():
    z = keras.Input((4,))
    plain = keras.Model(z, keras.layers.Reshape((2, 2, 1))(Dropout(0.5, 2.0)(z)))
    np.testing.assert_array_equal(images_of(plain, np.ones((3, 4), np.float32), seed=1), np.ones((3, 2, 2, 1)))
