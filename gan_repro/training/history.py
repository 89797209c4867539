"""The metrics of a training: their names, their means, and a record's curves from the rows of metrics.csv."""

from collections.abc import Iterable, Sequence

import numpy as np

BOOKKEEPING = ("stage", "epoch", "step")  # where a row of metrics.csv is
METRICS = ("d_loss", "g_loss", "d_real", "d_generated")  # what a Trainable of two players tells of every minibatch
OF_EPOCHS = ("diversity",)  # what is measured at each epoch's end (monitors.py)


def means(rows: Sequence[dict], names: Iterable[str], before: int = 0) -> dict[str, float | None]:
    """{name: the mean over the minibatches of some rows, float}; None where no row has a value.

    A row is the mean over its minibatches and counts by their number: an epoch's last row may have fewer than the others.

    Args:
      rows: dicts, one after the other, each with "step", the minibatches played at its end.
      names: of metrics.
      before: minibatches played before the first of the rows.
    """
    lengths = np.diff([before, *(row["step"] for row in rows)])
    found = {}
    for name in names:
        known = [(row[name], length) for row, length in zip(rows, lengths) if row.get(name) is not None]
        values, counts = zip(*known) if known else ((), ())
        found[name] = float(np.average(values, weights=counts)) if known else None
    return found


def _is_curve(name):
    """Whether a column is a curve of the training: no term of a loss, no validation, which has curves of its own."""
    return name not in BOOKKEEPING and "/" not in name and not name.startswith("validation_")


def curves(rows: Iterable[dict]) -> dict[str, dict]:
    """The curves of a record from the rows of a run's metrics: the metrics per epoch, and every validation.

    Args:
      rows: Progress.rows of one stage or several; epochs of later stages follow those of earlier ones.

    Returns:
      {"training": {"epoch": [...], metric: [...]}, "validation": {weights: {"epoch": [...], "value": [...]}}}.
    """
    validation: dict[str, dict] = {}
    by_epoch: dict[int, list[dict]] = {}
    offset, last, stage = 0.0, 0.0, None
    for row in rows:
        if row["stage"] != stage:
            offset, stage = last, row["stage"]
        last = offset + row["epoch"]
        by_epoch.setdefault(int(np.ceil(last - 1e-9)), []).append(row)
    names = list(dict.fromkeys(name for group in by_epoch.values() for row in group for name in row if _is_curve(name)))
    groups = list(by_epoch.values())
    starts = [0, *(group[-1]["step"] for group in groups)]
    of_epochs = [means(group, names, start) for group, start in zip(groups, starts)]
    training = {"epoch": list(by_epoch)} | {name: [found[name] for found in of_epochs] for name in names}
    for epoch, group in by_epoch.items():
        for name, value in group[-1].items():
            if name.startswith("validation_"):
                weights = name.removeprefix("validation_")
                curve = validation.setdefault(weights, {"epoch": [], "value": []})
                curve["epoch"].append(epoch)
                curve["value"].append(value)
    return {"training": training, "validation": validation}
