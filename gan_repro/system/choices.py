"""One of several names: the check, and the nearest valid one for a mistyped one."""

import difflib
from collections.abc import Collection, Iterable

from gan_repro.system.errors import UsageError


def suggest(word: str, valid: Iterable[str]) -> str:
    """' Did you mean X?' for the valid word nearest to `word`, or ''."""
    near = difflib.get_close_matches(word, list(valid), n=1, cutoff=0.5)
    return f" Did you mean {near[0]}?" if near else ""


def choose(kind: str, word: str, valid: Collection[str]) -> str:
    """`word`, if it is one of `valid`.

    Raises:
      UsageError: it is not; the message names the valid ones and the nearest.
    """
    if word not in valid:
        raise UsageError(f"unknown {kind} {word!r}; valid: {', '.join(valid)}.{suggest(word, valid)}")
    return word
