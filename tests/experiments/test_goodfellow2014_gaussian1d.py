"""Figure 1's game on a line: p_g without sampling, the rules of the game, a real run, and that it arrives."""

import dataclasses
import json

import numpy as np
import pytest
from scipy import integrate, stats
from support import noise

from experiments.goodfellow2014 import figure1, gaussian1d
from gan_repro import data, run
from gan_repro.evaluation import divergences
from gan_repro.evaluation.measurement import Curves
from gan_repro.networks import weights
from gan_repro.papers import configuration
from gan_repro.runs.trained import Finished
from gan_repro.runs.workdir import Workdir
from gan_repro.system.errors import RunError, UsageError
from gan_repro.training import rules, schedule

EXPERIMENT = configuration.find("goodfellow2014")


@pytest.fixture(scope="module")
def line():
    return data.load("gaussian1d")


@pytest.fixture(scope="module")
def played(line):
    (stage,) = rules.stages(noise.config("goodfellow2014", "gaussian1d"), line)
    return stage.build(None)


def test_the_game_is_algorithm_1_with_k_4(played):
    assert played.schedule == schedule.alternating(n_critic=4)
    assert (played.prior.kind, played.prior.size) == ("uniform_-1_1", 1)
    played.steps(7)
    assert played.updates == {"discriminator": 7, "generator": 1}
    # the rates of both decay by one factor per update of G
    g, d = (player.optimizer.learning_rate for player in (played.generator, played.discriminator))
    assert float(g) == pytest.approx(1e-3 / 1.000245, rel=1e-6)
    assert float(d) == pytest.approx(3e-2 / 1.000245 ** (7 / 4), rel=1e-6)


def test_g_begins_as_a_map_that_ascends(line):
    for seed in range(5):
        config = noise.config("goodfellow2014", "gaussian1d", seed=seed)
        (stage,) = rules.stages(config, line)
        g = gaussian1d.generated_density(stage.build(None).weights("last"), line)[2]
        assert (np.diff(g) > 0).all()


def test_p_g_is_the_density_of_samples(played, line):
    network = played.weights("last")
    x, density, g = gaussian1d.generated_density(network, line)
    assert density.sum() * (x[1] - x[0]) == pytest.approx(1)
    z = np.random.default_rng(3).uniform(-1, 1, (200_000, 1)).astype(np.float32)
    drawn = np.asarray(network(z, training=False)).ravel()
    cumulated = np.cumsum(density) * (x[1] - x[0])
    for point in np.quantile(drawn, [0.05, 0.3, 0.5, 0.9]):
        assert np.interp(point, x, cumulated) == pytest.approx((drawn < point).mean(), abs=0.01)
    assert (g.min(), g.max()) == pytest.approx((drawn.min(), drawn.max()), abs=1e-3)


class Known:
    """A "generator" that maps z of U(-1, 1) to quantiles of N(mean, std^2)."""

    def __init__(self, mean, std):
        self.law = stats.norm(mean, std)
        self.inputs = [np.zeros((1, 1))]

    def __call__(self, z, training):
        assert not training
        return self.law.ppf(np.clip((np.asarray(z, np.float64) + 1) / 2, 1e-5, 1 - 1e-5)).reshape(-1, 1, 1, 1)


def test_divergences_of_known_generators_are_those_of_the_densities(line):
    def jsd(a, b):
        def half(p, q):
            return integrate.quad(lambda t: p.pdf(t) * np.log(2 * p.pdf(t) / (p.pdf(t) + q.pdf(t))), -2, 4, limit=200)[0] / 2

        return half(a, b) + half(b, a)

    target = stats.norm(line.mean, line.std)
    for mean, std in ((1, 0.5), (0.8, 0.4), (1.5, 0.6)):
        x, p_g, _ = gaussian1d.generated_density(Known(mean, std), line)
        p = line.density(x)
        found = divergences.jensen_shannon(p, p_g, x)
        assert found == pytest.approx(jsd(target, stats.norm(mean, std)), abs=2e-4)
        # Theorem 1: C(G) = V(D*, G) = -log 4 + 2 JSD
        best = divergences.optimal_discriminator(p, p_g)
        assert divergences.value(best, p, p_g, x) == pytest.approx(-np.log(4) + 2 * found, abs=1e-9)


def test_what_lies_beyond_the_grid_counts_as_lost(line):
    far = gaussian1d.generated_density(Known(100, 1), line)
    assert divergences.jensen_shannon(line.density(far[0]), far[1], far[0]) == pytest.approx(np.log(2), abs=1e-6)


