"""Densities of points: what is kept of a training, strips of several, and the figures that pages make of them."""

import dataclasses

import numpy as np
import pytest
from matplotlib import image as reader
from support.records import make_record, parsed

from gan_repro.figures import densities
from gan_repro.papers import configuration
from gan_repro.reporting import densities as pages
from gan_repro.reporting import records
from gan_repro.reporting.groups import group
from gan_repro.system.errors import RunError


def moment(step, at=0.0, n=50):
    """Points around (at, 0)."""
    points = np.random.default_rng(step).normal(size=(n, 1, 1, 2)) * 0.05 + [at, 0.0]
    return densities.taken(step, points)


REAL = np.random.default_rng(9).normal(size=(50, 1, 1, 2))


def moments(steps=(0, 10, 20)):
    return densities.chosen([moment(step, at=step / 20) for step in steps], REAL)


def test_a_moment_keeps_the_first_points_and_comes_back(tmp_path):
    points = np.random.default_rng(0).normal(size=(densities.KEPT + 5, 1, 1, 2))
    kept = densities.taken(7, points)
    np.testing.assert_allclose(kept.points, points[: densities.KEPT, 0, 0], rtol=1e-3, atol=1e-4)
    kept.write(tmp_path / "a.npz")
    again = densities.Moment.read(tmp_path / "a.npz")
    assert again.step == 7 and again.points.dtype == np.float16
    np.testing.assert_array_equal(again.points, kept.points)
    whole = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "b.npz").write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    with pytest.raises(RunError):
        densities.Moment.read(tmp_path / "b.npz")


@pytest.mark.parametrize(
    "steps, shown",
    [
        ([5], [5]),
        ([0, 5], [0, 5]),
        (range(0, 101, 10), [0, 20, 40, 60, 80, 100]),
        ([0, 1, 2, 98, 99, 100], [0, 2, 98, 100]),
    ],
)
def test_the_moments_shown_are_as_far_apart_as_there_are_such(steps, shown):
    found = densities.chosen([moment(step) for step in steps], REAL)
    assert found.steps.tolist() == shown and found.points.shape == (len(shown), 50, 2)
    np.testing.assert_array_equal(found.real, REAL.reshape(-1, 2).astype(np.float16))


def test_a_density_integrates_to_the_share_inside_and_lies_where_the_points_are():
    points = np.tile([[0.5, -0.25]], (30, 1))
    values = densities.density(np.concatenate([points, np.full((10, 2), 50.0)]), 1.0)
    cell = (2 / densities.BINS) ** 2
    assert values.sum() * cell == pytest.approx(0.75, rel=1e-6)
    row, column = np.unravel_index(values.argmax(), values.shape)
    middle = (np.arange(densities.BINS) + 0.5) * 2 / densities.BINS - 1
    assert abs(middle[column] - 0.5) < 0.02 and abs(middle[row] + 0.25) < 0.02


def test_strips_and_tables_are_drawn_alike_each_time(tmp_path):
    kept = moments()
    for name in ("one", "two"):
        densities.strips(tmp_path / f"{name}.png", {"k = 0": kept, "k = 5": moments((0, 20))}, "A title")
        rows = {
            "a ring": (kept.real, {"GAN": ("GAN", kept.points[-1])}),
            "a grid": (kept.real, {"WGAN": ("WGAN, long", kept.points[0])}),
        }
        densities.table(tmp_path / f"{name}-table.png", rows, "A title")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert (tmp_path / "one-table.png").read_bytes() == (tmp_path / "two-table.png").read_bytes()
    picture = reader.imread(tmp_path / "one.png")[:, :, :3]
    assert (picture.max(axis=2) - picture.min(axis=2) > 0.2).mean() > 0.003, "no panel shows a density"
    with pytest.raises(ValueError, match="no row"):
        densities.strips(tmp_path / "x.png", {})


