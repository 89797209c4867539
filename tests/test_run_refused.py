"""Runs that cannot begin: one line that says why, and the folder as it was."""

import json

import pytest
from support.programs import TINY, G, contents
from support.tiny_runs import one_line

from gan_repro import evaluate, run
from gan_repro.papers import configuration
from gan_repro.system import files

FOREIGN = [
    ("config.json", '{"theme": "dark"}', "has no experiment"),
    ("config.json", "[1, 2]", "has no experiment"),
    ("config.json", "// a comment", "not JSON"),
    ("manifest.json", '{"name": "my app"}', "has no data"),
    ("metrics.csv", "day,visitors\n1,2\n", "stage, epoch, step"),
    ("metrics.csv", "stage,epoch,step\n", "no config.json"),
    ("generator.weights.h5", "mine", "no config.json"),
    ("discriminator.weights.h5", "mine", "no config.json"),
    ("samples/epoch-00005.png", "mine", "no config.json"),
    ("figures/plot.png", "mine", "no config.json"),
]


@pytest.mark.parametrize("arguments", [[], ["--set=batch_size=60000"]])
@pytest.mark.parametrize(("name", "content", "words"), FOREIGN)
def test_a_folder_with_files_of_its_own_is_no_run_s(name, content, words, arguments, here, capsys):
    (here / name).parent.mkdir(exist_ok=True)
    (here / name).write_text(content)
    (here / "notes.txt").write_text("mine")
    before = contents(here)
    line = ["run", G, "--dataset=gaussian1d", "--preset=smoke", f"--workdir={here}", *arguments]
    assert run.main(line) == 1
    out, err = capsys.readouterr()
    assert out == "" and f"holds a {name} that is no run's" in one_line(err) and words in err and "--workdir" in err
    assert contents(here) == before


def test_what_a_failed_run_found_stays(here, capsys):
    line = ["run", G, "--dataset=gaussian1d", "--preset=smoke", "--set=batch_size=60000", f"--workdir={here}"]
    config = configuration.resolve(configuration.find("goodfellow2014"), "gaussian1d", preset="smoke").as_dict()
    files.write_json(here / "config.json", config)  # as a run that was killed before its first checkpoint leaves it
    (here / "notes.txt").write_text("mine")
    assert run.main(line) == 2
    one_line(capsys.readouterr().err)
    assert set(contents(here)) == {"config.json", "notes.txt"}
    (here / "config.json").unlink()
    assert run.main(line) == 2
    assert set(contents(here)) == {"notes.txt"}


@pytest.mark.e2e
def test_a_run_that_could_not_begin_does_not_stand_in_the_corrected_ones_way(tiny, here, capsys):
    arguments = ["run", G, f"--dataset=npz:{tiny}", *TINY, "--epochs=1"]
    assert run.main([*arguments, "--set=batch_size=241"]) == 2
    assert run.main([*arguments, "--set=batch_size=240"]) == 0


def test_mnist_was_asked_for_and_cannot_be_had(here, monkeypatch, capsys):
    """TFDS is not even asked for it: it would try for over three minutes."""
    import tensorflow_datasets as tfds

    monkeypatch.setattr(tfds, "builder", lambda *args, **kwargs: pytest.fail("TFDS was asked"))
    (here / "empty").mkdir()
    assert run.main(["run", G, "--dataset=mnist", "--preset=smoke", f"--data_dir={here / 'empty'}"]) == 1
    out, err = capsys.readouterr()
    assert all(word in one_line(err) for word in ("MNIST", "--dataset=glyphs", "--data_dir", "TFDS_DATA_DIR"))
    assert "NOTE" not in out and [path.name for path in here.rglob("*")] == ["empty"]


PLAIN = configuration.resolve(configuration.find("goodfellow2014")).as_dict()


@pytest.mark.parametrize(
    "config, words",
    [
        (None, "holds no run: it has no config.json"),
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ('{"experiment": "goodfellow2014"}', "does not fit"),
        (PLAIN | {"experiment": "gone"}, "unknown experiment 'gone'"),
        (PLAIN | {"dataset": "gone"}, "unknown dataset 'gone'"),
        (PLAIN | {"seed": "zero"}, "does not fit"),
        (PLAIN | {"model": "gone"}, "unknown model 'gone'"),
        (PLAIN | {"model": "line"}, "not for mnist"),
        ({key: value for key, value in PLAIN.items() if key != "model"}, "does not fit"),
        (PLAIN | {"recipe": {"gone": 1}}, "gone"),
        (PLAIN | {"recipe": PLAIN["recipe"] | {"epochs": 0}}, "epochs = 0"),
        (PLAIN | {"recipe": PLAIN["recipe"] | {"epochs": "two"}}, "does not fit"),
    ],
)
def test_evaluating_what_is_no_run(config, words, here, capsys):
    if config is not None:
        (here / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    before = contents(here)
    assert evaluate.main(["evaluate", f"--workdir={here}"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and words in one_line(err) and contents(here) == before
