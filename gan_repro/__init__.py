"""gan_repro: reproductions of the founding GAN papers on one shared training step.

The machinery that all papers share; each paper's own module is in the package `experiments`, not here.

Programs, each with --help (python -m gan_repro.NAME):
    run             train, evaluate, draw: --experiment=NAME, or --list
    evaluate        evaluate a run again
    sample          look at a trained generator
    tables          records to tables, curves, the page of results
    ship, shipped   package a trained generator, or the classifiers that judge samples; draw figures of shipped generators
    benchmark       measure the step and the estimator beside their peers

Library (help(gan_repro.NAME)), from a paper downwards:
    experiment              Experiment, recipes, published numbers, claims: the description of a paper
    configuration           Config: an experiment, data set, preset and settings, found and checked
    game, order, losses     the step: AdversarialGame, Player, OrderOfPlay, Term, Objective
    pylearn2                the game and the SGD of the 2014 paper's code, as a recipe
    networks, convolutional, layers, constraints, optimizers, priors, averaging
                            what a game is made of
    training, callbacks, watch, metrics, signals, runner, workdir, finished
                            the loop, what is seen of it, a run's folder, a finished run
    data                    load(name): MNIST, CIFAR-10, TFD, your own images, ...; scaling
    evaluation              arrays in, numbers out: parzen, neighbours, frechet, coverage, classifier, transport, ...
    reporting               records to tables and figures
    sampling, randomness    images of a generator; random numbers from (seed, step, stream)
    notebook                what the notebooks share
    files, weights, errors, command_line, tensorflow_setup
                            writing whole files, checksums, messages, flags, quiet start
"""
