"""Steps of networks that learn alone: contrastive divergence of an RBM, the floors under it, and the peers'."""

import numpy as np

from gan_repro.benchmark import floors, steps, walkback
from gan_repro.benchmark.rounds import Contestant, NotRun, Prepared, Task
from gan_repro.benchmark.torch_peers import MISSING, have_torch

NAME, SETTINGS = "bengio2013", ("steps=1", "persistent=false")  # CD-1


def config(preset):
    """The Config of the RBM."""
    from gan_repro.papers import configuration

    compiled = ["jit_compile=true"] if steps.gpus() else []
    found = configuration.find(NAME)
    return configuration.resolve(found, "mnist", "dbn1", preset, settings=["averages=", *compiled, *SETTINGS])


def ours(preset):
    """Our step, Prepared: a unit is a minibatch."""
    return steps.learner(config(preset))


def products(d, units, m):
    """The five products of CD-1 with m images, d pixels and so many hidden units: up, down, up, and two statistics."""
    layer = floors.Linear((d, units), (d,), (units,))
    up, down, statistic = floors.FORWARD, floors.TO_INPUTS, floors.TO_WEIGHTS
    return [(layer, kind, m) for kind in (up, down, up, statistic, statistic)]


def _torch(recipe, d, n=steps.IMAGES):
    """CD-1 with momentum as PyTorch's users write it: products, sigmoids, Bernoulli draws, no autograd."""
    torch = have_torch()
    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    units, m = recipe.units[0], recipe.batch_size
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (n, d), np.uint8)).to(device)
    w, b, c = (0.01 * torch.randn(d, units), torch.zeros(units), torch.zeros(d))
    weights = [each.to(device) for each in (w, b, c)]
    velocities = [torch.zeros_like(each) for each in weights]

    @torch.no_grad()
    def run(times):
        w, b, c = weights
        for _ in range(times):
            v = torch.bernoulli(images[torch.randint(n, (m,), device=device)].float() / 255)
            p = torch.sigmoid(v @ w + b)
            v_model = torch.bernoulli(torch.sigmoid(torch.bernoulli(p) @ w.T + c))
            p_model = torch.sigmoid(v_model @ w + b)
            gradients = (
                (v_model.T @ p_model - v.T @ p) / m + recipe.weight_decay * w,
                (p_model - p).mean(0),
                (v_model - v).mean(0),
            )
            for weight, velocity, gradient in zip(weights, velocities, gradients):
                velocity.mul_(recipe.momentum).sub_(recipe.learning_rate * gradient)
                weight.add_(velocity)
        if device == "cuda":
            torch.cuda.synchronize()

    return Prepared(run, lambda: {"network": [each.cpu().numpy().copy() for each in weights]})


def _scikit_learn(recipe, d, n=steps.IMAGES):
    """sklearn.neural_network.BernoulliRBM.partial_fit, which is PCD-1: as many products, float32."""
    try:
        from sklearn.neural_network import BernoulliRBM
    except ImportError as error:
        raise NotRun(MISSING) from error
    m = recipe.batch_size
    machine = BernoulliRBM(recipe.units[0], learning_rate=recipe.learning_rate, batch_size=m, random_state=0)
    random = np.random.default_rng(0)
    minibatches = min(n // m, 100)
    images = random.random((minibatches, m, d), np.float32)

    def run(times):
        for i in range(times):
            machine.partial_fit(images[i % minibatches])

    def weights():
        return {"network": [machine.components_, machine.intercept_hidden_, machine.intercept_visible_]}

    return Prepared(run, weights)


def tasks(size):
    """The RBM's step, and the deep GSN's."""
    recipe = config(size.preset).recipe
    d, m, units = 784, recipe.batch_size, size.mlp_steps
    peers = (("PyTorch, float32", _torch), ("scikit-learn", _scikit_learn))
    found = [Contestant("ours, float32", "gan_repro's step, many in a call", lambda: ours(size.preset), units)]
    found += [Contestant(name, str(peer.__doc__).rstrip("."), lambda peer=peer: peer(recipe, d), units) for name, peer in peers]
    floor = floors.of_products(products(d, recipe.units[0], m), units, size)
    found += [each for each in floor if each.dtype == "float32"]
    title = f"RBM, {d} pixels and {recipe.units[0]:,} hidden units, CD-1, minibatches of {m}; an epoch of MNIST has 500"
    return [Task("rbm", title, "step", found, warm=1), *walkback.tasks(size)]
