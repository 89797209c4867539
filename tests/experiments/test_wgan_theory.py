"""The theory figures of WGAN: parallel lines against Example 1, the two Gaussians against what D and f can at best find."""

import dataclasses
import shutil

import numpy as np
import pytest
import tensorflow as tf
from matplotlib.backends.backend_agg import FigureCanvasAgg
from scipy import stats
from scipy.integrate import quad
from support import noise

from experiments.wgan import parallel_lines, theory_figures, two_gaussians
from gan_repro import data
from gan_repro.evaluation.measurement import Curves
from gan_repro.networks import weights
from gan_repro.papers import configuration
from gan_repro.runs import runner
from gan_repro.runs.trained import Finished
from gan_repro.runs.workdir import Workdir
from gan_repro.system import schema
from gan_repro.system.errors import RunError, UsageError
from gan_repro.training import rules
from gan_repro.training.trainer import Loop

pytestmark = pytest.mark.played

EXPERIMENT = configuration.find("wgan")


def config(dataset, preset="smoke", **changes):
    found = configuration.resolve(EXPERIMENT, dataset, preset=preset)
    return dataclasses.replace(found, recipe=dataclasses.replace(found.recipe, **changes))


def by_name(measurements):
    return {(entry["metric"], entry["condition"]): entry for entry in measurements}


# ---- Figure 1 ----------------------------------------------------------------------------------------------------


def test_the_parallel_lines_are_two_laws_and_their_batches_fresh():
    source = data.load("parallel_lines", sources=EXPERIMENT.sources)
    moved = type(source)(source.spec, 0.5)
    for law, theta in ((source, 0.0), (moved, 0.5)):
        batches = [law.batch(law.open(1, 3), tf.constant(i), 4000)[0].numpy() for i in (0, 1)]
        for points in (*batches, law.draw(4000, np.random.default_rng(0)), law.scaled("test")):
            assert points.dtype == np.float32 and points.shape[1:] == (1, 1, 2)
            assert (points[..., 0] == theta).all()
            assert stats.kstest(points[:, 0, 0, 1].astype(float), "uniform").pvalue > 1e-4
        assert len(np.intersect1d(batches[0][..., 1], batches[1][..., 1])) < 100
    assert source.digest() != moved.digest()


def test_samples_follow_the_closed_forms():
    recipe = config("parallel_lines", transport_samples=200, n_samples=4000, draws=3, thetas=9).recipe
    theta, found = parallel_lines.measured(recipe, data.load("parallel_lines", sources=EXPERIMENT.sources), 0)
    np.testing.assert_array_equal(theta, np.linspace(-1, 1, 9))
    apart = theta != 0
    distance = found["wasserstein_distance"]
    assert distance.shape == (9, 3)
    assert (distance > np.abs(theta)[:, None] - 1e-6).all()  # no pairing of points is shorter than the gap
    assert (distance[apart] < np.abs(theta[apart])[:, None] + 0.02).all() and (distance[~apart] < 0.12).all()
    assert (found["jensen_shannon_divergence"][apart] == np.round(np.log(2), 12)).all()
    assert (found["total_variation"][apart] == 1).all()
    assert np.isinf(found["kullback_leibler_divergence"][apart]).all()
    # At 0 what two samples of one law give: 21 cells, the two at the ends half as wide.
    assert np.mean(found["jensen_shannon_divergence"][~apart]) < 4 * 20 * (2 / 4000) / 8
    assert (found["kullback_leibler_divergence"][~apart] < 0.05).all() and (found["total_variation"][~apart] < 0.08).all()


def test_lines_nearer_than_half_a_cell_are_counted_as_one():
    recipe = config("parallel_lines", transport_samples=20, n_samples=1000, thetas=101, cells=20).recipe
    theta, found = parallel_lines.measured(recipe, data.load("parallel_lines", sources=EXPERIMENT.sources), 0)
    seen = found["total_variation"].mean(axis=1) > 0.5
    np.testing.assert_array_equal(seen, np.abs(theta) > 0.025)


