"""Pictures for tests, read back as pixels."""

import numpy as np
from matplotlib import image as reader


def read(path):
    """A PNG: uint8 (h, w, 3)."""
    pixels = reader.imread(path)
    return np.rint(pixels[:, :, :3] * 255).astype(np.uint8)


def coloured(picture, colour):
    """How many pixels of each column, (w,), have about the colour "#rrggbb"."""
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return (np.abs(picture.astype(int) - wanted).max(-1) < 12).sum(0)
