"""One record: it comes back from its JSON, and the check of it names whatever is missing, wrong or unknown."""

import dataclasses
import json
import math

import pytest
from support.records import make_record, make_sweep, measurement, paired, parsed, summaries

from gan_repro.evaluation.measurement import Measurement
from gan_repro.system.errors import RunError


def test_a_whole_record_passes():
    record = make_record()
    parsed(record)
    record["curves"] = {"training": {"epoch": [], "d_loss": []}, "validation": {}}  # of a run that was stopped at once
    parsed(record)


CPU, GPU = "AMD EPYC, AVX2 (1 core)", "NVIDIA H200"


@pytest.mark.parametrize(
    "ran_on, words",
    [
        ([], CPU),
        ([(GPU, 0)], GPU),
        ([(GPU, 0), (GPU, 20), (CPU, 55_335), (CPU, 60_000)], f"{GPU} to step 55,335, then {CPU}"),
        ([(CPU, 0), (GPU, 7), (CPU, 9)], f"{CPU} to step 7, then {GPU} to step 9, then {CPU}"),
    ],
)
def test_machines_in_words(ran_on, words):
    record = make_record()
    record["cost"]["processor"], record["manifest"]["device"] = CPU, "CPU"
    record["manifest"]["ran_on"] = [{"machine": machine, "step": step} for machine, step in ran_on]
    assert parsed(record).trained_on == words


@pytest.mark.parametrize(
    "path",
    [
        "schema",
        "experiment",
        "dataset",
        "preset",
        "seed",
        "epochs",
        "config",
        "config.recipe",
        "manifest",
        "command",
        "manifest.data",
        "manifest.data.sha256",
        "cost.minutes",
        "measurements",
        "curves",
    ],
)
@pytest.mark.parametrize("damage", ["missing", "wrong"])
def test_each_missing_or_wrong_field_is_named(path, damage):
    record = make_record()
    *parents, last = path.split(".")
    place = record
    for key in parents:
        place = place[key]
    if damage == "missing":
        del place[last]
    else:
        place[last] = True  # none of them is a boolean, though Python's bool is an int
    with pytest.raises(RunError, match=rf"x\.json.*{path.replace('.', '[.]')}"):
        parsed(record)


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda r: r.update(schema=1), "schema is 1"),
        (lambda r: r.update(seed=5), "config.seed"),
        (lambda r: r.update(epochs=-1), "epochs"),
        (lambda r: r["measurements"][0].pop("unit"), r"measurements\[0\].*unit"),
        (lambda r: r["measurements"][0].update(value="high"), r"measurements\[0\].*value"),
        (lambda r: r["measurements"][0].update(value=math.nan), "value is nan"),
        (lambda r: r["measurements"][0].update(standard_error=-1.0), "standard_error"),
        (lambda r: r["measurements"][0].update(n_test="all"), "n_test"),
        (lambda r: r["measurements"].append(3), r"measurements\[1\]"),
        (lambda r: r["curves"]["training"]["epoch"].append(3), "curves.training"),
        (lambda r: r["curves"]["validation"]["last"].pop("epoch"), "last"),
        (lambda r: r["curves"]["training"].update(d_loss=[1.0, math.inf]), "inf"),
        (lambda r: r["curves"].update(training={"d_loss": []}), "curves.training.epoch is missing"),
        (lambda r: r["curves"]["training"].update(epoch=[1, None]), "curves.training.epoch must be ascending"),
        (lambda r: r["curves"]["training"].update(epoch=[2, 1]), "curves.training.epoch must be ascending"),
        (lambda r: r["curves"]["training"].update(d_loss=[1.0, "low"]), r"curves.training.d_loss\[1\] must be a number"),
        (lambda r: r["curves"]["validation"].update(last={}), "curves.validation.last.epoch is missing"),
        (lambda r: r["curves"]["validation"].update(last=[]), "curves.validation.last must be an object"),
        (lambda r: r["curves"]["validation"].update(last={"epoch": [], "value": []}), "curves.validation.last"),
        (lambda r: r["curves"]["validation"]["last"].pop("value"), "curves.validation.last.value is missing"),
        (lambda r: r["curves"]["validation"]["last"].update(epoch=[None]), "curves.validation.last.epoch"),
        (lambda r: r["curves"]["validation"]["last"].update(value=[True]), "curves.validation.last.value"),
        (lambda r: r["cost"].update(steps="many"), "cost.steps must be a whole number"),
        (lambda r: r["cost"].update(processor=3), "cost.processor must be text"),
        (lambda r: r["manifest"].update(device=["GPU"]), "manifest.device must be text"),
        (lambda r: r["measurements"][0].update(n_draws=5.5), "n_draws must be a whole number"),
        (lambda r: r["measurements"][0].update(n_subsets="three"), "n_subsets must be a whole number"),
        (lambda r: r["measurements"][0].update(std_over_draws="low"), "std_over_draws must be a number"),
        (lambda r: r["measurements"][0].update(std_over_draws=-0.1), "std_over_draws must be >= 0"),
        (lambda r: r["measurements"][0].update(std_over_subsets=-0.1), "std_over_subsets must be >= 0"),
        (lambda r: r["measurements"][0].update(classifier_difference=True), "classifier_difference must be a number"),
        (lambda r: r["measurements"][0].update(paired=3.0), "paired must be an object"),
        (lambda r: r["measurements"][0].update(paired={"to": "best"}), r"paired.*difference is missing"),
        (lambda r: r["measurements"][0].update(paired=paired(1.0, to=3)), r"paired.*to must be text"),
        (lambda r: r["measurements"][0].update(paired=paired(1.0, error=-1.0)), r"paired.standard_error must be >= 0"),
        (lambda r: r["measurements"][0].update(paired=paired(math.inf)), r"paired.difference is inf"),
        (lambda r: r.update(choice="validation"), "choice must be an object"),
        (lambda r: r.update(choice={"epoch": 1, "value": 2.0}), "choice.*draw is missing"),
        (lambda r: r.update(choice={"epoch": 1, "value": 2.0, "draw": "none"}), "choice.draw must be"),
        (lambda r: r.update(extra=1), "extra is unknown"),
        (lambda r: r["measurements"][0].update(reference="training images"), r"measurements\[0\].*weights or reference"),
        (lambda r: r["measurements"][0].update(weights=None), r"measurements\[0\].*weights or reference"),
        (lambda r: r["measurements"].append(measurement(3.0)), "measurements have parzen_log_likelihood of best twice"),
        (lambda r: r.update(d_output=["logit"]), r"d_output\[0\] must be"),
        (lambda r: r.update(notices=[{"what": "collapsed", "first": 1}]), r"notices\[0\].last is missing"),
    ],
)
def test_damage_inside_is_named(change, words):
    record = make_record()
    change(record)
    with pytest.raises(RunError, match=words):
        parsed(record)


