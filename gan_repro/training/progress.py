"""Where a run is, and metrics.csv: the rows of the run's Progress, appended as they come, written whole on resume."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from gan_repro.system import files
from gan_repro.system.errors import RunError
from gan_repro.training.history import BOOKKEEPING, OF_EPOCHS


@dataclasses.dataclass
class Progress:
    """Where a run is: what a checkpoint keeps beside the Trainable's variables.

    Attributes:
      stage: index of the current stage.
      before: minibatches of the finished stages.
      rows: finished rows of metrics.csv, as dicts.
      pending: the metrics of the minibatches since the last row: {metric: list of float or None}.
      best: {"value", "epoch"} of the best validation of this stage, or None.
      notices: what monitors.py noticed, epochs counted over all stages: list of {"what", "first", "last"}.
      seconds: wall time from the first step on, with validation, pictures and checkpoints, over all continuations.
    """

    stage: int = 0
    before: int = 0
    rows: list = dataclasses.field(default_factory=list)
    pending: dict = dataclasses.field(default_factory=dict)
    best: dict | None = None
    notices: list = dataclasses.field(default_factory=list)
    seconds: float = 0.0


class MetricsFile:
    """metrics.csv of a run: a header and a line for each row; a cell is empty where a row has no such value.

    The columns are "stage", "epoch", "step", the metrics of the current stage's Trainable, what is measured at an epoch's
    end, and a validation for each kind of generator; then metrics that only rows of other stages have.
    """

    def __init__(self, path: Path):
        """`path`: of the file; nothing is written yet."""
        self.path = path
        self.columns: tuple[str, ...] = ()

    def write(self, rows: Iterable[dict], metrics: Iterable[str], validations: Iterable[str]) -> None:
        """Writes the file whole, in the place of what is there; `append` then goes on with its columns.

        Args:
          rows: Progress.rows.
          metrics: Trainable.metrics of the current stage.
          validations: names of columns, "validation_KIND".

        Raises:
          RunError: the file cannot be written.
        """
        rows = list(rows)
        columns = [*BOOKKEEPING, *metrics, *OF_EPOCHS, *validations]
        self.columns = tuple(dict.fromkeys([*columns, *(name for row in rows for name in row)]))
        lines = [",".join(self.columns), *map(self._line, rows)]
        files.write_text(self.path, "\n".join(lines) + "\n")

    def append(self, row: dict) -> None:
        """Adds a line. Raises RunError where it cannot be written."""
        try:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(self._line(row) + "\n")
        except OSError as error:
            raise RunError(f"cannot write {self.path}: {files.reason(error)}") from error

    def _line(self, row):
        cells = [row.get(name) for name in self.columns]
        return ",".join("" if cell is None else repr(cell) if isinstance(cell, float) else str(cell) for cell in cells)
