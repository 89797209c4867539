"""The names of a generator's weights, everywhere: recipes, files, records, figures, --generator.

"best" (by validation), "last", "ema-DECAY" (exponential moving average, DECAY per update of G), "mean-from-EPOCH" (mean since
EPOCH whole epochs were played). Averages are in no paper.
"""

import re

_AVERAGE = re.compile(r"(ema|mean-from)-")


def is_average(name: str) -> bool:
    """Whether these weights are an average, which no paper has."""
    return bool(_AVERAGE.match(name))


def is_moving(name: str) -> bool:
    """Whether these weights are an exponential moving average; DECAY stands behind the last "-"."""
    return name.startswith("ema-")


def is_name(text: str) -> bool:
    """Whether a text is the name of weights."""
    return text in ("best", "last") or is_average(text)


def title(name: str) -> str:
    """The weights in words, such as "moving average of weights, decay .9999"; other texts stay as they are."""
    for begin, words in (("ema-", "moving average of weights, decay "), ("mean-from-", "mean of weights since epoch ")):
        if name.startswith(begin):
            return words + name.removeprefix(begin)
    return {"best": "best by validation", "last": "last weights"}.get(name, name)
