"""The files of a table: Markdown, CSV and LaTeX. What stands in a table is in comparison.py."""

import csv
import dataclasses
import io
import re
from collections.abc import Collection, Sequence

from gan_repro.reporting import claims, comparison, effects, kinds, notes
from gan_repro.reporting.comparison import Table
from gan_repro.reporting.conditions import run_title

NOT_RUN = "Out of reach here, or left out. `python -m gan_repro.reproduce --list` lists planned runs that are still missing."
FURTHER = "Further findings"  # the heading of those that results/README.md leaves to a table's own page

EVERY_RUN = "Published and measured, every run"  # the heading of the compact table where others stand before it

CHOSEN = "What validation chose"  # the heading of the table of epochs

MANY = 5  # seeds of a run: with more of them a page does not say each one's command and cost


def grid(rows: Sequence[Sequence[str]], code: bool = False) -> list[str]:
    """Markdown lines of a table, and an empty one; a row of one cell becomes a bold heading.

    `code`: whether backticks in the cells are marks of code; else they are shown.
    """
    width, special = len(rows[0]), r"([|*<])" if code else r"([|*<`])"
    escaped = [[re.sub(special, r"\\\1", cell) for cell in row] for row in rows]
    filled = [row if len(row) == width else [f"**{row[0]}**", *[""] * (width - 1)] for row in escaped]
    lines = [f"| {' | '.join(row)} |" for row in filled]
    return [lines[0], "|" + "---|" * width, *lines[1:], ""]


def title(table: Table) -> str:
    """ "Table 1" for table1; else what its papers are called."""
    own = [each.short_name for each in table.own()]
    number = re.fullmatch(r"table(\d+)", table.name)
    return f"Table {number.group(1)}" if number else ", ".join(own)


def markdown(table: Table, more: Sequence[str] = (), lead: str = "", found: str = "", pictures: Collection[str] = ()) -> str:
    """The whole text of the .md file.

    Args:
      table: the Table.
      more: lines that follow the compact table, such as figures.
      lead: what the page begins with: what was reproduced, in a few sentences.
      found: findings that results/README.md does not show (findings.apart), or "".
      pictures: names of the files in results/figures.
    """
    lines = [f"# {title(table)}", "", comparison.GENERATED, "", *([lead, ""] if lead else [])]
    lines += [f"* {each.short_name}: {each.title} ({each.reference})" for each in table.experiments] + [""]
    lines += [f"**Protocol, {each.short_name}.** {each.protocol}" + "  " for each in table.own() if each.protocol] + [""]
    for each in table.beside:
        lines += [f"## {each.what.title}", "", each.what.text, "", *grid(each.rows)]
        lines += grid(each.differences) if len(each.differences) > 1 else []
        samples = f"Samples of each, of chains consecutive ones{each.what.samples and f'. {each.what.samples}'}"
        lines += _picture(each.strips, samples) if each.strips in pictures else []
        lines += _picture(each.histograms, "Classes that the samples are read as") if each.shares else []
        lines += _picture(each.figure, "Classes among consecutive samples of a chain") if each.lines else []
        for kind, found_of in each.pictures(pictures):
            images = [f"![{label}: {kinds.in_words(kind)}](figures/{file})" for label, file in found_of.items()]
            lines += grid([list(found_of), images])
    lines += [f"## {EVERY_RUN}", ""] if table.beside else []
    lines += [*grid(comparison.main_rows(table)), *more]
    for name, apart in comparison.elsewhere(table):
        lines += [f"## Not in the papers' numbers: {name}", "", *grid(comparison.main_rows(apart))]
    lines += [f"## {FURTHER}", "", found, ""] if found else []
    for owner, wanted, changes in (each for each in table.effects if each[2]):
        name = effects.figure_name(owner, wanted)
        lines += [f"## {wanted.title}", "", wanted.text, "", effects.RULE, ""]
        lines += [f"![{wanted.title}](figures/{name})", "", *grid(effects.table(wanted, owner, changes))]
        lines += [paired, ""] if (paired := effects.pairing(wanted, owner, changes)) else []
    if len(comparison.verdict_rows(table)) > 1:
        lines += ["## Against the published numbers", "", *grid(comparison.verdict_rows(table))]
    if len(claims.rows(table)) > 1:
        lines += [f"## {claims.HEADING}", "", claims.note(table), "", *grid(claims.rows(table))]
    if len(comparison.chosen_rows(table)) > 1:
        lines += [f"## {CHOSEN}", "", *grid(comparison.chosen_rows(table))]
    if len(comparison.not_run_rows(table)) > 1:
        lines += ["## Not run", "", NOT_RUN, "", *grid(comparison.not_run_rows(table), code=True)]
    if table.lines:
        lines += ["## How the rows were measured", "", *grid(comparison.detail_rows(table, table.lines))]
    if table.others:
        lines += ["## Other measurements of the same runs", "", *grid(comparison.detail_rows(table, table.others))]
    if table.groups:
        lines += ["## Commands", ""]
    for run, group in enumerate(table.groups, start=1):
        shown = list(group)[:1] if len(group) > MANY else group
        cost = ", ".join(f"seed {each.seed}: {each.cost.minutes:g} minutes on {each.trained_on}" for each in shown)
        lines += [f"Run {run}, {run_title(table.owner(group), group.first)} ({cost}):", ""]
        lines += ["```", *_commands(group), "```", ""]
    for experiment in (each for each in table.experiments if each.deviations):
        lines += [f"## Deviations of {experiment.short_name} from paper and code", ""]
        lines += [*(f"{index}. {text}" for index, text in enumerate(experiment.deviations, start=1)), ""]
    lines += ["## Notes", "", *(f"{index}. {note}" for index, note in enumerate(notes.notes(table), start=1))]
    return "\n".join(lines) + "\n"


