"""The terms of a player's loss, each with its equation and its source, and the objective pairs made of them.

Who plays when is not here (game.py). D's outputs are logits a, with D(x) = sigmoid(a); a critic's are scores f.
"""

import dataclasses
from collections.abc import Callable, Mapping

import tensorflow as tf

from gan_repro.system.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Term:
    """One weighted summand of a player's loss.

    Attributes:
      name: for messages.
      value: game.Play -> scalar tensor, a mean over the minibatch, to be minimised.
      weight: what it is multiplied by.
      variables: {name: tf.Variable} that `value` reads or writes, beside the networks: BEGAN's k, a buffer of old samples.
        Checkpoints keep them; two terms may share one under one name. What `value` keeps elsewhere, in Python, is lost.
    """

    name: str
    value: Callable
    weight: float = 1.0
    variables: Mapping[str, tf.Variable] = dataclasses.field(default_factory=dict, hash=False)


def total(terms, play, player="a player"):
    """The sum of the weighted terms: float32 scalar.

    Args:
      terms: sequence of Term.
      play: game.Play.
      player: whose loss it is, for messages.

    Raises:
      UsageError: a term gives no scalar.
    """
    # A sum over one tensor: add_n of three and more begins with any of them (tensorflow_setup.py)
    values = [tf.cast(term.weight, tf.float32) * _scalar(term, play, player) for term in terms]
    return values[0] if len(values) == 1 else tf.reduce_sum(tf.stack(values))


def _scalar(term, play, player):
    """A term's value: float32 scalar. Raises UsageError where it is something else."""
    value = term.value(play)
    if value is not None and (shape := tf.convert_to_tensor(value).shape).rank == 0:
        return tf.cast(value, tf.float32)
    what = "nothing" if value is None else f"a tensor of shape {shape}"
    raise UsageError(
        f"the term {term.name} of the loss of {player} gives {what}: it must give one number, such as "
        "tf.reduce_mean(...) over the minibatch"
    )


def _mean(values):
    return tf.reduce_mean(tf.cast(values, tf.float32))


def log_real(play):
    """-E log D(x): with `log_generated`, D's part of the value function V(D, G) (Goodfellow et al. 2014, eq. 1)."""
    return _mean(tf.nn.softplus(-tf.cast(play.d_real, tf.float32)))


def log_generated(play):
    """-E log(1 - D(G(z))): the other half of D's part of V (Goodfellow et al. 2014, eq. 1)."""
    return _mean(tf.nn.softplus(tf.cast(play.d_generated, tf.float32)))


def saturating(play):
    """E log(1 - D(G(z))): what G minimises in the minimax game (Goodfellow et al. 2014, eq. 1, Algorithm 1)."""
    return -log_generated(play)


def non_saturating(play):
    """-E log D(G(z)): the same fixed point, stronger gradients early (Goodfellow et al. 2014, section 3)."""
    return _mean(tf.nn.softplus(-tf.cast(play.d_generated, tf.float32)))


def critic(play):
    """E f(G(z)) - E f(x): minus the Wasserstein estimate, up to the Lipschitz constant (Arjovsky et al. 2017, eq. 3)."""
    return _mean(play.d_generated) - _mean(play.d_real)


def critic_generator(play):
    """-E f(G(z)) (Arjovsky et al. 2017, Theorem 3 and Algorithm 1, line 11)."""
    return -_mean(play.d_generated)


def squared_weights(role):
    """1/2 sum of squares of the trainable weights of "generator" or "discriminator": its weight in a loss is L2 decay.

    A term of weight w adds w p to the gradient of a weight p (dcgan_code: lib/updates.py, l2).
    """

    def value(play):
        return tf.reduce_sum(tf.stack([tf.nn.l2_loss(tf.cast(weight, tf.float32)) for weight in play.trainable(role)]))

    return value


@dataclasses.dataclass(frozen=True)
class Objective:
    """A pair of losses.

    Attributes:
      discriminator, generator: the two players' terms.
      readout: what of D's output is worth monitoring: logits -> D(x) in (0, 1), or scores as they are.
    """

    discriminator: tuple[Term, ...]
    generator: tuple[Term, ...]
    readout: Callable = tf.sigmoid


def minimax(d_weight=1.0):
    """The minimax game (Goodfellow et al. 2014, eq. 1). d_weight .5 is the factor of goodfeli/adversarial's D loss."""
    d_terms = Term("log_real", log_real, d_weight), Term("log_generated", log_generated, d_weight)
    return Objective(d_terms, (Term("saturating", saturating),))


def non_saturating_pair(d_weight=1.0):
    """The non-saturating pair: D as in `minimax`, G maximises log D(G(z)) (Goodfellow et al. 2014, section 3).

    d_weight .5 gives goodfeli/adversarial's AdversaryCost2 (__init__.py), which halves D's loss and not G's.
    """
    return dataclasses.replace(minimax(d_weight), generator=(Term("non_saturating", non_saturating),))


def wasserstein():
    """The Wasserstein pair: a critic and its generator (Arjovsky et al. 2017, eq. 3). Wants a Lipschitz constraint."""
    return Objective((Term("critic", critic),), (Term("critic_generator", critic_generator),), tf.identity)


OBJECTIVES = {"minimax": minimax, "non_saturating": non_saturating_pair, "wasserstein": wasserstein}
