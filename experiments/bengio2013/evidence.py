"""What is measured besides: log-probabilities by annealed importance sampling."""

import numpy as np

import gan_repro as gr
from experiments.bengio2013 import rbm

tf = gr.lazy("tensorflow")
ais = gr.lazy("gan_repro.evaluation.ais")
randomness = gr.lazy("gan_repro.system.randomness")

BINARY = "pixels drawn as zeros and ones"
METRICS = (
    gr.Metric(
        "ais_log_probability",
        "log-probability of binary pixels (annealed importance sampling)",
        "more",
        caveat="Log-probabilities by annealed importance sampling are of binary pixels, drawn with the grey levels as "
        "probabilities, and of the model's own distribution, where a Parzen window is about its samples: the two are numbers "
        "of different things. Of two layers it is the usual lower bound.",
    ),
    gr.Metric("ais_log_partition", "log of the partition function"),
)


def log_probabilities(network, images, seed=0, at_once=1000):
    """log of the probability of binary images, but for the top machine's log Z; of two layers a lower bound: float64 (n,).

    log p(v) >= E_q(h|v) [log p(v | h) + log p(h)] + H(q(h | v)), with one draw of h: q is what the lower machine says of h.
    Salakhutdinov and Murray 2008, section 5.1.

    Args:
      network: a stack of RBMs with binary pixels.
      images: zeros and ones (n, h, w, c).
      seed: of the draws.
    """
    layers = gr.tied.layers(network)

    @tf.function(autograph=False)
    def bound(x, draws_pair):
        draws = randomness.Draws(draws_pair)
        v, found = tf.reshape(x, [-1, layers[0].size]), tf.zeros([], x.dtype)
        for layer in layers[:-1]:
            own = layer.up(v)
            h = draws.bernoulli(tf.sigmoid(own))
            found -= tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(v, layer.down(h)), 1)
            found += tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(tf.sigmoid(own), own), 1)  # the entropy of q
            v = h
        return found - rbm.Machine(layers[-1]).free_energy(v)

    def pair(i):
        return randomness.seed_pair(seed, i, randomness.CHAIN)

    parts = [bound(tf.constant(images[i : i + at_once]), pair(i)).numpy() for i in range(0, len(images), at_once)]
    return np.concatenate(parts).astype(np.float64)


def annealed(run):
    """log p of binary test images under every generator of a run, by log Z of its top machine; of Gaussian pixels nothing."""
    recipe, source = run.config.recipe, run.source
    if not recipe.annealing or recipe.visible == "gaussian" or "test" not in source.spec.sizes:
        return []
    random = np.random.default_rng(run.config.seed)
    test = source.scaled("test", recipe.n_samples)
    test = (random.random(test.shape, np.float32) < test).astype(np.float32)
    found, known = [], {}  # known: where the last epoch is the best one, minutes are not spent twice
    for weights in run.kinds():
        key = run.fingerprint(weights)
        if key not in known:
            network = run.generator(weights)
            seen = np.asarray(gr.tied.below(network, tf.constant(source.scaled("train", recipe.n_samples))))
            parameters = gr.tied.layers(network)[-1].get_weights()
            partition = ais.log_partition(*parameters, seen.mean(axis=0), recipe.annealing, seed=run.config.seed)
            known[key] = partition, log_probabilities(network, test, run.config.seed) - partition.log_z
        partition, values = known[key]
        rest = {"split": "test", "n_test": len(test), "condition": BINARY}
        # That of the images, and log Z's, which all of them share.
        error = np.hypot(values.std(ddof=1) / np.sqrt(len(values)), partition.standard_error)
        found.append(run.measurement("ais_log_probability", "nats", values.mean(), error, weights, **rest))
        found.append(run.measurement("ais_log_partition", "nats", partition.log_z, partition.standard_error, weights))
    return found
