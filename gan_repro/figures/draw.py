"""The figures of a finished run, from its weights, data and curves. How a figure looks is in grids.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gan_repro.evaluation import neighbours
from gan_repro.evaluation.measurement import PARZEN, Measurement
from gan_repro.figures import chains, densities, grids, points, sheets
from gan_repro.figures.catalogue import Run
from gan_repro.figures.curves import title_of_run, training_curves, wrapped
from gan_repro.papers import weights_names

if TYPE_CHECKING:
    from gan_repro.evaluation.arithmetic import Statistic, Trial  # which import TensorFlow

ROWS, COLUMNS = 4, 5  # Figure 2 of Goodfellow et al. 2014: 4 rows of 5 samples and one training image
STRIPS, STEPS = 4, 10  # Figure 3 shows two strips of about ten digits; four say more
WALKS, WALK_POINTS, WALK_STEPS = 6, 9, 3  # Figure 4 of Radford et al. 2015: nine random z in a row
TRIALS_SHOWN = 3
CHAIN = 10, 20  # rows and columns of consecutive samples; yaoli/GSN shows twice as many rows
HEADING = 140  # pixels: how wide the words above a column of the arithmetic may be


def run_title(run: Run) -> str:
    """Which run a figure is of, such as "WGAN, MLP generator on MNIST: quick-mlp preset, 25 epochs, seed 0"."""
    config = run.config
    planned = getattr(config.recipe, "total_epochs", 0)
    return title_of_run(run.model.title, run.source.spec.title, config.preset, run.epochs, config.seed, run.settings, planned)


def caption(run: Run, kind: str) -> str:
    """What a figure of a run's images says below or above them: the run, and which of its generators."""
    ours = ", not in the paper" if weights_names.is_average(kind) else ""
    return f"{run_title(run)}; {weights_names.title(kind)}{ours}"


def masks(run: Run, kind: str, walk: bool = False) -> str:
    """What is to be said of a generator that keeps dropout on when samples are drawn; "" of another one.

    `walk`: whether the images of a row are to share their mask.
    """
    from gan_repro.latent import sampling

    if not sampling.keeps_dropout(run.generator(kind)):
        return ""
    return ", one dropout mask for each row" if walk else ", every image with a dropout mask of its own"


def _shown(run: Run, images: np.ndarray) -> tuple[float, float]:
    """(black, white) of a run's images."""
    return run.source.spec.scaling.shown(images)


def nearest_neighbours(run: Run, kind: str) -> None:
    """Writes figures/samples-KIND.png: random samples; the last column is the training image nearest to the fifth one.

    Nearest by squared L2 in the space that the networks see, over the training images (goodfeli/adversarial,
    show_samples_mnist_paper.py). The samples are not selected: they are the first ones of the run's evaluation. Where
    training images have a folder of their own (Finished.figures_of_data), that figure goes there, and one of the samples
    alone to figures/.
    """
    samples = run.samples(kind, ROWS * COLUMNS)
    found, _ = neighbours.in_training_images(samples[COLUMNS - 1 :: COLUMNS], run.source)
    shown = _shown(run, samples)
    path, whole = (folder / f"samples-{kind}.png" for folder in (run.workdir.figures, run.figures_of_data))
    grids.nearest_grid(whole, samples, found, *shown, caption(run, kind))
    if path != whole:
        grids.sample_grid(path, samples, ROWS, COLUMNS, caption(run, kind), *shown)


def samples(run: Run, kind: str) -> None:
    """Writes figures/samples-KIND.png: a hundred random samples, not selected: the first ones of the run's evaluation.

    Of points there are points.SHOWN, in front of real ones.
    """
    from gan_repro.latent.sampling import balanced_labels

    path, title = run.workdir.figures / f"samples-{kind}.png", caption(run, kind)
    if points.are(run.source.spec.shape):
        labels = balanced_labels(points.SHOWN, run.source.spec.classes) if run.conditional() else None
        points.cloud(path, run.samples(kind, points.SHOWN, labels=labels), points.real_of(run.source), labels, title)
        return
    images = run.samples(kind, 100)
    grids.sample_grid(path, images, 10, 10, title, *_shown(run, images))


def interpolation(run: Run, kind: str) -> None:
    """Writes figures/interpolation-KIND.png: straight lines in z space between random pairs of points.

    A conditional generator draws class 0 in the first strip, class 1 in the second, ...
    """
    _strips(run, kind, "interpolation", STRIPS, 2, STEPS - 1, 0, "Linear interpolation in z")


def walk(run: Run, kind: str) -> None:
    """Writes figures/walk-KIND.png: in each row a walk through nine random z, straight from each to the next.

    A conditional generator draws class 0 in the first row, class 1 in the second, ... (Figure 4 of Radford et al. 2015).
    """
    _strips(run, kind, "walk", WALKS, WALK_POINTS, WALK_STEPS, 2, f"Each row: straight lines through {WALK_POINTS} random z")


