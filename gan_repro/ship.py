"""`python -m gan_repro.ship --workdir=DIR`: packages a finished run's generators to come with the program.

With --classifier=DATASET it packages the classifiers that read samples (evaluation/classifier.py). What the packaging of a
generator changes is measured here and kept beside the weights. Opening what is shipped is in shipped.py.
"""

import contextlib
import dataclasses
import fcntl
import os
import shutil
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
from absl import flags

from gan_repro import shipped
from gan_repro.data import names
from gan_repro.data.scaling import UNIT
from gan_repro.reporting import records
from gan_repro.reporting.record import Record
from gan_repro.runs import cards, manifests, trained
from gan_repro.runs.workdir import Workdir
from gan_repro.system import files, schema
from gan_repro.system.choices import choose
from gan_repro.system.command_line import run_main
from gan_repro.system.errors import RunError, UsageError
from gan_repro.system.machine import conditions

USAGE = """usage: python -m gan_repro.ship --workdir=DIR [--generator=NAME,...] [--precision=float16|float32]
                                [--networks=NAME,...]
       python -m gan_repro.ship --classifier=DATASET
       python -m gan_repro.ship --real_images=DATASET
       python -m gan_repro.ship --cards

Packages generators of a finished run into gan_repro/trained/EXPERIMENT-DATASET, from where
`gan_repro.sample --experiment=NAME` and the notebooks take it: its configuration, manifest, record and weights, and what the
packaging changed: the largest difference of a pixel and the record's numbers measured again, which takes the run's data; and
README.md, a model card. With --cards the cards of all that is packaged are written anew, from what lies beside them.

With --classifier it trains the two classifiers that read samples of a data set (the first, and a second one of another seed)
and puts them, with a card, into gan_repro/trained/classifier-DATASET, from where every evaluation takes them; beside them the
numbers of real images that gan_repro.score shows, which --real_images measures anew without a training."""

PRECISIONS = ("float16", "float32")
LARGE = 2**18  # numbers; smaller arrays keep all their digits: they save little, and errors of early layers add up
IMAGES = 1000  # samples that are compared
SCORED = 10_000  # samples beside which gan_repro.score shows real images without measuring these: as many as Table 1's
OF_RUN = ("workdir", "generator", "precision", "networks")  # flags


def _define_flags(values):
    flags.DEFINE_string("workdir", None, "The folder of the run.", flag_values=values)
    flags.DEFINE_list(
        "generator",
        [],
        "Whose weights: best, last, ema-..., mean-from-..., one or several; without: best, else last.",
        flag_values=values,
    )
    flags.DEFINE_string("precision", "float16", "Of the large arrays of weights: float16 or float32.", flag_values=values)
    flags.DEFINE_list("networks", [], "Other networks of the run to ship: discriminator.", flag_values=values)
    flags.DEFINE_string(
        "classifier", None, "A data set with labels, whose classifiers are trained and packaged.", flag_values=values
    )
    flags.DEFINE_string("real_images", None, "A data set whose classifiers are packaged.", flag_values=values)
    flags.DEFINE_bool("cards", False, "Write the model cards of all that is packaged anew, and stop.", flag_values=values)
    flags.DEFINE_string("data_dir", None, "As for gan_repro.run.", flag_values=values)


def _body(values):
    place, kinds, precision, networks, dataset, data_dir = (
        values[name].value for name in ("workdir", "generator", "precision", "networks", "classifier", "data_dir")
    )
    if values["cards"].value:
        if given := [f"--{name}" for name in (*OF_RUN, "classifier", "real_images", "data_dir") if values[name].present]:
            raise UsageError(f"--cards packages nothing: give it without {', '.join(given)}")
        for path, changed in write_cards().items():
            print(f"{'wrote' if changed else 'as it was:'} {path}")
        return
    if real := values["real_images"].value:
        if given := [f"--{name}" for name in (*OF_RUN, "classifier") if values[name].present]:
            raise UsageError(f"--real_images={real} packages nothing else: give it without {', '.join(given)}")
        print(f"wrote {ship_real_images(_source(real, data_dir))}")
        return
    if dataset:
        if given := [f"--{name}" for name in OF_RUN if values[name].present]:
            raise UsageError(f"--classifier={dataset} packages no run: give it without {', '.join(given)}")
        _ship_classifiers(dataset, data_dir)
        return
    if not place:
        raise UsageError("--workdir=DIR is missing: the folder of the run whose generators are packaged (or --classifier)")
    choose("--precision", precision, PRECISIONS)
    _finished(place)  # before TensorFlow's start takes its seconds
    from gan_repro.system import tensorflow_setup

    print("starting TensorFlow ...", flush=True)
    tensorflow_setup.prepare()
    folder = ship(place, kinds, precision, networks, data_dir)
    told = files.read_json(shipped.note(folder))
    print(f"wrote {folder}: {told['bytes'] / 1e6:.1f} MB; largest difference of a pixel {told['largest_difference']:.2g} of 1")
    for entry in told["measurements"]:
        what = f"{entry['of']}, {entry['metric']}"
        print(f"  {what}: {entry['value']:.4g} {entry['unit']}, in the record {entry['record']:.4g}")


