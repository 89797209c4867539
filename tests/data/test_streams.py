"""CelebA and LSUN as streams: small sets with TFDS's own features, written by TFDS's own builders, stand in."""

import dataclasses
import io
import shutil
import time

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from PIL import Image
from support import games
from support.records import make_record, parsed

from gan_repro import data
from gan_repro.data import from_tfds, source, streams
from gan_repro.data.scaling import Linear
from gan_repro.data.source import DatasetUnavailable
from gan_repro.reporting import records
from gan_repro.runs.runner import default_workdir
from gan_repro.system.errors import DataError

pytestmark = pytest.mark.played

N, SIZE = 60, 4  # training images, and images of a batch


def jpeg(number, height, width):
    """A picture of one grey level, from which its number can be read again."""
    file = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), 4 * number, np.uint8)).save(file, "JPEG")
    file.seek(0)
    return file


def face(number):
    features = tfds.builder("celeb_a").info.features
    flags = {key: False for key in features["attributes"]}
    numbers = {part: dict.fromkeys(features[part], number) for part in ("landmarks", "identity")}
    return {"image": jpeg(number, 218, 178), "attributes": flags, **numbers}


def bedroom(number):
    return {"image": jpeg(number, *((256, 300 + number) if number % 2 else (70 + number, 64))), "id": str(number)}


def prepare(name, example, counts, root):
    """Prepares a data set in `root` that is TFDS's `name` but for its images."""
    builder = tfds.builder(name, data_dir=str(root))
    examples = lambda n: ((number, example(number)) for number in range(n))  # noqa: E731
    builder._split_generators = lambda *args, **kwargs: {split: examples(n) for split, n in counts.items()}
    builder.download_and_prepare(download_config=tfds.download.DownloadConfig(num_shards=7))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("tfds")
    prepare("celeb_a", face, {"train": N, "validation": 8, "test": 9}, root)
    prepare("lsun/bedroom", bedroom, {"train": 20, "validation": 7}, root)
    return root


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """The counts of the small sets for those of the real ones, and windows of 16 images."""
    faces = {split: (split, 0, n) for split, n in {"train": N, "validation": 8, "test": 9}.items()}
    rooms = {"train": ("train", 0, 14), "validation": ("validation", 0, 7), "test": ("train", 14, 20)}
    for name, parts in (("celeb_a", faces), ("lsun/bedroom", rooms)):
        counts = {}
        for split, _, end in parts.values():
            counts[split] = max(end, counts.get(split, 0))
        monkeypatch.setitem(streams._SETS, name, dataclasses.replace(streams._SETS[name], counts=counts, parts=parts))
    monkeypatch.setattr(streams, "WINDOW", 16)


@pytest.fixture
def faces(root):
    return data.load("celeb_a", root, download=False)


def numbers(images):
    """What `jpeg` wrote into uint8 images (n, 64, 64, 3)."""
    assert images.dtype == np.uint8 and images.shape[1:] == (64, 64, 3)
    assert np.ptp(images.astype(int), axis=(1, 2, 3)).max() <= 1
    return np.rint(images.mean(axis=(1, 2, 3)) / 4).astype(int)


def epoch_of(stream, epoch=0, seed=3, skip=0, size=SIZE):
    """The numbers of the images of all batches from `skip` on, (batches, size)."""
    return np.array([numbers(images.numpy()) for images in stream.open(epoch, seed, skip, size)])


def test_an_epoch_shows_every_image_once_and_drops_the_ragged_batch(faces):
    assert faces.spec.sizes == {"train": N, "validation": 8, "test": 9} and faces.spec.classes == 0
    np.testing.assert_array_equal(np.sort(epoch_of(faces).ravel()), np.arange(N))
    assert epoch_of(faces, size=7).shape == (8, 7)
    assert len(set(epoch_of(faces, size=7).ravel())) == 56


@pytest.mark.slow
def test_the_order_is_a_function_of_seed_and_epoch_alone(faces, root):
    first = epoch_of(faces)
    tf.random.set_seed(99)
    np.testing.assert_array_equal(epoch_of(data.load("celeb_a", root)), first)
    assert not np.array_equal(epoch_of(faces, epoch=1), first)
    assert not np.array_equal(epoch_of(faces, seed=4), first)
    assert not np.array_equal(epoch_of(faces, epoch=3, seed=0), first)
    np.testing.assert_array_equal(epoch_of(faces, size=12).ravel(), first.ravel())  # of images, not of batches


