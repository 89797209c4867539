"""A digit set rendered here from the fonts that matplotlib ships: needs no network, resembles MNIST, is not MNIST.

Every image is one draw of font, stroke width, shear, rotation, stretch and elastic distortion. No file but the cache.
"""

import concurrent.futures
import functools
import os
from pathlib import Path

import numpy as np
from scipy import ndimage

from gan_repro.data import source
from gan_repro.system import files

TITLE = "glyphs (built in; not MNIST)"
SIZES = {"train": 50_000, "validation": 10_000, "test": 10_000}
VERSION = 1  # part of the cache's name: raise it whenever the images change

_PARTS = ("images", "labels")
_SEED = 20140610  # with a split's position in SIZES: the seed of that split
_SIDE, _BOX = 28, 20  # as MNIST: the digit in a box of 20x20, its centre of mass in the centre of 28x28
_CELL, _HEIGHT = 144, 96  # side of a distance field and height of the digit in it, in its own pixels
_UNIT = _HEIGHT / _BOX  # pixels of a distance field per pixel of an image
_BATCH = 500  # images drawn at a time: small enough for the processor's cache
_CANVAS = 34  # side of the canvas on which a distorted digit is measured
_RAMP = 1.2  # pixels over which a stroke's edge goes from black to white

# Files in matplotlib's own font folder, with the digits taken from each. Chosen by looking at them: zeros with a dot
# inside (DejaVu Sans Mono) and old-style figures (cmmi10) would teach another alphabet.
_ALL, _NO_ZERO = "0123456789", "123456789"
_FONTS = {
    "DejaVuSans.ttf": _ALL,
    "DejaVuSans-Bold.ttf": _ALL,
    "DejaVuSans-Oblique.ttf": _ALL,
    "DejaVuSans-BoldOblique.ttf": _ALL,
    "DejaVuSansMono.ttf": _NO_ZERO,
    "DejaVuSansMono-Oblique.ttf": _NO_ZERO,
    "DejaVuSerif.ttf": _ALL,
    "DejaVuSerif-Bold.ttf": _ALL,
    "DejaVuSerif-Italic.ttf": _ALL,
    "DejaVuSerif-BoldItalic.ttf": _ALL,
    "STIXGeneral.ttf": _ALL,
    "STIXGeneralBol.ttf": _ALL,
    "STIXGeneralItalic.ttf": _ALL,
    "STIXGeneralBolIta.ttf": _ALL,
    "cmr10.ttf": _ALL,
    "cmb10.ttf": _ALL,
    "cmss10.ttf": _ALL,
    "cmti10.ttf": _ALL,
    "cmtt10.ttf": _ALL,
}


def load(name: str, data_dir: str | Path | None = None, download: bool = False) -> source.InMemory:
    """The built-in digits, from the user's cache or rendered (some 20 s on two cores) and then kept there.

    Args:
      name: "glyphs".
      data_dir, download: not used: the digits are rendered here.

    Returns:
      source.InMemory with images uint8 (n, 28, 28, 1), white on black, 10 classes, each equally often in every split;
      50,000 train, 10,000 validation, 10,000 test. They are the same wherever the versions of matplotlib, numpy and
      scipy are.
    """
    note = "the glyphs are not cached and will be rendered again next time"
    found = files.cached_arrays(cache_path(), _rendered, note, _fits)
    images, labels = ({split: found[f"{split}_{part}"] for split in SIZES} for part in _PARTS)
    spec = source.Spec(name, TITLE, (_SIDE, _SIDE, 1), 10, SIZES)
    return source.InMemory(spec, images, labels)


def cache_path() -> Path:
    """Where the rendered set is kept: $XDG_CACHE_HOME or ~/.cache, one file for each version of what draws it."""
    import matplotlib

    return files.cache_folder() / f"glyphs-{VERSION}-matplotlib-{matplotlib.__version__}.npz"


def _rendered():
    made = {split: generate(split, count) for split, count in SIZES.items()}
    return {f"{split}_{part}": array for split, pair in made.items() for part, array in zip(_PARTS, pair)}


def _fits(found):
    """Whether arrays of a cache are those of all splits, of the right number."""
    return all(len(found.get(f"{split}_{part}", ())) == count for split, count in SIZES.items() for part in _PARTS)


