"""Figures of numbers: a run's curves, and the style of all of them (colours, axes, legends, titles).

The same arguments give the same bytes: no dates, no global state.
"""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from gan_repro.evaluation.measurement import Curves
from gan_repro.papers import weights_names
from gan_repro.system import files

DPI = 128  # a power of two: pixels / DPI * DPI is exact, so that no size is off by one
INK = "#222222"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6d3b", "#666666")  # Okabe and Ito
STYLES = ("-", (0, (4, 1.2)), (0, (1, 1)))
# Reference samples have one colour in all figures; generators have the others.
REFERENCES = {
    "training images": COLOURS[2],
    "k-means centroids": COLOURS[3],
    "the mean training image": COLOURS[4],
    "all training images": INK,
}
OWN = tuple(colour for colour in COLOURS if colour not in REFERENCES.values())
STAGE = {"color": "#888888", "linewidth": 0.9, "label": "the second stage begins"}


def write(path: str | Path, figure: Figure) -> None:
    """Writes a matplotlib figure as PNG, whole or not at all. Raises RunError if that cannot be done."""
    with files.replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})


@functools.lru_cache(4096)  # `wrapped` asks for the same beginnings of lines again and again
def text_width(text: str, size: float) -> float:
    """The width of a line of text in a font of `size` points, in a figure's pixels."""
    return text_to_path.get_text_width_height_descent(text, FontProperties(size=size), False)[0] * DPI / 72


def wrapped(text: str, width: float, size: float) -> list[str]:
    """`text` in as few lines as fit into `width` pixels at `size` points, the longest of them as short as that allows.

    A word wider than `width` has a line of its own and is not broken.
    """
    lines = _filled(text, width, size)
    while len(shorter := _filled(text, max(text_width(line, size) for line in lines) - 1, size)) == len(lines):
        if shorter == lines:
            break
        lines = shorter
    return lines


def _filled(text: str, width: float, size: float) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]


def headline(figure: Figure, title: str, size: float = 11) -> None:
    """Gives a figure a title that is no wider than the figure."""
    width = 0.96 * figure.get_figwidth() * DPI
    figure.suptitle("\n".join(wrapped(title, width, size)), fontsize=size, color=INK)


def title_of_run(
    model: str, data: str, preset: str, epochs: float, seed: int, settings: Sequence[str] = (), planned: float = 0
) -> str:
    """Which run a figure is of: "WGAN on MNIST: quick preset, clip 0.1, 25 epochs, seed 0".

    Args:
      model, data: their titles.
      preset, seed: of the run.
      epochs: played; 0: not known.
      settings: what is unlike the preset (configuration.settings).
      planned: epochs that were asked for; where fewer were played the title says "45 of 90 epochs".
    """
    whole = f" of {planned:,g}" if epochs < planned else ""
    played = [f"{epochs:,g}{whole} epoch{'' if max(epochs, planned) == 1 else 's'}"] if epochs else []
    return f"{model} on {data}: {', '.join([f'{preset} preset', *settings, *played, f'seed {seed}'])}"


