"""`python -m gan_repro.tables` as a user types it: exit codes, one line of error, and files that come out the same."""

import json
import subprocess
import sys

import pytest
import support
from PIL import Image
from support.records import make_manifest, make_record, make_run, measurement

from gan_repro import publish, tables
from gan_repro.papers import configuration
from gan_repro.reporting import summary
from gan_repro.system.errors import RunError


def epochs_of(config):
    """Over all phases."""
    return getattr(config.recipe, "total_epochs", config.recipe.epochs)


def record(seed=0, preset="quick", dataset="mnist", value=150.0):
    config = configuration.resolve(configuration.find("goodfellow2014"), dataset, preset=preset, seed=seed)
    rows, epochs = [measurement(value, dataset=dataset)], epochs_of(config)
    content = make_record(seed, rows, {}, dataset, preset, epochs, "goodfellow2014", config.model)
    content["manifest"] = make_manifest(seed, name=dataset)
    content["curves"] = {
        "training": {"epoch": [1, 2], "d_loss": [0.5, 0.4], "g_loss": [1.0, 1.5]},
        "validation": {"last": {"epoch": [2], "value": [140.0]}},
    }
    return content | {"config": config.as_dict()}


def swept(content, top):
    """The record with a sweep in its first measurement that peaks at `top`."""
    values = [[top - 50.0, top - 60.0, top - 70.0], [top - 20.0, top, top - 30.0]]
    sweep = {
        "sigma": [0.1, 0.167, 0.3],
        "n_samples": [100, 10_000],
        "n_test": 10_000,
        "value": values,
        "chosen_sigma": [[0.1], [0.167]],
        "chosen_value": [top - 50.0, top],
    }
    content["measurements"][0]["sweep"] = sweep
    return content


def stand_ins(dataset="mnist", preset="paper", sha256="0", space=None):
    """A record of theis2015."""
    config = configuration.resolve(configuration.find("theis2015"), dataset, preset=preset).as_dict()
    content = record(dataset="mnist", value=240.0)
    content |= {key: config[key] for key in ("experiment", "dataset", "model", "preset", "seed")} | {
        "config": config,
        "epochs": 0,
    }
    content["manifest"]["data"]["sha256"] = sha256
    content["measurements"][0] |= {"weights": None, "reference": "training images", "dataset": dataset, "space": space}
    return swept(content | {"curves": {"training": {}, "validation": {}}}, 240.0)


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    return folder


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def command(*arguments):
    words = [sys.executable, "-m", "gan_repro.tables", *arguments]
    return subprocess.run(words, cwd=support.ROOT, capture_output=True, text=True, timeout=300)


@pytest.mark.e2e
def test_the_real_command_adds_regenerates_and_regenerates_the_same_bytes(tmp_path, results):
    made = [swept(record(0), 150.0), record(1, value=151.0), stand_ins()]
    runs = [make_run(tmp_path / f"run{index}", content) for index, content in enumerate(made)]
    done = command(f"--results={results}", *(f"--add={run}" for run in runs))
    assert (done.returncode, done.stderr) == (0, "")
    first = contents(results)
    stem = "goodfellow2014-mnist-quick-25epochs-seed"
    assert {
        f"records/{stem}0.json",
        f"records/{stem}1.json",
        "table1.md",
        "table1.csv",
        "table1.tex",
        "index.html",
        f"figures/{stem}0-training.png",
        "figures/goodfellow2014-mnist-log-likelihood.png",
        "figures/goodfellow2014-mnist-sweep.png",
        "figures/theis2015-mnist-sweep.png",
    } <= set(first)
    assert "150.5 ± 2.0 SE ± 0.71 SD (2 seeds; σ .167, n 10,000)" in first["table1.md"].decode()
    assert not any(name.split("/")[-1].startswith(".") for name in first)  # no temporary file is left
    for name in first:
        if not name.startswith("records/"):
            (results / name).unlink()
    assert tables.main(["tables", f"--results={results}"]) == 0  # in another process, from the records alone
    assert contents(results) == first


