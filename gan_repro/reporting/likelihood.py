"""Figures of log-likelihoods from the records of many runs: against epochs, against sigma and the number of samples.

The same arguments give the same bytes.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator

from gan_repro.evaluation.measurement import Sweep
from gan_repro.figures import curves
from gan_repro.papers import weights_names
from gan_repro.papers.shown import Published
from gan_repro.reporting.groups import Group, longest
from gan_repro.reporting.record import Record


def _preset_title(preset: str, by_seed: Mapping[int, Record]) -> str:
    """Such as "paper preset, 3 seeds, 250 epochs", or "paper preset, seed 0: 1,000 epochs; seeds 1, 2: 250 epochs"."""
    seeds: dict[str, list[str]] = {}
    for seed, record in by_seed.items():
        seeds.setdefault(f"{record.played} epochs", []).append(str(seed))
    if len(by_seed) > 1 and len(seeds) == 1:
        return f"{preset} preset, {len(by_seed)} seeds, {next(iter(seeds))}"
    parts = [f"seed{'s' if len(same) > 1 else ''} {', '.join(same)}: {epochs}" for epochs, same in seeds.items()]
    return f"{preset} preset, {'; '.join(parts)}"


def log_likelihood_curves(
    path: str | Path, groups: Sequence[Group], published: Iterable[Published], title: str, real: float | None = None
) -> None:
    """Writes the validation log-likelihood against epochs of an experiment's runs on one data set.

    A colour for each of the weights (last, averages), a line style for each preset, a line for each seed:
    of a run that was continued the longer record. A second stage begins at a vertical line. Below the title stands which
    runs they are.

    Args:
      path: the PNG.
      groups: as groups.group gives them; their presets have one recipe each.
      published: shown.Published numbers, dotted lines (log-likelihoods of test images), or ().
      title: the line above.
      real: the log-likelihood of test images with real training images in place of samples, another line, or None.

    Raises:
      RunError: the file cannot be written.
    """
    figure = Figure(figsize=(7.6, 4.8), dpi=curves.DPI, layout="constrained")
    axes = figure.subplots()
    presets = list(dict.fromkeys(group.first.preset for group in groups))
    runs = {preset: longest(group for group in groups if group.first.preset == preset) for preset in presets}
    found = [record for by_seed in runs.values() for record in by_seed.values()]
    every = list(dict.fromkeys(name for record in found for name in record.curves.validation))
    colours = dict(zip(every, curves.OWN * len(every)))
    styles = dict(zip(presets, curves.STYLES * len(presets)))
    stage: dict[str, Any] = curves.STAGE
    second_stages = [record.second_stage for record in found]
    drawn: list[Sequence[float | None]] = []
    lines: dict[str, Line2D] = {}
    for record, second in zip(found, second_stages):
        for name, curve in record.curves.validation.items():
            style: dict[str, Any] = {"color": colours[name], "linestyle": styles[record.preset]}
            curves.plot_line(axes, curve.epoch, curve.value, stage=second, **style)
            label = weights_names.title(name) + (f", {record.preset} preset" if len(presets) > 1 else "")
            lines[label] = Line2D([], [], label=label, **style)
            drawn.append(curve.value)
        if second:
            axes.axvline(second, **stage)
    handles = list(lines.values())
    if any(second_stages):
        handles.append(Line2D([], [], **stage))
    for number in published:
        error = "" if number.standard_error is None else f" ± {number.standard_error:g}"
        axes.axhline(number.value, color=curves.INK, linestyle=(0, (1.5, 1)), linewidth=1.2)
        label = f"published {number.row}, {number.value:g}{error}, of test images"
        handles.append(Line2D([], [], color=curves.INK, linestyle=(0, (1.5, 1)), linewidth=1.2, label=label))
    if real is not None:
        style = {"color": curves.REFERENCES["training images"], "linestyle": (0, (6, 1.5, 1.5, 1.5)), "linewidth": 1.2}
        axes.axhline(real, **style)
        handles.append(Line2D([], [], label=f"training images in place of samples, {real:,.0f}, of test images", **style))
    curves.line_axes(axes, "log-likelihood of validation images (nats)")
    curves.robust_limits(axes, drawn)
    if handles:
        figure.legend(handles=handles, frameon=False, fontsize=7.5, loc="outside lower center", ncols=2)
    width = 0.88 * figure.get_figwidth() * curves.DPI
    told = [line for preset in presets for line in curves.wrapped(_preset_title(preset, runs[preset]), width, 9)]
    axes.set_title("\n".join(told), fontsize=9, color=curves.INK)
    curves.headline(figure, title, 10)
    curves.write(path, figure)


def parzen_sweep(
    path: str | Path,
    sweeps: Sequence[tuple[str, Sequence[Sweep]]],
    title: str,
    published: Sequence[Published],
    against_sigma: str | None = None,
) -> None:
    """Writes what Parzen log-likelihoods owe to sigma (left, the first of `sweeps`) and to the number of samples (right, all).

    Left a line for each number of samples, and a dot where validation chose sigma: the dot on the line of most samples is
    the reported number. Validation chooses among the ten of parzen.SIGMAS and the line is of more, so a dot may lie beside
    its top. Of lines that lie on each other those of fewer samples are wider, and the legend says so. Right what the
    protocol gives with so many samples, sigma chosen anew by validation for each. A label that begins with one of REFERENCES
    has its colour. Legends are below the axes.

    Args:
      path: the PNG.
      sweeps: [(label, Measurement.sweep of each seed), ...], at least one with at least one.
      title: the line above.
      published: shown.Published numbers, dashed lines, or ().
      against_sigma: what the left panel is of, the first seed of the first label; None: that label says it.

    Raises:
      RunError: the file cannot be written.
    """
    largest = max(len(sweeps) + len(published), 3)
    figure = Figure(figsize=(9.6, 4.2 + 0.16 * largest), dpi=curves.DPI, layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    name, (sweep, *_) = sweeps[0]
    width = 0.44 * figure.get_figwidth() * curves.DPI
    left.set_title("\n".join(curves.wrapped(against_sigma or name, width, 9)), fontsize=9, color=curves.INK)
    drawn, colours = [max(row) for row in sweep.value], _sweep_styles([label for label, _ in sweeps])
    for style, (label, members) in zip(colours, sweeps):
        for index, each in enumerate(members):
            style = style | {"linewidth": 1.4, "marker": "o", "markersize": 4.5}
            right.plot(each.n_samples, each.chosen_value, label=None if index else label, **style)
            drawn += each.chosen_value
    for number in published:
        error = "" if number.standard_error is None else f" ± {number.standard_error:g}"
        label = f"published {number.row}, {number.value:g}{error}"
        for axes in (left, right):
            axes.axhline(number.value, color=curves.INK, linestyle="--", linewidth=1.0, label=label if axes is right else None)
        drawn.append(number.value)
    right.set_title(f"σ chosen by validation for each n; {sweep.n_test:,} test images", fontsize=9, color=curves.INK)
    low, high = min(drawn), max(drawn)
    reach = max(high - low, 0.02 * abs(high), 1.0)
    bottom = low - 0.55 * reach  # far from its best sigma a line falls by thousands of nats
    coincide = _against_sigma(left, sweep, colours[0]["color"], bottom, high + 0.1 * reach)
    seen = [sigma for sigma, *values in zip(sweep.sigma, *sweep.value) if max(values) >= bottom]
    curves.line_axes(left, "log-likelihood of test images (nats)")
    curves.line_axes(right, "")
    _log_scale(left, "σ of the Parzen window", (0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2), seen)
    counts = sorted({n for _, members in sweeps for each in members for n in each.n_samples})
    _log_scale(right, "number of samples n", counts, counts, 0.11)
    left.set_ylim(bottom, high + 0.1 * reach)
    words = "lines lie on each other; the fewer samples, the wider" if coincide else None
    curves.legend_below(left, ncols=3, title=words, title_fontsize=8)
    curves.legend_below(right)
    curves.padded(figure)
    curves.headline(figure, title)
    curves.write(path, figure)


def _sweep_styles(labels: Sequence[str]) -> list[dict]:
    """{"color", "linestyle"} of each label: the reference's own colour, dashed where that is taken, or the next of OWN."""
    references = [next((name for name in curves.REFERENCES if label.startswith(name)), None) for label in labels]
    own, found = iter(curves.OWN * len(labels)), []
    for index, name in enumerate(references):
        again = references[:index].count(name) if name else 0
        found.append(
            {"color": curves.REFERENCES[name] if name else next(own), "linestyle": curves.STYLES[again % len(curves.STYLES)]}
        )
    return found


