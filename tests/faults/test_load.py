"""Load: data sets of ten times the size, and thousands of epochs. Real processes are measured by what the kernel counts."""

import ctypes
import gc
import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import support
from PIL import Image
from support import games, tiny_runs

from gan_repro import data, run
from gan_repro.data import pictures, source, streams, user
from gan_repro.evaluation import neighbours
from gan_repro.runs.workdir import Workdir
from gan_repro.system import files
from gan_repro.system.errors import DataError
from gan_repro.training import trainer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/status of Linux")

MIB = 2**20
TOLERANCE = 40 * MIB  # beside the images: buffers, and what the peaks of two equal processes differ by
# Not getrusage's ru_maxrss: a process takes that over from the one that started it, here hours of tests in one process.
PEAK = 'print("peak", 1024 * next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")))'
# The figure of nearest neighbours scales so many training images at a time: both runs have more.
WHOLE = f"""
import sys
from gan_repro import run
from gan_repro.evaluation import neighbours
assert neighbours.REFERENCES > 1000
neighbours.REFERENCES = 1000
code = run.main(sys.argv)
{PEAK}
sys.exit(code)
"""
# From the data to the training; sys.argv: the data set, and the free memory that there seems to be.
TRAINING = f"""
import sys, tempfile
from gan_repro.system import tensorflow_setup
tensorflow_setup.prepare()
from support import games
from gan_repro import data
from gan_repro.training import trainer
from gan_repro.runs import workdir
from gan_repro.data import user
user.free_memory = lambda: float(sys.argv[2])
source = data.load(sys.argv[1])
source.digest()
stage = trainer.Stage("game", 2, lambda before: games.build(source, steps_per_epoch=20))
with tempfile.TemporaryDirectory() as folder:
    trainer.Loop([stage], workdir.Workdir(folder), 0).run()
print(type(source).__name__)
{PEAK}
"""


def peak(program, *arguments):
    """(bytes, what was printed before): the peak of a process."""
    path = os.pathsep.join([str(support.ROOT), str(support.ROOT / "tests")])
    environment = dict(os.environ) | {"PYTHONPATH": path, "TF_NUM_INTRAOP_THREADS": "1"}
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=support.ROOT, env=environment, timeout=600)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-2000:]
    said, _, number = done.stdout.partition("peak ")
    return int(number), said


def write_npz(path, n):
    """n training images of 64 x 64 x 3 and 200 others. Returns the bytes of all."""
    images = np.random.default_rng(0).integers(0, 256, (n + 200, 64, 64, 3), np.uint8)
    np.savez(path, images=images, split=np.repeat([0, 1, 2], [n, 100, 100]))
    return images.nbytes


