"""How many strided convolutions images of a size take, and which sizes are none."""

import math
import re

import pytest

from gan_repro.data.source import Spec
from gan_repro.networks import sizes
from gan_repro.system.errors import UsageError


def spec(height, width=None):
    """Of images of so many pixels."""
    return Spec("faces", "Faces", (height, width or height, 3), 0, {})


@pytest.mark.parametrize(("size", "depth", "base"), [(28, 2, 7), (32, 3, 4), (48, 4, 3), (64, 4, 4), (96, 4, 6)])
def test_four_layers_of_stride_two_serve_the_usual_sizes(size, depth, base):
    assert sizes.depth(spec(size), (2,) * 4) == depth and size // 2**depth == base


def test_strides_that_fit_exactly_are_all_taken_however_small_the_base():
    assert sizes.depth(spec(8), (2, 2)) == 2
    assert sizes.depth(spec(32), (2, 1, 2, 1, 2, 1)) == 6


@pytest.mark.parametrize("strides", [(2, 2, 2, 2), (3, 2, 2), (2, 3)])
def test_the_layers_taken_are_the_deepest_that_fit(strides):
    for height in range(1, 65):
        try:
            found = sizes.depth(spec(height, 2 * height), strides)
        except UsageError:
            assert not sizes.fits((height, 2 * height), strides[-2:])
            continue
        assert height % math.prod(strides[-found:]) == 0
        if height // math.prod(strides[-found:]) < sizes.LEAST_BASE:
            assert found == 2
        deeper = [k for k in range(found + 1, len(strides) + 1) if height % math.prod(strides[-k:]) == 0]
        assert all(height // math.prod(strides[-k:]) < sizes.LEAST_BASE for k in deeper)


@pytest.mark.parametrize(("height", "width"), [(29, 29), (30, 28), (1, 1), (50, 63)])
def test_a_size_that_no_layers_make_is_one_line_that_names_sizes_that_fit(height, width):
    with pytest.raises(UsageError) as caught:
        sizes.depth(spec(height, width), (2, 2, 2, 2))
    named = [tuple(map(int, pair)) for pair in re.findall(r"(\d+) x (\d+)", str(caught.value))]
    assert "\n" not in str(caught.value) and named[0] == (height, width) and len(named) > 1
    for high, wide in named[1:]:
        assert sizes.fits((high, wide), (2, 2)) and abs(high - height) < 4 and abs(wide - width) < 4
