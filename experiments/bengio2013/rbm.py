"""Restricted Boltzmann machines and stacks of them (the DBN): contrastive divergence, Gibbs sampling in the top one."""

import dataclasses
import functools
import typing

import gan_repro as gr
from experiments.bengio2013 import greedy

tf = gr.lazy("tensorflow")
keras = gr.lazy("keras")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(greedy.Recipe):
    """One RBM. The paper says its size and not how it is trained: the rest is ours.

    Attributes:
      visible: units at the pixels: "bernoulli" for pixels in [0, 1], "gaussian" for photographs.
      visible_std: of Gaussian pixels given the hidden units, of 1.
      data: what an RBM sees as data: binary draws from its input's probabilities, or these themselves ("means").
      steps: Gibbs steps of the negative phase (the k of CD-k) of the top RBM; those below it have CD-1.
      persistent: whether the top RBM's chains go on from minibatch to minibatch (PCD; Tieleman 2008) or begin at the data (CD).
      persistent_learning_rate: in learning_rate's place with persistent chains: they must keep up with the weights.
      gaussian_learning_rate: of an RBM with Gaussian pixels.
      init_std: of all weights N(0, init_std^2).
      weight_decay: of the weights, in the unit of the gradient.
      annealing: steps of annealed importance sampling of log Z, 0: it is not measured.
    """

    units: tuple[int, ...] = gr.bounded((1024,), low=1, high=10**5, smoke=16)
    visible: typing.Literal["bernoulli", "gaussian"] = "bernoulli"
    visible_std: float = gr.bounded(0.1, above=0, high=1e3)
    data: typing.Literal["samples", "means"] = "samples"
    steps: int = gr.bounded(5, low=1, high=100, smoke=2)
    persistent: bool = True
    persistent_learning_rate: float = gr.bounded(0.01, above=0, high=1e3)
    gaussian_learning_rate: float = gr.bounded(0.001, above=0, high=1e3)
    init_std: float = gr.bounded(0.01, above=0, high=1e3)
    weight_decay: float = gr.bounded(0.0002, low=0, high=1e3)
    annealing: int = gr.bounded(14_500, low=0, high=10**7, role="evaluation", smoke=50)

    def __post_init__(self):
        super().__post_init__()
        if 0 < self.annealing < 3:
            raise gr.UsageError(f"annealing = {self.annealing}: valid are 0, not to measure it, and 3 or more steps")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stacked(Recipe, greedy.Stacked):
    """A DBN: two RBMs, trained from the pixels up."""

    units: tuple[int, ...] = gr.bounded((1024, 1024), low=1, high=10**5, smoke=16)


def network(recipe, spec, depth):
    """The stack of the first `depth` layers."""
    if recipe.visible == "bernoulli":
        gr.tied.check_unit(spec)
    return gr.tied.stack(
        spec.shape,
        recipe.units[:depth],
        [gr.initial.normal(recipe.init_std) for _ in range(depth)],
        visible="sigmoid" if recipe.visible == "bernoulli" else "linear",
        scale=1.0 if recipe.visible == "bernoulli" else recipe.visible_std,
    )


# ---- one machine --------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Machine:
    """An RBM: a layer of weights with binary hidden units, and what its visible units are.

    Energies: -v'c - h'b - v'Wh, and of Gaussian v |v - c|^2 / 2 in the place of -v'c.

    Attributes:
      layer: tied.Tied.
      gaussian: whether v are Gaussian, of variance 1, and not binary.
    """

    layer: typing.Any
    gaussian: bool = False

    def free_energy(self, v, up=None):
        """-log sum over h of exp(-energy): (m,) of v (m, d); `up`: layer.up(v), where it is known."""
        bias = tf.convert_to_tensor(self.layer.visible_bias.value)
        own = 0.5 * tf.reduce_sum(tf.square(v - bias), 1) if self.gaussian else -tf.linalg.matvec(v, bias)
        return own - tf.reduce_sum(tf.nn.softplus(self.layer.up(v) if up is None else up), 1)

    def hidden(self, v):
        """P(h = 1 | v)."""
        return tf.sigmoid(self.layer.up(v))

    def visible(self, h):
        """E[v | h]."""
        return self.layer.down(h) if self.gaussian else tf.sigmoid(self.layer.down(h))

    def draw_visible(self, h, draws):
        """v ~ P(v | h)."""
        return self.drawn(self.layer.down(h), draws)

    def drawn(self, down, draws):
        """v ~ P(v | h), of `down`, layer.down(h)."""
        mean = down if self.gaussian else tf.sigmoid(down)
        return mean + tf.cast(draws.normal(tf.shape(mean)), mean.dtype) if self.gaussian else draws.bernoulli(mean)

    def gibbs(self, h, draws):
        """h -> v ~ P(v | h) -> h ~ P(h | v): (v, h)."""
        v = self.draw_visible(h, draws)
        return v, draws.bernoulli(self.hidden(v))


