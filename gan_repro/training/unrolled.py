"""Unrolled GANs: G's loss before the D that some more updates would make of D, differentiated through these updates.

Metz, Poole, Pfau, Sohl-Dickstein 2016, "Unrolled Generative Adversarial Networks", section 2.2. The game's step stays as it
is: D itself moves once, by its optimizer; the updates ahead are tensors inside G's terms.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import keras
import tensorflow as tf

from gan_repro.networks import moments
from gan_repro.system.errors import UsageError
from gan_repro.training import losses, optimizers, players

MOST = 100  # updates ahead: each is a part of the graph of its own


def unroll(objective: losses.Objective, steps: int) -> losses.Objective:
    """The objective whose G plays against D after so many more updates of D on the same minibatch.

    Each of these updates is one of D's own optimizer, from its moments as they are, on D's whole loss, on the same real
    images and samples; dropout masks are drawn anew for each. G's gradient goes through all of them, so a term matters to
    G that depends on it through D's updates alone: `losses.zero_sum` has all of D's.

    Args:
      objective: the pair of losses.
      steps: updates ahead, 0 to MOST; with 0 the objective itself is returned: the plain game.

    Raises:
      UsageError: there are too many or too few steps; when the step is traced: an update of D is more than a step of an
        optimizer in RULES on this minibatch (a constraint follows it, it sees old samples), or a term of its loss keeps
        variables.
    """
    if not 0 <= steps <= MOST:
        raise UsageError(f"unroll = {steps}: must be >= 0 and <= {MOST}")
    if not steps:
        return objective

    def ahead(term):
        return dataclasses.replace(term, value=lambda context: term.value(_ahead(context, steps)))

    return dataclasses.replace(objective, generator=tuple(map(ahead, objective.generator)))


def _ahead(context, steps):
    """The StepContext before D `steps` updates ahead, one for all terms of an update."""
    return context.once(("unrolled", steps), lambda: context.against(weights_ahead(context, steps)))


def weights_ahead(context: players.StepContext, steps: int) -> list[tf.Tensor]:
    """D's trainable weights after so many more updates on this minibatch: tensors that G's tape sees through.

    Args:
      context: of the update.
      steps: >= 1.

    Raises:
      UsageError: as `unroll`.
    """
    player = context.player("discriminator")
    _check(player, context.departures)
    optimizer, rule = player.optimizer, RULES[type(player.optimizer)]
    group = tf.distribute.get_replica_context()
    weights, slots = context.trainable("discriminator"), rule.slots(optimizer)
    finished = tf.convert_to_tensor(optimizer.iterations)
    for i in range(steps):
        with tf.GradientTape() as tape:
            tape.watch(weights)
            with moments.differentiable_twice():
                values = losses.values_of(player.terms, context.against(weights), "the discriminator")
            share = losses.total(player.terms, values) / group.num_replicas_in_sync
        gradients = tape.gradient(share, weights)
        if group.num_replicas_in_sync > 1:  # each has a part of the minibatch; D moves by the sum
            gradients = group.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        moved = [
            (weight, own) if gradient is None else rule.update(optimizer, finished + i, gradient, weight, *own)
            for gradient, weight, own in zip(gradients, weights, slots, strict=True)
        ]
        weights, slots = [weight for weight, _ in moved], [own for _, own in moved]
    return weights


# ---- the optimizers as functions ---------------------------------------------------------------------------------------

Slots = tuple[tf.Tensor, ...]  # what an optimizer keeps of one weight


@dataclasses.dataclass(frozen=True)
class Rule:
    """An optimizer's update as a function, which can be differentiated.

    Attributes:
      slots: (optimizer) -> [Slots of each weight].
      update: (optimizer, updates finished before, gradient, weight, *slots) -> (the new weight, its new Slots).
    """

    slots: Callable[[keras.optimizers.Optimizer], Sequence[Slots]]
    update: Callable[..., tuple[tf.Tensor, Slots]]


def _columns(*names):
    """The `slots` of an optimizer that keeps lists of variables under these names."""

    def slots(optimizer):
        return list(zip(*([tf.convert_to_tensor(each) for each in getattr(optimizer, name)] for name in names), strict=True))

    return slots


def _at(number, finished, dtype):
    """A learning rate or momentum, a number or a schedule, of the update that follows `finished` ones."""
    return tf.cast(number(finished) if callable(number) else tf.convert_to_tensor(number), dtype)


def _root(square):
    """The square root with the derivative 0 at 0, where the true one is infinite.

    What stands in front of it is 0 there: a weight without any gradient so far, as behind a ReLU that is never on.
    """
    positive = square > 0
    return tf.where(positive, tf.sqrt(tf.where(positive, square, tf.ones_like(square))), tf.zeros_like(square))


def _adam(optimizer, finished, gradient, weight, m, v):
    rate, t = _at(optimizer._learning_rate, finished, weight.dtype), tf.cast(finished + 1, weight.dtype)
    m += (1 - optimizer.beta_1) * (gradient - m)
    v += (1 - optimizer.beta_2) * (tf.square(gradient) - v)
    beta_1, beta_2 = (tf.pow(tf.constant(beta, weight.dtype), t) for beta in (optimizer.beta_1, optimizer.beta_2))
    alpha = rate * tf.sqrt(1 - beta_2) / (1 - beta_1)
    return weight - alpha * m / (_root(v) + optimizer.epsilon), (m, v)


def _momentum(optimizer, finished, gradient, weight, velocity):
    rate, mu = (_at(each, finished, weight.dtype) for each in (optimizer._learning_rate, optimizer.momentum))
    velocity = mu * velocity - rate * gradient
    return weight + velocity, (velocity,)


def _rmsprop(optimizer, finished, gradient, weight, v):
    v = optimizer.rho * v + (1 - optimizer.rho) * tf.square(gradient)
    rate = _at(optimizer._learning_rate, finished, weight.dtype)
    return weight - rate * gradient / (_root(v) + optimizer.epsilon), (v,)


_ADAM = Rule(_columns("_momentums", "_velocities"), _adam)
RULES: Mapping[type, Rule] = {
    optimizers.Adam: _ADAM,
    keras.optimizers.Adam: _ADAM,
    optimizers.MomentumSGD: Rule(_columns("velocities"), _momentum),
    optimizers.RMSprop: Rule(_columns("mean_squares"), _rmsprop),
}
# What Keras's optimizers may do beside their update.
_MORE = (
    *("clipnorm", "clipvalue", "global_clipnorm", "weight_decay", "use_ema"),
    *("loss_scale_factor", "gradient_accumulation_steps", "amsgrad"),
)


def _check(player, departures):
    """Raises UsageError where an update of D is more than the step of an optimizer in RULES on this minibatch."""

    def refuse(what):
        raise UsageError(f"unrolling: {what}; G's gradient can go through plain steps of D's optimizer only")

    optimizer, weights = player.optimizer, player.network.trainable_variables
    constraints = [player.constraint, *(getattr(weight, "constraint", None) for weight in weights)]
    if found := next((each for each in constraints if each is not None), None):
        refuse(f"the discriminator's update ends with the constraint {_name(found)}, which is no gradient step")
    if type(optimizer) not in RULES:
        valid = ", ".join(dict.fromkeys(each.__name__ for each in RULES))
        refuse(f"the discriminator's optimizer is {_name(optimizer)}, and valid are {valid}")
    if departures:
        refuse(f"{departures[0]}, which the updates ahead do not")
    if more := [name for name in _MORE if getattr(optimizer, name, None)]:
        refuse(f"the discriminator's optimizer has {', '.join(more)}")
    if kept := [term.name for term in player.terms if term.variables]:
        refuse(f"the discriminator's term {kept[0]} keeps variables, which the updates ahead would change as well")


def _name(thing):
    return getattr(thing, "__name__", type(thing).__name__)
