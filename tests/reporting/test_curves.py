"""Figures of numbers: read back as pixels, lines are where they belong; the same arguments give the same bytes."""

import dataclasses

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from support.pictures import coloured, read
from support.records import make_record, parsed

from gan_repro.evaluation.measurement import Curves, Sweep
from gan_repro.figures import curves
from gan_repro.papers import weights_names
from gan_repro.papers.shown import Published
from gan_repro.reporting import likelihood
from gan_repro.reporting.groups import Group


def trained(n, kinds=("last", "mean-from-5")):
    epochs = list(range(1, n + 1))
    training = {
        name: [None if name == "d_real" and e == 1 else np.sin(e / 9).item() for e in epochs]
        for name in ("d_loss", "g_loss", "d_real", "d_generated")
    }
    validation = {kind: {"epoch": epochs, "value": [200.0 - 900.0 / e for e in epochs]} for kind in kinds}
    return Curves.of({"training": {"epoch": epochs} | training, "validation": validation})


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
    two = {"epoch": [1, 2], "d_loss": [1.0, 2.0], "g_loss": [2.0, 1.0]}
    curves.training_curves(tmp_path / "t.png", Curves(two), "a title")
    assert read(tmp_path / "t.png").shape[1] == int(4.2 * curves.DPI)
    curves.training_curves(tmp_path / "t.png", Curves(), "nothing was trained")


def test_the_first_epochs_do_not_flatten_the_rest():
    figure = Figure()
    axes = figure.subplots()
    values = [-9000.0, *np.linspace(150, 200, 99)]
    axes.plot(values)
    curves.robust_limits(axes, [values, [120.0, 140.0]])
    bottom, top = axes.get_ylim()
    assert 0 < bottom <= 130 and top > 200  # the short curve's better half is seen as well
    curves.robust_limits(axes, [[None, *values], [None, 120.0, 140.0], [None]])  # where nothing was measured
    assert axes.get_ylim() == (bottom, top)


def of(seed, played=20, kinds=("last",), preset="paper", **recipe):
    content = make_record(seed, recipe=recipe, preset=preset, epochs=played)
    return dataclasses.replace(parsed(content), curves=trained(played, kinds))


def test_log_likelihood_curves_show_the_published_value(tmp_path):
    number = Published("table1", "Fake", "mnist", "parzen_log_likelihood", "nats", 225, 2, "somewhere", ours=True)
    likelihood.log_likelihood_curves(tmp_path / "with.png", [Group((of(0), of(1)))], [number], "title")
    likelihood.log_likelihood_curves(tmp_path / "without.png", [Group((of(0), of(1)))], [], "title")
    dark = [(read(tmp_path / name)[40:200].max(-1) < 90).sum(1).max() for name in ("with.png", "without.png")]
    assert dark[0] > 300 > 1.5 * dark[1]  # a dotted line all across the upper part
    likelihood.log_likelihood_curves(tmp_path / "empty.png", [], [], "title")


def test_a_colour_for_each_generator_a_style_for_each_preset_and_a_line_for_each_seeds_longest_run(monkeypatch):
    figures = []
    monkeypatch.setattr(curves, "write", lambda path, figure: figures.append(figure))
    kinds = ("last", "mean-from-5")
    quick = of(0, 10, kinds, "quick", epochs=6)  # of 10: four came before
    groups = [Group((of(0, 30, kinds),)), Group((of(0, 20, kinds), of(1, 20, kinds))), Group((quick,))]
    likelihood.log_likelihood_curves("unused.png", groups, [], "title")
    (axes,), (legend,) = figures[0].axes, figures[0].legends
    lines = [line for line in axes.get_lines() if len(set(line.get_xdata())) > 1]
    drawn = [(line.get_color(), line.get_linestyle() == "-", max(line.get_xdata())) for line in lines]
    runs = [(True, 30), (True, 20), (False, 10)]
    first = [(colour, solid, end) for solid, end in runs for colour in curves.COLOURS[:2]][:4]
    assert drawn == first + [(colour, False, end) for colour in curves.COLOURS[:2] for end in (4, 10)]  # a line for each stage
    words = [text.get_text() for text in legend.get_texts()]
    names = ["last weights", "mean of weights since epoch 5"]
    assert words == [f"{name}, {preset} preset" for preset in ("paper", "quick") for name in names] + [
        "the second stage begins"
    ]
    assert axes.get_title() == "paper preset, seed 0: 30 epochs; seed 1: 20 epochs\nquick preset, seed 0: 10 epochs"
    looks = {(line.get_color(), line.get_linestyle()) for line in axes.get_lines()}
    assert {(line.get_color(), line.get_linestyle()) for line in legend.get_lines()} == looks  # no entry without a line


