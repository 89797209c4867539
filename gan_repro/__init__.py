"""gan_repro: reproductions of the founding GAN papers on one shared training step.

Each paper's own module is in the package `experiments`; here is what they share.

Programs, each with --help (python -m gan_repro.NAME):
    run        train, evaluate, draw: --experiment=NAME, or --list
    evaluate   evaluate a run again
    sample     look at a trained generator
    score      measure samples of any model
    reproduce  play the runs that results/ is made of, and compare
    tables     records to tables, curves, the page of results
    export     write a generator for other programs
    ship       package a trained generator, or the classifiers that judge samples
    shipped    draw figures of packaged generators, measure them again
    benchmark  measure the step and the estimator beside their peers

Packages (help(gan_repro.NAME)); each imports only from those above it:
    system      errors, files, random numbers, the command line
    data        MNIST, CIFAR-10, TFD, your own images, ...; scaling
    networks    layers, constraints, families of networks
    latent      priors, sampling, paths through z
    evaluation  arrays in, numbers out: Parzen windows, nearest neighbours, Frechet distance, ...
    papers      Experiment, recipes, configurations
    figures     arrays in, pictures out
    training    the step, losses, schedules, the loop
    reporting   records to tables, pages and verdicts
    runs        a run's folder, and the trained run in it
    studies     which runs there are to be, and the queue that plays them
    trained     weights that come with the program

The module saved registers our classes, for keras.saving; publish writes results/ from records.
"""

import pathlib
import re

import lazy_loader

from gan_repro.system import backend

# What stands in __init__.pyi is imported when it is first used, so that `import gan_repro` costs nothing.
_of_stub, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str):
    """A name of the stub, or __version__, the installed package's or "not installed".

    Raises UsageError where it needs Keras, and that would compute with another backend than ours.
    """
    if name == "__version__":
        import importlib.metadata  # takes a moment

        try:
            return importlib.metadata.version(__name__)
        except importlib.metadata.PackageNotFoundError:
            return "not installed"
    if backend.chosen()[0] != backend.OURS:
        stub = pathlib.Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")
        if re.search(rf"^from \.(networks|training)\b.* import {name} as", stub, re.MULTILINE):
            backend.check()
    return _of_stub(name)
