"""What travels between machines that share no folder: a run's data, and run folders, as bytes in pieces.

Nothing of a cluster is known here. A worker keeps what came in a Hold; cluster.py sends it, remote.py uses it.
"""

import contextlib
import dataclasses
import functools
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from gan_repro.data import from_tfds, names, tfd, user
from gan_repro.data.source import DatasetUnavailable
from gan_repro.runs.workdir import Workdir
from gan_repro.studies.places import Places
from gan_repro.studies.study import Planned
from gan_repro.system import files
from gan_repro.system.errors import DataError, RunError

PIECE = 2**24  # bytes of a message
LARGE = 2**32  # bytes: of more data the names and sizes alone are compared, and they do not travel

Piece = tuple[tuple[str, bytes], ...]  # (path below a folder, the next bytes of that file)


@dataclasses.dataclass(frozen=True)
class Data:
    """A data set that lies on the machine of the coordinator.

    Attributes:
      base: where it is, as seen from a --data_dir: "mnist/3.0.1", "TFD_48x48.mat"; of a user's own the path as it was given.
      own: whether it is a user's own.
      root: that --data_dir, absolute; "" where `base` is.
      size: in bytes.
      digest: of the names and the bytes of its files.
    """

    base: str
    own: bool
    root: str
    size: int
    digest: str

    def below(self, root: str | Path) -> Path:
        """Where it is, seen from another --data_dir; the path of a user may lead out of it."""
        return Path(root, os.path.expanduser(self.base))


def data_of(dataset: str, data_dir: str | Path | None) -> Data | None:
    """The Data of a --dataset; None where there is nothing to send: they are drawn, or not there.

    Args:
      dataset, data_dir: as of gan_repro.run.
    """
    kind, root = names.dataset_kind(dataset), from_tfds.folder_of(data_dir)
    path, own = None, kind in names.PATHS
    if own:
        path, base = user.path_of(dataset, data_dir), dataset.partition(":")[2]
        whole = os.path.isabs(os.path.expanduser(base))
        found_below = data_dir is not None and not os.path.exists(os.path.expanduser(base))
        root = Path() if whole else Path(data_dir or "") if found_below else Path.cwd()
    elif kind in ("tfd", "tfd96"):
        with contextlib.suppress(DatasetUnavailable, DataError):
            path = Path(tfd.find(kind, root))
    else:
        path = from_tfds.prepared(kind.removeprefix(names.STACKED), root)
    if path is None or not path.exists():
        return None
    base = base if own else str(path.relative_to(root))
    text = "" if own and os.path.isabs(os.path.expanduser(base)) else os.path.abspath(root)
    return Data(base, own, text, sum(each.stat().st_size for _, each in _files(path)), digest(path))


def _files(path: Path) -> list[tuple[str, Path]]:
    """(name below `path`, file) of each file that is `path`, or lies in it or one level down, sorted."""
    if path.is_file():
        return [("", path)]
    found = [each for pattern in ("[!.]*", "[!.]*/[!.]*") for each in path.glob(pattern) if each.is_file()]
    return sorted((str(each.relative_to(path)), each) for each in found)


def digest(path: Path) -> str:
    """sha256 over the names and the bytes of the files of a data set; of LARGE ones over names and sizes.

    They are read again only where one of them has changed, as its size and its time say.
    """
    stamps = ((name, each.stat()) for name, each in _files(path))
    return _digest(path, tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stamps))


@functools.lru_cache(maxsize=100)
def _digest(path, stamps):
    found = _files(path)
    large = sum(size for _, size, _ in stamps) > LARGE
    lines = [f"{name} {each.stat().st_size if large else files.sha256(each)}\n" for name, each in found]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def pieces(path: Path) -> Iterator[Piece]:
    """The files of a data set, in pieces."""
    return _pieces(_files(path))


def run_pieces(folder: Path) -> Iterator[Piece]:
    """A run's folder, in pieces: all but its lock and what is half written; record.json, which says that it is whole, last."""
    found = [
        each
        for each in sorted(folder.rglob("*"))
        if each.is_file() and each.name != ".lock" and files.TEMPORARY not in each.name
    ]
    found.sort(key=lambda each: each.name == "record.json")
    return _pieces([(str(each.relative_to(folder)), each) for each in found])


