"""The models beside the adversarial nets on a file of TFD's layout: from the real command to a verdict in the table."""

import json

import numpy as np
import pytest
from scipy import io
from support.records import grouped

from gan_repro import run
from gan_repro.papers import configuration
from gan_repro.reporting import comparison

pytestmark = [pytest.mark.played, pytest.mark.e2e, pytest.mark.slow]

MODELS = [("bengio2013", "dbn", 1908.8), ("bengio2013", "cae", 2110.09), ("bengio2014", "gsn", 1890.0)]
SETTINGS = {"steps_per_epoch": 2, "batch_size": 20, "n_samples": 50}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with TFD_48x48.mat: 200 images of noise, labelled in five folds."""
    rng = np.random.default_rng(0)
    folds = np.stack([np.repeat([0, 0, 1, 2, 3], 40)[rng.permutation(200)] for _ in range(5)], axis=1)
    folds[folds[:, 0] == 0] = 0
    fields = {
        "images": rng.integers(0, 256, (200, 48, 48), np.uint8),
        "folds": folds,
        "labs_ex": np.where(folds[:, :1] == 0, -1, 3),
    }
    made = tmp_path_factory.mktemp("tfd")
    io.savemat(made / "TFD_48x48.mat", fields)
    return made


def as_paper(record, seed):
    """The record of a smoke run as if the paper's recipe had been played to its end: what a user with TFD and time has."""
    paper = configuration.resolve(configuration.find(record["experiment"]), "tfd", record["model"], "paper")
    measured = [entry | ({"n_samples": 10_000} if entry.get("n_samples") else {}) for entry in record["measurements"]]
    return record | {
        "preset": "paper",
        "seed": seed,
        "epochs": paper.recipe.total_epochs,
        "config": paper.as_dict() | {"seed": seed},
        "manifest": record["manifest"] | {"seed": seed},
        "measurements": measured,
    }


@pytest.mark.parametrize("name, model, published", MODELS)
def test_a_users_tfd_file_gets_a_verdict(folder, tmp_path, name, model, published):
    words = ["run", f"--experiment={name}", "--dataset=tfd", f"--model={model}", "--preset=smoke", f"--data_dir={folder}"]
    words += [f"--workdir={tmp_path / 'run'}", *(f"--set={key}={value}" for key, value in SETTINGS.items())]
    assert run.main(words) == 0
    record = json.loads((tmp_path / "run" / "record.json").read_text())
    del record["sha256"]
    best = record["measurements"][0]
    assert best["n_folds"] == len(best["sigmas"]) == 5

    def verdict(*records):
        experiments = [configuration.find(each) for each in ("bengio2013", "bengio2014", "goodfellow2014")]
        rows = comparison.verdict_rows(comparison.build("table1", experiments, grouped(records)))
        return next(row[-1] for row in rows if f"TFD, nats: {published:g} ±" in row[0])  # first the best weights

    assert verdict(record).startswith("not run")  # 50 samples have another number than 10,000
    assert verdict(as_paper(record, 0)).startswith("undecided")
    assert verdict(*(as_paper(record, seed) for seed in range(3))).startswith(("falls short", "not reached"))
