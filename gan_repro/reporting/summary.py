"""The results of all papers in one table: published, measured, verdict. results/README.md and README.md show it."""

import dataclasses
import re
from collections.abc import Iterator, Sequence

from gan_repro.reporting import cells, claims, comparison, formats, metrics
from gan_repro.reporting.comparison import Line, Table
from gan_repro.system.errors import RunError
from gan_repro.system.numbers import with_error

HEADER = ["Paper", "What", "Published", "Ours", "Verdict", "Seeds", "Minutes a seed"]
SHORT = ["Paper", "What", "Published", "Ours", "Verdict"]
BEGIN, END = "<!-- results -->", "<!-- end of results -->"  # between them README.md has its table


@dataclasses.dataclass(frozen=True)
class Row:
    """One number or claim of a paper beside a run of ours; `ours`, `seeds` and `minutes` are "" where there is none.

    Attributes:
      paper, page: what people call it, and the file of its page in results/.
      what: which number, or what a figure shows. played: how long ours was trained, or "".
      published, ours: with their errors.
      verdict: in words; `word`: its first ones, without what it rests on.
      seeds, minutes: of ours, the minutes from the quickest seed to the slowest.
    """

    paper: str
    page: str
    what: str
    played: str
    published: str
    ours: str
    verdict: str
    seeds: str = ""
    minutes: str = ""

    @property
    def word(self) -> str:
        """The verdict without what it rests on."""
        return re.split(r"[:;(]", self.verdict)[0].strip()


def rows(built: Sequence[Table]) -> list[Row]:
    """Every published number against every run of it, and every claim."""
    found = []
    for table in built:
        page = f"{table.name}.md"
        for experiment, number, lines in comparison.compared(table):
            metric = metrics.of(number.metric, table.experiments)
            data = table.titles.get(number.dataset, number.dataset)
            what = f"{metric.heading}{metrics.of_unit(number.unit)}, {data}"
            place = comparison.column(number)
            alike = {each.row for each in experiment.published if each.ours and comparison.column(each) == place}
            if len(alike) > 1:  # of several models on one data set
                what = f"{number.row}: {what}"
            first = experiment.short_name, page, what
            for line, verdict in lines:
                played, word = f"{line.group.first.epochs:,g} epochs", comparison.in_words(line, verdict, number)
                ours = _value(line), word.partition(";")[0], str(len(line.summary.seeds)), _minutes(line)
                found.append(Row(*first, played, cells.printed(number), *ours))
            if not lines:
                found.append(Row(*first, "", cells.printed(number), "", comparison.not_run(number)))
        for experiment in table.own():
            for claim in experiment.claims:
                measured, _, answer = claims.answer(table, experiment, claim)
                found.append(Row(experiment.short_name, page, f"{claim.figure}: {claim.says}", "", "shown", measured, answer))
    return found


def table(built: Sequence[Table]) -> list[list[str]]:
    """[HEADER, rows...] for results/README.md."""
    found = [HEADER]
    for row in rows(built):
        what = f"{row.what}; {row.played}" if row.played else row.what
        first = f"[{row.paper}]({row.page})", what, row.published
        found.append([*first, row.ours, row.verdict, row.seeds, row.minutes])
    return found


def short_table(built: Sequence[Table]) -> list[list[str]]:
    """[SHORT, rows...] for README.md: of each published number the first run, of a claim in how many seeds it was observed."""
    first: dict[tuple[str, str, str], Row] = {}
    for row in rows(built):
        first.setdefault((row.page, row.what, row.published), row)
    found = [SHORT]
    for row in first.values():
        observed = re.search(r"observed in \d+ of \d+ seeds?", row.verdict) if row.published == "shown" else None
        what = f"{row.what}; {row.played}" if row.played else row.what
        found.append(
            [
                f"[{row.paper}][{row.page.removesuffix('.md')}]",
                what,
                re.sub(r"n [\d,]+; ", "", row.published),
                observed[0] if observed else row.ours.removesuffix(" SE"),
                re.sub(r" in \d+ of \d+ seeds?$", "", row.word),
            ]
        )
    return found


def into_readme(text: str, built: Sequence[Table], folder: str = "results") -> str:
    """README.md with its table of results written anew, between BEGIN and END; `folder`: where the pages are.

    Raises:
      RunError: END does not follow BEGIN.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise RunError(f"README.md has no {END} behind {BEGIN}")
    pages = [f"[{each.name}]: {folder}/{each.name}.md" for each in built]
    return before + "\n".join([begin, *formats.grid(short_table(built)), *pages, end]) + after


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
