"""`precision = auto`: in which number format a run's steps take less time here, decided once, before its first step.

From then on the run is one in that format: its config.json, manifest and record name it, and the same command continues it.
"""

import contextlib
import dataclasses
from collections.abc import Callable

from gan_repro.data.source import Source
from gan_repro.papers.configuration import Config, undecided
from gan_repro.runs.workdir import Workdir
from gan_repro.system import files, machine

CHOICES = ("float32", "mixed_bfloat16")  # float16 would need a loss that is scaled


def kept(config: Config, workdir: Workdir) -> Config:
    """A Config that leaves its precision open, with that of the run in a folder; as it is where it names one, or none began."""
    if undecided(config) and workdir.begun():
        there = _written(workdir)
        if there in CHOICES:
            return _in(config, there)
    return config


def _written(workdir):
    """The precision that a begun run's files name: its manifest; without one, which is another error, its configuration."""
    with contextlib.suppress(KeyError, TypeError):
        if workdir.manifest.exists():
            return files.read_json(workdir.manifest)["precision"]
        return files.read_json(workdir.config)["recipe"]["precision"]
    return None


def decided(config: Config, source: Source, scope: Callable[[], contextlib.AbstractContextManager]) -> Config:
    """A Config that leaves its precision open, with the one whose steps took less time; a line says why.

    Where the hardware has no instructions for bfloat16, as far as can be known, it is float32 and nothing is timed.

    Args:
      config: one that names its precision is returned as it is.
      source: its data.
      scope: gives the context that networks are built in.

    Raises:
      UserError: as building and playing the first stage does.
    """
    if not undecided(config):
        return config
    if not machine.bfloat16():
        print(f"precision=auto: float32, since no bfloat16 instructions are known of {machine.name()}", flush=True)
        return _in(config, CHOICES[0])
    from gan_repro.training import timing

    seconds = {choice: timed(_in(config, choice), source, scope) for choice in CHOICES}
    chosen = min(CHOICES, key=seconds.__getitem__)  # of equals the first
    told = ", ".join(f"{taken:.3g} s in {choice}" for choice, taken in seconds.items())
    print(f"precision=auto: {timing.STEPS} steps take {told}; this run computes in {chosen}", flush=True)
    return _in(config, chosen)


def timed(config: Config, source: Source, scope: Callable[[], contextlib.AbstractContextManager]) -> float:
    """Seconds of timing.STEPS steps of a Config's first stage, which is built for this and dropped. Arguments as of `decided`.

    The training after it gives the same bytes as without: Keras counts the names of layers anew, and a stage sets all seeds.
    """
    import keras

    from gan_repro.training import rules, timing

    try:
        with scope():
            return timing.seconds(rules.stages(config, source)[0].build(None))
    finally:
        keras.utils.clear_session()


def _in(config, precision):
    return dataclasses.replace(config, recipe=dataclasses.replace(config.recipe, precision=precision))
