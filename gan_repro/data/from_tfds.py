"""MNIST, CIFAR-10 and SVHN through TensorFlow Datasets: prepared data first, else a download if there is a network.

The images come in the order of the original files. streams.py has the data that do not fit in memory; they are found and
fetched by the functions of this module.
"""

import dataclasses
import hashlib
import importlib.util
import os
import re
import threading
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gan_repro.data import source
from gan_repro.system.errors import DataError

PATIENCE = 6  # seconds in which a server must answer; TFDS itself would try for minutes
GLYPHS = "--dataset=glyphs trains on digits that this program renders itself"


@dataclasses.dataclass(frozen=True)
class _Set:
    """One data set of TFDS.

    Attributes:
      title: for captions.
      shape: of one image.
      train, total: the first `train` of `total` training images are for training, the rest for validation: for MNIST and
        CIFAR-10 the division in the code of Goodfellow et al. (2014).
      url: a file that TFDS would fetch.
      sha256: {TFDS's split: of all images, then of all labels (uint8), in the original order}; where it is not known:
      ids: {TFDS's split: number of images}; their `id` must be SPLIT_000000, SPLIT_000001, ... in the original order.
      needs: a module that preparing takes, and TFDS does not bring; "": none.
      instead: what to do where the data cannot be had, for the end of that message.
    """

    title: str
    shape: tuple[int, int, int]
    train: int
    total: int
    url: str
    sha256: Mapping[str, str] = dataclasses.field(default_factory=dict)
    ids: Mapping[str, int] = dataclasses.field(default_factory=dict)
    needs: str = ""
    instead: str = GLYPHS


_SETS = {
    "mnist": _Set(
        "MNIST",
        (28, 28, 1),
        50_000,
        60_000,
        "https://storage.googleapis.com/cvdf-datasets/mnist/train-labels-idx1-ubyte.gz",
        {
            "train": "edc0d1098aa497be14ace79ddd5171e5a3dcf9c4d196c015389203eb3ba1f59b",
            "test": "c3f9adf9c66efb572b1f9326c3a511b45910c7173b97be66ceceeeeaef6b802b",
        },
    ),
    "cifar10": _Set(
        "CIFAR-10",
        (32, 32, 3),
        40_000,
        50_000,
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        {
            "train": "f912919bdea371136f1aa4feed6beeca728015a5f08b1899a29c932a7e30be2b",
            "test": "8193b3fbce55bec361cd1b8fd4880cb1649832dc4d6de6da1e7a21847a4843aa",
        },
    ),
    "svhn_cropped": _Set(
        "SVHN",
        (32, 32, 3),
        63_257,
        73_257,
        "http://ufldl.stanford.edu/housenumbers/test_32x32.mat",
        ids={"train": 73_257, "test": 26_032},
    ),
}


def load(name: str, data_dir: str | Path | None = None, download: bool = True) -> source.InMemory:
    """MNIST, CIFAR-10 or SVHN's cropped digits.

    Args:
      name: "mnist", "cifar10" or "svhn_cropped".
      data_dir: TFDS's data directory; None: as `folder_of`.
      download: whether TFDS may fetch and prepare what is not there.

    Returns:
      source.InMemory with images uint8 (n, 28, 28, 1) or (n, 32, 32, 3) and labels 0..9. Splits are those of the
      original order: MNIST 50,000 train, 10,000 validation, 10,000 test; CIFAR-10 40,000, 10,000, 10,000; SVHN 63,257,
      10,000, 26,032. Of SVHN's training set Radford et al. (2015) take 10,000 images for validation at random
      (dcgan_code, svhn/load.py), here they are the last ones; the part `extra` is left out, as theirs is.

    Raises:
      source.DatasetUnavailable: it is not prepared and cannot be fetched; known within PATIENCE seconds of asking,
        except where a download that has begun breaks off.
      DataError: the prepared data are damaged or not what they should be, or the folder cannot be written to.
    """
    entry, data_dir = _SETS[name], folder_of(data_dir)
    folder = prepared(name, data_dir)
    if folder is None:
        folder = fetch(name, entry, data_dir, download)
    images, labels = _read(folder, name, "train")
    test_images, test_labels = _read(folder, name, "test")
    cut = entry.train
    sizes = {"train": cut, "validation": entry.total - cut, "test": len(test_images)}
    return source.InMemory(
        source.Spec(name, entry.title, entry.shape, 10, sizes),
        {"train": images[:cut], "validation": images[cut:], "test": test_images},
        {"train": labels[:cut], "validation": labels[cut:], "test": test_labels},
    )


