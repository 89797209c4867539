"""The figures of a finished run, from its weights, data and curves. How a figure looks is in figures.py."""

import numpy as np

from gan_repro.evaluation import neighbours
from gan_repro.reporting import figures

ROWS, COLUMNS = 4, 5  # Figure 2 of Goodfellow et al. 2014: 4 rows of 5 samples and one training image
STRIPS, STEPS = 4, 10  # Figure 3 shows two strips of about ten digits; four say more


def caption(run, kind):
    """What a figure of a run's images says below or above them."""
    names = {"best": "best by validation", "last": "last"}
    return f"{run.experiment.model(run.config.preset)} on {run.source.spec.title}; generator: {names.get(kind, kind)}"


def nearest_neighbours(run, kind):
    """Writes figures/samples-KIND.png: random samples; the last column is the training image nearest to the fifth one.

    Nearest by squared L2 in the space that the networks see, over the training images (goodfeli/adversarial,
    show_samples_mnist_paper.py). The samples are not selected: they are the first ones of the run's evaluation.
    """
    samples = run.samples(kind, ROWS * COLUMNS)
    train = run.source.scaled("train")
    nearest = train[neighbours.nearest(samples[COLUMNS - 1 :: COLUMNS], train)[0][:, 0]]
    path = run.workdir.figures / f"samples-{kind}.png"
    figures.nearest_grid(path, samples, nearest, *run.source.spec.scaling.shown(samples), caption(run, kind))


def samples(run, kind):
    """Writes figures/samples-KIND.png: a hundred random samples, not selected: the first ones of the run's evaluation."""
    images = run.samples(kind, 100)
    shown = run.source.spec.scaling.shown(images)
    figures.sample_grid(run.workdir.figures / f"samples-{kind}.png", images, 10, 10, caption(run, kind), *shown)


def interpolation(run, kind):
    """Writes figures/interpolation-KIND.png: straight lines in z space between random pairs of points.

    A conditional generator draws class 0 in the first strip, class 1 in the second, ...
    """
    from gan_repro import priors, randomness

    ends = run.prior().draw(2 * STRIPS, randomness.seed_pair(run.config.seed, 0, randomness.FIGURE)).numpy()
    z = np.concatenate([priors.line(a, b, STEPS) for a, b in zip(ends[::2], ends[1::2])])
    images = run.images(kind, z, np.repeat(np.arange(STRIPS), STEPS))
    strips = images.reshape(STRIPS, STEPS, *images.shape[1:])
    title = f"{caption(run, kind)}. Linear interpolation in z"
    shown = run.source.spec.scaling.shown(images)
    figures.interpolation_strips(run.workdir.figures / f"interpolation-{kind}.png", strips, *shown, title)


def class_rows(run, kind, columns=20):
    """Writes figures/classes-KIND.png: a row for each class, the same z down each column (Figure 2 of CGAN)."""
    from gan_repro import randomness

    classes = run.source.spec.classes
    z = run.prior().draw(columns, randomness.seed_pair(run.config.seed, 1, randomness.FIGURE)).numpy()
    images = run.images(kind, np.tile(z, (classes, 1)), np.repeat(np.arange(classes), columns), run.config.seed)
    title = f"{caption(run, kind)}. A row for each label, the same z down each column"
    shown = run.source.spec.scaling.shown(images)
    figures.sample_grid(run.workdir.figures / f"classes-{kind}.png", images, classes, columns, title, *shown)


def averages(run, kinds, n=10):
    """Writes figures/averages.png: the same z through every generator of the run, one row each; nothing for a single one."""
    if len(kinds) < 2:
        return
    rows = np.concatenate([run.samples(kind, n) for kind in kinds])
    title = f"{caption(run, kinds[0])}, then the same z through: {', '.join(kinds[1:])}"
    shown = run.source.spec.scaling.shown(rows)
    figures.sample_grid(run.workdir.figures / "averages.png", rows, len(kinds), n, title, *shown)


def curves(run):
    """Writes figures/curves.png: losses, D's readings, validation."""
    title = f"{run.experiment.model(run.config.preset)} on {run.source.spec.title}, seed {run.config.seed}"
    figures.training_curves(run.workdir.figures / "curves.png", run.curves, title)
