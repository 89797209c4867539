"""Steps that differentiate a gradient: WGAN-GP's penalty and an unrolled GAN, on points in the plane, beside PyTorch's."""

import itertools

from gan_repro.benchmark import floors, steps
from gan_repro.benchmark.rounds import Contestant, Prepared, Task

DATASET = "ring8"
UNROLLED = ("unroll=5",)
POINTS = 50_000  # of which the peer takes its minibatches


def recipe(name, preset, settings=()):
    """The recipe of an experiment's game on points."""
    return steps.configured(name, preset, settings=settings, dataset=DATASET)[1].recipe


def products(g, d, m, n_critic):
    """The products of WGAN-GP's step on points until G has moved once, as floors.products gives those of other games.

    The penalty goes forward through D and back to its inputs; differentiated once more, each product back has two: one for
    the kernel, and one for the signal, but for the last layer, whose signal is 1. Through the way forward nothing comes: a
    ReLU's slope does not change.

    Args:
      g, d: lists of floors.Linear of networks of ReLU layers.
      m: points of a minibatch; n_critic: updates of D.
    """
    fake = [(layer, floors.FORWARD, m) for layer in g]
    loss = [(layer, floors.FORWARD, 2 * m) for layer in d] + floors.backward(d, 2 * m)
    penalty = [(layer, floors.FORWARD, m) for layer in d] + [(layer, floors.TO_INPUTS, m) for layer in reversed(d)]
    penalty += [(layer, kind, m) for layer in d for kind in (floors.TO_WEIGHTS, floors.FORWARD)][:-1]
    of_g = [(layer, floors.FORWARD, m) for layer in (*g, *d)]
    of_g += [(layer, floors.TO_INPUTS, m) for layer in reversed(d)] + floors.backward(g, m)
    return n_critic * [*fake, *loss, *penalty] + of_g


def peer(kind, of):
    """PyTorch at work on points of the same law: Prepared. `kind`: a class of torch_second_order; `of`: the recipe."""
    from gan_repro import data
    from gan_repro.benchmark import torch_peers

    torch = torch_peers.have_torch()
    from gan_repro.benchmark import torch_second_order

    drawn = data.load(DATASET).images("train")[:POINTS].reshape(-1, 2).copy()
    trainer = getattr(torch_second_order, kind)(of)
    points = torch.from_numpy(drawn).to(trainer.device)

    def minibatch():
        return points[torch.randint(POINTS, (of.batch_size,), device=trainer.device)]

    def run(times):
        for _ in range(times):
            trainer.step(minibatch)
        trainer.wait()

    return Prepared(run, trainer.weights)


def _task(name, title, what, kind, experiment, size, units, settings=(), least=()):
    """The Task; `least`: contestants that have the least work of such a step."""
    of = recipe(experiment, size.preset, settings)
    found = [
        Contestant(
            "ours, float32",
            "gan_repro's step, many in a call",
            lambda: steps.ours(experiment, size.preset, settings=settings, dataset=DATASET),
            units,
        ),
        Contestant("PyTorch eager, float32", what, lambda: peer(kind, of), units),
        *least,
    ]
    return Task(name, title.format(batch=of.batch_size), "update of G", found, warm=1)


def tasks(size):
    """The two steps."""
    of = recipe("wgan_gp", size.preset)
    g, d = (
        [floors.Linear(pair, pair[:1], pair[1:]) for pair in itertools.pairwise((inputs, *of.units, outputs))]
        for inputs, outputs in ((of.latent, 2), (2, 1))
    )
    least = floors.of_products(products(g, d, of.batch_size, of.n_critic), size.convolutional_steps, size)
    return [
        _task(
            "gradient penalty",
            "WGAN-GP on a ring of Gaussians: five updates of D and one of G, minibatches of {batch}",
            "autograd.grad with create_graph for the penalty",
            "GradientPenalty",
            "wgan_gp",
            size,
            size.convolutional_steps,
            least=[each for each in least if each.dtype == "float32"],
        ),
        _task(
            "unrolled",
            "Unrolled GAN on a ring of Gaussians: one update of D, one of G through five more of D, minibatches of {batch}",
            "functional_call on D's weights after five steps of Adam, written out, each with create_graph",
            "Unrolled",
            "unrolled",
            size,
            size.mlp_steps,
            UNROLLED,
        ),
    ]
