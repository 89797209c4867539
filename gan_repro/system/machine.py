"""Where a process computes: processor, versions, threads, the commit of the code."""

import contextlib
import importlib.metadata
import itertools
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

PACKAGES = ("gan_repro", "tensorflow", "keras", "numpy", "tensorflow-datasets", "scipy", "matplotlib", "scikit-learn")
ENVIRONMENT = (
    *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "TF_ENABLE_ONEDNN_OPTS"),
    *("TF_XLA_FLAGS", "XLA_FLAGS"),
)
_PLACE = re.compile(r"--xla_gpu_cuda_data_dir=\S+\s*")  # in XLA_FLAGS: where CUDA lies is no condition
_BFLOAT16 = ("amx_bf16", "avx512_bf16")
_AMPERE = (8, 0)  # the compute capability of NVIDIA's first GPUs whose tensor cores multiply bfloat16
# Of two processors with one name the newer may be twice as fast, by what it can do at once; widest first.
_INSTRUCTIONS = {"amx_bf16": "AMX", "avx512_bf16": "AVX-512 BF16", "avx512f": "AVX-512", "avx2": "AVX2"}


def processor() -> str:
    """The processor's name, its widest instructions and the cores for this process: "AMD EPYC, AVX-512 (2 cores)"."""
    told = _told()
    flags = told.get("flags", "").split()
    widest = (title for flag, title in _INSTRUCTIONS.items() if flag in flags)
    name = ", ".join([told.get("model name", platform.processor() or platform.machine()), *itertools.islice(widest, 1)])
    return f"{name} ({_cores()} core{'' if _cores() == 1 else 's'})"


def _told():
    """{key: value} of what Linux tells of the first processor; empty where it does not."""
    try:
        lines = [line.partition(":") for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, _, value in reversed(lines)}  # the first processor's, as the last ones


def bfloat16() -> bool:
    """Whether what this process computes on is known to have instructions for bfloat16: every GPU of it, else the processor."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details
        return all(details(gpu).get("compute_capability", (0, 0)) >= _AMPERE for gpu in gpus)
    return not set(_BFLOAT16).isdisjoint(_told().get("flags", "").split())


def name() -> str:
    """What this process computes on: the first GPU that TensorFlow sees, else `processor`."""
    gpus = _gpus()
    return gpus[0] if gpus else processor()


def peak_memory() -> int | None:
    """The most memory, in bytes, that this process has held; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found if sys.platform == "darwin" else 1024 * found


def _gpus():
    """The names of the GPUs."""
    import tensorflow as tf

    details = tf.config.experimental.get_device_details
    return [details(device).get("device_name", device.name) for device in tf.config.list_physical_devices("GPU")]


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def commit() -> str | None:
    """The commit of the checkout that this code runs from, with "+" after it if files differ; None outside of one."""
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return None
    try:
        head, status = (
            subprocess.run(["git", "-C", folder, *command], capture_output=True, text=True, timeout=10, check=True).stdout
            for command in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return head.strip() + ("+" if status.strip() else "")


def versions() -> dict[str, str]:
    """{package: version} of what a result depends on; a package run from a checkout may have none."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


def conditions() -> dict[str, Any]:
    """What must be equal for two processes to compute the same bits: versions, processor, devices, threads."""
    import tensorflow as tf

    gpus = _gpus()
    return {
        "versions": versions(),
        "processor": processor(),
        "device": ", ".join(gpus) if gpus else "CPU",
        "threads": {  # 0: TensorFlow's own choice, one per core
            "intra_op": tf.config.threading.get_intra_op_parallelism_threads(),
            "inter_op": tf.config.threading.get_inter_op_parallelism_threads(),
            "cores": _cores(),
        },
        "tensor_float_32": tf.config.experimental.tensor_float_32_execution_enabled(),  # of a GPU's float32 products
        "environment": {name: _PLACE.sub("", os.environ[name]).strip() for name in ENVIRONMENT if name in os.environ},
        # The kernels that these networks use are deterministic on CPUs; for GPUs tensorflow_setup asks for such ones.
        "deterministic_ops": "asked for" if gpus else "as they are",
        "platform": f"{platform.system()} {platform.machine()}, Python {sys.version.split()[0]}",
    }
