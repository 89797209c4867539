"""bengio2013: RBMs and DBNs against enumeration, autoencoders against automatic differentiation, recipes, greedy phases."""

import dataclasses
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import noise
from support.papers import message

from experiments.bengio2013 import EXPERIMENT, cae, evidence, greedy, rbm
from experiments.bengio2014 import network as gsn
from gan_repro.data.scaling import Linear
from gan_repro.evaluation import ais, measures
from gan_repro.networks import initial, tied
from gan_repro.networks.precision import policy
from gan_repro.papers import configuration
from gan_repro.system import randomness
from gan_repro.training.learner import LearningContext

pytestmark = pytest.mark.played

PIXELS, MANY = 3, 200_000


def draws(seed=0):
    """Random numbers of a test."""
    return randomness.Draws(randomness.seed_pair(seed, 0, randomness.LEARN))


def stack(*units, **options):
    """A float64 stack on PIXELS pixels, with random weights and biases."""
    rng = np.random.default_rng(0)
    with policy("float64"):
        made = tied.stack((1, PIXELS, 1), units, [initial.normal(1.0) for _ in units], **options)
    for layer in tied.layers(made):
        layer.set_weights([rng.normal(size=weight.shape) for weight in layer.get_weights()])
    return made


def states(n):
    """All states of n binary units, float64 (2**n, n)."""
    return np.array(list(itertools.product([0.0, 1.0], repeat=n)))


def joint(layer):
    """P(v, h) of a machine with binary units, float64 (2**d, 2**units), and log Z."""
    w, b, c = layer.get_weights()
    v, h = states(len(c)), states(len(b))
    logs = (v @ c)[:, None] + (h @ b)[None] + v @ w @ h.T
    log_z = np.logaddexp.reduce(logs, axis=None)
    return np.exp(logs - log_z), log_z


def shares(rows):
    """How often each state of binary rows (n, units) occurs, in the order of `states`."""
    index = np.asarray(rows).astype(int) @ 2 ** np.arange(rows.shape[1])[::-1]
    return np.bincount(index, minlength=2 ** rows.shape[1]) / len(rows)


def assert_near(found, expected, n=MANY):
    """Of shares of n independent trials: within five standard errors, with one trial's room for none of them."""
    errors = np.sqrt(expected * (1 - expected) / n)
    assert (np.abs(found - expected) <= 5 * errors + 1 / n).all()


# ---- RBM --------------------------------------------------------------------------------------------------------------


def test_the_free_energy_is_that_of_enumeration():
    network = stack(4)
    machine = rbm.top(network)
    p, log_z = joint(machine.layer)
    energies = machine.free_energy(tf.constant(states(PIXELS))).numpy()
    assert energies.dtype == np.float64
    np.testing.assert_allclose(-energies - log_z, np.log(p.sum(axis=1)), atol=1e-12)


def test_the_free_energy_of_gaussian_pixels_is_that_of_enumeration():
    machine = rbm.top(stack(4, visible="linear"))
    assert machine.gaussian
    w, b, c = machine.layer.get_weights()
    v, h = np.random.default_rng(1).normal(size=(6, PIXELS)), states(4)
    logs = -0.5 * np.square(v - c).sum(axis=1)[:, None] + (h @ b)[None] + v @ w @ h.T
    np.testing.assert_allclose(machine.free_energy(tf.constant(v)).numpy(), -np.logaddexp.reduce(logs, axis=1), atol=1e-12)
    expected = np.exp(logs - np.logaddexp.reduce(logs, axis=1)[:, None]) @ h
    np.testing.assert_allclose(machine.hidden(tf.constant(v)).numpy(), expected, atol=1e-12)


def test_a_gibbs_step_draws_from_the_conditionals():
    network = stack(2)
    machine = rbm.top(network)
    p, _ = joint(machine.layer)
    v_given_h, h_given_v = p / p.sum(axis=0), p / p.sum(axis=1)[:, None]
    start = np.tile([1.0, 0.0], (MANY, 1))
    v, h = machine.gibbs(tf.constant(start), draws())
    assert_near(shares(v.numpy()), v_given_h[:, 2])
    assert_near(shares(np.concatenate([v.numpy(), h.numpy()], axis=1)), (v_given_h[:, [2]] * h_given_v).ravel())


