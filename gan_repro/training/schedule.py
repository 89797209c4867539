"""Update schedules, as data: which players a minibatch updates, how often, and what their updates share."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from gan_repro.system.errors import UsageError
from gan_repro.system.lazy import lazy

if TYPE_CHECKING:
    import tensorflow as tf
else:
    tf = lazy("tensorflow")  # tables count updates without it


@dataclasses.dataclass(frozen=True)
class CriticWarmup:
    """WGAN's long critic phases (WassersteinGAN:main.py): before some of G's updates n_critic is larger.

    It is `length` minibatches before G's update number i (0-based) wherever i < first or i % every == 0; with every = 0
    wherever i < first.
    """

    first: int = 25
    every: int = 500
    length: int = 100

    def before(self, g_updates: tf.Tensor | int) -> bool | tf.Tensor:
        """Whether G's update number `g_updates` follows a long phase: bool of an int, else a bool scalar tensor."""
        long = g_updates < self.first
        if self.every:
            long |= g_updates % self.every == 0
        return long


@dataclasses.dataclass(frozen=True)
class UpdateSchedule:
    """Which players a minibatch updates, and what their updates share. `simultaneous` and the others below make one.

    D sees real and generated images in two passes, but with `one_batch`: where it has batch norm, one pass is another model;
    G's gradient goes back through the generated half only. Every pass of an update is in training
    mode, and updates moving statistics where there are any: G's in D's update too.

    Attributes:
      n_critic: minibatches that update D for each update of G, every one of them a fresh one: k of Goodfellow et al. 2014,
        Algorithm 1, n_critic of Arjovsky et al. 2017, Algorithm 1. None: G is never updated.
      one_pass: where a minibatch updates both, both gradients are taken at the same old parameters, of one forward pass of
        G and of D. False: D is updated first, and G against the new D.
      g_alone: the minibatch that updates G does not update D, and the first minibatch of all is G's.
      fresh_noise: G's update draws noise of its own rather than that of D's last one.
      one_batch: D's updates see real and generated images in one pass, a batch of both.
      warmup: replaces n_critic where it says so.

    Raises:
      UsageError: a number is too small, or two of these exclude each other.
    """

    n_critic: int | None = 1
    one_pass: bool = False
    g_alone: bool = False
    fresh_noise: bool = True
    warmup: CriticWarmup | None = None
    one_batch: bool = False

    def __post_init__(self):
        if self.n_critic is not None and self.n_critic < 1:
            raise UsageError(f"n_critic = {self.n_critic}: it must be >= 1")
        if self.one_pass and not self.fresh_noise:
            raise UsageError("one_pass = true: D and G share one pass and its noise; leave fresh_noise as it is")
        if self.g_alone and (self.one_pass or self.warmup is not None or not self.fresh_noise):
            raise UsageError("g_alone = true: no minibatch updates both; leave one_pass, fresh_noise and warmup as they are")
        if self.n_critic is None and (self.g_alone or self.warmup is not None):
            raise UsageError("n_critic = none: G is never updated; leave g_alone and warmup as they are")

    # ---- what the step asks --------------------------------------------------------------------------------------

    @property
    def since_g(self) -> int:
        """Minibatches since G's last update that the counter begins with: with `g_alone` so many that G is next."""
        return self._period - 1 if self.g_alone and self._period else 0

    def g_moves(self, since_g: tf.Tensor | int, g_updates: tf.Tensor | int) -> bool | tf.Tensor:
        """Whether this minibatch updates G: a bool where that is the same for all, else a bool scalar tensor.

        Args:
          since_g: int64 scalar: minibatches since G's last update, before this one.
          g_updates: int64 scalar: G's updates so far.
        """
        if self._period is None:
            return False
        if self._period == 1 and self.warmup is None:
            return True
        return since_g + 1 >= self.phase_length(g_updates)

    def turns(self, since_g: int, g_updates: int, n: int) -> list[tuple[bool, int]]:
        """The next `n` minibatches unrolled: [(whether they update G, how many on end do)], known before they are played.

        Args:
          since_g, g_updates: as of `g_moves`, before the first of them.
        """
        found = []
        for _ in range(n):
            found.append(bool(self.g_moves(since_g, g_updates)))
            since_g, g_updates = (0, g_updates + 1) if found[-1] else (since_g + 1, g_updates)
        return [(turn, len(list(run))) for turn, run in itertools.groupby(found)]

    def movers(self, g_moves: bool) -> tuple[str, ...]:
        """The players that a minibatch updates, in this order: of "discriminator", "generator"."""
        if not g_moves:
            return ("discriminator",)
        return ("generator",) if self.g_alone else ("discriminator", "generator")

    def new_updates(self, g_moves: tf.Tensor) -> dict[str, tf.Tensor]:
        """{"discriminator", "generator": int64 scalar}: updates that a minibatch adds; `g_moves`: int64 scalar, 0 or 1."""
        return {"discriminator": 1 - g_moves if self.g_alone else tf.ones([], tf.int64), "generator": g_moves}

    def phase_length(self, g_updates: tf.Tensor | int) -> tf.Tensor:
        """Minibatches up to G's next update, that one included: int64 scalar.

        Args:
          g_updates: int64 scalar: G's updates so far.
        """
        usual = tf.constant(self._period, tf.int64)
        if self.warmup is None:
            return usual
        return tf.where(self.warmup.before(g_updates), tf.constant(self.warmup.length, tf.int64), usual)

    # ---- what experiments and benchmarks ask ---------------------------------------------------------------------

    @property
    def minibatches_per_g_update(self) -> int:
        """Minibatches from one update of G to the next, without the warm-up.

        Raises:
          UsageError: G is never updated.
        """
        if self._period is None:
            raise UsageError("n_critic = none: G is never updated")
        return self._period

    def updates_of_g(self, minibatches: int) -> int:
        """G's updates in the first `minibatches` of a game, with the warm-up. No TensorFlow is imported."""
        if self._period is None:
            return 0
        found, left = 0, minibatches + self.since_g
        while True:
            left -= self.warmup.length if self.warmup and self.warmup.before(found) else self._period
            if left < 0:
                return found
            found += 1

    def updates_per_epoch(self, role: str, steps_per_epoch: int) -> float:
        """Updates of "generator" or "discriminator" in an epoch of so many minibatches, without the warm-up; not rounded.

        Learning rates that fall by the epoch (optimizers.LinearDecay) need it.

        Raises:
          UsageError: there is no such player.
        """
        if role not in ("generator", "discriminator"):
            raise UsageError(f"player {role!r}: valid are generator, discriminator")
        period = self._period
        if role == "generator":
            return steps_per_epoch / period if period else 0.0
        return steps_per_epoch - steps_per_epoch / period if self.g_alone and period else steps_per_epoch

    @property
    def _period(self):
        return None if self.n_critic is None else self.n_critic + self.g_alone


