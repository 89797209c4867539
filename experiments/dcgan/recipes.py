"""The recipes of Radford et al. 2015, model by model, and what is cut down for two CPU cores."""

from typing import Any

from experiments.dcgan.networks import Recipe

MNIST = {
    # dcgan_code: mnist/train_cond_dcgan.py; 100 epochs at 2e-4 and 100 down to 0.
    "paper": Recipe(epochs=200),
    # Half of the channels and hidden units: a third of the time
    "quick": Recipe(
        epochs=8,
        constant_epochs=4,
        decay_epochs=4,
        generator_hidden=(512,),
        generator_channels=(64, 32),
        discriminator_channels=(32, 64),
        discriminator_hidden=(512,),
        samples_every=1,
    ),
}

# Without labels: batch norm with gains, tanh.
_UNLABELLED: dict[str, Any] = {
    "conditional": False,
    "generator_hidden": (),
    "discriminator_hidden": (),
    "output": "tanh",
    "norm_gain": True,
    "decay_epochs": 0,
}
_SHORT: dict[str, Any] = {"epochs": 6, "steps_per_epoch": 200, "samples_every": 1}  # of the quick presets

# dcgan_code's 32 x 32 ImageNet model (imagenet/train_uncond_dcgan.py), whose features the paper's CIFAR-10 table is of.
_IMAGENET = _UNLABELLED | {
    "latent": 256,
    "kernel_size": 3,
    "order": "alternating",
    "generator_strides": (2, 1, 2, 1, 2, 1),
    "discriminator_strides": (1, 2, 1, 2, 1, 2),
    "l2": 0.0,
}
IMAGENET = {
    "paper": Recipe(
        **_IMAGENET,
        epochs=30,
        generator_channels=(512, 512, 256, 256, 128, 128),
        discriminator_channels=(128, 128, 256, 256, 512, 512),
    ),
    "quick": Recipe(
        **_IMAGENET,
        **_SHORT,
        batch_size=64,
        generator_channels=(128, 128, 64, 64, 32, 32),
        discriminator_channels=(32, 32, 64, 64, 128, 128),
    ),
}

# dcgan_code: faces/train_uncond_dcgan.py, and Figure 1 of the paper: 64 x 64.
_FACES = _UNLABELLED | {"l2": 1e-5, "generator_strides": (2, 2, 2, 2), "discriminator_strides": (2, 2, 2, 2)}
FACES = {
    "paper": Recipe(
        **_FACES,
        epochs=25,
        generator_channels=(1024, 512, 256, 128),
        discriminator_channels=(128, 256, 512, 1024),
        samples_every=1,
    ),
    "quick": Recipe(
        **_FACES,
        **_SHORT,
        batch_size=32,
        generator_channels=(128, 64, 32, 16),
        discriminator_channels=(16, 32, 64, 128),
    ),
}

# dcgan_code: svhn/svhn_semisup_analysis.py.
_SVHN = _UNLABELLED | {
    "prior": "gaussian",
    "learning_rate": 5e-4,
    "order": "alternating",
    "generator_strides": (2, 2, 2),
    "discriminator_strides": (2, 2, 2),
    "l2": 0.0,
}
SVHN = {
    "paper": Recipe(
        **_SVHN,
        epochs=200,
        batch_size=64,
        generator_channels=(256, 128, 64),
        discriminator_channels=(64, 128, 256),
        samples_every=10,
    ),
    "quick": Recipe(
        **_SVHN,
        **_SHORT,
        batch_size=64,
        generator_channels=(64, 32, 16),
        discriminator_channels=(16, 32, 64),
    ),
}