def test_files_and_windows_are_both_shuffled(faces, monkeypatch):
    monkeypatch.setattr(streams, "WINDOW", 1)  # files alone
    stored = numbers(faces.images("train")).tolist()
    shown = epoch_of(faces, size=1).ravel().tolist()
    ends = np.cumsum(faces._builder.info.splits["train"].shard_lengths).tolist()
    files = [stored[a:b] for a, b in zip([0, *ends], ends)]
    firsts = sorted(range(7), key=lambda i: shown.index(files[i][0]))
    assert firsts != list(range(7)) and shown == [number for i in firsts for number in files[i]]
    monkeypatch.setattr(streams, "WINDOW", 16)
    came_from = np.array([shown.index(number) for number in epoch_of(faces, size=1).ravel()])
    windows = came_from[:48].reshape(3, 16) - [[0], [16], [32]]
    np.testing.assert_array_equal(np.sort(windows), np.tile(np.arange(16), (3, 1)))
    assert len({tuple(window) for window in windows} | {tuple(range(16))}) == 4  # each permuted, each otherwise


@pytest.mark.slow
def test_an_epoch_is_entered_anywhere_without_reading_what_came_before(faces, monkeypatch):
    whole = epoch_of(faces)
    asked = []
    read = faces._records
    monkeypatch.setattr(faces, "_records", lambda split, files: asked.append(files) or read(split, files))
    for skip in range(N // SIZE):
        np.testing.assert_array_equal(epoch_of(faces, skip=skip), whole[skip:])
        left = sum(file.take for file in asked.pop())
        assert left == N - skip * SIZE // 16 * 16  # from the beginning of the window


def test_what_is_read_ahead_does_not_grow_with_the_data(faces, monkeypatch):
    seen = []
    read = faces._records

    def counted(*args):
        many = read(*args).repeat(50)
        return many.map(lambda image: tf.ensure_shape(tf.numpy_function(look, [image], tf.string), []))

    def look(image):
        seen.append(len(image))
        return image

    monkeypatch.setattr(faces, "_records", counted)
    feed = faces.open(0, 0, size=1)
    feed.get_next()
    time.sleep(0.5)  # for what reads ahead to read as far as it wants
    # Windows of 16: one that is handed out, one that is ready, one that is being filled; and what is being decoded.
    assert 16 <= len(seen) <= 500 < 50 * N


def test_a_game_plays_a_stream_compiled_once_and_resumes_exactly(faces):
    faces.spec = dataclasses.replace(faces.spec, scaling=Linear(-1, 1))
    game = games.build(faces)  # minibatches of 20: 3 an epoch
    game.steps(2)
    middle = games.weights(game)
    rows = [game.steps(1), game.steps(3), game.steps(1)]
    assert game.traces == 1 and game.step == 7
    other = games.build(faces)
    other.steps(1)
    for name, variable in other.state().items():
        variable.assign(middle[name])
    other.restored()
    for row, again in zip(rows, [other.steps(1), other.steps(3), other.steps(1)]):
        for metric in row:
            np.testing.assert_array_equal(row[metric], again[metric])
    for name, value in games.weights(game).items():
        np.testing.assert_array_equal(value, games.weights(other)[name], err_msg=name)


def test_batches_are_scaled_and_of_the_size_they_were_opened_for(faces):
    faces.spec = dataclasses.replace(faces.spec, scaling=Linear(-1, 1))
    play = tf.function(lambda feed: faces.batch(feed, 0, SIZE))
    x, labels = play(faces.open(0, 3, size=SIZE))
    raw = next(faces.open(0, 3, size=SIZE)).numpy()
    assert x.dtype == tf.float32 and labels.dtype == tf.int32 and labels.numpy().tolist() == [0] * SIZE
    np.testing.assert_allclose(x, raw / 127.5 - 1, atol=2**-22)
    with pytest.raises(ValueError, match="opened for batches of 4"):
        faces.batch(faces.open(0, 3, size=SIZE), 0, 5)


@pytest.mark.slow
def test_evaluation_has_the_first_images_and_is_refused_too_many(faces, monkeypatch):
    monkeypatch.setattr(streams, "_CHUNK", 3)
    every = faces.images("test")
    assert sorted(numbers(every)) == list(range(9)) and faces.labels("test") is None
    np.testing.assert_array_equal(faces.images("test", 4), every[:4])
    np.testing.assert_array_equal(faces.scaled("test", 5), faces.spec.scaling(every[:5].astype(np.float32)))
    assert len(faces.scaled("test", 100)) == 9
    monkeypatch.setattr(streams, "HELD", 20 * 4 * 64 * 64 * 3)
    assert len(faces.images("train", 20)) == 20
    for ask in (faces.images, faces.scaled):
        with pytest.raises(DataError, match="60 train images of CelebA are too many.*first 20"):
            ask("train")


@pytest.mark.parametrize("chosen", [slice(2, 50, 7), np.array([41, 3, 3, 17]), np.array([], int)])
def test_single_images_are_found_wherever_they_lie(faces, chosen, monkeypatch):
    monkeypatch.setattr(streams, "_CHUNK", 8)
    found = faces.rows("train", chosen)
    np.testing.assert_array_equal(found, faces.images("train")[chosen])
    assert isinstance(faces, source.Source) and faces.folds() is None


def test_bedrooms_of_all_sizes_and_a_test_part_from_the_end_of_the_training_images(root):
    rooms = data.load("lsun/bedroom", root)
    assert rooms.spec.sizes == {"train": 14, "validation": 7, "test": 6}
    train, test = epoch_of(rooms, size=1).ravel(), numbers(rooms.images("test"))
    np.testing.assert_array_equal(np.sort([*train, *test]), np.arange(20))
    assert sorted(numbers(rooms.images("validation"))) == list(range(7))
    np.testing.assert_array_equal(np.sort(train), np.sort(numbers(rooms.images("train"))))


def averaged(n):
    """(64, n): the matrix that averages n pixels over 64 equal areas."""
    edges = np.arange(65) * n / 64
    pixels = np.arange(n)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.maximum(overlap, 0) * 64 / n


def test_the_crop_of_faces():
    image = np.random.default_rng(0).integers(0, 256, (218, 178, 3), np.uint8)
    cut = image[40 : 40 + 138, 30 : 30 + 138].astype(np.float64)
    want = np.einsum("ya,xb,abc->yxc", averaged(138), averaged(138), cut)
    np.testing.assert_allclose(streams.crop_celeb_a(tf.constant(image)), want, atol=1e-2)


@pytest.mark.parametrize("height, width", [(256, 341), (400, 256), (64, 64), (256, 257), (50, 80)])
def test_the_crop_of_bedrooms(height, width):
    """Against PIL and the arithmetic of torchvision.transforms.Scale and CenterCrop."""
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    h, w = (64, int(64 * width / height)) if height <= width else (int(64 * height / width), 64)
    scaled = np.asarray(Image.fromarray(image).resize((w, h), Image.Resampling.BILINEAR)).astype(float)
    top, left = round((h - 64) / 2.0), round((w - 64) / 2.0)
    found = streams.crop_lsun(tf.constant(image))
    assert found.shape == (64, 64, 3)
    np.testing.assert_allclose(found, scaled[top : top + 64, left : left + 64], atol=1.01)  # PIL rounds twice


def test_the_digest_is_that_of_the_files_wherever_they_lie(faces, root, tmp_path):
    shutil.copytree(root, tmp_path / "copy")
    copy = data.load("celeb_a", tmp_path / "copy")
    assert len(copy.digest()) == 64 and copy.digest() == faces.digest()
    file = sorted((tmp_path / "copy" / "celeb_a").glob("*/*train*"))[3]
    content = file.read_bytes()
    file.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    assert copy.digest() != faces.digest()
    file.write_bytes(content + b"x")
    assert copy.digest() != faces.digest()


@pytest.mark.slow
def test_damage_is_named_with_what_to_do(root, tmp_path, monkeypatch):
    shutil.copytree(root, tmp_path / "copy")
    (folder,) = (tmp_path / "copy" / "celeb_a").iterdir()
    game = games.build(data.load("celeb_a", tmp_path / "copy"))
    file = sorted(folder.glob("*train*"))[3]
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="CelebA cannot be read on, its files are damaged") as caught:
        game.steps(3)
    assert "\n" not in str(caught.value)
    file.unlink()
    with pytest.raises(DataError, match="is damaged: 1 of 21 files are missing.*train.*Delete that folder"):
        data.load("celeb_a", tmp_path / "copy")
    file.write_bytes(content)
    first = sorted(folder.glob("*test*"))[0]
    first.write_bytes(b"\0" * 100)
    with pytest.raises(DataError, match="is damaged: its test part cannot be read"):
        data.load("celeb_a", tmp_path / "copy")
    entry = streams._SETS["celeb_a"]
    monkeypatch.setitem(streams._SETS, "celeb_a", dataclasses.replace(entry, counts=entry.counts | {"train": N + 1}))
    with pytest.raises(DataError, match="it has .*'train': 60.*, not .*'train': 61"):
        data.load("celeb_a", root)
    (folder / "dataset_info.json").write_text('{"name": "ce')
    with pytest.raises(DataError, match="is damaged: it cannot be read"):
        data.load("celeb_a", tmp_path / "copy")


