"""Exact nearest neighbours in pixel space, as for Figure 2 of Goodfellow et al. 2014.

Arranging samples and neighbours in a figure is not here.
"""

import numpy as np

from gan_repro.errors import DataError
from gan_repro.evaluation import distances


def nearest(queries, references, k=1):
    """The k nearest references of every query, by Euclidean distance, nearest first; of equally near ones the first.

    Fast products find the candidates; the choice among them is made by distances taken in float64, so near ties come
    out right. The order by L2 and by squared L2, which Figure 2 uses, is the same.

    Args:
      queries: numbers (n, ...), flattened to (n, d).
      references: numbers (m, ...), flattened to (m, d), in the same scale.
      k: 1 to m.

    Returns:
      (indices int64 (n, k) into references, distances float64 (n, k)).

    Raises:
      DataError: an array is empty, not numbers or not finite; d differs; k is not an integer from 1 to m.
    """
    queries = distances.as_rows(queries, "queries")
    references = distances.as_rows(references, "references")
    if not isinstance(k, (int, np.integer)) or not 1 <= k <= len(references):
        raise DataError(f"k is {k!r}; valid is an integer from 1 to the number of references, {len(references)}")
    indices = np.empty((len(queries), k), np.int64)
    lengths = np.empty((len(queries), k))

    def threshold(half, error):
        # The k-th in approximate order may be too far by the error, a true neighbour may seem too far by as much.
        kth = half.min(axis=1) if k == 1 else np.partition(half, k - 1, axis=1)[:, k - 1]
        return kth + 2 * error

    def finish(block):
        order = np.lexsort((block.columns, block.exact, block.rows))
        chosen = order[block.starts[:, None] + np.arange(k)]
        indices[block.index] = block.columns[chosen]
        lengths[block.index] = np.sqrt(2 * block.exact[chosen])

    distances.Points(references).sweep(queries, threshold, finish)
    return indices, lengths
