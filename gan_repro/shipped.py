"""The trained generators that come with the program: which there are, opening one as any other run's folder, drawing from all.

`python -m gan_repro.shipped` draws their figures anew, or measures one anew. How they are made of runs is in ship.py.
"""

import dataclasses
import shutil
import sys
import tempfile
from pathlib import Path

from absl import flags

from gan_repro.evaluation.pixels import of_data
from gan_repro.papers import configuration
from gan_repro.reporting.record import Record, read
from gan_repro.runs import cards, trained
from gan_repro.runs.workdir import Workdir
from gan_repro.system import files
from gan_repro.system.choices import choose
from gan_repro.system.command_line import run_main
from gan_repro.system.errors import DataError, RunError, UsageError
from gan_repro.system.machine import commit

USAGE = """usage: python -m gan_repro.shipped [--results=DIR]
       python -m gan_repro.shipped --report=EXPERIMENT [--dataset=DATASET] [--data_dir=DIR]

Draws samples, interpolations and walks of the trained generators that come with the program into results/figures, and the maps
of z that results/index.html shows: no data, no training. Tables, curves and pages are regenerated from records by
gan_repro.tables.

With --report it measures one of them anew, as packaged, by its experiment's protocol and on its run's data, and writes figures
and the run's record with the numbers of today into runs/shipped-EXPERIMENT-DATASET."""

FOLDER = Path(__file__).parent / "trained"
ROUNDINGS = 2  # of 255: in so much the same weights' images differ between processors
LARGEST, ALL = 6 * 10**6, 30 * 10**6  # bytes of one network, and of all that is shipped


def note(folder):
    """The path of the file in a shipped folder that says what was packaged, and what that changed."""
    return Path(folder) / "shipped.json"


def folders():
    """{(experiment, data set): folder} of all that are shipped, sorted."""
    found = (Workdir(path.parent) for path in FOLDER.glob("*/shipped.json"))
    configs = ((workdir.path, workdir.read_config()) for workdir in found)
    return dict(sorted(((config["experiment"], config["dataset"]), path) for path, config in configs))


def weights_sha256(name):
    """{file of weights: sha256} of the shipped generator in the folder of that name, as it was packaged."""
    return files.read_json(note(FOLDER / name))["files_sha256"]


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
    return opened(find(experiment, dataset), out)


def opened(folder, out=None):
    """As `load`, of what was packaged in a folder."""
    check(folder)
    run = trained.from_folder(folder, out=out or _out(folder))
    return dataclasses.replace(run, curves=record(folder).curves, packaged=True)


def check(folder):
    """Checks that the files of weights in a shipped folder are those that were packaged, by their sha256.

    Raises:
      RunError: one is missing or another.
    """
    if not note(folder).exists():  # it is being packaged
        return
    for name, digest in files.read_json(note(folder))["files_sha256"].items():
        path = Path(folder) / name
        if not path.exists() or files.sha256(path) != digest:
            state = "is not what was packaged (its sha256 is another)" if path.exists() else "is missing"
            raise RunError(f"{path} {state}; install the program again, or package the run again with gan_repro.ship")


def card(folder):
    """The text of the model card of what was packaged in a folder. Raises RunError: a file is missing or damaged."""
    told = files.read_json(note(folder))
    own, _ = of_data(trained.from_folder(folder).source)
    return cards.card(record(folder), told, cards.sizes(Path(folder), told["files_sha256"]), own.spec.shape)


def _out(folder):
    return Path("runs") / f"shipped-{Path(folder).name}"


def measure(folder, data_dir=None, out=None):
    """Measures the generators that were packaged in a folder, by their experiment's protocol.

    Args:
      folder: as `find` gives it.
      data_dir: where the run's data are looked for; they are not downloaded.
      out: as for `load`; figures are drawn there.

    Returns:
      The Measurements.

    Raises:
      RunError: the files are damaged, or the run's own data cannot be had.
    """

    run = opened(folder, out)
    return dataclasses.replace(run, source=source_of(run.config, data_dir)).measure()


def source_of(config, data_dir=None):
    """The data.source.Source of a run that is packaged, or was. Raises RunError: they cannot be had, without a download."""
    try:
        return configuration.source_of(config, data_dir, download=False)
    except DataError as error:
        raise RunError(f"packaged generators are measured on the run's data: {error}") from error


def report(folder, data_dir=None, out=None) -> Record:
    """The record of a shipped generator's run, measured anew as far as it can be: weights of its other generators are gone.

    What `measure` gives takes the place of the record's own number of the same thing, or stands behind. The rest stays as it
    was reported, but for numbers of a classifier: the record's may have been another one, and beside numbers of today's they
    would say nothing. The manifest says under "reported_anew" by which version, and of which generators and files.

    Args and raises: as `measure`.
    """
    kept, found = record(folder), measure(folder, data_dir, out)
    told, now = files.read_json(note(folder)), {entry.quantity for entry in found}
    read = {entry.metric for entry in found if entry.classifier_difference is not None}
    stay = [entry for entry in kept.measurements if entry.quantity in now or entry.metric not in read]
    places = {entry.quantity: entry for entry in [*stay, *found]}
    anew = {"commit": commit(), **{key: told[key] for key in ("weights", "precision", "files_sha256")}}
    return dataclasses.replace(
        kept, measurements=tuple(places.values()), manifest=dataclasses.replace(kept.manifest, reported_anew=anew)
    )


