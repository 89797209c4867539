"""Data sets by name: `load` finds the module that has one. The protocol of what it returns is in `source`.

No TensorFlow is imported here; the modules of this package import it when they first need it.

Modules (help(gan_repro.data.NAME)):
    source          what every data set gives: specification, images, labels, minibatches
    names           the names that --dataset takes
    scaling         what networks see instead of pixels 0..255
    from_tfds       MNIST, CIFAR-10, SVHN through TensorFlow Datasets
    streams         CelebA and LSUN's bedrooms, streamed
    tfd             the Toronto Face Database from its own file
    user            a user's own images: npz:PATH, images:FOLDER
    pictures        a folder of pictures too large for memory
    glyphs          digits rendered from fonts, without a network
    drawn           points drawn from a known law
    gaussian1d      points on a line from a Gaussian
    parallel_lines  points on an upright line in the plane
"""

import dataclasses

from gan_repro.data.names import choose_dataset
from gan_repro.data.scaling import UNIT


def _tfds(name, data_dir, download):
    from gan_repro.data import from_tfds

    return from_tfds.load(name, data_dir, download)


def _streams(name, data_dir, download):
    from gan_repro.data import streams

    return streams.load(name, data_dir, download)


def _tfd(name, data_dir, download):
    from gan_repro.data import tfd

    return tfd.load(name, data_dir)


def _glyphs(name, data_dir, download):
    from gan_repro.data import glyphs

    return glyphs.load(name)


def _npz(name, data_dir, download):
    from gan_repro.data import user

    return user.load_npz(name, data_dir)


def _images(name, data_dir, download):
    from gan_repro.data import user

    return user.load_images(name, data_dir)


def _gaussian1d(name, data_dir, download):
    from gan_repro.data import gaussian1d

    return gaussian1d.load(name)


def _parallel_lines(name, data_dir, download):
    from gan_repro.data import parallel_lines

    return parallel_lines.load(name)


# The kinds of data sets: their loaders.
LOADERS = {
    "mnist": _tfds,
    "cifar10": _tfds,
    "tfd": _tfd,
    "tfd96": _tfd,
    "glyphs": _glyphs,
    "npz": _npz,
    "images": _images,
    "gaussian1d": _gaussian1d,
    "svhn_cropped": _tfds,
    "celeb_a": _streams,
    "lsun/bedroom": _streams,
    "two_gaussians": _gaussian1d,
    "parallel_lines": _parallel_lines,
}


def load(name, data_dir=None, scaling=UNIT, download=True):
    """The data set called `name`.

    Args:
      name: one of LOADERS, of npz:PATH and images:FOLDER with the path.
      data_dir: where TensorFlow Datasets keeps what it has prepared; None: $TFDS_DATA_DIR, else its own default. And
        where the file of tfd and tfd96 is, and where relative paths of npz:PATH and images:FOLDER are looked for if they
        lead nowhere from the current folder.
      scaling: what networks see instead of pixels 0..255 (scaling.py).
      download: whether data that are not prepared may be fetched.

    Returns:
      A source; source.InMemory states the protocol.

    Raises:
      UsageError: there is no such name, or its path is missing.
      source.DatasetUnavailable: it is neither prepared in the data directory nor to be had from the network.
      DataError: what is there cannot be used.
    """
    source = LOADERS[choose_dataset(name, LOADERS)](name, data_dir, download)
    source.spec = dataclasses.replace(source.spec, scaling=scaling)
    return source
