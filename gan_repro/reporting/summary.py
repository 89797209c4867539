"""The results of all papers in one table: published, measured, verdict. results/README.md and README.md show it."""

import re
from collections.abc import Iterator, Sequence

from gan_repro.reporting import claims, comparison, formats
from gan_repro.reporting.comparison import Line, Table
from gan_repro.system.errors import RunError
from gan_repro.system.numbers import with_error

HEADER = ["Paper", "What", "Published", "Ours", "Verdict", "Seeds", "Minutes a seed"]
SHORT = ["Paper", "What", "Published", "Ours", "Verdict"]
_BLOCK = re.compile(r"(<!-- results -->\n).*?(<!-- end of results -->\n)", re.DOTALL)


def rows(built: Sequence[Table]) -> list[list[str]]:
    """[HEADER, rows...]: every published number against every run of it, and every claim."""
    found = [HEADER]
    for table in built:
        for experiment, number, lines in comparison.compared(table):
            paper = f"[{experiment.short_name}]({table.name}.md)"
            what = f"{number.row}: {comparison.column_title(table, comparison.column(number))}"
            published = comparison.cells.printed(number)
            for line, verdict in lines:
                epochs = f", {line.group.first.epochs:,g} epochs"
                shown = (
                    _value(line),
                    comparison.in_words(line, verdict, number).partition(";")[0],
                    str(len(line.summary.seeds)),
                    _minutes(line),
                )
                found.append([paper, what + epochs, published, *shown])
            if not lines:
                found.append([paper, what, published, "", comparison.not_run(number), "", ""])
        for experiment in table.own():
            for claim in experiment.claims:
                measured, _, verdict = claims.answer(table, experiment, claim)
                paper = f"[{experiment.short_name}]({table.name}.md)"
                found.append([paper, claim.figure, claim.says, measured, verdict, "", ""])
    return found


def short_rows(built: Sequence[Table]) -> list[list[str]]:
    """[SHORT, rows...] for README.md: of each published number the run that comes first, and the claims' verdicts."""
    found, full = [SHORT], rows(built)[1:]
    seen = set()
    for paper, what, published, ours, verdict, *_ in full:
        name = re.sub(r"\]\((.*)\)", r"](results/\1)", paper)
        key = (paper, published, what.rpartition(", ")[0])
        if ours.count(":"):  # a claim
            key, ours, published = (paper, what, ""), "", "a figure"
        if key not in seen:
            seen.add(key)
            found.append([name, what, published, ours, re.split(r"[:;(]", verdict)[0].strip()])
    return found


def into_readme(text: str, built: Sequence[Table]) -> str:
    """README.md with its table of results written anew, between the two comments that mark it.

    Raises:
      RunError: the comments are not there.
    """
    table = "\n".join(formats.grid(short_rows(built)))
    if not _BLOCK.search(text):
        raise RunError("README.md has no place for the results: <!-- results --> and <!-- end of results -->")
    return _BLOCK.sub(lambda place: f"{place[1]}{table}{place[2]}", text)


def _value(line: Line) -> str:
    """Such as "182.7 ± 2.3 SE ± 3.6 SD"."""
    summary = line.summary
    value, error = with_error(summary.value, summary.standard_error or summary.std_over_seeds)
    text = value if summary.standard_error is None else f"{value} ± {error} SE"
    over_seeds = summary.std_over_seeds
    return text if over_seeds is None else f"{text} ± {with_error(summary.value, over_seeds)[1]} SD"


def _minutes(line: Line) -> str:
    """Of the training and the evaluation, from the quickest seed to the slowest."""
    minutes: Iterator[float] = (record.cost.minutes for record in line.group)
    low, *_, high = sorted([*minutes] * 2)
    return f"{low:,.0f}" if round(low) == round(high) else f"{low:,.0f} to {high:,.0f}"
