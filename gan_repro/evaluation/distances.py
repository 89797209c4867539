"""All pairs of squared distances by matrix products, fast and yet exact where a caller needs it to be."""

import dataclasses
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import ArrayLike

from gan_repro.system.errors import DataError

_BLOCK_BYTES = 2**26  # of one matrix product: large enough for BLAS at full speed, far from any limit of memory
_SLICE = 2**18  # distances that one thread works on at a time: they stay in its cache
_PAIRS = 256  # pairs recomputed at a time, for the same reason
_HUGE = 1e15  # beyond this norm products of float32 numbers come near overflow
_LARGEST = 1e100  # beyond this value squares come near the overflow of float64


def as_rows(values: ArrayLike, name: str) -> np.ndarray:
    """`values` as an array (n, d) of its own dtype, flattened behind the first axis.

    Args:
      values: numbers (n, ...), n and d at least 1, anything that numpy takes for an array.
      name: what to call it in a message.

    Raises:
      DataError: not numbers, no axis of examples, empty, or a value that is NaN, infinite or beyond 1e100.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "fiu":
        raise DataError(f"{name} has dtype {array.dtype}; valid are floating-point and integer arrays")
    if array.ndim < 1 or array.size == 0:
        raise DataError(f"{name} has shape {array.shape}; valid is (n, ...) with at least one example of one number")
    array = array.reshape(len(array), -1)
    good = np.isfinite(array) if array.dtype.itemsize <= 4 else np.abs(array) < _LARGEST
    if not good.all():
        raise DataError(
            f"{name} has {np.count_nonzero(~good)} of {array.size} values that are NaN, infinite or beyond "
            f"{_LARGEST:g}; valid are finite numbers"
        )
    return array


def half_squared(x: np.ndarray, points: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """0.5 * ||x[rows] - points[columns]||^2, pair by pair, from differences taken in float64.

    Args:
      x: (b, d); points: (n, d); rows, columns: integers (m,).

    Returns:
      float64 (m,).
    """
    result = np.empty(len(rows))
    for start in range(0, len(rows), _PAIRS):
        pairs = slice(start, start + _PAIRS)
        difference = np.subtract(x[rows[pairs]], points[columns[pairs]], dtype=np.float64)
        result[pairs] = 0.5 * np.einsum("ij,ij->i", difference, difference)
    return result


@dataclasses.dataclass(frozen=True)
class Candidates:
    """Some rows of x against all points: approximate distances, and exact ones of the pairs that matter.

    Attributes:
      index: integers (b,), which rows of x these are.
      half: float32 or float64 (b, n), 0.5 * ||x - s||^2 - constant, within `error` of the truth; may be overwritten.
      constant: float64 (b,).
      error: float64 (b,).
      rows, columns: integers (m,), the candidate pairs, row by row, columns ascending; every row has at least one.
      starts: integers (b,), where each row's candidates start.
      exact: float64 (m,), 0.5 * ||x - s||^2 of the candidates.
    """

    index: np.ndarray
    half: np.ndarray
    constant: np.ndarray
    error: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    starts: np.ndarray
    exact: np.ndarray


class Points:
    """A set of points (n, d) to which distances are wanted.

    ||x - s||^2 = ||x||^2 + ||s||^2 - 2 x.s cancels badly in float32 where points are far from the origin or close to
    one another. So: both sides are centred by the points' mean; norms are summed in float64; every block comes with a
    rigorous bound of its error; and pairs for which that bound is too wide are recomputed from differences in float64.
    Rows with too many such pairs are done again as a whole with float64 products.
    """

    def __init__(self, points: np.ndarray) -> None:
        """points: (n, d) as from `as_rows`."""
        self.points = points
        self._centre = points.mean(axis=0, dtype=np.float64)
        extent = points.max(axis=0).astype(np.float64) - points.min(axis=0)
        self._fits_float32 = np.linalg.norm(extent) < _HUGE
        self._prepared: dict[type, tuple[np.ndarray, np.ndarray, np.floating]] = {}

    def _centred(self, values, dtype):
        """`values` minus the centre, rounded to `dtype`, and 0.5 * the squared norms (float64) of the rounded rows."""
        centred = np.empty(values.shape, dtype)
        half_norms = np.empty(len(values))
        for start in range(0, len(values), 1024):  # bounds the float64 copies
            rows = slice(start, start + 1024)
            centred[rows] = values[rows] - self._centre
            wide = centred[rows].astype(np.float64)
            half_norms[rows] = 0.5 * np.einsum("ij,ij->i", wide, wide)
        return centred, half_norms

    def _points(self, dtype):
        """The centred points, their half squared norms, and the largest norm; prepared once per dtype."""
        if dtype not in self._prepared:
            centred, half_norms = self._centred(self.points, dtype)
            self._prepared[dtype] = centred, half_norms.astype(dtype), np.sqrt(2 * half_norms.max())
        return self._prepared[dtype]

    def _error(self, norms, largest, dtype):
        """A bound of |half + constant - 0.5 * ||x - s||^2| for rows x of these norms: float64 (b,)."""
        unit = np.finfo(dtype).eps / 2
        reach = norms + largest
        # A sum of d products, in whatever order and blocks BLAS takes it, is off by at most d units of ||x|| ||s||.
        product = self.points.shape[1] * norms * largest
        rounding = 4 * reach**2  # rounding of the centred values, of the norms, of two subtractions
        centring = 4 * reach * (np.linalg.norm(self._centre) + reach)  # done in float64
        lost = (self.points.shape[1] + 4) * np.finfo(dtype).tiny  # of products and norms too small to be held
        return unit * (product + rounding) + np.finfo(np.float64).eps / 2 * centring + lost

    def sweep(
        self,
        x: np.ndarray,
        threshold: Callable[[np.ndarray, np.ndarray], np.ndarray],
        finish: Callable[[Candidates], object],
        chunk: int | None = None,
    ) -> None:
        """Goes once over all pairs of a row of x and a point, a block at a time.

        Args:
          x: (m, d) as from `as_rows`.
          threshold: called with a block of half (b, n) and its error bound (b,); returns (b,): pairs with half at or
            below it are candidates, and so is the least of each row in any case.
          finish: called with Candidates, several threads at a time; every row of x comes exactly once.
          chunk: at most so many rows of x in one matrix product. Memory bounds it too, whatever is asked for.

        Raises:
          DataError: x and the points differ in d, or chunk is less than 1.
        """
        if x.shape[1] != self.points.shape[1]:
            raise DataError(
                f"examples of {x.shape[1]} numbers cannot be compared with points of {self.points.shape[1]} numbers; "
                "valid are examples of the same shape"
            )
        if chunk is not None and chunk < 1:
            raise DataError(f"chunk is {chunk}; valid is a number of rows, 1 or more")
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            redo = np.arange(len(x))
            for dtype in (np.float32, np.float64):
                size = max(1, _BLOCK_BYTES // (np.dtype(dtype).itemsize * len(self.points)))
                size = min(size, chunk or size)
                blocks = [redo[start : start + size] for start in range(0, len(redo), size)]
                redo = np.concatenate([redo[:0], *(self._block(x, i, dtype, threshold, finish, pool) for i in blocks)])

    def _block(self, x, index, dtype, threshold, finish, pool):
        """Sweeps over x[index] by one product in `dtype`; returns those of them that need more precision than that."""
        if dtype == np.float32 and not self._fits_float32:
            return index
        points, half_norms, largest = self._points(dtype)
        with np.errstate(over="ignore"):  # an x too far away for float32 has an infinite norm here
            centred, constant = self._centred(x[index], dtype)
        norms = np.sqrt(2 * constant)
        if dtype == np.float32 and not np.all(norms < _HUGE):
            return index
        half = centred @ points.T
        error = self._error(norms, largest, dtype)
        step = max(1, _SLICE // len(self.points))

        def work(first):
            rows = slice(first, first + step)
            part = half[rows]
            np.subtract(half_norms, part, out=part)
            return self._candidates(x, index[rows], part, constant[rows], error[rows], threshold, finish)

        return np.concatenate(list(pool.map(work, range(0, len(index), step))))

    def _candidates(self, x, index, half, constant, error, threshold, finish):
        """Finds and recomputes the candidates of a few rows, and hands them on; returns the rows it left out."""
        n = half.shape[1]
        near = half <= threshold(half, error).astype(half.dtype)[:, None]
        near[np.arange(len(half)), half.argmin(axis=1)] = True
        rows, columns = np.divmod(np.flatnonzero(near), n)
        counts = np.bincount(rows, minlength=len(half))
        left_out = index[:0]
        if half.dtype == np.float32:
            # A recomputed pair costs about as much as 40 in a float64 product.
            easy = counts <= max(16, n // 40)
            if not easy.all():
                left_out, index = index[~easy], index[easy]
                half, near, constant, error, counts = half[easy], near[easy], constant[easy], error[easy], counts[easy]
                rows, columns = np.divmod(np.flatnonzero(near), n)
        if len(index):
            exact = half_squared(x, self.points, index[rows], columns)
            starts = np.cumsum(counts) - counts
            finish(Candidates(index, half, constant, error, rows, columns, starts, exact))
        return left_out
