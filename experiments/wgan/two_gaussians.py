"""Figure 2 of Arjovsky et al. 2017: a GAN's discriminator and a WGAN's critic, trained to tell two Gaussians apart.

The paper gives neither the Gaussians nor the networks nor the training, so every constant is ours but the two losses and
the weight clipping. G stands still.
"""

import dataclasses
import functools
import typing

import numpy as np

import gan_repro as gr

keras, tf = map(gr.lazy, ("keras", "tensorflow"))
critics, theory_figures = map(gr.lazy, ("experiments.wgan.critics", "experiments.wgan.theory_figures"))

BINS, REACH = 4000, 6.0  # of x, from so many standard deviations below the lower Gaussian to as many above the upper one
STAGES = ("discriminator", "critic")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(gr.TrainingRecipe):
    """Two games with a generator that stands still, against the same network: with D's loss, then with the critic's.

    Attributes:
      epochs: of the critic's training; discriminator_epochs: of D's, which comes first.
      generated_mean, generated_std: of the Gaussian that G draws from; the real one is the data set.
      hidden_units: leaky ReLU layers (slope .2, as in DCGAN's critic) of both networks, Keras's default initialisation.
      discriminator_learning_rate: of Adam (beta_1 .5).
      critic_learning_rate: of RMSprop (rho .99), as in Algorithm 1.
      clip: c of Algorithm 1: every weight of the critic stays in [-c, c]. With c = .1 and one layer of 100 units no slope
        is steeper than 100 c² = 1: every such critic is 1-Lipschitz, but not every 1-Lipschitz function is such a critic.
    """

    batch_size: int = gr.bounded(256, low=1, high=10**6)
    steps_per_epoch: int = gr.bounded(150, low=0, high=10**9, role="schedule", smoke=20)
    discriminator_epochs: int = gr.bounded(20, low=1, high=10**6, role="schedule", smoke=2)
    generated_mean: float = gr.bounded(3.0, low=-1000.0, high=1000.0)
    generated_std: float = gr.bounded(1.0, above=0, high=1000.0)
    hidden_units: tuple[int, ...] = gr.bounded((100,), low=1, high=10**5)
    discriminator_learning_rate: float = gr.bounded(1e-3, above=0, high=1000.0)
    critic_learning_rate: float = gr.bounded(5e-4, above=0, high=1000.0)
    clip: float = gr.bounded(0.1, above=0, high=1000.0)

    @property
    def total_epochs(self):
        """Those of both trainings."""
        return self.discriminator_epochs + self.epochs


PRESETS = {"paper": Recipe(epochs=10), "quick": Recipe(epochs=5, discriminator_epochs=10)}


def generator(recipe, spec):
    """G: z (m, 1) -> mean + std z, points (m, 1, 1, 1). It has no weights."""
    moved = keras.layers.Rescaling(recipe.generated_std, recipe.generated_mean, dtype="float32")
    shaped = keras.layers.Reshape(spec.shape, dtype="float32")
    return keras.Sequential([keras.Input((1,), name="z"), moved, shaped], name="generator")


def network(recipe, spec, name):
    """D or f: points (m, 1, 1, 1) -> leaky ReLU layers -> logits or scores (m, 1)."""
    layers = [keras.Input(spec.shape, name="images"), keras.layers.Flatten()]
    for i, n in enumerate(recipe.hidden_units):
        layers += [keras.layers.Dense(n, name=f"hidden_{i}"), keras.layers.LeakyReLU(0.2)]
    return keras.Sequential([*layers, keras.layers.Dense(1, name="output", dtype="float32")], name=name)


def _rules(loss, optimizer, constraint=None):
    """G has no weights."""
    alone = gr.schedule.discriminator_only()
    return gr.Rules(loss=loss, optimizers=(keras.optimizers.SGD(), optimizer), schedule=alone, constraint=constraint)


def discriminator_game(recipe, spec):
    """D's loss, Adam."""
    del spec
    return _rules(gr.losses.minimax(), gr.optimizers.Adam(recipe.discriminator_learning_rate, beta_1=0.5))


def critic_game(recipe, spec):
    """The critic's loss, RMSprop, weight clipping."""
    del spec
    clip = gr.constraints.WeightClip(recipe.clip)
    return _rules(gr.losses.wasserstein(), gr.optimizers.RMSprop(recipe.critic_learning_rate), clip)


# ---- what the two have learnt ------------------------------------------------------------------------------------


def keep_discriminator(loop, folder, every, spec):
    """The Keras callback that keeps the first phase's player: samples/discriminator.weights.h5.

    The critic is the last phase's, whose players every run keeps.

    Args:
      loop: training.trainer.Loop.
      folder: where the file goes.
      every, spec: not used: the newest weights are kept, in a file of some kilobytes.
    """
    del every, spec

    callback: typing.Any = keras.callbacks.Callback

    class KeepDiscriminator(callback):
        """See `keep_discriminator`."""

        def on_epoch_end(self, epoch, logs=None):
            """Replaces the file."""
            del epoch, logs
            if not loop.in_last_stage():
                gr.networks.weights.write(loop.trainable.discriminator.network, folder / f"{STAGES[0]}.weights.h5")

    return KeepDiscriminator()


