"""What the author of a paper's file does wrong is one line that names it, and is said before the training."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import keras
import pytest
import tensorflow as tf
from support import games, marks

from gan_repro import run, tables
from gan_repro.papers import configuration
from gan_repro.runs import runner, trained
from gan_repro.runs.workdir import Workdir
from gan_repro.system.errors import RunError, UsageError, UserError
from gan_repro.training import game, losses, schedule

pytestmark = pytest.mark.played

ROOT = Path(__file__).resolve().parent.parent

# ---- files of experiments ---------------------------------------------------------------------------------------------

BROKEN = {
    "wrongsyntax": ("def (\n", ["SyntaxError", "line 1"]),
    "wrongimport": ("\nimport no_such_module\n", ["no_such_module", "line 2"]),
    "wrongcall": ("raise SystemExit('bye')\n", ["SystemExit", "bye"]),
    "wrongempty": ("x = 1\n", ["EXPERIMENT"]),
    "wrongtype": ("EXPERIMENT = 'gan'\n", ["EXPERIMENT"]),
    "wrongname": ("from experiments.theis2015 import EXPERIMENT\n", ["theis2015", "'wrongname'"]),
}


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """The files of BROKEN among the experiments."""
    import experiments as package

    for name, (code, _) in BROKEN.items():
        (tmp_path / f"{name}.py").write_text(code)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    yield
    for name in BROKEN:
        sys.modules.pop(f"experiments.{name}", None)
        vars(package).pop(name, None)


def one_line(err):
    """Checks that stderr holds one line of error, and returns it."""
    assert err.startswith("error: ") and err.count("\n") == 1, err
    return err


@pytest.mark.parametrize("name", BROKEN)
def test_asking_for_a_broken_file_is_one_line_that_names_it(name, broken, capsys):
    assert run.main(["run", f"--experiment={name}", "--dry_run"]) == 2
    line = one_line(capsys.readouterr().err)
    assert all(word in line for word in (f"{name}.py", *BROKEN[name][1])), line


def test_a_broken_file_hides_no_other_experiment(broken, capsys):
    assert run.main(["run", "--list"]) == 0
    out, err = capsys.readouterr()
    whole = [name for name in configuration.names() if name not in BROKEN]
    assert all(f"{name}: " in out for name in whole) and not any(name in out for name in BROKEN)
    assert len(err.splitlines()) == len(BROKEN) and all(f"{name}.py" in err for name in BROKEN)
    assert run.main(["run", "--experiment=cgan", "--dry_run"]) == 0 and capsys.readouterr().err == ""


def test_tables_go_on_without_a_broken_file(broken, tmp_path, capsys):
    results = tmp_path / "results"
    results.mkdir()
    assert tables.main(["tables", f"--results={results}"]) == 0
    assert (results / "README.md").is_file()
    assert len(capsys.readouterr().err.splitlines()) == len(BROKEN)


# ---- losses -----------------------------------------------------------------------------------------------------------

MISTAKES = {
    "a vector": (losses.Term("vector", lambda play: play.d_real), "discriminator", ["vector", "(20, 1)"]),
    "nothing": (losses.Term("forgotten", lambda play: None), "generator", ["forgotten"]),
    "without D": (losses.Term("pixels", lambda play: tf.reduce_mean(play.x)), "discriminator", ["pixels"]),
    "without G": (losses.Term("real_only", lambda play: tf.reduce_mean(play.d_real)), "generator", ["real_only"]),
}


@pytest.mark.parametrize("kind", marks.slow_after(1, schedule.SCHEDULES))
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_loss_names_the_term_and_the_player(mistake, kind, digits):
    term, player, words = MISTAKES[mistake]
    terms = {"d_terms" if player == "discriminator" else "g_terms": (term,)}
    played = games.build(digits, schedule=schedule.SCHEDULES[kind](), **terms)
    with pytest.raises(UsageError) as caught:
        played.prepare()
    text = str(caught.value)
    assert all(word in text for word in (player, *words)) and "\n" not in text, text
    assert played.step == 0


def test_a_player_without_weights_may_learn_nothing(digits):
    """Stages in which one player alone learns (wgan: two_gaussians) have a G without weights, whose turn never comes."""
    plain = games.build(digits)
    shape, z = digits.spec.shape, keras.Input((5,))
    fixed, sampler = (
        keras.Model(z, keras.layers.Reshape(shape)(keras.layers.ZeroPadding1D((0, 59))(keras.layers.Reshape((5, 1))(z))))
        for _ in range(2)
    )
    played = game.AdversarialGame(
        dataclasses.replace(plain.generator, network=fixed, optimizer=keras.optimizers.SGD()),
        plain.discriminator,
        plain.prior,
        digits,
        schedule.discriminator_only(),
        20,
        0,
        sampler=sampler,
    )
    played.steps(2)
    assert played.updates == {"discriminator": 2, "generator": 0}


def test_drawing_samples_must_not_overwrite_the_player(digits):
    plain = games.build(digits)
    network = plain.generator.network
    for sampler in (network, keras.Model(network.inputs, network.outputs)):  # the second has the same weights
        with pytest.raises(UsageError, match="sampler"):
            game.AdversarialGame(
                plain.generator, plain.discriminator, plain.prior, digits, plain.schedule, 20, 0, sampler=sampler
            )


@pytest.mark.slow
@pytest.mark.e2e
def test_tensorflow_s_false_alarm_is_not_heard(tmp_path):
    """A convolution with a bias before a leaky ReLU: its compiler says E0000, and leaves the graph as it was."""
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from gan_repro.system import tensorflow_setup; tensorflow_setup.prepare()\n"
        "import support, dataclasses, keras, os; from support import games\n"
        "from gan_repro.training import game\n"
        "source = support.make_digits(); plain = games.build(source)\n"
        "images = keras.Input(source.spec.shape)\n"
        "x = keras.layers.LeakyReLU()(keras.layers.Conv2D(16, 3, 2, padding='same')(images))\n"
        "d = keras.Model(images, keras.layers.Dense(1)(keras.layers.Flatten()(x)))\n"
        "player = game.Player(d, keras.optimizers.SGD(), plain.discriminator.terms)\n"
        "with tensorflow_setup.without_chatter(): os.write(2, b'something else\\n')\n"
        "given = plain.generator, player, plain.prior, source, plain.schedule\n"
        "game.AdversarialGame(*given, 20, 0, sampler=plain.sampler).steps(2)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stderr == "something else\n", done.stderr


# ---- a whole run ------------------------------------------------------------------------------------------------------


def execute(folder, monkeypatch, short_name="", **changes):
    """Runs goodfellow2014's game on a line for a few steps, with a part of the model changed."""
    whole = configuration.find("goodfellow2014")
    model = dataclasses.replace(whole.models["line"], **changes)
    found = dataclasses.replace(whole, short_name=short_name, models={"line": model})
    settings = ["steps_per_epoch=2", "samples_every=9"]
    config = configuration.resolve(found, "gaussian1d", preset="smoke", epochs=1, settings=settings)
    monkeypatch.setattr(configuration, "find", lambda name: found)
    return runner.execute(found, config, folder)