def write_folder(folder, n):
    """n pictures of 64 x 64 x 3, ten of them different, the others links to these. Returns the bytes of all, decoded."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(n):
        path = folder / f"{i:06d}.bmp"
        if i < 10:
            Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).save(path)
        else:
            os.link(folder / f"{i % 10:06d}.bmp", path)
    return n * 64 * 64 * 3


@pytest.mark.slow
@pytest.mark.fault(
    group="load",
    tried="ten times the images in an .npz file, trained on: peak memory",
    outcome="it grows by the images' own bytes",
)
def test_images_in_memory_are_held_once(tmp_path):
    sizes = [write_npz(tmp_path / f"{n}.npz", n) for n in (1500, 15_000)]
    (small, _), (large, said) = (peak(TRAINING, f"npz:{tmp_path / str(n)}.npz", 1e12) for n in (1500, 15_000))
    assert "InMemory" in said
    own = sizes[1] - sizes[0]
    assert own / 2 < large - small < own + TOLERANCE, f"{(large - small) / MIB:.0f} MiB for {own / MIB:.0f} of images"


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.fault(
    group="load",
    tried="ten times the pictures in a folder that is too large for the free memory, trained on: peak memory",
    outcome="they are streamed: it does not grow",
)
def test_a_folder_beyond_the_free_memory_streams(tmp_path):
    own = [write_folder(tmp_path / str(n), n) for n in (800, 8000)]
    (small, _), (large, said) = (peak(TRAINING, f"images:{tmp_path / str(n)}", own[0]) for n in (800, 8000))
    assert "Pictures" in said
    assert large - small < TOLERANCE < (own[1] - own[0]) / 2, f"{(large - small) / MIB:.0f} MiB"


@pytest.mark.slow
@pytest.mark.fault(
    group="load",
    tried="the whole program on ten times the images, training, evaluation and figures: peak memory",
    outcome="it grows by the images' own bytes",
)
def test_the_whole_program_holds_images_once(tmp_path):
    sizes = [write_npz(tmp_path / f"{n}.npz", n) for n in (1500, 15_000)]
    found = []
    for n in (1500, 15_000):
        arguments = [f"--dataset=npz:{tmp_path / str(n)}.npz", f"--workdir={tmp_path / f'run{n}'}", "--set=steps_per_epoch=5"]
        found.append(peak(WHOLE, "--experiment=goodfellow2014", "--preset=smoke", *arguments)[0])
        assert (tmp_path / f"run{n}" / "record.json").exists()
    own = sizes[1] - sizes[0]
    assert own / 2 < found[1] - found[0] < own + TOLERANCE, f"{(found[1] - found[0]) / MIB:.0f} MiB for {own / MIB:.0f}"


def coloured_folder(folder):
    """A folder of two classes, 40 pictures, one of them coloured."""
    rng = np.random.default_rng(1)
    for name in ("one", "two"):
        (folder / name).mkdir(parents=True)
        for i in range(20):
            Image.fromarray(rng.integers(0, 256, (6, 5), np.uint8)).save(folder / name / f"{i:02d}.png")
    Image.fromarray(rng.integers(0, 256, (6, 5, 3), np.uint8)).save(folder / "one" / "07.png")
    return f"images:{folder}"


@pytest.mark.slow
def test_streamed_pictures_are_those_that_would_be_loaded(tmp_path, monkeypatch):
    """Bit for bit: digest, images, labels, batches from any point of an epoch, and a training."""
    name = coloured_folder(tmp_path / "pictures")
    loaded = data.load(name)
    monkeypatch.setattr(user, "free_memory", lambda: 2 * 40 * 90)
    assert not isinstance(data.load(name), pictures.Pictures)  # they take just the half of that
    monkeypatch.setattr(user, "free_memory", lambda: 2 * 40 * 90 - 1)
    streamed = data.load(name)
    assert isinstance(streamed, pictures.Pictures) and streamed.spec == loaded.spec
    assert streamed.digest() == loaded.digest()
    for split in ("train", "validation", "test"):
        np.testing.assert_array_equal(streamed.images(split), loaded.images(split))
        np.testing.assert_array_equal(streamed.labels(split), loaded.labels(split))
        np.testing.assert_array_equal(streamed.scaled(split, 3), loaded.scaled(split, 3))
        for chosen in (slice(3), np.array([2, 0, 2])):
            np.testing.assert_array_equal(streamed.rows(split, chosen), loaded.rows(split, chosen))
    for size, chunks in ((7 * 90, [7, 7, 7, 7, 4]), (1, [1] * 32)):
        monkeypatch.setattr(pictures, "_CHUNK", size)
        parts = list(streamed.chunks("train"))
        assert [len(part) for part in parts] == chunks
        np.testing.assert_array_equal(np.concatenate(parts), loaded.images("train"))
        mean = loaded.images("train").reshape(32, -1).mean(axis=0, dtype=np.float64).reshape(1, 6, 5, 3)
        for found in (source.mean(loaded, "train"), source.mean(streamed, "train")):
            assert found.dtype == np.float64 and found.tobytes() == mean.tobytes()
    order, feed = loaded.open(4, 9), streamed.open(4, 9, 2, 5)
    for i in range(2, 6):
        for ours, expected in zip(streamed.batch(feed, i, 5), loaded.batch(order, i, 5)):
            np.testing.assert_array_equal(ours, expected)
    with pytest.raises(ValueError, match="batches of 4"):
        streamed.batch(streamed.open(0, 0, 0, 5), 0, 4)
    ends = []
    for each in (loaded, streamed):
        played = games.build(each)  # minibatches of 20: one an epoch
        for _ in range(2):
            played.steps(1)
        ends.append(games.weights(played))
    for key in ends[0]:
        np.testing.assert_array_equal(ends[0][key], ends[1][key], err_msg=key)


def labelled_folder(folder, side, channels):
    """200 pictures of two classes that differ in brightness: 160 to train, 20 each to validate and test."""
    rng = np.random.default_rng(2)
    for label, name in enumerate(("dark", "light")):
        (folder / name).mkdir(parents=True)
        for i in range(100):
            pixels = rng.integers(0, 120, (side, side, channels), np.uint8) + np.uint8(100 * label)
            Image.fromarray(pixels.squeeze()).save(folder / name / f"{i:03d}.png")
    return f"images:{folder}"


GAN = ["--set=generator_units=16", "--set=discriminator_units=8"]
WHOLE_RUNS = [
    ("goodfellow2014", "mnist", 28, 1, [*GAN, "--set=averages="]),
    pytest.param("dcgan", "imagenet", 32, 3, ["--set=svm_images=150"], marks=pytest.mark.slow),
    pytest.param("cgan", "mlp", 28, 1, [], marks=pytest.mark.slow),
    pytest.param("dcgan", "mnist", 28, 1, [], marks=pytest.mark.slow),
    pytest.param("wgan", "dcgan", 64, 3, [], marks=pytest.mark.slow),
]


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.fault(
    group="load",
    tried="whole runs on a folder of labelled pictures that is too large for memory, and more training images than may be held",
    outcome="the same measurements, bit for bit, as with all of them in memory",
)
@pytest.mark.parametrize(("experiment", "model", "side", "channels", "more"), WHOLE_RUNS)
def test_a_whole_run_on_streamed_pictures(experiment, model, side, channels, more, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(neighbours, "REFERENCES", 64)
    name, measured = labelled_folder(tmp_path / "pictures", side, channels), []
    words = [f"--experiment={experiment}", f"--dataset={name}", "--preset=smoke", "--epochs=1", "--set=steps_per_epoch=2"]
    words += [f"--model={model}", "--set=batch_size=10", "--set=n_samples=50", *more]
    for place in ("held", "streamed"):
        if place == "streamed":
            shutil.rmtree(tmp_path / "cache", ignore_errors=True)  # the classifier is trained anew
            monkeypatch.setattr(user, "free_memory", lambda: 1)
            monkeypatch.setattr(streams, "HELD", 20 * 4 * side * side * channels)
            monkeypatch.setattr(pictures, "_CHUNK", 33 * side * side * channels)
        assert tiny_runs.call(run.main, *words, f"--workdir={tmp_path / place}") == 0
        measured.append(files.read_json(tmp_path / place / "record.json")["measurements"])
    assert measured[0]
    assert measured[0] == measured[1]


@pytest.mark.parametrize(
    ("experiment", "model"),
    [("goodfellow2014", "mnist"), ("cgan", "mlp"), ("dcgan", "imagenet"), ("theis2015", "reference")],
)
def test_what_evaluation_cannot_hold_is_refused_before_training(experiment, model, tmp_path, monkeypatch, capsys):
    name = labelled_folder(tmp_path / "pictures", 32, 1)
    monkeypatch.setattr(user, "free_memory", lambda: 1)
    monkeypatch.setattr(streams, "HELD", 19 * 4 * 32 * 32)
    words = [f"--experiment={experiment}", f"--dataset={name}", f"--model={model}", "--preset=smoke"]
    words += [f"--workdir={tmp_path / 'run'}"]
    assert tiny_runs.call(run.main, *words) == 1
    out, err = capsys.readouterr()
    assert "images of pictures are too many" in tiny_runs.one_line(err) and "trained" not in out
    assert not list((tmp_path / "run").rglob("*.npz"))


@pytest.mark.fault(
    group="load",
    tried="an .npz file larger than the free memory; a streamed picture that is damaged while a run goes on",
    outcome="one clear error, before memory is taken",
)
def test_what_cannot_be_had_is_said(tmp_path, monkeypatch):
    write_npz(tmp_path / "large.npz", 100)
    monkeypatch.setattr(user, "free_memory", lambda: 3_000_000)
    with pytest.raises(DataError, match="images take 0.0 GiB, and 0.0 GiB of memory are free.*--dataset=images:FOLDER"):
        data.load(f"npz:{tmp_path / 'large.npz'}")
    name = coloured_folder(tmp_path / "pictures")
    monkeypatch.setattr(user, "free_memory", lambda: 1)
    played = games.build(data.load(name))
    for path in (tmp_path / "pictures").rglob("*.png"):
        path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(DataError, match="pictures cannot be read on, its files are damaged"):
        played.steps(1)


def test_the_free_memory_is_known():
    assert 10 * MIB < user.free_memory() < 2**50


# ---- many epochs ------------------------------------------------------------------------------------------------------


def resident():
    """Bytes of this process in memory, without what its allocator keeps of what was given back."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def grown(folder, epochs, first):
    """Bytes by which this process grows from the epoch `first` of a tiny run to its last."""
    seen = {}

    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch + 1 in (first, epochs):
                seen[epoch + 1] = resident()

    played = games.build(support.make_digits(), steps_per_epoch=2)
    trainer.Loop([trainer.Stage("game", epochs, lambda before: played)], Workdir(folder), 0, [Watch()]).run()
    with open(folder / "metrics.csv", encoding="utf-8") as file:
        assert sum(1 for _ in file) == epochs + 1
    return seen[epochs] - seen[first]


