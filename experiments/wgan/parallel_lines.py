"""Example 1 and Figure 1 of Arjovsky et al. 2017: distances between two parallel lines, as theory has them and measured.

P_0 is the law of (0, U), P_theta that of (theta, U). Nothing is trained.
"""

import dataclasses
import functools
from collections.abc import Callable

import numpy as np

import gan_repro as gr
from experiments.wgan import upright_line

theory_figures = gr.lazy("experiments.wgan.theory_figures")

LOG_2 = float(np.log(2.0))
STAND_IN, SPLIT = "P_theta", "fresh draws"  # what a record calls the generator and the data


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(gr.Recipe):
    """How the distances are measured: from fresh samples of both laws, several times for each theta.

    Attributes:
      n_samples: points of each law that are counted in cells, for JSD, KL and total variation.
      transport_samples: points of each law that are paired, for W1; the time goes with their cube.
      draws: samples of each law for each theta.
      thetas: values of theta, equally spaced from -1 to 1, an odd number: 0 is one of them.
      cells: in a unit of length: two lines that are less than half a cell apart are counted as one.
    """

    n_samples: int = gr.bounded(10_000, low=2, high=10**6, role="evaluation", smoke=1000)
    transport_samples: int = gr.bounded(500, low=1, high=5000, smoke=100)
    draws: int = gr.bounded(10, low=2, high=10**4, smoke=2)
    thetas: int = gr.bounded(41, low=3, high=10**4, smoke=5)
    cells: int = gr.bounded(20, low=1, high=10**4)

    def __post_init__(self):
        super().__post_init__()
        if self.thetas % 2 == 0:
            raise gr.UsageError(f"thetas = {self.thetas}: must be odd, so that theta = 0 is among them")


PRESETS = {"paper": Recipe(), "quick": Recipe(thetas=21, draws=5)}

# Example 1. Each is a function of theta, float64 arrays.
EXACT: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "wasserstein_distance": np.abs,
    "jensen_shannon_divergence": lambda theta: np.where(theta == 0, 0.0, LOG_2),
    "kullback_leibler_divergence": lambda theta: np.where(theta == 0, 0.0, np.inf),
    "total_variation": lambda theta: np.where(theta == 0, 0.0, 1.0),
}
UNITS = {"wasserstein_distance": "units of x", "jensen_shannon_divergence": "nats", "total_variation": "1"}


