"""The Fréchet distance in given features against SciPy's matrix root, and the network itself where it is installed."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import linalg

from gan_repro.evaluation import inception, measure, scores
from gan_repro.system.errors import DataError

D = 6


def stub(seen=None, channels=3, pixels=64):
    """An Extract: a fixed linear map of the pixels to D features."""
    weights = np.random.default_rng(1).normal(size=(pixels * channels, D))

    def extract(images):
        if seen is not None:
            seen.append(images.copy())
        return images.reshape(len(images), -1) @ weights

    return extract


def expected(a, b):
    """The formula of Heusel et al. 2017 in float64."""
    ca, cb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    return float(np.square(a.mean(0) - b.mean(0)).sum() + np.trace(ca + cb - 2 * linalg.sqrtm(ca @ cb).real))


@pytest.mark.parametrize("n", [100, 57])
def test_it_is_the_formula_of_as_many_training_images_in_random_order(digits, n):
    images = np.random.default_rng(0).random((n, 8, 8, 1)).astype(np.float32)
    found = inception.measured(images, digits, stub(), scores.SAMPLES)
    levels = np.round(255 * np.float64(images)).repeat(3, axis=-1)
    real = np.float64(digits.rows("train", measure.random_order(digits)[:n])).repeat(3, axis=-1)
    assert found.value == pytest.approx(expected(stub()(levels), stub()(real)), rel=1e-8)
    assert (found.metric, found.n_samples, found.split, found.subject) == (inception.METRIC, n, "train", scores.SAMPLES)


def test_the_network_is_given_all_levels_of_coloured_images(digits):
    seen = []
    images = np.linspace(0, 1, 256 * 64).reshape(256, 8, 8, 1).astype(np.float32)
    inception.measured(images, digits, stub(seen), scores.SAMPLES)
    (given,) = seen
    assert given.dtype == np.uint8 and given.shape[1:] == (8, 8, 3)
    np.testing.assert_array_equal(given, given[..., :1].repeat(3, axis=-1))
    np.testing.assert_array_equal(given[:256, ..., :1], np.round(255 * np.float64(images)))


def test_training_images_themselves_have_none(digits):
    chosen = measure.random_order(digits)[:100]
    images = digits.rows("train", chosen).astype(np.float32) / 255
    assert inception.measured(images, digits, stub(), scores.SAMPLES).value == pytest.approx(0, abs=1e-5)


def test_other_channels_are_refused(digits):
    with pytest.raises(DataError, match="2 channels"):
        inception.measured(np.zeros((4, 8, 8, 2), np.float32), digits, stub(), scores.SAMPLES)


# ---- torch-fidelity's network, with random weights ---------------------------------------------------------------------

# It has no constructor without weights. PyTorch and TensorFlow stay in processes of their own.
RANDOM = """
import sys, numpy as np, torch
from torch_fidelity import feature_extractor_inceptionv3 as module
kind = module.FeatureExtractorInceptionV3
module.load_state_dict_from_url, kind.load_state_dict = (lambda *a, **k: {}), lambda self, state: None
torch.manual_seed(0)
network = kind("inception", ["2048"])
torch.save(network.state_dict(), "weights.pth")
torch.save(dict(list(network.state_dict().items())[1:]), "other.pth")
torch.save(torch.nn.Linear(2, 2), "pickled.pth")
images = np.load("images.npy")
with torch.no_grad():
    np.save("known.npy", network(torch.tensor(np.moveaxis(images, -1, 1).copy()))[0].numpy())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With weights.pth, other.pth, pickled.pth, images.npy, and what the network with the first makes of the last."""
    if inception.importlib.util.find_spec("torch_fidelity") is None:
        pytest.skip("needs torch-fidelity: pip install -e '.[inception]'")
    place = tmp_path_factory.mktemp("inception")
    np.save(place / "images.npy", np.random.default_rng(0).integers(0, 256, (3, 12, 9, 3), np.uint8))
    subprocess.run([sys.executable, "-c", RANDOM], cwd=place, check=True)
    (place / "damaged.pth").write_bytes((place / "weights.pth").read_bytes()[:1000])
    return place


@pytest.mark.slow
def test_features_are_those_of_the_weights_in_the_file(folder):
    found = inception.extractor(folder / "weights.pth")(np.load(folder / "images.npy"))
    assert found.shape == (3, 2048) and found.dtype == np.float32 and found.std() > 0
    np.testing.assert_allclose(found, np.load(folder / "known.npy"), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["other.pth", "pickled.pth", "damaged.pth"])
def test_other_weights_pickled_code_and_a_damaged_file_are_refused_in_one_line(folder, name):
    with pytest.raises(DataError, match=name) as caught:
        inception.extractor(folder / name)(np.load(folder / "images.npy"))
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_samples_are_scored_beside_tensorflow(folder, digits):
    images = np.random.default_rng(0).random((20, 8, 8, 1)).astype(np.float32)
    found = inception.measured(images, digits, inception.extractor(folder / "weights.pth"), scores.SAMPLES)
    assert np.isfinite(found.value) and found.value > 0
