"""Figure 1 of Goodfellow et al. 2014, played: Algorithm 1 on a line, where D*, the JSD and V(D, G) are known.

The paper draws that figure and trains nothing for it, so every constant is ours.
"""

import dataclasses
import functools
import typing

import numpy as np

import gan_repro as gr

keras, special, stats = map(gr.lazy, ("keras", "scipy.special", "scipy.stats"))
figure1 = gr.lazy("experiments.goodfellow2014.figure1")

PRIOR = "uniform_-1_1"  # "the domain from which z is sampled, in this case uniformly" (Figure 1)
ARROWS = 17  # equally spaced z of a figure
PIECES = 20_000  # of z, between which G is taken as straight
BINS, REACH = 2000, 10.0  # of x, over so many standard deviations of the data to either side
WAYPOINTS = (1 / 4, 1 / 20)  # the figure's panels between first and last: where the JSD first falls below these shares


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(gr.AdamRecipe):
    """Algorithm 1 with k = 4 and both players tanh MLPs. Nothing of it is in the paper but the rules of the game,
    which takes momentum where this takes Adam.

    D has to be near its optimum for G to descend on the JSD (section 4.2): it moves four times as often, at a higher
    rate, and with features fine enough to see any wave of p_g. If it lags behind, G folds the line onto itself, and does
    not find back: two z that meet in one x get the same gradient. So G begins as a map that ascends.

    Attributes:
      generator_units, generator_irange: G's tanh layers; weights U(0, irange), one for each layer and for the linear
        output: positive weights make G ascend at the start. The first layer's biases U(-irange, irange), the others 0.
      discriminator_units, discriminator_irange: D's tanh layers, and the logit's; weights U(-irange, irange), biases as G's.
      n_critic: k of Algorithm 1: D's updates, each on a minibatch of its own, for one of G's.
      objective: G minimises -log D(G(z)), or log(1 - D(G(z))) as Algorithm 1 has it; with the latter the end is less steady.
      generator_learning_rate, discriminator_learning_rate, learning_rate_decay: both are divided by the decay with every
        update of G; without it the two go round each other at a small distance for ever.
    """

    batch_size: int = gr.bounded(128, low=1, high=10**6)
    steps_per_epoch: int = gr.bounded(200, low=0, high=10**9, role="schedule", smoke=20)
    generator_units: tuple[int, ...] = gr.bounded((16, 16), low=1, high=10**5)
    generator_irange: tuple[float, ...] = gr.bounded((3.0, 0.3, 0.1), above=0, high=100.0)
    discriminator_units: tuple[int, ...] = gr.bounded((64,), low=1, high=10**5)
    discriminator_irange: tuple[float, ...] = gr.bounded((8.0, 0.2), above=0, high=100.0)
    n_critic: int = gr.bounded(4, low=1, high=1000)
    objective: typing.Literal["non_saturating", "minimax"] = "non_saturating"
    generator_learning_rate: float = gr.bounded(1e-3, above=0, high=1000.0)
    discriminator_learning_rate: float = gr.bounded(3e-2, above=0, high=1000.0)
    learning_rate_decay: float = gr.bounded(1.000245, low=1, high=10.0, smoke=1.01)

    def __post_init__(self):
        super().__post_init__()
        for player in ("generator", "discriminator"):
            units, iranges = getattr(self, f"{player}_units"), getattr(self, f"{player}_irange")
            if len(iranges) != len(units) + 1:
                raise gr.UsageError(f"{player}_irange must have {len(units) + 1} numbers, one more than {player}_units")


PRESETS = {
    "paper": Recipe(epochs=320, samples_every=20),
    "quick": Recipe(epochs=60, samples_every=5, learning_rate_decay=1.0013),
}


