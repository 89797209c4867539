"""A run's manifest.json: what decides the bits of its training besides its configuration."""

import dataclasses
from collections.abc import Callable
from typing import Any

from gan_repro.data.preparation import Padded
from gan_repro.data.source import Source
from gan_repro.papers.configuration import Config
from gan_repro.reporting.record import Manifest
from gan_repro.runs.workdir import Workdir
from gan_repro.system import files, machine, schema
from gan_repro.system.errors import RunError


def new(config: Config, source: Source, workers: int = 1) -> dict[str, Any]:
    """The manifest of a run that begins.

    Args:
      config, source: what is trained, on what data.
      workers: machines that train together; noted where they are several.
    """
    return {
        "commit": machine.commit(),
        "choice": {"draw": "validation"},  # of z: it chooses the epoch and the widths, and is not reported
        "seed": config.seed,
        "data": of_data(source),
        "precision": getattr(config.recipe, "precision", "float32"),
        "jit_compile": _compiled(config),
        **machine.conditions(),
        "continued_under": [],
        "ran_on": [{"machine": machine.name(), "step": 0}],
        **({"workers": workers} if workers > 1 else {}),
    }


def _compiled(config):
    """Whether XLA compiles the step of a Config; False where nothing is trained."""
    return getattr(config.recipe, "jit_compile", False)


def of_data(source: Source) -> dict[str, Any]:
    """What a manifest keeps of the data: which they are, and what building the networks takes without them."""
    spec, inside = source.spec, source.inside if isinstance(source, Padded) else None
    return {
        "name": spec.name,
        "title": spec.title,
        "shape": list(spec.shape),
        "classes": spec.classes,
        "sha256": source.digest(),
        **({} if inside is None else {"inside": list(inside.spec.shape)}),
    }


def read(workdir: Workdir, source: Source) -> dict[str, Any] | None:
    """The manifest in a run's folder; None where nothing was trained yet.

    Raises:
      RunError: it is missing or damaged, or the data are others than those that it names.
    """
    if not workdir.begun():
        return None
    if not workdir.manifest.exists():
        raise RunError(
            f"{workdir.path} holds a run without its manifest.json, which says what it was trained on. Put back a copy "
            "(`manifest` of record.json), or choose another --workdir."
        )
    manifest = files.read_json(workdir.manifest)
    try:
        trained_on = manifest["data"]["sha256"]
        manifest["continued_under"] += []
        manifest["processor"], manifest["device"]
    except (KeyError, TypeError) as error:
        raise RunError(f"{workdir.manifest} is damaged: it has no {error}") from error
    if trained_on != source.digest():
        raise RunError(f"{workdir.path} was trained on other data under the name {source.spec.name}; choose another --workdir")
    return manifest


def changed(manifest: dict[str, Any], config: Config | None = None, workers: int = 1) -> dict[str, Any]:
    """{key: value} of the present conditions that differ from those of the manifest.

    `config` and `workers` are those of a training; None: nothing is trained.
    """
    now = machine.conditions() | {"commit": machine.commit()}
    now |= {"workers": workers, "jit_compile": _compiled(config)} if config else {}
    then = {"workers": 1} | manifest
    return {key: value for key, value in now.items() if then.get(key) != value}


def of_training(
    workdir: Workdir, config: Config, source: Source, workers: int, warn: Callable[[str], object]
) -> dict[str, Any]:
    """The manifest of a training that begins or goes on, written; going on under other conditions warns and is noted.

    Args: as `new` and `read`, which says what is raised; `warn` is called with a line.
    """
    manifest = read(workdir, source)
    if manifest is None:
        manifest = new(config, source, workers)
    else:
        manifest.pop("weights_sha256", None)  # of weights that will be others
        other = changed(manifest, config, workers)
        if other and other not in manifest["continued_under"]:
            warn(f"this run began under other conditions ({', '.join(other)} differ): bits may differ; the record says so")
            manifest["continued_under"].append(other)
    files.write_json(workdir.manifest, manifest)
    return manifest


def resumed(manifest: dict[str, Any], workdir: Workdir, step: int) -> None:
    """Notes, in the file too, on which machine a training goes on from `step`, where it is another one than before."""
    ran_on = manifest.setdefault("ran_on", [{"machine": manifest["processor"], "step": 0}])
    if ran_on[-1]["machine"] != machine.name():
        ran_on.append({"machine": machine.name(), "step": step})
        files.write_json(workdir.manifest, manifest)


def of_record(manifest: dict[str, Any], workdir: Workdir) -> Manifest:
    """A manifest as a record keeps it: null where it does not say what a record has."""
    absent = {field.name: None for field in dataclasses.fields(Manifest) if field.default is dataclasses.MISSING}
    return schema.parse(Manifest, absent | manifest, workdir.manifest)
