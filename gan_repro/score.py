"""`python -m gan_repro.score SAMPLES`: anybody's samples under the estimators of the papers, beside what others have there.

from gan_repro.score import score
print(score(images, dataset="mnist").table())
"""

import contextlib
import dataclasses
import json
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from absl import flags

from gan_repro import shipped
from gan_repro.data.samples import RANGES
from gan_repro.evaluation.measurement import PARZEN, Measurement
from gan_repro.papers import configuration
from gan_repro.reporting import metrics, record
from gan_repro.reporting.record import Record
from gan_repro.system import files, schema
from gan_repro.system.choices import choose
from gan_repro.system.command_line import run_main
from gan_repro.system.errors import DataError, RunError, UsageError
from gan_repro.system.numbers import aligned, with_error

USAGE = """usage: python -m gan_repro.score SAMPLES [--dataset=mnist] [--labels=FILE.npy] [--range=0..1] [--json]
                                        [--inception_weights=FILE]

Measures samples of any model on the data that it was trained on: Parzen log-likelihood by the protocol of Goodfellow et al.
2014, Table 1; Frechet distance, precision and recall in features of a classifier of the data; with labels how many are read as
asked for, and the error of a nearest neighbour classifier fitted on them; distance from the nearest training image.

SAMPLES is an .npz file with `images` (and `labels`), an .npy file, or a folder of pictures (with a subfolder for each class).
Axes may be (n, h, w, c), (n, c, h, w), (n, h, w) or (n, pixels); numbers 0..1, -1..1 or 0..255. 10,000 samples stand beside
Table 1; fewer have lower log-likelihoods."""

COLUMNS = {
    PARZEN: "nats",
    "frechet_distance": "Frechet",
    "inception_frechet_distance": "FID",
    "precision": "precision %",
    "recall": "recall %",
    "label_accuracy": "labels read %",
    "nearest_neighbour_error": "1-NN error %",
    "training_distance": "to training image",
}
BETTER: dict[str | None, str] = {"more": " (more is better)", "less": " (less is better)"}
REFERENCES = Path(__file__).parent / "trained" / "theis2015-mnist" / "record.json"  # as results/records has it


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
      who: whose samples.
      numbers: {metric: (value, standard error or None)}.
      n: how many samples; None: not the same for all, or not known.
    """

    who: str
    numbers: dict[str, tuple[float, float | None]]
    n: int | None = None


@dataclasses.dataclass(frozen=True)
class Scores:
    """What was measured of samples, and what stands beside it.

    Attributes:
      dataset: --dataset.
      said: how the numbers and axes were understood.
      measurements: of the samples and of training or test images in their place.
      context: rows of generators and reference samples that were measured before, and of published numbers.
    """

    dataset: str
    said: str
    measurements: tuple[Measurement, ...]
    context: tuple[Row, ...]

    def rows(self) -> list[Row]:
        """All lines: these samples, real images in their place, the context."""
        return [*_rows(self.measurements), *self.context]

    def table(self) -> str:
        """The rows as text, with a column for each metric that the samples have."""
        own = self.rows()[0].numbers
        columns = [(metric, title) for metric, title in COLUMNS.items() if metric in own]
        lines = [["", "n", *(title for _, title in columns)]]
        for row in self.rows():
            cells = [_cell(*row.numbers[metric]) if metric in row.numbers else "" for metric, _ in columns]
            lines.append([row.who, "" if row.n is None else f"{row.n:,}", *cells])
        return aligned(lines)

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON values: {"dataset", "samples", "measurements", "context"}."""
        context = [{"who": row.who, "n_samples": row.n, "numbers": row.numbers} for row in self.context]
        measurements = [schema.plain(each) for each in self.measurements]
        return {"dataset": self.dataset, "samples": self.said, "measurements": measurements, "context": schema.plain(context)}


def _cell(value, error):
    number, apart = with_error(value, error)
    return f"{number} ± {apart}" if apart else number


