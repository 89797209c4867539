"""What D has learned without labels: the features of its convolutions, and a linear SVM on them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

Labelled = tuple[np.ndarray, np.ndarray]  # features float32 (n, d), labels integers (n,)

GRID = 4  # every layer's maps are pooled to GRID x GRID
COSTS = (0.1, 1.0, 10.0)  # C of the SVM; validation chooses
_LAYER = re.compile(r"down_\d+_activation")  # as convolutional.discriminator calls them


def layers(discriminator: keras.Model) -> list[keras.layers.Layer]:
    """The layers behind every convolution's activation, the first one first.

    Raises:
      ValueError: not `has_features`.
    """
    found = _layers(discriminator)
    if not has_features(discriminator):
        shapes = [layer.output.shape[1:] for layer in found]
        raise ValueError(f"convolutions' outputs must be {GRID} x {GRID} or larger, not {shapes}")
    return found


def has_features(discriminator: keras.Model) -> bool:
    """Whether a network has convolutions, and all their maps are GRID x GRID or larger: else nothing can be pooled to that."""
    found = _layers(discriminator)
    return bool(found) and all(min(layer.output.shape[1:3]) >= GRID for layer in found)


def _layers(discriminator):
    return [layer for layer in discriminator.layers if _LAYER.fullmatch(layer.name)]


def windows(size: int, n: int = GRID) -> list[tuple[int, int]]:
    """[(start, stop), ...]: n windows that cover 0..size - 1, as equal as can be; they overlap where n is no divisor."""
    return [(i * size // n, -(-(i + 1) * size // n)) for i in range(n)]


def take_statistics(network: keras.Model, images: np.ndarray, batch_size: int) -> None:
    """Gives batch norm the statistics of these images in place of the moving averages of a training, which saw others, too.

    Every layer's mean and variance become the average of those of the minibatches, each with the layers before it
    normalised by the minibatch itself, as in training.

    Args:
      network: Keras model of one input; changed in place.
      images: float32 (n, h, w, c), as it sees them; the last n % batch_size are left out, unless there are fewer in all.
      batch_size: images of a minibatch.

    Source: dcgan_code, svhn/svhn_semisup_analysis.py (infer_bnorm_stats).
    """
    import keras
    import tensorflow as tf

    norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in norms]
    starts = range(0, max(1, len(images) - batch_size + 1), batch_size)
    for done, start in enumerate(starts):
        for layer in norms:
            layer.momentum = done / (done + 1)
        network(tf.constant(images[start : start + batch_size]), training=True)
    for layer, momentum in zip(norms, momenta):
        layer.momentum = momentum


def extract(discriminator: keras.Model, images: np.ndarray, chunk: int = 500) -> np.ndarray:
    """The outputs of all convolutions behind their activations, max-pooled to GRID x GRID, flattened, one after the other.

    Test mode: batch norm has the moving averages of its statistics.

    Args:
      discriminator: convolutional.discriminator without labels.
      images: float32 (n, h, w, c), as D sees them.
      chunk: images at a time.

    Returns:
      float32 (n, GRID * GRID * sum of the layers' channels).

    Raises:
      ValueError: as `layers`.

    Source: Radford et al. 2015, section 5.1 (there of a model trained on ImageNet, 28,672 numbers).
    """
    import keras
    import tensorflow as tf

    network = keras.Model(discriminator.input, [layer.output for layer in layers(discriminator)])

    def pooled(x):
        outputs = tf.nest.flatten(network(tf.constant(x), training=False))
        return np.concatenate([_pool(output).numpy().reshape(len(x), -1) for output in outputs], axis=1)

    return np.concatenate([pooled(images[i : i + chunk]) for i in range(0, len(images), chunk)])


def _pool(maps):
    """float32 (m, h, w, c) -> (m, GRID, GRID, c): the largest value in each window."""
    import tensorflow as tf

    rows, columns = windows(maps.shape[1]), windows(maps.shape[2])
    maps = tf.stack([tf.reduce_max(maps[:, start:stop], axis=1) for start, stop in rows], axis=1)
    return tf.stack([tf.reduce_max(maps[:, :, start:stop], axis=2) for start, stop in columns], axis=2)


def strongest(discriminator: keras.Model, images: np.ndarray, labels: np.ndarray | None, n: int) -> np.ndarray:
    """What excites each map of D's last convolution most: the parts of `images` that its strongest answers see.

    Args:
      discriminator: convolutional.discriminator.
      images: float32 (m, h, w, c), as D sees them, m >= n; labels: int (m,), or None where D sees none.
      n: parts of each map, from n different images, the strongest first.

    Returns:
      float32 (maps, n, r, r, c): r pixels that such an answer depends on; beyond the image's edge it is 0, as D sees it.
    """
    import keras

    last = layers(discriminator)[-1]
    # `same` convolutions: an answer at i sees the r pixels from i * jump + start on.
    reach, jump, start, size = 1, 1, 0, images.shape[1]
    for layer in discriminator.layers:
        if isinstance(layer, keras.layers.Conv2D):
            kernel, stride = layer.kernel_size[0], layer.strides[0]
            padding = max((-(-size // stride) - 1) * stride + kernel - size, 0) // 2
            start, reach = start - padding * jump, reach + (kernel - 1) * jump
            jump, size = jump * stride, -(-size // stride)
    network = keras.Model(discriminator.inputs, last.output)
    maps = network([images] if labels is None else [images, np.asarray(labels, np.int32)], training=False).numpy()
    peaks = maps.reshape(len(maps), -1, maps.shape[-1])
    order = np.argsort(-peaks.max(axis=1), axis=0, kind="stable")[:n]
    places = peaks.argmax(axis=1)
    edge = reach + max(0, -start)
    framed = np.pad(images, [(0, 0), (edge, edge), (edge, edge), (0, 0)])
    found = np.empty((maps.shape[-1], n, reach, reach, images.shape[-1]), np.float32)
    for channel in range(maps.shape[-1]):
        for rank, image in enumerate(order[:, channel]):
            row, column = (edge + start + jump * i for i in divmod(places[image, channel], maps.shape[2]))
            found[channel, rank] = framed[image, row : row + reach, column : column + reach]
    return found


def svm_accuracy(
    train: Labelled, validation: Labelled, test: Labelled, costs: Sequence[float] = COSTS
) -> tuple[float, float, dict[float, float]]:
    """Test accuracy of a linear SVM (one against the rest, squared hinge loss, L2 penalty) whose C validation chooses.

    Features are standardised with mean and deviation of the fitted images and divided by the root of their number, so
    that a row's norm is about 1 whatever the network, and one grid of C serves all. A feature that does not vary is 0.

    Args:
      train, validation, test: (features float32 (n, d), labels integers (n,)).
      costs: candidates for C, ascending; of equally good ones the smallest is taken.

    Returns:
      (share of the test images that are classified right, the chosen C, {C: share of the validation images}).
    """
    mean, deviation = train[0].mean(axis=0, dtype=np.float64), train[0].std(axis=0, dtype=np.float64)
    varies = deviation > 1e-6 * np.abs(mean)  # what float32 leaves of a constant's deviation does not count
    factor = np.where(varies, 1 / np.where(varies, deviation, 1.0), 0.0) / np.sqrt(len(mean))

    def seen(features):
        standardised = features - np.float32(mean)
        standardised *= np.float32(factor)
        return standardised

    rows, held = seen(train[0]), seen(validation[0])
    classes = np.unique(train[1])
    weights, shares = np.zeros((rows.shape[1] + 1, len(classes))), {}
    chosen, best = costs[0], weights
    for cost in costs:
        weights = fit_svm(rows, np.where(train[1][:, None] == classes, 1.0, -1.0), cost, weights)
        shares[cost] = float((classes[_scores(held, weights).argmax(axis=1)] == validation[1]).mean())
        if len(shares) == 1 or shares[cost] > shares[chosen]:
            chosen, best = cost, weights
    predicted = classes[_scores(seen(test[0]), best).argmax(axis=1)]
    return float((predicted == test[1]).mean()), chosen, shares


def fit_svm(rows: np.ndarray, signs: np.ndarray, cost: float, start: np.ndarray, tolerance: float = 1e-6) -> np.ndarray:
    """The weights of linear SVMs: argmin 1/2 |w|^2 + C sum max(0, 1 - y w (x, 1))^2, each column of `signs` its own.

    This is the problem that LIBLINEAR (L2-regularised L2-loss) and scikit-learn's LinearSVC solve, the intercept being
    penalised as well. It is smooth and convex; L-BFGS on all columns at once is matrix products alone.

    Args:
      rows: float32 (n, d).
      signs: 1.0 or -1.0 (n, k).
      cost: C.
      start: float64 (d + 1, k), where the search begins; any.
      tolerance: it stops where a step lowers the objective by less than this share of it, or after 500 steps.

    Returns:
      float64 (d + 1, k); the last row is the intercept.
    """
    from scipy import optimize

    def objective(flat):
        weights = flat.reshape(start.shape)
        missing = np.maximum(0.0, 1 - signs * _scores(rows, weights))
        slope = -2 * cost * signs * missing
        gradient = weights.copy()
        gradient[:-1] += rows.T @ np.float32(slope)
        gradient[-1] += slope.sum(axis=0)
        return 0.5 * np.square(flat).sum() + cost * np.square(missing).sum(), gradient.ravel()

    options = {"maxiter": 500, "ftol": tolerance, "gtol": 0.0}
    return optimize.minimize(objective, start.ravel(), jac=True, method="L-BFGS-B", options=options).x.reshape(start.shape)


def _scores(rows, weights):
    """float64 (n, k): how far each row is on the positive side of each SVM."""
    return np.float64(rows @ np.float32(weights[:-1])) + weights[-1]
