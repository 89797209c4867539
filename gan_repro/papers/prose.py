"""A paper's prose beside its module: how its numbers are measured, where we deviate, what was not run. Markdown, no numbers."""

import re
from pathlib import Path
from typing import TypedDict

from gan_repro.system.errors import UsageError

PROTOCOL, DEVIATIONS, NOT_RUN = "Protocol", "Deviations from paper and code", "Not run"


class Prose(TypedDict):
    """Arguments of papers.experiment.Experiment."""

    protocol: str
    deviations: tuple[str, ...]
    not_run: tuple[tuple[str, str], ...]


def prose(module: str) -> Prose:
    """The prose of an experiment: of experiments/cgan.py that in cgan.md, of a folder's __init__.py that in its README.md.

    The file has the sections "Protocol", a paragraph; "Deviations from paper and code", a numbered list; and "Not run", a list
    whose points are "**what**: why". The latter two may be missing.

    Args:
      module: __file__ of the experiment.

    Raises:
      UsageError: the file is missing, or a section or a point is not as that.
    """
    here = Path(module)
    path = here.with_name("README.md") if here.stem == "__init__" else here.with_suffix(".md")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    found = dict(zip(parts[1::2], parts[2::2]))
    if unknown := found.keys() - {PROTOCOL, DEVIATIONS, NOT_RUN}:
        raise UsageError(f"{path}: the section {unknown.pop()!r} is none of {PROTOCOL}, {DEVIATIONS}, {NOT_RUN}")
    not_run = []
    for point in _points(found.get(NOT_RUN, ""), r"\* "):
        match = re.fullmatch(r"\*\*(.+?)\*\*: (.+)", point)
        if not match:
            raise UsageError(f"{path}: under {NOT_RUN}: a point must be **what**: why, not {point:.60}")
        not_run.append((match[1], match[2]))
    deviations = tuple(_points(found.get(DEVIATIONS, ""), r"\d+\. "))
    return {"protocol": " ".join(found.get(PROTOCOL, "").split()), "deviations": deviations, "not_run": tuple(not_run)}


def _points(text: str, mark: str) -> list[str]:
    """The points of a Markdown list, each in one line."""
    return [" ".join(point.split()) for point in re.split(rf"^{mark}", text, flags=re.MULTILINE)[1:]]
