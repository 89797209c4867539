"""Steps that differentiate a gradient: WGAN-GP's penalty and an unrolled GAN, on points in the plane, beside PyTorch's."""

from gan_repro.benchmark import steps
from gan_repro.benchmark.rounds import Contestant, Prepared, Task

DATASET = "ring8"
UNROLLED = ("unroll=5",)
POINTS = 50_000  # of which the peer takes its minibatches


def recipe(name, preset, settings=()):
    """The recipe of an experiment's game on points."""
    return steps.configured(name, preset, settings=settings, dataset=DATASET)[1].recipe


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


def _task(name, title, what, kind, experiment, size, units, settings=()):
    of = recipe(experiment, size.preset, settings)
    found = [
        Contestant(
            "ours, float32",
            "gan_repro's step, many in a call",
            lambda: steps.ours(experiment, size.preset, settings=settings, dataset=DATASET),
            units,
        ),
        Contestant("PyTorch eager, float32", what, lambda: peer(kind, of), units),
    ]
    return Task(name, title.format(batch=of.batch_size), "update of G", found, warm=1)


def tasks(size):
    """The two steps."""
    return [
        _task(
            "gradient penalty",
            "WGAN-GP on a ring of Gaussians: five updates of D and one of G, minibatches of {batch}",
            "autograd.grad with create_graph for the penalty",
            "GradientPenalty",
            "wgan_gp",
            size,
            size.convolutional_steps,
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
