"""`python -m gan_repro.sample --workdir=DIR`: looks at a trained generator: samples, walks through z space, raw arrays.

Flags and what may be asked for are here; the pictures are made in figures/show.py. Nothing is trained, no data are needed.
"""

import dataclasses
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from absl import flags

from gan_repro.system import files
from gan_repro.system.choices import choose
from gan_repro.system.command_line import run_main
from gan_repro.system.errors import UsageError

USAGE = """usage: python -m gan_repro.sample --workdir=DIR [--out=FILE.png|.gif|.npz] [--interpolate=linear|spherical] ...
       python -m gan_repro.sample --experiment=NAME ...

Draws from the generator of a finished or interrupted run, whose folder is all that it needs, or of an experiment of which a
trained generator comes with the program:
  --out=FILE.png                        a grid of samples (a row for each label of a conditional generator); a cloud of points
  --out=FILE.png --interpolate=linear   strips: walks between random pairs of z
  --out=FILE.gif --interpolate=linear   closed walks through random z, side by side, moving
  --out=FILE.npz                        arrays: images (uint8), z, labels; gan_repro.run reads them as --dataset=npz:FILE.npz"""

SUFFIXES = (".png", ".gif", ".npz")
WAYS = ("linear", "spherical")  # the names of priors.PATHS, which needs TensorFlow
SAMPLES, EACH, STRIPS, STEPS, MOVING = 100, 10, 10, 10, 16  # how many, where nothing else is said
MOST_NUMBERS, MOST_PIXELS, LONGEST_SIDE = 10**9, 5 * 10**7, 30_000  # 4 GB of float32; what matplotlib draws within 2 GB

_FLAGS: tuple[tuple[Callable, str, Any, str], ...] = (
    (flags.DEFINE_string, "workdir", None, "The folder of the run."),
    (flags.DEFINE_string, "experiment", None, "Without --workdir: the trained generator of this experiment that is shipped."),
    (flags.DEFINE_string, "dataset", None, "With --experiment: which data set it was trained on; else the first."),
    (
        flags.DEFINE_string,
        "generator",
        None,
        "Whose weights: best, last, ema-..., mean-from-...; else best if it is there, else last.",
    ),
    (
        flags.DEFINE_integer,
        "n",
        None,
        f"How many samples, or how many walks; else as many as --grid holds, else {SAMPLES} samples ({EACH} of each --label), "
        f"{STRIPS} strips, {MOVING} moving walks. More of them begin with the same ones, "
        "but for states of Markov chains.",
    ),
    (flags.DEFINE_integer, "seed", 0, "Everything random follows from it."),
    (
        flags.DEFINE_string,
        "label",
        None,
        "For conditional generators: one label, or several as 3,1,4, taken in turn; else all classes.",
    ),
    (
        flags.DEFINE_string,
        "out",
        None,
        "The file to write or replace; else a name that says what it is, in DIR/samples "
        "(of a shipped generator: runs/shipped-NAME/samples).",
    ),
    (flags.DEFINE_string, "grid", None, "ROWSxCOLUMNS of a picture; of strips, the columns are the steps of a walk."),
    (
        flags.DEFINE_string,
        "interpolate",
        None,
        "Walk between random z: linear (straight) or spherical (on an arc, for Gaussian z).",
    ),
)


@dataclasses.dataclass(frozen=True)
class Request:
    """What the flags ask for, checked as far as it can be without looking at the run.

    Attributes:
      out: Path, or None for the default.
      suffix: one of SUFFIXES.
      n: samples or walks.
      grid: (rows, columns), or None.
      steps: images of a strip's walk.
      way: one of WAYS, or None.
      seed: of everything random.
      labels: tuple of int >= 0, () for all classes.
    """

    out: Path | None
    suffix: str
    n: int
    grid: tuple[int, int] | None
    steps: int
    way: str | None
    seed: int
    labels: tuple[int, ...]


def _define_flags(values):
    for define, name, default, text in _FLAGS:
        define(name, default, text, flag_values=values)


def request(out=None, n=None, grid=None, interpolate=None, seed=0, label=None):
    """The Request of these flags' values; None: not given.

    Raises:
      UsageError: a value is not valid, or two of them do not go together.
    """
    if out is not None and os.path.basename(out) in ("", "."):
        raise UsageError(f"--out={out}: it names a folder; give the name of a file in it")
    out = None if out is None else Path(out)
    suffix = ".png" if out is None else out.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(f"--out={out}: the name must end in {', '.join(SUFFIXES)}, which says what is written")
    if interpolate is not None:
        choose("--interpolate", interpolate, WAYS)
    if suffix == ".gif" and interpolate is None:
        raise UsageError(f"--out={out}: a GIF shows walks through z space; add --interpolate={' or '.join(WAYS)}")
    if suffix == ".npz" and (interpolate or grid) is not None:
        given = "interpolate" if interpolate is not None else "grid"
        raise UsageError(f"--{given} is for pictures; --out={out} holds samples as arrays")
    shape = None if grid is None else _grid(grid)
    strips = interpolate is not None and suffix == ".png"
    if strips and shape and shape[1] < 2:
        raise UsageError(f"--grid={grid}: a strip shows both ends of its walk, so it has at least 2 columns")
    room = None if shape is None else shape[0] if strips else shape[0] * shape[1]
    if n is not None and n < 1:
        raise UsageError(f"--n={n}: must be >= 1")
    if n is not None and room is not None and n > room:
        raise UsageError(f"--grid={grid} holds {room} {'walks' if interpolate else 'images'}, fewer than --n={n}")
    if not 0 <= seed < 2**31:
        raise UsageError(f"--seed={seed}: must be >= 0 and < 2**31")
    labels = () if label is None else _labels(label)
    pictures = SAMPLES if suffix == ".npz" or len(labels) < 2 else EACH * len(labels)
    n = n or room or (STRIPS if strips else MOVING if interpolate else pictures)
    return Request(out, suffix, n, shape, shape[1] if strips and shape else STEPS, interpolate, seed, labels)


