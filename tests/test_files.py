"""Files that are written whole or not at all: through exceptions, a full disk, a dead process; their checksums.

Who writes what is tested where it is written.
"""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gan_repro.system import files
from gan_repro.system.errors import RunError

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def path(tmp_path):
    """A file with old content, alone in its folder."""
    path = tmp_path / "folder" / "notes.txt"
    path.parent.mkdir()
    path.write_text("old")
    return path


def alone(path):
    """Whether the folder holds this file and nothing else: no temporary file either."""
    return [entry.name for entry in path.parent.iterdir()] == [path.name]


def python(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


def test_the_old_content_stands_until_the_block_ends(path):
    with files.replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old" and temporary.parent == path.parent and temporary != path
    assert path.read_text() == "new" and alone(path)


@pytest.mark.parametrize("name", ["a.txt", "a.npz", "generator.weights.h5", "a"])
def test_the_temporary_file_keeps_the_suffix_and_is_hidden(name, tmp_path):
    # Writers choose their format by the suffix; numpy.savez and Keras append it where it is missing.
    with files.replacing(tmp_path / name) as temporary:
        assert temporary.name.endswith("".join(Path(name).suffixes)) and temporary.name.startswith(".")
        temporary.write_text("x")
    assert (tmp_path / name).read_text() == "x" and alone(tmp_path / name)


def test_folders_are_made(tmp_path):
    files.write_text(tmp_path / "a" / "b" / "c.txt", "x")
    assert (tmp_path / "a" / "b" / "c.txt").read_text() == "x"


@pytest.mark.parametrize("error", [ValueError("a fault"), KeyboardInterrupt(), SystemExit(3)])
def test_an_exception_inside_leaves_the_old_content_and_no_temporary_file(error, path):
    with pytest.raises(type(error)) as caught, files.replacing(path) as temporary:
        temporary.write_text("half of the new")
        raise error
    assert caught.value is error  # not a RunError: it is no matter of the disk
    assert path.read_text() == "old" and alone(path)


def test_an_exception_inside_leaves_nothing_where_nothing_was(tmp_path):
    with pytest.raises(ValueError, match="a fault"), files.replacing(tmp_path / "new.txt") as temporary:
        temporary.write_text("half")
        raise ValueError("a fault")
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_disk_inside_is_the_users_to_mend(path):
    words = f"notes.txt: {os.strerror(errno.ENOSPC)}. What was there before is unchanged."
    with pytest.raises(RunError, match=words), files.replacing(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert path.read_text() == "old" and alone(path)


def test_a_librarys_error_of_many_lines_becomes_one(path):
    # h5py, on a full disk: no errno, no strerror, and a date between two line breaks.
    with pytest.raises(RunError) as caught, files.replacing(path):
        raise OSError("Can't write data (file write failed: time = Sat Nov 21 04:16:04 2026\n, errno = 28)")
    assert "Can't write data" in str(caught.value) and "\n" not in str(caught.value)
    assert path.read_text() == "old" and alone(path)


@pytest.mark.parametrize("write", [lambda path: files.write_text(path, "x"), lambda path: files.write_json(path, {})])
def test_a_folder_that_cannot_be_made(write, path):
    with pytest.raises(RunError, match="cannot write .*notes.txt/x.txt"):
        write(path / "x.txt")  # `path` is a file
    assert path.read_text() == "old" and alone(path)


def test_a_folder_that_is_read_only(path):
    if os.geteuid() == 0:
        pytest.skip("root may write into read-only folders")
    path.parent.chmod(0o500)
    try:
        with pytest.raises(RunError, match="Permission denied"):
            files.write_text(path, "new")
        assert path.read_text() == "old" and alone(path)
    finally:
        path.parent.chmod(0o700)


def test_a_folder_in_the_files_place_is_left_alone(path):
    with pytest.raises(RunError, match="cannot write"):
        files.write_text(path.parent, "x")
    assert path.read_text() == "old" and alone(path) and [entry.name for entry in path.parent.parent.iterdir()] == ["folder"]


# The limit on a file's size is what a full disk is to a writer: a write that comes back short and then fails.
_FULL_DISK = """
import resource, signal, sys
import numpy as np
from gan_repro.system import files
from gan_repro.system.errors import RunError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
def savez(path):
    with files.replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, a=np.zeros(100_000))
big = "x" * 1_000_000
def write_json(path):
    files.write_json(path, {"a": big})
writers = {"text": lambda path: files.write_text(path, big), "json": write_json, "npz": savez}
try:
    writers[sys.argv[2]](sys.argv[1])
except RunError as error:
    print(error)
    files.write_text(sys.argv[1] + ".small", "still works")
    sys.exit(7)
"""


@pytest.mark.parametrize("writer", ["text", "json", "npz"])
def test_a_full_disk_leaves_the_old_content(writer, path):
    done = python(_FULL_DISK, path, writer)
    assert (done.returncode, done.stderr) == (7, "")
    assert f"cannot write {path}: File too large. What was there before is unchanged." in done.stdout
    assert path.read_text() == "old"
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["notes.txt", "notes.txt.small"]


def test_a_process_that_dies_while_writing_leaves_the_old_content(path):
    code = (
        "import os, sys; from gan_repro.system import files\n"
        "with files.replacing(sys.argv[1]) as temporary:\n"
        "    temporary.write_text('half'); os._exit(9)"
    )
    assert python(code, path).returncode == 9
    assert path.read_text() == "old"


def test_what_was_left_half_written_long_ago_is_cleared_away(path):
    young, old, others = (
        path.parent / name
        for name in (f".notes.txtaaaa{files.TEMPORARY}.txt", f".notes.txtbbbb{files.TEMPORARY}.txt", ".notes.txt.swp")
    )
    for leftover in (young, old, others):
        leftover.write_text("half")
    for leftover in (old, others):
        os.utime(leftover, (0, path.stat().st_mtime - files.LEFT - 60))
    files.write_text(path, "new")
    assert {entry.name for entry in path.parent.iterdir()} == {path.name, young.name, others.name}


@pytest.mark.parametrize("name", ["a" * 250 + ".npz", "a." + "b" * 246 + ".npz", "ä" * 120 + ".txt", "a." + "b" * 250])
def test_a_name_may_be_as_long_as_the_file_system_takes(name, tmp_path):
    with files.replacing(tmp_path / name) as temporary:
        assert temporary.suffix == Path(name).suffix or len(Path(name).suffix) > 200
        temporary.write_text("x")
    assert (tmp_path / name).read_text() == "x" and alone(tmp_path / name)
    with pytest.raises(RunError, match="File name too long"), files.replacing(tmp_path / f"{name}{'c' * 20}"):
        pytest.fail("it is told before the work")
    assert alone(tmp_path / name)


@pytest.mark.parametrize("mask, mode", [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_umask_is_respected_and_restored(mask, mode, path):
    before = os.umask(mask)
    try:
        files.write_text(path, "x")
        assert path.stat().st_mode & 0o777 == mode
        assert os.umask(mask) == mask
    finally:
        os.umask(before)


def test_json_comes_back(tmp_path):
    value = {"a": [1, 2.5, None, True], "b": {"ä": "“x”"}, "tiny": 1e-300}
    files.write_json(tmp_path / "a.json", value)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert text.endswith("}\n") and files.read_json(tmp_path / "a.json") == value
    assert json.loads(text).items() > value.items() and json.loads(text).keys() - value.keys() == {"sha256"}


def test_json_comes_back_as_json_has_it(tmp_path):
    files.write_json(tmp_path / "a.json", {10: (1, 2), 9: {"b": ()}})  # sorted otherwise as numbers than as text
    assert files.read_json(tmp_path / "a.json") == {"10": [1, 2], "9": {"b": []}}


def test_json_that_was_changed_is_noticed_and_one_without_a_checksum_is_taken(path):
    files.write_json(path, {"a": 1, "b": [225.3]})
    text = path.read_text()
    for old, new in (("225.3", "325.3"), ('"a"', '"c"'), (text[-10], "0" if text[-10] != "0" else "1")):
        path.write_text(text[::-1].replace(old[::-1], new[::-1], 1)[::-1])
        with pytest.raises(RunError, match="notes.txt is damaged: its sha256 is another .*edited on purpose"):
            files.read_json(path)
    path.write_text('{"a": 2}')
    assert files.read_json(path) == {"a": 2}


@pytest.mark.parametrize("value", [{"a": float("nan")}, {"a": float("inf")}, {"a": [1, float("-inf")]}])
def test_what_json_has_no_word_for_is_refused_before_anything_is_written(value, path):
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(path, value)
    assert path.read_text() == "old" and alone(path)


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": 1', b'{"a": 1} x', b"\xff\xfe", b"\x89PNG\r\n"])
def test_a_damaged_json_file(content, path):
    path.write_bytes(content)
    with pytest.raises(RunError, match="notes.txt is damaged: it is not JSON") as caught:
        files.read_json(path)
    assert "\n" not in str(caught.value)


def test_a_json_file_that_cannot_be_read(path):
    with pytest.raises(RunError, match="cannot read .*missing.json: No such file"):
        files.read_json(path.parent / "missing.json")
    with pytest.raises(RunError, match="cannot read .*folder: Is a directory"):
        files.read_json(path.parent)


@pytest.mark.parametrize(
    "content, digest",  # FIPS 180-2, and the empty message
    [
        (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"a" * 10**6, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ],
)
def test_sha256(content, digest, path):
    path.write_bytes(content)
    assert files.sha256(path) == digest


# ---- caches --------------------------------------------------------------------------------------------------------


@pytest.fixture
def making():
    """A function that gives arrays, and the list of its calls."""
    calls = []

    def make():
        calls.append(len(calls))
        return {"numbers": np.arange(5.0), "none": np.zeros((0, 2), np.uint8)}

    return make, calls


def assert_made(found):
    np.testing.assert_array_equal(found["numbers"], np.arange(5.0))
    assert found["none"].shape == (0, 2) and found["none"].dtype == np.uint8 and len(found) == 2


def test_a_cache_is_made_once(tmp_path, making, capsys):
    make, calls = making
    for _ in range(3):
        assert_made(files.cached_arrays(tmp_path / "new" / "cache.npz", make, "not cached"))
    assert calls == [0] and capsys.readouterr() == ("", "")


@pytest.mark.parametrize("damage", [b"", b"no archive", "cut", "changed", "does not fit"])
def test_a_cache_that_is_damaged_or_does_not_fit_is_made_again(tmp_path, making, damage):
    make, calls = making
    path = tmp_path / "cache.npz"
    files.cached_arrays(path, make, "not cached")
    whole = path.read_bytes()
    if damage == "does not fit":
        files.write_arrays(path, {"numbers": np.arange(6.0)})
    elif damage == "changed":
        path.write_bytes(whole[:50] + bytes([whole[50] ^ 1]) + whole[51:])
    else:
        path.write_bytes(whole[: len(whole) // 2] if damage == "cut" else damage)
    for _ in range(2):
        assert_made(files.cached_arrays(path, make, "not cached", lambda found: len(found.get("numbers", ())) == 5))
    assert calls == [0, 1] and alone(path)


def test_where_no_cache_can_be_written_a_note_says_what_that_costs(path, making, capsys):
    make, calls = making
    for _ in range(2):
        assert_made(files.cached_arrays(path / "below a file" / "cache.npz", make, "they will be made again"))
        out, err = capsys.readouterr()
        assert out == "" and err.startswith("note: they will be made again: ") and err.count("\n") == 1
    assert calls == [0, 1] and path.read_text() == "old"
