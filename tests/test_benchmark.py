"""The benchmark: turns and medians, contestants of the same networks, PyTorch's step against ours."""

import dataclasses
import itertools
import json
import re
import sys
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import games, marks

from gan_repro.benchmark import (
    child,
    estimators,
    floors,
    goals,
    growth,
    keras_peer,
    report,
    rounds,
    second_order,
    startup,
    steps,
    torch_peers,
)
from gan_repro.benchmark.rounds import Contestant, NotRun, Prepared, Task
from gan_repro.system.errors import RunError
from gan_repro.training import schedule

pytestmark = pytest.mark.played

TINY = dataclasses.replace(rounds.QUICK, dtypes=("float32", "bfloat16"))
EXPERIMENTS = {"goodfellow2014": "maxout_mlp", "dcgan": "conditional_convolutional"}


def recipe(name, *settings):
    return steps.configured(name, "smoke", settings=("batch_size=8", *settings))[1].recipe


# ---- rounds ----------------------------------------------------------------------------------------------------------


def clockwork(log, name, second=1 / 16, **more):
    """A contestant that notes its turns and says that its unit took 1, 2, 3, ... times `second`."""
    turns = itertools.count(1)

    def run(n):
        log.append((name, n))
        return next(turns) * n * second

    return Contestant(name, "", lambda: Prepared(run), **more)


def test_contestants_take_turns_and_the_order_moves_on():
    log = []
    task = Task("t", "", "step", [clockwork(log, "a", units=3), clockwork(log, "b", units=2, scale=10)], warm=1)
    a, b = rounds.measure(task, 3)
    assert log[:2] == [("a", 1), ("b", 1)]  # once before anything is timed
    turn = {"a": [("a", 1), ("a", 3)], "b": [("b", 1), ("b", 2)]}
    assert log[2:] == turn["a"] + turn["b"] + turn["b"] + turn["a"] + turn["a"] + turn["b"]
    assert a.seconds == (3 / 16, 5 / 16, 7 / 16) and a.median == 5 / 16  # of one unit; the warm ones count in the clockwork
    assert b.seconds == (30 / 16, 50 / 16, 70 / 16)


def test_a_slow_contestant_does_fewer_units():
    log = []
    (row,) = rounds.measure(Task("t", "", "step", [clockwork(log, "a", second=0.5, units=100)], warm=1), 2)
    assert log == [("a", 1), ("a", 1), ("a", 4), ("a", 1), ("a", 2)]  # the warm unit took 1 s, then 2 s, of a turn's 4 s
    assert row.seconds == (1.5, 2.5)


def test_what_cannot_run_has_a_row_that_says_why_and_all_are_closed():
    closed = []

    def missing():
        raise NotRun("not run: no such thing")

    ready = Contestant("there", "", lambda: Prepared(lambda n: None, close=lambda: closed.append("there")))
    there, not_there = rounds.measure(Task("t", "", "step", [ready, Contestant("missing", "", missing)]), 2)
    assert len(there.seconds) == 2 and not_there.seconds == () and not_there.not_run == "not run: no such thing"
    assert closed == ["there"]


def test_networks_of_other_sizes_are_refused():
    def of(n):
        return lambda: Prepared(lambda times: None, lambda: {"generator": [np.zeros((n, 2))], "discriminator": [np.zeros(3)]})

    with pytest.raises(RunError, match="different sizes"):
        rounds.measure(Task("t", "", "step", [Contestant("a", "", of(1)), Contestant("b", "", of(2))]), 1)
    (row, _) = rounds.measure(Task("t", "", "step", [Contestant("a", "", of(1)), Contestant("b", "", of(1))]), 1)
    assert row.parameters == {"generator": 2, "discriminator": 3}


# ---- the steps -------------------------------------------------------------------------------------------------------


