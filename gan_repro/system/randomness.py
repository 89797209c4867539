"""Random numbers as a function of (seed, step, stream) and nothing else: what makes an exact resume possible.

Every stream that training draws from is named here.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Final

import tensorflow as tf

# Streams. A number is never reused: it is part of what a seed means.
SHUFFLE = 1  # order of the training images in an epoch
PRIOR = 2  # z of a game's step
NETWORK = 3  # dropout masks and other noise inside the networks
TERM = 4  # what a term of a loss draws for itself (gradient penalty's epsilon)
SAMPLE = 5  # z of samples for figures and evaluation
FIGURE = 6  # z of the end points of a figure's paths
WALK = 7  # z of the stops of a walk that a user asks for
LEARN = 8  # what a step of a network that learns alone draws
CHAIN = 9  # a Markov chain of samples

VALIDATION: Final = "validation"  # the draw of z that chooses: the epoch in training, the width of a Parzen window
REPORTED = 5  # draws of z that a run is reported with, none of which has chosen anything

_calls: list[list] = []  # the innermost entry is the seed and call counter of the network call being traced


def seed_pair(seed: int | tf.Tensor, step: int | tf.Tensor, *streams: int | tf.Tensor) -> tf.Tensor:
    """An int32 (2,) seed for TensorFlow's stateless functions (Philox): [hash of seed and streams, step + multiple of seed].

    Integer arithmetic alone. The hash is not one to one; the second number is, in the step of one seed and in the seeds
    of one step, so no two steps and no two seeds share a pair. What is then drawn
    from a pair differs between XLA and TensorFlow's own kernels (TensorFlow 2.21): `jit_compile` is part of what a seed
    means.

    Args:
      seed: the run's seed, int or scalar tensor.
      step: step or epoch, int or scalar tensor.
      streams: ints or scalar tensors, mixed in one after the other.
    """
    mixed = tf.cast(seed, tf.int32) * _odd(0x85EBCA6B)
    for stream in streams:
        mixed = _mix(mixed, stream)
    return tf.stack([mixed, tf.cast(step, tf.int32) + tf.cast(seed, tf.int32) * _odd(0xC2B2AE35)])


class Draws:
    """Random tensors, each call from a stream of its own: functions of a seed pair and of the order of the calls alone.

    In a graph that is the order in which they are traced. A call inside a tf.while_loop is traced once and would give the
    same numbers in every iteration: there `at` gives each one its own.

    Args:
      pair: int32 (2,) seed, as `seed_pair` gives it.
    """

    def __init__(self, pair: tf.Tensor) -> None:
        self._pair, self._calls = pair, 0

    def pair(self) -> tf.Tensor:
        """The int32 (2,) seed of the next stream, for one stateless function of TensorFlow's."""
        self._calls += 1
        return tf.stack([_mix(self._pair[0], self._calls), self._pair[1]])

    def at(self, i: int | tf.Tensor) -> "Draws":
        """The Draws of iteration `i`, an integer scalar, of the next stream."""
        pair = self.pair()
        return Draws(tf.stack([_mix(pair[0], i), pair[1]]))

    def uniform(self, shape: Sequence[int] | tf.Tensor, low: float = 0.0, high: float = 1.0) -> tf.Tensor:
        """float32 of `shape` from U(low, high)."""
        return tf.random.stateless_uniform(shape, self.pair(), low, high, alg="philox")

    def normal(self, shape: Sequence[int] | tf.Tensor, std: float | tf.Tensor = 1.0) -> tf.Tensor:
        """float32 of `shape` from N(0, std^2)."""
        return tf.random.stateless_normal(shape, self.pair(), stddev=std, alg="philox")

    def bernoulli(self, p: tf.Tensor) -> tf.Tensor:
        """Zeros and ones of the shape and dtype of `p`, each 1 with the probability p in [0, 1]."""
        return tf.cast(self.uniform(tf.shape(p)) < tf.cast(p, tf.float32), p.dtype)


def report_seed(seed: int, k: int) -> int:
    """The seed of a run's k-th draw of z to be reported with: an int below 0, which no run's own seed is.

    So it shares no pair with the run's own seed, from which validation draws, nor with any other run's: of a stream, the
    hash in `seed_pair` is one to one in the seed. Those of all seeds below 2**31 / REPORTED differ from each other, too.

    Args:
      seed: the run's, 0 <= seed < 2**31.
      k: 0 to REPORTED - 1.

    Raises:
      ValueError: there is no such draw.
    """
    if k not in range(REPORTED):
        raise ValueError(f"k is {k!r}; valid are 0 to {REPORTED - 1}")
    return -1 - (REPORTED * seed + k) % 2**31


def _odd(constant):
    """A 32-bit odd constant as int32: multiplying by it, modulo 2**32, is a bijection."""
    return tf.constant(constant - 2**32 if constant >= 2**31 else constant, tf.int32)


def _mix(state, stream):
    mixed = tf.bitwise.bitwise_xor(state, tf.cast(stream, tf.int32)) * _odd(0x9E3779B1)
    return tf.bitwise.bitwise_xor(mixed, tf.bitwise.right_shift(mixed, 15))


@contextlib.contextmanager
def network_call(pair: tf.Tensor, shared: bool = False, still: bool = False) -> Iterator[None]:
    """While this is open, the random layers of a network (see layers.Dropout) draw from `pair`, each from its own stream.

    Layers are numbered in the order in which they are called, so two calls need two pairs and one network called
    once gets the same masks wherever it stands in the graph.

    Args:
      pair: int32 (2,) seed.
      shared: whether all examples get one and the same mask.
      still: whether random layers do nothing, in training mode, too: batch norm alone then knows that it is trained.
    """
    _calls.append([None if still else pair, 0, shared])
    try:
        yield
    finally:
        _calls.pop()


def layer_pair() -> tuple[tf.Tensor, bool] | None:
    """The next random layer's seed pair in the open `network_call`, and whether all examples get one mask.

    None: it is to do nothing.

    Raises:
      RuntimeError: no network_call is open: the masks would not be a function of (seed, step, stream).
    """
    if not _calls:
        raise RuntimeError("a random layer was called in training mode outside randomness.network_call")
    call = _calls[-1]
    if call[0] is None:
        return None
    call[1] += 1
    return tf.stack([_mix(call[0][0], call[1]), call[0][1]]), call[2]
