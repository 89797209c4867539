"""Samples of several models beside each other: read back from the figures of runs, chosen by the records, drawn anew."""

import dataclasses

import numpy as np
import pytest
from PIL import Image
from support.pictures import read
from support.records import measurement, parsed
from support.tables import experiment, model, trained

from gan_repro.figures import grids, panels
from gan_repro.papers import configuration
from gan_repro.papers.shown import Panel, SideBySide
from gan_repro.reporting import comparison, overview, records
from gan_repro.reporting import panels as pages
from gan_repro.reporting.groups import group
from gan_repro.system.errors import RunError

ROWS, COLUMNS = 4, 5


def images(n, size=28, channels=1, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, size, size, channels)) / 255


def pixels(found):
    """What a picture must hold of images in [0, 1]: uint8, grey as three equal channels."""
    return np.broadcast_to(np.rint(found * 255).astype(np.uint8), (*found.shape[:-1], 3))


# ---- a figure of samples taken apart ---------------------------------------------------------------------------------


@pytest.mark.parametrize("size, channels", [(28, 1), (32, 3), (48, 1), (96, 1)])
@pytest.mark.parametrize("words", [None, "short", "a title that is much wider than its figure, " * 8])
def test_images_come_back_from_the_figure_of_samples_with_their_neighbours(tmp_path, size, channels, words):
    samples, neighbours = images(20, size, channels), images(4, size, channels, seed=1)
    grids.nearest_grid(tmp_path / "n.png", samples, neighbours, 0.0, 1.0, words)
    found, nearest = panels.taken_apart(tmp_path / "n.png", ROWS, COLUMNS)
    np.testing.assert_array_equal(found.reshape(20, size, size, 3), pixels(samples))
    np.testing.assert_array_equal(nearest, pixels(neighbours))
    grids.sample_grid(tmp_path / "s.png", samples, ROWS, COLUMNS, words)
    found, nearest = panels.taken_apart(tmp_path / "s.png", ROWS, COLUMNS)
    np.testing.assert_array_equal(found.reshape(20, size, size, 3), pixels(samples))
    assert nearest is None


def test_what_is_no_such_figure_is_not_taken_apart(tmp_path):
    grids.sample_grid(tmp_path / "other.png", images(100), 10, 10, "a title")
    grids.nearest_grid(tmp_path / "wide.png", images(12), images(2, seed=1), 0.0, 1.0, "a caption")
    for name, colour in (("white", "white"), ("yellow", grids.YELLOW)):
        Image.new("RGB", (300, 200), colour).save(tmp_path / f"{name}.png")
    for path in tmp_path.glob("*.png"):
        assert panels.taken_apart(path, ROWS, COLUMNS) is None, path.name
    (tmp_path / "damaged.png").write_bytes((tmp_path / "wide.png").read_bytes()[:500])
    with pytest.raises(RunError, match=r"damaged\.png"):
        panels.taken_apart(tmp_path / "damaged.png", ROWS, COLUMNS)


# ---- how much samples differ -----------------------------------------------------------------------------------------


def test_the_share_between_samples_is_that_of_the_analysis_of_variance():
    """Of means of 4 x 4 pixels, at the edges of those that are left over."""
    found = np.random.default_rng(0).integers(0, 256, (4, 5, 8, 15, 3))
    places = [found[:, :, y : y + 4, x : x + 4].mean(axis=(2, 3)).reshape(20, 3) for y in (0, 4) for x in (0, 4, 8, 12)]
    pooled = np.stack(places, axis=1)
    within = ((pooled.mean(axis=0) - pooled.mean(axis=(0, 1))) ** 2).mean()  # of the mean image
    total = ((pooled - pooled.mean(axis=(0, 1))) ** 2).mean()
    assert pages.between_samples(found.astype(np.uint8)) == pytest.approx(1 - within / total, rel=1e-12)


def test_one_picture_has_no_variance_between_samples_and_white_beside_black_nothing_else():
    one = np.random.default_rng(0).integers(0, 256, (1, 1, 8, 8, 3), np.uint8)
    assert pages.between_samples(np.broadcast_to(one, (4, 5, 8, 8, 3))) == 0
    flat = np.zeros((4, 5, 8, 8, 3), np.uint8)
    assert pages.between_samples(flat) == 0
    flat[:2] = 255
    assert pages.between_samples(flat) == pytest.approx(1)


def test_one_picture_under_noise_from_pixel_to_pixel_has_collapsed():
    rng = np.random.default_rng(0)
    one = np.kron(rng.integers(0, 196, (8, 8, 3)), np.ones((4, 4, 1)))
    assert pages.between_samples(np.uint8(one + rng.integers(0, 60, (4, 5, 32, 32, 3)))) < pages.COLLAPSED


# ---- which run is shown ----------------------------------------------------------------------------------------------

SHOWN = SideBySide("figure2", "Samples", (Panel("a) digits", "nets", "mnist"), Panel("b) faces", "wide", "tfd")))


