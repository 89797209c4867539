"""The traced step against TensorFlow's own list of kernels: on a GPU nothing but a few scalars leaves it in a step.

No GPU is needed, and none is used.
"""

import collections

import numpy as np
import pytest
import tensorflow as tf
from support import games
from tensorflow.python.framework import kernels

from gan_repro.benchmark import steps
from gan_repro.data import source as sources
from gan_repro.papers import configuration
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
            assert size is not None and size <= SCALARS, (tensor, op.type, op.name)
    return seen


@pytest.fixture
def with_gpu(monkeypatch):
    """The data source believes that there is a GPU: the images are in a variable."""
    there = tf.config.list_logical_devices
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind=None: ["one"] if kind == "GPU" else there(kind))


@pytest.mark.parametrize(
    ("name", "preset", "settings"),
    [
        ("goodfellow2014", "smoke", ["averages=mean-from-5,ema-.9995"]),
        pytest.param("goodfellow2014", "smoke", ["precision=mixed_bfloat16"], marks=pytest.mark.slow),
        pytest.param("cgan", "smoke", [], marks=pytest.mark.slow),
        pytest.param("dcgan", "smoke", [], marks=pytest.mark.slow),
        pytest.param("wgan", "smoke", [], marks=pytest.mark.slow),
    ],
)
def test_a_step_stays_on_the_device(with_gpu, name, preset, settings):
    """No Python, no op without a GPU kernel, and no tensor but seeds, places and decisions that the host waits for."""
    found = configuration.find(name)
    config = configuration.resolve(found, "mnist", preset=preset, settings=settings)
    played = rules.stages(config, steps.source(configuration.scaling_of(config), 1000))[0].build(None)
    seen = check(traced(played))
    assert seen["While"] + seen["StatelessWhile"] == 1 and any(op.startswith("StatelessRandom") for op in seen)


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