def _kept(run, name):
    """The Keras model of a stage, float32, as the run stands. Raises RunError where its file is missing or damaged."""
    if name == STAGES[-1]:
        return run.discriminator()
    judge = network(run.config.recipe, run.source.spec, name)
    return gr.networks.weights.read(judge, run.workdir.samples / f"{name}.weights.h5")


def on_line(judge, x):
    """(value, derivative), float64 (n,), of a network at the points x, float (n,)."""
    points = tf.constant(np.reshape(x, (-1, 1, 1, 1)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(points)
        values = judge(points, training=False)
    return tuple(np.asarray(found, np.float64).ravel() for found in (values, tape.gradient(values, points)))


@dataclasses.dataclass(frozen=True)
class Compared:
    """What the trained networks and the exact ones say between the two Gaussians.

    Attributes:
      found, optimum: critics.Judges of the trained D and critic, and with D* in place of D.
      jensen_shannon: exact, nats; wasserstein: exact, units of x.
    """

    found: object
    optimum: object
    jensen_shannon: float
    wasserstein: float


@functools.lru_cache(maxsize=1)  # the measure and the figure are of the same networks
def compared(run):
    """The Compared of a run."""
    recipe, real = run.config.recipe, run.source
    generated = gr.data.gaussian1d.Gaussian(real.spec, recipe.generated_mean, recipe.generated_std)
    low, high = (real, generated) if real.mean < generated.mean else (generated, real)
    x = np.linspace(low.mean - REACH * low.std, high.mean + REACH * high.std, BINS + 1)
    logit, score = (on_line(_kept(run, name), x) for name in STAGES)
    # D*'s logit is log p_data - log p_g, a parabola; the critic stands in for itself.
    parts = [(x - law.mean) / law.std for law in (real, generated)]
    best = (parts[1] ** 2 - parts[0] ** 2) / 2 + np.log(generated.std / real.std)
    slope = parts[1] / generated.std - parts[0] / real.std
    found, optimum = (
        critics.Judges(x, real.density(x), generated.density(x), *of_d, *score) for of_d in (logit, (best, slope))
    )
    return Compared(
        found,
        optimum,
        gr.evaluation.divergences.jensen_shannon(found.p_data, found.p_g, x),
        gr.evaluation.transport.wasserstein_gaussians(real.mean, real.std, generated.mean, generated.std),
    )


def draw_figure2(run, measurements):
    """Figure 2: D, the critic, and the gradients that G would get from each."""
    del measurements
    both = compared(run)
    theory_figures.judges(
        run.workdir.figures / "figure2.png",
        both.found,
        f"Arjovsky et al. 2017, Figure 2: {run.config.preset} preset, seed {run.config.seed}",
        f"JS ≥ {both.found.jensen_shannon():.5f} nats by D, exact {both.jensen_shannon:.5f};   "
        f"W ≥ {both.found.wasserstein():.3f} by f / K, exact {both.wasserstein:.3f}",
    )


def gradients_and_divergences(run):
    """The mean gradient that G's samples would get from each loss; both divergences, as proved and exact."""
    both = compared(run)
    exact = both.optimum.mean_slopes()
    values = [("gradient_norm", "per unit of x", loss, mean) for loss, mean in both.found.mean_slopes().items()]
    values += [("gradient_norm", "per unit of x", f"{loss}, exact D", exact[loss]) for loss in ("log(1 - D)", "-log D")]
    values += [
        ("jensen_shannon_divergence", "nats", "proved by D", both.found.jensen_shannon()),
        ("jensen_shannon_divergence", "nats", "exact", both.jensen_shannon),
        ("wasserstein_distance", "units of x", "proved by the critic", both.found.wasserstein()),
        ("wasserstein_distance", "units of x", "exact", both.wasserstein),
        ("lipschitz_constant", "per unit of x", "critic", both.found.lipschitz()),
    ]
    return [
        run.measurement(metric, unit, value, None, "last", condition=condition, split="densities")
        for metric, unit, condition, value in values
    ]


METRICS = (gr.Metric("gradient_norm", "gradient that G gets"), gr.Metric("lipschitz_constant", "Lipschitz constant"))

MODEL = gr.Model(
    title="Discriminator and critic",
    datasets=("two_gaussians",),
    presets=PRESETS,
    prior=lambda recipe: gr.priors.Prior("gaussian", 1),
    critic=lambda recipe: (False, True),
    phases=tuple(
        gr.Phase(
            name=name,
            epochs=epochs,
            generator=generator,
            discriminator=functools.partial(network, name=name),
            game=game,
            same_start=True,
        )
        for name, epochs, game in zip(STAGES, ("discriminator_epochs", "epochs"), (discriminator_game, critic_game))
    ),
    measures=(gradients_and_divergences,),
    figures=(draw_figure2,),
    callbacks=keep_discriminator,
)
