"""A small convolutional classifier trained on a data set's own labels: it reads what a conditional generator drew.

Its last hidden layer is the space of frechet.py and coverage.py. It is no reproduction of a published network.
"""

import dataclasses
import hashlib
import json
import sys

import numpy as np

from gan_repro import files
from gan_repro.errors import RunError, UserError
from gan_repro.scaling import UNIT

EPOCHS = 6
FEATURES = 128
# All else that its weights follow from; "procedure" counts the versions of `_train` itself.
_RECIPE = {"procedure": 1, "batch": 128, "rate": 3e-3, "last_rate": 0.01, "shift": 1, "seed": 99}
_CONVOLUTIONS = ((16, 5, 2), (32, 3, 1), (48, 3, 2))  # channels, kernel, stride
_SMALLEST = 28  # smaller images get a black frame: three valid convolutions need room


@dataclasses.dataclass(frozen=True, eq=False)
class Classifier:
    """A trained classifier.

    Attributes:
      network: Keras model, images float32 (m, h, w, c) in [0, 1] -> (logits (m, classes), features (m, FEATURES)).
      accuracy: share of the data set's own test images that it reads right, 0 to 1.
      n_test: how many those are.
    """

    network: object
    accuracy: float
    n_test: int

    def read(self, images):
        """The class of each image, int64 (n,), of float (n, h, w, c) in [0, 1]."""
        return _predict(self.network, images)[0].argmax(axis=1)

    def features(self, images):
        """Float32 (n, FEATURES): the activations of the last hidden layer."""
        return _predict(self.network, images)[1]


def of(source, epochs=EPOCHS):
    """The classifier of a data set: from the user's cache, or trained (under a minute of one core) and then kept there.

    On MNIST it reads 99.3 % of the test digits right. Training neither draws from Keras's and TensorFlow's global random
    states nor changes them, and gives the same weights again on as many threads.

    Args:
      source: with labels; data/source.py. Its training images train, its test images give the accuracy.
      epochs: of Adam, the rate falling to a hundredth along a cosine, the images shifted by up to a pixel.

    Returns:
      Classifier.

    Raises:
      UserError: the data have no labels.
    """
    spec = source.spec
    if not spec.classes:
        raise UserError(f"{spec.title} has no labels: no classifier can be trained on it")
    network = _build(spec.shape, spec.classes)
    path = _path(network, epochs, source.digest())
    weights = _read(path, network)
    if weights is None:
        print(f"training the classifier that judges samples of {spec.title} ...", flush=True)
        weights = _train(network, source, epochs)
        _write(path, weights)
    network.set_weights(weights)
    chunks = source.chunks("test")
    read = np.concatenate([_predict(network, UNIT(images.astype(np.float32)))[0].argmax(axis=1) for images in chunks])
    return Classifier(network, float((read == source.labels("test")).mean()), len(read))


def _build(shape, classes):
    """The untrained network, float32, its initial weights fixed. Every layer has a name: the JSON is part of a key."""
    import keras

    layers = keras.layers

    def start(layer):
        return {"kernel_initializer": keras.initializers.GlorotUniform(_RECIPE["seed"] + layer), "dtype": "float32"}

    x = images = keras.Input(shape, dtype="float32", name="images")
    frame = [(max(_SMALLEST - size, 0) // 2, -(-max(_SMALLEST - size, 0) // 2)) for size in shape[:2]]
    x = layers.ZeroPadding2D(frame, dtype="float32", name="frame")(x)
    for i, (channels, kernel, stride) in enumerate(_CONVOLUTIONS):
        convolution = layers.Conv2D(channels, kernel, stride, activation="relu", name=f"convolution_{i}", **start(i))
        x = convolution(x)
    x = layers.Flatten(dtype="float32", name="flat")(x)
    features = layers.Dense(FEATURES, "relu", name="features", **start(len(_CONVOLUTIONS)))(x)
    logits = layers.Dense(classes, name="logits", **start(len(_CONVOLUTIONS) + 1))(features)
    return keras.Model(images, [logits, features], name="classifier")


def _predict(network, images):
    """[logits, features] of images float (n, h, w, c) in [0, 1], numpy."""
    images = np.asarray(images, np.float32)
    parts = [network(images[i : i + 1000], training=False) for i in range(0, len(images), 1000)]
    return [np.concatenate([np.asarray(part[k]) for part in parts]) for k in range(2)]


def _train(network, source, epochs):
    """Trains `network` on the training images of a source with labels, a minibatch of them at a time; returns its weights."""
    import keras
    import tensorflow as tf

    n, margin, labels = source.spec.sizes["train"], _RECIPE["shift"], source.labels("train")
    batch = min(_RECIPE["batch"], n)
    steps = n // batch
    rate = keras.optimizers.schedules.CosineDecay(_RECIPE["rate"], epochs * steps, alpha=_RECIPE["last_rate"])
    optimizer = keras.optimizers.Adam(rate, name="adam")
    variables = network.trainable_variables
    optimizer.build(variables)

    @tf.function
    def step(images, targets, corner):
        framed = tf.pad(images, [(0, 0), (margin, margin), (margin, margin), (0, 0)])
        shifted = tf.slice(framed, [0, corner[0], corner[1], 0], [batch, *source.spec.shape])
        with tf.GradientTape() as tape:
            logits, _ = network(UNIT(tf.cast(shifted, tf.float32)), training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
            loss = tf.reduce_mean(losses)
        optimizer.apply(tape.gradient(loss, variables), variables)

    random = np.random.default_rng(_RECIPE["seed"])
    for _ in range(epochs):
        order = random.permutation(n)
        for i in range(steps):
            corner = random.integers(0, 2 * margin + 1, 2, np.int32)
            rows = order[i * batch : (i + 1) * batch]
            step(tf.constant(source.rows("train", rows)), tf.constant(labels[rows]), tf.constant(corner))
    return network.get_weights()


# ---- the cache -----------------------------------------------------------------------------------------------------


def _path(network, epochs, digest):
    """Its name is a digest of all that the weights follow from: architecture, training, data."""
    key = json.dumps([network.to_json(), _RECIPE, epochs, digest], sort_keys=True)
    return files.cache_folder() / f"classifier-{hashlib.sha256(key.encode()).hexdigest()[:24]}.npz"


def _write(path, weights):
    try:
        files.write_arrays(path, {f"arr_{i}": array for i, array in enumerate(weights)}, compress=True)
    except RunError as error:
        print(f"note: the classifier is not cached and will be trained again next time: {error}", file=sys.stderr)


def _read(path, network):
    """The cached weights, or None where there are none, or none sound."""
    try:
        found = files.read_arrays(path)
        weights = [found[f"arr_{i}"] for i in range(len(network.weights))]
    except (RunError, KeyError):
        return None
    return weights if [w.shape for w in weights] == [tuple(w.shape) for w in network.weights] else None
