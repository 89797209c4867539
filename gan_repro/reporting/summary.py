"""The results of all papers in one table: published, measured, verdict. results/README.md and README.md show it."""

import dataclasses
import re
from collections.abc import Iterator, Sequence

from gan_repro.papers.experiment import Experiment
from gan_repro.reporting import cells, claims, comparison, effects, formats, metrics, verdicts
from gan_repro.reporting.comparison import Line, Table
from gan_repro.reporting.conditions import model
from gan_repro.system.errors import RunError

HEADER = ["Paper", "What", "Published", "Ours", "Verdict", "Seeds", "Minutes a seed"]
SHORT = ["Paper", "What", "Published", "Ours", "Verdict"]
NONE, NO_NUMBER = "none", "no published number"
UNPUBLISHED = "frechet_distance"  # stands for a game on images of which its paper says no number
BEGIN, END = "<!-- results -->", "<!-- end of results -->"  # between them README.md has its table


@dataclasses.dataclass(frozen=True)
class Row:
    """One number or claim of a paper beside a run of ours; `ours`, `seeds` and `minutes` are "" where there is none.

    Attributes:
      paper, page: what people call it, and the file of its page in results/.
      what: which number, or what a figure shows; `figure`: which, or "". played: how long ours was trained, or "".
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
    figure: str = ""

    @property
    def word(self) -> str:
        """The verdict without what it rests on."""
        return re.split(r"[:;(]", self.verdict)[0].strip()


def rows(built: Sequence[Table]) -> list[Row]:
    """Every published number against the main generator of every run of it, and every claim."""
    found = []
    for table in built:
        page, compared = f"{table.name}.md", list(comparison.compared(table))
        compared.sort(key=lambda each: not each[0].beside)  # whose table it is, then what others quote
        for experiment, number, lines in compared:
            metric = metrics.of(number.metric, table.experiments)
            data = table.titles.get(number.dataset, number.dataset)
            what = f"{metric.heading}{metrics.of_unit(number.unit)}, {data}"
            alike = {other.row for owner, other, _ in compared if (owner, other.metric) == (experiment, number.metric)}
            what = f"{number.row}: {what}" if len(alike) > 1 else what
            first = experiment.short_name, page, what
            for line, verdict in (each for each in lines if each[0].main):
                played, word = f"{line.group.first.played} epochs", comparison.in_words(line, verdict, number)
                ours = cells.with_draws(line.summary), word.partition(";")[0], str(len(line.summary.seeds)), _minutes(line)
                found.append(Row(*first, played, cells.printed(number), *ours))
            if not lines:
                found.append(Row(*first, "", cells.printed(number), "", comparison.not_run(number)))
        for experiment in table.own():
            for claim in experiment.claims:
                measured, _, answer = claims.answer(table, experiment, claim)
                about = experiment.short_name, page, f"{claim.figure}: {claim.says}"
                found.append(Row(*about, "", "shown", measured, answer, figure=claim.figure))
        found += _unpublished(table)
    return found


def _unpublished(table: Table) -> Iterator[Row]:
    """Rows of the data sets on which a game draws images and nothing was published, and of the tables of changes."""
    page = f"{table.name}.md"
    for experiment in table.own():
        known = {number.dataset for number in experiment.published} | {claim.dataset for claim in experiment.claims}
        lines = [line for line in table.of(experiment) if line.main and line.section == "ours" and not experiment.effects]
        lines = [line for line in lines if line.summary.metric == UNPUBLISHED and line.summary.dataset not in known]
        metric = metrics.of(UNPUBLISHED, [experiment])
        for line in lines:
            name = line.summary.dataset
            what = f"{metric.heading}, {table.titles.get(name, name)}"
            if len([each for each in lines if each.summary.dataset == name]) > 1:
                what = f"{model(experiment, line.group.first)}: {what}"
            first, played = (experiment.short_name, page, what), f"{line.group.first.played} epochs"
            counted = str(len(line.summary.seeds)), _minutes(line)
            yield Row(*first, played, NONE, cells.with_draws(line.summary), NO_NUMBER, *counted)
    for experiment, wanted, changes in table.effects:
        if changes:
            said = [_better_and_worse(experiment, outcome.metric, changes) for outcome in wanted.outcomes]
            ours = f"{len(changes)} changes, better / worse: {'; '.join(said)}"
            yield Row(experiment.short_name, page, wanted.title, "", NONE, ours, NO_NUMBER)


def _better_and_worse(experiment: Experiment, name: str, changes: Sequence[effects.Row]) -> str:
    """Such as "modes covered 0 / 8": of differences that hold for all comparisons together."""
    metric = metrics.of(name, [experiment])
    better = "raises" if metric.better == "more" else "lowers"
    words = [row.effects[name].word for row in changes]
    return f"{metric.heading} {words.count(better)} / {words.count('lowers' if better == 'raises' else 'raises')}"


def table(built: Sequence[Table]) -> list[list[str]]:
    """[HEADER, rows...] for results/README.md."""
    found = [HEADER]
    for row in rows(built):
        what = f"{row.what}; {row.played}" if row.played else row.what
        first = f"[{row.paper}]({row.page})", what, row.published
        found.append([*first, row.ours, row.verdict, row.seeds, row.minutes])
    return found


def short_table(built: Sequence[Table]) -> list[list[str]]:
    """[SHORT, rows...] for README.md: of each published number the first run, of claims in how many seeds they were observed.

    Numbers of fewer than verdicts.MIN_SEEDS seeds say of how many. Claims of a paper of which the same is said share a row.
    What was not run stands in results/README.md alone.
    """
    first: dict[tuple[str, str, str], Row] = {}
    for row in (row for row in rows(built) if row.ours):
        first.setdefault((row.page, row.what, row.published), row)
    alike: dict[tuple[str, ...], list[Row]] = {}
    ends: dict[Row, tuple[str, str]] = {}
    for row in first.values():
        observed = re.search(r"observed in \d+ of \d+ seeds?", row.verdict) if row.figure else None
        ours = observed[0] if observed else row.ours.removesuffix(" SE") + _few(row)
        said = ours, re.sub(r" in \d+ of \d+ seeds?$", "", row.word)
        alike.setdefault((row.paper, row.page, *said) if observed else (row.page, row.what, row.published), []).append(row)
        ends[row] = said
    found = [SHORT]
    for members in alike.values():
        row = members[0]
        what = f"{row.what}; {row.played}" if row.played else row.what
        if len(members) > 1:
            more = f"{len(members) - 1} more"
            what = f"{_figures(members)}: {row.what.partition(': ')[2]}; and {more}"
        paper = f"[{row.paper}][{row.page.removesuffix('.md')}]"
        found.append([paper, what, re.sub(r"n [\d,]+; ", "", row.published), *ends[row]])
    return found


def _few(row: Row) -> str:
    """Such as " (1 seed)" where there are fewer seeds than a verdict needs."""
    return f" ({row.seeds} seed{'s' if row.seeds != '1' else ''})" if row.seeds and int(row.seeds) < verdicts.MIN_SEEDS else ""


def _figures(members: Sequence[Row]) -> str:
    """Such as "Figures 3, 4 and 5"."""
    *some, last = dict.fromkeys(row.figure for row in members)
    names = f"{', '.join(some)} and {last}" if some else last
    return names.replace("Figure ", "Figures ", 1).replace(" Figure ", " ") if some else names


def into_readme(text: str, built: Sequence[Table], folder: str = "results") -> str:
    """README.md with its table of results written anew, between BEGIN and END; `folder`: where the pages are.

    Raises:
      RunError: END does not follow BEGIN.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise RunError(f"README.md has no {END} behind {BEGIN}")
    shown = short_table(built)
    pages = [f"[{each.name}]: {folder}/{each.name}.md" for each in built if any(f"][{each.name}]" in row[0] for row in shown)]
    return before + "\n".join([begin, *formats.grid(shown), *pages, end]) + after


def _minutes(line: Line) -> str:
    """Of the training and the evaluation, from the quickest seed to the slowest."""
    minutes: Iterator[float] = (record.cost.minutes for record in line.group)
    low, *_, high = sorted([*minutes] * 2)
    return f"{low:,.0f}" if round(low) == round(high) else f"{low:,.0f} to {high:,.0f}"
