"""Divergences on a line against quadrature of their definitions and closed forms; Proposition 1 and Theorem 1 in numbers.

Densities that a trained network makes are not tested here.
"""

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad
from scipy.special import ndtr, ndtri

from gan_repro.evaluation import divergences as d

X = np.linspace(-12, 12, 24_001)  # steps of .001
HALF = 0.0005  # where uniforms begin and end: between two points, so that the trapezoids have exactly their mass


def gaussian(mean, std):
    return stats.norm(mean, std).pdf


def mixture(*parts):
    return lambda x: sum(weight * stats.norm(mean, std).pdf(x) for weight, mean, std in parts)


def uniform(low, high):
    return lambda x: np.where((np.asarray(x) > low) & (np.asarray(x) < high), 1 / (high - low), 0.0)


PAIRS = {
    "two Gaussians": (gaussian(0, 1), gaussian(1, 0.5), 1e-9),
    "far Gaussians": (gaussian(-4, 0.5), gaussian(4, 0.5), 1e-9),
    "nearly equal Gaussians": (gaussian(0, 1), gaussian(0.001, 1), 1e-9),
    "mixtures": (mixture((0.3, -2, 0.5), (0.7, 1, 1.5)), mixture((0.5, -1, 1), (0.5, 2, 0.3)), 1e-9),
    "uniforms that overlap": (uniform(-1 + HALF, 1 + HALF), uniform(HALF, 3 + HALF), 1e-9),
    "one uniform in another": (uniform(-2 + HALF, 2 + HALF), uniform(-1 + HALF, 1 + HALF), 1e-9),
    "a uniform and a Gaussian": (uniform(-1 + HALF, 1 + HALF), gaussian(0, 1), 1e-6),  # jumps: an error of the step squared
}


def reference_jsd(p, q):
    """The definition, adaptively integrated between the uniforms' ends."""

    def integrand(x):
        a, b = float(p(x)), float(q(x))
        m = (a + b) / 2
        return sum(0.5 * density * np.log(density / m) for density in (a, b) if density > 0 and m > 0)

    ends = sorted({-12.0, 12.0, *(float(end) for end in np.arange(-5, 5)), *(end + HALF for end in range(-5, 5))})
    return sum(quad(integrand, a, b, epsabs=1e-13, limit=200)[0] for a, b in zip(ends, ends[1:]))


@pytest.mark.parametrize("name", PAIRS)
def test_at_the_optimal_d_the_value_is_minus_log_4_plus_twice_the_jsd(name):
    p, q, tolerance = PAIRS[name]
    jsd = reference_jsd(p, q)
    p, q = p(X), q(X)
    assert d.jensen_shannon(p, q, X) == pytest.approx(jsd, abs=tolerance)
    assert d.value(d.optimal_discriminator(p, q), p, q, X) == pytest.approx(-np.log(4) + 2 * jsd, abs=2 * tolerance)


@pytest.mark.parametrize(
    "p", [gaussian(0, 1), gaussian(1, 0.01), mixture((0.3, -2, 0.5), (0.7, 1, 1.5)), uniform(HALF, 2 + HALF)]
)
def test_at_p_g_equal_to_p_data_it_is_minus_log_4(p):
    p = p(X)
    best = d.optimal_discriminator(p, p)
    assert (best == 0.5).all()
    assert d.value(best, p, p, X) == pytest.approx(-d.LOG_4, abs=1e-9)
    assert d.jensen_shannon(p, p, X) == 0 and d.kullback_leibler(p, p, X) == 0


@pytest.mark.parametrize("name", PAIRS)
def test_every_other_d_has_a_lower_value(name):
    p, q = (density(X) for density in PAIRS[name][:2])
    best = d.optimal_discriminator(p, q)
    highest = d.value(best, p, q, X)
    rng = np.random.default_rng(0)
    others = [
        np.clip(best + size * change, 0, 1)
        for size in (0.3, 0.01)
        for change in (1.0, -1.0, np.sin(3 * X), rng.uniform(-1, 1, len(X)))
    ]
    others += [np.full_like(X, 0.5), 1 - best]
    assert all(d.value(other, p, q, X) < highest for other in others)


