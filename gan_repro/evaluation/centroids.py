"""k-means centroids, which beat real images as Parzen samples: Theis, van den Oord and Bethge 2015, Table 1.

The likelihood of the centroids is in `parzen`; nothing about clusters' quality is here.
"""

import warnings

import numpy as np
from numpy.typing import ArrayLike

from gan_repro.evaluation import distances
from gan_repro.system.errors import DataError, UserError


def kmeans(images: ArrayLike, k: int, seed: int, iterations: int = 10) -> np.ndarray:
    """Centroids of k clusters: Lloyd's algorithm, once, from k random images.

    Ten iterations do not converge with thousands of clusters, but the log-likelihood of the centroids hardly changes
    after them. It runs on one thread: with more, sums of float32 in changing order give centroids that change.

    Args:
      images: uint8 or floating-point (n, ...), flattened to (n, d). The scale is kept: uint8 gives 0 to 255.
      k: number of clusters, 1 to n.
      seed: integer from 0 to 2**32 - 1.
      iterations: of Lloyd's algorithm, 1 or more; it stops sooner if no image changes its cluster.

    Returns:
      float32 (k, ...).

    Raises:
      DataError: images is empty, not numbers or not finite; k is not from 1 to n; iterations is less than 1.
      UserError: scikit-learn is not installed.
    """
    shape = np.shape(images)[1:]
    rows = distances.as_rows(images, "images").astype(np.float32, copy=False)
    if not isinstance(k, (int, np.integer)) or not 1 <= k <= len(rows):
        raise DataError(f"k is {k!r}; valid is an integer from 1 to the number of images, {len(rows)}")
    if iterations < 1:
        raise DataError(f"iterations is {iterations}; valid is 1 or more")
    try:
        from sklearn.cluster import KMeans
        from sklearn.exceptions import ConvergenceWarning
        from threadpoolctl import threadpool_limits  # a requirement of scikit-learn
    except ImportError as error:
        raise UserError(
            f'k-means needs scikit-learn, which cannot be imported ({error}): pip install "gan_repro[baselines]"'
        ) from error
    model = KMeans(k, init="random", n_init=1, max_iter=iterations, tol=0, algorithm="lloyd", random_state=seed)
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct images than k: duplicates are right
        centroids = model.fit(rows).cluster_centers_
    return centroids.astype(np.float32, copy=False).reshape(k, *shape)
