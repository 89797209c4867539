"""Data sets by name: `load` finds the module that has one. The protocol of what it returns is source.Source.

No TensorFlow is imported here; the modules of this package import it when they first need it. README.md in this folder says
how to add a data set, and where data lie.

Modules (help(gan_repro.data.NAME)):
    source          what every data set gives: specification, images, labels, minibatches
    names           the names that --dataset takes
    scaling         what networks see instead of pixels 0..255
    preparation     images made larger by a black frame
    from_tfds       MNIST, CIFAR-10, SVHN through TensorFlow Datasets
    streams         CelebA and LSUN's bedrooms, streamed
    tfd             the Toronto Face Database from its own file
    user            a user's own images: npz:PATH, images:FOLDER
    pictures        a folder of pictures too large for memory
    archives        arrays in .npz and .npy files
    samples         somebody's samples, and what their numbers mean
    glyphs          digits rendered from fonts, without a network
    drawn           points drawn from a known law
    gaussian1d      points on a line from a Gaussian
    points2d        points in the plane: rings and grids of Gaussians, a swiss roll
    stacked         three digits as the channels of one image: a thousand classes
"""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from gan_repro.data import gaussian1d, points2d, stacked
from gan_repro.data.names import choose_dataset
from gan_repro.data.scaling import UNIT, Scaling
from gan_repro.data.source import Loader, Source


def _tfds(name: str, data_dir: str | Path | None, download: bool) -> Source:
    from gan_repro.data import from_tfds

    return from_tfds.load(name, data_dir, download)


def _streams(name: str, data_dir: str | Path | None, download: bool) -> Source:
    from gan_repro.data import streams

    return streams.load(name, data_dir, download)


def _tfd(name: str, data_dir: str | Path | None, download: bool) -> Source:
    from gan_repro.data import tfd

    return tfd.load(name, data_dir, download)


def _glyphs(name: str, data_dir: str | Path | None, download: bool) -> Source:
    from gan_repro.data import glyphs

    return glyphs.load(name, data_dir, download)


def _npz(name: str, data_dir: str | Path | None, download: bool) -> Source:
    from gan_repro.data import user

    return user.load_npz(name, data_dir, download)


def _images(name: str, data_dir: str | Path | None, download: bool) -> Source:
    from gan_repro.data import user

    return user.load_images(name, data_dir, download)


# What the library loads, by the kind of name (names.dataset_kind). An experiment's own sources stand beside them (`load`).
LOADERS: Mapping[str, Loader] = MappingProxyType(
    {
        "mnist": _tfds,
        "cifar10": _tfds,
        "tfd": _tfd,
        "tfd96": _tfd,
        "glyphs": _glyphs,
        "npz": _npz,
        "images": _images,
        "svhn_cropped": _tfds,
        "celeb_a": _streams,
        "lsun/bedroom": _streams,
        **gaussian1d.SOURCES,
        **points2d.SOURCES,
        **stacked.SOURCES,
    }
)


def load(
    name: str,
    data_dir: str | Path | None = None,
    scaling: Scaling = UNIT,
    download: bool = True,
    sources: Mapping[str, Loader] | None = None,
    prepare: Callable[[Source], Source] | None = None,
) -> Source:
    """The data set called `name`.

    Args:
      name: one of LOADERS or `sources`, of npz:PATH and images:FOLDER with the path.
      data_dir: where TensorFlow Datasets keeps what it has prepared; None: $TFDS_DATA_DIR, else its own default. And
        where the file of tfd and tfd96 is, and where relative paths of npz:PATH and images:FOLDER are looked for if they
        lead nowhere from the current folder.
      scaling: what networks see instead of pixels 0..255 (scaling.py).
      download: whether data that are not prepared may be fetched.
      sources: {name: loader} of an experiment's own data sets, beside those of the library.
      prepare: what is done to all images before they are scaled (preparation.Pad); None: nothing.

    Returns:
      A source.Source.

    Raises:
      UsageError: there is no such name, or its path is missing, or the images cannot be prepared so.
      source.DatasetUnavailable: it is neither prepared in the data directory nor to be had from the network.
      DataError: what is there cannot be used.
      ValueError: `sources` has a name that is none, or another loader for a data set of the library.
    """
    loaders = _with(sources or {})
    source = loaders[choose_dataset(name, loaders)](name, data_dir, download)
    source.spec = dataclasses.replace(source.spec, scaling=scaling)
    return source if prepare is None else prepare(source)


def _with(sources: Mapping[str, Loader]) -> Mapping[str, Loader]:
    """LOADERS and an experiment's own sources."""
    for name, loader in sources.items():
        if not name or ":" in name:
            raise ValueError(f"{name!r} cannot be the name of a data set: what follows a colon is a path")
        if LOADERS.get(name, loader) is not loader:  # else numbers of other data would stand under a known name
            raise ValueError(f"{name} is a data set of the library: give your own another name")
    return {**LOADERS, **sources}
