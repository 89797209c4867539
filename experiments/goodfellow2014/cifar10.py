"""Both CIFAR-10 models of Goodfellow et al. 2014 (goodfeli/adversarial: cifar10_*.yaml): Figures 2c and 2d."""

import dataclasses
import typing

import gan_repro as gr
from experiments.goodfellow2014 import adversarial


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(adversarial.Recipe):
    """The fully connected model: G is z -> ReLU -> sigmoid -> linear, D two maxout layers.

    Attributes:
      contrast_norm: images are contrast-normalised to this norm (scaling.ContrastNormalised).
      generator_activations: of G's two hidden layers; as published a ReLU and a sigmoid layer. Two ReLU layers as MNIST's begin
        with images of which more depends on z.
      output_irange: of G's output layer.
      max_column_norm: of every dense layer of G and D, after every update; 0: none, as published.
    """

    contrast_norm: float = gr.bounded(55.0, above=0, high=1e6)
    prior: adversarial.Noise = "gaussian"
    generator_units: tuple[int, ...] = gr.bounded((8000, 8000), low=1, high=10**5, smoke=(64, 200))
    generator_activations: tuple[typing.Literal["relu", "sigmoid"], ...] = ("relu", "sigmoid")
    output_irange: float = gr.bounded(0.5, above=0, high=100.0)
    max_column_norm: float = gr.bounded(0.0, low=0, high=1e6)
    discriminator_units: tuple[int, ...] = gr.bounded((1600, 1600), low=1, high=10**5, smoke=16)
    learning_rate: float = gr.bounded(0.025, above=0, high=1000.0)

    def __post_init__(self):
        super().__post_init__()
        if len(self.generator_units) != 2:
            raise gr.UsageError(f"generator_units = {self.generator_units}: must be two numbers: G has two hidden layers")
        if len(self.generator_activations) != 2:
            raise gr.UsageError(f"generator_activations = {self.generator_activations}: must be two, one for each hidden layer")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConvolutionalRecipe(Recipe):
    """The convolutional model: G ends in a deconvolution, D begins with three maxout convolutions.

    Attributes:
      base_size, deconvolution_kernel, deconvolution_stride: G's sigmoid layer is seen as base_size x base_size pixels and
        deconvolved to stride (base_size - 1) + kernel = 32 pixels.
      output_irange: of the deconvolution.
      channels, kernels, paddings, convolution_pieces: of D's maxout convolutions, one number for each.
      pool_sizes, pool_strides: of the max-pooling behind each, in ceil mode.
      discriminator_units: of the dense maxout layer behind them.
    """

    batch_size: int = gr.bounded(128, low=1, high=10**6)
    output_irange: float = gr.bounded(0.05, above=0, high=100.0)
    base_size: int = gr.bounded(10, low=1, high=1000)
    deconvolution_kernel: int = gr.bounded(5, low=1, high=100)
    deconvolution_stride: int = gr.bounded(3, low=1, high=1000)
    channels: tuple[int, ...] = gr.bounded((32, 32, 192), low=1, high=10**4, smoke=(4, 4, 8))
    convolution_pieces: int = gr.bounded(2, low=1, high=100)
    kernels: tuple[int, ...] = gr.bounded((8, 8, 5), low=1, high=100)
    paddings: tuple[int, ...] = gr.bounded((4, 3, 3), low=0, high=100)
    pool_sizes: tuple[int, ...] = gr.bounded((4, 4, 2), low=1, high=1000)
    pool_strides: tuple[int, ...] = gr.bounded((2, 2, 2), low=1, high=1000)
    discriminator_units: tuple[int, ...] = gr.bounded((500,), low=1, high=10**5, smoke=16)
    learning_rate: float = gr.bounded(0.004, above=0, high=1000.0)

    def __post_init__(self):
        super().__post_init__()
        lists = ("channels", "kernels", "paddings", "pool_sizes", "pool_strides")
        if len({len(getattr(self, name)) for name in lists}) != 1:
            raise gr.UsageError(f"{', '.join(lists)} must have one number for each convolution, all as many")
        if self.generator_units[1] % self.base_size**2:
            raise gr.UsageError(
                f"generator_units = {self.generator_units}: the last is seen as {self.base_size} x {self.base_size} pixels, "
                f"so it must be a multiple of {self.base_size**2}"
            )

    def convolutions(self):
        """As mlp.maxout_discriminator takes them."""
        pieces = [self.convolution_pieces] * len(self.channels)
        return list(zip(self.channels, pieces, self.kernels, self.paddings, self.pool_sizes, self.pool_strides))

    def check_convolutions(self, pixels):
        """Raises UsageError where D's convolutions leave nothing of images of `pixels` x `pixels`."""
        side = pixels
        if any(stride > size for size, stride in zip(self.pool_sizes, self.pool_strides)):
            raise gr.UsageError(
                f"pool_strides = {self.pool_strides}: none may be larger than its pool_sizes = {self.pool_sizes}, or a "
                "window could lie beside the image"
            )
        for i, (_, _, kernel, padding, pool, stride) in enumerate(self.convolutions()):
            side += 2 * padding - kernel + 1
            if side < 1 or (side := -(-(side - pool) // stride) + 1) < 1:
                raise gr.UsageError(
                    f"kernels, paddings, pool_sizes, pool_strides = {kernel}, {padding}, {pool}, {stride}: convolution {i + 1} "
                    f"leaves nothing of images of {pixels} x {pixels}"
                )


# The YAML files name no number of epochs: they run until they are killed.
PRESETS = {
    "paper": Recipe(epochs=500, samples_every=10),
    # README.md, deviation 16, says why D is as narrow, too, and where G starts.
    "quick": Recipe(
        epochs=8,
        generator_units=(2000, 2000),
        generator_irange=0.1,
        output_irange=0.1,
        discriminator_units=(240, 240),
        samples_every=1,
    ),
}
CONVOLUTIONAL_PRESETS = {
    "paper": ConvolutionalRecipe(epochs=500, samples_every=10),
    # README.md, deviation 17, says why it is as small, and where both players start.
    "quick": ConvolutionalRecipe(
        epochs=6,
        steps_per_epoch=500,
        generator_units=(2000, 8000),
        batch_size=32,
        channels=(16, 16, 96),
        discriminator_irange=0.03,
        output_irange=0.5,
        samples_every=1,
    ),
}


def _hidden(recipe):
    return list(zip(recipe.generator_units, recipe.generator_activations))


def generator(recipe, spec):
    """G of the fully connected model: z -> ReLU -> sigmoid -> linear pixels."""
    iranges = recipe.generator_irange, recipe.output_irange
    return gr.mlp.mlp_generator(recipe.latent, _hidden(recipe), spec.shape, "linear", *iranges, recipe.max_column_norm or None)


def discriminator(recipe, spec, **more):
    """D: maxout layers -> logit, with dropout; `more` as maxout_discriminator's."""
    return adversarial.discriminator(recipe, spec, max_column_norm=recipe.max_column_norm or None, **more)


def convolutional_generator(recipe, spec):
    """G of the convolutional model: z -> ReLU -> sigmoid -> deconvolution.

    Raises:
      UsageError: the deconvolution does not give images of the data's size, or D's convolutions leave nothing of them.
    """
    recipe.check_convolutions(min(spec.shape[:2]))
    kernel, stride = recipe.deconvolution_kernel, recipe.deconvolution_stride
    size = stride * (recipe.base_size - 1) + kernel
    if spec.shape[:2] != (size, size):
        raise gr.UsageError(
            f"images are {spec.shape[0]} x {spec.shape[1]}, and deconvolution_stride ({stride}) * (base_size "
            f"({recipe.base_size}) - 1) + deconvolution_kernel ({kernel}) = {size}: the model makes images of {size} x {size}; "
            "set one of the three, or take another --model"
        )
    return gr.mlp.deconvolution_generator(
        recipe.latent,
        _hidden(recipe),
        recipe.base_size,
        kernel,
        stride,
        spec.shape[2],
        recipe.generator_irange,
        recipe.output_irange,
        recipe.max_column_norm or None,
    )


def convolutional_discriminator(recipe, spec):
    """D of the convolutional model: maxout convolutions, maxout layers -> logit."""
    return discriminator(recipe, spec, convolutions=recipe.convolutions())


MODEL = gr.Model(
    title="Adversarial nets (fully connected)",
    datasets=("cifar10", *gr.OWN),
    presets=PRESETS,
    scaling=lambda recipe: gr.ContrastNormalised(recipe.contrast_norm),
    phases=(gr.Phase(generator=generator, discriminator=discriminator, game=adversarial.game),),
    # The paper has no log-likelihood of these models, and shows their last generator.
    measures=(
        gr.measures.ParzenLogLikelihood(validation_images=1000, validates=False, beside=adversarial.beside),
        adversarial.VARIETY,
    ),
    figures=adversarial.FIGURES,
)
CONVOLUTIONAL = dataclasses.replace(
    MODEL,
    title="Adversarial nets (convolutional)",
    presets=CONVOLUTIONAL_PRESETS,
    phases=(gr.Phase(generator=convolutional_generator, discriminator=convolutional_discriminator, game=adversarial.game),),
)
