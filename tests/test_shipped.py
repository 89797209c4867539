"""What comes with the program: every shipped generator against its record, and packaging one against numpy and h5py."""

import dataclasses
import json
import os
import shutil

import conftest
import h5py
import numpy as np
import pytest
from PIL import Image
from support import noise

from gan_repro import data, sample, ship, shipped
from gan_repro.evaluation import classifier, measure, neighbours, parzen
from gan_repro.evaluation.measurement import Subject
from gan_repro.latent import sampling
from gan_repro.networks import weights
from gan_repro.papers import configuration
from gan_repro.reporting import records
from gan_repro.reporting.record import Record
from gan_repro.runs import runner
from gan_repro.runs.trained import from_folder
from gan_repro.runs.workdir import Workdir
from gan_repro.system import files, randomness
from gan_repro.system.errors import RunError

SHIPPED = [pytest.param(*key, id="-".join(key)) for key in shipped.folders()]
GENERATORS = [
    pytest.param(*key, kind, id="-".join([*key, kind]))
    for key, folder in shipped.folders().items()
    for kind in Workdir(folder).kinds()
]
DRAWN = 1000


@pytest.fixture(scope="module")
def mnist():
    """As conftest.real_mnist, but loaded once."""
    if conftest.mnist_data_dir() is None:
        pytest.skip("needs real MNIST: set TFDS_DATA_DIR to a folder where TensorFlow Datasets has prepared it")
    return data.load("mnist")


def told(folder):
    return files.read_json(shipped.note(folder))


# ---- what is shipped -------------------------------------------------------------------------------------------------


def test_the_papers_are_there():
    assert {("goodfellow2014", "mnist"), ("cgan", "mnist"), ("dcgan", "mnist"), ("wgan", "mnist")} <= shipped.folders().keys()
    beside = {path.name for path in shipped.FOLDER.iterdir()} - {path.name for path in shipped.folders().values()}
    assert beside == {"classifier-mnist"}  # no generator; test_classifier.py has its tests


def test_all_together_are_small():
    sizes = [path.stat().st_size for path in shipped.FOLDER.rglob("*") if path.is_file()]
    assert max(sizes) <= shipped.LARGEST and sum(sizes) <= shipped.ALL


@pytest.mark.parametrize(("name", "dataset"), SHIPPED)
def test_the_results_have_the_same_record(name, dataset):
    assert shipped.record(shipped.find(name, dataset)) in records.read_folder(conftest.ROOT / "results" / "records")


@pytest.mark.parametrize(("name", "dataset"), SHIPPED)
def test_the_files_are_those_that_were_packaged(name, dataset):
    folder = shipped.find(name, dataset)
    said, record = told(folder), shipped.record(folder)
    assert record.experiment == name and record.dataset == dataset and record.complete
    found = {path.name: files.sha256(path) for path in folder.glob("*.h5")}
    assert found == said["files_sha256"] and Workdir(folder).kinds() == said["weights"]
    for kind in said["weights"]:  # the record knows the files that were packaged
        kept = record.manifest.weights_sha256[kind]
        assert said["packaged_from_sha256"][Workdir(folder).weights(kind).name] == kept


@pytest.mark.parametrize(("name", "dataset"), SHIPPED)
def test_half_precision_changes_no_pixel_by_a_visible_step(name, dataset):
    said = told(shipped.find(name, dataset))
    assert said["n_images"] == DRAWN and said["largest_difference"] < 2 / 255 and said["mean_difference"] < 1e-4
    assert {entry["weights"] for entry in said["measurements"]} == set(said["weights"])
    for entry in said["measurements"]:
        error = entry["standard_error"]
        bound = 0.02 * abs(entry["record"]) if error is None else error
        assert entry["value"] == pytest.approx(entry["record"], rel=0, abs=bound)


