"""Small games that the tests of the game and of the loop play."""

import keras
import numpy as np

from gan_repro.latent import priors
from gan_repro.networks import mlp
from gan_repro.networks.precision import policy
from gan_repro.system import tensorflow_setup
from gan_repro.training import game, losses, optimizers
from gan_repro.training import schedule as schedules


def no_dropout():
    """(keep, scale) that leaves everything as it is."""
    return (1.0, 1.0)


OFF = (no_dropout(), no_dropout())  # in either layer of D


def build(
    source,
    *,
    schedule=None,
    objective=None,
    dropout=((0.8, 1.25), (0.5, 2.0)),
    rate=0.05,
    momentum=0.5,
    seed=0,
    d_terms=None,
    g_terms=None,
    constraint=None,
    constrain_first=False,
    init_seed=1,
    hidden=12,
    precision="float32",
    critic=None,
    **options,
):
    """An AdversarialGame of small MLPs on `source`, minibatches of 20; `critic`: another D."""
    keras.utils.set_random_seed(init_seed)
    shape = source.spec.shape

    def generator():
        return mlp.mlp_generator(5, [(hidden, "relu")], shape, "sigmoid", 0.3)

    with policy(precision):
        g = generator()
        d = critic or mlp.maxout_discriminator(shape, [(hidden, 2)], 0.3, *dropout)
    objective = objective or losses.non_saturating_pair(0.5)
    return game.AdversarialGame(
        game.Player(g, optimizers.MomentumSGD(rate, momentum), g_terms or objective.generator),
        game.Player(d, optimizers.MomentumSGD(rate, momentum), d_terms or objective.discriminator, constraint, constrain_first),
        priors.Prior("uniform_unit_variance", 5),
        source,
        schedule or schedules.simultaneous(),
        20,
        seed,
        sampler=generator(),
        d_output=objective.d_output,
        **options,
    )


def weights(played):
    """{name: array} of all that a game's next step depends on."""
    return {name: variable.numpy() for name, variable in played.state().items()}


def moved(before, after, prefix):
    """Whether any trainable weight whose name begins with `prefix` changed."""
    return any((before[name] != after[name]).any() for name in before if name.startswith(prefix))


def play(played, n):
    """Plays n minibatches, in calls that end with the epochs; the metrics of the last call."""
    while n:
        now = min(n, played.steps_per_epoch - played.step % played.steps_per_epoch)
        metrics = played.steps(now)
        n -= now
    return metrics


def final(source, n=23, chunks=None, **options):
    """The weights of a game of `build` after n minibatches, or after chunks of so many."""
    played = build(source, **options)
    for chunk in chunks or [n]:
        play(played, chunk)
    return weights(played)


def equal(a, b):
    """Whether two games' weights are the same to the bit."""
    return all(np.array_equal(a[name], b[name]) for name in a)


def two_replicas():
    """A strategy over the two logical CPUs that conftest.py prepares."""
    return tensorflow_setup.mirrored(["CPU:0", "CPU:1"])
