"""remedies: without one it is the unrolled GAN's game, to the bit; what each remedy changes; what does not go together."""

import dataclasses

import keras
import numpy as np
import pytest
from support import noise

from gan_repro.papers import configuration
from gan_repro.system.errors import UsageError
from gan_repro.training import schedule

pytestmark = pytest.mark.played

STEPS = 4
GAMES = [("ring", "ring8", "points"), ("stacked", "stacked_mnist", "stacked")]  # model, data, the model of unrolled


def played(name, model, dataset="ring8", **fields):
    """The weights of G and D after some minibatches of the smoke preset."""
    ((_, game),) = noise.built(name, model, dataset, **fields)
    noise.play(game, STEPS)
    return [weight.numpy() for network in (game.network, *game.others().values()) for weight in network.weights]


def game(model="ring", dataset="ring8", **fields):
    ((_, found),) = noise.built("remedies", model, dataset, **fields)
    return found


@pytest.mark.parametrize("unroll", [0, 2])
@pytest.mark.parametrize("model, dataset, theirs", GAMES)
def test_looking_ahead_or_not_it_is_the_unrolled_gan(model, dataset, theirs, unroll):
    ours = played("remedies", model, dataset, objective="minimax", unroll=unroll)
    theirs = played("unrolled", theirs, dataset, objective="minimax", unroll=unroll)
    assert [weight.shape for weight in ours] == [weight.shape for weight in theirs]
    assert all((a == b).all() for a, b in zip(ours, theirs))


@pytest.mark.parametrize("dataset", ["ring8", "stacked_mnist"])
def test_the_quick_game_is_the_unrolled_gans(dataset):
    ours, theirs = (noise.config(name, dataset, "quick").recipe for name in ("remedies", "unrolled"))
    own = {"unroll", "objective", "samples_every"}
    for field in (each.name for each in dataclasses.fields(theirs) if each.name not in own):
        assert getattr(ours, field) == getattr(theirs, field), field
    assert (ours.unroll, ours.loss, ours.n_critic, ours.objective) == (0, "cross_entropy", 1, "non_saturating")


def test_a_clipped_critic():
    found = game(loss="clipped_critic", n_critic=5, clip=0.05)
    assert found.schedule == schedule.alternating(n_critic=5)
    assert [term.name for term in found.generator.terms] == ["critic_generator"]
    assert type(found.discriminator.optimizer).__name__ == "RMSprop"
    noise.play(found, 5)
    assert found.updates == {"discriminator": 5, "generator": 1}
    (critic,) = found.others().values()
    largest = max(np.abs(weight.numpy()).max() for weight in critic.weights)
    assert largest == np.float32(0.05)


def test_a_clipped_critic_may_have_batch_norm_as_the_papers_has():
    found = game("stacked", "stacked_mnist", loss="clipped_critic", n_critic=5)
    (critic,) = found.others().values()
    assert [each for each in critic.layers if isinstance(each, keras.layers.BatchNormalization)]
    noise.play(found, 1)


def test_a_penalised_critic():
    found = game(loss="penalised_critic", n_critic=5, penalty=0.3)
    names = {term.name: term.weight for term in found.discriminator.terms}
    assert names == {"critic": 1.0, "gradient_penalty": 0.3}
    assert type(found.discriminator.optimizer).__name__ == "Adam"
    noise.play(found, 1)


@pytest.mark.parametrize(
    "fields, layer",
    [
        ({"minibatch_kernels": 5}, "MinibatchDiscrimination"),
        ({"d_dropout": 0.3}, "Dropout"),
        ({"discriminator_norm": "layer"}, "GroupNormalization"),
    ],
)
def test_remedies_of_d_are_layers_of_d(fields, layer):
    found = configuration.model_of(noise.config("remedies", "ring8"))
    spec = noise.source((1, 1, 2)).spec
    keras.utils.set_random_seed(0)
    with_it, without = (
        [type(each).__name__ for each in found.discriminator(noise.config("remedies", "ring8", **changes).recipe, spec).layers]
        for changes in (fields, {})
    )
    assert layer in with_it and layer not in without


@pytest.mark.slow
@pytest.mark.parametrize(
    "fields",
    [
        {"feature_matching": True},
        {"minibatch_kernels": 3},
        {"discriminator_norm": "layer"},
        {"discriminator_norm": "spectral"},
        {"n_critic": 5, "discriminator_norm": "layer", "loss": "penalised_critic"},
    ],
)
def test_remedies_on_stacked_digits_are_played(fields):
    found = game("stacked", "stacked_mnist", **fields)
    noise.play(found, 5)
    assert all(np.isfinite(each).all() for each in noise.values(found).values())


@pytest.mark.slow
@pytest.mark.parametrize(
    "fields",
    [
        {"feature_matching": True},
        {"feature_matching": True, "unroll": 2},
        {"instance_noise": 0.1},
        {"replay": 40},
        {"discriminator_norm": "spectral"},
        {"generator_norm": "batch"},
        {"smoothing": 0.9},
        {"d_rate_factor": 4.0},
        {"loss": "penalised_critic", "unroll": 2},
    ],
)
def test_each_remedy_moves_the_weights_elsewhere(fields):
    plain, changed = played("remedies", "ring"), played("remedies", "ring", **fields)
    assert all(np.isfinite(weight).all() for weight in changed)
    same_shapes = [weight.shape for weight in plain] == [weight.shape for weight in changed]
    assert not same_shapes or any((a != b).any() for a, b in zip(plain, changed))


def test_rates_and_targets():
    found = game(d_rate_factor=4.0, smoothing=0.9)
    rates = [float(player.optimizer.learning_rate) for player in (found.generator, found.discriminator)]
    assert rates[1] == pytest.approx(4 * rates[0])
    assert [term.name for term in found.discriminator.terms] == ["cross_entropy_real", "cross_entropy_generated"]


@pytest.mark.parametrize(
    "fields, words",
    [
        ({"unroll": 5, "loss": "clipped_critic"}, "gradients alone"),
        ({"unroll": 5, "replay": 100}, "old samples"),
        ({"unroll": 5, "d_dropout": 0.3, "dropout_in_g_update": False}, "without dropout"),
        ({"objective": "minimax", "loss": "penalised_critic"}, "objective of its own"),
        ({"objective": "minimax", "smoothing": 0.9}, "what D gains"),
        ({"loss": "clipped_critic", "discriminator_norm": "spectral"}, "how steep"),
        ({"loss": "penalised_critic", "minibatch_kernels": 5}, "other examples"),
        ({"loss": "penalised_critic", "discriminator_norm": "batch"}, "other examples"),
    ],
)
def test_what_does_not_go_together_is_refused(fields, words):
    with pytest.raises(UsageError, match=words):
        noise.config("remedies", "ring8", **fields)


def test_a_critic_has_no_targets_to_smooth():
    with pytest.raises(UsageError, match="cross-entropy"):
        game(loss="penalised_critic", smoothing=0.9)
