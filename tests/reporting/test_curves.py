"""Figures of numbers: read back as pixels, lines are where they belong; the same arguments give the same bytes."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from test_figures import read

from gan_repro.experiment import Published
from gan_repro.reporting import curves


def trained(n, kinds=("last", "averaged-uniform-5")):
    epochs = list(range(1, n + 1))
    training = {name: [None if name == "d_real" and e == 1 else np.sin(e / 9).item() for e in epochs]
                for name in ("d_loss", "g_loss", "d_real", "d_generated")}  # fmt: skip
    validation = {kind: {"epoch": epochs, "value": [200.0 - 900.0 / e for e in epochs]} for kind in kinds}
    return {"training": {"epoch": epochs} | training, "validation": validation}


def coloured(picture, colour):
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return (np.abs(picture.astype(int) - wanted).max(-1) < 12).sum(0)


@pytest.mark.parametrize("n", [1, 20, 5000])
def test_training_curves_draw_three_panels_of_two_lines(tmp_path, n):
    curves.training_curves(tmp_path / "t.png", trained(n), "a title")
    picture = read(tmp_path / "t.png")
    width = picture.shape[1]
    assert width == int(3 * 4.2 * curves.DPI)
    for panel in range(3):
        part = picture[:, panel * width // 3 : (panel + 1) * width // 3]
        for colour in curves.COLOURS[:2]:
            if n > 1 or (panel, colour) != (1, curves.COLOURS[0]):  # the only D(x) of one epoch is not known
                assert coloured(part, colour).sum() > 20


def test_panels_that_have_nothing_are_left_out(tmp_path):
    two = {"training": {"epoch": [1, 2], "d_loss": [1.0, 2.0], "g_loss": [2.0, 1.0]}, "validation": {}}
    curves.training_curves(tmp_path / "t.png", two, "a title")
    assert read(tmp_path / "t.png").shape[1] == int(4.2 * curves.DPI)
    curves.training_curves(tmp_path / "t.png", {}, "nothing was trained")


def test_the_first_epochs_do_not_flatten_the_rest():
    figure = Figure()
    axes = figure.subplots()
    values = [-9000.0, *np.linspace(150, 200, 99)]
    axes.plot(values)
    curves._robust_limits(axes, [values, [120.0, 140.0]])
    bottom, top = axes.get_ylim()
    assert 0 < bottom <= 130 and top > 200  # the short curve's better half is seen as well


def of(seed, epochs=20, kinds=("last",), preset="paper", **recipe):
    record = {"preset": preset, "seed": seed, "epochs": epochs, "curves": trained(epochs, kinds)}
    return record | {"config": {"recipe": recipe}}


def test_log_likelihood_curves_show_the_published_value(tmp_path):
    number = Published("table1", "Fake", "mnist", "parzen_log_likelihood", "nats", 225, 2, "somewhere", ours=True)
    curves.log_likelihood_curves(tmp_path / "with.png", [[of(0), of(1)]], [number], "title")
    curves.log_likelihood_curves(tmp_path / "without.png", [[of(0), of(1)]], [], "title")
    dark = [(read(tmp_path / name)[40:200].max(-1) < 90).sum(1).max() for name in ("with.png", "without.png")]
    assert dark[0] > 300 > 1.5 * dark[1]  # a dotted line all across the upper part
    curves.log_likelihood_curves(tmp_path / "empty.png", [], [], "title")


def test_a_colour_for_each_generator_a_style_for_each_preset_and_a_line_for_each_seeds_longest_run(monkeypatch):
    figures = []
    monkeypatch.setattr(curves, "write", lambda path, figure: figures.append(figure))
    kinds = ("last", "averaged-uniform-5")
    groups = [[of(0, 30, kinds)], [of(0, 20, kinds), of(1, 20, kinds)], [of(0, 10, kinds, "quick", pretrain_epochs=4)]]
    curves.log_likelihood_curves("unused.png", groups, [], "title")
    (axes,), (legend,) = figures[0].axes, figures[0].legends
    lines = [line for line in axes.get_lines() if len(set(line.get_xdata())) > 1]
    drawn = [(line.get_color(), line.get_linestyle() == "-", max(line.get_xdata())) for line in lines]
    runs = [(True, 30), (True, 20), (False, 10)]
    assert drawn == [(colour, solid, end) for solid, end in runs for colour in curves.COLOURS[:2]]
    words = [text.get_text() for text in legend.get_texts()]
    assert words == ["G as trained", "average of weights, uniform-5", "paper preset, seed 0: 30 epochs, 1: 20 epochs",
                     "quick preset, seed 0: 10 epochs", "the second stage begins"]  # fmt: skip


SIGMAS = [0.05, 0.1, 0.2, 0.4, 1.0]


def swept(top=0.0, numbers=(100, 1000), chosen=((0.2,), (0.1,)), sigmas=SIGMAS):
    """A sweep whose lines peak at 0.2, at top + n / 10, and fall by thousands of nats."""
    value = [[round(top + n / 10 - 4000 * np.log10(sigma / 0.2) ** 2, 3) for sigma in sigmas] for n in numbers]
    at = [float(np.mean([row[sigmas.index(sigma)] for sigma in some])) for row, some in zip(value, chosen)]
    return {"sigma": list(sigmas), "n_samples": list(numbers), "n_test": 50, "value": value,
            "chosen_sigma": [list(some) for some in chosen], "chosen_value": at}  # fmt: skip


@pytest.fixture
def drawn(monkeypatch):
    """Draws a sweep; returns its two axes."""

    def draw(*arguments):
        figures = []
        monkeypatch.setattr(curves, "write", lambda path, figure: figures.append(figure))
        curves.parzen_sweep("unused.png", *arguments)
        return figures[0].axes

    return draw


def points(line):
    return [list(map(float, values)) for values in line.get_data()]


def test_a_sweep_has_a_line_for_each_number_of_samples_and_a_dot_where_validation_chose(drawn):
    sweep = swept()
    left, _ = drawn([("ours", [sweep])], "a title", [])
    assert [points(line) for line in left.lines[::2]] == [[SIGMAS, row] for row in sweep["value"]]
    assert [points(line) for line in left.lines[1::2]] == [[[0.2], [10.0]], [[0.1], [sweep["value"][1][1]]]]
    assert [text.get_text() for text in left.texts] == ["100", "n = 1,000"]
    assert [text.xy for text in left.texts] == [(0.2, 10.0), (0.2, 100.0)]


def test_the_folds_of_a_sweep_have_a_dot_for_each_width(drawn):
    left, right = drawn([("ours", [swept(chosen=((0.2, 0.1, 0.2), (0.1, 0.1, 0.1)))])], "a title", [])
    assert [points(line)[0] for line in left.lines[1::2]] == [[0.1, 0.2], [0.1]]
    assert len(right.lines) == 1


def test_a_sweep_compares_all_runs_by_the_number_of_samples(drawn):
    number = Published("table1", "Fake", "mnist", "parzen_log_likelihood", "nats", 225, 2, "somewhere", ours=True)
    seeds, images = [swept(), swept(7.0)], [swept(300.0, (50,), ((0.2,),))]
    left, right = drawn([("ours, 2 seeds", seeds), ("training images", images)], "a title", [number])
    *lines, published = right.lines
    assert [points(line) for line in lines] == [[sweep["n_samples"], sweep["chosen_value"]] for sweep in [*seeds, *images]]
    assert [line.get_color() for line in lines] == [curves.COLOURS[0]] * 2 + [curves.COLOURS[1]]
    shown = [text.get_text() for text in right.get_legend().get_texts()]
    assert shown == ["ours, 2 seeds", "training images", "published Fake, 225 ± 2"]
    for dashed in (left.lines[0], right.lines[-1]):
        assert set(dashed.get_ydata()) == {225} and dashed.get_linestyle() == "--"


def test_lines_that_lie_on_each_other_share_a_label(drawn):
    flat, steep = swept(0.0, (100, 1000), ((0.2,),) * 2), swept(0.0, (100, 1000), ((0.2,),) * 2)
    flat["value"][0] = [value - 0.01 for value in flat["value"][1]]
    steep["value"][0] = [value - 200 for value in steep["value"][1]]
    for sweep, labels in ((flat, ["n = 1,000"]), (steep, ["100", "n = 1,000"])):
        sweep["chosen_value"] = [max(row) for row in sweep["value"]]
        left, _ = drawn([("ours", [sweep])], "a title", [])
        assert [text.get_text() for text in left.texts] == labels


@pytest.mark.parametrize("top", [-4000.0, 0.0, 200.0])
def test_a_sweep_shows_every_peak_and_not_the_depths(drawn, top):
    sweep = swept(top, (100, 1000, 3000), ((0.2,),) * 3)
    left, right = drawn([("ours", [sweep])], "a title", [])
    (bottom, high), (narrow, wide) = left.get_ylim(), left.get_xlim()
    assert right.get_ylim() == (bottom, high)
    assert bottom < top + 10 and high > top + 300 and high - bottom < 1000
    assert narrow < 0.2 < wide and narrow > 0.05 and wide < 1
    assert all(narrow <= tick <= wide for tick in left.get_xticks())


def test_a_sweep_of_a_single_number_of_samples(drawn):
    left, right = drawn([("ours", [swept(0.0, (100,), ((0.2,),))])], "a title", [])
    assert left.get_ylim()[0] < 10 < left.get_ylim()[1] and list(right.get_xticks()) == [100]


def test_the_same_arguments_give_the_same_bytes_and_no_date_or_version(tmp_path):
    number = Published("table1", "Fake", "mnist", "parzen_log_likelihood", "nats", 225, 2, "somewhere", ours=True)
    draw = {
        "training": lambda path: curves.training_curves(path, trained(20), "title"),
        "likelihood": lambda path: curves.log_likelihood_curves(path, [[of(0)]], [number], "title"),
        "sweep": lambda path: curves.parzen_sweep(path, [("ours", [swept()])], "title", [number]),
    }
    for name, call in draw.items():
        call(tmp_path / f"{name}-1.png")
        call(tmp_path / f"{name}-2.png")
        first = (tmp_path / f"{name}-1.png").read_bytes()
        assert first == (tmp_path / f"{name}-2.png").read_bytes()
        assert b"atplotlib" not in first and b"tIME" not in first and b"tEXt" not in first
