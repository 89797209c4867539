"""How a training's own estimate goes with the quality of its samples (Figures 3 and 4 of WGAN): snapshots and their figure.

The same arguments give the same bytes.
"""

import dataclasses
import textwrap
import typing

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gan_repro.figures import curves, grids
from gan_repro.system.snapshots import Stored

SHOWN = 16  # images of a snapshot, drawn as 4 x 4
PANELS = 6  # snapshots whose images are drawn


@dataclasses.dataclass(frozen=True, eq=False)
class Snapshot(Stored):
    """A moment of a training.

    Attributes:
      epoch, step: when, int; g_updates: G's updates until then, int.
      quality: a distance of samples from real images (lower is better), float; NaN: not measured.
      images: float32 (SHOWN, h, w, c), the same z every time.
    """

    epoch: int
    step: int
    g_updates: int
    quality: float
    images: np.ndarray
    compress: typing.ClassVar[bool] = True


read = Snapshot.read


def estimate_and_quality(path, snapshots, estimate, label, quality_label, shown, title):
    """Writes the figure: above, samples at several moments; below, the estimate (left) and the quality (right).

    The estimate is drawn along the training, as it is (faint) and smoothed; the quality at the snapshots.

    Args:
      path: the PNG.
      snapshots: sequence of Snapshot, ascending, two or more.
      estimate: (steps ascending, the training's estimate there, the same smoothed), sequences of as many numbers.
      label, quality_label: of the two axes.
      shown: (black, white) of the images.
      title: a line above.

    Raises:
      ValueError: fewer than two snapshots, or not as many steps as estimates.
      RunError: the file cannot be written.
    """
    steps, raw, smooth = estimate
    if len(snapshots) < 2 or not len(steps) == len(raw) == len(smooth):
        numbers = f"{len(snapshots)} snapshots, {len(steps)} steps, {len(raw)} and {len(smooth)} estimates"
        raise ValueError(f"{numbers}: two snapshots or more, and as many steps as estimates")
    updates = [snapshot.g_updates for snapshot in snapshots]
    picked = sorted({round(index) for index in np.linspace(0, len(snapshots) - 1, PANELS)})
    figure = Figure(figsize=(9.6, 4.8), dpi=curves.DPI, layout="constrained")
    grid = figure.add_gridspec(2, len(picked), height_ratios=[1, 1.5])
    for column, index in enumerate(picked):
        axes = figure.add_subplot(grid[0, column])
        axes.imshow(grids.tiles(snapshots[index].images, 4, *shown), interpolation="nearest")
        axes.set_title(f"{updates[index]:,} updates", fontsize=8, color=curves.INK)
        axes.set_axis_off()
    left = figure.add_subplot(grid[1, :])
    # What is known of G's updates are the snapshots; between them they are taken to come evenly.
    along = np.interp(steps, [0, *(snapshot.step for snapshot in snapshots)], [0, *updates])
    left.plot(along, raw, color=curves.COLOURS[0], linewidth=0.8, alpha=0.35, label="estimate")
    left.plot(along, smooth, color=curves.COLOURS[0], linewidth=1.6, label="its running median")
    left.set_ylabel(textwrap.fill(label, 40), color=curves.COLOURS[0], fontsize=9)
    left.set_xlabel("updates of G", fontsize=9)
    left.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    left.grid(True, color="#e3e3e3", linewidth=0.6)
    left.spines[["top", "right"]].set_visible(False)
    qualities = [snapshot.quality for snapshot in snapshots]
    if np.isfinite(qualities).any():
        right = left.twinx()
        (line,) = right.plot(updates, qualities, "s--", color=curves.COLOURS[1], linewidth=1.2, markersize=3)
        line.set_label("quality of samples")
        right.set_ylabel(textwrap.fill(quality_label, 40), color=curves.COLOURS[1], fontsize=9)
        right.set_ylim(0, 1.08 * np.nanmax(qualities) or 1)
        right.spines["top"].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    curves.headline(figure, title, 10)
    curves.write(path, figure)
