"""What G and D are made of, and the files of their weights.

Modules (help(gan_repro.networks.NAME)):
    layers         maxout, dropout with a scale, one-hot labels, ...
    constraints    weight clipping, column norms
    mlp            dense and deconvolution generators, maxout discriminators, initial weights
    convolutional  DCGAN's stacks
    weights        files of weights, with a checksum
"""

import pkgutil

import lazy_loader

# A module is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=[module.name for module in pkgutil.iter_modules(__path__)]
)
