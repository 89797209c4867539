"""What the notebooks share: digits at hand, pictures in place, the files of a run, a slider where there is a front end.

What they show is made by the rest of the package.
"""

import importlib.util
import os
import tempfile
from pathlib import Path

from gan_repro import tensorflow_setup

GLYPHS = 10_000  # at most so many stand in for MNIST's training images: they are rendered anew


def start():
    """Starts TensorFlow quietly; the first cell calls it."""
    tensorflow_setup.prepare()


def digits(train=10_000, test=1000, data_dir=None):
    """A source of real MNIST's first images where it is prepared, else of the built-in glyphs; says which.

    Args:
      train, test: how many images; for validation there are as many as for `test`. At most GLYPHS glyphs.
      data_dir: as for data.load; nothing is downloaded.

    Returns:
      source.InMemory of those images.
    """
    from gan_repro import data
    from gan_repro.data import glyphs
    from gan_repro.data.source import DatasetUnavailable, InMemory, Spec

    sizes = {"train": train, "validation": test, "test": test}
    try:
        whole = data.load("mnist", data_dir, download=False)
        splits = {split: (whole.images(split)[:n], whole.labels(split)[:n]) for split, n in sizes.items()}
        name, title = "mnist", whole.spec.title
    except DatasetUnavailable:
        sizes["train"] = min(train, GLYPHS)
        splits = {split: glyphs.generate(split, n) for split, n in sizes.items()}
        name, title = "glyphs", glyphs.TITLE
        print("MNIST is not prepared on this machine (TFDS_DATA_DIR): built-in glyphs stand in for it. They are NOT MNIST.")
    images, labels = ({split: pair[part] for split, pair in splits.items()} for part in (0, 1))
    print(f"real images here: {title}, {sizes['train']:,} for training, {test:,} to test")
    return InMemory(Spec(name, title, images["train"].shape[1:], 10, sizes), images, labels)


def picture(draw, *arguments, **more):
    """The IPython Image of the PNG that `draw(path, *arguments, **more)` writes."""
    from IPython.display import Image

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        draw(path, *arguments, **more)
        return Image(data=path.read_bytes())


def image(path):
    """The IPython Image of a PNG, such as one in a run's folder `figures`."""
    from IPython.display import Image

    return Image(data=Path(path).read_bytes())


def play(experiment, dataset, preset, settings=()):
    """Trains (if there is anything to train) and evaluates a run in runs/, as `gan_repro.run` does; a finished one is read.

    Returns:
      The Workdir with its figures and its record.
    """
    from gan_repro import experiment as experiments
    from gan_repro import runner
    from gan_repro.workdir import Workdir

    found = experiments.find(experiment)
    config = experiments.resolve(found, dataset, preset, settings=settings)
    runner.execute(found, config)
    return Workdir(runner.default_workdir(config))


def measured(record, *metrics):
    """The lines that a record's measurements of these metrics make: metric, generator, value, standard error, unit."""
    from gan_repro.reporting import tables

    for entry in record["measurements"]:
        if entry["metric"] in metrics:
            value, error = tables.digits(entry["value"], entry["standard_error"])
            print(f"{entry['metric']} ({entry['generator']}): {value}{error and f' ± {error}'} {entry['unit']}")


def slider(draw, **numbers):
    """Shows `draw(**numbers)`, an IPython Image, with an ipywidgets slider for each (low, high, step).

    Only in a Jupyter front end with ipywidgets: elsewhere a slider cannot be moved, and a line says so.
    """
    if "JPY_SESSION_NAME" in os.environ and importlib.util.find_spec("ipywidgets"):  # Jupyter's servers set it
        from ipywidgets import interact

        interact(draw, **numbers)
    else:
        print("In Jupyter, with ipywidgets installed, a slider is here; the pictures above show the same, standing still.")
