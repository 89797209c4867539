"""Every data set is a Source: the same members, called alike, that say the same of the same images."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from support import noise

from experiments.wgan import upright_line
from gan_repro import data
from gan_repro.data import drawn, glyphs, pictures, preparation, source, streams, tfd
from gan_repro.data import stacked as stacked_digits
from gan_repro.data.scaling import UNIT, ContrastNormalised, Linear
from gan_repro.system.errors import DataError, UsageError

README = Path(data.__file__).with_name("README.md")
CLASSES = (
    source.InMemory,
    source.Described,
    drawn.Drawn,
    streams.Stream,
    pictures.Pictures,
    tfd.Folded,
    preparation.Padded,
    stacked_digits.Stacked,
)
MEMBERS = {name for name, member in vars(source.Source).items() if inspect.isfunction(member) and name[0] != "_"}


def test_the_protocol_has_the_members_that_the_library_uses():
    assert {"images", "labels", "scaled", "require", "chunks", "rows", "folds", "digest", "open", "batch"} == MEMBERS
    assert set(source.Source.__annotations__) == {"spec"}


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("member", sorted(MEMBERS))
def test_every_kind_of_source_has_every_member_with_its_arguments(cls, member):
    asked = list(inspect.signature(getattr(source.Source, member)).parameters.values())
    given = list(inspect.signature(getattr(cls, member)).parameters.values())
    assert [(each.name, each.default) for each in given[: len(asked)]] == [(each.name, each.default) for each in asked]
    assert all(each.default is not each.empty for each in given[len(asked) :])
    assert inspect.signature(getattr(cls, member)).return_annotation is not inspect.Signature.empty


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures of 5 x 4 pixels, half of them of either class."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for i in range(40):
        (folder / f"class{i % 2}").mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (5, 4, 3), np.uint8)).save(folder / f"class{i % 2}" / f"{i:02}.png")
    return folder


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """A file such as TFD's, of few images."""
    from scipy import io

    rng = np.random.default_rng(0)
    folds = np.stack([rng.permutation(np.arange(60) % 4) for _ in range(5)], 1).astype(np.uint8)
    fields = {"images": rng.integers(0, 256, (60, 48, 48), np.uint8), "folds": folds, "labs_ex": np.ones((60, 1))}
    folder = tmp_path_factory.mktemp("tfd")
    io.savemat(folder / "TFD_48x48.mat", fields)
    return folder


@pytest.fixture(
    params=[
        "memory",
        "folder",
        "streamed folder",
        "tfd",
        "gaussian1d",
        "ring8",
        "parallel_lines",
        "glyphs",
        "padded",
        "triples",
    ]
)
def any_source(request, folder, faces, monkeypatch, tmp_path):
    """A small data set of every kind that needs no network; streams of TFDS: test_streams.py."""
    if request.param == "memory":
        return noise.source((5, 4, 3), classes=2)
    if request.param == "triples":
        monkeypatch.setattr(stacked_digits, "SIZES", {"train": 40, "validation": 20, "test": 20})
        return stacked_digits.stack(noise.source((5, 4, 1), classes=10), "triples")
    if request.param == "padded":
        return preparation.Pad(8, 9)(noise.source((5, 4, 3), ContrastNormalised(2.0), classes=2))
    if request.param == "tfd":
        return data.load("tfd", faces, Linear(-1, 1))
    if request.param == "glyphs":
        monkeypatch.setattr(glyphs, "SIZES", {"train": 40, "validation": 20, "test": 20})
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if request.param.endswith("folder"):
        if request.param == "streamed folder":
            monkeypatch.setattr("gan_repro.data.user.free_memory", lambda: 100)
        return data.load(f"images:{folder}")
    return data.load(request.param, sources=upright_line.SOURCES)


def assert_consistent(found):
    """All members of a Source say the same."""
    assert isinstance(found, source.Source)
    spec = found.spec
    assert set(spec.sizes) == set(source.SPLITS) and len(found.digest()) == 64
    for split, n in spec.sizes.items():
        found.require(split)
        images, labels = found.images(split), found.labels(split)
        assert images.shape == (n, *spec.shape) and images.dtype == (np.float32 if isinstance(found, drawn.Drawn) else np.uint8)
        assert (labels is None) == (not spec.classes) and (labels is None or labels.shape == (n,))
        np.testing.assert_array_equal(np.concatenate(list(found.chunks(split))), images)
        for chosen in (slice(1, 4), np.array([3, 0, 3])):
            np.testing.assert_array_equal(found.rows(split, chosen), images[chosen])
        scaled = found.scaled(split)
        assert scaled.shape == images.shape and scaled.dtype == np.float32
        np.testing.assert_array_equal(found.scaled(split, 3), scaled[:3])
    folds = found.folds()
    assert folds is None or all(part.shape[1:] == spec.shape and part.dtype == np.float32 for pair in folds for part in pair)
    feed = found.open(2, 5, skip=1, size=4)
    x, labels = found.batch(feed, tf.constant(1), 4)
    assert x.shape == (4, *spec.shape) and x.dtype == tf.float32 and labels.shape == (4,) and labels.dtype == tf.int32
    again, _ = found.batch(found.open(2, 5, skip=1, size=4), tf.constant(1), 4)
    np.testing.assert_array_equal(x, again)


