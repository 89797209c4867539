"""What sizes of images strided stacks of convolutions take, and the depth of a stack for given images.

A stack whose strides multiply to `growth` makes images of `growth` times the size of the small image that it grows from, the
base, and a discriminator's stack leads back to it. No TensorFlow is imported here: recipes are checked without it.
"""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Sequence

from gan_repro.system.errors import UsageError

if typing.TYPE_CHECKING:
    from gan_repro.data.source import Spec

LARGEST_BASE = 8  # pixels of a side. The papers' own recipes name their strides: bases of 4 for 64 and 32 pixels, 7 for 28

_STRIDE = 2


@dataclasses.dataclass(frozen=True)
class StridedStack:
    """The sizes of a stack of convolutions of stride 2.

    Attributes:
      base: (height, width) of the small image that G grows from, and in which D's convolutions end.
      depth: number of convolutions.
    """

    base: tuple[int, int]
    depth: int

    @property
    def strides(self) -> tuple[int, ...]:
        """Of each convolution, as convolutional.generator and convolutional.discriminator take them."""
        return (_STRIDE,) * self.depth

    def channels(self, first: int, most: int | None = None) -> tuple[int, ...]:
        """Channels of D's convolutions: `first`, doubled with each, at most `most`; of G's, from the base on, the reverse."""
        return tuple(min(first * 2**i, most or first * 2**i) for i in range(self.depth))


def fits(shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether images of (height, width, ...) can be grown by these strides: both sides are multiples of their product."""
    growth = math.prod(strides)
    return not any(pixels % growth for pixels in shape[:2])


def nearest(size: int, growth: int) -> tuple[int, ...]:
    """The sizes of a side nearest to `size` that are multiples of `growth`: size itself, or the one below and the one above."""
    below = size // growth * growth
    return (size,) if below == size else tuple(valid for valid in (below, below + growth) if valid)


def check_growth(spec: Spec, strides: Sequence[int], named: str) -> None:
    """Checks that a generator with these strides can make images of a data set.

    Args:
      spec: data.source.Spec of the images.
      strides: as convolutional.generator takes them.
      named: what decides the strides, for the message: "generator_strides = (2, 2)".

    Raises:
      UsageError: height or width is no multiple of the strides' product; the message names the nearest sizes that are.
    """
    _check_growth(spec.shape, strides, spec.title, named)


def _check_growth(shape: Sequence[int], strides: Sequence[int], title: str, named: str) -> None:
    if not fits(shape, strides):
        growth = math.prod(strides)
        heights, widths = (nearest(pixels, growth) for pixels in shape[:2])
        raise UsageError(
            f"images of {title} are {shape[0]} x {shape[1]}; with {named} height and width must be multiples of {growth}: "
            f"{_sizes(heights, widths)}"
        )


def depth_for(size: int) -> int | None:
    """How often a side of `size` pixels is halved, once at least, until it has at most LARGEST_BASE; None: a half is broken."""
    depth = 0
    while size > LARGEST_BASE or not depth:
        if size % _STRIDE:
            return None
        size, depth = size // _STRIDE, depth + 1
    return depth


def strided_stack(shape: Sequence[int], depth: int | None = None, title: str = "the data") -> StridedStack:
    """The stack of stride 2 for images of a size: 28 -> 14 -> 7; 32 -> 16 -> 8; 48, 64 and 96 -> ... -> 6, 8 and 6.

    Args:
      shape: (height, width, ...) of the images; the sides may differ.
      depth: number of convolutions; None: the fewest that lead to a base of at most LARGEST_BASE on both sides.
      title: of the data, for messages.

    Raises:
      UsageError: the images cannot be halved so often; the message names the nearest sizes that can.
    """
    height, width = shape[:2]
    if depth is None:
        sides = depth_for(height), depth_for(width)
        if sides[0] is None or sides[1] is None:
            raise UsageError(
                f"images of {title} are {height} x {width}, which cannot be halved until they have {LARGEST_BASE} pixels or "
                f"fewer on each side; the nearest sizes that can: {_sizes(_halvable(height), _halvable(width))}"
            )
        depth = max(sides[0], sides[1])
    _check_growth(shape, (_STRIDE,) * depth, title, f"{depth} convolutions of stride {_STRIDE}")
    return StridedStack((height // _STRIDE**depth, width // _STRIDE**depth), depth)


def _halvable(size: int) -> tuple[int, ...]:
    """The nearest sizes below and above for which `depth_for` finds a depth; `size` alone where it does."""
    below = next((valid for valid in range(size, 0, -1) if depth_for(valid)), None)
    above = next(valid for valid in range(size, 2 * size + 2) if depth_for(valid))
    return tuple(dict.fromkeys(valid for valid in (below, above) if valid is not None))


def _sizes(heights: tuple[int, ...], widths: tuple[int, ...]) -> str:
    """Pairs of sizes in words: the smallest, and where it differs the largest."""
    pairs = dict.fromkeys([(heights[0], widths[0]), (heights[-1], widths[-1])])
    return " or ".join(f"{height} x {width}" for height, width in pairs)
