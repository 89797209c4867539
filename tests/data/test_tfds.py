"""MNIST and CIFAR-10 through TFDS: a small set of the same build stands in, real data are checked where they are."""

import dataclasses
import hashlib
import shutil
import socket
import threading
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
from tensorflow_datasets.core import hashing

from gan_repro import data
from gan_repro.data import from_tfds
from gan_repro.data.source import DatasetUnavailable
from gan_repro.system.errors import DataError

TRAIN, TEST = 60, 20


def original(split):
    """Images that show their number, and their labels, in the "original" order."""
    n = {"train": TRAIN, "test": TEST}[split]
    images = np.arange(n * 28 * 28).reshape(n, 28, 28, 1) % 251 + (split == "test")
    return images.astype(np.uint8), np.arange(n) * 7 % 10


class Tiny(tfds.core.GeneratorBasedBuilder):
    """What TFDS's MNIST is, with 80 images and nothing to download."""

    VERSION = tfds.core.Version("3.0.1")
    broken = False

    def _info(self):
        features = {"image": tfds.features.Image(shape=(28, 28, 1)), "label": tfds.features.ClassLabel(num_classes=10)}
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        if Tiny.broken:
            raise ConnectionError("the line went dead\nafter 3 MiB")
        return {split: self._generate_examples(split) for split in ("train", "test")}

    def _generate_examples(self, split):
        for index, (image, label) in enumerate(zip(*original(split))):
            yield index, {"image": image, "label": label}


@pytest.fixture(scope="module")
def prepared_once(tmp_path_factory):
    root = tmp_path_factory.mktemp("tfds")
    Tiny(data_dir=str(root)).download_and_prepare()
    return root


@pytest.fixture
def tiny(prepared_once, tmp_path, monkeypatch):
    """A data directory with "tiny" prepared, known to from_tfds as if it were MNIST."""
    shutil.copytree(prepared_once, tmp_path / "data")
    sha256 = {}
    for split in ("train", "test"):
        images, labels = original(split)
        sha256[split] = hashlib.sha256(images.tobytes() + labels.astype(np.uint8).tobytes()).hexdigest()
    entry = from_tfds._Set("Tiny", (28, 28, 1), 50, TRAIN, "https://host.invalid/tiny", sha256)
    monkeypatch.setitem(from_tfds._SETS, "tiny", entry)
    return tmp_path / "data"


@pytest.fixture
def no_network(monkeypatch):
    """Any use of the network fails the test."""

    def refuse(*args, **kwargs):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_prepared_data_are_read_in_the_original_order_without_a_network(tiny, no_network):
    source = from_tfds.load("tiny", tiny)
    images, labels = original("train")
    np.testing.assert_array_equal(source.images("train"), images[:50])
    np.testing.assert_array_equal(source.images("validation"), images[50:])
    np.testing.assert_array_equal(source.labels("validation"), labels[50:])
    np.testing.assert_array_equal(source.images("test"), original("test")[0])
    assert source.spec.sizes == {"train": 50, "validation": 10, "test": TEST}


def test_positions_follow_tfds_own_hash():
    hasher = hashing.Hasher("train")
    keys = np.argsort([hasher.hash_key(index) for index in range(500)])  # the examples as TFDS writes them
    np.testing.assert_array_equal(keys[from_tfds._original_positions("train", 500)], np.arange(500))


def test_the_data_directory_in_force(monkeypatch, tmp_path):
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    assert from_tfds.folder_of(None) == Path.home() / "tensorflow_datasets"
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    assert from_tfds.folder_of(None) == tmp_path
    assert from_tfds.folder_of("~/x") == Path.home() / "x"


def test_the_newest_whole_version_is_taken(tmp_path):
    for version in ("3.0.1", "3.0.10", "3.1.0.incompleteABC", "2.9.9"):
        (tmp_path / "mnist" / version).mkdir(parents=True)
        (tmp_path / "mnist" / version / "dataset_info.json").touch()
    (tmp_path / "mnist" / "9.0.0").mkdir()
    assert from_tfds.prepared("mnist", tmp_path).name == "3.0.10"


