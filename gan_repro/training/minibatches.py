"""Minibatches: what every Trainable does alike, whatever it learns: data, many steps in one call, samples of its network."""

import re
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.ops import handle_data_util

from gan_repro.latent.sampling import sample_images
from gan_repro.system import randomness, tensorflow_setup
from gan_repro.system.errors import DataError, UsageError
from gan_repro.training.averages import Average
from gan_repro.training.monitors import MONITORED

# What XLA says of an operation that it has no kernel for, on this device or on any.
_NOT_COMPILED = re.compile(r"Detected unsupported operations[^:\n]*: .*|.* not yet have a deterministic XLA implementation")


class Minibatches:
    """A Trainable (stages.py) but for the update on a minibatch, which a subclass has.

    That is `metrics`, `state`, `others`, `_minibatch`, `_width` and `_unpack`.

    Args:
      network: the Keras model that samples are drawn from, which learns.
      prior: priors.Prior or chains.Chain.
      source: data source (data/source.py).
      batch_size: images of a minibatch, over all replicas.
      seed: every random number follows from it, the step and the stream.
      sampler: a float32 copy of the network's architecture from which samples are drawn: not of the network's own precision,
        and never disturbing it.
      steps_per_epoch: at most so many minibatches an epoch; 0: as many whole ones as the training images give.
      averages: kinds of averages of the network's weights to keep (averages.py).
      tag: distinguishes the stages of a run in the random streams.
      role: what the network is called in messages.

    Raises:
      UsageError: minibatches do not fit the data or the replicas, or the sampler shares weights with the network.
    """

    owner, owners_code = "term", "losses.Term"  # who may own variables

    def __init__(
        self, network, prior, source, batch_size: int, seed: int, *, sampler, steps_per_epoch, averages, tag, role
    ) -> None:
        self.network, self.prior, self.source, self.sampler = network, prior, source, sampler
        self.batch_size, self.seed, self.tag = batch_size, seed, tag
        self.strategy = tf.distribute.get_strategy()
        self.replicas = self.strategy.num_replicas_in_sync
        self.steps_per_epoch = source.spec.steps_per_epoch(batch_size, steps_per_epoch)
        if batch_size % self.replicas:
            raise UsageError(f"batch_size = {batch_size}: must be a multiple of the {self.replicas} devices")
        if {id(weight) for weight in sampler.weights} & {id(weight) for weight in network.weights}:
            raise UsageError(
                f"sampler: it shares weights with the {role} that learns, and drawing samples would overwrite them; give a "
                f"second network of that architecture, made by a second call of what makes the {role}"
            )
        self.averages = {kind: Average(kind, network, self.steps_per_epoch) for kind in averages}
        self._counters = {"step": tf.Variable(0, dtype=tf.int64, trainable=False, name="step")}
        self._feed = None
        self._feed_epoch = None
        self._monitored: tuple[np.ndarray, np.ndarray] | None = None
        self._prepared = False
        self.traces = 0
        self._play_many = tf.function(self._play, autograph=False)

    # ---- what a subclass has -------------------------------------------------------------------------------------

    def state(self) -> dict[str, tf.Variable]:
        """{name: variable}: all that the next step depends on, for a checkpoint; and the averages."""
        raise NotImplementedError

    def _minibatch(self, feed, turn) -> tf.Tensor:
        """Graph code: plays one minibatch; its row, float32 (_width(),). Of `turn` as in `_turns`."""
        raise NotImplementedError

    def _width(self) -> int:
        """Numbers in a minibatch's row."""
        raise NotImplementedError

    def _unpack(self, rows: np.ndarray) -> dict[str, np.ma.MaskedArray]:
        """Rows float32 (n, _width()) as {metric: masked float32 (n,)}."""
        raise NotImplementedError

    def _traced_turns(self) -> tuple:
        """What `_play` is traced for, one by one: None where its graph decides all."""
        return (None,)

    def _turns(self, n: int) -> list[tuple[Any, int]]:
        """[(turn, minibatches)]: the calls of `_play` that play the next n minibatches."""
        return [(None, n)]

    # ---- what the loop needs -------------------------------------------------------------------------------------

    @property
    def step(self) -> int:
        """Minibatches played, int."""
        return int(self._counters["step"].numpy())

    def prepare(self) -> None:
        """Traces and compiles the step, where that was not done yet; plays nothing.

        Raises:
          UsageError: what is learned cannot be, or the step reads or writes a variable that `state` does not know.
          DataError: the data cannot be opened.
        """
        if self._prepared:
            return
        self._open()
        none = tf.constant(0, tf.int32)
        for turn in self._traced_turns():
            self._check_variables(self._play_many.get_concrete_function(self._feed, none, turn))
            with tensorflow_setup.without_chatter():  # what the compiler says of the graph
                self._play_many(self._feed, none, turn)
        self._prepared = True

    def _open(self):
        """Opens the feed of the current epoch, where it is not open."""
        epoch, first = divmod(self.step, self.steps_per_epoch)
        if self._feed_epoch != epoch:
            self._feed, self._feed_epoch = self.source.open(epoch, self.seed, first, self.batch_size), epoch

    def _check_variables(self, step):
        """Raises UsageError where a traced step depends on a variable that no checkpoint would keep."""

        def stateless(feed, i):  # it reads the data, and among several machines a token that keeps their sums in order
            return self.source.batch(feed, i, self.batch_size), self._reduce(self.strategy.run(lambda: tf.zeros([])))

        known = tf.function(stateless, autograph=False).get_concrete_function(self._feed, tf.constant(0, tf.int32))
        kept = {id(handle) for variable in self.state().values() for handle in _handles(variable)}
        kept |= {id(tensor) for tensor in known.captured_inputs}
        stray = [id(held) for held, inside in step.graph.captures if _is_variable(inside) and id(held) not in kept]
        if stray:
            read = {id(handle): variable.name for variable in step.graph.variables for handle in _handles(variable)}
            named = {read.get(handle, "one that is only written").partition(":")[0] for handle in stray}
            raise UsageError(
                f"the step uses variables that no checkpoint would keep: {', '.join(sorted(named))}; the {self.owner} that "
                f'uses one must own it: {self.owners_code}(..., variables={{"k": k}})'
            )

    def steps(self, n: int) -> dict[str, np.ma.MaskedArray]:
        """Plays `n` minibatches, without Python in between, and not beyond the end of the epoch.

        Returns:
          {metric: masked float32 (n,)}, NaN-free where training is.

        Raises:
          ValueError: n < 1 or the epoch has fewer minibatches left.
          DataError: the data are streamed from files, and these cannot be read on.
          UsageError: as `prepare`; or XLA cannot compile the step.
        """
        first = self.step % self.steps_per_epoch
        if not 1 <= n <= self.steps_per_epoch - first:
            raise ValueError(f"{n} steps from step {first} of an epoch of {self.steps_per_epoch}")
        self.prepare()
        self._open()
        try:
            calls = [self._play_many(self._feed, tf.constant(m, tf.int32), turn) for turn, m in self._turns(n)]
            rows = np.concatenate([call.numpy() for call in calls])
        except tf.errors.OpError as error:
            if failed := _NOT_COMPILED.search(str(error)):
                raise UsageError(
                    f"jit_compile = true: XLA cannot compile this step here ({failed[0].strip()[:150]}); set it to false"
                ) from error
            if "IteratorGetNext" not in str(error):
                raise
            reason = str(error.message).splitlines()[0][:200]
            raise DataError(f"{self.source.spec.title} cannot be read on, its files are damaged: {reason}") from error
        return self._unpack(rows)

    def restored(self) -> None:
        """To be called after the variables of `state` were given other values: forgets what was derived from them."""
        self._feed = self._feed_epoch = None

    def kinds(self) -> tuple[str, ...]:
        """The generators to be had from `weights` and `sample`: "last" and one per average."""
        return ("last", *self.averages)

    def weights(self, kind: str = "last") -> keras.Model:
        """The sampler with the weights of one of `kinds()`: a Keras model, overwritten by the next call."""
        if kind == "last":
            values = [weight.numpy() for weight in self.network.weights]
        else:
            values = [value.numpy() for value in self.averages[kind].values]
        self.sampler.set_weights(values)
        return self.sampler

    def sample(self, n: int, seed: int, labels=None, kind: str = "last") -> np.ndarray:
        """float32 (n, h, w, c): images from the network `kind`, drawn in float32. As `sample_images` otherwise."""
        return sample_images(self.weights(kind), self.prior, n, seed, labels, classes=self.source.spec.classes)

    def monitor_batch(self) -> tuple[np.ndarray, np.ndarray]:
        """What monitors.py compares: (samples, real images), float32 (n, h, w, c), n = monitors.MONITORED or all there are.

        The same at every call but for the weights: what is drawn and the images, training images of random choice with their
        labels, follow from the seed. Draws from no stream of the training and leaves its feed alone.
        """
        if self._monitored is None:
            n = min(MONITORED, self.source.spec.sizes["train"])
            real, labels = self.source.batch(self.source.open(0, self.seed, 0, n), tf.constant(0), n)
            self._monitored = real.numpy(), labels.numpy()
        real, labels = self._monitored
        n = len(real)
        return self.prior.brief(n).images(self.weights(), n, self.seed, labels, n), real

    def _state_of_averages(self):
        """{name: variable} of the averages, for `state`."""
        kept = self.averages.values()
        return {f"average/{each.kind}/{name}": variable for each in kept for name, variable in each.state().items()}

    # ---- the step ------------------------------------------------------------------------------------------------

    def seed_of(self, step, *streams) -> tf.Tensor:
        """int32 (2,): the run's seed for (step, streams)."""
        return randomness.seed_pair(self.seed, step, self.tag, *streams)

    def _play(self, feed, n, turn=None):
        """The rows of `n` minibatches; `turn`: as in `_turns`."""
        self.traces += 1  # Python: runs once per trace
        rows = tf.TensorArray(tf.float32, n, element_shape=[self._width()])
        rows = tf.while_loop(
            lambda t, rows: t < n,
            lambda t, rows: (t + 1, rows.write(t, self._minibatch(feed, turn))),
            (tf.constant(0), rows),
            parallel_iterations=1,
        )[1]
        return rows.stack()

    def _batch(self, feed):
        """(x, labels, step): the minibatch of the current step, and its number, int64 scalar."""
        step = self._counters["step"].read_value()
        i = tf.cast(step % self.steps_per_epoch, tf.int32)
        return (*self.source.batch(feed, i, self.batch_size), step)

    def _update_averages(self, due):
        """Updates the averages where `due`, a bool scalar; the step is counted by then."""

        def update():
            for average in self.averages.values():
                average.update(self._counters["step"])
            return tf.constant(0)

        if self.averages:
            tf.cond(due, update, lambda: tf.constant(0))

    def _reduce(self, row):
        """The sum over replicas: each has divided its part by their number."""
        return self.strategy.reduce(tf.distribute.ReduceOp.SUM, row, axis=None)


def variables_of(network: str, variables) -> dict[str, tf.Variable]:
    """{"network/000": variable, ...} of Keras variables, for a checkpoint."""
    return {f"{network}/{i:03d}": variable.value for i, variable in enumerate(variables)}


def sum_of_entries(gradients):
    """float32 scalar: the sum of all entries of a list of gradients, not finite where one of them is not.

    One pass over memory, which takes a step of the MNIST model no measurable time; is_finite would make a tensor of each.
    """
    return tf.reduce_sum(tf.stack([tf.zeros([]), *(tf.cast(tf.reduce_sum(g), tf.float32) for g in gradients if g is not None)]))


def _handles(variable):
    """The resources of a variable, of each replica's copy where it is mirrored."""
    return [each.handle for each in getattr(variable, "values", (variable,))]


def _is_variable(tensor):
    """Whether a tensor is the resource of a variable: that of a table, say, has no shape to be told."""
    return tensor.dtype == tf.resource and handle_data_util.get_resource_handle_data(tensor).is_set
