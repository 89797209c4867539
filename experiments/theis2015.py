"""Theis, van den Oord and Bethge 2015, "A note on the evaluation of generative models": what a Parzen estimate is worth.

Nothing is trained: training images, k-means centroids and the mean image stand in for samples in Table 1's estimator.
"""

import dataclasses
import functools

import numpy as np

import gan_repro as gr


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(gr.Recipe):
    """The stand-ins.

    Attributes:
      centroids: k of k-means, over the training images; at most a quarter of their number, or most would be images.
      iterations: of Lloyd's algorithm from k random images.
      validation_images: sigma is chosen on the first so many (goodfeli/adversarial: parzen_ll.py, --limit_size 1000), on
        TFD in each fold.
      contrast_norm: images are contrast-normalised to this norm (scaling.ContrastNormalised); 0: pixels in [0, 1].
    """

    centroids: int = gr.bounded(10_000, low=1, high=10**7, smoke=100)
    iterations: int = gr.bounded(10, low=1, high=10**4, smoke=2)
    validation_images: int = gr.bounded(1000, low=1, high=10**7)
    contrast_norm: float = gr.bounded(0.0, low=0, high=1e6)


ALL = "all training images"  # as many data as the centroids are made of: without them the comparison would be unfair
OPEN = (
    "how many centroids the paper took, how long its k-means ran and on which images it chose σ is not known here; each of "
    "them moves the number"
)


@functools.lru_cache(maxsize=1)  # the measure and the figures are of the same images
def references(run):
    """{Subject: measure.Sets} of what stands in for samples."""
    recipe, source, measure = run.config.recipe, run.source, gr.evaluation.measure
    rng = np.random.default_rng(run.config.seed)
    train = source.scaled("train")
    n, k = min(recipe.n_samples, len(train)), min(recipe.centroids, max(1, len(train) // 4))
    print(f"k-means with {k:,} centroids on {len(train):,} images ...", flush=True)

    def whole(images):
        return measure.subsets(images, [slice(None)])

    found = {
        "training images": measure.subsets(train, measure.disjoint(rng.permutation(len(train)), n)),
        ALL: whole(train),
        "k-means centroids": whole(gr.evaluation.centroids.kmeans(train, k, run.config.seed, recipe.iterations)),
        "the mean training image": whole(train.mean(axis=0, keepdims=True, dtype=np.float64).astype(np.float32)),
    }
    subject = gr.evaluation.measurement.Subject
    return {subject(reference=name): sets for name, sets in found.items() if n < len(train) or name != ALL}


def draw_references(run, measurements):
    """A picture of some of each: training images and centroids, and the mean image."""
    del measurements
    rng, seen = np.random.default_rng(run.config.seed), run.source.spec.scaling
    shown = {subject.reference: sets for subject, sets in references(run).items() if subject.reference != ALL}
    for name, sets in shown.items():
        images = sets.reported[0]()
        folder = run.workdir.figures if len(images) == 1 else run.figures_of_data  # a centroid may be an image itself
        path = folder / f"{name.replace(' ', '-')}.png"
        title = f"{name} ({run.source.spec.title}{'' if seen == gr.UNIT else f', {seen}'}) in place of samples"
        side = 1 if len(images) == 1 else 10
        hundred = images[rng.choice(len(images), min(100, len(images)), replace=False)]
        gr.figures.grids.sample_grid(path, hundred, side, side, title, *seen.shown(hundred))


def log_likelihood(run):
    """Table 1's estimator over what stands in for samples."""
    return gr.evaluation.measure.parzen_log_likelihood(run, run.config.recipe.validation_images, references(run))


EXPERIMENT = gr.Experiment(
    name="theis2015",
    short_name="Theis et al. 2015",
    title="Checks of the Parzen estimator: training images, k-means centroids, the mean image in place of samples",
    reference="Theis, van den Oord, Bethge; A note on the evaluation of generative models; ICLR 2016; arXiv:1511.01844",
    table="table1",
    models={
        "reference": gr.Model(
            title="Parzen sanity",
            datasets=("mnist", "cifar10", "tfd", "tfd96", "glyphs", *gr.OWN),
            presets={"paper": Recipe(), "quick": Recipe(centroids=1000)},
            # As the CIFAR-10 networks of Goodfellow et al. 2014 see them: their rows are to stand beside these.
            on={"cifar10": {"contrast_norm": 55.0}},
            scaling=lambda recipe: gr.ContrastNormalised(recipe.contrast_norm) if recipe.contrast_norm else gr.UNIT,
            measures=(log_likelihood,),
            figures=(draw_references,),
        )
    },
    published=tuple(
        gr.Published(
            "table1",
            row,
            "mnist",
            "parzen_log_likelihood",
            "nats",
            value,
            None,
            "Theis et al. 2015, Table 1",
            note=note,
            unverified=True,
        )
        for row, value, note in (
            ("true distribution (training images in place of samples)", 243, ""),
            ("k-means centroids in place of samples", 313, OPEN),
        )
    ),
    **gr.prose(__file__),
)
