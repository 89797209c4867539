"""What all tests share: quiet TensorFlow with two logical CPUs, generated examples that stay, data where it is prepared."""

import gc
import os
from pathlib import Path

import hypothesis
import pytest
from support import ROOT, make_digits, mnist_data_dir, programs  # noqa: F401

hypothesis.settings.register_profile(
    "same",
    derandomize=True,  # a test that is run twice gives the same answer
    deadline=None,  # time says more about what else the machine does
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
hypothesis.settings.load_profile("same")


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


def pytest_collection_finish():
    """What was imported stays: Python need not look through it for garbage each time, which took a second of a small run."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def same_examples(monkeypatch):
    """Examples are a function of the test alone.

    Hypothesis draws constants of our modules, too, that is of those which happen to be imported: others when other test
    files run in the same process. It has no public switch for that.
    """
    monkeypatch.setattr("hypothesis.internal.conjecture.providers.is_local_module_file", lambda path: False, raising=False)


@pytest.fixture
def real_mnist():
    """Real MNIST (data.load); skips, saying so, where it is not prepared."""
    if mnist_data_dir() is None:
        pytest.skip("needs real MNIST: set TFDS_DATA_DIR to a folder where TensorFlow Datasets has prepared it")
    from gan_repro import data

    return data.load("mnist")


@pytest.fixture
def digits():
    """support.make_digits, for a test."""
    return make_digits()


FEW_GLYPHS = {"train": 2000, "validation": 200, "test": 300}


@pytest.fixture(scope="session")
def few_glyphs_cache(tmp_path_factory):
    """A cache folder with some thousand of the built-in digits: rendering all of them takes 20 seconds."""
    from gan_repro.data import glyphs

    folder = tmp_path_factory.mktemp("glyphs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        patch.setattr(glyphs, "SIZES", FEW_GLYPHS)
        glyphs.load("glyphs", None, False)
    return folder


@pytest.fixture
def few_glyphs(few_glyphs_cache, monkeypatch):
    """`glyphs` has FEW_GLYPHS images, and nobody trains a classifier of them: it judges by random features."""
    from gan_repro.data import glyphs
    from gan_repro.evaluation import classifier

    monkeypatch.setenv("XDG_CACHE_HOME", str(few_glyphs_cache))
    monkeypatch.setattr(glyphs, "SIZES", FEW_GLYPHS)
    monkeypatch.setattr(classifier, "_train", lambda network, *rest: network.get_weights())


# ---- the programs as a user starts them ----------------------------------------------------------------------------


@pytest.fixture
def poison(tmp_path):
    """A folder with modules in the place of those that take seconds to import: importing one ends the process."""
    folder = tmp_path / "poison"
    folder.mkdir()
    for name in ("tensorflow", "keras", "tensorflow_datasets", "matplotlib"):
        (folder / f"{name}.py").write_text(f"raise SystemExit('{name} was imported')\n")
    return folder


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current folder, no prepared data and no network, for this process."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for key, value in programs.environment().items():
        monkeypatch.setenv(key, value)
    for key in os.environ.keys() - programs.environment().keys():
        monkeypatch.delenv(key)
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """An .npz file with 300 images of 8 x 8: 240 to train, 30 to validate, 30 to test. Nobody may change it."""
    from support import tiny_runs

    path = tmp_path_factory.mktemp("data") / "tiny.npz"
    tiny_runs.write_data(path)
    return path


@pytest.fixture
def only_glyphs(here, few_glyphs, tmp_path):
    """The command line of a run that finds no MNIST and, for once, the glyphs at hand."""
    return ["run", programs.G, *programs.TINY, "--epochs=1", f"--data_dir={tmp_path / 'empty'}"]
