"""Divergences between densities on a line, the value function of the adversarial game there, and p_g of a known map.

Everything is float64 on a grid, in nats.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import trapezoid
from scipy.special import rel_entr, xlogy

LOG_4 = float(np.log(4.0))  # minus the value of the game at p_g = p_data (Goodfellow et al. 2014, Theorem 1)
_NEAREST_1 = 2.0**-53  # from 1 to the float64 before it


def optimal_discriminator(p_data: ArrayLike, p_g: ArrayLike) -> np.ndarray:
    """D*(x) = p_data(x) / (p_data(x) + p_g(x)): the D that is best against a given G.

    Args:
      p_data, p_g: densities >= 0, arrays of one shape.

    Returns:
      float64 of that shape, in [0, 1]. Where both densities are 0 no example is ever seen, and any D is as good: 1/2.

    Raises:
      ValueError: other shapes, or a density that is negative or not finite.

    Source: Goodfellow et al. 2014, Proposition 1, equation 2.
    """
    p_data, p_g = _densities(p_data, p_g)
    largest = np.maximum(p_data, p_g)
    seen = largest > 0
    # Over the larger one: the sum of two densities below 1e-308 would have few digits.
    of_data, of_g = (np.divide(p, largest, out=np.ones_like(p), where=seen) for p in (p_data, p_g))
    return of_data / (of_data + of_g)


def value(d: ArrayLike, p_data: ArrayLike, p_g: ArrayLike, x: ArrayLike) -> float:
    """V(D, G): the integral of p_data log D + p_g log(1 - D), which D maximises and G minimises.

    A density of 0 makes its summand 0 whatever D is. 1 - D is taken as 2^-53 at least, the last step of float64 before
    1: that is where D* rounds to 1 although p_g > 0, and there p_g is nothing. D = 0 where p_data > 0 gives -inf.

    Args:
      d: D at the points x, in [0, 1].
      p_data, p_g: densities at the points x.
      x: ascending points, (n,).

    Returns:
      float, nats, by the trapezoidal rule.

    Raises:
      ValueError: shapes that do not fit, numbers that are not finite, densities < 0, D outside [0, 1], x not ascending.

    Source: Goodfellow et al. 2014, equation 1 and the proof of Proposition 1 (equation 3).
    """
    p_data, p_g = _densities(p_data, p_g, x)
    d = np.asarray(d, np.float64)
    if d.shape != p_g.shape or not ((d >= 0) & (d <= 1)).all():
        raise ValueError(f"d must be {p_g.shape} numbers in [0, 1], not {d.shape}, {d.min():g} to {d.max():g}")
    return _integral(xlogy(p_data, d) + xlogy(p_g, np.maximum(1 - d, _NEAREST_1)), x)


def jensen_shannon(p: ArrayLike, q: ArrayLike, x: ArrayLike) -> float:
    """JSD(p || q) = KL(p || m) / 2 + KL(q || m) / 2 with m = (p + q) / 2: from 0 where p = q to log 2 where they never meet.

    Args:
      p, q: densities at the points x.
      x: ascending points, (n,).

    Returns:
      float, nats, by the trapezoidal rule.

    Raises:
      ValueError: shapes that do not fit, numbers that are not finite, densities < 0, x not ascending.

    Source: Goodfellow et al. 2014, equation 6, where C(G) = -log 4 + 2 JSD(p_data || p_g).
    """
    p, q = _densities(p, q, x)
    # Twice p against p + q: half of the smallest numbers would be 0, and its logarithm infinite.
    return _integral((rel_entr(2 * p, p + q) + rel_entr(2 * q, p + q)) / 4, x)


def kullback_leibler(p: ArrayLike, q: ArrayLike, x: ArrayLike) -> float:
    """KL(p || q): the integral of p log(p / q); infinite if q is 0 (or too small for float64) where p is not.

    Args:
      p, q: densities at the points x.
      x: ascending points, (n,).

    Returns:
      float, nats, by the trapezoidal rule; infinity where it is infinite.

    Raises:
      ValueError: as `jensen_shannon`.

    Source: Goodfellow et al. 2014, equation 5; Arjovsky et al. 2017, section 2.
    """
    p, q = _densities(p, q, x)
    return _integral(rel_entr(p, q), x)


def push_forward(g_of_z: ArrayLike, cdf: ArrayLike, edges: ArrayLike) -> np.ndarray:
    """The density of x = G(z), averaged over each of many bins; G need not be monotone.

    Between two neighbouring points of z the map is taken as straight: the prior's mass between them is spread evenly
    from G's one value to the other. So it is exact for a map that is straight from point to point, and else wrong by
    the square of their distance; where G stands still, a bin holds the whole mass. No samples are drawn.

    Args:
      g_of_z: G at ascending points of z, (m,), m >= 2.
      cdf: the prior's distribution function at these points, (m,), from 0 to 1; np.linspace(0, 1, m) for a uniform prior
        and equally spaced points. What it leaves out at either end belongs to no bin.
      edges: of the bins in x, ascending, (n + 1,). A bin holds its right edge. Mass outside of them belongs to no bin.

    Returns:
      float64 (n,): mass of the bin / its width.

    Raises:
      ValueError: shapes that do not fit, numbers that are not finite, edges that do not ascend, a cdf that falls.
    """
    g_of_z, cdf, edges = (np.asarray(values, np.float64) for values in (g_of_z, cdf, edges))
    if g_of_z.ndim != 1 or g_of_z.shape != cdf.shape or len(cdf) < 2:
        raise ValueError(f"g_of_z and cdf must be (m,), m >= 2, not {g_of_z.shape} and {cdf.shape}")
    _check_ascending(edges, "edges")
    mass = np.diff(cdf)
    if not np.isfinite(g_of_z).all() or not np.isfinite(cdf).all() or (mass < 0).any():
        raise ValueError("g_of_z and cdf must be finite, and cdf must not fall")
    low, high = np.minimum(g_of_z[:-1], g_of_z[1:]), np.maximum(g_of_z[:-1], g_of_z[1:])
    # The distribution function at every edge: the pieces that lie below it whole, and the parts of those it cuts.
    order = np.argsort(high, kind="stable")
    below = np.concatenate([[0.0], np.cumsum(mass[order])])[np.searchsorted(high[order], edges, "right")]
    first, end = np.searchsorted(edges, low, "right"), np.searchsorted(edges, high, "left")
    cut = np.maximum(end - first, 0)  # edges strictly inside of each piece
    piece = np.repeat(np.arange(len(mass)), cut)
    edge = np.arange(len(piece)) - np.repeat(np.cumsum(cut) - cut, cut) + first[piece]
    share = (edges[edge] - low[piece]) / (high[piece] - low[piece])
    below += np.bincount(edge, mass[piece] * share, len(edges))
    return np.maximum(np.diff(below), 0) / np.diff(edges)


def _integral(values, x):
    # Trapezoids: for smooth densities that vanish at both ends no rule is better (the error falls faster than every
    # power of the step), and at the jumps of a uniform or a binned density Simpson's unequal weights would be worse.
    return float(trapezoid(values, np.asarray(x, np.float64)))


def _densities(p, q, x=None) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64, checked; x as well if there is one."""
    p, q = np.asarray(p, np.float64), np.asarray(q, np.float64)
    if p.shape != q.shape:
        raise ValueError(f"the two densities have different shapes, {p.shape} and {q.shape}")
    for density in (p, q):
        if not (np.isfinite(density) & (density >= 0)).all():
            raise ValueError("a density must be finite and >= 0 everywhere")
    if x is not None:
        _check_ascending(np.asarray(x, np.float64), "x")
        if np.shape(x) != p.shape:
            raise ValueError(f"x must have the densities' shape {p.shape}, not {np.shape(x)}")
    return p, q


def _check_ascending(values, name):
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all() or not (np.diff(values) > 0).all():
        raise ValueError(f"{name} must be two or more finite numbers, strictly ascending")