def generate(split: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws `count` images of a split, the same ones each time.

    Args:
      split: a key of SIZES; each has draws of its own.
      count: images wanted. The classes are equally frequent if 10 divides it.

    Returns:
      images uint8 (count, 28, 28, 1); labels int32 (count,).
    """
    seed = [_SEED, list(SIZES).index(split)]
    labels = _generator(*seed).permutation(np.arange(count, dtype=np.int32) % 10)
    atlas = _atlas()
    images = np.empty((count, _SIDE, _SIDE, 1), np.uint8)

    def fill(batch):
        rows = slice(batch * _BATCH, (batch + 1) * _BATCH)
        images[rows, ..., 0] = _draw(_generator(*seed, batch), atlas, labels[rows])

    # numpy and scipy let go of the interpreter's lock in their loops. Each batch has its own seed, so how many threads
    # there are changes the time and nothing else.
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(fill, range(-(-count // _BATCH))))
    return images, labels


def _generator(*seed):
    return np.random.Generator(np.random.PCG64(seed))


@functools.cache
def _atlas():
    return _Atlas()


class _Atlas:
    """The signed distance field of every glyph, one below the other, and what is known of each.

    Attributes:
      fields: (glyphs * _CELL, _CELL): distance to the outline in image pixels, positive inside.
      of_digit: ten integer arrays: the glyphs that show a digit.
      width: (glyphs,): mean width of the strokes in image pixels.
      thin: (glyphs,): half the width of the thin strokes in image pixels.
    """

    def __init__(self):
        glyphs = [(int(digit), _distances(font, digit)) for font, digits in _FONTS.items() for digit in digits]
        digits = np.array([digit for digit, _ in glyphs])
        self.fields = np.concatenate([field for _, field in glyphs])
        self.of_digit = [np.flatnonzero(digits == digit) for digit in range(10)]
        # Across a straight stroke of width w the distance to the outline averages w / 4.
        self.width = np.array([4 * field[field > 0].mean() for _, field in glyphs])
        self.thin = np.array([_thin(field) for _, field in glyphs])


def _distances(font, digit):
    """The signed distance field (_CELL, _CELL) of one glyph, _HEIGHT pixels high and centred."""
    from matplotlib import get_data_path
    from matplotlib.ft2font import FT2Font, LoadFlags

    face = FT2Font(str(Path(get_data_path(), "fonts", "ttf", font)))  # by file: no font of the system plays a part
    size: float = 2 * _HEIGHT
    for _ in range(2):  # measured at first, then at the size that makes it _HEIGHT pixels high
        face.set_size(size, 72)
        face.set_text(digit, 0, flags=LoadFlags.NO_HINTING)
        face.draw_glyphs_to_bitmap(antialiased=False)
        bitmap = np.asarray(face.get_image()) > 0
        rows, columns = np.flatnonzero(bitmap.any(1)), np.flatnonzero(bitmap.any(0))
        bitmap = bitmap[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        size *= _HEIGHT / len(bitmap)
    mask = np.zeros((_CELL, _CELL), bool)
    top, left = (_CELL - bitmap.shape[0]) // 2, (_CELL - bitmap.shape[1]) // 2
    mask[top : top + bitmap.shape[0], left : left + bitmap.shape[1]] = bitmap
    field = ndimage.distance_transform_edt(mask) - ndimage.distance_transform_edt(~mask)
    return ndimage.gaussian_filter(field, 1) / _UNIT  # smoothed: the mask's outline is a staircase


def _thin(field):
    """Half the width of a glyph's thin strokes: a low quantile of the field along its crest."""
    crest = (field == ndimage.maximum_filter(field, 5)) & (field > 0)
    return np.quantile(field[crest], 0.1)


def _draw(rng, atlas, labels):
    """uint8 (n, 28, 28): one new image for each label."""
    n = len(labels)
    choice = rng.random(n)
    glyph = np.array([atlas.of_digit[label][int(u * len(atlas.of_digit[label]))] for label, u in zip(labels, choice)])
    # A pen for this image. Thin strokes keep 0.6 pixels on either side, or half of what they are; thick ones never
    # run together.
    pen = np.clip(rng.normal(2.55, 0.75, n), 1.2, 4.5)
    thin = atlas.thin[glyph]
    growth = np.clip((pen - atlas.width[glyph]) / 2, np.maximum(0.6 - thin, -0.5 * thin), 1.0)
    warp = _Warp(rng, n)
    # First on a wider canvas, to see how large the distorted digit is and where: then as MNIST places it.
    centre, extent = _measure(_ink(atlas, glyph, growth, warp, np.zeros((n, 2)), np.ones(n), _CANVAS))
    image = _ink(atlas, glyph, growth, warp, centre, extent / _BOX, _SIDE)
    return np.rint(255 * image).astype(np.uint8)


class _Warp:
    """For each image a linear map and a smooth displacement, both in image pixels around the digit's middle."""

    def __init__(self, rng, n):
        angle = np.clip(rng.normal(0, 0.12, n), -0.35, 0.35)
        shear = np.clip(rng.normal(0.03, 0.17, n), -0.4, 0.4)
        stretch = np.exp(np.clip(rng.normal(0, 0.16, n), -0.35, 0.35))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])  # (2, 2, n): rows are y, x
        zero, one = np.zeros(n), np.ones(n)
        lean = np.array([[one, zero], [shear, stretch]])
        self.linear = (lean[:, :, np.newaxis] * turn[np.newaxis]).sum(1)
        # Two waves for each axis, each a product of one in y and one in x of 0.4 to 1.1 periods over the digit.
        self.amplitude = np.clip(rng.normal(0, 0.75, (2, 2, n, 1, 1)), -1.6, 1.6)
        self.frequency = rng.uniform(0.4, 1.1, (2, 2, 2, n, 1)) * (2 * np.pi / _BOX)
        self.phase = rng.uniform(0, 2 * np.pi, (2, 2, 2, n, 1))

    def __call__(self, y, x):
        """From the rows y (n, side) and columns x (n, side) of images to those of glyphs: (n, side, side) each."""
        waves = [
            self.amplitude[axis]
            * np.sin(self.frequency[axis, 0] * y + self.phase[axis, 0])[..., np.newaxis]
            * np.sin(self.frequency[axis, 1] * x + self.phase[axis, 1])[..., np.newaxis, :]
            for axis in range(2)
        ]
        down = y[:, :, np.newaxis] + waves[0].sum(0)
        right = x[:, np.newaxis, :] + waves[1].sum(0)
        linear = self.linear[..., np.newaxis, np.newaxis]
        return linear[0, 0] * down + linear[0, 1] * right, linear[1, 0] * down + linear[1, 1] * right


