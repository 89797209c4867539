"""Figures of points: what a generator draws where an "image" is one pixel, (1, 1, d), and what D makes of the plane.

Images of more pixels are in grids.py. The same arguments give the same bytes, as in curves.py.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from gan_repro.data.source import Described, Source
from gan_repro.figures import curves

SHOWN = 2000  # points of either kind in a picture: more of them cover each other
BINS = 60  # of a line
REAL = "#9a9a9a"
SURFACE = 1000  # points of either kind in front of level sets
MESH = 128  # points of a side of the mesh on which D is read (improved_wgan_training: gan_toy.py)
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


def surface(
    path: str | Path,
    along: ArrayLike,
    values: ArrayLike,
    samples: ArrayLike,
    real: ArrayLike,
    title: str | None = None,
    named: str = "",
) -> None:
    """Writes a figure of the level sets of a function in the plane, with real points and samples.

    Args:
      path: the PNG.
      along: float (k,), ascending: where the function was read, in both coordinates.
      values: float (k, k), a row for each second coordinate.
      samples, real: float (n, 1, 1, 2), (m, 1, 1, 2).
      title: lines above, or None.
      named: what the function is, beside the bar of its colours.

    Raises:
      ValueError: other shapes, or numbers that are not finite.
      RunError: the file cannot be written.

    Source: Gulrajani et al. 2017, Figure 1a.
    """
    drawn, behind = _checked(samples, 2), _checked(real, 2)
    along, values = np.asarray(along, np.float64), np.asarray(values, np.float64)
    if along.ndim != 1 or values.shape != (len(along), len(along)) or not np.isfinite(values).all():
        raise ValueError(f"values must be finite numbers, as many as {len(along)} x {len(along)}, not {values.shape}")
    figure = Figure(figsize=(5.8, 5.4), dpi=curves.DPI, layout="constrained")
    axes = figure.subplots()
    if np.ptp(values) > 0:  # else there is no level set
        levels = axes.contour(along, along, values, 20, cmap="viridis", linewidths=0.8)
        bar = figure.colorbar(levels, ax=axes, shrink=0.8)
        bar.ax.tick_params(labelsize=8)
        bar.set_label(named, fontsize=9)
    style: dict[str, Any] = {"s": 14, "linewidths": 0.7, "marker": "+", "alpha": 0.8}
    axes.scatter(behind[:, 0], behind[:, 1], color=curves.INK, zorder=3, **style)
    axes.scatter(drawn[:, 0], drawn[:, 1], color=curves.COLOURS[1], zorder=4, **style)
    axes.set(xlim=(along[0], along[-1]), ylim=(along[0], along[-1]), aspect="equal", xlabel="$x_1$", ylabel="$x_2$")
    axes.tick_params(labelsize=8)
    entries = (curves.INK, f"{len(behind):,} real points"), (curves.COLOURS[1], f"{len(drawn):,} samples")
    handles = [_mark(*each, marker="+") for each in entries]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    if title:
        curves.headline(figure, title, 9)
    curves.write(path, figure)


def depth(path: str | Path, slopes: Mapping[str, float], weights: Mapping[str, np.ndarray], title: str | None = None) -> None:
    """Writes a figure: norms of a gradient in each layer of a network, in order; and the histogram of all weights.

    Args:
      path: the PNG.
      slopes: {layer: mean norm of the gradient of the network's output in the layer's output}; a norm of 0 has no place on
        the logarithmic axis and is left out.
      weights: {layer: its weights without biases, float (n,)}.
      title: lines above, or None.

    Raises:
      ValueError: there is no layer.
      RunError: the file cannot be written.

    Source: Gulrajani et al. 2017, Figure 1b.
    """
    if not slopes or not weights:
        raise ValueError("there is no layer to draw")
    figure = Figure(figsize=(8.4, 3.4), dpi=curves.DPI, layout="constrained")
    left, right = figure.subplots(1, 2)
    found = np.array(list(slopes.values()), np.float64)
    places = np.arange(len(found))
    left.plot(places[found > 0], found[found > 0], color=curves.COLOURS[0], marker="o", markersize=4, linewidth=1.4)
    left.set_yscale("log")
    if (found > 0).any():  # a decade at least: less is no slope, and has no ticks
        low, high = found[found > 0].min(), found.max()
        middle = (low * high) ** 0.5
        left.set_ylim(min(low / 1.3, middle / 10**0.6), max(high * 1.3, middle * 10**0.6))
    left.set_xticks(places, list(slopes), fontsize=8, rotation=30 if len(found) > 5 else 0)
    left.set_xlim(-0.5, len(found) - 0.5)
    left.set_ylabel("mean norm of the gradient of D's output", fontsize=9)
    left.grid(True, color="#e3e3e3", linewidth=0.6)
    everything = np.concatenate([np.ravel(values) for values in weights.values()])
    right.hist(everything, BINS, color=curves.COLOURS[0], log=True)
    right.xaxis.set_major_locator(MaxNLocator(5))
    right.set_xlabel("weights of D, without biases", fontsize=9)
    right.set_ylabel("how many", fontsize=9)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(which="both", labelsize=8)
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


def _mark(colour, name, marker="o"):
    return Line2D([], [], color=colour, marker=marker, markersize=4 if marker == "o" else 6, linewidth=0, label=name)


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
