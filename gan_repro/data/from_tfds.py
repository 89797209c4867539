"""MNIST and CIFAR-10 through TensorFlow Datasets: prepared data first, else a download if there is a network.

Nothing here augments, scales or reorders at random: the images come in the order of the original files.
"""

import dataclasses
import hashlib
import os
import re
import threading
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gan_repro.data import source
from gan_repro.errors import DataError

PATIENCE = 6  # seconds in which a server must answer; TFDS itself would try for minutes


@dataclasses.dataclass(frozen=True)
class _Set:
    """One data set of TFDS.

    Attributes:
      title: for captions.
      shape: of one image.
      train, total: the first `train` of `total` training images are for training, the rest for validation: the
        division in the code of Goodfellow et al. (2014).
      url: a file that TFDS would fetch.
      sha256: {TFDS's split: of all images, then of all labels (uint8), in the original order}.
    """

    title: str
    shape: tuple[int, int, int]
    train: int
    total: int
    url: str
    sha256: Mapping[str, str]


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
}


def load(name, data_dir=None, download=True):
    """MNIST or CIFAR-10.

    Args:
      name: "mnist" or "cifar10".
      data_dir: TFDS's data directory; None: as `folder_of`.
      download: whether TFDS may fetch and prepare what is not there.

    Returns:
      source.InMemory with images uint8 (n, 28, 28, 1) or (n, 32, 32, 3) and labels 0..9. Splits are those of the
      original order: MNIST 50,000 train, 10,000 validation, 10,000 test; CIFAR-10 40,000, 10,000, 10,000.

    Raises:
      source.DatasetUnavailable: it is not prepared and cannot be fetched; known within PATIENCE seconds of asking,
        except where a download that has begun breaks off.
      DataError: the prepared data are damaged or not what they should be, or the folder cannot be written to.
    """
    entry, data_dir = _SETS[name], folder_of(data_dir)
    folder = prepared(name, data_dir)
    if folder is None:
        folder = _fetch(name, data_dir, download)
    images, labels = _read(folder, name, "train")
    test_images, test_labels = _read(folder, name, "test")
    cut = entry.train
    sizes = {"train": cut, "validation": entry.total - cut, "test": len(test_images)}
    return source.InMemory(
        source.Spec(name, entry.title, entry.shape, 10, sizes),
        {"train": images[:cut], "validation": images[cut:], "test": test_images},
        {"train": labels[:cut], "validation": labels[cut:], "test": test_labels},
    )


def folder_of(data_dir):
    """The data directory in force: `data_dir`, else $TFDS_DATA_DIR, else TFDS's own default."""
    return Path(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()


def prepared(name, data_dir):
    """The folder of the newest prepared version of `name` under `data_dir`, or None: a look at files, no more."""
    found = [path.parent for path in Path(data_dir, name).glob("*/dataset_info.json")]
    found = [path for path in found if re.fullmatch(r"\d+\.\d+\.\d+", path.name)]  # not "3.0.1.incompleteXYZ"
    return max(found, key=lambda path: tuple(map(int, path.name.split("."))), default=None)


def unreachable(url, seconds=PATIENCE):
    """None if `url` answers within `seconds`, through the proxies of the environment; else why not, in words.

    The limit holds whatever hangs: name servers know no timeout, therefore a thread asks and is left behind.
    """
    host = urllib.parse.urlsplit(url).netloc
    verdict = [f"{host} did not answer within {seconds:g} seconds"]

    def ask():
        try:
            with urllib.request.urlopen(url, timeout=seconds):
                verdict[0] = None
        except (OSError, ValueError) as error:  # OSError: URLError, timeouts; ValueError: a malformed proxy
            verdict[0] = f"{host}: {getattr(error, 'reason', error)}"

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return verdict[0]


def _fetch(name, data_dir, download):
    """Lets TFDS download and prepare `name` into `data_dir`; returns the folder."""
    entry = _SETS[name]
    reason = unreachable(entry.url) if download else "downloading was not allowed"
    if reason:
        raise _unavailable(name, data_dir, f"it cannot be downloaded either ({reason})")
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
        raise _unavailable(name, data_dir, f"its download failed ({_first_line(error)})") from error
    folder = prepared(name, data_dir)
    if folder is None:
        raise DataError(f"TensorFlow Datasets prepared {name}, yet no version of it is in {data_dir / name}")
    return folder


def _unavailable(name, data_dir, why):
    return source.DatasetUnavailable(
        f"{_SETS[name].title} is not prepared in {data_dir / name}, and {why}. Set --data_dir or TFDS_DATA_DIR to a "
        "folder where TensorFlow Datasets has prepared it, or run once with a network. Without either, "
        "--dataset=glyphs trains on digits that this program renders itself."
    )


def _read(folder, name, split):
    """All images (n, height, width, channels) uint8 and labels (n,) int32 of TFDS's `split`, in the original order."""
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder_from_directory(str(folder))  # from the files alone: asks nobody
        # One file after the other, in order: the order is what `_original_positions` knows.
        config = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False)
        data = builder.as_dataset(split=split, batch_size=-1, shuffle_files=False, read_config=config)
        images, labels = data["image"].numpy(), data["label"].numpy()
    except Exception as error:  # a damaged file surfaces as whatever the parser raises that meets it first
        raise _damaged(folder, name, f"it cannot be read ({_first_line(error)})") from error
    positions = _original_positions(split, len(images))
    images, labels = images[positions], labels[positions]
    digest = hashlib.sha256(images.tobytes() + labels.astype(np.uint8).tobytes()).hexdigest()
    if digest != _SETS[name].sha256[split]:
        raise _damaged(folder, name, f"its {split} part is not the original: {len(images)} images, sha256 {digest}")
    return images, labels.astype(np.int32)


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


def _damaged(folder, name, what):
    return DataError(
        f"the prepared {_SETS[name].title} in {folder} is damaged: {what}. Delete that folder and run again with a "
        "network, or set --data_dir or TFDS_DATA_DIR to a sound copy."
    )


def _first_line(error):
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:200]
