"""Figures of chains: classes visited along them; consecutive samples stand in reading order."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import image as reader
from matplotlib.colors import to_rgb
from support import make_digits
from support.sampled import cells

from gan_repro.evaluation.measurement import Curves, Measurement
from gan_repro.figures import chains, curves, draw
from gan_repro.runs.trained import Finished

LINE = {"length": (1, 2, 5, 10), "mean": (1.0, 1.2, 2.0, 3.5)}
REAL = {"length": (1, 2, 5, 10), "mean": (1.0, 1.9, 4.1, 6.5)}


def has(path, colour):
    pixels = reader.imread(path)[:, :, :3]
    return bool((np.abs(pixels - np.array(to_rgb(colour))).max(axis=2) < 0.02).sum() > 20)


def test_lines_have_colours_of_their_own_and_the_same_bytes(tmp_path):
    colour = curves.REFERENCES["training images"]
    both = {"last weights": LINE, "training images": REAL}
    for name in ("a", "b"):
        chains.visited(tmp_path / name, both, ["training images"], 10, "a title")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert has(tmp_path / "a", curves.OWN[0]) and has(tmp_path / "a", colour)
    chains.visited(tmp_path / "c", {"last weights": LINE}, [], 10)
    assert not has(tmp_path / "c", colour)
    with pytest.raises(ValueError, match="no line"):
        chains.visited(tmp_path / "d", {}, [], 10)


@pytest.fixture
def said(monkeypatch):
    """Draws; gives (what stands below the axis, the texts of the legend)."""
    written = []
    monkeypatch.setattr(curves, "write", lambda path, figure: written.append(figure))

    def of(function, *arguments):
        function(*arguments)
        (axes,) = written.pop().axes
        return axes.get_xlabel(), axes.get_legend_handles_labels()[1]

    return of


def test_steps_between_samples_stand_below_the_axis_and_where_chains_differ_beside_their_names(said):
    def lines(**steps):
        return {name: LINE | {"apart": n} for name, n in steps.items()} | {"training images": REAL}

    below, names = said(chains.visited, "x", lines(a=20, b=20), ["training images"], 10)
    assert "20 steps" in below and names == ["a", "b", "training images"]
    below, (one, other, real) = said(chains.visited, "x", lines(a=20, b=1), ["training images"], 10)
    assert not any(digit in below for digit in "0123456789") and real == "training images"
    assert one.startswith("a") and "20 steps" in one and other.startswith("b") and "1 step " in other
    below, names = said(chains.visited, "x", {"a": LINE}, [], 10)  # not known
    assert "step" not in below and names == ["a"]


class AlongChains(Finished):
    """A finished run without files: three chains of 250 states; state j of chain i is of brightness j / 255."""

    settings = ()

    def kinds(self):
        return ["last"]

    def prior(self):
        return SimpleNamespace(chains=3, thinning=7, length=lambda n: -(-n // 3))

    def samples(self, kind, n=None, seed=None, labels=None, draw=0):
        state = np.arange(n) % self.prior().length(n)
        return np.float32(state / 255)[:, None, None, None] * np.ones((1, 8, 8, 1), np.float32)


@pytest.fixture
def run(tmp_path):
    experiment = SimpleNamespace(models={"m": SimpleNamespace(title="a model")})
    config = SimpleNamespace(recipe=SimpleNamespace(n_samples=750), preset="quick", seed=0, model="m")
    return AlongChains(experiment, config, make_digits(), SimpleNamespace(figures=tmp_path), Curves())


def test_consecutive_samples_stand_in_reading_order(run, tmp_path):
    draw.consecutive_samples(run, "last")
    shown = cells(tmp_path / "chain-last.png", *draw.CHAIN)
    assert (shown[:, :, 0, 0].ravel() == np.arange(shown.shape[0] * shown.shape[1])).all()


def test_of_a_shorter_chain_all_is_shown(run, tmp_path):
    run.config.recipe.n_samples = 75
    draw.consecutive_samples(run, "last")
    shown = cells(tmp_path / "chain-last.png", 2, draw.CHAIN[1])[:, :, 0, 0].ravel()
    assert (shown == [*range(25), *[255] * 15]).all()


def entry(**more):
    fields = {"metric": "classes_visited", "unit": "classes", "dataset": "mnist", "value": 3.5, "standard_error": 0.1}
    return Measurement(**fields | {"weights": None, "reference": None} | more)


def test_classes_visited_are_those_of_the_measurements(run, tmp_path):
    draw.classes_visited(run, [entry(weights="last"), entry(weights="last", metric="class_changes")])
    assert not list(tmp_path.iterdir())
    draw.classes_visited(run, [entry(weights="last", curve=LINE), entry(reference="training images", curve=REAL)])
    assert has(tmp_path / "classes-visited.png", curves.REFERENCES["training images"])


def test_a_runs_own_figure_says_how_far_its_samples_are_apart(run, said):
    below, names = said(
        draw.classes_visited, run, [entry(weights="last", curve=LINE), entry(reference="training images", curve=REAL)]
    )
    assert "7 steps" in below and len(names) == 2
