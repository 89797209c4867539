"""The protocol as InMemory keeps it: order, batches, scaling, bytes on the device. No real data here."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from gan_repro import data
from gan_repro.data import source
from gan_repro.data.scaling import Linear
from gan_repro.system.errors import UsageError

N, SHAPE = 203, (4, 3, 1)  # TensorFlow copies tensors of up to 128 elements into a graph


def make(with_labels=True):
    rng = np.random.default_rng(0)
    sizes = {"train": N, "validation": 5, "test": 7}
    images = {split: rng.integers(0, 256, (n, *SHAPE), np.uint8) for split, n in sizes.items()}
    labels = {split: np.arange(n) % 10 for split, n in sizes.items()} if with_labels else None
    return source.InMemory(source.Spec("made", "Made", SHAPE, 10 * with_labels, sizes), images, labels)


def order(seed, epoch, of=None):
    return (of or make()).open(epoch, seed).numpy()


def test_order_is_a_permutation_and_a_function_of_seed_and_epoch_only():
    first = order(1, 0)
    np.testing.assert_array_equal(np.sort(first), np.arange(N))
    data_set = make()
    for epoch in (2, 1):
        data_set.open(epoch, 7)
    tf.random.set_seed(99)
    np.testing.assert_array_equal(order(1, 0, data_set), first)
    np.testing.assert_array_equal(data_set.open(0, 1, skip=3).numpy(), first)
    assert not np.array_equal(order(1, 1), first)
    assert not np.array_equal(order(2, 0), first)
    assert not np.array_equal(order(0, 1), first)  # (seed, epoch) is not (epoch, seed)


def test_every_position_is_equally_likely():
    """Where image 0 comes in 100 epochs is uniform: mean within five standard errors."""
    data_set = make()
    where = np.array([np.flatnonzero(order(0, epoch, data_set) == 0)[0] for epoch in range(100)])
    assert abs(where.mean() - (N - 1) / 2) < 5 * np.sqrt((N**2 - 1) / 12 / 100)


def test_an_epoch_plays_whole_batches_without_repeats_and_drops_the_ragged_one():
    data_set = make()
    feed, size = data_set.open(0, 3), 10
    batch = tf.function(data_set.batch)
    played = [batch(feed, tf.constant(i), size) for i in range(N // size)]
    rows = feed.numpy()[: size * (N // size)]
    np.testing.assert_array_equal(np.concatenate([x for x, _ in played]), data_set.scaled("train")[rows])
    np.testing.assert_array_equal(np.concatenate([y for _, y in played]), data_set.labels("train")[rows])
    assert {x.shape for x, _ in played} == {(size, *SHAPE)}
    with pytest.raises(tf.errors.InvalidArgumentError):
        data_set.batch(feed, N // size, size)


def test_images_stay_bytes_on_the_device_and_out_of_the_graph():
    data_set = make()
    batch = tf.function(data_set.batch).get_concrete_function(tf.TensorSpec([N], tf.int32), tf.TensorSpec([], tf.int32), 10)
    images, labels = data_set.device_arrays()  # made while the graph was traced, usable outside it
    assert images.dtype == tf.uint8 and labels.dtype == tf.int32
    assert images.dtype.size * np.prod(images.shape) == N * np.prod(SHAPE)
    assert labels.dtype.size * np.prod(labels.shape) == 4 * N
    assert data_set.device_arrays()[0] is images
    constants = [node for node in batch.graph.as_graph_def().node if node.op == "Const"]
    assert all(node.attr["value"].tensor.ByteSize() < N for node in constants)
    # from a variable on a GPU, where nothing else has a kernel; on a CPU from the memory of the numpy array itself
    gather = "ResourceGather" if tf.config.list_logical_devices("GPU") else "GatherV2"
    assert any(op.type == gather for op in batch.graph.get_operations())


@pytest.mark.parametrize("low, high", [(0.0, 1.0), (-1.0, 1.0)])
def test_scaling_is_that_of_float64_to_two_bits(low, high):
    values = np.arange(256, dtype=np.uint8).reshape(256, 1, 1, 1)
    sizes = {"train": 256, "validation": 0, "test": 0}
    none = np.zeros((0, 1, 1, 1), np.uint8)
    spec = source.Spec("values", "Values", (1, 1, 1), 0, sizes, Linear(low, high))
    data_set = source.InMemory(spec, {"train": values, "validation": none, "test": none})
    # float32's own rounding of the factor, the product and the sum: two units in the last place of 1.
    exact = values.astype(np.float64) / 255 * (high - low) + low
    x, _ = data_set.batch(tf.range(256), 0, 256)
    for scaled in (data_set.scaled("train"), x.numpy()):
        assert scaled.dtype == np.float32
        np.testing.assert_allclose(scaled, exact, rtol=0, atol=2**-22)
        assert scaled.min() == low and scaled.max() == high
    assert len(data_set.scaled("train", 3)) == 3


def test_without_labels_batches_carry_zeros():
    data_set = make(with_labels=False)
    assert data_set.labels("train") is None
    _, labels = data_set.batch(data_set.open(0, 0), 0, 10)
    np.testing.assert_array_equal(labels, np.zeros(10))


def test_digest_knows_every_pixel_and_label():
    first = make()
    assert first.digest() == make().digest()
    assert first.digest() != make(with_labels=False).digest()
    first.images("test")[0, 0, 0, 0] ^= 1
    assert first.digest() != make().digest()


def test_arrays_that_do_not_fit_the_spec_are_refused():
    spec = make().spec
    with pytest.raises(ValueError, match="does not fit"):
        source.InMemory(spec, {"train": np.zeros((N, *SHAPE), np.float32)})
    with pytest.raises(ValueError, match="does not fit"):
        source.InMemory(spec, {"train": np.zeros((N - 1, *SHAPE), np.uint8)})


@pytest.mark.parametrize("name", ["mnst", "npz", "npz:", "images", "mnist:there", "", ":"])
def test_unknown_names_are_usage_errors_that_list_the_valid_ones(name):
    with pytest.raises(UsageError, match="mnist, cifar10, tfd, tfd96, glyphs, npz:PATH, images:FOLDER"):
        data.load(name)


def test_importing_the_package_imports_no_tensorflow():
    code = "import sys; from gan_repro.data import from_tfds, glyphs, user; print('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
