"""Cost as the work grows: minibatch, width, samples of the Parzen window (memory too), devices. Peers are not here."""

import json
import resource
import subprocess
import sys
import time

from gan_repro.benchmark import steps
from gan_repro.benchmark.rounds import Contestant, NotRun, Prepared, Task
from gan_repro.benchmark.startup import environment
from gan_repro.errors import RunError

NAME = "goodfellow2014"
_TEST = 1000  # test images of the growth of samples


def _steps(size, settings, minibatch):
    def prepare():
        return steps.ours(NAME, size.preset, settings=settings)

    return {"prepare": prepare, "units": max(2, size.mlp_steps * 100 // max(minibatch, 100) // 4)}


def _children(what):
    """Prepared that lets a process of its own measure (this module as a program); what it says stays in `said`."""
    said = {}

    def run(n):
        done = subprocess.run([sys.executable, "-m", __name__, json.dumps(what | {"n": n})], env=environment(),
                              capture_output=True, text=True, check=False)  # fmt: skip
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
        Contestant(f"width {w}", f"ours, G {w}, {w}; D {w // 5}, {w // 5} (5 pieces)",
                   **_steps(size, (f"generator_units={w},{w}", f"discriminator_units={w // 5},{w // 5}"), w // 12))
        for w in size.widths
    ]  # fmt: skip
    samples = [
        Contestant(f"{n:,} samples", f"log-likelihood of {_TEST:,} test images, one width",
                   lambda n=n: _children({"what": "parzen", "samples": n}))
        for n in size.samples
    ]  # fmt: skip
    devices = [
        Contestant(f"{k} logical CPU{'s' if k > 1 else ''}", "ours, a minibatch divided over devices that share the cores",
                   lambda k=k: _children({"what": "devices", "devices": k, "preset": size.preset}),
                   max(2, size.mlp_steps // 4))
        for k in (1, 2)
    ]  # fmt: skip
    if not steps.gpus():
        devices.append(Contestant("1 GPU", "ours", _no_gpus))
    few = min(size.rounds, 3)
    return [
        Task("growth: minibatch", "Cost as the minibatch grows", "step", batches, 1, few),
        Task("growth: width", "Cost as the networks grow", "step", widths, 1, few),
        Task("growth: samples", "Cost as the Parzen window grows", "evaluation", samples, 0, few),
        Task("growth: devices", "Cost on several devices", "step", devices, 0, few),
    ]


# ---- in a process of its own ---------------------------------------------------------------------------------------


def _peak():
    """Bytes: the most that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _measure_parzen(samples, n):
    from gan_repro.benchmark import parzen
    from gan_repro.evaluation.parzen import ParzenWindow

    given, test = parzen.images(samples, 1), parzen.images(_TEST, 2)
    before, start = _peak(), time.perf_counter()
    for _ in range(n):
        ParzenWindow(given).log_likelihood(test, 0.2)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "images_bytes": given.nbytes + test.nbytes, "peak_bytes": _peak(), "before_bytes": before}


def _measure_devices(devices, preset, n):
    from gan_repro import tensorflow_setup

    strategy = tensorflow_setup.prepare(logical_cpus=devices)
    if devices > 1:
        strategy = tensorflow_setup.mirrored([f"CPU:{i}" for i in range(devices)])
    with strategy.scope():
        prepared = steps.ours(NAME, preset)
        prepared.run(2)
        start = time.perf_counter()
        prepared.run(n)
        return {"seconds": time.perf_counter() - start}


def main(argument):
    """Measures what the JSON `argument` says and prints JSON: {"seconds", ...} of all its n units."""
    wanted = json.loads(argument)
    measure = {"parzen": _measure_parzen, "devices": _measure_devices}[wanted.pop("what")]
    print(json.dumps(measure(**wanted)))


if __name__ == "__main__":
    main(sys.argv[1])
