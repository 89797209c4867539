"""The training steps: ours, the floors under it, and the peers' for the same networks. Peers' code is in modules of its own."""

import tempfile
import time
from pathlib import Path

import numpy as np

from gan_repro.benchmark import floors, keras_peer, torch_peers
from gan_repro.benchmark.rounds import Contestant, NotRun, Prepared, Task
from gan_repro.papers import configuration

IMAGES = 50_000  # of MNIST's size; what is on them does not matter for speed


def source(scaling, images=IMAGES):
    """A source like MNIST's, of random pixels, 28 x 28 x 1, 10 classes: `images` to train, 1,000 each to validate and test."""
    from gan_repro.data.source import InMemory, Spec

    random = np.random.default_rng(0)
    sizes = {"train": images, "validation": 1000, "test": 1000}
    pixels = {split: random.integers(0, 256, (n, 28, 28, 1), np.uint8) for split, n in sizes.items()}
    labels = {split: random.integers(0, 10, n) for split, n in sizes.items()}
    return InMemory(Spec("random", "random pixels", (28, 28, 1), 10, sizes, scaling), pixels, labels)


def configured(name, preset, dtype="float32", settings=()):
    """(Experiment, Config) of an experiment's model of 28 x 28 images, without averages of G's weights: peers keep none."""
    found = configuration.find(name)
    precision = {"float32": "float32", "bfloat16": "mixed_bfloat16"}[dtype]
    compiled = ["jit_compile=true"] if gpus() else []
    settings = [f"precision={precision}", "averages=", *compiled, *settings]
    return found, configuration.resolve(found, "mnist", preset=preset, settings=settings)


def game(name, preset, dtype="float32", settings=(), images=IMAGES):
    """The AdversarialGame of an experiment, on random pixels."""
    from gan_repro.training import rules

    config = configured(name, preset, dtype, settings)[1]
    return rules.stages(config, source(configuration.scaling_of(config), images))[0].build(None)


def per_unit(played):
    """Minibatches in which D and G each move once."""
    return played.schedule.minibatches_per_g_update


def play(played, n):
    """Plays n minibatches, from epoch to epoch."""
    while n > 0:
        part = min(n, played.steps_per_epoch - played.step % played.steps_per_epoch)
        played.steps(part)
        n -= part


def weights(played):
    """As of rounds.Prepared."""
    players = {"generator": played.generator, "discriminator": played.discriminator}
    return {role: [v.numpy() for v in player.network.trainable_variables] for role, player in players.items()}


def ours(name, preset, dtype="float32", settings=()):
    """Our step, Prepared: a unit is one update of D and one of G."""
    played = game(name, preset, dtype, settings)
    return Prepared(lambda n: play(played, n * per_unit(played)), lambda: weights(played))


def learner(config):
    """The step of a Config's network that learns alone, on random pixels, Prepared: a unit is a minibatch."""
    from gan_repro.training import rules

    played = rules.stages(config, source(configuration.scaling_of(config)))[0].build(None)

    def of_network():
        return {"network": [variable.numpy() for variable in played.network.trainable_variables]}

    return Prepared(lambda n: play(played, n), of_network)


def _fixed(name, preset):
    """Our step on one minibatch, over and over: neither shuffled nor gathered."""
    import tensorflow as tf

    played = game(name, preset)
    found, config = configured(name, preset)
    images = tf.constant(np.random.default_rng(1).random((config.recipe.batch_size, 28, 28, 1), np.float32))
    labels = tf.zeros([config.recipe.batch_size], tf.int32)
    played.source.open = lambda *where: tf.constant(0)
    played.source.batch = lambda feed, i, size: (images, labels)
    return Prepared(lambda n: play(played, n * per_unit(played)), lambda: weights(played))


def _loop(name, preset):
    """Epochs of our loop around the step: data, logging, rows, diversity, checkpoint. No validation, no pictures.

    Timed from the beginning of the second epoch to the end of the last one, its checkpoint included: the first epoch traces
    the step and finds out how long a call may be, which a run does once.
    """
    import keras

    from gan_repro.runs import workdir
    from gan_repro.training import callbacks, trainer

    played = game(name, preset)

    class Clock(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.begun, self.end = [], None

        def on_epoch_begin(self, epoch, logs=None):
            self.begun.append(time.perf_counter())

        def on_train_end(self, logs=None):
            self.end = time.perf_counter()

    def run(n):
        epochs = max(1, round(n / played.steps_per_epoch))
        last, clock = played.step // played.steps_per_epoch + 1 + epochs, Clock()
        with tempfile.TemporaryDirectory() as folder, open(Path(folder) / "said", "w", encoding="utf-8") as said:
            stage = trainer.Stage("game", last, lambda before: played)
            place = workdir.Workdir(Path(folder) / "run")
            trainer.Loop((stage,), place, 0, (callbacks.ProgressLine(said), clock), warn=lambda line: None).run()
        return (clock.end - clock.begun[1]) / (epochs * played.steps_per_epoch) * n

    return Prepared(run, lambda: weights(played))


def gpus():
    """The physical GPUs that TensorFlow sees."""
    import tensorflow as tf

    return tf.config.list_physical_devices("GPU")


def _no_gpu():
    raise NotRun("not run: no GPU here")


def _task(name, kind, title, size, units):
    _, config = configured(name, size.preset)
    found = [
        Contestant(
            f"ours, {dtype}",
            "gan_repro's step, many in a call",
            lambda dtype=dtype: ours(name, size.preset, dtype),
            units,
            dtype,
        )
        for dtype in size.dtypes
    ]
    found += torch_peers.contestants(config.recipe, kind, units, size)
    found += keras_peer.contestants(config.recipe, kind, units, size)
    one = game(name, size.preset, images=config.recipe.batch_size * 2)
    networks = one.generator.network, one.discriminator.network
    found += floors.contestants(*networks, config.recipe.batch_size, one.schedule, units, size)
    if not gpus():
        found.append(Contestant("ours, GPU", "XLA, everything on the device", _no_gpu))
    return Task(name, title.format(batch=config.recipe.batch_size), "step", found, warm=1)


def tasks(size):
    """The two steps, and the loop around the first."""
    name = "goodfellow2014"
    around = [
        Contestant(
            "the loop, an epoch",
            "data, step, rows of metrics, diversity, checkpoint; no validation, no pictures",
            lambda: _loop(name, size.preset),
            size.loop_steps,
        ),
        Contestant(
            "the step alone",
            "the same step on one fixed minibatch: no data, no loop",
            lambda: _fixed(name, size.preset),
            size.loop_steps,
        ),
    ]
    about = "{title}, MNIST: one update of D and one of G, minibatches of {{batch}}"
    return [
        _task(name, "maxout_mlp", about.format(title="Goodfellow et al. 2014"), size, size.mlp_steps),
        _task("dcgan", "conditional_convolutional", about.format(title="Conditional DCGAN"), size, size.convolutional_steps),
        Task("loop", "The loop around the step of Goodfellow et al. 2014", "step", around),
    ]
