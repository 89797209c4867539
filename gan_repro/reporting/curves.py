"""Figures of numbers: a run's curves, log-likelihoods of many runs, what a Parzen estimate owes to sigma and n.

Where the numbers come from is not here. The same arguments give the same bytes: no dates, no global state.
"""

import math
import textwrap

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from gan_repro import files
from gan_repro.reporting import records

DPI = 128  # a power of two: pixels / DPI * DPI is exact, so that no size is off by one
INK = "#222222"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6d3b", "#666666")  # Okabe and Ito
STYLES = ("-", (0, (4, 1.2)), (0, (1, 1)))


def write(path, figure):
    """Writes a matplotlib figure as PNG, whole or not at all. Raises RunError if that cannot be done."""
    with files.replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})


def kind_title(kind):
    """What a legend calls a generator: "last" is G as trained, "averaged-KIND" an average of its weights."""
    if kind.startswith("averaged-"):
        return f"average of weights, {kind.removeprefix('averaged-')}"
    return {"last": "G as trained"}.get(kind, kind)


def validation_curves(curves):
    """{kind: {"epoch": [...], "value": [...]}} of a record's curves, "last" first; {} if nothing was validated."""
    found = next((value for name, value in curves.items() if name.startswith("validation")), {})
    return dict(sorted(found.items(), key=lambda item: (item[0] != "last", item[0])))


def _axes(axes, ylabel):
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    axes.set_ylabel(ylabel)
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.grid(True, color="#e3e3e3", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _plot(axes, epochs, values, label=None, **style):
    """A line; the fewer points, the more visible each one is. None (nothing measured then) leaves a hole."""
    values = np.array([np.nan if value is None else value for value in values], float)
    marker, width = "o" if len(values) <= 30 else None, 1.4 if len(values) <= 1000 else 0.6
    axes.plot(epochs, values, label=label, linewidth=width, marker=marker, markersize=3.5, **style)


def _robust_limits(axes, drawn):
    """Keeps the first epochs, hundreds of nats below the rest, from flattening the part that matters.

    `drawn`: the values of each curve. Whatever is cut off, the best half of every curve is seen.
    """
    values = np.concatenate([np.array(values, float) for values in drawn] or [np.zeros(0)])
    if len(values) < 4:
        return
    quarter, top = np.percentile(values, 25), values.max()
    bottom = min(quarter - 1.5 * (top - quarter), *(np.median(values) for values in drawn if values))
    if values.min() < bottom:
        axes.set_ylim(bottom=bottom - 0.02 * (top - bottom))


def training_curves(path, curves, title, critic=False):
    """Writes a run's curves: losses; mean D(x) and D(G(z)), if there; validation log-likelihood by generator, if there.

    Args:
      path: the PNG.
      curves: a record's "curves".
      title: the line above.
      critic: whether D is a critic, whose outputs are scores and no probabilities.

    Raises:
      RunError: the file cannot be written.
    """
    judge, output = ("critic", "f") if critic else ("discriminator", "D")
    training, validation = curves.get("training", {}), validation_curves(curves)
    panels = [
        ("loss", {"d_loss": judge, "g_loss": "generator"}),
        (f"mean output of {output}", {"d_real": f"{output}(x)", "d_generated": f"{output}(G(z))"}),
    ]
    panels = [(ylabel, {name: lines[name] for name in lines if name in training}) for ylabel, lines in panels]
    panels = [(ylabel, lines) for ylabel, lines in panels if lines]
    figure = Figure(figsize=(4.2 * max(1, len(panels) + bool(validation)), 3.4), dpi=DPI, layout="constrained")
    axes = figure.subplots(1, max(1, len(panels) + bool(validation)), squeeze=False)[0]
    for axis, (ylabel, lines) in zip(axes, panels):
        for colour, (name, text) in zip(COLOURS, lines.items()):
            _plot(axis, training["epoch"], training[name], text, color=colour)
        _axes(axis, ylabel)
        axis.legend(frameon=False, fontsize=8)
    if validation:
        for colour, (kind, curve) in zip(COLOURS, validation.items()):
            _plot(axes[-1], curve["epoch"], curve["value"], kind_title(kind), color=colour)
        _axes(axes[-1], "validation log-likelihood (nats)")
        _robust_limits(axes[-1], [curve["value"] for curve in validation.values()])
        axes[-1].legend(frameon=False, fontsize=8)
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.08)
    figure.suptitle(title, fontsize=11, color=INK)
    write(path, figure)


