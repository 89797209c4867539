"""Curves of log-likelihoods along trainings as inline SVG, with a table that says the values at the epoch under the pointer."""

import itertools
import math
from collections.abc import Mapping, Sequence

from gan_repro.figures import curves
from gan_repro.papers import weights_names
from gan_repro.reporting.page.words import data, plain, tag
from gan_repro.reporting.record import Record
from gan_repro.reporting.validation import Validated

WIDTH, HEIGHT = 1000, 400  # of the SVG's own units; it is stretched to the page's width, lines and words are not
COLOURS, STYLES = 6, 3  # of lines, that page.css has
_STEPS = (1, 2, 5, 10)


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers from low to high, at most `most` of them and one at least where low < high."""
    if not low < high:
        return [low]
    rough = (high - low) / most
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * each for each in _STEPS if unit * each >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{each * step:.12g}") for each in range(first, last + 1)]  # .1 * 3 is .30000000000000004


def html(shown: Mapping[str, Validated]) -> str:
    """A figure for each experiment and data set that has validation curves, in their order; "" where there is none."""
    return "\n".join(_figure(prefix, each) for prefix, each in shown.items())


Lines = Mapping[tuple[str, int], Mapping[float, float]]  # {(weights, place of the run): {epoch: nats}}


def _figure(prefix: str, shown: Validated) -> str:
    runs = shown.runs()
    names = list(dict.fromkeys(name for record in runs for name in record.curves.validation))
    known = {(name, run): curve.known() for run, record in enumerate(runs) for name, curve in record.curves.validation.items()}
    lines = {key: line for key, line in known.items() if line}
    if not lines:
        return ""
    epochs = sorted({epoch for line in lines.values() for epoch in line})
    levels = _levels(shown)
    frame = _Frame(epochs[-1], *_limits(lines, [value for *_, value in levels]))
    stages = sorted({record.second_stage for record in runs if record.second_stage})
    area = tag(
        "div",
        _svg(frame, names, lines, levels, stages) + frame.labels(),
        klass="area",
        tabindex="0",
        role="slider",
        aria_label=f"{shown.title}: epoch",
        aria_valuemin=f"{epochs[0]:g}",
        aria_valuemax=f"{epochs[-1]:g}",
        aria_valuenow=f"{epochs[-1]:g}",
        aria_valuetext=f"epoch {epochs[-1]:,g}",
    )
    marks = [(f"level {kind}", label) for kind, label, _ in levels] + [("stage", "the second stage begins")] * bool(stages)
    legend = "".join(tag("li", tag("span", "", klass=f"key {kind}") + plain(label)) for kind, label in marks)
    told = {
        "epochs": epochs,
        "low": frame.low,
        "high": frame.high,
        "names": [weights_names.title(name) for name in names],
        "runs": _runs(runs),
        "lines": [
            {"name": names.index(name), "run": run, "values": [_rounded(line.get(epoch)) for epoch in epochs]}
            for (name, run), line in lines.items()
        ],
    }
    content = [
        tag("figcaption", plain(shown.title)),
        tag("p", "nats, against epochs", klass="units"),
        area,
        tag("ul", legend, klass="legend") if legend else "",
        _readout(names, runs, lines),
        data(told),
    ]
    return tag("figure", "".join(content), klass="plot", id=f"curves-{prefix}")


def _limits(lines: Lines, levels: Sequence[float]) -> tuple[float, float]:
    """(low, high) of the nats shown: all lines and levels, but for first epochs far below them."""
    drawn = [list(line.values()) for line in lines.values()]
    values, bottom = [*itertools.chain(*drawn), *levels], curves.robust_bottom(drawn)
    low, high = min(values) if bottom is None else min([bottom, *levels]), max(values)
    room = 0.05 * ((high - low) or 1.0)
    return (low - room if bottom is None else low), high + room


def _svg(frame: "_Frame", names: Sequence[str], lines: Lines, levels: Sequence[tuple], stages: Sequence[float]) -> str:
    marks = [tag("path", klass=f"level {kind}", d=frame.across(level)) for kind, _, level in levels]
    marks += [tag("path", klass="stage", d=f"M{frame.x(stage)} 0V{HEIGHT}") for stage in stages]
    paths = [
        tag("path", klass=f"line c{names.index(name) % COLOURS} r{run % STYLES}", d=frame.path(line))
        for (name, run), line in lines.items()
    ]
    drawn = "".join([frame.grid(), *marks, *paths, '<path class="cursor" d=""/><g class="dots"></g>'])
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">{drawn}</svg>'


def _levels(shown: Validated) -> list[tuple[str, str, float]]:
    """(kind, what it is of, value) of each horizontal line: published numbers, and training images in place of samples."""
    found = []
    for number in shown.published:
        error = "" if number.standard_error is None else f" ± {number.standard_error:g}"
        found.append(("published", f"published {number.row}, {number.value:g}{error}, of test images", number.value))
    if shown.real is not None:
        found.append(("real", f"training images in place of samples, {shown.real:,.0f}, of test images", shown.real))
    return found


def _runs(runs: Sequence[Record]) -> list[str]:
    """What the runs are called beside each other: their seeds, and what else tells them apart."""
    presets = len({record.preset for record in runs}) > 1
    return [f"{f'{record.preset}, ' if presets else ''}seed {record.seed}" for record in runs]


def _readout(names: Sequence[str], runs: Sequence[Record], lines: Lines) -> str:
    """The table of values; before a pointer comes, of the last epoch of each run."""
    head = tag("th", tag("output", "at the end of each run"), scope="col")
    keys = [tag("span", "", klass=f"key r{index % STYLES}") if len(runs) > 1 else "" for index in range(len(runs))]
    heads = head + "".join(tag("th", key + plain(name), scope="col") for key, name in zip(keys, _runs(runs)))
    rows = []
    for place, name in enumerate(names):
        key = tag("span", "", klass=f"key c{place % COLOURS}")
        cells = [tag("th", key + plain(weights_names.title(name)), scope="row")]
        for index in range(len(runs)):
            line = lines.get((name, index))
            text = f"{list(line.values())[-1]:,.1f}" if line else ""
            cells.append(tag("td", text, data_line=f"{place}-{index}"))
        rows.append(tag("tr", "".join(cells)))
    table = tag("table", tag("thead", tag("tr", heads)) + tag("tbody", "".join(rows)), klass="readout")
    return tag("div", table, klass="scroll", tabindex="0", role="region", aria_label="Values in nats")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


class _Frame:
    """From epochs 0 to `last` and nats `low` to `high` to places of the SVG."""

    def __init__(self, last: float, low: float, high: float) -> None:
        self.last, self.low, self.high = last, low, high

    def x(self, epoch: float) -> str:
        return f"{WIDTH * epoch / self.last if self.last else 0:.4g}"

    def y(self, value: float) -> str:
        return f"{HEIGHT * (self.high - value) / (self.high - self.low):.5g}"

    def path(self, line: Mapping[float, float]) -> str:
        places = "L".join(f"{self.x(epoch)} {self.y(value)}" for epoch, value in line.items())
        return f"M{places}" if len(line) > 1 else f"M{places}h0"  # of which the round end is seen

    def across(self, value: float) -> str:
        return f"M0 {self.y(value)}H{WIDTH}"

    def grid(self) -> str:
        down = "".join(f"M0 {self.y(each)}H{WIDTH}" for each in ticks(self.low, self.high, 6))
        along = "".join(f"M{self.x(each)} 0V{HEIGHT}" for each in ticks(0, self.last, 5))
        return tag("path", klass="grid", d=down + along)

    def labels(self) -> str:
        down = [
            (f"top:{100 * (self.high - each) / (self.high - self.low):.4g}%", each) for each in ticks(self.low, self.high, 6)
        ]
        along = [(f"left:{100 * each / self.last if self.last else 0:.4g}%", each) for each in ticks(0, self.last, 5)]
        shown = [(klass, style, f"{each:,g}") for klass, found in (("y", down), ("x", along)) for style, each in found]
        return "".join(
            tag("span", plain(text), klass=f"tick {klass}", style=style, aria_hidden="true") for klass, style, text in shown
        )