def _rows(measurements: Iterable[Measurement]) -> list[Row]:
    """A Row for each subject, in their order."""
    found: dict[str, Row] = {}
    for each in measurements:
        row = found.setdefault(str(each.subject), Row(str(each.subject), {}, each.n_samples))
        row.numbers.setdefault(each.metric, (each.value, each.standard_error))
    return list(found.values())


def score(
    images: Any,
    dataset: str = "mnist",
    labels: Any = None,
    values: str | None = None,
    data_dir: str | Path | None = None,
    inception_weights: str | Path | None = None,
) -> Scores:
    """Scores an array of samples.

    Args:
      images: numbers (n, h, w, c), (n, c, h, w), (n, h, w) of grey images or (n, pixels), as samples.of takes them.
      dataset: the data that the model was trained on, as --dataset of gan_repro.run.
      labels: integers (n,), the classes that were asked for; None: not known.
      values: "0..1", "-1..1" or "0..255"; None: told from the numbers where these leave no doubt.
      data_dir: where data are looked for, as for data.load.
      inception_weights: a file for inception.extractor; None: Inception features are left out.

    Returns:
      Scores.

    Raises:
      UsageError, DataError: the samples, the data or the weights are unfit; the message says what would be fit.
    """
    from gan_repro.data import samples

    extract = _extractor(inception_weights)
    source = _source(dataset, data_dir)
    return _scored(samples.of(images, source.spec, labels, values), source, dataset, extract)


def _extractor(path):
    """The Inception network with the weights of a file; None of None."""
    if path is None:
        return None
    from gan_repro.evaluation import inception

    return inception.extractor(Path(path).expanduser())


def _source(dataset, data_dir):
    from gan_repro import data
    from gan_repro.system import tensorflow_setup

    tensorflow_setup.prepare()
    return data.load(dataset, data_dir)


def _scored(given, source, dataset, extract):
    from gan_repro.evaluation import scores

    measurements = scores.measured(given.images, source, given.labels, extract)
    return Scores(dataset, given.said, tuple(measurements), tuple(context(dataset)))


def context(dataset: str) -> list[Row]:
    """Rows that need no data: what came with the program's generators, reference samples, published numbers. No verdicts."""
    found = []
    if dataset == "mnist":
        references = record.read(REFERENCES)
        found += [row for row in _rows(references.measurements) if row.who == "k-means centroids"]
    for (_, on), folder in shipped.folders().items():
        if on == dataset:
            kept = shipped.record(folder)
            kind = next(each.weights for each in kept.measurements if each.weights)
            rows = [row for row in _rows(_like_these(kept)) if row.who == kind]
            found += [dataclasses.replace(row, who=f"{_model(kept)}, {kept.epochs:,g} epochs, {kind}") for row in rows]
    published = {}
    for name in configuration.names():
        for each in configuration.find(name).published:
            if (each.dataset, each.metric) == (dataset, PARZEN) and not each.unverified:
                published[each.row] = Row(f"{each.row}, published", {PARZEN: (each.value, each.standard_error)})
    found += published.values()
    return found


def _model(kept: Record) -> str:
    experiment = configuration.find(kept.experiment)
    return f"{experiment.short_name}: {experiment.models[kept.model].title}"


def _like_these(kept: Record) -> list[Measurement]:
    """Those of a record that were taken as `scores.measured` takes them, of samples as many as Table 1's."""
    return [each for each in kept.measurements if each.n_samples in (None, 10_000) and each.split in (None, "test")]


def _define_flags(values):
    flags.DEFINE_string("dataset", "mnist", "The data that the model was trained on, as for gan_repro.run.", flag_values=values)
    flags.DEFINE_string("labels", None, "An .npy file: the class that each sample was to be.", flag_values=values)
    ranges = f"What black and white are: {', '.join(RANGES)}; without: told from the numbers, where these leave no doubt."
    flags.DEFINE_string("range", None, ranges, flag_values=values)
    flags.DEFINE_string("data_dir", None, "As for gan_repro.run.", flag_values=values)
    theirs = "torch-fidelity's InceptionV3 weights, a file: the Frechet distance in Inception features is measured, too."
    flags.DEFINE_string("inception_weights", None, theirs, flag_values=values)
    where = "The folder of score.json and samples.png; without: runs/score-NAME."
    flags.DEFINE_string("out", None, where, flag_values=values)
    flags.DEFINE_bool("json", False, "Print JSON in place of the table.", flag_values=values)


