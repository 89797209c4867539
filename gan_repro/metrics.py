"""The metrics of a training: their names, their means, and a record's curves from the rows of metrics.csv. No files here."""

import numpy as np

METRICS = ("d_loss", "g_loss", "d_real", "d_generated")  # what a Trainable of two players tells of every minibatch
OF_EPOCHS = ("diversity",)  # what is measured at each epoch's end (watch.py)


def mean(values):
    """The mean of the values that are not None, float; None where there is none."""
    values = [value for value in values if value is not None]
    return float(np.mean(values)) if values else None


def curves(rows):
    """The curves of a record from the rows of a run's metrics: the metrics per epoch, and every validation.

    Args:
      rows: Progress.rows of one stage or several; epochs of later stages follow those of earlier ones.

    Returns:
      {"training": {"epoch": [...], metric: [...]}, "validation": {kind: {"epoch": [...], "value": [...]}}}.
    """
    validation, by_epoch = {}, {}
    offset, last, stage = 0.0, 0.0, None
    for row in rows:
        if row["stage"] != stage:
            offset, stage = last, row["stage"]
        last = offset + row["epoch"]
        by_epoch.setdefault(int(np.ceil(last - 1e-9)), []).append(row)
    training = {"epoch": list(by_epoch)} | {
        name: [mean(row.get(name) for row in group) for group in by_epoch.values()] for name in (*METRICS, *OF_EPOCHS)
    }
    for epoch, group in by_epoch.items():
        for name, value in group[-1].items():
            if name.startswith("validation_"):
                curve = validation.setdefault(name.removeprefix("validation_"), {"epoch": [], "value": []})
                curve["epoch"].append(epoch)
                curve["value"].append(value)
    return {"training": training, "validation": validation}
