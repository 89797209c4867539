"""A run's folder: what it says of the machine, its lock, what is cleared away; its files are tested with the programs."""

import errno
import os
import shutil

import pytest
from support.loops import StopAt, loop

from gan_repro.runs.workdir import Workdir
from gan_repro.system import files, machine, signals
from gan_repro.system.errors import RunError


def test_the_processor_is_named_with_its_widest_instructions_and_cores(monkeypatch):
    entry = "processor : {}\nmodel name\t: Some CPU @ 2 GHz\nflags\t\t: fpu {}\n\n"
    monkeypatch.setattr(machine, "_cores", lambda: 2)
    told = {"avx2 avx512f avx512_bf16": ", AVX-512 BF16", "avx2 avx512f": ", AVX-512", "avx2": ", AVX2", "sse2": ""}
    for flags, said in told.items():
        text = entry.format(0, flags) + entry.format(1, flags)
        monkeypatch.setattr(machine.Path, "read_text", lambda path, text=text, **encoding: text)
        assert machine.processor() == f"Some CPU @ 2 GHz{said} (2 cores)"
    monkeypatch.setattr(machine.Path, "read_text", lambda path, **encoding: "nothing that is known")
    monkeypatch.setattr(machine, "_cores", lambda: 1)
    assert machine.processor().endswith(" (1 core)")


def test_what_a_killed_process_left_half_written_is_cleared_away(tmp_path):
    def leave(*place):
        leftover = tmp_path.joinpath(*place, f".0000000010.npz{files.TEMPORARY}x.npz")
        leftover.parent.mkdir(parents=True, exist_ok=True)
        leftover.write_bytes(b"half")
        return leftover

    own = [leave(*place) for place in ((), ("checkpoints",), ("samples",), ("figures",), ("figures", "real-images"))]
    others = [leave(*place) for place in (("a run",), ("a run", "checkpoints"))]  # which may be writing
    assert not Workdir(tmp_path).begun()
    with Workdir(tmp_path).locked():
        assert not any(path.exists() for path in own) and all(path.exists() for path in others)


def test_two_runs_in_one_folder_are_refused(tmp_path):
    with Workdir(tmp_path).locked(), pytest.raises(RunError, match="another process is using"), Workdir(tmp_path).locked():
        pass
    with Workdir(tmp_path).locked():  # and the lock goes with its owner
        pass


def test_a_file_system_without_locks_is_no_other_process(tmp_path, monkeypatch):
    def flock(file, how):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(RunError, match="cannot lock .*: No locks available"), Workdir(tmp_path).locked():
        pass


def test_what_another_training_left_is_not_this_one_s(digits, tmp_path):
    """A folder whose checkpoints someone deleted: the training there begins anew."""
    loop(digits, tmp_path, epochs=2, averages=("ema-.5",)).run()
    shutil.rmtree(tmp_path / "checkpoints")
    stale = ["samples/epoch-00009.png", "samples/game-epoch-00009.npz", "samples/critic.weights.h5", "figures/averages.png"]
    kept = ["notes.txt", "mine.weights.h5", "samples/best-seed0.png", "figures/notes.txt"]
    for name in (*stale, *kept):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("old")
    made = loop(digits, tmp_path, [StopAt(10)], epochs=3, every=2, averages=("ema-.9",))
    with pytest.raises(signals.Interrupted):
        made.run()
    assert Workdir(tmp_path).kinds() == ["last", "ema-.9"]
    assert [name for name in (*stale, *kept) if (tmp_path / name).exists()] == kept
