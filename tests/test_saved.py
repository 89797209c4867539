"""Every class of ours that a saved Keras model can hold: registered under the package's name, saved, and read again."""

import importlib
import inspect
import json
import pkgutil
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import ROOT

import experiments
import gan_repro
from gan_repro import saved
from gan_repro.networks import constraints, initial, layers, minibatch, norms, reparametrised, tied, weights
from gan_repro.system import randomness
from gan_repro.training import optimizers

KINDS = (
    keras.layers.Layer,
    keras.initializers.Initializer,
    keras.constraints.Constraint,
    keras.regularizers.Regularizer,
    keras.losses.Loss,
    keras.metrics.Metric,
    keras.optimizers.Optimizer,
    keras.optimizers.schedules.LearningRateSchedule,
)
# No layers: what others are made of; and the benchmark's peer, whose models nobody saves
NOT_SAVED = {"Configured", "Reparametrised", "WeightNorm", "SpectralNorm", "Gan"}


def ours():
    """{name: class} of all that could be in a saved model, in every module of the library and of the experiments."""
    found = {}
    for package in (gan_repro, experiments):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "__main__" in module.name or "torch" in module.name:
                continue
            for _, each in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                if issubclass(each, KINDS) and each.__module__.partition(".")[0] in ("gan_repro", "experiments"):
                    found[each.__name__] = each
    return {name: each for name, each in found.items() if name not in NOT_SAVED}


def start():
    return keras.initializers.RandomNormal(seed=1)


def through(shape, *made):
    x = inputs = keras.Input(shape)
    for layer in made:
        x = layer(x)
    return keras.Model(inputs, x)


def label_maps():
    image, labels = keras.Input((4, 4, 2)), keras.Input((), dtype="int32")
    maps = layers.LabelMaps((4, 4), 3, 1, False, start())([image, layers.OneHot(3)(labels)])
    return keras.Model([image, labels], maps)


def both_ways():
    x = inputs = keras.Input((5,))
    layer = tied.Tied(3, start())
    return keras.Model(inputs, layer(layer(tied.MeanImage()(x)), back=True))


def deep_gsn():
    return importlib.import_module("experiments.bengio2014.network").Layers([4, 3])


def trained_by(optimizer):
    model = through((3,), keras.layers.Dense(2, kernel_initializer=start()))
    model.compile(optimizer=optimizer, loss="mse")
    model.train_on_batch(np.ones((2, 3)), np.zeros((2, 2)))
    return model


REPARAMETRISED = {
    f"{norm}{layer}": given
    for norm in ("WeightNorm", "SpectralNorm")
    for layer, given in (("Dense", (2,)), ("Conv2D", (2, 3)), ("Conv2DTranspose", (2, 3)))
}
MODELS = {
    "Maxout": lambda: through((6,), layers.Maxout(4, 3, start(), start(), constraints.MaxColumnNorm(0.5))),
    "MaxoutConv2D": lambda: through((6, 6, 1), layers.MaxoutConv2D(2, 2, 3, 1, start())),
    "CeilMaxPool2D": lambda: through((5, 5, 1), layers.CeilMaxPool2D(2, 2)),
    "OneHot": label_maps,
    "LabelMaps": label_maps,
    "UntiedBias": lambda: through((5, 5, 1), layers.UntiedBias()),
    "Dropout": lambda: through((6,), layers.Dropout(0.5, 2.0, always=True)),
    "GaussianNoise": lambda: through((6,), layers.GaussianNoise(0.5)),
    "MinibatchDiscrimination": lambda: through((6,), minibatch.MinibatchDiscrimination(3, 2, start())),
    "MaxColumnNorm": lambda: through((6,), keras.layers.Dense(3, kernel_constraint=constraints.MaxColumnNorm(0.5))),
    "WeightClip": lambda: through((6,), keras.layers.Dense(3, kernel_constraint=constraints.WeightClip(0.5))),
    "Sparse": lambda: through((6,), keras.layers.Dense(3, kernel_initializer=initial.Sparse(2, 0.5))),
    "Tied": both_ways,
    "MeanImage": both_ways,
    "Layers": lambda: through((5,), deep_gsn()),
    "InstanceNorm": lambda: through((5, 5, 2), norms.InstanceNormalisation().layer("norm")),
    "ExponentialDecay": lambda: trained_by(optimizers.MomentumSGD(optimizers.ExponentialDecay(0.1, 1.5, 0.01), 0.5)),
    "LinearDecay": lambda: trained_by(optimizers.RMSprop(optimizers.LinearDecay(0.1, 1, 2, 3))),
    "Times": lambda: trained_by(optimizers.RMSprop(optimizers.Times(2.0, optimizers.LinearDecay(0.1, 1, 2, 3)))),
    "LinearMomentum": lambda: trained_by(optimizers.MomentumSGD(0.1, optimizers.LinearMomentum(0.5, 0.7, 3, 2))),
    "MomentumSGD": lambda: trained_by(optimizers.MomentumSGD(0.1, 0.5)),
    "Adam": lambda: trained_by(optimizers.Adam(0.1, beta_1=0.5)),
    "RMSprop": lambda: trained_by(optimizers.RMSprop(0.1, 0.7, 1e-3)),
} | {
    name: lambda name=name, given=given: through(
        (4, 4, 2) if len(given) > 1 else (6,),
        getattr(reparametrised, name.replace("Norm", ""))(*given, kernel_initializer=start()),
    )
    for name, given in REPARAMETRISED.items()
}


