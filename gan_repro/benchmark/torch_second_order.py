"""WGAN-GP's and the unrolled GAN's steps on points in PyTorch, as its users write them: gradients with create_graph."""

import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional


def mlp(inputs, units, outputs):
    """ReLU layers of so many units and a linear one."""
    layers = []
    for n in units:
        layers += [nn.Linear(inputs, n), nn.ReLU()]
        inputs = n
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


class Trainer:
    """Two networks, and Adam for each.

    Args:
      recipe: of the experiment.
      g, d: networks on points (m, 2).
      rates: learning rates of (G, D).
    """

    def __init__(self, recipe, g, d, rates):
        self.recipe, self.device = recipe, "cuda" if torch.cuda.is_available() else "cpu"
        self.g, self.d = g.to(self.device), d.to(self.device)
        betas = recipe.beta_1, recipe.beta_2
        self.g_optimizer, self.d_optimizer = (
            torch.optim.Adam(network.parameters(), rate, betas, recipe.epsilon)
            for network, rate in zip((self.g, self.d), rates)
        )

    def z(self):
        """A minibatch of noise, N(0, 1)."""
        return torch.randn(self.recipe.batch_size, self.recipe.latent, device=self.device)

    def move(self, optimizer, loss):
        """One update of an optimizer's player."""
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def step(self, minibatch):
        """Until G has moved once; `minibatch` () -> x (m, 2) gives the next one."""
        raise NotImplementedError

    def wait(self):
        """Until all is computed."""
        if self.device == "cuda":
            torch.cuda.synchronize()

    def weights(self):
        """As of rounds.Prepared."""
        players = {"generator": self.g, "discriminator": self.d}
        return {role: [p.detach().cpu().numpy().copy() for p in net.parameters()] for role, net in players.items()}


class GradientPenalty(Trainer):
    """Algorithm 1 of Gulrajani et al. 2017, on a wgan_gp Points recipe."""

    def __init__(self, recipe):
        g, d = mlp(recipe.latent, recipe.units, 2), mlp(2, recipe.units, 1)
        super().__init__(recipe, g, d, (recipe.learning_rate,) * 2)

    def d_loss(self, x, fake, share):
        """The critic's loss; `share` (m, 1) of x in the points at which the penalty looks."""
        between = (share * x + (1 - share) * fake).requires_grad_()
        (slope,) = torch.autograd.grad(self.d(between).sum(), between, create_graph=True)
        penalty = (slope.norm(dim=1) - 1).square().mean()
        return self.d(fake).mean() - self.d(x).mean() + self.recipe.penalty * penalty

    def step(self, minibatch):
        """Five updates of the critic, then one of G."""
        for _ in range(self.recipe.n_critic):
            x = minibatch()
            with torch.no_grad():
                fake = self.g(self.z())
            self.move(self.d_optimizer, self.d_loss(x, fake, torch.rand(len(x), 1, device=self.device)))
        self.move(self.g_optimizer, -self.d(self.g(self.z())).mean())


class Unrolled(Trainer):
    """Section 2.2 of Metz et al. 2016, on an unrolled Points recipe: the value function, and Adam itself is unrolled."""

    def __init__(self, recipe):
        g, d = mlp(recipe.latent, recipe.generator_units, 2), mlp(2, recipe.discriminator_units, 1)
        super().__init__(recipe, g, d, (recipe.generator_learning_rate, recipe.discriminator_learning_rate))

    def value(self, weights, x, fake):
        """D's loss with these weights, {name: tensor}."""
        logits = [functional_call(self.d, weights, points * self.recipe.shrink) for points in (x, fake)]
        return functional.softplus(-logits[0]).mean() + functional.softplus(logits[1]).mean()

    def ahead(self, x, fake):
        """D's weights after `unroll` updates of Adam from its moments as they are."""
        recipe, own = self.recipe, dict(self.d.named_parameters())
        state = {name: self.d_optimizer.state[p] for name, p in own.items()}
        m, v = ({name: each[key] for name, each in state.items()} for key in ("exp_avg", "exp_avg_sq"))
        t, weights = int(next(iter(state.values()))["step"]), own
        for i in range(t + 1, t + 1 + recipe.unroll):
            gradients = torch.autograd.grad(self.value(weights, x, fake), list(weights.values()), create_graph=True)
            rate = recipe.discriminator_learning_rate * (1 - recipe.beta_2**i) ** 0.5 / (1 - recipe.beta_1**i)
            moved = {}
            for (name, weight), g in zip(weights.items(), gradients):
                m[name] = recipe.beta_1 * m[name] + (1 - recipe.beta_1) * g
                v[name] = recipe.beta_2 * v[name] + (1 - recipe.beta_2) * g.square()
                # The root has no derivative at 0, where a ReLU was never on.
                moved[name] = weight - rate * m[name] / ((v[name] + 1e-30).sqrt() + recipe.epsilon)
            weights = moved
        return weights

    def step(self, minibatch):
        """One update of D, then one of G on the same points."""
        x = minibatch()
        with torch.no_grad():
            fake = self.g(self.z())
        self.move(self.d_optimizer, self.value(dict(self.d.named_parameters()), x, fake))
        fake = self.g(self.z())
        self.move(self.g_optimizer, -self.value(self.ahead(x, fake), x, fake))
