"""No two weights of a game begin with the same numbers. A Keras 3 initialiser returns the same ones at each call."""

import numpy as np
import pytest
from support import marks, noise

RUN = 8  # numbers in a row that are not equal by chance


def repeated(weights):
    """The names of weights that share a run of RUN numbers, not all the same, with another one or with themselves.

    Runs are told apart by 64 bits made of all their numbers.
    """
    factors = np.random.default_rng(0).integers(0, 2**64, RUN, np.uint64)
    runs, owners = [], []
    for owner, weight in enumerate(weights):
        flat = np.float32(weight.numpy()).ravel()
        ends = len(flat) - RUN + 1
        if ends > 0:
            bits = flat.view(np.uint32).astype(np.uint64)
            hashed = sum(factor * bits[i : ends + i] for i, factor in enumerate(factors))
            constant = np.logical_and.reduce([flat[i : ends + i] == flat[:ends] for i in range(1, RUN)])
            runs.append(hashed[~constant])
            owners.append(np.full(len(runs[-1]), owner))
    _, index, counts = np.unique(np.concatenate(runs), return_inverse=True, return_counts=True)
    return sorted({weights[owner].path for owner in np.concatenate(owners)[counts[index] > 1]})


def test_a_shared_run_is_noticed():
    import keras

    start = keras.initializers.RandomUniform(-1, 1, seed=1)
    layers = [keras.layers.Dense(units, kernel_initializer=start, name=f"d{units}") for units in (20, 30)]
    for layer in layers:
        layer.build((None, 10))
    assert repeated([layer.kernel for layer in layers]) == ["d20/kernel", "d30/kernel"]
    assert repeated([layers[0].kernel, *(layer.bias for layer in layers)]) == []


@pytest.mark.parametrize("game", marks.slow_after(6, [(game,) for game in noise.games()]), ids=" ".join)
def test_no_two_weights_begin_alike(game):
    for name, played in noise.built(*game):
        networks = played.network, *played.others().values()
        weights = list({id(weight): weight for network in networks for weight in network.weights}.values())
        assert len(weights) > 1 and repeated(weights) == [], name
