"""Learner: one network that learns by a rule of its own, layer by layer or as a whole, and plays against nobody."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gan_repro.system import randomness
from gan_repro.system.errors import UsageError
from gan_repro.training.averages import EVERY
from gan_repro.training.minibatches import Minibatches, sum_of_entries, variables_of

_GRADIENT = "gradient"  # the sum of all entries of the gradients: it says no more than whether all were finite


@dataclasses.dataclass(frozen=True)
class LearningContext:
    """What a rule sees of a step besides the network and the minibatch.

    Attributes:
      labels: int32 (m,), zeros where the data have none.
      step: minibatches played before this one in this phase, int64 scalar.
      draws: random numbers of this step, randomness.Draws.
    """

    labels: tf.Tensor
    step: tf.Tensor
    draws: randomness.Draws


@dataclasses.dataclass(frozen=True, kw_only=True)
class LearningRule:
    """How one network learns.

    Attributes:
      optimizer: Keras optimizer of the network's trainable variables.
      gradients: (network, x, context) -> (gradients, metrics), graph code: x float32 (m, h, w, c) as the networks see images,
        a LearningContext; a list with one gradient, or None, for each of network.trainable_variables, and {metric: scalar}.
        Whether they are of a loss is the rule's affair (`gradients_of` makes them of one): contrastive divergence's are not.
      metrics: the names of all metrics that it gives: columns of metrics.csv and curves of the record.
      variables: {name: variable}: what the rule remembers from step to step, such as persistent chains.
    """

    optimizer: keras.optimizers.Optimizer
    gradients: Callable[..., tuple[list, Mapping[str, tf.Tensor]]]
    metrics: tuple[str, ...]
    variables: Mapping[str, tf.Variable] = dataclasses.field(default_factory=dict)


def gradients_of(loss: Callable[..., Mapping[str, tf.Tensor]]) -> Callable[..., tuple[list, Mapping[str, tf.Tensor]]]:
    """The `gradients` of a LearningRule that descends a loss.

    Args:
      loss: (network, x, context) -> {metric: float32 scalar}, of which the first is minimised.
    """

    def gradients(network, x, context):
        with tf.GradientTape() as tape:
            values = loss(network, x, context)
            first = next(iter(values.values()))
        return tape.gradient(first, network.trainable_variables), values

    return gradients


class Learner(Minibatches):
    """One network and the rule by which it learns: a Trainable (stages.py).

    Args:
      network: Keras model, images to their reconstruction.
      rule: LearningRule.
      prior: what samples are drawn by, a chains.Chain or a priors.Prior.
      source, batch_size, seed, sampler, steps_per_epoch, averages, tag: as Minibatches takes them.
      jit_compile: compile the step with XLA.

    Raises:
      UsageError: as Minibatches; there are several devices; a metric's name cannot head a column of metrics.csv.
    """

    probabilities = False
    owner, owners_code = "rule", "LearningRule"

    def __init__(
        self,
        network: keras.Model,
        rule: LearningRule,
        prior: Any,
        source: Any,
        batch_size: int,
        seed: int,
        *,
        sampler: keras.Model,
        steps_per_epoch: int = 0,
        averages: tuple[str, ...] = (),
        jit_compile: bool = False,
        tag: int = 0,
    ) -> None:
        super().__init__(
            network,
            prior,
            source,
            batch_size,
            seed,
            sampler=sampler,
            steps_per_epoch=steps_per_epoch,
            averages=averages,
            tag=tag,
            role="network",
        )
        if self.replicas > 1:
            raise UsageError(
                f"{self.replicas} devices: a network that learns alone takes one; hide the others (CUDA_VISIBLE_DEVICES=0, no "
                "TF_CONFIG)"
            )
        if not rule.metrics or any(not name or set(name) & set(',/"\r\n') for name in rule.metrics):
            raise UsageError(
                f"the rule's metrics are called {rule.metrics}: give them names without commas, slashes and quotes"
            )
        self.rule = rule
        rule.optimizer.build(network.trainable_variables)
        self._update = tf.function(self._learn, jit_compile=True, autograph=False) if jit_compile else self._learn

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of what metrics.csv keeps: the rule's."""
        return self.rule.metrics

    def state(self) -> dict[str, tf.Variable]:
        """{name: variable}: all that the next step depends on, for a checkpoint; and the averages."""
        state = self._counters | {f"rule/{name}": variable for name, variable in self.rule.variables.items()}
        state |= variables_of("network", self.network.variables)
        state |= variables_of("network_optimizer", self.rule.optimizer.variables)
        return state | self._state_of_averages()

    def others(self) -> dict[str, keras.Model]:
        """{}: there is no other network."""
        return {}

    def _columns(self):
        return (*self.rule.metrics, _GRADIENT)

    def _width(self):
        return len(self._columns())

    def _unpack(self, rows):
        """Of `steps`: the rule's metrics, and "gradient", the sum of all entries of the gradients."""
        return {name: np.ma.array(rows[:, i], mask=np.zeros(len(rows), bool)) for i, name in enumerate(self._columns())}

    def _minibatch(self, feed, turn):
        row = self._update(*self._batch(feed))
        self._counters["step"].assign_add(1)
        self._update_averages(self._counters["step"] % EVERY == 0)
        return row

    def _learn(self, x, labels, step):
        draws = randomness.Draws(self.seed_of(step, randomness.LEARN))
        gradients, values = self.rule.gradients(self.network, x, LearningContext(labels, step, draws))
        variables = self.network.trainable_variables
        if len(gradients) != len(variables) or all(gradient is None for gradient in gradients):
            raise UsageError(
                f"the rule gives {sum(gradient is not None for gradient in gradients)} gradients for the {len(variables)} "
                "trainable variables of the network: it would learn nothing, or something else"
            )
        if set(values) != set(self.rule.metrics):
            raise UsageError(f"the rule gives the metrics {', '.join(values)}, and names {', '.join(self.rule.metrics)}")
        known = [(gradient, variable) for gradient, variable in zip(gradients, variables) if gradient is not None]
        self.rule.optimizer.apply(*map(list, zip(*known)))
        metrics = [tf.cast(values[name], tf.float32) for name in self.rule.metrics]
        return tf.stack([*metrics, sum_of_entries(gradients)])
