"""AdversarialGame: players, a prior, data, and THE training step that all papers share.

Losses (losses.py), orders of play (schedule.py), networks, data and the loop around the step (trainer.py) are not here.
"""

import dataclasses
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.ops import handle_data_util

from gan_repro.latent.sampling import draw, images_of, sample_images
from gan_repro.system import randomness, tensorflow_setup
from gan_repro.system.errors import DataError, UsageError
from gan_repro.training import losses
from gan_repro.training.averages import EVERY, Average
from gan_repro.training.history import METRICS
from gan_repro.training.monitors import LOOKED_AT

COLUMNS = (*METRICS, "d_gradient", "g_gradient")  # of a minibatch's row


@dataclasses.dataclass(frozen=True)
class Player:
    """A network and how it learns.

    Attributes:
      network: Keras model. G: z, or [z, labels], to images; D: images, or [images, labels], to logits (m, 1) or to a
        dict of heads.
      optimizer: a Keras optimizer of its own, built by the game.
      terms: the player's loss.
      constraint: applied to every trainable weight after an update (WeightClip), or None. A constraint of one kernel
        (MaxColumnNorm) belongs to its layer, where Keras applies it after the update as well.
      constrain_first: `constraint` is applied before each of the player's moves, and not after it: the other player then
        plays against weights that may lie a step outside (WassersteinGAN:main.py).
    """

    network: keras.Model
    optimizer: keras.optimizers.Optimizer
    terms: tuple[losses.Term, ...]
    constraint: Callable | None = None
    constrain_first: bool = False


class Play:
    """What a term sees of one move: tensors of this replica's part of the minibatch, computed when first asked for.

    Attributes:
      x: real images float32 (m, h, w, c); labels: int32 (m,); z: (m, size); samples: G(z), (m, h, w, c).
      d_real, d_generated: D's outputs on x and on samples, of two passes: with batch norm one would be another model.
      step: int64 scalar.
    """

    def __init__(self, game, x, labels, z, samples, step, move):
        self.x, self.labels, self.z, self.samples, self.step = x, labels, z, samples, step
        self._game, self._move, self._draws, self._outputs = game, move, 0, {}

    @property
    def d_real(self):
        """D's output on the real images."""
        return self._output("real")

    @property
    def d_generated(self):
        """D's output on the generated images."""
        return self._output("generated")

    def _output(self, which):
        if which not in self._outputs:
            self._outputs[which] = self.discriminate(self.x if which == "real" else self.samples)
        return self._outputs[which]

    def discriminate(self, images, labels=None, weights=None):
        """Applies D again, with dropout masks of its own: at other inputs (gradient penalty), with other weights.

        Args:
          images: (m, h, w, c).
          labels: int32 (m,); None: those of the minibatch.
          weights: values for D's trainable variables, in their order (unrolled GAN); None: its own.
        """
        network = self._game.discriminator.network
        inputs = self._game.inputs(network, images, self.labels if labels is None else labels)
        with randomness.network_call(self.seed(randomness.NETWORK)):
            if weights is None:
                return network(inputs, training=True)
            fixed = [variable.value for variable in network.non_trainable_variables]
            return network.stateless_call(weights, fixed, inputs, training=True)[0]

    def trainable(self, role):
        """The trainable variables of "generator" or "discriminator", tensors."""
        player = {"generator": self._game.generator, "discriminator": self._game.discriminator}[role]
        return [tf.convert_to_tensor(variable) for variable in player.network.trainable_variables]

    def seed(self, stream=randomness.TERM):
        """A fresh int32 (2,) seed for a stateless draw, a function of (seed, step, replica, order of the calls)."""
        self._draws += 1
        return self._game.seed_of(self.step, stream, self._move, self._draws, _replica())


def _replica():
    return tf.distribute.get_replica_context().replica_id_in_sync_group


