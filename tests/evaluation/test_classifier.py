"""The classifier that judges samples: what it learns, which come with the program, its cache, and its random numbers.

What is made of its readings is in test_measured_by_classifier.py.
"""

import hashlib
import re
import shutil
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import make_digits

from gan_repro import ship
from gan_repro.data import names
from gan_repro.data.scaling import UNIT, ContrastNormalised
from gan_repro.data.source import InMemory, Spec
from gan_repro.evaluation import classifier
from gan_repro.system.errors import RunError, UserError

pytestmark = pytest.mark.played


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache for every test: the folder of its files."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "gan_repro"


@pytest.fixture
def trainings(monkeypatch):
    """(epochs, seed) of each training that takes place; none does: the weights stay as they begin."""
    calls = []

    def train(network, source, epochs, recipe, seen):
        calls.append((epochs, recipe["seed"]))
        return network.get_weights()

    monkeypatch.setattr(classifier, "_train", train)
    return calls


RECIPE = classifier.RECIPE | {"seed": 99}


def build(shape, classes):
    return classifier._build(shape, classes, RECIPE)


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
    network = build((28, 29, 3), 4)
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
    judge = classifier.Classifier(build(shape, 7), 0.0, 1)
    images = np.random.default_rng(0).random((1003, *shape), dtype=np.float32)  # more than are computed at a time
    features = judge.features(images)
    assert features.shape == (1003, 128) and judge.read(images).max() < 7
    np.testing.assert_allclose(features[[0, 999, 1000, 1002]], judge.features(images[[0, 999, 1000, 1002]]), atol=1e-5)


def test_small_images_get_a_black_frame():
    small, large = (classifier.Classifier(build((size, size, 1), 3), 0.0, 1) for size in (13, 28))
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
        again = classifier._train(build((8, 8, 1), 10), digits, 2, RECIPE)
    finally:
        keras.config.set_dtype_policy("float32")
    for found, wanted in zip(again, first.network.get_weights()):
        np.testing.assert_array_equal(found, wanted)
    assert any((a != b).any() for a, b in zip(again, build((8, 8, 1), 10).get_weights()))


def test_it_can_see_what_networks_see(digits):
    """Of images that do not lead back to pixels: the same training on the images that a source would have scaled."""
    seen = ContrastNormalised(8.0)
    judge, plain = classifier.of(digits, 2, seen=seen), classifier.of(digits, 2)
    images = seen(digits.images("test").astype(np.float32))
    assert judge.seen == seen and plain.seen == UNIT
    assert judge.accuracy == (judge.read(images) == digits.labels("test")).mean()
    assert any((a != b).any() for a, b in zip(judge.network.get_weights(), plain.network.get_weights()))
    again = classifier.of(digits, 2, seen=seen)
    for found, wanted in zip(again.network.get_weights(), judge.network.get_weights()):
        np.testing.assert_array_equal(found, wanted)


# ---- the cache -----------------------------------------------------------------------------------------------------


def test_a_second_time_it_is_read(digits, cache, trainings, capsys):
    first = classifier.of(digits)
    assert "training the classifier" in capsys.readouterr().out
    second = classifier.of(make_digits())
    assert trainings == [(classifier.EPOCHS, 99)] and capsys.readouterr() == ("", "")
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
        ("CONVOLUTIONS", ((16, 5, 1), *classifier.CONVOLUTIONS[1:])),
        ("RECIPE", classifier.RECIPE | {"rate": 1e-3}),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(classifier, name, value)
            classifier.of(digits)
    assert len(trainings) == 6 and len(list(cache.iterdir())) == 6
    classifier.of(digits)
    assert len(trainings) == 6


def test_the_second_classifier_has_a_seed_of_its_own(digits, cache, trainings):
    first, second = classifier.of(digits), classifier.of(digits, second=True)
    assert trainings == [(classifier.EPOCHS, 99), (classifier.EPOCHS, 199)] and len(list(cache.iterdir())) == 2
    kernels = [array for judge in (first, second) for array in judge.network.get_weights() if array.ndim > 1]
    assert len({array.tobytes() for array in kernels}) == len(kernels) == 10
    classifier.of(digits, second=True)
    assert len(trainings) == 2


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
    assert len(trainings) == 2 and len(classifier._read(path, build((8, 8, 1), 10))) == len(weights)
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


# ---- what comes with the program ---------------------------------------------------------------------------------------


FOLDER = classifier.SHIPPED / "classifier-mnist"
ROW = re.compile(r"\| (first|second) \| `(classifier-\w+\.npz)` \| (\d+) \| ([\d.]+) % \| `([0-9a-f]{64})` \|")


