"""gan_repro: reproductions of the founding GAN papers on one shared training step.

Each paper's own module is in the package `experiments`; here is what they share.

Programs, each with --help (python -m gan_repro.NAME):
    run        train, evaluate, draw: --experiment=NAME, or --list
    evaluate   evaluate a run again
    sample     look at a trained generator
    score      measure samples of any model
    reproduce  play the runs that results/ is made of, and compare
    tables     records to tables, curves, the page of results
    export     write a generator for other programs
    ship       package a trained generator, or the classifiers that judge samples
    shipped    draw figures of packaged generators, measure them again
    benchmark  measure the step and the estimator beside their peers

Packages (help(gan_repro.NAME)); each imports only from those above it:
    system      errors, files, random numbers, the command line
    data        MNIST, CIFAR-10, TFD, your own images, ...; scaling
    networks    layers, constraints, families of networks
    latent      priors, sampling, paths through z
    evaluation  arrays in, numbers out: Parzen windows, nearest neighbours, Frechet distance, ...
    papers      Experiment, recipes, configurations
    figures     arrays in, pictures out
    training    the step, losses, schedules, the loop
    reporting   records to tables, pages and verdicts
    runs        a run's folder, and the trained run in it
    studies     which runs there are to be, and the queue that plays them
    trained     weights that come with the program
    saved       a module: names of our classes in saved Keras models
"""

import lazy_loader

# What stands in __init__.pyi is imported when it is first used, so that `import gan_repro` costs nothing.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