def _picture(name, caption):
    return [f"![{caption}](figures/{name})", "", f"*{caption}.*", ""]


def _commands(group):
    """The command of each seed; of many seeds that of the first, and which others there are."""
    if len(group) <= MANY:
        return [record.command for record in group]
    return [group.first.command, f"# and so with --seed= each of {', '.join(map(str, group.seeds[1:]))}"]


_TEX: dict[str | int, str | int | None] = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "σ": r"$\sigma$",
    "<": "$<$",
    ">": "$>$",
    "|": r"\textbar{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


def tex(text: str) -> str:
    """`text` with everything escaped that LaTeX would take for its own, in one pass."""
    return text.translate(str.maketrans(_TEX))


def _columns(*shares):
    """Columns of fixed widths, in shares of the text's: the cells are long, so they wrap."""
    return "".join(rf"p{{{share:.3g}\textwidth}}" for share in shares)


def latex(table: Table) -> str:
    """The whole text of the .tex file: plain tabulars to \\input, no package needed; notes.notes are comments."""

    def tabular(rows, columns):
        yield rf"\begin{{tabular}}{{{columns}}}"
        yield r"\hline"
        yield " & ".join(map(tex, rows[0])) + r" \\"
        yield r"\hline"
        for row in rows[1:]:
            if len(row) < len(rows[0]):
                yield rf"\multicolumn{{{len(rows[0])}}}{{l}}{{\textit{{{tex(row[0])}}}}} \\"
            else:
                yield " & ".join(map(tex, row)) + r" \\"
        yield r"\hline"
        yield r"\end{tabular}"

    lines = [f"% {comparison.GENERATED}", *(f"% {note}" for note in notes.notes(table))]
    n = len(table.columns)
    lines += tabular(comparison.main_rows(table), _columns(0.3, *[0.54 / max(1, n)] * n))
    if len(comparison.verdict_rows(table)) > 1:
        lines += ["", r"\medskip", "", *tabular(comparison.verdict_rows(table), _columns(0.2, 0.2, 0.14, 0.06, 0.08, 0.16))]
    if len(comparison.not_run_rows(table)) > 1:
        lines += ["", r"\medskip", "", *tabular(comparison.not_run_rows(table), _columns(0.1, 0.35, 0.4))]
    return "\n".join(lines) + "\n"


def comma_separated(table: Table) -> str:
    """The whole text of the .csv file: one line per number, published and measured, at full precision, and per item not run."""
    out = io.StringIO()
    names = [
        "table",
        "kind",
        "model",
        "experiment",
        "dataset",
        "space",
        "condition",
        "metric",
        "unit",
        "weights",
        "reference",
        "variant",
        "value",
        "standard_error",
        "std_over_seeds",
        "std_over_draws",
        "std_over_subsets",
        "classifier_difference",
        "paired_to",
        "paired_difference",
        "paired_standard_error",
        "n_seeds",
        "seeds",
        "preset",
        "epochs",
        "split",
        "n_test",
        "n_folds",
        "n_samples",
        "sigma",
        "verdict",
        "condition_differences",
        "source",
        "command",
    ]
    writer = csv.DictWriter(out, names, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for experiment, number in table.published:
        own: dict[str, object] = {"table": table.name, "kind": "published", "model": number.row, "experiment": experiment.name}
        writer.writerow(dataclasses.asdict(number) | own)
    for line in [*table.lines, *table.others]:
        summary, record = line.summary, line.group.first
        own = {
            "table": table.name,
            "kind": "measured" if line.section == "ours" else line.section,
            "model": line.label,
            "n_seeds": len(summary.seeds),
            "seeds": " ".join(map(str, summary.seeds)),
            "sigma": " ".join(map(str, summary.sigmas)),
            "verdict": line.verdict and line.verdict.word,
            "condition_differences": "; ".join(line.condition_differences),
        }
        own |= {f"paired_{name}": value for name, value in dataclasses.asdict(summary.paired).items()} if summary.paired else {}
        run = {"experiment": record.experiment, "preset": record.preset, "epochs": record.epochs, "command": record.command}
        writer.writerow(run | dataclasses.asdict(summary) | own)
    for experiment in table.own():
        for what, why in experiment.not_run:
            own = {
                "table": table.name,
                "kind": "not run",
                "model": what,
                "experiment": experiment.name,
                "condition_differences": why,
            }
            writer.writerow(own)
    return out.getvalue()


FORMATS = {".md": markdown, ".csv": comma_separated, ".tex": latex}
