"""AdversarialGame: two players, a prior, data and an update schedule, with the one training step that all papers share."""

from collections.abc import Callable
from typing import Literal, get_args

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.ops import handle_data_util

from gan_repro.latent.sampling import draw, images_of, sample_images
from gan_repro.system import randomness, tensorflow_setup
from gan_repro.system.errors import DataError, UsageError
from gan_repro.training import players
from gan_repro.training.averages import EVERY, Average
from gan_repro.training.history import METRICS
from gan_repro.training.monitors import MONITORED
from gan_repro.training.players import Player
from gan_repro.training.replay import of_game
from gan_repro.training.schedule import UpdateSchedule
from gan_repro.training.step import Updates

GeneratorLabels = Literal["same", "uniform"]


class AdversarialGame:
    """Two players, a prior, data and an update schedule: a Trainable (stages.py) for all papers of the family.

    Args:
      generator, discriminator: players.Player.
      prior: priors.Prior.
      source: data source (data/source.py).
      schedule: schedule.UpdateSchedule.
      batch_size: images of a minibatch, over all replicas.
      seed: every random number follows from it, the step and the stream.
      sampler: a float32 copy of G's architecture from which samples are drawn: not of G's own precision, and never
        disturbing it.
      d_output: see losses.Objective.
      d_head: of a D with heads (a dict of tensors) that one which is monitored, and which losses call D's output.
      transform: (images, StepContext) -> images of the same shape: applied to all that D sees, real and generated alike,
        inside the gradient (instance noise, augmentation). Its random numbers follow from `context.seed()`.
      generator_labels: what a conditional G is given: "same": the labels of the minibatch's real images; "uniform": labels
        of its own, each class as likely as another (ACGAN).
      d_features: the name of a layer of D whose output terms may look at (StepContext.features).
      g_dropout: False: D's dropout and noise do nothing in G's updates, whose gradient then is of one and the same D.
      replay: how many old samples are kept, of which D's updates see some in the place of new ones (replay.py); 0: none.
      steps_per_epoch: at most so many minibatches an epoch; 0: as many whole ones as the training images give.
      averages: kinds of averages of G's weights to keep (averages.py).
      jit_compile: compile each move with XLA.
      tag: distinguishes the stages of a run in the random streams.

    Raises:
      UsageError: minibatches do not fit the data or the replicas, XLA is wanted on several replicas, a loss is scaled on
        several machines, the sampler shares weights with G, two terms of a player or two variables of terms have one name,
        or labels are wanted of data without.
    """

    def __init__(
        self,
        generator: Player,
        discriminator: Player,
        prior,
        source,
        schedule: UpdateSchedule,
        batch_size: int,
        seed: int,
        *,
        sampler,
        d_output: Callable = tf.sigmoid,
        d_head: str | None = None,
        transform: Callable | None = None,
        generator_labels: GeneratorLabels = "same",
        d_features: str | None = None,
        g_dropout: bool = True,
        replay: int = 0,
        steps_per_epoch=0,
        averages=(),
        jit_compile=False,
        tag=0,
    ):
        self.generator, self.discriminator = generator, discriminator
        self.prior, self.source, self.schedule = prior, source, schedule
        self.batch_size, self.seed, self.sampler, self.tag = batch_size, seed, sampler, tag
        self.d_output, self.d_head, self.transform, self.generator_labels = d_output, d_head, transform, generator_labels
        self.d_features, self.g_dropout = d_features, g_dropout
        self.d_network = players.with_features(discriminator.network, d_features) if d_features else discriminator.network
        if d_features and d_head is None and players.OUTPUT in self.d_network.output:
            self.d_head = players.OUTPUT
        self.strategy = tf.distribute.get_strategy()
        self.replicas = self.strategy.num_replicas_in_sync
        self.probabilities = d_output is not tf.identity
        self.steps_per_epoch = source.spec.steps_per_epoch(batch_size, steps_per_epoch)
        if batch_size % self.replicas:
            raise UsageError(f"batch_size = {batch_size}: must be a multiple of the {self.replicas} devices")
        if jit_compile and self.replicas > 1:
            raise UsageError("jit_compile = true: XLA cannot compile the step on several devices; set it to false")
        if {id(weight) for weight in sampler.weights} & {id(weight) for weight in generator.network.weights}:
            raise UsageError(
                "sampler: it shares weights with the generator that learns, and drawing samples would overwrite them; give a "
                "second network of that architecture, made by a second call of what makes the generator"
            )
        if generator_labels not in get_args(GeneratorLabels):
            raise UsageError(f"generator_labels {generator_labels!r}: valid are {', '.join(get_args(GeneratorLabels))}")
        if generator_labels == "uniform" and not source.spec.classes:
            raise UsageError(f"generator_labels = uniform: {source.spec.title} has no classes")
        self.replay = of_game(self, replay) if replay else None
        if not g_dropout:
            players.check_still(discriminator.network, schedule)
        # Among several machines sums are collective operations, which abort where two branches of a conditional hold others
        # (TensorFlow 2.21): who moves is then decided before a call and not in its graph.
        self._unrolled = isinstance(self.strategy, tf.distribute.MultiWorkerMirroredStrategy)
        for role in players.ROLES:
            players.check_names(role, getattr(self, role).terms)
            if self._unrolled and isinstance(getattr(self, role).optimizer, keras.optimizers.LossScaleOptimizer):
                raise UsageError(
                    f"the optimizer of the {role} scales the loss (float16): the gradients decide whether it updates, in a "
                    "conditional, where sums over several machines cannot stand; take bfloat16 or float32, or one machine"
                )
        self._terms_variables = players.variables_of(generator.terms + discriminator.terms)
        self.averages = {kind: Average(kind, generator.network, self.steps_per_epoch) for kind in averages}
        begin = {"step": 0, "d_updates": 0, "g_updates": 0, "since_g": schedule.since_g}
        self._counters = {name: tf.Variable(value, dtype=tf.int64, trainable=False, name=name) for name, value in begin.items()}
        for player in (generator, discriminator):
            player.optimizer.build(player.network.trainable_variables)
        self._feed = None
        self._feed_epoch = None
        self._monitored: tuple[np.ndarray, ...] | None = None
        self._prepared = False
        self.traces = 0
        compiled = tf.function(jit_compile=True, autograph=False) if jit_compile else lambda function: function
        self._updates = Updates(self)
        self._moves = {turn: compiled(self._updates.move(schedule.movers(turn))) for turn in (True, False)}
        self._play_many = tf.function(self._play, autograph=False)

    # ---- what the loop needs -------------------------------------------------------------------------------------

    @property
    def step(self) -> int:
        """Minibatches played, int."""
        return int(self._counters["step"].numpy())

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of what `steps` tells and metrics.csv keeps: history.METRICS, then those of the players' terms."""
        return (*METRICS, *players.term_metrics(self.discriminator, self.generator))

    @property
    def updates(self) -> dict[str, int]:
        """{"discriminator": n, "generator": n}: updates made so far."""
        return {
            "discriminator": int(self._counters["d_updates"].numpy()),
            "generator": int(self._counters["g_updates"].numpy()),
        }

    def prepare(self) -> None:
        """Traces and compiles the step, where that was not done yet; plays nothing.

        Raises:
          UsageError: a term gives no scalar, a loss does not reach its player, or the step reads or writes a variable that
            `state` does not know.
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

    def _traced_turns(self):
        """What `_play` is traced for: None, its graph decides who moves; unrolled, each answer that the schedule may give."""
        if not self._unrolled:
            return (None,)
        answer = self.schedule.g_moves(0, 0)
        return (answer,) if isinstance(answer, bool) else (False, True)

    def _turns(self, n):
        """[(turn, minibatches)]: the calls of `_play` that play the next n minibatches."""
        if not self._unrolled:
            return [(None, n)]
        since_g, g_updates = (int(self._counters[name].numpy()) for name in ("since_g", "g_updates"))
        return self.schedule.turns(since_g, g_updates, n)

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
                f"the step uses variables that no checkpoint would keep: {', '.join(sorted(named))}; the term that uses one "
                'must own it: losses.Term(..., variables={"k": k})'
            )

    def steps(self, n: int) -> dict[str, np.ma.MaskedArray]:
        """Plays `n` minibatches, without Python in between, and not beyond the end of the epoch.

        Returns:
          {metric: float32 (n,)}: d_loss, g_loss, d_real (mean of `d_output` on real images), d_generated; d_gradient,
          g_gradient (the sums of all entries of the players' gradients, over a minibatch's updates: they say no more than
          whether all were finite); "d_loss/NAME" and "g_loss/NAME", the value of each term before its weight. Of several
          updates of D on a minibatch the last one counts. NaN-free where training is, and masked (numpy.ma) where the
          player was not updated on that minibatch.

        Raises:
          ValueError: n < 1 or the epoch has fewer minibatches left.
          DataError: the data are streamed from files, and these cannot be read on.
          UsageError: as `prepare`.
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
            if "IteratorGetNext" not in str(error):
                raise
            reason = str(error.message).splitlines()[0][:200]
            raise DataError(f"{self.source.spec.title} cannot be read on, its files are damaged: {reason}") from error
        return self._updates.unpack(rows)

    def state(self) -> dict[str, tf.Variable]:
        """{name: variable}: all that the next step depends on, for a checkpoint; and the averages."""
        state = self._counters | {f"term/{name}": variable for name, variable in self._terms_variables.items()}
        for role, player in (("generator", self.generator), ("discriminator", self.discriminator)):
            for part, variables in (("", player.network.variables), ("_optimizer", player.optimizer.variables)):
                state |= {f"{role}{part}/{i:03d}": variable.value for i, variable in enumerate(variables)}
        if self.replay is not None:
            state |= self.replay.state()
        for average in self.averages.values():
            state |= {f"average/{average.kind}/{name}": variable for name, variable in average.state().items()}
        return state

    def restored(self) -> None:
        """To be called after the variables of `state` were given other values: forgets what was derived from them."""
        self._feed = self._feed_epoch = None

    def kinds(self) -> tuple[str, ...]:
        """The generators to be had from `weights` and `sample`: "last" and one per average."""
        return ("last", *self.averages)

    def weights(self, kind: str = "last") -> keras.Model:
        """The sampler with the weights of one of `kinds()`: a Keras model, overwritten by the next call."""
        if kind == "last":
            values = [weight.numpy() for weight in self.generator.network.weights]
        else:
            values = [value.numpy() for value in self.averages[kind].values]
        self.sampler.set_weights(values)
        return self.sampler

    def others(self) -> dict[str, keras.Model]:
        """{"discriminator": D}."""
        return {"discriminator": self.discriminator.network}

    def sample(self, n: int, seed: int, labels=None, kind: str = "last") -> np.ndarray:
        """float32 (n, h, w, c): images from the generator `kind`, drawn in float32. As `sample_images` otherwise."""
        return sample_images(self.weights(kind), self.prior, n, seed, labels, classes=self.source.spec.classes)

    def monitor_batch(self) -> tuple[np.ndarray, np.ndarray]:
        """What monitors.py compares: (samples, real images), float32 (n, h, w, c), n = monitors.MONITORED or all there are.

        The same at every call but for G's weights: z and the images, training images of random choice with their labels,
        follow from the seed. Draws from no stream of the training and leaves its feed alone.
        """
        if self._monitored is None:
            n = min(MONITORED, self.source.spec.sizes["train"])
            real, labels = self.source.batch(self.source.open(0, self.seed, 0, n), tf.constant(0), n)
            self._monitored = real.numpy(), draw(self.prior, n, self.seed, n), labels.numpy()
        real, z, labels = self._monitored
        return images_of(self.weights(), z, labels, len(z), self.seed), real

    # ---- the step ------------------------------------------------------------------------------------------------

    def inputs(self, network: keras.Model, first: tf.Tensor, labels: tf.Tensor) -> tf.Tensor | list[tf.Tensor]:
        """What `network` is called with: `first` alone, or [first, labels] where it takes labels."""
        return [first, labels] if len(network.inputs) > 1 else first

    def seed_of(self, step, *streams) -> tf.Tensor:
        """int32 (2,): the run's seed for (step, streams)."""
        return randomness.seed_pair(self.seed, step, self.tag, *streams)

    def _play(self, feed, n, turn=None):
        """The rows of `n` minibatches; `turn`: whether they update G, None: as the schedule says of each."""
        self.traces += 1  # Python: runs once per trace
        rows = tf.TensorArray(tf.float32, n, element_shape=[len(self._updates.columns()) + 2])
        rows = tf.while_loop(
            lambda t, rows: t < n,
            lambda t, rows: (t + 1, rows.write(t, self._minibatch(feed, turn))),
            (tf.constant(0), rows),
            parallel_iterations=1,
        )[1]
        return rows.stack()

    def _minibatch(self, feed, turn):
        counters, schedule = self._counters, self.schedule
        step = counters["step"].read_value()
        i = tf.cast(step % self.steps_per_epoch, tf.int32)
        arguments = (*self.source.batch(feed, i, self.batch_size), step)

        # Keras applies updates in merge_call, which cannot stand in a conditional inside strategy.run: the decision who
        # moves stays outside of it.
        def run(turn):
            return self._reduce(self.strategy.run(self._moves[turn], args=arguments))

        if turn is None:
            turn = schedule.g_moves(counters["since_g"], counters["g_updates"])
        row = run(turn) if isinstance(turn, bool) else tf.cond(turn, lambda: run(True), lambda: run(False))
        moved = tf.cast(turn, tf.int64)
        new = schedule.new_updates(moved)
        counters["since_g"].assign((counters["since_g"] + 1) * (1 - moved))
        counters["g_updates"].assign_add(new["generator"])
        counters["d_updates"].assign_add(new["discriminator"])
        counters["step"].assign_add(1)
        if self.averages:
            due = tf.logical_and(turn, counters["g_updates"] % EVERY == 0)
            tf.cond(due, self._update_averages, lambda: tf.constant(0))
        return row

    def _update_averages(self):
        for average in self.averages.values():
            average.update(self._counters["step"])
        return tf.constant(0)

    def _reduce(self, row):
        """The sum over replicas: each has divided its part by their number."""
        return self.strategy.reduce(tf.distribute.ReduceOp.SUM, row, axis=None)


def _handles(variable):
    """The resources of a variable, of each replica's copy where it is mirrored."""
    return [each.handle for each in getattr(variable, "values", (variable,))]


def _is_variable(tensor):
    """Whether a tensor is the resource of a variable: that of a table, say, has no shape to be told."""
    return tensor.dtype == tf.resource and handle_data_util.get_resource_handle_data(tensor).is_set
