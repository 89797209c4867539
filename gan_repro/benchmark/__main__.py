"""`python -m gan_repro.benchmark`: measures, and writes results/benchmark.md and .json. What is measured is beside it."""

import contextlib
import importlib
import os
import sys
from pathlib import Path

from absl import flags

from gan_repro.system import choices, files
from gan_repro.system.command_line import run_main

USAGE = """usage: python -m gan_repro.benchmark [--quick] [--only=PART,...] [--results=DIR]

Measures this program's training steps and evaluator beside PyTorch's, Keras's and others', in one run, in turns, and writes
benchmark.md and benchmark.json. pip install -e '.[bench]' first; what is not installed is left out, and the table says so.
Nothing else should run on the machine meanwhile."""

# Modules of this package, each with `tasks`
PARTS = ("steps", "second_order", "learners", "estimators", "startup", "growth", "workers")


def _define_flags(values):
    flags.DEFINE_bool(
        "quick", False, "Tiny networks and few rounds, to try it out: the numbers mean nothing.", flag_values=values
    )
    flags.DEFINE_list("only", [], f"Some of {', '.join(PARTS)}.", flag_values=values)
    flags.DEFINE_string(
        "results",
        None,
        "Folder for the two files; else results, but nothing is written with --quick or --only.",
        flag_values=values,
    )


def _say(line):
    print(line, file=sys.stderr, flush=True)


def _body(values):
    wanted = [choices.choose("part", part, PARTS) for part in values["only"].value] or PARTS
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # torch wants a part of a GPU's memory, too
    with contextlib.suppress(ImportError):  # see torch_peers.have_torch: the other way round its triton could not be had
        import torch._dynamo  # noqa: F401
    from gan_repro.system import tensorflow_setup

    tensorflow_setup.prepare()
    from gan_repro.benchmark import goals, report, rounds

    size = rounds.QUICK if values["quick"].value else rounds.FULL
    tasks, rows = [], []
    for part in wanted:
        for task in importlib.import_module(f"gan_repro.benchmark.{part}").tasks(size):
            tasks.append(task)
            rows += rounds.measure(task, size.rounds, _say)
    verdicts, found = [goals.verdict(goal, rows) for goal in goals.GOALS], report.conditions()
    text = report.markdown(tasks, rows, verdicts, size, found)
    print(text)
    partial = values["quick"].value or values["only"].value
    folder = values["results"].value or (None if partial else "results")
    if folder:
        files.write_text(Path(folder) / "benchmark.md", text)
        files.write_json(Path(folder) / "benchmark.json", report.as_json(rows, verdicts, size, found))
        print(f"written: {Path(folder) / 'benchmark.md'}, {Path(folder) / 'benchmark.json'}")
    return 0


def main(argv):
    """Runs the program; returns its exit code (0 done, 1 failed, 2 wrong usage)."""
    return run_main(_define_flags, _body, argv, USAGE)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
