"""What the notebooks show: which z and which labels each picture is of, from generators whose images are their inputs."""

import dataclasses
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_repro.data.scaling import UNIT, Linear
from gan_repro.data.source import Spec
from gan_repro.evaluation import features
from gan_repro.figures import grids, show
from gan_repro.latent import priors, sampling
from gan_repro.networks import convolutional
from gan_repro.networks.layers import OneHot

CLASSES, SIZE = 3, 4


class Run:
    """A run whose images are z, and of a conditional generator the shares of the classes behind it: (1, 4 or 7) pixels."""

    experiment, model = SimpleNamespace(name="x"), SimpleNamespace(title="Nets")
    config = SimpleNamespace(seed=3, preset="paper", dataset="", recipe=None)
    epochs, settings = 2, ()

    def __init__(self, conditional=False):
        classes = CLASSES if conditional else 0
        spec = Spec("blobs", "blobs", (1, SIZE + classes, 1), classes, {}, UNIT)
        self.source = SimpleNamespace(spec=spec)
        z = keras.Input((SIZE,))
        labels = keras.Input((), dtype="int32")
        if conditional:
            both = keras.layers.Concatenate()([z, OneHot(CLASSES, name="one_hot")(labels)])
            self.network = keras.Model([z, labels], keras.layers.Reshape((1, SIZE + CLASSES, 1))(both))
        else:
            self.network = keras.Model(z, keras.layers.Reshape((1, SIZE, 1))(z))

    def prior(self):
        return priors.Prior("uniform_0_1", SIZE)

    def generator(self, kind):
        return self.network

    def images(self, kind, z, labels=None, seed=None, strips=1):
        return sampling.images_of(self.network, z, labels, seed=seed, strips=strips)


@pytest.fixture
def drawn(monkeypatch):
    """{"images": ..., ...}: what the last figure was of."""
    held = {}
    monkeypatch.setattr(
        grids,
        "sample_grid",
        lambda path, images, rows, columns, title=None, low=0, high=1, labels=(): held.update(
            images=images, title=title, labels=labels
        ),
    )
    monkeypatch.setattr(
        grids, "interpolation_strips", lambda path, strips, low=0, high=1, title=None: held.update(images=strips, title=title)
    )
    return held


def test_off_prior_multiplies_z(drawn):
    run, factors = Run(), (0, 0.5, 1, 3)
    show.off_prior("x.png", run, "last", factors, 5, seed=2)
    found = drawn["images"].reshape(5, 4, SIZE)
    z = sampling.draw(run.prior(), 5, 2)
    assert np.allclose(found, z[:, None] * np.array(factors)[:, None]) and "times 0, 0.5, 1, 3" in drawn["title"]


def test_labels_go_over_in_equal_shares_and_z_stays(drawn):
    run, pairs = Run(conditional=True), ((0, 2), (1, 0))
    show.label_morphs("x.png", run, "last", pairs, 5, seed=2)
    found = drawn["images"].reshape(2, 5, SIZE + CLASSES)
    z = sampling.draw(run.prior(), 2, 2)
    assert np.allclose(found[..., :SIZE], z[:, None])
    share = np.linspace(0, 1, 5)
    assert np.allclose(found[0, :, SIZE:], np.stack([1 - share, 0 * share, share], 1))
    assert np.allclose(found[1, :, SIZE:], np.stack([share, 1 - share, 0 * share], 1))


def test_whole_shares_are_the_labels():
    network, z = Run(conditional=True).network, np.random.default_rng(0).random((6, SIZE), np.float32)
    labels = np.array([0, 1, 2, 2, 1, 0])
    soft = sampling.images_of(sampling.with_shares(network), z, np.eye(CLASSES)[labels])
    assert (soft == sampling.images_of(network, z, labels)).all()


@pytest.mark.parametrize("scaling", [UNIT, Linear(-1.0, 1.0)])
def test_below_each_walk_straight_and_on_an_arc_lie_the_nearest_images(drawn, scaling):
    rng = np.random.default_rng(5)
    train = rng.integers(0, 256, (40, 1, SIZE, 1), dtype=np.uint8)
    spec = SimpleNamespace(title="data", sizes={"train": 40}, scaling=UNIT)
    source = SimpleNamespace(spec=spec, chunks=lambda split: [train[:25], train[25:]])
    run = Run()
    run.source.spec = dataclasses.replace(run.source.spec, scaling=scaling)
    show.walks_and_neighbours("x.png", run, "last", source, 2, 6, seed=1)
    rows = drawn["images"].reshape(2, 2, 2, 6, SIZE)  # pair of ends, way, walk or nearest
    for way, walked in zip(("linear", "spherical"), rows[:, :, 0].swapaxes(0, 1)):
        z = show.walks_of(run, 2, 6, 1, way)
        assert np.allclose(walked, z if scaling == UNIT else (z + 1) / 2, atol=1e-6)
    pixels = train.reshape(40, SIZE) / 255
    nearest = np.square(np.float64(rows[:, :, 0])[..., None, :] - pixels).sum(axis=-1).argmin(axis=-1)
    assert np.allclose(rows[:, :, 1], pixels[nearest], atol=1e-6)
    assert [words[0] for words in drawn["labels"]] == ["linear", "nearest", "spherical", "nearest"] * 2