def given(model):
    """Inputs of a model, the same at each call."""
    rng = np.random.default_rng(0)
    drawn = [
        tf.constant(rng.integers(0, 3, (4, *each.shape[1:])), each.dtype)
        if "int" in each.dtype
        else tf.constant(rng.normal(size=(4, *each.shape[1:])), tf.float32)
        for each in model.inputs
    ]
    return drawn if len(drawn) > 1 else drawn[0]


def output(model):
    with randomness.network_call(randomness.seed_pair(0, 0, randomness.SAMPLE)):
        return np.asarray(model(given(model)))


def test_every_class_is_registered_and_tried():
    found = ours()
    assert found.keys() == MODELS.keys()
    for name, each in found.items():
        assert keras.saving.get_registered_name(each) == f"gan_repro>{name.lstrip('_')}"


def test_one_import_registers_all_of_the_library():
    there = {name for name, each in ours().items() if each.__module__.startswith("gan_repro.")}
    registered = {each.__name__ for module in saved.MODULES for _, each in inspect.getmembers(module, inspect.isclass)}
    assert there <= registered


@pytest.mark.parametrize("name", MODELS)
def test_a_saved_model_is_read_without_custom_objects(name, tmp_path):
    model = MODELS[name]()
    for i, weight in enumerate(model.weights):  # none as it begins
        weight.assign(weight + 0.125 * (i + 1))
    model.save(tmp_path / "model.keras")
    found = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(output(found), output(model))
    assert [type(each) for each in found.layers] == [type(each) for each in model.layers]
    assert json.dumps(found.get_config()) == json.dumps(model.get_config())
    if getattr(model, "optimizer", None) is not None:
        assert type(found.optimizer) is type(model.optimizer)
        assert found.optimizer.get_config() == model.optimizer.get_config()
        for mine, other in zip(found.optimizer.variables, model.optimizer.variables, strict=True):
            np.testing.assert_array_equal(mine.numpy(), other.numpy())
        for each in (model, found):  # both go on alike
            each.train_on_batch(np.ones((2, 3)), np.zeros((2, 2)))
        np.testing.assert_array_equal(output(found), output(model))


@pytest.mark.parametrize("name", REPARAMETRISED)
def test_files_of_weights_hold_every_weight_of_a_reparametrised_layer(name, tmp_path):
    model, other = MODELS[name](), MODELS[name]()
    for i, weight in enumerate(model.weights):
        weight.assign(weight + 0.125 * (i + 1))
    weights.write(model, tmp_path / "a.weights.h5")
    weights.read(other, tmp_path / "a.weights.h5")
    for mine, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.slow
@pytest.mark.e2e
def test_a_fresh_process_reads_it_after_one_import(tmp_path):
    model = through((6,), layers.Maxout(4, 3, start(), start(), constraints.MaxColumnNorm(0.5)), layers.UntiedBias())
    model.compile(optimizer=optimizers.MomentumSGD(0.1, 0.5))
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "x.npz", x=given(model).numpy(), y=output(model))
    code = (
        "import numpy as np; from gan_repro import saved; import keras; import sys; "
        "a = np.load(sys.argv[1] + '/x.npz'); found = keras.saving.load_model(sys.argv[1] + '/model.keras'); "
        "print(np.abs(found(a['x']).numpy() - a['y']).max() == 0)"
    )
    words = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == "True", done.stderr