def _ink(atlas, glyph, growth, warp, centre, scale, side):
    """The digits on a canvas: (n, side, side) in [0, 1]; `centre` (n, 2) comes to its middle, at 1 / `scale` (n,)."""
    steps = np.arange(side) - (side - 1) / 2
    place = centre[:, :, np.newaxis] + scale[:, np.newaxis, np.newaxis] * steps
    y, x = warp(place[:, 0], place[:, 1])
    half = (_CELL - 1) / 2
    y = np.clip(y * _UNIT + half, 0, _CELL - 1) + (glyph * _CELL)[:, np.newaxis, np.newaxis]
    distance = ndimage.map_coordinates(atlas.fields, [y, x * _UNIT + half], order=1, mode="nearest")
    edge = (distance + growth[:, np.newaxis, np.newaxis]) / scale[:, np.newaxis, np.newaxis]
    return np.clip(edge / _RAMP + 0.5, 0, 1)


def _measure(ink):
    """Centre of mass (n, 2), from the canvas' middle, and longer side (n,) of what is drawn, in pixels."""
    side = ink.shape[1]
    steps = np.arange(side) - (side - 1) / 2
    mass = ink.sum((1, 2))
    centre = np.stack([ink.sum(2) @ steps / mass, ink.sum(1) @ steps / mass], 1)
    return centre, np.maximum(_extent(ink.max(2)), _extent(ink.max(1)))


def _extent(profile):
    """From the first inked entry of each row of `profile` to the last, which count by how much they are inked: (n,)."""
    inked = profile > 0
    first, last = inked.argmax(1), profile.shape[1] - 1 - inked[:, ::-1].argmax(1)
    rows = np.arange(len(profile))
    return last - first - 1 + profile[rows, first] + profile[rows, last]
