"""What a paper fills in: its recipe, its numbers and claims; and a run's configuration made of them. No TensorFlow here.

Modules (help(gan_repro.papers.NAME)):
    experiment     Experiment, its models and their phases
    shown          what pages show of it: published numbers, claims, tables, key figures
    recipe         Recipe, TrainingRecipe: typed fields with ranges
    configuration  Config: an experiment, data set, preset and settings, found and checked
    prose          a paper's protocol, deviations and what was not run, from the Markdown beside its module
    adam           the fields of recipes whose players move by Adam
    tricks         the fields of recipes whose games can be played with tricks
    ring           the game and networks of Metz et al. 2016 on points
    stacked        the game and networks of its repetition on stacked MNIST
    tutorials      the recipes and the games of beginners' tutorials
    pylearn2       the recipe and the game of the 2014 papers' code
    weights_names  the names of a generator's weights: best, last, ema-DECAY, mean-from-EPOCH
"""

import pkgutil

import lazy_loader

# A module is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=[module.name for module in pkgutil.iter_modules(__path__)]
)
