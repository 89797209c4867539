"""The names of a generator's weights, as records, figures and --generator have them, and as the training keeps them.

"best" (by validation), "last", "ema-DECAY" (exponential moving average, DECAY per update), "mean-from-EPOCH" (mean since
EPOCH whole epochs were played). A training and the files of its folder call averages "averaged-exponential-DECAY" and
"averaged-uniform-EPOCH", as its recipe's field `averages` does.
"""

_KEPT = {"ema-": "averaged-exponential-", "mean-from-": "averaged-uniform-"}


def name_of(kept: str) -> str:
    """The name of weights that a training calls `kept`; any other text stays as it is."""
    for name, other in _KEPT.items():
        if kept.startswith(other):
            return name + kept.removeprefix(other)
    return kept


def kept_name(name: str) -> str:
    """What a training calls the weights `name`; any other text stays as it is."""
    for begin, other in _KEPT.items():
        if name.startswith(begin):
            return other + name.removeprefix(begin)
    return name


def is_average(name: str) -> bool:
    """Whether these weights are an average, which no paper has."""
    return name.startswith(tuple(_KEPT))


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
