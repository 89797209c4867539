"""A program, started by inception.py: features of images by torch-fidelity's InceptionV3. It imports nothing of ours.

It is a process of its own because torchvision crashes where TensorFlow was imported before it (torchvision 0.29 beside
TensorFlow 2.21).
"""

import io
import sys
from typing import Any

import numpy as np

FEATURES = "2048"  # torch-fidelity's name for the last pooling layer, of 2,048 features
BATCH = 50  # images
UNFIT = 3  # exit code: the weights are damaged or of another network; the one line on stderr says why


def network(path: str) -> Any:
    """FeatureExtractorInceptionV3 with the weights of a state dict's file. Raises errors of many kinds where they do not fit.

    The file is read as tensors alone, so that no code in it is run: the network's own reader unpickles whatever it holds.
    """
    import torch
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    whole = io.BytesIO()
    torch.save(torch.load(path, map_location="cpu", weights_only=True), whole)
    whole.seek(0)
    return FeatureExtractorInceptionV3("inception", [FEATURES], feature_extractor_weights_path=whole)


def features(judge: Any, images: np.ndarray) -> np.ndarray:
    """Float32 (n, 2048) of uint8 (n, h, w, 3)."""
    import torch

    found = []
    with torch.no_grad():
        for start in range(0, len(images), BATCH):
            block = np.ascontiguousarray(images[start : start + BATCH].transpose(0, 3, 1, 2))
            found.append(judge(torch.from_numpy(block))[0].numpy())
    return np.concatenate(found)


def main(weights: str, images: str, out: str) -> int:
    """Writes the features of `images` (.npy) to `out` (.npy); returns the exit code."""
    try:
        judge = network(weights)
    except Exception as error:
        print((str(error).strip() or type(error).__name__).splitlines()[0], file=sys.stderr)
        return UNFIT
    np.save(out, features(judge, np.load(images)))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
