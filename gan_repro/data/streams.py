"""CelebA and LSUN's bedrooms, too large for memory: streamed from the files that TensorFlow Datasets has prepared.

Where the files are looked for and how they are fetched is in from_tfds.
"""

import dataclasses
import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gan_repro.data import from_tfds, source
from gan_repro.system.errors import DataError

SIDE = 64  # pixels, of the images that come out
WINDOW = 4096  # images that are shuffled among each other: three windows of JPEG files are held, 60 MB of LSUN each
HELD = 4 << 30  # bytes of images as float32 that evaluation may hold at once: 5,461 of 256 x 256 in colour

_CHUNK = 256  # images that evaluation reads at once
_HEAD = 2**16  # bytes of each file that the digest covers
_SHARDS, _WINDOWS = 2, 3  # of the shuffling stream: the order of the files, that within a window


def crop_celeb_a(image: Any) -> Any:
    """The crop of dcgan.torch (data/crop_celebA.lua): 138 x 138 pixels from (x 30, y 40) on, scaled to 64 x 64.

    Torch scales down by averaging over areas (torch/image, generic/image.c), and so does this. DCGAN's own faces were
    never published.

    Args:
      image: uint8 (218, 178, 3).

    Returns:
      float32 (64, 64, 3), 0..255.
    """
    import tensorflow as tf

    return tf.image.resize(image[40:178, 30:168], (SIDE, SIDE), "area")


def crop_lsun(image: Any) -> Any:
    """WGAN's (WassersteinGAN, main.py): the shorter side scaled to 64, then the 64 x 64 in the centre.

    PIL's bilinear filter, which widens when it scales down, as torchvision.transforms.Scale used it. dcgan.torch takes a
    random part of a 96 x 96 image instead.

    Args:
      image: uint8 (height, width, 3).

    Returns:
      float32 (64, 64, 3), 0..255.
    """
    import tensorflow as tf

    shape = tf.shape(image)[:2]
    scaled = shape * SIDE // tf.reduce_min(shape)
    top, left = tf.unstack(tf.cast(tf.round((scaled - SIDE) / 2), tf.int32))
    return tf.image.resize(image, scaled, "bilinear", antialias=True)[top : top + SIDE, left : left + SIDE]


@dataclasses.dataclass(frozen=True)
class _Set:
    """One data set of TFDS.

    Attributes:
      title, url, needs, instead: as in from_tfds._Set.
      crop: one decoded image to float32 (64, 64, 3), 0..255.
      counts: {TFDS's split: images}.
      parts: {split: (TFDS's split, first image, image after the last)} in TFDS's order, which is random (a hash) but fixed.
    """

    title: str
    url: str
    crop: Callable
    counts: Mapping[str, int]
    parts: Mapping[str, tuple[str, int, int]]
    needs: str = ""
    instead: str = "--dataset=images:FOLDER takes pictures of your own"


_SETS = {
    "celeb_a": _Set(
        "CelebA",
        "https://drive.google.com/uc?export=download&id=0B7EVK8r0v71pY0NSMzRuSXJEVkk",
        crop_celeb_a,
        {"train": 162_770, "validation": 19_867, "test": 19_962},
        {"train": ("train", 0, 162_770), "validation": ("validation", 0, 19_867), "test": ("test", 0, 19_962)},
    ),
    "lsun/bedroom": _Set(
        "LSUN bedrooms",
        "http://dl.yf.io/lsun/scenes/bedroom_val_lmdb.zip",
        crop_lsun,
        {"train": 3_033_042, "validation": 300},
        {
            "train": ("train", 0, 3_023_042),
            "validation": ("validation", 0, 300),
            "test": ("train", 3_023_042, 3_033_042),
        },
        needs="tensorflow_io",
    ),
}


