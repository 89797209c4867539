"""The same networks trained by PyTorch, eager and through torch.compile, as its users write it.

In the peer's favour: the images lie in one tensor (no DataLoader), learning rate and momentum are constants (no schedule).
"""

import contextlib
import math
import sys
from typing import Any

import numpy as np

from gan_repro.benchmark.rounds import Contestant, NotRun, Prepared

MISSING = "not run: pip install -e '.[bench]'"


def have_torch():
    """The module torch.

    Raises:
      NotRun: it is not installed, or sees no GPU where TensorFlow uses one.
    """
    import tensorflow as tf

    gpu = bool(tf.config.list_physical_devices("GPU"))
    if not gpu:
        # torch's triton (torch 2.15 with CUDA) brings an LLVM that ends the process where TensorFlow's was there before; on
        # CPUs torch.compile does without it.
        modules: dict[str, Any] = sys.modules  # None in the place of a module: importing it fails
        modules.setdefault("triton", None)
    try:
        import torch
    except ImportError as error:
        raise NotRun(MISSING) from error
    if gpu and not torch.cuda.is_available():
        raise NotRun("not run: TensorFlow has a GPU here, this torch has none")
    return torch


def maxout_optimizers(torch, recipe, g, d):
    """SGD with momentum for each, the momentum of the first epoch."""
    return [torch.optim.SGD(network.parameters(), recipe.learning_rate, recipe.momentum) for network in (g, d)]


def convolutional_optimizers(torch, recipe, g, d):
    """Adam for each, with weight decay in the gradient."""
    betas = recipe.beta_1, recipe.beta_2
    return [
        torch.optim.Adam(network.parameters(), recipe.learning_rate, betas, recipe.epsilon, recipe.l2) for network in (g, d)
    ]


# By kind of networks: the optimizers, what D's loss is multiplied by, U(low, high) of z, whether the networks see labels,
# whether each minibatch trains one of the players only.
KINDS: dict[str, dict[str, Any]] = {
    "maxout_mlp": {
        "optimizers": maxout_optimizers,
        "d_weight": lambda recipe: recipe.d_loss_weight,
        "z": (-math.sqrt(3), math.sqrt(3)),
        "conditional": False,
        "alternate_minibatches": False,
    },
    "conditional_convolutional": {
        "optimizers": convolutional_optimizers,
        "d_weight": lambda recipe: 1.0,
        "z": (-1.0, 1.0),
        "conditional": True,
        "alternate_minibatches": True,
    },
}


class Trainer:
    """D's step, then G's, as in PyTorch's own DCGAN tutorial: new samples' gradient stops at `detach`, D runs again for G.

    Args:
      recipe: of the experiment.
      kind: one of KINDS.
      shape, classes: of the images.
      dtype: "float32", or "bfloat16" through autocast.
      compiled: whether both networks go through torch.compile.
    """

    def __init__(self, recipe, kind, shape, classes, dtype="float32", compiled=False):
        self.torch = torch = have_torch()
        from gan_repro.benchmark import torch_networks

        torch.manual_seed(0)
        torch.backends.cudnn.allow_tf32 = False
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.options, self.recipe = KINDS[kind], recipe
        self.g, self.d = (network.to(self.device) for network in getattr(torch_networks, kind)(recipe, shape, classes))
        self.g_optimizer, self.d_optimizer = self.options["optimizers"](torch, recipe, self.g, self.d)
        self.call_g, self.call_d = (torch.compile(self.g), torch.compile(self.d)) if compiled else (self.g, self.d)
        self.low_precision = dtype == "bfloat16"

    def z(self, m):
        """A minibatch of noise."""
        return self.torch.empty(m, self.recipe.latent, device=self.device).uniform_(*self.options["z"])

    def _inside(self):
        return self.torch.autocast(self.device, self.torch.bfloat16) if self.low_precision else contextlib.nullcontext()

    def _loss(self, logits, real):
        torch = self.torch
        logits = logits.float()
        wanted = torch.ones_like(logits) if real else torch.zeros_like(logits)
        return torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted)

    def sample(self, z, labels=()):
        """G(z), in the current precision."""
        with self._inside():
            return self.call_g(z, *labels)

    def d_step(self, x, fake, labels=()):
        """One update of D. `labels`: a tuple of a tensor, or empty."""
        self.d_optimizer.zero_grad()
        with self._inside():
            real, generated = self.call_d(x, *labels), self.call_d(fake.detach(), *labels)
        (self.options["d_weight"](self.recipe) * (self._loss(real, True) + self._loss(generated, False))).backward()
        self.d_optimizer.step()

    def g_step(self, fake, labels=()):
        """One update of G, on samples that still know where they come from."""
        self.g_optimizer.zero_grad()
        with self._inside():
            generated = self.call_d(fake, *labels)
        self._loss(generated, True).backward()
        self.g_optimizer.step()

    def step(self, minibatch):
        """One update of D and one of G; `minibatch` () -> (x, labels) gives the next one."""
        x, labels = minibatch()
        if self.options["alternate_minibatches"]:
            with self.torch.no_grad():
                fake = self.sample(self.z(len(x)), labels)
            self.d_step(x, fake, labels)
            x, labels = minibatch()
            self.g_step(self.sample(self.z(len(x)), labels), labels)
        else:
            fake = self.sample(self.z(len(x)), labels)
            self.d_step(x, fake, labels)
            self.g_step(fake, labels)

    def wait(self):
        """Until all is computed."""
        if self.device == "cuda":
            self.torch.cuda.synchronize()

    def weights(self):
        """As of rounds.Prepared."""
        players = {"generator": self.g, "discriminator": self.d}
        return {role: [p.detach().cpu().numpy().copy() for p in net.parameters()] for role, net in players.items()}


