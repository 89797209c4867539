"""`gan_repro.sample` as a user types it: pictures and arrays against float64 numpy, refusals, folders without their data."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import ROOT, noise
from support.sampled import GAP, SIDE, arrays, ask, cells, close, forward, refused, stops

from gan_repro import data, sample
from gan_repro.figures import draw
from gan_repro.latent import priors
from gan_repro.papers import configuration
from gan_repro.runs import runner, trained
from gan_repro.runs.workdir import Workdir
from gan_repro.system import files

pytestmark = pytest.mark.played


def train(name, folder, npz, **changes):
    """Plays two epochs of two minibatches into `folder`, as gan_repro.run does, but for the evaluation.

    The weights are so large that neither z nor the label is lost in rounding, and so small that no image has a white edge.
    """
    changes |= {"generator_irange": 0.5, "averages": ()}
    found = configuration.find(name)
    config = configuration.resolve(found, f"npz:{npz}", preset="smoke")
    recipe = dataclasses.replace(config.recipe, steps_per_epoch=2, batch_size=20, n_samples=50, samples_every=9, **changes)
    assert runner.execute(noise.unmeasured(found), dataclasses.replace(config, recipe=recipe), folder) == 0
    return folder


@pytest.fixture(scope="module")
def npz(tmp_path_factory):
    """300 labelled images of 8 x 8 whose classes differ. Moved away once they were trained on."""
    path = tmp_path_factory.mktemp("data") / "tiny.npz"
    rng = np.random.default_rng(1)
    labels = np.arange(300) % 10
    patterns = rng.integers(0, 200, (10, SIDE, SIDE))
    np.savez(path, images=np.uint8(patterns[labels] + rng.integers(0, 56, (300, SIDE, SIDE))), labels=labels)
    return path


@pytest.fixture(scope="module")
def folders(npz, tmp_path_factory):
    """(a run of goodfellow2014, a run of cgan), neither to be changed, and the images that they saw moved away."""
    place = tmp_path_factory.mktemp("runs")
    plain = train("goodfellow2014", place / "plain", npz, generator_units=(16,), discriminator_units=(8,))
    conditional = train("cgan", place / "conditional", npz, dropout_in_samples=False)
    npz.rename(npz.with_suffix(".away"))
    return plain, conditional


@pytest.fixture
def plain(folders):
    return folders[0]


@pytest.fixture
def conditional(folders):
    return folders[1]


@pytest.fixture
def copy(plain, tmp_path):
    return Path(shutil.copytree(plain, tmp_path / "copy"))


def contents(folder):
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in sorted(folder.rglob("*")) if path.is_file()}


# ---- arrays ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["best", "last"])
def test_arrays_are_what_the_weights_make_of_z(kind, plain, tmp_path):
    found = arrays(plain, tmp_path / "x.npz", "--n=70", f"--generator={kind}")
    assert found.keys() == {"images", "z"} and found["images"].dtype == np.uint8 and found["z"].dtype == np.float32
    assert found["images"].shape == (70, SIDE, SIDE, 1) and close(found["images"], forward(plain, found["z"], kind=kind))
    assert np.abs(found["z"]).max() <= 3**0.5 and found["z"].std() == pytest.approx(1, rel=0.05)


def test_best_is_the_default(plain, copy, tmp_path):
    (copy / "generator_best.weights.h5").write_bytes((copy / "generator.weights.h5").read_bytes())
    images = [arrays(copy, tmp_path / "x.npz", "--n=5", *more)["images"] for more in ([], ["--generator=last"])]
    assert (images[0] == images[1]).all()
    (copy / "generator_best.weights.h5").unlink()
    assert (arrays(copy, tmp_path / "x.npz", "--n=5")["images"] == images[1]).all()
    assert set(Workdir(plain).kinds()) == {"best", "last"}


def test_more_begin_with_the_same_ones_bit_for_bit(conditional, tmp_path):
    few, many, others = (
        arrays(conditional, tmp_path / "x.npz", *words) for words in (["--n=7"], ["--n=1013"], ["--n=7", "--seed=1"])
    )
    for name in ("images", "z", "labels"):
        assert len(many[name]) == 1013 and (many[name][:7] == few[name]).all()
    assert len(np.unique(many["z"], axis=0)) == 1013 and (others["z"] != few["z"]).all()


@pytest.mark.parametrize(("words", "cycle"), [([], range(10)), (["--label=3"], [3]), (["--label=7,0,7"], [7, 0, 7])])
def test_labels_are_taken_in_turn_and_seen(words, cycle, conditional, tmp_path):
    found = arrays(conditional, tmp_path / "x.npz", "--n=24", *words)
    assert found["labels"].tolist() == [list(cycle)[j % len(cycle)] for j in range(24)]
    assert close(found["images"], forward(conditional, found["z"], found["labels"]))
    assert not close(found["images"], forward(conditional, found["z"], (found["labels"] + 1) % 10))


def test_arrays_are_a_data_set(conditional, tmp_path):
    path = tmp_path / "made.npz"
    found = arrays(conditional, path)
    source = data.load(f"npz:{path}")
    assert source.spec.shape == (SIDE, SIDE, 1) and source.spec.classes == 10
    assert dict(source.spec.sizes) == {"train": 80, "validation": 10, "test": 10}
    assert {image.tobytes() for image in source.images("train")} <= {image.tobytes() for image in found["images"]}


def test_the_same_command_gives_the_same_bytes(conditional, tmp_path):
    for name, words in (("a.npz", []), ("a.png", []), ("a.gif", ["--interpolate=linear", "--n=2"])):
        written = []
        for _ in range(2):
            assert ask(conditional, f"--out={tmp_path / name}", *words) == 0
            written.append((tmp_path / name).read_bytes())
        assert written[0] == written[1], name


# ---- pictures --------------------------------------------------------------------------------------------------------


def test_a_grid_shows_the_same_samples_in_reading_order(plain, tmp_path):
    found = arrays(plain, tmp_path / "x.npz", "--n=13", "--seed=5")
    for words, shape in (["--n=13"], (4, 4)), (["--n=13", "--grid=3x5"], (3, 5)), (["--grid=2x4"], (2, 4)):
        assert ask(plain, f"--out={tmp_path / 'x.PNG'}", "--seed=5", *words) == 0
        shown = cells(tmp_path / "x.PNG", *shape).reshape(-1, SIDE, SIDE)
        n = min(13, len(shown))
        assert (shown[:n] == found["images"][:n, ..., 0]).all() and (shown[n:] == 255).all()


@pytest.mark.parametrize("n", [25, 30])
@pytest.mark.parametrize(("words", "rows"), [([], 10), (["--label=4,2"], 2)])
def test_a_conditional_grid_has_a_row_for_each_label(n, words, rows, conditional, tmp_path):
    found = arrays(conditional, tmp_path / "x.npz", f"--n={n}", *words)["images"][..., 0]
    assert ask(conditional, f"--out={tmp_path / 'x.png'}", f"--n={n}", *words) == 0
    columns = -(-n // rows)
    shown = cells(tmp_path / "x.png", rows, columns)
    for row, column in np.ndindex(rows, columns):
        j = column * rows + row
        assert (shown[row, column] == (found[j] if j < n else 255)).all()


def test_of_several_labels_there_are_ten_samples_each_where_nothing_else_is_said(conditional, tmp_path):
    found = arrays(conditional, tmp_path / "x.npz", "--n=30", "--label=3,1,4")["images"][..., 0]
    assert ask(conditional, f"--out={tmp_path / 'x.png'}", "--label=3,1,4") == 0
    assert (cells(tmp_path / "x.png", 3, 10) == found.reshape(10, 3, SIDE, SIDE).swapaxes(0, 1)).all()


def test_a_single_label_fills_an_ordinary_grid(conditional, tmp_path):
    found = arrays(conditional, tmp_path / "x.npz", "--n=6", "--label=8")["images"][..., 0]
    assert ask(conditional, f"--out={tmp_path / 'x.png'}", "--grid=2x3", "--label=8") == 0
    assert (cells(tmp_path / "x.png", 2, 3).reshape(found.shape) == found).all()


@pytest.mark.parametrize("words", [["--n=3"], ["--grid=3x10"], ["--grid=9x10", "--n=3"]])
def test_strips_walk_straight_from_point_to_point(words, conditional, tmp_path):
    assert ask(conditional, f"--out={tmp_path / 'x.png'}", "--interpolate=linear", "--seed=2", *words) == 0
    shown = cells(tmp_path / "x.png", 3, 10, apart=(4 * GAP, 0))
    share = np.linspace(0, 1, 10)[:, None]
    for walk in range(3):
        start, end = np.float64(stops(conditional, walk, 2)[:2])
        assert close(shown[walk], forward(conditional, (1 - share) * start + share * end, np.full(10, walk))[..., 0])


def test_spherical_strips_take_the_arc_and_say_what_that_does_to_uniform_z(plain, tmp_path, capsys):
    path = tmp_path / "x.png"
    assert ask(plain, f"--out={path}", "--interpolate=spherical", "--grid=2x7", "--generator=last") == 0
    err = capsys.readouterr().err
    assert err.startswith("note: z is uniform_unit_variance") and "--interpolate=linear" in err and err.count("\n") == 1
    shown = cells(path, 2, 7, apart=(4 * GAP, 0))
    for walk in range(2):
        a, b = np.float64(stops(plain, walk, 0)[:2])
        angle = np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
        share = np.linspace(0, 1, 7)[:, None]
        unit = (np.sin((1 - share) * angle) * a / np.linalg.norm(a) + np.sin(share * angle) * b / np.linalg.norm(b)) / np.sin(
            angle
        )
        z = unit * ((1 - share) * np.linalg.norm(a) + share * np.linalg.norm(b))
        assert close(shown[walk], forward(plain, z, kind="last")[..., 0])
    assert ask(plain, f"--out={path}", "--interpolate=linear", "--grid=2x7") == 0
    assert capsys.readouterr().err == ""


def test_a_gif_walks_round_and_round(plain, tmp_path):
    path = tmp_path / "x.gif"
    assert ask(plain, f"--out={path}", "--interpolate=linear", "--n=3", "--grid=1x4", "--seed=3") == 0
    with Image.open(path) as gif:
        assert (gif.n_frames, gif.info["loop"], gif.info["duration"]) == (72, 0, 80)
        frames = []
        for index in range(gif.n_frames):
            gif.seek(index)
            frames.append(np.asarray(gif.convert("L"), int))
    frames = np.stack(frames)
    scale = (frames.shape[2] - 3 * GAP) // (4 * SIDE)
    assert frames.shape[1:] == (SIDE * scale, 4 * SIDE * scale + 3 * GAP)
    steps = 12
    for walk in range(3):
        left = walk * (SIDE * scale + GAP)
        shown = frames[:, ::scale, left : left + SIDE * scale : scale]
        z = np.float64(stops(plain, walk, 3))
        wanted = np.concatenate([a + np.arange(steps)[:, None] / steps * (b - a) for a, b in zip(z, np.roll(z, -1, axis=0))])
        assert close(shown, forward(plain, wanted)[..., 0])
    assert (frames[:, :, 3 * (SIDE * scale + GAP) :] == 255).all()


def test_pictures_say_the_epochs_that_the_record_has(copy):
    record = copy / "record.json"
    assert trained.from_folder(copy).epochs == files.read_json(record)["epochs"] > 0
    files.write_json(record, files.read_json(record) | {"epochs": 1.25})
    assert "1.25 of 2 epochs, seed" in draw.caption(trained.from_folder(copy), "last")
    for damaged in ("[]", "{}", '{"epochs"'):  # a title does without
        record.write_text(damaged)
        assert "epochs" not in draw.caption(trained.from_folder(copy), "last")
    record.unlink()  # as while the training goes on
    assert "epochs" not in draw.caption(trained.from_folder(copy), "last")


# ---- where things go -------------------------------------------------------------------------------------------------


def test_without_a_name_it_says_what_it_is_and_touches_nothing_else(conditional, tmp_path, capsys):
    copy = Path(shutil.copytree(conditional, tmp_path / "copy"))
    before = contents(copy)
    for words, name in (
        (["--n=1"], "best-seed0.png"),
        (["--n=2", "--generator=last", "--label=3,1", "--seed=4"], "last-label3,1-seed4.png"),
        (["--n=1", "--interpolate=linear"], "best-linear-seed0.png"),
    ):
        assert ask(copy, *words) == 0
        assert f"wrote {copy / 'samples' / name}: " in capsys.readouterr().out
        after = contents(copy)
        assert {path for path in after if path not in before} == {copy / "samples" / name}
        (copy / "samples" / name).unlink()
        assert contents(copy) == before


def test_what_was_there_is_replaced_or_left_whole(copy, tmp_path, capsys):
    path = tmp_path / "new" / "x.png"
    assert ask(copy, f"--out={path}", "--n=2") == 0
    old = path.read_bytes()
    assert ask(copy, f"--out={path}", "--n=3") == 0
    new = path.read_bytes()
    assert new != old
    (copy / "generator_best.weights.h5").write_bytes(b"no weights")
    capsys.readouterr()
    refused(1, ["cannot read the generator's weights", "generator_best.weights.h5"], capsys, copy, f"--out={path}")
    assert path.read_bytes() == new and [each.name for each in path.parent.iterdir()] == ["x.png"]


def test_a_run_notes_what_sampling_needs(conditional):
    noted = json.loads((conditional / "manifest.json").read_text())["data"]
    assert (noted["shape"], noted["classes"], noted["title"]) == ([SIDE, SIDE, 1], 10, "tiny.npz")
    assert json.loads((conditional / "record.json").read_text())["manifest"]["data"] == noted


# ---- refusals --------------------------------------------------------------------------------------------------------


def test_a_label_for_a_generator_that_sees_none(plain, tmp_path, capsys):
    refused(2, ["goodfellow2014 sees no labels"], capsys, plain, "--label=3", f"--out={tmp_path / 'x.png'}")
    assert list(tmp_path.iterdir()) == []


def test_folders_that_are_no_run(copy, tmp_path, capsys):
    refused(1, ["typo holds no run"], capsys, tmp_path / "typo")
    (tmp_path / "empty").mkdir()
    refused(1, ["empty holds no run: it has no config.json"], capsys, tmp_path / "empty")
    (copy / "manifest.json").rename(copy / "kept.json")
    refused(1, ["manifest.json"], capsys, copy)
    manifest = json.loads((copy / "kept.json").read_text())
    for damaged in (
        "[]",
        "{",
        "{}",
        *(
            json.dumps(manifest | {"data": manifest["data"] | {"shape": shape}})
            for shape in ([8, 8], [8, 8, "x"], [8, 0, 1], None, 8)
        ),
    ):
        (copy / "manifest.json").write_text(damaged)
        refused(1, ["manifest.json is damaged"], capsys, copy)
    (copy / "kept.json").replace(copy / "manifest.json")
    for path in copy.glob("*.h5"):
        path.unlink()
    refused(1, ["no generator's weights yet", "gan_repro.evaluate"], capsys, copy)
    assert not (tmp_path / "typo").exists() and list((tmp_path / "empty").iterdir()) == []


@pytest.mark.parametrize("out", ["file/x.png", "file/new/x.png", "folder.png"])
def test_places_that_cannot_be_written(out, plain, tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder.png").mkdir()
    refused(1, [f"cannot write {tmp_path / out}"], capsys, plain, f"--out={tmp_path / out}")
    assert {path.name for path in tmp_path.rglob("*")} == {"file", "folder.png"}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--out=/proc/x.png"], ["cannot write /proc/x.png"]),
        ([f"--out={'x' * 300}.png"], ["cannot write xxx", "File name too long"]),
        ([f"--label={','.join('0123456789' * 15)}"], ["File name too long"]),
    ],
)
def test_places_that_a_file_cannot_have_are_told_before_images_are_drawn(more, words, conditional, capsys, monkeypatch):
    monkeypatch.setattr(sample, "write", lambda *rest: pytest.fail("it is told before the work"))
    refused(1, words, capsys, conditional, *more)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_without_permission(plain, tmp_path, capsys):
    tmp_path.chmod(0o500)
    refused(1, ["Permission denied"], capsys, plain, f"--out={tmp_path / 'x.png'}")


# ---- real processes --------------------------------------------------------------------------------------------------


def test_help_names_every_flag(capsys):
    assert sample.main(["sample", "--help"]) == 0
    out = capsys.readouterr().out
    assert all(
        f"\n  --{name}" in out for name in ("workdir", "generator", "n", "seed", "label", "out", "grid", "interpolate", "help")
    )


@pytest.mark.slow
@pytest.mark.e2e
def test_a_real_process(plain, tmp_path):
    words = [sys.executable, "-m", "gan_repro.sample"]
    options = {"cwd": tmp_path, "env": os.environ | {"PYTHONPATH": str(ROOT)}, "capture_output": True, "text": True}
    done = subprocess.run([*words, f"--workdir={plain}", "--n=5", "--out=x.npz"], **options)
    assert (done.returncode, done.stderr) == (0, "") and "wrote x.npz: 5 samples, generator best, seed 0" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["x.npz"]


def test_the_names_of_the_ways():
    assert tuple(priors.PATHS) == sample.WAYS
