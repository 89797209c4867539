"""The noise that a generator takes, or the Markov chain that it steps in, and the images that it makes of it.

Modules (help(gan_repro.latent.NAME)):
    priors    p(z), and paths between two points of it
    chains    samples that are states of Markov chains
    sampling  images of a generator
"""

import pkgutil

import lazy_loader

# A module is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=[module.name for module in pkgutil.iter_modules(__path__)]
)
