"""The traced step against TensorFlow's own list of kernels: on a GPU nothing but a few scalars leaves it in a step.

No GPU is needed, and none is used.
"""

import ast
import collections
import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from support import games, noise
from tensorflow.python.framework import kernels

import experiments
import gan_repro
from gan_repro.benchmark import steps
from gan_repro.data import source as sources
from gan_repro.papers import configuration
from gan_repro.system import tensorflow_setup
from gan_repro.training import rules

HOST = {"PyFunc", "PyFuncStateless", "EagerPyFunc", "NumpyFunction", "PrintV2", "Print", "IteratorGetNext", "HostConst"}
SCALARS = 4  # a seed is two numbers, the place of a minibatch one
BOUNDARY = {"_Arg", "_Retval", "Placeholder", "Identity", "NoOp"}  # they stand wherever their neighbours do


def graphs(function):
    """The FuncGraphs of a concrete function and of all that it calls."""
    found, names = [function.graph], set()
    for graph in found:
        for op in graph.get_operations():
            for name in (attr.func.name for attr in op.node_def.attr.values() if attr.HasField("func")):
                if name not in names:
                    names.add(name)
                    found.append(graph._get_function(name).graph)  # as traced: with all shapes
    return found


def gpu_kernel(op):
    """The KernelDef of an op's types on a GPU, or None."""
    types = {name: attr.type for name, attr in op.node_def.attr.items() if attr.WhichOneof("value") == "type"}

    def fits(kernel):
        return all(
            types.get(constraint.name) in constraint.allowed_values.list.type
            for constraint in kernel.constraint
            if constraint.name in types
        )

    found = kernels.get_registered_kernels_for_op(op.type).kernel
    ours = [kernel for kernel in found if kernel.device_type == "GPU" and fits(kernel)]
    return next(iter(ours or [kernel for kernel in found if kernel.device_type == "DEFAULT" and fits(kernel)]), None)


def on_host(op, arguments, tensors):
    """For each of an op's inputs or outputs, whether its kernel on a GPU has it in the host's memory."""
    kernel = gpu_kernel(op)
    names = []
    for argument in arguments:
        if argument.number_attr:
            names += [argument.name] * op.get_attr(argument.number_attr)
        elif argument.type_list_attr:
            names += [argument.name] * len(op.get_attr(argument.type_list_attr))
        else:
            names.append(argument.name)
    assert len(names) == len(tensors), op.type
    return [kernel is not None and name in kernel.host_memory_arg for name in names]


def fetched(graph):
    """The tensors that a GPU's kernels compute and that others want in the host's memory: [(tensor, wanted by)]."""
    from_device = {}
    for op in graph.get_operations():
        if op.type not in BOUNDARY and op.op_def is not None:
            hosts = on_host(op, op.op_def.output_arg, op.outputs)
            from_device |= {tensor.name: tensor for tensor, host in zip(op.outputs, hosts) if not host}
    wanted = []
    for op in graph.get_operations():
        if op.type not in BOUNDARY and op.op_def is not None:
            for tensor, host in zip(op.inputs, on_host(op, op.op_def.input_arg, op.inputs)):
                if host and tensor.name in from_device and tensor.dtype != tf.resource:
                    wanted.append((tensor, op))
    return wanted


def of_constants(op):
    """Whether an op computes on nothing but constants, such as shapes: TensorFlow does that once, before the graph runs."""
    return op.type == "Const" or bool(op.inputs) and all(of_constants(tensor.op) for tensor in op.inputs)


def plays_against_another(name, model, dataset):
    """Whether a model's training is a game: a network that learns alone takes one device."""
    return all(phase.discriminator for phase in configuration.find(name).models[model].phases)


def traced(played):
    """The concrete function of many steps."""
    feed = played.source.open(0, 0, 0, played.batch_size)
    return played._play_many.get_concrete_function(feed, tf.constant(3, tf.int32))


def check(function):
    everything = graphs(function)
    assert len(everything) > 1  # the loop's body is there
    seen = collections.Counter(op.type for graph in everything for op in graph.get_operations())
    assert not HOST & set(seen), "runs on the host"
    library = {op.type for graph in everything for op in graph.get_operations() if op.op_def is None}
    for graph in everything:
        for op in graph.get_operations():
            assert op.type in BOUNDARY | library or gpu_kernel(op) is not None, f"no GPU kernel: {op.type} {op.name}"
        for tensor, op in fetched(graph):
            size = tensor.shape.num_elements()
            assert of_constants(tensor.op) or size is not None and size <= SCALARS, (tensor, op.type, op.name)
    return seen


