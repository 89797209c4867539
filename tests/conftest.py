"""What all tests share: quiet TensorFlow with two logical CPUs, small data, real MNIST where it is prepared."""

import os
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser):
    """The option that writes results/reliability.md."""
    parser.addoption("--reliability", metavar="FOLDER", help="write reliability.md and .json of the tests that try faults")


def pytest_configure(config):
    """Two logical CPUs, before anything starts TensorFlow's devices: the tests of several replicas need them."""
    from gan_repro.system import tensorflow_setup

    tensorflow_setup.prepare(logical_cpus=2)
    folder = config.getoption("reliability")
    if folder:
        from support import reliability

        config.pluginmanager.register(reliability.Report(Path(folder)))


def mnist_data_dir():
    """The folder with prepared MNIST, or None."""
    folder = os.environ.get("TFDS_DATA_DIR")
    return folder if folder and (Path(folder) / "mnist").is_dir() else None


@pytest.fixture
def real_mnist():
    """Real MNIST (data.load); skips, saying so, where it is not prepared."""
    if mnist_data_dir() is None:
        pytest.skip("needs real MNIST: set TFDS_DATA_DIR to a folder where TensorFlow Datasets has prepared it")
    from gan_repro import data

    return data.load("mnist")


def make_digits():
    """A small in-memory source: 200 training, 50 validation, 60 test images of 8 x 8, 10 classes, noisy patterns."""
    from gan_repro.data.source import InMemory, Spec

    rng = np.random.default_rng(7)
    sizes = {"train": 200, "validation": 50, "test": 60}
    labels = {split: rng.integers(0, 10, n) for split, n in sizes.items()}
    patterns = rng.random((10, 8, 8, 1)) * 200
    images = {
        split: np.uint8(np.clip(patterns[labels[split]] + rng.normal(0, 20, (n, 8, 8, 1)), 0, 255))
        for split, n in sizes.items()
    }
    images["train"][0], images["train"][1] = 0, 255
    return InMemory(Spec("digits", "random blobs", (8, 8, 1), 10, sizes), images, labels)


@pytest.fixture
def digits():
    """make_digits, for a test."""
    return make_digits()


FEW_GLYPHS = {"train": 2000, "validation": 200, "test": 300}


@pytest.fixture(scope="session")
def few_glyphs_cache(tmp_path_factory):
    """A cache folder with some thousand of the built-in digits: rendering all of them takes 20 seconds."""
    from gan_repro.data import glyphs

    folder = tmp_path_factory.mktemp("glyphs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        glyphs.write_cache(glyphs.cache_path(), {split: glyphs.generate(split, n) for split, n in FEW_GLYPHS.items()})
    return folder


@pytest.fixture
def few_glyphs(few_glyphs_cache, monkeypatch):
    """`glyphs` has FEW_GLYPHS images, and nobody trains a classifier of them: it judges by random features."""
    from gan_repro.data import glyphs
    from gan_repro.evaluation import classifier

    monkeypatch.setenv("XDG_CACHE_HOME", str(few_glyphs_cache))
    monkeypatch.setattr(glyphs, "SIZES", FEW_GLYPHS)
    monkeypatch.setattr(classifier, "_train", lambda network, *rest: network.get_weights())
