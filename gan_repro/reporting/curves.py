"""Figures of numbers: a run's curves, log-likelihoods of many runs, what a Parzen estimate owes to sigma and n.

Where the numbers come from is not here. The same arguments give the same bytes: no dates, no global state.
"""

import math

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from gan_repro import files
from gan_repro.reporting import records

DPI = 128  # a power of two: pixels / DPI * DPI is exact, so that no size is off by one
INK = "#222222"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6d3b", "#666666")  # Okabe and Ito
STYLES = ("-", (0, (4, 1.2)), (0, (1, 1)))
# What stands in for samples has one colour in all figures; generators have the others.
STAND_INS = {"training images": COLOURS[2], "k-means centroids": COLOURS[3], "the mean training image": COLOURS[4],
             "all training images": INK}  # fmt: skip
OWN = tuple(colour for colour in COLOURS if colour not in STAND_INS.values())
STAGE = {"color": "#888888", "linewidth": 0.9, "label": "the second stage begins"}


def write(path, figure):
    """Writes a matplotlib figure as PNG, whole or not at all. Raises RunError if that cannot be done."""
    with files.replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})


def text_width(text, size):
    """The width of a line of text in a font of `size` points, in a figure's pixels."""
    return text_to_path.get_text_width_height_descent(text, FontProperties(size=size), False)[0] * DPI / 72


def wrapped(text, width, size):
    """`text` in as few lines as fit into `width` pixels at `size` points, the longest of them as short as that allows.

    A word wider than `width` has a line of its own and is not broken.
    """
    lines = _filled(text, width, size)
    while len(shorter := _filled(text, max(text_width(line, size) for line in lines) - 1, size)) == len(lines):
        if shorter == lines:
            break
        lines = shorter
    return lines


def _filled(text, width, size):
    lines = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]


def headline(figure, title, size=11):
    """Gives a figure a title that is no wider than the figure."""
    width = 0.96 * figure.get_figwidth() * DPI
    figure.suptitle("\n".join(wrapped(title, width, size)), fontsize=size, color=INK)


def kind_title(kind):
    """What figures call a generator ("best", "last", "averaged-uniform-5", ...) in words; other names stay as they are."""
    name, _, value = kind.removeprefix("averaged-").partition("-")
    words = {"best": "best by validation", "last": "last weights"}
    if kind.startswith("averaged-"):
        words = {
            "uniform": f"mean of weights since epoch {value}",
            "exponential": f"moving average of weights, decay {value}",
        }
    return words.get(name, kind)


def run_title(model, data, preset, epochs, seed):
    """Which run a figure is of: "WGAN on MNIST: quick preset, 25 epochs, seed 0". `epochs`: played; 0: not known."""
    played = f"{epochs:,g} epoch{'' if epochs == 1 else 's'}, " if epochs else ""
    return f"{model} on {data}: {preset} preset, {played}seed {seed}"


def second_stage(record):
    """The epoch behind which the last of several stages of a finished run begins, or 0: it had one stage."""
    return record["epochs"] - record["config"]["recipe"].get("epochs", record["epochs"])


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


def _plot(axes, epochs, values, label=None, stage=0, **style):
    """A line; the fewer points, the more visible each one is. None (nothing measured then) leaves a hole.

    Behind the epoch `stage` another game begins, and another line.
    """
    epochs, values = np.array(epochs, float), np.array([np.nan if value is None else value for value in values], float)
    style |= {"linewidth": 1.4 if len(values) <= 1000 else 0.6, "marker": "o" if len(values) <= 30 else None, "markersize": 3.5}
    first = np.count_nonzero(epochs <= stage) if stage else 0
    for part in (slice(0, first), slice(first, None)):
        if len(epochs[part]):
            axes.plot(epochs[part], values[part], label=label, **style)
            label = None


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


def legend_below(axes, points=38, *entries, **more):
    """A legend so many points below the axes, by default below the words under them: there it covers nothing.

    `entries`: handles and labels, as Axes.legend takes them; none: those of what was drawn.
    """
    below = axes.transAxes + ScaledTranslation(0, -points / 72, axes.figure.dpi_scale_trans)
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "bbox_transform": below, "borderaxespad": 0.0}
    axes.legend(*entries, frameon=False, fontsize=8, **place, **more)


