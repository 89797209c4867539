"""One training on several machines: the chief drives the loop, and the other workers do with their Trainable what it does.

Every worker has the same Trainable, of which it plays its part of each minibatch; gradients are summed over all of them.
What else they must agree on, the chief says in a sum over all workers to which it alone adds anything but zeros: a word of
WORDS and a number. To the same sum every worker adds how it is itself, so that all know of a signal that one was sent.
Nothing but these sums keeps the workers in step: each must ask for the same ones in the same order.
"""

import contextlib
import dataclasses
import re
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from gan_repro.system.cluster import Cluster
from gan_repro.system.errors import RunError, UserError
from gan_repro.system.signals import signals_noted
from gan_repro.training.stages import Stage, Trainable

WORDS = GREET, BUILD, PREPARE, STEPS, END = range(1, 6)
FAILED = -1  # how a worker is that cannot go on; 0: well; n: signal n was sent to it
CHUNK = 2**20  # numbers of 4 bytes of a sum by which the state is sent
GOODBYE_SECONDS = 20.0  # for the others to hear of the end; where one is gone, TensorFlow needs ten to notice
_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
)


class Workers:
    """All workers of a cluster, as one of them sees them.

    Args:
      cluster: system.cluster.Cluster.
      strategy: the tf.distribute.MultiWorkerMirroredStrategy over them.
    """

    def __init__(self, cluster: Cluster, strategy: tf.distribute.Strategy) -> None:
        self.cluster, self.strategy = cluster, strategy
        local = strategy.num_replicas_in_sync // len(cluster.tasks)

        def total(values):
            def own():  # of a machine's replicas the first one speaks
                replica = tf.distribute.get_replica_context().replica_id_in_sync_group
                return tf.where(replica % local == 0, values, tf.zeros_like(values))

            return strategy.reduce(tf.distribute.ReduceOp.SUM, strategy.run(own), axis=None)

        self._total = tf.function(total, autograph=False)

    def agree(self, word: int = 0, number: int = 0, own: int = 0) -> tuple[int, int]:
        """(word, number) of the chief, whom the others wait for here.

        Args:
          word, number: the chief's.
          own: how this worker is: 0, FAILED or a signal's number.

        Raises:
          RunError: another worker failed.
          signals, as if they had been sent to this process: those that were sent to other workers, on the chief.
        """
        hold = np.zeros(2 + len(self.cluster.tasks), np.int64)
        hold[2 + self.cluster.number] = own
        if self.cluster.is_chief:
            hold[:2] = word, number
        word, number, *states = self._total(tf.constant(hold)).numpy().tolist()
        for task, state in zip(self.cluster.tasks, states):
            if state == FAILED and own != FAILED and word != END:
                raise RunError(f"{task} cannot take part; what it says itself tells why")
        if self.cluster.is_chief and word == STEPS and any(states):
            signal.raise_signal(max(states))
        return word, number

    def share(self, content: bytes | None = None) -> bytes:
        """The chief's `content`, on every worker."""
        length = self.agree(GREET, len(content or b""))[1]
        own = np.frombuffer((content or b"").ljust(length, b"\0"), np.uint8)
        got = []
        for at in range(0, length, 4 * CHUNK):
            part = np.zeros(4 * CHUNK, np.uint8)
            if self.cluster.is_chief:
                part[: length - at] = own[at : at + 4 * CHUNK]
            got.append(self._total(tf.constant(part.view(np.int32))).numpy().tobytes())
        return b"".join(got)[:length]

    def share_state(self, trainable: Trainable) -> None:
        """Gives the `state` of a Trainable the chief's values, bit by bit."""
        variables = trainable.state().values()
        arrays = [np.asarray(variable.numpy()) for variable in variables]
        content = self.share(b"".join(array.tobytes() for array in arrays))
        if self.cluster.is_chief:
            return
        at = 0
        for variable, array in zip(variables, arrays):
            variable.assign(np.frombuffer(content, array.dtype, array.size, at).reshape(array.shape))
            at += array.nbytes
        trainable.restored()

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Turns what TensorFlow raises where a worker is gone into a RunError that names it, or one that left for it.

        It notices by a broken connection, or because nothing was heard from a machine for ten seconds.
        """
        try:
            yield
        except _LOST as error:
            own = self.cluster.tasks[self.cluster.number]
            named = re.findall(r"/job:(\w+)/(?:replica:\d+/)?task:(\d+)", str(error))
            lost = [task for task in self.cluster.tasks if (task.job, str(task.index)) in named and task != own]
            who = " and ".join(map(str, lost)) if lost else "another worker"
            # Of several others the first to notice may be gone before the second notices anything.
            perhaps = " (or ended because another one was)" if len(self.cluster.tasks) > 2 else ""
            raise RunError(
                f"{who} is lost{perhaps}, and training ends. The chief's newest checkpoint stands: start all workers again, "
                "each with its command, to go on from there"
            ) from error


class Chief:
    """What the chief does besides its own part: the others are told of it.

    Args:
      workers: Workers.
    """

    def __init__(self, workers: Workers) -> None:
        self.workers = workers
        self._ended = False

    def greet(self, about: bytes) -> None:
        """Has every other worker compare `about` with what it was started with; RunError where one says that it differs."""
        self.workers.agree(GREET)
        self.workers.share(about)
        self.workers.agree(GREET)

    def led(self, stages: Sequence[Stage]) -> tuple[Stage, ...]:
        """The stages as the loop shall have them: what it does with a Trainable, all workers do."""
        return tuple(
            dataclasses.replace(stage, build=self._builder(number, stage.build)) for number, stage in enumerate(stages)
        )

    def _builder(self, number: int, build: Callable) -> Callable:
        def build_everywhere(before):
            self.workers.agree(BUILD, number)
            with self.workers.strategy.scope():
                return _Led(build(before), self.workers)

        return build_everywhere

    def end(self, code: int) -> None:
        """Tells the others, once, that there is nothing more to do, and the exit code; gives up on those that are gone."""
        if self._ended:
            return
        self._ended = True

        def tell():
            with contextlib.suppress(tf.errors.OpError):
                self.workers.agree(END, code)

        thread = threading.Thread(target=tell, daemon=True)
        thread.start()
        thread.join(GOODBYE_SECONDS)


class _Led:
    """The chief's Trainable: what changes it is told to the other workers first."""

    def __init__(self, trainable: Trainable, workers: Workers) -> None:
        self._trainable, self._workers = trainable, workers

    def __getattr__(self, name: str) -> Any:
        return getattr(self._trainable, name)

    def prepare(self) -> None:
        """As the Trainable's; the others begin from the chief's state, a checkpoint's where there is one."""
        self._workers.agree(PREPARE)
        self._workers.share_state(self._trainable)
        self._trainable.prepare()

    def steps(self, n: int) -> dict[str, np.ma.MaskedArray]:
        """As the Trainable's."""
        self._workers.agree(STEPS, n)
        return self._trainable.steps(n)


