"""Averages of a generator's weights along its training, kept beside it; they never touch the training itself.

Which averages a run keeps is the recipe's affair; what they are worth, the evaluation's.
"""

import tensorflow as tf

from gan_repro.papers.recipe import parse_average

# Updates of the generator between two updates of an average. An average of the weights at every tenth update is, for
# windows of thousands of updates, the average over all of them, at a tenth of the memory traffic.
EVERY = 10


class Average:
    """An exponential or a uniform average of all weights of a network, batch-norm statistics included.

    The k-th update (k = 1, 2, ...) is average += rate * (weights - average) with rate = max(1 - decay**EVERY, 1 / k):
    a uniform average until the window of the exponential one is full, so that the initial weights leave no trace.
    A uniform average has decay 1; until EPOCH epochs are played (k = 0) it is the weights as they were at the last such update.

    Args:
      kind: "ema-DECAY" (DECAY per update of the generator) or "mean-from-EPOCH" (recipe.parse_average).
      network: the Keras model; its weights exist.
      steps_per_epoch: minibatches of an epoch, for "mean-from-EPOCH".
    """

    def __init__(self, kind, network, steps_per_epoch):
        self.kind = kind
        decay, first_epoch = parse_average(kind)
        self.rate = 1.0 - decay**EVERY
        self.first_step = first_epoch * steps_per_epoch
        self.count = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.sources = [weight.value for weight in network.weights]
        self.values = [tf.Variable(tf.convert_to_tensor(source), trainable=False) for source in self.sources]

    def update(self, step: tf.Tensor) -> None:
        """Graph code, in cross-replica context: one update, after `step` finished minibatches (int64 scalar)."""
        self.count.assign_add(tf.cast(step >= self.first_step, tf.int64))
        rate = tf.maximum(self.rate, 1.0 / tf.cast(tf.maximum(self.count, 1), tf.float32))
        for value, source in zip(self.values, self.sources, strict=True):
            value.assign_add(tf.cast(rate, value.dtype) * (tf.convert_to_tensor(source) - value))

    def state(self) -> dict[str, tf.Variable]:
        """{name: variable} for a checkpoint."""
        return {"count": self.count} | {f"{i:03d}": value for i, value in enumerate(self.values)}
