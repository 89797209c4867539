"""Goodfellow et al. 2014, "Generative Adversarial Nets": the MNIST model as in the authors' code, evaluated as in Table 1.

The game, the evaluator and the tables are not here: this is the paper's experimental section, as data.
"""

import dataclasses
import typing

from gan_repro.experiment import Experiment, Published, TrainingRecipe, bounded

PAPER = "Goodfellow et al. 2014, Table 1"


@dataclasses.dataclass(frozen=True, kw_only=True)
class MnistRecipe(TrainingRecipe):
    """goodfeli/adversarial, mnist.yaml, and the pylearn2 of June 2014 that it runs on.

    Attributes:
      latent, prior: z: 100 numbers, U(-sqrt 3, sqrt 3) (mnist.yaml: noise uniform).
      generator_units, generator_irange: two ReLU layers; every layer's weights U(-irange, irange).
      discriminator_units, pieces, discriminator_irange: two maxout layers; every layer's weights U(-irange, irange).
      input_keep, input_scale, hidden_keep, hidden_scale: D's dropout: keep probability and scale at the input of its
        first layer, and at the input of every other one, the sigmoid output layer too. It stays on in G's gradient.
      objective, d_loss_weight: G minimises -log D(G(z)); D's loss has the factor 1/2 (adversarial: AdversaryCost2).
      learning_rate, learning_rate_decay, learning_rate_minimum: divided by the decay after every update.
      momentum, momentum_final, momentum_saturates: linear per epoch from the first to the final value, reached in
        epoch `momentum_saturates`.
    """

    batch_size: int = bounded(100, low=1, high=10**6)
    latent: int = bounded(100, low=1, high=10**5)
    prior: typing.Literal["uniform_unit_variance", "gaussian", "spherical"] = "uniform_unit_variance"
    generator_units: tuple[int, ...] = bounded((1200, 1200), low=1, high=10**6)
    generator_irange: float = bounded(0.05, above=0, high=100.0)
    discriminator_units: tuple[int, ...] = bounded((240, 240), low=1, high=10**6)
    pieces: int = bounded(5, low=1, high=1000)
    discriminator_irange: float = bounded(0.005, above=0, high=100.0)
    input_keep: float = bounded(0.8, above=0, high=1)
    input_scale: float = bounded(1.25, above=0, high=1000.0)
    hidden_keep: float = bounded(0.5, above=0, high=1)
    hidden_scale: float = bounded(2.0, above=0, high=1000.0)
    objective: typing.Literal["non_saturating", "minimax"] = "non_saturating"
    d_loss_weight: float = bounded(0.5, above=0, high=1000.0)
    learning_rate: float = bounded(0.1, above=0, high=1000.0)
    learning_rate_decay: float = bounded(1.000004, low=1, high=10.0)
    learning_rate_minimum: float = bounded(1e-6, low=0, high=1000.0)
    momentum: float = bounded(0.5, low=0, below=1)
    momentum_final: float = bounded(0.7, low=0, below=1)
    momentum_saturates: int = bounded(250, low=1, high=10**6)


# mnist.yaml names no number of epochs: it runs until it is killed. The best generator by validation is kept.
_PAPER = MnistRecipe(
    epochs=1000,
    samples_every=10,
    averages=("exponential-.9995", "exponential-.9999", "exponential-.99995", "uniform-5"),
)
_QUICK = MnistRecipe(epochs=20, averages=("exponential-.9995",))
_SMOKE = MnistRecipe(
    epochs=2,
    steps_per_epoch=20,
    generator_units=(64, 64),
    discriminator_units=(16, 16),
    n_samples=500,
    samples_every=1,
    validate_every=1,
)
_MNIST = {"paper": _PAPER, "quick": _QUICK, "smoke": _SMOKE}

DEVIATIONS = (
    "Maxout takes the maximum over pieces that lie `units` columns apart, pylearn2 over consecutive ones "
    "(pylearn2: models/maxout.py). Under the same uniform initialiser the two are the same model.",
    "The ragged last minibatch of an epoch is dropped; pylearn2's shuffled_sequential keeps it. MNIST has none "
    "(50,000 = 500 x 100).",
    "How the authors chose the reported epoch is not in their code, which never stops (mnist.yaml has no termination "
    "criterion). Here 1,000 epochs, and the best generator by validation log-likelihood under the paper's protocol "
    "(10,000 samples, its sigma grid), looked at every 5 epochs; the last one stands beside it.",
    "Random numbers differ (their MRG streams, our counter-based ones), and so does the hardware (their GTX 580).",
    "Averages of G's weights are kept beside the training, which they never touch. They are not in the paper; their rows "
    "say so.",
)