@pytest.fixture
def with_gpu(monkeypatch):
    """The data source believes that there is a GPU: the images are in a variable."""
    there = tf.config.list_logical_devices
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind=None: ["one"] if kind == "GPU" else there(kind))


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [["averages=mean-from-5,ema-.9995"], pytest.param(["precision=mixed_bfloat16"], marks=pytest.mark.slow)],
)
def test_a_step_stays_on_the_device(with_gpu, settings):
    """No Python, no op without a GPU kernel, and no tensor but seeds, places and decisions that the host waits for."""
    found = configuration.find("goodfellow2014")
    config = configuration.resolve(found, "mnist", preset="smoke", settings=settings)
    played = rules.stages(config, steps.source(configuration.scaling_of(config), 1000))[0].build(None)
    seen = check(traced(played))
    assert seen["While"] + seen["StatelessWhile"] == 1 and any(op.startswith("StatelessRandom") for op in seen)


# The first model of each experiment: what its others add are sizes
FIRST = list({game[0]: game for game in reversed(noise.games())}.values())[::-1]
EVERY = [pytest.param(*game, id="-".join(game)) for game in FIRST]
GAMES = [pytest.param(*game, id="-".join(game)) for game in FIRST if plays_against_another(*game)]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "model", "dataset"), EVERY)
def test_the_step_of_every_experiment_has_gpu_kernels(with_gpu, name, model, dataset):
    """In every stage, each op has one for its types, and Python has no part in it."""
    for _, played in noise.built(name, model, dataset):
        check(traced(played))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "model", "dataset"), EVERY)
def test_xla_compiles_the_step_of_every_experiment(name, model, dataset):
    for _, played in noise.built(name, model, dataset, n_samples=50, batch_size=20, jit_compile=True):
        assert_finite(noise.play(played, 4))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "model", "dataset"), GAMES)
def test_the_step_of_every_game_runs_on_two_devices(name, model, dataset):
    with games.two_replicas().scope():
        for _, played in noise.built(name, model, dataset):
            assert played.replicas == 2
            assert_finite(noise.play(played, 4))


def assert_finite(rows):
    assert all(np.isfinite(values.compressed()).all() for values in rows.values())


# ---- what the package does about devices -----------------------------------------------------------------------------


def placements(tree):
    """Lines of a module that place ops, by tf.device or by a device's name in full."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and node.attr == "device"
            and isinstance(node.value, ast.Name)
            and node.value.id == "tf"
        ):
            yield node.lineno
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search(r"/(device:)?[CG]PU:\d", node.value):
            yield node.lineno


def test_nothing_is_placed_by_hand():
    """TensorFlow, and the strategy where there are several devices, choose: the same code runs with and without a GPU."""
    assert list(placements(ast.parse('with tf.device("/GPU:0"):\n    pass'))) == [1, 1]
    packages = [Path(package.__path__[0]) for package in (gan_repro, experiments)]
    paths = [path for package in packages for path in package.rglob("*.py")]
    assert len(paths) > 100
    found = {path: list(placements(ast.parse(path.read_text(encoding="utf-8")))) for path in paths}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize("n", [0, 1, 2])
def test_the_memory_of_gpus_grows_before_they_are_started(n, monkeypatch):
    """TensorFlow refuses to change that behind the start of its devices, which the list of logical ones makes."""
    gpus = [f"gpu {i}" for i in range(n)]
    done = []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: gpus if kind == "GPU" else [])
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind=None: done.append("started") or [])
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", lambda gpu, grows: done.append((gpu, grows)))
    monkeypatch.setattr(tf.config.experimental, "enable_op_determinism", lambda: done.append("deterministic"))
    tensorflow_setup.prepare()
    assert done == [*((gpu, True) for gpu in gpus), *(["deterministic"] if gpus else []), "started"]


@pytest.mark.slow
def test_what_leaves_the_device_is_noticed(with_gpu, digits):
    """The same check fails on a loss through Python, and on a choice of rows that the host makes from a minibatch."""
    from gan_repro.training import losses

    def through_python(play):
        known = tf.numpy_function(np.abs, [play.d_generated], tf.float32)
        return losses.non_saturating(play) + tf.reduce_mean(tf.ensure_shape(known, [20, 1]))

    def through_the_host(play):
        size = tf.cast(tf.reshape(play.x, [-1])[:8] * 0, tf.int32) + 1
        return losses.non_saturating(play) + 0 * tf.reduce_sum(tf.ones(size))

    source = sources.InMemory(
        digits.spec, {s: digits.images(s) for s in digits.spec.sizes}, {s: digits.labels(s) for s in digits.spec.sizes}
    )
    for term, message in ((through_python, "host"), (through_the_host, r"shape=\(8,\)")):
        played = games.build(source, g_terms=(losses.Term("spoilt", term),))
        with pytest.raises(AssertionError, match=message):
            check(traced(played))
