"""Wrong command lines, recipes, data and folders, as tables over all programs: one line on stderr, an exit code, no file.

The line must name what is wrong: the field, flag, file or value. How it says so is free, but for test_wording.py. What the
readers accept is in tests/data; runs that were damaged are elsewhere in tests/faults.
"""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from support import wrong_input
from support.wrong_input import Case, N, cases, environment, listing

from gan_repro import evaluate, run, sample, ship, shipped, tables

PROGRAMS = {"run": run, "evaluate": evaluate, "sample": sample, "ship": ship, "shipped": shipped, "tables": tables}
G, T, C, D, W = (f"--experiment={name}" for name in ("goodfellow2014", "theis2015", "cgan", "dcgan", "wgan"))
SMOKE, OWN, LONG = "--preset=smoke", "--dataset=npz:good.npz", "x" * 5000

# Tables: {(program, first arguments): the last argument of one command line each}. The answer must name that argument (see
# support.wrong_input.named); after it come other words that it must hold, in a tuple: a name offered, a value or shape found.

# ---- wrong usage: exit code 2, nothing on stdout, no TensorFlow ------------------------------------------------------

USAGE = {
    ("run",): [
        ("", "--experiment", "--list"),
        "--experiment=",
        ("--experiment=goodfelow2014", "goodfellow2014?"),
        "--experiment=__init__",
        ("--experiment=goodfellow2014.mnist", "goodfellow2014?"),
        "--experiment=../x",
        "--experiment=cgan\nwgan",
        ("--experimnt=goodfellow2014", "--experiment?"),
    ],
    ("run", G): [
        ("--dry-run", "--dry_run?"),
        "--learning_rate=1",
        "stray",
        "--workdir",
        "--tensorboard=maybe",
        "--flagfile=none",
        "--workdir=\udcff",
        "--workdir=",
        # data sets and presets
        ("--dataset=mnsit", "mnist?"),
        "--dataset=",
        ("--dataset=npz", "npz:PATH?"),
        ("--dataset=npz:", "npz:PATH"),
        ("--dataset=images", "images:FOLDER?"),
        ("--dataset=mnist:x", "mnist?"),
        "--dataset=Ziffern größer\n0",
        ("--preset=papr", "paper?"),
        "--preset=",
        # numbers of flags
        *(f"--seed={n}" for n in ("-1", 2**31, "9" * 5000, "1.5", "")),
        *(f"--epochs={n}" for n in (0, -3, "many", 10**7)),
        # --set
        *("--set", "--set=momentum", "--set=", "--set=two\nlines", "--set=seed=3"),
        *("--set=d_steps=0", "--set=pieces=2.5", "--set=learning_rate=fast", "--set=learning_rate=nan"),
        *("--set=learning_rate=1e999", "--set=learning_rate=0", "--set=momentum=1", "--set=input_keep=1.1"),
        ("--set=learning_rat=1", "learning_rate?"),
        ("--set=learning_rate =1", "learning_rate?"),
        *("--set=jit_compile=1", "--set=generator_units=1200,x", "--set=generator_units=64,0", "--set=batch_size=0"),
        *("--set=precision=float16", "--set=steps_per_epoch=-1", "--set=validate_every=0", "--set=n_samples=1"),
        ("--set=prior=gausian", "gaussian?"),
        ("--set=averages=swa-.9", "'swa-.9'"),
        ("--set=averages=ema-1", "'ema-1'"),
        ("--set=averages=ema-.5,ema-0.5", "ema-0.5"),
        *(f"--set=averages={name}" for name in (f"mean-from-{10**30}", f"ema-.{'9' * 300}")),
        ("--set=averages=mean-from-5\n", "mean-from-5\\n"),
        # more than any memory holds
        *(f"--set=latent={10**12}", f"--set=generator_units={10**9},{10**9}", f"--set=n_samples={10**9}"),
    ],
    ("run", G, "--"): [("--seed=1", "'--seed=1'")],
    ("run", G, "--set=pieces=2"): ["--set=latent=-1"],
    ("run", G, "--dry_run"): ["--workdir=", "--data_dir="],
    ("run", G, "--dry_run", "--workdir", ""): [("", "--workdir")],
    ("run", G, "--dataset=tfd"): [
        ("--set=bottom_units=8000,99", "latent"),
        *("--set=generator_units=8000", "--set=sparse_connections=9000", "--set=max_column_norm=0"),
    ],
    ("run", G, "--model=convolutional"): ["--set=kernels=8,8"],
    ("run", G, "--model=convolutional", "--set=base_size=11"): [("", "generator_units", "11")],
    ("run", G, "--dataset=mnist"): [("--model=tfd", "tfd96")],
    ("run", G, "--dataset=cifar10"): ["--set=contrast_norm=-1"],
    ("run", G, "--dataset=gaussian1d"): ["--set=generator_irange=1,1", "--set=n_critic=0"],
    ("run", T): [
        *("--dataset=gaussian1d", "--epochs=3", "--set=latent=3", "--set=centroids=0", "--set=iterations=1e3"),
        *(f"--set=centroids={10**30}", "--model=paper"),
    ],
    ("run", C): [
        *("--dataset=cifar10", "--set=keep=0", "--set=dropout_in_samples=no", "--set=label_units=", "--set=prior=spherical"),
        ("--set=dropout=.5", "dropout_in_samples"),
        *(f"--set=batch_size={10**9}", f"--set=joint_units={10**6}"),
    ],
    ("run", D): [
        *(
            "--dataset=tfd",
            "--set=upsampling=nearest",
            "--set=output=linear",
            "--set=negative_slope=-.1",
            "--set=norm_momentum=1",
        ),
        *("--set=decay_epochs=-1", f"--set=generator_channels={10**5},{10**5}", "--set=kernel_size=1000"),
        ("--set=generator_strides=2", "generator_channels"),
    ],
    ("run", D, "--set=generator_strides="): ["--set=generator_channels="],
    ("run", W): [
        ("--dataset=two_gaussian", "two_gaussians?"),
        *("--set=n_critic=0", "--set=clip=-.01", "--set=clip=inf", "--set=warmup_length=0", "--set=optimizer=sgd"),
        *("--set=critic=linear", "--set=units=", f"--set=critic_channels=64,128,256,{10**7}"),
    ],
    ("run", W, "--dataset=celeb_a"): [
        ("--preset=quick-mlp-gan", "--model", "mlp-gan"),
        ("--preset=smoke-28", "--model", "dcgan-gan"),
        ("--preset=quik-mlp", "quick"),
        ("--model=mlp-gam", "mlp-gan?"),
        "--model=",
    ],
    ("run", W, "--dataset=parallel_lines"): ["--set=thetas=40"],
    ("run", W, "--dataset=two_gaussians"): ["--set=generated_std=0"],
    ("evaluate",): [("", "--workdir"), "--workdir=", ("--workdr=x", "--workdir?"), "--help=maybe"],
    ("evaluate", "--workdir=cgan"): ["--data_dir=", "--epochs=3"],
    ("evaluate", "cgan"): [("", "'cgan'")],
    ("ship", "--workdir=cgan"): ["--data_dir=", "--networks="],
    ("shipped",): ["--results="],
    ("tables",): [("--ad=x", "--add?"), "records", "--results=", "--add="],
    ("sample",): [("", "--workdir")],
    ("sample", "--workdir=cgan"): [
        *(f"--n={n}" for n in (0, -4, "many")),
        *(f"--seed={n}" for n in (-1, 2**31)),
        *(f"--grid={shape}" for shape in ("4", "0x5")),
        ("--interpolate=lineer", "linear?"),
        *(f"--out={name}" for name in ("x.jpg", "x", "", "x.png/", "two\nlines")),
        ("--out=x.gif", "--interpolate"),
        *(f"--label={classes}" for classes in ("one", "", "-1", "3,10")),
        ("--generator=bst", "best?"),
        ("--experiment=cgan", "--workdir"),
    ],
    ("sample", "--workdir=cgan", "--n=2000000000"): [("", "2000000000")],
    ("sample", "--workdir=cgan", "--n=1000000"): [("", "1000 x 1000")],
    ("sample", "--workdir=cgan", "--grid=1x5000"): [("", "1 x 5000")],
    ("sample", "--workdir=cgan", "--n=7"): [("--grid=2x3", "--n=7")],
    ("sample", "--workdir=cgan", "--n=3", "--interpolate=linear"): [("--grid=2x3", "--n=3")],
    ("sample", "--workdir=cgan", "--interpolate=linear"): ["--grid=2x1"],
    ("sample", "--workdir=cgan", "--out=x.npz"): ["--grid=1x1"],
    ("sample", "--workdir=cgan", "--interpolate=linear", "--out=x.npz"): [("", "--interpolate", "x.npz")],
}

