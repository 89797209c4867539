"""What a discriminator and a critic, trained to tell two known densities on a line apart, say of them and pass on to G.

Everything is float64 on a grid. What they should have found is in divergences.py and transport.py.
"""

import dataclasses

import numpy as np
from scipy.integrate import trapezoid
from scipy.special import expit

from gan_repro.evaluation import divergences
from gan_repro.system.errors import RunError

LOSSES = ("log(1 - D)", "-log D", "f / K")  # what G minimises in the minimax game, in the non-saturating one, and -f


@dataclasses.dataclass(frozen=True, eq=False)
class Judges:
    """Two densities and both networks on a line, float64 (n,) each.

    Attributes:
      x: ascending points that reach as far as the densities do.
      p_data, p_g: the densities.
      logit, logit_slope: a(x) with D(x) = sigmoid(a(x)), and its derivative.
      score, score_slope: the critic's f(x), and its derivative.

    Raises:
      ValueError: other shapes, or numbers that are not finite.
      RunError: the critic is constant, as one is whose weights are clipped to so little that their products vanish.
    """

    x: np.ndarray
    p_data: np.ndarray
    p_g: np.ndarray
    logit: np.ndarray
    logit_slope: np.ndarray
    score: np.ndarray
    score_slope: np.ndarray

    def __post_init__(self):
        for field in dataclasses.fields(self):
            values = getattr(self, field.name)
            if np.ndim(values) != 1 or np.shape(values) != np.shape(self.x) or not np.isfinite(values).all():
                raise ValueError(f"{field.name} must be finite numbers, as many as x, not {np.shape(values)}")
        if not self.lipschitz() > 0:
            raise RunError(
                "the critic is constant: it has no Lipschitz constant to be divided by. A larger clip leaves it a slope that "
                "float32 has a number for"
            )

    def d(self):
        """D(x), in [0, 1]."""
        return expit(self.logit)

    def lipschitz(self):
        """K = max |f'| over x: the critic's Lipschitz constant there."""
        return float(np.abs(self.score_slope).max())

    def normalised(self):
        """f / K: a critic that is 1-Lipschitz, as the duality asks for (Arjovsky et al. 2017, equation 2); (n,)."""
        return self.score / self.lipschitz()

    def slopes(self):
        """{loss of LOSSES: its derivative with respect to a generated point at x, without the sign: float64 (n,)}."""
        steep = np.abs(self.logit_slope)
        return dict(
            zip(LOSSES, (steep * expit(self.logit), steep * expit(-self.logit), np.abs(self.score_slope) / self.lipschitz()))
        )

    def mean_slopes(self):
        """{loss of LOSSES: the mean of that over p_g}: how much of a gradient G's samples get."""
        return {loss: float(trapezoid(self.p_g * slope, self.x)) for loss, slope in self.slopes().items()}

    def jensen_shannon(self):
        """V(D, G) / 2 + log 2, nats: what D proves of JSD(p_data || p_g), which no D exceeds (Goodfellow et al. 2014)."""
        return divergences.value(self.d(), self.p_data, self.p_g, self.x) / 2 + divergences.LOG_4 / 2

    def wasserstein(self):
        """(E f(x) - E f(G(z))) / K, units of x: what the critic proves of W1(p_data, p_g) (Arjovsky et al. 2017, eq. 2)."""
        return float(trapezoid((self.p_data - self.p_g) * self.normalised(), self.x))
