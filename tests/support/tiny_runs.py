"""A run of seconds that the trials of faults share: its data, its command line, what is compared. No fault is here."""

import json

import keras
import numpy as np

from gan_repro.system import files

# Seconds of work: two minibatches an epoch for networks of a few units. No part of the program is left out.
RECIPE = (
    "steps_per_epoch=2",
    "batch_size=20",
    "generator_units=16",
    "discriminator_units=8",
    "n_samples=50",
    "averages=ema-.5",
    "validate_every=1",
    "samples_every=1",
)


def write_data(path, labels=True):
    """An .npz file with 300 images of 8 x 8: 240 to train, 30 to validate, 30 to test.

    Without labels no classifier is trained on them, which takes half of a run's time.
    """
    rng = np.random.default_rng(1)
    classes = np.arange(300) % 10
    patterns = rng.integers(0, 200, (10, 8, 8))
    images = np.uint8(patterns[classes] + rng.integers(0, 56, (300, 8, 8)))
    np.savez(path, images=images, **({"labels": classes} if labels else {}))


def arguments(data, epochs=2):
    """The arguments of gan_repro.run, without --workdir. Not the smoke preset: results refuse its records."""
    settings = [f"--set={setting}" for setting in RECIPE]
    return ["--experiment=goodfellow2014", f"--dataset=npz:{data}", "--preset=quick", f"--epochs={epochs}", *settings]


def call(main, *arguments):
    """A program's exit code, called as if by a process of its own: Keras counts the names of layers anew."""
    keras.utils.clear_session(free_memory=False)
    return main(["program", *map(str, arguments)])


def heard(err):
    """stderr without the note that every evaluation of unlabelled data gives."""
    return "".join(line for line in err.splitlines(keepends=True) if not line.startswith("note: no classifier reads"))


def one_line(err):
    """Checks that stderr holds one line of error, and returns it."""
    err = heard(err)
    assert err.startswith("error: ") and err.endswith("\n") and err.count("\n") == 1, err
    return err


def contents(folder, but=()):
    """{path: (bytes, time of change)} of everything below a folder, but for the lock and the files named."""
    found = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: (path.read_bytes(), path.stat().st_mtime_ns) for name, path in found.items() if name not in (".lock", *but)}


def results(folder):
    """What two runs of one configuration have in common: {path: what must be equal}; of a record all but the time taken."""
    found = {}
    for name, (content, _) in contents(folder).items():
        path = folder / name
        if path.suffix == ".npz":
            arrays = files.read_arrays(path)
            notes = json.loads(str(arrays.pop("__notes__")))
            content = notes | {"seconds": 0}, {key: array.tobytes() for key, array in arrays.items()}
        elif path.suffix == ".json":
            content = files.read_json(path)
            content.pop("cost", None)
        found[name] = content
    return found
