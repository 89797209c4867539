"""gan_repro.export: files that need nothing of ours give the same images."""

import hashlib
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
from support import games, programs

from gan_repro import export, shipped
from gan_repro.latent import priors, sampling
from gan_repro.latent.chains import Chain
from gan_repro.networks import convolutional, layers, mlp, norms, portable
from gan_repro.runs import trained
from gan_repro.system import randomness
from gan_repro.system.errors import UsageError

# Reads a file in a process that cannot import this package, and writes what it makes of the inputs in in.npz.
READ = """
import importlib.util, sys
import numpy as np
assert importlib.util.find_spec("gan_repro") is None
place, form = sys.argv[1:]
given = [np.load("in.npz")[name] for name in np.load("in.npz")]
whole = given if len(given) > 1 else given[0]
if form == "keras":
    import keras
    images = keras.models.load_model(place)(whole)
else:
    import tensorflow as tf
    loaded = tf.saved_model.load(place)  # kept: `serve` alone does not hold its weights
    images = loaded.serve(whole)
np.save("out.npy", np.asarray(images))
"""


def images_of(network, made, n=8):
    """(images of a generator, the inputs of its copy that are to give the same)."""
    prior = priors.Prior("gaussian", network.inputs[0].shape[1])
    given = [sampling.draw(prior, n, 0)]
    if len(network.inputs) > 1:
        given.append(np.arange(n, dtype=np.int32) % network.get_layer("one_hot").classes)
    pair = randomness.seed_pair(0, 0, randomness.SAMPLE)
    with randomness.network_call(pair):
        wanted = np.asarray(network(given if len(given) > 1 else given[0], training=False))
    return wanted, given + portable.uniform_inputs(made, n, pair)


def small(always):
    """A conditional generator with label maps and dropout; its weights are no identity."""
    keras.utils.set_random_seed(1)
    z, labels = keras.Input((5,), name="z"), keras.Input((), dtype="int32", name="labels")
    one_hot = layers.OneHot(3, name="one_hot")(labels)
    x = keras.layers.Dense(2 * 2 * 4, "relu")(keras.layers.Concatenate()([z, one_hot]))
    x = layers.Dropout(0.5, 2.0, always=always)(x)
    x = keras.layers.Reshape((2, 2, 4))(x)
    y = keras.layers.Conv2DTranspose(2, 5, 2, "same")(x)
    y = layers.LabelMaps((2, 2), 5, 2, True, "random_normal", name="maps")([y, one_hot])
    y = layers.Dropout(0.7, 1.0, always=always)(keras.layers.BatchNormalization()(y))
    return keras.Model([z, labels], keras.layers.Activation("sigmoid")(y))


@pytest.mark.parametrize("always", [False, True])
def test_a_copy_of_kerass_own_layers_gives_the_same_images(always):
    network = small(always)
    made = portable.portable(network)
    assert {type(layer).__module__.partition(".")[0] for layer in made.layers} == {"keras"}
    assert [each.name for each in made.inputs] == ["z", "labels", *(["uniform_0", "uniform_1"] if always else [])]
    wanted, given = images_of(network, made)
    np.testing.assert_allclose(np.asarray(made(given)), wanted, atol=1e-6)
    before = [weight.numpy() for weight in network.weights]
    for weight in made.trainable_weights:
        weight.assign(weight + 1)
    assert all((a == b.numpy()).all() for a, b in zip(before, network.weights))  # they share nothing


def moved(network):
    """`network`, every weight of it moved a little: none is as it began."""
    rng = np.random.default_rng(2)
    for weight in network.weights:
        weight.assign(weight + np.abs(rng.normal(0, 0.1, weight.shape)))
    return network


@pytest.mark.parametrize("norm", ["batch", "instance", "layer", "weight", "spectral", "none", "a bias for every pixel"])
def test_normalisations_and_biases_are_folded_where_keras_has_none(norm):
    keras.utils.set_random_seed(1)
    if norm == "a bias for every pixel":
        network = mlp.deconvolution_generator(5, [(18, "sigmoid")], 3, 4, 2, 2, 0.5, 0.5)
        assert any(isinstance(layer, layers.UntiedBias) for layer in network.layers)
    else:
        made = norms.of(norm).of_generator()
        network = convolutional.generator(6, (8, 8, 1), (4, 3), (2, 2), 3, base_by_channel=True, **made)
    network = moved(network)
    made = portable.portable(network)
    assert {type(layer).__module__.partition(".")[0] for layer in made.layers} == {"keras"}
    wanted, given = images_of(network, made)
    np.testing.assert_allclose(np.asarray(made(given[0])), wanted, atol=1e-6)
    assert len(np.unique(wanted)) > 100


def test_a_layer_without_counterpart_is_refused(digits):
    with pytest.raises(UsageError, match="Maxout"):
        portable.portable(games.build(digits).discriminator.network)


