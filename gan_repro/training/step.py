"""The players' updates on one minibatch: straight-line graph code in replica context, and the row of metrics that it gives."""

import numpy as np
import tensorflow as tf

from gan_repro.system.errors import UsageError
from gan_repro.training import losses, players
from gan_repro.training.history import METRICS
from gan_repro.training.minibatches import sum_of_entries

GRADIENTS = ("d_gradient", "g_gradient")


class Updates:
    """What a minibatch does to a game's two players.

    A row is float32 (n,): the metrics of `columns`, and whether D and whether G were updated (1 or 0). On several replicas
    each has divided its row by their number: the sum over them is the minibatch's.
    """

    def __init__(self, game):
        """`game`: the AdversarialGame."""
        self.game = game

    def columns(self) -> tuple[str, ...]:
        """The names of a row's metrics, in their order."""
        return (*METRICS, *GRADIENTS, *players.term_metrics(self.game.discriminator, self.game.generator))

    def unpack(self, rows: np.ndarray) -> dict[str, np.ma.MaskedArray]:
        """Rows float32 (n, ...) as {metric: masked float32 (n,)}: masked where the player whose it is was not updated."""
        columns = self.columns()
        still = rows[:, len(columns) :] < 0.5  # whether D, G were not updated
        of_g = [name.startswith("g_") for name in columns]
        return {name: np.ma.array(rows[:, i], mask=still[:, int(of_g[i])]) for i, name in enumerate(columns)}

    def move(self, movers: tuple[str, ...]):
        """The function (x, labels, step) -> row that updates these players, as the game's schedule gives them."""
        if self.game.schedule.one_pass and len(movers) == 2:
            return self._both_at_once

        def in_turn(x, labels, step):
            row = context = None
            if "discriminator" in movers:
                row, context = self._discriminator(x, labels, step)
            if "generator" not in movers:
                return row
            of_g = self._generator(x, labels, step, None if self.game.schedule.fresh_noise else context)
            return of_g if row is None else row + of_g

        return in_turn

    # ---- the updates ---------------------------------------------------------------------------------------------

    def _both_at_once(self, x, labels, step):
        """Both from the old parameters: one forward pass of G and of D serves both gradients."""
        game = self.game
        self._constrain_before("generator", "discriminator")
        with tf.GradientTape(persistent=True) as tape:
            context = self._context(x, labels, step, 0)
            self._join(context)
            d_loss, d_values = self._loss("discriminator", context)
            g_loss, g_values = self._loss("generator", context)
            shares = d_loss / game.replicas, g_loss / game.replicas
        d_gradients = self._gradients("discriminator", tape, shares[0])
        g_gradients = self._gradients("generator", tape, shares[1])
        row = self._row(
            context, (d_loss, d_values, sum_of_entries(d_gradients)), (g_loss, g_values, sum_of_entries(g_gradients))
        )
        self._update("discriminator", d_gradients)
        self._update("generator", g_gradients)
        return row

    def _discriminator(self, x, labels, step):
        """(D's row, its StepContext)."""
        self._constrain_before("discriminator")
        context = self._context(x, labels, step, move=0)
        if self.game.replay is not None:
            context.recall(self.game.replay)
        with tf.GradientTape() as tape:
            self._join(context)
            loss, values = self._loss("discriminator", context)
            share = loss / self.game.replicas
        gradients = self._gradients("discriminator", tape, share)
        row = self._row(context, d=(loss, values, sum_of_entries(gradients)))
        self._update("discriminator", gradients)
        return row, context

    def _generator(self, x, labels, step, like=None):
        """G's row; `like`: a StepContext whose noise is taken again."""
        self._constrain_before("generator")
        with tf.GradientTape() as tape:
            context = self._context(x, labels, step, 1, like, still=not self.game.g_dropout)
            loss, values = self._loss("generator", context)
            share = loss / self.game.replicas
        gradients = self._gradients("generator", tape, share)
        row = self._row(context, g=(loss, values, sum_of_entries(gradients)))
        self._update("generator", gradients)
        return row

    # ---- their parts ---------------------------------------------------------------------------------------------

    def _join(self, context):
        if self.game.schedule.one_batch:
            context.join()

    def _context(self, x, labels, step, move, like=None, still=False):
        """This replica's part of the minibatch as a StepContext, with samples from G; `still`: D's dropout does nothing."""
        game = self.game
        part = game.batch_size // game.replicas
        if game.replicas > 1:
            x, labels = (
                tf.slice(t, [players.replica() * part] + [0] * (t.shape.rank - 1), [part, *t.shape[1:]]) for t in (x, labels)
            )
        latent = players.latent_of(game, step, move, labels) if like is None else (like.z, like.generated_labels)
        return players.StepContext(game, x, labels, *latent, step, move, still)

    def _loss(self, role, context):
        """(loss, values of its terms), float32 scalars."""
        terms = getattr(self.game, role).terms
        values = losses.values_of(terms, context, f"the {role}")
        return losses.total(terms, values), values

    def _gradients(self, role, tape, share):
        """Of a player's share of its loss, one for each of its trainable variables, None where there is none."""
        player = getattr(self.game, role)
        gradients = tape.gradient(share, player.network.trainable_variables)
        if gradients and all(gradient is None for gradient in gradients):
            names = ", ".join(term.name for term in player.terms)
            raise UsageError(
                f"the loss of the {role} ({names}) does not depend on the {role}'s weights in a way that can be "
                "differentiated: it would learn nothing"
            )
        return gradients

    def _update(self, role, gradients):
        player = getattr(self.game, role)
        player.optimizer.apply(gradients, player.network.trainable_variables)
        if not player.constrain_first:
            _constrain(player)

    def _constrain_before(self, *roles):
        for player in (getattr(self.game, role) for role in roles):
            if player.constrain_first:
                _constrain(player)

    def _row(self, context, d=None, g=None):
        """`d`, `g`: (loss, values of its terms, sum of its gradients' entries) of the players that are updated."""
        blank, game = tf.zeros([]), self.game
        d_loss, d_values, d_entries = d or (blank, [blank] * len(game.discriminator.terms), 0.0)
        g_loss, g_values, g_entries = g or (blank, [blank] * len(game.generator.terms), 0.0)
        outputs = [blank, blank] if d is None else [self._mean_output(context.d_real), self._mean_output(context.d_generated)]
        metrics = [value / game.replicas for value in (d_loss, g_loss, *outputs)]
        terms = [value / game.replicas for value in (*d_values, *g_values)]
        updated = [tf.constant(float(each is not None) / game.replicas) for each in (d, g)]
        return tf.stack([*metrics, d_entries, g_entries, *terms, *updated])  # the entries are of shares already

    def _mean_output(self, output):
        return tf.reduce_mean(self.game.d_output(tf.cast(output, tf.float32)))


def _constrain(player):
    if player.constraint is not None:
        for variable in player.network.trainable_variables:
            variable.assign(player.constraint(variable))
