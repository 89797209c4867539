"""What the trials on generated input share: how many examples, what the report says of them. Nothing is tested here.

A file of such trials uses the fixture same_examples of conftest.py.
"""

import pytest
from hypothesis import settings


def trials(n):
    """`settings` of n examples; conftest.py has the rest."""
    return settings(max_examples=n)


def mark(tried, outcome):
    """The mark by which the report counts a trial of wrong input."""
    return pytest.mark.fault(group="wrong input", tried=tried, outcome=outcome)


def counted(record_property, n):
    """Says in the report how many examples a test tries."""
    record_property("trials", n)
