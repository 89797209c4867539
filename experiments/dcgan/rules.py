"""The games of Radford et al. 2015 as data: recipe, networks, order of play. They are the paper's section 3 and dcgan_code.

Which numbers belong to which data set is in __init__.py, what a trained run shows in evidence.py.
"""

import dataclasses
import typing

from gan_repro.data.scaling import UNIT, Linear
from gan_repro.latent import priors
from gan_repro.papers.recipe import TrainingRecipe, bounded
from gan_repro.system.errors import UsageError


@dataclasses.dataclass(frozen=True, kw_only=True)
class DcganRecipe(TrainingRecipe):
    """Section 3 of the paper; the defaults are those of dcgan_code: mnist/train_cond_dcgan.py.

    Attributes:
      conditional: both players see the label, at the input of every layer.
      latent, prior: z.
      generator_hidden: units of G's dense layers in front of the small image.
      generator_channels, generator_strides: of the small image and what follows (convolutional.generator).
      discriminator_channels, discriminator_strides, discriminator_hidden: convolutional.discriminator.
      kernel_size: of all convolutions.
      upsampling: how G's images grow: by transposed convolutions, or nearest neighbours followed by a convolution, which
        avoids checkerboards (Odena et al. 2016, "Deconvolution and checkerboard artifacts").
      output: G's last activation; with "sigmoid" images are in [0, 1], with "tanh" in [-1, 1].
      norm_gain: whether batch norm has a learned gain, from N(1, .02^2), and shift. Without, the MNIST model is better
        (section 8.1).
      norm_epsilon, norm_momentum: see convolutional.Normalisation.
      slope: of D's leaky ReLU.
      deviation: weights are N(0, deviation^2).
      order: "one_player": each minibatch trains one of the two, G the first; "alternating": D, then G, on each.
      learning_rate, beta_1, beta_2, epsilon: of Adam, for both players.
      l2: this times a weight is added to its gradient, in both players.
      svm_images: labelled training images that the SVM on D's features is fitted on, at most.
      constant_epochs, decay_epochs: the learning rate is constant, then falls to 0 by as much in every epoch; with
        decay_epochs 0 it stays.
    """

    batch_size: int = bounded(128, low=1, high=10**6)
    conditional: bool = True
    latent: int = bounded(100, low=1, high=10**5)
    prior: typing.Literal["uniform_-1_1", "uniform_0_1", "gaussian"] = "uniform_-1_1"
    generator_hidden: tuple[int, ...] = bounded((1024,), low=1, high=10**5)
    generator_channels: tuple[int, ...] = bounded((128, 64), low=1, high=10**4)
    generator_strides: tuple[int, ...] = bounded((2, 2), low=1, high=100)
    discriminator_channels: tuple[int, ...] = bounded((64, 128), low=1, high=10**4)
    discriminator_strides: tuple[int, ...] = bounded((2, 2), low=1, high=100)
    discriminator_hidden: tuple[int, ...] = bounded((1024,), low=1, high=10**5)
    kernel_size: int = bounded(5, low=1, high=100)
    upsampling: typing.Literal["transposed_convolution", "upsampling_convolution"] = "transposed_convolution"
    output: typing.Literal["sigmoid", "tanh"] = "sigmoid"
    norm_gain: bool = False
    norm_epsilon: float = bounded(1e-8, above=0, high=1.0)
    norm_momentum: float = bounded(0.98, low=0, below=1)
    slope: float = bounded(0.2, low=0, high=1)
    deviation: float = bounded(0.02, above=0, high=100.0)
    order: typing.Literal["one_player", "alternating"] = "one_player"
    learning_rate: float = bounded(2e-4, above=0, high=1000.0)
    beta_1: float = bounded(0.5, low=0, below=1)
    beta_2: float = bounded(0.999, low=0, below=1)
    epsilon: float = bounded(1e-8, above=0, high=1.0)
    l2: float = bounded(2.5e-5, low=0, high=1000.0)
    svm_images: int = bounded(10_000, low=2, high=10**7, role="evaluation")
    constant_epochs: int = bounded(100, low=0, high=10**6, role="schedule")
    decay_epochs: int = bounded(100, low=0, high=10**6, role="schedule")

    def __post_init__(self):
        super().__post_init__()
        for player in ("generator", "discriminator"):
            channels, strides = getattr(self, f"{player}_channels"), getattr(self, f"{player}_strides")
            if len(channels) != len(strides):
                raise UsageError(f"{player}_channels and {player}_strides must have as many numbers as each other")
        if not self.generator_channels:
            raise UsageError("generator_channels must have at least one number")


