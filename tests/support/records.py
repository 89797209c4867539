"""Records for tests: whole ones as JSON, which a test changes where it wants, and as the program reads them."""

import json

from gan_repro.papers import weights_names
from gan_repro.reporting.groups import Group, group
from gan_repro.reporting.record import Record


def subject(text):
    """{"weights", "reference", "variant"} of text such as "best", "best, without dropout", "training images"."""
    name, _, variant = text.partition(", ")
    if weights_names.is_name(name):
        return {"weights": name, "reference": None, "variant": variant or None}
    return {"weights": None, "reference": text, "variant": None}


def measurement(value, of="best", **changes):
    """The JSON of a log-likelihood of MNIST's test images."""
    base = {"metric": "parzen_log_likelihood", "unit": "nats", "value": value, "standard_error": 2.0}
    base |= {"dataset": "mnist", "split": "test", **subject(of)}
    return base | {"n_test": 10_000, "n_samples": 10_000, "sigma": 0.167} | changes


def paired(difference, error=0.2, to="best"):
    """The JSON of a paired difference."""
    return {"to": to, "difference": difference, "standard_error": error}


def make_sweep(**changes):
    """The JSON of a sweep of two widths and two numbers of samples."""
    base = {"sigma": [0.1, 0.167], "n_samples": [100, 10_000], "n_test": 10_000}
    base |= {"value": [[-5.0, 10], [150.0, 200.0]], "chosen_sigma": [[0.167], [0.167]], "chosen_value": [10.0, 200.0]}
    return base | changes


def make_manifest(seed=0, **data):
    """The JSON of a manifest; `data`: name, title, sha256, ... of its data."""
    return {
        "commit": "0" * 40,
        "choice": {"draw": "validation"},
        "data": {"name": "mnist", "title": "MNIST", "shape": [28, 28, 1], "classes": 10, "sha256": "0"} | data,
        "seed": seed,
        "precision": "float32",
        "jit_compile": False,
        "versions": {"python": "3"},
        "processor": "a CPU (2 cores)",
        "device": "CPU",
        "threads": {"intra_op": 0, "inter_op": 0, "cores": 2},
        "tensor_float_32": None,
        "environment": {},
        "deterministic_ops": "as they are",
        "platform": "Linux",
        "continued_under": [],
        "evaluated_under": None,
        "weights_sha256": {"last": "0"},
        "reported_anew": None,
    }


def make_record(
    seed=0, measurements=None, recipe=None, dataset="mnist", preset="paper", epochs=100, experiment="fake", model="nets"
):
    """The JSON of a whole record."""
    name = {"experiment": experiment, "dataset": dataset, "model": model, "preset": preset, "seed": seed}
    return {
        "schema": 2,
        **name,
        "epochs": epochs,
        "complete": True,
        "d_output": ["probability"],
        "choice": None,
        "notices": [],
        "config": {**name, "recipe": {"epochs": epochs, "batch_size": 100} | (recipe or {})},
        "manifest": make_manifest(seed, name=dataset, title=dataset.upper(), sha256=f"sha of {dataset}"),
        "cost": {"minutes": 12.5, "steps": 500, "steps_per_second": 10.0, "processor": "a CPU (2 cores)"},
        "command": f"python -m gan_repro.run --experiment={experiment} --dataset={dataset} --seed={seed}",
        "measurements": [measurement(200.0 + seed, dataset=dataset)] if measurements is None else measurements,
        "curves": {
            "training": {"epoch": [1, 2], "d_loss": [1.0, None]},
            "validation": {"last": {"epoch": [2], "value": [9.0]}},
        },
    }


def parsed(content, stem=""):
    """The Record of a record's JSON, which is called x.json."""
    return Record.from_json(content, "x.json", stem)


def grouped(contents):
    """The Groups of records' JSON."""
    return group(map(parsed, contents))


def summaries(contents):
    """The summaries of one group of records' JSON."""
    return Group(tuple(map(parsed, contents))).summaries()


def make_run(folder, content):
    """`folder`, made as that of a finished run with this record, JSON or text."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "record.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return folder
