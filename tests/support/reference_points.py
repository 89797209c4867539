"""Where short trainings stand after so many steps, over seeds. `python tests/reference_points.py` measures and writes.

The file was measured anew when layers of cgan and wgan stopped sharing initial numbers. Against the one before, of the step
before it was made faster, no mean of 42 moved by more than 1.4 standard errors. The test is in test_reference_points.py.
"""

import json
import math
import statistics
import sys
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_suffix(".json")
SEEDS = range(1, 13)  # of the file; the test takes others
WINDOW = 25  # minibatches in front of a point over which its metrics are averaged

# What is trained: (experiment, preset, settings, points: steps at which it is looked at). On the built-in digits, which
# everybody has; small networks, so that a run takes seconds.
RUNS = {
    "goodfellow2014": (
        "smoke",
        ("steps_per_epoch=200", "generator_units=200,200", "discriminator_units=120,60", "discriminator_irange=.05"),
        (100, 200, 400),
    ),
    "cgan": ("smoke", ("steps_per_epoch=100", "discriminator_irange=.05"), (100, 300)),
    "dcgan": ("smoke", ("steps_per_epoch=60", "learning_rate=2e-3"), (60, 240)),
    "wgan": ("smoke", ("steps_per_epoch=60", "learning_rate=1e-3"), (60, 180)),
}
COLUMNS = ("d_loss", "g_loss", "d_real", "d_generated")


def points(name, seed, more=()):
    """{"d_loss at 100": number, ...} of one training: metrics, and how the last samples lie to the images.

    The latter: the mean squared distance of a sample to the nearest of the training images, by their mean square ("nearest
    at 400"), and the pixels' standard deviation over samples by that over images ("spread at 400").

    Args:
      name: of RUNS.
      seed: of the run.
      more: settings on top of those of RUNS, to see a difference.
    """
    from gan_repro import data
    from gan_repro.papers import configuration
    from gan_repro.training import rules

    preset, settings, steps = RUNS[name]
    found = configuration.find(name)
    config = configuration.resolve(found, "glyphs", preset=preset, seed=seed, settings=(*settings, *more))
    source = data.load("glyphs", None, configuration.scaling_of(config))
    game = rules.stages(config, source)[0].build(None)
    rows, result = {column: [] for column in COLUMNS}, {}
    for point in steps:
        while game.step < point:
            n = min(point - game.step, game.steps_per_epoch - game.step % game.steps_per_epoch)
            metrics = game.steps(n)
            for column in COLUMNS:
                rows[column].extend(metrics[column].filled(math.nan))
        result |= {f"{column} at {point}": float(np.nanmean(rows[column][-WINDOW:])) for column in COLUMNS}
    images = source.scaled("train", 1000).reshape(1000, -1).astype(np.float64)
    labels = np.arange(200) % source.spec.classes if len(game.generator.network.inputs) > 1 else None
    samples = game.sample(200, seed=seed, labels=labels).reshape(200, -1).astype(np.float64)
    squares = (samples**2).sum(1)[:, None] - 2 * samples @ images.T + (images**2).sum(1)
    result[f"nearest at {steps[-1]}"] = float(squares.min(1).mean() / (images**2).sum(1).mean())
    result[f"spread at {steps[-1]}"] = float(samples.std(0).mean() / images.std(0).mean())
    return result


def measure(seeds=SEEDS):
    """{run: {point: {"mean", "deviation"}}} over seeds."""
    found = {}
    for name in RUNS:
        runs = [points(name, seed) for seed in seeds]
        found[name] = {
            point: {"mean": statistics.mean(values), "deviation": statistics.stdev(values)}
            for point, values in ((point, [run[point] for run in runs]) for point in runs[0])
        }
    return found


def differences(name, run, reference):
    """{point: how many deviations of a prediction the run is off}: the mean over seeds is known to 1/sqrt(n) of theirs."""
    of = reference["points"][name]
    widening = math.sqrt(1 + 1 / len(reference["seeds"]))
    return {point: (run[point] - of[point]["mean"]) / (of[point]["deviation"] * widening) for point in of}


def main():
    """Writes the file."""
    from gan_repro.system import machine, tensorflow_setup

    tensorflow_setup.prepare(logical_cpus=2)  # as in the tests
    content = {"commit": machine.commit(), "seeds": list(SEEDS), "runs": RUNS, "conditions": machine.conditions()}
    content["points"] = measure()
    FILE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.path.pop(0)  # the folder of this file: its own `experiments` would hide the package's
    main()