# ---- what shows only when data, folders and networks are looked at: exit code 1 ---------------------------------------

DATA = {
    ("run", G): [
        *(f"--dataset=npz:{name}" for name in ("missing.npz", "~nobody-of-that-name/x.npz", f"{LONG}.npz", "two\nlines.npz")),
        ("--dataset=npz:folder.npz", "images:folder.npz"),
        *(f"--dataset=npz:{name}" for name in ("pipe", "/dev/null", "text.npz", "an empty file ☃.npz", "truncated.npz")),
        *(f"--dataset=npz:{name}" for name in ("array.npy", "nothing.npz", "pickle.npz")),
        ("--dataset=npz:other.npz", "x_train"),
        *((f"--dataset=npz:{name}.npz", "images") for name in ("flipped", "encrypted", "bytes", "endless", "no images")),
        *((f"--dataset=npz:{name}.npz", kind) for name, kind in (("float", "float64"), ("nan", "NaN"), ("wide", "int64"))),
        ("--dataset=npz:flat.npz", f"({N}, 64)"),
        ("--dataset=npz:five.npz", f"({N}, 8, 8, 1, 1)"),
        ("--dataset=npz:channels.npz", f"({N}, 8, 8, 4)"),
        ("--dataset=npz:no pixels.npz", f"({N}, 0, 8)"),
        ("--dataset=npz:one.npz", "1 train"),
        ("--dataset=npz:few.npz", "9 train"),
        ("--dataset=npz:split short.npz", "(3,)"),
        ("--dataset=npz:split codes.npz", "0..3"),
        ("--dataset=npz:split negative.npz", "-1..1"),
        ("--dataset=npz:split without train.npz", "0 train"),
        ("--dataset=npz:split without test.npz", "0 test"),
        # folders of pictures
        "--dataset=images:missing",
        ("--dataset=images:good.npz", "npz:good.npz"),
        *(f"--dataset=images:{name}" for name in ("folder.npz", "texts")),
        ("--dataset=images:sizes", "00.png", "x.png", "8x8", "8x7"),
        ("--dataset=images:truncated", "x.jpg"),
        *((f"--dataset=images:{name}", "x.png") for name in ("corrupt", "no picture", "pipes", "links", "deep colours")),
        ("--dataset=images:mixed", "1, 2"),
        ("--dataset=images:deep", "3"),
        ("--dataset=images:divided", "train", "test"),
        ("--dataset=images:few", "9 train"),
    ],
    ("run", T): [("--dataset=npz:objects.npz", "images"), f"--dataset=images:{LONG}"],
    ("run", C): [
        *(f"--dataset=npz:{name}.npz" for name in ("object labels", "labels float")),
        ("--dataset=npz:labels short.npz", f"({N - 1},)"),
        ("--dataset=npz:labels square.npz", f"({N}, 10)"),
        ("--dataset=npz:labels negative.npz", "-1..8"),
        ("--dataset=npz:labels large.npz", "0..9000"),
    ],
    # data in --data_dir
    ("run", G, "--dataset=tfd"): [
        *("--data_dir=missing", "--data_dir=good.npz", "--data_dir=mat folder"),
        ("--data_dir=mat other", "images, folds, labs_ex"),
        ("--data_dir=mat cells", "images"),
        *((f"--data_dir=mat {name}", "TFD_48x48.mat") for name in ("truncated", "text")),
    ],
    ("run", G, "--dataset=mnist"): [
        *((f"--data_dir={name}", "MNIST") for name in ("missing", "good.npz", "~nobody-of-that-name")),
        ("--data_dir=tfds", "mnist/3.0.1"),
    ],
    ("run", W, "--dataset=celeb_a"): [("--data_dir=tfds", "celeb_a/2.1.0")],
    ("run", D, "--dataset=svhn_cropped"): [("--data_dir=missing", "SVHN")],
    # the run's folder
    ("run", G, OWN, SMOKE, "--set=batch_size=20"): ["--workdir=good.npz", "--workdir=good.npz/run"],
    ("run", G, OWN, SMOKE): [f"--workdir=new/{LONG}"],
    ("run", G, OWN): [("--workdir=cgan", "experiment", "goodfellow2014")],
    ("evaluate",): [f"--workdir={name}" for name in ("typo", "good.npz", LONG, "two\nlines")],
    ("evaluate", "--workdir=cgan"): ["--data_dir=missing"],
    ("sample",): [*(f"--workdir={name}" for name in ("typo", LONG, "folder.npz")), ("--workdir=theis", "theis2015")],
    ("sample", "--workdir=cgan"): [("", "generator_best.weights.h5"), "--out=good.npz/x.png", f"--out={LONG}.png"],
    ("tables",): [f"--results={name}" for name in ("typo", "good.npz", LONG)],
    ("tables", "--results=tables"): ["--add=typo", ("--add=cgan", "record.json")],
}

