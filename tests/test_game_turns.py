"""Who moves when: how many updates each schedule makes, the critic's warm-up, and orders that are refused."""

import numpy as np
import pytest
import tensorflow as tf
from support import games, marks
from support.games import play, two_replicas

from gan_repro.system.errors import UsageError
from gan_repro.training import game, schedule

pytestmark = pytest.mark.played


@pytest.mark.parametrize(
    ("order", "minibatches", "d_updates", "g_updates"),
    marks.slow_after(
        2,
        [
            (schedule.UpdateSchedule(2, one_pass=True), 7, 7, 3),
            (schedule.alternate_minibatches(n_critic=2), 7, 4, 3),
            (schedule.alternating(n_critic=2, warmup=schedule.CriticWarmup(2, 4, 3)), 17, 17, 7),
            (schedule.discriminator_only(), 7, 7, 0),
            (schedule.alternating(n_critic=5), 17, 17, 3),
            (schedule.simultaneous(), 7, 7, 7),
            (schedule.alternating(), 7, 7, 7),
            (schedule.alternating(fresh_noise=False), 4, 4, 4),
            (schedule.alternate_minibatches(), 7, 3, 4),
        ],
    ),
)
def test_update_counts(digits, order, minibatches, d_updates, g_updates):
    played = games.build(digits, schedule=order)
    play(played, minibatches)
    assert played.updates == {"discriminator": d_updates, "generator": g_updates}
    assert int(played.discriminator.optimizer.iterations) == d_updates
    assert int(played.generator.optimizer.iterations) == g_updates
    assert played.step == minibatches
    assert played.traces == 1


@pytest.mark.parametrize(
    "chosen",
    [
        schedule.UpdateSchedule(2, one_pass=True),
        schedule.alternating(n_critic=5),
        schedule.alternate_minibatches(),
        schedule.alternate_minibatches(n_critic=4),
        schedule.discriminator_only(),
    ],
)
def test_the_schedule_knows_how_many_updates_an_epoch_has(chosen):
    """Counted as the step counts, over an epoch of 20 minibatches."""
    since, done = chosen.since_g, {"discriminator": 0, "generator": 0}
    for _ in range(20):
        turn = bool(chosen.g_moves(tf.constant(since, tf.int64), tf.constant(done["generator"], tf.int64)))
        since = 0 if turn else since + 1
        done["generator"] += turn
        done["discriminator"] += "discriminator" in chosen.movers(turn)
    assert {role: chosen.updates_per_epoch(role, 20) for role in done} == done
    if done["generator"]:
        assert chosen.minibatches_per_g_update == 20 / done["generator"]


@pytest.mark.parametrize(
    "chosen",
    [
        schedule.UpdateSchedule(2, one_pass=True),
        schedule.alternating(n_critic=5, warmup=schedule.CriticWarmup(first=3, every=4, length=11)),
        schedule.alternating(n_critic=2, warmup=schedule.CriticWarmup(first=2, every=0, length=9)),
        schedule.alternate_minibatches(n_critic=4),
        schedule.discriminator_only(),
    ],
)
def test_updates_of_g_are_counted_without_playing(chosen):
    """As many as the turns that the step itself would take."""
    for n in (0, 1, 8, 9, 11, 57, 300):
        played = sum(length for turn, length in chosen.turns(chosen.since_g, 0, n) if turn)
        assert chosen.updates_of_g(n) == played


def test_the_critics_warm_up_is_wgans():
    """100 minibatches for each of G's first 25 updates and for every 500th, 5 otherwise (WassersteinGAN:main.py)."""
    order = schedule.alternating(n_critic=5, warmup=schedule.CriticWarmup())
    moments = [tf.constant(i, tf.int64) for i in (0, 24, 25, 499, 500, 501, 1000)]
    assert [int(order.phase_length(i)) for i in moments] == [100, 100, 5, 5, 100, 5, 100]
    never_again = schedule.alternating(n_critic=5, warmup=schedule.CriticWarmup(every=0))
    assert [int(never_again.phase_length(i)) for i in moments] == [100, 100, 5, 5, 5, 5, 5]


@pytest.mark.parametrize("alone", marks.slow_after(1, [False, True]))
def test_only_the_player_whose_turn_it_is_moves(digits, alone):
    chosen = schedule.alternate_minibatches(n_critic=2) if alone else schedule.alternating(n_critic=3)
    played = games.build(digits, schedule=chosen)
    for t in range(6):
        before = games.weights(played)
        metrics = played.steps(1)
        after = games.weights(played)
        g_turn = t % 3 == (0 if alone else 2)
        d_turn = not (g_turn and alone)
        assert games.moved(before, after, "generator/") == games.moved(before, after, "generator_optimizer/") == g_turn
        assert games.moved(before, after, "discriminator/") == games.moved(before, after, "discriminator_optimizer/") == d_turn
        assert bool(metrics["g_loss"].mask[0]) == (not g_turn) and bool(metrics["d_loss"].mask[0]) == (not d_turn)


def test_metrics_are_probabilities_and_finite(digits):
    metrics = games.build(digits).steps(10)
    assert all(values.shape == (10,) and np.isfinite(values).all() for values in metrics.values())
    assert ((metrics["d_real"] > 0) & (metrics["d_real"] < 1)).all()


def test_wrong_use_is_refused(digits):
    wrong = [
        ({"n_critic": 0}, "n_critic"),
        ({"one_pass": True, "fresh_noise": False}, "fresh_noise"),
        ({"one_pass": True, "g_alone": True}, "g_alone"),
        ({"g_alone": True, "fresh_noise": False}, "fresh_noise"),
        ({"n_critic": None, "warmup": schedule.CriticWarmup()}, "warmup"),
    ]
    for given, word in wrong:
        with pytest.raises(UsageError, match=word):
            schedule.UpdateSchedule(**given)
    for ask in (
        lambda: schedule.discriminator_only().minibatches_per_g_update,
        lambda: schedule.alternating().updates_per_epoch("critic", 9),
    ):
        with pytest.raises(UsageError):
            ask()
    played = games.build(digits)
    with pytest.raises(ValueError, match="epoch of 10"):
        played.steps(11)
    with pytest.raises(UsageError, match="training images"):
        game.AdversarialGame(
            played.generator, played.discriminator, played.prior, digits, played.schedule, 201, 0, sampler=played.sampler
        )
    with two_replicas().scope():
        with pytest.raises(UsageError, match="XLA"):
            games.build(digits, jit_compile=True)
        with pytest.raises(UsageError, match="multiple"):
            game.AdversarialGame(
                played.generator, played.discriminator, played.prior, digits, played.schedule, 21, 0, sampler=played.sampler
            )


def test_turns_are_known_before_they_are_played():
    """Whole, or in calls of any length."""
    order = schedule.alternating(n_critic=2, warmup=schedule.CriticWarmup(2, 4, 3))
    usual, long = [(False, 1), (True, 1)], [(False, 2), (True, 1)]
    assert order.turns(0, 0, 20) == long * 2 + usual * 2 + long + usual * 3 + [(False, 1)]
    assert order.turns(1, 1, 3) == [(False, 1), (True, 1), (False, 1)]
    assert schedule.simultaneous().turns(0, 0, 5) == [(True, 5)]
    assert schedule.discriminator_only().turns(0, 0, 5) == [(False, 5)]
    alone = schedule.alternate_minibatches()
    assert alone.turns(alone.since_g, 0, 3) == [(True, 1), (False, 1), (True, 1)]
