"""A run that was played again beside its record: bytes, numbers within errors, and what differs."""

import copy

import pytest
from support import planned as simulated
from support.records import parsed

from gan_repro.studies import compare
from gan_repro.system import machine


def verdicts(now, before, seeds=()):
    """{what: verdict} of two records' JSON."""
    before = parsed(before)
    return {line.what: line.verdict for line in compare.lines(parsed(now), before, [before, *map(parsed, seeds)])}


@pytest.fixture
def committed():
    (planned,) = simulated.runs("0")
    return simulated.record_of(planned, value=200.0)


def changed(record, value=None, processor=None, digest=None):
    """A copy of a record with another number, processor or checksum of its weights."""
    found = copy.deepcopy(record)
    if value is not None:
        found["measurements"][0]["value"] = value
    if processor is not None:
        found["manifest"]["processor"] = processor
    if digest is not None:
        found["manifest"]["weights_sha256"] = {"last": digest}
    return found


LIKELIHOOD, WEIGHTS = "parzen_log_likelihood of best", "weights last"


def test_the_same_bytes_and_numbers(committed):
    assert verdicts(committed, committed) == {WEIGHTS: "same", LIKELIHOOD: "same"}


def test_under_the_same_conditions_anything_else_differs(committed):
    assert verdicts(changed(committed, 200.001, digest="1"), committed) == {WEIGHTS: "DIFFERS", LIKELIHOOD: "DIFFERS"}


def test_another_condition_of_a_machine_allows_other_bytes_where_both_manifests_noted_it(committed):
    here = machine.conditions() | {"environment": {"TF_ENABLE_ONEDNN_OPTS": "1"}}
    committed["manifest"] |= here
    for name, value in here.items():
        now, before = changed(committed, digest="1"), changed(committed)
        now["manifest"][name] = not value if isinstance(value, bool) else type(value)()
        assert verdicts(now, before)[WEIGHTS] == "within errors"
        if name in ("tensor_float_32", "environment"):
            before["manifest"][name] = None  # as in older records
            assert verdicts(now, before)[WEIGHTS] == "DIFFERS"


@pytest.mark.parametrize("value, verdict", [(205.0, "within errors"), (212.0, "undecided")])
def test_on_another_processor_one_seed_allows_three_errors_and_then_says_nothing(committed, value, verdict):
    now = changed(committed, value, "another CPU (2 cores)", "1")  # errors of 2 nats each
    assert verdicts(now, committed) == {WEIGHTS: "within errors", LIKELIHOOD: verdict}


@pytest.mark.parametrize("value, verdict", [(180.0, "within errors"), (250.0, "DIFFERS")])
def test_on_another_processor_a_number_lies_where_seeds_may_lie(committed, value, verdict):
    seeds = [changed(committed, 190.0), changed(committed, 195.0), changed(committed, 205.0)]
    for number, each in enumerate(seeds, 1):
        each["seed"] = each["config"]["seed"] = number
    # mean 197.5, SD 6.5: with t(.995, 3 degrees of freedom) = 5.84 and sqrt(1 + 1/4) it may be 42 away
    assert verdicts(changed(committed, value, "another CPU"), committed, seeds)[LIKELIHOOD] == verdict


def test_on_another_processor_a_number_that_is_the_same_for_every_seed_may_differ_by_roundings_alone(committed):
    seeds = [changed(committed), changed(committed)]
    for number, each in enumerate(seeds, 1):
        each["seed"] = each["config"]["seed"] = number
    for value, verdict in ((200.0001, "within errors"), (205.0, "within errors"), (212.0, "undecided")):  # errors of 2 nats
        assert verdicts(changed(committed, value, "another CPU"), committed, seeds)[LIKELIHOOD] == verdict


def test_a_measurement_that_only_one_has_differs(committed):
    now = changed(committed)
    now["measurements"] = []
    assert verdicts(now, committed)[LIKELIHOOD] == "DIFFERS"


def test_runs_of_other_lengths_or_data_are_not_compared(committed):
    assert verdicts(committed | {"epochs": 12.0, "complete": False}, committed) == {"epochs": "undecided"}
    other = changed(committed)
    other["manifest"]["data"]["sha256"] = "1"
    assert verdicts(other, committed) == {"data": "DIFFERS"}