# ---- recipes that do not fit the data, 48 training images of 8 x 8: wrong usage, but TensorFlow has been started --------

UNFIT = {
    ("run", G, OWN, SMOKE): [("--set=batch_size=49", "49", "good.npz", "48")],
    ("run", C, OWN, SMOKE): [("--set=batch_size=1000000", "good.npz", "48")],
    ("run", D, OWN, SMOKE, "--set=generator_strides=2,2,2,1", "--workdir=new/run"): ["--set=batch_size=49"],
    ("run", W, OWN, SMOKE, "--set=generator=mlp"): ["--set=batch_size=50"],
    ("run", G, "--dataset=gaussian1d", SMOKE): [("--set=batch_size=50001", "50000")],
    ("run", W, SMOKE): [("--dataset=npz:odd.npz", "30 x 27", "28 x 24", "32 x 28")],
    ("run", D, SMOKE): [("--dataset=npz:odd.npz", "30 x 27", "28 x 24", "32 x 28")],
    ("run", D, OWN, SMOKE, "--set=generator_strides=2,2,3,3"): [("", "good.npz", "8 x 8", "9 x 9")],
    ("run", D, SMOKE, "--set=conditional=true", "--set=generator_strides=1,1,2,2"): [
        ("--dataset=npz:unlabelled.npz", "labels", "conditional")
    ],
    ("run", C, SMOKE): [("--dataset=npz:unlabelled.npz", "labels")],
    ("run", G, OWN, "--model=convolutional", SMOKE): [
        ("", "deconvolution_stride", "8 x 8"),
        ("--set=kernels=100,1,1", "8 x 8"),
    ],
    ("sample", "--workdir=line", "--interpolate=linear"): [("", "--interpolate", "gaussian1d")],
}


