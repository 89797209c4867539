"""A short training learns as it did when the file was measured: losses and samples stay within the spread over seeds.

What the points are and how the file was written is in reference_points.py.
"""

import json

import numpy as np
import pytest
from support import reference_points

SEED = 101  # not of the file
SLOW = ("cgan", "dcgan", "wgan")  # test_same_weights.py knows their first weights
LIMIT = 4.5  # deviations; 42 numbers, each from a dozen seeds, whose tails are heavier than a normal distribution's


@pytest.fixture(scope="module")
def reference():
    """The file."""
    return json.loads(reference_points.FILE.read_text(encoding="utf-8"))


def test_the_file_is_of_the_same_runs(reference):
    assert reference["runs"] == json.loads(json.dumps(reference_points.RUNS))
    assert set(SLOW) < set(reference_points.RUNS)
    assert reference["seeds"] == list(reference_points.SEEDS) and SEED not in reference["seeds"]
    assert all(point["deviation"] > 0 for points in reference["points"].values() for point in points.values())


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["goodfellow2014", *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_a_short_run_stands_where_it_stood(reference, name):
    off = reference_points.differences(name, reference_points.points(name, SEED), reference)
    assert set(off) == set(reference["points"][name])
    assert max(abs(value) for value in off.values()) < LIMIT, off


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("goodfellow2014", "learning_rate=.05"),
        pytest.param("goodfellow2014", "hidden_keep=.8", marks=pytest.mark.slow),
        pytest.param("cgan", "learning_rate=.05", marks=pytest.mark.slow),
        pytest.param("wgan", "clip=.02", marks=pytest.mark.slow),
    ],
)
def test_learning_differently_is_noticed(reference, name, change):
    off = reference_points.differences(name, reference_points.points(name, SEED, (change,)), reference)
    assert max(abs(value) for value in off.values()) > LIMIT, off


@pytest.mark.slow
def test_a_dozen_new_seeds_have_the_same_means(reference):
    """Every mean over twelve other seeds within 4.5 standard errors of the difference: no bias that one run would hide."""
    now = reference_points.measure(range(SEED, SEED + 12))
    for name, points in reference["points"].items():
        for point, then in points.items():
            error = np.hypot(then["deviation"], now[name][point]["deviation"]) / np.sqrt(12)
            assert abs(now[name][point]["mean"] - then["mean"]) < LIMIT * error, (name, point)
