"""Tricks: the fields of a recipe whose game can be played with each of the tricks that are told of GANs, alone or together."""

import dataclasses
import typing

from gan_repro.papers.recipe import TrainingRecipe, bounded
from gan_repro.system.errors import UsageError


@dataclasses.dataclass(frozen=True, kw_only=True)
class GameTricks(TrainingRecipe):
    """Those of the game alone, which any two networks can play. Each field's default is the game without the trick.

    training/tricks.py puts them into the rules of the game, or says why this one cannot have it.

    Attributes:
      smoothing: D's target of real images; .9 is one-sided label smoothing (Salimans et al. 2016, section 3.4).
      soft_labels: D's targets are random, those of real images U(.7, 1.2), of generated ones U(0, .3) (ganhacks 6).
      flipped_labels: how many images D is told to be of the other kind, a share (ganhacks 6).
      instance_noise: standard deviation of the noise on all that D sees, in units of what the networks see, at the start.
      instance_noise_epochs: after so many it has fallen linearly to 0.
      rate_constant_epochs, rate_decay_epochs: both players' learning rates stay, then fall to 0 by as much in every epoch
        (optimizers.LinearDecay); with rate_decay_epochs 0 they stay.
      d_rate_factor: D's learning rate is so many times what it is in the game without (two time scales: Heusel et al. 2017).
      dropout_in_g_update: False: D's dropout is off in G's updates.
      feature_matching: G's loss is the squared distance of D's mean features instead (Salimans et al. 2016, section 3.1).
      replay: old samples that are kept, of which half of D's generated images come; 0: none (ganhacks 8).
    """

    smoothing: float = bounded(1.0, above=0.5, high=1.0)
    soft_labels: bool = False
    flipped_labels: float = bounded(0.0, low=0, below=0.5)
    instance_noise: float = bounded(0.0, low=0, high=1000.0)
    instance_noise_epochs: float = bounded(10.0, above=0, high=10**6)
    rate_constant_epochs: int = bounded(0, low=0, high=10**6)
    rate_decay_epochs: int = bounded(0, low=0, high=10**6)
    d_rate_factor: float = bounded(1.0, above=0, high=10**6)
    dropout_in_g_update: bool = True
    feature_matching: bool = False
    replay: int = bounded(0, low=0, high=10**6)

    def __post_init__(self):
        super().__post_init__()
        if self.soft_labels and self.smoothing != 1:
            raise UsageError("smoothing and soft_labels both say what D's target of real images is: set one of them")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tricks(GameTricks):
    """Those of the networks as well, which the recipe's `generator` and `discriminator` make (networks/norms.py).

    A recipe of this kind has a field `prior` as well: z from a Gaussian or from a cube.

    Attributes:
      generator_norm, discriminator_norm: see norms.of.
      d_dropout: how many of the activations behind D's hidden layers drop out, a share.
      minibatch_kernels, minibatch_dimensions: of the minibatch discrimination in front of D's last layer (Salimans et al.
        2016, section 3.2); 0 kernels: there is none.
    """

    generator_norm: typing.Literal["batch", "instance", "layer", "weight", "spectral", "none"] = "batch"
    discriminator_norm: typing.Literal["batch", "instance", "layer", "weight", "spectral", "none"] = "batch"
    d_dropout: float = bounded(0.0, low=0, below=1)
    minibatch_kernels: int = bounded(0, low=0, high=10_000)
    minibatch_dimensions: int = bounded(5, low=1, high=1000)

    def __post_init__(self):
        super().__post_init__()
        if self.generator_norm == "spectral":
            raise UsageError(
                "generator_norm = spectral: it bounds how steep a network is, which D's task asks for; a G so bounded could "
                "not reach the data's range. discriminator_norm takes it"
            )
        if not self.dropout_in_g_update and not self.d_dropout:
            raise UsageError("dropout_in_g_update = false: D has no dropout that could be off; set d_dropout as well")

    @property
    def dropout(self) -> tuple[float, float] | None:
        """(keep probability, scale) of D's dropout, as builders of networks take it; None: there is none."""
        return (1 - self.d_dropout, 1 / (1 - self.d_dropout)) if self.d_dropout else None

    @property
    def minibatch(self) -> tuple[int, int] | None:
        """(kernels, dimensions) of D's minibatch discrimination, as builders of networks take it; None: there is none."""
        return (self.minibatch_kernels, self.minibatch_dimensions) if self.minibatch_kernels else None
