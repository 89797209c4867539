"""What growth.py measures in processes of their own: the Parzen window's time and memory, and steps on several devices.

TensorFlow is imported only where it computes: memory is that of the evaluation.
"""

import json
import resource
import sys
import time

NAME = "goodfellow2014"  # whose step grows
TEST = 1000  # test images where the number of samples grows


def _peak():
    """Bytes: the most that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _measure_parzen(samples, n):
    from gan_repro.benchmark import parzen
    from gan_repro.evaluation.parzen import ParzenWindow

    given, test = parzen.images(samples, 1), parzen.images(TEST, 2)
    before, start = _peak(), time.perf_counter()
    for _ in range(n):
        ParzenWindow(given).log_likelihood(test, 0.2)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "images_bytes": given.nbytes + test.nbytes, "peak_bytes": _peak(), "before_bytes": before}


def _measure_devices(devices, preset, n):
    from gan_repro import tensorflow_setup
    from gan_repro.benchmark import steps

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
