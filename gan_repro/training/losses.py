"""The terms of a player's loss, each with its equation and its source, and the objective pairs made of them.

D's outputs are logits a, with D(x) = sigmoid(a); a critic's are scores f. `context` is a players.StepContext throughout.
"""

import dataclasses
import numbers
from collections.abc import Callable, Mapping

import tensorflow as tf

from gan_repro.networks import moments
from gan_repro.system.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Term:
    """One weighted summand of a player's loss.

    Attributes:
      name: for messages, and for its column among the metrics ("d_loss/NAME", "g_loss/NAME"), which has its value before
        the weight; no two terms of a player have one.
      value: players.StepContext -> scalar tensor, a mean over the minibatch, to be minimised.
      weight: what it is multiplied by.
      variables: {name: tf.Variable} that `value` reads or writes, beside the networks: BEGAN's k, a buffer of old samples.
        Checkpoints keep them; two terms may share one under one name. What `value` keeps elsewhere, in Python, is lost.
    """

    name: str
    value: Callable
    weight: float = 1.0
    variables: Mapping[str, tf.Variable] = dataclasses.field(default_factory=dict, hash=False)


def values_of(terms, context, player: str = "a player") -> list[tf.Tensor]:
    """Each term's value, before its weight: float32 scalars.

    Args:
      terms: sequence of Term.
      context: players.StepContext.
      player: whose loss it is, for messages.

    Raises:
      UsageError: a term gives no scalar.
    """
    return [_scalar(term, context, player) for term in terms]


def total(terms, values) -> tf.Tensor:
    """The sum of the weighted terms, float32 scalar, from their `values_of`."""
    weighted = [tf.cast(term.weight, tf.float32) * value for term, value in zip(terms, values)]
    # A sum over one tensor: add_n of three and more begins with any of them (tensorflow_setup.py)
    return weighted[0] if len(weighted) == 1 else tf.reduce_sum(tf.stack(weighted))


def _scalar(term, context, player):
    """A term's value: float32 scalar. Raises UsageError where it is something else."""
    value = term.value(context)
    if value is not None and (shape := tf.convert_to_tensor(value).shape).rank == 0:
        return tf.cast(value, tf.float32)
    what = "nothing" if value is None else f"a tensor of shape {shape}"
    raise UsageError(
        f"the term {term.name} of the loss of {player} gives {what}: it must give one number, such as "
        "tf.reduce_mean(...) over the minibatch"
    )


def _mean(values):
    return tf.reduce_mean(tf.cast(values, tf.float32))


def log_real(context) -> tf.Tensor:
    """-E log D(x): with `log_generated`, D's part of the value function V(D, G) (Goodfellow et al. 2014, eq. 1)."""
    return _mean(tf.nn.softplus(-tf.cast(context.d_real, tf.float32)))


def log_generated(context) -> tf.Tensor:
    """-E log(1 - D(G(z))): the other half of D's part of V (Goodfellow et al. 2014, eq. 1)."""
    return _mean(tf.nn.softplus(tf.cast(context.d_generated, tf.float32)))


def saturating(context) -> tf.Tensor:
    """E log(1 - D(G(z))): what G minimises in the minimax game (Goodfellow et al. 2014, eq. 1, Algorithm 1)."""
    return -log_generated(context)


def non_saturating(context) -> tf.Tensor:
    """-E log D(G(z)): the same fixed point, stronger gradients early (Goodfellow et al. 2014, section 3)."""
    return _mean(tf.nn.softplus(-tf.cast(context.d_generated, tf.float32)))


def critic(context) -> tf.Tensor:
    """E f(G(z)) - E f(x): minus the Wasserstein estimate, up to the Lipschitz constant (Arjovsky et al. 2017, eq. 3)."""
    return _mean(context.d_generated) - _mean(context.d_real)


def critic_generator(context) -> tf.Tensor:
    """-E f(G(z)) (Arjovsky et al. 2017, Theorem 3 and Algorithm 1, line 11)."""
    return -_mean(context.d_generated)


def squared_weights(role: str) -> Callable[..., tf.Tensor]:
    """1/2 sum of squares of the trainable weights of "generator" or "discriminator": its weight in a loss is L2 decay.

    A term of weight w adds w p to the gradient of a weight p (dcgan_code: lib/updates.py, l2).
    """

    def value(context):
        return tf.reduce_sum(tf.stack([tf.nn.l2_loss(tf.cast(weight, tf.float32)) for weight in context.trainable(role)]))

    return value