def test_what_cannot_be_had_is_said_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(from_tfds, "unreachable", lambda url: "no route")
    for name, title in (("celeb_a", "CelebA"), ("lsun/bedroom", "LSUN bedrooms"), ("svhn_cropped", "SVHN")):
        with pytest.raises(DatasetUnavailable, match=f"{title} is not prepared.*no route.*TFDS_DATA_DIR") as caught:
            data.load(name, tmp_path)
        assert ("images:FOLDER" in str(caught.value)) == (name != "svhn_cropped")
    monkeypatch.setattr(from_tfds, "unreachable", lambda url: None)
    monkeypatch.setattr(from_tfds.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DatasetUnavailable, match="Python package tensorflow_io, which is not installed"):
        data.load("lsun/bedroom", tmp_path)  # before 46 GB are fetched


def test_the_real_divisions(monkeypatch):
    monkeypatch.undo()
    for entry in streams._SETS.values():
        for split, count in entry.counts.items():
            used = sorted((first, end) for name, first, end in entry.parts.values() if name == split)
            assert [0, *(end for _, end in used)] == [*(first for first, _ in used), count]  # all of it, no image twice


def test_names_with_a_slash_make_flat_file_names():
    class Config:
        experiment, dataset, model, preset, seed = "dcgan", "lsun/bedroom", "faces", "paper", 0

    assert str(default_workdir(Config)) == "runs/dcgan-lsun-bedroom-paper-seed0"
    assert records.prefix(parsed(make_record(experiment="dcgan", dataset="lsun/bedroom"))) == "dcgan-lsun-bedroom"