def test_every_source_is_one(any_source):
    assert_consistent(any_source)
    if not isinstance(any_source, (drawn.Drawn, stacked_digits.Stacked)):  # whose minibatches are drawn anew
        x, _ = any_source.batch(any_source.open(0, 0, size=4), tf.constant(0), 4)
        seen = any_source.scaled("train")
        nearest = [np.abs(seen - one).max(axis=(1, 2, 3)).min() for one in x.numpy()]
        assert max(nearest) < 1e-5  # minibatches are training images


def test_a_described_source_says_that_it_has_no_data():
    described = source.Described(noise.source((5, 4, 3)).spec)
    assert isinstance(described, source.Source)
    arguments = {"split": "train", "chosen": slice(2), "epoch": 0, "seed": 0, "feed": None, "i": 0, "size": 2}
    for member in MEMBERS:
        method = getattr(described, member)
        asked = [name for name, each in inspect.signature(method).parameters.items() if each.default is each.empty]
        with pytest.raises(DataError, match="noise"):
            method(**{name: arguments[name] for name in asked})


# ---- an experiment's own sources -----------------------------------------------------------------------------------


def test_the_worked_example_runs_as_it_stands():
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    assert sum(bool(line.strip()) for line in example.splitlines()) < 25
    names = {}
    exec(example, names)
    ring = names["ring"]
    assert_consistent(ring)
    assert ring.spec.name == "ring" and ring.spec.shape == (1, 1, 2)
    batch, _ = ring.batch(ring.open(0, 3), tf.constant(0), 4000)
    for points in (ring.images("test"), batch.numpy()):
        flat = points.reshape(-1, 2).astype(np.float64)
        nearest = np.round(np.arctan2(flat[:, 1], flat[:, 0]) / (np.pi / 4)) % 8
        centres = np.stack([np.cos(nearest * np.pi / 4), np.sin(nearest * np.pi / 4)], 1)
        counts = np.bincount(nearest.astype(int), minlength=8)
        assert (np.abs(counts - len(flat) / 8) < 5 * np.sqrt(len(flat) / 8)).all()
        assert (flat - centres).std() == pytest.approx(0.02, rel=0.05)


def stacked(name, data_dir, download):
    """A loader: noise in three colours, told where and whether it may look for data."""
    found = noise.source((6, 6, 3))
    found.spec = source.Spec(name, f"{data_dir} {download}", (6, 6, 3), 0, found.spec.sizes)
    return found


def test_an_experiments_own_source_is_loaded_like_the_librarys():
    own = data.load("stacked", "here", Linear(-1, 1), download=False, sources={"stacked": stacked})
    assert (own.spec.name, own.spec.title, own.spec.scaling) == ("stacked", "here False", Linear(-1, 1))
    assert "stacked" not in data.LOADERS
    with pytest.raises(UsageError, match="Did you mean stacked"):
        data.load("stackd", sources={"stacked": stacked})
    with pytest.raises(UsageError):
        data.load("stacked")
    with pytest.raises(UsageError):
        data.load("stacked:path", sources={"stacked": stacked})
    assert data.load("gaussian1d", sources={"stacked": stacked}).spec.name == "gaussian1d"


@pytest.mark.parametrize("name", ["gaussian1d", "two_gaussians", "parallel_lines"])
def test_one_papers_laws_are_loaded_by_that_mechanism(name, monkeypatch):
    sources = data.gaussian1d.SOURCES if name != "parallel_lines" else upright_line.SOURCES
    rest = {other: loader for other, loader in data.LOADERS.items() if other not in sources}
    digest = data.load(name, sources=sources).digest()
    monkeypatch.setattr(data, "LOADERS", rest)
    assert data.load(name, sources=sources).digest() == digest
    with pytest.raises(UsageError):
        data.load(name)


@pytest.mark.parametrize("name", ["mnist", "npz", "a:b", ""])
def test_a_name_that_is_taken_or_no_name_is_refused(name):
    with pytest.raises(ValueError, match=name or "''"):
        data.load("glyphs", sources={name: stacked})


def test_the_table_of_the_library_cannot_be_changed():
    with pytest.raises(TypeError):
        data.LOADERS["stacked"] = stacked


