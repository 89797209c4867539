"""Generators of Keras's own layers alone: the same function as one of ours, in files that need nothing but Keras to be read."""

from typing import cast

import keras
import numpy as np
import tensorflow as tf

from gan_repro.networks import layers, norms, reparametrised
from gan_repro.system import randomness
from gan_repro.system.errors import UsageError


def portable(network: keras.Model) -> keras.Model:
    """A copy of a generator in which every layer is Keras's own, float32.

    Labels are looked up as rows of an identity matrix; what a convolution adds for each label is a table that is looked up;
    layers with weight or spectral normalisation have the kernel that these come to; a bias for every pixel is the shift of a
    batch normalisation that does nothing else; dropout that stays on when samples are drawn takes the uniform numbers of its
    masks as inputs "uniform_0", "uniform_1", ... behind the others.

    Args:
      network: Keras functional model: z, or [z, labels], to images.

    Returns:
      Keras model: z, or [z, labels, uniform numbers ...], to images float32 (m, h, w, c).

    Raises:
      UsageError: a layer of ours is in it that has no counterpart among Keras's own.
    """
    masked = [layer for layer in network.layers if _draws(layer)]
    inputs = [keras.Input(each.shape[1:], dtype=each.dtype, name=each.name) for each in network.inputs]
    uniforms = [keras.Input(layer.output.shape[1:], name=f"uniform_{i}") for i, layer in enumerate(masked)]

    def call(layer, *args, **kwargs):
        if isinstance(layer, layers.OneHot):
            table = keras.layers.Embedding(layer.classes, layer.classes, trainable=False, name=layer.name)
            found = table(args[0])
            table.set_weights([np.eye(layer.classes, dtype=np.float32)])
            return found
        if isinstance(layer, layers.LabelMaps):
            return _label_maps(layer, *args[0])
        if isinstance(layer, layers.Dropout):
            if layer not in masked:
                return args[0]
            below = keras.ops.cast(uniforms[masked.index(layer)] < layer.keep, "float32")
            return args[0] * (below * layer.scale)
        if isinstance(layer, reparametrised.Reparametrised):
            return _with_weights(layer.plain(), args[0], layer.plain_weights())
        if isinstance(layer, norms.InstanceNorm):
            same = keras.layers.GroupNormalization.from_config(layer.get_config())
            return _with_weights(same, args[0], layer.get_weights())
        if isinstance(layer, layers.UntiedBias):
            return _untied_bias(layer, args[0])
        if not _kerass(layer):
            raise UsageError(
                f"this generator cannot be exported: its layer {layer.name} ({type(layer).__name__}) has no counterpart among "
                "Keras's own"
            )
        return layer(*args, **kwargs)

    def clone(layer):
        # Those that `call` replaces are not asked for weights; of the others a new one takes the old one's.
        return type(layer).from_config(layer.get_config()) if _kerass(layer) else layer

    whole = keras.Model([*network.inputs, *uniforms], network.output, name=network.name)
    made = keras.models.clone_model(whole, input_tensors=[*inputs, *uniforms], clone_function=clone, call_function=call)
    for layer in network.layers:
        if _kerass(layer) and layer.weights:
            made.get_layer(layer.name).set_weights(layer.get_weights())
    return made if len(made.inputs) > 1 else keras.Model(made.inputs[0], made.output, name=network.name)


def _with_weights(layer, x, weights):
    """What a new layer with these weights makes of x."""
    found = layer(x)
    layer.set_weights(weights)
    return found


def _untied_bias(layer, x):
    """x plus a number for each pixel and channel, by a normalisation whose mean is 0 and whose variance is 1."""
    shape, epsilon = x.shape[1:], 2.0**-10  # a power of two: 1 - epsilon + epsilon is 1
    shift = keras.layers.BatchNormalization(scale=False, epsilon=epsilon, trainable=False, name=layer.name)
    bias = np.asarray(layer.bias).ravel()
    rows = keras.layers.Flatten(name=f"{layer.name}_rows")(x)
    rows = _with_weights(shift, rows, [bias, np.zeros_like(bias), np.full_like(bias, 1 - epsilon)])
    return keras.layers.Reshape(shape, name=f"{layer.name}_image")(rows)


def _label_maps(layer, y, one_hot):
    """y plus what the label's maps add: a row of a table, which `layer` gives for y = 0."""
    classes, shape = one_hot.shape[-1], y.shape[1:]
    table = layer([tf.zeros((classes, *shape)), tf.eye(classes)])
    rows = keras.layers.Dense(int(np.prod(shape)), use_bias=False, name=f"{layer.name}_table")
    added = keras.layers.Reshape(shape, name=f"{layer.name}_maps")(rows(one_hot))
    rows.set_weights([np.asarray(table).reshape(classes, -1)])
    return keras.layers.Add(name=layer.name)([y, added])


def _kerass(layer):
    """Whether a layer is Keras's own."""
    return type(layer).__module__.partition(".")[0] == "keras"


def _draws(layer):
    """Whether a layer is dropout that stays on when samples are drawn."""
    return isinstance(layer, layers.Dropout) and layer.always and layer.keep < 1


def uniform_inputs(made: keras.Model, n: int, pair: tf.Tensor) -> list[np.ndarray]:
    """The inputs "uniform_0", ... of `made` for n examples, as the network that it is a copy of draws them.

    That one draws them within randomness.network_call(pair).

    Returns:
      list of float32 (n, ...) in [0, 1), one for each of made's inputs "uniform_0", ...
    """
    shapes = [entry.shape[1:] for entry in made.inputs if entry.name.startswith("uniform_")]
    with randomness.network_call(pair):
        pairs = [cast(tuple, randomness.layer_pair())[0] for _ in shapes]
    return [tf.random.stateless_uniform((n, *shape), each, alg="philox").numpy() for shape, each in zip(shapes, pairs)]
