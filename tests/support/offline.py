"""Python processes to which data and the internet are out of reach, and what they asked for nevertheless.

Nothing is tested here.
"""

import os
import textwrap
from pathlib import Path

import matplotlib

# As sitecustomize.py in PYTHONPATH it is the first thing that a Python imports. A library that is prepared to be without a
# network may catch the error and go on, so the attempt is also noted. A notebook kernel's own channels are not
# Python's sockets.
GUARD = """
    import socket
    from pathlib import Path

    HERE = ("127.0.0.1", "::1", "localhost", "", None)

    def guarded(original, host_of):
        def asked(*arguments, **more):
            host = host_of(*arguments, **more)
            if host not in HERE:
                with Path(__file__).with_name("attempts").open("a") as file:
                    file.write(f"{original.__name__} {host}\\n")
                raise RuntimeError(f"asked for the network: {host}")
            return original(*arguments, **more)
        return asked

    def peer(self, address):
        return None if self.family == getattr(socket, "AF_UNIX", None) else address[0]

    for name in ("connect", "connect_ex"):
        setattr(socket.socket, name, guarded(getattr(socket.socket, name), peer))
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        setattr(socket, name, guarded(getattr(socket, name), lambda host, *rest, **more: host))
"""


def environment(folder, root):
    """The variables of a process that runs the package in `root`, with a sitecustomize.py and an empty home in `folder`."""
    folder = Path(folder)
    (folder / "sitecustomize.py").write_text(textwrap.dedent(GUARD), encoding="utf-8")
    (folder / "home").mkdir(exist_ok=True)
    path = os.pathsep.join([str(folder), str(root), os.environ.get("PYTHONPATH", "")])
    changed = {"PYTHONPATH": path, "TFDS_DATA_DIR": str(folder / "nothing"), "HOME": str(folder / "home")}
    changed["MPLCONFIGDIR"] = matplotlib.get_cachedir()  # its list of fonts: making it anew takes seconds, which it tells
    return os.environ | changed


def attempts(folder):
    """What GUARD refused, a line each."""
    path = Path(folder) / "attempts"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
