"""Mean and variance whose second derivatives are right, for what differentiates a gradient."""

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest import mock

import tensorflow as tf


@contextlib.contextmanager
def differentiable_twice() -> Iterator[None]:
    """Within, batch, layer, group and instance norm of Keras have the second derivatives of what they compute.

    tf.nn.moments, which all of these call, takes the mean for a constant in the variance (tensorflow:python/ops/nn_impl.py).
    The first derivatives are right all the same, since that of the variance by the mean is 0; the second ones are not: a
    gradient penalty, or a look through D's updates, would see the variance change where all examples are shifted alike. The
    values are the same to rounding.

    Where nothing is differentiated twice Keras's norms stay as they are, and so do the bits of those games.
    """
    with mock.patch.object(tf.nn, "moments", _moments):
        yield


def _moments(x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None) -> tuple[Any, Any]:
    """As tf.nn.moments, with a variance that knows that the mean depends on x; float16 and bfloat16 are computed in float32."""
    x = tf.convert_to_tensor(x)
    exact = tf.cast(x, tf.float32) if x.dtype in (tf.float16, tf.bfloat16) else x
    mean = tf.reduce_mean(exact, axes, keepdims=True)
    variance = tf.reduce_mean(tf.square(exact - mean), axes, keepdims=True)
    if not keepdims:
        mean, variance = tf.squeeze(mean, axes), tf.squeeze(variance, axes)
    return tf.cast(mean, x.dtype), tf.cast(variance, x.dtype)
