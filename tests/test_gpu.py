"""On a GPU, where there is one: the step against the same one on the CPU, its bits, XLA, memory; rows of the benchmark.

`python -m pytest -m gpu -rs` runs these alone; without a GPU they skip.
"""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from support import ROOT, noise

from gan_repro.system import files

STEPS = 10
GAMES = [("goodfellow2014", "mnist", "mnist"), ("dcgan", "mnist", "mnist"), ("wgan", "dcgan", "mnist")]
TOLERANCE = 1e-3  # of the norm of a player's weights: sums in another order, over STEPS updates

pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def gpu():
    """The first GPU; skips where there is none."""
    found = tf.config.list_logical_devices("GPU")
    if not found:
        pytest.skip("needs a GPU, which TensorFlow sees (pip install -e '.[gpu]'); none is here")
    return found[0]


def played(game, device=None, **fields):
    """(the first stage's game after STEPS minibatches, its rows), on a device or where TensorFlow puts it."""
    with tf.device(device):
        _, made = next(noise.built(*game, **({"n_samples": 50, "batch_size": 20} | fields)))
        return made, noise.play(made, STEPS)


@pytest.mark.parametrize("game", GAMES, ids="-".join)
def test_a_step_gives_what_it_gives_on_a_cpu(game, gpu):
    here, there = played(game)[0], played(game, "/CPU:0")[0]
    assert all(gpu.name in weight.value.device for weight in here.network.weights)
    for name, values in noise.values(there).items():
        found = noise.values(here)[name]
        assert np.linalg.norm(found - values) <= TOLERANCE * max(1.0, np.linalg.norm(values)), name


@pytest.mark.parametrize("game", GAMES, ids="-".join)
def test_it_gives_the_same_bits_again(game):
    noise.assert_equal(noise.values(played(game)[0]), noise.values(played(game)[0]))


@pytest.mark.parametrize("game", GAMES, ids="-".join)
def test_set_back_to_an_earlier_state_it_ends_with_the_same_bits(game):
    made = played(game)[0]
    kept = noise.values(made)
    noise.play(made, STEPS)
    after = noise.values(made)
    for name, variable in made.state().items():
        variable.assign(kept[name])
    made.restored()
    noise.play(made, STEPS)
    noise.assert_equal(noise.values(made), after)


@pytest.mark.parametrize("game", GAMES, ids="-".join)
def test_xla_compiles_it(game):
    rows = played(game, jit_compile=True)[1]
    assert all(np.isfinite(values.compressed()).all() for values in rows.values())


def test_a_gpus_memory_grows_as_it_is_needed():
    devices = tf.config.list_physical_devices("GPU")
    assert all(tf.config.experimental.get_memory_growth(device) for device in devices)


def test_every_experiment_and_model_is_trained_and_measured(tmp_path):
    """One after the other: several on one GPU would wait for its memory."""
    words = ["--preset=smoke", "--workers=1", f"--workdir={tmp_path / 'queue'}"]
    done = subprocess.run([sys.executable, "-m", "gan_repro.reproduce", *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rows_of_the_benchmark_are_written():
    """Into runs/benchmark-gpu: the training steps, on this GPU, beside those of the peers that are installed."""
    from gan_repro.benchmark import __main__ as program

    place = ROOT / "runs" / "benchmark-gpu"
    assert program.main(["benchmark", "--only=steps", f"--results={place}"]) == 0
    written = files.read_json(place / "benchmark.json")
    ours = [row for row in written["rows"] if row["name"].startswith("ours, ")]
    assert written["conditions"]["device"] != "CPU" and ours and all(row["seconds"] for row in ours)
    assert (place / "benchmark.md").exists()
