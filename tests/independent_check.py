"""`python tests/independent_check.py`: numbers of the shipped records, computed again without a line of the package's code.

From the weights in gan_repro/trained and real MNIST alone: the noise, the generators and the evaluators are written here a
second time, in float64 NumPy, from the papers and from what TensorFlow documents. TensorFlow only reads the images. Each line
says what was computed again, what the record says, how far apart they may be, and whether they are as near as that.

Takes three minutes of one core (with OPENBLAS_NUM_THREADS=1, which is faster on busy cores) and 1.2 GB. Exit code 1 if a
number is off.
"""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path

import h5py
import numpy as np

TRAINED = Path(__file__).resolve().parent.parent / "gan_repro" / "trained"
BITS = 0xFFFFFFFF
SAMPLE = 5  # the number of the stream of random numbers that samples are drawn from
CHUNK = 1000  # samples that one seed pair gives
REPORTED = 5  # draws of z per run that reported numbers may be of
LEAST = 98.5  # % of the test digits that the reader here must read right before its word counts

# What is checked: (folder, generator, metric, samples, bound, which draws of z the number is the mean of). A draw is None, the
# one from the run's own seed, or k, the k-th of those that are kept for reports (`draw_seed`).
PARZEN = ("goodfellow2014-mnist", "best", "parzen_log_likelihood", 10_000, 0.1, tuple(range(REPORTED)))
NEIGHBOUR = ("dcgan-mnist", "last", "nearest_neighbour_error", 10_000, 0.05, (0,))
LABELS = ("dcgan-mnist", "last", "label_accuracy", 10_000, 1.0, (0,))


# ---- noise: Philox 4x32-10 (Salmon et al. 2011), as tf.random.stateless_uniform(alg="philox") uses it ------------------


def philox(key, counter, blocks):
    """uint32 (blocks, 4): ten rounds of Philox on `blocks` counters in turn.

    Args:
      key: two 32-bit integers. counter: four, the lowest first; the lowest one must not overflow.
    """
    words = [np.full(blocks, word, np.uint64) for word in counter]
    words[0] += np.arange(blocks, dtype=np.uint64)
    first, second = key
    mask, half = np.uint64(BITS), np.uint64(32)
    for _ in range(10):
        a, b = words[0] * np.uint64(0xD2511F53), words[2] * np.uint64(0xCD9E8D57)
        words = [(b >> half) ^ words[1] ^ np.uint64(first), b & mask, (a >> half) ^ words[3] ^ np.uint64(second), a & mask]
        first, second = (first + 0x9E3779B9) & BITS, (second + 0xBB67AE85) & BITS
    return np.stack(words, axis=1).astype(np.uint32)


