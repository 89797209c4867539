"""Packaging a run's generators against numpy and h5py: what is kept, what is rounded, what is refused, and stops half way."""

import dataclasses
import json
import os
import shutil

import h5py
import numpy as np
import pytest
from support import noise

from gan_repro import ship, shipped
from gan_repro.latent import sampling
from gan_repro.networks import weights
from gan_repro.papers import configuration
from gan_repro.reporting.record import Record
from gan_repro.runs import runner
from gan_repro.runs.trained import from_folder
from gan_repro.runs.workdir import Workdir
from gan_repro.system import files, randomness
from gan_repro.system.errors import RunError


def told(folder):
    return files.read_json(shipped.note(folder))


def brightness(run):
    return [run.measurement("brightness", "1", run.samples(kind, 20).mean(), None, kind) for kind in run.kinds()]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of two minibatches on 300 images of 8 x 8, whose record has a measurement."""
    place = tmp_path_factory.mktemp("ship")
    images = np.random.default_rng(3).integers(0, 256, (300, 8, 8), dtype=np.uint8)
    np.savez(place / "tiny.npz", images=images)
    found = configuration.find("goodfellow2014")
    config = configuration.resolve(found, f"npz:{place / 'tiny.npz'}", preset="quick")
    recipe = dataclasses.replace(
        config.recipe,
        epochs=2,
        validate_every=1,
        steps_per_epoch=2,
        batch_size=20,
        n_samples=50,
        generator_units=(16,),
        discriminator_units=(8,),
        generator_irange=1.0,
        samples_every=9,
        averages=(),
    )
    config = dataclasses.replace(config, recipe=recipe)
    assert runner.execute(noise.unmeasured(found, (brightness,)), config, place / "run") == 0
    return place / "run"


@pytest.fixture
def quick(monkeypatch):
    """The experiment whose only measure is `brightness`; arrays of more than a hundred numbers are large."""
    monkeypatch.setattr(ship, "LARGE", 100)
    found = noise.unmeasured(configuration.find("goodfellow2014"), (brightness,))
    monkeypatch.setattr(configuration, "find", lambda name: found)


def numbers(path):
    with h5py.File(path) as file:
        held = {}
        file.visititems(lambda name, entry: held.update({name: entry[()]}) if isinstance(entry, h5py.Dataset) else None)
    return held


@pytest.mark.parametrize("precision", ship.PRECISIONS)
def test_packaging_keeps_the_run_and_rounds_its_weights(precision, trained, quick, tmp_path):
    before = {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()}
    folder = ship.ship(trained, ["last", "best", "last"], precision, ("discriminator",), into=tmp_path)
    assert folder == tmp_path / "goodfellow2014-npz_tiny" and [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert before == {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()}
    for name in ("generator.weights.h5", "generator_best.weights.h5", "discriminator.weights.h5"):
        old, new = numbers(trained / name), numbers(folder / name)
        assert old.keys() == new.keys() and old
        large = {key for key in old if old[key].size > 100}
        assert 0 < len(large) < len(old)
        for key in old:
            kept = np.dtype(precision if key in large else "float32")
            assert new[key].dtype == kept and (new[key] == old[key].astype(kept)).all()
    said, record = told(folder), json.loads((trained / "record.json").read_text())
    assert files.read_json(folder / "record.json") == {key: value for key, value in record.items() if key != "sha256"}
    assert said["weights"] == ["best", "last"] == Workdir(folder).kinds()
    drawn = {kind: [from_folder(at).samples(kind, 1000) for at in (trained, folder)] for kind in said["weights"]}
    apart = [np.abs(old.astype(float) - new) for old, new in drawn.values()]
    assert said["largest_difference"] == pytest.approx(max(each.max() for each in apart))
    assert said["mean_difference"] == pytest.approx(max(each.mean() for each in apart))
    assert (said["largest_difference"] == 0) == (precision == "float32")
    recorded = {entry["weights"]: entry["value"] for entry in record["measurements"]}
    assert [entry["weights"] for entry in said["measurements"]] == said["weights"]
    for entry in said["measurements"]:
        assert entry["value"] == pytest.approx(drawn[entry["weights"]][1][:20].mean())
        assert entry["record"] == recorded[entry["weights"]]


@pytest.mark.parametrize("networks, of_d", [((), []), (("discriminator",), ["d_weights"])])
def test_what_is_measured_of_a_network_is_left_out_where_it_is_not_packaged(networks, of_d, trained, monkeypatch, tmp_path):
    def weights_of_d(run):
        return [run.measurement("d_weights", "1", run.discriminator().count_params(), None, "last")]

    found = noise.unmeasured(configuration.find("goodfellow2014"), (weights_of_d, brightness))
    monkeypatch.setattr(configuration, "find", lambda name: found)
    folder = ship.ship(trained, ["last"], "float32", networks, into=tmp_path)
    measured = shipped.measure(folder, out=tmp_path / "out")
    assert [entry.metric for entry in measured] == [*of_d, "brightness"]
    assert [entry["metric"] for entry in told(folder)["measurements"]] == ["brightness"]  # what the record has as well


def test_a_runs_draws_of_z(trained):
    run = from_folder(trained)
    sampled = sampling.sample_images(run.generator("last"), run.prior(), 20, run.config.seed)
    np.testing.assert_array_equal(run.samples("last", 20, draw=randomness.VALIDATION), sampled)
    found = [run.samples("last", 20, draw=k) for k in range(randomness.REPORTED)]
    np.testing.assert_array_equal(run.samples("last", 20), found[0])
    images = {image.tobytes() for draw in (sampled, *found) for image in draw}
    assert len(images) == 20 * 6
    np.testing.assert_array_equal(run.samples("last", 20, seed=run.config.seed, draw=3), sampled)


def test_a_shipped_generator_is_reported_anew(trained, quick, tmp_path):
    folder = ship.ship(trained, ["last"], "float32", into=tmp_path)
    record = shipped.record(folder)
    best, last = ({str(entry.subject): entry for entry in record.measurements}[kind] for kind in ("best", "last"))
    accuracy = dataclasses.replace(best, metric="label_accuracy")
    rest = accuracy, dataclasses.replace(accuracy, weights="last")
    old = dataclasses.replace(
        record,
        choice=dataclasses.replace(record.choice, draw="reported"),
        measurements=(best, dataclasses.replace(last, value=7.0), *rest),
    )
    files.write_json(folder / "record.json", old.to_json())
    assert shipped.measure(folder, out=tmp_path / "out") == [last]  # float32 has changed nothing
    new = shipped.report(folder, out=tmp_path / "out")
    assert new.measurements == (best, last, *rest)  # whose weights are gone stays
    assert new.choice == old.choice and new.manifest.reported_anew["weights"] == ["last"]
    assert Record.from_json(new.to_json(), "record.json") == new


def test_numbers_of_another_classifier_do_not_stay_beside_todays(trained, quick, tmp_path, monkeypatch):
    folder = ship.ship(trained, ["last"], "float32", into=tmp_path)
    record = shipped.record(folder)
    accuracy = dataclasses.replace(record.measurements[0], metric="label_accuracy", weights="best")
    more = accuracy, dataclasses.replace(accuracy, weights="last")
    old = dataclasses.replace(record, measurements=(*record.measurements, *more))
    files.write_json(folder / "record.json", old.to_json())
    today = dataclasses.replace(more[1], value=3.0, classifier_difference=0.1)
    monkeypatch.setattr(shipped, "measure", lambda *args: [today])
    kept = [(entry.metric, entry.weights) for entry in shipped.report(folder).measurements]
    assert kept == [("brightness", "best"), ("brightness", "last"), ("label_accuracy", "last")]
    assert shipped.report(folder).measurements[-1] == today


def test_without_its_data_nothing_is_packaged(trained, quick, tmp_path):
    folder = ship.ship(trained, into=tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    data = trained.parent / "tiny.npz"
    data.rename(data.with_suffix(".away"))
    try:
        with pytest.raises(RunError, match="measured on the run's data: .*tiny.npz"):
            ship.ship(trained, into=tmp_path)
    finally:
        data.with_suffix(".away").rename(data)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before and len(list(tmp_path.iterdir())) == 1


def test_what_is_packaged_is_not_packaged_again(trained, quick, tmp_path):
    folder = ship.ship(trained, into=tmp_path)
    with pytest.raises(RunError, match="give the folder of the run"):
        ship.ship(folder, into=tmp_path)


def test_a_second_packaging_replaces_the_first(trained, quick, tmp_path):
    folder = ship.ship(trained, ["last"], into=tmp_path)
    (folder / "left over").touch()
    ship.ship(trained, ["best"], into=tmp_path)
    assert Workdir(folder).kinds() == ["best"] and not (folder / "left over").exists()


def test_a_packaging_that_is_stopped_between_two_renamings_loses_nothing(trained, quick, tmp_path, monkeypatch):
    folder = ship.ship(trained, ["last"], into=tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    replace = os.replace

    def fails(old, new):
        if new == folder and "new" in old.parts:
            raise OSError("a fault")
        replace(old, new)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fails)
        with pytest.raises(OSError, match="a fault"):
            ship.ship(trained, ["best"], into=tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before and len(list(tmp_path.iterdir())) == 1
    aside = tmp_path / f"{files.TEMPORARY}x" / "old" / folder.name  # as a process leaves it that is killed there
    aside.parent.mkdir(parents=True)
    folder.rename(aside)
    with monkeypatch.context() as patch, pytest.raises(RunError, match="at most"):
        patch.setattr(shipped, "LARGEST", 1000)
        ship.ship(trained, ["best"], into=tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before and len(list(tmp_path.iterdir())) == 1
    with ship._alone(tmp_path), pytest.raises(RunError, match="another process is packaging"):
        ship.ship(trained, into=tmp_path)


def test_other_data_of_the_same_name_do_not_replace_what_is_shipped(trained, quick, tmp_path):
    folder = ship.ship(trained, ["last"], into=tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    copy = shutil.copytree(trained, tmp_path / "copy")
    for name in ("config.json", "record.json"):
        content = files.read_json(copy / name)
        for place in (content, content.get("config", {})):
            place["dataset"] = f"npz:{tmp_path}/data/tiny.npz"
        files.write_json(copy / name, content)
    with pytest.raises(RunError, match=r"goodfellow2014-npz_tiny holds what was shipped of npz:.*tiny\.npz"):
        ship.ship(copy, ["last"], into=tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    for name in ("config.json", "record.json"):
        (copy / name).write_text((copy / name).read_text().replace("/data/tiny", "/data/other"))
        content = json.loads((copy / name).read_text())
        files.write_json(copy / name, {key: value for key, value in content.items() if key != "sha256"})
    (tmp_path / "data").mkdir()
    np.savez(tmp_path / "data/other.npz", images=np.zeros((300, 8, 8), np.uint8))
    with pytest.raises(RunError, match="other data"):
        ship.ship(copy, ["last"], into=tmp_path)
    shutil.copy(trained.parent / "tiny.npz", tmp_path / "data/other.npz")
    assert ship.ship(copy, ["last"], into=tmp_path).name == "goodfellow2014-npz_other"


def test_a_damaged_byte_is_noticed(trained, quick, tmp_path):
    folder = ship.ship(trained, ["last"], into=tmp_path)
    path = Workdir(folder).weights("last")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunError, match="sha256"):
        from_folder(folder).generator("last")


def test_what_cannot_be_packaged(trained, quick, tmp_path, monkeypatch):
    there = ship.ship(trained, into=tmp_path / "trained")
    before = sorted(path.read_bytes() for path in there.iterdir())
    copy = shutil.copytree(trained, tmp_path / "copy")
    run = from_folder(copy)
    network = run.generator("last")
    network.set_weights([value * 1e6 for value in network.get_weights()])
    weights.write(network, copy / "generator.weights.h5")
    with pytest.raises(RunError, match="does not fit into float16"):
        ship.ship(copy, ["last"], into=there.parent)
    with monkeypatch.context() as patch, pytest.raises(RunError, match="at most 0.001 MB"):
        patch.setattr(shipped, "LARGEST", 1000)
        ship.ship(trained, into=there.parent)
    record = json.loads((trained / "record.json").read_text())
    del record["sha256"]
    glyphs = {"dataset": "glyphs", "config": record["config"] | {"dataset": "glyphs"}}
    smoke = {"preset": "smoke", "config": record["config"] | {"preset": "smoke"}}
    for change, said in (({"complete": False}, "has not finished"), (smoke, "a smoke run"), (glyphs, "program's own digits")):
        (copy / "record.json").write_text(json.dumps(record | change))
        with pytest.raises(RunError, match=said):
            ship.ship(copy, ["last"], "float32", into=there.parent)
    (copy / "record.json").unlink()
    with pytest.raises(RunError, match="has no record.json"):
        ship.ship(copy, into=there.parent)
    assert sorted(path.read_bytes() for path in there.iterdir()) == before
    assert [path.name for path in there.parent.iterdir()] == [there.name]


@pytest.mark.parametrize(
    ("words", "said"),
    [([], "--workdir=DIR is missing"), (["--workdir=x", "--precision=int8"], "valid: float16, float32")],
)
def test_wrong_usage(words, said, capsys):
    assert ship.main(["ship", *words]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("place", "said"), [("nowhere", "no folder"), (shipped.FOLDER / "wgan-mnist", "the folder of the run")]
)
def test_what_is_no_run_is_refused_before_tensorflow_starts(place, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert ship.main(["ship", f"--workdir={place}"]) == 1
    out, err = capsys.readouterr()
    assert said in err and err.count("\n") == 1 and out == ""
