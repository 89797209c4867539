"""latent.chains: which states of which chain are samples, in what order, and from what they follow."""

import numpy as np
import pytest
import tensorflow as tf

from gan_repro.latent import priors, sampling
from gan_repro.latent.chains import BRIEF, Chain
from gan_repro.system import randomness
from gan_repro.system.errors import UsageError


class Network:
    """As much of a Keras model as a chain asks for here."""

    inputs: tuple = (None,)


NETWORK = Network()


def counting(**fields):
    """Chains that begin at 1000 times their number and count up by one each step; an image is the count."""
    return Chain(
        start=lambda network, m, draws: 1000.0 * tf.range(m, dtype=tf.float32),
        step=lambda network, state, draws: state + 1,
        image=lambda network, state, draws: tf.reshape(state, [-1, 1, 1, 1]),
        **fields,
    )


def walking(**fields):
    """Chains of Gaussian steps whose state is a tuple: where they are, and the last step."""

    def step(network, state, draws):
        move = draws.normal(tf.shape(state[0]))
        return state[0] + move, move

    def start(network, m, draws):
        return draws.normal([m, 3]), tf.zeros([m, 3])

    def image(network, state, draws):
        return tf.reshape(tf.concat([*state, draws.uniform([state[0].shape[0], 3])], 1), [-1, 3, 3, 1])

    return Chain(start=start, step=step, image=image, **fields)


@pytest.mark.parametrize("n", [1, 4, 5, 12])
def test_samples_are_every_nth_state_after_burn_in_chain_by_chain(n):
    chain = counting(chains=4, burn_in=7, thinning=3)
    found = chain.images(NETWORK, n, seed=0).reshape(-1)
    length = -(-n // 4)
    assert chain.length(n) == length
    expected = [1000 * number + 7 + 3 * kept for number in range(4) for kept in range(length)]
    np.testing.assert_array_equal(found, expected[:n])


def test_samples_are_a_function_of_the_seed():
    chain = walking(chains=5, burn_in=2, thinning=2)
    first, again, other = (chain.images(NETWORK, 20, seed) for seed in (3, 3, 4))
    assert first.shape == (20, 3, 3, 1) and first.dtype == np.float32
    np.testing.assert_array_equal(first, again)
    assert (first != other).all()
    steps = first.reshape(5, 4, 9)[:, :, 3:6]
    assert len(np.unique(steps)) == steps.size, "a draw was repeated, in another chain or at another step"
    noise = first.reshape(20, 9)[:, 6:]
    assert len(np.unique(noise)) == noise.size


def test_a_step_moves_by_what_it_draws():
    """From each state to the next one where every state is kept."""
    found = walking(chains=2, burn_in=0).images(NETWORK, 20, 0).reshape(2, 10, 9)
    np.testing.assert_allclose(np.diff(found[..., :3], axis=1), found[:, 1:, 3:6], atol=1e-5)


def test_a_chain_stands_in_a_priors_place():
    chain, prior = counting(chains=2), priors.Prior("gaussian", 3)
    np.testing.assert_array_equal(sampling.sample_images(NETWORK, chain, 4, 0), chain.images(NETWORK, 4, 0))
    assert (chain.interpolates, prior.interpolates) == (False, True)
    assert chain.noise(4, 0) == {} and list(prior.noise(4, 0)) == ["z"]
    for asked in (lambda: chain.draw(3, None), lambda: chain.leaves_support("linear")):
        with pytest.raises(UsageError, match="no z"):
            asked()


def test_what_is_glanced_at_is_short():
    brief = counting(chains=2, burn_in=500, thinning=9).brief(6)
    assert (brief.chains, brief.burn_in, brief.thinning) == (6, BRIEF, 1)
    assert counting(burn_in=3).brief(6).burn_in == BRIEF
    prior = priors.Prior("gaussian", 3)
    assert prior.brief(6) is prior


@pytest.mark.parametrize("field, value", [("chains", 0), ("burn_in", -1), ("thinning", 0)])
def test_numbers_that_are_too_small(field, value):
    with pytest.raises(UsageError, match=f"{field} = {value}: must be >= "):
        counting(**{field: value})


# ---- random numbers ---------------------------------------------------------------------------------------------------


def test_draws_are_of_streams_of_their_own():
    def drawn(seed, step=0):
        draws = randomness.Draws(randomness.seed_pair(seed, step, randomness.LEARN))
        inside = [draws.at(i) for i in range(2)]
        made = [draws.uniform([50]), draws.uniform([50]), *(each.uniform([50]) for each in inside), draws.normal([50])]
        return np.stack([each.numpy() for each in made])

    first = drawn(0)
    np.testing.assert_array_equal(first, drawn(0))
    every = np.concatenate([first, drawn(1), drawn(0, 1)])
    assert len(np.unique(every)) == every.size


def test_draws_have_their_distributions():
    draws = randomness.Draws(randomness.seed_pair(0, 0, randomness.LEARN))
    uniform, normal = draws.uniform([100_000], -1.0, 3.0).numpy(), draws.normal([100_000], 2.0).numpy()
    assert uniform.min() >= -1 and uniform.max() < 3 and abs(uniform.mean() - 1) < 0.02
    assert abs(normal.mean()) < 0.03 and abs(normal.std() - 2) < 0.03
    p = tf.constant([[0.0, 0.25, 1.0]] * 40_000, tf.float64)
    ones = draws.bernoulli(p)
    assert ones.dtype == tf.float64 and set(np.unique(ones)) == {0, 1}
    np.testing.assert_allclose(ones.numpy().mean(axis=0), [0, 0.25, 1], atol=0.01)
