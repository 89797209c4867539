"""Odena, Olah and Shlens 2016, "Conditional Image Synthesis with Auxiliary Classifier GANs": D names the class of an image."""

import dataclasses
import typing

import gan_repro as gr

HEAD = "classes"  # of D, beside "source"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(gr.AdamRecipe):
    """The networks of the paper's appendix, as far as they are known here (Deviations, acgan.md), at 32 x 32.

    Attributes:
      latent, prior: z; the one-hot label stands beside it at G's input.
      generator_channels: of the small image of 4 x 4 pixels and of what follows.
      generator_kernel: of G's transposed convolutions, all of stride 2.
      discriminator_channels, discriminator_strides, discriminator_kernel: of D's convolutions.
      keep, scale: of D's dropout behind every convolution.
      noise: standard deviation of the noise on D's activations, behind every convolution.
      negative_slope: of D's leaky ReLU.
      norm_epsilon, norm_momentum: of batch norm, see convolutional.Normalisation; its gain starts at N(1, init_std^2).
      init_std: weights are N(0, init_std^2); biases start at 0.
      source_loss: G's part of the log-likelihood of the source: "saturating": it minimises it, as the paper's text has it;
        "non_saturating": it maximises that of the other answer.
      class_weight: of the class losses of both players.
      learning_rate: of both players.
    """

    batch_size: int = gr.bounded(100, low=1, high=10**6, smoke=16)
    latent: int = gr.bounded(100, low=1, high=10**5)
    prior: typing.Literal["gaussian", "uniform_-1_1"] = "gaussian"
    generator_channels: tuple[int, ...] = gr.bounded((384, 192, 96), low=1, high=10**4, smoke=8)
    generator_kernel: int = gr.bounded(5, low=1, high=100)
    discriminator_channels: tuple[int, ...] = gr.bounded((16, 32, 64, 128, 256, 512), low=1, high=10**4, smoke=8)
    discriminator_strides: tuple[int, ...] = gr.bounded((2, 1, 2, 1, 2, 1), low=1, high=100)
    discriminator_kernel: int = gr.bounded(3, low=1, high=100)
    keep: float = gr.bounded(0.5, above=0, high=1)
    scale: float = gr.bounded(2.0, above=0, high=1000.0)
    noise: float = gr.bounded(0.0, low=0, high=1000.0)
    negative_slope: float = gr.bounded(0.2, low=0, high=1)
    norm_epsilon: float = gr.bounded(1e-3, above=0, high=1.0)
    norm_momentum: float = gr.bounded(0.98, low=0, below=1)
    init_std: float = gr.bounded(0.02, above=0, high=100.0)
    source_loss: typing.Literal["non_saturating", "saturating"] = "non_saturating"
    class_weight: float = gr.bounded(1.0, low=0, high=10**6)
    learning_rate: float = gr.bounded(2e-4, above=0, high=1000.0)

    def __post_init__(self):
        super().__post_init__()
        if not self.generator_channels:
            raise gr.UsageError("generator_channels must have at least one number")
        if len(self.discriminator_channels) != len(self.discriminator_strides):
            raise gr.UsageError("discriminator_channels and discriminator_strides must have as many numbers as each other")


# 50,000 minibatches of 100, as on ImageNet: of digits 500 an epoch, of CIFAR-10, and of larger sets, 400.
DIGITS = Recipe(epochs=100, samples_every=5)
COLOUR = Recipe(epochs=125, steps_per_epoch=400, samples_every=5)
_HALF: dict[str, typing.Any] = {
    "generator_channels": (192, 96, 48),
    "discriminator_channels": (8, 16, 32, 64, 128, 256),
    "steps_per_epoch": 250,
    "samples_every": 1,
}


def _common(recipe):
    norm = gr.convolutional.Normalisation(True, recipe.norm_epsilon, recipe.norm_momentum, recipe.init_std)
    return {"normalisation": norm, "init_std": recipe.init_std, "use_bias": True}


def generator(recipe, spec):
    """G: z and label -> a dense ReLU layer -> transposed convolutions with batch norm and ReLU -> tanh pixels."""
    strides = (2,) * len(recipe.generator_channels)
    depth = gr.sizes.depth(spec, strides)
    return gr.convolutional.generator(
        recipe.latent,
        spec.shape,
        recipe.generator_channels[-depth:],
        strides[-depth:],
        recipe.generator_kernel,
        classes=spec.classes,
        labels_in_every_layer=False,
        base_norm=False,
        **_common(recipe),
    )


def discriminator(recipe, spec):
    """D: images -> convolutions with batch norm, leaky ReLU and dropout -> the source's logit, and one for each class."""
    return gr.convolutional.discriminator(
        spec.shape,
        recipe.discriminator_channels,
        recipe.discriminator_strides,
        recipe.discriminator_kernel,
        negative_slope=recipe.negative_slope,
        dropout=(recipe.keep, recipe.scale),
        noise_std=recipe.noise,
        heads={"source": 1, HEAD: spec.classes},
        **_common(recipe),
    )


