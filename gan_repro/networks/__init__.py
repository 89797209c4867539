"""What G and D are made of, and the files of their weights.

Modules (help(gan_repro.networks.NAME)):
    layers         maxout, dropout with a scale, one-hot labels, ...
    constraints    weight clipping, column norms
    mlp            dense and deconvolution generators, maxout discriminators, initial weights
    convolutional  DCGAN's stacks
    weights        files of weights, with a checksum
"""
