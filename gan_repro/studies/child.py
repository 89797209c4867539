"""`python -m gan_repro.studies.child PARENT CORES MODULE ARGUMENT...`: one program of ours, on some cores, with its parent.

It computes on CORES ("0,1"; "-": where it may), and is asked to end (SIGTERM, at which a run saves itself) when PARENT, the
process that started it, is gone: nothing trains on unattended. Linux alone can tell; elsewhere both are left out.
"""

import contextlib
import ctypes
import os
import runpy
import signal
import sys
from collections.abc import Sequence

_PDEATHSIG = 1  # prctl(2): PR_SET_PDEATHSIG


def main(argv: Sequence[str]) -> None:
    """Runs the module named by `argv`, as `python -m MODULE` does."""
    parent, cores, module, *arguments = argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(parent):  # it went away before it could be watched
            raise SystemExit(128 + signal.SIGTERM)
        if cores != "-":
            with contextlib.suppress(OSError):  # a core that this process may not use
                os.sched_setaffinity(0, [int(core) for core in cores.split(",")])
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv)
