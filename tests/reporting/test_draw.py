"""The figures of a finished run: which z and which labels a generator is given, and where its images go."""

import dataclasses
import types

import keras
import numpy as np
import pytest
import support

from gan_repro.data.scaling import Linear
from gan_repro.evaluation.measurement import Curves
from gan_repro.figures import draw, grids
from gan_repro.latent import priors
from gan_repro.latent.sampling import sample_images
from gan_repro.networks.layers import OneHot
from gan_repro.papers import experiment
from gan_repro.papers.recipe import TrainingRecipe
from gan_repro.runs.trained import Finished
from gan_repro.runs.workdir import Workdir
from gan_repro.system import randomness
from gan_repro.system.errors import RunError
from gan_repro.training import callbacks

SEED, PRIOR = 5, priors.Prior("gaussian", 3)
RUN = "Fake nets on random blobs: paper preset, 2.5 of 5 epochs, seed 5"


def generator(recipe, spec):
    """The label's value, as a share of the classes, in pixel 0, and z in pixels 1 to 3; without labels: z alone."""
    z, labels = keras.Input((3,)), keras.Input((), dtype="int32")
    shares = np.arange(spec.classes, dtype=np.float32)[:, None] / spec.classes
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer=lambda shape, dtype: shares)
    first = layer(OneHot(spec.classes)(labels)) if recipe.conditional else keras.layers.Lambda(lambda x: x[:, :1] * 0)(z)
    x = keras.layers.Reshape((2, 2, 1))(keras.layers.Concatenate()([first, z]))
    return keras.Model([z, labels] if recipe.conditional else z, x, name="generator")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(TrainingRecipe):
    """A recipe of five epochs in all, of which three go before."""

    conditional: bool = False
    rate: float = 0.1

    @property
    def total_epochs(self):
        """See the class."""
        return self.epochs + 3


@pytest.fixture
def finished(tmp_path):
    """conditional -> a finished run of that generator, its weights in a file."""

    def make(conditional):
        recipe = Recipe(conditional=conditional, n_samples=30, epochs=2, batch_size=10)
        config = types.SimpleNamespace(
            experiment="fake", model="nets", recipe=recipe, seed=SEED, preset="paper", dataset="blobs"
        )
        model = experiment.Model(
            title="Fake nets",
            datasets=("blobs",),
            presets=dict.fromkeys(("paper", "quick"), recipe),
            prior=lambda recipe: PRIOR,
            phases=(experiment.Phase(generator=generator, discriminator=generator, game=None),),
        )
        fake = experiment.Experiment(name="fake", title="", reference="", models={"nets": model})
        source = support.make_digits()
        run = Finished(fake, config, source, Workdir(tmp_path), Curves(), epochs=2.5)
        generator(recipe, source.spec).save_weights(run.workdir.weights("last"))
        return run

    return make


@pytest.fixture
def drawn_grids(monkeypatch):
    """What would be drawn: a list of (file name, images, rows, columns, title, black and white)."""
    found = []

    def note(path, images, rows, columns, title, *shown):
        found.append((path.name, images, rows, columns, title, shown))

    monkeypatch.setattr(grids, "sample_grid", note)
    return found


@pytest.mark.parametrize("conditional", [True, False])
def test_the_experiment_says_whose_curves_are_a_critic_s(finished, conditional, monkeypatch):
    drawn, run = [], finished(conditional)
    monkeypatch.setattr(draw, "training_curves", lambda *arguments: drawn.append(arguments[-2:]))
    draw.curves(run)
    model = dataclasses.replace(run.model, critic=lambda recipe: recipe.conditional)
    judged = dataclasses.replace(run.experiment, models={"nets": model})
    draw.curves(dataclasses.replace(run, experiment=judged))
    assert drawn == [(("probability",), 3), (("score",) if conditional else ("probability",), 3)]  # three epochs went before