def test_the_optimal_d_by_hand_and_where_nobody_looks():
    best = d.optimal_discriminator([3.0, 0.0, 0.0, 5e-324, 1e-300, 1e308], [1.0, 2.0, 0.0, 5e-324, 3e-300, 1e308])
    np.testing.assert_allclose(best, [0.75, 0.0, 0.5, 0.5, 0.25, 0.5], rtol=1e-15)


def test_the_value_by_hand():
    x, p = np.array([0.0, 1.0, 3.0]), np.array([1.0, 1.0, 0.0])
    assert d.value([0.5, 0.25, 0.7], p, np.zeros(3), x) == pytest.approx(
        (np.log(0.5) + np.log(0.25)) / 2 + np.log(0.25) / 2 * 2
    )
    # 0 log 0 is 0; p_data where D is 0 is infinitely bad
    assert d.value([1.0, 1.0, 0.0], p, np.zeros(3), x) == 0
    assert d.value([1.0, 0.0, 0.0], p, np.zeros(3), x) == -np.inf
    # D* rounds to 1, where p_g is but nearly nothing
    best = d.optimal_discriminator([1.0, 1.0], [1e-30, 1e-30])
    assert (best == 1).all() and d.value(best, [1.0, 1.0], [1e-30, 1e-30], [0, 1]) == pytest.approx(0, abs=1e-28)


def test_disjoint_supports_have_log_2_however_far():
    for shift in (1, 2, 9):
        p, q = uniform(HALF, 1 + HALF)(X), uniform(shift + HALF, shift + 1 + HALF)(X)
        assert d.jensen_shannon(p, q, X) == pytest.approx(np.log(2), abs=1e-9)
        assert d.kullback_leibler(p, q, X) == np.inf


@pytest.mark.parametrize("name", PAIRS)
def test_the_jsd_is_symmetric_and_bounded(name):
    p, q = (density(X) for density in PAIRS[name][:2])
    there = d.jensen_shannon(p, q, X)
    assert there == pytest.approx(d.jensen_shannon(q, p, X), abs=1e-14)
    assert 0 < there < np.log(2) + 1e-9


@pytest.mark.parametrize("a, b", [((0, 1), (0, 1)), ((0, 1), (1, 1)), ((1, 0.5), (-1, 2)), ((0, 1.5), (0.5, 1))])
def test_kl_of_gaussians(a, b):
    (m, s), (n, t) = a, b
    expected = np.log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - 0.5
    assert d.kullback_leibler(gaussian(m, s)(X), gaussian(n, t)(X), X) == pytest.approx(expected, abs=1e-9)


def test_the_smallest_numbers_are_no_trouble():
    p, q = gaussian(-12, 0.3)(X), gaussian(12, 0.3)(X)  # all sizes of float64, down to 0
    assert (p == 0).any() and ((p > 0) & (p < 1e-308)).any()
    assert d.jensen_shannon(p, q, X) == pytest.approx(np.log(2) / 2, abs=1e-9)  # half of each lies beyond the grid
    assert np.isfinite(d.value(d.optimal_discriminator(p, q), p, q, X))


# ---- push-forward ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("a, b", [(0.5, 1.0), (-2.0, 0.3), (1e-3, 0.0)])
def test_an_affine_map_of_a_uniform_is_exact(a, b):
    z = np.linspace(-1, 1, 11)  # few points: the map is straight between them
    edges = np.linspace(-4, 4, 801)
    found = d.push_forward(a * z + b, np.linspace(0, 1, 11), edges)
    low, high = b - abs(a), b + abs(a)
    expected = np.diff(np.clip((edges - low) / (high - low), 0, 1)) / np.diff(edges)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_an_affine_map_of_a_gaussian():
    z = np.linspace(-8, 8, 20_001)
    edges = np.linspace(-5, 7, 1201)
    found = d.push_forward(0.7 * z + 1, ndtr(z), edges)
    np.testing.assert_allclose(found, np.diff(ndtr((edges - 1) / 0.7)) / np.diff(edges), atol=1e-6)
    np.testing.assert_allclose(found, gaussian(1, 0.7)((edges[1:] + edges[:-1]) / 2), atol=1e-4)