class AdversarialGame:
    """Two players, a prior, data and an order of play: a Trainable (trainer.py) for all papers of the family.

    Args:
      generator, discriminator: Player.
      prior: priors.Prior.
      source: data source (data/source.py).
      order: order.OrderOfPlay.
      batch_size: images of a minibatch, over all replicas.
      seed: every random number follows from it, the step and the stream.
      readout: see losses.Objective.
      sampler: a float32 copy of G's architecture from which samples are drawn: not of G's own precision, and never
        disturbing it.
      steps_per_epoch: at most so many minibatches an epoch; 0: as many whole ones as the training images give.
      averages: kinds of averages of G's weights to keep (averages.py).
      jit_compile: compile each move with XLA.
      tag: distinguishes the stages of a run in the random streams.

    Raises:
      UsageError: minibatches do not fit the data or the replicas, XLA is wanted on several replicas, the sampler shares
        weights with G, or two variables of terms have one name.
    """

    def __init__(
        self,
        generator,
        discriminator,
        prior,
        source,
        order,
        batch_size,
        seed,
        *,
        sampler,
        readout=tf.sigmoid,
        steps_per_epoch=0,
        averages=(),
        jit_compile=False,
        tag=0,
    ):
        self.generator, self.discriminator = generator, discriminator
        self.prior, self.source, self.order = prior, source, order
        self.batch_size, self.seed, self.readout, self.sampler, self.tag = batch_size, seed, readout, sampler, tag
        self.strategy = tf.distribute.get_strategy()
        self.replicas = self.strategy.num_replicas_in_sync
        self.probabilities = readout is not tf.identity
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
        self._terms_variables = _variables_of(generator.terms + discriminator.terms)
        self.averages = {kind: Average(kind, generator.network, self.steps_per_epoch) for kind in averages}
        # since_g: minibatches since G's last move. DCGAN's MNIST code lets G begin, so there it starts full.
        since_g = order.g_every - 1 if order.kind == "one_player" else 0
        self._counters = {"step": 0, "d_updates": 0, "g_updates": 0, "since_g": since_g}
        self._counters = {
            name: tf.Variable(value, dtype=tf.int64, trainable=False, name=name) for name, value in self._counters.items()
        }
        for player in (generator, discriminator):
            player.optimizer.build(player.network.trainable_variables)
        self._feed = None
        self._feed_epoch = None
        self._looked_at = None
        self._prepared = False
        self.traces = 0
        compiled = tf.function(jit_compile=True, autograph=False) if jit_compile else lambda function: function
        self._d_moves, self._g_moves = compiled(self._move_d), compiled(self._move_g)
        self._both_move, self._take_turns = compiled(self._move_both), compiled(self._move_in_turn)
        self._play_many = tf.function(self._play, autograph=False)

    # ---- what the loop needs -------------------------------------------------------------------------------------

    @property
    def step(self):
        """Minibatches played, int."""
        return int(self._counters["step"].numpy())

    @property
    def updates(self):
        """{"discriminator": n, "generator": n}: updates made so far."""
        return {
            "discriminator": int(self._counters["d_updates"].numpy()),
            "generator": int(self._counters["g_updates"].numpy()),
        }

    def prepare(self):
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
        self._check_variables(self._play_many.get_concrete_function(self._feed, none))
        with tensorflow_setup.without_chatter():  # what the compiler says of the graph
            self._play_many(self._feed, none)
        self._prepared = True

    def _open(self):
        """Opens the feed of the current epoch, where it is not open."""
        epoch, first = divmod(self.step, self.steps_per_epoch)
        if self._feed_epoch != epoch:
            self._feed, self._feed_epoch = self.source.open(epoch, self.seed, first, self.batch_size), epoch

    def _check_variables(self, step):
        """Raises UsageError where a traced step depends on a variable that no checkpoint would keep."""
        data = tf.function(lambda feed, i: self.source.batch(feed, i, self.batch_size), autograph=False)
        data = data.get_concrete_function(self._feed, tf.constant(0, tf.int32))  # what it reads is no state
        kept = {id(handle) for variable in self.state().values() for handle in _handles(variable)}
        kept |= {id(tensor) for tensor in data.captured_inputs}
        stray = [id(held) for held, inside in step.graph.captures if _is_variable(inside) and id(held) not in kept]
        if stray:
            read = {id(handle): variable.name for variable in step.graph.variables for handle in _handles(variable)}
            named = {read.get(handle, "one that is only written").partition(":")[0] for handle in stray}
            raise UsageError(
                f"the step uses variables that no checkpoint would keep: {', '.join(sorted(named))}; the term that uses one "
                'must own it: losses.Term(..., variables={"k": k})'
            )

    def steps(self, n):
        """Plays `n` minibatches, without Python in between, and not beyond the end of the epoch.

        Returns:
          {metric: float32 (n,)}: d_loss, g_loss, d_real (mean readout of D on real images), d_generated, and d_gradient,
          g_gradient (the sums of all entries of the players' gradients, over a minibatch's updates: they say no more than
          whether all were finite); NaN-free where training is, and masked (numpy.ma) where the player did not move on
          that minibatch.

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
            rows = self._play_many(self._feed, tf.constant(n, tf.int32)).numpy()
        except tf.errors.OpError as error:
            if "IteratorGetNext" not in str(error):
                raise
            reason = str(error.message).splitlines()[0][:200]
            raise DataError(f"{self.source.spec.title} cannot be read on, its files are damaged: {reason}") from error
        return unpack(rows)

    def state(self):
        """{name: variable}: all that the next step depends on, for a checkpoint; and the averages."""
        state = self._counters | {f"term/{name}": variable for name, variable in self._terms_variables.items()}
        for role, player in (("generator", self.generator), ("discriminator", self.discriminator)):
            for part, variables in (("", player.network.variables), ("_optimizer", player.optimizer.variables)):
                state |= {f"{role}{part}/{i:03d}": variable.value for i, variable in enumerate(variables)}
        for kind, average in self.averages.items():
            state |= {f"average/{kind}/{name}": variable for name, variable in average.state().items()}
        return state

    def restored(self):
        """To be called after the variables of `state` were given other values: forgets what was derived from them."""
        self._feed = self._feed_epoch = None

    def kinds(self):
        """The generators to be had from `weights` and `sample`: "last" and one per average."""
        return ("last", *(f"averaged-{kind}" for kind in self.averages))

    def weights(self, kind="last"):
        """The sampler with the weights of one of `kinds()`: a Keras model, overwritten by the next call."""
        if kind == "last":
            values = [weight.numpy() for weight in self.generator.network.weights]
        else:
            values = [value.numpy() for value in self.averages[kind.removeprefix("averaged-")].values]
        self.sampler.set_weights(values)
        return self.sampler

    def others(self):
        """{"discriminator": D}."""
        return {"discriminator": self.discriminator.network}

    def sample(self, n, seed, labels=None, kind="last"):
        """float32 (n, h, w, c): images from the generator `kind`, drawn in float32. As `sample_images` otherwise."""
        return sample_images(self.weights(kind), self.prior, n, seed, labels, classes=self.source.spec.classes)

    def look(self):
        """What monitors.py compares: (samples, real images), float32 (n, h, w, c), as many as monitors.LOOKED_AT or the data.

        The same at every call but for G's weights: z and the images, training images of random choice with their labels,
        follow from the seed. Draws from no stream of the training and leaves its feed alone.
        """
        if self._looked_at is None:
            n = min(LOOKED_AT, self.source.spec.sizes["train"])
            real, labels = self.source.batch(self.source.open(0, self.seed, 0, n), tf.constant(0), n)
            self._looked_at = real.numpy(), draw(self.prior, n, self.seed, n), labels.numpy()
        real, z, labels = self._looked_at
        return images_of(self.weights(), z, labels, len(z), self.seed), real

    # ---- the step ------------------------------------------------------------------------------------------------

    def inputs(self, network, first, labels):
        """What `network` is called with: `first` alone, or [first, labels] where it takes labels."""
        return [first, labels] if len(network.inputs) > 1 else first

    def seed_of(self, step, *streams):
        """int32 (2,): the run's seed for (step, streams)."""
        return randomness.seed_pair(self.seed, step, self.tag, *streams)

    def _play(self, feed, n):
        self.traces += 1  # Python: runs once per trace
        rows = tf.TensorArray(tf.float32, n, element_shape=[len(COLUMNS) + 2])  # and whether D and G moved
        rows = tf.while_loop(
            lambda t, rows: t < n,
            lambda t, rows: (t + 1, rows.write(t, self._minibatch(feed))),
            (tf.constant(0), rows),
            parallel_iterations=1,
        )[1]
        return rows.stack()

    def _minibatch(self, feed):
        counters, order = self._counters, self.order
        step = counters["step"].read_value()
        i = tf.cast(step % self.steps_per_epoch, tf.int32)
        arguments = (*self.source.batch(feed, i, self.batch_size), step)
        on_turn, otherwise = {
            "simultaneous": (self._both_move, self._d_moves),
            "alternating": (self._take_turns, self._d_moves),
            "one_player": (self._g_moves, self._d_moves),
        }[order.kind]
        always = order.g_every == 1 and order.long_phases is None and order.kind != "one_player"

        # Keras applies updates in merge_call, which cannot stand in a conditional inside strategy.run: the decision who
        # moves stays outside of it.
        def run(move):
            return self._reduce(self.strategy.run(move, args=arguments))

        turn = tf.constant(True) if always else counters["since_g"] + 1 >= order.phase_length(counters["g_updates"])
        row = run(on_turn) if always else tf.cond(turn, lambda: run(on_turn), lambda: run(otherwise))
        moved = tf.cast(turn, tf.int64)
        counters["since_g"].assign((counters["since_g"] + 1) * (1 - moved))
        counters["g_updates"].assign_add(moved)
        counters["d_updates"].assign_add(order.d_steps * (1 - moved if order.kind == "one_player" else 1))
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

    # Below: straight-line code in replica context. Every move returns one row: the metrics, and who moved.

    def _begin(self, x, labels, step, move, noise=None):
        """This replica's part of the minibatch as a Play, with samples from G."""
        part = self.batch_size // self.replicas
        x, labels = (
            (tf.slice(t, [_replica() * part] + [0] * (t.shape.rank - 1), [part, *t.shape[1:]]) for t in (x, labels))
            if self.replicas > 1
            else (x, labels)
        )
        if noise is None:
            # The noise of the whole minibatch, from which a replica takes its part: no two ever draw the same, and
            # together they draw what one device would.
            noise = self.prior.draw(self.batch_size, self.seed_of(step, randomness.PRIOR, move))
            noise = tf.slice(noise, [_replica() * part, 0], [part, self.prior.size])
        play = Play(self, x, labels, noise, None, step, move)
        network = self.generator.network
        with randomness.network_call(play.seed(randomness.NETWORK)):
            play.samples = tf.cast(network(self.inputs(network, noise, labels), training=True), tf.float32)
        return play

    def _update(self, player, gradients):
        player.optimizer.apply(gradients, player.network.trainable_variables)
        if not player.constrain_first:
            self._constrain(player)

    def _constrain(self, player):
        if player.constraint is not None:
            for variable in player.network.trainable_variables:
                variable.assign(player.constraint(variable))

    def _loss(self, role, play):
        loss = losses.total(getattr(self, role).terms, play, f"the {role}")
        return loss, loss / self.replicas

    def _gradients(self, role, tape, share):
        """Of a player's share of its loss, one for each of its trainable variables, None where there is none."""
        player = getattr(self, role)
        gradients = tape.gradient(share, player.network.trainable_variables)
        if gradients and all(gradient is None for gradient in gradients):
            names = ", ".join(term.name for term in player.terms)
            raise UsageError(
                f"the loss of the {role} ({names}) does not depend on the {role}'s weights in a way that can be "
                "differentiated: it would learn nothing"
            )
        return gradients

    def _row(self, play, d_loss=None, g_loss=None, d_gradient=0.0, g_gradient=0.0):
        blank = tf.zeros([])
        readings = [blank, blank]
        if d_loss is not None:
            readings = [self._reading(play.d_real), self._reading(play.d_generated)]
        values = [blank if d_loss is None else d_loss, blank if g_loss is None else g_loss, *readings]
        row = [value / self.replicas for value in values] + [d_gradient, g_gradient]  # these are of shares already
        return tf.stack([*row, *(tf.constant(float(loss is not None) / self.replicas) for loss in (d_loss, g_loss))])

    def _reading(self, output):
        head = next(iter(output.values())) if isinstance(output, dict) else output
        return tf.reduce_mean(self.readout(tf.cast(head, tf.float32)))

    def _constrain_before(self, *players):
        for player in players:
            if player.constrain_first:
                self._constrain(player)

    def _move_both(self, x, labels, step):
        """Both move from the old parameters: one forward pass of G and of D serves both gradients."""
        self._constrain_before(self.generator, self.discriminator)
        with tf.GradientTape(persistent=True) as tape:
            play = self._begin(x, labels, step, 0)
            d_loss, d_share = self._loss("discriminator", play)
            g_loss, g_share = self._loss("generator", play)
        d_gradients = self._gradients("discriminator", tape, d_share)
        g_gradients = self._gradients("generator", tape, g_share)
        row = self._row(play, d_loss, g_loss, _entries(d_gradients), _entries(g_gradients))
        self._update(self.discriminator, d_gradients)
        self._update(self.generator, g_gradients)
        return row

    def _d_turn(self, x, labels, step):
        entries = 0.0  # of the gradients of all these updates
        for move in range(self.order.d_steps):
            self._constrain_before(self.discriminator)
            play = self._begin(x, labels, step, move)
            with tf.GradientTape() as tape:
                loss, share = self._loss("discriminator", play)
            gradients = self._gradients("discriminator", tape, share)
            entries += _entries(gradients)
            row = self._row(play, d_loss=loss, d_gradient=entries)
            self._update(self.discriminator, gradients)
        return row, play

    def _g_turn(self, x, labels, step, noise=None):
        self._constrain_before(self.generator)
        with tf.GradientTape() as tape:
            play = self._begin(x, labels, step, self.order.d_steps, noise)
            loss, share = self._loss("generator", play)
        gradients = self._gradients("generator", tape, share)
        row = self._row(play, g_loss=loss, g_gradient=_entries(gradients))
        self._update(self.generator, gradients)
        return row

    def _move_d(self, x, labels, step):
        return self._d_turn(x, labels, step)[0]

    def _move_g(self, x, labels, step):
        return self._g_turn(x, labels, step)

    def _move_in_turn(self, x, labels, step):
        row, play = self._d_turn(x, labels, step)
        return row + self._g_turn(x, labels, step, None if self.order.fresh_noise else play.z)