def test_the_chain_ends_in_the_machines_own_distribution():
    """Means at the pixels of many chains: their distribution is that of E[v | h], h ~ P(h)."""
    network = stack(2)
    p, _ = joint(rbm.top(network).layer)
    recipe = rbm.Recipe(units=(2,), chains=MANY // 4, burn_in=60, thinning=1)
    images = rbm.chain(recipe).images(network, MANY // 4, 0).reshape(-1, PIXELS)
    means = rbm.top(network).visible(tf.constant(states(2))).numpy()
    nearest = np.abs(images[:, None] - means[None]).max(axis=2)
    assert nearest.min(axis=1).max() < 1e-6  # every image is the mean of some state
    found = np.bincount(nearest.argmin(axis=1), minlength=4) / len(images)
    assert_near(found, p.sum(axis=0), MANY // 4)


def exact_statistics(layer, v0, steps):
    """E[v'h], E[h], E[v] after so many Gibbs steps that begin at P(h | v0), by multiplying transition matrices."""
    p, _ = joint(layer)
    v_given_h, h_given_v = p / p.sum(axis=0), p / p.sum(axis=1)[:, None]
    v, h = states(PIXELS), states(p.shape[1].bit_length() - 1)
    at = h_given_v[int(v0 @ 2 ** np.arange(PIXELS)[::-1])]
    for _ in range(steps):
        of_v = v_given_h @ at
        at = h_given_v.T @ of_v
    pairs = of_v[:, None] * h_given_v
    return v.T @ pairs @ h, at @ h, of_v @ v


@pytest.mark.parametrize("steps", [1, 3])
def test_contrastive_divergence_is_that_of_enumeration(steps):
    network = stack(2)
    recipe = rbm.Recipe(units=(2,), steps=steps, persistent=False, weight_decay=0.0, batch_size=MANY)
    made = rbm.rule(recipe, noise.source((1, PIXELS, 1), train=MANY).spec, 1)
    v0 = np.array([1.0, 0.0, 1.0])
    x = tf.constant(np.tile(v0.reshape(1, PIXELS, 1), (MANY, 1, 1, 1)))
    found, metrics = made.gradients(network, x, LearningContext(None, tf.constant(0), draws()))
    layer = tied.layers(network)[0]
    hidden = 1 / (1 + np.exp(-(v0 @ layer.get_weights()[0] + layer.get_weights()[1])))
    data = np.outer(v0, hidden), hidden, v0
    for gradient, of_model, of_data in zip(found, exact_statistics(layer, v0, steps), data):
        np.testing.assert_allclose(gradient.numpy(), of_model - of_data, atol=5 * 0.5 / np.sqrt(MANY))
    assert set(metrics) == set(made.metrics)


def test_persistent_chains_go_on_and_become_the_machines_own():
    network = stack(2)
    recipe = rbm.Recipe(units=(2,), steps=20, batch_size=MANY, weight_decay=0.5)
    made = rbm.rule(recipe, noise.source((1, PIXELS, 1), train=MANY).spec, 1)
    x = tf.zeros([MANY, 1, PIXELS, 1], tf.float64)
    for i in range(2):
        found, _ = made.gradients(network, x, LearningContext(None, tf.constant(i), draws(i)))
    layer = tied.layers(network)[0]
    p, _ = joint(layer)
    assert_near(shares(made.variables["chains"].numpy()), p.sum(axis=0))
    hidden = 1 / (1 + np.exp(-layer.get_weights()[1]))
    np.testing.assert_allclose(found[1].numpy(), p.sum(axis=0) @ states(2) - hidden, atol=5 * 0.5 / np.sqrt(MANY))
    pairs = states(PIXELS).T @ p @ states(2)
    np.testing.assert_allclose(found[0].numpy(), pairs + 0.5 * layer.get_weights()[0], atol=5 * 0.5 / np.sqrt(MANY))


# ---- DBN --------------------------------------------------------------------------------------------------------------


def test_a_dbn_draws_from_its_own_distribution():
    """Means at the pixels, over h1 ~ P_top(h1): the mean of all images is that of enumeration."""
    network = stack(2, 3)
    lower, upper = tied.layers(network)
    of_h1 = joint(upper)[0].sum(axis=1)
    w, _, c = lower.get_weights()
    means = 1 / (1 + np.exp(-(states(2) @ w.T + c)))
    recipe = rbm.Stacked(units=(2, 3), chains=MANY // 4, burn_in=60, thinning=1)
    images = rbm.chain(recipe).images(network, MANY // 4, 0).reshape(-1, PIXELS)
    nearest = np.abs(images[:, None] - means[None]).max(axis=2)
    assert nearest.min(axis=1).max() < 1e-6
    assert_near(np.bincount(nearest.argmin(axis=1), minlength=4) / len(images), of_h1, MANY // 4)


def test_the_bound_of_a_dbn_is_that_of_enumeration_and_below_its_log_probability():
    network = stack(2, 3)
    lower, upper = tied.layers(network)
    top, log_z = joint(upper)
    w, b, c = lower.get_weights()
    v, h = states(PIXELS), states(2)
    up, down = 1 / (1 + np.exp(-(v @ w + b))), 1 / (1 + np.exp(-(h @ w.T + c)))
    q = np.prod(np.where(h[None] == 1, up[:, None], 1 - up[:, None]), axis=2)  # q(h | v)
    p = np.prod(np.where(v[:, None] == 1, down[None], 1 - down[None]), axis=2)  # p(v | h)
    exact = np.log(p @ top.sum(axis=1))
    bound = (q * (np.log(p) + np.log(top.sum(axis=1))[None] - np.log(q))).sum(axis=1)
    for i in (0, 3, 7):
        images = np.tile(v[i].reshape(1, PIXELS, 1), (20_000, 1, 1, 1))
        values = evidence.log_probabilities(network, images, at_once=20_000) - log_z
        assert values.mean() == pytest.approx(bound[i], abs=5 * values.std() / np.sqrt(20_000))
        assert bound[i] <= exact[i]


def test_log_probabilities_of_an_rbm_are_exact():
    network = stack(4)
    p, log_z = joint(tied.layers(network)[0])
    found = evidence.log_probabilities(network, states(PIXELS).reshape(-1, 1, PIXELS, 1), at_once=3) - log_z
    np.testing.assert_allclose(found, np.log(p.sum(axis=1)), atol=1e-12)


# ---- CAE --------------------------------------------------------------------------------------------------------------


def test_the_contraction_is_the_jacobians_norm():
    layer = tied.layers(stack(4))[0]
    x = tf.constant(np.random.default_rng(1).random((5, PIXELS)))
    with tf.GradientTape() as tape:
        tape.watch(x)
        h = tf.sigmoid(layer.up(x))
    jacobian = tape.batch_jacobian(h, x).numpy()
    found = cae.contraction(tf.convert_to_tensor(layer.kernel.value), h).numpy()
    np.testing.assert_allclose(found, np.square(jacobian).sum(axis=(1, 2)), rtol=1e-12)


def test_the_loss_is_cross_entropy_and_contraction():
    layer = tied.layers(stack(4))[0]
    x = np.random.default_rng(1).random((5, PIXELS))
    w, b, c = layer.get_weights()
    h = 1 / (1 + np.exp(-(x @ w + b)))
    r = 1 / (1 + np.exp(-(h @ w.T + c)))
    entropy = -(x * np.log(r) + (1 - x) * np.log(1 - r)).sum(axis=1).mean()
    contracted = np.einsum("mi,ji->m", (h * (1 - h)) ** 2, w**2).mean()
    found = {name: float(value) for name, value in cae.losses(layer, tf.constant(x), 0.3)[1].items()}
    assert found == pytest.approx(
        {"loss": entropy + 0.3 * contracted, "reconstruction_error": entropy, "contraction": contracted}, rel=1e-12
    )


def test_its_gradients_are_those_of_automatic_differentiation():
    layer = tied.layers(stack(4))[0]
    x, alpha = tf.constant(np.random.default_rng(1).random((5, PIXELS))), 0.7
    layer.set_weights([np.random.default_rng(2).normal(size=weight.shape) for weight in layer.get_weights()])
    with tf.GradientTape() as tape:
        found, told = cae.losses(layer, x, alpha)
    wanted = tape.gradient(told["loss"], [weight.value for weight in layer.trainable_variables])
    assert [weight.name for weight in layer.trainable_variables] == ["kernel", "hidden_bias", "visible_bias"]
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)


def test_a_step_of_the_chain_is_along_the_codes_directions():
    """One step of J J' eps, with J by automatic differentiation, and nothing but reconstruction without noise."""
    network = stack(4)
    layer = tied.layers(network)[0]
    x = tf.constant(np.random.default_rng(1).random((6, PIXELS)))
    still = cae.chain(cae.Recipe(units=(4,), epochs=1, chain_std=0.0)).step(network, x, draws())
    with tf.GradientTape() as tape:
        tape.watch(x)
        h = tf.sigmoid(layer.up(x))
    jacobian = tape.batch_jacobian(h, x).numpy()
    np.testing.assert_allclose(still, tf.sigmoid(layer.down(h)), rtol=1e-12)
    moved = cae.chain(cae.Recipe(units=(4,), epochs=1, chain_std=0.7)).step(network, x, draws())
    eps = draws().normal([6, 4], 0.7).numpy().astype(np.float64)
    h = h.numpy() + np.einsum("mid,mjd,mj->mi", jacobian, jacobian, eps)
    np.testing.assert_allclose(moved, tf.sigmoid(layer.down(tf.constant(h))), rtol=1e-6)


# ---- models -----------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Held:
    """What of a Config is asked for."""

    recipe: object


@pytest.mark.parametrize("model", ["dbn", *(pytest.param(each, marks=pytest.mark.slow) for each in ("dbn1", "cae", "cae1"))])
def test_layers_are_trained_from_the_pixels_up(model):
    depth = len(EXPERIMENT.models[model].phases)
    kept = None
    for number, (name, played) in enumerate(noise.built("bengio2013", model, "mnist"), start=1):
        layers = tied.layers(played.network)
        assert name == f"layer {number}" and len(layers) == number
        assert [layer.trainable for layer in layers] == [False] * (number - 1) + [True]
        before = [layer.get_weights() for layer in layers]
        if kept:
            for a, b in zip(kept, before[0]):
                np.testing.assert_array_equal(a, b)
        noise.play(played, 3)
        after = [layer.get_weights() for layer in layers]
        assert all((a != b).any() for a, b in zip(before[-1], after[-1]))
        assert all((a == b).all() for below in range(number - 1) for a, b in zip(before[below], after[below]))
        kept = after[-1]
        assert np.isfinite(played.sample(7, 0)).all() and played.sample(7, 0).shape == (7, 28, 28, 1)
    assert number == depth


@pytest.mark.parametrize("model", ["dbn1", *(pytest.param(each, marks=pytest.mark.slow) for each in ("dbn", "cae", "cae1"))])
def test_trainings_repeat_and_resume(model):
    (_, first, second), *_ = noise.built("bengio2013", model, "mnist", twice=True)
    noise.assert_repeats_and_resumes(first, second, 9, 4)


def test_each_autoencoder_has_a_contraction_of_its_own():
    recipe = noise.config("bengio2013", "mnist", "smoke", model="cae").recipe
    spec, x = noise.source((1, PIXELS, 1)).spec, np.random.default_rng(1).random((5, 1, PIXELS, 1), np.float32)

    def loss(network, depth, **changes):
        rule = cae.rule(dataclasses.replace(recipe, **changes), spec, depth)
        return float(rule.gradients(network, x, None)[1]["loss"])

    for depth in (1, 2):
        network = cae.network(recipe, spec, depth)
        plain = loss(network, depth)
        assert (loss(network, depth, contraction=9.0) != plain) == (depth == 2)
        assert (loss(network, depth, lower_contraction=9.0) != plain) == (depth == 1)


@dataclasses.dataclass
class Annealed:
    """A finished run of an RBM on three pixels, as evidence.annealed sees it; (value, error) are its measurements."""

    config: object
    source = noise.source((1, PIXELS, 1))

    def kinds(self):
        return ["last"]

    def fingerprint(self, kind):
        return kind

    def generator(self, kind):
        with policy("float32"):
            made = tied.stack((1, PIXELS, 1), (4,), [initial.normal(1.0)])
        made.set_weights([weight.astype(np.float32) for weight in stack(4).get_weights()])
        return made

    def measurement(self, metric, unit, value, error, weights, **rest):
        return value, error


def annealed(steps):
    """An Annealed whose partition function takes so many steps."""
    return Annealed(noise.config("bengio2013", "mnist", "smoke", model="dbn1", n_samples=50, annealing=steps))


def test_the_log_probability_by_annealing_is_that_of_enumeration():
    """Of binary draws of 50 test images under an RBM of 128 states; the draws are those of NumPy's generator of the seed."""
    run = annealed(2000)
    p, log_z = joint(tied.layers(stack(4))[0])
    grey = run.source.scaled("test", 50)
    drawn = (np.random.default_rng(run.config.seed).random(grey.shape, np.float32) < grey).reshape(50, PIXELS)
    exact = np.log(p.sum(axis=1))[drawn.astype(int) @ 2 ** np.arange(PIXELS)[::-1]]
    (found, error), (partition, its_error) = evidence.annealed(run)
    assert abs(partition - log_z) < 4 * its_error < 0.1
    assert found - exact.mean() == pytest.approx(log_z - partition, abs=1e-4)
    assert error == pytest.approx(np.hypot(exact.std(ddof=1) / 50**0.5, its_error), rel=1e-4)


def test_the_error_of_annealed_sampling_is_that_of_images_and_of_log_z(monkeypatch):
    found = []
    for error in (0.0, 3.0):
        monkeypatch.setattr(ais, "log_partition", lambda *given, error=error, **rest: ais.Partition(0.0, error))
        found.append([error for _, error in evidence.annealed(annealed(50))])
    (images, none), (both, of_log_z) = found
    assert none == 0 < images and of_log_z == 3 and both == pytest.approx(np.hypot(images, 3))


def test_other_chains_are_of_the_draws_that_are_reported():
    recipe = noise.config("bengio2013", "mnist", "smoke", model="cae1").recipe
    recipe = dataclasses.replace(recipe, other_chains=True, chain_std=0.5)
    asked = []

    @dataclasses.dataclass
    class Run:
        config: object

        def kinds(self):
            return ["best", "last"]

        def samples(self, kind, draw):
            asked.append((kind, draw, self.config.recipe.chain_std))

    beside = measures.other_chains({"half": lambda recipe: {"chain_std": recipe.chain_std / 2}})
    ((subject, sets),) = beside(Run(Held(recipe))).items()
    assert str(subject) == "best, half"
    for make in (sets.choosing, *sets.reported):
        make()
    assert [draw for _, draw, _ in asked] == [randomness.VALIDATION, *range(randomness.REPORTED)]
    assert {(kind, std) for kind, _, std in asked} == {("best", 0.25)}
    assert beside(Run(Held(dataclasses.replace(recipe, other_chains=False)))) == {}


def test_faces_have_gaussian_pixels_that_begin_at_the_mean_face():
    config = noise.config("bengio2013", "npz:faces.npz", "smoke", model="dbn")
    source = noise.source((6, 5, 1))
    network = rbm.network(config.recipe, source.spec, 1)
    greedy.initialise(network, source)
    assert rbm.top(network).gaussian and config.recipe.visible == "gaussian"
    mean = source.scaled("train").mean(axis=0)
    again = network(np.zeros((1, 6, 5, 1), np.float32))  # weights are small, hidden units near 1/2
    np.testing.assert_allclose(again.numpy()[0], mean, atol=0.02)
    digits = rbm.network(noise.config("bengio2013", "mnist", "smoke", model="dbn").recipe, source.spec, 1)
    greedy.initialise(digits, source)
    np.testing.assert_allclose(digits(np.zeros((1, 6, 5, 1), np.float32)).numpy()[0], mean, atol=0.05)
    scaled = tied.below(network, tf.constant(source.scaled("train", 4)))
    np.testing.assert_allclose(tied.pixels(network, scaled).numpy(), source.scaled("train", 4), atol=1e-6)


@pytest.mark.parametrize(
    "model, setting, words",
    [
        ("dbn", "units=", "units = none: this model has 2 layers: give each its number"),
        ("dbn", "units=100", "units = 100: this model has 2 layers"),
        ("dbn1", "units=10,10", "units = 10, 10: this model has 1 layer"),
        ("cae", "units=10,0", "units = (10, 0): must be >= 1"),
        ("cae", "chains=0", "chains = 0: must be >= 1"),
        ("dbn", "thinning=0", "thinning = 0: must be >= 1"),
        ("dbn", "annealing=2", "annealing = 2: valid are 0"),
        ("cae1", "lower_epochs=3", "unknown recipe field 'lower_epochs'"),
    ],
)
def test_wrong_settings_are_one_line(model, setting, words):
    assert words in message(configuration.resolve, EXPERIMENT, "mnist", model, "paper", 0, None, [setting])


@pytest.mark.parametrize(
    "name, model, make",
    [
        ("bengio2013", "dbn", lambda recipe, spec: rbm.network(recipe, spec, 1)),
        ("bengio2013", "cae", lambda recipe, spec: cae.network(recipe, spec, 2)),
        ("bengio2014", "gsn", gsn.make),
    ],
)
def test_pixels_beyond_0_and_1_are_no_probabilities_of_binary_units(name, model, make):
    recipe = noise.config(name, "mnist", "smoke", model=model).recipe
    said = message(make, recipe, noise.source((4, 4, 1), scaling=Linear(-1.0, 1.0)).spec)
    assert "[-1, 1]" in said and "[0, 1]" in said
    make(recipe, noise.source((4, 4, 1)).spec)


def test_gaussian_units_take_any_pixels():
    recipe = noise.config("bengio2013", "mnist", "smoke", model="dbn", visible="gaussian").recipe
    made = rbm.network(recipe, noise.source((4, 4, 1), scaling=Linear(-1.0, 1.0)).spec, 1)
    assert made.output_shape == (None, 4, 4, 1)


def test_no_discriminator_is_asked_for():
    model = EXPERIMENT.models["dbn"]
    recipe = model.recipe("smoke", "mnist")
    assert model.d_output(recipe) == () and "no discriminator" in message(model.discriminator, recipe, None)


def test_the_published_numbers_are_the_papers():
    printed = {(each.row, each.dataset): (each.value, each.standard_error) for each in EXPERIMENT.published}
    assert printed == {
        ("CAE-1", "mnist"): (67.69, 2.87),
        ("CAE-2", "mnist"): (121.17, 1.59),
        ("DBN-1", "mnist"): (-243.91, 54.11),
        ("DBN-2", "mnist"): (137.89, 2.11),
        ("CAE-1", "tfd"): (591.90, 12.27),
        ("CAE-2", "tfd"): (2110.09, 49.15),
        ("DBN-1", "tfd"): (604.0, 14.67),
        ("DBN-2", "tfd"): (1908.80, 65.94),
    }
    assert {each.title for each in EXPERIMENT.models.values()} == {row for row, _ in printed}
    assert all(each.ours and each.table == "table1" for each in EXPERIMENT.published)


def test_the_default_sizes_are_the_papers():
    sizes = {name: model.recipe("paper", "mnist").units for name, model in EXPERIMENT.models.items()}
    assert sizes == {"dbn": (1024, 1024), "dbn1": (1024,), "cae": (1000, 1000), "cae1": (1000,)}
    faces = {name: model.recipe("paper", "tfd").units for name, model in EXPERIMENT.models.items()}
    assert faces == {"dbn": (512, 1024), "dbn1": (512,), "cae": (1000, 1000), "cae1": (1000,)}
    assert keras.config.dtype_policy().name == "float32"
