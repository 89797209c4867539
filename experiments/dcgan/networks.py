"""The networks and the game of Radford et al. 2015, section 3, with the constants of dcgan_code."""

import dataclasses
import typing

import gan_repro as gr


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(gr.AdamRecipe):
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
      negative_slope: of D's leaky ReLU.
      init_std: weights are N(0, init_std^2).
      order: "alternate_minibatches": each minibatch trains one of the two, G the first; "alternating": D, then G, on each.
      learning_rate: of both players.
      l2: this times a weight is added to its gradient, in both players.
      svm_images: labelled training images that the SVM on D's features is fitted on, at most.
      constant_epochs, decay_epochs: the learning rate is constant, then falls to 0 by as much in every epoch; with
        decay_epochs 0 it stays.
    """

    batch_size: int = gr.bounded(128, low=1, high=10**6, smoke=16)
    conditional: bool = True
    latent: int = gr.bounded(100, low=1, high=10**5)
    prior: typing.Literal["uniform_-1_1", "uniform_0_1", "gaussian"] = "uniform_-1_1"
    generator_hidden: tuple[int, ...] = gr.bounded((1024,), low=1, high=10**5, smoke=32)
    generator_channels: tuple[int, ...] = gr.bounded((128, 64), low=1, high=10**4, smoke=8)
    generator_strides: tuple[int, ...] = gr.bounded((2, 2), low=1, high=100)
    discriminator_channels: tuple[int, ...] = gr.bounded((64, 128), low=1, high=10**4, smoke=8)
    discriminator_strides: tuple[int, ...] = gr.bounded((2, 2), low=1, high=100)
    discriminator_hidden: tuple[int, ...] = gr.bounded((1024,), low=1, high=10**5, smoke=32)
    kernel_size: int = gr.bounded(5, low=1, high=100)
    upsampling: typing.Literal["transposed_convolution", "upsampling_convolution"] = "transposed_convolution"
    output: typing.Literal["sigmoid", "tanh"] = "sigmoid"
    norm_gain: bool = False
    norm_epsilon: float = gr.bounded(1e-8, above=0, high=1.0)
    norm_momentum: float = gr.bounded(0.98, low=0, below=1)
    negative_slope: float = gr.bounded(0.2, low=0, high=1)
    init_std: float = gr.bounded(0.02, above=0, high=100.0)
    order: typing.Literal["alternate_minibatches", "alternating"] = "alternate_minibatches"
    learning_rate: float = gr.bounded(2e-4, above=0, high=1000.0)
    l2: float = gr.bounded(2.5e-5, low=0, high=1000.0)
    svm_images: int = gr.bounded(10_000, low=2, high=10**7, role="evaluation", smoke=200)
    constant_epochs: int = gr.bounded(100, low=0, high=10**6, role="schedule")
    decay_epochs: int = gr.bounded(100, low=0, high=10**6, role="schedule")

    def __post_init__(self):
        super().__post_init__()
        for player in ("generator", "discriminator"):
            channels, strides = getattr(self, f"{player}_channels"), getattr(self, f"{player}_strides")
            if len(channels) != len(strides):
                raise gr.UsageError(f"{player}_channels and {player}_strides must have as many numbers as each other")
        if not self.generator_channels:
            raise gr.UsageError("generator_channels must have at least one number")


def _common(recipe, spec):
    return {
        "classes": spec.classes if recipe.conditional else 0,
        "normalisation": gr.convolutional.Normalisation(recipe.norm_gain, recipe.norm_epsilon, recipe.norm_momentum),
        "init_std": recipe.init_std,
    }


def generator(recipe, spec):
    """G: z (and label) -> dense layers -> convolutions upwards -> pixels."""
    depth = gr.sizes.depth(spec, recipe.generator_strides)
    return gr.convolutional.generator(
        recipe.latent,
        spec.shape,
        recipe.generator_channels[-depth:],
        recipe.generator_strides[-depth:],
        recipe.kernel_size,
        hidden=recipe.generator_hidden,
        output_activation=recipe.output,
        upsampling=recipe.upsampling,
        **_common(recipe, spec),
    )


def discriminator(recipe, spec):
    """D: images (and labels) -> convolutions downwards -> dense layers -> logit. It leaves out as many layers as G."""
    left_out = len(recipe.generator_strides) - gr.sizes.depth(spec, recipe.generator_strides)
    depth = max(0, len(recipe.discriminator_strides) - left_out)
    if recipe.discriminator_channels and not depth and left_out < len(recipe.generator_strides):
        raise gr.UsageError(
            f"discriminator_channels = {recipe.discriminator_channels}: the images are too small for {left_out} of the strided "
            f"layers, in both networks, which leaves D none; give {left_out + 1} numbers or more"
        )
    return gr.convolutional.discriminator(
        spec.shape,
        recipe.discriminator_channels[:depth],
        recipe.discriminator_strides[:depth],
        recipe.kernel_size,
        hidden=recipe.discriminator_hidden,
        negative_slope=recipe.negative_slope,
        **_common(recipe, spec),
    )


def _adam(recipe, updates_per_epoch):
    rate = recipe.learning_rate
    if recipe.decay_epochs:
        falls = recipe.constant_epochs + recipe.decay_epochs
        if recipe.epochs > falls:
            raise gr.UsageError(
                f"epochs = {recipe.epochs}: after constant_epochs + decay_epochs = {falls} the learning rate is 0. In another "
                "--workdir set larger ones of these two, or decay_epochs = 0 for a rate that stays"
            )
        rate = gr.optimizers.LinearDecay(rate, recipe.constant_epochs, recipe.decay_epochs, updates_per_epoch)
    return recipe.adam(rate)


def game(recipe, spec):
    """The non-saturating game with L2 decay in both players, Adam, one player or both on a minibatch."""
    schedule = gr.schedule.SCHEDULES[recipe.order]()
    updates = schedule.updates_per_epoch("generator", recipe.minibatches(spec))
    loss = gr.losses.non_saturating_pair()
    if recipe.l2:
        loss = dataclasses.replace(
            loss,
            generator=loss.generator + (_decay("generator", recipe.l2),),
            discriminator=loss.discriminator + (_decay("discriminator", recipe.l2),),
        )
    return gr.Rules(
        loss=loss,
        optimizers=(_adam(recipe, updates), _adam(recipe, updates)),
        schedule=schedule,
    )


def _decay(role, weight):
    return gr.losses.Term(f"{role}_l2", gr.losses.squared_weights(role), weight)
