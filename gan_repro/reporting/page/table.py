"""The table of verdicts: a row for each published number or claim, sortable by every column."""

import re
from collections.abc import Sequence

from gan_repro.reporting import summary
from gan_repro.reporting.comparison import Table
from gan_repro.reporting.page.words import inline, link, plain, tag

TONES = {  # how a verdict begins: how it is coloured
    "reproduced": "good",
    "exceeds": "good",
    "observed": "good",
    "falls short": "short",
    "not reached": "short",
    "not observed": "short",
    "undecided": "open",
    "other conditions": "other",
    "not run": "none",
}
NUMBERS = ("Published", "Ours", "Seeds", "Minutes a seed")  # columns that are sorted by the number that comes first in them
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")


def tone(verdict: str) -> str:
    """How a verdict is coloured, one of TONES' values; "other" of one that is none of them."""
    return next((colour for begin, colour in TONES.items() if verdict.startswith(begin)), "other")


def number(text: str) -> str | None:
    """The number that comes first in a cell, without commas; None: there is none."""
    found = _NUMBER.search(text)
    return found[0].replace(",", "") if found else None


def html(built: Sequence[Table]) -> str:
    """The table of all papers, in the order of `built`; what was not run here comes behind the rest."""
    heads = []
    for name in summary.HEADER:
        kind = "number" if name in NUMBERS else "text"
        button = tag("button", plain(name) + tag("span", "", klass="arrow", aria_hidden="true"), type="button")
        heads.append(tag("th", button, scope="col", role="columnheader", aria_sort="none", data_kind=kind))
    rows = "\n".join(map(_row, sorted(summary.rows(built), key=lambda row: not row.ours)))
    head = tag("thead", tag("tr", "".join(heads), role="row"), role="rowgroup")
    body = tag("tbody", f"\n{rows}\n", role="rowgroup")
    # Roles are said because on a phone rows are laid out as blocks, which some browsers then no longer call a table.
    return tag("table", f"{head}\n{body}", klass="verdicts", id="verdict-table", role="table", aria_label="Verdicts")


def _unbroken(text: str) -> str:
    """Numbers whose error and unit stay on one line with what they belong to."""
    return plain(re.sub(r"± | (?=%|SE\b|SD\b)", lambda found: found[0].replace(" ", "\xa0"), text))


def _row(row: summary.Row) -> str:
    what = f"{row.what}; {row.played}" if row.played else row.what
    rest = row.verdict.removeprefix(row.word).strip(" ;:")
    verdict = tag("span", plain(row.word), klass=f"verdict {tone(row.verdict)}") + (f" {inline(rest)}" if rest else "")
    verdict = plain(row.verdict) if tone(row.verdict) == "none" else verdict
    shown = [link(row.page, plain(row.paper)), plain(what), _unbroken(row.published), _unbroken(row.ours), tag("div", verdict)]
    shown += [plain(row.seeds), plain(row.minutes)]
    texts = [row.paper, what, row.published, row.ours, row.verdict, row.seeds, row.minutes]
    cells = []
    for name, text, content in zip(summary.HEADER, texts, shown):
        value = number(text) if name in NUMBERS else None
        cells.append(tag("td", content, role="cell", data_label=name, data_value=value))
    return tag("tr", "".join(cells), role="row", data_run="yes" if row.ours else "no")
