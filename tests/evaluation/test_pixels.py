"""A run as pixels of the data's own images: no frame, [0, 1], under the data's own name; and nothing else changes."""

import dataclasses
import types

import numpy as np
import pytest
from support import noise

from gan_repro.data.preparation import Pad
from gan_repro.data.scaling import ContrastNormalised, Linear
from gan_repro.evaluation import measures, pixels
from gan_repro.system.errors import DataError


@pytest.fixture
def framed():
    """28 x 28 noise in a frame, seen in [-1, 1]."""
    return Pad(32, 33)(noise.source((28, 28, 1), Linear(-1.0, 1.0), 60))


def test_the_datas_own_images_come_back(framed):
    bare = noise.source((28, 28, 1), train=60)
    own, unit = pixels.of_data(framed)
    assert own.spec == bare.spec and own.digest() == bare.digest()
    for split in ("train", "test"):
        np.testing.assert_array_equal(own.images(split), bare.images(split))
        np.testing.assert_allclose(unit(framed.scaled(split)), bare.scaled(split), atol=1e-6)
    assert framed.spec.shape == (32, 33, 1) and framed.spec.scaling == Linear(-1.0, 1.0)


def test_data_without_a_frame_stay_as_they_are():
    bare = noise.source((5, 6, 3), Linear(-1.0, 1.0))
    own, unit = pixels.of_data(bare)
    assert own.spec.shape == (5, 6, 3) and bare.spec.scaling == Linear(-1.0, 1.0)
    np.testing.assert_allclose(unit(bare.scaled("test")), own.scaled("test"), atol=1e-6)
    _, no_way = pixels.of_data(noise.source((5, 6, 3), ContrastNormalised()))
    with pytest.raises(DataError, match="no way back"):
        no_way(np.zeros((1, 5, 6, 3)))


def test_a_run_draws_pixels(framed):
    drawn = np.random.default_rng(0).uniform(-1, 1, (4, 32, 33, 1)).astype(np.float32)
    run = types.SimpleNamespace(
        source=framed, samples=lambda *a, **b: drawn, kinds=lambda: ["last"], measurement=lambda *a, **rest: rest
    )
    seen = pixels.Pixels(run)
    np.testing.assert_allclose(seen.samples("last", 4), (drawn[:, 2:30, 2:30] + 1) / 2, atol=1e-6)
    assert seen.kinds() == ["last"] and seen.measurement("m")["dataset"] == "noise"
    assert seen.measurement("m", dataset="other")["dataset"] == "other"


def test_a_log_likelihood_of_pixels_is_that_of_the_bare_data(framed):
    """Validation by images in a frame, in [-1, 1], says what it says of the same images without."""
    bare = noise.source((28, 28, 1), train=60)
    samples = np.random.default_rng(1).random((50, 28, 28, 1), np.float32)
    expected = measures.ParzenLogLikelihood().validation(None, bare)(samples)
    spec = dataclasses.replace(framed.spec)
    seen = 2 * np.pad(samples, framed._frame) - 1
    found = measures.ParzenLogLikelihood(pixels=True).validation(None, framed)(seen)
    assert found == pytest.approx(expected, rel=1e-4) and framed.spec == spec
    assert measures.ParzenLogLikelihood(validates=False, pixels=True).validation(None, framed) is None
