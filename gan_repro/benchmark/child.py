"""What growth.py measures in processes of their own: the Parzen window's time and memory, and steps on several devices.

TensorFlow is imported only where it computes: memory is that of the evaluation.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

NAME = "goodfellow2014"  # whose step grows
TEST = 1000  # test images where the number of samples grows


def _memory(which):
    """Bytes that this process holds ("VmRSS"), or held at most ("VmHWM"); getrusage would tell the parent's peak, too."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{which}:"))


def _measure_parzen(samples, n):
    from gan_repro.benchmark import estimators
    from gan_repro.evaluation.parzen import ParzenWindow

    given, test = estimators.images(samples, 1), estimators.images(TEST, 2)
    before, start = _memory("VmRSS"), time.perf_counter()
    for _ in range(n):
        ParzenWindow(given).log_likelihood(test, 0.2)
    seconds, held = time.perf_counter() - start, _memory("VmHWM")
    return {"seconds": seconds, "images_bytes": given.nbytes + test.nbytes, "peak_bytes": held, "before_bytes": before}


def _measure_devices(devices, preset, n):
    from gan_repro.benchmark import steps
    from gan_repro.system import tensorflow_setup

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
    measures: dict[str, Callable] = {"parzen": _measure_parzen, "devices": _measure_devices}
    measure = measures[wanted.pop("what")]
    print(json.dumps(measure(**wanted)))


if __name__ == "__main__":
    main(sys.argv[1])
