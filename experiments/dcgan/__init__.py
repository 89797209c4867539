"""Radford, Metz and Chintala 2015, "Unsupervised Representation Learning with Deep Convolutional GANs": recipes, numbers.

The networks and the game are in rules.py, what a trained run shows in evidence.py.
"""

from typing import Any

from experiments.dcgan import evidence, rules
from experiments.dcgan.rules import DcganRecipe
from gan_repro.latent import priors
from gan_repro.papers.experiment import Experiment, KeyFigure, Published

PAPER = "Radford et al. 2015, Table 3"
FEATURES = "Radford et al. 2015, Table 1"
DATA = "D trained on CIFAR-10 (paper: on ImageNet)"

# dcgan_code: mnist/train_cond_dcgan.py; 100 epochs at 2e-4 and 100 down to 0.
MNIST = {
    "paper": DcganRecipe(epochs=200),
    # Half of the channels and hidden units: a third of the time
    "quick": DcganRecipe(
        epochs=8,
        constant_epochs=4,
        decay_epochs=4,
        generator_hidden=(512,),
        generator_channels=(64, 32),
        discriminator_channels=(32, 64),
        discriminator_hidden=(512,),
        samples_every=1,
    ),
    "smoke": DcganRecipe(
        epochs=2,
        steps_per_epoch=10,
        batch_size=16,
        generator_hidden=(32,),
        generator_channels=(16, 8),
        discriminator_channels=(8, 16),
        discriminator_hidden=(32,),
        n_samples=500,
        samples_every=1,
    ),
}

# Without labels: batch norm with gains, tanh.
_UNLABELLED: dict[str, Any] = {
    "conditional": False,
    "generator_hidden": (),
    "discriminator_hidden": (),
    "output": "tanh",
    "norm_gain": True,
    "decay_epochs": 0,
}

# dcgan_code's 32 x 32 ImageNet model (imagenet/train_uncond_dcgan.py), whose features the paper's CIFAR-10 table is of.
_CIFAR10 = _UNLABELLED | {
    "latent": 256,
    "kernel_size": 3,
    "order": "alternating",
    "generator_strides": (2, 1, 2, 1, 2, 1),
    "discriminator_strides": (1, 2, 1, 2, 1, 2),
    "l2": 0.0,
}
CIFAR10 = {
    "paper": DcganRecipe(
        **_CIFAR10,
        epochs=30,
        generator_channels=(512, 512, 256, 256, 128, 128),
        discriminator_channels=(128, 128, 256, 256, 512, 512),
    ),
    "quick": DcganRecipe(
        **_CIFAR10,
        epochs=6,
        steps_per_epoch=200,
        batch_size=64,
        generator_channels=(128, 128, 64, 64, 32, 32),
        discriminator_channels=(32, 32, 64, 64, 128, 128),
        samples_every=1,
    ),
    "smoke": DcganRecipe(
        **_CIFAR10,
        epochs=2,
        steps_per_epoch=5,
        batch_size=16,
        generator_channels=(8, 8, 8, 8, 4, 4),
        discriminator_channels=(4, 4, 8, 8, 8, 8),
        svm_images=200,
        n_samples=200,
        samples_every=1,
    ),
}

# dcgan_code: faces/train_uncond_dcgan.py, and Figure 1 of the paper: 64 x 64.
_SIXTY_FOUR = _UNLABELLED | {"l2": 1e-5, "generator_strides": (2, 2, 2, 2), "discriminator_strides": (2, 2, 2, 2)}
SIXTY_FOUR = {
    "paper": DcganRecipe(
        **_SIXTY_FOUR,
        epochs=25,
        generator_channels=(1024, 512, 256, 128),
        discriminator_channels=(128, 256, 512, 1024),
        samples_every=1,
    ),
    "quick": DcganRecipe(
        **_SIXTY_FOUR,
        epochs=6,
        steps_per_epoch=200,
        batch_size=32,
        generator_channels=(128, 64, 32, 16),
        discriminator_channels=(16, 32, 64, 128),
        samples_every=1,
    ),
    "smoke": DcganRecipe(
        **_SIXTY_FOUR,
        epochs=2,
        steps_per_epoch=5,
        batch_size=16,
        generator_channels=(8, 8, 4, 4),
        discriminator_channels=(4, 4, 8, 8),
        svm_images=200,
        n_samples=200,
        samples_every=1,
    ),
}

