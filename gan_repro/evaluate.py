"""`python -m gan_repro.evaluate --workdir=DIR`: evaluates a finished or interrupted run again and rewrites its record.

The evaluation itself is in runner.py and in the experiment; nothing is trained here.
"""

import sys

from absl import flags

from gan_repro.system.command_line import run_main
from gan_repro.system.errors import UsageError

USAGE = """usage: python -m gan_repro.evaluate --workdir=DIR

Evaluates a finished or interrupted run again: draws its figures, measures what its paper measures, and rewrites
record.json in the run's folder."""


def _define_flags(values):
    flags.DEFINE_string("workdir", None, "The folder of the run.", flag_values=values)
    flags.DEFINE_string("data_dir", None, "As for gan_repro.run.", flag_values=values)


def _body(values):
    if not values["workdir"].value:
        raise UsageError("--workdir=DIR is missing: the folder of the run to evaluate")
    from gan_repro.runs import runner

    runner.evaluate_again(values["workdir"].value, values["data_dir"].value)
    return 0


def main(argv):
    """Runs the program; returns its exit code (0 done, 1 failed, 2 wrong usage, 3 in a stage before the last one)."""
    return run_main(_define_flags, _body, argv, USAGE)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