def damage_truncate(folder):
    file = next(folder.glob("*train*"))
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def damage_flip(folder):
    file = next(folder.glob("*train*"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def damage_remove(folder):
    next(folder.glob("*test*")).unlink()


def damage_info(folder):
    (folder / "dataset_info.json").write_text('{"name": "ti')


def damage_features(folder):
    (folder / "features.json").write_text("")


@pytest.mark.parametrize(
    "damage", [damage_truncate, damage_flip, damage_remove, damage_info, damage_features], ids=lambda f: f.__name__
)
def test_damaged_data_are_named_with_what_to_do(tiny, damage):
    folder = tiny / "tiny" / "3.0.1"
    damage(folder)
    with pytest.raises(DataError, match="is damaged.*Delete that folder") as caught:
        from_tfds.load("tiny", tiny)
    assert str(folder) in str(caught.value) and "\n" not in str(caught.value)


def test_other_images_under_the_same_name_are_refused(tiny, monkeypatch):
    entry = from_tfds._SETS["tiny"]
    monkeypatch.setitem(from_tfds._SETS, "tiny", dataclasses.replace(entry, sha256={"train": "0" * 64}))
    with pytest.raises(DataError, match="train part is not the original: 60 images"):
        from_tfds.load("tiny", tiny)


def test_what_is_not_there_is_downloaded_and_prepared(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(from_tfds, "unreachable", lambda url: None)
    monkeypatch.setattr(tfds, "builder", lambda name, data_dir, try_gcs: Tiny(data_dir=data_dir))
    source = from_tfds.load("tiny", tmp_path / "new")
    np.testing.assert_array_equal(source.images("test"), original("test")[0])
    monkeypatch.setattr(from_tfds, "unreachable", None)  # the second time nobody asks
    from_tfds.load("tiny", tmp_path / "new")


def test_a_download_that_breaks_off_is_one_clear_error(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(from_tfds, "unreachable", lambda url: None)
    monkeypatch.setattr(tfds, "builder", lambda name, data_dir, try_gcs: Tiny(data_dir=data_dir))
    monkeypatch.setattr(Tiny, "broken", True)
    with pytest.raises(DatasetUnavailable, match="its download failed.*the line went dead") as caught:
        from_tfds.load("tiny", tmp_path / "new")
    assert "\n" not in str(caught.value)
    assert from_tfds.prepared("tiny", tmp_path / "new") is None


def test_a_data_directory_that_cannot_be_written_to(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(from_tfds, "unreachable", lambda url: None)
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="no folder that can be written to"):
        from_tfds.load("tiny", tmp_path / "file")


def test_no_network_is_found_out_in_time_even_if_names_hang(tmp_path, monkeypatch):
    released, over = threading.Event(), []

    def hang(*args, **kwargs):
        released.wait(300)
        over.append(True)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    monkeypatch.setattr(from_tfds.unreachable, "__defaults__", (1,))
    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    with pytest.raises(DatasetUnavailable) as caught:
        data.load("mnist", data_dir=tmp_path / "none")
    assert over == [] and from_tfds.PATIENCE < 12  # seconds
    released.set()
    place = str(tmp_path / "none" / "mnist")
    for part in (place, "within 1 seconds", "TFDS_DATA_DIR", "--data_dir", "--dataset=glyphs"):
        assert part in str(caught.value)
    assert not (tmp_path / "none").exists()


def test_a_server_that_accepts_and_says_nothing(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert "0.5 seconds" in from_tfds.unreachable(f"http://127.0.0.1:{server.getsockname()[1]}/", seconds=0.5)


def test_downloading_can_be_forbidden(tmp_path, no_network):
    with pytest.raises(DatasetUnavailable, match="not allowed"):
        data.load("cifar10", data_dir=tmp_path, download=False)


def real(name):
    root = from_tfds.folder_of(None)
    if from_tfds.prepared(name, root) is None:
        pytest.skip(f"{name} is not prepared in {root} (set TFDS_DATA_DIR)")
    return data.load(name, download=False)


def test_real_mnist():
    mnist = real("mnist")
    assert mnist.spec.sizes == {"train": 50_000, "validation": 10_000, "test": 10_000}
    assert mnist.spec.shape == (28, 28, 1) and mnist.spec.title == "MNIST"
    assert mnist.labels("train")[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]  # as in the original files
    assert mnist.labels("test")[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    both = np.concatenate([mnist.images("train"), mnist.images("validation")])
    labels = np.concatenate([mnist.labels("train"), mnist.labels("validation")])
    assert both.mean() == pytest.approx(33.318, abs=5e-4)
    assert np.bincount(labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(mnist.labels("test")).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    # The md5 of the original file of training images, unpacked.
    header = b"".join(int(value).to_bytes(4, "big") for value in (2051, 60_000, 28, 28))
    assert hashlib.md5(header + both.tobytes()).hexdigest() == "6bbc9ace898e44ae57da46a324031adb"


@pytest.mark.slow
def test_real_cifar10():
    cifar = real("cifar10")
    assert cifar.spec.sizes == {"train": 40_000, "validation": 10_000, "test": 10_000}
    assert cifar.labels("train")[:5].tolist() == [6, 9, 9, 4, 1]
    assert cifar.labels("test")[:5].tolist() == [3, 8, 8, 0, 6]