def top(network):
    """The Machine of the topmost layer of a stack."""
    layers = gr.tied.layers(network)
    return Machine(layers[-1], _gaussian(network, len(layers) - 1))


def _gaussian(network, level):
    return level == 0 and network.get_layer("down_0").activation is keras.activations.linear


# ---- training -----------------------------------------------------------------------------------------------------------


def statistics(v, h):
    """What the energy is linear in, means over a minibatch: of W, of b, of c."""
    return tf.matmul(v, h, transpose_a=True) / tf.cast(tf.shape(v)[0], v.dtype), tf.reduce_mean(h, 0), tf.reduce_mean(v, 0)


def rule(recipe, spec, depth):
    """Contrastive divergence of the layer of that depth: CD-1 below the top, CD-k or PCD-k at the top."""
    at_top = depth == len(recipe.units)
    gaussian = depth == 1 and recipe.visible == "gaussian"
    steps, persistent = (recipe.steps, recipe.persistent) if at_top else (1, False)
    rate = recipe.persistent_learning_rate if persistent else recipe.learning_rate
    rate = recipe.gaussian_learning_rate if gaussian else rate
    chains = tf.Variable(tf.zeros([recipe.batch_size, recipe.units[depth - 1]]), trainable=False) if persistent else None

    def gradients(network, x, context):
        machine, draws = top(network), context.draws
        v = gr.tied.below(network, x)
        if recipe.data == "samples" and not machine.gaussian:
            v = draws.bernoulli(v)
        up = machine.layer.up(v)
        p = tf.sigmoid(up)
        h = draws.bernoulli(p) if chains is None else chains.read_value()
        downs = []
        for _ in range(steps):
            downs.append(machine.layer.down(h))
            v_model = machine.drawn(downs[-1], draws)
            up_model = machine.layer.up(v_model)
            h = draws.bernoulli(tf.sigmoid(up_model))
        if chains is not None:
            chains.assign(tf.cast(h, chains.dtype))
        data, model = statistics(v, p), statistics(v_model, tf.sigmoid(up_model))
        found = [of_model - of_data for of_model, of_data in zip(model, data)]
        found[0] += recipe.weight_decay * tf.convert_to_tensor(machine.layer.kernel.value)
        gap = machine.free_energy(v, up) - machine.free_energy(v_model, up_model)
        told = {"free_energy_gap": tf.reduce_mean(gap)}
        if chains is None:  # then the first step is a reconstruction of the data
            error = tf.square(downs[0] - v) / 2 if gaussian else tf.nn.sigmoid_cross_entropy_with_logits(v, downs[0])
            told["reconstruction_error"] = tf.reduce_mean(tf.reduce_sum(error, 1))
        return found, told

    return gr.LearningRule(
        optimizer=greedy.sgd(recipe, spec, rate),
        gradients=gradients,
        metrics=("free_energy_gap", "reconstruction_error") if chains is None else ("free_energy_gap",),
        variables={} if chains is None else {"chains": chains},
    )


# ---- sampling -----------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=8)  # what is traced of a chain is kept by it
def chain(recipe):
    """Gibbs sampling in the top RBM; a state is drawn down level by level, and the pixels are means."""

    def start(network, m, draws):
        return draws.bernoulli(top(network).hidden(gr.tied.begun(network, m, draws)))

    def step(network, h, draws):
        return top(network).gibbs(h, draws)[1]

    def image(network, h, draws):
        layers = gr.tied.layers(network)
        for level in reversed(range(1, len(layers))):
            h = Machine(layers[level]).draw_visible(h, draws)
        return gr.tied.pixels(network, Machine(layers[0], _gaussian(network, 0)).visible(h))

    return greedy.chain(recipe, start, step, image)
