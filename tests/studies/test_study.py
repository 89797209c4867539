"""Studies: what a file asks for, what is refused, and that the ones in results/ are those behind its records."""

import dataclasses
from collections import Counter
from pathlib import Path

import pytest
from support import ROOT
from support import planned as simulated
from support.records import parsed

from gan_repro.reporting import records
from gan_repro.studies import study
from gan_repro.system.errors import RunError, UserError

RESULTS = ROOT / "results"
STUDY = 'title = "One"\n[[runs]]\nexperiment = "cgan"\n'


def read(folder, **texts):
    """{name: Study} of a folder with these files."""
    for name, text in texts.items():
        (Path(folder) / f"{name}.toml").write_text(text)
    return study.read_folder(folder)


def runs(folder, text):
    """The planned runs of a study with this text."""
    found = read(folder, one=text)
    return study.planned(found, ["one"])["one"]


def test_every_record_belongs_to_a_study_and_every_page_to_one():
    found, entries = study.read_folder(RESULTS / study.FOLDER), records.read_folder(RESULTS / "records")
    asked = Counter(each.identity for one in found.values() for each in study.own(one))
    assert len(entries) > 30 and [entry.stem for entry in entries if asked[study.identity_of(entry)] != 1] == []
    pages = {page for each in found.values() for page in each.pages}
    assert all((RESULTS / page).is_file() for page in pages)
    without = {"README.md", "benchmark.md", "reliability.md", "versions.md", "cost.md"}
    assert pages == {path.name for path in RESULTS.glob("*.md")} - without
    everything = study.planned(found, found)["everything"]
    assert {each.identity for each in everything} == {each.identity for one in found.values() for each in study.own(one)}


def test_a_planned_run_has_the_name_that_its_record_has():
    found = study.read_folder(RESULTS / study.FOLDER)
    entries = [entry for entry in records.read_folder(RESULTS / "records") if entry.complete]  # the others' say how far
    by_identity = {study.identity_of(entry): entry.stem for entry in entries}
    planned = study.planned(found, ["everything"])["everything"]
    assert {each.name for each in planned if each.identity in by_identity} == set(by_identity.values())


@pytest.mark.parametrize(
    "seeds, numbers", [("0", [0]), ("0-4", [0, 1, 2, 3, 4]), ("5, 0-1,0", [0, 1, 5]), (" 2 - 3 ", [2, 3]), ("7-7", [7])]
)
def test_seeds(tmp_path, seeds, numbers):
    assert [each.config.seed for each in runs(tmp_path, f'{STUDY}seeds = "{seeds}"')] == numbers


def test_of_lists_of_settings_one_at_a_time_departs_from_the_preset(tmp_path):
    text = STUDY + "settings = { batch_size = 50, d_learning_rate_nothing = 0 }"
    with pytest.raises(UserError, match="study one.*d_learning_rate_nothing"):
        runs(tmp_path, text)
    text = STUDY.replace("cgan", "goodfellow2014") + (
        'epochs = 7\nsettings = { batch_size = 50, order = ["simultaneous", "alternating"], prior = ["gaussian"] }'
    )
    found = [each.config.recipe for each in runs(tmp_path, text)]
    assert [(each.order, each.prior, each.batch_size, each.epochs) for each in found] == [
        ("simultaneous", "uniform_unit_variance", 50, 7),
        ("alternating", "uniform_unit_variance", 50, 7),
        ("simultaneous", "gaussian", 50, 7),
    ]


def test_a_study_that_names_others_has_their_runs_once_each(tmp_path):
    found = read(
        tmp_path,
        one=STUDY + 'seeds = "0-1"',
        two=STUDY + 'seeds = "1-2"',
        both='title = "Both"\nstudies = ["one", "two"]',
    )
    assert [each.config.seed for each in study.planned(found, ["both"])["both"]] == [0, 1, 2]


@pytest.mark.parametrize(
    "text, says",
    [
        ('title = "One"', "runs"),
        ("title = ", "not TOML"),
        (STUDY + "sedes = '0'", "runs[0].sedes is unknown"),
        (STUDY + "seeds = 'a'", "runs[0].seeds"),
        (STUDY + "seeds = '4-1'", "runs[0].seeds"),
        (STUDY + "seeds = '0-99999999'", "runs[0].seeds"),
        (STUDY + "seeds = 1", "runs[0].seeds must be text"),
        (STUDY + "minutes = 0", "runs[0].minutes"),
        (STUDY + "minutes = inf", "runs[0].minutes"),
        (STUDY + "settings = { batch_size = [] }", "runs[0].settings.batch_size"),
        (STUDY + "epochs = 0", "epochs"),
        (STUDY + "preset = 'qick'", "quick"),
        (STUDY.replace("cgan", "cgam"), "cgan"),
        (STUDY + "dataset = 'cifar10'", "cifar10"),
        (STUDY + "model = 'nets'", "mlp"),
        (STUDY + "settings = { order = ['backwards'] }", "order"),
        ('title = "One"\nstudies = ["one"]', "one -> one"),
        ('title = "One"\nstudies = ["two"]', "two"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_it(tmp_path, text, says):
    with pytest.raises(UserError) as caught:
        runs(tmp_path, text)
    assert says in str(caught.value) and "\n" not in str(caught.value) and "one" in str(caught.value)


def test_a_cycle_over_several_studies_is_told_whole(tmp_path):
    texts = {name: f'title = "x"\nstudies = ["{other}"]' for name, other in (("a", "b"), ("b", "c"), ("c", "a"))}
    with pytest.raises(UserError, match="a -> b -> c -> a"):
        read(tmp_path, **texts)


def test_a_folder_without_studies_is_an_error(tmp_path):
    with pytest.raises(RunError, match="no studies"):
        study.read_folder(tmp_path)


def test_a_run_that_was_ended_early_is_told_apart_by_its_name_and_is_the_same_run():
    (planned,) = simulated.runs("3")
    whole = parsed(simulated.record_of(planned))
    early = parsed(simulated.record_of(planned, epochs=12.5, complete=False))
    assert study.identity_of(whole) == study.identity_of(early) == planned.identity
    assert records.name(whole) == planned.name
    assert records.name(early) == planned.name.replace("60epochs", "12.5of60epochs")
    assert planned.folder == planned.name.replace("60epochs-", "")
    assert study.identity_of(dataclasses.replace(whole, epochs=61.0)) != planned.identity


def test_a_step_compiled_by_xla_is_a_condition_of_a_run_and_not_another_run():
    (planned,) = simulated.runs("3")
    recipe = dataclasses.replace(planned.config.recipe, jit_compile=True)
    compiled = study.Planned(dataclasses.replace(planned.config, recipe=recipe))
    assert (compiled.identity, compiled.name, compiled.folder) == (planned.identity, planned.name, planned.folder)
