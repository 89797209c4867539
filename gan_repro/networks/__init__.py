"""What G and D are made of, and the files of their weights.

Modules (help(gan_repro.networks.NAME)):
    layers         maxout, dropout with a scale, one-hot labels, ...
    constraints    weight clipping, column norms
    initial        initial weights
    precision      the number format in which layers compute
    mlp            dense and deconvolution generators, MLP and maxout discriminators
    tied           layers whose weights serve both directions: RBMs, tied autoencoders
    sizes          image sizes that strided stacks take, and the depth of a stack for a size
    convolutional  strided stacks of convolutions (DCGAN, WGAN and their kin)
    reparametrised layers with weight or spectral normalisation
    minibatch      minibatch discrimination
    norms          normalisations by name
    moments        the statistics of normalisations, differentiable twice
    slopes         gradients of D's output
    portable       a generator's copy of Keras's own layers alone
    weights        files of weights, with a checksum
"""

import pkgutil

import lazy_loader

# A module is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=[module.name for module in pkgutil.iter_modules(__path__)]
)