# ---- padding -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scaling", [UNIT, Linear(-1, 1)])
def test_padding_frames_every_image_with_black(scaling):
    plain, padded = (
        noise.source((5, 4, 3), scaling, classes=2),
        preparation.Pad(8, 9)(noise.source((5, 4, 3), scaling, classes=2)),
    )
    inside = (slice(None), slice(1, 6), slice(2, 6))  # 3 rows more: 1 above, 2 below; 5 columns more: 2 and 3
    assert padded.spec.shape == (8, 9, 3) and padded.spec.sizes == plain.spec.sizes and padded.spec.scaling == scaling
    for split in source.SPLITS:
        np.testing.assert_array_equal(padded.images(split)[inside], plain.images(split))
        np.testing.assert_array_equal(padded.scaled(split)[inside], plain.scaled(split))
        np.testing.assert_array_equal(padded.labels(split), plain.labels(split))
        frame = np.ones((8, 9), bool)
        frame[inside[1:]] = False
        assert (padded.images(split)[:, frame] == 0).all() and (padded.scaled(split)[:, frame] == scaling.low).all()
    for epoch, i in ((0, 0), (3, 2)):
        x, labels = padded.batch(padded.open(epoch, 1), tf.constant(i), 7)
        wanted, of = plain.batch(plain.open(epoch, 1), tf.constant(i), 7)
        np.testing.assert_array_equal(x.numpy()[inside], wanted)
        np.testing.assert_array_equal(labels, of)
        assert (x.numpy()[:, frame] == scaling.low).all()
    np.testing.assert_array_equal(source.mean(padded, "train")[inside], source.mean(plain, "train"))


def test_scaling_by_an_images_own_contrast_sees_the_frame():
    scaling = ContrastNormalised(2.0)
    padded = preparation.Pad(8, 8)(noise.source((4, 4, 1), scaling))
    framed = np.pad(noise.source((4, 4, 1)).images("test").astype(np.float32), [(0, 0), (2, 2), (2, 2), (0, 0)])
    np.testing.assert_allclose(padded.scaled("test"), scaling(framed), rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(padded.scaled("test").reshape(50, -1), axis=1), 2, rtol=1e-5)


def test_folds_are_padded_and_scaled(faces):
    plain = data.load("tfd", faces, Linear(-1, 1)).folds()
    padded = data.load("tfd", faces, Linear(-1, 1), prepare=preparation.Pad(50, 48)).folds()
    for one, other in zip(plain, padded):
        for images, framed in zip(one, other):
            np.testing.assert_array_equal(framed[:, 1:-1], images)
            assert (framed[:, [0, -1]] == -1).all()


def test_name_title_and_digest_say_what_was_done():
    made = [preparation.Pad(*size)(noise.source((5, 4, 3))) for size in ((5, 4), (8, 8), (8, 9))]
    assert len({found.digest() for found in made} | {noise.source((5, 4, 3)).digest()}) == 4
    assert len({found.spec.name for found in made}) == 3 and len({found.spec.title for found in made}) == 3
    assert "8 x 9" in made[2].spec.title and "8x9" in made[2].spec.name and made[2].spec.name.startswith("noise")
    assert made[2].digest() == preparation.Pad(8, 9)(noise.source((5, 4, 3))).digest()


def test_what_cannot_be_padded_is_refused():
    for size in ((4, 8), (8, 3)):
        with pytest.raises(UsageError, match="5 x 4"):
            preparation.Pad(*size)(noise.source((5, 4, 3)))
    with pytest.raises(UsageError, match="points"):
        data.load("gaussian1d", prepare=preparation.Pad(4, 4))


def test_images_are_padded_to_a_multiple_where_they_must_be():
    small = noise.source((28, 30, 1))
    assert preparation.PadToMultiple(8)(small).spec.shape == (32, 32, 1)
    fitting = noise.source((32, 40, 3))
    assert preparation.PadToMultiple(8)(fitting) is fitting
    with pytest.raises(UsageError, match="points"):
        preparation.PadToMultiple(8)(data.load("ring8"))


# ---- validation images that are trained on ---------------------------------------------------------------------------


def test_validation_images_are_trained_on_behind_the_others():
    plain = noise.source((5, 4, 3), classes=2)
    joined = preparation.TrainOnValidation()(noise.source((5, 4, 3), classes=2))
    assert joined.spec.sizes["train"] == plain.spec.sizes["train"] + plain.spec.sizes["validation"]
    for kind in ("images", "labels"):
        train, validation = (getattr(plain, kind)(split) for split in ("train", "validation"))
        np.testing.assert_array_equal(getattr(joined, kind)("train"), np.concatenate([train, validation]))
        for split in ("validation", "test"):
            np.testing.assert_array_equal(getattr(joined, kind)(split), getattr(plain, kind)(split))
    assert joined.spec.name != plain.spec.name and joined.digest() != plain.digest()
    seen = [joined.batch(joined.open(0, 1), tf.constant(i), 10)[0] for i in range(joined.spec.sizes["train"] // 10)]
    np.testing.assert_array_equal(np.sort(np.concatenate(seen).ravel()), np.sort(joined.scaled("train").ravel()))


def test_what_has_no_such_images_in_memory_is_refused(faces):
    for name, place in (("ring8", None), ("tfd", faces)):
        with pytest.raises(UsageError, match="validation"):
            data.load(name, place, prepare=preparation.TrainOnValidation())