def test_a_caption_says_which_generator_of_which_run(finished):
    run = finished(False)
    assert draw.caption(run, "best") == f"{RUN}; best by validation"
    assert draw.caption(run, "mean-from-5") == f"{RUN}; mean of weights since epoch 5, not in the paper"
    for epochs, words in (
        (0, ""),
        (1, "1 of 5 epochs, "),
        (5, "5 epochs, "),
        (1000, "1,000 epochs, "),
        (39.125, "39.125 epochs, "),
    ):
        played = dataclasses.replace(run, epochs=epochs)
        assert draw.run_title(played) == f"Fake nets on random blobs: paper preset, {words}seed 5"
    changed = types.SimpleNamespace(**vars(run.config) | {"recipe": dataclasses.replace(run.config.recipe, rate=0.5, epochs=9)})
    assert draw.run_title(dataclasses.replace(run, config=changed)) == RUN.replace(
        "preset, 2.5 of 5", "preset, rate 0.5, 2.5 of 12"
    )


@pytest.mark.parametrize("dataset, ours", [("blobs", True), ("npz:a.npz", False), ("images:a", False), ("celeb_a", False)])
def test_training_images_that_are_not_ours_to_publish_stay_in_a_folder_of_their_own(finished, dataset, ours, monkeypatch):
    run = finished(False)
    run = dataclasses.replace(run, config=types.SimpleNamespace(**vars(run.config) | {"dataset": dataset}))
    generated = []
    for value in (0.0, 1.0):
        found = lambda queries, source, value=value: (np.full_like(queries, value), None)  # noqa: E731
        monkeypatch.setattr(draw.neighbours, "in_training_images", found)
        draw.nearest_neighbours(run, "last")
        found = {str(path.relative_to(run.workdir.figures)): path.read_bytes() for path in run.workdir.figures.rglob("*.png")}
        assert set(found) == ({"samples-last.png"} if ours else {"samples-last.png", "real-images/samples-last.png"})
        generated.append(found["samples-last.png"])
    assert (generated[0] != generated[1]) == ours  # whether other training images make another figure


def test_images_of_given_noise_and_labels(finished):
    z, labels = np.float32(np.random.default_rng(0).normal(size=(4, 3))), [3, 0, 9, 3]
    images = finished(True).images("last", z, labels)
    assert images.shape == (4, 2, 2, 1) and images.dtype == np.float32
    np.testing.assert_allclose(images.reshape(4, 4), np.column_stack([np.array(labels) / 10, z]), rtol=1e-6)
    without = finished(False).images("last", z, labels)  # which sees none
    np.testing.assert_allclose(without.reshape(4, 4)[:, 1:], z)
    np.testing.assert_array_equal(finished(False).images("last", z), without)


def test_images_of_weights_that_are_not_there(finished):
    with pytest.raises(RunError, match="cannot read the generator's weights in .*generator_best"):
        finished(True).images("best", np.zeros((1, 3), np.float32), [0])


def test_a_row_for_each_class_and_the_same_noise_down_each_column(finished, drawn_grids):
    draw.class_rows(finished(True), "last", columns=7)
    ((name, images, rows, columns, title, shown),) = drawn_grids
    assert (name, rows, columns, shown) == ("classes-last.png", 10, 7, (0.0, 1.0))
    assert title.startswith(f"{RUN}; last weights. ") and title.endswith("same z down each column")
    cells = images.reshape(10, 7, 4)
    np.testing.assert_allclose(cells[:, :, 0], np.repeat(np.arange(10)[:, None] / 10, 7, 1), rtol=1e-6)
    z = PRIOR.draw(7, randomness.seed_pair(SEED, 1, randomness.FIGURE)).numpy()
    np.testing.assert_allclose(cells[:, :, 1:], np.broadcast_to(z, (10, 7, 3)), rtol=1e-6)
    assert len(np.unique(z)) == 21


def test_dropout_that_stays_on_is_told(finished, monkeypatch):
    from gan_repro.networks.layers import Dropout

    titles = []
    monkeypatch.setattr(grids, "sample_grid", lambda path, images, rows, columns, title, *rest: titles.append(title))
    monkeypatch.setattr(grids, "interpolation_strips", lambda path, strips, low, high, title: titles.append(title))
    run = finished(True)
    network = run.generator("last")
    for always in (True, False):
        noisy = keras.Model(network.inputs, Dropout(0.5, 2.0, always)(network.output))
        monkeypatch.setattr(Finished, "generator", lambda self, kind, noisy=noisy: noisy)
        draw.class_rows(run, "last", columns=2)
        draw.interpolation(run, "last")
        draw.walk(run, "last")
    own, shared = "every image with a dropout mask of its own", "one dropout mask for each row"
    told = [(own in title, shared in title) for title in titles]
    assert told == [(True, False), (False, True), (False, True)] + [(False, False)] * 3


