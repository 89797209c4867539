"""AdversarialGame: two players, a prior, data and an update schedule, with the one training step that all papers share."""

from collections.abc import Callable
from typing import Literal, get_args

import keras
import tensorflow as tf

from gan_repro.system.errors import UsageError
from gan_repro.training import players
from gan_repro.training.averages import EVERY
from gan_repro.training.history import METRICS
from gan_repro.training.minibatches import Minibatches, variables_of
from gan_repro.training.players import Player
from gan_repro.training.replay import of_game
from gan_repro.training.schedule import UpdateSchedule
from gan_repro.training.step import Updates

GeneratorLabels = Literal["same", "uniform"]


class AdversarialGame(Minibatches):
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
        super().__init__(
            generator.network,
            prior,
            source,
            batch_size,
            seed,
            sampler=sampler,
            steps_per_epoch=steps_per_epoch,
            averages=averages,
            tag=tag,
            role="generator",
        )
        self.generator, self.discriminator, self.schedule = generator, discriminator, schedule
        self.d_output, self.d_head, self.transform, self.generator_labels = d_output, d_head, transform, generator_labels
        self.d_features, self.g_dropout = d_features, g_dropout
        self.d_network = players.with_features(discriminator.network, d_features) if d_features else discriminator.network
        if d_features and d_head is None and players.OUTPUT in self.d_network.output:
            self.d_head = players.OUTPUT
        self.probabilities = d_output is not tf.identity
        if jit_compile and self.replicas > 1:
            raise UsageError("jit_compile = true: XLA cannot compile the step on several devices; set it to false")
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
        begin = {"d_updates": 0, "g_updates": 0, "since_g": schedule.since_g}
        self._counters |= {
            name: tf.Variable(value, dtype=tf.int64, trainable=False, name=name) for name, value in begin.items()
        }
        for player in (generator, discriminator):
            player.optimizer.build(player.network.trainable_variables)
        compiled = tf.function(jit_compile=True, autograph=False) if jit_compile else lambda function: function
        self._updates = Updates(self)
        self._moves = {turn: compiled(self._updates.move(schedule.movers(turn))) for turn in (True, False)}

    # ---- what the loop needs -------------------------------------------------------------------------------------

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

    def _width(self):
        return len(self._updates.columns()) + 2

    def _unpack(self, rows):
        """Of `steps`: d_loss, g_loss, d_real (mean of `d_output` on real images), d_generated; d_gradient, g_gradient (the
        sums of all entries of the players' gradients: they say no more than whether all were finite); "d_loss/NAME" and
        "g_loss/NAME", the value of each term before its weight. Masked (numpy.ma) where the player was not updated on that
        minibatch.
        """
        return self._updates.unpack(rows)

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

    def state(self) -> dict[str, tf.Variable]:
        """{name: variable}: all that the next step depends on, for a checkpoint; and the averages."""
        state = self._counters | {f"term/{name}": variable for name, variable in self._terms_variables.items()}
        for role, player in (("generator", self.generator), ("discriminator", self.discriminator)):
            state |= variables_of(role, player.network.variables)
            state |= variables_of(f"{role}_optimizer", player.optimizer.variables)
        if self.replay is not None:
            state |= self.replay.state()
        return state | self._state_of_averages()

    def others(self) -> dict[str, keras.Model]:
        """{"discriminator": D}."""
        return {"discriminator": self.discriminator.network}

    # ---- the step ------------------------------------------------------------------------------------------------

    def inputs(self, network: keras.Model, first: tf.Tensor, labels: tf.Tensor) -> tf.Tensor | list[tf.Tensor]:
        """What `network` is called with: `first` alone, or [first, labels] where it takes labels."""
        return [first, labels] if len(network.inputs) > 1 else first

    def _minibatch(self, feed, turn):
        counters, schedule = self._counters, self.schedule
        arguments = self._batch(feed)

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
        self._update_averages(tf.logical_and(turn, counters["g_updates"] % EVERY == 0))
        return row
