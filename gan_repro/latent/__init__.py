"""The noise that a generator takes, and the images that it makes of it.

Modules (help(gan_repro.latent.NAME)):
    priors    p(z), and paths between two points of it
    sampling  images of a generator
"""
