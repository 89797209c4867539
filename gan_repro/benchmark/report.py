"""Rows and verdicts to markdown and JSON."""

import dataclasses
import importlib.metadata

from gan_repro.system import machine
from gan_repro.system.numbers import three_digits

TITLE = "# Benchmark"
QUICK = (
    "**Tried out with `--quick`: tiny networks, few rounds. These numbers say whether it runs, and nothing about speed; the "
    "goals are not meant for them.**"
)
HOW = (
    "All contestants of a table took turns in one process (start-up, memory and devices: in processes of their own), each on "
    "all cores; a time is the median of the rounds, in brackets the shortest and the longest. Compilation is not counted. "
    "A turn takes about four seconds at most, and one step at least. Pixels are random: what is on them does not matter for "
    "speed. Learning rates and momentum of the peers are constants, and their images lie in memory. Parameters: trainable "
    "numbers of G and D, the same for all: else there is no table."
)

ROUND_BY_ROUND = (
    "Values are medians of the ratios within each round, where the contestants had their turns shortly after one another; the "
    "tables below give the ratio of the medians, which may differ by some per cent."
)


def conditions():
    """Machine, versions, threads, commit: plain JSON values."""
    found = machine.conditions() | {"commit": machine.commit()}
    try:
        import torch
    except ImportError:
        return found
    found["versions"]["torch"] = importlib.metadata.version("torch")
    found["threads"]["torch"] = torch.get_num_threads()
    found["torch"] = f"{torch.backends.cpu.get_cpu_capability()}, {'GPU' if torch.cuda.is_available() else 'CPU'}"
    return found


def time_of(seconds):
    """Seconds as text: "12.3 ms", "1.23 s"."""
    return f"{three_digits(seconds)} s" if seconds >= 1 else f"{three_digits(seconds * 1000)} ms"


def _more(row):
    parts = [row.note] if row.note else []
    for key, value in row.more.items():
        amount = f"{value / 2**20:,.0f} MiB" if key.endswith("_bytes") else three_digits(value)
        parts.append(f"{key.removesuffix('_bytes').replace('_', ' ')} {amount}")
    return "; ".join(parts)


def table(task, rows):
    """The markdown of one task: its title and a table of its Rows."""
    first = next((row.median for row in rows if row.seconds), None)
    lines = [f"## {task.title}", "", f"| | one {task.unit} | times the first | what | |", "|---|---|---|---|---|"]
    for row in rows:
        cells = [row.name, row.not_run, "", row.what, _more(row)]
        if row.seconds:
            cells[1] = f"{time_of(row.median)} ({time_of(min(row.seconds))} to {time_of(max(row.seconds))})"
            cells[2] = three_digits(row.median / first)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    counted = next((row.parameters for row in rows if row.parameters), None)
    same = len({tuple(row.parameters.items()) for row in rows if row.parameters}) == 1
    if counted and same:
        lines += ["", "Parameters: " + ", ".join(f"{role} {n:,}" for role, n in counted.items()) + "."]
    return "\n".join(lines)


def goals_table(verdicts):
    """The markdown of the goals."""
    lines = ["## Goals", "", "| goal | limit | measured | |", "|---|---|---|---|"]
    for each in verdicts:
        goal, unit = each.goal, "" if each.goal.unit == "x" else f" {each.goal.unit}"
        limit = f"at {'least' if goal.at_least else 'most'} {three_digits(goal.limit)}{unit}"
        measured = (
            ""
            if each.value is None
            else f"{three_digits(each.value)}{unit} ({three_digits(each.low)} to {three_digits(each.high)})"
        )
        lines.append(f"| {goal.name} | {limit} | {measured} | {each.word} |")
    return "\n".join([*lines, "", ROUND_BY_ROUND])


def markdown(tasks, rows, verdicts, size, found):
    """The whole file.

    Args:
      tasks: the Tasks measured, in order; rows: their Rows.
      verdicts: goals.Verdicts.
      size: rounds.Size.
      found: of `conditions`.
    """
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    threads = ", ".join(f"{name} {n or 'as many as cores'}" for name, n in found["threads"].items())
    head = [TITLE, ""]
    head += [QUICK, ""] if size.name == "quick" else []
    head += [
        f"{found['processor']}; device {found['device']}; {found['platform']}. {versions}. Threads: {threads}. "
        f"{size.rounds} rounds. Commit {found['commit'] or 'unknown'}. Written by `python -m gan_repro.benchmark`.",
        "",
        HOW,
    ]
    parts = ["\n".join(head)]
    measured = {row.task for row in rows}
    parts.append(goals_table([each for each in verdicts if {task for task, _ in each.goal.rows} <= measured]))
    parts += [table(task, [row for row in rows if row.task == task.name]) for task in tasks]
    return "\n\n".join(parts) + "\n"


def as_json(rows, verdicts, size, found):
    """The same as plain JSON values: {"conditions", "size", "rows", "goals"}."""
    goals = [
        {
            "name": each.goal.name,
            "limit": each.goal.limit,
            "unit": each.goal.unit,
            "at_least": each.goal.at_least,
            "value": each.value,
            "low": each.low,
            "high": each.high,
            "verdict": each.word,
        }
        for each in verdicts
    ]
    plain = [dataclasses.asdict(row) | {"median": row.median if row.seconds else None} for row in rows]
    return {"schema": 1, "conditions": found, "size": dataclasses.asdict(size), "rows": plain, "goals": goals}