def _known(values):
    return [value for value in values if value is not None and np.isfinite(value)]


def _judges(training, critic, stage):
    """Whether D is a critic, for each stage: by the recipe, or because some mean output is no probability."""
    known = {name: training[name] for name in ("d_real", "d_generated") if name in training}
    epochs = np.array(training.get("epoch", ()))
    found = []
    for there in [epochs <= stage, epochs > stage] if stage else [epochs >= 0]:
        outputs = _known(value for values in known.values() for value, here in zip(values, there) if here)
        found.append(critic or any(not 0 <= value <= 1 for value in outputs))
    return found


def training_curves(path, curves, title, critic=False, stage=0):
    """Writes a run's curves: losses; mean D(x) and D(G(z)), if there; validation log-likelihood by generator, if there.

    Where nothing was measured there is no line: a generator that stands still has no loss. Legends are below the axes.

    Args:
      path: the PNG.
      curves: a record's "curves".
      title: the line above.
      critic: whether D is a critic, whose outputs are scores and no probabilities. A stage in which a mean output lies
        outside of [0, 1] has one in any case.
      stage: the epoch behind which a second stage begins, at a vertical line; 0: there is one stage.

    Raises:
      RunError: the file cannot be written.
    """
    training, validation = curves.get("training", {}), validation_curves(curves)
    stage = stage if stage < max(training.get("epoch", ()), default=0) else 0
    critics = dict.fromkeys(_judges(training, critic, stage))

    def named(words):
        return ", then ".join(words[is_critic] for is_critic in critics)

    panels = [
        ("loss", {"d_loss": named(("discriminator", "critic")), "g_loss": "generator"}),
        (f"mean output of {named('Df')}",
         {"d_real": named(("D(x)", "f(x)")), "d_generated": named(("D(G(z))", "f(G(z))"))}),
    ]  # fmt: skip
    panels = [(ylabel, {name: text for name, text in lines.items() if name in training}) for ylabel, lines in panels]
    panels = [(ylabel, lines) for ylabel, lines in panels if any(_known(training[name]) for name in lines)]
    rows = max([len(lines) for _, lines in panels] + [len(validation)], default=0)
    size = 4.2 * max(1, len(panels) + bool(validation)), 3.2 + 0.16 * (rows + bool(stage))
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    axes = figure.subplots(1, max(1, len(panels) + bool(validation)), squeeze=False)[0]
    for axis, (ylabel, lines) in zip(axes, panels):
        for colour, (name, text) in zip(COLOURS, lines.items()):
            if _known(training[name]):
                _plot(axis, training["epoch"], training[name], text, stage, color=colour)
        _axes(axis, ylabel)
    if validation:
        for colour, (kind, curve) in zip(OWN, validation.items()):
            _plot(axes[-1], curve["epoch"], curve["value"], kind_title(kind), stage, color=colour)
        _axes(axes[-1], "validation log-likelihood (nats)")
        _robust_limits(axes[-1], [curve["value"] for curve in validation.values()])
    for axis in axes if panels or validation else ():
        if stage:
            axis.axvline(stage, **STAGE)
        legend_below(axis)
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.08)
    headline(figure, title)
    write(path, figure)


def _preset_title(preset, by_seed):
    """Such as "paper preset, 3 seeds, 250 epochs", or "paper preset, seed 0: 1,000 epochs; seeds 1, 2: 250 epochs"."""
    seeds = {}
    for seed, record in by_seed.items():
        seeds.setdefault(f"{record['epochs']:,g} epochs", []).append(str(seed))
    if len(by_seed) > 1 and len(seeds) == 1:
        return f"{preset} preset, {len(by_seed)} seeds, {next(iter(seeds))}"
    parts = [f"seed{'s' if len(same) > 1 else ''} {', '.join(same)}: {epochs}" for epochs, same in seeds.items()]
    return f"{preset} preset, {'; '.join(parts)}"