USAGE, DATA, UNFIT = cases(USAGE, 2), cases(DATA, 1), cases(UNFIT, 2)


# ---- trials -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    """The folder in which all cases are tried. No case may change it."""
    folder = tmp_path_factory.mktemp("kit")
    wrong_input.make(folder)
    return folder


def check(code, out, err, case):
    """Checks the exit code, and that stderr is one line with the words of the case."""
    assert code == case.code, err
    assert err.startswith("error: ") and err.endswith("\n") and len(err.splitlines()) == 1, err
    assert [word for word in case.words if word not in err] == [], err
    assert "Traceback" not in out + err


ASK = """
import contextlib, importlib, io, json, sys
answers = []
for program, arguments in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = importlib.import_module(f"gan_repro.{program}").main([program, *arguments])
    answers.append((code, out.getvalue(), err.getvalue()))
print(json.dumps([answers, sorted({"tensorflow", "keras", "tensorflow_datasets"} & set(sys.modules))]))
"""


@pytest.fixture(scope="module")
def answers(kit):
    """({(program, arguments): (code, stdout, stderr)} of all wrong usage, which slow modules that has imported)."""
    before = listing(kit)
    lines = [(case.program, case.arguments) for case in USAGE]
    lines += [(case.program, ["--dry_run", *case.arguments]) for case in USAGE if case.program == "run"]
    done = subprocess.run(
        [sys.executable, "-c", ASK], input=json.dumps(lines), cwd=kit, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found, loaded = json.loads(done.stdout)
    assert listing(kit) == before
    return {(program, *arguments): answer for (program, arguments), answer in zip(lines, found)}, loaded


@pytest.mark.fault(
    group="wrong input",
    tried="wrong flags, names, types and values of every program and every experiment's recipe",
    outcome="one line that names them and what is valid, exit code 2, before TensorFlow is imported, no file",
)
@pytest.mark.parametrize("case", USAGE, ids=str)
def test_wrong_usage(case, answers):
    dry = [["--dry_run", *case.arguments]] if case.program == "run" else []
    for line in [case.arguments, *dry]:
        code, out, err = answers[0][(case.program, *line)]
        check(code, out, err, case)
        assert out == ""


def test_wrong_usage_starts_no_tensorflow(answers):
    assert answers[1] == [] and len(answers[0]) > len(USAGE) > 120


@pytest.fixture
def here(kit, monkeypatch):
    """The kit as the current folder of this process, no prepared data and no network."""
    monkeypatch.chdir(kit)
    for key in os.environ.keys() - environment().keys():
        monkeypatch.delenv(key)
    for key, value in environment().items():
        monkeypatch.setenv(key, value)
    return kit


@pytest.mark.fault(
    group="wrong input",
    tried="data, pictures and folders that are missing, damaged or other things; recipes that do not fit",
    outcome="one line that names them and what is valid, exit code 1 or 2, no file, nothing unpickled",
)
@pytest.mark.parametrize("case", DATA + UNFIT, ids=str)
def test_wrong_data_and_folders(case, here, capfd):
    before = listing(here)
    code = PROGRAMS[case.program].main([case.program, *case.arguments])
    check(code, *capfd.readouterr(), case)
    assert listing(here) == before  # and nothing called "exploded"


REAL = {
    ("run",),
    ("run", G, "--workdir=\udcff"),
    ("run", G, "--set=two\nlines"),
    ("run", C, f"--set=batch_size={10**9}"),
    ("evaluate",),
    ("evaluate", "--workdir=two\nlines"),
    ("sample",),
    ("sample", f"--workdir={LONG}"),
    ("tables", "--ad=x"),
    ("tables", "--results=typo"),
}
REAL = [case for case in USAGE + DATA if (case.program, *case.arguments) in REAL]


def test_what_is_never_unpickled_would_be_noticed(here, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with np.load(here / "objects.npz", allow_pickle=True) as file:
        assert "images" in file and file["images"] is not None
    assert [path.name for path in tmp_path.iterdir()] == ["exploded"]


@pytest.mark.e2e
@pytest.mark.fault(group="wrong input", tried="some of these as processes of their own", outcome="the same")
@pytest.mark.parametrize("case", REAL, ids=str)
def test_real_processes(case, kit, tmp_path):
    """Those that are refused for what was typed answer without TensorFlow: importing it would end them otherwise."""
    before, there = listing(kit), environment()
    if case.code == 2:
        (tmp_path / "tensorflow.py").write_text("raise SystemExit('TensorFlow was imported')\n")
        there |= {"PYTHONPATH": f"{tmp_path}{os.pathsep}{there['PYTHONPATH']}"}
    command = [sys.executable, "-m", f"gan_repro.{case.program}", *case.arguments]
    done = subprocess.run(command, cwd=kit, env=there, capture_output=True, text=True, timeout=120)
    check(done.returncode, done.stdout, done.stderr, case)
    assert case.code == 1 or done.stdout == ""
    assert listing(kit) == before


def test_at_least_ten_are_real_processes():
    assert len(REAL) >= 10


def too_much_for_tensorflow(*_):
    import tensorflow as tf

    return tf.zeros([2**50], tf.uint8)  # beyond what any process can address


def too_much_for_numpy(*_):
    return np.empty(2**50, np.uint8)


@pytest.mark.fault(
    group="wrong input",
    tried="networks or samples beyond the memory",
    outcome="one line that names the recipe's numbers, exit code 1, no file",
)
@pytest.mark.parametrize("ask", [too_much_for_tensorflow, too_much_for_numpy])
@pytest.mark.parametrize("where", ["generator", "evaluate"])
def test_too_little_memory(ask, where, here, monkeypatch, capfd):
    before = listing(here)
    if where == "generator":
        monkeypatch.setattr("experiments.goodfellow2014.mnist.generator", ask)
        arguments, name = [G, "--set=generator_units=90000,90000", "--set=batch_size=9"], "generator_units"
    else:
        monkeypatch.setattr("gan_repro.evaluation.centroids.kmeans", ask)
        arguments, name = [T, "--set=centroids=7"], "centroids"
    assert run.main(["run", OWN, SMOKE, *arguments]) == 1
    check(1, *capfd.readouterr(), Case("run", arguments, 1, ["memory", name]))
    assert listing(here) == before


def test_a_run_that_could_not_begin_leaves_what_was_there(here, tmp_path, capfd):
    (tmp_path / "notes.txt").write_text("mine")
    assert run.main(["run", G, OWN, SMOKE, "--set=batch_size=49", f"--workdir={tmp_path}"]) == 2
    assert one(capfd) and [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def one(capfd):
    """Whether stderr holds one line."""
    return capfd.readouterr().err.count("\n") == 1
