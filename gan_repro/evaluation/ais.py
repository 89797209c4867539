"""Annealed importance sampling of the partition function of a restricted Boltzmann machine (Neal 2001).

As Salakhutdinov and Murray 2008, "On the quantitative analysis of deep belief networks", section 4.1.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from gan_repro.system import randomness

# Salakhutdinov and Murray 2008, section 5: beta up to .5, to .9 and to 1, and how many of 14,500 steps each part has.
PARTS = ((0.5, 500), (0.9, 4000), (1.0, 10_000))
ROUNDED = 1e-3  # a marginal of 0 or 1 would never be left


@dataclasses.dataclass(frozen=True)
class Partition:
    """What was found of log Z.

    Attributes:
      log_z: nats.
      standard_error: of log_z over the chains, >= 0, by the delta method: that of the mean weight, by the mean weight.
    """

    log_z: float
    standard_error: float


def schedule(steps: int) -> np.ndarray:
    """float64 (steps + 1,): 0 to 1, in three parts ever finer, as PARTS has them in their shares.

    Args:
      steps: >= 3.

    Raises:
      ValueError: there are fewer.
    """
    if steps < len(PARTS):
        raise ValueError(f"{steps} steps: valid are {len(PARTS)} or more")
    total = sum(share for _, share in PARTS)
    ends = np.cumsum([max(1, round(steps * share / total)) for _, share in PARTS])
    return np.interp(np.arange(steps + 1), [0, *ends[:-1], steps], [0.0, *(beta for beta, _ in PARTS)])


def log_partition(
    kernel: np.ndarray,
    hidden_bias: np.ndarray,
    visible_bias: np.ndarray,
    marginals: np.ndarray,
    steps: int = 14_500,
    chains: int = 100,
    seed: int = 0,
) -> Partition:
    """log Z of p(v, h) = exp(v'c + h'b + v'W h) / Z over all binary v (d,) and h (units,).

    From the independent units of given marginals, beta = 0, to the machine itself, beta = 1: unnormalised, after summing over
    h, p_beta(v) = exp(v' ((1 - beta) a + beta c)) prod_j (1 + exp(beta (v'W + b)_j)).

    Args:
      kernel: W (d, units), float32 or float64, in which all is computed. hidden_bias: b (units,). visible_bias: c (d,).
      marginals: (d,) in [0, 1], of the data, such as mean images: the nearer to the machine's, the smaller the error.
      steps: intermediate distributions, >= 3.
      chains: independent runs, >= 2.
      seed: int.
    """
    rounded = np.clip(np.asarray(marginals, np.float64), ROUNDED, 1 - ROUNDED)
    base = np.log(rounded / (1 - rounded))
    dtype = np.asarray(kernel).dtype
    w, b, c, a = (tf.constant(np.asarray(array, dtype)) for array in (kernel, hidden_bias, visible_bias, base))
    betas = tf.constant(schedule(steps), dtype)

    @tf.function(autograph=False)
    def anneal():
        draws = randomness.Draws(randomness.seed_pair(seed, 0, randomness.CHAIN))
        v = draws.bernoulli(tf.broadcast_to(tf.sigmoid(a), [chains, len(base)]))
        each = draws.at

        def step(k, v, log_weight):
            before, beta = betas[k - 1], betas[k]
            own = tf.matmul(v, w) + b
            log_weight += (beta - before) * tf.linalg.matvec(v, c - a)
            log_weight += tf.reduce_sum(tf.nn.softplus(beta * own) - tf.nn.softplus(before * own), 1)
            now = each(k)
            h = now.bernoulli(tf.sigmoid(beta * own))
            v = now.bernoulli(tf.sigmoid((1 - beta) * a + beta * (tf.matmul(h, w, transpose_b=True) + c)))
            return k + 1, v, log_weight

        begin = (tf.constant(1), v, tf.zeros([chains], dtype))
        return tf.while_loop(lambda k, *rest: k <= steps, step, begin, parallel_iterations=1)[2]

    log_weights = anneal.get_concrete_function()().numpy().astype(np.float64)
    largest = log_weights.max()
    weights = np.exp(log_weights - largest)
    log_base = float(np.logaddexp(0, base).sum() + len(hidden_bias) * np.log(2))
    error = float(weights.std(ddof=1) / np.sqrt(chains) / weights.mean())
    return Partition(log_base + largest + float(np.log(weights.mean())), error)
