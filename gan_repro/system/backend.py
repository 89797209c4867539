"""Which backend Keras computes with, or will: everything here is written for TensorFlow."""

import json
import os
import sys
from pathlib import Path

from gan_repro.system.errors import UsageError

OURS = "tensorflow"


def check() -> None:
    """Asks for TensorFlow, before Keras is imported and takes its seconds.

    Raises:
      UsageError: Keras has another backend, or would take it.
    """
    name, source = chosen()
    if name != OURS:
        raise UsageError(
            f"Keras's backend is {name} (by {source}); this program computes with TensorFlow: set KERAS_BACKEND=tensorflow"
        )


def chosen() -> tuple[str, str]:
    """(the backend's name, who chose it). Keras itself, once it is imported; else what it reads then, in its order."""
    keras = sys.modules.get("keras")
    if keras is not None and hasattr(keras, "config"):  # not half imported
        return keras.config.backend(), "the imported Keras"
    if name := os.environ.get("KERAS_BACKEND"):
        return name, "KERAS_BACKEND"
    file = Path(os.environ.get("KERAS_HOME") or Path("~/.keras").expanduser()) / "keras.json"
    try:
        return str(json.loads(file.read_text(encoding="utf-8"))["backend"]), str(file)
    except (OSError, ValueError, KeyError, TypeError):  # Keras's default holds
        return OURS, "default"
