"""Figure 2 of Arjovsky et al. 2017: a GAN's discriminator and a WGAN's critic, trained to tell two Gaussians apart.

The paper gives neither the Gaussians nor the networks nor the training, so every constant is ours but the two losses and
the weight clipping. G stands still; the games in which it moves are not here.
"""

import dataclasses

import numpy as np

from gan_repro.papers.recipe import TrainingRecipe, bounded

BINS, REACH = 4000, 6.0  # of x, from so many standard deviations below the lower Gaussian to as many above the upper one
STAGES = ("discriminator", "critic")


@dataclasses.dataclass(frozen=True, kw_only=True)
class CriticsRecipe(TrainingRecipe):
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

    batch_size: int = bounded(256, low=1, high=10**6)
    steps_per_epoch: int = bounded(150, low=0, high=10**9, role="schedule")
    discriminator_epochs: int = bounded(20, low=1, high=10**6, role="schedule")
    generated_mean: float = bounded(3.0, low=-1000.0, high=1000.0)
    generated_std: float = bounded(1.0, above=0, high=1000.0)
    hidden_units: tuple[int, ...] = bounded((100,), low=1, high=10**5)
    discriminator_learning_rate: float = bounded(1e-3, above=0, high=1000.0)
    critic_learning_rate: float = bounded(5e-4, above=0, high=1000.0)
    clip: float = bounded(0.1, above=0, high=1000.0)

    @property
    def total_epochs(self):
        """Those of both trainings."""
        return self.discriminator_epochs + self.epochs


RECIPES = {
    "paper": CriticsRecipe(epochs=10),
    "quick": CriticsRecipe(epochs=5, discriminator_epochs=10),
    "smoke": CriticsRecipe(epochs=2, discriminator_epochs=2, steps_per_epoch=20),
}


def prior(config):
    """p(z): N(0, 1)."""
    del config
    from gan_repro.latent.priors import Prior

    return Prior("gaussian", 1)


def generator(config, spec):
    """G: z (m, 1) -> mean + std z, points (m, 1, 1, 1). Keras model without weights."""
    import keras

    recipe = config.recipe
    return keras.Sequential(
        [
            keras.Input((1,), name="z"),
            keras.layers.Rescaling(recipe.generated_std, recipe.generated_mean, dtype="float32"),
            keras.layers.Reshape(spec.shape, dtype="float32"),
        ],
        name="generator",
    )


def network(recipe, spec, name):
    """D or f: points (m, 1, 1, 1) -> leaky ReLU layers -> logits or scores (m, 1). Keras model in the current precision."""
    import keras

    layers = [keras.Input(spec.shape, name="images"), keras.layers.Flatten()]
    for i, n in enumerate(recipe.hidden_units):
        layers += [keras.layers.Dense(n, name=f"hidden_{i}"), keras.layers.LeakyReLU(0.2)]
    return keras.Sequential([*layers, keras.layers.Dense(1, name="output", dtype="float32")], name=name)


def stages(config, source):
    """Two stages, each a game in which only one player moves: the discriminator, then the critic."""
    import keras

    from gan_repro.networks import precision
    from gan_repro.networks.constraints import WeightClip
    from gan_repro.training import losses, schedule
    from gan_repro.training.game import Player, from_recipe
    from gan_repro.training.optimizers import Adam, RMSprop
    from gan_repro.training.trainer import Stage

    recipe, spec = config.recipe, source.spec

    def build(tag, objective, optimizer, constraint):
        keras.utils.set_random_seed(config.seed)  # both begin from the same weights
        with precision.policy(recipe.precision):
            g, judge = generator(config, spec), network(recipe, spec, STAGES[tag])
        return from_recipe(
            config,
            source,
            Player(g, keras.optimizers.SGD(), objective.generator),
            Player(judge, optimizer, objective.discriminator, constraint),
            prior(config),
            schedule.OrderOfPlay("alternating", g_every=2**31),  # G has no weights: its turn never comes
            objective,
            generator(config, spec),
            tag=tag,
        )

    def discriminator(before):
        del before
        return build(0, losses.minimax(), Adam(recipe.discriminator_learning_rate, beta_1=0.5), None)

    def critic(before):
        del before
        optimizer = RMSprop(recipe.critic_learning_rate)
        return build(1, losses.wasserstein(), optimizer, WeightClip(recipe.clip))

    return tuple(
        Stage(name, epochs, make)
        for name, epochs, make in zip(STAGES, (recipe.discriminator_epochs, recipe.epochs), (discriminator, critic))
    )


