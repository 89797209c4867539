"""Samples that are states of Markov chains: what a model without noise z is sampled by, in a prior's place.

TensorFlow is imported when something is drawn: experiments, which name chains, are listed without it.
"""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any, ClassVar, NoReturn

import numpy as np

from gan_repro.system.errors import UsageError

_START, _STEP, _IMAGE = range(1, 4)  # of the stream of chains
BRIEF = 20  # steps of a chain that is glanced at
KEPT = 4  # chains of a network whose graphs are kept: one is traced for a second, and a training samples again and again


@dataclasses.dataclass(frozen=True, kw_only=True)
class Chain:
    """Markov chains whose states are samples, all stepped at once.

    Chains are numbered 0, 1, ...; all begin at `start` and make `burn_in` steps before their first state is kept, `thinning`
    steps between two kept ones. Everything is a function of the seed, the weights and the number of samples.

    Attributes:
      start: (network, m, draws) -> the state of m chains: a tensor, or a tuple of tensors, whose first axis is m; graph code.
        `draws` is a randomness.Draws.
      step: (network, state, draws) -> the next state, of the same structure.
      image: (network, state, draws) -> float32 (m, h, w, c): the images of a state, such as means at the pixels.
      chains: how many there are, >= 1.
      burn_in: steps before the first kept state, >= 0.
      thinning: steps from a kept state to the next one, >= 1.

    Raises:
      UsageError: one of these numbers is too small.
    """

    start: Callable[[Any, int, Any], Any]
    step: Callable[[Any, Any, Any], Any]
    image: Callable[[Any, Any, Any], Any]
    chains: int = 1
    burn_in: int = 0
    thinning: int = 1
    interpolates: ClassVar[bool] = False
    what: ClassVar[str] = "Markov chains"

    def __post_init__(self) -> None:
        for name, least in (("chains", 1), ("burn_in", 0), ("thinning", 1)):
            if getattr(self, name) < least:
                raise UsageError(f"{name} = {getattr(self, name)}: must be >= {least}")

    def length(self, n: int) -> int:
        """How many consecutive states of each chain are kept for n samples: int."""
        return math.ceil(n / self.chains)

    def images(
        self,
        network: Any,
        n: int,
        seed: int,
        labels: np.ndarray | None = None,
        chunk: int | None = None,
        at_once: int | None = None,
    ) -> np.ndarray:
        """float32 (n, h, w, c): chain by chain, sample j is the kept state j % length(n) of chain j // length(n).

        Args:
          network: the Keras model.
          n: how many.
          seed: int.
          labels, chunk, at_once: are a prior's affair; a chain knows no labels, and steps all its chains at once.
        """
        del labels, chunk, at_once
        import tensorflow as tf

        images = _walk(self, network)(tf.constant(seed), tf.constant(self.length(n))).numpy()
        return np.ascontiguousarray(images.swapaxes(0, 1)).reshape(-1, *images.shape[2:])[:n]

    def noise(self, n: int, seed: int) -> dict[str, np.ndarray]:
        """{}: there is no z of which a sample could be made again."""
        del n, seed
        return {}

    def brief(self, n: int) -> "Chain":
        """What draws n samples to be glanced at while a training goes on: n chains of BRIEF steps each.

        A shorter burn-in would show where chains begin, which may be one and the same image for all.
        """
        return dataclasses.replace(self, chains=n, burn_in=BRIEF, thinning=1)

    def draw(self, n: int, pair: Any) -> NoReturn:
        """Raises UsageError: there is no noise z to be drawn, or to be walked through."""
        raise UsageError("the samples of this model are states of Markov chains: it has no z to draw or to interpolate in")

    def leaves_support(self, path: str) -> NoReturn:
        """Raises UsageError, as `draw`."""
        self.draw(0, path)


@functools.lru_cache(maxsize=KEPT)
def _walk(chain, network):
    """The graph function (seed, length) -> the kept states' images, float32 (length, chains, h, w, c)."""
    import tensorflow as tf

    from gan_repro.system import randomness

    @tf.function(autograph=False)
    def walk(seed, length):
        def draws(i, kind):
            return randomness.Draws(randomness.seed_pair(seed, i, randomness.CHAIN, kind))

        def advance(t, state):
            return t + 1, chain.step(network, state, draws(t, _STEP))

        def keep(k, t, state, kept):
            end = chain.burn_in + k * chain.thinning
            t, state = tf.while_loop(lambda t, state: t < end, advance, (t, state), parallel_iterations=1)
            image = chain.image(network, state, draws(k, _IMAGE))
            return k + 1, t, state, kept.write(k, tf.cast(image, tf.float32))

        state = chain.start(network, chain.chains, draws(0, _START))
        begin = (tf.constant(0), tf.constant(0), state, tf.TensorArray(tf.float32, length))
        return tf.while_loop(lambda k, *rest: k < length, keep, begin, parallel_iterations=1)[-1].stack()

    number = tf.TensorSpec([], tf.int32)
    return walk.get_concrete_function(number, number)  # TensorFlow warns of functions that are made again and again
