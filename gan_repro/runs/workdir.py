"""A run's folder: its files, its configuration and manifest, checkpoints, and the lock that keeps a second run out."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gan_repro.papers.configuration import Config, identity
from gan_repro.reporting.record import DETAILS
from gan_repro.system import files, locks
from gan_repro.system.errors import RunError

KEPT_CHECKPOINTS = 2  # the newest, and the one before it should the newest be damaged


# What a training and its evaluation write besides; not the pictures that gan_repro.sample was asked for
PRODUCTS = (
    "metrics.csv",
    DETAILS,
    "generator.weights.h5",
    "generator_*.weights.h5",
    "discriminator.weights.h5",
    "samples/*epoch-[0-9]*.png",
    "samples/*epoch-[0-9]*.npz",
    "samples/*.weights.h5",
    "figures/*.png",
    "figures/moments.npz",
    "figures/real-images/*.png",
)


class Workdir:
    """The folder of one run.

    Args:
      path: made when first written to.
      out: where `samples` and `figures` are, of a run that is only read; None: `path`.
    """

    def __init__(self, path: str | Path, out: str | Path | None = None) -> None:
        self.path = Path(path)
        self.config = self.path / "config.json"
        self.manifest = self.path / "manifest.json"
        self.metrics = self.path / "metrics.csv"
        self.samples = Path(out or path) / "samples"
        self.figures = Path(out or path) / "figures"
        self.real_images = self.figures / "real-images"
        self.checkpoints = self.path / "checkpoints"
        self.record = self.path / "record.json"
        self.details = self.path / DETAILS
        self.tensorboard = self.path / "tensorboard"
        self._made: list[Path] = []  # folders that `locked` made, the deepest first
        self._found: list[Path] = []  # of the files that `abandon` may remove those that were there before this process

    def weights(self, kind: str) -> Path:
        """The file of a generator's weights (papers/weights_names.py)."""
        return self.path / ("generator.weights.h5" if kind == "last" else f"generator_{kind}.weights.h5")

    def network(self, name: str) -> Path:
        """The file of the last weights of another network than the generator, such as "discriminator"."""
        return self.path / f"{name}.weights.h5"

    def kinds(self) -> list[str]:
        """The weights of the generator that are here, "best" and "last" first (papers/weights_names.py)."""
        found = [
            path.name.removeprefix("generator_").removesuffix(".weights.h5")
            for path in sorted(self.path.glob("generator_*.weights.h5"))
        ]
        found = (["last"] if self.weights("last").exists() else []) + found
        return sorted(found, key=lambda kind: (kind != "best", kind != "last", kind))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps every other process out of this folder; the lock dies with its owner, however that ends.

        Raises:
          RunError: another process has it, or the folder cannot be made.
        """
        self._found = [path for path in self._own() if path.exists()]
        self._made = [folder for folder in (self.path, *self.path.parents) if not os.path.exists(folder)]
        busy = f"another process is using {self.path}; wait for it or choose another --workdir"
        with locks.held(self.path / ".lock", "a run's folder", busy):
            for folder in (self.path, *self._folders()):  # not those below, which may be other runs'
                for leftover in folder.glob(f".*{files.TEMPORARY}*"):  # of a process that was killed while it wrote
                    leftover.unlink(missing_ok=True)
            yield

    def abandon(self) -> None:
        """Removes what this process made for a run of which nothing was trained, empty folders too; no file that it found."""
        for path in self._own():
            if path not in self._found:
                path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # other files are there
            for folder in self._made:
                folder.rmdir()

    def clear(self) -> None:
        """Removes the PRODUCTS of an earlier training here: they would pass for those of the one that begins."""
        for path in self._products():
            path.unlink(missing_ok=True)

    def _own(self):
        return self.config, self.manifest, self.path / ".lock"

    def _folders(self):
        return self.checkpoints, self.samples, self.figures, self.real_images, self.tensorboard

    def _products(self):
        return [path for pattern in PRODUCTS for path in sorted(self.path.glob(pattern))]

    def begun(self) -> bool:
        """Whether anything was trained or recorded here."""
        return self.record.exists() or bool(self._checkpoint_files())

    def check_own(self) -> None:
        """Checks that the files which a run here would replace are a run's, and that no folder is in their place.

        Raises:
          RunError: one of them is someone else's, or a damaged one; a file is in a folder's place, or a folder in a file's.
        """
        self._check_kinds()
        if self.begun():
            return  # then `check` compares its configuration
        for path, keys in ((self.config, ("experiment", "recipe")), (self.manifest, ("data",))):
            if os.path.lexists(path):
                with self._told_apart(path):
                    found = files.read_json(path)
                    if missing := [key for key in keys if not isinstance(found, dict) or key not in found]:
                        raise RunError(f"{path} has no {missing[0]}")
        if os.path.lexists(self.metrics):
            with self._told_apart(self.metrics):
                try:
                    first = self.metrics.read_bytes().partition(b"\n")[0]
                except OSError as error:
                    raise RunError(f"cannot read {self.metrics}: {files.reason(error)}") from error
                if not first.startswith(b"stage,epoch,step"):
                    raise RunError(f"{self.metrics} does not begin with the columns stage, epoch, step")
        if not self.config.exists():  # a run writes that one first
            for path in self._products():
                with self._told_apart(path):
                    raise RunError("there is no config.json beside it")

    def _check_kinds(self):
        written = (self.config, self.manifest, self.record, self.weights("last"), self.weights("best"))
        for path in (*written, *self._products()):
            if path.is_dir():
                raise RunError(f"cannot write {path}: it is a folder; move it away, or give another --workdir")
        for folder in self._folders():
            if os.path.lexists(folder) and not folder.is_dir():
                raise RunError(f"cannot write {folder}, which is no folder; move it away, or give another --workdir")

    @contextlib.contextmanager
    def _told_apart(self, path):
        try:
            yield
        except RunError as error:
            raise RunError(
                f"{self.path} holds a {path.relative_to(self.path)} that is no run's and would be replaced; "
                f"give another --workdir ({error})"
            ) from error

    def check(self, config: Config) -> None:
        """Checks that what was trained here, if anything, is a run of this configuration (configuration.identity).

        Raises:
          RunError: it is another; the message shows the differences. Or nothing was, and as `check_own` does.
        """
        self.check_own()
        if self.begun() and self.config.exists():
            differences = list(_differences(identity(self.read_config()), identity(config.as_dict())))
            if differences:
                raise RunError(
                    f"{self.path} holds a run of another configuration ({'; '.join(differences)}). "
                    "Give the same configuration to continue it, or another --workdir."
                )
        elif self.begun():
            raise RunError(f"{self.path} holds a run without its config.json; choose another --workdir")

    def read_config(self) -> dict[str, Any]:
        """The dict in config.json. Raises RunError: it is missing or damaged."""
        try:
            found = files.read_json(self.config)
            if not isinstance(found, dict):
                raise RunError(f"{self.config} is damaged: it is not a configuration")
        except RunError as error:
            raise RunError(
                f"{error}. Put back a copy (`config` of record.json, or what the run's command shows with --dry_run, but for "
                "workdir), or choose another --workdir."
            ) from error
        return found

    def settle(self, config: Config) -> None:
        """Makes the folder this configuration's: `check`, then config.json is written. Raises as `check` does."""
        self.check(config)
        files.write_json(self.config, config.as_dict())

    # ---- checkpoints ---------------------------------------------------------------------------------------------

    def save_checkpoint(self, step: int, arrays: files.Arrays, notes: dict[str, Any]) -> None:
        """Writes a checkpoint, whole or not at all, and drops the ones that are no longer kept.

        Args:
          step: minibatches played since the run began, over all stages; it names the file.
          arrays: {name: numpy array}.
          notes: plain JSON values, what else must come back.

        Raises:
          RunError: it cannot be written.
        """
        written = self.checkpoints / f"{step:010d}.npz"
        files.write_arrays(written, {"__notes__": np.array(json.dumps(notes)), **arrays})
        found = self._checkpoint_files()
        kept = [path for path in found if path.name <= written.name][:KEPT_CHECKPOINTS]
        for old in found:
            if old not in kept:  # older, or of a later step: damaged then, for the run went on from an earlier one
                with contextlib.suppress(OSError):
                    old.unlink()

    def load_checkpoint(self, warn: Callable[[str], object]) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """The newest whole checkpoint: (arrays, notes), or None where there is none at all.

        Every byte is checked (files.read_arrays). `warn` is called with a line for each damaged file that was passed over.

        Raises:
          RunError: there are checkpoints, and all of them are damaged.
        """
        passed = []
        for path in self._checkpoint_files():
            try:
                arrays = files.read_arrays(path)
                notes = json.loads(str(arrays.pop("__notes__")))
            except (RunError, ValueError, KeyError) as error:
                passed.append(f"checkpoint {path.name} is not used, the one before it is: {error}")
                continue
            for line in passed:
                warn(line)
            return arrays, notes
        if passed:
            raise RunError(f"all checkpoints in {self.checkpoints} are damaged; delete {self.path} to start afresh")
        return None

    def _checkpoint_files(self):
        return sorted(self.checkpoints.glob("[0-9]*.npz"), reverse=True)


def _differences(old, new, prefix=""):
    for key in sorted(old.keys() | new.keys()):
        name = f"{prefix}{key}"
        a, b = old.get(key), new.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            yield from _differences(a, b, f"{name}.")
        elif a != b:
            yield f"{name}: {a!r} there, {b!r} now"
