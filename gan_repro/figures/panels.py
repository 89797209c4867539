"""Pictures that set samples of several models beside each other, a panel each, of the figures that their runs left.

The same arguments and files give the same bytes, as in grids.py.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from gan_repro.figures import curves, grids
from gan_repro.system.errors import RunError

SIDE = 96  # pixels of an image, about: it is enlarged by the whole factor that comes nearest
COLUMNS = 2  # panels beside each other
BETWEEN = 36  # pixels, between panels
SIZES = 10.0, 9.0  # points: of a panel's heading, and of what else is said


@dataclasses.dataclass(frozen=True, eq=False)
class Panel:
    """Samples of a run, and what stands above them.

    Attributes:
      heading: the first line.
      lines: further ones; one that is too wide becomes several.
      samples: uint8 (rows, columns, h, w, 3); None: there are none.
      nearest: uint8 (rows, h, w, 3): the real image nearest to the last sample of each row; None: it is not shown.
      instead: what stands in the place of what is not shown.
    """

    heading: str
    lines: Sequence[str]
    samples: np.ndarray | None = None
    nearest: np.ndarray | None = None
    instead: str = ""


def taken_apart(path: str | Path, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray | None] | None:
    """The images in a picture that `nearest_grid` wrote, or `sample_grid` without labels; None where it is no such picture.

    Returns:
      (samples uint8 (rows, columns, h, w, 3), nearest uint8 (rows, h, w, 3), or None in a picture of samples alone).

    Raises:
      RunError: the file is no picture, or damaged.
    """
    pixels = _read(path)
    yellow = np.logical_and.reduce(pixels == np.array(grids.YELLOW), axis=2)
    frame, gap = (grids.FRAME if yellow.any() else 0), grids.GAP
    if frame:
        (top, bottom), (left, right) = (_extent(np.logical_or.reduce(yellow, axis=axis)) for axis in (1, 0))
        cell_h, cell_w = (bottom - top + gap) // rows - gap, right - left
        left = right - ((columns + 1) * (cell_w + gap) - gap + grids.APART)
    else:
        bottom = len(pixels) - grids.MARGIN
        ink = ~np.logical_and.reduce(pixels[:bottom] == 255, axis=2)
        cell_h = _first_run(np.logical_or.reduce(ink, axis=1)[::-1])
        top = bottom - (rows * (cell_h + gap) - gap)
        left, right = _extent(np.logical_or.reduce(ink[max(0, top) :]))
        cell_w = _first_run(np.logical_or.reduce(ink[max(0, top) :, left:right]))
        if ink[max(0, top - gap - 1) : top].any() or right - left != columns * (cell_w + gap) - gap:
            return None  # of more rows or columns
    height, width = cell_h - 2 * frame, cell_w - 2 * frame
    if min(top, left) < 0 or min(height, width) < 1:
        return None
    lefts = [left + column * (cell_w + gap) for column in range(columns)] + ([right - cell_w] if frame else [])
    tops = [top + row * (cell_h + gap) for row in range(rows)]
    cells = np.stack([[pixels[y + frame :, x + frame :][:height, :width] for x in lefts] for y in tops])
    scale = next(k for k in (4, 3, 2, 1) if _enlarged(cells, k))
    samples = cells[:, :columns, ::scale, ::scale]
    nearest = cells[:, columns, ::scale, ::scale] if frame else None
    again = (
        grids.beside_nearest(samples, nearest, scale)
        if frame
        else grids.laid_out(samples.reshape(-1, *samples.shape[2:]), rows, columns, scale)
    )
    there = pixels[top : top + again.shape[0], left : left + again.shape[1]]
    return (samples, nearest) if np.array_equal(there, again) else None


def _read(path: str | Path) -> np.ndarray:
    """uint8 (h, w, 3) of a picture's file. Raises RunError: there is none, or it is damaged."""
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        raise RunError(f"{path} is damaged: {error}") from error


