"""The Fréchet distance in features of the Inception network, as published ones are (Heusel et al. 2017: FID).

The weights are a file of the user's; torch-fidelity has the network and resizes as the authors' TensorFlow graph does.
Nothing is downloaded.
"""

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gan_repro.data.source import Source
from gan_repro.evaluation import frechet, inception_network, measure, measurement
from gan_repro.evaluation.measurement import Measurement, Subject
from gan_repro.system.errors import DataError, RunError, UsageError

METRIC = "inception_frechet_distance"
Extract = Callable[[np.ndarray], np.ndarray]  # uint8 (n, h, w, 3) -> float (n, d)


def extractor(path: str | Path) -> Extract:
    """The network with the weights of a file, in a process of its own, on the CPU.

    Args:
      path: a state dict of torch-fidelity's FeatureExtractorInceptionV3, as its releases have it.

    Returns:
      uint8 (n, h, w, 3) -> float32 (n, 2048). It raises DataError where the file is damaged or of another network, RunError
      where the process fails.

    Raises:
      UsageError: torch-fidelity is not installed. DataError: there is no such file.
    """
    if importlib.util.find_spec("torch_fidelity") is None:
        raise UsageError("Inception features take torch-fidelity, which is not installed: pip install 'gan_repro[inception]'")
    if not Path(path).is_file():
        raise DataError(f"there is no file {path}: it must hold torch-fidelity's InceptionV3 weights (weights-inception-*.pth)")

    def extract(images):
        print(f"Inception features of {len(images):,} images ...", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            given, found = Path(folder, "images.npy"), Path(folder, "features.npy")
            np.save(given, images)
            command = [sys.executable, inception_network.__file__, *map(str, (path, given, found))]
            done = subprocess.run(command, capture_output=True, text=True)
            said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            if done.returncode == inception_network.UNFIT:
                raise DataError(f"{path} holds no weights of torch-fidelity's InceptionV3: {said}")
            if done.returncode:
                raise RunError(f"the process that computes Inception features failed: {said}")
            return np.load(found)

    return extract


def measured(images: np.ndarray, source: Source, extract: Extract, subject: Subject) -> Measurement:
    """The distance of images from as many training images, or from all of these where they are fewer, in random order.

    Grey images count as coloured ones, and pixels are rounded to 256 levels, which the network takes.

    Args:
      images: float (n, h, w, c) in [0, 1], n >= 2, of one channel or three.
      source: the data. extract: as `extractor` gives it, and raising what it does. subject: whose images they are.

    Raises:
      DataError: the images have another number of channels.
    """
    n, *_, channels = images.shape
    if channels not in (1, 3):
        raise DataError(f"Inception features are of grey or coloured images; these have {channels} channels")
    real = source.rows("train", measure.random_order(source)[:n])
    both = np.concatenate([np.round(255 * images).astype(np.uint8), real])
    features = extract(np.broadcast_to(both, (*both.shape[:-1], 3)))
    value = frechet.frechet_distance(features[:n], features[n:])
    return measurement.of(source.spec.name, METRIC, "squared units", value, None, **vars(subject), split="train", n_samples=n)
