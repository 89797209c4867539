"""The convolutional GAN that beginners' tutorials train on digits, and its variant with up-sampling. It is no paper's."""

import dataclasses
import math
import typing

import gan_repro as gr

STRIDES = (2, 2, 2)  # 4 -> 8 -> 16 -> 32 in G, and back in D


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(gr.Tricks):
    """Convolutions of stride 2 in both networks, digits in a frame of 32 x 32.

    Attributes:
      latent, prior: z.
      generator_channels: of G's image of 4 x 4 pixels and of what follows.
      discriminator_channels: of D's first three convolutions; the fourth is the one of 4 x 4 pixels to the logit.
      kernel_size: of all convolutions.
      upsampling: how G's images grow: by transposed convolutions, or nearest neighbours followed by a convolution.
      one_batch: D's updates see real and generated images in one batch.
      n_critic: G is updated on every so many-th minibatch; D on all.
      negative_slope: of D's leaky ReLU.
      norm_epsilon, norm_momentum: see norms.of.
      init_std: weights are N(0, init_std^2).
      learning_rate, beta_1, beta_2, epsilon: of Adam, for both players.
    """

    batch_size: int = gr.bounded(128, low=1, high=10**6, smoke=16)
    latent: int = gr.bounded(100, low=1, high=10**5)
    prior: typing.Literal["gaussian", "uniform_-1_1"] = "gaussian"
    generator_channels: tuple[int, ...] = gr.bounded((256, 128, 64), low=1, high=10**4, smoke=8)
    discriminator_channels: tuple[int, ...] = gr.bounded((64, 128, 256), low=1, high=10**4, smoke=8)
    kernel_size: int = gr.bounded(4, low=1, high=100)
    upsampling: typing.Literal["transposed_convolution", "upsampling_convolution"] = "transposed_convolution"
    one_batch: bool = False
    n_critic: int = gr.bounded(2, low=1, high=10**6)
    negative_slope: float = gr.bounded(0.2, low=0, high=1)
    norm_epsilon: float = gr.bounded(1e-5, above=0, high=1.0)
    norm_momentum: float = gr.bounded(0.9, low=0, below=1)
    init_std: float = gr.bounded(0.02, above=0, high=100.0)
    learning_rate: float = gr.bounded(2e-4, above=0, high=1000.0)
    beta_1: float = gr.bounded(0.5, low=0, below=1)
    beta_2: float = gr.bounded(0.999, low=0, below=1)
    epsilon: float = gr.bounded(1e-8, above=0, high=1.0)

    def __post_init__(self):
        super().__post_init__()
        for name in ("generator_channels", "discriminator_channels"):
            if len(getattr(self, name)) != len(STRIDES):
                raise gr.UsageError(f"{name} must have {len(STRIDES)} numbers")
        if self.one_batch and self.minibatch_kernels:
            raise gr.UsageError(
                "minibatch_kernels and one_batch: how near the others of a minibatch are says something of real or of "
                "generated images alone; set one_batch=false"
            )


DCGAN = Recipe(epochs=50)
UPSAMPLING = dataclasses.replace(
    DCGAN, upsampling="upsampling_convolution", one_batch=True, d_dropout=0.4, discriminator_norm="none"
)
_QUICK: dict[str, typing.Any] = {
    "epochs": 8,
    "steps_per_epoch": 250,
    "generator_channels": (128, 64, 32),
    "discriminator_channels": (32, 64, 128),
    "samples_every": 1,
}


def _norm(recipe, kind):
    return gr.norms.of(kind, recipe.norm_epsilon, recipe.norm_momentum, recipe.init_std)


def generator(recipe, spec):
    """G: z -> 4 x 4 pixels -> three times as large -> tanh."""
    depth = gr.sizes.depth(spec, STRIDES)
    return gr.convolutional.generator(
        recipe.latent,
        spec.shape,
        recipe.generator_channels[-depth:],
        STRIDES[-depth:],
        recipe.kernel_size,
        base_by_channel=True,
        upsampling=recipe.upsampling,
        init_std=recipe.init_std,
        **_norm(recipe, recipe.generator_norm).of_generator(),
    )


