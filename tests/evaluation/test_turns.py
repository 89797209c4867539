"""Turned images and their labels, and a classifier that learns to read them."""

import numpy as np
import pytest
from support import noise

from gan_repro.data.source import InMemory, Spec
from gan_repro.evaluation import classifier, turns


@pytest.mark.parametrize("shape, quarters", [((5, 5, 2), (0, 1, 2, 3)), ((4, 6, 1), (0, 2))])
def test_every_image_is_there_in_each_turn_with_its_label(shape, quarters):
    source = noise.source(shape)
    turned = turns.Turned(source)
    assert turned.spec.classes == len(quarters) and turned.spec.shape == shape
    assert dict(turned.spec.sizes) == {split: n * len(quarters) for split, n in source.spec.sizes.items()}
    wanted = np.concatenate([np.rot90(source.images("test"), quarter, (1, 2)) for quarter in quarters])
    np.testing.assert_array_equal(np.concatenate(list(turned.chunks("test"))), wanted)
    some = np.random.default_rng(0).permutation(len(wanted))[:30]
    np.testing.assert_array_equal(turned.rows("test", some), wanted[some])
    np.testing.assert_array_equal(turned.labels("test"), np.repeat(np.arange(len(quarters)), 50))
    every = turned.rows("train", np.arange(turned.spec.sizes["train"]))
    upright = every[turned.labels("train") == 0]
    for label, quarter in enumerate(quarters):
        np.testing.assert_array_equal(every[turned.labels("train") == label], np.rot90(upright, quarter, (1, 2)))
    assert sorted(image.tobytes() for image in upright) == sorted(image.tobytes() for image in source.images("train"))


def test_of_many_training_images_some_are_turned(monkeypatch):
    monkeypatch.setattr(turns, "IMAGES", 30)
    source = noise.source((4, 4, 1))
    turned = turns.Turned(source)
    assert turned.spec.sizes["train"] == 120 and turned.spec.sizes["test"] == 200
    found = turned.rows("train", np.arange(30)).reshape(30, -1)
    every = {image.tobytes() for image in source.images("train")}
    assert len({row.tobytes() for row in found}) == 30 and {row.tobytes() for row in found} <= every


def test_its_digest_is_not_that_of_the_data():
    source = noise.source((4, 4, 1))
    assert turns.Turned(source).digest() == turns.Turned(noise.source((4, 4, 1))).digest() != source.digest()


@pytest.mark.slow
def test_a_classifier_reads_the_turns_of_images_with_an_upper_end(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    rng = np.random.default_rng(0)
    sizes = {"train": 600, "validation": 10, "test": 100}
    images = {split: rng.integers(0, 100, (n, 12, 12, 1), np.uint8) for split, n in sizes.items()}
    for array in images.values():
        array[:, :3] += 120
    source = InMemory(Spec("lit", "lit from above", (12, 12, 1), 0, sizes), images)
    assert classifier.of(turns.Turned(source), 3).accuracy > 0.95
