"""Differences with their intervals, one below the other, a panel for each outcome. The same arguments give the same bytes."""

import math
import statistics
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from gan_repro.figures import curves

FAR = 3  # times what four in five of a panel's intervals reach: one that reaches farther would leave the others no room
SHOWN, PALE, MARGIN = curves.COLOURS[0], "#777777", "#e8e8e8"
PANEL = 2.2  # inches: a panel's axis
Interval = tuple[float, float, float]  # difference, half width alone, half width of all comparisons together


def forest(
    path: str | Path,
    labels: Sequence[str],
    panels: Sequence[tuple[str, float, Sequence[Interval]]],
    title: str,
    confidence: float,
) -> None:
    """Writes a picture of differences and their intervals.

    A thick line is the interval of a difference alone, a thin one that of all comparisons together; those of which the latter
    leaves out 0 have a colour. The margin about 0 is shaded. Intervals that reach FAR are cut off; a difference that lies
    beyond stands at the edge, as a number with an arrow, in the same colour.

    Args:
      path: the PNG.
      labels: of the rows, from the top.
      panels: (what the axis shows, margin >= 0, an Interval for each row).
      title: the line above.
      confidence: of the intervals, in (0, 1).

    Raises:
      RunError: the file cannot be written.
    """
    figure = Figure(figsize=(3.2 + 3.0 * len(panels), 1.3 + 0.27 * len(labels)), dpi=curves.DPI, layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axis, (what, margin, found) in zip(axes, panels):
        axis.axvspan(-margin, margin, color=MARGIN, linewidth=0)
        axis.axvline(0, color=curves.INK, linewidth=0.8)
        for place, (difference, alone, together) in enumerate(found):
            colour = SHOWN if abs(difference) > together else PALE
            axis.plot([difference - together, difference + together], [place] * 2, color=colour, linewidth=0.9)
            axis.plot([difference - alone, difference + alone], [place] * 2, color=colour, linewidth=2.6, solid_capstyle="butt")
            axis.plot([difference], [place], "o", color=colour, markersize=4)
        _leave_out_the_far(axis, found)
        axis.set_xlabel("\n".join(curves.wrapped(what, PANEL * curves.DPI, 8)), fontsize=8)
        axis.tick_params(labelsize=8)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    axes[0].set_yticks(range(len(labels)), labels)
    axes[0].set_ylim(len(labels) - 0.5, -0.5)
    percent = f"{100 * confidence:.0f} %"
    handles = [
        Line2D([], [], color=PALE, linewidth=2.6, label=f"{percent} interval of one comparison"),
        Line2D([], [], color=PALE, linewidth=0.9, label=f"{percent} for all comparisons together"),
        Line2D([], [], color=SHOWN, linewidth=2.6, marker="o", markersize=4, label=f"{percent} for all, leaves out 0"),
        Patch(color=MARGIN, label="counts as no difference"),
        Line2D([], [], color="none", label="with an arrow: a difference beyond the axis"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    figure.suptitle(title, fontsize=9)
    curves.write(path, figure)


def _leave_out_the_far(axis, found):
    """Cuts off intervals that reach FAR, and writes differences that lie beyond at the edge."""
    reach = [abs(difference) + together for difference, _, together in found]
    limit = FAR * statistics.quantiles(reach, n=5, method="inclusive")[-1] if len(reach) > 1 else math.inf
    near = [(each, far) for each, far in zip(found, reach) if far <= limit]
    if len(near) == len(found):
        return
    ends = [difference + side * together for (difference, _, together), _ in near for side in (-1, 1)]
    width, beyond = max(ends) - min(ends), [difference for (difference, _, _), far in zip(found, reach) if far > limit]
    room = [0.25 * width if any(side * each > 0 for each in beyond) else 0.05 * width for side in (-1, 1)]  # for the numbers
    axis.set_xlim(min(ends) - room[0], max(ends) + room[1])
    low, high = axis.get_xlim()
    for place, (difference, _, together) in enumerate(found):
        if not low < difference < high:
            text, where = (f"{difference:+.3g} \u2192", "right") if difference > 0 else (f"\u2190 {difference:+.3g}", "left")
            transform = axis.get_yaxis_transform()  # across in shares of the axis, down in rows
            style = {"facecolor": "white", "edgecolor": "none", "pad": 1}
            colour = SHOWN if abs(difference) > together else curves.INK
            axis.text(
                where == "right",
                place,
                text,
                ha=where,
                va="center",
                fontsize=7.5,
                color=colour,
                transform=transform,
                bbox=style,
            )