def table(*contents):
    """The Table of a paper with the models "nets" and "wide", of which SHOWN is."""
    paper = experiment(models={"nets": model(), "wide": model("Wide")}, side_by_side=(SHOWN,))
    found = [parsed(content) for content in contents]
    return comparison.build("table1", [paper], group([dataclasses.replace(each, stem=records.name(each)) for each in found]))


def draw(folder, content, weights="best", collapsed=False, private=False):
    """The figure of samples of a record's JSON in `folder`."""
    samples = images(20, seed=content["seed"])
    path = folder / f"{records.name(parsed(content))}-samples-{weights}.png"
    if private:
        grids.sample_grid(path, samples, ROWS, COLUMNS, "a title")
    else:
        grids.nearest_grid(path, samples[:1].repeat(20, axis=0) if collapsed else samples, images(4, seed=9), 0.0, 1.0, "run")


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """Draws the picture of records' JSON whose figures are in the folder; gives the Panels that are written."""
    written = []
    monkeypatch.setattr(panels, "write", lambda path, panels, caption: written.extend(panels))

    def of(*contents):
        written.clear()
        for draw_it in pages.figures([table(*contents)], tmp_path).values():
            draw_it(tmp_path / "x.png")
        return list(written)

    return of


def test_the_longest_run_of_the_paper_preset_is_shown_and_no_ablation(tmp_path, shown):
    short, long = trained(1, 1.0, epochs=20), trained(2, 1.0, epochs=50)
    quick, changed = trained(3, 1.0, preset="quick", epochs=90), trained(4, 1.0, epochs=95, recipe={"batch_size": 50})
    contents = [short, long, quick, changed]
    assert shown(*contents) == []
    for preferred in (quick, short, long):  # each before the ones that were drawn before
        draw(tmp_path, changed)
        draw(tmp_path, preferred)
        first, second = shown(*contents)
        np.testing.assert_array_equal(first.samples.reshape(20, 28, 28, 3), pixels(images(20, seed=preferred["seed"])))
        assert f"{preferred['preset']} preset, {preferred['epochs']} epochs, seed {preferred['seed']}" in first.lines[0]
        assert second.samples is None and second.instead


def test_a_run_with_the_panels_settings_stands_in_for_one_that_has_collapsed_and_names_them(tmp_path, shown, monkeypatch):
    lively = dataclasses.replace(SHOWN.panels[0], settings=("batch_size", "averages"))
    monkeypatch.setitem(globals(), "SHOWN", dataclasses.replace(SHOWN, panels=(lively, SHOWN.panels[1])))
    plain, changed = trained(1, 1.0), trained(4, 1.0, epochs=9, recipe={"batch_size": 50})
    other = trained(5, 1.0, recipe={"batch_size": 50, "learning_rate": 0.7})
    for collapsed, preferred in ((False, plain), (True, changed)):
        draw(tmp_path, plain, collapsed=collapsed)
        draw(tmp_path, changed)
        draw(tmp_path, other)
        first, _ = shown(plain, changed, other)
        assert f"seed {preferred['seed']}" in first.lines[0]
        said = " ".join(first.lines)
        assert ("batch_size 50" in said) == (preferred is changed)
        assert ("in place of run" in said) == (preferred is changed)
    draw(tmp_path, changed, collapsed=True)
    said = " ".join(shown(plain, changed, other)[0].lines)  # nothing is better: the preset's run, which is called what it is
    assert f"seed {plain['seed']}" in said and "collapsed" in said and "in place of run" not in said


@pytest.mark.parametrize("name", configuration.names())
def test_panels_name_models_and_settings_that_there_are(name):
    owner = configuration.find(name)
    for panel in (panel for shown in owner.side_by_side for panel in shown.panels):
        fields = {field.name for field in dataclasses.fields(owner.models[panel.model].recipe("paper", panel.dataset))}
        assert {*panel.settings} <= fields, panel.heading


def test_best_weights_come_before_last_ones_and_averages_are_left_out(tmp_path, shown):
    run = trained(0, 1.0)
    draw(tmp_path, run, "ema-.999")
    assert shown(run) == []
    for weights, words in (("last", "last weights"), ("best", "best by validation")):
        draw(tmp_path, run, weights)
        assert words in shown(run)[0].lines[0]


def test_other_data_stand_in_and_are_named_and_real_images_that_are_not_public_are_not_shown(tmp_path, shown):
    faces = trained(0, 1.0, model="wide", dataset="npz:own.npz")
    draw(tmp_path, faces, private=True)
    _, panel = shown(faces)
    assert panel.samples is not None and panel.nearest is None and panel.instead
    assert panel.heading.startswith("b) faces") and panel.heading.endswith("NPZ:OWN.NPZ")
    paper = trained(1, 1.0, model="wide", dataset="tfd", preset="quick", epochs=5)
    draw(tmp_path, paper)
    assert shown(faces, paper)[1].heading == "b) faces"


def test_a_collapsed_generator_is_called_so(tmp_path, shown):
    runs = trained(0, 1.0), trained(0, 1.0, model="wide", dataset="tfd")
    draw(tmp_path, runs[0], collapsed=True)
    draw(tmp_path, runs[1])
    collapsed, varied = (panel.lines[1] for panel in shown(*runs))
    assert collapsed.startswith("collapsed") and not varied.startswith("collapsed")