def log_likelihood_curves(path, groups, published, title):
    """Writes the validation log-likelihood against epochs of an experiment's runs on one data set.

    A colour for each generator (G as trained, averages of its weights), a line style for each preset, a line for each seed:
    of a run that was continued the longer record. A second stage begins at a vertical line.

    Args:
      path: the PNG.
      groups: as records.group gives them; their presets have one recipe each.
      published: experiment.Published numbers, dashed lines (log-likelihoods on test images), or ().
      title: the line above.

    Raises:
      RunError: the file cannot be written.
    """
    figure = Figure(figsize=(7.6, 4.8), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    axes.set_title(textwrap.fill(title, 90), fontsize=10, color=INK)
    presets = list(dict.fromkeys(members[0]["preset"] for members in groups))
    runs = {preset: records.longest(members for members in groups if members[0]["preset"] == preset) for preset in presets}
    found = [record for by_seed in runs.values() for record in by_seed.values()]
    kinds = list(dict.fromkeys(kind for record in found for kind in validation_curves(record["curves"])))
    colours = dict(zip(kinds, COLOURS * len(kinds)))
    styles = dict(zip(presets, STYLES * len(presets)))
    second_stages = [record["config"]["recipe"].get("pretrain_epochs") for record in found]
    drawn = []
    for record, second in zip(found, second_stages):
        for kind, curve in validation_curves(record["curves"]).items():
            _plot(axes, curve["epoch"], curve["value"], color=colours[kind], linestyle=styles[record["preset"]])
            drawn.append(curve["value"])
        if second:
            axes.axvline(second, color="#888888", linewidth=0.9)
    handles = [Line2D([], [], color=colour, label=kind_title(kind)) for kind, colour in colours.items()]
    for preset, style in styles.items():
        seeds = ", ".join(f"{seed}: {record['epochs']:g} epochs" for seed, record in runs[preset].items())
        handles.append(Line2D([], [], color=INK, linestyle=style, label=f"{preset} preset, seed {seeds}"))
    if any(second_stages):
        handles.append(Line2D([], [], color="#888888", linewidth=0.9, label="the second stage begins"))
    for number in published:
        error = "" if number.standard_error is None else f" ± {number.standard_error:g}"
        axes.axhline(number.value, color=INK, linestyle=(0, (1.5, 1)), linewidth=1.2)
        label = f"published {number.row}, {number.value:g}{error} (test)"
        handles.append(Line2D([], [], color=INK, linestyle=(0, (1.5, 1)), linewidth=1.2, label=label))
    _axes(axes, "log-likelihood of validation images (nats)")
    _robust_limits(axes, drawn)
    if handles:
        figure.legend(handles=handles, frameon=False, fontsize=7.5, loc="outside lower center", ncols=2)
    write(path, figure)


# ---- sweeps ----------------------------------------------------------------------------------------------------


def parzen_sweep(path, sweeps, title, published):
    """Writes what Parzen log-likelihoods owe to sigma (left, the first of `sweeps`) and to the number of samples (right, all).

    Left a line for each number of samples, and a dot where validation chose sigma: the dot on the line of most samples is
    the reported number. Right what the protocol gives with so many samples, sigma chosen anew by validation for each.

    Args:
      path: the PNG.
      sweeps: [(label, list of "sweep" of measurements, one for each seed), ...], at least one with at least one.
      title: the line above.
      published: experiment.Published numbers, dashed lines, or ().

    Raises:
      RunError: the file cannot be written.
    """
    figure = Figure(figsize=(9.6, 4.4), dpi=DPI, layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    name, (sweep, *_) = sweeps[0]
    left.set_title(textwrap.fill(f"{name}; dots: σ chosen by validation", 64), fontsize=9, color=INK)
    drawn = [max(row) for row in sweep["value"]]
    for colour, (label, members) in zip(COLOURS * len(sweeps), sweeps):
        for index, each in enumerate(members):
            style = {"color": colour, "linewidth": 1.4, "marker": "o", "markersize": 4.5}
            right.plot(each["n_samples"], each["chosen_value"], label=None if index else label, **style)
            drawn += each["chosen_value"]
    for number in published:
        error = "" if number.standard_error is None else f" ± {number.standard_error:g}"
        label = f"published {number.row}, {number.value:g}{error}"
        for axes in (left, right):
            axes.axhline(number.value, color=INK, linestyle="--", linewidth=1.0, label=label if axes is right else None)
        drawn.append(number.value)
    right.set_title(f"σ chosen by validation for each n; {sweep['n_test']:,} test images", fontsize=9, color=INK)
    low, high = min(drawn), max(drawn)
    reach = max(high - low, 0.02 * abs(high), 1.0)
    _against_sigma(left, sweep, reach)
    bottom = low - 0.55 * reach  # far from its best sigma a line falls by thousands of nats
    seen = [sigma for sigma, *values in zip(sweep["sigma"], *sweep["value"]) if max(values) >= bottom]
    _axes(left, "log-likelihood of test images (nats)")
    _axes(right, None)
    _log_scale(left, "σ of the Parzen window", (0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2), seen)
    counts = sorted({n for _, members in sweeps for each in members for n in each["n_samples"]})
    _log_scale(right, "number of samples n", counts, counts)
    left.set_ylim(bottom, high + 0.1 * reach)
    right.legend(frameon=False, fontsize=7.5, loc="lower right")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.08)
    figure.suptitle(textwrap.fill(title, 95), fontsize=11, color=INK)
    write(path, figure)


def _against_sigma(axes, sweep, reach):
    """A line for each number of samples, the more of them the darker, with dots; the reported one is outlined.

    A line that is within a fifteenth of `reach` of one of more samples gets no label: it would lie on that one's.
    """
    rows = len(sweep["value"])
    tops = [max(row) for row in sweep["value"]]
    for index, (n, row, chosen) in enumerate(zip(sweep["n_samples"], sweep["value"], sweep["chosen_sigma"])):
        share, reported = (index + 1.5) / (rows + 0.5), index == rows - 1
        colour = tuple(1 - share * (1 - part) for part in to_rgb(COLOURS[0]))
        axes.plot(sweep["sigma"], row, color=colour, linewidth=1.8 if reported else 1.3)
        top = sweep["sigma"][row.index(max(row))], max(row)
        text = f"n = {n:,}" if reported else f"{n:,}"
        style = {"fontsize": 8, "color": INK, "path_effects": [withStroke(linewidth=2, foreground="white")]}
        if all(abs(other - top[1]) > reach / 15 for other in tops[index + 1 :]):
            axes.annotate(text, top, (0, 5), textcoords="offset points", ha="center", zorder=5, **style)
        chosen = sorted(set(chosen))
        values = [row[sweep["sigma"].index(sigma)] for sigma in chosen]
        edge = {"markersize": 7 if reported else 5.5, "markeredgecolor": INK if reported else "white", "markeredgewidth": 0.9}
        axes.plot(chosen, values, "o", color=colour, zorder=4, **edge)


def _log_scale(axes, label, ticks, shown):
    """A logarithmic x axis over the numbers `shown`, with those of `ticks` that lie there."""
    low, high = min(shown) / 1.12, max(shown) * 1.12
    axes.set_xscale("log")
    axes.set_xlabel(label)
    axes.set_xticks(_apart([tick for tick in ticks if low <= tick <= high], high / low))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.set_xlim(low, high)


def _apart(ticks, span):
    """`ticks`, without those so close below another one that their numbers would overlap on a logarithmic axis of that span."""
    kept = []
    for tick in sorted(ticks, reverse=True):
        if not kept or math.log(kept[-1] / tick) > 0.05 * math.log(span):
            kept.append(tick)
    return kept[::-1]
