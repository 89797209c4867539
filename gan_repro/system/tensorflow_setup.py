"""Importing TensorFlow quietly and choosing the devices. Everything that TensorFlow then computes is elsewhere."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gan_repro.system import backend

if TYPE_CHECKING:
    import tensorflow as tf

# What TensorFlow 2.21 says on every start of a machine without a GPU, whatever TF_CPP_MIN_LOG_LEVEL is; and what its compiler
# says as an error where a convolution with a bias is followed by a leaky ReLU: it then leaves the graph as it was.
_CHATTER = re.compile(
    rb"All log messages before absl|cudart_stub|cuda_platform|cuda_driver|oneDNN custom operations|cpu_feature_guard"
    rb"|remapper failed: .*Mutation::Apply error: fanout .* exist for missing node"
)


@contextlib.contextmanager
def without_chatter() -> Iterator[None]:
    """Holds back what is written to stderr inside, also by C++, and lets all but the known chatter through.

    Where no temporary file can be had (a full disk, a read-only one), the chatter is heard.
    """
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the block below
    except OSError:
        yield
        return
    sys.stderr.flush()
    saved = os.dup(2)
    with file as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
            held.seek(0)
            rest = [line for line in held.read().splitlines(keepends=True) if not _CHATTER.search(line)]
            os.write(2, b"".join(rest)) if rest else None


def prepare(logical_cpus: int = 1, machines: int = 1) -> tf.distribute.Strategy:
    """Imports TensorFlow and Keras, starts the devices, and returns the distribution strategy.

    Args:
      logical_cpus: into how many devices the CPU is divided (to try several replicas without a GPU).
      machines: how many train together. With more than one it waits for all of those that TF_CONFIG names (cluster.py).

    One GPU or none: TensorFlow's default strategy; several GPUs: MirroredStrategy; several machines, each with one GPU or
    several or none: MultiWorkerMirroredStrategy. TF32 is off: float32 products are
    float32 (a GPU would otherwise round the inputs to 10 bits of mantissa). A GPU's memory is taken as it is needed.

    Raises:
      UsageError: Keras has another backend than TensorFlow.
    """
    backend.check()
    # Of a lost machine TensorFlow says a page as an error; it is raised as well, and then told in a line.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2" if machines == 1 else "3")
    # TensorFlow takes oneDNN's products and convolutions by itself only where the processor has AVX-512 with neural network
    # instructions; on AVX2 alone (AMD Zen 3) a step of DCGAN takes 0.7 of the time with them, of the MLP game 0.85.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with without_chatter():
        import keras
        import tensorflow as tf
        from absl import logging

        logging.set_verbosity(logging.ERROR)
        tf.config.experimental.enable_tensor_float_32_execution(False)
        # TensorFlow 2.21's dependency optimizer takes a path through the next iteration of a loop for one within this
        # iteration, and drops the edges that keep a variable's reads and its update in order: now and then, on a busy
        # machine, a WGAN's critic was read before it was clipped, or lost an update.
        # The arithmetic optimizer would make kernels of several summands again: see _sum_gradients_in_order.
        tf.config.optimizer.set_experimental_options({"dependency_optimization": False, "arithmetic_optimization": False})
        _sum_gradients_in_order()
        keras.config.set_floatx("float32")
        if logical_cpus > 1:
            cpu = tf.config.list_physical_devices("CPU")[0]
            tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * logical_cpus)
        gpus = tf.config.list_physical_devices("GPU")
        for gpu in gpus:  # else the first process has all of its memory, and a second one, or another library, none
            tf.config.experimental.set_memory_growth(gpu, True)
        if gpus:
            # On CPUs these networks' kernels are deterministic as they are, but for sums of more than two tensors (see
            # _sum_gradients_in_order); on GPUs an exact resume needs this.
            tf.config.experimental.enable_op_determinism()
        if machines > 1:  # before anything else starts the devices
            return tf.distribute.MultiWorkerMirroredStrategy()
        logical = tf.config.list_logical_devices("GPU")
    return mirrored([gpu.name for gpu in logical]) if len(logical) > 1 else tf.distribute.get_strategy()


def _sum_gradients_in_order():
    """Makes GradientTape add up more than two gradients of one tensor in the order in which they were recorded.

    TensorFlow 2.21's tape adds them with AddN. On a CPU that kernel adds into whichever of its inputs nobody else needs any
    more when it starts (aggregate_ops.cc), and begins its sum with that one: with three inputs or more the order of the sum,
    and its last bit, depend on which of two threads was faster. A loss like tf.nn.sigmoid_cross_entropy_with_logits, whose
    input is used four times, ended with other bytes at each try.
    """
    import tensorflow as tf
    from tensorflow.python import pywrap_tfe
    from tensorflow.python.eager import backprop

    usual = backprop._default_vspace

    def add_up(gradients):
        if len(gradients) > 2 and all(isinstance(gradient, tf.Tensor) for gradient in gradients):
            return tf.reduce_sum(tf.stack(gradients), axis=0)
        return usual.aggregate_fn(gradients)

    pywrap_tfe.TFE_Py_RegisterVSpace(usual._replace(aggregate_fn=add_up))


def mirrored(devices: Sequence[str]) -> tf.distribute.Strategy:
    """MirroredStrategy over `devices`.

    Gradients are summed on one device: collective operations (TensorFlow's default) abort with "Shape mismatch in the
    collective instance" where two branches of a conditional reduce other variables, as when D and G take turns
    (measured with TensorFlow 2.21 on two logical CPUs).
    """
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(devices, cross_device_ops=tf.distribute.ReductionToOneDevice())