# dcgan_code: svhn/svhn_semisup_analysis.py.
_SVHN = _UNLABELLED | {
    "prior": "gaussian",
    "learning_rate": 5e-4,
    "order": "alternating",
    "generator_strides": (2, 2, 2),
    "discriminator_strides": (2, 2, 2),
    "l2": 0.0,
}
SVHN = {
    "paper": DcganRecipe(
        **_SVHN,
        epochs=200,
        batch_size=64,
        generator_channels=(256, 128, 64),
        discriminator_channels=(64, 128, 256),
        samples_every=10,
    ),
    "quick": DcganRecipe(
        **_SVHN,
        epochs=6,
        steps_per_epoch=200,
        batch_size=64,
        generator_channels=(64, 32, 16),
        discriminator_channels=(16, 32, 64),
        samples_every=1,
    ),
    "smoke": DcganRecipe(
        **_SVHN,
        epochs=2,
        steps_per_epoch=5,
        batch_size=16,
        generator_channels=(8, 8, 4),
        discriminator_channels=(4, 8, 8),
        svm_images=200,
        n_samples=200,
        samples_every=1,
    ),
}

# A user's own images are learnt by the faces' model, or by the one that the preset names.
_OWN = (
    SIXTY_FOUR
    | {f"{preset}-cifar10": recipe for preset, recipe in CIFAR10.items()}
    | {f"{preset}-mnist": recipe for preset, recipe in MNIST.items()}
)

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


def _number(row, n, value, ours=False):
    metric = "nearest_neighbour_error"
    return Published("dcgan", row, "mnist", metric, "%", value, None, PAPER, ours=ours, n_samples=n, unverified=True)


def _features(row, value, ours=False, **rest):
    away = DATA if ours else ""
    return Published("dcgan", row, "cifar10", "svm_accuracy", "%", value, None, FEATURES, ours=ours, departure=away, **rest)


FINDINGS = {
    "mnist": (
        "On digits label and style come apart. A nearest neighbour classifier fitted on 50,000 samples makes 4.2 % errors on "
        "test digits after 40 epochs, one fitted on as many real digits 3.3 %; on the validation digits, which the authors' "
        "script scores, 3.9 and 2.9 %. After 8 epochs it was 8.8 % on test digits. Networks are half as wide as the authors' "
        "and the schedule is a fifth of theirs; all of it is one seed. Fitted on 1,000 samples the classifier makes fewer "
        "errors than on 1,000 real digits (10.8 against 12.1 %).",
        "Vector arithmetic works in part. Where a perfect addition of concepts would come to percentile 95 and none to 50, "
        "results stand at 84 in brightness and 94 in slant (after 8 epochs at 76 and 94).",
    ),
    "cifar10": (
        "CIFAR-10 after 1,200 steps gives colours and textures, no objects; a linear SVM on D's features reads 61.5 % of the "
        "test images, on those of a random D 55.7 %. Vector arithmetic comes to percentile 71 in brightness and to 50, "
        "nothing, in where light lies.",
    ),
}

PROTOCOL = (
    "MNIST: errors on the 10,000 test images of a nearest neighbour classifier in pixels, fitted on n labelled samples. "
    "CIFAR-10: accuracy on the 10,000 test images of a linear SVM on the features of D, fitted on n labelled training images."
)
KEY_FIGURES = (
    KeyFigure("mnist", "classes-last", "A row of samples for each label, the same z down each column"),
    KeyFigure("mnist", "walk-last", "Figure 4, on digits instead of bedrooms: walks through z"),
    KeyFigure("mnist", "arithmetic-last", "Figure 7, on digits instead of faces: vector arithmetic in z"),
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

EXPERIMENT = Experiment(
    name="dcgan",
    title="Deep convolutional GAN: strided convolutions, batch norm, Adam; conditional on MNIST",
    reference="Radford, Metz, Chintala; ICLR 2016; arXiv:1511.06434",
    recipes={
        "mnist": MNIST,
        "cifar10": CIFAR10,
        "svhn_cropped": SVHN,
        "celeb_a": SIXTY_FOUR,
        "lsun/bedroom": SIXTY_FOUR,
        "glyphs": MNIST,
        "npz": _OWN,
        "images": _OWN,
    },
    generator=rules.generator,
    prior=priors.of,
    scaling=rules.scaling,
    stages=rules.stages,
    evaluate=evidence.evaluate,
    row="DCGAN",
    table="dcgan",
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
    deviations=DEVIATIONS,
    not_run=NOT_RUN,
    findings=FINDINGS,
    protocol=PROTOCOL,
    key_figures=KEY_FIGURES,
    short="DCGAN",
)
