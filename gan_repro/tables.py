"""`python -m gan_repro.tables`: results/ from its records, without TensorFlow. What is written is in publish.py."""

import sys
from pathlib import Path

from absl import flags

from gan_repro.system.command_line import run_main
from gan_repro.system.errors import RunError

USAGE = """usage: python -m gan_repro.tables [--add=DIR ...] [--results=DIR]

Regenerates the tables (.md, .csv, .tex), their overview (README.md, and index.html for a browser), the page on
log-likelihoods, the curves and the sweeps (log-likelihood against sigma and number of samples) in results/ from
results/records/*.json, and the table in the README.md beside results/ if it has a place for one. With --add, first copies the
records of finished runs, and their figures of samples, there."""


def _define_flags(values):
    flags.DEFINE_multi_string("add", [], "Folder of a finished run; may be given several times.", flag_values=values)
    flags.DEFINE_string("results", "results", "Where tables, figures and records are.", flag_values=values)


def _body(values):
    results = Path(values["results"].value)
    if not results.is_dir():
        raise RunError(f"there is no folder {results}; run this where results/ is, or name another with --results=DIR")
    from gan_repro import publish  # which takes a second

    for line in publish.add(values["add"].value, results):
        print(line)
    return 0


def main(argv):
    """Runs the program; returns its exit code: 0 done, 1 a record is missing or damaged, 2 wrong usage."""
    return run_main(_define_flags, _body, argv, USAGE)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
