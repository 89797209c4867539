"""Which image sizes strided stacks take: every answer is held against counting, and against networks that are built."""

import re

import pytest

from gan_repro.data.source import Spec
from gan_repro.networks import sizes
from gan_repro.system.errors import UsageError


def halvings(size):
    """How often a size is halved, once at least, until it is 8 or less; None where that leaves whole numbers."""
    count = 0
    while count == 0 or size > 8:
        if size % 2:
            return None
        size, count = size // 2, count + 1
    return count


@pytest.mark.parametrize("size", range(1, 200))
def test_the_depth_is_the_number_of_halvings(size):
    assert sizes.depth_for(size) == halvings(size)


@pytest.mark.parametrize(
    ("shape", "base", "depth"),
    [
        ((28, 28, 1), (7, 7), 2),
        ((32, 32, 3), (8, 8), 2),
        ((48, 48, 1), (6, 6), 3),
        ((64, 64, 3), (8, 8), 3),
        ((96, 96, 1), (6, 6), 4),
        ((32, 64, 3), (4, 8), 3),
        ((96, 48, 1), (6, 3), 4),
        ((8, 8, 1), (4, 4), 1),
    ],
)
def test_stacks_of_the_papers_sizes_and_of_oblong_images(shape, base, depth):
    found = sizes.strided_stack(shape)
    assert (found.base, found.depth, found.strides) == (base, depth, (2,) * depth)


def test_a_depth_of_ones_own():
    assert sizes.strided_stack((64, 64, 3), 4).base == (4, 4)
    assert sizes.strided_stack((30, 50, 3), 1).base == (15, 25)
    with pytest.raises(UsageError):
        sizes.strided_stack((28, 28, 1), 3)


def test_channels_double_up_to_a_limit():
    stack = sizes.strided_stack((96, 96, 1))
    assert stack.channels(64) == (64, 128, 256, 512) and stack.channels(64, 200) == (64, 128, 200, 200)


def named(error):
    """The sizes that a message offers, behind its last colon."""
    return [tuple(map(int, pair)) for pair in re.findall(r"(\d+) x (\d+)", str(error).rpartition(":")[2])]


@pytest.mark.parametrize("size", [1, 7, 9, 27, 29, 36, 50, 65, 100])
def test_what_cannot_be_halved_is_refused_with_the_nearest_sizes_that_can(size):
    with pytest.raises(UsageError) as caught:
        sizes.strided_stack((size, size, 1), title="Faces")
    assert "\n" not in str(caught.value) and "Faces" in str(caught.value) and f"{size} x {size}" in str(caught.value)
    valid = [other for other in range(1, 300) if halvings(other)]
    below, above = [other for other in valid if other < size][-1:], [other for other in valid if other > size][:1]
    assert named(caught.value) == [(other, other) for other in below + above]
    for other in below + above:
        sizes.strided_stack((other, other, 1))


@pytest.mark.parametrize("shape", [(28, 28, 1), (30, 64, 3), (64, 50, 1), (3, 3, 1)])
@pytest.mark.parametrize("strides", [(2, 2), (2, 2, 2), (3, 1), (1,), (2, 1, 5)])
def test_growth_that_does_not_fit_is_refused_with_the_nearest_multiples(shape, strides):
    spec = Spec("faces", "Faces", shape, 0, {})
    growth = 1
    for stride in strides:
        growth *= stride
    assert sizes.fits(shape, strides) == (shape[0] % growth == shape[1] % growth == 0)
    if sizes.fits(shape, strides):
        sizes.check_growth(spec, strides, "strides")
        return
    with pytest.raises(UsageError) as caught:
        sizes.check_growth(spec, strides, f"strides = {strides}")
    assert f"strides = {strides}" in str(caught.value) and "Faces" in str(caught.value) and "\n" not in str(caught.value)
    offered = named(caught.value)
    assert offered and all(sizes.fits(pair, strides) and min(pair) > 0 for pair in offered)
    assert all(abs(there - here) < growth for pair in offered for there, here in zip(pair, shape))
