"""The trained generators that come with the program: which there are, and opening one as any other run's folder.

How they are made of runs is in ship.py. What they are of is data: each folder says it in its config.json.
"""

import dataclasses
from pathlib import Path

from gan_repro import files, finished
from gan_repro.errors import UsageError
from gan_repro.experiment import choose
from gan_repro.workdir import Workdir

FOLDER = Path(__file__).parent / "trained"
LARGEST, ALL = 8 * 10**6, 40 * 10**6  # bytes of one folder, and of all


def note(folder):
    """The path of the file in a shipped folder that says what was packaged, and what that changed."""
    return Path(folder) / "shipped.json"


def folders():
    """{(experiment, data set): folder} of all that are shipped, sorted."""
    found = (Workdir(path.parent) for path in FOLDER.glob("*/shipped.json"))
    configs = ((workdir.path, workdir.read_config()) for workdir in found)
    return dict(sorted(((config["experiment"], config["dataset"]), path) for path, config in configs))


def find(experiment, dataset=None):
    """The folder of a shipped generator. None: of the first data set.

    Raises:
      UsageError: none is shipped of this experiment, or none on this data set.
    """
    found = folders()
    choose("experiment of a shipped generator", experiment, sorted({name for name, _ in found}))
    names = [name for owner, name in found if owner == experiment]
    if dataset is None:
        dataset = names[0]
    if dataset not in names:
        raise UsageError(f"--dataset={dataset}: of {experiment} a generator is shipped on {', '.join(names)}")
    return found[experiment, dataset]


def load(experiment, dataset=None, out=None):
    """The Finished of a shipped generator, with its run's curves; no data are needed, and its `source` is a Described.

    Args:
      experiment, dataset: as for `find`.
      out: where its figures and samples go; None: runs/shipped-NAME in the current folder.

    Raises:
      UsageError: as `find`. RunError: its files are damaged.
    """
    folder = find(experiment, dataset)
    run = finished.from_folder(folder, out=out or Path("runs") / f"shipped-{folder.name}")
    return dataclasses.replace(run, curves=record(folder)["curves"])


def record(folder):
    """The record of the run that a shipped generator comes from. Raises RunError: it is damaged."""
    return files.read_json(Workdir(folder).record)
