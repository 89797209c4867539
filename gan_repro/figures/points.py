"""Figures of points: what a generator draws where an "image" is one pixel, (1, 1, d): a line's density, a plane's scatter.

Images of more pixels are in grids.py. The same arguments give the same bytes, as in curves.py.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from gan_repro.data.source import Described, Source
from gan_repro.figures import curves

SHOWN = 2000  # points of either kind in a picture: more of them cover each other
BINS = 60  # of a line
REAL = "#9a9a9a"
LEGEND = 10  # labels that have a line of their own there


def are(shape: Sequence[int]) -> bool:
    """Whether images of this shape (height, width, channels) are points: of one pixel."""
    return tuple(shape[:2]) == (1, 1)


def real_of(source: Source) -> np.ndarray | None:
    """float32 (n, 1, 1, d): up to SHOWN test points of a data source; None of a Described, where no data are at hand."""
    return None if isinstance(source, Described) else source.scaled("test", SHOWN)


def cloud(
    path: str | Path,
    samples: ArrayLike,
    real: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    title: str | None = None,
) -> None:
    """Writes a figure of samples in front of real points: in one dimension both densities, in more the first two coordinates.

    Args:
      path: the PNG.
      samples: float (n, 1, 1, d), d >= 1, n >= 1.
      real: float (m, 1, 1, d), or None where no data are at hand.
      labels: int (n,): samples of a label have a colour of their own; None: all have one.
      title: lines above, or None.

    Raises:
      ValueError: other shapes, or numbers that are not finite.
      RunError: the file cannot be written.
    """
    drawn = _checked(samples)
    behind = None if real is None else _checked(real, drawn.shape[1])
    figure = Figure(figsize=(5.2, 5.4), dpi=curves.DPI, layout="constrained")
    axes = figure.subplots()
    parts = _parts(drawn, labels)
    (_densities if drawn.shape[1] == 1 else _scatter)(axes, parts, behind)
    axes.grid(True, color="#e3e3e3", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    handles = [] if behind is None else [_mark(REAL, f"{len(behind):,} real points")]
    handles += [_mark(colour, name) for _, colour, name in parts[:LEGEND]]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 4), frameon=False, fontsize=8)
    if title:
        curves.headline(figure, title, 9)
    curves.write(path, figure)


def _checked(points, dimensions=None):
    """float64 (n, d) of (n, 1, 1, d). Raises ValueError as `cloud`."""
    points = np.asarray(points, np.float64)
    if points.ndim != 4 or not len(points) or not are(points.shape[1:]) or dimensions not in (None, points.shape[3]):
        raise ValueError(f"points must be (n, 1, 1, {dimensions or 'd'}), n >= 1, not {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError("points hold numbers that are not finite")
    return points.reshape(len(points), -1)


def _parts(samples, labels):
    """(points, colour, name) of what has a colour of its own."""
    if labels is None:
        return [(samples, curves.COLOURS[1], f"{len(samples):,} samples")]
    labels = np.asarray(labels)
    found = enumerate(np.unique(labels))
    return [(samples[labels == label], curves.COLOURS[i % len(curves.COLOURS)], f"label {label}") for i, label in found]


def _mark(colour, name):
    return Line2D([], [], color=colour, marker="o", markersize=4, linewidth=0, label=name)


def _scatter(axes, parts, real):
    style = {"s": 6, "linewidths": 0, "alpha": 0.6}
    if real is not None:
        axes.scatter(real[:, 0], real[:, 1], color=REAL, **style)
    for points, colour, _ in parts:
        axes.scatter(points[:, 0], points[:, 1], color=colour, **style)
    axes.set_xlabel("$x_1$")
    axes.set_ylabel("$x_2$")
    axes.set_aspect("equal", adjustable="datalim")


def _densities(axes, parts, real):
    everything = np.concatenate([points for points, _, _ in parts] + ([] if real is None else [real]))
    edges = np.histogram_bin_edges(everything, BINS)
    if real is not None:
        axes.hist(real[:, 0], edges, density=True, color=REAL, alpha=0.6)
    for points, colour, _ in parts:
        axes.hist(points[:, 0], edges, density=True, color=colour, histtype="step", linewidth=1.4)
    axes.set_xlabel("$x$")
    axes.set_ylabel("density")