def log_likelihood_curves(path, groups, published, title, real=None):
    """Writes the validation log-likelihood against epochs of an experiment's runs on one data set.

    A colour for each generator (its last weights, averages of them), a line style for each preset, a line for each seed:
    of a run that was continued the longer record. A second stage begins at a vertical line. Below the title stands which
    runs they are.

    Args:
      path: the PNG.
      groups: as records.group gives them; their presets have one recipe each.
      published: experiment.Published numbers, dotted lines (log-likelihoods of test images), or ().
      title: the line above.
      real: the log-likelihood of test images with real training images in place of samples, another line, or None.

    Raises:
      RunError: the file cannot be written.
    """
    figure = Figure(figsize=(7.6, 4.8), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    presets = list(dict.fromkeys(members[0]["preset"] for members in groups))
    runs = {preset: records.longest(members for members in groups if members[0]["preset"] == preset) for preset in presets}
    found = [record for by_seed in runs.values() for record in by_seed.values()]
    kinds = list(dict.fromkeys(kind for record in found for kind in validation_curves(record["curves"])))
    colours = dict(zip(kinds, OWN * len(kinds)))
    styles = dict(zip(presets, STYLES * len(presets)))
    second_stages = [second_stage(record) for record in found]
    drawn, handles = [], {}
    for record, second in zip(found, second_stages):
        for kind, curve in validation_curves(record["curves"]).items():
            style = {"color": colours[kind], "linestyle": styles[record["preset"]]}
            _plot(axes, curve["epoch"], curve["value"], stage=second, **style)
            label = kind_title(kind) + (f", {record['preset']} preset" if len(presets) > 1 else "")
            handles[label] = Line2D([], [], label=label, **style)
            drawn.append(curve["value"])
        if second:
            axes.axvline(second, **STAGE)
    handles = list(handles.values())
    if any(second_stages):
        handles.append(Line2D([], [], **STAGE))
    for number in published:
        error = "" if number.standard_error is None else f" ± {number.standard_error:g}"
        axes.axhline(number.value, color=INK, linestyle=(0, (1.5, 1)), linewidth=1.2)
        label = f"published {number.row}, {number.value:g}{error}, of test images"
        handles.append(Line2D([], [], color=INK, linestyle=(0, (1.5, 1)), linewidth=1.2, label=label))
    if real is not None:
        style = {"color": STAND_INS["training images"], "linestyle": (0, (6, 1.5, 1.5, 1.5)), "linewidth": 1.2}
        axes.axhline(real, **style)
        handles.append(Line2D([], [], label=f"training images in place of samples, {real:,.0f}, of test images", **style))
    _axes(axes, "log-likelihood of validation images (nats)")
    _robust_limits(axes, drawn)
    if handles:
        figure.legend(handles=handles, frameon=False, fontsize=7.5, loc="outside lower center", ncols=2)
    width = 0.88 * figure.get_figwidth() * DPI
    told = [line for preset in presets for line in wrapped(_preset_title(preset, runs[preset]), width, 9)]
    axes.set_title("\n".join(told), fontsize=9, color=INK)
    headline(figure, title, 10)
    write(path, figure)


# ---- sweeps ----------------------------------------------------------------------------------------------------


def parzen_sweep(path, sweeps, title, published, against_sigma=None):
    """Writes what Parzen log-likelihoods owe to sigma (left, the first of `sweeps`) and to the number of samples (right, all).

    Left a line for each number of samples, and a dot where validation chose sigma: the dot on the line of most samples is
    the reported number. Validation chooses among the ten of parzen.SIGMAS and the line is of more, so a dot may lie beside
    its top. Of lines that lie on each other those of fewer samples are wider, and the legend says so. Right what the
    protocol gives with so many samples, sigma chosen anew by validation for each. A label that begins with one of STAND_INS
    has its colour. Legends are below the axes.

    Args:
      path: the PNG.
      sweeps: [(label, list of "sweep" of measurements, one for each seed), ...], at least one with at least one.
      title: the line above.
      published: experiment.Published numbers, dashed lines, or ().
      against_sigma: what the left panel is of, the first seed of the first label; None: that label says it.

    Raises:
      RunError: the file cannot be written.
    """
    largest = max(len(sweeps) + len(published), 3)
    figure = Figure(figsize=(9.6, 4.2 + 0.16 * largest), dpi=DPI, layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    name, (sweep, *_) = sweeps[0]
    width = 0.44 * figure.get_figwidth() * DPI
    left.set_title("\n".join(wrapped(against_sigma or name, width, 9)), fontsize=9, color=INK)
    drawn, colours = [max(row) for row in sweep["value"]], _sweep_styles([label for label, _ in sweeps])
    for style, (label, members) in zip(colours, sweeps):
        for index, each in enumerate(members):
            style = style | {"linewidth": 1.4, "marker": "o", "markersize": 4.5}
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
    bottom = low - 0.55 * reach  # far from its best sigma a line falls by thousands of nats
    coincide = _against_sigma(left, sweep, colours[0]["color"], bottom, high + 0.1 * reach)
    seen = [sigma for sigma, *values in zip(sweep["sigma"], *sweep["value"]) if max(values) >= bottom]
    _axes(left, "log-likelihood of test images (nats)")
    _axes(right, None)
    _log_scale(left, "σ of the Parzen window", (0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2), seen)
    counts = sorted({n for _, members in sweeps for each in members for n in each["n_samples"]})
    _log_scale(right, "number of samples n", counts, counts, 0.11)
    left.set_ylim(bottom, high + 0.1 * reach)
    words = "lines lie on each other; the fewer samples, the wider" if coincide else None
    legend_below(left, ncols=3, title=words, title_fontsize=8)
    legend_below(right)
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.08)
    headline(figure, title)
    write(path, figure)


def _sweep_styles(labels):
    """{"color", "linestyle"} of each label: a stand-in's own colour, dashed where it is there already, or the next of OWN."""
    stand_ins = [next((name for name in STAND_INS if label.startswith(name)), None) for label in labels]
    own, found = iter(OWN * len(labels)), []
    for index, name in enumerate(stand_ins):
        again = stand_ins[:index].count(name) if name else 0
        found.append({"color": STAND_INS[name] if name else next(own), "linestyle": STYLES[again % len(STYLES)]})
    return found


def _against_sigma(axes, sweep, colour, bottom, top):
    """A line for each number of samples, the more of them the darker, with dots; the reported one is outlined.

    Returns:
      whether any two of them cannot be told apart where they are seen, between the values `bottom` and `top`: less than a
      hundredth of that lies between them. The one below is then wider than the one above.
    """
    rows = len(sweep["value"])
    seen = np.clip(np.array(sweep["value"], float), bottom, top)
    hidden = [int((np.abs(seen[i + 1 :] - seen[i]).max(axis=1) < 0.01 * (top - bottom)).sum()) for i in range(rows)]
    for index, (n, row, chosen) in enumerate(zip(sweep["n_samples"], sweep["value"], sweep["chosen_sigma"])):
        share, reported = (index + 1.5) / (rows + 0.5), index == rows - 1
        shade = tuple(1 - share * (1 - part) for part in to_rgb(colour))
        width = 1.8 if reported else 1.3 + 1.4 * hidden[index]
        axes.plot(sweep["sigma"], row, color=shade, linewidth=width, label=f"n = {n:,}")
        chosen = sorted(set(chosen))
        values = [row[sweep["sigma"].index(sigma)] for sigma in chosen]
        edge = {"markersize": 7 if reported else 5.5, "markeredgecolor": INK if reported else "white", "markeredgewidth": 0.9}
        label = "σ chosen by validation, of ten" if reported else None
        axes.plot(chosen, values, "o", color=shade, zorder=4, label=label, **edge)
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
    kept = []
    for tick in sorted(ticks, reverse=True):
        if not kept or math.log(kept[-1] / tick) > least:
            kept.append(tick)
    return kept[::-1]
