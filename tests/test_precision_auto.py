"""precision = auto: chosen once, by times that are given here, kept from then on, and the same run as one that names it."""

import contextlib
import dataclasses
import json

import pytest
import tensorflow as tf
from support import ROOT, tiny_runs
from support.papers import goodfellow, message
from support.tiny_runs import one_line

from gan_repro import evaluate, run
from gan_repro.papers import configuration
from gan_repro.papers.experiment import PRESETS
from gan_repro.runs import machines, precisions
from gan_repro.studies import study
from gan_repro.system import cluster, files, machine
from gan_repro.system.errors import UsageError
from gan_repro.training import timing

FLOAT32, BFLOAT16 = precisions.CHOICES


def config(precision="auto"):
    return configuration.resolve(goodfellow(), "glyphs", preset="smoke", settings=[f"precision={precision}"])


@pytest.fixture
def times(monkeypatch):
    """{precision: seconds} that the steps take; empty: timing them is a mistake. The hardware has bfloat16."""
    taken = {}
    monkeypatch.setattr(machine, "bfloat16", lambda: True)
    monkeypatch.setattr(precisions, "timed", lambda config, source, scope: taken[config.recipe.precision])
    return taken


@pytest.fixture
def line(tmp_path):
    """The command line of a run of seconds that leaves its precision open."""
    tiny_runs.write_data(tmp_path / "tiny.npz", labels=False)
    return [*tiny_runs.arguments(tmp_path / "tiny.npz", epochs=1), "--set=precision=auto"]


# ---- the choice ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "chosen"), [((2.0, 1.0), BFLOAT16), ((1.0, 2.0), FLOAT32), ((1.0, 1.0), FLOAT32)])
def test_the_faster_one_is_taken_and_both_times_are_told(seconds, chosen, times, capsys):
    times.update(zip(precisions.CHOICES, seconds))
    found = precisions.decided(config(), None, contextlib.nullcontext)
    assert found == config(chosen)
    (said,) = capsys.readouterr().out.splitlines()
    assert all(f"{taken:.3g} s in {choice}" in said for choice, taken in times.items()) and said.endswith(chosen)


def test_without_bfloat16_instructions_it_is_float32_and_nothing_is_timed(times, monkeypatch, capsys):
    monkeypatch.setattr(machine, "bfloat16", lambda: False)
    assert precisions.decided(config(), None, contextlib.nullcontext) == config(FLOAT32)
    assert capsys.readouterr().out.count("\n") == 1


def test_who_names_a_precision_gets_it(times, capsys):
    for choice in precisions.CHOICES:
        assert precisions.decided(config(choice), None, contextlib.nullcontext) == config(choice)
    nothing = configuration.resolve(configuration.find("theis2015"), preset="smoke")
    assert precisions.decided(nothing, None, contextlib.nullcontext) == nothing
    assert capsys.readouterr().out == ""


def test_it_is_no_presets_choice():
    for name in configuration.names():
        for each, model in configuration.find(name).models.items():
            for dataset in model.datasets:
                for preset in PRESETS:
                    asked = configuration.resolve(configuration.find(name), _whole(dataset), each, preset)
                    assert not configuration.undecided(asked), (name, each, dataset, preset)


def _whole(dataset):
    return f"{dataset}:a" if dataset in ("npz", "images") else dataset


@pytest.mark.parametrize(
    ("flags", "capabilities", "found"),
    [
        ("fma avx2 avx512f", [], False),
        ("avx512f avx512_bf16", [], True),
        ("avx512_bf16 amx_bf16", [], True),
        ("avx512_bf16_not", [], False),
        ("", [(9, 0)], True),
        ("amx_bf16", [(7, 5)], False),  # the GPU computes
        ("", [(8, 0), (7, 0)], False),
        ("amx_bf16", [None], False),
    ],
)
def test_bfloat16_is_what_cpuinfo_or_the_gpu_says(flags, capabilities, found, monkeypatch):
    details = [{} if each is None else {"compute_capability": each} for each in capabilities]
    monkeypatch.setattr(machine, "_told", lambda: {"flags": flags})
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: list(range(len(details))))
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda device: details[device])
    assert machine.bfloat16() is found


# ---- the timing ------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Counted:
    """A Trainable that counts its calls, each of which takes a second by the clock."""

    steps_per_epoch: int
    step: int = 0
    now: float = 0.0
    calls: tuple = ()

    def prepare(self):
        self.now += 100

    def steps(self, n):
        assert n <= self.steps_per_epoch - self.step % self.steps_per_epoch
        self.step, self.now, self.calls = self.step + n, self.now + n, (*self.calls, n)