def line_axes(axes: Axes, ylabel: str) -> None:
    """Labels, grid and spines of axes whose x is the epoch."""
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    axes.set_ylabel(ylabel)
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.grid(True, color="#e3e3e3", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def plot_line(
    axes: Axes,
    epochs: Sequence[float | None],
    values: Sequence[float | None],
    label: str | None = None,
    stage: float = 0,
    **style: Any,
) -> None:
    """A line; the fewer points, the more visible each one is. None (nothing measured then) leaves a hole.

    Behind the epoch `stage` another game begins, and another line.
    """
    x, y = np.array(epochs, float), np.array([np.nan if value is None else value for value in values], float)
    style |= {"linewidth": 1.4 if len(y) <= 1000 else 0.6, "marker": "o" if len(y) <= 30 else None, "markersize": 3.5}
    first = int(np.count_nonzero(x <= stage)) if stage else 0
    for part in (slice(0, first), slice(first, None)):
        if len(x[part]):
            axes.plot(x[part], y[part], label=label, **style)
            label = None


def robust_limits(axes: Axes, drawn: Sequence[Sequence[float | None]]) -> None:
    """Begins the y axis of curves at `robust_bottom`, if there is one."""
    bottom = robust_bottom(drawn)
    if bottom is not None:
        axes.set_ylim(bottom=bottom)


def robust_bottom(drawn: Sequence[Sequence[float | None]]) -> float | None:
    """Where a y axis is to begin, so that the first epochs, hundreds of nats below the rest, do not flatten what matters.

    Whatever is cut off, the best half of every curve is seen.

    Args:
      drawn: the values of each curve, None where nothing was measured.

    Returns:
      the value; None: nothing is to be cut off.
    """
    known = [np.array(found) for each in drawn if (found := _known(each))]
    values = np.concatenate(known or [np.zeros(0)])
    if len(values) < 4:
        return None
    quarter, top = np.percentile(values, 25), values.max()
    bottom = min(quarter - 1.5 * (top - quarter), *(np.median(each) for each in known))
    return float(bottom - 0.02 * (top - bottom)) if values.min() < bottom else None


def legend_below(axes: Axes, points: float = 38, *entries: Any, **more: Any) -> None:
    """A legend so many points below the axes, by default below the words under them: there it covers nothing.

    `entries`: handles and labels, as Axes.legend takes them; none: those of what was drawn.
    """
    below = axes.transAxes + ScaledTranslation(0, -points / 72, axes.figure.dpi_scale_trans)
    place: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "bbox_transform": below, "borderaxespad": 0.0}
    axes.legend(*entries, frameon=False, fontsize=8, **place, **more)


def padded(figure: Figure) -> None:
    """Puts room around the axes of a figure with the layout "constrained"."""
    figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.08)


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None and np.isfinite(value)]


def training_curves(
    path: str | Path, curves: Curves, title: str, d_output: Sequence[str] = ("probability",), stage: float = 0
) -> None:
    """Writes a run's curves: losses; mean D(x) and D(G(z)); whatever else was learned by; validation log-likelihood, if there.

    Where nothing was measured there is no line: a generator that stands still has no loss. Legends are below the axes.

    Args:
      path: the PNG.
      curves: a record's.
      title: the line above.
      d_output: what D's outputs are in each stage, "probability" or "score" (of a critic); one entry for all of them.
      stage: the epoch behind which a second stage begins, at a vertical line; 0: there is one stage.

    Raises:
      RunError: the file cannot be written.
    """
    training, validation = curves.training, curves.validation
    stage = stage if stage < max(_known(training.get("epoch", ())), default=0) else 0
    outputs = dict.fromkeys(d_output)

    def named(words):
        return ", then ".join(words[output == "score"] for output in outputs)

    panels = [
        ("loss", {"d_loss": named(("discriminator", "critic")), "g_loss": "generator"}),
        (f"mean output of {named('Df')}", {"d_real": named(("D(x)", "f(x)")), "d_generated": named(("D(G(z))", "f(G(z))"))}),
    ]
    known = {"epoch", "diversity", *(name for _, lines in panels for name in lines)}
    panels += [(name.replace("_", " "), {name: name.replace("_", " ")}) for name in training if name not in known]
    panels = [(ylabel, {name: text for name, text in lines.items() if name in training}) for ylabel, lines in panels]
    panels = [(ylabel, lines) for ylabel, lines in panels if any(_known(training[name]) for name in lines)]
    rows = max([len(lines) for _, lines in panels] + [len(validation)], default=0)
    size = 4.2 * max(1, len(panels) + bool(validation)), 3.2 + 0.16 * (rows + bool(stage))
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    axes = figure.subplots(1, max(1, len(panels) + bool(validation)), squeeze=False)[0]
    for axis, (ylabel, lines) in zip(axes, panels):
        for colour, (name, text) in zip(COLOURS, lines.items()):
            if _known(training[name]):
                plot_line(axis, training["epoch"], training[name], text, stage, color=colour)
        line_axes(axis, ylabel)
    if validation:
        for colour, (name, curve) in zip(OWN, validation.items()):
            plot_line(axes[-1], curve.epoch, curve.value, weights_names.title(name), stage, color=colour)
        line_axes(axes[-1], "validation log-likelihood (nats)")
        robust_limits(axes[-1], [curve.value for curve in validation.values()])
    for axis in axes if panels or validation else ():
        if stage:
            axis.axvline(stage, **STAGE)
        legend_below(axis)
    padded(figure)
    headline(figure, title)
    write(path, figure)
