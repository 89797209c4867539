"""`python -m gan_repro.tables`: adds records of finished runs to results/, regenerates its tables and curves from them.

How a table or a figure is made is not here (reporting/). TensorFlow is not needed.
"""

import shutil
import sys
from pathlib import Path

from absl import flags

from gan_repro import experiment as experiments
from gan_repro import files
from gan_repro.command_line import run_main
from gan_repro.errors import RunError
from gan_repro.reporting import figures, formats, records, tables

USAGE = """usage: python -m gan_repro.tables [--add=DIR ...] [--results=DIR]

Regenerates the tables (.md, .csv, .tex) and the curves in results/ from results/records/*.json. With --add, first
copies the records of finished runs, and their figures of samples, there."""


def _define_flags(values):
    flags.DEFINE_multi_string("add", [], "Folder of a finished run; may be given several times.", flag_values=values)
    flags.DEFINE_string("results", "results", "Where tables, figures and records are.", flag_values=values)


def regenerate(results, found):
    """Writes every table and curve of `results` from the records in it.

    Args:
      results: the folder; its records are in records/, figures go to figures/.
      found: the Experiments, in the order of their names.

    Returns:
      The Paths written.

    Raises:
      RunError: a record is damaged or of no known experiment, or a file cannot be written.
    """
    results, written = Path(results), []
    entries = records.read_files(results / "records")
    groups = records.group([record for _, record in entries])
    # Everything is made before anything is written: a damaged record leaves the old tables as they were.
    built = [tables.build(name, found, groups) for name in tables.names(found)]
    renderers = formats.FORMATS.items()
    for path, text in [(results / f"{table.name}{suffix}", make(table)) for table in built for suffix, make in renderers]:
        files.write_text(path, text)
        written.append(path)
    for name, record in entries:
        if record["curves"]:
            path = results / "figures" / f"{name}-training.png"
            title = record["manifest"]["data"]["title"]
            shown = f"{record['experiment']}, {title}: {record['preset']} preset, seed {record['seed']}"
            figures.training_curves(path, record["curves"], shown)
            written.append(path)
    return written + _log_likelihoods(results / "figures", found, groups)


def _log_likelihoods(folder, found, groups):
    """The figure of each experiment and data set that has validation curves."""
    published = {experiment.name: experiment.published for experiment in found}
    by_data, written = {}, []
    for members in groups:
        if figures.validation_curves(members[0]["curves"]):
            by_data.setdefault(records.prefix(members[0]), []).append(members)
    for prefix, chosen in by_data.items():
        name, dataset = chosen[0][0]["experiment"], chosen[0][0]["dataset"]
        numbers = [number for number in published[name] if number.ours and number.dataset == dataset]
        path = folder / f"{prefix}-log-likelihood.png"
        figures.log_likelihood_curves(path, chosen, [n for n in numbers if n.metric == "parzen_log_likelihood"])
        written.append(path)
    return written


def _copy_figures(run_folder, folder, name):
    """Copies a run's figures of samples, under the name of its record. Its curves are drawn anew from the record."""
    for picture in sorted(Path(run_folder, "figures").glob("[!.]*.png")):
        if picture.name != "curves.png":
            path = folder / f"{name}-{picture.name}"
            with files.replacing(path) as temporary:
                shutil.copyfile(picture, temporary)
            yield path


def _body(values):
    results = Path(values["results"].value)
    if not results.is_dir():
        raise RunError(f"there is no folder {results}; run this where results/ is, or name another with --results=DIR")
    found = [experiments.find(name) for name in experiments.names()]
    for folder in values["add"].value:
        records.finished(folder)  # all are looked at before the first is copied
    for folder in values["add"].value:
        record = records.add(folder, results)
        print(f"added {record}")
        for picture in _copy_figures(folder, results / "figures", record.stem):
            print(f"added {picture}")
    for path in regenerate(results, found):
        print(f"wrote {path}")


def main(argv):
    """Runs the program; returns its exit code: 0 done, 1 a record is missing or damaged, 2 wrong usage."""
    return run_main(_define_flags, _body, argv, USAGE)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