def test_real_images_in_place_of_samples_have_a_line_and_a_colour_of_their_own(monkeypatch):
    figures, kinds = [], [f"mean-from-{n}" for n in range(5)]
    monkeypatch.setattr(curves, "write", lambda path, figure: figures.append(figure))
    for real in (243.6, None):
        likelihood.log_likelihood_curves("unused.png", [Group((of(0, kinds=kinds),))], [], "title", real)
    (axes,), (legend,) = figures[0].axes, figures[0].legends
    assert axes.get_title() == "paper preset, seed 0: 20 epochs"
    *lines, level = axes.get_lines()
    assert set(level.get_ydata()) == {243.6} and level.get_color() == curves.REFERENCES["training images"]
    assert len({line.get_color() for line in axes.get_lines()}) == 6
    words = [text.get_text() for text in legend.get_texts()]
    assert words[0] == "mean of weights since epoch 0"
    assert words[5:] == ["training images in place of samples, 244, of test images"]
    assert len(figures[1].axes[0].get_lines()) == len(lines) == len(figures[1].legends[0].get_texts())


SIGMAS = [0.05, 0.1, 0.2, 0.4, 1.0]


def swept(top=0.0, numbers=(100, 1000), chosen=((0.2,), (0.1,)), sigmas=SIGMAS):
    """A sweep whose lines peak at 0.2, at top + n / 10, and fall by thousands of nats."""
    value = [[round(top + n / 10 - 4000 * np.log10(sigma / 0.2) ** 2, 3) for sigma in sigmas] for n in numbers]
    at = [float(np.mean([row[sigmas.index(sigma)] for sigma in some])) for row, some in zip(value, chosen)]
    return Sweep(tuple(sigmas), tuple(numbers), 50, tuple(map(tuple, value)), chosen, tuple(at))


@pytest.fixture
def drawn(monkeypatch):
    """Draws a sweep; returns its two axes."""

    def draw(*arguments):
        figures = []
        monkeypatch.setattr(curves, "write", lambda path, figure: figures.append(figure))
        likelihood.parzen_sweep("unused.png", *arguments)
        return figures[0].axes

    return draw


def points(line):
    return [list(map(float, values)) for values in line.get_data()]


def test_a_sweep_has_a_line_for_each_number_of_samples_and_a_dot_where_validation_chose(drawn):
    sweep = swept()
    left, _ = drawn([("ours", [sweep])], "a title", [])
    assert [points(line) for line in left.lines[::2]] == [[SIGMAS, list(row)] for row in sweep.value]
    assert [points(line) for line in left.lines[1::2]] == [[[0.2], [10.0]], [[0.1], [sweep.value[1][1]]]]
    shown = [text.get_text() for text in left.get_legend().get_texts()]
    assert shown == ["n = 100", "n = 1,000", "σ chosen by validation, of ten"] and not left.texts


@pytest.mark.parametrize(
    "numbers, widths",
    [((100, 1000), [1.3, 1.8]), ((10_000, 10_001), [2.7, 1.8]), ((100, 3000, 3001, 3002), [1.3, 4.1, 2.7, 1.8])],
)
def test_lines_that_lie_on_each_other_are_all_seen_and_the_legend_says_so(drawn, numbers, widths):
    left, _ = drawn([("ours", [swept(0.0, numbers, ((0.2,),) * len(numbers))])], "a title", [])
    assert [line.get_linewidth() for line in left.lines[::2]] == pytest.approx(widths)
    said = left.get_legend().get_title().get_text()
    assert (said == "lines lie on each other; the fewer samples, the wider") == (widths != [1.3, 1.8])


def test_the_folds_of_a_sweep_have_a_dot_for_each_width(drawn):
    left, right = drawn([("ours", [swept(chosen=((0.2, 0.1, 0.2), (0.1, 0.1, 0.1)))])], "a title", [])
    assert [points(line)[0] for line in left.lines[1::2]] == [[0.1, 0.2], [0.1]]
    assert len(right.lines) == 1


