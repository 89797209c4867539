"""`python -m gan_repro.export`: a trained generator as a file that needs nothing of ours to be used."""

import importlib.util
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from absl import flags

from gan_repro.system import files
from gan_repro.system.choices import choose
from gan_repro.system.command_line import run_main
from gan_repro.system.errors import RunError, UsageError

USAGE = """usage: python -m gan_repro.export --experiment=NAME [--dataset=DATASET] [--format=keras|savedmodel|onnx]
       python -m gan_repro.export --workdir=DIR [--generator=KIND] [--format=...] [--out=PATH]

Writes a generator with Keras's own layers alone, float32: z (n, d), and labels int32 (n,) where it takes them, to images
(n, h, w, c) in the range that is printed. Dropout that stays on when samples are drawn takes the uniform numbers of its masks
as further inputs. `keras` is read by keras.models.load_model, `savedmodel` by `loaded = tf.saved_model.load(PATH)` and
`loaded.serve(z)`, `onnx` by onnxruntime; several inputs are one list for the first two. The file is read again and compared
with the generator before it takes its place. What is sampled by a Markov chain (bengio2013, bengio2014) is no such function."""

SUFFIXES = {"keras": ".keras", "savedmodel": "", "onnx": ".onnx"}
TOLERANCE = 1e-5  # of pixels, between the generator and what is read again
CHECKED = 16  # images


