"""What Keras's optimizers lack: pylearn2's momentum and schedules, dcgan_code's schedule, PyTorch's RMSprop, a fused Adam."""

import math

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="gan_repro")
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
        """The arguments, for a saved model."""
        return {name: getattr(self, name) for name in ("initial", "factor", "minimum")}


@keras.saving.register_keras_serializable(package="gan_repro")
class LinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """dcgan_code's schedule (mnist/train_cond_dcgan.py): constant, then down by as much each epoch, to 0 behind the last.

    In epoch n (1-based): initial * min(1, 1 - (n - 1 - constant) / decay), and never below 0.
    """

    def __init__(self, initial, constant, decay, updates_per_epoch):
        """`constant`, `decay`: epochs; `updates_per_epoch`: of this optimizer, a number > 0, whole or not."""
        self.initial, self.constant, self.decay, self.updates_per_epoch = initial, constant, decay, updates_per_epoch

    def __call__(self, step):
        """Learning rate (float32 scalar) of the update that follows `step` finished ones."""
        epoch = tf.floor(tf.cast(step, tf.float32) / self.updates_per_epoch)
        share = 1.0 - (epoch - self.constant) / max(self.decay, 1)
        return self.initial * tf.clip_by_value(share, 0.0, 1.0)

    def get_config(self):
        """The arguments, for a saved model."""
        return {name: getattr(self, name) for name in ("initial", "constant", "decay", "updates_per_epoch")}


@keras.saving.register_keras_serializable(package="gan_repro")
class Times(keras.optimizers.schedules.LearningRateSchedule):
    """Another schedule's rates, each multiplied by the same factor."""

    def __init__(self, factor, schedule):
        """`schedule`: a LearningRateSchedule, or its serialised form."""
        self.factor = factor
        self.schedule = keras.saving.deserialize_keras_object(schedule) if isinstance(schedule, dict) else schedule

    def __call__(self, step):
        """Learning rate (float32 scalar) of the update that follows `step` finished ones."""
        return self.factor * self.schedule(step)

    def get_config(self):
        """The arguments, for a saved model."""
        return {"factor": self.factor, "schedule": keras.saving.serialize_keras_object(self.schedule)}


@keras.saving.register_keras_serializable(package="gan_repro")
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
        """The arguments, for a saved model."""
        return {name: getattr(self, name) for name in ("initial", "final", "saturate", "steps_per_epoch")}


@keras.saving.register_keras_serializable(package="gan_repro")
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
        """The arguments, for a saved model."""
        momentum = keras.optimizers.schedules.serialize(self.momentum) if callable(self.momentum) else self.momentum
        return _own(super().get_config()) | {"momentum": momentum}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The optimizer of which `get_config` gave `config`."""
        momentum = config["momentum"]
        if isinstance(momentum, dict):
            momentum = keras.optimizers.schedules.deserialize(momentum, custom_objects)
        return super().from_config(config | {"momentum": momentum}, custom_objects)


@keras.saving.register_keras_serializable(package="gan_repro")
class Adam(keras.optimizers.Adam):
    """keras.optimizers.Adam, the same numbers: each variable is updated in one pass over memory (TensorFlow's fused kernel).

    Keras's own update is ten operations and as many passes: of a step of DCGAN at its published width, 4 %.

    Raises:
      ValueError: a form of Adam that the kernel does not have (amsgrad) is asked for.
    """

    def __init__(self, *args, amsgrad=False, **kwargs):
        if amsgrad:
            raise ValueError("amsgrad: take keras.optimizers.Adam")
        super().__init__(*args, **kwargs)

    def update_step(self, gradient, variable, learning_rate):
        """Updates one variable and its two moments."""
        i = self._get_variable_index(variable)
        t = tf.cast(tf.convert_to_tensor(self.iterations) + 1, variable.dtype)
        beta_1, beta_2 = (tf.constant(beta, variable.dtype) for beta in (self.beta_1, self.beta_2))
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[i].value.handle,
            v=self._velocities[i].value.handle,
            beta1_power=tf.pow(beta_1, t),
            beta2_power=tf.pow(beta_2, t),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=tf.constant(self.epsilon, variable.dtype),
            grad=tf.cast(gradient, variable.dtype),
        )


@keras.saving.register_keras_serializable(package="gan_repro")
class RMSprop(keras.optimizers.Optimizer):
    """RMSprop in PyTorch's form: v <- rho v + (1 - rho) g^2, from 0; p <- p - lr g / (sqrt(v) + epsilon).

    keras.optimizers.RMSprop divides by sqrt(v + epsilon): with PyTorch's 1e-8 that damps every gradient below 1e-4, and
    those of a clipped critic are smaller.

    Args:
      learning_rate: a number or a LearningRateSchedule.
      rho: alpha of PyTorch.
      epsilon: see above.
    """

    def __init__(self, learning_rate, rho=0.99, epsilon=1e-8, name="rmsprop"):
        super().__init__(learning_rate=learning_rate, name=name)
        self.rho, self.epsilon = rho, epsilon

    def build(self, variables):
        """Makes the mean squares, zero, one per variable."""
        if self.built:
            return
        super().build(variables)
        self.mean_squares = self.add_optimizer_variables(variables, "mean_square")

    def update_step(self, gradient, variable, learning_rate):
        """Updates one variable and its mean square."""
        mean_square = self.mean_squares[self._get_variable_index(variable)].value
        gradient = tf.cast(gradient, variable.dtype)
        v = mean_square.assign(self.rho * mean_square + (1 - self.rho) * tf.square(gradient))
        step = tf.cast(learning_rate, variable.dtype) * gradient / (tf.sqrt(v) + self.epsilon)
        variable.assign_sub(step)

    def get_config(self):
        """The arguments, for a saved model."""
        return _own(super().get_config()) | {"rho": self.rho, "epsilon": self.epsilon}


def _own(config):
    """Of the configuration that Keras gives an optimizer what ours take."""
    return {name: config[name] for name in ("name", "learning_rate")}