def cross_entropy(
    output: str, target: float | str, *, head: str | None = None, weight: float = 1.0, name: str | None = None
) -> Term:
    """A term: the cross-entropy of D's output with a constant or with the labels, a mean over the minibatch.

    With a constant t it is that of the logits a: -t log sigmoid(a) - (1 - t) log(1 - sigmoid(a)); t = .9 on real images is
    one-sided label smoothing (Salimans et al. 2016, section 3.4). With "labels" it is the softmax cross-entropy of a head
    with one logit for each class (ACGAN: Odena et al. 2017, eq. 3).

    Args:
      output: "real" or "generated": which images D looks at.
      target: a number from 0 to 1, or "labels": those that the images have, or were generated for.
      head: of a D with heads; None: the one that the game monitors.
      weight: of the term.
      name: of the term; None: "cross_entropy_OUTPUT", or "cross_entropy_HEAD_OUTPUT".

    Raises:
      UsageError: `output` or `target` is none of these; while the step is traced, a head with other logits than the
        labels want.
    """
    if output not in ("real", "generated"):
        raise UsageError(f"cross_entropy: output {output!r}: valid are real, generated")
    if target != "labels" and not (isinstance(target, numbers.Real) and 0 <= target <= 1):
        raise UsageError(f"cross_entropy: target {target!r}: valid are a number from 0 to 1, and labels")

    def value(context):
        logits = tf.cast(context.head(head, output), tf.float32)
        if target != "labels":
            wanted = tf.fill(tf.shape(logits), tf.constant(target, tf.float32))
            return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=wanted, logits=logits))
        if logits.shape.rank != 2 or logits.shape[1] < 2:
            raise UsageError(f"cross_entropy with labels: D's output has shape {logits.shape}; it needs a logit for each class")
        labels = context.labels if output == "real" else context.generated_labels
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))

    return Term(name or "_".join(["cross_entropy", *([head] if head else []), output]), value, weight)


def gradient_penalty(weight: float = 10.0) -> Term:
    """A term of D: E (|grad D(x^)| - 1)^2 at x^ = e x + (1 - e) G(z), e ~ U(0, 1) (Gulrajani et al. 2017, Algorithm 1).

    WGAN-GP's, two-sided: smaller slopes are penalised too. One e is drawn for each pair of images. Of a D with heads the
    slope is that of the one that the game monitors.

    Args:
      weight: lambda; 10 in the paper.

    Raises:
      UsageError: when the step is traced: D has batch norm or minibatch discrimination (section 4 of the paper).
    """

    def value(context):
        context.check_apart("the gradient penalty")
        share = [context.x.shape[0], *[1] * (context.x.shape.rank - 1)]
        share = tf.random.stateless_uniform(share, context.seed(), alg="philox")
        between = share * context.x + (1 - share) * context.samples
        with tf.GradientTape() as tape:
            tape.watch(between)
            with moments.differentiable_twice():
                score = context.pick(context.discriminate(between), None)
        squares = tf.square(tf.cast(tape.gradient(score, between), tf.float32))
        # 1e-12: the root has no gradient at 0
        norms = tf.sqrt(tf.reduce_sum(squares, axis=list(range(1, squares.shape.rank))) + 1e-12)
        return tf.reduce_mean(tf.square(norms - 1))

    return Term("gradient_penalty", value, weight)


@dataclasses.dataclass(frozen=True)
class Objective:
    """A pair of losses.

    Attributes:
      discriminator, generator: the two players' terms.
      d_output: what is shown of D's output: the sigmoid of logits, D(x) in (0, 1), or scores as they are (tf.identity).
    """

    discriminator: tuple[Term, ...]
    generator: tuple[Term, ...]
    d_output: Callable = tf.sigmoid


def minimax(d_weight: float = 1.0) -> Objective:
    """The minimax game (Goodfellow et al. 2014, eq. 1). d_weight .5 is the factor of goodfeli/adversarial's D loss."""
    d_terms = Term("log_real", log_real, d_weight), Term("log_generated", log_generated, d_weight)
    return Objective(d_terms, (Term("saturating", saturating),))


def zero_sum(objective: Objective) -> Objective:
    """The pair in which G loses what D gains, term by term: also those that do not depend on G but through D's updates.

    Of `minimax` it is the whole value function, as unrolled GANs need it (Metz et al. 2016, section 2; training.unrolled);
    before a D that stands still G's gradient is that of `saturating`.
    """
    turned = tuple(dataclasses.replace(term, weight=-term.weight) for term in objective.discriminator)
    return dataclasses.replace(objective, generator=turned)


def non_saturating_pair(d_weight: float = 1.0) -> Objective:
    """The non-saturating pair: D as in `minimax`, G maximises log D(G(z)) (Goodfellow et al. 2014, section 3).

    d_weight .5 gives goodfeli/adversarial's AdversaryCost2 (__init__.py), which halves D's loss and not G's.
    """
    return dataclasses.replace(minimax(d_weight), generator=(Term("non_saturating", non_saturating),))


def wasserstein() -> Objective:
    """The Wasserstein pair: a critic and its generator (Arjovsky et al. 2017, eq. 3). Wants a Lipschitz constraint."""
    return Objective((Term("critic", critic),), (Term("critic_generator", critic_generator),), tf.identity)


OBJECTIVES: dict[str, Callable[..., Objective]] = {
    "minimax": minimax,
    "non_saturating": non_saturating_pair,
    "wasserstein": wasserstein,
}
