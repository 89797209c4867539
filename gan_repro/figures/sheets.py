"""Sheets: what a generator makes of a surface of z, images edge to edge in one PNG, which says itself of which weights it is.

results/index.html lets a pointer move over them. Drawn they are by draw.latent_sheet; reading one needs no TensorFlow.
"""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from gan_repro.data.scaling import to_pixels
from gan_repro.figures import points
from gan_repro.system import files
from gan_repro.system.errors import RunError

FOLDER = "latent"  # in results/figures
NUMBERS = 520_000  # of all pixels and channels of a sheet, at most: as a PNG some 200 kB
LEG = 8  # images from one node to the next
GREYS = 32  # of a channel: others cannot be told apart in moving pictures, and a PNG of 256 is twice as large
_KEY = "gan_repro sheet"  # of the PNG's text


@dataclasses.dataclass(frozen=True)
class Sheet:
    """What a sheet shows.

    Attributes:
      weights_sha256: of the file of the generator's weights.
      title: which run and which weights.
      side: images in a row, and in a column.
      steps: images from one node, a draw of z, to the next.
      labels: how many squares of side x side images stand below each other, one for each; 0: the generator takes none.
      height, width: pixels of an image.
      path: between nodes, one of priors.PATHS.
    """

    weights_sha256: str
    title: str
    side: int
    steps: int
    labels: int
    height: int
    width: int
    path: str


def possible(shape: Sequence[int]) -> bool:
    """Whether images of this shape (height, width, channels) can stand in a sheet: points cannot, nor what is very large."""
    return not points.are(shape) and shape[2] in (1, 3) and 4 * math.prod(shape) <= NUMBERS


def lattice(shape: Sequence[int], labels: int) -> tuple[int, int]:
    """(legs, steps) of a sheet of images (height, width, channels): legs * steps + 1 images stand in a row.

    As many as NUMBERS allow, in legs of about LEG; `labels` as of Sheet.
    """
    side = max(2, math.isqrt(NUMBERS // (math.prod(shape) * max(1, labels))))
    legs = max(1, (side - 1) // LEG)
    return legs, (side - 1) // legs


def write(path: str | Path, sheet: Sheet, images: np.ndarray, low: float, high: float) -> None:
    """Writes a sheet as a PNG.

    Args:
      path: of the file.
      sheet: what is said in it.
      images: float (max(1, labels) * side * side, height, width, 1 or 3) in [low, high], label by label, row by row.
      low, high: black and white.

    Raises:
      ValueError: images that do not fit.
      RunError: the file cannot be written.
    """
    count = max(1, sheet.labels) * sheet.side
    channels = images.shape[-1]
    pixels = to_pixels(images, low, high).reshape(count, sheet.side, sheet.height, sheet.width, channels)
    canvas = pixels.swapaxes(1, 2).reshape(count * sheet.height, sheet.side * sheet.width, channels)
    step = 255 / (GREYS - 1)
    canvas = np.round(np.round(canvas / step) * step).astype(np.uint8)
    told = PngImagePlugin.PngInfo()
    told.add_text(_KEY, json.dumps(dataclasses.asdict(sheet)))
    picture = Image.fromarray(canvas[..., 0] if channels == 1 else canvas)
    with files.replacing(path) as temporary:
        picture.save(temporary, format="PNG", optimize=True, pnginfo=told)


def read(path: str | Path) -> Sheet | None:
    """What the sheet in a PNG is of; None: there is no file, or another picture.

    Raises:
      RunError: the file cannot be read, or is damaged.
    """
    if not Path(path).exists():
        return None
    try:
        with Image.open(path) as picture:
            text = getattr(picture, "text", {}).get(_KEY)
            picture.load()
        return Sheet(**json.loads(text)) if text else None
    except (OSError, SyntaxError, ValueError, TypeError) as error:
        raise RunError(f"{path} is damaged: {error}. It is drawn anew by: python -m gan_repro.shipped") from error


def current(path: str | Path, told: Mapping[str, str]) -> bool:
    """Whether a sheet is there, sound, and of weights that a {file: sha256} has; a damaged one is of none."""
    try:
        found = read(path)
    except RunError:
        return False
    return found is not None and found.weights_sha256 in told.values()
