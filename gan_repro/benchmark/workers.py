"""What a queue of runs costs, and whether two runs are better played at once on a core each, or in turn on two."""

import concurrent.futures
import contextlib
import dataclasses
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from gan_repro import shipped
from gan_repro.benchmark.rounds import Contestant, NotRun, Prepared, Task
from gan_repro.benchmark.startup import command
from gan_repro.benchmark.steps import IMAGES
from gan_repro.papers import configuration
from gan_repro.reporting.record import Config, read
from gan_repro.studies import player, queue
from gan_repro.studies.places import Places
from gan_repro.studies.study import Planned
from gan_repro.system import schema
from gan_repro.system.errors import RunError

_NOTHING = "gan_repro.benchmark.nothing"


def _planned(dataset, seeds, preset, settings):
    found = configuration.find("goodfellow2014")
    return [Planned(configuration.resolve(found, dataset, None, preset, seed, 1, settings)) for seed in range(seeds)]


def _pair(size, workers, cores):
    """Two runs of the MLP game on random images, by so many workers on so many cores each."""
    if len(os.sched_getaffinity(0)) < 2:
        raise NotRun("not run: this machine has one core")
    files = contextlib.ExitStack()
    folder = Path(files.enter_context(tempfile.TemporaryDirectory()))
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, 28, 28), np.uint8)
    np.savez(folder / "random.npz", images=images)
    steps = 4 * size.mlp_steps
    settings = [f"steps_per_epoch={steps}", "n_samples=100", "classifier_metrics=false"]
    runs = _planned(f"npz:{folder / 'random.npz'}", 2, size.preset, settings)

    def run(n):
        seconds = 0.0
        for _ in range(n):
            with tempfile.TemporaryDirectory(dir=folder) as place:
                seconds += _played(runs, Places(place), workers, cores, player.command)
        return seconds

    return Prepared(run, more=lambda: {"steps": steps}, close=files.close)


def _played(runs, places, workers, cores, words):
    """The seconds in which a queue plays these runs. Raises RunError: one failed."""
    stop = player.Stop()

    def play(each):
        return player.play(each, places, stop, cores, None, words)

    start = time.perf_counter()
    with places.locked(), concurrent.futures.ThreadPoolExecutor(workers) as executor:
        outcomes = queue.work(queue.jobs(runs), places, executor, play, stop)
    if bad := [outcome.line for outcome in outcomes.values() if outcome.ended != "finished"]:
        raise RunError(f"a run of the queue failed: {bad[0]}")
    return time.perf_counter() - start


def _queue(number):
    """A queue of `number` runs that end at once, each with a record of the usual size."""
    files = contextlib.ExitStack()
    folder = Path(files.enter_context(tempfile.TemporaryDirectory()))
    runs = _planned("gaussian1d", number, "smoke", [])
    for each in runs:
        (folder / each.name).write_text(json.dumps(_record(each).to_json()), encoding="utf-8")

    def words(planned, workdir, data_dir):
        del data_dir
        return [_NOTHING, str(folder / planned.name), f"--workdir={workdir}"]

    def run(n):
        seconds = 0.0
        for _ in range(n):
            with tempfile.TemporaryDirectory(dir=folder) as place:
                seconds += _played(runs, Places(place), 1, 0, words)
        return seconds / number

    return Prepared(run, close=files.close)


def _alone():
    """The same process without a queue."""
    files = contextlib.ExitStack()
    folder = Path(files.enter_context(tempfile.TemporaryDirectory()))
    (folder / "record").write_text("{}", encoding="utf-8")
    child = ["-m", "gan_repro.studies.child", str(os.getpid()), "-", _NOTHING]
    return dataclasses.replace(command([*child, str(folder / "record"), f"--workdir={folder}"]), close=files.close)


def _record(planned):
    """The Record of a planned run, otherwise that of the generator that comes with the program."""
    whole = read(shipped.folders()["goodfellow2014", "mnist"] / "record.json")
    config = planned.config.as_dict()
    names = {name: config[name] for name in ("experiment", "dataset", "model", "preset", "seed")}
    return dataclasses.replace(whole, **names, config=schema.parse(Config, config, ""), epochs=planned.epochs)


def tasks(size):
    """Two runs on two cores; a run of no length in a queue beside its process alone."""
    pair = [
        Contestant("at once, a core each", "two runs of goodfellow2014 by a queue of two workers", lambda: _pair(size, 2, 1)),
        Contestant("one after the other, two cores each", "the same runs by a queue of one worker", lambda: _pair(size, 1, 2)),
    ]
    alone = [
        Contestant("in a queue", "a run that ends at once, one of twenty", lambda: _queue(20)),
        Contestant("a process alone", "the same process without a queue", _alone),
    ]
    return [
        Task("workers", "Two runs on two cores", "pair of runs", pair, most=3, once_before=False),
        Task("queue", "What a queue adds to a run", "run", alone, most=3, once_before=False),
    ]
