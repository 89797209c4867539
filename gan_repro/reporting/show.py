"""What a user asks to see of a generator: grids of samples, walks through z space, raw arrays. One network, no training data.

How a picture is laid out is in figures.py; the papers' own figures are in draw.py; flags are in sample.py. TensorFlow is
imported once work begins.
"""

import numpy as np

from gan_repro import files
from gan_repro.errors import UsageError
from gan_repro.reporting import draw, figures
from gan_repro.scaling import to_pixels

STOPS = 6  # of a closed walk; an open one goes from the first to the second
FRAMES = 12  # from stop to stop: a second, at figures.animation's 80 ms
WIDEST = 100  # columns of a row for each label


def _images(run, kind, z, listed, repeats=1, seed=None):
    """(images, labels): what the generator makes of z float32 (n * repeats, d); `repeats` successive z share a label.

    Args:
      listed: the labels to go through, again and again; () for all classes.
      seed: as in sampling.images_of.

    Returns:
      float32 (n * repeats, h, w, c), and int32 (n * repeats,), or None for a generator that sees no labels.

    Raises:
      UsageError: labels were given and the generator sees none.
    """
    from gan_repro import sampling

    network = run.generator(kind)
    if len(network.inputs) > 1:
        cycle = np.array(listed or range(run.source.spec.classes), np.int32)
        labels = np.repeat(np.resize(cycle, len(z) // repeats), repeats)
    elif listed:
        raise UsageError(f"--label: the generator of {run.experiment.name} sees no labels; leave the flag out")
    else:
        labels = None
    return sampling.images_of(network, z, labels, seed=seed), labels


def _shown(run, images):
    return run.source.spec.scaling.shown(images)


def grid(path, run, kind, n, seed, listed=(), shape=None):
    """Writes a PNG with n samples.

    Args:
      path: the file.
      run: finished.Finished; of its source only the Spec is asked.
      kind: one of run.kinds().
      n: how many.
      seed: sample j is a function of (seed, j), the weights and its label alone.
      listed: labels for a conditional generator, () for all its classes: sample j has label listed[j % len(listed)].
      shape: (rows, columns), rows * columns >= n, filled in reading order. None: a row for each label where there are
        several (and WIDEST columns are enough), else as square as n allows.
    """
    from gan_repro import sampling

    images, labels = _images(run, kind, sampling.draw(run.prior(), n, seed), listed, seed=seed)
    distinct = 1 if labels is None else len(listed) or run.source.spec.classes
    by_label = 1 < distinct <= n <= WIDEST * distinct and shape in (None, (distinct, -(-n // distinct)))
    rows, columns = shape or ((distinct, -(-n // distinct)) if by_label else square(n))
    black, white = _shown(run, images)
    cells = np.full((rows * columns, *images.shape[1:]), white, np.float32)
    j = np.arange(n)
    cells[j % distinct * columns + j // distinct if by_label else j] = images
    title = f"{draw.caption(run, kind)}. Seed {seed}{'. A row for each label' if by_label else ''}"
    figures.sample_grid(path, cells, rows, columns, title, black, white)


def square(n):
    """(rows, columns) of the squarest grid that holds n images."""
    columns = int(np.ceil(np.sqrt(n)))
    return -(-n // columns), columns


def _stops(run, walks, seed):
    """float32 (walks, STOPS, d): where the walks go; walk j is a function of (seed, j) alone."""
    from gan_repro import randomness

    prior = run.prior()
    return np.stack([prior.draw(STOPS, randomness.seed_pair(seed, j, randomness.WALK)).numpy() for j in range(walks)])


def strips(path, run, kind, walks, steps, seed, way, listed=()):
    """Writes a PNG with a strip for each walk between two random points of z space, both of them shown.

    Args:
      path, run, kind, listed: as for `grid`; a walk keeps its label, walk j has listed[j % len(listed)].
      walks: how many.
      steps: images of a walk, >= 2.
      seed: walk j is a function of (seed, j), the weights and its label alone.
      way: one of priors.PATHS.
    """
    from gan_repro import priors

    z = np.concatenate([priors.PATHS[way](*stops[:2], steps) for stops in _stops(run, walks, seed)])
    images, _ = _images(run, kind, z, listed, steps)
    title = f"{draw.caption(run, kind)}. {way.capitalize()} interpolation in z. Seed {seed}"
    figures.interpolation_strips(path, images.reshape(walks, steps, *images.shape[1:]), *_shown(run, images), title)


def animation(path, run, kind, walks, shape, seed, way, listed=()):
    """Writes a GIF of closed walks through STOPS random points of z space each, side by side; it goes on for ever.

    Args:
      shape: (rows, columns), or None: as square as possible.
      path, run, kind, walks, seed, way, listed: as for `strips`; a walk begins with the two points that `strips` joins.
    """
    from gan_repro import priors

    z = np.concatenate([priors.loop(stops, FRAMES, way) for stops in _stops(run, walks, seed)])
    images, _ = _images(run, kind, z, listed, STOPS * FRAMES)
    frames = images.reshape(walks, STOPS * FRAMES, *images.shape[1:]).swapaxes(0, 1)
    figures.animation(path, frames, *(shape or square(walks)), *_shown(run, images))


def arrays(path, run, kind, n, seed, listed=()):
    """Writes an .npz file that `--dataset=npz:PATH` reads: the samples that `grid` shows, in order.

    `images` uint8 (n, h, w, c), 0..255; `z` float32 (n, d); `labels` int32 (n,) if the generator is conditional. Each image
    is turned into pixels alone. Where the networks see contrast-normalised images, its mean and contrast were never
    theirs to make: its largest absolute value becomes 0 or 255.
    """
    from gan_repro import sampling

    z = sampling.draw(run.prior(), n, seed)
    images, labels = _images(run, kind, z, listed, seed=seed)
    pixels = np.stack([to_pixels(image, *_shown(run, image)) for image in images])
    held = {"images": pixels, "z": z} | ({} if labels is None else {"labels": labels})
    with files.replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **held)
