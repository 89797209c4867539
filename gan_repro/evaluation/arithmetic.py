"""Vector arithmetic in z space, with concepts that are measured on the images instead of seen by eye.

The picture of it is drawn by figures.draw, the record's entries are made in representations.py.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike

from gan_repro.evaluation.measurement import Run
from gan_repro.latent.priors import Prior
from gan_repro.latent.sampling import images_of
from gan_repro.system import randomness

DRAWN = 1000  # z among which the exemplars are looked for
EXEMPLARS = 3  # for each concept
TRIALS = 10
HIGH, MIDDLE = 95.0, 50.0  # percentiles
NOISE = 0.25  # half the width of the uniform noise that makes the neighbours


def brightness(images: ArrayLike) -> np.ndarray:
    """Float64 (n,): the mean over pixels and channels of images (n, h, w, c) in [0, 1]."""
    return np.asarray(images, np.float64).mean(axis=(1, 2, 3))


def balance(images: ArrayLike) -> np.ndarray:
    """Float64 (n,), -1 to 1: how much brighter the right half is than the left one, in shares of both together."""
    columns = np.asarray(images, np.float64).sum(axis=(1, 3))
    half = columns.shape[1] // 2
    left, right = columns[:, :half].sum(axis=1), columns[:, -half:].sum(axis=1)
    return (right - left) / np.maximum(left + right, 1e-12)


def slant(images: ArrayLike) -> np.ndarray:
    """Float64 (n,): by how many pixels a shape leans to the right for each pixel upwards: -cov(x, y) / var(y) of its mass.

    For bright shapes on black, such as digits, which are centred already (LeCun et al. 1998), so that `balance` says little.
    """
    mass = np.asarray(images, np.float64).sum(axis=3)
    total = np.maximum(mass.sum(axis=(1, 2)), 1e-12)
    x, y = np.arange(mass.shape[2]), np.arange(mass.shape[1])
    rows, columns = mass.sum(axis=2), mass.sum(axis=1)
    mean_x, mean_y = columns @ x / total, rows @ y / total
    products = np.einsum("nyx,y,x->n", mass, y, x) / total - mean_x * mean_y
    return -products / np.maximum(rows @ y**2 / total - mean_y**2, 1e-12)


@dataclasses.dataclass(frozen=True)
class Statistic:
    """What is measured on an image. `concept`: what an image is called where it is high."""

    name: str
    concept: str
    of: Callable


BRIGHTNESS = Statistic("brightness", "bright", brightness)
BALANCE = Statistic("balance", "bright on the right", balance)
SLANT = Statistic("slant", "slanting to the right", slant)
STATISTICS = {statistic.name: statistic for statistic in (BRIGHTNESS, BALANCE, SLANT)}


def named(names: Iterable[str]) -> tuple[Statistic, ...]:
    """The statistics of these names, a tuple of Statistic."""
    return tuple(STATISTICS[name] for name in names)


def percentiles(values: ArrayLike, among: ArrayLike) -> np.ndarray:
    """Float64 (n,): the share, in %, of `among` (m,) that is below each value; equal ones count half."""
    among = np.sort(among)
    return 50 * (np.searchsorted(among, values, "left") + np.searchsorted(among, values, "right")) / len(among)


def exemplars(first: ArrayLike, second: ArrayLike, n: int = EXEMPLARS) -> np.ndarray:
    """The exemplars of A (high in the first, plain in the second), B (plain in both), C (plain, high).

    Those whose percentiles are nearest to (HIGH, MIDDLE), (MIDDLE, MIDDLE), (MIDDLE, HIGH), by Euclidean distance.

    Args:
      first, second: float (m,): two statistics of the same m images.
      n: exemplars of each.

    Returns:
      int64 (3, n): indices, the nearest first.
    """
    found = np.stack([percentiles(first, first), percentiles(second, second)], axis=1)
    targets = np.array([(HIGH, MIDDLE), (MIDDLE, MIDDLE), (MIDDLE, HIGH)])
    distances = np.linalg.norm(found[None] - targets[:, None], axis=2)
    return np.argsort(distances, axis=1, kind="stable")[:, :n]


@dataclasses.dataclass(frozen=True, eq=False)
class Trial:
    """One mean(A) - mean(B) + mean(C), among its own DRAWN z; images are as the generator makes them.

    Attributes:
      images: (3, EXEMPLARS, h, w, c): of the exemplars of A, B, C.
      means: (3, h, w, c): of the mean z of each.
      results: (9, h, w, c): of the arithmetic's z in the middle (4), of z with uniform noise around it.
      pixels: (h, w, c): the same arithmetic on the exemplars' images.
      percentiles: (2,): the result's statistics, among those of the DRAWN images, in %.
    """

    images: np.ndarray
    means: np.ndarray
    results: np.ndarray
    pixels: np.ndarray
    percentiles: np.ndarray


@functools.lru_cache(maxsize=1)  # the measure and the figure are of the same ones
def trials(run: Run, kind: str, statistics: tuple[Statistic, ...], n: int = TRIALS) -> list[Trial]:
    """Trials of the arithmetic of two statistics, each with other z; of a conditional generator also with the next label.

    Args:
      run: runs.trained.Finished; what the networks see must lead back to pixels in [0, 1].
      kind: of the generator.
      statistics: two of Statistic.
      n: how many trials.

    Returns:
      A list of Trial.

    Raises:
      DataError: what the networks see does not lead back to pixels.

    Source: Radford et al. 2015, section 6.3.2 and Figure 7, where exemplars of faces are picked by eye.
    """
    network, prior, seed = run.generator(kind), run.prior(), run.config.seed
    classes, unit = run.source.spec.classes, run.source.spec.scaling.unit
    found = []
    for trial in range(n):

        def make(z, trial=trial):
            return images_of(network, z, np.full(len(z), trial % max(1, classes)))

        def measure(images):
            return [statistic.of(unit(images)) for statistic in statistics]

        z = prior.draw(DRAWN, randomness.seed_pair(seed, trial, randomness.FIGURE, 1)).numpy()
        drawn = make(z)
        values = measure(drawn)
        chosen = exemplars(*values)
        means = z[chosen].mean(axis=1)
        result = means[0] - means[1] + means[2]
        pair = randomness.seed_pair(seed, trial, randomness.FIGURE, 2)
        noise = NOISE * Prior("uniform_-1_1", prior.size).draw(9, pair).numpy()
        noise[4] = 0
        images = make(np.concatenate([means, result + noise]))
        a, b, c = drawn[chosen].mean(axis=1)
        shares = [percentiles(own, among)[0] for own, among in zip(measure(images[7:8]), values)]
        found.append(Trial(drawn[chosen], images[:3], images[3:], a - b + c, np.array(shares)))
    return found
