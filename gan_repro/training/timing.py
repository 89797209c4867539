"""How fast a training is here: some steps, timed. What they trained is of no use."""

import time

from gan_repro.training.stages import Trainable

STEPS = 20  # that are timed
WARM = 2  # times so many steps are played before the clock starts


def seconds(trainable: Trainable) -> float:
    """Plays (WARM + 1) * STEPS minibatches of a Trainable that has played none; gives the seconds of the last STEPS of them.

    Tracing, compiling and the first steps are not timed. Raises as Trainable.steps.
    """
    trainable.prepare()
    for _ in range(WARM):
        _play(trainable)
    start = time.monotonic()
    _play(trainable)
    return time.monotonic() - start


def _play(trainable):
    """STEPS minibatches: one call, or as many as the ends of epochs ask for."""
    left = STEPS
    while left:
        n = min(left, trainable.steps_per_epoch - trainable.step % trainable.steps_per_epoch)
        trainable.steps(n)
        left -= n
