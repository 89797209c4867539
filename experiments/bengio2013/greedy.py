"""What both kinds of models share: layers trained one after the other, and chains of samples in the topmost one."""

import dataclasses
import typing

import gan_repro as gr

keras = gr.lazy("keras")
data = gr.lazy("gan_repro.data.source")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(gr.TrainingRecipe):
    """One layer.

    Attributes:
      units: of each layer.
      epochs: of the top layer.
      learning_rate, learning_rate_decay: of momentum SGD; divided by the decay after every update, from anew in each layer.
      momentum, momentum_final, momentum_saturates: linear per epoch from the first to the final value, reached in epoch
        `momentum_saturates`.
      chains, burn_in, thinning: Markov chains of samples: how many, steps before the first kept state, and from each kept state
        to the next.
      other_chains: whether samples of chains with other constants are measured beside them.
    """

    LAYERS: typing.ClassVar[int] = 1

    epochs: int = gr.bounded(60, low=1, high=10**6, role="schedule", smoke=1)
    batch_size: int = gr.bounded(100, low=1, high=10**6)
    units: tuple[int, ...] = gr.bounded(low=1, high=10**5, smoke=16)
    learning_rate: float = gr.bounded(0.05, above=0, high=1000.0)
    learning_rate_decay: float = gr.bounded(1.00005, low=1, high=10.0)
    momentum: float = gr.bounded(0.5, low=0, below=1)
    momentum_final: float = gr.bounded(0.5, low=0, below=1)
    momentum_saturates: int = gr.bounded(5, low=1, high=10**6)
    chains: int = gr.bounded(100, low=1, high=10**5, smoke=20)
    burn_in: int = gr.bounded(1000, low=0, high=10**6, smoke=5)
    thinning: int = gr.bounded(20, low=1, high=10**6, smoke=1)
    other_chains: bool = gr.bounded(True, role="evaluation", smoke=False)

    def __post_init__(self):
        super().__post_init__()
        if len(self.units) != self.LAYERS:
            given = ", ".join(map(str, self.units)) or "none"
            raise gr.UsageError(
                f"units = {given}: this model has {self.LAYERS} layer{'s' * (self.LAYERS > 1)}: give each its number"
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stacked(Recipe):
    """Two layers, the upper one trained on what the lower one makes of the images.

    Attributes:
      lower_epochs: of the lower layer.
    """

    LAYERS: typing.ClassVar[int] = 2

    lower_epochs: int = gr.bounded(30, low=1, high=10**6, role="schedule", smoke=1)

    @property
    def total_epochs(self):
        """Those of both layers."""
        return self.lower_epochs + self.epochs


def sgd(recipe, spec, learning_rate):
    """Momentum SGD with the learning rate decaying per update and the momentum growing per epoch."""
    return gr.optimizers.MomentumSGD(
        gr.optimizers.ExponentialDecay(learning_rate, recipe.learning_rate_decay, 0.0),
        gr.optimizers.LinearMomentum(
            recipe.momentum, recipe.momentum_final, recipe.momentum_saturates, recipe.minibatches(spec)
        ),
    )


def chain(recipe, start, step, image):
    """The recipe's chains of these steps."""
    return gr.Chain(start=start, step=step, image=image, chains=recipe.chains, burn_in=recipe.burn_in, thinning=recipe.thinning)


def initialise(network, source):
    """Pixels begin at their means (Hinton 2010, "A practical guide to training RBMs", section 8.1), and so will chains."""
    lowest, mean = gr.tied.layers(network)[0], data.mean(source, "train")
    gr.tied.keep_mean(network, mean)
    if network.get_layer("down_0").activation is keras.activations.sigmoid:
        gr.initial.start_at_marginals(lowest, mean, bias="visible_bias")
    else:
        lowest.visible_bias.assign(mean.reshape(-1) / 255 / gr.tied.scale_of(network))


def _take_over(network, before):
    gr.tied.take_over(network, before)  # not named in a phase: its module imports Keras


def phases(module, layers):
    """A phase for each layer, from the pixels up; `module` has `network` and `rule` of a stack of some depth."""

    def phase(depth):
        last = depth == layers
        return gr.Learning(
            name=f"layer {depth}",
            epochs="epochs" if last else "lower_epochs",
            network=lambda recipe, spec: module.network(recipe, spec, depth),
            rule=lambda recipe, spec: module.rule(recipe, spec, depth),
            initialise=initialise,
            grow=_take_over if depth > 1 else None,
            averages=last,
            validated=last,
        )

    return tuple(phase(depth) for depth in range(1, layers + 1))
