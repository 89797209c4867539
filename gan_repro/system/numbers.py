"""Numbers as text: how many digits a reader is shown, and tables of them."""

import math
import textwrap
from collections.abc import Iterable, Sequence

MIN_WIDTH = 20  # characters of a first column, whatever the others take


def with_error(value: float, error: float | None) -> tuple[str, str]:
    """`value` (and an error like it) with as many decimals as two significant digits of `error` need, as (text, text).

    Without an error, or with the error 0, four significant digits.
    """
    if not error:
        return f"{value:.4g}", "0" if error == 0 else ""
    decimals = min(12, max(0, 1 - math.floor(math.log10(error))))
    return f"{value:.{decimals}f}", f"{error:.{decimals}f}"


def three_digits(value: float) -> str:
    """A number to three significant digits, without an exponent."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 1e-4 else f"{value:.1g}"


def spans(numbers: Iterable[int]) -> str:
    """Whole numbers, sorted, with what follows one another in fours or more as a range: "0, 1, 5-9"."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    return ", ".join(f"{span[0]}-{span[-1]}" if len(span) > 3 else ", ".join(map(str, span)) for span in found)


def duration(seconds: float) -> str:
    """Seconds as people say them: "42 s", "7 min 05 s", "3 h 12 min"."""
    seconds = int(round(seconds))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"


def aligned(rows: Sequence[Sequence[str]], most: int | None = None) -> str:
    """Rows of cells as text: the first column to the left, the others to the right, two spaces between them.

    Args:
      rows: equally long.
      most: characters of a line, for which words of the first column go on in lines below; None: as many as it takes.
    """
    widths = [max(map(len, column)) for column in zip(*rows)]
    if most is not None:
        widths[0] = min(widths[0], max(MIN_WIDTH, most - sum(width + 2 for width in widths[1:])))
    lines = []
    for first, *rest in rows:
        wrapped = textwrap.wrap(first, widths[0], subsequent_indent="  ") or [""]
        numbers = "".join(f"  {cell.rjust(width)}" for cell, width in zip(rest, widths[1:]))
        lines += [(wrapped[0].ljust(widths[0]) + numbers).rstrip(), *wrapped[1:]]
    return "\n".join(lines)
