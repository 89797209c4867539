"""The Parzen protocol of Table 1, ours and the peers': sigma on validation images, then the test images."""

import math

import numpy as np

from gan_repro.benchmark.rounds import Contestant, NotRun, Prepared, Task
from gan_repro.benchmark.torch_peers import MISSING, have_torch
from gan_repro.evaluation import parzen
from gan_repro.evaluation.parzen import SIGMAS

D = 784  # pixels
_ROWS = 1000  # test images at a time, where a peer would otherwise hold all distances at once


def images(n, seed):
    """float32 (n, 784) in [0, 1], in fifty clusters, mostly dark."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(0).random((50, D), np.float32) ** 4
    found = np.empty((n, D), np.float32)
    for start in range(0, n, _ROWS):  # no second copy of all: growth.py measures memory
        part = found[start : start + _ROWS]
        random.standard_normal(part.shape, np.float32, out=part)
        part *= 0.15
        part += centres[random.integers(0, len(centres), len(part))]
        np.clip(part, 0, 1, out=part)
    return found


def protocol(n):
    """(samples, validation, test): n, a tenth of n, and n images."""
    return images(n, 1), images(max(n // 10, 1), 2), images(n, 3)


def ours(samples, validation, test):
    """gan_repro.evaluation.parzen, within .01 nat of the direct formula."""
    return parzen.evaluate(samples, validation, test).value


def _by_density(density, validation, test):
    """The protocol by any (images, sigma) -> nats (m,): the best sigma on validation images, its mean on the test images."""
    sigma = max(SIGMAS, key=lambda sigma: density(validation, sigma).mean())
    return float(density(test, sigma).mean())


def _normaliser(n, sigma):
    return math.log(n) + D * math.log(sigma * math.sqrt(2 * math.pi))


def direct(samples, validation, test):
    """The formula as parzen_ll.py has it: all differences, for each sigma anew, float64, ten images at a time."""
    samples = samples.astype(np.float64)

    def density(x, sigma):
        parts = []
        for start in range(0, len(x), 10):
            a = (x[start : start + 10, None, :] - samples[None]) / sigma
            exponents = -0.5 * (a**2).sum(2)
            highest = exponents.max(1, keepdims=True)
            parts.append(highest[:, 0] + np.log(np.exp(exponents - highest).sum(1)))
        return np.concatenate(parts) - _normaliser(len(samples), sigma)

    return _by_density(density, validation, test)


def scipy_cdist(samples, validation, test):
    """scipy: cdist once for each set of images, logsumexp for each sigma, float64."""
    from scipy.spatial.distance import cdist
    from scipy.special import logsumexp

    squared = {id(x): cdist(x, samples, "sqeuclidean") for x in (validation, test)}

    def density(x, sigma):
        return logsumexp(squared[id(x)] / (-2 * sigma**2), axis=1) - _normaliser(len(samples), sigma)

    return _by_density(density, validation, test)


def scikit_learn(samples, validation, test):
    """sklearn.neighbors.KernelDensity, fitted for each sigma, with a tree of one leaf."""
    from sklearn.neighbors import KernelDensity

    def density(x, sigma):
        # With its usual leaves of 40 the tree prunes nothing in 784 dimensions, and where its bounds cancel a log-density
        # comes out wrong by hundreds of nats (scikit-learn 1.9.1).
        return KernelDensity(bandwidth=sigma, leaf_size=len(samples)).fit(samples).score_samples(x)

    return _by_density(density, validation, test)


def torch_cdist(samples, validation, test):
    """torch.cdist (which multiplies matrices), _ROWS images at a time, logsumexp for each sigma on the same distances."""
    torch = have_torch()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    points = torch.from_numpy(samples).to(device)

    def nats(x, sigmas):
        parts = []
        for rows in torch.from_numpy(x).to(device).split(_ROWS):
            squared = torch.cdist(rows, points).square_()
            parts.append(torch.stack([torch.logsumexp(squared / (-2 * sigma**2), 1) for sigma in sigmas]))
        normalisers = np.array([_normaliser(len(samples), sigma) for sigma in sigmas])
        return torch.cat(parts, 1).double().cpu().numpy() - normalisers[:, None]

    sigma = SIGMAS[int(np.argmax(nats(validation, SIGMAS).mean(1)))]
    return float(nats(test, [sigma]).mean())


def _product(samples, validation, test):
    """One product of all test images and all samples."""
    return float((test @ samples.T)[0, 0])


def _contestant(name, function, n, dtype, scale=1, needs=None):
    def prepare():
        if needs:
            needs()
        given = protocol(n)

        def run(times):
            for _ in range(times):
                function(*given)

        return Prepared(run)

    note = f"measured with {n:,} samples and {n:,} test images, times {scale:,.0f}" if scale != 1 else ""
    return Contestant(name, function.__doc__.rstrip("."), prepare, 1, dtype, scale, note)


def _scikit_learn_there():
    try:
        import sklearn.neighbors  # noqa: F401
    except ImportError as error:
        raise NotRun(MISSING) from error


def tasks(size):
    """The protocol at its own size, in turns; what cannot do that, at a smaller one, scaled by the number of pairs."""
    n, small = size.parzen, size.small
    scale = (n / small) ** 2
    found = [
        _contestant("ours", ours, n, "float32, exact"),
        _contestant("torch.cdist", torch_cdist, n, "float32", needs=have_torch),
        _contestant("one product", _product, n, "float32"),
        _contestant("direct formula", direct, small, "float64", scale),
        _contestant("scipy", scipy_cdist, small, "float64", scale),
        _contestant("scikit-learn", scikit_learn, small, "float64", scale, _scikit_learn_there),
    ]
    title = f"Parzen protocol: {n:,} samples, ten widths on {n // 10:,} validation images, {n:,} test images of {D} pixels"
    return [Task("parzen", title, "protocol", found)]
