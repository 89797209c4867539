"""A small convolutional classifier trained on a data set's own labels: it reads what a conditional generator drew.

Its penultimate layer is the space of Fréchet distances (frechet.py). It is no reproduction of a published network.
"""

import dataclasses
import hashlib
import sys
import zipfile
import zlib

import numpy as np

from gan_repro import files
from gan_repro.errors import UserError

VERSION = 1  # of the architecture and its training: raise it when either changes
EPOCHS, BATCH, RATE = 8, 100, 1e-3
FEATURES = 128
_SEED = 99  # of its initial weights and order: one fixed judge for every run


@dataclasses.dataclass(frozen=True, eq=False)
class Classifier:
    """A trained classifier.

    Attributes:
      network: Keras model, images float32 (m, h, w, c) in [0, 1] -> (probabilities (m, classes), features (m, FEATURES)).
      accuracy: share of the data set's own test images that it reads right, 0 to 1.
      n_test: how many those are.
    """

    network: object
    accuracy: float
    n_test: int

    def read(self, images):
        """The class of each image, int64 (n,), of float (n, h, w, c) in [0, 1]."""
        return self._predict(images)[0].argmax(axis=1)

    def features(self, images):
        """Float32 (n, FEATURES): the activations of the last hidden layer."""
        return self._predict(images)[1]

    def _predict(self, images):
        images = np.asarray(images, np.float32)
        parts = [self.network(images[i : i + 1000], training=False) for i in range(0, len(images), 1000)]
        return [np.concatenate([np.asarray(part[k]) for part in parts]) for k in range(2)]


def of(source, epochs=EPOCHS):
    """The classifier of a data set: from the user's cache, or trained (about a minute and a half) and then kept there.

    Args:
      source: with labels; data/source.py. Its training images train, its test images give the accuracy.
      epochs: of Adam at RATE, falling to a hundredth of it along a cosine.

    Returns:
      Classifier.

    Raises:
      UserError: the data have no labels.
    """
    spec = source.spec
    if not spec.classes:
        raise UserError(f"{spec.title} has no labels: no classifier can be trained on it")
    images, labels = (source.images("train") / np.float32(255), source.labels("train"))
    test, test_labels = source.images("test") / np.float32(255), source.labels("test")
    network = _build(spec.shape, spec.classes)
    path = files.cache_folder() / f"classifier-{VERSION}-{epochs}-{source.digest()[:16]}.npz"
    weights = _read(path, network)
    if weights is None:
        print(f"training the classifier that judges samples of {spec.title} ...", flush=True)
        weights = _train(network, images, labels, epochs)
        _write(path, weights)
    network.set_weights(weights)
    judge = Classifier(network, 0.0, len(test))
    return dataclasses.replace(judge, accuracy=float((judge.read(test) == test_labels).mean()))


def _build(shape, classes):
    import keras

    keras.utils.set_random_seed(_SEED)
    layers = keras.layers
    x = images = keras.Input(shape)
    for i, channels in enumerate((24, 48)):
        x = layers.Conv2D(channels, 5, padding="same", activation="relu", name=f"convolution_{i}")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    features = layers.Dense(FEATURES, "relu", name="features")(x)
    probabilities = layers.Dense(classes, "softmax", name="probabilities")(layers.Dropout(0.5)(features))
    return keras.Model(images, [probabilities, features])


def _train(network, images, labels, epochs):
    import keras

    fitted = keras.Model(network.input, network.output[0])
    steps = epochs * -(-len(images) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(RATE, steps, alpha=0.01)
    fitted.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    fitted.fit(images, labels, BATCH, epochs, verbose=0)
    return network.get_weights()


def _checksum(arrays):
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()


def _write(path, weights):
    try:
        with files.replacing(path) as temporary:
            np.savez_compressed(temporary, *weights, sha256=_checksum(weights))
    except UserError as error:
        print(f"note: the classifier is not cached and will be trained again next time: {error}", file=sys.stderr)


def _read(path, network):
    """The cached weights, or None where there are none, or none sound."""
    try:
        with np.load(path, allow_pickle=False) as file:
            weights = [file[f"arr_{i}"] for i in range(len(network.weights))]
            sound = str(file["sha256"]) == _checksum(weights)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    return weights if sound and [w.shape for w in weights] == [tuple(w.shape) for w in network.weights] else None
