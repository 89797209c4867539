"""What a user asks to see of a generator: grids of samples, walks through z space, raw arrays. One network, no training data.

How a picture is laid out is in grids.py; the papers' own figures are in draw.py; flags are in sample.py. TensorFlow is
imported once work begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_repro.data.scaling import to_pixels
from gan_repro.data.source import Source
from gan_repro.evaluation import neighbours
from gan_repro.figures import draw, grids, points
from gan_repro.figures.catalogue import Run
from gan_repro.system import files
from gan_repro.system.errors import UsageError

if TYPE_CHECKING:
    import keras

STOPS = 6  # of a closed walk; an open one goes from the first to the second
FRAMES = 12  # from stop to stop: a second, at grids.animation's 80 ms
NO_INK = 0.05  # mean brightness of places below which a reader sees black
AT_ONCE = 100  # images computed at a time
WIDEST = 100  # columns of a row for each label


def _images(
    run: Run, kind: str, z: np.ndarray, listed: Sequence[int], repeats: int = 1, seed: int | None = None
) -> tuple[np.ndarray, np.ndarray | None]:
    """(images, labels): what the generator makes of z float32 (n * repeats, d); `repeats` successive z are a walk.

    A walk keeps its label, and without a seed its dropout mask.

    Args:
      listed: the labels to go through, again and again; () for all classes.
      seed: as in sampling.images_of.

    Returns:
      float32 (n * repeats, h, w, c), and int32 (n * repeats,), or None for a generator that sees no labels.

    Raises:
      UsageError: labels were given and the generator sees none.
    """
    network = run.generator(kind)
    labels = _labels(run, network, len(z), listed, repeats)
    return run.images(kind, z, labels, seed=seed, strips=len(z) // repeats if repeats > 1 else 1), labels


def _labels(run, network, n, listed, repeats=1):
    """int32 (n,): the labels of n images, each `repeats` times in turn; None, and as `_images` raises."""
    if len(network.inputs) > 1:
        cycle = np.array(listed or range(run.source.spec.classes), np.int32)
        return np.repeat(np.resize(cycle, n // repeats), repeats)
    if listed:
        raise UsageError(f"--label: the generator of {run.experiment.name} sees no labels; leave the flag out")
    return None


def _samples(run, kind, n, seed, listed):
    """(images, labels) as `_images`, of the first n samples of a seed."""
    network = run.generator(kind)
    labels = _labels(run, network, n, listed)
    return run.prior().images(network, n, seed, labels, at_once=AT_ONCE), labels


def _shown(run: Run, images: np.ndarray) -> tuple[float, float]:
    return run.source.spec.scaling.shown(images)


def grid(
    path: str | Path, run: Run, kind: str, n: int, seed: int, listed: Sequence[int] = (), shape: tuple[int, int] | None = None
) -> None:
    """Writes a PNG with n samples: a grid of images with the frame that the networks may see, or a cloud of points.

    Args:
      path: the file.
      run: runs.trained.Finished; of its source only the Spec is asked.
      kind: one of run.kinds().
      n: how many.
      seed: sample j is a function of (seed, j), the weights and its label alone.
      listed: labels for a conditional generator, () for all its classes: sample j has label listed[j % len(listed)].
      shape: (rows, columns), rows * columns >= n, filled in reading order. None: a row for each label where there are
        several (and WIDEST columns are enough), else as square as n allows. Points have no grid.
    """
    images, labels = _samples(run, kind, n, seed, listed)
    title = f"{draw.caption(run, kind)}. {run.prior().what} of seed {seed}"
    if points.are(run.source.spec.shape):
        points.cloud(path, images, points.real_of(run.source), labels, title + draw.masks(run, kind))
        return
    distinct = 1 if labels is None else len(listed) or run.source.spec.classes
    by_label = 1 < distinct <= n <= WIDEST * distinct and shape in (None, (distinct, -(-n // distinct)))
    rows, columns = shape or ((distinct, -(-n // distinct)) if by_label else square(n))
    black, white = _shown(run, images)
    cells = np.full((rows * columns, *images.shape[1:]), white, np.float32)
    j = np.arange(n)
    cells[j % distinct * columns + j // distinct if by_label else j] = images
    title += f"{'. A row for each label' if by_label else ''}{draw.masks(run, kind)}"
    grids.sample_grid(path, cells, rows, columns, title, black, white)


def square(n: int) -> tuple[int, int]:
    """(rows, columns) of the squarest grid that holds n images."""
    columns = int(np.ceil(np.sqrt(n)))
    return -(-n // columns), columns


def _stops(run: Run, walks: int, seed: int) -> np.ndarray:
    """float32 (walks, STOPS, d): where the walks go; walk j is a function of (seed, j) alone."""
    from gan_repro.system import randomness

    prior = run.prior()
    return np.stack([prior.draw(STOPS, randomness.seed_pair(seed, j, randomness.WALK)).numpy() for j in range(walks)])


def walks_of(run: Run, walks: int, steps: int, seed: int, way: str) -> np.ndarray:
    """z float32 (walks, steps, d) of the walks of `strips`."""
    from gan_repro.latent import priors

    return np.stack([priors.PATHS[way](stops[0], stops[1], steps) for stops in _stops(run, walks, seed)])


def strips(
    path: str | Path, run: Run, kind: str, walks: int, steps: int, seed: int, way: str, listed: Sequence[int] = ()
) -> None:
    """Writes a PNG with a strip for each walk between two random points of z space, both of them shown.

    Args:
      path, run, kind, listed: as for `grid`; a walk keeps its label, walk j has listed[j % len(listed)]. Where G keeps
        dropout on, a walk keeps its mask, too.
      walks: how many.
      steps: images of a walk, >= 2.
      seed: walk j is a function of (seed, j), the weights and its label alone.
      way: one of priors.PATHS.
    """
    images, _ = _images(run, kind, np.concatenate(walks_of(run, walks, steps, seed, way)), listed, steps)
    title = f"{draw.caption(run, kind)}. {way.capitalize()} interpolation in z of seed {seed}"
    title += draw.masks(run, kind, walk=True)
    grids.interpolation_strips(path, images.reshape(walks, steps, *images.shape[1:]), *_shown(run, images), title)


def point(path: str | Path, run: Run, kind: str, share: float, seed: int, way: str, listed: Sequence[int] = ()) -> None:
    """Writes a PNG with one image: `share` (0 to 1) of the way along the first of the walks of `strips`."""
    from gan_repro.latent import priors

    start, end = _stops(run, 1, seed)[0, :2]
    z = priors.PATHS[way](start, end, 101)[[round(100 * share)]]
    images, _ = _images(run, kind, z, listed)
    title = f"{draw.caption(run, kind)}. {share:.0%} of the way from one z of seed {seed} to another, {way} interpolation"
    grids.sample_grid(path, images, 1, 1, title, *_shown(run, images))


def walks_and_neighbours(
    path: str | Path, run: Run, kind: str, source: Source, walks: int, steps: int, seed: int, listed: Sequence[int] = ()
) -> None:
    """Writes a PNG with the walks of `strips` along each of priors.PATHS, and below each the training images nearest to it.

    The walks between the same two z have one label, and where G keeps dropout on one mask.

    Args:
      source: whose training images, of the size of the run's own data, in [0, 1] (scaling.UNIT); data/source.py.
      path, run, kind, walks, steps, seed, listed: as for `strips`.

    Raises:
      DataError: what the run's networks see does not lead back to pixels.
    """
    from gan_repro.evaluation.pixels import Pixels
    from gan_repro.latent import priors

    run = Pixels(run)
    z = np.stack([walks_of(run, walks, steps, seed, way) for way in priors.PATHS], axis=1)
    images, labels = _images(run, kind, z.reshape(-1, z.shape[-1]), listed, len(priors.PATHS) * steps)
    nearest, _ = neighbours.in_training_images(images, source)
    rows = np.stack([each.reshape(-1, steps, *images.shape[1:]) for each in (images, nearest)], axis=1)
    asked = [[]] * walks if labels is None else [[f"label {label}"] for label in labels[:: len(labels) // walks]]
    beside = [words for own in asked for way in priors.PATHS for words in ([*own, way], ["nearest"])]
    same = ", one dropout mask for each pair of ends" if draw.masks(run, kind) else ""
    title = f"{draw.caption(run, kind)}. Walks between pairs of z of seed {seed}{same}; below each walk "
    title += f"the nearest of {source.spec.sizes['train']:,} training images of {source.spec.title}"
    grids.sample_grid(path, rows.reshape(-1, *images.shape[1:]), len(beside), steps, title, labels=beside)


def off_prior(
    path: str | Path, run: Run, kind: str, factors: Sequence[float], rows: int, seed: int, listed: Sequence[int] = ()
) -> None:
    """Writes a PNG with a row for each of some z of the prior, and a column for each factor that z is multiplied by.

    Args:
      factors: numbers; 1 is the z itself, 0 the middle of z space.
      path, run, kind, seed, listed: as for `grid`; a row keeps its label.
      rows: how many z.
    """
    from gan_repro.latent import sampling

    z = sampling.draw(run.prior(), rows, seed)
    z = (z[:, None] * np.asarray(factors, np.float32)[:, None]).reshape(-1, z.shape[1])
    images, _ = _images(run, kind, z, listed, len(factors))
    names = ", ".join(f"{factor:g}" for factor in factors)
    title = f"{draw.caption(run, kind)}. In each row one z, times {names}{draw.masks(run, kind, walk=True)}"
    grids.sample_grid(path, images, rows, len(factors), title, *_shown(run, images))


def label_morphs(path: str | Path, run: Run, kind: str, pairs: Sequence[tuple[int, int]], steps: int, seed: int) -> None:
    """Writes a PNG with a strip for each pair of labels: from one to the other in equal shares, with the same z all along.

    Args:
      path, run, kind: as for `grid`, of a conditional generator.
      pairs: sequence of (label, label).
      steps: images of a strip, >= 2.
      seed: strip j has the z of sample j of `grid`.

    Raises:
      ValueError: the generator sees no labels.
    """
    from gan_repro.latent import priors, sampling

    corners = np.eye(run.source.spec.classes)
    shares = np.concatenate([priors.line(corners[a], corners[b], steps) for a, b in pairs])
    z = np.repeat(sampling.draw(run.prior(), len(pairs), seed), steps, axis=0)
    images = sampling.images_of(sampling.with_shares(run.generator(kind)), z, shares, strips=len(pairs))
    strips_ = images.reshape(len(pairs), steps, *images.shape[1:])
    names = ", ".join(f"{a} to {b}" for a, b in pairs)
    title = f"{draw.caption(run, kind)}. From label to label: {names}{draw.masks(run, kind, walk=True)}"
    grids.interpolation_strips(path, strips_, *_shown(run, images), title)


def kernels(path: str | Path, network: keras.Model, layer: str, title: str) -> None:
    """Writes a PNG with the kernels of a convolution that sees pixels: grey is 0, each kernel scaled to its largest weight.

    Args:
      network: Keras model; its `layer` has a kernel (h, w, 1 or 3, n).
      title: a line above.
    """
    kernel = np.moveaxis(network.get_layer(layer).get_weights()[0], -1, 0)
    kernel = kernel / np.maximum(np.abs(kernel).max(axis=(1, 2, 3), keepdims=True), 1e-12)
    rows, columns = square(len(kernel))
    enlarged = kernel.repeat(4, axis=1).repeat(4, axis=2)
    grids.sample_grid(path, enlarged, rows, columns, title, -1.0, 1.0)


def strongest(
    path: str | Path,
    network: keras.Model,
    images: np.ndarray,
    labels: np.ndarray | None,
    shown: tuple[float, float],
    title: str,
    n: int = 8,
    rows: int = 12,
) -> None:
    """Writes a PNG with a row for each of the first maps of D's last convolution: the places that excite it most.

    Beside a map whose places are nearly black stands why.

    Args:
      network: D, convolutional.discriminator.
      images: float32 (m, h, w, c), as D sees them; labels: int (m,), or None for a D that sees none.
      shown: (black, white) of the images.
      title: a line above.
      n: places in a row, of as many different images.
      rows: maps shown.
    """
    from gan_repro.evaluation import features

    found = features.strongest(network, images, labels, n)[:rows]
    black, white = shown
    ink = ((found - black) / (white - black)).mean(axis=(1, 2, 3, 4))
    beside = [["answers most where there is next to no ink"] if share < NO_INK else [] for share in ink]
    title = f"{title}. A row for each of the first {len(found)} maps"
    grids.sample_grid(path, found.reshape(-1, *found.shape[2:]), len(found), n, title, *shown, beside if any(beside) else ())


def animation(
    path: str | Path,
    run: Run,
    kind: str,
    walks: int,
    shape: tuple[int, int] | None,
    seed: int,
    way: str,
    listed: Sequence[int] = (),
) -> None:
    """Writes a GIF of closed walks through STOPS random points of z space each, side by side; it goes on for ever.

    Args:
      shape: (rows, columns), or None: as square as possible.
      path, run, kind, walks, seed, way, listed: as for `strips`; a walk begins with the two points that `strips` joins.
    """
    from gan_repro.latent import priors

    z = np.concatenate([priors.loop(stops, FRAMES, way) for stops in _stops(run, walks, seed)])
    images, _ = _images(run, kind, z, listed, STOPS * FRAMES)
    frames = images.reshape(walks, STOPS * FRAMES, *images.shape[1:]).swapaxes(0, 1)
    rows, columns = shape or square(walks)
    grids.animation(path, frames, rows, columns, *_shown(run, images))


def arrays(path: str | Path, run: Run, kind: str, n: int, seed: int, listed: Sequence[int] = ()) -> None:
    """Writes an .npz file that `--dataset=npz:PATH` reads: the samples that `grid` shows, in order.

    `images` uint8 (n, h, w, c), 0..255, of the size of the run's own data, without a frame; `z` float32 (n, d), where there is
    one; `labels` int32 (n,) if the generator is conditional. Each image is turned into pixels alone. Where the networks see
    contrast-normalised images, its mean and contrast were never theirs to make: its largest absolute value becomes 0 or 255.
    Points have no pixels: they stand there as they are, as `points` float32 (n, d) in place of `images`.
    """
    images, labels = _samples(run, kind, n, seed, listed)
    held: dict[str, Any]
    if points.are(run.source.spec.shape):
        held = {"points": images.reshape(n, -1)}
    else:
        images = getattr(run.source, "cropped", lambda framed: framed)(images)
        held = {"images": np.stack([to_pixels(image, *_shown(run, image)) for image in images])}
    held |= run.prior().noise(n, seed) | ({} if labels is None else {"labels": labels})
    with files.replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **held)
