"""Numbers as text."""

import pytest

from gan_repro.system.numbers import three_digits


@pytest.mark.parametrize(
    "value, text",
    [(0, "0"), (1234.5, "1,234"), (99.96, "100"), (0.0123456, "0.0123"), (3, "3"), (-0.5, "-0.5"), (2.04e-5, "2e-05")],
)
def test_three_digits(value, text):
    assert three_digits(value) == text