def scaling(config):
    """Pixels in [0, 1] for sigmoid outputs, in [-1, 1] for tanh."""
    return UNIT if config.recipe.output == "sigmoid" else Linear(-1.0, 1.0)


def _common(recipe, spec):
    from gan_repro.networks.convolutional import Normalisation

    return {
        "classes": spec.classes if recipe.conditional else 0,
        "normalisation": Normalisation(recipe.norm_gain, recipe.norm_epsilon, recipe.norm_momentum),
        "init_std": recipe.deviation,
    }


def _check(recipe, spec):
    """Raises UsageError where the recipe's networks cannot make or read such images."""
    from gan_repro.networks import convolutional

    convolutional.check_growth(spec, recipe.generator_strides, f"generator_strides = {recipe.generator_strides}")
    if recipe.conditional and not spec.classes:
        raise UsageError(
            f"{spec.title} has no labels, and a conditional model needs them (`labels` in npz:PATH, subfolders in "
            "images:FOLDER); without: --set=conditional=false"
        )


def generator(config, spec):
    """G: z (and label) -> dense layers -> convolutions upwards -> pixels. Keras model in the current precision."""
    from gan_repro.networks import convolutional

    recipe = config.recipe
    _check(recipe, spec)
    return convolutional.generator(
        recipe.latent,
        spec.shape,
        recipe.generator_channels,
        recipe.generator_strides,
        recipe.kernel_size,
        hidden=recipe.generator_hidden,
        output_activation=recipe.output,
        upsampling=recipe.upsampling,
        **_common(recipe, spec),
    )


def discriminator(config, spec):
    """D: images (and labels) -> convolutions downwards -> dense layers -> logit. Keras model in the current precision."""
    from gan_repro.networks import convolutional

    recipe = config.recipe
    return convolutional.discriminator(
        spec.shape,
        recipe.discriminator_channels,
        recipe.discriminator_strides,
        recipe.kernel_size,
        hidden=recipe.discriminator_hidden,
        negative_slope=recipe.slope,
        **_common(recipe, spec),
    )


def _optimizer(recipe, updates_per_epoch):
    from gan_repro.training import optimizers

    rate = recipe.learning_rate
    if recipe.decay_epochs:
        rate = optimizers.LinearDecay(rate, recipe.constant_epochs, recipe.decay_epochs, updates_per_epoch)
    return optimizers.Adam(rate, beta_1=recipe.beta_1, beta_2=recipe.beta_2, epsilon=recipe.epsilon)


def stages(config, source):
    """One stage: the whole game."""
    from gan_repro.evaluation import measure
    from gan_repro.networks import precision
    from gan_repro.training import losses, schedule
    from gan_repro.training.game import Player, from_recipe
    from gan_repro.training.trainer import Stage

    recipe, spec = config.recipe, source.spec
    _check(recipe, spec)
    if recipe.conditional:
        measure.check_enough_to_judge(recipe, spec)
    elif spec.classes:
        source.require("test")  # by the SVM on D's features, which takes as much memory
    one_player = recipe.order == "one_player"
    objective = losses.non_saturating_pair()

    def decayed(role, terms):
        return (*terms, losses.Term(f"{role}_l2", losses.squared_weights(role), recipe.l2)) if recipe.l2 else terms

    def build(before):
        import keras

        del before
        keras.utils.set_random_seed(config.seed)
        with precision.policy(recipe.precision):
            g, d = generator(config, spec), discriminator(config, spec)
        updates = spec.steps_per_epoch(recipe.batch_size, recipe.steps_per_epoch) / (2 if one_player else 1)
        return from_recipe(
            config,
            source,
            Player(g, _optimizer(recipe, updates), decayed("generator", objective.generator)),
            Player(d, _optimizer(recipe, updates), decayed("discriminator", objective.discriminator)),
            priors.of(config),
            schedule.OrderOfPlay(recipe.order, g_every=2 if one_player else 1),
            objective,
            generator(config, spec),
        )

    return (Stage("game", recipe.epochs, build),)
