"""Arjovsky, Chintala and Bottou 2017, "Wasserstein GAN": the WGAN, the GAN beside it, the paper's figures."""

import dataclasses
import types
from typing import Any

import gan_repro as gr
from experiments.wgan import evidence, networks, parallel_lines, two_gaussians, upright_line

# On small images as many epochs as make up for their number; the widths are those of main.py.
PAPER = networks.Recipe(epochs=100, samples_every=1)
# Widths, learning rate and warm-up for two CPU cores.
QUICK = dataclasses.replace(
    PAPER,
    epochs=25,
    steps_per_epoch=400,
    generator_channels=(256, 128, 64, 32),
    critic_channels=(32, 64, 128, 256),
    learning_rate=2e-4,
    warmup_first=5,
)
# The GAN of Figures 4 to 7: the same networks and noise, dcgan.torch's optimizer, D and G on every minibatch.
GAN: dict[str, Any] = {
    "objective": "non_saturating",
    "optimizer": "adam",
    "learning_rate": 2e-4,
    "clip": 0.0,
    "n_critic": 1,
    "warmup_first": 0,
    "warmup_every": 0,
}
LARGE = {"epochs": 25}  # main.py's, on millions of images


def _model(title, gan=False, narrow=False, **changes):
    """One of the six models of Figures 5 to 7.

    Args:
      title: in tables. gan: the GAN with these networks, not the WGAN.
      narrow: G has as many filters in each layer as in its last, and no batch norm (Figure 6).
      changes: to the recipe.
    """

    def preset(recipe):
        width = recipe.generator_channels[-1:] * len(recipe.generator_channels)
        thin = {"generator_norm": False, "generator_channels": width} if narrow else {}
        return dataclasses.replace(recipe, **thin, **changes, **(GAN if gan else {}))

    return gr.Model(
        title=title,
        datasets=("mnist", "cifar10", "svhn_cropped", "celeb_a", "lsun/bedroom", "glyphs", *gr.OWN),
        presets={"paper": preset(PAPER), "quick": preset(QUICK)},
        on={"celeb_a": LARGE, "lsun/bedroom": LARGE},
        critic=lambda recipe: recipe.objective == "wasserstein",
        scaling=lambda recipe: gr.Linear(-1.0, 1.0),
        phases=(gr.Phase(generator=networks.generator, discriminator=networks.critic, game=networks.game),),
        measures=(evidence.estimate_and_quality, gr.measures.ReadByClassifier()),
        figures=(gr.figures.Curves(), gr.figures.Samples(), gr.figures.Interpolation(), evidence.draw_estimate),
        callbacks=evidence.snapshots,
    )


# The networks and sizes of improved_wgan_training's gan_toy.py (Gulrajani et al. 2017), with that script's mode "wgan": its
# RMSprop has TensorFlow's numbers (rho .9, epsilon 1e-10), and it clips behind the update.
POINTS = dataclasses.replace(
    PAPER,
    epochs=2564,
    steps_per_epoch=195,
    batch_size=256,
    latent=2,
    generator="mlp",
    critic="mlp",
    rho=0.9,
    epsilon=1e-10,
    clip_before=False,
    warmup_first=0,
    warmup_every=0,
    samples_every=100,
)
POINTS_QUICK = dataclasses.replace(POINTS, epochs=40, units=(128, 128, 128), learning_rate=2e-4, samples_every=10)


DIGITS = "digits instead of bedrooms"


def _updates_of_g(recipe, minibatches):
    return networks.schedule(types.SimpleNamespace(**recipe)).updates_of_g(minibatches)


UPDATES_OF_G = gr.Budget("updates of G", _updates_of_g)


def _learning(figure, says, model, gan, budget):
    """A claim of who learns; one who draws a few pictures over and over reaches none of the real ones: recall is 0."""
    return gr.Claim(
        figure,
        f"{says}, at as many {budget.what}" if budget else says,
        f"recall above 1 % of the WGAN, {'and' if gan else 'not'} of the GAN",
        "mnist",
        ((model, "recall"), (f"{model}-gan", "recall")),
        lambda ours, theirs: ours > 1 and (theirs > 1) == gan,
        DIGITS,
        budget,
    )