def _grid(text):
    found = re.fullmatch(r"([1-9]\d{0,5})x([1-9]\d{0,5})", text)
    if not found:
        raise UsageError(f"--grid={text}: must be ROWSxCOLUMNS, such as 5x20")
    return int(found[1]), int(found[2])


def _labels(text):
    if not re.fullmatch(r"\d{1,9}(,\d{1,9})*", text):
        raise UsageError(f"--label={text}: must be a class number, or several as 3,1,4")
    return tuple(map(int, text.split(",")))


def _fit(asked, spec):
    """Checks a Request against the data.source.Spec of the run.

    Raises:
      UsageError: a label is none of its classes, it is too much at once, or points are to be laid out as images are.
    """
    outside = [label for label in asked.labels if label >= spec.classes]
    if outside:
        valid = f"its classes are 0..{spec.classes - 1}" if spec.classes else "its data have no labels; leave the flag out"
        raise UsageError(f"--label={outside[0]}: {spec.title}: {valid}")
    from gan_repro.figures import points, show

    if points.are(spec.shape) and (asked.way or asked.grid):
        flag = "interpolate" if asked.way else "grid"
        raise UsageError(f"--{flag} is for images; {spec.title}: this generator draws points, which have one picture together")
    height, width, channels = spec.shape
    each = 1 if not asked.way else asked.steps if asked.suffix == ".png" else show.STOPS * show.FRAMES
    if asked.n * each * height * width * channels > MOST_NUMBERS:
        raise UsageError(f"{asked.n} at once are too many of {width} x {height} pixels; ask for fewer, with several seeds")
    if asked.suffix == ".npz" or points.are(spec.shape):
        return
    rows, columns = asked.grid or show.square(asked.n)
    if asked.way and asked.suffix == ".png":
        rows, columns = asked.n, asked.steps
    sides = rows * height, columns * width
    if max(sides) > LONGEST_SIDE or sides[0] * sides[1] > MOST_PIXELS:
        raise UsageError(
            f"a picture of {rows} x {columns} images of {width} x {height} pixels is too large; ask for fewer, or for arrays "
            "(--out=FILE.npz)"
        )


def _default_out(workdir, kind, asked):
    words = [kind, *([asked.way] if asked.way else []), *(["label" + ",".join(map(str, asked.labels))] if asked.labels else [])]
    return workdir.samples / f"{'-'.join(words)}-seed{asked.seed}.png"


def _body(values):
    given = {name: values[name].value for _, name, _, _ in _FLAGS}
    place, name, dataset, kind = (given.pop(name) for name in ("workdir", "experiment", "dataset", "generator"))
    if not (place or name):
        raise UsageError(
            "--workdir=DIR is missing: the folder of the run whose generator is looked at; or --experiment=NAME for one that "
            "comes with the program"
        )
    if place and (name or dataset):
        flag = "experiment" if name else "dataset"
        raise UsageError(f"--{flag} is for generators that come with the program; --workdir={place} is a run of its own")
    asked = request(**given)
    from gan_repro import shipped
    from gan_repro.runs import trained
    from gan_repro.system import tensorflow_setup

    run = trained.from_folder(place) if place else shipped.load(name, dataset)
    kind = run.kinds()[0] if kind is None else shipped.choose_weights(run, kind)
    out = asked.out or _default_out(run.workdir, kind, asked)
    files.check_writable(out)
    _fit(asked, run.source.spec)
    if name:
        print(f"this generator comes with the program: {shipped.said(shipped.find(name, dataset))}", flush=True)
    print("starting TensorFlow ...", flush=True)
    tensorflow_setup.prepare()
    write(out, run, kind, asked)
    what = f"{asked.n} walk{'s' * (asked.n > 1)}" if asked.way else f"{asked.n} sample{'s' * (asked.n > 1)}"
    print(f"wrote {out}: {what}, generator {kind}, seed {asked.seed}")


def write(out, run, kind, asked):
    """Writes what a Request asks for to the file `out`, whole or not at all; says so where the walks leave the prior's support.

    Raises:
      UsageError: labels for a generator that sees none.
      RunError: the weights are damaged, or the file cannot be written.
    """
    from gan_repro.figures import show

    if asked.way and run.prior().leaves_support(asked.way):
        other = next(way for way in WAYS if way != asked.way)
        print(
            f"note: z is {run.prior().kind} here: {asked.way} walks can leave the region that the generator was trained on; "
            f"--interpolate={other} stays in it",
            file=sys.stderr,
        )
    if asked.suffix == ".npz":
        show.arrays(out, run, kind, asked.n, asked.seed, asked.labels)
    elif asked.suffix == ".gif":
        show.animation(out, run, kind, asked.n, asked.grid, asked.seed, asked.way, asked.labels)
    elif asked.way:
        show.strips(out, run, kind, asked.n, asked.steps, asked.seed, asked.way, asked.labels)
    else:
        show.grid(out, run, kind, asked.n, asked.seed, asked.labels, asked.grid)


def main(argv):
    """Runs the program; returns its exit code (0 done, 1 failed, 2 wrong usage)."""
    return run_main(_define_flags, _body, argv, USAGE)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
