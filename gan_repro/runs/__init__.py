"""A run's folder: training into it, and the trained run that is read from it.

Modules (help(gan_repro.runs.NAME)):
    workdir     the folder: files, checkpoints, lock
    manifests   manifest.json: under which conditions a run was trained
    runner      train, evaluate, write the record
    machines    the same on several machines
    precisions  the number format of a run that leaves it open
    trained     a trained run: generators, samples
    cards       model cards of packaged generators
    notebook    what the notebooks share
"""

import pkgutil

import lazy_loader

# A module is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=[module.name for module in pkgutil.iter_modules(__path__)]
)
