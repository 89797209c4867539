"""Two papers that many tests ask for, and what a refusal of theirs must be like. Nothing is tested here."""

import pytest

from gan_repro.papers import configuration
from gan_repro.system.errors import UsageError


def goodfellow():
    """The experiment goodfellow2014."""
    return configuration.find("goodfellow2014")


def theis():
    """The experiment theis2015, which trains nothing."""
    return configuration.find("theis2015")


def message(function, *arguments):
    """The text of the UsageError that a call ends in; it is one line."""
    with pytest.raises(UsageError) as caught:
        function(*arguments)
    text = str(caught.value)
    assert "\n" not in text
    return text
