"""Disks that are full, read-only or in the way, at every file that a run writes: a clear error, and the run goes on after.

Files that were damaged afterwards are in test_damage.py and test_damaged_archives.py.
"""

import contextlib
import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest
from support import marks, tiny_runs

from gan_repro import evaluate, run, sample, tables
from gan_repro.system import files
from gan_repro.training.progress import MetricsFile

pytestmark = pytest.mark.e2e  # whole runs

DISK = "disk and folders"
ROOM = "What was there before is unchanged."


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "tiny.npz"
    tiny_runs.write_data(path, labels=False)
    return path


@pytest.fixture(scope="module")
def undisturbed(data, tmp_path_factory):
    """The folder of a run that had all the room it needed."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    assert start(data, folder) == 0
    return folder


def start(data, folder, *more):
    return tiny_runs.call(run.main, *tiny_runs.arguments(data), f"--workdir={folder}", *more)


@contextlib.contextmanager
def file_limit(size):
    """No file may grow beyond `size` bytes: the kernel cuts a write short and fails the next one, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)  # Python ignores the signal that would come with it
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def whole(folder):
    """Checks that nothing is half-written: no temporary file, and what has a checksum agrees with it."""
    assert not [path for path in folder.rglob(f"*{files.TEMPORARY}*")]
    for path in folder.rglob("*.json"):
        files.read_json(path)
    for path in folder.rglob("*.npz"):
        files.read_arrays(path)
    for path in folder.rglob("*.h5"):
        files.check_seal(path)


def same(folder, undisturbed):
    wanted, found = tiny_runs.results(undisturbed), tiny_runs.results(folder)
    assert found.keys() == wanted.keys()
    assert [name for name in wanted if found[name] != wanted[name]] == []


# ---- a full disk ---------------------------------------------------------------------------------------------------------

IN_THE_WAY = (
    "checkpoints",
    "generator_best.weights.h5/",
    "metrics.csv/",
    "config.json/",
    "samples",
    "figures",
    "tensorboard",
    "generator.weights.h5/",
    "discriminator.weights.h5/",
    "record.json/",
    "manifest.json/",
)
PLACES = ("checkpoints/0000000004.npz",)
MORE = (
    "generator_best.weights.h5",
    "config.json",
    "record.json",
    "manifest.json",
    "metrics.csv",
    "samples/epoch-00001.png",
    "discriminator.weights.h5",
    "figures/samples-last.png",
)


