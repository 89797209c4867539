"""Arrays in, pictures out: one style for all.

Modules (help(gan_repro.figures.NAME)):
    curves  the style, and the curves of a training
    grids   images in grids and strips, animations
    points  points on a line and in the plane
    draw    the figures of a trained run
    show    what gan_repro.sample and the notebooks draw
"""