def measured(recipe, source, seed):
    """The four distances between samples of P_0 and P_theta.

    Args:
      recipe: Recipe.
      source: upright_line.UprightLine, P_0.
      seed: the run's; draw j at the i-th theta is a function of (seed, i, j).

    Returns:
      (theta, found): float64 (n,), and {metric of EXACT: float64 (n, draws)}.
    """
    thetas = np.arange(-(recipe.thetas // 2), recipe.thetas // 2 + 1) / (recipe.thetas // 2)
    found = {metric: np.zeros((recipe.thetas, recipe.draws)) for metric in EXACT}
    for i, theta in enumerate(thetas):
        shifted = upright_line.UprightLine(source.spec, float(theta))
        for j in range(recipe.draws):
            rng = np.random.default_rng([seed, i, j])
            many, few = (
                [law.draw(n, rng).reshape(n, -1) for law in (source, shifted)]
                for n in (recipe.n_samples, recipe.transport_samples)
            )
            p, q = gr.evaluation.cells.frequencies(*many, 1 / recipe.cells)
            found["wasserstein_distance"][i, j] = gr.evaluation.transport.wasserstein(*few)
            found["jensen_shannon_divergence"][i, j] = gr.evaluation.cells.jensen_shannon(p, q)
            found["kullback_leibler_divergence"][i, j] = gr.evaluation.cells.kullback_leibler(p, q)
            found["total_variation"][i, j] = gr.evaluation.cells.total_variation(p, q)
    return thetas, {metric: values.round(12) for metric, values in found.items()}  # sums of 1/n leave 1e-16 between draws


def _spread(values):
    """Such as "1 in every draw" or "0.9712 to 1, by the draw"."""
    low, high = values.min(), values.max()
    return f"{low:.4g} in every draw" if low == high else f"{low:.4g} to {high:.4g}, by the draw"


@functools.lru_cache(maxsize=1)  # the measure and the figure are of the same draws
def moments(run):
    """(theta, {metric: values (n, draws)}, {metric: their mean}, {metric: their standard deviation}) of a run."""
    theta, found = measured(run.config.recipe, run.source, run.config.seed)
    mean = {metric: found[metric].mean(axis=1) for metric in UNITS}
    return theta, found, mean, {metric: found[metric].std(axis=1, ddof=1) for metric in UNITS}


def draw_figure1(run, measurements):
    """Figure 1: the distances against theta, measured and as theory has them."""
    del measurements
    theta, found, mean, deviation = moments(run)
    apart = theta != 0
    infinite = np.isinf(found["kullback_leibler_divergence"][apart])
    theory_figures.against_theta(
        run.workdir.figures / "figure1.png",
        theta,
        [
            (label, EXACT[metric], jump, mean[metric], deviation[metric])
            for metric, label, jump in (
                ("wasserstein_distance", r"$W(P_\theta, P_0)$", None),
                ("jensen_shannon_divergence", r"$JS(P_\theta, P_0)$, nats", 0.0),
            )
        ],
        f"Arjovsky et al. 2017, Figure 1: {run.config.preset} preset, seed {run.config.seed}",
        f"For θ ≠ 0, measured: total variation {_spread(found['total_variation'][apart])} (closed form 1); "
        f"KL infinite in {100 * infinite.mean():.4g} % of the draws (closed form +∞)",
    )


def distances(run):
    """The distances at theta = 0 and 1, and how far they are from the closed forms at most."""
    recipe = run.config.recipe
    theta, found, mean, deviation = moments(run)
    infinite, apart = np.isinf(found["kullback_leibler_divergence"]), theta != 0
    measurements = []
    for metric, unit in UNITS.items():
        n = recipe.transport_samples if metric == "wasserstein_distance" else recipe.n_samples
        rest = {"split": SPLIT, "n_samples": n}
        for where in (0.0, 1.0):
            i = int(np.flatnonzero(theta == where)[0])
            error = deviation[metric][i] / np.sqrt(recipe.draws) if np.ptp(found[metric][i]) else None  # None: all alike
            condition = f"theta = {where:g}"
            measurements.append(
                run.measurement(metric, unit, mean[metric][i], error, reference=STAND_IN, condition=condition, **rest)
            )
        worst = np.abs(mean[metric] - EXACT[metric](theta)).max()
        curve = {"theta": theta.tolist(), "mean": mean[metric].tolist(), "deviation": deviation[metric].tolist()}
        measurements.append(
            run.measurement(
                f"{metric}_error", unit, worst, None, reference=STAND_IN, condition="largest over theta", curve=curve, **rest
            )
        )
    for condition, share in (("theta = 0", infinite[~apart].mean()), ("theta other than 0", infinite[apart].mean())):
        rest = {"condition": condition, "split": SPLIT, "n_samples": recipe.n_samples}
        measurements.append(
            run.measurement("kullback_leibler_infinite", "% of draws", 100 * share, None, reference=STAND_IN, **rest)
        )
    return measurements


METRICS = (
    gr.Metric("jensen_shannon_divergence_error", "Jensen-Shannon divergence, error"),
    gr.Metric("wasserstein_distance_error", "Wasserstein-1 distance, error"),
    gr.Metric("total_variation"),
    gr.Metric("total_variation_error", "total variation, error"),
    gr.Metric("kullback_leibler_infinite", "where the Kullback-Leibler divergence is infinite"),
)

MODEL = gr.Model(
    title="Distances between distributions",
    datasets=("parallel_lines",),
    presets=PRESETS,
    measures=(distances,),
    figures=(draw_figure1,),
)