def _against_sigma(axes, sweep: Sweep, colour: str, bottom: float, top: float) -> bool:
    """A line for each number of samples, the more of them the darker, with dots; the reported one is outlined.

    Returns:
      whether any two of them cannot be told apart where they are seen, between the values `bottom` and `top`: less than a
      hundredth of that lies between them. The one below is then wider than the one above.
    """
    rows = len(sweep.value)
    seen = np.clip(np.array(sweep.value, float), bottom, top)
    hidden = [int((np.abs(seen[i + 1 :] - seen[i]).max(axis=1) < 0.01 * (top - bottom)).sum()) for i in range(rows)]
    for index, (n, row, chosen) in enumerate(zip(sweep.n_samples, sweep.value, sweep.chosen_sigma)):
        share, reported = (index + 1.5) / (rows + 0.5), index == rows - 1
        shade = tuple(1 - share * (1 - part) for part in to_rgb(colour))
        width = 1.8 if reported else 1.3 + 1.4 * hidden[index]
        axes.plot(sweep.sigma, row, color=shade, linewidth=width, label=f"n = {n:,}")
        widths = sorted(set(chosen))
        values = [row[sweep.sigma.index(sigma)] for sigma in widths]
        edge = {
            "markersize": 7 if reported else 5.5,
            "markeredgecolor": curves.INK if reported else "white",
            "markeredgewidth": 0.9,
        }
        label = "σ chosen by validation, of ten" if reported else None
        axes.plot(widths, values, "o", color=shade, zorder=4, label=label, **edge)
    return any(hidden)


def _log_scale(axes, label, ticks, shown, apart=0.05):
    """A logarithmic x axis over the numbers `shown`, with those of `ticks` that lie there, `apart` of its length at least."""
    low, high = min(shown) / 1.12, max(shown) * 1.12
    axes.set_xscale("log")
    axes.set_xlabel(label)
    axes.set_xticks(_apart([tick for tick in ticks if low <= tick <= high], apart * math.log(high / low)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.set_xlim(low, high)


def _apart(ticks, least):
    """`ticks`, without those whose logarithms are so close below another one's that their numbers would overlap."""
    kept: list[float] = []
    for tick in sorted(ticks, reverse=True):
        if not kept or math.log(kept[-1] / tick) > least:
            kept.append(tick)
    return kept[::-1]