def record(folder) -> Record:
    """The record of the run that a shipped generator comes from. Raises RunError: it is damaged."""
    return read(Workdir(folder).record)


def said(folder):
    """The run that a shipped generator comes from, in words. Raises RunError: its record is damaged."""
    kept = record(folder)
    model = f"{kept.experiment} on {kept.dataset}, model {kept.model}"
    return f"{model}, {kept.preset} preset, {kept.played} epochs, seed {kept.seed}"


def choose_weights(run, asked):
    """The name of weights that a user asks for with --generator, one of run.kinds().

    Raises:
      UsageError: the run has none of that name.
    """
    return choose("generator", asked, run.kinds())


def draw(folder):
    """Draws the figures of every shipped generator: samples, or a row for each label; interpolations; a walk; the curves.

    And a sheet of its first generator for results/index.html (sheets.py), which is drawn anew only when the weights are others.

    Args:
      folder: where they go, as shipped-EXPERIMENT-DATASET-FIGURE.png; existing ones are replaced, but for those that
        differ from the new ones by roundings alone (ROUNDINGS): on another processor nothing changes.

    Returns:
      {Path: whether it was written}, sorted.

    Raises:
      RunError: files of a shipped generator are damaged, or the folder cannot be written to.
    """
    from gan_repro.figures import sheets
    from gan_repro.figures.draw import class_rows, curves, interpolation, latent_sheet, samples, walk

    written = {}
    for experiment, dataset in folders():
        with tempfile.TemporaryDirectory() as out:
            run = load(experiment, dataset, out)
            for kind in run.kinds():
                (class_rows if run.conditional() else samples)(run, kind)
                for walked in (interpolation, walk) if run.prior().interpolates else ():
                    walked(run, kind)
            curves(run)
            name = find(experiment, dataset).name
            sheet, kind = Path(folder) / sheets.FOLDER / f"{name}.png", run.kinds()[0]
            if run.prior().interpolates and sheets.possible(run.source.spec.shape):
                written[sheet] = not sheets.current(sheet, weights_sha256(name))
                if written[sheet]:
                    latent_sheet(run, kind, sheet, files.sha256(run.workdir.weights(kind)))
            for picture in run.workdir.figures.glob("*.png"):
                path = Path(folder) / f"shipped-{name}-{picture.name}"
                written[path] = not (path.exists() and _alike(path, picture))
                if written[path]:
                    with files.replacing(path) as temporary:
                        shutil.copyfile(picture, temporary)
    return dict(sorted(written.items()))


def _alike(first, second):
    """Whether two pictures are of one size, and no pixel differs by more than ROUNDINGS; a damaged one is like none."""
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    try:
        first, second = (np.asarray(Image.open(path).convert("RGB"), np.int16) for path in (first, second))
    except (OSError, SyntaxError, UnidentifiedImageError):  # a SyntaxError is Pillow's of a broken PNG
        return False
    return first.shape == second.shape and np.abs(first - second).max() <= ROUNDINGS


def _define_flags(values):
    flags.DEFINE_string("results", "results", "The pictures go to its folder figures.", flag_values=values)
    flags.DEFINE_string("report", None, "The experiment whose shipped generators are measured anew.", flag_values=values)
    flags.DEFINE_string("dataset", None, "With --report: of which data set; without: the first.", flag_values=values)
    flags.DEFINE_string("data_dir", None, "With --report: as for gan_repro.run.", flag_values=values)


def _body(values):
    results, experiment, dataset, data_dir = (values[name].value for name in ("results", "report", "dataset", "data_dir"))
    results, folder = Path(results), experiment and find(experiment, dataset)
    if (dataset or data_dir) and not experiment:
        raise UsageError("--dataset and --data_dir go with --report=EXPERIMENT")
    if not (experiment or results.is_dir()):
        raise RunError(f"there is no folder {results}; run this where results/ is, or name another with --results=DIR")
    from gan_repro.system import tensorflow_setup

    print("starting TensorFlow ...", flush=True)
    tensorflow_setup.prepare()
    if experiment:
        out = _out(folder)
        files.write_json(out / "record.json", report(folder, data_dir, out).to_json())
        print(f"wrote {out / 'record.json'}")
        return
    for path, written in draw(results / "figures").items():
        print(f"{'wrote' if written else 'as it was:'} {path}")


def main(argv):
    """Runs the program; returns its exit code (0 done, 1 failed, 2 wrong usage)."""
    return run_main(_define_flags, _body, argv, USAGE)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
