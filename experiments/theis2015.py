"""Theis, van den Oord and Bethge 2015, "A note on the evaluation of generative models": what a Parzen estimate is worth.

Nothing is trained: training images, k-means centroids and the mean image stand in for samples in Table 1's estimator.
"""

import dataclasses

from gan_repro.data.scaling import UNIT, ContrastNormalised
from gan_repro.papers.experiment import Experiment, Published
from gan_repro.papers.recipe import Recipe, bounded


@dataclasses.dataclass(frozen=True, kw_only=True)
class SanityRecipe(Recipe):
    """The stand-ins.

    Attributes:
      centroids: k of k-means, over the training images; at most a quarter of their number, or most would be images.
      iterations: of Lloyd's algorithm from k random images.
      validation_images: sigma is chosen on the first so many (goodfeli/adversarial: parzen_ll.py, --limit_size 1000), on
        TFD in each fold.
      contrast_norm: images are contrast-normalised to this norm (scaling.ContrastNormalised); 0: pixels in [0, 1].
    """

    centroids: int = bounded(10_000, low=1, high=10**7)
    iterations: int = bounded(10, low=1, high=10**4)
    validation_images: int = bounded(1000, low=1, high=10**7)
    contrast_norm: float = bounded(0.0, low=0, high=1e6)


_RECIPES = {
    "paper": SanityRecipe(),
    "quick": SanityRecipe(centroids=1000),
    "smoke": SanityRecipe(centroids=100, iterations=2, n_samples=500),
}
# As the CIFAR-10 networks of Goodfellow et al. 2014 see them: their rows are to stand beside these.
_CIFAR10 = {preset: dataclasses.replace(recipe, contrast_norm=55.0) for preset, recipe in _RECIPES.items()}

DEVIATIONS = (
    "k-means stops after 10 iterations, from random images. How long the paper's ran is not known here.",
    "The mean of all training images as the only sample is not in the paper: it is what a model has to beat to say anything. "
    "Nor are all training images: k-means has seen them all, so 10,000 centroids know more than 10,000 images.",
    "The paper's table is on MNIST; the other data sets are ours. CIFAR-10 is contrast-normalised to norm 55, as the "
    "CIFAR-10 networks of Goodfellow et al. 2014 see it: nats in that space say nothing of nats of pixels in [0, 1].",
)

PAPER = "Theis et al. 2015, Table 1"
ALL = "all training images"  # as many data as the centroids are made of: without them the comparison would be unfair
OPEN = (
    "how many centroids the paper took, how long its k-means ran and on which images it chose σ is not known here; each of "
    "them moves the number"
)


def scaling(config):
    """Pixels in [0, 1], or contrast-normalised images where the recipe says so."""
    norm = config.recipe.contrast_norm
    return ContrastNormalised(norm) if norm else UNIT


def evaluate(run):
    """The log-likelihoods of all stand-ins, and a picture of each."""
    import numpy as np

    from gan_repro.evaluation import centroids, measure
    from gan_repro.figures import grids

    recipe, source = run.config.recipe, run.source
    rng = np.random.default_rng(run.config.seed)
    train = source.scaled("train")
    n, k = min(recipe.n_samples, len(train)), min(recipe.centroids, max(1, len(train) // 4))
    print(f"k-means with {k:,} centroids on {len(train):,} images ...", flush=True)

    def whole(images):
        return measure.subsets(images, [slice(None)])

    samples = {
        "training images": measure.subsets(train, measure.disjoint(rng.permutation(len(train)), n)),
        ALL: whole(train),
        "k-means centroids": whole(centroids.kmeans(train, k, run.config.seed, recipe.iterations)),
        "the mean training image": whole(train.mean(axis=0, keepdims=True, dtype=np.float64).astype(np.float32)),
    }
    if n == len(train):
        del samples[ALL]
    seen = source.spec.scaling
    for name, sets in ((name, sets) for name, sets in samples.items() if name != ALL):  # some of them are drawn
        images = sets.reported[0]()
        folder = run.workdir.figures if len(images) == 1 else run.figures_of_data  # a centroid may be an image itself
        path = folder / f"{name.replace(' ', '-')}.png"
        title = f"{name} ({source.spec.title}{'' if seen == UNIT else f', {seen}'}) in place of samples"
        side = 1 if len(images) == 1 else 10
        hundred = images[rng.choice(len(images), min(100, len(images)), replace=False)]
        grids.sample_grid(path, hundred, side, side, title, *seen.shown(hundred))
    named = {measure.Subject(reference=name): sets for name, sets in samples.items()}
    return measure.parzen_log_likelihood(run, recipe.validation_images, named)


EXPERIMENT = Experiment(
    name="theis2015",
    title="Checks of the Parzen estimator: training images, k-means centroids, the mean image in place of samples",
    reference="Theis, van den Oord, Bethge; A note on the evaluation of generative models; ICLR 2016; arXiv:1511.01844",
    recipes=dict.fromkeys(("mnist", "cifar10", "tfd", "tfd96", "glyphs", "npz", "images"), _RECIPES) | {"cifar10": _CIFAR10},
    scaling=scaling,
    stages=lambda config, source: (),
    evaluate=evaluate,
    row="Parzen sanity",
    table="table1",
    published=tuple(
        Published("table1", row, "mnist", "parzen_log_likelihood", "nats", value, None, PAPER, note=note, unverified=True)
        for row, value, note in (
            ("true distribution (training images in place of samples)", 243, ""),
            ("k-means centroids in place of samples", 313, OPEN),
        )
    ),
    deviations=DEVIATIONS,
    protocol="The same estimator over training images (as many as there are samples, and all), k-means centroids of all of "
    "them or their mean in place of samples.",
    short="Theis et al. 2015",
)
