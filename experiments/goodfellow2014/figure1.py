"""Figure 1 of Goodfellow et al. 2014 from a real game on a line: densities, D and D*, and where G takes equal steps of z.

The same arguments give the same bytes.
"""

import dataclasses
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gan_repro.evaluation import divergences
from gan_repro.figures import curves
from gan_repro.system.snapshots import Stored

GREY, FAINT = "#9a9a9a", "#d8d8d8"
# The caption of the paper's figure: data black and dotted, p_g green and solid, D blue and dashed. D* is ours.
STYLES: dict[str, dict[str, Any]] = {
    "p_data": {"color": "black", "linestyle": (0, (1, 1.6)), "linewidth": 1.6, "zorder": 4},
    "p_g": {"color": curves.COLOURS[2], "linestyle": "-", "linewidth": 1.8, "zorder": 3},
    "d": {"color": curves.COLOURS[0], "linestyle": (0, (4, 2)), "linewidth": 1.6, "zorder": 5},
    "d_star": {"color": GREY, "linestyle": "-", "linewidth": 0.9, "zorder": 2},
}
LABELS = {
    "p_data": r"$p_{\mathrm{data}}(x)$",
    "p_g": r"$p_g(x)$",
    "d": r"$D(x)$",
    "d_star": r"$D^*(x) = p_{\mathrm{data}} / (p_{\mathrm{data}} + p_g)$",
}

_HEADROOM = 1.4  # of the highest p_data, and D's 1 at the same share of the panel as a density of .8 of std .5 would be
_D_TOP = 1.12
_UNSEEN = 5e-4  # mass that may lie outside of the panel at either end


@dataclasses.dataclass(frozen=True, eq=False)
class Snapshot(Stored):
    """A moment of a game on a line.

    Attributes:
      epoch, step: when, int.
      x: ascending points, (n,), that reach as far as the densities do.
      p_data, p_g, d: the densities and D(x) in [0, 1] at these points, (n,).
      z: equally spaced points of z, ascending, (k,), k >= 2.
      g_of_z: G(z) at these, (k,).
    """

    epoch: int
    step: int
    x: np.ndarray
    p_data: np.ndarray
    p_g: np.ndarray
    d: np.ndarray
    z: np.ndarray
    g_of_z: np.ndarray

    def jensen_shannon(self):
        """JSD(p_data || p_g), nats."""
        return divergences.jensen_shannon(self.p_data, self.p_g, self.x)

    def value(self):
        """V(D, G) of this moment's D, nats: -log 4 where both players have arrived."""
        return divergences.value(self.d, self.p_data, self.p_g, self.x)


read = Snapshot.read


def panels(path, snapshots, title=None):
    """Writes the figure: a panel for each snapshot, side by side, on one scale.

    Above, p_data and p_g against x (left scale), D and the D* of this p_g (right scale); what is higher than 1.4 times the
    highest p_data is cut off. Below, the line of z, drawn as wide as the panel, and an arrow from each z to G(z) on the line
    of x: where the arrows are close together, p_g is high. Under each panel JSD(p_data || p_g), and V(D, G) beside -log 4.

    Args:
      path: the PNG.
      snapshots: sequence of Snapshot, one or more; the range of x is that of all their densities.
      title: a line above, or None.

    Raises:
      ValueError: no snapshot, shapes that do not fit, or numbers that are not finite.
      RunError: the file cannot be written.

    Source: Goodfellow et al. 2014, Figure 1.
    """
    snapshots = list(snapshots)
    if not snapshots:
        raise ValueError("there is no snapshot to draw")
    for snapshot in snapshots:
        _check(snapshot)
    limits = _limits(snapshots)
    top = _HEADROOM * max(snapshot.p_data.max() for snapshot in snapshots)
    n = len(snapshots)
    figure = Figure(figsize=(0.7 + 2.5 * n if n > 1 else 4.0, 4.0), dpi=curves.DPI, layout="constrained")
    above, below = figure.subplots(2, n, squeeze=False, height_ratios=[3, 1])
    for i, snapshot in enumerate(snapshots):
        letter = f"({chr(ord('a') + i)}) " if 1 < n <= 26 else ""
        _draw_curves(above[i], snapshot, limits, top, first=i == 0, last=i == n - 1)
        _draw_map(below[i], snapshot, limits, first=i == 0)
        above[i].set_title(f"{letter}epoch {snapshot.epoch}, step {snapshot.step:,}", fontsize=9, color=curves.INK)
        below[i].set_xlabel(
            f"JSD = {snapshot.jensen_shannon():.4f} nats\n"
            f"V(D, G) = {_signed(snapshot.value())}   (−log 4 = {_signed(-divergences.LOG_4)})",
            fontsize=8,
            color=curves.INK,
            labelpad=6,
        )
    handles = [Line2D([], [], **style) for style in STYLES.values()]
    figure.legend(handles, LABELS.values(), loc="outside lower center", ncols=4 if n > 1 else 2, frameon=False, fontsize=9)
    if title:
        curves.headline(figure, title, 10)
    curves.write(path, figure)