def game(recipe, spec):
    """Section 3: D maximises L_S + L_C, G maximises L_C - L_S; D moves, then G, with labels drawn for it."""
    del spec
    pair = gr.losses.minimax() if recipe.source_loss == "saturating" else gr.losses.non_saturating_pair()
    real, generated = (
        gr.losses.cross_entropy(which, "labels", head=HEAD, weight=recipe.class_weight) for which in ("real", "generated")
    )

    return gr.Rules(
        loss=dataclasses.replace(
            pair, discriminator=(*pair.discriminator, real, generated), generator=(*pair.generator, generated)
        ),
        optimizers=(recipe.adam(recipe.learning_rate), recipe.adam(recipe.learning_rate)),
        schedule=gr.schedule.alternating(),
        d_head="source",
        generator_labels="uniform",
    )


def _model(title, datasets, paper, quick_epochs, measures=()):
    return gr.Model(
        title=title,
        datasets=datasets,
        presets={"paper": paper, "quick": dataclasses.replace(paper, epochs=quick_epochs, **_HALF)},
        conditional=lambda recipe: True,
        prepare=lambda recipe: gr.PadToMultiple(2 ** len(recipe.generator_channels)),
        scaling=lambda recipe: gr.Linear(-1.0, 1.0),
        phases=(gr.Phase(generator=generator, discriminator=discriminator, game=game),),
        measures=(
            gr.measures.ReadByClassifier(),
            gr.measures.ClassesReadByD(HEAD),
            gr.measures.DiversityWithinClasses(),
            *measures,
        ),
        figures=(gr.figures.Curves(), gr.figures.ClassRows(), gr.figures.Interpolation()),
    )


NATS = gr.measures.ParzenLogLikelihood(validation_images=1000, validates=False, pixels=True)  # beside the other games' digits


def _published(row, dataset, metric, unit, value, error, source, why):
    return gr.Published("acgan", row, dataset, metric, unit, value, error, source, unavailable=why)


_IMAGENET = "100 models of 10 ImageNet classes each, at 128 x 128: they cannot be trained here"
EXPERIMENT = gr.Experiment(
    name="acgan",
    short_name="ACGAN",
    title="Auxiliary classifier GAN: G is told a label, D tells it",
    reference="Odena, Olah, Shlens; ICML 2017; arXiv:1610.09585",
    models={
        "digits": _model("ACGAN", ("mnist", "glyphs"), DIGITS, quick_epochs=6, measures=(NATS,)),
        "cifar10": _model("ACGAN", ("cifar10", "svhn_cropped", *gr.OWN), COLOUR, quick_epochs=6),
    },
    published=(
        _published(
            "AC-GAN (ImageNet)",
            "ImageNet, 128 x 128",
            "classes_as_diverse",
            "%",
            84.7,
            None,
            "Odena et al. 2016, abstract and section 4.2",
            _IMAGENET,
        ),
        _published(
            "AC-GAN (ImageNet)",
            "ImageNet, 128 x 128",
            "classes_clearer_than_at_32",
            "%",
            84.4,
            None,
            "Odena et al. 2016, section 4.1",
            _IMAGENET,
        ),
        _published(
            "AC-GAN",
            "cifar10",
            "inception_score",
            "1",
            8.25,
            0.07,
            "Odena et al. 2016, section 4.4",
            "the best of 27 configurations by Inception score; no Inception network comes with the program",
        ),
    ),
    metrics=(
        gr.Metric("classes_clearer_than_at_32", "classes that Inception reads better than at 32 x 32", "more"),
        gr.Metric("inception_score", "Inception score", "more"),
    ),
    claims=(
        gr.Claim(
            "Section 4.1",
            "samples carry the class that was asked for",
            "a classifier of the data reads 90 % of the labels asked for (in the paper 10 % of 1,000 classes); set when the "
            "run was known",
            "mnist",
            (("digits", "label_accuracy"),),
            lambda share: share >= 90,
            "digits instead of ImageNet",
        ),
    ),
    key_figures=(
        gr.KeyFigure(
            "digits",
            "mnist",
            "classes-last",
            "A row of samples for each label, the same z down each column; several rows nearly repeat one digit",
        ),
        gr.KeyFigure(
            "cifar10",
            "cifar10",
            "classes-last",
            "The same of CIFAR-10, collapsed: coloured patterns, no objects, and those of a class nearly one",
        ),
    ),
    beside=(
        gr.Beside(
            "Three ways to use a label, on MNIST",
            "Both players see it, as numbers beside z and the image (CGAN) or at every layer (DCGAN's conditional model); or G "
            "alone sees it, and D must name it (ACGAN). Each is trained by its own recipe, so that a row says what a recipe "
            "reaches and not what the label's place alone does.",
            "mnist",
            (
                ("label beside z and the image", "cgan", "mlp"),
                ("label at every layer", "dcgan", "mnist"),
                ("D names the label", "acgan", "digits"),
            ),
            ("label_accuracy", "frechet_distance", "precision", "recall", "class_kl"),
        ),
    ),
    **gr.prose(__file__),
)