def load(name: str, data_dir: str | Path | None = None, download: bool = True) -> "Stream":
    """CelebA's aligned faces or LSUN's bedrooms.

    Splits: CelebA has its own, 162,770 train, 19,867 validation, 19,962 test. LSUN has 3,033,042 train and 300
    validation images, and a test set without categories; here the last 10,000 training images in TFDS's order are for
    test, the other 3,023,042 for training. The papers train on all, and DCGAN on what is left without near duplicates.

    Args:
      name: "celeb_a" or "lsun/bedroom".
      data_dir: TFDS's data directory; None: as from_tfds.folder_of.
      download: whether TFDS may fetch and prepare what is not there (1.5 GB and 46 GB; LSUN takes tensorflow_io).

    Returns:
      A Stream of images 64 x 64 x 3 without labels. CelebA's 40 attributes are no classes and are not read.

    Raises:
      source.DatasetUnavailable, DataError: as from_tfds.load. Files are looked at, not read through: damage further
        inside shows when training gets there.
    """
    import tensorflow_datasets as tfds

    entry, data_dir = _SETS[name], from_tfds.folder_of(data_dir)
    folder = from_tfds.prepared(name, data_dir) or from_tfds.fetch(name, entry, data_dir, download)
    try:
        builder = tfds.builder_from_directory(str(folder))  # from the files alone: asks nobody
        counts = {split: builder.info.splits[split].num_examples for split in entry.counts}
        files = [Path(file) for split in entry.counts for file in builder.info.splits[split].filepaths]
    except Exception as error:  # what a damaged description makes the parsers raise
        raise from_tfds.damaged(folder, entry, f"it cannot be read ({from_tfds.first_line(error)})") from error
    if counts != entry.counts:
        raise from_tfds.damaged(folder, entry, f"it has {counts} images, not {dict(entry.counts)}")
    if missing := [file.name for file in files if not file.is_file()]:
        raise from_tfds.damaged(folder, entry, f"{len(missing)} of {len(files)} files are missing ({missing[0]}, ...)")
    sizes = {split: end - first for split, (_, first, end) in entry.parts.items()}
    stream = Stream(source.Spec(name, entry.title, (SIDE, SIDE, 3), 0, sizes), builder, entry)
    for split in sizes:
        stream.images(split, 1)  # now, not after hours of training
    return stream