def _extent(mask: np.ndarray) -> tuple[int, int]:
    """(first, last + 1) of what is true in bool (n,); (0, 0) where nothing is."""
    found = np.flatnonzero(mask)
    return (int(found[0]), int(found[-1]) + 1) if len(found) else (0, 0)


def _first_run(mask: np.ndarray) -> int:
    """How many of bool (n,) are true before the first that is not."""
    return int(np.append(mask, False).argmin())


def _enlarged(cells: np.ndarray, scale: int) -> bool:
    """Whether each of the cells (rows, columns, h, w, 3) is an image of which every pixel became scale x scale equal ones."""
    height, width = cells.shape[2:4]
    return not (height % scale or width % scale) and np.array_equal(
        cells[:, :, ::scale, ::scale].repeat(scale, axis=2).repeat(scale, axis=3), cells
    )


def write(path: str | Path, panels: Sequence[Panel], caption: str) -> None:
    """Writes a picture of panels, COLUMNS of them beside each other, and above them lines that say what they show.

    Raises:
      ValueError: no panel has samples.
      RunError: the file cannot be written.
    """
    canvases = [None if each.samples is None else _canvas(each.samples, each.nearest) for each in panels]
    drawn = [canvas for canvas in canvases if canvas is not None]
    if not drawn:
        raise ValueError("no panel has samples")
    box_h, box_w = (max(canvas.shape[axis] for canvas in drawn) for axis in (0, 1))
    pitches = [round(size * curves.DPI / 72 * 1.35) for size in SIZES]
    headings = [curves.wrapped(each.heading, 0.85 * box_w, SIZES[0]) for each in panels]  # bold is wider than what is measured
    texts = [[line for text in each.lines for line in curves.wrapped(text, 0.97 * box_w, SIZES[1])] for each in panels]
    heights = [len(bold) * pitches[0] + len(plain) * pitches[1] for bold, plain in zip(headings, texts)]
    above = max(heights) + grids.MARGIN // 2
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    inner = columns * (box_w + BETWEEN) - BETWEEN
    words = curves.wrapped(caption, 0.97 * inner, SIZES[1])
    top = 2 * grids.MARGIN + pitches[1] * len(words)
    width, height = inner + 2 * grids.MARGIN, top + rows * (above + box_h + BETWEEN) - BETWEEN + grids.MARGIN
    figure = Figure(figsize=(width / curves.DPI, height / curves.DPI), dpi=curves.DPI, facecolor="white")

    def say(x, y, text, size=SIZES[1], **style):
        figure.text(x / width, 1 - y / height, text, fontsize=size, color=curves.INK, **{"va": "top", "ha": "left", **style})

    for number, text in enumerate(words):
        say(grids.MARGIN, grids.MARGIN + number * pitches[1], text)
    for number, (each, canvas) in enumerate(zip(panels, canvases)):
        row, column = divmod(number, columns)
        x, y = grids.MARGIN + column * (box_w + BETWEEN), top + row * (above + box_h + BETWEEN)
        line = y
        for text in headings[number]:
            say(x, line, text, SIZES[0], weight="bold")
            line += pitches[0]
        for text in texts[number]:
            say(x, line, text)
            line += pitches[1]
        y, blank = y + above, (x, box_w)
        if canvas is not None and each.samples is not None:
            figure.figimage(canvas, xo=x, yo=height - y - canvas.shape[0], origin="upper")
            cell = canvas.shape[1] // (each.samples.shape[1] + 1)
            blank = x + canvas.shape[1] - cell, cell
        if each.nearest is None and each.instead:
            there = "\n".join(curves.wrapped(each.instead, blank[1], SIZES[1]))
            middle = y + (box_h if canvas is None else canvas.shape[0]) / 2
            say(blank[0] + blank[1] / 2, middle, there, ha="center", va="center")
    curves.write(path, figure)


def _canvas(samples: np.ndarray, nearest: np.ndarray | None) -> np.ndarray:
    return grids.beside_nearest(samples, nearest, max(1, round(SIDE / samples.shape[3])))