def _layers(units, iranges, last, lowest):
    """Keras layers: tanh, and a last linear one called `last`; weights U(lowest * irange, irange)."""

    def initializer(irange):
        return keras.initializers.RandomUniform(lowest * irange, irange)

    bias = keras.initializers.RandomUniform(-iranges[0], iranges[0])  # spreads the tanhs over the line
    layers = [
        keras.layers.Dense(
            n, "tanh", kernel_initializer=initializer(irange), bias_initializer=bias if i == 0 else "zeros", name=f"hidden_{i}"
        )
        for i, (n, irange) in enumerate(zip(units, iranges))
    ]
    output = keras.layers.Dense(
        1, kernel_initializer=initializer(iranges[-1]), bias_initializer="zeros", name=last, dtype="float32"
    )
    return [*layers, output]


def generator(recipe, spec):
    """G: z (m, 1) -> tanh layers -> points (m, 1, 1, 1)."""
    return gr.mlp.generator(1, _layers(recipe.generator_units, recipe.generator_irange, "output", 0), spec.shape)


def discriminator(recipe, spec):
    """D: points (m, 1, 1, 1) -> tanh layers -> logits (m, 1)."""
    points = keras.Input(spec.shape, name="images")
    x = keras.layers.Flatten()(points)
    for layer in _layers(recipe.discriminator_units, recipe.discriminator_irange, "logit", -1):
        x = layer(x)
    return keras.Model(points, x, name="discriminator")


def _adam(recipe, learning_rate, updates):
    """Adam; its rate decays by recipe.learning_rate_decay over so many of its updates."""
    rate = gr.optimizers.ExponentialDecay(learning_rate, recipe.learning_rate_decay ** (1 / updates), 0.0)
    return recipe.adam(rate)


def game(recipe, spec):
    """Algorithm 1 with k = n_critic and Adam."""
    del spec
    return gr.Rules(
        loss=gr.losses.OBJECTIVES[recipe.objective](),
        optimizers=(
            _adam(recipe, recipe.generator_learning_rate, 1),
            _adam(recipe, recipe.discriminator_learning_rate, recipe.n_critic),
        ),
        schedule=gr.schedule.alternating(recipe.n_critic),
    )


# ---- what a generator makes of the line ---------------------------------------------------------------------------


def _grid(source):
    """float64 (BINS + 1,): the edges of the bins of x."""
    return source.mean + source.std * np.linspace(-REACH, REACH, BINS + 1)


def _apply(network, points):
    """float64 (n,): a network on the line, in test mode."""
    inputs = np.asarray(points, np.float32).reshape(-1, *network.inputs[0].shape[1:])
    return np.asarray(network(inputs, training=False), np.float64).ravel()


def generated_density(network, source):
    """p_g of a generator, without sampling.

    Returns:
      (x, p_g, g): the middles of the bins float64 (BINS,), p_g averaged over each, and G(z) at PIECES + 1 equally spaced z.
    """
    edges = _grid(source)
    x = (edges[1:] + edges[:-1]) / 2
    g = _apply(network, np.linspace(-1, 1, PIECES + 1))
    # What is beyond the grid counts where p_data is nothing either; the outermost bins would count half as an integral.
    density = gr.evaluation.divergences.push_forward(np.clip(g, x[1], x[-2]), np.linspace(0, 1, PIECES + 1), edges)
    return x, density, g


def snapshot(g, d, source, epoch, step):
    """The figure1.Snapshot of two networks; they are not touched.

    Args:
      g, d: Keras models, as `generator` and `discriminator` make them.
      source: data.gaussian1d.Gaussian.
      epoch, step: when that is.
    """
    x, p_g, _ = generated_density(g, source)
    z = np.linspace(-1, 1, ARROWS)
    return figure1.Snapshot(
        epoch=epoch,
        step=step,
        x=x,
        p_data=source.density(x),
        p_g=p_g,
        d=special.expit(_apply(d, x)),
        z=z,
        g_of_z=_apply(g, z),
    )