def prior(config):
    """p(z)."""
    from gan_repro.priors import Prior

    return Prior(config.recipe.prior, config.recipe.latent)


def generator(config, spec):
    """G: z -> ReLU layers -> sigmoid pixels. Keras model in the current precision."""
    from gan_repro import networks

    recipe = config.recipe
    hidden = [(units, "relu") for units in recipe.generator_units]
    return networks.mlp_generator(recipe.latent, hidden, spec.shape, "sigmoid", recipe.generator_irange)


def discriminator(config, spec):
    """D: maxout layers -> logit, with dropout. Keras model in the current precision."""
    from gan_repro import networks

    recipe = config.recipe
    return networks.maxout_discriminator(
        spec.shape,
        [(units, recipe.pieces) for units in recipe.discriminator_units],
        recipe.discriminator_irange,
        (recipe.input_keep, recipe.input_scale),
        (recipe.hidden_keep, recipe.hidden_scale),
    )


def optimizer(recipe, steps_per_epoch):
    """Momentum SGD with the learning rate decaying per update and the momentum growing per epoch."""
    from gan_repro import optimizers

    return optimizers.MomentumSGD(
        optimizers.ExponentialDecay(recipe.learning_rate, recipe.learning_rate_decay, recipe.learning_rate_minimum),
        optimizers.LinearMomentum(recipe.momentum, recipe.momentum_final, recipe.momentum_saturates, steps_per_epoch),
    )


def stages(config, source):
    """One stage: the whole game."""
    from gan_repro import game, losses, networks, order
    from gan_repro.evaluation import parzen
    from gan_repro.training import Stage

    recipe = config.recipe

    def build(before):
        import keras

        del before
        keras.utils.set_random_seed(config.seed)
        with networks.precision(recipe.precision):
            g, d = generator(config, source.spec), discriminator(config, source.spec)
        networks.start_at_marginals(g.get_layer("output"), source.images("train"))
        steps_per_epoch = source.spec.steps_per_epoch(recipe.batch_size, recipe.steps_per_epoch)
        objective = losses.OBJECTIVES[recipe.objective](recipe.d_loss_weight)
        return game.AdversarialGame(
            game.Player(g, optimizer(recipe, steps_per_epoch), objective.generator),
            game.Player(d, optimizer(recipe, steps_per_epoch), objective.discriminator),
            prior(config),
            source,
            order.OrderOfPlay("simultaneous", joined=True),
            recipe.batch_size,
            config.seed,
            sampler=generator(config, source.spec),
            readout=objective.readout,
            steps_per_epoch=recipe.steps_per_epoch,
            averages=recipe.averages,
            jit_compile=recipe.jit_compile,
        )

    validation = source.scaled("validation", VALIDATION_IMAGES)

    def validate(images):
        return parzen.choose_sigma(parzen.ParzenWindow(images), validation)[1].max()

    return (Stage("game", recipe.epochs, build, validate, recipe.n_samples, recipe.validate_every),)


# parzen_ll.py was called with --limit_size 1000: sigma is chosen on the first 1,000 validation images.
VALIDATION_IMAGES = 1000


def evaluate(run):
    """Table 1's log-likelihood and Figure 2a of every generator kept, Figure 3 of the best one."""
    from gan_repro.evaluation import measure
    from gan_repro.reporting import draw

    draw.curves(run)
    for kind in run.kinds():
        draw.nearest_neighbours(run, kind)
    draw.interpolation(run, run.kinds()[0])
    draw.averages(run, run.kinds())
    return measure.parzen_log_likelihood(run, VALIDATION_IMAGES)


EXPERIMENT = Experiment(
    name="goodfellow2014",
    title="Generative Adversarial Nets: MLP generator, maxout discriminator, simultaneous updates",
    reference="Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville, Bengio; NeurIPS 2014; arXiv:1406.2661",
    recipes={"mnist": _MNIST, "glyphs": _MNIST, "npz": _MNIST, "images": _MNIST},
    generator=generator,
    prior=prior,
    stages=stages,
    evaluate=evaluate,
    row="Adversarial nets",
    table="table1",
    published=tuple(
        Published("table1", row, dataset, "parzen_log_likelihood", "nats", value, error, PAPER, ours=row == "Adversarial nets")
        for dataset, rows in {
            "mnist": {
                "DBN": (138, 2),
                "Stacked CAE": (121, 1.6),
                "Deep GSN": (214, 1.1),
                "Adversarial nets": (225, 2),
            },
            "tfd": {
                "DBN": (1909, 66),
                "Stacked CAE": (2110, 50),
                "Deep GSN": (1890, 29),
                "Adversarial nets": (2057, 26),
            },
        }.items()
        for row, (value, error) in rows.items()
    ),
    deviations=DEVIATIONS,
)
