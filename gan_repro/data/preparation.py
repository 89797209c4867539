"""What is done to a data set before networks see it: a black frame, so that strided stacks fit; a larger training part.

The data themselves stay as they are; name, title and digest of the source say what was done. No TensorFlow is imported here
before a batch is drawn.
"""

import copy
import dataclasses
import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from gan_repro.data.drawn import Drawn
from gan_repro.data.scaling import Linear
from gan_repro.data.source import Folds, InMemory, Source, Spec
from gan_repro.system.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Pad:
    """Pixels of 0 around every image, which stands in the middle; where their number is odd, one more below and on the right.

    A function of a Source, as data.load(prepare=...) takes it: Pad(32, 32) makes 28 x 28 digits 32 x 32.

    Attributes:
      height, width: of the images afterwards.
    """

    height: int
    width: int

    def __str__(self) -> str:
        return f"padded to {self.height} x {self.width}"

    def __call__(self, source: Source) -> Source:
        """The same data, padded; `source` is the new one's from now on.

        Raises:
          UsageError: the images are larger already, or are points and no images.
        """
        return Padded(source, self)

    def taken_off(self, spec: Spec, shape: tuple[int, int, int]) -> Spec:
        """The Spec of data of which `spec` is padded so; `shape`: of their images."""
        name, title = spec.name.removesuffix(self._suffix), spec.title.removesuffix(f", {self}")
        return dataclasses.replace(spec, name=name, title=title, shape=shape)

    @property
    def _suffix(self):
        return f"+pad{self.height}x{self.width}"


