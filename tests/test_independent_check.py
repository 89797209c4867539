"""The script that computes shipped records' numbers again: that it shares no code with the package, its parts, its verdict.

Its parts are held against TensorFlow, SciPy and hand-made cases; what it finds on the shipped weights is marked slow.
"""

import ast
import os
import subprocess
import sys

import independent_check as check
import numpy as np
import pytest
import support
import tensorflow as tf
from scipy.special import logsumexp

from gan_repro.latent import sampling
from gan_repro.latent.priors import Prior
from gan_repro.system import randomness

SCRIPT = support.ROOT / "tests" / "independent_check.py"
GROUP = "independent recomputation"


def test_it_imports_nothing_of_what_it_checks():
    imported = set()
    for node in ast.walk(ast.parse(SCRIPT.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module.partition(".")[0])
        elif isinstance(node, ast.Name):  # nor in a roundabout way
            assert node.id not in ("__import__", "exec", "eval")
    assert "numpy" in imported
    assert imported <= sys.stdlib_module_names - {"importlib", "runpy", "subprocess"} | {"numpy", "h5py", "tensorflow_datasets"}


def test_alone_it_loads_nothing_of_what_it_checks():
    code = "import sys, independent_check; print([name for name in ('gan_repro', 'experiments') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=SCRIPT.parent, capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr


# Philox 4x32-10's known answers (Random123, kat_vectors): (counter, key, output)
KNOWN = [
    ([0, 0, 0, 0], (0, 0), [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 4, (0xFFFFFFFF, 0xFFFFFFFF), [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        (0xA4093822, 0x299F31D0),
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_philox_gives_its_known_answers(counter, key, words):
    assert check.philox(key, counter, 1).tolist() == [words]


@pytest.mark.parametrize("pair", [(0, 0), (5, 1), (-1, 7), (2**31 - 1, -(2**31)), (-123_456_789, 987_654_321)])
def test_uniform_numbers_are_tensorflows(pair):
    wanted = tf.random.stateless_uniform((301, 7), pair, -(3**0.5), 3**0.5, alg="philox").numpy()
    found = check.stateless_uniform([word & check.BITS for word in pair], (301, 7), -(3**0.5), 3**0.5)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("kind", check.PRIORS)
@pytest.mark.parametrize("seed", [0, 3, 2**31 - 1, -1, -17])
def test_noise_is_the_packages(kind, seed):
    np.testing.assert_array_equal(check.noise(kind, 1234, 9, seed), sampling.draw(Prior(kind, 9), 1234, seed))


def test_draws_for_reports_are_the_packages():
    for seed in (0, 1, 12_345, 2**31 - 1):
        assert check.draw_seed(seed, None) == seed
        assert [check.draw_seed(seed, k) for k in range(5)] == [randomness.report_seed(seed, k) for k in range(5)]


def test_transposed_convolution_is_tensorflows():
    random = np.random.default_rng(0)
    x, kernel = random.normal(size=(2, 7, 6, 3)), random.normal(size=(5, 5, 4, 3))
    wanted = tf.nn.conv2d_transpose(x, kernel, (2, 14, 12, 4), 2, "SAME").numpy()
    np.testing.assert_allclose(check.transposed_convolution(x, kernel), wanted, atol=1e-12)


def test_log_likelihood_is_the_mean_of_gaussians():
    random = np.random.default_rng(1)
    images, centres, sigma = random.random((700, 6)), random.random((40, 6)), 0.3
    exponents = -np.square(images[:, None] - centres).sum(axis=2) / (2 * sigma**2)
    wanted = logsumexp(exponents, axis=1, b=1 / 40) - 3 * np.log(2 * np.pi * sigma**2)
    np.testing.assert_allclose(check.log_likelihood(images, centres, sigma), wanted, rtol=1e-12)


def test_nearest_labels():
    centres, labels = np.array([[0.0, 0.0], [1.0, 1.0], [4.0, 0.0]]), np.array([7, 8, 9])
    images = np.array([[0.1, 0.0], [0.9, 0.8], [3.0, 0.0], [100.0, 0.0]])
    assert check.nearest_labels(images, centres, labels).tolist() == [7, 8, 9, 9]


def test_the_readers_gradients_are_those_of_differences():
    random = np.random.default_rng(2)
    images, labels = random.integers(0, 256, (20, 28, 28), dtype=np.uint8), random.integers(0, 10, 20)
    reader = check.Reader(images, labels, units=(784, 6, 5, 10), epochs=1, batch=20)
    reader.weights = [array.astype(np.float64) for array in reader.weights]
    x = images.reshape(20, -1) / 255

    def loss():
        logits = reader._layers(x)[-1]
        return np.mean(logsumexp(logits, axis=1) - logits[np.arange(20), labels])

    for array, gradient in zip(reader.weights, reader._gradients(x, labels)):
        direction = random.normal(size=array.shape)
        array += 1e-5 * direction
        after = loss()
        array -= 2e-5 * direction
        assert (after - loss()) / 2e-5 == pytest.approx(np.sum(gradient * direction), rel=1e-4, abs=1e-7)
        array += 1e-5 * direction


def test_a_number_that_is_off_is_said_and_fails(monkeypatch, capsys):
    text = "x: 1.0500 nats again, 1.0000 in the record, +0.0500 apart, at most 0.1: ok"
    assert check.line("x", "nats", 1.05, 1.0, 0.1) == (True, text)
    assert not check.line("x", "nats", 1.2, 1.0, 0.1)[0] and not check.line("x", "nats", float("nan"), 1.0, 0.1)[0]
    monkeypatch.setattr(check, "mnist", lambda *args: (None, None))
    for good, code in ((True, 0), (False, 1)):
        monkeypatch.setattr(check, "CHECKS", {"a": (lambda *args, good=good: iter([(good, "off"), (True, "fine")]), ())})
        assert check.main([]) == code and capsys.readouterr().out == "off\nfine\n"


# ---- on what is shipped ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def said():
    """What the script says of the shipped weights, as a process of its own: its lines."""
    if support.mnist_data_dir() is None:
        pytest.skip("needs real MNIST: set TFDS_DATA_DIR to a folder where TensorFlow Datasets has prepared it")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["OPENBLAS_NUM_THREADS"] = "1"  # threads of NumPy's products wait actively: on busy cores thrice the time
    done = subprocess.run([sys.executable, SCRIPT], env=environment, capture_output=True, text=True, timeout=3600)
    print(done.stdout, done.stderr)
    return done.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize(
    "what",
    [
        pytest.param(
            "parzen_log_likelihood",
            marks=pytest.mark.fault(
                group=GROUP,
                tried="goodfellow2014 (MNIST): noise, generator and Parzen window in float64 NumPy, no code of the package",
                outcome="within .1 nat of the record's log-likelihood, .01 of its standard error",
            ),
        ),
        pytest.param(
            "nearest_neighbour_error",
            marks=pytest.mark.fault(
                group=GROUP,
                tried="dcgan (MNIST): noise, generator and a 1-NN classifier on 10,000 samples likewise",
                outcome="within .05 points of the record's error",
            ),
        ),
        pytest.param(
            "label_accuracy",
            marks=pytest.mark.fault(
                group=GROUP,
                tried="dcgan (MNIST): labels of 10,000 samples, read by another classifier (98.5 % or more on test digits)",
                outcome="within 1 point of the record's accuracy",
            ),
        ),
    ],
)
def test_the_shipped_records_numbers_come_out_again(what, said):
    lines = [text for text in said if what in text or (what == "label_accuracy" and text.startswith("test digits"))]
    assert len(lines) == (1 if what == "nearest_neighbour_error" else 2)
    assert all(text.endswith(": ok") for text in lines), lines
