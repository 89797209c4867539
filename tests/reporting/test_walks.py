"""Walks through z: which z each picture is of, and which label."""

from types import SimpleNamespace

import numpy as np
import pytest

from gan_repro.data.scaling import UNIT
from gan_repro.figures import draw, grids
from gan_repro.latent import priors


class Run:
    """A run whose images are their own z (2 x 2 pixels); the labels asked for are kept."""

    epochs, settings = 0, ()
    model, config = SimpleNamespace(title="Nets"), SimpleNamespace(seed=3, preset="paper", dataset="", recipe=None)

    def __init__(self, classes, folder):
        self.source = SimpleNamespace(spec=SimpleNamespace(title="blobs", classes=classes, scaling=UNIT))
        self.workdir = SimpleNamespace(figures=folder)

    def prior(self):
        return priors.Prior("uniform_0_1", 4)

    def generator(self, kind):
        return SimpleNamespace(layers=[])

    def images(self, kind, z, labels, strips):
        assert strips == 6
        self.labels = labels
        return z.reshape(-1, 2, 2, 1)


@pytest.mark.parametrize("classes, labels", [(0, [0] * 6), (4, [0, 1, 2, 3, 0, 1]), (10, [0, 1, 2, 3, 4, 5])])
def test_each_row_is_a_straight_walk_through_nine_z_with_one_label(classes, labels, tmp_path, monkeypatch):
    drawn = {}
    monkeypatch.setattr(grids, "interpolation_strips", lambda path, strips, *rest: drawn.update({path.name: strips}))
    run = Run(classes, tmp_path)
    draw.walk(run, "last")
    strips = drawn["walk-last.png"]
    assert strips.shape == (6, 8 * 3 + 1, 2, 2, 1)
    assert run.labels.reshape(6, -1).tolist() == [[label] * 25 for label in labels]
    z = np.float64(strips.reshape(6, 25, 4))
    steps = np.diff(z, axis=1).reshape(6, 8, 3, 4)
    np.testing.assert_allclose(steps, steps[:, :, :1].repeat(3, axis=2), atol=1e-6)  # straight and even between corners
    turns = np.abs(steps[:, 1:, 0] - steps[:, :-1, 0]).max(axis=2)
    assert (turns > 1e-3).all()
    corners = z[:, ::3].reshape(54, 4)
    assert len(np.unique(corners, axis=0)) == 54
    draw.walk(run, "last")
    np.testing.assert_array_equal(drawn["walk-last.png"], strips)