@dataclasses.dataclass(frozen=True)
class PadToMultiple:
    """As Pad, up to the next height and width that are multiples of a number: strided stacks of that growth fit all images.

    Images that fit already stay as they are: PadToMultiple(8) makes 28 x 28 digits 32 x 32 and leaves 32 x 32 images alone.

    Attributes:
      number: >= 1.
    """

    number: int

    def __call__(self, source: Source) -> Source:
        """The same data, padded where they must be. Raises UsageError: they are points and no images."""
        height, width = (-(-side // self.number) * self.number for side in source.spec.shape[:2])
        return source if (height, width) == source.spec.shape[:2] else Pad(height, width)(source)


@dataclasses.dataclass(frozen=True)
class TrainOnValidation:
    """Validation images are trained on as well. What is chosen on them is then chosen on images that were trained on.

    A function of a Source, as data.load(prepare=...) takes it: of MNIST's images 60,000 are trained on, and 10,000 of these
    are the validation images still.
    """

    def __call__(self, source: Source) -> Source:
        """The same data with more training images, the validation images behind the others.

        Raises:
          UsageError: the data do not lie in memory as one division (points, streams, TFD's folds), or have no such images.
        """
        sizes = source.spec.sizes
        if not isinstance(source, InMemory) or source.folds() is not None or not sizes.get("validation"):
            raise UsageError(
                f"{source.spec.title}: its validation images cannot be trained on; data in memory with one division can, such "
                "as mnist, cifar10, npz:PATH"
            )
        return _Joined(source)


class _Joined(InMemory):
    """InMemory whose training images are those of another and its validation images; `inside` is the other one."""

    def __init__(self, source: InMemory) -> None:
        self.inside = source
        sizes = dict(source.spec.sizes)
        images = {split: source.images(split) for split in sizes}
        labels = {split: found for split in sizes if (found := source.labels(split)) is not None}
        for arrays in (images, labels) if labels else (images,):
            arrays["train"] = np.concatenate([arrays["train"], arrays["validation"]])
        spec = dataclasses.replace(
            source.spec,
            name=f"{source.spec.name}+validation",
            title=f"{source.spec.title}, validation images among the training images",
            sizes=sizes | {"train": len(images["train"])},
        )
        super().__init__(spec, images, labels)


class Padded:
    """A Source whose images are those of another one, in a frame of zeros. Zeros are stored pixels: they are scaled, too.

    Attributes:
      inside: the Source of the images without the frame, scaled alike.
    """

    def __init__(self, source: Source, pad: Pad) -> None:
        """Args:
        source: the images; its scaling becomes this one's.
        pad: how large they become.
        """
        height, width, channels = source.spec.shape
        if isinstance(source, Drawn):
            raise UsageError(f"{source.spec.title} are points, which cannot be {pad}")
        if pad.height < height or pad.width < width:
            raise UsageError(f"images of {source.spec.title} are {height} x {width}: they cannot be {pad}")
        top, left = (pad.height - height) // 2, (pad.width - width) // 2
        self._frame = ((0, 0), (top, pad.height - height - top), (left, pad.width - width - left), (0, 0))
        self._source, self._pad = source, pad
        self.inside = copy.copy(source)
        self.spec = dataclasses.replace(
            source.spec,
            name=f"{source.spec.name}{pad._suffix}",
            title=f"{source.spec.title}, {pad}",
            shape=(pad.height, pad.width, channels),
        )
        source.spec = dataclasses.replace(source.spec, scaling=_AsStored())  # they are scaled behind the frame

    def _framed(self, images: np.ndarray) -> np.ndarray:
        return np.pad(images, self._frame)

    def cropped(self, images: np.ndarray) -> np.ndarray:
        """(n, height, width, channels) -> what lies inside the frame, the size of the data's own images."""
        (top, _), (left, _) = self._frame[1:3]
        height, width = self.inside.spec.shape[:2]
        return images[:, top : top + height, left : left + width]

    def images(self, split: str) -> np.ndarray:
        """uint8 (n, height, width, channels), made anew at each call; errors as the source's."""
        return self._framed(self._source.images(split))

    def labels(self, split: str) -> np.ndarray | None:
        """int32 (n,), or None where there are no classes."""
        return self._source.labels(split)

    def scaled(self, split: str, limit: int | None = None) -> np.ndarray:
        """float32 (n, height, width, channels): the first `limit` images as the networks see them."""
        return self.spec.scaling(self._framed(self._source.scaled(split, limit)))

    def require(self, split: str) -> None:
        """Raises DataError where the source does."""
        self._source.require(split)

    def chunks(self, split: str) -> Iterator[np.ndarray]:
        """Yields uint8 (m, height, width, channels), the images of a split in order."""
        yield from map(self._framed, self._source.chunks(split))

    def rows(self, split: str, chosen: Any) -> np.ndarray:
        """uint8 (m, height, width, channels): the images that `chosen` indexes, a slice or integers (m,)."""
        return self._framed(self._source.rows(split, chosen))

    def folds(self) -> Folds | None:
        """(validation, test) of each fold as the networks see them, or None, as the source's."""
        folds = self._source.folds()
        if folds is None:
            return None
        seen = [[self.spec.scaling(self._framed(images)) for images in fold] for fold in folds]
        return [(validation, test) for validation, test in seen]

    def digest(self) -> str:
        """sha256 of the source's digest and of the frame, as hexadecimal text."""
        return hashlib.sha256(f"{self._source.digest()} {self._pad}".encode()).hexdigest()

    def open(self, epoch: int, seed: int, skip: int = 0, size: int | None = None) -> Any:
        """The source's feed: the same images in the same order."""
        return self._source.open(epoch, seed, skip, size)

    def batch(self, feed: Any, i: Any, size: int) -> tuple[Any, Any]:
        """Graph code: x float32 (size, height, width, channels), scaled, and labels int32 (size,), as the source's."""
        import tensorflow as tf

        pixels, labels = self._source.batch(feed, i, size)
        return self.spec.scaling(tf.pad(pixels, self._frame)), labels


@dataclasses.dataclass(frozen=True)
class _AsStored(Linear):
    """Pixels stay 0..255, without arithmetic that would give the same numbers."""

    low: float = 0.0
    high: float = 255.0

    def __call__(self, images: Any) -> Any:
        return images
