"""Radford, Metz and Chintala 2015, "Unsupervised Representation Learning with Deep Convolutional GANs"."""

import sys

import gan_repro as gr
from experiments.dcgan import networks, recipes

keras = gr.lazy("keras")


class FeaturesOfD:
    """Accuracy of linear SVMs on features of D, as trained without labels and as it could have begun (section 5.1)."""

    def requires(self, recipe, spec):
        """The splits of the data that it takes."""
        return ("test",) if spec.classes and not recipe.conditional else ()

    def __call__(self, run):
        """The measurements of labelled data; of a conditional model none."""
        recipe, spec = run.config.recipe, run.source.spec
        if recipe.conditional:
            return []
        if not spec.classes:
            print(f"note: no SVM is fitted on D's features: {spec.title} has no labels", file=sys.stderr)
            return []
        compared, features = discriminators(run), gr.evaluation.features
        if features.has_features(compared[gr.evaluation.measurement.Subject("last")][0]):
            return gr.evaluation.representations.svm_on_features(run, compared, recipe.svm_images)
        print(
            f"note: no SVM is fitted on D's features: of images of {spec.shape[0]} x {spec.shape[1]} its last maps are smaller "
            f"than {features.GRID} x {features.GRID}. A --model with fewer or smaller strides has larger ones.",
            file=sys.stderr,
        )
        return []


RANDOM = 5  # networks that were never trained: how far they lie apart is what the training has to leave behind


def discriminators(run):
    """{Subject: Ds}: D as trained, and as RANDOM trainings could have begun: those whose features are compared."""
    recipe, spec = run.config.recipe, run.source.spec
    trained = run.discriminator()

    def begun(k):
        keras.utils.set_random_seed(run.config.seed + k)
        return networks.discriminator(recipe, spec)

    subject = gr.evaluation.measurement.Subject
    return {subject("last"): [trained], subject(reference="D with random weights"): [begun(k) for k in range(RANDOM)]}


def _number(row, n, value, ours=False):
    metric, table = "nearest_neighbour_error", "Radford et al. 2015, Table 3"
    return gr.Published("dcgan", row, "mnist", metric, "%", value, None, table, ours=ours, n_samples=n, unverified=True)


def _features(row, value, ours=False, **rest):
    away, table = "D trained on CIFAR-10 (paper: on ImageNet)" if ours else "", "Radford et al. 2015, Table 1"
    return gr.Published("dcgan", row, "cifar10", "svm_accuracy", "%", value, None, table, ours=ours, departure=away, **rest)


def _model(title, presets, datasets, concepts=("brightness", "balance")):
    return gr.Model(
        title=title,
        datasets=datasets,
        presets=presets,
        conditional=lambda recipe: recipe.conditional,
        scaling=lambda recipe: gr.UNIT if recipe.output == "sigmoid" else gr.Linear(-1.0, 1.0),
        phases=(gr.Phase(generator=networks.generator, discriminator=networks.discriminator, game=networks.game),),
        measures=(
            gr.measures.VectorArithmetic(concepts),
            gr.measures.NearestNeighbourError(),
            gr.measures.ReadByClassifier(field="conditional"),
            FeaturesOfD(),
        ),
        figures=(
            gr.figures.Curves(),
            gr.figures.Samples(),
            gr.figures.ClassRows(),
            gr.figures.Walk(),
            gr.figures.VectorArithmetic(concepts),
        ),
    )


EXPERIMENT = gr.Experiment(
    name="dcgan",
    short_name="DCGAN",
    title="Deep convolutional GAN: strided convolutions, batch norm, Adam; conditional on MNIST",
    reference="Radford, Metz, Chintala; ICLR 2016; arXiv:1511.06434",
    models={
        # Digits are centred, on black: there a shape's slant says more than where light lies.
        "mnist": _model("DCGAN, conditional", recipes.MNIST, ("mnist", "glyphs", *gr.OWN), ("brightness", "slant")),
        "faces": _model("DCGAN (faces)", recipes.FACES, ("celeb_a", "lsun/bedroom", *gr.OWN)),
        "imagenet": _model("DCGAN (ImageNet)", recipes.IMAGENET, ("cifar10", *gr.OWN)),
        "svhn": _model("DCGAN (SVHN)", recipes.SVHN, ("svhn_cropped", *gr.OWN)),
    },
    own="faces",
    published=(
        _number("real digits", 50_000, 3.1),
        _number("GAN (permutation invariant)", 50_000, 6.28),
        _number("DCGAN", 50_000, 2.98, ours=True),
        _features("1-layer K-means", 80.6),
        _features("Multi-layer K-means", 82.0),
        _features("View-invariant K-means", 81.9, unverified=True),
        _features("Exemplar CNN", 84.3),
        _features("DCGAN", 82.8, ours=True, note="82.8 % is of 28,672 features of a D trained on ImageNet; ours on CIFAR-10"),
    ),
    key_figures=(
        gr.KeyFigure("mnist", "mnist", "classes-last", "A row of samples for each label, the same z down each column"),
        gr.KeyFigure("mnist", "mnist", "walk-last", "Figure 4, on digits instead of bedrooms: walks through z"),
        gr.KeyFigure("mnist", "mnist", "arithmetic-last", "Figure 7, on digits instead of faces: vector arithmetic in z"),
    ),
    **gr.prose(__file__),
)
