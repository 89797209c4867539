"""Orders of play, as data: who moves on a minibatch, how often, and what the moves share. The moves are in game.py."""

import dataclasses
import typing

import tensorflow as tf

from gan_repro.system.errors import UsageError


@dataclasses.dataclass(frozen=True)
class LongPhases:
    """WGAN's long critic phases (WassersteinGAN:main.py): `length` minibatches for the critic before G's update number i
    (0-based) wherever i < first or i % every == 0; every 0: wherever i < first."""

    first: int = 25
    every: int = 500
    length: int = 100


@dataclasses.dataclass(frozen=True)
class OrderOfPlay:
    """Who moves on a minibatch, and what the moves share.

    D sees real and generated images in two passes: where it has batch norm, one pass would be another model, which no
    paper here plays, and G's gradient goes back through the generated half only. Every pass of a move is in training mode, and
    updates moving statistics where there are any: G's in D's move too.

    Attributes:
      kind: "simultaneous": D and G move from the same old parameters, on one forward pass of each (goodfeli/adversarial);
        "alternating": D moves, then G against the new D (Algorithm 1, dcgan.torch, WGAN);
        "one_player": each minibatch trains one of them, G the first (DCGAN's MNIST code).
      g_every: G moves on every g_every-th minibatch only; each of D's moves has a fresh minibatch (k of Algorithm 1,
        n_critic of WGAN). With "one_player" that minibatch is G's alone.
      d_steps: D's moves on one minibatch, with fresh noise each ("alternating" only; adversarial:sgd.py).
      fresh_noise: "alternating": G's move draws noise of its own rather than D's last one.
      long_phases: replaces g_every where it says so.
    """

    kind: typing.Literal["simultaneous", "alternating", "one_player"] = "alternating"
    g_every: int = 1
    d_steps: int = 1
    fresh_noise: bool = True
    long_phases: LongPhases | None = None

    def __post_init__(self):
        if self.kind not in typing.get_args(typing.get_type_hints(OrderOfPlay)["kind"]):
            raise UsageError(f"order of play {self.kind!r}: valid are simultaneous, alternating, one_player")
        if self.g_every < 1 or self.d_steps < 1:
            raise UsageError(f"g_every = {self.g_every}, d_steps = {self.d_steps}: both must be >= 1")
        if self.d_steps > 1 and self.kind != "alternating":
            raise UsageError(f"d_steps = {self.d_steps}: only the alternating order has several moves on a minibatch")

    def phase_length(self, g_updates):
        """Minibatches of the phase that ends with G's next move, int64 scalar.

        Args:
          g_updates: int64 scalar tensor: G's updates so far.
        """
        usual, phases = tf.constant(self.g_every, tf.int64), self.long_phases
        if phases is None:
            return usual
        long = g_updates < phases.first
        if phases.every:
            long |= g_updates % phases.every == 0
        return tf.where(long, tf.constant(phases.length, tf.int64), usual)


def simultaneous():
    """Both players move from the same old parameters (goodfeli/adversarial)."""
    return OrderOfPlay("simultaneous")


def alternating(n_critic=1, warmup=None):
    """D moves on each minibatch, G after every n_critic-th (Algorithm 1 of Goodfellow et al. 2014, its k; WGAN)."""
    return OrderOfPlay("alternating", g_every=n_critic, long_phases=warmup)


def alternate_minibatches():
    """Each minibatch trains one player, G the first (dcgan_code: mnist/train_cond_dcgan.py)."""
    return OrderOfPlay("one_player", g_every=2)
