"""What several tests share: small data, games, runs, and what looks at them. Nothing is tested here."""

import os
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]  # the checkout


def mnist_data_dir() -> str | None:
    """The folder with prepared MNIST that TFDS_DATA_DIR names, or None."""
    folder = os.environ.get("TFDS_DATA_DIR")
    return folder if folder and (Path(folder) / "mnist").is_dir() else None


def make_digits():
    """A small in-memory source: 200 training, 50 validation, 60 test images of 8 x 8, 10 classes, noisy patterns.

    Values are uint8, 0..255; the first training image is black, the second white.
    """
    from gan_repro.data.source import InMemory, Spec  # imports TensorFlow, which conftest.py prepares first

    rng = np.random.default_rng(7)
    sizes = {"train": 200, "validation": 50, "test": 60}
    labels = {split: rng.integers(0, 10, n) for split, n in sizes.items()}
    patterns = rng.random((10, 8, 8, 1)) * 200
    images = {
        split: np.uint8(np.clip(patterns[labels[split]] + rng.normal(0, 20, (n, 8, 8, 1)), 0, 255))
        for split, n in sizes.items()
    }
    images["train"][0], images["train"][1] = 0, 255
    return InMemory(Spec("digits", "random blobs", (8, 8, 1), 10, sizes), images, labels)
