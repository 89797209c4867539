"""Figures of chains: how many classes are visited along them. Their samples are drawn by grids.py.

The same arguments give the same bytes, as in curves.py.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from gan_repro.figures import curves

Visited = Mapping[str, Sequence[float]]  # "length": ascending numbers of consecutive samples, "mean": classes among so many


def visited(
    path: str | Path, lines: Mapping[str, Visited], references: Sequence[str], classes: int, title: str | None = None
) -> None:
    """Writes a figure: the mean number of classes among consecutive samples of a chain, against how many these are.

    Args:
      path: the PNG.
      lines: {name for the legend: Visited}, at least one.
      references: those of the names that are no chains: dashed.
      classes: how many there are, a line at the top; 0: it is not known.
      title: lines above, or None.

    Raises:
      ValueError: there is no line.
      RunError: the file cannot be written.

    Source: Bengio, Mesnil, Dauphin, Rifai 2013, Figures 4e and 4f.
    """
    if not lines:
        raise ValueError("there is no line to draw")
    figure = Figure(figsize=(5.6, 4.0), dpi=curves.DPI, layout="constrained")
    axes = figure.subplots()
    own = iter(curves.OWN * len(lines))
    for name, line in lines.items():
        apart = name in references
        colour = curves.REFERENCES.get(name, curves.INK) if apart else next(own)
        style: dict[str, Any] = {"marker": "o", "markersize": 3, "linewidth": 1.4, "linestyle": "--" if apart else "-"}
        axes.plot(line["length"], line["mean"], label=name, color=colour, **style)
    if classes:
        axes.axhline(classes, color="#888888", linewidth=0.9, linestyle=":")
        axes.text(1, classes, f"all {classes} classes", fontsize=8, color="#666666", va="bottom")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.set_ylim(bottom=0)
    axes.set_xlabel("consecutive samples", fontsize=9)
    axes.set_ylabel("classes among them, mean", fontsize=9)
    axes.grid(True, color="#e3e3e3", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    curves.legend_below(axes)
    curves.padded(figure)
    if title:
        curves.headline(figure, title, 9)
    curves.write(path, figure)
