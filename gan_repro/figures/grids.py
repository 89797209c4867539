"""Figures of images: grids of samples with exact pixels, the papers' nearest-neighbour and interpolation layouts.

The same arguments give the same bytes. Figures of numbers are in curves.py.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from gan_repro.data.scaling import to_pixels
from gan_repro.figures.curves import DPI, INK, text_width, wrapped, write
from gan_repro.system import files

GAP = 2
MARGIN = 10
FRAME, APART = 3, 4 * GAP  # around an outlined image, and between samples and the images nearest to them
TEXT = 500  # pixels: how wide a figure may become for its title where its images are narrower
LABEL = 190  # pixels: how wide the words beside a row may be
YELLOW = (255, 205, 0)


def _pixels(images: np.ndarray, low: float, high: float) -> np.ndarray:
    """uint8 (n, h, w, 3) of float (n, h, w, 1 or 3) in [low, high]; what lies outside is clipped.

    Raises:
      ValueError: another shape, or a number that is not finite.
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[3] not in (1, 3):
        raise ValueError(f"images must be (n, height, width, 1 or 3), not {images.shape}")
    return np.broadcast_to(to_pixels(images, low, high), (*images.shape[:3], 3))


def _scale(size: int, columns: int) -> int:
    """The whole factor by which images of `size` pixels are enlarged: `columns` of them are then about 900 wide."""
    return max(1, min(4, round(900 / (columns * size))))


def _paste(canvas: np.ndarray, image: np.ndarray, scale: int, top: int, left: int) -> None:
    enlarged = image.repeat(scale, 0).repeat(scale, 1)
    canvas[top : top + enlarged.shape[0], left : left + enlarged.shape[1]] = enlarged


def _white(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), 255, np.uint8)


def laid_out(pixels: np.ndarray, rows: int, columns: int, scale: int) -> np.ndarray:
    """uint8 canvas with images uint8 (n, h, w, 3) in reading order, GAP white pixels between; missing ones stay white."""
    height, width = pixels.shape[1] * scale, pixels.shape[2] * scale
    canvas = _white(rows * (height + GAP) - GAP, columns * (width + GAP) - GAP)
    for index, image in enumerate(pixels):
        row, column = divmod(index, columns)
        _paste(canvas, image, scale, row * (height + GAP), column * (width + GAP))
    return canvas


