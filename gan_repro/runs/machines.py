"""A run on several machines: what is asked before TensorFlow starts, and the frame of the chief's part and of the others'.

What they then do together is in training/workers.py.
"""

import contextlib
import json
import signal
from collections.abc import Callable, Iterator
from typing import Any

from gan_repro.papers import configuration
from gan_repro.system import machine
from gan_repro.system.cluster import Cluster
from gan_repro.system.errors import RunError, UsageError, UserError


def check(cluster: Cluster, config: configuration.Config) -> None:
    """Raises UsageError where a Config cannot be trained on a Cluster; the game (training/game.py) knows more reasons."""
    n, recipe = len(cluster.tasks), config.recipe
    if not configuration.model_of(config).phases:
        raise UsageError(f"TF_CONFIG names {n} workers, and this model is not trained: unset it")
    if configuration.undecided(config):
        raise UsageError(f"precision = auto is chosen by timing one machine, and TF_CONFIG names {n} workers: name a precision")
    size = getattr(recipe, "batch_size", n)
    if size % n:
        raise UsageError(f"batch_size = {size}: must be a multiple of the {n} workers of TF_CONFIG")


@contextlib.contextmanager
def leading(cluster: Cluster) -> Iterator[Any]:
    """Yields a training.workers.Chief; when the block ends, however it does, the other workers are told of the end.

    Raises:
      RunError: the workers do not come together, or one is lost.
    """
    others = _join(cluster)
    from gan_repro.training import workers

    chief = workers.Chief(others)
    try:
        with others.watched():
            yield chief
    except BaseException as error:
        chief.end(getattr(error, "exit_code", UserError.exit_code))
        raise
    chief.end(0)


def follow(cluster: Cluster, load: Callable[[], tuple[Any, configuration.Config]]) -> int:
    """Trains as another worker than the chief. Returns the exit code.

    Args:
      cluster: its Cluster.
      load: gives (source, Config).

    Raises:
      UserError: as training.workers.follow.
    """
    group = _join(cluster)
    from gan_repro.training import rules, workers

    def start():
        source, config = load()
        return about(source, config), rules.stages(config, source)

    print(f"training; the chief, {cluster.tasks[0]}, shows and keeps what comes of it", flush=True)
    return workers.follow(group, start)


def about(source: Any, config: configuration.Config) -> bytes:
    """What must be the same on every worker: configuration, data, versions of the packages."""
    found = {"config": config.as_dict(), "data": source.digest(), "versions": machine.versions()}
    return json.dumps(found, sort_keys=True).encode()


def _join(cluster):
    """The training.workers.Workers, once all have come. Raises RunError where they do not."""
    from gan_repro.system import tensorflow_setup

    own, others = cluster.tasks[cluster.number], [task for i, task in enumerate(cluster.tasks) if i != cluster.number]
    print(f"starting TensorFlow as {own}, waiting for {', '.join(map(str, others))} ...", flush=True)
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)  # TensorFlow waits where Python's own handler is not called
    try:
        strategy = tensorflow_setup.prepare(machines=len(cluster.tasks))
    except Exception as error:
        import tensorflow as tf

        if not isinstance(error, tf.errors.OpError):
            raise
        reason = str(error.message).partition("\n")[0][:200]
        raise RunError(f"{own} cannot join the others ({reason}); is its port free, and can all of them be reached?") from error
    finally:
        signal.signal(signal.SIGINT, before)
    from gan_repro.training import workers

    return workers.Workers(cluster, strategy)