@pytest.mark.parametrize(("epoch", "calls"), [(500, (20, 20, 20)), (20, (20, 20, 20)), (15, (15, 5, 10, 10, 5, 15))])
def test_twenty_steps_are_timed_after_the_first_ones_whatever_an_epoch_has(epoch, calls, monkeypatch):
    played = Counted(epoch)
    monkeypatch.setattr(timing.time, "monotonic", lambda: played.now)
    assert timing.seconds(played) == 20 and played.calls == calls


# ---- whole runs ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.e2e
def test_the_choice_is_written_down_and_kept(line, times, tmp_path, capsys):
    times.update({FLOAT32: 2.0, BFLOAT16: 1.0})
    place = tmp_path / "run"
    asked = [*line, f"--workdir={place}"]
    assert tiny_runs.call(run.main, *asked, "--dry_run") == 0
    assert json.loads(capsys.readouterr().out)["recipe"]["precision"] == "auto"
    assert tiny_runs.call(run.main, *asked) == 0
    record = json.loads((place / "record.json").read_text())
    told = (files.read_json(place / "config.json")["recipe"], record["config"]["recipe"], record["manifest"])
    assert [each["precision"] for each in told] == [BFLOAT16] * 3
    assert f"--set=precision={BFLOAT16}" in record["command"] and "auto" not in record["command"]
    times.clear()  # from here on nothing is timed
    capsys.readouterr()
    assert tiny_runs.call(run.main, *asked, "--dry_run") == 0
    assert json.loads(capsys.readouterr().out)["recipe"]["precision"] == BFLOAT16
    assert tiny_runs.call(run.main, *asked) == 0
    assert "finished already" in capsys.readouterr().out
    assert tiny_runs.call(run.main, *asked, "--epochs=2") == 0
    assert "continuing from step 2" in capsys.readouterr().out
    assert files.read_json(place / "config.json")["recipe"]["precision"] == BFLOAT16
    # What differs is told, and that is not the precision, unless another one is named.
    before = tiny_runs.contents(place)
    assert tiny_runs.call(run.main, *asked, "--set=batch_size=10") == 1
    err = one_line(capsys.readouterr().err)
    assert "batch_size" in err and "precision" not in err
    assert tiny_runs.call(run.main, *asked, f"--set=precision={FLOAT32}") == 1
    assert "precision" in one_line(capsys.readouterr().err)
    assert tiny_runs.contents(place) == before
    (place / "manifest.json").unlink()  # the file that is missing is named, and no other fault
    assert tiny_runs.call(run.main, *asked, "--epochs=3") == 1
    assert "without its manifest.json" in one_line(capsys.readouterr().err)


@pytest.mark.slow
@pytest.mark.e2e
def test_a_run_that_chose_is_byte_for_byte_the_one_that_names_it(line, tmp_path, monkeypatch):
    """The real timing builds and plays networks in the process of the run."""
    real, played = precisions.timed, []

    def timed(config, source, scope):
        assert real(config, source, scope) > 0
        played.append(config.recipe.precision)
        return {FLOAT32: 1.0, BFLOAT16: 2.0}[config.recipe.precision]

    monkeypatch.setattr(machine, "bfloat16", lambda: True)
    monkeypatch.setattr(precisions, "timed", timed)
    for place, settings in (("auto", []), ("named", [f"--set=precision={FLOAT32}"])):
        assert tiny_runs.call(run.main, *line, *settings, f"--workdir={tmp_path / place}") == 0
    assert played == [FLOAT32, BFLOAT16]
    assert tiny_runs.results(tmp_path / "auto") == tiny_runs.results(tmp_path / "named")


def test_evaluating_a_configuration_that_leaves_it_open_is_one_line(here, capsys):
    files.write_json(here / "config.json", config().as_dict())
    assert evaluate.main(["evaluate", f"--workdir={here}"]) == 1
    assert "precision = auto" in one_line(capsys.readouterr().err)


# ---- where it cannot be had --------------------------------------------------------------------------------------------


def test_a_study_and_several_machines_name_their_precision(tmp_path):
    (tmp_path / "one.toml").write_text(
        'title = "One"\n[[runs]]\nexperiment = "cgan"\nsettings = { precision = ["float32", "auto"] }'
    )
    with pytest.raises(UsageError, match="study one.*precision = auto"):
        study.own(study.read_folder(tmp_path)["one"])
    both = cluster.Cluster((cluster.Task("worker", 0, "a:1"), cluster.Task("worker", 1, "b:1")), 0)
    assert "precision = auto" in message(machines.check, both, config())
    machines.check(both, config(FLOAT32))


def test_no_study_of_the_results_leaves_it_open():
    found = study.read_folder(ROOT / "results" / study.FOLDER)
    assert all(not configuration.undecided(each.config) for one in found.values() for each in study.own(one))
