"""The files of a table: Markdown, CSV and LaTeX. What stands in a table is not decided here (comparison.py)."""

import csv
import dataclasses
import io
import re

from gan_repro.reporting import claims, comparison, notes


def grid(rows, code=False):
    """Markdown lines of a table, and an empty one; a row of one cell becomes a bold heading.

    `code`: whether backticks in the cells are marks of code; else they are shown.
    """
    width, special = len(rows[0]), r"([|*<])" if code else r"([|*<`])"
    escaped = [[re.sub(special, r"\\\1", cell) for cell in row] for row in rows]
    filled = [row if len(row) == width else [f"**{row[0]}**", *[""] * (width - 1)] for row in escaped]
    lines = [f"| {' | '.join(row)} |" for row in filled]
    return [lines[0], "|" + "---|" * width, *lines[1:], ""]


def title(table):
    """ "Table 1" for table1; else what its papers are called."""
    own = [each.known_as for each in table.experiments if each.table == table.name]
    number = re.fullmatch(r"table(\d+)", table.name)
    return f"Table {number.group(1)}" if number else ", ".join(own)


def markdown(table):
    """The whole text of the .md file."""
    lines = [f"# {title(table)}", "", comparison.GENERATED, ""]
    lines += [f"* {each.known_as}: {each.title} ({each.reference})" for each in table.experiments] + [""]
    lines += grid(comparison.main_rows(table))
    if len(comparison.verdict_rows(table)) > 1:
        lines += ["## Against the published numbers", "", *grid(comparison.verdict_rows(table))]
    if len(claims.rows(table)) > 1:
        lines += [f"## {claims.HEADING}", "", claims.NOTE, "", *grid(claims.rows(table))]
    if len(comparison.not_run_rows(table)) > 1:
        lines += ["## Not run", "", *grid(comparison.not_run_rows(table), code=True)]
    if table.lines:
        lines += ["## How the rows were measured", "", *grid(comparison.detail_rows(table, table.lines))]
    if table.others:
        lines += ["## Other measurements of the same runs", "", *grid(comparison.detail_rows(table, table.others))]
    if table.groups:
        lines += ["## Commands", ""]
    for run, members in enumerate(table.groups, start=1):
        cost = ", ".join(f"seed {r['seed']}: {r['cost']['minutes']:g} minutes on {machine(r)}" for r in members)
        owner = next(each for each in table.experiments if each.name == members[0]["experiment"])
        lines += [f"Run {run}, {comparison.run_title(owner, members[0])} ({cost}):", ""]
        lines += ["```", *(record["command"] for record in members), "```", ""]
    for experiment in (each for each in table.experiments if each.deviations):
        lines += [f"## Deviations of {experiment.known_as} from paper and code", ""]
        lines += [*(f"{index}. {text}" for index, text in enumerate(experiment.deviations, start=1)), ""]
    lines += ["## Notes", "", *(f"{index}. {note}" for index, note in enumerate(notes.notes(table), start=1))]
    return "\n".join(lines) + "\n"


def machine(record):
    """What a record's cost was measured on: the processor, or the GPU."""
    device = record["manifest"].get("device", "CPU")
    processor = record["cost"].get("processor", "").replace("(1 cores)", "(1 core)")  # so an older version wrote it
    return processor or device if device == "CPU" else device


_TEX = {
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


def tex(text):
    """`text` with everything escaped that LaTeX would take for its own, in one pass."""
    return text.translate(str.maketrans(_TEX))


def _columns(*shares):
    """Columns of fixed widths, in shares of the text's: the cells are long, so they wrap."""
    return "".join(rf"p{{{share:.3g}\textwidth}}" for share in shares)


def latex(table):
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
        lines += ["", r"\medskip", "", *tabular(comparison.verdict_rows(table), _columns(0.2, 0.2, 0.14, 0.06, 0.04, 0.2))]
    if len(comparison.not_run_rows(table)) > 1:
        lines += ["", r"\medskip", "", *tabular(comparison.not_run_rows(table), _columns(0.1, 0.35, 0.4))]
    return "\n".join(lines) + "\n"


def comma_separated(table):
    """The whole text of the .csv file: one line per number, published and measured, at full precision, and per item not run."""
    out = io.StringIO()
    names = [
        "table",
        "kind",
        "model",
        "experiment",
        "dataset",
        "space",
        "metric",
        "unit",
        "generator",
        "value",
        "standard_error",
        "deviation_over_seeds",
        "draw_deviation",
        "subset_deviation",
        "judge_difference",
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
        "departures",
        "source",
        "command",
    ]
    writer = csv.DictWriter(out, names, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for experiment, number in table.published:
        own = {"table": table.name, "kind": "published", "model": number.row, "experiment": experiment.name}
        writer.writerow(dataclasses.asdict(number) | own)
    for line in [*table.lines, *table.others]:
        summary, record = line.summary, line.members[0]
        own = {
            "table": table.name,
            "kind": "measured" if line.section == "ours" else line.section,
            "model": line.label,
            "deviation_over_seeds": summary.deviation,
            "n_seeds": len(summary.seeds),
            "seeds": " ".join(map(str, summary.seeds)),
            "sigma": " ".join(map(str, summary.sigmas)),
            "verdict": line.verdict and line.verdict.word,
            "departures": "; ".join(line.departures),
        }
        own |= {f"paired_{name}": value for name, value in dataclasses.asdict(summary.paired).items()} if summary.paired else {}
        writer.writerow(record | dataclasses.asdict(summary) | own)
    for experiment in (each for each in table.experiments if each.table == table.name):
        for what, why in experiment.not_run:
            own = {"table": table.name, "kind": "not run", "model": what, "experiment": experiment.name, "departures": why}
            writer.writerow(own)
    return out.getvalue()


FORMATS = {".md": markdown, ".csv": comma_separated, ".tex": latex}
