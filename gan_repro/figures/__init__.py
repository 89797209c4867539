"""Arrays in, pictures out: one style for all.

Modules (help(gan_repro.figures.NAME)):
    curves     the style, and the curves of a training
    grids      images in grids and strips, animations
    points     points on a line and in the plane
    chains     classes visited along chains
    histograms classes that the samples of several models are read as
    intervals  differences with their intervals
    densities  densities of points along a training, and of several games
    panels     samples of several models beside each other, of their runs' figures
    sheets     images of a surface of z, edge to edge in one PNG
    draw       the figures of a trained run
    show       what gan_repro.sample and the notebooks draw
    catalogue  the figures of a run, one object for each
"""

import pkgutil

import lazy_loader

from gan_repro.figures.catalogue import (
    OF_POINTS,
    Averages,
    ClassesVisited,
    ClassRows,
    ConsecutiveSamples,
    Curves,
    Densities,
    DepthOfD,
    Interpolation,
    NearestNeighbours,
    Samples,
    ValueSurface,
    VectorArithmetic,
    Walk,
)

__all__ = [
    "OF_POINTS",
    "Averages",
    "ClassRows",
    "ClassesVisited",
    "ConsecutiveSamples",
    "Curves",
    "Densities",
    "DepthOfD",
    "Interpolation",
    "NearestNeighbours",
    "Samples",
    "ValueSurface",
    "VectorArithmetic",
    "Walk",
]

__getattr__, __dir__, _ = lazy_loader.attach(__name__, submodules=[module.name for module in pkgutil.iter_modules(__path__)])
