"""Multi-scale structural similarity of pairs of images: how alike two images are to an eye, and how varied a class is."""

import numpy as np
from numpy.typing import ArrayLike

from gan_repro.system.errors import DataError

# Wang, Simoncelli and Bovik 2003, section 3.2: the weights of the five scales, from the finest to the coarsest.
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW, SIGMA = 11, 1.5  # pixels of the Gaussian window's side, and its standard deviation (Wang et al. 2004, section III)
SMALL_WINDOW = 7  # where the images are too small for five scales and that window


def scales(height: int, width: int) -> tuple[int, int]:
    """(number of scales, side of the window) for images of a size: each scale has half the pixels a side, rounded up.

    Five with the usual window from 176 pixels on; of smaller images the finest ones that a window of SMALL_WINDOW pixels
    fits into: three of 28 and of 32 pixels.

    Raises:
      DataError: the images are smaller than that window.
    """
    side = min(height, width)
    for window, fewest in ((WINDOW, len(WEIGHTS)), (SMALL_WINDOW, 1)):
        for number in range(len(WEIGHTS), fewest - 1, -1):
            if -(-side // 2 ** (number - 1)) >= window:
                return number, window
    raise DataError(f"images are {height} x {width}: their structural similarity takes {SMALL_WINDOW} pixels a side or more")


def ms_ssim(a: ArrayLike, b: ArrayLike, chunk: int = 500) -> np.ndarray:
    """The MS-SSIM of each pair of images: 1 of equal ones, near 0 of images that have nothing in common.

    TensorFlow's tf.image.ssim_multiscale (Wang et al. 2003), whose channels are averaged. Of images with fewer than five
    scales the weights of those that there are (`scales`) are divided by their sum, and the window's standard deviation is as
    much smaller as the window: it keeps its form.

    Args:
      a, b: float (n, h, w, c) in [0, 1].
      chunk: pairs compared at a time.

    Returns:
      float64 (n,), in [0, 1].

    Raises:
      DataError: shapes differ, or the images are too small.
    """
    import tensorflow as tf

    a, b = (np.asarray(images, np.float32) for images in (a, b))
    if a.ndim != 4 or a.shape != b.shape:
        raise DataError(f"images have shapes {a.shape} and {b.shape}; valid are two equal ones (n, h, w, c)")
    number, window = scales(*a.shape[1:3])
    weights = np.array(WEIGHTS[:number]) / sum(WEIGHTS[:number])
    options = {"power_factors": weights.tolist(), "filter_size": window, "filter_sigma": SIGMA * window / WINDOW}
    parts = [
        tf.image.ssim_multiscale(a[i : i + chunk], b[i : i + chunk], 1.0, **options).numpy() for i in range(0, len(a), chunk)
    ]
    return np.concatenate([np.zeros(0), *parts]).astype(np.float64)


def pairs_within_classes(labels: ArrayLike, classes: int, n: int, rng: np.random.Generator) -> list[np.ndarray]:
    """For each class up to n random pairs of different images of it, no image in two of them.

    Args:
      labels: int (m,), the images' classes.
      classes: their number.
      n: pairs of a class, at most; there are fewer where a class has fewer than 2 n images.
      rng: numpy Generator, which is drawn from.

    Returns:
      A list of int (k, 2), k <= n: indices of images, one for each class.
    """
    labels = np.asarray(labels)
    found = []
    for label in range(classes):
        own = rng.permutation(np.flatnonzero(labels == label))
        number = min(n, len(own) // 2)
        found.append(own[: 2 * number].reshape(number, 2))
    return found
