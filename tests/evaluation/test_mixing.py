"""Chains of a finished run: what is read along them, chain by chain, and independent draws in their place."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest
from support import make_digits
from support.judges import Judge

from gan_repro.data.scaling import Linear
from gan_repro.evaluation import chains, measures, mixing
from gan_repro.evaluation.measurement import Curves
from gan_repro.runs.trained import Finished
from gan_repro.system import schema
from gan_repro.system.errors import UsageError

M, LENGTH = 3, 40
CLASSES = np.random.default_rng(0).integers(0, 10, (M, LENGTH // 4)).repeat(4, axis=1)  # each stays for four samples


class AlongChains(Finished):
    """A finished run without files: samples of M chains, chain after chain, and some of one that was cut off."""

    def kinds(self):
        return ["last"]

    def fingerprint(self, kind):
        return "of its weights"

    def prior(self):
        return SimpleNamespace(chains=M, length=lambda n: LENGTH)

    def samples(self, kind, n=None, seed=None, labels=None, draw=0):
        assert (kind, n, draw) == ("last", M * LENGTH + 7, 0)
        images = np.random.default_rng(1).normal(0, 0.3, (n, 8, 8, 1))
        images[: M * LENGTH, 0, 0, 0] = (CLASSES.ravel() + 0.5) / 5 - 1
        return np.float32(images)


@pytest.fixture(scope="module")
def run():
    data = make_digits()
    data.spec = dataclasses.replace(data.spec, scaling=Linear(-1, 1))
    config = SimpleNamespace(recipe=SimpleNamespace(n_samples=M * LENGTH + 7))
    return AlongChains(None, config, data, None, Curves())


def test_a_chain_of_the_same_weights_is_walked_once(run, monkeypatch):
    monkeypatch.setattr(AlongChains, "kinds", lambda run: ["best", "last"])
    walked = []
    monkeypatch.setattr(AlongChains, "samples", lambda run, kind, n: walked.append(kind) or np.zeros((n, 8, 8, 1), np.float32))
    found = mixing.chain_mixing(run, Judge())
    best, last = ([dataclasses.replace(one, weights="last") for one in found if one.weights == kind] for kind in run.kinds())
    assert walked == ["best"] and best == last and best


def test_chains_are_read_one_by_one(run):
    found = mixing.chain_mixing(run, Judge())
    own = {(one.metric, one.condition, one.space): one for one in found if one.weights == "last"}
    assert all(one.n_samples == M * LENGTH for one in own.values())
    changes = np.diff(CLASSES, axis=1) != 0
    one = own["class_changes", None, None]
    assert (one.value, one.unit) == (pytest.approx(100 * changes.mean()), "%") and one.standard_error > 0
    for length in (10, 20):
        windows = [[len(set(row[i : i + length])) for i in range(LENGTH - length + 1)] for row in CLASSES.tolist()]
        one = own["classes_visited", f"{length} consecutive samples", None]
        assert (one.value, one.unit) == (pytest.approx(np.mean(windows)), "classes")
    assert not any("100" in (condition or "") for _, condition, _ in own)  # the chains are shorter
    pixels = run.samples("last", M * LENGTH + 7)[: M * LENGTH].reshape(M, LENGTH, -1)
    assert own["effective_samples", None, str(Linear(-1, 1))].value == pytest.approx(chains.effective_samples(pixels))
    features = np.clip((pixels[..., :5] + 1) / 2, 0, 1)
    in_features = own["effective_samples", None, "features of the data's own classifier"]
    assert in_features.value == pytest.approx(chains.effective_samples(features), rel=1e-4)
    json.dumps(schema.plain(found), allow_nan=False)


def test_the_curve_is_with_the_first_length(run):
    first, second = (one for one in mixing.chain_mixing(run, Judge()) if one.weights and one.metric == "classes_visited")
    assert first.condition == "10 consecutive samples" and second.curve is None
    along = dict(zip(first.curve["length"], first.curve["mean"]))
    assert along[1] == 1 and along[10] == first.value and along[20] == second.value and max(along) <= LENGTH


def test_training_images_are_independent_draws(run):
    found = mixing.chain_mixing(run, Judge())
    real = {one.metric: one for one in found if one.reference == "training images"}
    assert {one.metric for one in found if one.weights} == set(real)
    assert real["effective_samples"].n_samples == M * LENGTH
    assert 0.5 < real["effective_samples"].value / (M * LENGTH) < 2


def test_fewer_training_images_than_samples(run):
    few = dataclasses.replace(run, config=SimpleNamespace(recipe=SimpleNamespace(n_samples=M * LENGTH + 7)))
    sizes = few.source.spec.sizes
    few.source.spec = dataclasses.replace(few.source.spec, sizes=sizes | {"train": 50})
    try:
        real = [one for one in mixing.chain_mixing(few, Judge()) if one.reference]
    finally:
        few.source.spec = dataclasses.replace(few.source.spec, sizes=sizes)
    assert {one.n_samples for one in real} == {LENGTH}


def test_without_a_classifier_pixels_are_left(run):
    found = mixing.chain_mixing(run, None)
    assert [(one.metric, str(one.subject)) for one in found] == [
        ("effective_samples", "last"),
        ("effective_samples", "training images"),
    ]


def test_chains_of_one_sample_are_refused():
    measure, spec = measures.ChainMixing(chains="chains"), make_digits().spec
    with pytest.raises(UsageError, match="n_samples = 39: 20 chains .* take 40 or more"):
        measure.check(SimpleNamespace(n_samples=39, chains=20), spec)
    measure.check(SimpleNamespace(n_samples=40, chains=20), spec)
    with pytest.raises(UsageError, match="1 chain of"):
        measures.ChainMixing().check(SimpleNamespace(n_samples=1), spec)