def write(network: Any, prior: Any, path: Path, form: str) -> float:
    """Writes a generator to a file, or a folder for a SavedModel, whole or not at all.

    Args:
      network: Keras functional model: z, or [z, labels], to images.
      prior: latent.priors.Prior of z.
      path: where to; what is there is replaced.
      form: one of SUFFIXES.

    Returns:
      The largest difference of a pixel between `network` and what was written, of CHECKED images.

    Raises:
      UsageError: ONNX is not installed.
      RunError: the file cannot be written, or gives other images.
    """
    from gan_repro.networks import portable

    missing = [name for name in ("onnx", "tf2onnx", "onnxruntime") if form == "onnx" and importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(f"--format=onnx takes {', '.join(missing)}: pip install -e '.[onnx]'")
    made = portable.portable(network)
    if not (form == "savedmodel" and (path / "saved_model.pb").is_file()):  # another SavedModel gives way
        files.check_writable(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=files.TEMPORARY) as folder:
            new = Path(folder) / (path.stem + SUFFIXES[form])
            _save(made, new, form)
            apart = _difference(network, made, prior, new, form)
            if not apart <= TOLERANCE:
                raise RunError(f"{path} was not written: read again, it gives images that differ by {apart:.2g}")
            if path.is_dir():
                shutil.rmtree(path)
            os.replace(new, path)
    except OSError as error:
        raise RunError(f"cannot write {path}: {files.reason(error)}") from error
    return apart


def _save(made, path, form):
    if form == "keras":
        made.save(path)
    else:
        import numpy as np

        # Keras refuses to write ONNX of a model that was never called.
        some = [np.zeros((1, *each.shape[1:]), each.dtype) for each in made.inputs]
        made(some if len(some) > 1 else some[0])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of Keras, over NumPy, as it imports tf2onnx
            made.export(str(path), format="tf_saved_model" if form == "savedmodel" else form, verbose=False)


def _difference(network, made, prior, path, form):
    """The largest difference between images of the generator and of the file at `path`."""
    import numpy as np
    import tensorflow as tf

    from gan_repro.latent import sampling
    from gan_repro.networks import portable
    from gan_repro.system import randomness

    given = [sampling.draw(prior, CHECKED, 0)]
    if len(network.inputs) > 1:
        classes = network.get_layer("one_hot").classes
        given.append(sampling.balanced_labels(CHECKED, classes).astype(network.inputs[1].dtype))
    pair = randomness.seed_pair(0, 0, randomness.SAMPLE)
    with randomness.network_call(pair):
        wanted = np.asarray(network(given if len(given) > 1 else given[0], training=False), np.float32)
    given += portable.uniform_inputs(made, CHECKED, pair)
    if form == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        found = session.run(None, dict(zip([each.name for each in session.get_inputs()], given)))[0]
    else:
        import keras

        whole = given if len(given) > 1 else given[0]
        # In a variable of its own: `serve` alone does not keep the weights of what was loaded.
        loaded = keras.models.load_model(path) if form == "keras" else tf.saved_model.load(str(path))
        found = (loaded if form == "keras" else loaded.serve)(whole)
    return float(np.abs(np.asarray(found) - wanted).max())


def _define_flags(values):
    flags.DEFINE_string("experiment", None, "A generator that comes with the program, of this experiment.", flag_values=values)
    flags.DEFINE_string("dataset", None, "With --experiment: of which data set; without: the first.", flag_values=values)
    flags.DEFINE_string("workdir", None, "The folder of a run.", flag_values=values)
    flags.DEFINE_string("generator", None, "Which weights; without: best, or last.", flag_values=values)
    flags.DEFINE_string("format", "keras", f"One of {', '.join(SUFFIXES)}.", flag_values=values)
    flags.DEFINE_string(
        "out", None, "The file, or folder; without: in the run's folder, or runs/shipped-NAME.", flag_values=values
    )


def _form_of(name):
    """The format that a file's name says."""
    return next((form for form, suffix in SUFFIXES.items() if suffix and Path(name).suffix == suffix), "savedmodel")


def _body(values):
    asked = {name: values[name].value for name in ("experiment", "dataset", "workdir", "generator", "format", "out")}
    form = choose("format", asked["format"], SUFFIXES)
    if bool(asked["experiment"]) == bool(asked["workdir"]):
        raise UsageError("give --experiment=NAME for a generator that comes with the program, or --workdir=DIR for a run's")
    if asked["workdir"] and asked["dataset"]:
        raise UsageError("--dataset is for generators that come with the program")
    if asked["out"] and form != _form_of(asked["out"]):
        endings = ", ".join(f"{each} in {suffix}" if suffix else f"{each} in neither" for each, suffix in SUFFIXES.items())
        raise UsageError(f"--out={asked['out']} is no name for --format={form}. Names end for {endings}")
    from gan_repro import shipped
    from gan_repro.latent.chains import Chain
    from gan_repro.runs import trained
    from gan_repro.system import tensorflow_setup

    if asked["workdir"]:
        run = trained.from_folder(asked["workdir"])
    else:
        run = shipped.load(asked["experiment"], asked["dataset"])
    kind = shipped.choose_weights(run, asked["generator"]) if asked["generator"] else run.kinds()[0]
    path = Path(asked["out"] or run.workdir.samples.parent / f"{run.config.experiment}-{kind}-{form}{SUFFIXES[form]}")
    print("starting TensorFlow ...", flush=True)
    tensorflow_setup.prepare()
    from gan_repro.networks import portable  # imports TensorFlow, which prepare() quietens

    if isinstance(run.prior(), Chain):
        raise UsageError(
            f"samples of {run.config.experiment} are states of a Markov chain and no function of z: there is no such file. "
            "gan_repro.sample --out=FILE.npz writes samples"
        )
    network = run.generator(kind)
    apart = write(network, run.prior(), path, form)
    inputs = ", ".join(f"{each.name} {tuple(each.shape)}" for each in portable.portable(network).inputs)
    print(f"wrote {path}: {inputs} -> {tuple(network.output.shape)}, {run.source.spec.scaling}; generator {kind}")
    print(f"read again, {CHECKED} images differ by at most {apart:.2g}")
    for each in [path] if path.is_file() else sorted(found for found in path.rglob("*") if found.is_file()):
        print(f"sha256 {files.sha256(each)}  {each.relative_to(path.parent)}")


def main(argv: Sequence[str]) -> int:
    """Runs the program; returns its exit code (0 done, 1 failed, 2 wrong usage)."""
    return run_main(_define_flags, _body, argv, USAGE)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
