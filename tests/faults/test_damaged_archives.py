"""Archives of arrays, byte by byte: a changed or missing byte is noticed, or nothing is lost; other things are not opened."""

import zipfile

import numpy as np
import pytest
from support import marks
from support.damage import FILES, SEAL, damage

from experiments.goodfellow2014 import figure1
from experiments.wgan import learning
from gan_repro.runs.workdir import Workdir
from gan_repro.system import files
from gan_repro.system.errors import RunError


def archives(folder):
    """{kind: (path, reader: path -> something with arrays)} of each .npz of a run that the program reads again."""
    rng = np.random.default_rng(0)
    checkpoints = Workdir(folder / "run")
    checkpoints.save_checkpoint(5, {"a/0": rng.normal(size=(3, 4)).astype(np.float32), "n": np.int32(7)}, {"stage": 0})
    line, z = np.linspace(-1, 1, 5), np.linspace(0, 1, 3)
    figure1.Snapshot(1, 2, line, line**2, line**2, line**2, z, z).write(folder / "figure1.npz")
    learning.Snapshot(1, 2, 3, 0.5, rng.random((2, 3, 3, 1)).astype(np.float32)).write(folder / "learning.npz")
    return {
        "checkpoint": (checkpoints.checkpoints / "0000000005.npz", lambda path: checkpoints.load_checkpoint(pytest.fail)),
        "snapshot of Figure 1": (folder / "figure1.npz", lambda path: vars(figure1.read(path))),
        "snapshot of a training": (folder / "learning.npz", lambda path: vars(learning.read(path))),
    }


def plain(value):
    """Arrays anywhere in a value as what decides whether they are the same."""
    if isinstance(value, (tuple, list)):
        return [plain(entry) for entry in value]
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    return (value.dtype.str, value.shape, value.tobytes()) if isinstance(value, np.ndarray) else value


@pytest.mark.fault(
    group=FILES,
    tried="a byte of a small checkpoint or snapshot changed: each byte",
    outcome="exactly the right arrays, or noticed",
)
@pytest.mark.parametrize("kind", marks.slow_after(1, ["checkpoint", "snapshot of a training", "snapshot of Figure 1"]))
def test_every_byte_of_an_archive(kind, tmp_path, record_property):
    path, read = archives(tmp_path)[kind]
    whole, wanted = path.read_bytes(), plain(read(path))
    rng = np.random.default_rng(1)
    end = whole.rindex(SEAL)  # what the checksum's own words are does not matter
    for at in range(len(whole)):
        change = 1 << rng.integers(8) if at % 2 else int(rng.integers(1, 256))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ change]) + whole[at + 1 :])
        try:
            assert plain(read(path)) == wanted, f"byte {at} ^ {change}: wrong arrays"
            assert at >= end, f"byte {at} ^ {change} was not noticed"
        except RunError as error:
            assert "\n" not in str(error)
    record_property("trials", len(whole))


@pytest.mark.fault(group=FILES, tried="a small checkpoint cut off, at every length", outcome="noticed")
def test_every_length_of_a_checkpoint(tmp_path, record_property):
    path, read = archives(tmp_path)["checkpoint"]
    whole = path.read_bytes()
    end, wanted = whole.rindex(SEAL), plain(read(path))
    for length in range(end):
        path.write_bytes(whole[:length])
        with pytest.raises(RunError):
            read(path)
    for length in range(end, len(whole)):  # all arrays are there
        path.write_bytes(whole[:length])
        assert plain(read(path)) == wanted
    record_property("trials", len(whole))


@pytest.mark.fault(
    group=FILES,
    tried="a byte of a checkpoint without a checksum of its own (an older version's) changed: each byte",
    outcome="no array that was not there, or noticed; none that is missing goes unnoticed by the run",
)
def test_every_byte_of_an_older_checkpoint(tmp_path, record_property):
    path, read = archives(tmp_path)["checkpoint"]
    whole, (wanted, notes) = path.read_bytes()[: path.read_bytes().rindex(SEAL)], plain(read(path))
    rng = np.random.default_rng(4)
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ int(rng.integers(1, 256))]) + whole[at + 1 :])
        try:
            found = plain(read(path))
        except RunError as error:
            assert "\n" not in str(error)
            continue
        assert found[1] == notes and found[0].items() <= wanted.items()  # Loop.restore wants all of them
    record_property("trials", len(whole))


def test_what_a_header_says_is_not_believed_before_its_checksum(tmp_path):
    # Half the bytes, half-precision: numpy.load reads what it is told to and stops before the end, where the CRC is.
    files.write_arrays(tmp_path / "a.npz", {"a": np.ones(8, np.float32)})
    content = (tmp_path / "a.npz").read_bytes()
    assert content.count(b"'<f4'") == 1
    (tmp_path / "a.npz").write_bytes(content.replace(b"'<f4'", b"'<f2'"))
    with pytest.raises(RunError, match="damaged"):
        files.read_arrays(tmp_path / "a.npz")


@pytest.mark.fault(
    group=FILES,
    tried="going on from a damaged checkpoint's predecessor",
    outcome="the damaged one is not counted among those that are kept",
)
def test_a_damaged_later_checkpoint_takes_no_place(tmp_path):
    folder = Workdir(tmp_path)
    for step in (10, 20):
        folder.save_checkpoint(step, {"a": np.arange(step)}, {"step": step})
    damage(tmp_path / "checkpoints" / "0000000020.npz", "truncated")
    lines = []
    assert folder.load_checkpoint(lines.append)[1] == {"step": 10} and len(lines) == 1 and "0000000020.npz" in lines[0]
    folder.save_checkpoint(13, {"a": np.arange(13)}, {"step": 13})
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["0000000010.npz", "0000000013.npz"]


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_checkpoint(content, tmp_path):
    Workdir(tmp_path).checkpoints.mkdir()
    (tmp_path / "checkpoints" / "0000000001.npz").write_bytes(content)
    with pytest.raises(RunError, match="all checkpoints"):
        Workdir(tmp_path).load_checkpoint(pytest.fail)


def test_an_archive_that_hides_code_is_not_opened(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.array([print], dtype=object))
    with pytest.raises(RunError, match="damaged"):
        files.read_arrays(tmp_path / "a.npz")
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
        archive.writestr("a.npy", b"no array")
    with pytest.raises(RunError, match="damaged"):
        files.read_arrays(tmp_path / "b.npz")