def test_adding_twice_changes_nothing(tmp_path, results):
    run = make_run(tmp_path / "run", record())
    arguments = ["tables", f"--results={results}", f"--add={run}"]
    assert tables.main(arguments) == 0
    first = contents(results)
    assert tables.main(arguments) == 0 and contents(results) == first


def test_sweeps_stand_beside_those_of_the_same_images_in_the_same_space(tmp_path, results, monkeypatch):
    drawn, firsts = {}, {}

    def draw(path, sweeps, title, published, against_sigma):
        firsts[path.name] = against_sigma
        drawn[path.name] = [(label, len(members)) for label, members in sweeps], title, [n.value for n in published]

    monkeypatch.setattr(publish.likelihood, "parzen_sweep", draw)
    last, faces = swept(record(1), 140.0), swept(record(0, "quick", "npz:faces.npz"), 90.0)
    last["measurements"][0]["weights"] = "last"
    faces["manifest"]["data"] |= {"title": "faces.npz", "sha256": "1"}
    cifar = stand_ins("cifar10", sha256="2", space="contrast-normalised to norm 55")
    pixels = stand_ins("cifar10", sha256="2")
    pixels["config"]["recipe"]["contrast_norm"] = 99.0  # its place is behind the other's
    for content in (cifar, pixels):
        content["manifest"]["data"]["title"] = "CIFAR-10"
    checks = [cifar, pixels, stand_ins(), stand_ins(preset="quick"), stand_ins("npz:faces.npz")]
    made = [swept(record(0), 150.0), last, faces, *checks]
    runs = [make_run(tmp_path / f"run{index}", content) for index, content in enumerate(made)]
    assert tables.main(["tables", f"--results={results}", *(f"--add={run}" for run in runs)]) == 0
    images = ("training images in place of samples", 1)
    about = "Parzen log-likelihood against σ and the number of samples"
    assert drawn["goodfellow2014-mnist-sweep.png"] == (
        [("quick preset, 25 epochs", 1), ("quick preset, 25 epochs, last weights", 1), images],
        f"Adversarial nets on MNIST: {about}",
        [225],
    )
    assert drawn["goodfellow2014-npz_faces-sweep.png"] == (
        [(f"quick preset, {faces['epochs']} epochs", 1)],
        f"Adversarial nets on faces.npz: {about}",
        [],
    )
    assert drawn["theis2015-mnist-sweep.png"][0] == [images, (f"{images[0]}, quick preset", 1)]
    assert drawn["theis2015-cifar10-sweep.png"] == (
        [images],
        f"Parzen sanity on CIFAR-10, contrast-normalised to norm 55: {about}",
        [],
    )
    names = [f"goodfellow2014-{name}" for name in ("mnist", "npz_faces")]
    names += [f"theis2015-{name}" for name in ("mnist", "cifar10", "npz_faces")]
    assert set(drawn) == {f"{name}-sweep.png" for name in names}
    assert firsts["goodfellow2014-mnist-sweep.png"] == "quick preset, 25 epochs"


def test_sweeps_of_other_data_of_the_same_name_do_not_share_a_figure(tmp_path, results, monkeypatch):
    drawn = []
    monkeypatch.setattr(publish.likelihood, "parzen_sweep", lambda path, sweeps, *rest: drawn.append((path.name, len(sweeps))))
    made = [swept(record(0, "quick", f"npz:/d{digit}/faces.npz"), 90.0) for digit in (1, 2)]
    for digit, content in enumerate(made, start=1):
        content["manifest"]["data"]["sha256"] = f"{digit}" * 64
    runs = [make_run(tmp_path / f"run{index}", content) for index, content in enumerate(made)]
    assert tables.main(["tables", f"--results={results}", *(f"--add={run}" for run in runs)]) == 0
    assert sorted(drawn) == [(f"goodfellow2014-npz_faces-{digits}-sweep.png", 1) for digits in ("1" * 8, "2" * 8)]
    names = {path.name for path in (results / "figures").glob("*log-likelihood.png")}
    assert names == {f"goodfellow2014-npz_faces-{digits}-log-likelihood.png" for digits in ("1" * 8, "2" * 8)}