def _strips(run: Run, kind: str, name: str, rows: int, points: int, steps: int, draw: int, title: str) -> None:
    """Writes figures/NAME-KIND.png: rows through `points` random z each, `steps` from one to the next; `draw`: whose z."""
    from gan_repro.latent import priors
    from gan_repro.system import randomness

    pair = randomness.seed_pair(run.config.seed, draw, randomness.FIGURE)
    corners = run.prior().draw(rows * points, pair).numpy().reshape(rows, points, -1)
    paths = [priors.through(row, steps) for row in corners]
    labels = np.repeat(np.arange(rows) % max(1, run.source.spec.classes), len(paths[0]))
    images = run.images(kind, np.concatenate(paths), labels, strips=rows)
    strips = images.reshape(rows, -1, *images.shape[1:])
    path = run.workdir.figures / f"{name}-{kind}.png"
    title = f"{caption(run, kind)}. {title}{masks(run, kind, walk=True)}"
    grids.interpolation_strips(path, strips, *_shown(run, images), title)


def latent_sheet(run: Run, kind: str, path: Path, weights_sha256: str) -> None:
    """Writes a sheets.Sheet: what the generator `kind` makes of a surface of z, for a page on which one moves through it.

    Its nodes are draws of z, not selected; between them z goes along arcs where its prior's support is no cube, else along
    straight lines. A conditional generator has the same surface for each label. Dropout masks are the same in all images.
    """
    from gan_repro.latent import priors
    from gan_repro.system import randomness

    spec, prior = run.source.spec, run.prior()
    labels = spec.classes if run.conditional() else 0
    legs, steps = sheets.lattice(spec.shape, labels)
    way = next(name for name in ("spherical", "linear") if not prior.leaves_support(name))
    pair = randomness.seed_pair(run.config.seed, 3, randomness.FIGURE)
    nodes = prior.draw((legs + 1) ** 2, pair).numpy().reshape(legs + 1, legs + 1, -1)
    z = priors.sheet(nodes, steps, way)
    flat, copies = z.reshape(-1, z.shape[-1]), max(1, labels)
    images = run.images(kind, np.tile(flat, (copies, 1)), np.repeat(np.arange(copies), len(flat)))
    told = sheets.Sheet(weights_sha256, caption(run, kind), len(z), steps, labels, spec.shape[0], spec.shape[1], way)
    sheets.write(path, told, images, *_shown(run, images))


def vector_arithmetic(run: Run, kind: str, trials: Sequence[Trial], statistics: Sequence[Statistic]) -> None:
    """Writes figures/arithmetic-KIND.png: the first of arithmetic.trials (Figure 7 of Radford et al. 2015)."""
    shown = trials[:TRIALS_SHOWN]
    blocks = [(trial.images, trial.means, trial.results, trial.pixels) for trial in shown]
    first, second = (statistic.concept for statistic in statistics)
    headings = [f"A: {first}", "\N{MINUS SIGN} B: plain", f"+ C: {second}", f"= {first} and {second}?"]
    legend = (
        "Three exemplars of each concept, picked by what is measured on the images; outlined: the image of their mean z, and "
        "that of mean(A) \N{MINUS SIGN} mean(B) + mean(C), with uniform noise of \N{PLUS-MINUS SIGN}.25 in z around it. Below "
        "the results: the same arithmetic on the exemplars' pixels."
    )
    path = run.workdir.figures / f"arithmetic-{kind}.png"
    limits = _shown(run, trials[0].images)
    headings = ["\n".join(wrapped(heading, HEADING, 7.2)) for heading in headings]
    grids.arithmetic_sheet(path, blocks, headings, *limits, f"{caption(run, kind)}. Vector arithmetic", legend)


def class_rows(run: Run, kind: str, columns: int = 20) -> None:
    """Writes figures/classes-KIND.png: a row for each class, the same z down each column (Figure 2 of CGAN)."""
    from gan_repro.system import randomness

    classes = run.source.spec.classes
    z = run.prior().draw(columns, randomness.seed_pair(run.config.seed, 1, randomness.FIGURE)).numpy()
    images = run.images(kind, np.tile(z, (classes, 1)), np.repeat(np.arange(classes), columns), run.config.seed)
    title = f"{caption(run, kind)}. A row for each label, the same z down each column{masks(run, kind)}"
    shown = _shown(run, images)
    grids.sample_grid(run.workdir.figures / f"classes-{kind}.png", images, classes, columns, title, *shown)


