"""The number format in which layers compute."""

import contextlib
from collections.abc import Iterator

import keras


@contextlib.contextmanager
def policy(name: str) -> Iterator[None]:
    """Layers built inside compute in the Keras policy `name` ("float32", "mixed_bfloat16"); Keras's own comes back after."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