def prepared(name, who, dtype):
    if who == "ours":
        return steps.ours(name, "smoke", dtype, settings=("batch_size=8",))
    if who == "torch":
        pytest.importorskip("torch")
        return torch_peers.prepare(recipe(name), EXPERIMENTS[name], dtype, False, n=32)
    return keras_peer.prepare(recipe(name), EXPERIMENTS[name], dtype, n=32)


@pytest.fixture
def eagerly():
    """Nothing is traced: what is computed is the same."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize("dtype", marks.slow_after(1, ["float32", "bfloat16"]))
@pytest.mark.parametrize("who", ["torch", "keras"])
@pytest.mark.parametrize("name", marks.slow_after(1, EXPERIMENTS))
def test_every_contestant_trains_networks_of_our_sizes(name, who, dtype):
    if who == "torch":
        pytest.importorskip("torch")
        peer = torch_peers.prepare(recipe(name), EXPERIMENTS[name], dtype, False, n=32)
    else:
        peer = keras_peer.prepare(recipe(name), EXPERIMENTS[name], dtype, n=32)
    before = peer.weights()
    peer.run(2)
    after = peer.weights()
    ours = steps.weights(steps.game(name, "smoke", images=1000))
    for role in ("generator", "discriminator"):
        # the gradient of D's last bias is 0 in bfloat16 as long as D knows nothing
        assert all((a != b).any() for a, b in zip(before[role], after[role]) if a.ndim > 1)
        assert all(np.isfinite(a).all() for a in after[role])
        assert sum(a.size for a in after[role]) == sum(a.size for a in ours[role])


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize("name", marks.slow_after(1, EXPERIMENTS))
def test_a_unit_of_ours_is_one_update_of_each_player(name):
    played = steps.game(name, "smoke", settings=("batch_size=8",), images=100)
    played_before = played.updates
    steps.play(played, 3 * steps.per_unit(played))
    assert played_before == {"discriminator": 0, "generator": 0}
    assert played.updates == {"discriminator": 3, "generator": 3}


@pytest.mark.slow
def test_the_loop_and_the_step_alone_train_and_say_their_time_in_steps(tmp_path, monkeypatch):
    monkeypatch.setattr(steps.tempfile, "tempdir", str(tmp_path))
    task = next(task for task in steps.tasks(TINY) if task.name == "loop")
    for each in task.contestants:
        ready = each.prepare()
        before, start = ready.weights(), time.perf_counter()
        seconds = ready.run(20)
        # the loop's own clock leaves out the first of its two epochs
        assert seconds is None or 0 < seconds < time.perf_counter() - start
        assert all((a != b).any() for role in before for a, b in zip(before[role], ready.weights()[role]) if a.ndim > 1)
    assert not list(tmp_path.iterdir())


def test_what_torch_compile_cannot_compile_is_not_run(monkeypatch):
    pytest.importorskip("torch")

    def broken(n):
        raise RuntimeError("no C++ compiler\nand much more")

    monkeypatch.setattr(torch_peers, "prepare", lambda *which: Prepared(broken))
    found = torch_peers.contestants(recipe("dcgan"), "conditional_convolutional", 1, dataclasses.replace(TINY, compiled=True))
    with pytest.raises(NotRun, match="^not run: no C.. compiler$"):
        next(each for each in found if each.name.startswith("torch.compile")).prepare()


def test_without_torch_its_rows_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    wanted = torch_peers.contestants(recipe("dcgan"), "conditional_convolutional", 1, TINY)
    wanted += [each for each in estimators.tasks(TINY)[0].contestants if "torch" in each.name]
    assert len(wanted) == 5
    for each in wanted:
        with pytest.raises(NotRun, match=re.escape("not run: pip install -e '.[bench]'")):
            each.prepare()
    assert "torch" not in report.conditions()["versions"]


@pytest.mark.usefixtures("eagerly")
def test_the_steps_of_pytorch_are_ours(digits):
    """Two D-then-G steps of PyTorch's maxout, momentum and losses from our weights, against our alternating game."""
    torch = pytest.importorskip("torch")
    order = schedule.alternating(fresh_noise=False)
    ours = games.build(digits, schedule=order, dropout=(games.no_dropout(), games.no_dropout()), rate=0.1, momentum=0.5)
    networks = {"generator": ours.generator.network, "discriminator": ours.discriminator.network}
    like = recipe(
        "goodfellow2014",
        "latent=5",
        "generator_units=12",
        "discriminator_units=12",
        "pieces=2",
        "input_keep=1",
        "hidden_keep=1",
        "input_scale=1",
        "hidden_scale=1",
    )
    trainer = torch_peers.Trainer(like, "maxout_mlp", (8, 8, 1), 10)
    for role, network in (("generator", trainer.g), ("discriminator", trainer.d)):
        with torch.no_grad():
            for parameter, variable in zip(network.parameters(), networks[role].trainable_variables, strict=True):
                parameter.copy_(torch.from_numpy(variable.numpy().T.copy()))
    ours.prepare()  # which traces a step, of tensors without numbers
    noises, images = [], []
    draw, batch = ours.prior.draw, digits.batch
    object.__setattr__(ours.prior, "draw", lambda n, pair: noted(noises, draw(n, pair)))
    digits.batch = lambda *where: noted(images, batch(*where))
    ours.steps(2)
    assert len(noises) == len(images) == 2
    for noise, (x, _) in zip(noises, images):
        fake = trainer.sample(torch.from_numpy(noise.numpy()))
        trainer.d_step(torch.from_numpy(x.numpy().reshape(len(x), -1)), fake)
        trainer.g_step(fake)
    theirs = trainer.weights()
    for role, network in networks.items():
        for mine, other in zip(network.trainable_variables, theirs[role]):
            np.testing.assert_allclose(mine.numpy(), other.T, rtol=2e-4, atol=2e-6)