def _body(values, words):
    if len(words) != 1:
        raise UsageError("give one file or folder of samples: python -m gan_repro.score SAMPLES")
    asked = {name: values[name].value for name in ("dataset", "labels", "range", "data_dir", "inception_weights", "out")}
    if asked["range"] is not None:
        choose("range", asked["range"], RANGES)
    place = Path(words[0]).expanduser()
    out = Path(asked["out"] or _out(place))
    files.check_writable(out / "score.json")
    if not place.exists():
        raise DataError(f"there is no file or folder {place}")
    asked["extract"] = _extractor(asked["inception_weights"])
    if values["json"].value:
        with contextlib.redirect_stdout(sys.stderr):  # what is said on the way is no JSON
            _, told = _given(place, asked, out, say=False)
        print(json.dumps(told, indent=1))
        return
    found, _ = _given(place, asked, out, say=True)
    print(f"\n{found.table()}\n")
    for line in _notes(found):
        print(line)
    print(f"wrote {out / 'score.json'}, {out / 'samples.png'}")


def _out(place):
    """runs/score-NAME. Raises UsageError: it holds the scores of another file of this name."""
    out = Path("runs", f"score-{place.name if place.is_dir() else place.stem}".rstrip("-"))
    with contextlib.suppress(RunError):
        other = files.read_json(out / "score.json").get("file", _whole(place))
        if other != _whole(place):
            raise UsageError(f"{out} holds the scores of {other}: name another folder with --out=DIR")
    return out


def _whole(place):
    return str(place.absolute())


def _given(place, asked, out, say):
    """(Scores of the samples in a file or folder, as JSON has them): both files are written."""
    from gan_repro.data import samples

    if say:
        print("starting TensorFlow ...", flush=True)
    source = _source(asked["dataset"], asked["data_dir"])
    given = samples.read(place, source.spec, asked["range"], asked["labels"])
    if say:
        print(f"{place}: {given.said}", flush=True)
    found = _scored(given, source, asked["dataset"], asked["extract"])
    told = {"file": _whole(place)} | found.as_json()
    files.write_json(out / "score.json", told)
    _draw(out / "samples.png", given.images, source)
    return found, told


def _notes(found: Scores) -> list[str]:
    """What the columns are, and what to bear in mind."""
    columns = [(heading, metrics.of(name)) for name, heading in COLUMNS.items() if name in found.rows()[0].numbers]
    titles = [f"{heading}: {metric.heading}{BETTER.get(metric.better, '')}" for heading, metric in columns]
    likelihood = next(each for each in found.measurements if each.metric == PARZEN)
    width = (
        f"The samples' sigma is {likelihood.sigma:.3g}" if likelihood.sigma else "The samples' sigma is chosen for each fold"
    )
    if likelihood.sigma_at_edge:
        width += ", at the edge of its grid: a better width may lie beyond, and the log-likelihood be higher"
    told = ("; ".join(titles) + ".", f"{width}.", metrics.of(PARZEN).caveat)
    return [line for each in told for line in textwrap.wrap(each, 120)]


def _draw(path, images, source):
    """A picture of the first samples, each row's last one beside the training image nearest to it."""
    from gan_repro.evaluation import neighbours
    from gan_repro.figures import grids

    rows, columns = 4, 5
    shown = images[: rows * columns]
    nearest, _ = neighbours.in_training_images(shown[columns - 1 :: columns], source)
    title = f"the first samples; in the last column the image of {source.spec.title} nearest to the sample beside it"
    grids.nearest_grid(path, shown, nearest, 0.0, 1.0, title)


def main(argv: Sequence[str]) -> int:
    """Runs the program; returns its exit code (0 done, 1 failed, 2 wrong usage)."""
    words: list[str] = []
    return run_main(_define_flags, lambda values: _body(values, words), argv, USAGE, words)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