def test_only_the_plane_is_kept():
    assert densities.in_plane((1, 1, 2)) and not densities.in_plane((1, 1, 1)) and not densities.in_plane((28, 28, 2))


# ---- over the runs of a page -----------------------------------------------------------------------------------------


def of_ring(experiment, model, seed=0, dataset="ring8", preset="quick", **recipe):
    """The JSON of a record of a run on points."""
    base = configuration.plain(dataclasses.asdict(configuration.find(experiment).models[model].recipe(preset, dataset)))
    return make_record(seed, [], base | recipe, dataset, preset, 3, experiment, model)


def drawn(folder, contents):
    """The figures of records' JSON, whose moments are in `folder` but for those that say "without"."""
    members = []
    for content in contents:
        without = content.pop("without", False)
        record = parsed(content)
        record = dataclasses.replace(record, stem=records.name(record))
        members.append(record)
        if not without:
            moments().write(folder / f"{record.stem}-{pages.KEPT}")
    found = [configuration.find(name) for name in configuration.names()]
    return pages.figures(found, group(members), folder)


def test_recipes_stand_below_each_other_in_their_order_and_games_beside_each_other(tmp_path, monkeypatch):
    contents = [of_ring("unrolled", "points", unroll=each) for each in (10, 0, 5)]
    contents += [of_ring("wgan_gp", "toy"), of_ring("wgan_gp", "toy", dataset="grid25")]
    found = drawn(tmp_path, contents)
    assert set(found) == {"unrolled-ring8-strips.png", pages.GAMES}
    rows, tables = [], []
    monkeypatch.setattr(pages.densities, "strips", lambda path, shown, title: rows.extend(shown))
    monkeypatch.setattr(pages.densities, "table", lambda path, shown, title: tables.append(shown))
    for name, draw in found.items():
        draw(tmp_path / name)
    assert rows == [f"quick preset, unroll {each}" for each in (0, 5, 10)]
    (table,) = tables
    shown = {data: {game: words for game, (words, _) in own.items()} for data, (_, own) in table.items()}
    steps = f"quick, {moments().steps[-1]:,} steps"
    gp = {"WGAN-GP": f"WGAN-GP\n{steps}"}
    assert shown == {"RING8": {"Unrolled GAN": f"Unrolled GAN\n{steps}"} | gp, "GRID25": gp}


def test_games_beside_each_other_are_of_the_preset_that_most_have(tmp_path, monkeypatch):
    contents = [of_ring("unrolled", "points", preset=each) for each in ("paper", "quick")] + [of_ring("wgan_gp", "toy")]
    tables = []
    monkeypatch.setattr(pages.densities, "table", lambda path, shown, title: tables.append(shown))
    drawn(tmp_path, contents)[pages.GAMES](tmp_path / "x.png")
    ((_, own),) = tables[0].values()
    assert {words.split("\n")[1].partition(",")[0] for words, _ in own.values()} == {"quick"}


def test_what_has_no_moments_is_not_drawn_and_damaged_ones_are_refused(tmp_path):
    assert drawn(tmp_path, [of_ring("unrolled", "points", unroll=each) | {"without": True} for each in (0, 5)]) == {}
    found = drawn(tmp_path, [of_ring("unrolled", "points", unroll=each) for each in (0, 5)])
    assert list(found) == ["unrolled-ring8-strips.png"]
    kept = next(tmp_path.glob("*.npz"))
    kept.write_bytes(kept.read_bytes()[:100])
    with pytest.raises(RunError):
        found["unrolled-ring8-strips.png"](tmp_path / "x.png")


def test_moments_go_along_with_the_record(tmp_path):
    folder = tmp_path / "figures"
    folder.mkdir()
    for name in ("a.png", "moments.npz", "other.npz", ".hidden.png"):
        (folder / name).touch()
    assert [path.name for path in records.beside(tmp_path)] == ["a.png", "moments.npz"]
