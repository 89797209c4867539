"""Which of several machines this process is: the environment variable TF_CONFIG, read and checked without TensorFlow."""

import dataclasses
import json
import os
from typing import Any

from gan_repro.system.errors import UsageError

VARIABLE = "TF_CONFIG"
EXAMPLE = '{"cluster": {"worker": ["HOST0:PORT", "HOST1:PORT"]}, "task": {"type": "worker", "index": 0}}'


@dataclasses.dataclass(frozen=True)
class Task:
    """One worker as TF_CONFIG has it: its job, "chief" or "worker", its index in that job, and its address HOST:PORT."""

    job: str
    index: int
    address: str

    def __str__(self) -> str:
        return f"{self.job} {self.index} ({self.address})"


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The workers of one training, and which of them this process is.

    Attributes:
      tasks: all workers, the chief first: the order in which TensorFlow counts their replicas.
      number: this one's place among them.
    """

    tasks: tuple[Task, ...]
    number: int

    @property
    def is_chief(self) -> bool:
        """Whether this worker is the chief: the one that writes the run's folder."""
        return self.number == 0


def from_environment() -> Cluster | None:
    """The Cluster that TF_CONFIG describes; None where it is unset or empty, or names one worker, which is no cluster.

    The chief is the one task of the job "chief", or else the first of the job "worker".

    Raises:
      UsageError: it is not JSON, names no cluster, other jobs than these, no such task, or two workers at one address.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return None
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise _wrong(f"it is not JSON ({error})") from error
    jobs = _entry(value, "cluster")
    if other := sorted(set(jobs) - {"chief", "worker"}):
        raise _wrong(f"the cluster has the job {other[0]!r}; valid are chief and worker")
    counts = {job: len(_addresses(job, jobs.get(job, []))) for job in ("chief", "worker")}
    if counts["chief"] > 1:
        raise _wrong(f"the cluster has {counts['chief']} chiefs; it needs one, or none: then worker 0 is the chief")
    tasks = tuple(Task(job, i, jobs[job][i]) for job, count in counts.items() for i in range(count))
    addresses = [task.address for task in tasks]
    if twice := [address for i, address in enumerate(addresses) if address in addresses[:i]]:
        raise _wrong(f"two workers have the address {twice[0]}")
    own = _entry(value, "task")
    job, index = own.get("type"), own.get("index")
    if job not in counts:
        raise _wrong(f"the task's type is {job!r}; valid are chief and worker")
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < counts[job]:
        raise _wrong(f"the task's index is {index!r}; the cluster has {counts[job]} of the type {job}, counted from 0")
    number = index + (counts["chief"] if job == "worker" else 0)
    return Cluster(tasks, number) if len(tasks) > 1 else None


def _entry(value, key):
    """value[key], a JSON object that is not empty."""
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, dict) or not found:
        raise _wrong(f"it has no {key}")
    return found


def _addresses(job: str, found: Any) -> list[str]:
    """The checked addresses of a job."""
    if not isinstance(found, list):
        raise _wrong(f"the cluster's {job} must be a list of addresses, not {found!r:.50}")
    for address in found:
        host, _, port = address.rpartition(":") if isinstance(address, str) else ("", "", "")
        if not (host and port.isdecimal() and 0 < int(port) < 65536):
            raise _wrong(f"{address!r:.50} is no address of a {job}: it must be HOST:PORT")
    return found


def _wrong(what):
    return UsageError(f"{VARIABLE} in the environment: {what}. Give it like {EXAMPLE}, or unset it to train on one machine")
