"""The one training step of all papers, and the loop around it.

Modules (help(gan_repro.training.NAME)):
    game        AdversarialGame: two players, a prior, data, and the step
    losses      loss terms and the objectives made of them
    schedule    who moves on a minibatch, and how often
    optimizers  momentum SGD, Adam, RMSprop with the papers' schedules
    averages    averages of the generator's weights
    trainer     stages, checkpoints, validation: the loop
    monitors    mode collapse and a saturated D, noticed
    history     metrics.csv: names, means, curves
    callbacks   the progress line, grids of samples, TensorBoard
"""

import pkgutil

import lazy_loader

# A module is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=[module.name for module in pkgutil.iter_modules(__path__)]
)