SECOND_ORDER = {"wgan_gp": ("GradientPenalty", ()), "unrolled": ("Unrolled", ("unroll=3",))}


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize("name", SECOND_ORDER)
def test_the_second_order_steps_of_pytorch_are_ours(name):
    """From our weights, on our points and noise: after three updates of G both have the same weights."""
    torch = pytest.importorskip("torch")
    from gan_repro.benchmark import torch_second_order

    kind, settings = SECOND_ORDER[name]
    ours = steps.game(name, "smoke", settings=settings, dataset=second_order.DATASET)
    networks = {"generator": ours.generator.network, "discriminator": ours.discriminator.network}
    trainer = getattr(torch_second_order, kind)(second_order.recipe(name, "smoke", settings))
    for role, network in (("generator", trainer.g), ("discriminator", trainer.d)):
        with torch.no_grad():
            for parameter, variable in zip(network.parameters(), networks[role].trainable_variables, strict=True):
                parameter.copy_(torch.from_numpy(variable.numpy().T.copy()))
    ours.prepare()  # as above
    noises, batches, shares = [], [], []
    draw, batch, uniform = ours.prior.draw, ours.source.batch, tf.random.stateless_uniform

    def share(shape, *rest, **more):
        drawn = uniform(shape, *rest, **more)
        return noted(shares, drawn) if len(shape) == 4 else drawn

    with pytest.MonkeyPatch.context() as patch:
        object.__setattr__(ours.prior, "draw", lambda n, pair: noted(noises, draw(n, pair)))
        patch.setattr(ours.source, "batch", lambda *where: noted(batches, batch(*where)))
        patch.setattr(tf.random, "stateless_uniform", share)
        steps.play(ours, 3 * steps.per_unit(ours))
        points = iter([torch.from_numpy(x.numpy().reshape(len(x), 2)) for x, _ in batches])
        of_noise, of_share = (iter([torch.from_numpy(each.numpy()) for each in log]) for log in (noises, shares))
        patch.setattr(torch, "randn", lambda *shape, **more: next(of_noise))
        patch.setattr(torch, "rand", lambda *shape, **more: next(of_share).reshape(-1, 1))
        for _ in range(3):
            trainer.step(lambda: next(points))
    # Of a gradient near 0 Adam makes a whole step of either sign. The moments say more: they are sums of gradients.
    theirs = trainer.weights()
    players = {"generator": (ours.generator, trainer.g_optimizer), "discriminator": (ours.discriminator, trainer.d_optimizer)}
    for role, (player, optimizer) in players.items():
        moments = [state["exp_avg"].numpy().T for state in optimizer.state.values()]
        for mine, other in zip(player.optimizer._momentums, moments, strict=True):
            np.testing.assert_allclose(mine.numpy(), other, atol=1e-3 * np.abs(other).max(), err_msg=role)
        for mine, other in zip(player.network.trainable_variables, theirs[role], strict=True):
            np.testing.assert_allclose(mine.numpy(), other.T, atol=2e-4, err_msg=role)
    assert next(of_noise, None) is None and next(points, None) is None


