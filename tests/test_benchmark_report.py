"""What the benchmark makes of its rows: verdicts on goals, the report, the command line."""

import dataclasses
import json
import re

import pytest

from gan_repro.benchmark import __main__ as program
from gan_repro.benchmark import estimators, goals, learners, report, rounds, second_order, startup, steps, workers
from gan_repro.benchmark.rounds import Contestant, Prepared, Row, Task

BOTH = dataclasses.replace(rounds.QUICK, dtypes=("float32", "bfloat16"))

# ---- goals and report ------------------------------------------------------------------------------------------------


def row(task, name, *seconds, **more):
    return Row(task, name, "what it is", "float32", "step", seconds=seconds, **more)


def test_a_goal_is_met_missed_or_not_measured_by_the_median_over_rounds():
    goal = goals.Goal("g", (("t", "ours"), ("t", "peer")), 0.5)
    met = goals.verdict(goal, [row("t", "ours", 1.0, 1.0, 9.0), row("t", "peer", 2.0, 4.0, 2.0)])
    assert (met.value, met.low, met.high, met.word) == (0.5, 0.25, 4.5, "met")
    assert goals.verdict(goal, [row("t", "ours", 1.1), row("t", "peer", 2.0)]).word == "missed"
    assert goals.verdict(goal, [row("t", "ours", 1.1), row("t", "peer")]).word == "not measured"
    at_least = dataclasses.replace(goal, at_least=True)
    assert goals.verdict(at_least, [row("t", "ours", 1.1), row("t", "peer", 2.0)]).word == "met"


def test_goals_speak_of_contestants_that_there_are():
    tasks = [task for part in (steps, second_order, learners, estimators, startup, workers) for task in part.tasks(BOTH)]
    there = {(task.name, each.name) for task in tasks for each in task.contestants}
    assert {key for goal in goals.GOALS for key in goal.rows} <= there


def test_the_overhead_is_a_share_of_the_epoch():
    goal = next(goal for goal in goals.GOALS if goal.unit == "%")
    rows = [row("loop", "the loop, an epoch", 1.0), row("loop", "the step alone", 0.98)]
    assert goals.verdict(goal, rows).value == pytest.approx(2.0)


def test_the_report_has_every_row_and_verdict():
    task = Task("parzen", "The protocol", "protocol", [])
    parameters = {"generator": 1234, "discriminator": 5}
    rows = [
        row("parzen", "ours", 0.2, 0.1, 0.4, parameters=parameters, more={"peak_bytes": 2**30}),
        row("parzen", "one product", 0.2, 0.2, 0.2, parameters=parameters),
        row("parzen", "torch.cdist", not_run="not run: pip install -e '.[bench]'"),
    ]
    verdicts = [goals.verdict(goal, rows) for goal in goals.GOALS]
    found = {
        "processor": "P (2 cores)",
        "device": "CPU",
        "platform": "L",
        "versions": {"python": "3"},
        "threads": {"cores": 2},
        "commit": None,
    }
    text = report.markdown([task], rows, verdicts, rounds.FULL, found)
    assert "| ours | 200 ms (100 ms to 400 ms) | 1 | what it is | peak 1,024 MiB |" in text
    assert "| torch.cdist | not run: pip install -e '.[bench]' |  | what it is |  |" in text
    assert "| at most 1.5 | 1 (0.5 to 2) | met |" in text
    assert "Parameters: generator 1,234, discriminator 5." in text
    assert "--quick" not in text and "--quick" in report.markdown([task], rows, verdicts, rounds.QUICK, found)
    plain = report.as_json(rows, verdicts, rounds.FULL, found)
    assert json.loads(json.dumps(plain, allow_nan=False))["rows"][0]["seconds"] == [0.2, 0.1, 0.4]
    by_name = {goal["name"]: goal["verdict"] for goal in plain["goals"]}
    assert sorted(set(by_name.values())) == ["met", "not measured"]


# ---- the command line ------------------------------------------------------------------------------------------------


@pytest.fixture
def only_a_stub(monkeypatch, tmp_path):
    """`estimators` measures something that takes no time; the current folder is an empty one."""
    stub = Contestant("ours", "nothing", lambda: Prepared(lambda n: 0.5))
    monkeypatch.setattr(estimators, "tasks", lambda size: [Task("estimators", "Stub", "protocol", [stub])])
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_quick_and_partial_runs_write_nothing_unless_told_where(only_a_stub, capsys):
    assert program.main(["benchmark", "--quick", "--only=estimators"]) == 0
    assert "| ours | 500 ms (500 ms to 500 ms) | 1 | nothing |  |" in capsys.readouterr().out
    assert program.main(["benchmark", "--only=estimators"]) == 0
    assert not list(only_a_stub.iterdir())
    assert program.main(["benchmark", "--quick", "--only=estimators", "--results=there"]) == 0
    assert sorted(path.name for path in (only_a_stub / "there").iterdir()) == ["benchmark.json", "benchmark.md"]
    assert re.search(r"Tried out with `--quick`", (only_a_stub / "there/benchmark.md").read_text(encoding="utf-8"))


def test_a_whole_run_writes_results(only_a_stub, monkeypatch):
    monkeypatch.setattr(program, "PARTS", ("estimators",))
    assert program.main(["benchmark"]) == 0
    assert (only_a_stub / "results/benchmark.md").is_file() and (only_a_stub / "results/benchmark.json").is_file()


def test_an_unknown_part_is_a_usage_error(capsys):
    assert program.main(["benchmark", "--only=step"]) == 2
    assert ", ".join(program.PARTS) in capsys.readouterr().err