def folder_of(data_dir: str | Path | None) -> Path:
    """The data directory in force: `data_dir`, else $TFDS_DATA_DIR, else TFDS's own default."""
    return Path(os.path.expanduser(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"))


def prepared(name: str, data_dir: str | Path) -> Path | None:
    """The folder of the newest prepared version of `name` under `data_dir`, or None: a look at files, no more."""
    found = [path.parent for path in Path(data_dir, name).glob("*/dataset_info.json")]
    found = [path for path in found if re.fullmatch(r"\d+\.\d+\.\d+", path.name)]  # not "3.0.1.incompleteXYZ"
    return max(found, key=lambda path: tuple(map(int, path.name.split("."))), default=None)


def unreachable(url: str, seconds: float = PATIENCE) -> str | None:
    """None if `url` answers within `seconds`, through the proxies of the environment; else why not, in words.

    The limit holds whatever hangs: name servers know no timeout, therefore a thread asks and is left behind.
    """
    host = urllib.parse.urlsplit(url).netloc
    verdict: list[str | None] = [f"{host} did not answer within {seconds:g} seconds"]

    def ask():
        try:
            with urllib.request.urlopen(url, timeout=2 * seconds):  # later than the limit below, which words the answer
                verdict[0] = None
        except (OSError, ValueError) as error:  # OSError: URLError, timeouts; ValueError: a malformed proxy
            verdict[0] = f"{host}: {getattr(error, 'reason', error)}"

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return verdict[0]


def fetch(name: str, entry: Any, data_dir: Path, download: bool) -> Path:
    """Lets TFDS download and prepare `name` into `data_dir`.

    Args:
      name: TFDS's name of it.
      entry: has title, url, needs and instead, as _Set describes them.
      data_dir: a Path.
      download: whether that is allowed.

    Returns:
      The folder.

    Raises:
      source.DatasetUnavailable, DataError: as `load`.
    """
    if not download:
        raise _unavailable(name, entry, data_dir, "downloading was not allowed")
    if reason := unreachable(entry.url):
        raise _unavailable(name, entry, data_dir, f"it cannot be downloaded either ({reason})")
    if entry.needs and importlib.util.find_spec(entry.needs) is None:
        why = f"preparing it takes the Python package {entry.needs}, which is not installed"
        raise _unavailable(name, entry, data_dir, why)
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        writable = os.access(data_dir, os.W_OK | os.X_OK)
    except OSError:
        writable = False
    if not writable:
        raise DataError(
            f"{entry.title} cannot be prepared: {data_dir} is no folder that can be written to. Give another one with "
            "--data_dir or TFDS_DATA_DIR."
        )
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder(name, data_dir=str(data_dir), try_gcs=False)
        builder.download_and_prepare(
            download_config=tfds.download.DownloadConfig(try_download_gcs=False)  # the bucket is asked for minutes
        )
    except Exception as error:  # requests, urllib3, checksums, archives, disks: all that a download can meet
        if folder := prepared(name, data_dir):  # another process was there first
            return folder
        raise _unavailable(name, entry, data_dir, f"its download failed ({first_line(error)})") from error
    folder = prepared(name, data_dir)
    if folder is None:
        raise DataError(f"TensorFlow Datasets prepared {name}, yet no version of it is in {data_dir / name}")
    return folder


def _unavailable(name, entry, data_dir, why):
    return source.DatasetUnavailable(
        f"{entry.title} is not prepared in {data_dir / name}, and {why}. Set --data_dir or TFDS_DATA_DIR to a "
        f"folder where TensorFlow Datasets has prepared it, or run once with a network. Without either, {entry.instead}."
    )


def _read(folder, name, split):
    """All images (n, height, width, channels) uint8 and labels (n,) int32 of TFDS's `split`, in the original order."""
    entry = _SETS[name]
    try:
        parts = list(_batches(folder, split, ["id"] if split in entry.ids else []))
        if not parts:
            raise ValueError(f"its {split} part holds no image")
        images, labels, *ids = (np.concatenate([part[i] for part in parts]) for i in range(len(parts[0])))
    except Exception as error:  # a damaged file surfaces as whatever the parser raises that meets it first
        raise damaged(folder, entry, f"it cannot be read ({first_line(error)})") from error
    positions = _original_positions(split, len(images))
    images, labels = images[positions], labels[positions]
    if ids:
        sound = ids[0][positions].tolist() == [f"{split}_{index:06d}".encode() for index in range(entry.ids[split])]
        found = f"{len(images)} images, or other ids than {split}_000000 to {split}_{entry.ids[split] - 1:06d}"
    else:
        digest = hashlib.sha256(images.tobytes() + labels.astype(np.uint8).tobytes()).hexdigest()
        sound, found = digest == entry.sha256[split], f"{len(images)} images, sha256 {digest}"
    if not sound:
        raise damaged(folder, entry, f"its {split} part is not the original: {found}")
    return images, labels.astype(np.int32)


def _batches(folder, split, others):
    """Yields [images, labels, others ...] of a thousand examples at a time, numpy, in the order of TFDS's files.

    TFDS's own pipeline takes each example for itself, which costs three times the processor's time.
    """
    import tensorflow as tf
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(str(folder))  # from the files alone: asks nobody
    feature = builder.info.features["image"]
    stored = {name: tf.io.FixedLenFeature([], tf.string) for name in ("image", *others)}
    stored["label"] = tf.io.FixedLenFeature([], tf.int64)

    def decoded(serialized):
        examples = tf.io.parse_example(serialized, stored)
        image = tf.TensorSpec(feature.shape, feature.dtype)
        images = tf.map_fn(feature.decode_example, examples["image"], fn_output_signature=image)
        return [images, examples["label"], *(examples[name] for name in others)]

    # One file after the other, in order: the order is what `_original_positions` knows.
    files = [str(path) for path in builder.info.splits[split].filepaths]
    data = tf.data.TFRecordDataset(files).batch(1000).map(decoded, num_parallel_calls=tf.data.AUTOTUNE)
    return data.as_numpy_iterator()


def _original_positions(split, n):
    """Where in TFDS's order the image stands that is first, second, ... in the original files: integers (n,).

    TFDS sorts examples by the md5 of the split's name followed by the example's key (tensorflow_datasets/core/
    hashing.py), which for these data sets is the position in the original files; a change of that rule would show in
    the checksum. CIFAR-10's `id` feature says the same.
    """
    salt = hashlib.md5(split.encode())

    def key(index):
        digest = salt.copy()
        digest.update(str(index).encode())
        return digest.digest()

    return np.argsort(sorted(range(n), key=key))


def damaged(folder: Any, entry: Any, what: str) -> DataError:
    """The DataError that the data prepared in `folder`, of entry.title, are damaged: `what` says how."""
    return DataError(
        f"the prepared {entry.title} in {folder} is damaged: {what}. Delete that folder and run again with a "
        "network, or set --data_dir or TFDS_DATA_DIR to a sound copy."
    )


def first_line(error: BaseException) -> str:
    """What an exception says, on one line of at most 200 characters."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:200]