def test_a_sweep_compares_all_runs_by_the_number_of_samples(drawn):
    number = Published("table1", "Fake", "mnist", "parzen_log_likelihood", "nats", 225, 2, "somewhere", ours=True)
    seeds, images = [swept(), swept(7.0)], [swept(300.0, (50,), ((0.2,),))]
    left, right = drawn([("ours, 2 seeds", seeds), ("training images", images)], "a title", [number])
    *lines, published = right.lines
    assert [points(line) for line in lines] == [
        [list(sweep.n_samples), list(sweep.chosen_value)] for sweep in [*seeds, *images]
    ]
    assert [line.get_color() for line in lines] == [curves.COLOURS[0]] * 2 + [curves.REFERENCES["training images"]]
    shown = [text.get_text() for text in right.get_legend().get_texts()]
    assert shown == ["ours, 2 seeds", "training images", "published Fake, 225 ± 2"]
    for dashed in (left.lines[0], right.lines[-1]):
        assert set(dashed.get_ydata()) == {225} and dashed.get_linestyle() == "--"


def test_a_reference_has_one_colour_wherever_it_stands(drawn):
    names = [*curves.REFERENCES, "ours", "training images, quick preset"]
    for order in (names, names[::-1]):
        left, right = drawn([(name, [swept()]) for name in order], "a title", [])
        lines = {line.get_label(): line for line in right.lines}
        for name, colour in curves.REFERENCES.items():
            assert lines[name].get_color() == colour != lines["ours"].get_color()
        again = lines["training images, quick preset"]
        assert again.get_color() == lines["training images"].get_color()
        assert again.get_linestyle() != lines["training images"].get_linestyle()
        np.testing.assert_allclose(to_rgb(left.lines[-1].get_color()), to_rgb(right.lines[0].get_color()))


def test_a_sweep_says_whose_widths_are_drawn(drawn):
    for said, shown in ((None, "ours, 2 seeds"), ("ours, seed 4", "ours, seed 4")):
        left, _ = drawn([("ours, 2 seeds", [swept(), swept()])], "a title", [], said)
        assert left.get_title() == shown


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


# ---- words and legends, measured as they are drawn -------------------------------------------------------------------