def _ship_classifiers(dataset, data_dir):
    if (kind := names.dataset_kind(dataset)) in trained.UNPUBLISHED:
        raise UsageError(f"--classifier={dataset}: of data of the kind {kind} nothing is published")
    folder = ship_classifiers(_source(dataset, data_dir))
    print(f"wrote {folder}: {sum(path.stat().st_size for path in folder.iterdir()) / 1e6:.1f} MB")


def _source(dataset, data_dir):
    from gan_repro import data
    from gan_repro.system import tensorflow_setup

    print("starting TensorFlow ...", flush=True)
    tensorflow_setup.prepare()
    return data.load(dataset, data_dir, download=False)


def ship_real_images(source, into=shipped.FOLDER):
    """Measures real images of a data set, whose classifiers are packaged, for gan_repro.score; returns the Path written.

    Raises:
      RunError: its classifiers are not packaged, or the file cannot be written.
    """
    from gan_repro.evaluation import classifier

    folder = _of_classifiers(source, into)
    if not folder.is_dir():
        raise RunError(f"there is no {folder}: package the classifiers first, with --classifier={source.spec.name}")
    path = _write_real_images(source, classifier.of(source), folder)
    for other in folder.glob("real-images-*.json"):
        if other != path:
            other.unlink()
    return path


def _write_real_images(source, judge, folder):
    from gan_repro.evaluation import real_images, scores

    found = scores.of_real_images(source, SCORED, judge)
    path = folder / scores.file_name(source.digest(), SCORED, judge)
    files.write_json(path, real_images.as_json(source.digest(), found))
    return path


def _of_classifiers(source, into):
    return Path(into) / f"classifier-{source.spec.name.replace('/', '-')}"


def ship_classifiers(source, into=shipped.FOLDER):
    """Trains the two classifiers that read samples of a data set, measures them and packages them with a card.

    Replaces what was shipped for that data set. They are trained on as many threads as TensorFlow takes by itself.

    Args:
      source: with labels; data/source.py.
      into: the folder of all that is shipped.

    Returns:
      Path of the folder written: two .npz files, float32; README.md, the card; of data in [0, 1] what gan_repro.score says of
      real images (evaluation/scores.py).

    Raises:
      UserError: the data have no labels. RunError: they cannot be written.
    """
    from gan_repro.evaluation import classifier

    folder = _of_classifiers(source, into)
    with _replacing(folder) as temporary:
        trained = [classifier.train(source, temporary, second=second) for second in (False, True)]
        if source.spec.scaling == UNIT:
            _write_real_images(source, trained[0][0], temporary)
        files.write_text(temporary / "README.md", _card(source, trained, conditions()))
    return folder