# ---- what the two have learnt ------------------------------------------------------------------------------------


def pictures(loop, folder, every, spec):
    """The Keras callback that keeps the first stage's player: samples/discriminator.weights.h5.

    The critic is the last stage's, whose players every run keeps.

    Args:
      loop: training.Loop.
      folder: where the file goes.
      every, spec: not used: the newest weights are kept, in a file of some kilobytes.
    """
    del every, spec
    import keras

    from gan_repro.networks import weights

    class KeepDiscriminator(keras.callbacks.Callback):
        """See `pictures`."""

        def on_epoch_end(self, epoch, logs=None):
            """Replaces the file."""
            del epoch, logs
            if not loop.in_last_stage():
                weights.write(loop.trainable.discriminator.network, folder / f"{STAGES[0]}.weights.h5")

    return KeepDiscriminator()


def _kept(run, name):
    """The Keras model of a stage, float32, as the run stands. Raises RunError where its file is missing or damaged."""
    from gan_repro.networks import weights

    judge = network(run.config.recipe, run.source.spec, name)
    if name == STAGES[-1]:
        return run.loaded(judge, run.workdir.network("discriminator"))
    return weights.read(judge, run.workdir.samples / f"{name}.weights.h5")


def on_line(judge, x):
    """(value, derivative), float64 (n,), of a network at the points x, float (n,)."""
    import tensorflow as tf

    points = tf.constant(np.reshape(x, (-1, 1, 1, 1)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(points)
        values = judge(points, training=False)
    return tuple(np.asarray(found, np.float64).ravel() for found in (values, tape.gradient(values, points)))


def _judges(run, x, generated, logit, score):
    from experiments.wgan.critics import Judges

    return Judges(x, run.source.density(x), generated.density(x), *logit, *score)


def evaluate(run):
    """Figure 2; the mean gradient that G's samples would get from each loss; both divergences, as proved and exact."""
    from experiments.wgan import theory_figures
    from gan_repro.data.gaussian1d import Gaussian
    from gan_repro.evaluation import divergences, transport

    recipe, real = run.config.recipe, run.source
    generated = Gaussian(real.spec, recipe.generated_mean, recipe.generated_std)
    low, high = (real, generated) if real.mean < generated.mean else (generated, real)
    x = np.linspace(low.mean - REACH * low.std, high.mean + REACH * high.std, BINS + 1)
    logit, score = (on_line(_kept(run, name), x) for name in STAGES)
    found = _judges(run, x, generated, logit, score)
    # D*'s logit is log p_data - log p_g, a parabola; the critic stands in for itself.
    parts = [(x - law.mean) / law.std for law in (real, generated)]
    best = (parts[1] ** 2 - parts[0] ** 2) / 2 + np.log(generated.std / real.std)
    slope = parts[1] / generated.std - parts[0] / real.std
    optimum = _judges(run, x, generated, (best, slope), score)
    jensen_shannon = divergences.jensen_shannon(found.p_data, found.p_g, x)
    distance = transport.wasserstein_gaussians(real.mean, real.std, generated.mean, generated.std)
    theory_figures.judges(
        run.workdir.figures / "figure2.png",
        found,
        f"Arjovsky et al. 2017, Figure 2: {run.config.preset} preset, seed {run.config.seed}",
        f"JS ≥ {found.jensen_shannon():.5f} nats by D, exact {jensen_shannon:.5f};   "
        f"W ≥ {found.wasserstein():.3f} by f / K, exact {distance:.3f}",
    )
    exact = optimum.mean_slopes()
    values = [("gradient_norm", "per unit of x", loss, mean) for loss, mean in found.mean_slopes().items()]
    values += [("gradient_norm", "per unit of x", f"{loss}, exact D", exact[loss]) for loss in ("log(1 - D)", "-log D")]
    values += [
        ("jensen_shannon_divergence", "nats", "proved by D", found.jensen_shannon()),
        ("jensen_shannon_divergence", "nats", "exact", jensen_shannon),
        ("wasserstein_distance", "units of x", "proved by the critic", found.wasserstein()),
        ("wasserstein_distance", "units of x", "exact", distance),
        ("lipschitz_constant", "per unit of x", "critic", found.lipschitz()),
    ]
    return [
        run.measurement(metric, unit, value, None, "last", space=space, split="densities")
        for metric, unit, space, value in values
    ]
