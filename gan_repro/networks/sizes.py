"""What sizes of images stacks of strided convolutions take, and how many of a recipe's convolutions given images want."""

from __future__ import annotations

import math
import typing
from collections.abc import Sequence

from gan_repro.system.errors import UsageError

if typing.TYPE_CHECKING:
    from gan_repro.data.source import Spec

LEAST_BASE = 3  # pixels of a side of the small image that G grows from, where there is a choice


def depth(spec: Spec, strides: Sequence[int], exact: bool = True) -> int:
    """How many of the last `strides` suit the images of a data set: as many as leave a base of LEAST_BASE pixels or more.

    So one list of widths serves images of 28, 32, 48, 64 and 96 pixels: a smaller image takes fewer convolutions, those
    that are nearest to it.

    Args:
      spec: data.source.Spec of the images.
      strides: how many times larger each convolution of G makes the image.
      exact: whether an image must come out at its very size, as G's must. A convolution downwards rounds odd sizes up: for a D
        without such a G, any size will do.

    Returns:
      int, at least 2, or the number of strides where there are fewer.

    Raises:
      UsageError: a side is no multiple of the last two strides' product; the message names the nearest sizes that are.
    """
    height, width = spec.shape[:2]
    fewest = min(2, len(strides))
    for number in range(len(strides), fewest - 1, -1):
        base = min(height, width) // math.prod(strides[-number:])
        if fits(spec.shape, strides[-number:]) and base >= LEAST_BASE:
            return number
    growth = math.prod(strides[-fewest:])
    if not exact or fits(spec.shape, strides[-fewest:]):
        return fewest
    heights, widths = nearest(height, growth), nearest(width, growth)
    pairs = dict.fromkeys([(heights[0], widths[0]), (heights[-1], widths[-1])])
    raise UsageError(
        f"images of {spec.title} are {height} x {width}: height and width must be multiples of {growth}, such as "
        f"{' or '.join(f'{high} x {wide}' for high, wide in pairs)}"
    )


def fits(shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether images of (height, width, ...) can be grown by these strides: both sides are multiples of their product."""
    growth = math.prod(strides)
    return not any(pixels % growth for pixels in shape[:2])


def nearest(size: int, growth: int) -> tuple[int, ...]:
    """The sizes of a side nearest to `size` that are multiples of `growth`: size itself, or the one below and the one above."""
    below = size // growth * growth
    return (size,) if below == size else tuple(valid for valid in (below, below + growth) if valid)