def _card(source, trained, machine):
    """What the classifiers of a data set are, as Markdown.

    Args:
      source: the data.
      trained: [(classifier.Classifier, path of its file)], the first before the second.
      machine: as machine.conditions gives it.
    """
    from gan_repro.evaluation import classifier

    spec, recipe, labels = source.spec, classifier.RECIPE, source.labels("test")
    test = np.concatenate([UNIT(images.astype(np.float32)) for images in source.chunks("test")])
    first, second = (each.read(test) for each, _ in trained)
    apart, both = int((first != second).sum()), int(((first != labels) & (second != labels)).sum())
    layers = "; ".join(f"{channels} of {size} x {size}, stride {stride}" for channels, size, stride in classifier.CONVOLUTIONS)
    table = "\n".join(
        f"| {name} | `{path.name}` | {seed} | {100 * each.accuracy:.2f} % | `{files.sha256(path)}` |"
        for name, seed, (each, path) in zip(("first", "second"), classifier.SEEDS, trained)
    )
    versions, threads = machine["versions"], machine["threads"]["intra_op"] or machine["threads"]["cores"]
    return f"""# The two classifiers that read samples of {spec.title}

Small convolutional networks that tell the {spec.classes} classes of {spec.title} apart. The first gives every label accuracy,
class histogram, Fréchet distance, precision and recall of this program (the last three in its {classifier.FEATURES} features).
The second is of the same recipe and another seed: how far its numbers are from the first's says how much of a number is the
first's own.

| | file | seed | test images read right (of {len(labels):,}) | sha256 |
|---|---|--:|--:|---|
{table}

On {apart:,} test images they disagree; {both:,} both read wrong.

- Data: {spec.title}, pixels in [0, 1]. Trained on {spec.sizes["train"]:,} training images and their labels, measured on all
  {spec.sizes["test"]:,} test images; the {spec.sizes["validation"]:,} validation images (set aside from the end of the original
  training images) were not used. sha256 of all of them: `{source.digest()}`.
- Architecture: valid convolutions with ReLU ({layers}), a dense layer of
  {classifier.FEATURES} ReLU units (the features), a dense layer to {spec.classes} logits. All in float32. The arrays arr_0,
  arr_1, ... of a file are kernel and bias of each layer in turn.
- Training: {classifier.EPOCHS} epochs of Adam on softmax cross-entropy, in minibatches of {recipe["batch"]}, each shifted by up
  to {recipe["shift"]} pixel; the rate falls from {recipe["rate"]:g} to {recipe["last_rate"]:g} of that along a cosine.
- Command: `python -m gan_repro.ship --classifier={spec.name}`, on {machine["processor"]}, {machine["device"]}, with {threads}
  threads inside an operation. Python {versions["python"]}, TensorFlow {versions["tensorflow"]}, Keras {versions["keras"]},
  NumPy {versions["numpy"]}. Other versions or processors, or another number of threads, may give other weights.
- Beside them, `real-images-*.json`: what the first and the other estimators of gan_repro.score say of training and test images
  (`python -m gan_repro.ship --real_images={spec.name}`).
- Licence of the data: {names.licence(spec.name)}.
  No image is in the files.
- Intended use: reading samples of generators of these data. Not for anything else.
"""


def ship(place, kinds=(), precision="float16", networks=(), data_dir=None, into=shipped.FOLDER):
    """Packages generators of a finished run; replaces what was shipped of the same experiment and data set.

    Args:
      place: the run's folder; nothing is written to it.
      kinds: of the generators; none: the run's first.
      precision: one of PRECISIONS, of the large arrays in the file; networks compute in float32 all the same.
      networks: names of other networks whose last weights are shipped, too.
      data_dir: where data are looked for; they are not downloaded.
      into: the folder of all that is shipped.

    Returns:
      Path of the folder written.

    Raises:
      UsageError: the run has no such generator.
      RunError: the run is not finished, a smoke run, of the built-in glyphs, damaged, or too large in this precision; it is
        a packaged one itself; what is shipped under its name is of other data; or its own data cannot be had.
    """
    record = _finished(place)
    run = trained.from_folder(place)
    asked = [shipped.choose_weights(run, kind) for kind in kinds] or run.kinds()[:1]
    kinds = [kind for kind in run.kinds() if kind in asked]
    workdir = run.workdir
    folder = Path(into) / records.prefix(record)
    with _replacing(folder) as temporary:
        if folder.exists() and (there := Workdir(folder).read_config().get("dataset")) != run.config.dataset:
            raise RunError(f"{folder} holds what was shipped of {there}; remove it, or give one of the two files another name")
        source = shipped.source_of(run.config, data_dir)
        manifest, data = files.read_json(workdir.manifest), manifests.of_data(source)
        if manifest["data"]["sha256"] != data["sha256"]:
            raise RunError(
                f"{workdir.path} was trained on other data than those called {source.spec.name} here: --data_dir=DIR"
            )
        manifest["data"] = data  # older versions did not note all of it
        packaged = Workdir(temporary)
        files.write_json(packaged.config, run.config.as_dict())
        files.write_json(packaged.manifest, manifest)
        files.write_json(packaged.record, record.to_json())
        pairs = [(workdir.weights(kind), packaged.weights(kind)) for kind in kinds]
        pairs += [(workdir.network(name), packaged.network(name)) for name in networks]
        for old, new in pairs:
            convert(old, new, precision)
        largest_file = max(new.stat().st_size for _, new in pairs)
        if largest_file > shipped.LARGEST:
            most = f"a network of at most {shipped.LARGEST / 1e6:g} MB is shipped"
            raise RunError(f"{largest_file / 1e6:.1f} MB in {precision}: {most}")
        differences = [difference(run, trained.from_folder(temporary), kind) for kind in kinds]
        told = {
            "weights": kinds,
            "precision": precision,
            "bytes": sum(path.stat().st_size for path in temporary.iterdir()),
            "files_sha256": {new.name: files.sha256(new) for _, new in pairs},
            "packaged_from_sha256": {old.name: files.sha256(old) for old, _ in pairs},
            "largest_difference": max(largest for largest, _ in differences),
            "mean_difference": max(mean for _, mean in differences),
            "n_images": IMAGES,
            "measurements": _measured_again(temporary, kinds, record, data_dir),
        }
        files.write_json(shipped.note(temporary), told)
        files.write_text(temporary / cards.NAME, shipped.card(temporary))
    return folder