@pytest.mark.slow
@pytest.mark.fault(
    group=DISK,
    tried="the disk full when one of a run's files is written; then the same command with room",
    outcome="one line that names the file, nothing half-written; then the bytes of an undisturbed run",
)
@pytest.mark.parametrize("place", [*PLACES, *(pytest.param(place, marks=pytest.mark.slow) for place in MORE)])
def test_a_full_disk_at_each_file(place, data, undisturbed, tmp_path, monkeypatch, capsys):
    folder, original = tmp_path / "run", files.replacing

    @contextlib.contextmanager
    def replacing(path):
        with original(path) as temporary:
            if Path(path) == folder / place:
                with file_limit((undisturbed / place).stat().st_size // 4):
                    yield temporary
            else:
                yield temporary

    monkeypatch.setattr(files, "replacing", replacing)
    assert start(data, folder) == 1
    err = tiny_runs.one_line(capsys.readouterr().err)
    assert f"cannot write {folder / place}: " in err and ROOM in err
    assert not (folder / place).exists()
    whole(folder)
    monkeypatch.undo()
    assert start(data, folder) == 0
    same(folder, undisturbed)


@pytest.mark.slow
@pytest.mark.fault(
    group=DISK,
    tried="the disk full when a row is added to metrics.csv; then with room",
    outcome="one line; the half row is replaced, the bytes of an undisturbed run",
)
def test_a_full_disk_at_a_row(data, undisturbed, tmp_path, monkeypatch, capsys):
    folder, original = tmp_path / "run", MetricsFile.append

    def append(self, row):
        with file_limit((folder / "metrics.csv").stat().st_size + (20 if row["step"] == 4 else 10_000)):
            original(self, row)

    monkeypatch.setattr(MetricsFile, "append", append)
    assert start(data, folder) == 1
    assert f"cannot write {folder / 'metrics.csv'}: File too large" in tiny_runs.one_line(capsys.readouterr().err)
    assert len((folder / "metrics.csv").read_text().splitlines()[-1]) == 20  # half a row
    whole(folder)
    monkeypatch.undo()
    assert start(data, folder) == 0
    same(folder, undisturbed)


@pytest.mark.slow
@pytest.mark.fault(
    group=DISK,
    tried="the same command under limits of a file's size from 0 bytes up, in one folder",
    outcome="one line each time; each gets further; without a limit the bytes of an undisturbed run",
)
def test_ever_more_room(data, undisturbed, tmp_path, capsys, record_property):
    folder, struck = tmp_path / "run", []
    limits = [0, 3000, 15_000]
    for limit in limits:
        with file_limit(limit):
            code = start(data, folder)
        assert code == 1, f"limit {limit}"
        struck.append(tiny_runs.one_line(capsys.readouterr().err).split(": ")[1].rpartition("/")[2])
        whole(folder)
    assert start(data, folder) == 0
    same(folder, undisturbed)
    assert len(set(struck)) > 1, struck
    record_property("trials", len(limits))


@pytest.mark.slow
@pytest.mark.fault(
    group=DISK,
    tried="the disk full when a finished run is continued, evaluated or sampled from",
    outcome="one line; what was there stands",
)
def test_a_full_disk_leaves_a_finished_run(data, undisturbed, tmp_path, capsys, record_property):
    folder = Path(shutil.copytree(undisturbed, tmp_path / "run"))
    before = tiny_runs.contents(folder)
    out = tmp_path / "out.png"
    out.write_text("old")
    for main, words in (
        (sample.main, [f"--workdir={folder}", f"--out={out}"]),
        (evaluate.main, [f"--workdir={folder}"]),
        (run.main, [*tiny_runs.arguments(data, epochs=3), f"--workdir={folder}"]),
    ):
        with file_limit(1000):
            assert tiny_runs.call(main, *words) == 1
        err = tiny_runs.one_line(capsys.readouterr().err)
        assert err.startswith("error: cannot write ") and ROOM in err
        left = ("config.json", "manifest.json")  # they may say already that the run goes on
        assert tiny_runs.contents(folder, left) == {name: before[name] for name in before if name not in left}
        assert out.read_text() == "old"
        whole(folder)
    record_property("trials", 3)


@pytest.mark.fault(group=DISK, tried="the disk full when results are regenerated", outcome="one line; the old tables stand")
def test_a_full_disk_at_the_tables(undisturbed, tmp_path, capsys):
    results = tmp_path / "results"
    results.mkdir()
    assert tables.main(["tables", f"--add={undisturbed}", f"--results={results}"]) == 0
    before = {name: content for name, (content, _) in tiny_runs.contents(results).items()}
    capsys.readouterr()
    with file_limit(100):
        assert tables.main(["tables", f"--results={results}"]) == 1
    assert ROOM in tiny_runs.one_line(capsys.readouterr().err)
    assert {name: content for name, (content, _) in tiny_runs.contents(results).items()} == before


@contextlib.contextmanager
def mounted(folder, *words):
    """`mount WORDS folder` for the length of the block; skips the test where that is not allowed."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *map(str, words), str(folder)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"may not mount: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
@pytest.mark.fault(
    group=DISK,
    tried="a real file system of 64, 160 and 256 kB that fills up; then a larger one",
    outcome="one line, nothing half-written; then the bytes of an undisturbed run",
)
def test_a_small_file_system(data, undisturbed, tmp_path, capsys, record_property):
    disk = tmp_path / "disk"
    with mounted(disk, "-t", "tmpfs", "-o", "size=64k", "none"):
        for size in ("64k", "160k", "256k"):
            subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)
            assert start(data, disk / "run") == 1, size
            assert "No space left on device" in (err := tiny_runs.one_line(capsys.readouterr().err)) or "errno = 28" in err
            whole(disk / "run")
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        assert start(data, disk / "run") == 0
        same(disk / "run", undisturbed)
    record_property("trials", 3)


# ---- folders that cannot be written ------------------------------------------------------------------------------------------


@contextlib.contextmanager
def read_only(folder):
    """Nothing can be written below `folder`, by root neither."""
    if os.geteuid() == 0:
        with mounted(folder, "--bind", folder):
            subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
            yield
    else:
        folder.chmod(0o500)
        try:
            yield
        finally:
            folder.chmod(0o700)


@pytest.mark.fault(
    group=DISK,
    tried="run, --epochs=3, evaluate, sample and tables where nothing can be written",
    outcome="one line; nothing touched; what only reads works",
)
def test_a_read_only_folder(data, undisturbed, tmp_path, capsys, record_property):
    place = tmp_path / "place"
    folder = Path(shutil.copytree(undisturbed, place / "run"))
    (place / "results").mkdir()
    if os.geteuid() != 0:
        folder.chmod(0o500)
        (place / "results").chmod(0o500)
    before = tiny_runs.contents(place)
    with read_only(place):
        for main, words in (
            (run.main, [*tiny_runs.arguments(data), f"--workdir={place / 'new'}"]),
            (run.main, [*tiny_runs.arguments(data, epochs=3), f"--workdir={folder}"]),
            (evaluate.main, [f"--workdir={folder}"]),
            (sample.main, [f"--workdir={folder}"]),
            (tables.main, [f"--add={folder}", f"--results={place / 'results'}"]),
        ):
            assert tiny_runs.call(main, *words) == 1
            err = tiny_runs.one_line(capsys.readouterr().err)
            assert str(place) in err and ("Read-only file system" in err or "ermission" in err), err
        assert start(data, folder) == 0 and "finished already" in capsys.readouterr().out
        assert tiny_runs.call(sample.main, f"--workdir={folder}", "--n=4", f"--out={tmp_path / 'out.png'}") == 0
        assert tiny_runs.contents(place) == before
    if os.geteuid() != 0:
        folder.chmod(0o700)
        (place / "results").chmod(0o700)
    record_property("trials", 7)


@pytest.mark.fault(
    group=DISK,
    tried="a file where a run's folder or one of its folders should be, a folder where a file should, new run and finished one",
    outcome="one line that names it before anything is trained, nothing touched",
)
@pytest.mark.parametrize("place", marks.slow_after(4, IN_THE_WAY))
def test_something_in_the_way(place, data, undisturbed, tmp_path, capsys):
    new, finished = tmp_path / "new", Path(shutil.copytree(undisturbed, tmp_path / "finished"))
    new.mkdir()
    for folder in (new, finished):
        way = folder / place.rstrip("/")
        if way.exists():
            way.rename(tmp_path / "away")
        way.mkdir() if place.endswith("/") else way.write_text("mine")
        before = tiny_runs.contents(folder)
        assert start(data, folder, "--epochs=3") == 1
        assert f"cannot write {way}" in tiny_runs.one_line(capsys.readouterr().err)
        assert way.is_dir() == place.endswith("/") and tiny_runs.contents(folder) == before