def boxes(figure):
    """The figure is laid out; (renderer, all its legends, of axes and of its own)."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return canvas.get_renderer(), [*figure.legends, *(axes.get_legend() for axes in figure.axes if axes.get_legend())]


def inside(figure, box):
    width, height = figure.get_size_inches() * figure.dpi
    return box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height


LONG = "A model with a name that is long on data whose title is longer still, and the preset and the seed behind it"
EVERY = ("last", *("ema-.9995", "ema-.9999", "mean-from-0", "mean-from-5"))


@pytest.mark.parametrize("draw", ["one", "training", "stages", "likelihood", "sweep"])
def test_no_legend_covers_anything_and_no_title_is_cut_off(draw, monkeypatch):
    figures = []
    monkeypatch.setattr(curves, "write", lambda path, figure: figures.append(figure))
    number = Published("table1", "Fake", "mnist", "parzen_log_likelihood", "nats", 225, 2, "somewhere", ours=True)
    two = Curves({"epoch": [1, 2], "d_loss": [1.0, 2.0], "g_loss": [2.0, 1.0]})
    sweeps = [(f"{name} {LONG[:30]}", [swept()]) for name in ("ours", "theirs", *curves.REFERENCES)]
    {
        "one": lambda: curves.training_curves("unused.png", two, LONG),
        "training": lambda: curves.training_curves("unused.png", trained(50, EVERY), LONG),
        "stages": lambda: curves.training_curves("unused.png", trained(50), LONG, stage=30),
        "likelihood": lambda: likelihood.log_likelihood_curves(
            "unused.png", [Group((of(0, 20, EVERY), of(1)))], [number], LONG
        ),
        "sweep": lambda: likelihood.parzen_sweep("unused.png", sweeps, LONG, [number], LONG),
    }[draw]()
    (figure,) = figures
    renderer, legends = boxes(figure)
    assert legends
    for legend in legends:
        box = legend.get_window_extent(renderer)
        assert inside(figure, box)
        for axes in figure.axes:
            words = [axes.get_window_extent(renderer), axes.xaxis.label.get_window_extent(renderer)]
            assert not any(box.overlaps(each) for each in words)
    titles = [figure._suptitle, *(axes.title for axes in figure.axes)]
    assert all(inside(figure, title.get_window_extent(renderer)) for title in titles if title.get_text())
    assert figure._suptitle.get_text().replace("\n", " ") == LONG


def test_a_player_without_a_loss_has_no_line_and_stages_are_told_apart(monkeypatch):
    figures, epochs = [], [1, 2, 3, 4]
    monkeypatch.setattr(curves, "write", lambda path, figure: figures.append(figure))
    training = {"d_loss": [0.5, 0.4, -3.0, -4.0], "g_loss": [None] * 4, "d_real": [0.9, 1.0, 1.5, 1.8]}
    training |= {"d_generated": [0.1, 0.0, -1.5, -2.5]}
    for outputs, stage in ((("probability", "score"), 2), (("score",), 0), (("score",), 4)):
        curves.training_curves("unused.png", Curves({"epoch": epochs} | training), "a title", outputs, stage)
    staged, whole, ended = figures
    begins = ["the second stage begins"]

    def words(figure):
        return [[text.get_text() for text in axes.get_legend().get_texts()] for axes in figure.axes]

    assert words(staged) == [["discriminator, then critic", *begins], ["D(x), then f(x)", "D(G(z)), then f(G(z))", *begins]]
    assert staged.axes[1].get_ylabel() == "mean output of D, then f"
    lines = [list(line.get_xdata()) for line in staged.axes[0].get_lines()]
    assert lines == [[1, 2], [3, 4], [2, 2]]  # two games, and the line between them
    assert words(whole) == words(ended) == [["critic"], ["f(x)", "f(G(z))"]]
    assert whole.axes[1].get_ylabel() == "mean output of f"
    probable = {name: [0.5, 0.6] for name in ("d_loss", "g_loss", "d_real", "d_generated")}
    for output, shown in (("score", "f(x)"), ("probability", "D(x)")):  # outputs that could be either's
        curves.training_curves("unused.png", Curves({"epoch": [1, 2]} | probable), "a title", (output,))
        assert words(figures[-1])[1][0] == shown


@pytest.mark.parametrize(
    "epochs, shown",
    [
        ({0: 250}, "paper preset, seed 0: 250 epochs"),
        ({0: 250, 1: 250, 2: 250}, "paper preset, 3 seeds, 250 epochs"),
        ({0: 1000, 1: 250, 2: 250}, "paper preset, seed 0: 1,000 epochs; seeds 1, 2: 250 epochs"),
    ],
)
def test_seeds_that_agree_are_counted(epochs, shown):
    assert likelihood._preset_title("paper", {seed: parsed(make_record(seed, epochs=n)) for seed, n in epochs.items()}) == shown


@pytest.mark.parametrize("width", [1, 150, 300, 700, 5000])
def test_lines_are_as_few_as_fit_and_as_equal_as_that_allows(width):
    lines = curves.wrapped(LONG, width, 9)
    assert " ".join(lines) == LONG
    assert all(curves.text_width(line, 9) <= width or " " not in line for line in lines)
    longest = max(curves.text_width(line, 9) for line in lines)
    assert len(curves._filled(LONG, width, 9)) == len(lines) < len(curves._filled(LONG, longest - 1, 9)) or width == 1


def test_no_word_is_left_alone_behind_a_full_line():
    text = "In each row one z, times 0, 0.25, 0.5, 1, 1.5, 2, 4, 8"
    width = curves.text_width(text, 9) - 1
    first, second = curves.wrapped(text, width, 9)
    assert len(second) > 0.7 * len(first) and len(curves._filled(text, width, 9)[1]) < 3


def test_generators_have_names_in_words():
    names = {
        "best": "best by validation",
        "last": "last weights",
        "mean-from-5": "mean of weights since epoch 5",
        "ema-.9995": "moving average of weights, decay .9995",
        "D": "D",
    }
    assert {kind: weights_names.title(kind) for kind in names} == names


def test_the_same_arguments_give_the_same_bytes_and_no_date_or_version(tmp_path):
    number = Published("table1", "Fake", "mnist", "parzen_log_likelihood", "nats", 225, 2, "somewhere", ours=True)
    draw = {
        "training": lambda path: curves.training_curves(path, trained(20), "title"),
        "likelihood": lambda path: likelihood.log_likelihood_curves(path, [Group((of(0),))], [number], "title"),
        "sweep": lambda path: likelihood.parzen_sweep(path, [("ours", [swept()])], "title", [number]),
    }
    for name, call in draw.items():
        call(tmp_path / f"{name}-1.png")
        call(tmp_path / f"{name}-2.png")
        first = (tmp_path / f"{name}-1.png").read_bytes()
        assert first == (tmp_path / f"{name}-2.png").read_bytes()
        assert b"atplotlib" not in first and b"tIME" not in first and b"tEXt" not in first
