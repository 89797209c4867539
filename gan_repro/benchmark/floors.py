"""The least that a step must compute: its matrix products and convolutions, read off the networks; and their time alone.

Elementwise work, updates and data are not in it, nor the label maps: what these add is looked up (layers.LabelMaps).
"""

import dataclasses
import math
import time

from gan_repro.benchmark.rounds import Contestant, Prepared

FORWARD, TO_WEIGHTS, TO_INPUTS = "forward", "to_weights", "to_inputs"  # the three products of a linear layer


@dataclasses.dataclass(frozen=True)
class Linear:
    """A linear layer as its products see it.

    Attributes:
      kernel: shape of the kernel: (d, units), or (k, k, channels, channels'), of a transposed convolution (k, k, c', c).
      inputs, outputs: shape of one example.
      stride: of a convolution.
      transposed: whether it is a transposed convolution.
    """

    kernel: tuple[int, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    stride: int = 1
    transposed: bool = False

    def flops(self, rows):
        """Multiplications and additions of one of the three products; those that meet the padding are counted."""
        small = self.inputs if self.transposed else self.outputs
        places = math.prod(small[:-1])
        return 2 * rows * places * math.prod(self.kernel)


def linears(network):
    """The Linear layers of a Keras model, in order."""
    found = []
    for layer in network.layers:
        kernel = getattr(layer, "kernel", None)
        if kernel is None or isinstance(layer.input, list):  # a list: LabelMaps, a look-up
            continue
        name = type(layer).__name__
        shapes = tuple(layer.input.shape[1:]), tuple(layer.output.shape[1:])
        if len(kernel.shape) == 2:  # a maxout layer's output is smaller than what its product gives
            found.append(Linear(tuple(kernel.shape), shapes[0], (kernel.shape[1],)))
        else:
            found.append(Linear(tuple(kernel.shape), *shapes, layer.strides[0], name == "Conv2DTranspose"))
    return found


def products(g, d, m, schedule):
    """The products of one update of D and one of G: list of (Linear, kind, rows).

    What another move can share is computed once where the schedule allows it: in the simultaneous one, on one forward pass
    of each network. D's gradient goes through all of D but its first layer's inputs, G's through all of D to the
    images, for the generated rows alone.

    Args:
      g, d: lists of Linear.
      m: images of a minibatch.
      schedule: schedule.UpdateSchedule.
    """
    d_move = [(layer, FORWARD, m) for layer in g] + [(layer, FORWARD, 2 * m) for layer in d]
    d_move += backward(d, 2 * m)
    g_move = [(layer, TO_INPUTS, m) for layer in reversed(d)] + backward(g, m)
    if not schedule.one_pass:
        g_move = [(layer, FORWARD, m) for layer in (*g, *d)] + g_move
    return d_move + g_move


def backward(layers, rows):
    """The products of a loss's gradient by the weights of `layers` (list of Linear), of so many rows."""
    steps = [[(layer, TO_WEIGHTS, rows), (layer, TO_INPUTS, rows)] for layer in reversed(layers)]
    return [each for step in steps for each in step][:-1]  # nobody wants the gradient of the first layer's inputs


def flops(listed):
    """Of a list of products."""
    return sum(layer.flops(rows) for layer, _, rows in listed)


def contestants(g, d, m, schedule, units, size):
    """The floors of a step: its products at their own shapes, and as many operations in one large product.

    Args:
      g, d: Keras models.
      m, schedule: as in `products`.
      units: steps of a turn.
      size: Size.
    """
    return of_products(products(linears(g), linears(d), m, schedule), units, size)


def of_products(listed, units, size):
    """The floors of any step whose products are `listed`, as of `products`; `units`, `size` as of `contestants`."""
    count = flops(listed) / 1e9
    found = []
    for dtype in size.dtypes:
        found.append(
            Contestant(
                f"products, own shapes, {dtype}",
                f"the step's {len(listed)} products one after the other, nothing else ({count:.3g} GFLOP)",
                lambda dtype=dtype: _own_shapes(listed, dtype),
                units,
                dtype,
            )
        )
        found.append(
            Contestant(
                f"products, at a large product's rate, {dtype}",
                f"{count:.3g} GFLOP at the rate of a product of {size.large} x {size.large} matrices",
                lambda dtype=dtype: _large(flops(listed), size.large, dtype),
                units,
                dtype,
            )
        )
    return found


def _own_shapes(listed, dtype):
    import tensorflow as tf

    def operands(layer, kind, rows):
        shapes = {"x": (rows, *layer.inputs), "w": layer.kernel, "y": (rows, *layer.outputs)}
        wanted = {FORWARD: "xw", TO_WEIGHTS: "xy", TO_INPUTS: "yw"}[kind]
        return [tf.cast(tf.random.stateless_normal(shapes[name], [rows, 1]), dtype) for name in wanted]

    given = [operands(*each) for each in listed]

    @tf.function(autograph=False)
    def all_of(given):
        results: list[tf.Tensor] = []
        for (layer, kind, _), pair in zip(listed, given):
            with tf.control_dependencies(results[-1:]):  # as in a network, where one waits for the other
                results.append(_product(layer, kind, *pair))
        return results

    def run(n):
        for _ in range(n):
            results = all_of(given)
        _wait(results[-1])

    return Prepared(run)


def _product(layer, kind, a, b):
    import tensorflow as tf

    if len(layer.kernel) == 2:
        return tf.matmul(a, b, transpose_a=kind == TO_WEIGHTS, transpose_b=kind == TO_INPUTS)
    options = {"strides": [1, layer.stride, layer.stride, 1], "padding": "SAME"}
    wide = layer.outputs if layer.transposed else layer.inputs
    if kind == TO_WEIGHTS:
        x, y = (b, a) if layer.transposed else (a, b)
        return tf.raw_ops.Conv2DBackpropFilter(input=x, filter_sizes=layer.kernel, out_backprop=y, **options)
    if (kind == FORWARD) == layer.transposed:
        return tf.raw_ops.Conv2DBackpropInput(input_sizes=[a.shape[0], *wide], filter=b, out_backprop=a, **options)
    return tf.raw_ops.Conv2D(input=a, filter=b, **options)


def _large(operations, side, dtype):
    import tensorflow as tf

    a, b = (tf.cast(tf.random.stateless_normal([side, side], [side, i]), dtype) for i in range(2))
    product = tf.function(lambda a, b: tf.matmul(a, b), autograph=False)
    share = operations / (2 * side**3)  # of a large product, that a step is worth

    def run(n):
        times = max(1, math.ceil(n * share))
        start = time.perf_counter()
        for _ in range(times):
            result = product(a, b)
        _wait(result)
        return (time.perf_counter() - start) / times * share * n

    return Prepared(run)


def _wait(tensor):
    """Until a tensor, and all that was asked for before it on its device, is computed."""
    tensor[(0,) * tensor.shape.rank].numpy()