def test_a_game_that_cannot_be_played_leaves_no_folder(tmp_path, monkeypatch):
    (phase,) = configuration.find("goodfellow2014").models["line"].phases

    def wrong(recipe, spec):
        rules = phase.game(recipe, spec)
        vector = losses.Term("vector", lambda play: play.d_generated)
        return dataclasses.replace(rules, loss=dataclasses.replace(rules.loss, generator=(vector,)))

    with pytest.raises(UserError, match="vector"):
        execute(tmp_path / "run", monkeypatch, phases=(dataclasses.replace(phase, game=wrong),))
    assert not (tmp_path / "run").exists()


def nothing(run):
    """A measure that forgets to return what it has measured."""


def test_an_evaluation_without_measurements_names_the_experiment_and_keeps_the_training(tmp_path, monkeypatch, capsys):
    whole = configuration.find("goodfellow2014")
    with pytest.raises(RunError, match="measure nothing of the experiment goodfellow2014"):
        execute(tmp_path, monkeypatch, short_name=whole.short_name, measures=(nothing,))
    workdir = Workdir(tmp_path)
    assert workdir.weights("last").exists() and not workdir.record.exists()
    monkeypatch.undo()
    runner.evaluate_again(tmp_path)
    assert workdir.record.exists() and trained.from_folder(tmp_path).experiment is whole
    out = capsys.readouterr().out
    assert f"{whole.short_name}: {whole.models['line'].title}" in out


@pytest.mark.slow
def test_a_paper_of_one_model_is_named_once(tmp_path, monkeypatch, capsys):
    execute(tmp_path, monkeypatch, short_name="WGAN-GP", title="WGAN-GP", measures=(), figures=())
    assert capsys.readouterr().out.splitlines().count("WGAN-GP") == 1