def test_the_panels_are_moments_of_the_descent():
    class Moment:
        def __init__(self, value):
            self.value = value

        def jensen_shannon(self):
            return self.value

    moments = [Moment(value) for value in (0.4, 0.3, 0.09, 0.05, 0.019, 0.03, 0.01)]
    assert [moment.value for moment in gaussian1d.chosen(moments)] == [0.4, 0.09, 0.019, 0.01]
    assert [moment.value for moment in gaussian1d.chosen(moments[:2])] == [0.4, 0.3]
    assert [moment.value for moment in gaussian1d.chosen(moments[:1])] == [0.4]


def test_iranges_must_fit_the_layers():
    for key, value in (("generator_units", (8,)), ("discriminator_irange", (1.0,))):
        with pytest.raises(UsageError, match="_irange must have"):
            noise.config("goodfellow2014", "gaussian1d", **{key: value})


@pytest.mark.e2e
def test_a_run_leaves_figure_1_and_its_numbers(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    arguments = ["--experiment=goodfellow2014", "--dataset=gaussian1d", "--preset=smoke", f"--workdir={folder}"]
    assert run.main(["run", *arguments, "--epochs=3", "--set=samples_every=4"]) == 0
    record = json.loads((folder / "record.json").read_text())
    found = {m["metric"]: m["value"] for m in record["measurements"]}
    assert set(found) == {"jensen_shannon_divergence", "value_function", "wasserstein_distance"}
    assert (folder / "figures" / "figure1.png").stat().st_size > 20_000
    # The end is measured on the players themselves: it is no moment of the longer run that this one may become.
    snapshots = [figure1.read(path) for path in sorted((folder / "samples").glob("*.npz"))]
    assert [(taken.epoch, taken.step) for taken in snapshots] == [(0, 0), (1, 20), (2, 40)]
    assert (snapshots[0].p_g != snapshots[-1].p_g).any()
    config, line = noise.config("goodfellow2014", "gaussian1d", "smoke"), data.load("gaussian1d")
    finished = Finished(EXPERIMENT, config, line, Workdir(folder), Curves(), epochs=3, step=60)
    d = weights.read(gaussian1d.discriminator(config.recipe, line.spec), folder / "discriminator.weights.h5")
    x, p_g, _ = gaussian1d.generated_density(finished.generator("last"), line)
    d_of_x = 1 / (1 + np.exp(-np.float64(d(np.float32(x).reshape(-1, 1, 1, 1))).ravel()))
    value = divergences.value(d_of_x, line.density(x), p_g, x)
    assert found["value_function"] == pytest.approx(value, abs=1e-12)
    # What a killed process left of later steps is not of this run as it stands, nor is an old version's last one.
    panels, drawn = figure1.panels, []
    monkeypatch.setattr(figure1, "panels", lambda path, taken, title: drawn.append(taken) or panels(path, taken, title))
    for epoch, step in ((3, 60), (4, 80)):
        later = dataclasses.replace(snapshots[0], epoch=epoch, step=step)
        later.write(folder / "samples" / f"epoch-{epoch:05d}.npz")
    again = {m.metric: m.value for m in noise.evaluate(dataclasses.replace(finished, workdir=Workdir(folder)))}
    assert again == found and (drawn[0][-1].epoch, drawn[0][-1].step) == (3, 60)
    assert drawn[0][-1].value() == found["value_function"]
    for path in (folder / "samples").glob("*.npz"):
        path.unlink()
    with pytest.raises(RunError, match="holds no snapshots"):
        finished.measure()


@pytest.mark.slow
def test_p_g_arrives_at_p_data(tmp_path):
    arguments = ["--experiment=goodfellow2014", "--dataset=gaussian1d", "--preset=paper", "--seed=3", f"--workdir={tmp_path}"]
    assert run.main(["run", *arguments]) == 0
    snapshots = [figure1.read(path) for path in sorted((tmp_path / "samples").glob("*.npz"))]
    first, last = snapshots[0], snapshots[-1]
    assert first.jensen_shannon() > 0.3 and last.jensen_shannon() < 0.015
    assert last.value() == pytest.approx(-np.log(4), abs=0.03)
    middle = np.abs(last.x - 1) < 0.5
    assert np.abs(last.d[middle] - 0.5).max() < 0.12
