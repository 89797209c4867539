"""Which classes the samples of several models are read as. The same arguments give the same bytes, as in curves.py."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from gan_repro.figures import curves

COLUMNS = 4  # panels beside each other


def classes(path: str | Path, found: Mapping[str, Sequence[Sequence[float]]], title: str) -> None:
    """Writes a figure: a panel for each model, a bar for each class with its share of the samples, a dot for each seed.

    A line shows the share that all classes would have if they were drawn equally often.

    Args:
      path: the PNG.
      found: {model: [share of each class, in % (classes,)] of each seed}, at least one, all of as many classes.
      title: the line above.

    Raises:
      ValueError: there is no model, or one has other classes than the others.
      RunError: the file cannot be written.
    """
    if len({len(seed) for seeds in found.values() for seed in seeds}) != 1:
        raise ValueError("there must be a model at least, and all must have as many classes")
    columns = min(COLUMNS, len(found))
    rows = -(-len(found) // columns)
    figure = Figure(figsize=(2.5 * columns, 1.75 * rows + 0.4), dpi=curves.DPI, layout="constrained")
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axis in axes.flat[len(found) :]:
        axis.set_visible(False)
    for place, (axis, (name, seeds)) in enumerate(zip(axes.flat, found.items())):
        shares = np.asarray(seeds, np.float64)
        every = np.arange(shares.shape[1])
        axis.bar(every, shares.mean(axis=0), color=curves.REFERENCES.get(name, curves.COLOURS[0]), width=0.75)
        if len(shares) > 1:
            for seed in shares:
                axis.plot(every, seed, ".", color=curves.INK, markersize=3.5)
        axis.axhline(100 / len(every), color="#888888", linewidth=0.9, linestyle=":")
        axis.set_title(name, fontsize=8.5)
        axis.set_xticks(every)
        axis.tick_params(labelsize=7, labelbottom=place + columns >= len(found))
        axis.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("class that a classifier reads", fontsize=9)
    figure.supylabel("samples, %", fontsize=9)
    curves.headline(figure, title, 9)
    curves.write(path, figure)