def follow(workers: Workers, start: Callable[[], tuple[bytes, Sequence[Stage]]]) -> int:
    """What another worker than the chief does, from its start to its end: what the chief says. It writes nothing.

    Args:
      workers: Workers.
      start: gives (what the chief's `greet` must be given as well, the run's stages); a UserError that it raises is told to
        the others.

    Returns:
      the exit code that the chief gave.

    Raises:
      UserError: as `start`; another worker failed or is lost; the chief failed, or was started with something else.
    """
    trainable: Any = None
    with workers.watched(), signals_noted() as noted:
        try:
            about, stages = start()
        except UserError:
            workers.agree(own=FAILED)
            raise
        word, number = workers.agree()
        if word == GREET:
            same = workers.share() == about
            word, number = workers.agree(own=0 if same else FAILED)
            if not same:
                raise RunError(
                    "the chief was started with another configuration, other data or other versions; every worker needs the "
                    "same command, the same data and the same packages"
                )
        while word != END:
            word, number = workers.agree(own=noted[0] if noted else 0)
            if word == BUILD:
                with workers.strategy.scope():
                    trainable = stages[number].build(trainable if number else None)
            elif word == PREPARE:
                workers.share_state(trainable)
                trainable.prepare()
            elif word == STEPS:
                trainable.steps(number)
    if number in (UserError.exit_code, 2):
        raise RunError("the chief ended with an error; what it says itself tells which")
    return number
