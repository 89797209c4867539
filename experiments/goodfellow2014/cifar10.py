"""Both CIFAR-10 models of Goodfellow et al. 2014 (goodfeli/adversarial: cifar10_*.yaml): Figures 2c and 2d.

What they share with the other models is not here (rules.py).
"""

import dataclasses
from typing import Any

from experiments.goodfellow2014 import rules
from gan_repro.papers.recipe import bounded
from gan_repro.system.errors import UsageError

VALIDATION_IMAGES = 1000  # for sigma, as on MNIST: the paper has no log-likelihood of these models


@dataclasses.dataclass(frozen=True, kw_only=True)
class CifarRecipe(rules.AdversarialRecipe):
    """The fully connected model: G is z -> ReLU -> sigmoid -> linear, D two maxout layers.

    Attributes:
      contrast_norm: images are contrast-normalised to this norm (scaling.ContrastNormalised).
      output_irange: of G's output layer.
    """

    contrast_norm: float = bounded(55.0, above=0, high=1e6)
    prior: rules.Noise = "gaussian"
    generator_units: tuple[int, ...] = bounded((8000, 8000), low=1, high=10**5)
    output_irange: float = bounded(0.5, above=0, high=100.0)
    discriminator_units: tuple[int, ...] = bounded((1600, 1600), low=1, high=10**5)
    learning_rate: float = bounded(0.025, above=0, high=1000.0)

    def __post_init__(self):
        super().__post_init__()
        if len(self.generator_units) != 2:
            raise UsageError(f"generator_units = {self.generator_units}: must be two numbers: a ReLU and a sigmoid layer")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConvolutionalRecipe(CifarRecipe):
    """The convolutional model: G ends in a deconvolution, D begins with three maxout convolutions.

    Attributes:
      seed_size, deconvolution_kernel, deconvolution_stride: G's sigmoid layer is seen as seed_size x seed_size pixels and
        deconvolved to stride (seed_size - 1) + kernel = 32 pixels.
      output_irange: of the deconvolution.
      channels, kernels, paddings, convolution_pieces: of D's maxout convolutions, one number for each.
      pool_sizes, pool_strides: of the max-pooling behind each, in ceil mode.
      discriminator_units: of the dense maxout layer behind them.
    """

    batch_size: int = bounded(128, low=1, high=10**6)
    output_irange: float = bounded(0.05, above=0, high=100.0)
    seed_size: int = bounded(10, low=1, high=1000)
    deconvolution_kernel: int = bounded(5, low=1, high=100)
    deconvolution_stride: int = bounded(3, low=1, high=1000)
    channels: tuple[int, ...] = bounded((32, 32, 192), low=1, high=10**4)
    convolution_pieces: int = bounded(2, low=1, high=100)
    kernels: tuple[int, ...] = bounded((8, 8, 5), low=1, high=100)
    paddings: tuple[int, ...] = bounded((4, 3, 3), low=0, high=100)
    pool_sizes: tuple[int, ...] = bounded((4, 4, 2), low=1, high=1000)
    pool_strides: tuple[int, ...] = bounded((2, 2, 2), low=1, high=1000)
    discriminator_units: tuple[int, ...] = bounded((500,), low=1, high=10**5)
    learning_rate: float = bounded(0.004, above=0, high=1000.0)

    def __post_init__(self):
        super().__post_init__()
        lists = ("channels", "kernels", "paddings", "pool_sizes", "pool_strides")
        if len({len(getattr(self, name)) for name in lists}) != 1:
            raise UsageError(f"{', '.join(lists)} must have one number for each convolution, all as many")
        if self.generator_units[1] % self.seed_size**2:
            raise UsageError(
                f"generator_units = {self.generator_units}: the last is seen as {self.seed_size} x {self.seed_size} pixels, "
                f"so it must be a multiple of {self.seed_size**2}"
            )

    def convolutions(self):
        """As mlp.maxout_discriminator takes them."""
        pieces = [self.convolution_pieces] * len(self.channels)
        return list(zip(self.channels, pieces, self.kernels, self.paddings, self.pool_sizes, self.pool_strides))

    def check_convolutions(self, pixels):
        """Raises UsageError where D's convolutions leave nothing of images of `pixels` x `pixels`."""
        side = pixels
        for i, (_, _, kernel, padding, pool, stride) in enumerate(self.convolutions()):
            side += 2 * padding - kernel + 1
            if side < 1 or (side := -(-(side - pool) // stride) + 1) < 1:
                raise UsageError(
                    f"kernels, paddings, pool_sizes, pool_strides = {kernel}, {padding}, {pool}, {stride}: convolution {i + 1} "
                    f"leaves nothing of images of {pixels} x {pixels}"
                )


# The YAML files name no number of epochs: they run until they are killed.
_SMOKE: dict[str, Any] = {
    "epochs": 2,
    "steps_per_epoch": 10,
    "generator_units": (64, 200),
    "n_samples": 500,
    "samples_every": 1,
}
RECIPES = {
    "paper": CifarRecipe(epochs=500, samples_every=10),
    # A narrow G against the published D is lost by its third epoch (D(G(z)) < .001). This D is MNIST's, and G starts with
    # about the contrast of real images: as published its first images have several times as much.
    "quick": CifarRecipe(
        epochs=8,
        generator_units=(2000, 2000),
        generator_irange=0.1,
        output_irange=0.1,
        discriminator_units=(240, 240),
        samples_every=1,
    ),
    "smoke": CifarRecipe(**_SMOKE, discriminator_units=(16, 16)),
    "paper-convolutional": ConvolutionalRecipe(epochs=500, samples_every=10),
    # As published a step takes two cores two seconds, and D, whose five layers all start at U(-.005, .005), stays at
    # D(x) = .5 for thousands of steps. This one has a quarter of the minibatch and half of D's channels, and starts where both
    # players have something to learn from: D with larger weights, G's images with about the contrast of real ones.
    "quick-convolutional": ConvolutionalRecipe(
        epochs=6,
        steps_per_epoch=500,
        generator_units=(2000, 8000),
        batch_size=32,
        channels=(16, 16, 96),
        discriminator_irange=0.03,
        output_irange=0.5,
        samples_every=1,
    ),
    "smoke-convolutional": ConvolutionalRecipe(**_SMOKE, channels=(4, 4, 8), discriminator_units=(16,)),
}


def scaling(config):
    """Global contrast normalisation: pixels of unit variance and no mean, for linear outputs."""
    from gan_repro.data.scaling import ContrastNormalised

    return ContrastNormalised(config.recipe.contrast_norm)


def generator(config, spec):
    """G of either model. Keras model in the current precision.

    Raises:
      UsageError: the deconvolution does not give images of the data's size.
    """
    from gan_repro.networks import mlp

    recipe = config.recipe
    hidden = list(zip(recipe.generator_units, ("relu", "sigmoid")))
    if not isinstance(recipe, ConvolutionalRecipe):
        return mlp.mlp_generator(recipe.latent, hidden, spec.shape, "linear", recipe.generator_irange, recipe.output_irange)
    recipe.check_convolutions(min(spec.shape[:2]))
    kernel, stride = recipe.deconvolution_kernel, recipe.deconvolution_stride
    size = stride * (recipe.seed_size - 1) + kernel
    if spec.shape[:2] != (size, size):
        raise UsageError(
            f"deconvolution_stride ({stride}) * (seed_size ({recipe.seed_size}) - 1) + deconvolution_kernel ({kernel}) = {size}"
            f": must be the images' size, {spec.shape[0]} x {spec.shape[1]}"
        )
    irange = {"irange": recipe.generator_irange, "output_irange": recipe.output_irange}
    return mlp.deconvolution_generator(recipe.latent, hidden, recipe.seed_size, kernel, stride, spec.shape[2], **irange)


def stages(config, source):
    """One stage: the whole game."""
    from gan_repro.networks import precision
    from gan_repro.training.trainer import Stage

    recipe, spec = config.recipe, source.spec
    convolutional = isinstance(recipe, ConvolutionalRecipe)

    def build(before):
        del before
        rules.seed_weights(config)
        convolutions = recipe.convolutions() if convolutional else ()
        with precision.policy(recipe.precision):
            g, d = generator(config, spec), rules.discriminator(recipe, spec, convolutions=convolutions)
        return rules.game(config, source, g, d, generator(config, spec))

    return (Stage("game", recipe.epochs, build),)


def evaluate(run):
    """Figures 2c or 2d, interpolations, and a log-likelihood in the space that the networks see (not in the paper)."""
    from gan_repro.evaluation import measure

    found = measure.parzen_log_likelihood(run, VALIDATION_IMAGES)
    rules.draw_figures(run, found)
    return found
