"""Small trainings: stages, loops, what they leave, and how they are interrupted. Nothing is tested here."""

import csv
import os
import signal

import keras
import numpy as np

from gan_repro.runs.workdir import Workdir
from gan_repro.training import trainer
from support import games


def stage(source, epochs=3, validate=lambda images: float(images.mean()), every=2, build=None, **options):
    """A stage of the small game of games.build: epochs of 10 minibatches."""
    build = build or (lambda before: games.build(source, **options))
    return trainer.Stage("game", epochs, build, validate, 50, every)


def loop(source, folder, callbacks=(), **options):
    """A Loop over one such stage; `lines` collects its warnings."""
    lines = []
    made = trainer.Loop([stage(source, **options)], Workdir(folder), 0, callbacks, lines.append)
    made.lines = lines
    return made


def rows(folder):
    """The rows of a run's metrics.csv, as dicts."""
    with open(folder / "metrics.csv", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def final(made):
    """{name: array} of all that the next step of a Loop's game depends on."""
    return games.weights(made.trainable)


def assert_same(a, b):
    """Checks that two {name: array} are equal to the bit."""
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


class StopAt(keras.callbacks.Callback):
    """Sends this process SIGTERM once a step is reached."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_end(self, batch, logs=None):
        if logs["step"] >= self.step:
            self.step = float("inf")
            os.kill(os.getpid(), signal.SIGTERM)
