"""Cost as the work grows: minibatch, width, samples of the Parzen window (memory too), devices."""

import json
import subprocess
import sys

from gan_repro.benchmark import child, steps
from gan_repro.benchmark.rounds import Contestant, NotRun, Prepared, Task
from gan_repro.benchmark.startup import environment
from gan_repro.system.errors import RunError


def _steps(size, settings, minibatch):
    def prepare():
        return steps.ours(child.NAME, size.preset, settings=settings)

    return {"prepare": prepare, "units": max(2, size.mlp_steps * 100 // max(minibatch, 100) // 4)}


def _children(what):
    """Prepared that lets a process of its own measure (child.py); what it says besides the seconds is `more`."""
    said = {}

    def run(n):
        done = subprocess.run(
            [sys.executable, "-m", child.__name__, json.dumps(what | {"n": n})],
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RunError(f"a measurement in a process of its own failed ({what}): {done.stderr[-500:]}")
        said.update(json.loads(done.stdout.splitlines()[-1]))
        return said["seconds"]

    return Prepared(run, more=lambda: {key: value for key, value in said.items() if key != "seconds"})


def _no_gpus():
    raise NotRun("not run: no GPU here")


def tasks(size):
    """Minibatches, widths, samples, devices: a task each."""
    batches = [
        Contestant(f"minibatch {m}", f"ours, batch_size={m}", **_steps(size, (f"batch_size={m}",), m)) for m in size.batches
    ]
    widths = [
        Contestant(
            f"width {w}",
            f"ours, G {w}, {w}; D {w // 5}, {w // 5} (5 pieces)",
            **_steps(size, (f"generator_units={w},{w}", f"discriminator_units={w // 5},{w // 5}"), w // 12),
        )
        for w in size.widths
    ]
    samples = [
        Contestant(
            f"{n:,} samples",
            f"log-likelihood of {child.TEST:,} test images, one width",
            lambda n=n: _children({"what": "parzen", "samples": n}),
        )
        for n in size.samples
    ]
    devices = [
        Contestant(
            f"{k} logical CPU{'s' if k > 1 else ''}",
            "ours, a minibatch divided over devices that share the cores",
            lambda k=k: _children({"what": "devices", "devices": k, "preset": size.preset}),
            max(2, size.mlp_steps // 4),
        )
        for k in size.devices
    ]
    if not steps.gpus():
        devices.append(Contestant("1 GPU", "ours", _no_gpus))
    return [
        Task("growth: minibatch", "Cost as the minibatch grows", "step", batches, 1, 3),
        Task("growth: width", "Cost as the networks grow", "step", widths, 1, 3, same_networks=False),
        Task("growth: samples", "Cost as the Parzen window grows", "evaluation", samples, 0, 3, once_before=False),
        Task("growth: devices", "Cost on several devices", "step", devices, 0, 3, once_before=False),
    ]
