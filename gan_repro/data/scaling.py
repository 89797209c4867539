"""From stored pixels 0..255 to what the networks see, and back to a picture.

No TensorFlow is imported here: `__call__` takes and returns numpy arrays or tensors alike.
"""

import dataclasses
import typing
from typing import Any

import numpy as np

from gan_repro.system.errors import DataError


class Scaling(typing.Protocol):
    """What is done to stored pixels for the networks, and undone for eyes: Linear, ContrastNormalised, or one of your own."""

    def __call__(self, images: Any) -> Any:
        """float32 (n, h, w, c) in 0..255, an array or a tensor -> what the networks see, of the same kind and shape."""

    def unit(self, images: Any) -> np.ndarray:
        """Back from what the networks see: float32 (n, h, w, c) in [0, 1]. DataError: there is no way back."""

    def shown(self, images: Any) -> tuple[float, float]:
        """(black, white): the values that a figure of `images` draws black and white."""


@dataclasses.dataclass(frozen=True)
class Linear:
    """Pixels 0..255 become [low, high]: (0, 1) for sigmoid outputs, (-1, 1) for tanh."""

    low: float = 0.0
    high: float = 1.0

    def __call__(self, images: Any) -> Any:
        """float32 (n, h, w, c) in 0..255 -> the same shape in [low, high]."""
        return images * np.float32((self.high - self.low) / 255) + np.float32(self.low)

    def unit(self, images: Any) -> np.ndarray:
        """Back from what the networks see: float32 (n, h, w, c) -> the same shape in [0, 1]; what is beyond is cut off."""
        return np.clip((np.asarray(images, np.float32) - np.float32(self.low)) / np.float32(self.high - self.low), 0, 1)

    def shown(self, images: Any) -> tuple[float, float]:
        """(black, white): the values that a figure draws black and white; the same for all images."""
        del images
        return self.low, self.high

    def __str__(self) -> str:
        return f"pixels in [{self.low:g}, {self.high:g}]"


@dataclasses.dataclass(frozen=True)
class ContrastNormalised:
    """Global contrast normalisation (pylearn2: expr/preprocessing.py, with use_std False and sqrt_bias 0).

    An image loses its own mean over all pixels and channels and is scaled to the L2 norm `norm`: outputs are unbounded
    and want linear units, and there is no way back to pixels. An image of a single colour has no contrast: it becomes 0.
    """

    norm: float = 55.0

    def __call__(self, images: Any) -> Any:
        """float32 (n, h, w, c) in 0..255 -> the same shape, each image with mean 0 and norm `norm`."""
        if isinstance(images, np.ndarray):
            centred = images - images.mean(axis=(1, 2, 3), keepdims=True, dtype=np.float64).astype(np.float32)
            lengths = np.sqrt(np.square(centred).sum(axis=(1, 2, 3), keepdims=True, dtype=np.float64)).astype(np.float32)
            return centred * (np.float32(self.norm) / np.maximum(lengths, np.float32(_FLAT)))
        import tensorflow as tf

        centred = images - tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
        lengths = tf.sqrt(tf.reduce_sum(tf.square(centred), axis=(1, 2, 3), keepdims=True))
        return centred * (self.norm / tf.maximum(lengths, _FLAT))

    def unit(self, images: Any) -> typing.NoReturn:
        """Raises DataError: an image does not say what mean and contrast it had."""
        raise DataError(f"images are {self}: there is no way back to pixels in [0, 1]")

    def shown(self, images: Any) -> tuple[float, float]:
        """(black, white): plus and minus the largest absolute value in `images` (show_samples_cifar_conv_paper.py)."""
        largest = float(np.abs(images).max()) or 1.0
        return -largest, largest

    def __str__(self) -> str:
        return f"contrast-normalised to norm {self.norm:g}"


def to_pixels(images: Any, low: float, high: float) -> np.ndarray:
    """uint8 of the shape of `images`, float: low becomes 0, high 255; what lies outside is clipped.

    Raises:
      ValueError: numbers that are not finite.
    """
    images = np.asarray(images, np.float64)
    if not np.isfinite(images).all():
        raise ValueError("images hold numbers that are not finite")
    return np.rint(np.clip((images - low) / (high - low), 0, 1) * 255).astype(np.uint8)


UNIT = Linear()
_FLAT = 1e-8  # below this norm (in units of 0..255) an image is flat: pylearn2's min_divisor
