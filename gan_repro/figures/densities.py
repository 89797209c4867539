"""Densities of points in the plane along a training: what is kept of them, and strips of them (Metz et al. 2016, Figure 2).

The same arguments give the same bytes, as in curves.py.
"""

import dataclasses
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy import ndimage

from gan_repro.figures import curves
from gan_repro.system.snapshots import Stored

KEPT = 1000  # points of a moment, and real ones
PANELS = 6  # moments of a row
BINS, BLUR = 96, 1.5  # bins of a side; standard deviation, in bins, of the Gaussian that each point becomes
SIZE = 1.25  # inches of a panel
COLOURS = "Greens"
COLOUR = "One scale in each row: the darkest is the highest density of its data"  # below every title


@dataclasses.dataclass(frozen=True, eq=False)
class Moment(Stored):
    """Points that a generator draws at one moment of its training.

    Attributes:
      step: minibatches played until then.
      points: float16 (n, 2): to three digits, a tenth of what the narrowest mode is wide.
    """

    step: int
    points: np.ndarray
    compress: typing.ClassVar[bool] = True


@dataclasses.dataclass(frozen=True, eq=False)
class Moments(Stored):
    """What is kept of a training beside its record, to be drawn with those of others.

    Attributes:
      steps: int (k,), ascending: minibatches played.
      points: float16 (k, n, 2).
      real: float16 (m, 2): test points.
    """

    steps: np.ndarray
    points: np.ndarray
    real: np.ndarray
    compress: typing.ClassVar[bool] = True


def in_plane(shape: Sequence[int]) -> bool:
    """Whether images of this shape (height, width, channels) are points in the plane."""
    return tuple(shape) == (1, 1, 2)


def taken(step: int, points: np.ndarray) -> Moment:
    """The Moment of points float (n, 1, 1, 2): the first KEPT of them."""
    return Moment(step, points[:KEPT].reshape(-1, 2).astype(np.float16))


def chosen(moments: Sequence[Moment], real: np.ndarray) -> Moments:
    """The Moments of at most PANELS of these, in equal distances as far as there are such; first and last among them.

    Args:
      moments: ascending, one or more, of equally many points.
      real: float (n, 1, 1, 2): the first KEPT are kept.
    """
    steps = np.array([each.step for each in moments])
    wanted = np.linspace(steps[0], steps[-1], PANELS)
    places = sorted({int(np.abs(steps - step).argmin()) for step in wanted})
    points = np.stack([moments[place].points for place in places])
    return Moments(steps[places], points, taken(0, real).points)


def density(points: np.ndarray, reach: float) -> np.ndarray:
    """The density of points float (n, 2) in a square: float64 (BINS, BINS), a row for each second coordinate, ascending.

    Args:
      points: those outside are left out, and counted.
      reach: > 0; the square is [-reach, reach]^2.
    """
    edges = np.linspace(-reach, reach, BINS + 1)
    x, y = np.asarray(points, np.float64).T
    counts = np.histogram2d(y, x, (edges, edges))[0]
    return ndimage.gaussian_filter(counts, BLUR, mode="constant") / (len(x) * (edges[1] - edges[0]) ** 2)


def strips(path: str | Path, rows: Mapping[str, Moments], title: str | None = None) -> None:
    """Writes a figure: a row for each training with its moments, and the data last. Its colours: COLOUR.

    Args:
      path: the PNG.
      rows: {what stands in front of the row: Moments}, one or more.
      title: lines above, or None.

    Raises:
      ValueError: there is no row.
      RunError: the file cannot be written.
    """
    panels = {
        name: [*((f"step {step:,}", points) for step, points in zip(own.steps, own.points)), ("data", own.real)]
        for name, own in rows.items()
    }
    _sheet(path, panels, {name: own.real for name, own in rows.items()}, title)


def table(
    path: str | Path,
    rows: Mapping[str, tuple[np.ndarray, Mapping[str, tuple[str, np.ndarray]]]],
    title: str | None = None,
) -> None:
    """Writes a figure: a row for each data set, a column for each game, and the data last. Its colours: COLOUR.

    Args:
      path: the PNG.
      rows: {data set: (real points float (m, 2), {game: (words above, samples float (n, 2))})}; blank where a game is not.
      title: lines above, or None.

    Raises:
      ValueError: there is no row.
      RunError: the file cannot be written.
    """
    games = list(dict.fromkeys(game for _, own in rows.values() for game in own))
    panels = {name: [*(own.get(game, (game, None)) for game in games), ("data", real)] for name, (real, own) in rows.items()}
    _sheet(path, panels, {name: real for name, (real, _) in rows.items()}, title)


def _sheet(path, panels, real, title):
    """`panels`: {row: [(words above, points (n, 2) or None), ...]}; `real`: {row: the data's points}."""
    if not panels:
        raise ValueError("there is no row to draw")
    columns = max(map(len, panels.values()))
    figure = Figure(figsize=(SIZE * columns + 1.0, (SIZE + 0.2) * len(panels) + 0.7), dpi=curves.DPI, layout="constrained")
    grid = figure.subplots(len(panels), columns, squeeze=False)
    for axes in grid.ravel():
        axes.set_axis_off()
    for row, (name, own) in zip(grid, panels.items()):
        reach = 1.3 * float(np.abs(real[name]).max())
        top = density(real[name], reach).max()
        shown = [*own[:-1], *([("", None)] * (columns - len(own))), own[-1]]  # the data stand below each other
        for axes, (words, points) in zip(row, shown):
            if points is None:
                continue
            extent = (-reach, reach, -reach, reach)
            values = density(points, reach)
            axes.imshow(values, cmap=COLOURS, vmin=0, vmax=top, origin="lower", extent=extent, interpolation="nearest")
            axes.set_axis_on()
            axes.set(xticks=[], yticks=[])
            axes.set_title(words, fontsize=7, color=curves.INK)
        row[0].set_axis_on()
        row[0].set(xticks=[], yticks=[])
        said = f"{name}\n$x_1$, $x_2$: \N{PLUS-MINUS SIGN}{reach:.2g}"
        row[0].set_ylabel(said, fontsize=7, color=curves.INK)
    curves.headline(figure, f"{title}. {COLOUR}" if title else COLOUR, 9)
    curves.write(path, figure)
