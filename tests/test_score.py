"""gan_repro.score: the program, its table, and the same from Python."""

import contextlib
import json
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from support import ROOT, programs

from gan_repro import score as program
from gan_repro.data.source import Spec
from gan_repro.evaluation import inception, measurement
from gan_repro.evaluation.measurement import PARZEN
from gan_repro.reporting import record

N = 200


@pytest.fixture
def folder(here, few_glyphs):
    """The current folder, with samples of rendered digits in a.npz."""
    from gan_repro import data

    source = data.load("glyphs")
    np.savez("a.npz", images=source.rows("train", slice(N)), labels=source.labels("train")[:N])
    return here


def call(*words):
    return program.main(["score", *words])


@pytest.mark.usefixtures("folder")
def test_it_writes_numbers_and_a_picture_and_prints_a_table(capsys, tmp_path):
    assert call("a.npz", "--dataset=glyphs", f"--out={tmp_path / 'out'}") == 0
    out = capsys.readouterr().out
    assert "read as 0..255" in out and "these samples" in out and "training images" in out
    told = json.loads((tmp_path / "out" / "score.json").read_text())
    metrics = {each["metric"]: each for each in told["measurements"] if each["reference"] == "these samples"}
    assert metrics[PARZEN]["n_samples"] == N and set(metrics) >= set(program.COLUMNS) - {inception.METRIC}
    assert (tmp_path / "out" / "samples.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.usefixtures("folder")
def test_scores_of_another_file_of_the_same_name_stay(capsys):
    assert call("a.npz", "--dataset=glyphs") == 0 == call("a.npz", "--dataset=glyphs")
    Path("other").mkdir()
    shutil.copy("a.npz", "other/a.npz")
    before = Path("runs/score-a/score.json").read_bytes()
    capsys.readouterr()
    assert call("other/a.npz", "--dataset=glyphs") == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and str(Path("a.npz").absolute()) in err and "--out=DIR" in err
    assert Path("runs/score-a/score.json").read_bytes() == before


@pytest.mark.usefixtures("folder")
def test_nothing_but_json_is_printed_where_a_classifier_is_trained(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert call("a.npz", "--dataset=glyphs", "--json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["measurements"] and "classifier" in err


@pytest.mark.usefixtures("folder")
def test_from_python_and_as_json_it_says_the_same(capsys):
    assert call("a.npz", "--dataset=glyphs", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    with np.load("a.npz") as file:
        found = program.score(file["images"], "glyphs", file["labels"])
    assert json.loads(json.dumps(found.as_json())) | {"file": str(Path("a.npz").absolute())} == told
    head, *lines = found.table().splitlines()
    assert "nats" in head and [line.split("  ")[0] for line in lines] == [row.who for row in found.rows()]


@pytest.mark.usefixtures("folder")
def test_with_weights_of_inception_there_is_a_column_more(monkeypatch, capsys):
    """A stub in the network's place: the mean of each quarter of an image's rows."""

    def extractor(path):
        assert path == Path("weights.pth")
        return lambda images: images.reshape(len(images), 4, -1).mean(-1)

    monkeypatch.setattr(inception, "extractor", extractor)
    assert call("a.npz", "--dataset=glyphs", "--inception_weights=weights.pth") == 0
    out = capsys.readouterr().out
    head, first = [line for line in out.splitlines() if line.lstrip().startswith("n ") or line.startswith("these samples")]
    told = json.loads(Path("runs/score-a/score.json").read_text())
    (one,) = [each for each in told["measurements"] if each["metric"] == inception.METRIC]
    assert "FID" in head and f"{one['value']:.4g}" in first.split() and one["n_samples"] == N
    with np.load("a.npz") as file:
        found = program.score(file["images"], "glyphs", file["labels"], inception_weights="weights.pth")
    assert found.rows()[0].numbers[inception.METRIC] == (one["value"], None)


@pytest.mark.parametrize("installed", [False, True])
@pytest.mark.usefixtures("folder")
def test_without_torch_fidelity_or_the_file_one_line_says_what_is_missing(installed, monkeypatch, capsys):
    monkeypatch.setattr(inception.importlib.util, "find_spec", lambda name: installed or None)
    assert call("a.npz", "--dataset=glyphs", "--inception_weights=weights.pth") == (1 if installed else 2)
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and ("weights.pth" if installed else "gan_repro[inception]") in err
    assert not Path("runs").exists()


def test_beside_mnist_stand_the_generators_that_are_shipped_and_the_published_numbers():
    rows = {row.who: row for row in program.context("mnist")}
    assert rows["Adversarial nets, published"].numbers == {PARZEN: (225.0, 2.0)}
    assert rows["DBN, published"].numbers == {PARZEN: (138.0, 2.0)}
    assert "k-means centroids" in rows and len([who for who in rows if "epochs" in who]) >= 4
    assert not program.context("glyphs")


def test_the_reference_samples_that_come_with_the_program_are_those_of_results():
    assert record.read(program.REFERENCES) == record.read(ROOT / "results/records/theis2015-mnist-paper-seed0.json")


@pytest.mark.parametrize(
    "words, code, says",
    [
        ([], 2, "SAMPLES"),
        (["a.npz", "b.npz"], 2, "one file"),
        (["a.npz", "--range=1..2", "--dataset=glyphs"], 2, "0..255"),
        (["a.npz", "--dataset=glyph"], 2, "glyphs"),
        (["missing.npz", "--dataset=glyphs"], 1, "missing.npz"),
        (["a.npz", "--dataset=glyphs", "--labels=missing.npy"], 1, "missing.npy"),
        (["a.npz", "--dataset=glyphs", "--out=a.npz"], 1, "a.npz"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_bad_input_is_one_line_and_nothing_is_written(words, code, says, capsys):
    assert call(*words) == code
    err = capsys.readouterr().err
    assert says in err and err.count("\n") == 1
    assert sorted(path.name for path in Path(".").iterdir()) == ["a.npz"]


def test_help_needs_no_tensorflow(poison):
    environment = programs.environment() | {"PYTHONPATH": f"{poison}:{ROOT}"}
    command = [sys.executable, "-m", "gan_repro.score", "--help"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "SAMPLES" in done.stdout


# ---- what its page says ------------------------------------------------------------------------------------------------

SNIPPETS = re.findall(r"```python\n(.*?)```", (ROOT / "gan_repro/evaluation/README.md").read_text(encoding="utf-8"), re.DOTALL)


class Tensor(np.ndarray):
    """An array with the methods of a tensor that the page calls."""

    def cpu(self):
        return self

    def numpy(self):
        return np.asarray(self)


class Generator:
    """As much of a torch.nn.Module as the page uses."""

    def __init__(self, made):
        self.made, self.training = made, True

    def __call__(self, z):
        assert not self.training
        return self.made(z)

    def parameters(self):
        return iter([types.SimpleNamespace(device="cpu")])

    def eval(self):
        self.training = False


def stand_ins(rng):
    """{module: what stands in for it}, {name: what the page takes for granted}: arrays of the frameworks' layouts."""

    def drawn(n, *shape):
        return rng.random((n, *shape), np.float32)

    torch = types.SimpleNamespace(
        no_grad=contextlib.nullcontext,
        randn=lambda n, d, device: np.zeros((n, d)),
        cat=lambda each: np.concatenate(each).view(Tensor),
    )
    keys = types.SimpleNamespace(key=lambda seed: seed, normal=lambda key, shape: np.zeros(shape))
    names = {
        "images": drawn(500, 28, 28, 1),
        "labels": np.arange(500) % 10,
        "generator": Generator(lambda z: 2 * drawn(len(z), 1, 28, 28) - 1),
        "generate": lambda parameters, z: drawn(len(z), 28, 28, 1),
        "parameters": None,
        "pipeline": lambda batch_size, output_type: types.SimpleNamespace(images=drawn(batch_size, 28, 28, 1)),
    }
    return {"torch": torch, "jax": types.SimpleNamespace(random=keys)}, names


@pytest.mark.parametrize("snippet", SNIPPETS, ids=["arrays", "torch", "jax", "diffusers"])
def test_arrays_of_every_framework_are_taken_as_its_page_says(snippet, monkeypatch, capsys):
    """What is read of them is real; the data are not at hand, and what is measured of them is tested elsewhere."""
    modules, names = stand_ins(np.random.default_rng(0))
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    read = []
    spec = Spec("mnist", "MNIST", (28, 28, 1), 10, {"train": 10, "validation": 10, "test": 10})
    monkeypatch.setattr(program, "_source", lambda dataset, data_dir: types.SimpleNamespace(spec=spec))
    found = measurement.of("mnist", PARZEN, "nats", 1.5, None, reference="these samples")
    monkeypatch.setattr(
        program, "_scored", lambda given, *rest: read.append(given) or program.Scores("mnist", "", (found,), ())
    )
    exec(compile(snippet, "README.md", "exec"), names)
    (given,) = read
    assert given.images.shape[1:] == (28, 28, 1) and 0 <= given.images.min() < 0.01 and 0.99 < given.images.max() <= 1
    assert len(given.images) in (500, 10_000) and "these samples" in capsys.readouterr().out
