"""The step of a deep GSN: ours, the products under it, and PyTorch's of the same network."""

import math

import numpy as np

from gan_repro.benchmark import floors, steps, torch_peers
from gan_repro.benchmark.rounds import Contestant, Prepared, Task


def products(sizes, walkback, m):
    """The products of a walkback of a GSN with two hidden layers, as floors.products gives those of a game.

    A step has one from each layer to each neighbour, but from the second hidden layer, which begins at zero, in the first
    step, and to it in the last one, where nothing is made of it. Pixels want no gradient.

    Args:
      sizes: numbers of pixels and of the two layers' units.
      walkback: steps; m: images of a minibatch.
    """
    low, high = (floors.Linear(pair, pair[:1], pair[1:]) for pair in zip(sizes, sizes[1:]))
    forward = []  # (layer, kind, whether its input wants a gradient)
    for step in range(walkback):
        forward += [(low, floors.FORWARD, False), (low, floors.TO_INPUTS, True)]
        forward += [(high, floors.TO_INPUTS, True)] if step else []
        forward += [(high, floors.FORWARD, True)] if step < walkback - 1 else []
    back = {floors.FORWARD: floors.TO_INPUTS, floors.TO_INPUTS: floors.FORWARD}
    listed = [(layer, kind, m) for layer, kind, _ in forward]
    for layer, kind, wanted in reversed(forward):
        listed += [(layer, floors.TO_WEIGHTS, m)] + ([(layer, back[kind], m)] if wanted else [])
    return listed


class TorchWalkback:
    """The walkback of a GSN with two hidden layers, as PyTorch's users write it.

    Args:
      recipe: of bengio2014; pixels: how many.
    """

    def __init__(self, recipe, pixels):
        self.torch = torch = torch_peers.have_torch()
        torch.manual_seed(0)
        self.recipe, self.device = recipe, "cuda" if torch.cuda.is_available() else "cpu"
        sizes = (pixels, *recipe.hidden_units)

        def parameter(*shape):
            limit = math.sqrt(6 / sum(shape)) if len(shape) > 1 else 0.0
            values = torch.empty(*shape, device=self.device).uniform_(-limit, limit)
            return torch.nn.Parameter(values)

        self.kernels = [parameter(*pair) for pair in zip(sizes, sizes[1:])]
        self.biases = [parameter(size) for size in sizes]
        self.parameters = [*self.kernels, *self.biases]
        mu = recipe.momentum
        self.optimizer = torch.optim.SGD(self.parameters, recipe.learning_rate, mu, dampening=mu)

    def corrupted(self, x):
        """Salt and pepper."""
        u, rate = self.torch.rand_like(x), self.recipe.salt_and_pepper
        return self.torch.where(u < rate, (u < rate / 2).to(x.dtype), x)

    def step(self, x):
        """One update, on pixels (m, d)."""
        torch, (w1, w2), (b0, b1, b2), std = self.torch, self.kernels, self.biases, self.recipe.hidden_noise
        cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits
        pixels, h2, losses = self.corrupted(x), None, []
        for step in range(self.recipe.walkback):
            h1 = torch.tanh(pixels @ w1 + b1 if h2 is None else pixels @ w1 + h2 @ w2.T + b1)
            logits = h1 @ w1.T + b0
            losses.append(cross_entropy(logits, x))
            if step < self.recipe.walkback - 1:
                total = h1 @ w2 + b2
                h2 = torch.tanh(total + std * torch.randn_like(total)) + std * torch.randn_like(total)
                pixels = self.corrupted(torch.bernoulli(torch.sigmoid(logits.detach())))
        self.optimizer.zero_grad()
        sum(losses).backward()
        self.optimizer.step()

    def wait(self):
        """Until all is computed."""
        if self.device == "cuda":
            self.torch.cuda.synchronize()


def torch_walkback(recipe, shape=(28, 28, 1), n=steps.IMAGES):
    """A TorchWalkback at work on n random images: Prepared."""
    trainer = TorchWalkback(recipe, math.prod(shape))
    torch = trainer.torch
    pixels = np.random.default_rng(0).integers(0, 256, (n, math.prod(shape)), np.uint8)
    images = torch.from_numpy(pixels).to(trainer.device)
    rows = torch_peers.shuffled(torch, n, recipe.batch_size, trainer.device)

    def run(times):
        for _ in range(times):
            trainer.step(images[rows()].float() / 255)
        trainer.wait()

    return Prepared(run, lambda: {"network": [p.detach().cpu().numpy().copy() for p in trainer.parameters]})


def tasks(size):
    """The step of the deep GSN."""
    name, units = "bengio2014", size.convolutional_steps
    config = steps.configured(name, size.preset)[1]
    recipe = config.recipe
    found = [Contestant("ours, float32", "gan_repro's step, many in a call", lambda: steps.learner(config), units)]
    found.append(Contestant("PyTorch eager, float32", "the same step", lambda: torch_walkback(recipe), units))
    listed = products((784, *recipe.hidden_units), recipe.walkback, recipe.batch_size)
    found += [each for each in floors.of_products(listed, units, size) if each.dtype == "float32"]
    title = f"Deep GSN, MNIST: one update, {recipe.walkback} walkback steps, minibatches of {recipe.batch_size}"
    return [Task("gsn", title, "step", found, warm=1)]
