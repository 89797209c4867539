"""What Keras's optimizers cannot say: momentum that follows a schedule, in pylearn2's form. Losses are not here."""

import math

import keras
import tensorflow as tf


class ExponentialDecay(keras.optimizers.schedules.LearningRateSchedule):
    """pylearn2's ExponentialDecay (training_algorithms/sgd.py): max(initial / factor**t, minimum) after t updates."""

    def __init__(self, initial, factor, minimum):
        self.initial, self.factor, self.minimum = initial, factor, minimum

    def __call__(self, step):
        """Learning rate (float32 scalar) of the update that follows `step` finished ones."""
        t = tf.cast(step, tf.float32)
        # factor**t through its logarithm, taken in Python's float64: 1.000004 has 2 digits left in float32
        return tf.maximum(self.initial * tf.exp(-t * tf.cast(math.log(self.factor), tf.float32)), self.minimum)

    def get_config(self):
        """What Keras needs to write the schedule down."""
        return {"initial": self.initial, "factor": self.factor, "minimum": self.minimum}


class LinearMomentum(keras.optimizers.schedules.LearningRateSchedule):
    """pylearn2's MomentumAdjustor (training_algorithms/learning_rule.py): linear from `initial` to `final`.

    In epoch n (1-based): initial + (final - initial) * min((n - 1) / (saturate - 1), 1), constant within an epoch.
    """

    def __init__(self, initial, final, saturate, steps_per_epoch):
        self.initial, self.final = initial, final
        self.saturate, self.steps_per_epoch = saturate, steps_per_epoch

    def __call__(self, step):
        """Momentum (float32 scalar) of the update that follows `step` finished ones."""
        epoch = tf.cast(tf.cast(step, tf.int64) // self.steps_per_epoch, tf.float32)
        share = tf.minimum(epoch / max(self.saturate - 1, 1), 1.0)
        return self.initial + (self.final - self.initial) * share

    def get_config(self):
        """What Keras needs to write the schedule down."""
        return {
            "initial": self.initial,
            "final": self.final,
            "saturate": self.saturate,
            "steps_per_epoch": self.steps_per_epoch,
        }


class MomentumSGD(keras.optimizers.Optimizer):
    """Gradient descent with classical momentum: v <- mu v - lr g; p <- p + v (pylearn2 learning_rule.Momentum).

    Unlike keras.optimizers.SGD, whose momentum is a Python number frozen when the step is traced, `momentum` may be a
    schedule of the number of finished updates, like the learning rate.

    Args:
      learning_rate: a number or a LearningRateSchedule.
      momentum: a number or a LearningRateSchedule.
    """

    def __init__(self, learning_rate, momentum, name="momentum_sgd"):
        super().__init__(learning_rate=learning_rate, name=name)
        self.momentum = momentum

    def build(self, variables):
        """Makes the velocities, zero, one per variable."""
        if self.built:
            return
        super().build(variables)
        self.velocities = self.add_optimizer_variables(variables, "velocity")

    def current_momentum(self):
        """mu of the next update, float32 scalar."""
        if callable(self.momentum):
            return self.momentum(tf.convert_to_tensor(self.iterations))
        return tf.constant(self.momentum, tf.float32)

    def update_step(self, gradient, variable, learning_rate):
        """Updates one variable and its velocity in one pass over memory (TensorFlow's fused kernel)."""
        velocity = self.velocities[self._get_variable_index(variable)].value
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=velocity.handle,
            lr=tf.cast(learning_rate, variable.dtype),
            grad=tf.cast(gradient, variable.dtype),
            momentum=tf.cast(self.current_momentum(), variable.dtype),
            use_nesterov=False,
        )

    def get_config(self):
        """What Keras needs to write the optimizer down."""
        return super().get_config() | {"momentum": self.momentum}
