"""`gan-repro PROGRAM ...`, the same as `python -m gan_repro.PROGRAM ...`."""

import importlib
import re
import sys
from collections.abc import Sequence

import gan_repro
from gan_repro.system.choices import choose
from gan_repro.system.command_line import run_main
from gan_repro.system.errors import UsageError

# The lines of the package's docstring below "Programs"
PROGRAMS: dict[str, str] = dict(
    re.findall(r"^    (\w+) +(.+)$", (gan_repro.__doc__ or "").partition("Programs")[2].partition("\n\n")[0], re.MULTILINE)
)
USAGE = """usage: gan-repro PROGRAM [--flag=value ...]
       gan-repro --version

"""


def main(argv: Sequence[str]) -> int:
    """Runs a program; returns its exit code.

    Args:
      argv: this program's name, the other one's, and what that is given.
    """
    name = argv[1] if len(argv) > 1 else "--help"
    if name == "--version" and len(argv) == 2:
        print(f"gan_repro {gan_repro.__version__}")
        return 0
    if not name.startswith("-") and name in PROGRAMS:
        place = f"gan_repro.{name}" + (".__main__" if name == "benchmark" else "")
        return importlib.import_module(place).main([f"{argv[0]} {name}", *argv[2:]])
    lines = "\n".join(f"  {each:<10} {does}" for each, does in PROGRAMS.items())
    usage = f"{USAGE}{lines}\n\ngan-repro PROGRAM --help says more of one."

    def body(values):
        del values
        if not words:
            raise UsageError(f"name a program: {', '.join(PROGRAMS)}")
        choose("program", words[0], PROGRAMS)

    words: list[str] = []
    return run_main(lambda values: None, body, [argv[0], name], usage, words)


def entry() -> None:
    """The console script `gan-repro`."""
    sys.exit(main(sys.argv))


if __name__ == "__main__":
    entry()
