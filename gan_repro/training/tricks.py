"""Tricks put into the rules of a game, each where it is defined; papers/tricks.py has them as fields of a recipe.

What a game cannot have is refused with the reason.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable

import keras
import tensorflow as tf

from gan_repro.data.source import Source, Spec
from gan_repro.networks.minibatch import MinibatchDiscrimination
from gan_repro.papers.tricks import GameTricks, Tricks
from gan_repro.system import randomness
from gan_repro.system.errors import UsageError
from gan_repro.training import losses, optimizers
from gan_repro.training.losses import Term

if typing.TYPE_CHECKING:
    from gan_repro.training.rules import Rules

Range = tuple[float, float]  # of a target, from which it is drawn uniformly for every image
SOFT: dict[str, Range] = {"real": (0.7, 1.2), "generated": (0.0, 0.3)}  # ganhacks 6
_HARD = {"real": losses.log_real, "generated": losses.log_generated}  # the terms whose target is 1, and 0
_ADVERSARIAL = (losses.saturating, losses.non_saturating, losses.critic_generator)


def played(rules: Rules, recipe: GameTricks, spec: Spec, discriminator: keras.Model) -> Rules:
    """The rules of a game with the tricks of its recipe.

    Args:
      rules: of the game without them; its `features` are matched with feature_matching, or what D's last layer sees.
      recipe: the GameTricks.
      spec: of the data.
      discriminator: D.

    Raises:
      UsageError: the game cannot have one of them; the message says why.
    """
    loss = rules.loss
    if recipe.smoothing != 1 or recipe.soft_labels or recipe.flipped_labels:
        loss = with_targets(loss, _targets(recipe), recipe.flipped_labels)
    features = rules.d_features
    if recipe.feature_matching:
        loss = with_feature_matching(loss)
        features = rules.features or seen_last(discriminator)
    transform = rules.transform
    if recipe.instance_noise:
        until = recipe.instance_noise_epochs * recipe.minibatches(spec)
        transform = instance_noise(recipe.instance_noise, until, rules.transform)
    _set_rates(rules, recipe, spec)
    return dataclasses.replace(
        rules,
        loss=loss,
        transform=transform,
        d_features=features,
        g_dropout=rules.g_dropout and recipe.dropout_in_g_update,
        replay=recipe.replay or rules.replay,
    )


def start_at_data(generator: keras.Model, discriminator: keras.Model, source: Source, recipe: Tricks) -> None:
    """Starts D's minibatch discrimination from a first minibatch of training images, for Phase.initialise; else nothing.

    Batch norm sees it as in training; dropout and noise are left out.
    """
    del generator
    found = [layer for layer in discriminator.layers if isinstance(layer, MinibatchDiscrimination)]
    if not found:
        return
    (layer,) = found
    images = tf.constant(source.scaled("train", recipe.batch_size))
    kept = [weight.numpy() for weight in discriminator.non_trainable_weights]
    with randomness.network_call(tf.zeros([2], tf.int32), still=True):
        features = keras.Model(discriminator.inputs, layer.input)(images, training=True)
    for weight, value in zip(discriminator.non_trainable_weights, kept):
        weight.assign(value)
    layer.start_at(features)


# ---- targets of D --------------------------------------------------------------------------------------------------


def _targets(recipe):
    return SOFT if recipe.soft_labels else {"real": (recipe.smoothing, recipe.smoothing), "generated": (0.0, 0.0)}


def with_targets(loss: losses.Objective, targets: dict[str, Range], flipped: float = 0.0) -> losses.Objective:
    """D's cross-entropies with other targets than 1 and 0.

    Args:
      loss: both players' terms.
      targets: {"real", "generated": Range}.
      flipped: share of the images whose target is drawn from the other kind's range.

    Raises:
      UsageError: D's loss is no cross-entropy of what is real and what is generated.
    """
    kinds = {kind: term for kind, hard in _HARD.items() for term in loss.discriminator if term.value is hard}
    if len(kinds) < len(_HARD):
        names = ", ".join(term.name for term in loss.discriminator)
        raise UsageError(
            "smoothing, soft_labels, flipped_labels: they change the targets of D's cross-entropy, 1 of real and 0 of "
            f"generated images; the discriminator's loss here ({names}) has no such targets"
        )
    if any(term.value in _HARD.values() for term in loss.generator):
        raise UsageError("smoothing, soft_labels, flipped_labels: G would no longer lose what D gains, as its loss has it here")
    changed = {
        id(term): noisy_cross_entropy(kind, targets[kind], targets[other], flipped, term.weight)
        for (kind, term), other in zip(kinds.items(), ("generated", "real"))
    }
    return dataclasses.replace(loss, discriminator=tuple(changed.get(id(term), term) for term in loss.discriminator))


def noisy_cross_entropy(output: str, own: Range, other: Range, flipped: float = 0.0, weight: float = 1.0) -> Term:
    """A term of D: the mean of softplus(a) - t a, the cross-entropy of logits a with targets t, one drawn for each image.

    t ~ U(own), with probability `flipped` ~ U(other). A target above 1 draws a image's logit on without end: the
    cross-entropy is then not bounded below in it alone.

    Args:
      output: "real" or "generated".
      own, other: Ranges of this kind's targets, and of the other one's.
      flipped: in [0, 1].
      weight: of the term.
    """

    def value(context):
        logits = tf.cast(context.head(None, output), tf.float32)
        shape = tf.shape(logits)
        target = _uniform(shape, own, context)
        if flipped:
            chosen = tf.random.stateless_uniform(shape, context.seed(), alg="philox") < flipped
            target = tf.where(chosen, _uniform(shape, other, context), target)
        return tf.reduce_mean(tf.nn.softplus(logits) - target * logits)

    return Term(f"cross_entropy_{output}", value, weight)


def _uniform(shape, between, context):
    low, high = between
    if low == high:
        return tf.fill(shape, tf.constant(low, tf.float32))
    return tf.random.stateless_uniform(shape, context.seed(), low, high, alg="philox")


# ---- features ------------------------------------------------------------------------------------------------------


def feature_matching(context) -> tf.Tensor:
    """|E f(x) - E f(G(z))|^2, f the features of D that the game names (Salimans et al. 2016, eq. of section 3.1)."""
    means = [tf.reduce_mean(context.features(which), axis=0) for which in ("real", "generated")]
    return tf.reduce_sum(tf.square(means[0] - means[1]))


def with_feature_matching(loss: losses.Objective) -> losses.Objective:
    """G's loss with feature matching in the place of what D says of samples; its other terms stay.

    Raises:
      UsageError: no term of G is one that is known to be replaced.
    """
    if not any(term.value in _ADVERSARIAL for term in loss.generator):
        names = ", ".join(term.name for term in loss.generator)
        raise UsageError(f"feature_matching: it takes the place of what G has of D's output; G's loss here is {names}")
    terms = tuple(
        Term("feature_matching", feature_matching, term.weight) if term.value in _ADVERSARIAL else term
        for term in loss.generator
    )
    return dataclasses.replace(loss, generator=terms)


def seen_last(discriminator: keras.Model) -> str:
    """The name of the layer whose output the last layer of D with a kernel sees."""
    last = [layer for layer in discriminator.layers if hasattr(layer, "kernel")][-1]
    return last.input._keras_history.operation.name


# ---- what D sees, and how fast both learn ----------------------------------------------------------------------------


def instance_noise(std: float, until: float, before: Callable | None = None) -> Callable:
    """A transform of all that D sees: x + s N(0, I), with s = std max(0, 1 - t / until) on minibatch t, counted from 0.

    Args:
      std: at the start.
      until: minibatches after which there is none.
      before: another transform, made first, or None.

    Source: Sonderby et al. 2016, section 3.2.2; Arjovsky and Bottou 2017. The linear decay is ours.
    """

    def transform(images, context):
        images = images if before is None else before(images, context)
        share = tf.maximum(1.0 - tf.cast(context.step, tf.float32) / until, 0.0)
        noise = tf.random.stateless_normal(tf.shape(images), context.seed(), alg="philox")
        return images + tf.cast(std * share * noise, images.dtype)

    return transform


def _set_rates(rules, recipe, spec):
    """Gives the optimizers of the rules the recipe's learning rates."""
    minibatches = recipe.minibatches(spec)
    for role, optimizer in zip(("generator", "discriminator"), rules.optimizers):
        factor = recipe.d_rate_factor if role == "discriminator" else 1.0
        if factor == 1 and not recipe.rate_decay_epochs:
            continue
        if not isinstance(optimizer._learning_rate, keras.Variable):
            if recipe.rate_decay_epochs:
                raise UsageError(
                    f"rate_decay_epochs: the learning rate of the {role} follows a schedule of its own already; set that one's "
                    "fields"
                )
            optimizer._learning_rate = optimizers.Times(factor, optimizer._learning_rate)
            continue
        rate = factor * float(optimizer.learning_rate)
        if recipe.rate_decay_epochs:
            if rules.schedule.warmup is not None:
                raise UsageError(
                    "rate_decay_epochs: with the critic's long phases G has fewer updates in some epochs than in others, and "
                    "its rate would fall behind; set warmup_first and warmup_every to 0 as well"
                )
            updates = rules.schedule.updates_per_epoch(role, minibatches)
            rate = optimizers.LinearDecay(rate, recipe.rate_constant_epochs, recipe.rate_decay_epochs, updates)
        optimizer.learning_rate = rate
