"""Trainings over several processes on this machine, each a worker as TF_CONFIG names it. Nothing is tested here."""

import dataclasses
import json
import os
import socket
import sys
from pathlib import Path

import numpy as np

from support import kills

PATIENCE = 60  # seconds in which a lost worker must have ended the others
# The real program as one process of so many replicas, the first argument, on as many parts of the CPU.
REPLICAS = """
import sys
from gan_repro import run
from gan_repro.system import tensorflow_setup

n, prepare = int(sys.argv.pop(1)), tensorflow_setup.prepare

def prepare_replicas():
    strategy = prepare(logical_cpus=n)
    return tensorflow_setup.mirrored([f"CPU:{i}" for i in range(n)]) if n > 1 else strategy

tensorflow_setup.prepare = prepare_replicas
sys.exit(run.main(sys.argv))
"""


def cluster(n):
    """The addresses of `n` workers on this machine, at ports that nobody uses now."""
    with_ports = [socket.socket() for _ in range(n)]
    for each in with_ports:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in with_ports]
    for each in with_ports:
        each.close()
    return {"worker": [f"127.0.0.1:{port}" for port in ports]}


def config(jobs, index, job="worker"):
    """TF_CONFIG of a worker of `cluster`."""
    return json.dumps({"cluster": jobs, "task": {"type": job, "index": index}})


def start(run, folder, n):
    """The processes of a kills.Run on `n` workers, the chief first; each has a log, the others folders that nobody makes."""
    jobs, found = cluster(n), []
    for i in range(n):
        place = folder if i == 0 else other(folder, i)
        ours = {"TF_CONFIG": config(jobs, i), "TF_NUM_INTRAOP_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}  # as it sets it
        environment = run.environment | ours
        process = dataclasses.replace(run, environment=environment).start(place, log(place))
        os.setpriority(os.PRIO_PROCESS, process.pid, 10)
        found.append(process)
    return found


def start_alone(run, folder, replicas):
    """The process that plays a kills.Run by itself."""
    words = [sys.executable, "-c", REPLICAS, str(replicas), *run.arguments, f"--workdir={folder}"]
    return run.process(words, log(folder))


def other(folder, i):
    """The --workdir of another worker than the chief: nothing may be there."""
    return Path(f"{folder}-worker{i}")


def log(folder):
    """What the process that was started with this folder says."""
    return Path(f"{folder}.log")


def play(run, folder, n):
    """Plays a kills.Run whole on `n` workers."""
    end(start(run, folder, n), folder, 0)


def end(processes, folder, code):
    """Waits until all have ended with that exit code; nobody but the chief has written anything."""
    places = [folder, *(other(folder, i) for i in range(1, len(processes)))]
    try:
        for process, place in zip(processes, places):
            kills.end(process, place, code)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert not any(place.exists() for place in places[1:])


def errors(folder):
    """The lines of error in a process's log."""
    return [line for line in log(folder).read_text().splitlines() if line.startswith("error")]


def newest(folder):
    """{name: array} of the newest checkpoint in a run's folder, and its name."""
    path = max((folder / "checkpoints").glob("*.npz"))
    with np.load(path) as archive:
        return path.name, {name: archive[name] for name in archive.files if name != "__notes__"}
