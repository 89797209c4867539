"""Figures 1 and 2 of Arjovsky et al. 2017, from measured numbers: distances of parallel lines; a discriminator and a critic.

The same arguments give the same bytes.
"""

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from gan_repro.figures import curves

GREY = "#9a9a9a"
REAL, GENERATED = curves.COLOURS[2], curves.COLOURS[3]
STYLES: dict[str, dict[str, Any]] = {
    "D": {"color": curves.COLOURS[0], "linestyle": "-", "linewidth": 1.8},
    "log(1 - D)": {"color": curves.COLOURS[0], "linestyle": "-", "linewidth": 1.8},
    "-log D": {"color": curves.COLOURS[5], "linestyle": (0, (4, 1.5)), "linewidth": 1.6},
    "f / K": {"color": curves.COLOURS[1], "linestyle": "-", "linewidth": 1.8},
}
_LEAST, _MOST = 1e-8, 40.0  # of the gradients shown


def against_theta(path, theta, panels, title=None, note=None):
    """Writes distances against theta, a panel for each: the law as a line, the measurements as dots with bars.

    Args:
      path: the PNG.
      theta: ascending, (n,).
      panels: sequence of (label, law, jump, mean, deviation), one or more: `law` a function of an array of theta; `jump`
        its value at theta = 0 where that is another one than around it, else None; `mean` and `deviation` of the draws, (n,).
      title: a line above, or None.
      note: a line below, or None.

    Raises:
      ValueError: shapes that do not fit.
      RunError: the file cannot be written.

    Source: Arjovsky et al. 2017, Figure 1.
    """
    theta = np.asarray(theta, np.float64)
    if not panels or any(np.shape(values) != theta.shape for _, _, _, *measured in panels for values in measured):
        raise ValueError(f"there must be panels, each with as many means and deviations as theta: {theta.shape}")
    figure = Figure(figsize=(4.2 * len(panels), 3.7), dpi=curves.DPI, layout="constrained")
    for axes, (label, law, jump, mean, deviation) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels):
        for part in (theta[theta <= 0], theta[theta >= 0]):
            away = np.where(part == 0, np.sign(part.sum()) * 1e-12, part)  # the limit from this side
            axes.plot(part, law(away), color=curves.INK, linewidth=1.2, zorder=2)
        if jump is not None:
            style = {"color": curves.INK, "linestyle": "none", "marker": "o", "markersize": 6, "zorder": 3}
            axes.plot([0], law(np.array([1e-12])), markerfacecolor="white", **style)
            axes.plot([0], [jump], **style)
        style = {"color": curves.COLOURS[1], "markersize": 3.5, "linewidth": 0, "elinewidth": 1.0, "zorder": 4}
        axes.errorbar(theta, mean, deviation, fmt="o", **style)
        axes.set_xlabel(r"$\theta$")
        axes.set_ylabel(label)
        axes.set_ylim(bottom=-0.05 * max(1e-6, axes.get_ylim()[1]))
        axes.grid(True, color="#e3e3e3", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    figure.legend(
        [
            Line2D([], [], color=curves.INK, linewidth=1.2),
            Line2D([], [], color=curves.COLOURS[1], marker="o", markersize=3.5, linewidth=0),
        ],
        ["closed form", "measured from samples: mean ± SD of the draws"],
        loc="outside lower center",
        ncols=2,
        frameon=False,
        fontsize=9,
        title=note,
        title_fontsize=9,
    )
    if title:
        curves.headline(figure, title)
    curves.write(path, figure)


def judges(path, found, title=None, note=None):
    """Writes a discriminator and a critic between two densities, above, and below the gradients that they would give to G.

    Above, the densities and D on one scale from 0 to 1, f / K on the right, shifted to 0 half-way between its ends. Below,
    on a logarithmic scale cut off at 1e-8, the slope of each of G's losses at x, with p_g's place shaded. Each panel has
    its own legend below it: a network and the gradient of its loss have one colour.

    Args:
      path: the PNG.
      found: experiments.wgan.critics.Judges.
      title: a line above, or None.
      note: a line below the upper panel, or None.

    Raises:
      RunError: the file cannot be written.

    Source: Arjovsky et al. 2017, Figure 2, which has the upper panel.
    """
    x, figure = found.x, Figure(figsize=(7.0, 6.6), dpi=curves.DPI, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    for density, colour in ((found.p_data, REAL), (found.p_g, GENERATED)):
        above.fill_between(x, density, color=colour, alpha=0.25, linewidth=0)
        above.plot(x, density, color=colour, linewidth=1.4)
    above.plot(x, found.d(), **STYLES["D"])
    right = above.twinx()
    f = found.normalised()
    f = f - (f[0] + f[-1]) / 2
    right.plot(x, f, **STYLES["f / K"])
    reach = 1.06 * np.abs(f).max()
    right.set_ylim(-reach, reach)
    above.set_ylim(-0.03, 1.05)
    above.set_xlim(x[0], x[-1])
    above.set_ylabel("density, D(x)", fontsize=9)
    right.set_ylabel("f(x) / K (units of x)", fontsize=9)
    below.fill_between(
        x, 0, found.p_g / found.p_g.max(), transform=below.get_xaxis_transform(), color=GENERATED, alpha=0.15, linewidth=0
    )
    for loss, slope in found.slopes().items():
        below.plot(x, np.maximum(slope, _LEAST / 10), **STYLES[loss])
    below.set_yscale("log")
    below.set_ylim(_LEAST, _MOST)
    below.set_ylabel("|gradient| for G at x", fontsize=9)
    below.set_xlabel("x", fontsize=9)
    below.grid(True, axis="y", color="#e3e3e3", linewidth=0.6)
    for axes in (above, right, below):
        axes.tick_params(labelsize=8)
        axes.spines["top"].set_visible(False)
    networks: list[tuple[Artist, str]] = [
        (Patch(color=REAL, alpha=0.4), "real density"),
        (Patch(color=GENERATED, alpha=0.4), "generated density"),
        (Line2D([], [], **STYLES["D"]), "GAN discriminator D(x)"),
        (Line2D([], [], **STYLES["f / K"]), "WGAN critic f(x) / K, K its Lipschitz constant"),
    ]
    gradients: list[tuple[Artist, str]] = [
        (Line2D([], [], **STYLES[loss]), f"gradient of {loss.replace('-', '−')}, mean over p_g {mean:.3g}")
        for loss, mean in found.mean_slopes().items()
    ]
    gradients.append((Patch(color=GENERATED, alpha=0.15), "where p_g is (not to scale)"))
    curves.legend_below(above, 8, *zip(*networks), ncols=2, title=note, title_fontsize=8.5)
    curves.legend_below(below, 38, *zip(*gradients), ncols=2)
    if title:
        curves.headline(figure, title, 10)
    curves.write(path, figure)