def digit(number):
    return np.full((32, 32, 3), number, np.uint8)


def test_svhn_is_read_in_the_original_order_and_checked_by_its_ids(tmp_path, monkeypatch):
    builder = tfds.builder("svhn_cropped", data_dir=str(tmp_path))

    def examples(split, n):
        for number in range(n):
            yield number, {"image": digit(number), "label": number % 10, "id": f"{split}_{number:06d}"}

    counts = {"train": 30, "test": 7}
    builder._split_generators = lambda *args, **kwargs: {split: examples(split, n) for split, n in counts.items()}
    builder.download_and_prepare()
    entry = dataclasses.replace(from_tfds._SETS["svhn_cropped"], train=20, total=30, ids=counts)
    monkeypatch.setitem(from_tfds._SETS, "svhn_cropped", entry)
    svhn = data.load("svhn_cropped", tmp_path)
    assert svhn.spec.sizes == {"train": 20, "validation": 10, "test": 7} and svhn.spec.classes == 10
    np.testing.assert_array_equal(svhn.images("validation")[:, 0, 0, 0], np.arange(20, 30))
    np.testing.assert_array_equal(svhn.labels("train"), np.arange(20) % 10)
    monkeypatch.setitem(from_tfds._SETS, "svhn_cropped", dataclasses.replace(entry, ids=counts | {"test": 8}))
    with pytest.raises(DataError, match="its test part is not the original: 7 images, or other ids than test_000000"):
        data.load("svhn_cropped", tmp_path)