@pytest.mark.parametrize("n", [20_001, 20_000])
def test_a_square_which_is_not_monotone(n):
    """z uniform on [-1, 1], x = z^2: p(x) = 1 / (2 sqrt x), infinite at 0."""
    edges = np.linspace(-0.5, 1.5, 1001)
    found = d.push_forward(np.linspace(-1, 1, n) ** 2, np.linspace(0, 1, n), edges)
    expected = np.diff(np.sqrt(np.clip(edges, 0, 1))) / np.diff(edges)
    np.testing.assert_allclose(found * np.diff(edges), expected * np.diff(edges), atol=1e-6)
    x = (edges[1:] + edges[:-1]) / 2
    inside = (x > 0.05) & (x < 0.99)
    np.testing.assert_allclose(found[inside], 0.5 / np.sqrt(x[inside]), rtol=2e-3)


def test_a_wave_of_many_branches_agrees_with_its_samples():
    z = np.linspace(-1, 1, 100_001)
    g = np.sin(9 * z) + 0.3 * z
    edges = np.linspace(-1.5, 1.5, 301)
    found = d.push_forward(g, np.linspace(0, 1, len(z)), edges)
    counts = np.histogram(g, edges)[0] / len(z)
    np.testing.assert_allclose(found * np.diff(edges), counts, atol=1e-4)
    assert (found * np.diff(edges)).sum() == pytest.approx(1, abs=1e-12)


def test_the_quantile_function_brings_a_uniform_to_its_density():
    """What the perfect generator does: the JSD that is left is that of the grid."""
    share = (np.arange(100_000) + 0.5) / 100_000
    edges = np.linspace(-4, 6, 2001)
    x = (edges[1:] + edges[:-1]) / 2
    found = d.push_forward(1 + 0.5 * ndtri(share), share, edges)
    assert d.jensen_shannon(gaussian(1, 0.5)(x), found, x) < 1e-5


def test_where_the_map_stands_still_a_bin_holds_the_mass():
    edges = np.array([0.0, 1.0, 2.0, 4.0])
    cdf = np.linspace(0, 1, 3)
    np.testing.assert_array_equal(d.push_forward([1.5, 1.5, 1.5], cdf, edges), [0, 1, 0])
    np.testing.assert_array_equal(d.push_forward([1.0, 1.0, 1.0], cdf, edges), [1, 0, 0])  # a bin holds its right edge
    np.testing.assert_array_equal(d.push_forward([3.0, 3.0, 5.0], cdf, edges), [0, 0, 0.375])  # a quarter lies beyond
    np.testing.assert_array_equal(d.push_forward([-9.0, -9.0, -9.0], cdf, edges), [0, 0, 0])


ONE = np.ones(3)


@pytest.mark.parametrize(
    "call, complaint",
    [
        (lambda: d.optimal_discriminator(ONE, np.ones(4)), "different shapes"),
        (lambda: d.optimal_discriminator(ONE, -ONE), "finite and >= 0"),
        (lambda: d.jensen_shannon(ONE, ONE * np.nan, [0, 1, 2]), "finite and >= 0"),
        (lambda: d.kullback_leibler(ONE, ONE, [0, 1]), "shape"),
        (lambda: d.jensen_shannon(ONE, ONE, [0, 2, 1]), "ascending"),
        (lambda: d.value(2 * ONE, ONE, ONE, [0, 1, 2]), r"in \[0, 1\]"),
        (lambda: d.value(np.nan * ONE, ONE, ONE, [0, 1, 2]), r"in \[0, 1\]"),
        (lambda: d.value(np.ones(2), ONE, ONE, [0, 1, 2]), r"\(3,\) numbers"),
        (lambda: d.push_forward([0, 1], [0, 0.5, 1], [0, 1]), r"must be \(m,\)"),
        (lambda: d.push_forward([0, 1], [1, 0], [0, 1]), "must not fall"),
        (lambda: d.push_forward([0, np.inf], [0, 1], [0, 1]), "finite"),
        (lambda: d.push_forward([0, 1], [0, 1], [1, 0]), "ascending"),
    ],
)
def test_what_makes_no_sense_is_an_error(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