def snapshots(loop, folder, every, spec):
    """The Keras callback that takes snapshots: samples/epoch-00020.npz, and the same as a picture beside it.

    The first one is taken before the first step, then one every `every` epochs, and one after 1, 2, 4, 8, ... epochs: in the
    beginning things happen quickly. None is taken for being the end, which it is no longer where the run goes on.

    Args:
      loop: training.trainer.Loop.
      folder: where the files go.
      every: epochs between snapshots.
      spec: data.source.Spec, for the caption.
    """

    callback: typing.Any = keras.callbacks.Callback

    class Snapshots(callback):
        """See `snapshots`."""

        def on_train_begin(self, logs=None):
            """Takes the first one."""
            if loop.step() == 0:
                self.take(0)

        def on_epoch_end(self, epoch, logs=None):
            """Takes one, if it is time."""
            played = epoch + 1
            power_of_2 = played & (played - 1) == 0
            if played % every == 0 or power_of_2:
                self.take(played)

        def take(self, epoch):
            """Writes the files of a snapshot."""
            game = loop.trainable
            taken = snapshot(game.weights("last"), game.discriminator.network, game.source, epoch, loop.step())
            taken.write(folder / f"epoch-{epoch:05d}.npz")
            figure1.panels(folder / f"epoch-{epoch:05d}.png", [taken], spec.title)

    return Snapshots()


def chosen(snapshots):
    """The figure's panels: the first snapshot, where the JSD first falls below WAYPOINTS of its, and the last."""
    first, last = snapshots[0], snapshots[-1]
    found = [first]
    for share in WAYPOINTS:
        found += [taken for taken in snapshots if taken.jensen_shannon() < share * first.jensen_shannon()][:1]
    found.append(last)
    return [taken for i, taken in enumerate(found) if taken not in found[:i]]


@functools.lru_cache(maxsize=1)  # the measure and the figure are of the same ones
def moments(run):
    """The snapshots of a run's training, and one of its end: a list of figure1.Snapshot.

    Raises:
      RunError: there are none.
    """
    taken = [figure1.read(path) for path in sorted(run.workdir.samples.glob("epoch-*.npz"))]
    taken = [each for each in taken if each.step < run.step]
    if not taken:
        raise gr.RunError(f"{run.workdir.samples} holds no snapshots: Figure 1 is of those that the training takes")
    return [*taken, snapshot(run.generator("last"), run.discriminator(), run.source, run.epochs, run.step)]


def draw_figure1(run, measurements):
    """Figure 1: four moments of the training."""
    del measurements
    figure1.panels(run.workdir.figures / "figure1.png", chosen(moments(run)), gr.figures.draw.run_title(run))


def distances(run):
    """V(D, G) of the last D (-log 4 at the end), and how far p_g is from p_data: JSD, Wasserstein distance."""
    measurements = [run.measurement("value_function", "nats", moments(run)[-1].value(), None, "last")]
    for kind in run.kinds():
        x, p_g, g = generated_density(run.generator(kind), run.source)
        shares = (np.arange(PIECES) + 0.5) / PIECES
        jsd = gr.evaluation.divergences.jensen_shannon(run.source.density(x), p_g, x)
        w1 = stats.wasserstein_distance((g[1:] + g[:-1]) / 2, run.source.quantile(shares))
        measurements.append(run.measurement("jensen_shannon_divergence", "nats", jsd, None, kind))
        measurements.append(run.measurement("wasserstein_distance", "units of x", w1, None, kind))
    return measurements


METRICS = (gr.Metric("value_function", "value of the game, V(D, G)"),)

MODEL = gr.Model(
    title="Adversarial nets (small ones, on a line)",
    datasets=("gaussian1d",),
    presets=PRESETS,
    prior=lambda recipe: gr.priors.Prior(PRIOR, 1),
    phases=(gr.Phase(generator=generator, discriminator=discriminator, game=game),),
    measures=(distances,),
    figures=(draw_figure1, gr.figures.Curves()),
    callbacks=snapshots,
)
