"""The names of data sets as --dataset takes them. No TensorFlow is imported here."""

from collections.abc import Iterable

from gan_repro.system.choices import choose

STACKED = "stacked_"  # before the name of the digits that are stacked
RENDERED = ("glyphs", f"{STACKED}glyphs")  # the program's own digits, which nobody needs to fetch
PATHS = {"npz": "npz:PATH", "images": "images:FOLDER"}  # the kinds of data sets that take a path, as a user is told of them


def dataset_kind(dataset: str) -> str:
    """The kind of a --dataset, as Model.datasets has it: "npz" for "npz:PATH", "images" for "images:FOLDER", else itself."""
    kind, colon, rest = dataset.partition(":")
    return kind if colon and rest else dataset


def choose_dataset(dataset: str, kinds: Iterable[str]) -> str:
    """The one of `kinds` that a --dataset is of: of those in PATHS with a path, of the others without.

    Args:
      dataset: the name as it was given.
      kinds: names of the library, of an experiment's own sources, or both.

    Raises:
      UsageError: it is of none; the message names the valid ones and the nearest.
    """
    kind, kinds = dataset_kind(dataset), list(kinds)
    if kind not in kinds or (kind in PATHS) == (kind == dataset):
        choose("dataset", dataset, [PATHS.get(each, each) for each in kinds])
    return kind


_PAGE = "see the data's page"
# Of the data, as their own documentation states them; of others nothing is known here
LICENCES = {
    "mnist": "Creative Commons Attribution-Share Alike 3.0, Yann LeCun and Corinna Cortes "
    "([Keras's page of the data](https://keras.io/api/datasets/mnist/))",
}


def licence(dataset: str) -> str:
    """Under which licence the data of a --dataset are, in words."""
    return LICENCES.get(dataset_kind(dataset), _PAGE)