def test_each_row_of_the_averages_says_whose_it_is_and_its_nats(finished, monkeypatch):
    found = []
    monkeypatch.setattr(grids, "sample_grid", lambda path, *rest: found.append((path.name, *rest)))
    monkeypatch.setattr(Finished, "samples", lambda self, kind, n: np.full((n, 2, 2, 1), len(kind) / 100, np.float32))
    run, kinds = finished(False), ["best", "last", "mean-from-5"]
    given = [("best", "parzen_log_likelihood", 1183.04), ("last", "parzen_log_likelihood", -3.0), ("best", "x", 1.0)]
    draw.averages(run, kinds, [run.measurement(metric, "nats", value, None, name) for name, metric, value in given])
    draw.averages(run, kinds)
    draw.averages(run, kinds[:1])
    (name, images, rows, columns, title, *_, labels), (*_, plain, _, _, without) = found
    assert (name, rows, columns) == ("averages.png", 3, 10) and "log-likelihood" in title and "log-likelihood" not in plain
    words = ["best by validation", "last weights", "mean of weights since epoch 5"]
    assert labels == [(words[0], "1,183.0 nats"), (words[1], "-3.0 nats"), (words[2],)]
    assert without == [(word,) for word in words]
    np.testing.assert_allclose(images[::10, 0, 0, 0], [len(kind) / 100 for kind in kinds], rtol=1e-6)


def test_a_hundred_samples_are_those_of_the_evaluation(finished, drawn_grids):
    run = finished(False)
    draw.samples(run, "last")
    ((name, images, rows, columns, title, shown),) = drawn_grids
    assert (name, rows, columns, shown) == ("samples-last.png", 10, 10, (0.0, 1.0)) and title == f"{RUN}; last weights"
    np.testing.assert_array_equal(images[:30], run.samples("last"))
    assert len(images) == 100


def test_strips_of_a_conditional_generator_show_the_first_classes(finished, monkeypatch):
    found = []
    monkeypatch.setattr(grids, "interpolation_strips", lambda path, strips, *rest: found.append(strips))
    draw.interpolation(finished(True), "last")
    strips = found[0].reshape(4, 10, 4)
    np.testing.assert_allclose(strips[:, :, 0], np.repeat(np.arange(4)[:, None] / 10, 10, 1), rtol=1e-6)
    np.testing.assert_allclose(np.diff(strips[:, :, 1:], n=2, axis=1), 0, atol=1e-5)  # straight lines


@pytest.mark.parametrize("classes, conditional", [(10, True), (3, True), (12, True), (10, False)])
def test_the_grid_of_samples_in_training_has_a_row_for_each_of_the_first_ten_classes(
    drawn_grids, tmp_path, classes, conditional
):
    spec = types.SimpleNamespace(shape=(2, 2, 1), classes=classes, title="blobs", scaling=Linear(-1.0, 1.0))
    network = generator(types.SimpleNamespace(conditional=conditional), spec)

    def sample(n, seed, labels=None):
        assert (labels is not None) == conditional
        return sample_images(network, PRIOR, n, seed, labels)

    trainable = types.SimpleNamespace(sampler=network, sample=sample)
    loop = types.SimpleNamespace(trainable=trainable, seed=SEED, stages=[None])
    callback = callbacks.SampleGrid(loop, tmp_path, 2, spec)
    for epoch in range(4):
        callback.on_epoch_end(epoch)
    assert [name for name, *_ in drawn_grids] == ["epoch-00002.png", "epoch-00004.png"]
    _, images, rows, columns, title, shown = drawn_grids[0]
    assert (rows, columns, title, shown) == (10, 10, "blobs: epoch 2", (-1.0, 1.0))
    np.testing.assert_array_equal(images, drawn_grids[1][1])  # the same z
    expected = np.arange(10)[:, None] % classes / classes if conditional else np.zeros((10, 1))
    np.testing.assert_allclose(images.reshape(10, 10, 4)[:, :, 0], np.repeat(expected, 10, 1), rtol=1e-6)
