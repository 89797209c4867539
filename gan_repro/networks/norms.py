"""Normalisations by name, as a recipe has them: what the builders of networks take for each, and stacks of dense layers."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras

from gan_repro.networks import reparametrised
from gan_repro.networks.convolutional import Factory, LayerNormalisation, Normalisation, Normaliser
from gan_repro.networks.initial import Start
from gan_repro.networks.layers import Dropout
from gan_repro.networks.minibatch import MinibatchDiscrimination


@keras.saving.register_keras_serializable(package="gan_repro", name="InstanceNorm")
class InstanceNorm(keras.layers.GroupNormalization):
    """Group normalisation with a group for each channel; of units, which have no pixels, nothing would be left."""

    def build(self, input_shape: Any) -> None:
        """Raises ValueError: the input has no pixels."""
        if len(input_shape) < 4:
            raise ValueError("instance norm takes images: of a dense layer's units it would leave 0")
        super().build(input_shape)


@dataclasses.dataclass(frozen=True)
class InstanceNormalisation:
    """Instance normalisation: statistics of each channel of each image, in training and test mode. Source: Ulyanov et al. 2016.

    Attributes:
      epsilon: added to the variance.
    """

    epsilon: float = 1e-5

    def layer(self, name: str) -> keras.layers.Layer:
        """The Keras layer, with a learned gain and shift for each channel; it takes images (m, h, w, c)."""
        return InstanceNorm(-1, epsilon=self.epsilon, name=name)


@dataclasses.dataclass(frozen=True)
class Norm:
    """What stands for a normalisation in a network.

    Attributes:
      normalisation: between a layer and its activation, or None.
      convolution, transposed_convolution, dense: make the layers that have weights.
      use_bias: whether these want biases: behind them no normalisation takes each unit's or channel's mean away. Layer norm
        takes one number of all units of an example: without biases it would see no difference between x and 2 x.
    """

    normalisation: Normaliser | None = None
    convolution: Factory = keras.layers.Conv2D
    transposed_convolution: Factory = keras.layers.Conv2DTranspose
    dense: Factory = keras.layers.Dense
    use_bias: bool = True

    def of_discriminator(self) -> dict[str, Any]:
        """The arguments of convolutional.discriminator."""
        names = ("normalisation", "convolution", "dense", "use_bias")
        return {name: getattr(self, name) for name in names}

    def of_generator(self) -> dict[str, Any]:
        """The arguments of convolutional.generator."""
        return self.of_discriminator() | {"transposed_convolution": self.transposed_convolution}


def of(kind: str, epsilon: float = 1e-5, momentum: float = 0.9, gain_init_std: float = 0.02) -> Norm:
    """The Norm called "batch", "instance", "layer", "weight", "spectral" or "none".

    Args:
      kind: its name.
      epsilon: of those that have a variance. momentum, gain_init_std: of batch norm (convolutional.Normalisation).

    Raises:
      ValueError: there is none of that name.
    """
    made: dict[str, Callable[[], Norm]] = {
        "none": Norm,
        "batch": lambda: Norm(Normalisation(True, epsilon, momentum, gain_init_std), use_bias=False),
        "instance": lambda: Norm(InstanceNormalisation(epsilon), use_bias=False),
        "layer": lambda: Norm(LayerNormalisation(True, epsilon)),
        "weight": lambda: Norm(
            None, reparametrised.WeightConv2D, reparametrised.WeightConv2DTranspose, reparametrised.WeightDense
        ),
        "spectral": lambda: Norm(
            None, reparametrised.SpectralConv2D, reparametrised.SpectralConv2DTranspose, reparametrised.SpectralDense
        ),
    }
    if kind not in made:
        raise ValueError(f"norm {kind!r}: valid are {', '.join(made)}")
    return made[kind]()


def dense_layers(
    units: Sequence[int],
    outputs: int,
    name: str,
    norm: Norm,
    start: Start,
    activation: str = "relu",
    output_activation: str | None = None,
    dropout: tuple[float, float] | None = None,
    minibatch: tuple[int, int] | None = None,
) -> list[keras.layers.Layer]:
    """Dense layers, each but the last with the norm and an activation, for mlp.generator and mlp.discriminator.

    The output of the last hidden one is called "features".

    Args:
      units: of the hidden layers.
      outputs, name, output_activation: of the last layer, which is float32.
      norm: of the hidden layers; a reparametrisation is also the last one's.
      start: makes the initialiser of each layer's weights.
      activation: of the hidden layers.
      dropout: (keep probability, scale) behind each of them, or None.
      minibatch: (kernels, dimensions) of a minibatch.MinibatchDiscrimination in front of the last layer, or None.
    """
    found: list[keras.layers.Layer] = []
    for i, width in enumerate(units):
        found.append(norm.dense(width, kernel_initializer=start(), use_bias=norm.use_bias, name=f"hidden_{i}"))
        if norm.normalisation is not None:
            found.append(norm.normalisation.layer(f"hidden_{i}_norm"))
        found.append(keras.layers.Activation(activation, name=f"hidden_{i}_activation"))
        if dropout is not None:
            found.append(Dropout(*dropout, name=f"hidden_{i}_dropout"))
    found.append(keras.layers.Identity(name="features"))
    if minibatch is not None:
        found.append(MinibatchDiscrimination(*minibatch, start(), name="minibatch"))
    last = norm.dense(outputs, output_activation, kernel_initializer=start(), name=name, dtype="float32")
    return [*found, last]
