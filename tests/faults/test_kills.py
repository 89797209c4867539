"""Every experiment that trains, as a real process, killed at random moments: it ends with the bytes of one never killed.

How a process is ended and what is compared is in kills.py.
"""

import dataclasses
import os
import re
import shlex
import signal
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from support import kills
from support.kills import Moment

from gan_repro import run as program
from gan_repro.runs import runner

KILL, CONTINUE = "kill and continue", "goes on from a step > 0 and ends with the same bytes: weights, metrics, figures, record"

# Models by the name that a test gives them: the data, minibatches an epoch and in a row of metrics.csv, and the rest.
MODELS = {
    "goodfellow2014": (
        "small",
        100,
        10,
        "--experiment=goodfellow2014 --preset=smoke --set=generator_units=16 "
        "--set=discriminator_units=8 --set=validate_every=2 --set=averages=ema-.99,mean-from-3",
    ),
    "goodfellow2014, two stages": (
        "small",
        50,
        10,
        "--experiment=goodfellow2014 --model=tfd --preset=smoke --set=validate_every=2 --set=averages=ema-.9",
    ),
    "goodfellow2014, contrast-normalised": ("small", 50, 10, "--experiment=goodfellow2014 --model=cifar10 --preset=smoke"),
    "goodfellow2014, convolutional": ("coloured", 8, 2, "--experiment=goodfellow2014 --model=convolutional --preset=smoke"),
    "goodfellow2014, on the line": ("gaussian1d", 100, 10, "--experiment=goodfellow2014 --preset=smoke"),
    "cgan": ("small", 50, 10, "--experiment=cgan --preset=smoke --set=validate_every=2 --set=averages=ema-.9"),
    "dcgan, conditional": (
        "small",
        20,
        4,
        "--experiment=dcgan --model=mnist --preset=smoke --set=constant_epochs=4 --set=decay_epochs=6",
    ),
    "dcgan, unconditional": (
        "coloured",
        8,
        2,
        "--experiment=dcgan --model=imagenet --preset=smoke --set=averages=ema-.9",
    ),
    "wgan": ("small", 20, 4, "--experiment=wgan --preset=smoke --set=warmup_every=3"),
    "wgan, without batch norm": ("small", 20, 4, "--experiment=wgan --model=nonorm --preset=smoke"),
    "wgan, MLP": ("small", 20, 4, "--experiment=wgan --model=mlp --preset=smoke --set=units=16,16"),
    "wgan, the GAN beside it": ("small", 20, 4, "--experiment=wgan --model=dcgan-gan --preset=smoke"),
    "wgan, no labels": ("small-unlabelled", 20, 4, "--experiment=wgan --preset=smoke"),
    "wgan, two Gaussians": ("two_gaussians", 50, 10, "--experiment=wgan --preset=smoke"),
    "wgan, points": ("ring8", 50, 10, "--experiment=wgan --preset=smoke"),
    "wgan_gp": ("small", 20, 4, "--experiment=wgan_gp --preset=smoke"),
    "wgan_gp, points": ("ring8", 50, 10, "--experiment=wgan_gp --preset=smoke"),
    "unrolled, points": ("ring8", 50, 10, "--experiment=unrolled --preset=smoke"),
    "remedies, looking ahead": (
        "ring8",
        50,
        10,
        "--experiment=remedies --preset=smoke --set=objective=minimax --set=unroll=2 --set=minibatch_kernels=3",
    ),
    "remedies, a clipped critic": (
        "ring8",
        50,
        10,
        "--experiment=remedies --preset=smoke --set=loss=clipped_critic --set=n_critic=5",
    ),
    "acgan": ("coloured", 8, 2, "--experiment=acgan --preset=smoke --set=noise=.1"),
    "tutorial_mlp": ("small", 50, 10, "--experiment=tutorial_mlp --preset=smoke"),
    "tutorial_dcgan": ("small", 20, 4, "--experiment=tutorial_dcgan --preset=smoke --set=discriminator_norm=spectral"),
    "tutorial_dcgan, one batch": ("small", 20, 4, "--experiment=tutorial_dcgan --model=upsampling --preset=smoke"),
    "tricks": (
        "ring8",
        50,
        10,
        "--experiment=tricks --preset=smoke --set=replay=20 --set=flipped_labels=.1 --set=instance_noise=.1 "
        "--set=rate_decay_epochs=20 --set=feature_matching=true --set=minibatch_kernels=3",
    ),
    "unrolled, stacked digits": ("stacked_glyphs", 8, 2, "--experiment=unrolled --preset=smoke"),
    "remedies, stacked digits": (
        "stacked_glyphs",
        8,
        2,
        "--experiment=remedies --preset=smoke --set=loss=penalised_critic --set=discriminator_norm=layer --set=n_critic=2",
    ),
    "tricks, digits": (
        "small",
        20,
        4,
        "--experiment=tricks --preset=smoke --set=replay=20 --set=soft_labels=true --set=generator_norm=weight "
        "--set=discriminator_norm=spectral --set=d_dropout=.3 --set=precision=mixed_bfloat16",
    ),
    "acgan, digits": ("small", 20, 4, "--experiment=acgan --preset=smoke"),
}
FIRST_STAGE = {"goodfellow2014, two stages": "pretrain_epochs", "wgan, two Gaussians": "discriminator_epochs"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """{name: --dataset}: small labelled images in .npz files, and what is drawn."""
    folder, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    labels = np.arange(500) % 5
    for name, shape in {"small": (8, 8), "coloured": (32, 32, 3)}.items():
        patterns = rng.integers(0, 180, (5, *shape))
        images = np.uint8(patterns[labels] + rng.integers(0, 70, (500, *shape)))
        np.savez(folder / f"{name}.npz", images=images, labels=labels)
        np.savez(folder / f"{name}-unlabelled.npz", images=images)
    drawn = {name: name for name in ("gaussian1d", "two_gaussians", "ring8", "stacked_glyphs")}
    files = {path.stem: f"npz:{path}" for path in folder.glob("*.npz")}
    return files | drawn | {"cache": folder / "cache"}


def planned(name, data, epochs, samples_every=4):
    """The kills.Run of a model, with so many epochs in all."""
    dataset, steps, row, arguments = MODELS[name]
    lengths = {"epochs": epochs}
    if name in FIRST_STAGE:
        lengths = {FIRST_STAGE[name]: epochs // 2, "epochs": epochs - epochs // 2}
    settings = {"steps_per_epoch": steps, "batch_size": 4, "n_samples": 60, "samples_every": samples_every}
    words = [*arguments.split(), f"--dataset={data[dataset]}", *(f"--set={key}={n}" for key, n in settings.items())]
    words += [f"--set={key}={n}" for key, n in lengths.items()]
    return kills.Run(tuple(words), steps, epochs, row, {"XDG_CACHE_HOME": str(data["cache"])})


def in_training(rng, run, kinds):
    """Moments, one for each of `kinds`, in every second epoch, at random within it; before each an epoch is whole.

    Kinds: "epoch": inside it; "checkpoint", "best", "picture": while such a file is written at its end.
    """
    moments = []
    for i, kind in enumerate(kinds):
        epoch, delay = 2 * i + 1, float(rng.uniform(0, 0.8))
        checkpoint = f"{(epoch + 1) * run.steps:010d}.npz"
        moments.append(
            {
                "epoch": Moment(step=epoch * run.steps + int(rng.integers(1, run.steps)), delay=delay / 100),
                "checkpoint": Moment(writing=checkpoint, delay=delay),
                "best": Moment(writing="generator_best.weights.h5", delay=delay),
                "picture": Moment(writing=f"epoch-{epoch + 1:05d}.png", delay=delay),
            }[kind]
        )
    return moments


def kill_all(run, whole, broken, moments):
    """Kills and continues at each Moment, then plays to the end and compares; the steps that processes began at."""
    starts = []
    for moment in moments:
        start, left = kills.end_at(run, broken, moment)
        starts.append(start)
        check_left(moment, left)
    starts.append(kills.finish(run, broken))
    check_starts(starts)
    kills.assert_same_run(whole, broken)
    return starts


def check_left(moment, left):
    """Checks what a killed process left half written."""
    for path in left if moment.writing else ():
        assert path.name.startswith(f".{moment.writing}"), path
        assert path.suffix != ".npz" or not zipfile.is_zipfile(path), "the write was over"
    assert left or not moment.writing, f"nothing was left half written at {moment}"


def check_starts(starts):
    """Checks that each continuation began at a step > 0 and none before the one before it."""
    assert starts[0] == 0 < starts[1] and starts == sorted(starts), starts


# ---- the ordinary suite ----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.fault(
    group=KILL,
    tried="goodfellow2014: SIGKILL at a random step, in a checkpoint's write and in the evaluation; SIGTERM and Ctrl-C",
    outcome=CONTINUE,
)
def test_killed_and_interrupted_processes_end_with_the_same_bytes(data, tmp_path, record_property):
    """Signals: a checkpoint of that very step, exit code 128 + n, and the line that says how to continue does so."""
    run, rng = planned("goodfellow2014", data, 12), np.random.default_rng(1)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    inside, terminated, writing, interrupted = in_training(rng, run, ("epoch", "epoch", "checkpoint", "epoch"))
    terminated, interrupted = (
        dataclasses.replace(moment, number=number)
        for moment, number in ((terminated, signal.SIGTERM), (interrupted, signal.SIGINT))
    )
    with run.start(whole, Path(f"{whole}.log")):
        starts, line = [], None
        for moment in (inside, terminated, writing, interrupted, Moment(writing="record.json")):
            start, left = kills.end_at(run, broken, moment, line)
            starts.append(start)
            line = None
            if moment.number == signal.SIGKILL:
                check_left(moment, left)
            else:
                assert not left
                text = Path(f"{broken}.log").read_text()
                step = int(re.findall(r"stopped at step ([\d,]+) of 1,200; everything is saved", text)[-1].replace(",", ""))
                assert (broken / "checkpoints" / f"{step:010d}.npz").exists() and step >= moment.step
                line = kills.told(broken)
        # The line as it stands, in a shell. `python` is this one.
        folder = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        starts.append(kills.finish(run, broken, ["env", f"PATH={folder}", "sh", "-c", kills.told(broken)]))
    check_starts(starts)
    assert len(set(starts)) == 6 and starts[-1] == run.epochs * run.steps
    assert any(start % run.steps for start in starts)
    kills.assert_same_run(whole, broken)
    record_property("trials", 5)


@pytest.mark.slow
@pytest.mark.fault(group=KILL, tried="wgan (batch norm, RMSprop, clipping): SIGKILL at a random step", outcome=CONTINUE)
def test_batch_norm_survives_a_kill(data, tmp_path):
    run, rng = planned("wgan, no labels", data, 4), np.random.default_rng(2)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    with run.start(whole, Path(f"{whole}.log")):
        kills.end_at(run, broken, *in_training(rng, run, ["epoch"]))
        assert kills.finish(run, broken) > 0
    kills.assert_same_run(whole, broken)


@pytest.mark.slow
@pytest.mark.fault(
    group=KILL, tried="SIGTERM in the evaluation", outcome="exit code 143; the line that it prints gives the record"
)
def test_a_signal_in_the_evaluation_says_how_to_continue(data, tmp_path, monkeypatch, capsys):
    """What was trained is saved already; the record comes from the command that is said."""
    run, folder = planned("wgan, two Gaussians", data, 2), tmp_path / "run"
    arguments = ["run", *run.arguments, f"--workdir={folder}"]
    original = runner.files.write_json

    def terminated(path, value):
        if path == folder / "record.json":
            os.kill(os.getpid(), signal.SIGTERM)
        original(path, value)

    before = signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as patch:
        patch.setattr(runner.files, "write_json", terminated)
        assert program.main(arguments) == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before and not (folder / "record.json").exists()
    out = capsys.readouterr().out
    assert "stopped at step 100 of 100; everything is saved. Continue with:\n  python -m gan_repro.run" in out
    again = shlex.split(out.splitlines()[-1])
    assert program.main(again[2:]) == 0
    assert "continuing from step 100 of 100" in capsys.readouterr().out and (folder / "record.json").exists()


# ---- slow: every model, many kills -----------------------------------------------------------------------------------


def after_training(rng, whole):
    """Moments behind the last step, in the order in which they come: while weights, a figure if any, the record are written."""
    weights = sorted(path.name for path in whole.glob("*.weights.h5") if path.name != "generator_best.weights.h5")
    figures = sorted(path.name for path in (whole / "figures").rglob("*.png"))
    chosen = [str(rng.choice(names)) for names in (weights, figures) if names] + ["record.json"]
    return [Moment(writing=name, delay=float(rng.uniform(0, 0.2))) for name in chosen]


@pytest.mark.slow
@pytest.mark.fault(
    group=KILL,
    tried="goodfellow2014: SIGKILL 21 times in a run: inside epochs, in writes of checkpoints, the "
    "best generator, pictures, weights, figures, record",
    outcome=CONTINUE,
)
def test_twenty_one_kills(data, tmp_path, record_property):
    rng = np.random.default_rng(3)
    kinds = ["best", *rng.permutation(["epoch"] * 8 + ["checkpoint"] * 8), "picture"]
    run = planned("goodfellow2014", data, 2 * len(kinds) + 2)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    run.whole(whole)
    moments = in_training(rng, run, kinds) + after_training(rng, whole)
    assert len(moments) == 21 and len(set(moments)) == 21
    starts = kill_all(run, whole, broken, moments)
    record_property("trials", 21)
    record_property("starts", starts)
    assert len(set(starts)) >= 19 and sum(start % run.steps > 0 for start in starts) >= 10


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in MODELS if name not in ("goodfellow2014", "wgan, no labels")])
@pytest.mark.fault(
    group=KILL,
    tried="every other model: SIGKILL five times in a run: inside epochs, in a checkpoint's write, after the training",
    outcome=CONTINUE,
)
def test_five_kills(name, data, tmp_path, record_property):
    rng = np.random.default_rng([4, list(MODELS).index(name)])
    kinds = rng.permutation(["epoch", "epoch", "checkpoint", "checkpoint"])
    run = planned(name, data, 10)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    run.whole(whole)
    after = after_training(rng, whole)
    moments = in_training(rng, run, kinds) + [after[rng.integers(len(after))]]
    starts = kill_all(run, whole, broken, moments)
    record_property("trials", 5)
    record_property("starts", starts)
    assert len(set(starts)) == 6