def stateless_uniform(pair, shape, low, high):
    """float32 `shape` in [low, high): what TensorFlow's function of that name gives for a pair of 32-bit integers."""

    def extended(word):  # int32 to uint64, as two words
        return [word & BITS, BITS if word & 0x80000000 else 0]

    scrambled = philox((0x3EC8F720, 0x02461E29), extended(pair[0]) + extended(pair[1]), 1)[0]
    key, counter = (int(scrambled[0]), int(scrambled[1])), (0, 0, int(scrambled[2]), int(scrambled[3]))
    n = int(np.prod(shape))
    words = philox(key, counter, -(-n // 4)).reshape(-1)[:n]
    unit = ((words & np.uint32(0x7FFFFF)) | np.uint32(0x3F800000)).view(np.float32) - np.float32(1)
    low, high = np.float32(low), np.float32(high)
    return (unit * (high - low) + low).reshape(shape)


def seed_pair(seed, step, stream):
    """The pair of 32-bit integers from which `step` of a stream of a seed is drawn."""
    mixed = ((seed * 0x85EBCA6B) ^ stream) * 0x9E3779B1 & BITS
    shifted = (mixed - (2**32 if mixed >> 31 else 0)) >> 15 & BITS  # of a signed number: the sign comes in from the left
    return mixed ^ shifted, (step + seed * 0xC2B2AE35) & BITS


def draw_seed(seed, draw):
    """The seed of a draw of z: the run's own for None, for k that of the k-th draw that is kept for reports."""
    return seed if draw is None else -1 - (REPORTED * seed + draw) % 2**31


PRIORS = {"uniform_unit_variance": (-(3**0.5), 3**0.5), "uniform_0_1": (0, 1), "uniform_-1_1": (-1, 1)}


def noise(prior, n, size, seed):
    """z float32 (n, size) of one of PRIORS."""
    chunks = range(-(-n // CHUNK))
    parts = [stateless_uniform(seed_pair(seed, i, SAMPLE), (CHUNK, size), *PRIORS[prior]) for i in chunks]
    return np.concatenate(parts)[:n]


# ---- generators ------------------------------------------------------------------------------------------------------


def read_weights(path):
    """{layer: its arrays, float64} of a file that Keras wrote."""
    with h5py.File(path) as file:
        found = {}
        for group in file["layers"].values():
            arrays = group["vars"]
            found[arrays.attrs["name"]] = [arrays[name][()].astype(np.float64) for name in sorted(arrays, key=int)]
    return found


def relu(x):
    """max(x, 0)."""
    return np.maximum(x, 0)


def sigmoid(x):
    """1 / (1 + exp(-x)), without an overflow."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def mlp(weights, z):
    """The generator of Goodfellow et al. 2014 on MNIST: (n, 784) in [0, 1] of z (n, 100)."""
    x = np.asarray(z, np.float64)
    for layer in ("hidden_0", "hidden_1"):
        kernel, bias = weights[layer]
        x = relu(x @ kernel + bias)
    kernel, bias = weights["output"]
    return sigmoid(x @ kernel + bias)


def transposed_convolution(x, kernel):
    """(n, h, w, c) -> (n, 2h, 2w, d): stride 2, kernel (k, k, d, c), k - 2 border lines cut off, the odd one at the end."""
    n, h, w, _ = x.shape
    size, _, d, _ = kernel.shape
    whole = np.zeros((n, 2 * (h - 1) + size, 2 * (w - 1) + size, d))
    for i in range(size):
        for j in range(size):
            whole[:, i : i + 2 * h : 2, j : j + 2 * w : 2] += x @ kernel[i, j].T  # each pixel adds a copy of the kernel
    start = (size - 2) // 2
    return whole[:, start : start + 2 * h, start : start + 2 * w]


def dcgan(weights, z, labels, epsilon):
    """The conditional generator of Radford et al. 2015 on MNIST: (n, 784) in [0, 1] of z (n, 100) and labels (n,).

    Every layer sees the label: behind its inputs one-hot, in front of a convolution as ten constant maps.
    """
    one_hot = np.eye(10)[labels]

    def normalised(x, name):
        mean, variance = weights[f"{name}_norm"]
        return relu((x - mean) / np.sqrt(variance + epsilon))

    def with_maps(x):
        return np.concatenate([x, np.broadcast_to(one_hot[:, None, None], (*x.shape[:3], 10))], axis=3)

    def grown(x, name):
        kernel = np.concatenate([weights[name][0], weights[f"{name}_labels"][0]], axis=3)
        return transposed_convolution(with_maps(x), kernel)

    x = np.asarray(z, np.float64)
    for name in ("hidden_0", "seed"):
        x = normalised(np.concatenate([x, one_hot], axis=1) @ weights[name][0], name)
    x = normalised(grown(x.reshape(len(x), 7, 7, -1), "up_0"), "up_0")
    return sigmoid(grown(x, "output")).reshape(len(x), -1)


def in_chunks(function, n, size=500):
    """What `function` (of a slice) gives for 0..n, `size` at a time, as one array."""
    return np.concatenate([function(slice(i, min(i + size, n))) for i in range(0, n, size)])


def shipped(folder, kind):
    """(its weights, config.json) of a shipped generator, after a look at the file's sha256."""
    place = TRAINED / folder
    name = "generator.weights.h5" if kind == "last" else f"generator_{kind}.weights.h5"
    wanted = json.loads((place / "shipped.json").read_text())["files_sha256"][name]
    if hashlib.sha256((place / name).read_bytes()).hexdigest() != wanted:
        raise SystemExit(f"{place / name} is not the file that shipped.json speaks of")
    return read_weights(place / name), json.loads((place / "config.json").read_text())


def samples(folder, kind, n, draw):
    """(float64 (n, 784) in [0, 1], labels (n,)) of a draw from a shipped generator; labels are 0, 1, ..., 9, 0, 1, ..."""
    weights, config = shipped(folder, kind)
    recipe, labels = config["recipe"], np.arange(n) % 10
    z = noise(recipe["prior"], n, recipe["latent"], draw_seed(config["seed"], draw))
    if folder.startswith("dcgan"):
        return in_chunks(lambda part: dcgan(weights, z[part], labels[part], recipe["norm_epsilon"]), n), labels
    return in_chunks(lambda part: mlp(weights, z[part]), n), labels


def recorded(folder, kind, metric, n):
    """The measurement of test images that shipped.json has of the packaged weights, else record.json of the run's own."""
    for name in ("shipped.json", "record.json"):
        for entry in json.loads((TRAINED / folder / name).read_text())["measurements"]:
            found = entry["metric"], entry["weights"], entry.get("n_samples"), entry.get("split", "test")
            if found == (metric, kind, n, "test"):
                return entry
    raise SystemExit(f"{folder} has no {metric} of {kind} with {n} samples")


# ---- evaluators ------------------------------------------------------------------------------------------------------


def squared_distances(x, y):
    """float64 (n, m) of the rows of x (n, d) and y (m, d)."""
    return np.square(x).sum(axis=1)[:, None] + np.square(y).sum(axis=1) - 2 * x @ y.T


def log_likelihood(images, centres, sigma):
    """float64 (n,), nats: log of the mean of Gaussians N(centre, sigma^2) at each image."""

    def of(part):
        exponents = squared_distances(images[part], centres) / (-2 * sigma**2)
        largest = exponents.max(axis=1)
        return largest + np.log(np.exp(exponents - largest[:, None]).sum(axis=1))

    normaliser = np.log(len(centres)) + images.shape[1] / 2 * np.log(2 * np.pi * sigma**2)
    return in_chunks(of, len(images)) - normaliser


def nearest_labels(images, centres, labels):
    """(n,): the label of the centre that is nearest to each image."""
    return labels[in_chunks(lambda part: squared_distances(images[part], centres).argmin(axis=1), len(images))]


class Reader:
    """A classifier of digits of its own kind: two hidden layers, Adam, images shifted by up to a pixel. float32.

    Args:
      images: uint8 (n, 28, 28) that it learns. labels: (n,).
    """

    def __init__(self, images, labels, units=(784, 512, 256, 10), epochs=8, batch=200, rate=2e-3, seed=0):
        random = np.random.default_rng(seed)
        self.weights = []
        for fan_in, fan_out in zip(units, units[1:]):
            self.weights += [random.normal(0, (2 / fan_in) ** 0.5, (fan_in, fan_out)), np.zeros(fan_out)]
        self.weights = [array.astype(np.float32) for array in self.weights]
        moments = [[np.zeros_like(array) for array in self.weights] for _ in range(2)]
        framed = np.pad(images, [(0, 0), (1, 1), (1, 1)])
        steps, step = epochs * (len(images) // batch), 0
        for _ in range(epochs):
            order = random.permutation(len(images))
            for i in range(len(images) // batch):
                rows, (down, right) = order[i * batch : (i + 1) * batch], random.integers(0, 3, 2)
                shifted = framed[rows, down : down + 28, right : right + 28].reshape(batch, -1)
                gradients = self._gradients(shifted / np.float32(255), labels[rows])
                step += 1
                now = rate * 0.5 * (1 + np.cos(np.pi * step / steps)) * (1 - 0.999**step) ** 0.5 / (1 - 0.9**step)
                for array, mean, square, gradient in zip(self.weights, *moments, gradients):
                    mean += np.float32(0.1) * (gradient - mean)
                    square += np.float32(0.001) * (gradient * gradient - square)
                    array -= np.float32(now) * mean / (np.sqrt(square) + np.float32(1e-8))

    def _layers(self, x):
        outputs = [x]
        for i in range(0, len(self.weights), 2):
            linear = outputs[-1] @ self.weights[i] + self.weights[i + 1]
            outputs.append(relu(linear) if i + 2 < len(self.weights) else linear)
        return outputs

    def _gradients(self, x, labels):
        """Of the mean cross-entropy, in the order of `weights`."""
        outputs = self._layers(x)
        share = np.exp(outputs[-1] - outputs[-1].max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        share[np.arange(len(x)), labels] -= 1
        back, gradients = share / np.float32(len(x)), []
        for i in range(len(self.weights) - 2, -1, -2):
            below = outputs[i // 2]
            gradients = [below.T @ back, back.sum(axis=0), *gradients]
            back = (back @ self.weights[i].T) * (below > 0)
        return gradients

    def read(self, images):
        """(n,): the class of images (n, 784) in [0, 1]."""
        return self._layers(np.asarray(images, np.float32))[-1].argmax(axis=1)


# ---- the checks ------------------------------------------------------------------------------------------------------


def mnist(split, data_dir):
    """(uint8 (n, 28, 28), labels (n,)) of "train" (60,000) or "test" (10,000) from TensorFlow Datasets, nothing downloaded."""
    import tensorflow_datasets

    found = tensorflow_datasets.load("mnist", split=split, batch_size=-1, data_dir=data_dir, download=False)
    arrays = tensorflow_datasets.as_numpy(found)
    return arrays["image"][..., 0], arrays["label"]


def line(what, unit, again, record, bound):
    """(whether a number is within its bound of the record, the line that says so)."""
    apart = again - record
    good = bool(abs(apart) <= bound)  # NaN is not
    text = f"{what}: {again:.4f} {unit} again, {record:.4f} in the record, {apart:+.4f} apart, at most {bound:g}: "
    return good, text + ("ok" if good else "OFF")


def check_parzen(test, _test_labels, _train, folder, kind, metric, n, bound, draws):
    """The log-likelihood of the test images, at the record's sigma."""
    entry = recorded(folder, kind, metric, n)
    images = test.reshape(len(test), -1) / 255
    nats = [log_likelihood(images, samples(folder, kind, n, draw)[0], entry["sigma"]) for draw in draws]
    mean = np.mean(nats, axis=0)
    yield line(f"{folder} {kind} {metric}", "nats", mean.mean(), entry["value"], bound)
    error = mean.std(ddof=1) / len(mean) ** 0.5
    yield line(f"{folder} {kind} {metric}, standard error", "nats", error, entry["standard_error"], bound / 10)


def check_neighbour(test, test_labels, _train, folder, kind, metric, n, bound, draws):
    """How many test digits the nearest sample has another label of."""
    images = test.reshape(len(test), -1) / 255
    wrong = [100 * np.mean(nearest_labels(images, *samples(folder, kind, n, draw)) != test_labels) for draw in draws]
    record = recorded(folder, kind, metric, n)["value"]
    yield line(f"{folder} {kind} {metric}, {n:,} samples", "%", np.mean(wrong), record, bound)


def check_labels(test, test_labels, train, folder, kind, metric, n, bound, draws):
    """How many samples are read as the label asked for, by a Reader that reads LEAST of the test digits right."""
    reader = Reader(*train)
    own = 100 * np.mean(reader.read(test.reshape(len(test), -1) / 255) == test_labels)
    good = bool(own >= LEAST)
    yield good, f"test digits that the reader here reads: {own:.2f} %, at least {LEAST:g}: {'ok' if good else 'OFF'}"
    drawn = (samples(folder, kind, n, draw) for draw in draws)
    right = [100 * np.mean(reader.read(images) == labels) for images, labels in drawn]
    yield line(f"{folder} {kind} {metric}", "%", np.mean(right), recorded(folder, kind, metric, n)["value"], bound)


CHECKS = {"parzen": (check_parzen, PARZEN), "neighbour": (check_neighbour, NEIGHBOUR), "labels": (check_labels, LABELS)}


def main(arguments=None):
    """Runs the program; returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data_dir", default=os.environ.get("TFDS_DATA_DIR"), help="where MNIST is prepared ($TFDS_DATA_DIR)")
    parser.add_argument("--only", choices=CHECKS, help="this check alone")
    given = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    train, (test, test_labels) = mnist("train", given.data_dir), mnist("test", given.data_dir)
    fine = True
    for check, what in [CHECKS[given.only]] if given.only else CHECKS.values():
        for good, text in check(test, test_labels, train, *what):
            print(text, flush=True)
            fine = fine and good
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