def _variables_of(terms):
    """{name: variable} of all terms. Raises UsageError where two variables have one name."""
    found = {}
    for term in terms:
        for name, variable in term.variables.items():
            if found.setdefault(name, variable) is not variable:
                raise UsageError(f"two variables of terms are called {name}, one of them in the term {term.name}: rename it")
    return found


def _handles(variable):
    """The resources of a variable, of each replica's copy where it is mirrored."""
    return [each.handle for each in getattr(variable, "values", (variable,))]


def _is_variable(tensor):
    """Whether a tensor is the resource of a variable: that of a table, say, has no shape to be told."""
    return tensor.dtype == tf.resource and handle_data_util.get_resource_handle_data(tensor).is_set


def _entries(gradients):
    """float32 scalar: the sum of all entries of a list of gradients, not finite where one of them is not.

    One pass over memory, which takes a step of the MNIST model no measurable time; is_finite would make a tensor of each.
    """
    return tf.reduce_sum(tf.stack([tf.zeros([]), *(tf.cast(tf.reduce_sum(g), tf.float32) for g in gradients if g is not None)]))


def from_recipe(config, source, generator, discriminator, prior, order, objective, sampler, **options):
    """The AdversarialGame of an experiment's Config: what every TrainingRecipe names comes from there.

    Args:
      config: configuration.Config; its recipe a TrainingRecipe with a batch_size.
      objective: losses.Objective, for its readout.
      source, generator, discriminator, prior, order, sampler: as AdversarialGame takes them.
      options: further arguments of AdversarialGame; they take precedence.
    """
    recipe = config.recipe
    given = {"steps_per_epoch": recipe.steps_per_epoch, "averages": recipe.averages, "jit_compile": recipe.jit_compile}
    return AdversarialGame(
        generator,
        discriminator,
        prior,
        source,
        order,
        recipe.batch_size,
        config.seed,
        sampler=sampler,
        readout=objective.readout,
        **given | options,
    )


def unpack(rows):
    """The rows of a call, float32 (n, 8), as {metric: masked float32 (n,)}: masked where its player did not move."""
    still = rows[:, len(COLUMNS) :] < 0.5  # whether D, G did not move
    owner = {"d_loss": 0, "g_loss": 1, "d_real": 0, "d_generated": 0, "d_gradient": 0, "g_gradient": 1}
    return {name: np.ma.array(rows[:, i], mask=still[:, owner[name]]) for i, name in enumerate(COLUMNS)}