@pytest.mark.parametrize(("name", "dataset", "kind"), GENERATORS)
def test_without_data_the_pictures_are_like_digits(name, dataset, kind, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", "/nowhere")
    run = shipped.load(name, dataset)
    raw = run.samples(kind, DRAWN)
    scaling = run.source.spec.scaling
    assert raw.shape == (DRAWN, 28, 28, 1) and raw.dtype == np.float32 and np.isfinite(raw).all()
    assert raw.min() >= scaling.low and raw.max() <= scaling.high
    images = (raw - scaling.low) / (scaling.high - scaling.low)
    # The first thousand test digits of MNIST: mean .12, in the middle .38, at the upper and lower edges .0002.
    assert 0.1 < images.mean() < 0.16 and images[:, [0, -1]].mean() < 0.02 and 0.3 < images[:, 10:18, 10:18].mean() < 0.5
    spread = np.sqrt(np.square(images - images.mean(axis=0)).sum(axis=(1, 2, 3)).mean())
    assert 6.4 < spread < 7.7  # theirs: 7.07. Pictures of few kinds differ less
    assert np.mean((images < 0.1) | (images > 0.9)) > 0.85  # theirs: .915. Blurred ones are grey
    assert len({image.tobytes() for image in images}) == DRAWN


@pytest.mark.e2e
@pytest.mark.parametrize(("name", "dataset", "kind"), GENERATORS)
def test_against_the_record(name, dataset, kind, mnist):
    """The log-likelihood, the labels and the classes, with fewer images than the record has: within loose bands."""
    folder = shipped.find(name, dataset)
    run = shipped.load(name, dataset)
    unit = run.source.spec.scaling.unit
    recorded = {entry.metric: entry for entry in shipped.record(folder).measurements if str(entry.subject) == kind}
    checked = set()
    if "parzen_log_likelihood" in recorded:
        entry = recorded["parzen_log_likelihood"]
        window = parzen.ParzenWindow(unit(run.samples(kind, entry.n_samples)))
        nats = window.log_likelihood(mnist.scaled("test", 1000), entry.sigma)
        # The first thousand test images are not harder or easier than all of them by more than four standard errors.
        assert nats.mean() == pytest.approx(entry.value, abs=4 * entry.standard_error * np.sqrt(entry.n_test / 1000))
        checked.add("parzen_log_likelihood")
    train, labels = mnist.scaled("train", 10_000), mnist.labels("train")[:10_000]
    read = neighbours.classify(unit(run.samples(kind, DRAWN)), train, labels)  # of test digits it reads 95 % right
    if "label_accuracy" in recorded:
        accuracy = 100 * np.mean(read == np.arange(DRAWN) % 10)
        assert accuracy == pytest.approx(recorded["label_accuracy"].value, abs=6)
        checked.add("label_accuracy")
    if "class_kl" in recorded:
        classes = np.bincount(read, minlength=10) / DRAWN
        theirs = np.array(recorded["class_kl"].histogram) / recorded["class_kl"].n_samples
        # Half-formed digits, of which the WGAN draws many, are read in another way by the record's classifier: .22 there.
        assert np.abs(classes - theirs).sum() / 2 < 0.3
        checked.add("class_kl")
    assert checked


@pytest.mark.slow
@pytest.mark.parametrize(("name", "dataset", "kind"), GENERATORS)
def test_the_records_own_judge(name, dataset, kind, mnist):
    """Ten thousand samples and the classifier of the record: Fréchet distance, classes, labels."""
    folder = shipped.find(name, dataset)
    run = dataclasses.replace(shipped.load(name, dataset), source=mnist)
    recorded = {entry.metric: entry for entry in shipped.record(folder).measurements if str(entry.subject) == kind}
    if "frechet_distance" not in recorded:
        pytest.skip("its record has no numbers of a classifier")
    n = recorded["frechet_distance"].n_samples
    described = shipped.load(name, dataset).source.spec.scaling
    asked = np.arange(n) % 10 if run.conditional() else None
    images = described.unit(run.samples(kind, n, labels=asked))
    read = measure.read_by_classifier(run, classifier.of(mnist), {Subject(kind): (images, asked)})
    found = {entry.metric: entry for entry in read}
    assert found["frechet_distance"].value == pytest.approx(recorded["frechet_distance"].value, rel=0.05)
    assert found["class_kl"].value == pytest.approx(recorded["class_kl"].value, abs=0.01)
    if asked is not None:
        assert found["label_accuracy"].value == pytest.approx(recorded["label_accuracy"].value, abs=0.5)


# ---- drawing from it -------------------------------------------------------------------------------------------------


def test_sampling_by_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert sample.main(["sample", "--experiment=wgan", "--n=4"]) == 0
    assert "comes with the program: wgan on mnist, quick preset, 100 epochs, seed 0\n" in capsys.readouterr().out
    (written,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert written == tmp_path / "runs/shipped-wgan-mnist/samples/last-seed0.png"
    assert sample.main(["sample", "--experiment=wgan", "--dataset=mnist", "--n=4", "--out=x.npz"]) == 0
    third = np.load("x.npz")["images"][2, ..., 0].repeat(4, axis=0).repeat(4, axis=1)  # enlarged; it begins the last row
    shown = np.asarray(Image.open(written).convert("L"))[-10 - 112 : -10]
    assert sum((shown[:, i : i + 112] == third).all() for i in range(shown.shape[1] - 112)) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], ["--workdir", "--experiment"]),
        (["--experiment=wgam"], ["unknown experiment", "Did you mean wgan"]),
        (["--experiment=cgan", "--dataset=cifar10"], ["--dataset=cifar10", "mnist"]),
        (["--experiment=cgan", "--workdir=x"], ["--experiment", "--workdir=x"]),
        (["--dataset=mnist", "--workdir=x"], ["--dataset", "--workdir=x"]),
        (["--experiment=cgan", "--generator=first"], ["unknown generator", "valid: best, ema-"]),
    ],
)
def test_mistakes(words, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert sample.main(["sample", *words]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and all(word in err for word in said), err
    assert list(tmp_path.iterdir()) == []


# ---- packaging -------------------------------------------------------------------------------------------------------


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


def test_reporting_by_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    record = shipped.record(shipped.find("wgan"))
    monkeypatch.setattr(shipped, "report", lambda folder, data_dir, out: record | {"command": f"{folder.name} {data_dir}"})
    assert shipped.main(["shipped", "--report=wgan", "--data_dir=here"]) == 0
    assert files.read_json(tmp_path / "runs/shipped-wgan-mnist/record.json")["command"] == "wgan-mnist here"
    for words in (["--report=wgam"], ["--report=wgan", "--dataset=cifar10"], ["--dataset=mnist"]):
        assert shipped.main(["shipped", *words]) == 2
    assert capsys.readouterr().err.count("\n") == 3


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


def test_other_data_of_the_same_name_do_not_replace_what_is_shipped(trained, quick, tmp_path, monkeypatch):
    folder = ship.ship(trained, ["last"], into=tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    copy = shutil.copytree(trained, tmp_path / "copy")
    for name in ("config.json", "record.json"):
        content = files.read_json(copy / name)
        for place in (content, content.get("config", {})):
            place["dataset"] = "npz:/elsewhere/tiny.npz"
        files.write_json(copy / name, content)
    with pytest.raises(RunError, match=r"goodfellow2014-npz_tiny holds what was shipped of npz:.*tiny\.npz"):
        ship.ship(copy, ["last"], into=tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    for name in ("config.json", "record.json"):
        (copy / name).write_text((copy / name).read_text().replace("/elsewhere/tiny", "/elsewhere/other"))
        content = json.loads((copy / name).read_text())
        files.write_json(copy / name, {key: value for key, value in content.items() if key != "sha256"})
    monkeypatch.setattr(ship, "_measured_again", lambda *args: [])  # there are no such data
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