# ---- variety by that of real images ----------------------------------------------------------------------------------


def coarse(value, of, metric="pooled_distance", unit="Euclidean", **changes):
    """The JSON of a measurement of `measures.Variety`."""
    rest = {"space": "means of 4 x 4 pixels", "split": None, "n_test": None, "sigma": None, "n_samples": 500}
    return measurement(value, of, metric=metric, unit=unit, **rest | changes)


def with_more(content, *measurements):
    """The JSON of a record with more measurements."""
    return content | {"measurements": [*content["measurements"], *measurements]}


def pooled_distance(samples):
    """The mean distance of two of the images (n, 28, 28, 1) in means of 4 x 4 pixels, by loops."""
    means = samples.reshape(len(samples), 7, 4, 7, 4).mean(axis=(2, 4)).reshape(len(samples), -1)
    return np.mean([np.linalg.norm(means[i] - means[j]) for i in range(len(means)) for j in range(i)])


@pytest.mark.parametrize("share, collapsed", [(60, False), (40, True)])
def test_samples_shown_are_held_against_real_images_of_the_same_data_in_another_record(tmp_path, shown, share, collapsed):
    run = trained(0, 1.0)
    draw(tmp_path, run)
    real = coarse(100 * pooled_distance(images(20)) / share, "training images")
    (said,) = shown(run, with_more(trained(1, 1.0, model="wide"), real))[0].lines[1:]
    assert f"{share} %" in said and said.startswith("collapsed") == collapsed
    for other in (  # what says nothing of the pixels shown
        coarse(1e6, "training images", space="means of 4 x 4 pixels, contrast-normalised to norm 55"),
        coarse(1e6, "training images", space="means of 2 x 2 pixels"),
        coarse(1e6, "best"),
    ):
        (said,) = shown(run, with_more(trained(1, 1.0, model="wide"), other))[0].lines[1:]
        assert "variance" in said
    data = with_more(trained(1, 1.0, model="wide", dataset="npz:own.npz"), coarse(1e6, "training images"))
    assert "variance" in shown(run, data)[0].lines[1]


def test_what_a_record_measured_itself_comes_before_what_its_few_samples_say(tmp_path, shown):
    for share, collapsed in ((49.0, True), (51.0, False)):
        run = trained(0, 1.0)
        draw(tmp_path, run)
        measured = coarse(share, "best", "pooled_variety", "%"), coarse(1.0, "last", "pooled_variety", "%")
        said = shown(with_more(run, *measured, coarse(1e-3, "training images")))[0].lines[1]
        assert f"{share:.0f} %" in said and "500" in said and said.startswith("collapsed") == collapsed


# ---- the picture, and the page that it opens -------------------------------------------------------------------------


def test_every_image_stands_in_the_picture_as_it_was_and_the_same_files_give_the_same_bytes(tmp_path):
    runs = trained(0, 1.0), trained(0, 1.0, model="wide", dataset="tfd")
    draw(tmp_path, runs[0])
    draw(tmp_path, runs[1], private=True)
    ((name, write),) = pages.figures([table(*runs)], tmp_path).items()
    for path in ("1.png", "2.png"):
        write(tmp_path / path)
    assert (tmp_path / "1.png").read_bytes() == (tmp_path / "2.png").read_bytes()
    picture, cell = read(tmp_path / "1.png"), 28 * 3
    outlined = np.argwhere((picture == grids.YELLOW).all(-1))
    top, left = outlined.min(axis=0)
    assert len(outlined) == 4 * ((cell + 6) ** 2 - cell**2)  # of one panel only: the other's real images are not shown
    first = pixels(images(4, seed=9))[0].repeat(3, axis=0).repeat(3, axis=1)
    np.testing.assert_array_equal(picture[top + 3 : top + 3 + cell, left + 3 : left + 3 + cell], first)
    sample = pixels(images(20))[4].repeat(3, axis=0).repeat(3, axis=1)  # the last of the first row, left of it
    x = left - 4 * grids.GAP - grids.GAP - cell - 3
    np.testing.assert_array_equal(picture[top + 3 : top + 3 + cell, x : x + cell], sample)
    text = overview.markdown([table(*runs)], [name], {})
    assert text.index(f"](figures/{name})") < text.index("| Paper |")
    assert name not in overview.markdown([table(*runs)], [], {})


def test_a_figure_that_is_no_grid_of_samples_is_left_out_and_a_damaged_one_refused(tmp_path, shown):
    run = trained(0, 1.0)
    path = tmp_path / f"{records.name(parsed(run))}-samples-best.png"
    grids.sample_grid(path, images(9), 3, 3)
    assert shown(run) == []
    draw(tmp_path, trained(1, 1.0, model="wide", dataset="tfd"))
    first, second = shown(run, trained(1, 1.0, model="wide", dataset="tfd"))
    assert first.samples is None and path.name in first.instead and second.samples is not None
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(RunError, match="damaged"):
        shown(run)


def test_a_picture_without_samples_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="no panel"):
        panels.write(tmp_path / "x.png", [panels.Panel("a)", [])], "a caption")
