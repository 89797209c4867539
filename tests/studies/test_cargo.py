"""What travels to a machine without the queue's folders arrives as the same bytes, where a run there looks for it."""

from pathlib import Path

import numpy as np
import pytest
from support import planned as simulated

from gan_repro.data import from_tfds, user
from gan_repro.studies import cargo
from gan_repro.studies.places import Places
from gan_repro.system.errors import RunError


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """The Hold of another machine; going there moves away what the first one had."""
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return cargo.Hold(tmp_path / "hold")


def send(data, hold, monkeypatch):
    """Sends data in pieces of 10 bytes."""
    monkeypatch.setattr(cargo, "PIECE", 10)
    for number, piece in enumerate(cargo.pieces(data.below(data.root))):
        assert sum(len(part) for _, part in piece) <= 10
        hold.take(data.digest, piece, number == 0)


def test_a_prepared_data_set_travels(tmp_path, machine, monkeypatch):
    folder = tmp_path / "tfds" / "mnist" / "3.0.1"
    folder.mkdir(parents=True)
    (folder / "dataset_info.json").write_text("{}")
    (folder / "mnist-train.tfrecord").write_bytes(bytes(range(95)))
    data = cargo.data_of("mnist", tmp_path / "tfds")
    assert data.base == "mnist/3.0.1" and data.size == 97
    assert machine.data_dir(data) == str(tmp_path / "tfds")  # it is there: the same machine, or a shared folder
    send(data, machine, monkeypatch)
    folder.parent.rename(tmp_path / "gone")
    assert machine.data_dir(data) is None
    machine.settle(data.digest, data)
    found = from_tfds.prepared("mnist", machine.data_dir(data))
    assert (found / "mnist-train.tfrecord").read_bytes() == bytes(range(95)) and found != folder


def test_stacked_digits_travel_as_the_digits_that_they_are_made_of(tmp_path, monkeypatch):
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    folder = tmp_path / "mnist" / "3.0.1"
    folder.mkdir(parents=True)
    (folder / "dataset_info.json").write_text("{}")
    assert cargo.data_of("stacked_mnist", tmp_path) == cargo.data_of("mnist", tmp_path) != None  # noqa: E711
    assert cargo.data_of("stacked_glyphs", tmp_path) is None


@pytest.mark.parametrize("kind", ["absolute", "relative", "above", "home"])
def test_a_file_of_a_user_travels(kind, tmp_path, machine, monkeypatch):
    (tmp_path / "home" / "work").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "home" / "work")
    name = {"absolute": str(tmp_path / "mine.npz"), "relative": "mine.npz", "above": "../mine.npz", "home": "~/mine.npz"}[kind]
    path = Path(name).expanduser().absolute()
    np.savez(path, images=np.zeros((3, 2, 2), np.uint8))
    content = path.read_bytes()
    data = cargo.data_of(f"npz:{name}", None)
    assert user.path_of(f"npz:{name}", machine.data_dir(data)).read_bytes() == content
    send(data, machine, monkeypatch)
    machine.settle(data.digest, data)
    path.unlink()
    found = user.path_of(f"npz:{name}", machine.data_dir(data))
    assert found.read_bytes() == content and found.resolve().is_relative_to(tmp_path / "hold")
    path.write_bytes(b"another one")
    with pytest.raises(RunError, match="is another one here"):
        machine.data_dir(data)


def test_a_folder_of_pictures_is_told_from_another_one(tmp_path, machine):
    for name in ("a/1.png", "b/2.png"):
        (tmp_path / "pictures" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pictures" / name).write_bytes(name.encode())
    before = cargo.data_of("images:pictures", tmp_path)
    (tmp_path / "pictures" / "b" / "2.png").write_bytes(b"other")
    assert cargo.data_of("images:pictures", tmp_path).digest != before.digest
    assert machine.data_dir(before) is None


@pytest.mark.parametrize("dataset", ["glyphs", "gaussian1d", "mnist", "tfd", "npz:nowhere.npz"])
def test_nothing_travels_where_there_is_nothing(dataset, tmp_path, machine):
    assert cargo.data_of(dataset, tmp_path) is None


def test_what_changed_on_its_way_is_refused(tmp_path, machine):
    (tmp_path / "mine.npz").write_bytes(b"one")
    data = cargo.data_of(f"npz:{tmp_path / 'mine.npz'}", None)
    machine.take(data.digest, (("", b"two"),), True)
    with pytest.raises(RunError, match="changed on its way"):
        machine.settle(data.digest, data)


def test_a_runs_folder_comes_back_whole_and_older_checkpoints_go(tmp_path):
    (run,), here, there = simulated.runs("0"), Places(tmp_path / "here"), Places(tmp_path / "there")
    for places, names in (
        (here, ("checkpoints/0000000001.npz",)),
        (there, ("checkpoints/0000000009.npz", "record.json", ".lock")),
    ):
        for name in names:
            (places.run(run) / name).parent.mkdir(parents=True, exist_ok=True)
            (places.run(run) / name).write_text(name)
    pieces = list(cargo.run_pieces(there.run(run)))
    assert [name for name, _ in pieces[-1]][-1] == "record.json"
    cargo.receive(here, run, pieces)
    found = sorted(str(each.relative_to(here.run(run))) for each in here.run(run).rglob("*") if each.is_file())
    assert found == [".lock", "checkpoints/0000000009.npz", "record.json"]