def test_an_absent_error_bar_is_no_damage():
    record = make_record(measurements=[measurement(1.0, standard_error=None, sigma=None)])
    parsed(record)
    assert summaries([record])[0].standard_error is None


@pytest.mark.parametrize(
    "change, words",
    [
        *(({name: 3.5}, rf"{name} must be") for name in make_sweep()),
        ({"sigma": []}, "sigma must be ascending"),
        ({"sigma": [0.167, 0.1]}, "sigma must be ascending"),
        ({"sigma": [0.0, 0.167]}, "sigma must be ascending"),
        ({"sigma": [0.1, True]}, r"sigma\[1\] must be a number"),
        ({"n_samples": [100, 1000.5]}, r"n_samples\[1\] must be a whole number"),
        ({"n_samples": [100]}, "value must have 1 entries"),
        ({"value": [[1.0, 2.0]]}, "value must have 2 entries"),
        ({"value": [[1.0, 2.0], [1.0]]}, "value must have 2 numbers"),
        ({"value": [[1.0, 2.0], [1.0, "high"]]}, r"value\[1\]\[1\] must be a number"),
        ({"value": [[1.0, 2.0], 3.0]}, r"value\[1\] must be a list"),
        ({"value": [[1.0, 2.0], [1.0, math.nan]]}, r"sweep\.value\[1\]\[1\] is nan"),
        ({"chosen_sigma": [[0.167]]}, "chosen_sigma must have 2 entries"),
        ({"chosen_sigma": [[0.167], [0.2]]}, "chosen_sigma must be among sigma"),
        ({"chosen_sigma": [[0.167], []]}, "chosen_sigma must be among sigma"),
        ({"chosen_sigma": [[0.167], [[]]]}, r"chosen_sigma\[1\]\[0\] must be a number"),
        ({"chosen_value": [1.0, None]}, r"chosen_value\[1\] must be a number"),
    ],
)
def test_a_damaged_sweep_is_named(change, words):
    record = make_record(measurements=[measurement(200.0, sweep=make_sweep())])
    parsed(record)
    record["measurements"][0]["sweep"] |= change
    with pytest.raises(RunError, match=rf"x\.json.*measurements.*{words}"):
        parsed(record)


@pytest.mark.parametrize("name", make_sweep())
def test_a_sweep_without_a_field_is_damaged(name):
    record = make_record(measurements=[measurement(200.0, sweep=make_sweep())])
    del record["measurements"][0]["sweep"][name]
    with pytest.raises(RunError, match=rf"sweep.*{name} is missing"):
        parsed(record)


def test_a_record_comes_back_from_its_json_and_every_field_of_it_is_there():
    entries = [measurement(1.0, sweep=make_sweep()), measurement(2.0, "training images", paired=paired(1.0, None))]
    record = parsed(make_record(measurements=entries))
    content = json.loads(json.dumps(record.to_json()))
    assert parsed(content) == record and parsed(content).to_json() == content
    assert content.keys() == {field.name for field in dataclasses.fields(record)} - {"stem"}
    assert all(isinstance(entry, Measurement) for entry in record.measurements)
    assert "histogram" not in content["measurements"][0]  # which has no such thing