def test_a_sweep_of_several_seeds_says_which_of_them_is_drawn_against_sigma(tmp_path, results, monkeypatch):
    said = []
    monkeypatch.setattr(publish.likelihood, "parzen_sweep", lambda path, sweeps, *rest: said.append((sweeps[0][0], rest[-1])))
    runs = [make_run(tmp_path / f"run{seed}", swept(record(seed), 150.0)) for seed in (1, 3)]
    assert tables.main(["tables", f"--results={results}", *(f"--add={run}" for run in runs)]) == 0
    assert said == [("quick preset, 25 epochs, 2 seeds", "quick preset, 25 epochs, seed 1")]


def test_without_records_the_tables_say_not_run(results):
    assert tables.main(["tables", f"--results={results}"]) == 0
    assert "not run" in (results / "table1.md").read_text()


@pytest.mark.parametrize(
    "content, words",
    [
        (record(preset="smoke"), "smoke"),
        (record(dataset="glyphs"), "glyphs"),
        (json.dumps(record())[:300], "not JSON"),
        ({**record(), "seed": "zero"}, "seed"),
    ],
)
def test_refusals_are_1_and_change_nothing(content, words, tmp_path, results, capsys):
    good, bad = make_run(tmp_path / "good", record()), make_run(tmp_path / "bad", content)
    assert tables.main(["tables", f"--results={results}", f"--add={good}", f"--add={bad}"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("error: ") and err.count("\n") == 1 and words in err
    assert contents(results) == {}


def test_what_shows_images_that_are_not_ours_is_not_added(tmp_path, results):
    run = make_run(tmp_path / "run", record())
    for name in ("samples-best.png", "curves.png", "real-images/samples-best.png"):
        (run / "figures" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (2, 2)).save(run / "figures" / name)
    assert tables.main(["tables", f"--results={results}", f"--add={run}"]) == 0
    names = {path.name for path in (results / "figures").rglob("*")}
    stem = "goodfellow2014-mnist"
    assert names == {f"{stem}-quick-25epochs-seed0-{kind}.png" for kind in ("samples-best", "training")} | {
        f"{stem}-log-likelihood.png"
    }


@pytest.mark.parametrize(
    "checks, level",
    [
        ([], None),
        ([stand_ins()], 240.0),
        ([stand_ins(preset="quick"), stand_ins()], 240.0),
        ([stand_ins(sha256="1")], None),
        ([stand_ins(space="contrast-normalised to norm 55")], None),
    ],
)
def test_training_images_in_place_of_samples_are_those_of_the_same_data_in_the_same_space(
    checks, level, tmp_path, results, monkeypatch
):
    drawn = []
    monkeypatch.setattr(publish.likelihood, "log_likelihood_curves", lambda *arguments: drawn.append(arguments[-1]))
    monkeypatch.setattr(publish.curves, "training_curves", lambda path, curves, title, *rest: drawn.append(title))
    if len(checks) > 1:
        checks[0]["measurements"][0]["value"] = 99.0  # of the quick preset
    runs = [make_run(tmp_path / f"run{index}", content) for index, content in enumerate([record(), *checks])]
    assert tables.main(["tables", f"--results={results}", *(f"--add={run}" for run in runs)]) == 0
    assert drawn == ["Adversarial nets on MNIST: quick preset, 25 epochs, seed 0", level]


def test_a_damaged_record_leaves_the_old_tables(tmp_path, results, capsys):
    run = make_run(tmp_path / "run", record())
    assert tables.main(["tables", f"--results={results}", f"--add={run}"]) == 0
    (results / "records" / "zz.json").write_text('{"schema": 2}')
    before = contents(results)
    assert tables.main(["tables", f"--results={results}"]) == 1
    assert "zz.json is damaged: the field experiment is missing" in capsys.readouterr().err
    assert contents(results) == before


@pytest.mark.parametrize("where", ["investigation", "overview"])
def test_a_page_that_cannot_be_made_leaves_all_others(where, tmp_path, results, monkeypatch):
    run = make_run(tmp_path / "run", record())
    assert tables.main(["tables", f"--results={results}", f"--add={run}"]) == 0
    before = contents(results)
    (results / "records" / "more.json").write_text(json.dumps(record(1, value=170.0)))

    def broken(*rest):
        raise RunError("no such page")

    monkeypatch.setattr(getattr(publish, where), "markdown", broken)
    assert tables.main(["tables", f"--results={results}"]) == 1
    after = contents(results)
    del after["records/more.json"]
    assert after == before


def test_a_readme_of_another_project_is_not_replaced(tmp_path, capsys):
    run = make_run(tmp_path / "run", record())
    project = tmp_path / "project"
    project.mkdir()
    (project / "README.md").write_bytes(b"# Mine\n\xff")
    for more in ([], [f"--add={run}"]):
        assert tables.main(["tables", f"--results={project}", *more]) == 1
        err = capsys.readouterr().err
        assert err.count("\n") == 1 and "README.md is no page of this program" in err and "--results=DIR" in err
    with pytest.raises(RunError, match="no page of this program"):
        publish.regenerate(project, [])
    assert contents(project) == {"README.md": b"# Mine\n\xff"}


@pytest.fixture
def readme(results):
    """The path of the README.md beside `results`, which has a place for the table."""
    path = results.parent / "README.md"
    path.write_bytes(f"# Mine\r\n{summary.BEGIN}\n{summary.END}\nMore.\n".encode())
    return path


def test_the_readme_beside_gets_the_table_and_another_one_stays(results, readme):
    assert tables.main(["tables", f"--results={results}"]) == 0
    text = readme.read_bytes().decode()
    assert text.startswith("# Mine\r\n") and text.endswith("\nMore.\n") and "| Paper | What |" in text
    readme.write_bytes(b"# Another's\xff\n")
    assert tables.main(["tables", f"--results={results}"]) == 0
    assert readme.read_bytes() == b"# Another's\xff\n"


@pytest.mark.parametrize(
    "content, words",
    [
        (f"{summary.BEGIN}\nand no end".encode(), summary.END),
        (f"{summary.BEGIN}\n\xff{summary.END}".encode("latin-1"), "utf-8"),
    ],
)
def test_a_damaged_place_in_the_readme_is_one_line_and_nothing_is_written(content, words, results, readme, capsys):
    readme.write_bytes(content)
    assert tables.main(["tables", f"--results={results}"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "README.md" in err and words in err
    assert contents(results) == {} and readme.read_bytes() == content


def test_findings_stand_on_the_page_of_all_papers_and_their_mistakes_leave_it(tmp_path, results, capsys):
    run = make_run(tmp_path / "run", record())
    (results / "findings").mkdir()
    prose = results / "findings" / "table1.md"
    place = "goodfellow2014-mnist-quick-25epochs-seed0 | parzen_log_likelihood | best"
    prose.write_text(f"* It has {{{place}}} nats.\n", encoding="utf-8")
    assert tables.main(["tables", f"--results={results}", f"--add={run}"]) == 0
    assert "\n* It has 150.0 nats.\n" in (results / "README.md").read_text(encoding="utf-8")
    prose.write_text("* It has 150.0 nats.\n", encoding="utf-8")
    before = contents(results)
    assert tables.main(["tables", f"--results={results}"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "table1.md, line 1" in err and contents(results) == before


@pytest.mark.slow
@pytest.mark.e2e
def test_the_real_command_helps():
    helped = command("--help")
    assert helped.returncode == 0 and "--results=RESULTS" in helped.stdout and helped.stderr == ""
