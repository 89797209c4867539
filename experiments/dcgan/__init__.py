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
        if recipe.conditional or not spec.classes:
            return []
        compared, features = discriminators(run), gr.evaluation.features
        if features.has_features(compared[gr.evaluation.measurement.Subject("last")]):
            return gr.evaluation.measure.svm_on_features(run, compared, recipe.svm_images)
        print(
            f"note: no SVM is fitted on D's features: of images of {spec.shape[0]} x {spec.shape[1]} its last maps are smaller "
            f"than {features.GRID} x {features.GRID}. A --model with fewer or smaller strides has larger ones.",
            file=sys.stderr,
        )
        return []


def discriminators(run):
    """{Subject: D} of D as trained and as it could have begun: those whose features are compared."""
    recipe, spec = run.config.recipe, run.source.spec
    trained = run.loaded(networks.discriminator(recipe, spec), run.workdir.network("discriminator"))
    keras.utils.set_random_seed(run.config.seed)
    subject = gr.evaluation.measurement.Subject
    started = subject(reference="D with random weights")
    return {subject("last"): trained, started: networks.discriminator(recipe, spec)}


DEVIATIONS = (
    "Samples are drawn with moving averages of the batch statistics (momentum .98), so that an image depends on its own z and "
    "label alone; dcgan_code takes those of the minibatch of samples.",
    'Convolutions and transposed convolutions of stride 2 pad by 1 in front and 2 behind with kernels of 5 ("same"), by 0 and '
    "1 with kernels of 3; dcgan_code by 2 (or 1) on both sides, of which the last line is never reached. With images and "
    "kernels turned by half a circle each layer is the authors': ours play their game on images that are turned so.",
    "MNIST: the first 50,000 of the 60,000 training images train; dcgan_code (mnist/load.py) shuffles all of them before it "
    "sets 10,000 aside.",
    "MNIST: labels of G's noise are those of the real minibatch, as in dcgan_code; the last generator is reported, as there.",
    "MNIST: the paper's 1-NN errors are of test digits; the released script (mnist/train_cond_dcgan.py) scores the "
    "10,000 digits that it sets aside for validation. Both are measured here, the test digits are judged. Its samples have "
    "random labels, ours every label equally often.",
    "MNIST: an epoch is 390 minibatches of 128, each for one of the players, G the first; the ragged last one (80 images) is "
    "dropped.",
    "32 x 32 models (CIFAR-10, SVHN): D, then G, on every minibatch; how the authors' scripts for them play is unknown to us. "
    "Their MNIST and faces scripts train one player on each minibatch, and so do ours.",
    "CIFAR-10: the authors' script plans 30 more epochs with a falling learning rate, but the weights that they released and "
    "took features from are those of epoch 30: `paper` ends there.",
    "Adam is Keras's: its epsilon (1e-8) stands beside the root of the uncorrected second moment, the authors' beside that of "
    "the corrected one.",
    "Features are taken with batch-norm statistics of the real training images, for the trained D as for the random one "
    "(dcgan_code infers them in the same way).",
    "CIFAR-10: the paper's features come from a model trained on ImageNet at 32 x 32; ours are from the same architecture "
    "trained on CIFAR-10's own 40,000 training images, without labels. The support vector machine is LinearSVC's problem "
    "(squared hinge, L2) by L-BFGS, on standardised features, with C from a short grid chosen on validation images; it is "
    "fitted on 10,000 labelled images (`svm_images`), the paper's on 50,000.",
    "Vector arithmetic: the paper picks its exemplars by eye from labelled faces. Here they are picked by what can be measured "
    "on the images (brightness, and where it lies), and so can be the result.",
    "Random numbers differ (Theano's streams, our counter-based ones).",
)


NOT_RUN = (
    (
        "LSUN bedrooms at 64 x 64 (section 4.1, Figures 2 and 3)",
        "3 million images, 46 GB: they cannot be had here. `--dataset=lsun/bedroom` runs the recipe on them, streamed; their "
        "near-duplicates are not removed.",
    ),
    (
        "Faces scraped from the web (section 4.2), arithmetic on faces and turning them (Figures 7 and 8)",
        "the authors' 350,000 faces were never published. `--dataset=celeb_a` or `npz:PATH` runs the recipe on others; the "
        "arithmetic here is on other concepts.",
    ),
    (
        "Features of the model trained on ImageNet at 32 x 32 (section 4.3, and the features of the CIFAR-10 table)",
        "ImageNet cannot be had here; ours are trained on CIFAR-10 itself.",
    ),
    ("CIFAR-10 with 400 labels per class", "its published numbers are of the ImageNet features, too."),
    (
        "The permutation-invariant GAN of Table 3 (6.28 %)",
        "the paper gives neither its networks nor its training; the number stands in the table for comparison.",
    ),
    (
        "SVHN with 1,000 labels (section 5.2, 22.48 % error)",
        "its protocol (C chosen on draws of 1,000 labels, the mean over many such draws) has not been written; "
        "`--dataset=svhn_cropped` trains the model and measures the SVM on svm_images labels.",
    ),
    ("Guided backpropagation, window dropping (sections 6.2 and 6.3.1)", "both look into the model of LSUN bedrooms."),
    (
        "64 x 64 images of any kind",
        "run for seconds only, with the smoke preset, on faces; its quick preset has not been run.",
    ),
    ("1-NN errors with 10 million samples (Table 3)", "not tried: 10 million samples."),
)

PROTOCOL = (
    "MNIST: errors on the 10,000 test images of a nearest neighbour classifier in pixels, fitted on n labelled samples. "
    "CIFAR-10: accuracy on the 10,000 test images of a linear SVM on the features of D, fitted on n labelled training images."
)


def _number(row, n, value, ours=False):
    metric, table = "nearest_neighbour_error", "Radford et al. 2015, Table 3"
    return gr.Published("dcgan", row, "mnist", metric, "%", value, None, table, ours=ours, n_samples=n, unverified=True)


def _features(row, value, ours=False, **rest):
    away, table = "D trained on CIFAR-10 (paper: on ImageNet)" if ours else "", "Radford et al. 2015, Table 1"
    return gr.Published("dcgan", row, "cifar10", "svm_accuracy", "%", value, None, table, ours=ours, departure=away, **rest)


def _model(presets, datasets, concepts=("brightness", "balance")):
    return gr.Model(
        title="DCGAN",
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
        "mnist": _model(recipes.MNIST, ("mnist", "glyphs", *gr.OWN), ("brightness", "slant")),
        "faces": _model(recipes.FACES, ("celeb_a", "lsun/bedroom", *gr.OWN)),
        "imagenet": _model(recipes.IMAGENET, ("cifar10", *gr.OWN)),
        "svhn": _model(recipes.SVHN, ("svhn_cropped", *gr.OWN)),
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
    protocol=PROTOCOL,
    deviations=DEVIATIONS,
    not_run=NOT_RUN,
    key_figures=(
        gr.KeyFigure("mnist", "mnist", "classes-last", "A row of samples for each label, the same z down each column"),
        gr.KeyFigure("mnist", "mnist", "walk-last", "Figure 4, on digits instead of bedrooms: walks through z"),
        gr.KeyFigure("mnist", "mnist", "arithmetic-last", "Figure 7, on digits instead of faces: vector arithmetic in z"),
    ),
)