# Bytes that a row of metrics takes: a dict of twelve numbers (1 kB), and while a checkpoint is written its text, 330
# characters, of which numpy makes four bytes each.
ROW = 3000


@pytest.mark.slow
@pytest.mark.fault(group="load", tried="hundreds of epochs in one run: memory", outcome="it grows by the rows of metrics alone")
def test_hundreds_of_epochs_leak_nothing(tmp_path):
    assert grown(tmp_path, 150, 50) < 100 * ROW + 6 * MIB


@pytest.mark.slow
@pytest.mark.fault(group="load", tried="10,000 epochs in one run: memory", outcome="it grows by the rows of metrics alone")
def test_ten_thousand_epochs_leak_nothing(tmp_path):
    assert grown(tmp_path, 10_000, 1000) < 9000 * ROW + 8 * MIB


def test_thousands_of_rows_are_not_written_after_every_short_epoch(digits, tmp_path, monkeypatch):
    """Beyond MANY_ROWS saving takes its share of the time alone; the last epoch is always saved."""
    monkeypatch.setattr(trainer, "MANY_ROWS", 3)
    saved = []
    monkeypatch.setattr(Workdir, "save_checkpoint", lambda self, step, arrays, notes: saved.append(step))
    made = trainer.Loop([trainer.Stage("game", 8, lambda before: games.build(digits))], Workdir(tmp_path), 0)
    monkeypatch.setattr(trainer, "CHECKPOINT_SHARE", 1e-9)
    made.run()
    assert saved == [10, 20, 30, 80]