def shuffled(torch, n, m, device):
    """() -> the rows of the next minibatch of m out of n images, int64 (m,), in another order each epoch."""
    order: list[Any] = []  # torch.Tensor: the rows of each minibatch that is left of this epoch

    def rows():
        if not order:
            order.extend(torch.randperm(n, device=device)[: n // m * m].split(m))
        return order.pop()

    return rows


def prepare(recipe, kind, dtype, compiled, shape=(28, 28, 1), classes=10, n=50_000):
    """A Trainer at work on n random images: Prepared."""
    trainer = Trainer(recipe, kind, shape, classes, dtype, compiled)
    torch, options, m = trainer.torch, trainer.options, recipe.batch_size
    random = np.random.default_rng(0)
    flat = (math.prod(shape),) if not options["conditional"] else (shape[2], *shape[:2])
    images = torch.from_numpy(random.integers(0, 256, (n, *flat), np.uint8)).to(trainer.device)
    labels = torch.from_numpy(random.integers(0, classes, n)).to(trainer.device)
    rows_of_next = shuffled(torch, n, m, trainer.device)

    def minibatch():
        rows = rows_of_next()
        return images[rows].float() / 255, (labels[rows],) if options["conditional"] else ()

    def run(times):
        for _ in range(times):
            trainer.step(minibatch)
        trainer.wait()

    return Prepared(run, trainer.weights)


def contestants(recipe, kind, units, size):
    """Eager and compiled, in every precision.

    Args:
      recipe: of the experiment; kind: one of KINDS.
      units: steps of a turn.
      size: rounds.Size.
    """

    def start(dtype, compiled):
        if compiled and not size.compiled:
            have_torch()
            raise NotRun("not run: it compiles for minutes, and this is --quick")
        prepared = prepare(recipe, kind, dtype, compiled)
        if compiled:
            try:
                prepared.run(1)  # it compiles when it is called
            except RuntimeError as error:  # such as without a C++ compiler
                raise NotRun(f"not run: {str(error).strip().splitlines()[0][:200]}") from error
        return prepared

    how = {False: ("PyTorch eager", "D step, then G step"), True: ("torch.compile", "the same, both networks compiled")}
    return [
        Contestant(
            f"{name}, {dtype}",
            what + (", autocast" if dtype == "bfloat16" else ""),
            lambda dtype=dtype, compiled=compiled: start(dtype, compiled),
            units,
            dtype,
        )
        for compiled, (name, what) in how.items()
        for dtype in size.dtypes
    ]
