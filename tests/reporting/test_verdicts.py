"""Verdicts: the interval against arithmetic by hand, every word at its bounds, the same demands in both directions."""

import math

import numpy as np
import pytest
from scipy import stats

from gan_repro.reporting import metrics, verdicts


def judge(difference, deviation=2.0, n=3, error=1.0, margin=5.0, better="more", condition_differences=()):
    return verdicts.compare(200.0 + difference, deviation, n, 200.0, error, margin, better, condition_differences)


@pytest.mark.parametrize(("deviation", "n", "error"), [(2.0, 3, 1.0), (0.5, 5, None), (10.0, 12, 26.0)])
def test_the_interval_has_students_t_for_seeds_and_the_published_error(deviation, n, error):
    seeds, published = stats.t.ppf(0.95, n - 1) * deviation / math.sqrt(n), stats.norm.ppf(0.95) * (error or 0)
    by_hand = math.sqrt(seeds**2 + published**2)
    assert verdicts.half_width(deviation, n, error) == pytest.approx(by_hand, rel=1e-12)
    assert judge(0.0, deviation, n, error).half_width == pytest.approx(by_hand, rel=1e-12)


HALF = verdicts.half_width(1.0, 3, 0.0)  # 2.92 / sqrt(3) = 1.686


def test_the_interval_holds_the_truth_at_least_nine_times_in_ten():
    """Simulated: three seeds of SD 2 about a mean, a published number of error 1 about the same."""
    rng = np.random.default_rng(0)
    seeds, published = rng.normal(0, 2, (20_000, 3)), rng.normal(0, 1, 20_000)
    half = [verdicts.half_width(row.std(ddof=1), 3, 1.0) for row in seeds]
    assert 0.9 <= np.mean(np.abs(seeds.mean(1) - published) <= half) < 0.95


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("better", ["more", "less"])
def test_every_word_at_its_bounds_and_alike_in_both_directions(sign, better):
    def word(difference):
        return judge(sign * difference, 1.0, 3, 0.0, better=better).word

    beyond = "exceeds" if (sign > 0) == (better == "more") else "falls short"
    assert word(0.0) == word(5.0 - HALF - 1e-9) == "reproduced"
    assert word(5.0 - HALF + 1e-9) == word(5.0) == word(5.0 + HALF - 1e-9) == "undecided"
    assert word(5.0 + HALF + 1e-9) == word(1e6) == beyond


def test_an_interval_that_ends_at_the_margin_is_within_it():
    assert judge(5.0, 0.0, 3, 0.0).word == "reproduced"
    assert judge(math.nextafter(205.0, 300) - 200.0, 0.0, 3, 0.0).word == "exceeds"


def test_noise_never_helps():
    """The wider the interval, the less is said: never "reproduced" where less noise said otherwise."""
    for difference in (0.0, 4.0, 6.0, 20.0):
        words = [judge(difference, deviation, error=0.0).word for deviation in (0.0, 1.0, 3.0, 10.0, 100.0)]
        assert words[-1] == "undecided" and words == sorted(words, key=lambda word: word == "undecided")


def test_fewer_seeds_and_other_conditions_decide_nothing():
    assert judge(0.0, None, 1).word == judge(50.0, None, 1).word == judge(-50.0, 0.1, 2).word == "undecided"
    assert judge(50.0, None, 1).half_width is None
    for difference in (0.0, 50.0, -50.0):
        assert judge(difference, condition_differences=("20 of 100 epochs",)).word == "other conditions"


def test_margins_of_error_rates_are_shares_of_the_error():
    tenth = metrics.Margin(share=0.1)
    assert tenth.around(2.98, "less") == pytest.approx(0.298)  # 2.98 % errors
    assert tenth.around(82.8, "more") == pytest.approx(1.72)  # 17.2 % errors
    assert metrics.Margin(5.0).around(225, "more") == 5


def test_every_judged_metric_says_which_way_is_better():
    judged = [metric for metric in metrics.METRICS.values() if metric.margins]
    assert judged and all(metric.better for metric in judged)
    assert metrics.of("no_such_metric").better is None and metrics.of("no_such_metric").heading == "no such metric"