def test_a_draw_is_a_function_of_seed_theta_and_its_number():
    source, recipe = data.load("parallel_lines", sources=EXPERIMENT.sources), config("parallel_lines", thetas=3).recipe
    first, again, other = (parallel_lines.measured(recipe, source, seed)[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first["wasserstein_distance"], again["wasserstein_distance"])
    assert len(np.unique([first["wasserstein_distance"], other["wasserstein_distance"]])) == 12


def test_theta_0_must_be_measured():
    with pytest.raises(UsageError, match="odd"):
        config("parallel_lines", thetas=4)


def test_the_lines_are_run_from_the_configuration_to_the_record(tmp_path):
    assert runner.execute(EXPERIMENT, config("parallel_lines"), tmp_path) == 0
    assert (tmp_path / "figures" / "figure1.png").stat().st_size > 10_000
    found = by_name(runner.files.read_json(tmp_path / "record.json")["measurements"])
    assert found["wasserstein_distance", "theta = 1"]["value"] == pytest.approx(1, abs=0.02)
    assert found["jensen_shannon_divergence", "theta = 1"]["value"] == pytest.approx(np.log(2), abs=1e-9)
    worst = found["wasserstein_distance_error", "largest over theta"]
    differences = np.abs(np.array(worst["curve"]["mean"]) - np.abs(worst["curve"]["theta"]))
    assert worst["value"] == differences.max() > 0
    assert found["kullback_leibler_infinite", "theta other than 0"]["value"] == 100


@pytest.mark.parametrize("cells, words", [(20, "total variation 1 in every draw"), (1, "total variation 0.")])
def test_figure_1_says_what_was_measured_of_the_total_variation(cells, words, tmp_path, monkeypatch):
    notes = []
    monkeypatch.setattr(theory_figures, "against_theta", lambda *arguments: notes.append(arguments[-1]))
    lines = config("parallel_lines", transport_samples=20, thetas=5, cells=cells)
    noise.evaluate(
        Finished(EXPERIMENT, lines, data.load("parallel_lines", sources=EXPERIMENT.sources), Workdir(tmp_path), Curves())
    )
    (note,) = notes
    assert words in note and ("to 1, by the draw" in note) == (cells == 1)  # cells as wide as 1: theta = .5 may share one


# ---- Figure 2 ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Both players after a training a few seconds long: (Finished, measurements by name)."""
    short = config("two_gaussians", "quick", discriminator_epochs=4, epochs=5, discriminator_learning_rate=5e-3)
    source, workdir = data.load("two_gaussians"), Workdir(tmp_path_factory.mktemp("two"))
    loop = Loop(rules.stages(short, source), workdir, 0)
    loop.callbacks.append(configuration.model_of(short).callbacks(loop, workdir.samples, 1, source.spec))
    loop.run()
    assert loop.epochs() == short.recipe.total_epochs == 9
    run = Finished(EXPERIMENT, short, source, workdir, Curves())
    return run, by_name(schema.plain(noise.evaluate(run)))


def test_g_draws_from_its_gaussian_and_never_moves(trained):
    run, _ = trained
    points = run.samples("last", 10_000).ravel().astype(float)
    assert run.generator("last").weights == []
    assert stats.kstest(points, stats.norm(3, 1).cdf).pvalue > 1e-4


def test_d_finds_the_jensen_shannon_divergence_and_not_more(trained):
    _, found = trained
    p, q = stats.norm(-3, 1), stats.norm(3, 1)
    exact = sum(quad(lambda x, a=a: a.pdf(x) * np.log(2 * a.pdf(x) / (p.pdf(x) + q.pdf(x))), -9, 9)[0] for a in (p, q)) / 2
    assert found["jensen_shannon_divergence", "exact"]["value"] == pytest.approx(exact, rel=1e-6)
    assert 0.995 * exact < found["jensen_shannon_divergence", "proved by D"]["value"] <= exact


def test_the_clipped_critic_is_1_lipschitz_and_below_the_distance(trained):
    run, found = trained
    judge = two_gaussians._kept(run, "critic")
    assert max(np.abs(weight.numpy()).max() for weight in judge.weights) <= np.float32(0.1)
    assert 0.9 < found["lipschitz_constant", "critic"]["value"] <= 1 + 1e-5
    assert found["wasserstein_distance", "exact"]["value"] == 6
    assert 3.5 < found["wasserstein_distance", "proved by the critic"]["value"] < 6


def test_the_saturated_loss_passes_nothing_on_where_the_critic_does(trained):
    _, found = trained
    slopes = {space: entry["value"] for (metric, space), entry in found.items() if metric == "gradient_norm"}
    law, ratio = stats.norm(3, 1), lambda x: 1 / (1 + np.exp(6 * x))  # D*: the logit is -6 x
    exact = quad(lambda x: law.pdf(x) * 6 * ratio(x), -9, 9)[0]
    assert slopes["log(1 - D), exact D"] == pytest.approx(exact, rel=1e-6)
    assert slopes["log(1 - D), exact D"] + slopes["-log D, exact D"] == pytest.approx(6, rel=1e-6)
    assert slopes["log(1 - D)"] < 0.05 and slopes["f / K"] > 0.5 and slopes["-log D"] > 1


def test_the_slope_is_that_of_the_network(trained):
    judge = two_gaussians._kept(trained[0], "discriminator")
    x = np.array([-5.0, -2.0, 0.3, 2.5, 6.0])
    value, slope = two_gaussians.on_line(judge, x)
    ahead, behind = (two_gaussians.on_line(judge, x + step)[0] for step in (1e-2, -1e-2))
    np.testing.assert_allclose(slope, (ahead - behind) / 2e-2, rtol=2e-2)
    np.testing.assert_allclose(value, judge(x.reshape(-1, 1, 1, 1)).numpy().ravel(), rtol=1e-5)


def test_the_critic_is_the_one_with_which_the_run_stands(trained, tmp_path):
    """A run that is left inside an epoch is evaluated with the weights of its checkpoint."""
    run = dataclasses.replace(trained[0], workdir=Workdir(shutil.copytree(trained[0].workdir.path, tmp_path / "copy")))
    inside = two_gaussians._kept(run, "critic")
    inside.weights[0].assign_add(np.full(inside.weights[0].shape, 0.25, np.float32))
    weights.write(inside, run.workdir.network("discriminator"))  # as Loop.export does
    np.testing.assert_array_equal(two_gaussians._kept(run, "critic").weights[0], inside.weights[0])
    assert [path.name for path in run.workdir.samples.iterdir()] == ["discriminator.weights.h5"]


def test_without_the_players_there_is_nothing_to_evaluate(trained, tmp_path):
    run = dataclasses.replace(trained[0], workdir=Workdir(tmp_path))
    with pytest.raises(RunError, match=r"discriminator\.weights\.h5"):
        run.measure()


def test_each_panel_of_figure_2_has_the_legend_of_its_own_lines(trained, monkeypatch):
    figures = []
    monkeypatch.setattr(theory_figures.curves, "write", lambda path, figure: figures.append(figure))
    trained[0].draw([])
    above, below, _ = figures[0].axes
    words = [[text.get_text() for text in axes.get_legend().get_texts()] for axes in (above, below)]
    assert not figures[0].legends and len(words[0]) == len(words[1]) == 4
    assert [text.startswith("gradient of") for text in words[1]] == [True] * 3 + [False]
    assert not any("gradient" in text for text in words[0]) and "JS ≥" in above.get_legend().get_title().get_text()
    canvas = FigureCanvasAgg(figures[0])
    canvas.draw()
    boxes = [axes.get_window_extent() for axes in (above, below)]
    legends = [axes.get_legend().get_window_extent(canvas.get_renderer()) for axes in (above, below)]
    assert boxes[0].y0 > legends[0].y1 > legends[0].y0 > boxes[1].y1 and boxes[1].y0 > legends[1].y1 > legends[1].y0 > 0


# ---- the figures -------------------------------------------------------------------------------------------------


def test_a_figure_has_the_same_bytes_again(trained, tmp_path):
    run, _ = trained
    first = (run.workdir.figures / "figure2.png").read_bytes()
    dataclasses.replace(run).draw([])
    assert (run.workdir.figures / "figure2.png").read_bytes() == first
    theta = np.linspace(-1, 1, 5)
    for name in ("a", "b"):
        theory_figures.against_theta(
            tmp_path / name, theta, [("W", np.abs, None, np.abs(theta), 0.1 * theta**2)], "title", "note"
        )
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with pytest.raises(ValueError, match="as many"):
        theory_figures.against_theta(tmp_path / "c", theta, [("W", np.abs, None, np.abs(theta), np.zeros(4))])
