"""What `gan_repro.run` and its kin answer without TensorFlow: --help, --list, --dry_run, where a run goes."""

import json
import re
import resource
import shlex

import pytest
from support import marks
from support.programs import G, T, command

from gan_repro import run
from gan_repro.papers import configuration
from gan_repro.papers.experiment import PRESETS
from gan_repro.runs import runner

QUESTIONS = [
    ("run", ["--help"]),
    ("run", ["--list"]),
    ("run", [G, "--dry_run"]),
    ("run", [T, "--dry_run", "--dataset=npz:a.npz"]),
    ("evaluate", ["--help"]),
    ("sample", ["--help"]),
]


@pytest.mark.e2e
@pytest.mark.parametrize(("module", "arguments"), marks.slow_after(3, QUESTIONS))
def test_questions_are_answered_without_tensorflow(module, arguments, poison, tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    done = command(module, *arguments, cwd=folder, first=poison)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.strip()
    assert list(folder.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(("module", "arguments"), QUESTIONS[:3])
def test_questions_are_answered_at_once(module, arguments, tmp_path):
    """Half a second of processor time on an idle machine; a busy one takes longer, and TensorFlow takes five."""

    def spent():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = spent()
    assert command(module, *arguments, cwd=tmp_path).returncode == 0
    assert spent() - before < 2


def test_help_names_every_flag(capsys):
    assert run.main(["run", "--help"]) == 0
    out, err = capsys.readouterr()
    assert err == "" and out.startswith("usage: python -m gan_repro.run")
    for flag in (
        "experiment",
        "list",
        "dataset",
        "data_dir",
        "model",
        "preset",
        "epochs",
        "seed",
        "set",
        "workdir",
        "tensorboard",
        "dry_run",
        "help",
    ):
        assert f"\n  --{flag}" in out, flag


SHOWN = {"npz": "npz:PATH", "images": "images:FOLDER"}


def listed(capsys, *arguments):
    """What --list says, in lines: long ones are wrapped."""
    assert run.main(["run", "--list", *arguments]) == 0
    out, err = capsys.readouterr()
    assert err == "" and max(map(len, out.splitlines())) <= 120
    return out.replace("\n" + 8 * " ", " ").splitlines()


def test_list_names_every_experiment_with_its_models_and_data_sets(capsys):
    lines = listed(capsys)
    for name in configuration.names():
        found = configuration.find(name)
        at = lines.index(f"{name}: {found.title}")
        assert lines[at + 1].split(": ")[1].split(", ") == list(found.models)
        assert lines[at + 2].split(": ")[1].split(", ") == [SHOWN.get(kind, kind) for kind in found.datasets]
    assert len(lines) < 5 * len(configuration.names())


@pytest.mark.parametrize("name", configuration.names())
def test_list_of_one_experiment_tells_each_models_data_sets_and_how_long_each_preset_is(name, capsys):
    lines, found = listed(capsys, f"--experiment={name}"), configuration.find(name)
    assert lines[:2] == [found.title, found.reference]
    for each, model in found.models.items():
        at = lines.index(f"--model={each}: {model.title}")
        assert lines[at + 1].split(": ")[1].split(", ") == [SHOWN.get(kind, kind) for kind in model.datasets]
        epochs = [model.recipe(preset, model.datasets[0]).total_epochs if model.phases else 0 for preset in PRESETS]
        numbers = [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*\d|\d", lines[at + 2])]
        assert numbers == (epochs if model.phases else [])


def test_dry_run_is_json_with_the_overrides(here, capsys):
    arguments = [
        "--dataset=glyphs",
        "--preset=quick",
        "--epochs=3",
        "--seed=7",
        "--set=learning_rate=0.25",
        "--set=generator_units=10,20",
        "--set",
        "jit_compile=true",
        "--set=averages=",
    ]
    assert run.main(["run", G, "--dry_run", *arguments]) == 0
    out, err = capsys.readouterr()
    shown = json.loads(out)
    assert err == ""
    workdir = "runs/goodfellow2014-glyphs-quick-seed7"
    assert shown | {"recipe": None} == {
        "experiment": "goodfellow2014",
        "dataset": "glyphs",
        "model": "mnist",
        "preset": "quick",
        "seed": 7,
        "recipe": None,
        "workdir": workdir,
    }
    assert run.main(["run", G, "--dry_run", "--dataset=glyphs", "--preset=quick", "--seed=7"]) == 0
    before = json.loads(capsys.readouterr().out)["recipe"]
    changed = {"epochs": 3, "learning_rate": 0.25, "generator_units": [10, 20], "jit_compile": True, "averages": []}
    assert shown["recipe"] == before | changed
    assert all(before[key] != value for key, value in changed.items())
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    "arguments, place",
    [
        ([G], "runs/goodfellow2014-mnist-paper-seed0"),
        ([T, "--dataset=cifar10", "--preset=smoke", "--seed=3"], "runs/theis2015-cifar10-smoke-seed3"),
        ([G, "--dataset=npz:/data/my faces.npz"], "runs/goodfellow2014-npz-my faces-paper-seed0"),
        ([G, "--dataset=images:data/faces/"], "runs/goodfellow2014-images-faces-paper-seed0"),
        ([G, "--workdir=elsewhere/a"], "elsewhere/a"),
        ([G, "--model=mnist"], "runs/goodfellow2014-mnist-paper-seed0"),
        ([G, "--model=convolutional", "--preset=quick"], "runs/goodfellow2014-cifar10-convolutional-quick-seed0"),
        ([G, "--dataset=npz:a.npz", "--model=tfd"], "runs/goodfellow2014-npz-a-tfd-paper-seed0"),
        ([G, "--dry_run=true", "--list=false"], "runs/goodfellow2014-mnist-paper-seed0"),
    ],
)
def test_where_a_run_goes(arguments, place, capsys):
    assert run.main(["run", "--dry_run", *arguments]) == 0
    assert json.loads(capsys.readouterr().out)["workdir"] == place


@pytest.mark.parametrize(
    "settings",
    [
        [],
        ["--preset=smoke", "--epochs=7", "--seed=3"],
        ["--dataset=npz:a b'c.npz", "--preset=quick", "--set=averages=", "--set=generator_units=5,6"],
        ["--set=jit_compile=true", "--set=learning_rate=1e-7", "--set=prior=gaussian", "--set=precision=mixed_bfloat16"],
        ["--dataset=npz:a.npz", "--model=convolutional", "--preset=smoke", "--set=channels=4,4,4"],
        ["--model=tfd", "--epochs=3", "--set=pretrain_epochs=2"],
    ],
)
def test_the_command_that_a_record_shows_gives_the_same_configuration(settings, capsys):
    def shown(arguments):
        assert run.main(["run", *arguments, "--dry_run"]) == 0
        return json.loads(capsys.readouterr().out)

    wanted = shown([G, *settings])
    plain = {key: tuple(value) if isinstance(value, list) else value for key, value in wanted["recipe"].items()}
    recipe = type(configuration.find("goodfellow2014").models[wanted["model"]].presets["paper"])(**plain)
    config = configuration.Config(*(wanted[key] for key in ("experiment", "dataset", "model", "preset", "seed")), recipe)
    words = shlex.split(runner.command(config))
    assert words[:3] == ["python", "-m", "gan_repro.run"]
    assert shown(words[3:]) == wanted