def played_elsewhere(path, form, given, folder):
    """What a process without this package makes of a file."""
    np.savez(folder / "in.npz", *given)
    (folder / "read.py").write_text(READ)
    command = [sys.executable, "-I", "read.py", str(path), form]
    # Where the package is installed in place its finder stands in site-packages: packages come by their path alone.
    packages = [place for place in sys.path if place.endswith("site-packages")]
    code = f"import sys; sys.path[:0] = {packages!r}; sys.argv = {command[2:]!r}; exec(open('read.py').read())"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return np.load(folder / "out.npy")


CASES = [(*key, form) for key in shipped.folders() for form in ("keras", "savedmodel")]


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("name", "dataset", "form"),
    [pytest.param(*case, marks=[] if case[0::2] == ("goodfellow2014", "keras") else pytest.mark.slow) for case in CASES],
)
def test_in_a_process_without_this_package_a_file_gives_the_same_images(name, dataset, form, tmp_path):
    run = shipped.load(name, dataset, tmp_path)
    network = run.generator(run.kinds()[0])
    path = tmp_path / f"g{export.SUFFIXES[form]}"
    assert export.write(network, run.prior(), path, form) <= export.TOLERANCE
    wanted, given = images_of(network, portable.portable(network))
    np.testing.assert_allclose(played_elsewhere(path, form, given, tmp_path), wanted, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "dataset"), list(shipped.folders()))
def test_onnx_gives_the_same_images(name, dataset, tmp_path):
    for needed in ("onnx", "tf2onnx", "onnxruntime"):
        pytest.importorskip(needed)
    run = shipped.load(name, dataset, tmp_path)
    assert export.write(run.generator(run.kinds()[0]), run.prior(), tmp_path / "g.onnx", "onnx") <= export.TOLERANCE


def test_chains_are_no_function_of_z(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(trained.Finished, "prior", lambda run: Chain(**dict.fromkeys(["start", "step", "image"], print)))
    assert export.main(["export", "--experiment=goodfellow2014"]) == 2
    err = capsys.readouterr().err
    assert "Markov chain" in err and "gan_repro.sample" in err and err.count("\n") == 1 and not list(tmp_path.iterdir())


def test_what_reads_otherwise_is_not_written(tmp_path, monkeypatch):
    run = shipped.load("goodfellow2014", None, tmp_path)
    path = tmp_path / "g.keras"
    path.write_text("old")
    monkeypatch.setattr(export, "_difference", lambda *given: float("nan"))
    assert export.main(["export", "--experiment=goodfellow2014", f"--out={path}"]) == 1
    assert path.read_text() == "old" and [each.name for each in tmp_path.iterdir()] == ["g.keras"]
    del run


@pytest.mark.slow
@pytest.mark.e2e
def test_as_a_process_it_says_what_it_wrote_and_nothing_else(tmp_path):
    words = [sys.executable, "-m", "gan_repro.export", "--experiment=wgan"]
    done = subprocess.run(words, cwd=tmp_path, env=programs.environment(), capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, ""), "TensorFlow's chatter, or a warning"
    (path,) = tmp_path.glob("runs/*/*.keras")
    assert done.stdout.splitlines()[-1] == f"sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}"


@pytest.mark.slow
@pytest.mark.e2e
def test_a_saved_model_gives_way_to_another_and_a_folder_of_something_else_does_not(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert export.main(["export", "--experiment=cgan", "--format=savedmodel"]) == 0
        out = capsys.readouterr().out
        # Dropout that stays on: the uniform numbers of its masks are inputs.
        assert "labels (None,), uniform_0 (None, 1200)" in out and str(tmp_path) not in out
        (listed,) = re.findall(r"sha256 (\w{64})  cgan-best-savedmodel/saved_model.pb", out)
        (pb,) = tmp_path.glob("runs/*/*/saved_model.pb")
        assert hashlib.sha256(pb.read_bytes()).hexdigest() == listed
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.glob("runs/*/*")] == [
        "runs/shipped-cgan-mnist/cgan-best-savedmodel"
    ]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").write_text("kept")
    assert export.main(["export", "--experiment=cgan", "--format=savedmodel", "--out=mine"]) == 1
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    "words, code, says",
    [
        ([], 2, "--workdir=DIR"),
        (["--experiment=cgan", "--workdir=x"], 2, "--workdir=DIR"),
        (["--experiment=cgan", "--format=kera"], 2, "keras"),
        (["--experiment=cgam"], 2, "cgan"),
        (["--experiment=cgan", "--generator=bests"], 2, "best"),
        (["--workdir=missing"], 1, "missing"),
        (["--experiment=cgan", "--out=g.txt"], 2, "keras in .keras"),
        (["--experiment=cgan", "--out=g.onnx"], 2, "keras in .keras"),
        (["--experiment=cgan", "--format=savedmodel", "--out=g.keras"], 2, "savedmodel in neither"),
    ],
)
def test_bad_input_is_one_line(words, code, says, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert export.main(["export", *words]) == code
    err = capsys.readouterr().err
    assert says in err and err.count("\n") == 1 and not list(tmp_path.iterdir())
