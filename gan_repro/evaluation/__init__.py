"""Numbers that judge a generator: log-likelihoods, distances between distributions, labels read, features, neighbours.

Most take arrays and return arrays; those that measure a finished run, and return entries of its record, say so.

Modules (help(gan_repro.evaluation.NAME)):
    parzen       Gaussian Parzen-window log-likelihood
    ais          annealed importance sampling of an RBM's partition function
    neighbours   nearest neighbours in pixel space, and the error of the classifier made of them
    centroids    k-means centroids
    classifier   a classifier of the data's own labels: what it reads in samples; the features it judges by
    frechet      Frechet distance between two sets of features
    chains       how a Markov chain mixes: class changes, autocorrelation time, effective number of samples
    coverage     precision and recall of samples, how evenly classes are drawn
    features     features of a discriminator, and a linear support vector machine on them
    arithmetic   vector arithmetic in z space
    divergences  divergences between densities on a line, value of the game there
    cells        divergences between two samples of points, counted in cells
    transport    Wasserstein-1 distances
    modes        modes of a mixture of Gaussians that samples reach, classes that they have
    pairs        distances of all pairs of a set, coarse images, Gaussian draws like the data
    turns        data whose labels say how far each image was turned
    similarity   structural similarity of pairs of images
    distances    all pairs of squared distances
    measure      likelihood, distances, neighbours and what a classifier reads of a finished run, as measurements of its record
    representations  what D's features and directions of z are worth, as measurements
    steepness    slopes of D of a finished run, as measurements
    inception    the Fréchet distance in Inception features, from weights that a user has
    inception_network  the program that computes them
    scores       measurements of samples that were given as arrays
    real_images  numbers of real images, as files keep them
    mixing       how the chains of a finished run mix, as measurements
    reached      modes that a finished run reaches, as measurements
    labelled     those of models that are told labels
    variety      how varied the samples of a finished run are, as measurements
    pixels       a run as pixels of the data's own images
    measurement  one number of a run: what it is of, its errors, how it was taken
    measures     what is measured of a run, one object for each protocol
"""

import pkgutil

import lazy_loader

# A module is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=[module.name for module in pkgutil.iter_modules(__path__)]
)