def _signed(value):
    return f"{value:.4f}".replace("-", "−")


def _check(snapshot):
    for line, names in (("x", ("p_data", "p_g", "d")), ("z", ("g_of_z",))):
        points = np.shape(getattr(snapshot, line))
        for name in (line, *names):
            values = getattr(snapshot, name)
            if len(points) != 1 or points[0] < 2 or np.shape(values) != points:
                raise ValueError(f"{line} must be (n,), n >= 2, and {', '.join(names)} as long, not {np.shape(values)}")
            if not np.isfinite(values).all():
                raise ValueError(f"{name} holds numbers that are not finite")


def _limits(snapshots):
    """(low, high) of x: what all densities have between them but for _UNSEEN at either end, and a margin."""
    ends = []
    for snapshot in snapshots:
        for density in (snapshot.p_data, snapshot.p_g):
            mass = np.cumsum(density) * (snapshot.x[1] - snapshot.x[0])
            if mass[-1] > 0:
                ends += [snapshot.x[np.searchsorted(mass, share * mass[-1])] for share in (_UNSEEN, 1 - _UNSEEN)]
    low, high = (min(ends), max(ends)) if ends else (snapshots[0].x[0], snapshots[0].x[-1])
    margin = 0.06 * (high - low)
    return low - margin, high + margin


def _draw_curves(axes, snapshot, limits, top, first, last):
    x = snapshot.x
    right = axes.twinx()
    right.axhline(0.5, color=FAINT, linewidth=0.7, zorder=1)
    right.plot(x, divergences.optimal_discriminator(snapshot.p_data, snapshot.p_g), **STYLES["d_star"])
    right.plot(x, snapshot.d, **STYLES["d"])
    axes.plot(x, snapshot.p_g, **STYLES["p_g"])
    axes.plot(x, snapshot.p_data, **STYLES["p_data"])
    axes.set_zorder(right.get_zorder() + 1)  # the densities in front of D
    axes.patch.set_visible(False)
    axes.set_xlim(*limits)
    axes.set_ylim(0, top)
    right.set_ylim(0, _D_TOP)
    axes.set_xticks([])
    right.set_yticks([0, 0.5, 1], ["0", "½", "1"] if last else [])
    axes.tick_params(labelleft=first, labelsize=8)
    right.tick_params(labelsize=8)
    if first:
        axes.set_ylabel("density", fontsize=9)
    if last:
        right.set_ylabel("D", fontsize=9)
    for each in (axes, right):
        each.spines["top"].set_visible(False)
    axes.spines["right"].set_visible(False)
    right.spines["left"].set_visible(False)


def _draw_map(axes, snapshot, limits, first):
    """The two lines, x above z, and the arrows between them."""
    z, g_of_z = snapshot.z, snapshot.g_of_z
    low, high = limits
    margin = 0.04 * (high - low)
    from_z = low + margin + (z - z[0]) / (z[-1] - z[0]) * (high - low - 2 * margin)
    axes.set_xlim(*limits)
    axes.set_ylim(-0.08, 1.08)
    axes.plot([low + margin, high - margin], [0, 0], color=curves.INK, linewidth=1.0)
    axes.plot(limits, [1, 1], color=curves.INK, linewidth=1.0)
    axes.quiver(
        from_z,
        0 * z,
        g_of_z - from_z,
        0 * z + 1,
        angles="xy",
        scale_units="xy",
        scale=1,
        color=curves.INK,
        units="dots",
        width=1.1,
        headwidth=5,
        headlength=6,
        headaxislength=5.5,
    )
    axes.set_xticks([])
    axes.set_yticks([0, 1], ["z", "x"] if first else ["", ""], fontsize=9, style="italic")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
