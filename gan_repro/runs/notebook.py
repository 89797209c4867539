"""What the notebooks share: digits at hand, pictures in place, the files of a run, a slider where there is a front end.

What they show is made by the rest of the package.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gan_repro.reporting.record import Record, read
from gan_repro.system import tensorflow_setup
from gan_repro.system.numbers import with_error

if TYPE_CHECKING:
    from IPython.display import Image

    from gan_repro.data.source import InMemory
    from gan_repro.runs.workdir import Workdir

GLYPHS = 10_000  # at most so many stand in for MNIST's training images: they are rendered anew
RESULTS = Path(__file__).parents[2] / "results"  # of the repository that the notebooks lie in


def start() -> None:
    """Starts TensorFlow quietly; the first cell calls it."""
    tensorflow_setup.prepare()


def digits(train: int = 10_000, test: int = 1000, data_dir: str | Path | None = None) -> InMemory:
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
        splits = {split: (whole.images(split)[:n], cast(Any, whole.labels(split))[:n]) for split, n in sizes.items()}
        name, title = "mnist", whole.spec.title
    except DatasetUnavailable:
        sizes["train"] = min(train, GLYPHS)
        splits = {split: glyphs.generate(split, n) for split, n in sizes.items()}
        name, title = "glyphs", glyphs.TITLE
        print("MNIST is not prepared on this machine (TFDS_DATA_DIR): built-in glyphs stand in for it. They are NOT MNIST.")
    images, labels = ({split: pair[part] for split, pair in splits.items()} for part in (0, 1))
    print(f"real images here: {title}, {sizes['train']:,} for training, {test:,} to test")
    return InMemory(Spec(name, title, images["train"].shape[1:], 10, sizes), images, labels)


def picture(draw: Callable, *arguments: Any, **more: Any) -> Image:
    """The IPython Image of the PNG that `draw(path, *arguments, **more)` writes."""
    from IPython.display import Image

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        draw(path, *arguments, **more)
        return Image(data=path.read_bytes())


def image(path: str | Path) -> Image:
    """The IPython Image of a PNG, such as one in a run's folder `figures`."""
    from IPython.display import Image

    return Image(data=Path(path).read_bytes())


def figure(name: str) -> Image:
    """The IPython Image of a committed figure, results/figures/NAME.png: of a run that is not shipped whole."""
    return image(RESULTS / "figures" / f"{name}.png")


def record(name: str) -> Record:
    """The committed record results/records/NAME.json, as shipped.record gives those of shipped generators."""
    return read(RESULTS / "records" / f"{name}.json")


def play(experiment: str, dataset: str, preset: str, settings: Iterable[str] = (), model: str | None = None) -> Workdir:
    """Trains (if there is anything to train) and evaluates a run in runs/, as `gan_repro.run` does; a finished one is read.

    What is played is not printed, the notebook's text says it; nor is what it measured: `measured` does that.

    Returns:
      The Workdir with its figures and its record.
    """
    from gan_repro.papers import configuration
    from gan_repro.runs import runner
    from gan_repro.runs.workdir import Workdir

    found = configuration.find(experiment)
    config = configuration.resolve(found, dataset, model, preset, settings=settings)
    runner.execute(found, config, tell=lambda report: None)
    return Workdir(runner.default_workdir(config))


def measured(record: Record, *metrics: str) -> None:
    """Prints a record's measurements of these metrics, a line each: metric (of what, where): value ± standard error, unit.

    An error of 0 and the unit "1", that of a mere number, are left out.
    """
    for entry in record.measurements:
        if entry.metric in metrics:
            value, error = with_error(entry.value, entry.standard_error or None)
            where = ", ".join(part for part in (str(entry.subject), entry.space, entry.condition) if part)
            unit = "" if entry.unit == "1" else f" {entry.unit}"
            print(f"{entry.metric.replace('_', ' ')} ({where}): {value}{error and f' ± {error}'}{unit}")


def slider(draw: Callable, still: Callable[[], Any], **numbers: tuple[float, float, float]) -> Any:
    """Shows `draw(**numbers)`, an IPython Image, with an ipywidgets slider for each (low, high, step).

    Only where somebody sits in front of the notebook and ipywidgets is installed: elsewhere a slider cannot be moved, and a
    line says so.

    Returns:
      None, or where there is no slider `still()`: an IPython Image of some of its positions.
    """
    if _attended() and importlib.util.find_spec("ipywidgets"):
        from ipywidgets import interact

        interact(draw, **numbers)
        return None
    print("In Jupyter, with ipywidgets installed, a slider is here. Below are some of its positions.")
    return still()


def _attended():
    """Whether the cell that runs was sent by a front end: those let a cell ask for input, what runs notebooks does not.

    Jupyter's, VS Code's and Colab's execute requests have allow_stdin true, nbclient's (nbclient/client.py) false.
    """
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    return bool(kernel and kernel.get_parent("shell").get("content", {}).get("allow_stdin"))
