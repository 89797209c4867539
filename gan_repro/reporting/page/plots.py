"""Curves of log-likelihoods along trainings as inline SVG, with a table that says the values at the epoch under the pointer."""

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


def _figure(prefix: str, shown: Validated) -> str:
    runs = shown.runs()
    names = list(dict.fromkeys(name for record in runs for name in record.curves.validation))
    lines = {
        (name, index): record.curves.validation[name].known()
        for index, record in enumerate(runs)
        for name in names
        if name in record.curves.validation
    }
    values = [value for line in lines.values() for value in line.values()]
    if not values:
        return ""
    levels = _levels(shown)
    bottom = curves.robust_bottom([list(line.values()) for line in lines.values()])
    low = min([*values, *levels.values()]) if bottom is None else min([bottom, *levels.values()])
    high = max([*values, *levels.values()])
    room = 0.05 * ((high - low) or 1.0)
    low, high = (low - room if bottom is None else low), high + room
    last = max(epoch for line in lines.values() for epoch in line)
    frame = _Frame(last, low, high)
    paths = "".join(
        tag("path", klass=f"line c{names.index(name) % COLOURS} r{index % STYLES}", d=frame.path(line))
        for (name, index), line in lines.items()
    )
    marks = "".join(tag("path", klass=f"level l{index}", d=frame.across(level)) for index, level in enumerate(levels.values()))
    stages = sorted({record.second_stage for record in runs if record.second_stage})
    marks += "".join(tag("path", klass="stage", d=f"M{frame.x(stage)} 0V{HEIGHT}") for stage in stages)
    epochs = sorted({epoch for line in lines.values() for epoch in line})
    told = {
        "epochs": epochs,
        "low": low,
        "high": high,
        "names": [weights_names.title(name) for name in names],
        "runs": _runs(runs),
        "lines": [
            {"name": names.index(name), "run": index, "values": [_rounded(line.get(epoch)) for epoch in epochs]}
            for (name, index), line in lines.items()
        ],
    }
    svg = (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">{frame.grid()}{marks}'
        f'<g>{paths}</g><path class="cursor" d=""/><g class="dots"></g></svg>'
    )
    area = tag(
        "div",
        svg + frame.labels(),
        klass="area",
        tabindex="0",
        role="slider",
        aria_label=f"{shown.title}: epoch",
        aria_valuemin=f"{epochs[0]:g}",
        aria_valuemax=f"{epochs[-1]:g}",
        aria_valuenow=f"{epochs[-1]:g}",
        aria_valuetext=f"epoch {epochs[-1]:,g}",
    )
    legend = "".join(
        tag("li", tag("span", "", klass=f"key level l{index}") + plain(label)) for index, label in enumerate(levels)
    ) + (tag("li", tag("span", "", klass="key stage") + "the second stage begins") if stages else "")
    legend = tag("ul", legend, klass="legend") if legend else ""
    caption = tag("figcaption", plain(shown.title))
    units = tag("p", "nats, against epochs", klass="units")
    content = f"{caption}{units}{area}{legend}{_readout(names, runs, lines)}{data(told)}"
    return tag("figure", content, klass="plot", id=f"curves-{prefix}")


def _levels(shown: Validated) -> dict[str, float]:
    """{what a horizontal line is of: its value}: the published numbers, and training images in place of samples."""
    found = {}
    for number in shown.published:
        error = "" if number.standard_error is None else f" ± {number.standard_error:g}"
        found[f"published {number.row}, {number.value:g}{error}, of test images"] = number.value
    if shown.real is not None:
        found[f"training images in place of samples, {shown.real:,.0f}, of test images"] = shown.real
    return found


def _runs(runs: Sequence[Record]) -> list[str]:
    """What the runs are called beside each other: their seeds, and what else tells them apart."""
    presets = len({record.preset for record in runs}) > 1
    return [f"{f'{record.preset}, ' if presets else ''}seed {record.seed}" for record in runs]


def _readout(names: Sequence[str], runs: Sequence[Record], lines: Mapping[tuple[str, int], Mapping[float, float]]) -> str:
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
        return "M" + "L".join(f"{self.x(epoch)} {self.y(value)}" for epoch, value in line.items())

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
