"""When a published number counts as reproduced: equivalence by two one-sided tests. Nothing is read or written here.

The margins stand in metrics.METRICS.
"""

import math
from dataclasses import dataclass

MIN_SEEDS = 3
CONFIDENCE = 0.9  # of the interval: its ends are two one-sided tests at 5 % each
LEVEL = f"{100 * CONFIDENCE:.0f} %"
RULE = (
    f"Compared are a published number and our mean over training seeds: by the {LEVEL} t interval of their "
    "difference, the published error included, and by a margin, fixed for each metric by the size of published errors before "
    "any number was judged by it.",
    "**Reproduced**: the interval lies within the margin (equivalence by two one-sided tests).",
    "**Exceeds**, **falls short**: it lies wholly beyond the margin, on the better or the worse side; where nobody published "
    "how long the model was trained, falling short is **not reached in N epochs**.",
    f"**Undecided**: it straddles the margin, or there are fewer than {MIN_SEEDS} seeds: the error over test images is then "
    "information only.",
    "**Other conditions**: another preset, published schedule, data or evaluation, or a training that was not finished "
    "(45 of 90 epochs), which is named; such a run neither confirms nor refutes.",
)


@dataclass(frozen=True)
class Verdict:
    """How a number of ours stands to a published one.

    Attributes:
      word: "reproduced", "exceeds", "falls short": said of the published conditions and MIN_SEEDS seeds or more only;
        "undecided", "other conditions".
      difference: ours - published.
      half_width: of the interval about it; None with fewer than MIN_SEEDS seeds.
      margin: within which the two count as equivalent.
    """

    word: str
    difference: float
    half_width: float | None
    margin: float


def half_width(std_over_seeds: float, n: int, published_error: float | None = None) -> float:
    """Half the width of the CONFIDENCE interval of a mean over n seeds minus a published number.

    The root of the sum of squares of two half-widths (MOVER: Zou and Donner 2008): of the mean, by t with n - 1 degrees of
    freedom; of the published number, by the normal distribution, since its error is one over thousands of images. Our own
    standard error over test images is not among it: the published number was measured on the same images, most of whose
    share the two have in common. The published error is counted whole all the same: it stands in for what nobody knows,
    how much the published number, of one training, would vary over seeds.

    Args:
      std_over_seeds: standard deviation over the seeds, n - 1 in its denominator. n: seeds, >= 2.
      published_error: as its paper gives it; None: unknown, which counts as 0.
    """
    from scipy.special import ndtri, stdtrit  # a tenth of a second, which `reproduce --list` need not wait

    tail = (1 + CONFIDENCE) / 2
    return math.hypot(
        float(stdtrit(n - 1, tail)) * std_over_seeds / math.sqrt(n), float(ndtri(tail)) * (published_error or 0.0)
    )


def compare(
    value: float,
    std_over_seeds: float | None,
    n: int,
    published: float,
    published_error: float | None,
    margin: float,
    better: str,
    condition_differences: tuple[str, ...] = (),
) -> Verdict:
    """The Verdict on n seeds with mean `value` and standard deviation `std_over_seeds` (None with one seed).

    "reproduced": the interval lies within +- margin, ends included. "exceeds", "falls short": it lies wholly beyond, on the
    better or the worse side. "undecided": it straddles an end of the margin, or there are fewer than MIN_SEEDS seeds.
    "other conditions": `condition_differences` says which; such a run can neither confirm nor refute.

    Args:
      published, published_error: the printed number and its error or None.
      margin: >= 0, in the same unit. better: "more" or "less".
      condition_differences: in what the conditions were not the published ones.
    """
    difference = value - published
    half = half_width(std_over_seeds, n, published_error) if std_over_seeds is not None and n >= MIN_SEEDS else None
    if condition_differences:
        word = "other conditions"
    elif half is None:
        word = "undecided"
    elif abs(difference) + half <= margin:
        word = "reproduced"
    elif abs(difference) - half > margin:
        word = "exceeds" if (difference > 0) == (better == "more") else "falls short"
    else:
        word = "undecided"
    return Verdict(word, difference, half, margin)
