"""The classifier that judges samples: what it learns, its cache, and that nobody's random numbers notice it.

Its accuracy on real MNIST is marked slow; what is made of its readings is in test_measure.py.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import make_digits

from gan_repro.data.source import InMemory, Spec
from gan_repro.errors import UserError
from gan_repro.evaluation import classifier


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache for every test: the folder of its files."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "gan_repro"


@pytest.fixture
def trainings(monkeypatch):
    """The epochs of each training that takes place; none does: the weights stay as they begin."""
    calls = []

    def train(network, source, epochs):
        calls.append(epochs)
        return network.get_weights()

    monkeypatch.setattr(classifier, "_train", train)
    return calls


def scaled(images):
    return images.astype(np.float32) / 255


def test_it_learns_and_says_how_well():
    rng, sizes = np.random.default_rng(0), {"train": 400, "validation": 1, "test": 70}
    patterns = np.kron(rng.integers(0, 200, (3, 4, 4)), np.ones((7, 7)))[..., None]
    labels = {split: rng.integers(0, 3, n) for split, n in sizes.items()}
    images = {split: np.uint8(patterns[labels[split]] + rng.integers(0, 50, (n, 28, 28, 1))) for split, n in sizes.items()}
    images["test"][:30] = rng.integers(0, 255, (30, 28, 28, 1))  # these nobody can read
    judge = classifier.of(InMemory(Spec("squares", "squares", (28, 28, 1), 3, sizes), images, labels), epochs=8)
    read = judge.read(scaled(images["test"]))
    assert read.shape == (70,) and read.dtype == np.int64
    right = read == labels["test"]
    assert right[30:].all() and right.mean() == judge.accuracy < 1 and judge.n_test == 70
    features = judge.features(scaled(images["test"]))
    assert features.shape == (70, classifier.FEATURES) and features.dtype == np.float32
    assert features.min() == 0 and features.max() > 0


def test_its_features_and_logits_are_those_of_float64():
    network = classifier._build((28, 29, 3), 4)
    images = np.random.default_rng(0).random((2, 28, 29, 3))
    x = images
    weights = [np.asarray(weight, np.float64) for weight in network.get_weights()]
    for kernel, stride in zip(weights[0:6:2], (2, 1, 2)):  # biases begin at 0
        windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(1, 2))[:, ::stride, ::stride]
        x = np.maximum(np.einsum("nhwcij,ijco->nhwo", windows, kernel), 0)
    features = np.maximum(x.reshape(2, -1) @ weights[6], 0)
    judge = classifier.Classifier(network, 0.0, 1)
    np.testing.assert_allclose(judge.features(images), features, atol=1e-5)
    assert judge.read(images).tolist() == (features @ weights[8]).argmax(axis=1).tolist()


@pytest.mark.parametrize("shape", [(28, 28, 1), (30, 31, 1), (32, 32, 3), (8, 8, 1)])
def test_all_sizes_of_images_have_a_network(shape):
    judge = classifier.Classifier(classifier._build(shape, 7), 0.0, 1)
    images = np.random.default_rng(0).random((1003, *shape), dtype=np.float32)  # more than are computed at a time
    features = judge.features(images)
    assert features.shape == (1003, 128) and judge.read(images).max() < 7
    np.testing.assert_allclose(features[[0, 999, 1000, 1002]], judge.features(images[[0, 999, 1000, 1002]]), atol=1e-5)


def test_small_images_get_a_black_frame():
    small, large = (classifier.Classifier(classifier._build((size, size, 1), 3), 0.0, 1) for size in (13, 28))
    image = np.random.default_rng(0).random((1, 13, 13, 1), dtype=np.float32)
    framed = np.zeros((1, 28, 28, 1), np.float32)
    framed[:, 7:20, 7:20] = image
    np.testing.assert_allclose(small.features(image), large.features(framed), atol=1e-6)


def draws():
    keras_numbers = np.asarray(keras.random.normal((3,)))
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    return [keras_numbers, np.asarray(layer.kernel), tf.random.normal((3,)).numpy(), np.random.random(3)]


def test_it_neither_draws_from_global_random_states_nor_changes_them(digits):
    keras.utils.set_random_seed(5)
    expected = draws()
    keras.utils.set_random_seed(5)
    first = classifier.of(digits, 2)
    for found, wanted in zip(draws(), expected):
        np.testing.assert_array_equal(found, wanted)
    keras.utils.set_random_seed(6)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        again = classifier._train(classifier._build((8, 8, 1), 10), digits, 2)
    finally:
        keras.config.set_dtype_policy("float32")
    for found, wanted in zip(again, first.network.get_weights()):
        np.testing.assert_array_equal(found, wanted)
    assert any((a != b).any() for a, b in zip(again, classifier._build((8, 8, 1), 10).get_weights()))


# ---- the cache -----------------------------------------------------------------------------------------------------


def test_a_second_time_it_is_read(digits, cache, trainings, capsys):
    first = classifier.of(digits)
    assert "training the classifier" in capsys.readouterr().out
    second = classifier.of(make_digits())
    assert trainings == [classifier.EPOCHS] and capsys.readouterr() == ("", "")
    for a, b in zip(first.network.get_weights(), second.network.get_weights()):
        np.testing.assert_array_equal(a, b)
    assert first.accuracy == second.accuracy and len(list(cache.iterdir())) == 1


def test_other_epochs_data_architecture_or_training_are_other_classifiers(digits, cache, trainings, monkeypatch):
    classifier.of(digits)
    classifier.of(digits, 3)
    other = {split: digits.images(split).copy() for split in ("train", "validation", "test")}
    other["train"][0, 0, 0, 0] ^= 1
    classifier.of(InMemory(digits.spec, other, {split: digits.labels(split) for split in other}))
    for name, value in (
        ("FEATURES", 100),
        ("_CONVOLUTIONS", ((16, 5, 1), *classifier._CONVOLUTIONS[1:])),
        ("_RECIPE", classifier._RECIPE | {"rate": 1e-3}),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(classifier, name, value)
            classifier.of(digits)
    assert len(trainings) == 6 and len(list(cache.iterdir())) == 6
    classifier.of(digits)
    assert len(trainings) == 6


@pytest.mark.parametrize("damage", ["empty", "cut", "changed", "other arrays", "text"])
def test_a_damaged_cache_is_trained_and_written_again(digits, cache, trainings, damage):
    weights = classifier.of(digits).network.get_weights()
    (path,) = cache.iterdir()
    whole = path.read_bytes()
    if damage == "changed":
        path.write_bytes(whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:])
    elif damage == "other arrays":
        wrong = [weights[0][:1], *weights[1:]]
        np.savez(path, *wrong)
    else:
        path.write_bytes({"empty": b"", "cut": whole[: len(whole) // 2], "text": b"no archive"}[damage])
    again = classifier.of(digits).network.get_weights()
    assert len(trainings) == 2 and classifier._read(path, classifier._build((8, 8, 1), 10)) is not None
    for a, b in zip(again, weights):
        np.testing.assert_array_equal(a, b)
    assert list(cache.iterdir()) == [path]


def test_a_cache_that_cannot_be_written_is_a_note(digits, tmp_path, trainings, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert classifier.of(digits).n_test == 60
    assert "note: the classifier is not cached" in capsys.readouterr().err


def test_data_without_labels():
    images = {split: np.zeros((3, 8, 8, 1), np.uint8) for split in ("train", "validation", "test")}
    source = InMemory(Spec("faces", "some faces", (8, 8, 1), 0, dict.fromkeys(images, 3)), images)
    with pytest.raises(UserError, match="some faces has no labels"):
        classifier.of(source)


@pytest.mark.slow
def test_real_mnist(real_mnist):
    judge = classifier.of(real_mnist)
    assert judge.accuracy >= 0.99 and judge.n_test == 10_000
