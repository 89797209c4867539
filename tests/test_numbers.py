"""Numbers as text."""

import pytest

from gan_repro.system.numbers import spans, three_digits


@pytest.mark.parametrize(
    "value, text",
    [(0, "0"), (1234.5, "1,234"), (99.96, "100"), (0.0123456, "0.0123"), (3, "3"), (-0.5, "-0.5"), (2.04e-5, "2e-05")],
)
def test_three_digits(value, text):
    assert three_digits(value) == text


@pytest.mark.parametrize(
    "numbers, text",
    [([], ""), ([3], "3"), ([2, 1, 0], "0, 1, 2"), ([0, 1, 2, 3], "0-3"), ([0, 1, 5, 6, 7, 8, 8, 10], "0, 1, 5-8, 10")],
)
def test_spans_are_sorted_and_join_what_follows_one_another(numbers, text):
    assert spans(numbers) == text