def card():
    """{name: (file, seed, accuracy in %, sha256)} of the card, and its text."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = ROW.findall(text)
    return {name: (FOLDER / file, int(seed), float(share), sha256) for name, file, seed, share, sha256 in rows}, text


def test_the_classifiers_of_mnist_are_small_files_of_float32_that_the_card_describes():
    rows, text = card()
    assert list(rows) == ["first", "second"] and [row[1] for row in rows.values()] == [99, 199]
    (real,) = FOLDER.glob("real-images-*.json")
    assert {row[0] for row in rows.values()} | {FOLDER / "README.md", real} == set(FOLDER.iterdir())
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 2e6
    for path, _, accuracy, sha256 in rows.values():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256 and accuracy >= 99
        with np.load(path) as arrays:
            assert {array.dtype for array in arrays.values()} == {np.dtype(np.float32)}
            # Kernels and biases of three convolutions and two dense layers
            assert sum(array.size for array in arrays.values()) == 416 + 4640 + 13_872 + 98_432 + 1290
    for word in (
        "50,000 training images",
        "10,000 test images",
        "gan_repro.ship --classifier=mnist",
        "threads",
        "TensorFlow 2",
        "Licence",
        names.licence("mnist"),
        "Not for anything else",
    ):
        assert word in text, word


@pytest.mark.slow
def test_with_an_empty_cache_nothing_is_trained_on_mnist(real_mnist, cache, monkeypatch, capsys):
    monkeypatch.setattr(classifier, "_train", lambda *args: pytest.fail("a training"))
    rows, text = card()
    test = scaled(real_mnist.images("test"))
    reads = []
    for name, second in (("first", False), ("second", True)):
        judge = classifier.of(real_mnist, second=second)
        reads.append(judge.read(test))
        # Another processor may round a logit, and so a doubtful digit, in another way.
        assert judge.n_test == 10_000 and 100 * judge.accuracy == pytest.approx(rows[name][2], abs=0.03)
        assert np.mean(reads[-1] == real_mnist.labels("test")) == judge.accuracy
    apart = int(re.search(r"On (\d+) test images they disagree", text)[1])
    assert np.sum(reads[0] != reads[1]) == pytest.approx(apart, abs=5)
    assert not cache.exists() and capsys.readouterr() == ("", "")


@pytest.mark.slow
def test_other_data_of_mnists_name_and_other_epochs_have_other_classifiers(real_mnist, trainings):
    few = {split: real_mnist.images(split)[:20] for split in ("train", "validation", "test")}
    labels = {split: real_mnist.labels(split)[:20] for split in few}
    classifier.of(InMemory(Spec("mnist", "MNIST", (28, 28, 1), 10, dict.fromkeys(few, 20)), few, labels))
    classifier.of(real_mnist, epochs=1)
    assert trainings == [(classifier.EPOCHS, 99), (1, 99)]


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["changed", "cut", "other arrays"])
def test_a_damaged_file_of_the_program_is_one_line(real_mnist, tmp_path, monkeypatch, trainings, damage):
    copy = shutil.copytree(FOLDER, tmp_path / "trained" / FOLDER.name)
    monkeypatch.setattr(classifier, "SHIPPED", copy.parent)
    path = copy / card()[0]["first"][0].name
    whole = path.read_bytes()
    if damage == "other arrays":
        np.savez(path, arr_0=np.zeros(3, np.float32))
    else:
        path.write_bytes(whole[:1000] if damage == "cut" else whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:])
    with pytest.raises(RunError, match="is damaged: .*install that again") as told:
        classifier.of(real_mnist)
    assert str(path) in str(told.value) and "\n" not in str(told.value) and trainings == []
    classifier.of(real_mnist, second=True)  # its file is whole


@pytest.mark.slow
def test_they_can_be_made_again(digits, tmp_path, monkeypatch):
    """Of small data: the same weights as `of` trains, and the card's numbers recounted."""
    monkeypatch.setattr(classifier, "SHIPPED", tmp_path / "trained")
    judges = [classifier.of(digits, second=second) for second in (False, True)]
    old = tmp_path / "trained" / "classifier-digits"
    old.mkdir(parents=True)
    (old / "left over").touch()
    folder = ship.ship_classifiers(digits, tmp_path / "trained")
    assert folder == old and len(list(folder.iterdir())) == 4
    text = (folder / "README.md").read_text(encoding="utf-8")
    rows, test = ROW.findall(text), scaled(digits.images("test"))
    for judge, second, (_, file, _, accuracy, sha256) in zip(judges, (False, True), rows):
        assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == sha256
        assert zipfile.is_zipfile(folder / file) and float(accuracy) == round(100 * judge.accuracy, 2)
        with monkeypatch.context() as patch:
            patch.setattr(classifier, "_train", lambda *args: pytest.fail("a training"))
            found = classifier.of(digits, second=second)
        for a, b in zip(found.network.get_weights(), judge.network.get_weights()):
            np.testing.assert_array_equal(a, b)
    apart = np.sum(judges[0].read(test) != judges[1].read(test))
    wrong = [judge.read(test) != digits.labels("test") for judge in judges]
    assert f"On {apart} test images they disagree; {np.sum(wrong[0] & wrong[1])} both read wrong." in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--classifier=mnist", "--workdir=x", "--precision=float16"], "without --workdir, --precision"),
        (["--classifier=npz:x.npz"], "npz nothing is published"),
        (["--classifier=gaussian1d"], "no labels"),
    ],
)
def test_what_has_no_classifiers_to_ship(words, said, capsys):
    assert ship.main(["ship", *words]) != 0
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1


@pytest.mark.slow
def test_training_on_real_mnist(real_mnist, tmp_path):
    """Shipped or not: the recipe still gives such a classifier."""
    judge, _ = classifier.train(real_mnist, tmp_path)
    assert judge.accuracy >= 0.99 and judge.n_test == 10_000