def test_the_second_order_tasks_have_their_goals_and_the_peers_rows():
    found = second_order.tasks(TINY)
    rows = {(task.name, each.name) for task in found for each in task.contestants}
    wanted = {row for goal in goals.GOALS for row in goal.rows if row[0] in {task.name for task in found}}
    assert wanted == {row for row in rows if "large product" not in row[1]} and len(rows) == 6


def test_the_operations_of_the_gradient_penalty_s_step_are_counted():
    """By hand from 2-512-512-512-2 and 2-512-512-512-1, of the 5 updates of D and one of G, at batch 256."""
    ends = {role: 2 * 512 + 512 * out for role, out in (("g", 2), ("d", 1))}
    of_g, of_d = (2 * 512**2 + ends[role] for role in "gd")
    first, last = 2 * 512, 512
    d_move = of_g + 2 * (3 * of_d - first) + of_d + of_d + (2 * of_d - last)  # samples; loss; penalty, its slope, its gradient
    g_move = of_g + of_d + of_d + (2 * of_g - first)
    g, d = (
        [floors.Linear(shape, shape[:1], shape[1:]) for shape in ((2, 512), (512, 512), (512, 512), (512, n))] for n in (2, 1)
    )
    assert floors.flops(second_order.products(g, d, 256, 5)) == 2 * 256 * (5 * d_move + g_move)


def noted(log, value):
    log.append(value)
    return value


# ---- floors ----------------------------------------------------------------------------------------------------------


def test_the_operations_of_the_papers_step_are_counted():
    """2.8 GFLOP: by hand from 100-1200-1200-784 and 784-1200-240, 240-1200-240, 240-1, at batch 100."""
    g = [floors.Linear(shape, shape[:1], shape[1:]) for shape in ((100, 1200), (1200, 1200), (1200, 784))]
    d = [floors.Linear(shape, shape[:1], shape[1:]) for shape in ((784, 1200), (240, 1200), (240, 1))]
    listed = floors.products(g, d, 100, schedule.simultaneous())
    of_g, of_d = (
        sum(a * b for a, b in shapes)
        for shapes in (((100, 1200), (1200, 1200), (1200, 784)), ((784, 1200), (240, 1200), (240, 1)))
    )
    by_hand = 2 * 100 * (of_g + of_g + (of_g - 100 * 1200)) + 2 * 200 * (of_d + of_d + (of_d - 784 * 1200)) + 2 * 100 * of_d
    assert floors.flops(listed) == by_hand
    assert 2.8e9 < by_hand < 2.85e9
    alternating = floors.flops(floors.products(g, d, 100, schedule.alternating()))
    assert alternating == by_hand + 2 * 100 * (of_g + of_d)  # both once more forward for G's move


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_products_are_those_of_our_networks(name):
    played = steps.game(name, "smoke", settings=("batch_size=8",), images=100)
    for network in (played.generator.network, played.discriminator.network):
        found = floors.linears(network)
        counted = sum(int(np.prod(linear.kernel)) for linear in found)
        kernels = [v for v in network.trainable_variables if v.name == "kernel" and "labels" not in v.path]
        assert counted == sum(int(np.prod(v.shape)) for v in kernels) and len(found) == len(kernels)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("size, stride", [(7, 2), (8, 2), (5, 1)])
