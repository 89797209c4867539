"""The networks of goodfellow2014's MNIST model and of conditional DCGAN in PyTorch."""

import math

import torch
from torch import nn
from torch.nn import functional


class Maxout(nn.Module):
    """(m, d) -> (m, units): the maximum over `pieces` linear maps, which lie `units` columns apart."""

    def __init__(self, d, units, pieces):
        super().__init__()
        self.pieces, self.linear = pieces, nn.Linear(d, pieces * units)

    def forward(self, x):
        """One product; amax is the fastest of PyTorch's ways to the maximum."""
        return self.linear(x).unflatten(1, (self.pieces, -1)).amax(1)


def _uniform(network, irange):
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            nn.init.uniform_(layer.weight, -irange, irange)
            nn.init.zeros_(layer.bias)
    return network


def maxout_mlp(recipe, shape, classes):
    """(G, D) of a goodfellow2014 AdversarialRecipe: ReLU layers to sigmoid pixels, maxout layers with dropout to a logit."""
    del classes
    pixels = math.prod(shape)
    layers, d = [], recipe.latent
    for units in recipe.generator_units:
        layers += [nn.Linear(d, units), nn.ReLU()]
        d = units
    g = nn.Sequential(*layers, nn.Linear(d, pixels), nn.Sigmoid())
    layers, d, drop = [], pixels, 1 - recipe.input_keep
    for units in recipe.discriminator_units:
        layers += [nn.Dropout(drop), Maxout(d, units, recipe.pieces)]
        d, drop = units, 1 - recipe.hidden_keep
    discriminator = nn.Sequential(*layers, nn.Dropout(drop), nn.Linear(d, 1))
    return _uniform(g, recipe.generator_irange), _uniform(discriminator, recipe.discriminator_irange)


class _Conditional(nn.Module):
    """Layers that each see the label: appended to rows, as constant maps to images."""

    def __init__(self, classes):
        super().__init__()
        self.classes = classes

    def with_label(self, x, y):
        """(m, c, ...) and one-hot (m, classes) -> (m, c + classes, ...)."""
        maps = y if x.ndim == 2 else y[:, :, None, None].expand(-1, -1, *x.shape[2:])
        return torch.cat([x, maps.to(x.dtype)], 1)


class Generator(_Conditional):
    """DCGAN's conditional generator: z, labels -> images (m, c, h, w)."""

    def __init__(self, recipe, shape, classes):
        super().__init__(classes)
        height, width, colours = shape
        growth = math.prod(recipe.generator_strides)
        self.seed = (recipe.generator_channels[0], height // growth, width // growth)
        norm = {"eps": recipe.norm_epsilon, "momentum": 1 - recipe.norm_momentum, "affine": recipe.norm_gain}
        self.dense, self.dense_norms, d = nn.ModuleList(), nn.ModuleList(), recipe.latent
        for units in (*recipe.generator_hidden, math.prod(self.seed)):
            self.dense.append(nn.Linear(d + classes, units, bias=False))
            self.dense_norms.append(nn.BatchNorm1d(units, **norm))
            d = units
        self.convolutions, self.norms, k = nn.ModuleList(), nn.ModuleList(), recipe.kernel_size
        channels = (*recipe.generator_channels, colours)
        for before, after, stride in zip(channels, channels[1:], recipe.generator_strides):
            pad = {"padding": (k - 1) // 2, "output_padding": stride - 1, "bias": False}
            self.convolutions.append(nn.ConvTranspose2d(before + classes, after, k, stride, **pad))
            self.norms.append(nn.BatchNorm2d(after, **norm))
        del self.norms[-1]

    def forward(self, z, labels):
        """Sigmoid pixels."""
        y, x = functional.one_hot(labels, self.classes), z
        for dense, norm in zip(self.dense, self.dense_norms):
            x = functional.relu(norm(dense(self.with_label(x, y))))
        x = x.unflatten(1, self.seed)
        for convolution, norm in zip(self.convolutions, self.norms):
            x = functional.relu(norm(convolution(self.with_label(x, y))))
        return torch.sigmoid(self.convolutions[-1](self.with_label(x, y)))


class Discriminator(_Conditional):
    """DCGAN's conditional discriminator: images (m, c, h, w), labels -> logits (m, 1)."""

    def __init__(self, recipe, shape, classes):
        super().__init__(classes)
        norm = {"eps": recipe.norm_epsilon, "momentum": 1 - recipe.norm_momentum, "affine": recipe.norm_gain}
        self.slope, k = recipe.negative_slope, recipe.kernel_size
        (height, width, before), self.convolutions = shape, nn.ModuleList()
        self.norms = nn.ModuleList()
        for i, (after, stride) in enumerate(zip(recipe.discriminator_channels, recipe.discriminator_strides)):
            self.convolutions.append(nn.Conv2d(before + classes, after, k, stride, (k - 1) // 2, bias=False))
            self.norms.append(nn.BatchNorm2d(after, **norm) if i else nn.Identity())
            before, height, width = after, -(-height // stride), -(-width // stride)
        self.dense, self.dense_norms, d = nn.ModuleList(), nn.ModuleList(), before * height * width
        for units in recipe.discriminator_hidden:
            self.dense.append(nn.Linear(d + classes, units, bias=False))
            self.dense_norms.append(nn.BatchNorm1d(units, **norm))
            d = units
        self.dense.append(nn.Linear(d + classes, 1, bias=False))

    def forward(self, x, labels):
        """Logits."""
        y = functional.one_hot(labels, self.classes)
        for convolution, norm in zip(self.convolutions, self.norms):
            x = functional.leaky_relu(norm(convolution(self.with_label(x, y))), self.slope)
        x = x.flatten(1)
        for dense, norm in zip(self.dense, self.dense_norms):
            x = functional.leaky_relu(norm(dense(self.with_label(x, y))), self.slope)
        return self.dense[-1](self.with_label(x, y))


def conditional_convolutional(recipe, shape, classes):
    """(G, D) of a conditional DcganRecipe, weights N(0, init_std^2)."""
    found = Generator(recipe, shape, classes), Discriminator(recipe, shape, classes)
    for network in found:
        for layer in network.modules():
            if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.normal_(layer.weight, 0.0, recipe.init_std)
    return found
