"""The one training step of all papers, and the loop around it.

Modules (help(gan_repro.training.NAME)):
    game        AdversarialGame: two players, a prior, data, a schedule, and the step
    learner     Learner: one network that learns by a rule of its own
    minibatches  what both do alike: data, many steps in one call, samples
    players     Player, and what a loss sees of one update (StepContext)
    step        the updates of the players on one minibatch
    losses      loss terms and the objectives made of them
    schedule    which players a minibatch updates, and how often
    unrolled    G's loss before D some updates ahead
    optimizers  momentum SGD, Adam, RMSprop with the papers' schedules
    averages    averages of the generator's weights
    workers     one training on several machines
    trainer     checkpoints, validation, exact resume: the loop
    stages      what the loop trains
    progress    where a run is; metrics.csv
    monitors    mode collapse and a saturated D, noticed
    history     metrics: names, means, curves
    timing      how fast it is here
    callbacks   the progress line, grids of samples, TensorBoard
    tricks      the tricks of a recipe put into the rules of a game
    replay      old samples that D sees again
    rules       the rules of a game as a paper gives them, and the stages made of a model
"""

import pkgutil

import lazy_loader

# A module is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=[module.name for module in pkgutil.iter_modules(__path__)]
)