def _falling(figure, says, criterion, model):
    """A claim that the estimate goes with the quality of samples, and its changes with theirs."""
    uses = (model, evidence.VALUES), (model, evidence.CHANGES)
    return gr.Claim(figure, says, criterion, "mnist", uses, lambda values, changes: min(values, changes) > 0.5, DIGITS)


LEARNING = (
    ("Figure 5", "with DCGAN's generator both learn", "dcgan", True),
    ("Figure 6", "without batch norm in a narrow G the WGAN learns, the GAN fails", "nonorm", False),
    ("Figure 7", "with an MLP as generator the WGAN learns, the GAN collapses", "mlp", False),
)
CLAIMS = (
    _falling(
        "Figure 3 (right)",
        "the critic's estimate falls as samples get better",
        "rank correlation of the estimate and the Fréchet distance of samples above .5; of their changes, too",
        "dcgan",
    ),
    _falling("Figure 3 (left)", "with an MLP as generator, too", "as above", "mlp"),
    gr.Claim(
        "Figure 4",
        "a GAN's estimate of the Jensen-Shannon divergence does not",
        "both correlations below .5, and below the WGAN's",
        "mnist",
        (
            ("dcgan", evidence.VALUES),
            ("dcgan-gan", evidence.VALUES),
            ("dcgan", evidence.CHANGES),
            ("dcgan-gan", evidence.CHANGES),
        ),
        lambda ours, theirs, our_changes, their_changes: theirs < min(ours, 0.5) and their_changes < min(our_changes, 0.5),
        f"{DIGITS}; most epochs lie on a plateau of the GAN's Fréchet distance, where correlations are of noise",
    ),
    *(_learning(*claim, budget=budget) for budget in (None, UPDATES_OF_G) for claim in LEARNING),
)


EXPERIMENT = gr.Experiment(
    name="wgan",
    short_name="WGAN",
    title="Wasserstein GAN: a clipped critic without sigmoid, RMSprop, five critic steps to one of G",
    reference="Arjovsky, Chintala, Bottou; ICML 2017; arXiv:1701.07875",
    models={
        "dcgan": _model("WGAN, DCGAN generator"),
        "dcgan-gan": _model("GAN, DCGAN generator", gan=True),
        "nonorm": _model("WGAN, DCGAN generator without batch norm", narrow=True),
        "nonorm-gan": _model("GAN, DCGAN generator without batch norm", gan=True, narrow=True),
        "mlp": _model("WGAN, MLP generator", generator="mlp"),
        "mlp-gan": _model("GAN, MLP generator", gan=True, generator="mlp"),
        "points": gr.Model(
            title="WGAN, MLPs",
            datasets=gr.PLANE,
            presets={"paper": POINTS, "quick": POINTS_QUICK},
            critic=lambda recipe: recipe.objective == "wasserstein",
            phases=(gr.Phase(generator=networks.generator, discriminator=networks.critic, game=networks.game),),
            measures=(gr.measures.ModesCovered(), gr.measures.SlopesOfD()),
            figures=gr.figures.OF_POINTS,
        ),
        "lines": parallel_lines.MODEL,
        "gaussians": two_gaussians.MODEL,
    },
    sources=upright_line.SOURCES,
    metrics=(*evidence.METRICS, *parallel_lines.METRICS, *two_gaussians.METRICS),
    claims=CLAIMS,
    key_figures=(
        gr.KeyFigure(
            "dcgan",
            "mnist",
            "estimate",
            "Figure 3, on digits: samples along the WGAN's training, of which about half of the last are legible, the critic's "
            "estimate (thin: means over 100 minibatches; thick: their running median), and the samples' Fréchet distance "
            "(dashed)",
        ),
        gr.KeyFigure(
            "dcgan-gan",
            "mnist",
            "estimate",
            "Figure 4: the same of the GAN and its bound of the Jensen-Shannon divergence, in the same lines",
        ),
        gr.KeyFigure("gaussians", "two_gaussians", "figure2", "Figure 2: a discriminator and a critic between two Gaussians"),
        gr.KeyFigure("lines", "parallel_lines", "figure1", "Figure 1: distances between the laws of two parallel lines"),
    ),
    **gr.prose(__file__),
)