def write_cards():
    """Writes the model card of every shipped generator anew; returns {Path: whether it has changed}."""
    written = {}
    for folder in shipped.folders().values():
        path, text = folder / cards.NAME, shipped.card(folder)
        written[path] = not (path.exists() and path.read_text(encoding="utf-8") == text)
        if written[path]:
            files.write_text(path, text)
    return written


def _finished(place) -> Record:
    if shipped.note(place).exists():
        raise RunError(f"{place} is itself what was packaged of a run; give the folder of the run")
    return records.finished(place)


@contextlib.contextmanager
def _replacing(folder):
    """Yields an empty folder beside `folder` that takes its place when the block ends without an exception.

    Folders are not exchanged at once: a process that is killed in between leaves the old one aside, and the next packaging
    puts it back before it begins.

    Raises:
      RunError: another process packages into the same place.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(folder.parent):
        for leftover in folder.parent.glob(f"{files.TEMPORARY}*"):
            for old in leftover.glob("old/*"):
                if not (folder.parent / old.name).exists():
                    os.replace(old, folder.parent / old.name)
            shutil.rmtree(leftover)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=files.TEMPORARY) as above:
            made, old = Path(above) / "new" / folder.name, Path(above) / "old" / folder.name
            made.mkdir(parents=True)
            old.parent.mkdir()
            yield made
            if folder.exists():
                os.replace(folder, old)
            try:
                os.replace(made, folder)
            except BaseException:
                if old.exists():
                    os.replace(old, folder)
                raise


@contextlib.contextmanager
def _alone(folder):
    """Keeps other processes that ask for the same folder out of it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunError(f"another process is packaging into {folder}; wait for it") from error
        yield
    finally:
        os.close(handle)


def convert(old, new, precision):
    """Writes a sealed copy of a file of weights whose large arrays (over LARGE numbers) have another precision.

    Raises:
      RunError: `old` is missing or damaged, or a number does not fit.
    """
    files.check_seal(old)
    with files.replacing(new) as temporary:
        with h5py.File(old) as source, h5py.File(temporary, "w") as target:

            def copy(name, entry):
                if isinstance(entry, h5py.Group):
                    made = target.require_group(name)
                else:
                    values = entry[()]
                    if np.issubdtype(values.dtype, np.floating) and values.size > LARGE:
                        with np.errstate(over="ignore"):
                            values = values.astype(precision)
                        if not np.isfinite(values).all():
                            raise RunError(f"{old}: a number of {name} does not fit into {precision}")
                    made = target.create_dataset(name, data=values)
                made.attrs.update(entry.attrs)

            target.attrs.update(source.attrs)
            source.visititems(copy)
        files.seal(temporary)


def difference(run, packaged, kind):
    """(largest, mean) absolute difference of a pixel, in shares of the span from black to white, over IMAGES same samples."""
    first, second = (each.source.spec.scaling.unit(each.samples(kind, IMAGES)) for each in (run, packaged))
    apart = np.abs(first.astype(np.float64) - second)
    return float(apart.max()), float(apart.mean())


def _measured_again(folder, kinds, record, data_dir):
    """The record's measurements of these generators, made again from the packaged weights."""
    with tempfile.TemporaryDirectory() as out:
        found = shipped.measure(folder, data_dir, out)
    recorded = {entry.quantity: entry.value for entry in record.measurements if str(entry.subject) in kinds}
    return [
        {"of": str(entry.subject), "record": recorded[entry.quantity]}
        | schema.plain(dataclasses.replace(entry, sweep=None, histogram=None))
        for entry in found
        if entry.quantity in recorded
    ]


def main(argv):
    """Runs the program; returns its exit code (0 done, 1 failed, 2 wrong usage)."""
    return run_main(_define_flags, _body, argv, USAGE)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