def test_walks_between_the_same_ends_keep_their_label(drawn):
    train = np.zeros((3, 1, SIZE + CLASSES, 1), np.uint8)
    spec = SimpleNamespace(title="data", sizes={"train": 3}, scaling=UNIT)
    source = SimpleNamespace(spec=spec, chunks=lambda split: [train])
    show.walks_and_neighbours("x.png", Run(conditional=True), "last", source, 3, 4, seed=1, listed=(2, 0))
    shares = drawn["images"].reshape(3, 2, 2, 4, SIZE + CLASSES)[:, :, 0, :, SIZE:]
    assert (shares == np.eye(CLASSES)[[2, 0, 2]][:, None, None]).all()
    assert [words[0] for words in drawn["labels"] if len(words) > 1] == [f"label {label}" for label in (2, 2, 0, 0, 2, 2)]


@pytest.mark.parametrize("share", [0, 0.25, 1])
def test_a_point_of_the_first_walk(share, drawn):
    show.point("x.png", Run(), "last", share, seed=1, way="linear")
    point = drawn["images"].reshape(SIZE)
    run = "Nets on blobs: paper preset, 2 epochs, seed 3; last weights"
    assert drawn["title"] == f"{run}. {share:.0%} of the way from one z of seed 1 to another, linear interpolation"
    show.strips("x.png", Run(), "last", 1, 5, 1, "linear")
    assert np.allclose(point, drawn["images"].reshape(5, SIZE)[round(4 * share)])


def test_a_map_that_answers_where_nothing_is_says_so(drawn, monkeypatch):
    parts = np.full((5, 3, 4, 4, 1), -0.5, np.float32)
    parts[[1, 3]] = -0.97  # next to black, of -1 to 1
    monkeypatch.setattr(features, "strongest", lambda *given: parts)
    for rows, dark in ((4, [1, 3]), (1, [])):
        show.strongest("x.png", None, None, None, (-1.0, 1.0), "parts", n=3, rows=rows)
        assert [row for row, words in enumerate(drawn["labels"]) if words] == dark
        assert drawn["title"] == f"parts. A row for each of the first {rows} maps"
    assert drawn["labels"] == ()


def test_kernels_are_scaled_each_to_its_largest_weight(drawn):
    network = keras.Sequential([keras.Input((9, 9, 1)), keras.layers.Conv2D(5, 3, name="first")])
    show.kernels("x.png", network, "first", "kernels")
    kernel = network.get_layer("first").get_weights()[0]
    for n in range(5):
        assert np.allclose(drawn["images"][n, ::4, ::4, 0], kernel[..., 0, n] / np.abs(kernel[..., n]).max())


@pytest.mark.parametrize("labelled", [False, True])
def test_the_strongest_answers_see_what_their_gradients_say(labelled):
    size, kinds = 16, CLASSES if labelled else 0
    network = convolutional.discriminator((size, size, 1), (3, 5), (2, 2), 5, classes=kinds, init_std=0.05, negative_slope=0.2)
    rng = np.random.default_rng(0)
    images = rng.random((9, size, size, 1), np.float32)
    labels = rng.integers(0, CLASSES, 9).astype(np.int32) if labelled else None
    found = features.strongest(network, images, labels, 4)
    assert found.shape == (5, 4, 13, 13, 1)
    maps = keras.Model(network.inputs, features.layers(network)[-1].output)
    x = tf.constant(images)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        answers = maps([x, tf.constant(labels)] if labelled else [x], training=False)
        peaks = tf.reduce_max(answers, axis=(1, 2))
        columns = [peaks[:, channel] for channel in range(5)]
    for channel, column in enumerate(columns):
        seen = tape.gradient(column, x).numpy()[..., 0] != 0
        for rank, image in enumerate(np.argsort(-column.numpy(), kind="stable")[:4]):
            rows, cols = (np.flatnonzero(seen[image].any(axis=axis)) for axis in (1, 0))
            part = images[image, rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1, 0]
            window = found[channel, rank, ..., 0]
            # Beyond the image's edge the window is 0; what is in the image is all that the gradient sees.
            inside = window[(window != 0).any(axis=1)][:, (window != 0).any(axis=0)]
            assert inside.shape == part.shape and (inside == part).all()
