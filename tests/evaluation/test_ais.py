"""evaluation.ais: log Z of machines so small that it can be summed up."""

import itertools

import numpy as np
import pytest

from gan_repro.evaluation import ais


def machine(d, units, scale, seed=0):
    """W, b, c of a random machine, float64."""
    rng = np.random.default_rng(seed)
    return scale * rng.normal(size=(d, units)), rng.normal(size=units), rng.normal(size=d)


def enumerated(w, b, c):
    """log Z and the marginals of v, by summing over all v."""
    v = np.array(list(itertools.product([0, 1], repeat=len(c))), np.float64)
    logs = v @ c + np.logaddexp(0, v @ w + b).sum(axis=1)
    log_z = np.logaddexp.reduce(logs)
    return log_z, np.exp(logs - log_z) @ v


@pytest.mark.parametrize("scale", [0.0, 0.5, 2.0])
def test_log_z_is_that_of_enumeration(scale):
    w, b, c = machine(8, 5, scale)
    exact, marginals = enumerated(w, b, c)
    found = ais.log_partition(w, b, c, marginals, steps=500, chains=200)
    assert abs(found.log_z - exact) <= 5 * found.standard_error + 1e-6 and found.standard_error < 0.05


def test_independent_units_need_no_chance():
    """Without weights the machine is the base itself: every chain gives log Z exactly, whatever it draws."""
    _, b, c = machine(6, 3, 0.0)
    found = ais.log_partition(np.zeros((6, 3)), b, c, 1 / (1 + np.exp(-c)), steps=10, chains=5)
    assert found.log_z == pytest.approx(np.logaddexp(0, b).sum() + np.logaddexp(0, c).sum(), rel=1e-12)
    assert found.standard_error < 1e-12


def test_more_steps_leave_a_smaller_error():
    w, b, c = machine(10, 8, 1.5, seed=3)
    marginals = enumerated(w, b, c)[1]
    few, many = (ais.log_partition(w, b, c, marginals, steps=n, chains=100).standard_error for n in (5, 1000))
    assert many < few / 3


def test_the_same_seed_gives_the_same_number():
    given = (*machine(6, 4, 1.0), np.full(6, 0.5))
    assert ais.log_partition(*given, 20, 10, seed=2) == ais.log_partition(*given, 20, 10, seed=2)
    assert ais.log_partition(*given, 20, 10, seed=2) != ais.log_partition(*given, 20, 10, seed=3)


@pytest.mark.parametrize("steps", [3, 50, 14_500])
def test_betas_rise_from_0_to_1(steps):
    betas = ais.schedule(steps)
    assert len(betas) == steps + 1 and betas[0] == 0 and betas[-1] == 1 and (np.diff(betas) > 0).all()


def test_the_published_betas_are_finer_towards_the_end():
    betas = ais.schedule(14_500)
    assert [betas[500], betas[4500]] == pytest.approx([0.5, 0.9])
    assert np.diff(betas)[[0, 1000, 10_000]] == pytest.approx([0.001, 0.0001, 0.00001])


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_fewer_steps_than_parts_are_refused(steps):
    with pytest.raises(ValueError, match="3 or more"):
        ais.schedule(steps)
