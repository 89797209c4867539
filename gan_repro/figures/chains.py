"""Figures of chains: how many classes are visited along them. Their samples are drawn by grids.py.

The same arguments give the same bytes, as in curves.py.
"""

from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from gan_repro.figures import curves

# "length": ascending numbers of consecutive samples, "mean": classes among so many, "apart": steps of the chain from a sample
# to the next one, where it is a chain and that is known.
Visited = Mapping[str, Any]


def visited(
    path: str | Path, lines: Mapping[str, Visited], references: Sequence[str], classes: int, title: str | None = None
) -> None:
    """Writes a figure: the mean number of classes among consecutive samples of a chain, against how many these are.

    Args:
      path: the PNG.
      lines: {name for the legend: Visited}, at least one.
      references: those of the names that are no chains: dashed.
        How far consecutive samples of the chains are apart stands below the axis, or in the legend where chains differ in it.
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
    apart_by = {line["apart"] for line in lines.values() if "apart" in line}
    for name, line in lines.items():
        apart = name in references
        colour = curves.REFERENCES.get(name, curves.INK) if apart else next(own)
        style: dict[str, Any] = {"marker": "o", "markersize": 3, "linewidth": 1.4, "linestyle": "--" if apart else "-"}
        axes.plot(line["length"], line["mean"], label=_label(name, line, len(apart_by) > 1), color=colour, **style)
    if classes:
        axes.axhline(classes, color="#888888", linewidth=0.9, linestyle=":")
        axes.text(1, classes, f"all {classes} classes", fontsize=8, color="#666666", va="bottom")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.set_ylim(bottom=0)
    axes.set_xlabel(_axis(apart_by), fontsize=9)
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


def _label(name: str, line: Visited, differ: bool) -> str:
    """What a line is called in the legend; `differ`: whether chains differ in how far their samples are apart."""
    return f"{name}, {_steps(line['apart'])} apart" if differ and "apart" in line else name


def _axis(apart: Set[int]) -> str:
    """What the axis counts; `apart`: the steps between consecutive samples of the chains, each number once."""
    same = f", {_steps(*apart)} of the chain apart" if len(apart) == 1 else ""
    return f"consecutive samples{same}"


def _steps(n: int) -> str:
    return f"{n:,} step{'s' if n > 1 else ''}"