def test_the_products_of_a_convolution_are_its_forward_pass_and_gradients(transposed, size, stride):
    kind = keras.layers.Conv2DTranspose if transposed else keras.layers.Conv2D
    x = keras.Input((size, size, 3))
    network = keras.Model(x, kind(4, 5, stride, padding="same", use_bias=False)(x))
    (linear,) = floors.linears(network)
    random = np.random.default_rng(0)
    images = tf.constant(random.normal(size=(2, *linear.inputs)).astype(np.float32))
    upstream = tf.constant(random.normal(size=(2, *linear.outputs)).astype(np.float32))
    kernel = network.layers[1].kernel.value
    with tf.GradientTape() as tape:
        tape.watch(images)
        y = network(images)
    to_images, to_kernel = tape.gradient(y, [images, kernel], upstream)
    wanted = {
        floors.FORWARD: (images, kernel, y),
        floors.TO_INPUTS: (upstream, kernel, to_images),
        floors.TO_WEIGHTS: (images, upstream, to_kernel),
    }
    for product, (a, b, result) in wanted.items():
        np.testing.assert_allclose(floors._product(linear, product, a, tf.convert_to_tensor(b)), result, rtol=1e-4, atol=1e-4)


def test_both_floors_run_in_both_precisions():
    played = steps.game("dcgan", "smoke", settings=("batch_size=8",), images=100)
    small = dataclasses.replace(TINY, large=32)
    found = floors.contestants(played.generator.network, played.discriminator.network, 8, played.schedule, 1, small)
    assert [each.dtype for each in found] == [dtype for dtype in small.dtypes for _ in range(2)]
    for own, large in zip(found[::2], found[1::2]):
        assert own.prepare().run(1) is None  # the clock around the call counts
        assert large.prepare().run(1) > 0


# ---- the Parzen protocol ---------------------------------------------------------------------------------------------


def test_all_parzen_contestants_say_the_same():
    given = estimators.protocol(150)
    wanted = estimators.direct(*given)
    others = [estimators.ours, estimators.scipy_cdist]
    pytest.importorskip("sklearn")
    for other in [*others, estimators.scikit_learn]:
        assert other(*given) == pytest.approx(wanted, abs=0.01)
    pytest.importorskip("torch")
    assert estimators.torch_cdist(*given) == pytest.approx(wanted, abs=0.1)  # squares of rounded roots


def test_what_is_measured_smaller_is_scaled_by_the_pairs_and_says_so():
    (task,) = estimators.tasks(dataclasses.replace(TINY, parzen=2000, small=100))
    by_name = {each.name: each for each in task.contestants}
    assert by_name["ours"].scale == by_name["one product"].scale == 1 and by_name["ours"].note == ""
    for name in ("direct formula", "scipy", "scikit-learn"):
        assert by_name[name].scale == 400
        assert by_name[name].note == "measured with 100 samples and 100 test images, times 400"


# ---- start and growth ------------------------------------------------------------------------------------------------


def test_a_command_that_fails_is_an_error_and_not_a_time():
    with pytest.raises(RunError, match="SystemExit|failed"):
        startup.command(["-c", "raise SystemExit(3)"]).run(1)
    startup.command(["-c", "import gan_repro"]).run(1)


def test_growth_has_a_row_for_each_size_and_measures_memory(capsys):
    tasks = {task.name: task for task in growth.tasks(TINY)}
    assert [each.name for each in tasks["growth: samples"].contestants] == ["500 samples", "1,000 samples"]
    child.main(json.dumps({"what": "parzen", "samples": 300, "n": 2}))
    said = json.loads(capsys.readouterr().out)
    assert said["seconds"] > 0 and said["peak_bytes"] >= said["before_bytes"] > said["images_bytes"]
    with pytest.raises(NotRun):
        next(each for each in tasks["growth: devices"].contestants if each.name == "1 GPU").prepare()
