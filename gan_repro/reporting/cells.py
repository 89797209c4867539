"""Cells of tables: measured and published numbers with their errors, as text."""

import math
from collections.abc import Iterable

from gan_repro.evaluation.measurement import Paired
from gan_repro.papers.experiment import Experiment
from gan_repro.papers.shown import Published
from gan_repro.reporting import metrics
from gan_repro.reporting.groups import Summary
from gan_repro.system.numbers import with_error


def measured(summary: Summary, experiments: Iterable[Experiment] = ()) -> str:
    """Such as "221.3 ± 2.1 SE ± 3.4 SD (3 seeds; σ .167 and .215, n 10,000)", "82.80 ± 0.41 SE (1 seed)".

    `experiments` are those whose own metrics are known.
    """
    text = brief(summary)
    seeds = f"{len(summary.seeds)} seed{'s' if len(summary.seeds) > 1 else ''}"
    seeds += f", {summary.n_folds} folds" if summary.n_folds else ""
    seeds += "".join(f"; {text}" for text in more_errors(summary))
    *others, last = [width(sigma) for sigma in summary.sigmas] or [""]
    edge = " at the grid's edge" if summary.sigma_at_edge else ""
    how = [f"σ {', '.join(others)}{' and ' if others else ''}{last}{edge}"] if last else []
    counted = summary.n_samples and not metrics.of(summary.metric, experiments).over_checkpoints
    how += [f"n {summary.n_samples:,}"] if counted else []
    beside = f"; {paired(summary.paired)}" if summary.paired else ""
    return f"{text} ({'; '.join([seeds, ', '.join(how)] if how else [seeds])}){beside}"


def brief(summary: Summary) -> str:
    """Such as "221.3 ± 2.1 SE ± 3.4 SD"."""
    value, error = with_error(summary.value, summary.standard_error or summary.std_over_seeds)
    text = value if summary.standard_error is None else f"{value} ± {error} SE"
    if summary.std_over_seeds is not None:
        text += f" ± {with_error(summary.value, summary.std_over_seeds)[1]} SD"
    return text


def with_draws(summary: Summary) -> str:
    """As `brief`, with the deviation over sets of samples where it is larger than the standard error: ", draws ± 15"."""
    over_draws = summary.std_over_draws
    return brief(summary) + (f", draws ± {over_draws:.2g}" if (over_draws or 0) > (summary.standard_error or math.inf) else "")


def more_errors(summary: Summary) -> list[str]:
    """What is known of a number's errors beside those over images and seeds, as texts, such as "draws ± 0.4"."""
    spreads = {"draws": summary.std_over_draws, "subsets": summary.std_over_subsets}
    found = [f"{name} ± {value:.2g}" for name, value in spreads.items() if value is not None]
    other = summary.classifier_difference
    return found + ([] if other is None else [f"second classifier {other:+.2g}"])


def paired(found: Paired) -> str:
    """Such as "paired with best +26.9 ± 0.6"."""
    difference, error = with_error(found.difference, found.standard_error)
    sign = "" if difference.startswith("-") else "+"
    return f"paired with {found.to} {sign}{difference}" + (f" ± {error}" if error else "")


def width(sigma: float) -> str:
    """A width in three significant digits, without the zero before the point: ".215", ".1", "1"."""
    return f"{sigma:.3g}".removeprefix("0")


def printed(number: Published) -> str:
    """A Published number: "225 ± 2", "2.98 (n 50,000; unverified)"."""
    error = "" if number.standard_error is None else f" ± {number.standard_error:g}"
    how = [] if number.n_samples is None else [f"n {number.n_samples:,}"]
    how += ["unverified"] if number.unverified else []
    return f"{number.value:g}{error}" + (f" ({'; '.join(how)})" if how else "")
