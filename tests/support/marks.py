"""Marks of parametrized tests."""

import pytest


def slow_after(fast, cases):
    """pytest.param of each of `cases` (tuples, or single values), those behind the first `fast` marked slow.

    For cases of seconds each that fail together: the first ones in every run, all before an issue is called done.
    """
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=[] if number < fast else pytest.mark.slow)
        for number, case in enumerate(cases)
    ]