def averages(run: Run, kinds: Sequence[str], measurements: Iterable[Measurement] = (), n: int = 10) -> None:
    """Writes figures/averages.png: the same z through every generator of the run, one row each; nothing for a single one.

    Beside each row stands which generator it is, and its log-likelihood where `measurements` have it.
    """
    if len(kinds) < 2:
        return
    rows = np.concatenate([run.samples(kind, n) for kind in kinds])
    nats = {str(each.subject): each.value for each in measurements if each.metric == PARZEN}
    labels = [(weights_names.title(kind), *([f"{nats[kind]:,.1f} nats"] if kind in nats else [])) for kind in kinds]
    title = f"{run_title(run)}. The same z down each column; means and averages of weights are not in the paper"
    if nats:
        title += "; nats: Parzen log-likelihood of test images"
    shown = _shown(run, rows)
    grids.sample_grid(run.workdir.figures / "averages.png", rows, len(kinds), n, title, *shown, labels)


def consecutive_samples(run: Run, kind: str) -> None:
    """Writes figures/chain-KIND.png: consecutive samples of the first chain in reading order, CHAIN rows and columns of them.

    They are the first ones of the run's evaluation, of a shorter chain all.
    """
    rows, columns = CHAIN
    prior = run.prior()
    n = min(rows * columns * prior.chains, run.config.recipe.n_samples)
    images = run.samples(kind, n)[: min(rows * columns, prior.length(n))]
    title = f"{caption(run, kind)}. Consecutive samples of one chain, in reading order"
    path = run.workdir.figures / f"chain-{kind}.png"
    grids.sample_grid(path, images, -(-len(images) // columns), columns, title, *_shown(run, images))


def classes_visited(run: Run, measurements: Iterable[Measurement]) -> None:
    """Writes figures/classes-visited.png: the curves of the measurements "classes_visited"; nothing where there are none."""
    lines: dict[str, chains.Visited] = {}
    references: list[str] = []
    for each in measurements:
        if each.metric == "classes_visited" and each.curve:
            name = weights_names.title(str(each.subject))
            drawn = each.curve if each.reference else {**each.curve, "apart": run.prior().thinning}
            same = next((other for other, line in lines.items() if line == drawn), None)
            if same is not None:  # the last weights are the best ones: one line would hide the other
                lines[f"{same}, {name}"] = lines.pop(same)
            else:
                lines[name] = drawn
                references += [name] if each.reference else []
    if lines:
        path, title = run.workdir.figures / "classes-visited.png", f"{run_title(run)}. Classes visited along a chain"
        chains.visited(path, lines, references, run.source.spec.classes, title)


def surface(run: Run, kind: str) -> None:
    """Writes figures/surface-KIND.png: level sets of the last D's output in the plane, test points and samples.

    The picture reaches half as far again as the data do, or as far as the samples.
    """
    samples, real = run.samples(kind, points.SURFACE), run.source.scaled("test", points.SURFACE)
    reach = 1.5 * float(max(np.abs(real).max(), np.abs(samples).max() / 1.5))
    along = np.linspace(-reach, reach, points.MESH, dtype=np.float32)
    mesh = np.stack(np.meshgrid(along, along), -1).reshape(-1, 1, 1, 2)
    values = np.asarray(run.discriminator()(mesh, training=False), np.float64).reshape(points.MESH, points.MESH)
    path = run.workdir.figures / f"surface-{kind}.png"
    named = "f" if run.model.d_output(run.config.recipe)[-1] == "score" else "the logit of D"
    points.surface(path, along, values, samples, real, f"{caption(run, kind)}. Level sets of {named}", named)


def densities_along(run: Run) -> None:
    """Writes figures/densities.png: points in the plane that G drew along the training; and of them figures/moments.npz."""
    found = [densities.Moment.read(path) for path in sorted(run.workdir.samples.glob("epoch-*.npz"))]
    along = [each for each in found if each.step < run.step]  # a longer training may have been in the folder
    last = densities.taken(run.step, run.samples("last", densities.KEPT))
    moments = densities.chosen([*along, last], run.source.scaled("test", densities.KEPT))
    moments.write(run.workdir.figures / "moments.npz")
    densities.strips(run.workdir.figures / "densities.png", {"density of G": moments}, run_title(run))


def depth(run: Run) -> None:
    """Writes figures/depth.png: norms of the gradient of D's output in each of its layers at test images, and its weights."""
    from gan_repro.networks import slopes

    network = run.discriminator()
    real = run.source.scaled("test", points.SURFACE)
    path = run.workdir.figures / "depth.png"
    kernels = {layer.name: np.asarray(layer.kernel, np.float64).ravel() for layer in slopes.weighted(network)}
    points.depth(path, slopes.through(network, real), kernels, f"{run_title(run)}. D's layers")


def curves(run: Run) -> None:
    """Writes figures/curves.png: losses, D's readings, validation."""
    recipe = run.config.recipe
    d_output = run.model.d_output(recipe)
    path = run.workdir.figures / "curves.png"
    training_curves(path, run.curves, run_title(run), d_output, recipe.total_epochs - recipe.epochs)