def tiles(images: np.ndarray, columns: int, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """uint8 (height, width, 3): images (n, h, w, 1 or 3) in reading order as one picture, to be drawn by others."""
    return laid_out(_pixels(images, low, high), -(-len(images) // columns), columns, 1)


def _write_canvas(
    path: str | Path,
    canvas: np.ndarray,
    title: str | None = None,
    headings: Sequence[tuple[float, str]] = (),
    caption: str | None = None,
    size: float = 9.0,
    labels: Sequence[tuple[float, Sequence[str]]] = (),
) -> None:
    """Writes a canvas pixel for pixel with white margins and words around it, in the middle of what these take.

    Args:
      path: the PNG.
      canvas: uint8 (h, w, 3).
      title: above, or None; caption: below, or None.
      headings: (x, text) above the canvas: the middle of a text, pixels of the canvas.
      size: of the title and the caption, points; headings and labels are smaller.
      labels: (y, lines) to the left of the canvas, right-aligned: the middle of the lines, pixels of the canvas.
    """
    line, small = round(size * DPI / 72 * 1.3), size * 0.8
    beside = max([text_width(each, small) for _, lines in labels for each in lines], default=0)
    left = MARGIN + (round(beside) + MARGIN if labels else 0)
    inner = left - MARGIN + canvas.shape[1]
    room = max(inner, TEXT)
    titles, captions = (wrapped(text, room, size) if text else [] for text in (title, caption))
    heading_lines = 0.8 * max((text.count("\n") + 1 for _, text in headings), default=0)
    top = MARGIN + round(line * (len(titles) + heading_lines)) + (MARGIN // 2 if titles or headings else 0)
    bottom = MARGIN + (line * len(captions) + MARGIN if captions else 0)
    widest = max([text_width(each, size) for each in titles + captions], default=0)
    wider = max(0, round(1.03 * widest) - inner)  # what a renderer draws differs a little from what the font says
    left += wider // 2
    height, width = top + canvas.shape[0] + bottom, inner + wider + 2 * MARGIN
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")
    figure.figimage(canvas, xo=left, yo=bottom, origin="upper")
    style: dict[str, Any] = {"fontsize": size, "color": INK, "va": "top", "linespacing": 1.1}
    for index, text in enumerate(titles):
        figure.text(0.5, 1 - (MARGIN + index * line) / height, text, ha="center", **style)
    for x, text in headings:
        place = (left + x) / width, 1 - (top - MARGIN // 2) / height
        figure.text(*place, text, ha="center", **style | {"va": "bottom", "fontsize": small})
    for y, lines in labels:
        place = (left - MARGIN) / width, 1 - (top + y) / height
        figure.text(*place, "\n".join(lines), ha="right", **style | {"va": "center", "fontsize": small})
    for index, text in enumerate(captions):
        figure.text(MARGIN / width, (bottom - MARGIN - index * line) / height, text, ha="left", **style)
    write(path, figure)


def sample_grid(
    path: str | Path,
    images: np.ndarray,
    rows: int,
    columns: int,
    title: str | None = None,
    low: float = 0.0,
    high: float = 1.0,
    labels: Sequence[Sequence[str]] = (),
) -> None:
    """Writes a grid of images, in reading order, enlarged by a whole factor without smoothing.

    Args:
      path: the PNG.
      images: float (n, h, w, 1 or 3) in [low, high], n <= rows * columns; missing cells stay white.
      rows, columns: of the grid.
      title: a line above it, or None.
      low, high: black and white.
      labels: the words to the left of each row: for each a sequence of texts, which have lines of their own; () for none.

    Raises:
      ValueError: too many images, a wrong shape, or numbers that are not finite.
      RunError: the file cannot be written.
    """
    pixels = _pixels(images, low, high)
    if len(pixels) > rows * columns:
        raise ValueError(f"{len(pixels)} images do not fit into {rows} x {columns}")
    scale = _scale(pixels.shape[2], columns)
    pitch = pixels.shape[1] * scale + GAP
    beside = [
        (row * pitch + (pitch - GAP) / 2, [line for text in texts for line in wrapped(text, LABEL, 7.2)])
        for row, texts in enumerate(labels)
    ]
    _write_canvas(path, laid_out(pixels, rows, columns, scale), title, labels=beside)


def beside_nearest(samples: np.ndarray, nearest: np.ndarray | None, scale: int) -> np.ndarray:
    """uint8 (height, width, 3): rows of samples, and behind each, outlined in yellow, the image nearest to its last one.

    Args:
      samples: uint8 (rows, columns, h, w, 3).
      nearest: uint8 (rows, h, w, 3); None: their column stays white.
      scale: the whole factor by which images are enlarged.
    """
    rows, columns, height, width, _ = samples.shape
    cell_h, cell_w = height * scale + 2 * FRAME, width * scale + 2 * FRAME  # the outline lies around the image, never on it
    canvas = _white(rows * (cell_h + GAP) - GAP, (columns + 1) * (cell_w + GAP) - GAP + APART)
    for row in range(rows):
        top = row * (cell_h + GAP)
        for column in range(columns):
            _paste(canvas, samples[row, column], scale, top + FRAME, column * (cell_w + GAP) + FRAME)
        if nearest is not None:
            left = canvas.shape[1] - cell_w
            canvas[top : top + cell_h, left:] = YELLOW
            _paste(canvas, nearest[row], scale, top + FRAME, left + FRAME)
    return canvas


def nearest_grid(
    path: str | Path, samples: np.ndarray, neighbours: np.ndarray, low: float, high: float, caption: str | None
) -> None:
    """Writes Figure 2 of Goodfellow et al. 2014: each row's samples, then the training image nearest to the last one.

    Args:
      path: the PNG.
      samples: float (rows, columns, h, w, 1 or 3) in [low, high]; the paper's layout: (4, 5, ...). Or the same
        samples row after row, (rows * columns, h, w, c).
      neighbours: float (rows, h, w, c): the training image nearest to the last sample of each row; outlined in yellow.
      low, high: black and white.
      caption: the text below, or None.

    Raises:
      ValueError: shapes that do not fit, or numbers that are not finite.
      RunError: the file cannot be written.
    """
    samples, neighbours = np.asarray(samples), np.asarray(neighbours)
    rows, shape = len(neighbours), neighbours.shape[1:]
    columns = samples.size // max(1, neighbours.size)
    if columns < 1 or samples.shape not in ((rows, columns, *shape), (rows * columns, *shape)):
        raise ValueError(f"samples {samples.shape} do not fit neighbours {neighbours.shape}")
    both = np.concatenate([samples.reshape(rows, columns, *shape), neighbours[:, None]], axis=1)
    pixels = _pixels(both.reshape(-1, *shape), low, high).reshape(rows, columns + 1, *shape[:2], 3)
    scale = max(2, _scale(shape[1], columns + 1))
    canvas = beside_nearest(pixels[:, :-1], pixels[:, -1], scale)
    cell_w = shape[1] * scale + 2 * FRAME
    middle = (columns * (cell_w + GAP) - GAP) / 2
    last = canvas.shape[1] - cell_w / 2
    _write_canvas(path, canvas, headings=[(middle, "samples"), (last, "nearest\ntraining\nimage")], caption=caption)


def interpolation_strips(
    path: str | Path, strips: np.ndarray, low: float = 0.0, high: float = 1.0, title: str | None = None
) -> None:
    """Writes Figure 3 of Goodfellow et al. 2014: each strip a row, its images side by side without gaps.

    Args:
      path: the PNG.
      strips: float (n_strips, n_steps, h, w, 1 or 3) in [low, high].
      low, high: black and white.
      title: a line above, or None.

    Raises:
      ValueError: a wrong shape, or numbers that are not finite.
      RunError: the file cannot be written.
    """
    strips = np.asarray(strips)
    if strips.ndim != 5:
        raise ValueError(f"strips must be (n_strips, n_steps, height, width, channels), not {strips.shape}")
    n, steps, height, width, _ = strips.shape
    pixels = _pixels(strips.reshape(-1, *strips.shape[2:]), low, high)
    scale, apart = max(2, _scale(width, steps)), 4 * GAP
    canvas = _white(n * (height * scale + apart) - apart, steps * width * scale)
    for index, image in enumerate(pixels):
        strip, step = divmod(index, steps)
        _paste(canvas, image, scale, strip * (height * scale + apart), step * width * scale)
    _write_canvas(path, canvas, title)


def animation(
    path: str | Path,
    frames: np.ndarray,
    rows: int,
    columns: int,
    low: float = 0.0,
    high: float = 1.0,
    milliseconds: int = 80,
) -> None:
    """Writes a GIF that shows grids of images one after the other, for ever. Every frame is laid out as by `sample_grid`.

    Grey images keep their 256 levels; colours are the 256 that suit all frames together, without dithering (which flickers).

    Args:
      path: the GIF.
      frames: float (n_frames, n, h, w, 1 or 3) in [low, high], n <= rows * columns.
      rows, columns: of the grid.
      low, high: black and white.
      milliseconds: how long a frame is shown; GIFs count in tens.

    Raises:
      ValueError: too many images, a wrong shape, or numbers that are not finite.
      RunError: the file cannot be written.
    """
    from PIL import Image

    frames = np.asarray(frames)
    if frames.ndim != 5:
        raise ValueError(f"frames must be (n_frames, n, height, width, channels), not {frames.shape}")
    n_frames, n, height, width, channels = frames.shape
    if n > rows * columns:
        raise ValueError(f"{n} images do not fit into {rows} x {columns}")
    pixels = _pixels(frames.reshape(-1, *frames.shape[2:]), low, high).reshape(n_frames, n, height, width, 3)
    white = np.full((height * width, width, 3), 255, np.uint8)  # enough of it to be given a place in the palette
    everything = np.concatenate([white, pixels.reshape(-1, width, 3)])
    palette = None if channels == 1 else Image.fromarray(everything).quantize(256)

    def picture(images):
        canvas = laid_out(images, rows, columns, _scale(width, columns))
        if palette is None:
            return Image.fromarray(np.ascontiguousarray(canvas[..., 0]))
        return Image.fromarray(canvas).quantize(palette=palette, dither=Image.Dither.NONE)

    first, *rest = map(picture, pixels)
    with files.replacing(path) as temporary:
        first.save(temporary, format="GIF", save_all=True, append_images=rest, duration=milliseconds, loop=0)


def arithmetic_sheet(
    path: str | Path,
    blocks: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]],
    headings: Sequence[str],
    low: float = 0.0,
    high: float = 1.0,
    title: str | None = None,
    caption: str | None = None,
) -> None:
    """Writes Figure 7 of Radford et al. 2015: A - B + C in z space, with the same on pixels below, one block per trial.

    A column each for A, B and C: the exemplars, and outlined below them the image of their mean z. To the right the 3 x 3
    images of the result and its neighbours, the result outlined in the middle, and below it the arithmetic on pixels.

    Args:
      path: the PNG.
      blocks: (exemplars (3, n, h, w, c), means (3, h, w, c), results (9, h, w, c), pixels (h, w, c)) of each trial; float
        in [low, high], n at least 3, c 1 or 3. What lies outside is clipped.
      headings: four texts: over A, B, C and the result.
      low, high: black and white.
      title, caption: lines above and below, or None.

    Raises:
      ValueError: a wrong shape, or numbers that are not finite.
      RunError: the file cannot be written.
    """
    n, height, width = blocks[0][0].shape[1:4]
    scale, apart, frame = _scale(width, 10), 8 * GAP, 2
    scale = max(1, scale - 1)
    cell_h, cell_w = height * scale + 2 * frame, width * scale + 2 * frame
    lefts = [column * (cell_w + 4 * apart) for column in range(4)]
    block_h = (n + 1) * cell_h + GAP
    canvas = _white(len(blocks) * (block_h + apart) - apart, lefts[3] + 3 * cell_w)
    for index, (images, means, results, pixels) in enumerate(blocks):
        top = index * (block_h + apart)
        cells = [(images[c, r], r, lefts[c], False) for c in range(3) for r in range(n)]
        cells += [(means[c], n, lefts[c], True) for c in range(3)]
        cells += [(results[k], k // 3, lefts[3] + k % 3 * cell_w, k == 4) for k in range(9)]
        cells += [(pixels, n, lefts[3] + cell_w, False)]
        drawn = _pixels(np.stack([cell[0] for cell in cells]), low, high)
        for image, (_, row, left, outlined) in zip(drawn, cells):
            y = top + row * cell_h + (GAP if row == n else 0)
            if outlined:
                canvas[y : y + cell_h, left : left + cell_w] = YELLOW
            _paste(canvas, image, scale, y + frame, left + frame)
    middles = [*(left + cell_w / 2 for left in lefts[:3]), lefts[3] + 1.5 * cell_w]
    _write_canvas(path, canvas, title, list(zip(middles, headings)), caption)
