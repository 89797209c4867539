"""gan_repro: reproductions of the founding GAN papers on one shared training step.

The machinery that all papers share; each paper's own module is in the package `experiments`, not here.
"""