def discriminator(recipe, spec):
    """D: images -> three convolutions of stride 2 -> the fourth, a logit."""
    depth = gr.sizes.depth(spec, STRIDES)
    return gr.convolutional.discriminator(
        spec.shape,
        recipe.discriminator_channels[:depth],
        STRIDES[:depth],
        recipe.kernel_size,
        negative_slope=recipe.negative_slope,
        dropout=recipe.dropout,
        minibatch=recipe.minibatch,
        init_std=recipe.init_std,
        **_norm(recipe, recipe.discriminator_norm).of_discriminator(),
    )


def game(recipe, spec):
    """D on every minibatch, G on every second; the non-saturating loss, in one batch D's mean over both kinds of images."""

    def adam():
        return gr.optimizers.Adam(recipe.learning_rate, beta_1=recipe.beta_1, beta_2=recipe.beta_2, epsilon=recipe.epsilon)

    rules = gr.Rules(
        loss=gr.losses.non_saturating_pair(0.5 if recipe.one_batch else 1.0),
        optimizers=(adam(), adam()),
        schedule=gr.schedule.alternating(recipe.n_critic, one_batch=recipe.one_batch),
    )
    return gr.tricks.played(rules, recipe, spec, features="flat")


def _model(title, paper):
    return gr.Model(
        title=title,
        datasets=("mnist", "glyphs", *gr.OWN),
        presets={"paper": paper, "quick": dataclasses.replace(paper, **_QUICK)},
        prepare=lambda recipe: gr.PadToMultiple(math.prod(STRIDES)),
        scaling=lambda recipe: gr.Linear(-1.0, 1.0),
        phases=(gr.Phase(generator=generator, discriminator=discriminator, game=game),),
        measures=(
            gr.measures.ParzenLogLikelihood(validation_images=1000, validates=False, pixels=True),
            gr.measures.ReadByClassifier(),
        ),
        figures=(gr.figures.Curves(), gr.figures.Samples(), gr.figures.Interpolation()),
    )


EXPERIMENT = gr.Experiment(
    name="tutorial_dcgan",
    short_name="tutorial: DCGAN",
    title="The convolutional GAN of beginners' tutorials, with transposed convolutions or with up-sampling",
    reference="no paper: what tutorials have in common; after Radford et al. 2015, arXiv:1511.06434",
    table="tutorials",
    models={
        "dcgan": _model("Tutorial DCGAN", DCGAN),
        "upsampling": _model("Tutorial DCGAN, up-sampling, dropout, one batch", UPSAMPLING),
    },
    key_figures=(
        gr.KeyFigure("dcgan", "mnist", "samples-last", "Samples of the tutorials' convolutional GAN"),
        gr.KeyFigure("upsampling", "mnist", "samples-last", "Samples of its variant with up-sampling"),
    ),
    beside=(
        gr.Beside(
            "The tutorials' models beside the papers', on MNIST",
            "What the models that a beginner meets reach beside those that papers published. Each is trained by its own recipe "
            "for as long as the row says; log-likelihoods reward smooth samples, so the Fréchet distance and the recall stand "
            "beside them.",
            "mnist",
            (
                ("tutorial, MLP", "tutorial_mlp", "mlp"),
                ("tutorial, DCGAN", "tutorial_dcgan", "dcgan"),
                ("tutorial, up-sampling", "tutorial_dcgan", "upsampling"),
                ("Goodfellow et al. 2014", "goodfellow2014", "mnist"),
                ("CGAN", "cgan", "mlp"),
                ("DCGAN, conditional", "dcgan", "mnist"),
                ("WGAN-GP", "wgan_gp", "digits"),
                ("ACGAN", "acgan", "digits"),
            ),
            ("parzen_log_likelihood", "frechet_distance", "precision", "recall", "class_kl"),
        ),
    ),
    **gr.prose(__file__),
)