class Stream:
    """A Source of images that are read from files as they are needed.

    The order of an epoch is a function of (seed, epoch) alone: the files come in a random order, and every WINDOW
    consecutive images are permuted; what TFDS has written is in random order already. Batches are read in turn, each
    once. Entering an epoch late reads, undecoded, at most a window and a file before the first batch.
    Memory does not grow with the data.
    """

    def __init__(self, spec: source.Spec, builder: Any, entry: Any) -> None:
        """Args:
        spec: the Spec.
        builder: of TFDS, for prepared data whose features have an `image`.
        entry: has crop, counts and parts, as _Set describes them, and a title.
        """
        self.spec = spec
        self._builder, self._entry = builder, entry

    def images(self, split: str, limit: int | None = None) -> np.ndarray:
        """uint8 (n, 64, 64, 3), 0..255: the first `limit` images of a split, or all, in TFDS's order.

        Raises:
          DataError: these are more than HELD, or cannot be read.
        """
        images = np.empty((self._held(split, limit), *self.spec.shape), np.uint8)
        for at, chunk in self._chunks(split, len(images)):
            images[at : at + len(chunk)] = chunk
        return images

    def require(self, split: str) -> None:
        """Raises DataError: the images of a split are more than HELD."""
        if self.spec.sizes[split] > self._most():
            raise DataError(
                f"{self.spec.sizes[split]:,} {split} images of {self.spec.title} are too many for the evaluation of such a "
                f"run, which holds them all in memory: at most {self._most():,}. Take fewer images"
            )

    def chunks(self, split: str) -> Iterator[np.ndarray]:
        """Yields uint8 (m, height, width, channels), the images of a split in order, as many at a time as is handy."""
        for _, chunk in self._chunks(split, self.spec.sizes[split]):
            yield chunk

    def rows(self, split: str, chosen: Any) -> np.ndarray:
        """uint8 (m, 64, 64, 3): the images that `chosen` indexes, a slice or integers (m,); all up to the last are read."""
        at = np.arange(self.spec.sizes[split])[chosen]
        images = np.empty((len(at), *self.spec.shape), np.uint8)
        for start, chunk in self._chunks(split, int(at.max(initial=-1)) + 1):
            here = (at >= start) & (at < start + len(chunk))
            images[here] = chunk[at[here] - start]
        return images

    def labels(self, split: str) -> np.ndarray | None:
        """None: there are no classes."""
        del split
        return None

    def folds(self) -> source.Folds | None:
        """None: there is one division."""
        return None

    def scaled(self, split: str, limit: int | None = None) -> np.ndarray:
        """float32 (n, 64, 64, 3): the first `limit` images as the networks see them; errors as `images`."""
        images = np.empty((self._held(split, limit), *self.spec.shape), np.float32)
        for at, chunk in self._chunks(split, len(images)):
            images[at : at + len(chunk)] = self.spec.scaling(chunk.astype(np.float32))
        return images

    def digest(self) -> str:
        """sha256 of TFDS's version of the data, of the division, and of each file its name, its size, the number of its images
        and its first 64 KiB, as hexadecimal text: not of all images.
        """
        digest = hashlib.sha256(f"{self._builder.info.full_name} {sorted(self._entry.parts.items())}".encode())
        for split in sorted(self._entry.counts):
            info = self._builder.info.splits[split]
            for path, images in zip(map(Path, info.filepaths), info.shard_lengths):
                digest.update(f"{path.name} {path.stat().st_size} {images}".encode())
                with open(path, "rb") as file:
                    digest.update(file.read(_HEAD))
        return digest.hexdigest()

    def open(self, epoch: int, seed: int, skip: int = 0, size: int | None = None) -> Any:
        """An iterator over the batches of epoch `epoch` from batch `skip` on: uint8 (size, 64, 64, 3), without a ragged one.

        Args:
          epoch, seed: the order follows from them.
          skip: batches.
          size: images of a batch.
        """
        import tensorflow as tf

        from gan_repro.system import randomness

        def order(n, *streams):
            pair = randomness.seed_pair(seed, epoch, randomness.SHUFFLE, *streams)
            return tf.argsort(tf.random.stateless_uniform([n], pair, alg="philox"), stable=True)

        if size is None:
            raise ValueError("a stream is opened for batches of a size")
        files = self._files("train")
        window, rest = divmod(skip * size, WINDOW)
        records = self._records("train", drop([files[i] for i in order(len(files), _SHARDS).numpy()], window * WINDOW))
        # The JPEG files are shuffled, and skipped, before they are decoded.
        windows = records.batch(WINDOW).enumerate(window)
        windows = windows.map(lambda k, images: tf.gather(images, order(tf.size(images), _WINDOWS, k))).prefetch(1)
        images = windows.unbatch().skip(rest).map(self._decode, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        return iter(images.batch(size, drop_remainder=True).prefetch(4))

    def batch(self, feed: Any, i: Any, size: int) -> tuple[Any, Any]:
        """Graph code: the next batch.

        Args:
          feed: what `open` returned for batches of `size`.
          i: not used: batches come in turn.
          size: Python int.

        Returns:
          x float32 (size, 64, 64, 3), scaled; labels int32 (size,), zeros.

        Raises:
          ValueError: `feed` has batches of another size.
        """
        import tensorflow as tf

        del i
        return self._scaled_batch(feed.get_next(), tf.zeros([size], tf.int32), size)

    # ---- inside --------------------------------------------------------------------------------------------------

    def _scaled_batch(self, images, labels, size):
        import tensorflow as tf

        if images.shape[0] != size:
            raise ValueError(f"batches of {size} from a feed that was opened for batches of {images.shape[0]}")
        return self.spec.scaling(tf.cast(images, tf.float32)), labels

    def _most(self):
        return HELD // (4 * math.prod(self.spec.shape))

    def _held(self, split, limit):
        n = self.spec.sizes[split] if limit is None else min(limit, self.spec.sizes[split])
        if n > self._most():
            raise DataError(
                f"{n:,} {split} images of {self.spec.title} are too many to hold in memory; what needs them all at once "
                f"cannot be had with this data set, only with the first {self._most():,} images or fewer"
            )
        return n

    def _files(self, split):
        """TFDS's FileInstructions for a split, in its order: which file, how many images to skip and to take."""
        name, first, end = self._entry.parts[split]
        return self._builder.info.splits[f"{name}[{first}:{end}]"].file_instructions

    def _records(self, split, files):
        """A tf.data.Dataset of the undecoded images that those FileInstructions name, one file after the other."""
        import tensorflow_datasets as tfds

        only = tfds.decode.PartialDecoding({"image": True}, decoders={"image": tfds.decode.SkipDecoding()})
        # The sort function has the last word on what is read. A sum of ReadInstructions would say the same, but takes
        # TFDS a quarter of a minute for a thousand files.
        config = tfds.ReadConfig(
            interleave_cycle_length=1, try_autocache=False, experimental_interleave_sort_fn=lambda _: files
        )
        split = self._entry.parts[split][0]
        data = self._builder.as_dataset(split=split, shuffle_files=False, decoders=only, read_config=config)
        return data.map(lambda example: example["image"])

    def _decode(self, image):
        """A JPEG file, string scalar, to what comes out: uint8 (64, 64, 3)."""
        import tensorflow as tf

        pixels = self._entry.crop(self._builder.info.features["image"].decode_example(image))
        return tf.ensure_shape(tf.saturate_cast(tf.round(pixels), tf.uint8), self.spec.shape)

    def _chunks(self, split, n):
        """(position, uint8 (_CHUNK or fewer, 64, 64, 3)) until n images have come."""
        import tensorflow as tf

        try:
            records = self._records(split, self._files(split)).take(n)
            images = records.map(self._decode, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).batch(_CHUNK)
            for number, chunk in enumerate(images.as_numpy_iterator()):
                yield number * _CHUNK, chunk
        except Exception as error:  # a damaged file surfaces as whatever the parser raises that meets it first
            reason = f"its {split} part cannot be read ({from_tfds.first_line(error)})"
            raise from_tfds.damaged(self._builder.data_dir, self._entry, reason) from error


def drop(files: list, n: int) -> list:
    """FileInstructions, read one after the other, without their first n images."""
    left = []
    for file in files:
        gone = min(n, file.take)
        n -= gone
        if gone < file.take:
            left.append(dataclasses.replace(file, skip=file.skip + gone, take=file.take - gone))
    return left