def simultaneous() -> UpdateSchedule:
    """D and G are updated from the same old parameters, on one forward pass of each (goodfeli/adversarial)."""
    return UpdateSchedule(one_pass=True)


def alternating(
    n_critic: int = 1,
    fresh_noise: bool = True,
    warmup: CriticWarmup | None = None,
    one_batch: bool = False,
) -> UpdateSchedule:
    """D is updated, then G against the new D (Goodfellow et al. 2014, Algorithm 1; dcgan.torch; WGAN).

    Args: see UpdateSchedule.
    """
    return UpdateSchedule(n_critic, fresh_noise=fresh_noise, warmup=warmup, one_batch=one_batch)


def alternate_minibatches(n_critic: int = 1) -> UpdateSchedule:
    """Each minibatch updates one player: G the first, D the next n_critic (dcgan_code: mnist/train_cond_dcgan.py)."""
    return UpdateSchedule(n_critic, g_alone=True)


def discriminator_only() -> UpdateSchedule:
    """Each minibatch updates D; G is never updated, and may have no weights."""
    return UpdateSchedule(None)


# By the names that recipes have for them.
SCHEDULES: Mapping[str, Callable[[], UpdateSchedule]] = {
    "simultaneous": simultaneous,
    "alternating": alternating,
    "alternate_minibatches": alternate_minibatches,
}