def _pieces(found: Iterable[tuple[str, Path]]) -> Iterator[Piece]:
    held: list[tuple[str, bytes]] = []
    room = PIECE
    for name, path in found:
        with open(path, "rb") as file:
            while True:
                part = file.read(room)
                held.append((name, part))
                room -= len(part)
                if room:
                    break  # the file's end
                yield tuple(held)
                held, room = [], PIECE
    yield tuple(held)


def unpack(piece: Piece, into: Path) -> None:
    """Adds a piece to the files below `into`."""
    for name, part in piece:
        path = into / name if name else into
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab") as file:
            file.write(part)


class Hold:
    """What was sent to a worker, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def take(self, what: str, piece: Piece, first: bool) -> None:
        """Takes a piece of `what`, a data set's digest or a run's name; the first one replaces what came before."""
        if first:
            self.drop(what)
        unpack(piece, self._arriving(what))

    def settle(self, what: str, data: Data | None) -> None:
        """Notes that all of `what` has come.

        Raises:
          RunError: these are not the bytes that were sent, or they cannot be written.
        """
        arrived = self._arriving(what)
        if data is not None and digest(arrived) != data.digest:
            raise RunError(f"{data.base} changed on its way")
        final = self.folder / "run" / what if data is None else self._spot(data)
        if data is not None and final.exists():
            return
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            os.replace(arrived, final)
        except OSError as error:
            raise RunError(f"cannot write {final}: {files.reason(error)}") from error

    def _arriving(self, what: str) -> Path:
        return self.folder / "arriving" / what

    def _root(self, data: Data) -> Path:
        """The --data_dir of a data set here: deep enough for each ".." of its path."""
        return Path(self.folder, "data", data.digest[:16], *["in"] * data.base.count(".."))

    def _spot(self, data: Data) -> Path:
        return Path(self._root(data), os.path.expanduser(data.base).lstrip(os.sep))

    def run(self, name: str) -> Path | None:
        """The folder of a run that was sent, or None."""
        folder = self.folder / "run" / name
        return folder if folder.is_dir() else None

    def drop(self, what: str) -> None:
        """Removes what came of a run."""
        for folder in (self._arriving(what), self.folder / "run" / what):
            if folder.is_file():
                folder.unlink()
            shutil.rmtree(folder, ignore_errors=True)

    def data_dir(self, data: Data) -> str | None:
        """The --data_dir by which a run on this machine finds these data, the very same bytes; None: they must be sent.

        Raises:
          RunError: another file of a user's is in the way.
        """
        own = data.below("")
        if data.own and own.exists() and digest(own.absolute()) != data.digest:
            raise RunError(f"{own} is another one here than where the queue is; move one of them away")
        roots = [data.root] if data.own else [data.root, str(from_tfds.folder_of(None))]
        for root in roots:
            spot = data.below(root).absolute()
            if spot.exists() and digest(spot) == data.digest:
                return root
        return str(self._root(data)) if self._spot(data).exists() else None


def receive(places: Places, planned: Planned, sent: Iterable[Piece]) -> None:
    """Writes the folder of a run that was played elsewhere, each file whole or not at all.

    Args:
      places: of the queue.
      planned: the run.
      sent: by `run_pieces`.

    Raises:
      RunError: it cannot be written, or another process uses the folder.
    """
    workdir = Workdir(places.run(planned))
    contents: dict[str, bytearray] = {}
    for name, part in (entry for piece in sent for entry in piece):
        contents.setdefault(name, bytearray()).extend(part)
    if not contents:
        return
    with workdir.locked():
        for name, content in contents.items():
            with files.replacing(workdir.path / name) as temporary:
                temporary.write_bytes(content)
        came = {Path(name).name for name in contents if name.startswith(f"{workdir.checkpoints.name}/")}
        for old in workdir.checkpoints.glob("[!.]*.npz") if came else ():
            if old.name not in came:
                old.unlink(missing_ok=True)
