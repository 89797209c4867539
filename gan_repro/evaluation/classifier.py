"""A small convolutional classifier trained on a data set's own labels: it reads what a conditional generator drew.

Its last hidden layer is the space of frechet.py and coverage.py. It is no reproduction of a published network. Those of MNIST
come with the program (ship.py makes them), so that numbers of all machines are one judge's, but for records from before that.
Others are trained and cached.
"""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gan_repro.data.scaling import UNIT, Scaling
from gan_repro.data.source import Source
from gan_repro.evaluation import real_images
from gan_repro.system import files
from gan_repro.system.errors import RunError, UserError

EPOCHS = 6
FEATURES = 128
# All else that its weights follow from; "procedure" counts the versions of `_build` and `_train` themselves.
RECIPE = {"procedure": 1, "batch": 128, "rate": 3e-3, "last_rate": 0.01, "shift": 1}
SEEDS = (99, 199)  # of the judge and of the second one; each layer has a seed of its own, counted from here
SHIPPED = real_images.SHIPPED  # in its folders classifier-DATASET
CONVOLUTIONS = ((16, 5, 2), (32, 3, 1), (48, 3, 2))  # channels, kernel, stride
_SMALLEST = 28  # smaller images get a black frame: three valid convolutions need room


@dataclasses.dataclass(frozen=True, eq=False)
class Classifier:
    """A trained classifier.

    Attributes:
      network: Keras model, images float32 (m, h, w, c), as `seen` has them -> (logits (m, classes), features (m, FEATURES)).
      accuracy: share of the data set's own test images that it reads right, 0 to 1.
      n_test: how many those are.
      seen: what it sees of stored pixels: by default they are in [0, 1].
    """

    network: Any
    accuracy: float
    n_test: int
    seen: Scaling = UNIT

    def read(self, images: ArrayLike) -> np.ndarray:
        """The class of each image, int64 (n,), of float (n, h, w, c), as `seen` has them."""
        return _predict(self.network, images)[0].argmax(axis=1)

    def features(self, images: ArrayLike) -> np.ndarray:
        """Float32 (n, FEATURES): the activations of the last hidden layer."""
        return _predict(self.network, images)[1]

    def read_with_features(self, images: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """What `read` and `features` give, by one pass."""
        logits, features = _predict(self.network, images)
        return logits.argmax(axis=1), features

    def sha256(self) -> str:
        """Of its weights: others of the same recipe, from another processor, read some images in another way."""
        return hashlib.sha256(b"".join(array.tobytes() for array in self.network.get_weights())).hexdigest()


def of(source: Source, epochs: int = EPOCHS, second: bool = False, seen: Scaling = UNIT) -> Classifier:
    """The classifier of a data set: it comes with the program (MNIST), or is in the user's cache, or is trained and kept there.

    Which it is follows from the data (source.digest) and all that the training depends on, so other data of MNIST's name have
    another one. On MNIST it reads 99.3 % of the test digits right. Training takes under a minute of one core, neither draws
    from Keras's and TensorFlow's global random states nor changes them, and gives the same weights again on as many threads.

    Args:
      source: with labels; data/source.py. Its training images train, its test images give the accuracy.
      epochs: of Adam, the rate falling to a hundredth along a cosine, the images shifted by up to a pixel.
      second: whether another one is wanted, of the same recipe and another seed: what two of them say apart is the judge's
        share in a number.
      seen: what it sees of stored pixels, for images that do not lead back to them (scaling.ContrastNormalised).

    Returns:
      Classifier.

    Raises:
      UserError: the data have no labels. RunError: the file that comes with the program is damaged.
    """
    network, recipe, name = _untrained(source, epochs, second, seen)
    shipped = next(SHIPPED.glob(f"classifier-*/{name}"), None)
    if shipped:
        try:
            weights = _read(shipped, network)
        except RunError as error:
            raise RunError(f"{error}. It comes with the program: install that again") from error
    else:
        arrays = files.cached_arrays(
            files.cache_folder() / name,
            lambda: _by_name(_trained(network, source, epochs, recipe, seen)),
            "the classifier is not cached and will be trained again next time",
            lambda found: _weights(found, network) is not None,
        )
        weights = _weights(arrays, network)
    return _finished(network, weights, source, seen)


def train(source: Source, folder: str | Path, epochs: int = EPOCHS, second: bool = False) -> tuple[Classifier, Path]:
    """Trains the classifier that `of` would give, whatever comes with the program or is cached, and writes it to a folder.

    Args:
      source, epochs, second: as for `of`.
      folder: of the file; its name is a digest of all that the weights follow from.

    Returns:
      (Classifier, Path of the file).

    Raises:
      UserError: the data have no labels. RunError: the file cannot be written.
    """
    network, recipe, name = _untrained(source, epochs, second)
    weights = _trained(network, source, epochs, recipe)
    path = Path(folder) / name
    _write(path, weights)
    return _finished(network, weights, source), path


def _untrained(source, epochs, second, seen=UNIT):
    """The untrained network, its recipe, and the name of the file with its weights, which says all that they follow from.

    The architecture is in the name by its numbers and not as Keras writes it down, which differs between Keras's versions.
    """
    spec = source.spec
    if not spec.classes:
        raise UserError(f"{spec.title} has no labels: no classifier can be trained on it")
    recipe = RECIPE | {"seed": SEEDS[second]}
    key = [spec.shape, spec.classes, _SMALLEST, CONVOLUTIONS, FEATURES, recipe, epochs, source.digest()]
    key += [] if seen == UNIT else [str(seen)]
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    return _build(spec.shape, spec.classes, recipe), recipe, f"classifier-{digest[:24]}.npz"


def _trained(network, source, epochs, recipe, seen=UNIT):
    print(f"training the classifier that judges samples of {source.spec.title} (seed {recipe['seed']}) ...", flush=True)
    return _train(network, source, epochs, recipe, seen)


def _finished(network, weights, source, seen=UNIT):
    """The Classifier of these weights: it reads all test images."""
    network.set_weights(weights)
    chunks = source.chunks("test")
    read = np.concatenate([_predict(network, seen(images.astype(np.float32)))[0].argmax(axis=1) for images in chunks])
    return Classifier(network, float((read == source.labels("test")).mean()), len(read), seen)


def _build(shape, classes, recipe):
    """The untrained network, float32, its initial weights fixed."""
    import keras

    layers = keras.layers

    def start(layer):
        return {"kernel_initializer": keras.initializers.GlorotUniform(recipe["seed"] + layer), "dtype": "float32"}

    x = images = keras.Input(shape, dtype="float32", name="images")
    frame = [(max(_SMALLEST - size, 0) // 2, -(-max(_SMALLEST - size, 0) // 2)) for size in shape[:2]]
    x = layers.ZeroPadding2D(frame, dtype="float32", name="frame")(x)
    for i, (channels, kernel, stride) in enumerate(CONVOLUTIONS):
        convolution = layers.Conv2D(channels, kernel, stride, activation="relu", name=f"convolution_{i}", **start(i))
        x = convolution(x)
    x = layers.Flatten(dtype="float32", name="flat")(x)
    features = layers.Dense(FEATURES, "relu", name="features", **start(len(CONVOLUTIONS)))(x)
    logits = layers.Dense(classes, name="logits", **start(len(CONVOLUTIONS) + 1))(features)
    return keras.Model(images, [logits, features], name="classifier")


def _predict(network, images):
    """[logits, features] of images float (n, h, w, c), as the network sees them, numpy."""
    images = np.asarray(images, np.float32)
    parts = [network(images[i : i + 1000], training=False) for i in range(0, len(images), 1000)]
    return [np.concatenate([np.asarray(part[k]) for part in parts]) for k in range(2)]


def _train(network, source, epochs, recipe, seen=UNIT):
    """Trains `network` on the training images of a source with labels, a minibatch of them at a time; returns its weights."""
    import keras
    import tensorflow as tf

    n, margin, labels = source.spec.sizes["train"], recipe["shift"], source.labels("train")
    batch = min(recipe["batch"], n)
    steps = n // batch
    rate = keras.optimizers.schedules.CosineDecay(recipe["rate"], epochs * steps, alpha=recipe["last_rate"])
    optimizer = keras.optimizers.Adam(rate, name="adam")
    variables = network.trainable_variables
    optimizer.build(variables)

    @tf.function
    def step(images, targets, corner):
        framed = tf.pad(seen(tf.cast(images, tf.float32)), [(0, 0), (margin, margin), (margin, margin), (0, 0)])
        shifted = tf.slice(framed, [0, corner[0], corner[1], 0], [batch, *source.spec.shape])
        with tf.GradientTape() as tape:
            logits, _ = network(shifted, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
            loss = tf.reduce_mean(losses)
        optimizer.apply(tape.gradient(loss, variables), variables)

    random = np.random.default_rng(recipe["seed"])
    for _ in range(epochs):
        order = random.permutation(n)
        for i in range(steps):
            corner = random.integers(0, 2 * margin + 1, 2, np.int32)
            rows = order[i * batch : (i + 1) * batch]
            step(tf.constant(source.rows("train", rows)), tf.constant(labels[rows]), tf.constant(corner))
    return network.get_weights()


# ---- files ---------------------------------------------------------------------------------------------------------


def _by_name(weights):
    """{"arr_0": ..., "arr_1": ...}: as a file has them."""
    return {f"arr_{i}": array for i, array in enumerate(weights)}


def _weights(found, network):
    """The weights of `network` among a file's arrays, in order; None where they are of another network."""
    weights = [found.get(name) for name in _by_name(network.weights)]
    shapes = [getattr(array, "shape", None) for array in weights]
    return weights if shapes == [tuple(wanted.shape) for wanted in network.weights] else None


def _write(path, weights):
    files.write_arrays(path, _by_name(weights), compress=True)


def _read(path, network):
    """The weights in a file. Raises RunError: it is missing, damaged, or of another network."""
    weights = _weights(files.read_arrays(path), network)
    if weights is None:
        raise RunError(f"{path} is damaged: it does not hold the classifier's arrays")
    return weights
