"""Judges on a line: D*, the perfect critic and constants, of which everything is known."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import log_expit

from experiments.wgan import critics
from gan_repro.evaluation import divergences
from gan_repro.system.errors import RunError

X = np.linspace(-10, 10, 4001)
P, Q = stats.norm(-2, 1).pdf(X), stats.norm(2, 1).pdf(X)


def judges(**changes):
    """D* (logit -4 x) and the perfect critic -x, three times too steep."""
    values = {"logit": -4 * X, "logit_slope": np.full_like(X, -4), "score": -3 * X, "score_slope": np.full_like(X, -3)}
    return critics.Judges(X, P, Q, **values | changes)


def test_the_best_ones_reach_the_divergences():
    found = judges()
    assert found.jensen_shannon() == pytest.approx(divergences.jensen_shannon(P, Q, X), rel=1e-9)
    assert found.lipschitz() == 3
    assert found.wasserstein() == pytest.approx(4, rel=1e-9)


def test_worse_ones_prove_less():
    assert judges(logit=-2 * X).jensen_shannon() < judges().jensen_shannon()
    assert judges(logit=0 * X).jensen_shannon() == pytest.approx(0, abs=1e-9)  # D = 1/2 says nothing
    kinked = judges(score=-np.maximum(X, 0), score_slope=-(X > 0).astype(float))
    assert 1.9 < kinked.wasserstein() < 2.1


def test_slopes_are_those_of_the_losses():
    found = judges(score_slope=-1 - (X > 0))
    numeric = {"log(1 - D)": np.gradient(log_expit(4 * X), X), "-log D": np.gradient(-log_expit(-4 * X), X)}
    inside = (np.abs(X) < 3) & (np.abs(X) > 0.05)
    for loss, slope in numeric.items():
        np.testing.assert_allclose(found.slopes()[loss][inside], np.abs(slope)[inside], rtol=5e-3)
    np.testing.assert_allclose(found.slopes()["f / K"], np.where(X > 0, 1, 0.5))
    means = found.mean_slopes()
    assert tuple(means) == critics.LOSSES
    assert means["f / K"] == pytest.approx(0.5 + 0.5 * stats.norm.cdf(2), abs=1e-3)
    assert means["log(1 - D)"] + means["-log D"] == pytest.approx(4)


@pytest.mark.parametrize("changes", [{"logit": X[:-1]}, {"score": np.full_like(X, np.nan)}])
def test_what_cannot_be_judged_is_refused(changes):
    with pytest.raises(ValueError, match="must be finite"):
        judges(**changes)


def test_a_constant_critic_is_a_users_matter():
    with pytest.raises(RunError, match="the critic is constant.*clip"):
        judges(score_slope=0 * X)
